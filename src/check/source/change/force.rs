//! Forces a lazily made static in `main`.

use super::{main_of, stmt_bytes, text::Text};
use crate::{
    check::Change,
    facts::{
        code::world::{GlobalId, ModId, World},
        functions_code::FunctionCode,
    },
    finding::Edit,
};

/// The change that has `main` make a static before the first event.
pub fn force(code: FunctionCode<'_>, id: GlobalId) -> Option<Change> {
    let world = &code.facts.world;
    let placed = &world.globals[id.index()];
    let name = placed.item.name;
    let (edits, path) = reach(code, placed.scope, &name)?;
    let call = match placed.item.lazy {
        true => format!("lazy_static::initialize(&{path});"),
        false => format!("{}::force(&{path});", lazy_name(world, placed.scope, id)?),
    };
    let mut edits = edits;
    edits.push(in_main(code, &call)?);
    let file = &world.files[placed.file];
    let text = Text { file: &file.path, text: &file.text };
    let start = placed.item.bytes.start as usize;
    let line = &text.text[text.line_start(start)..start];
    let main = main_of(code)?;
    if placed.scope != main.def.scope && !line.contains("pub") && !placed.item.lazy {
        let at = text.text[..start].rfind("static")?;
        edits.push(text.replace(at..at, "pub(crate) "));
    } else if placed.item.lazy && placed.scope != main.def.scope && !line.contains("pub") {
        return None;
    }
    if !placed.item.lazy && !path_known(world, main.def.scope) {
        let main_file = &world.files[main.def.file];
        let text = Text { file: &main_file.path, text: &main_file.text };
        edits.push(text.import("std::sync::LazyLock")?);
    }
    Change::by(edits)
}

/// The lazy type as `main` may write it: only the standard one is imported for it.
fn lazy_name(world: &World, scope: ModId, id: GlobalId) -> Option<&'static str> {
    use crate::facts::code::{ir::Type, names::Res, names::Space, world::Def};
    let Type::Path(path) = &world.globals[id.index()].item.ty else { return None };
    match world.resolve(scope, path, Space::Type)? {
        Res::Def(Def::Foreign(full)) if full.as_str() == "std::sync::LazyLock" => Some("LazyLock"),
        _ => None,
    }
}

fn path_known(world: &World, scope: ModId) -> bool {
    use crate::facts::code::{ir::Path, names::Res, names::Space, sym::Sym, world::Def};
    let path = Path { segments: [Sym::new("LazyLock")].into(), ..Path::default() };
    let found = world.resolve(scope, &path, Space::Type);
    matches!(found, Some(Res::Def(Def::Foreign(full))) if full.as_str() == "std::sync::LazyLock")
}

/// The path by which `main` names something in a module of its own crate.
fn reach(code: FunctionCode<'_>, scope: ModId, name: &str) -> Option<(Vec<Edit>, String)> {
    let world = &code.facts.world;
    let main = main_of(code)?;
    let modules = &world.modules;
    if modules[scope.index()].crate_index != modules[main.def.scope.index()].crate_index {
        return None;
    }
    let mut names = vec![name.to_owned()];
    let mut at = scope;
    while at != main.def.scope {
        let module = &modules[at.index()];
        let parent = module.parent.filter(|_| !module.is_body)?;
        let own = modules[parent.index()].names.iter().find_map(|(name, defs)| {
            let is = |def: &crate::facts::code::world::Def| {
                matches!(def, crate::facts::code::world::Def::Mod(id) if *id == at)
            };
            defs.iter().any(is).then_some(*name)
        })?;
        names.push(own.as_str().to_owned());
        at = parent;
    }
    names.reverse();
    Some((Vec::new(), names.join("::")))
}

/// Adds a line in front of the statement with which `main` serves.
pub fn in_main(code: FunctionCode<'_>, line: &str) -> Option<Edit> {
    let world = &code.facts.world;
    let main = main_of(code)?;
    let body = main.def.function.body.as_ref()?;
    let file = &world.files[main.def.file];
    let text = Text { file: &file.path, text: &file.text };
    let serves = stmt_bytes(body.stmts.get(main.serves)?);
    let indent = text.indent(serves.start as usize);
    let line = format!("{indent}{line}{}", text.newline());
    Some(text.add_before(serves, body.bytes, &line))
}

//! Forces a lazily made static in `main`.

use super::{change, site::main_of, text::Text};
use crate::{
    check::Change,
    facts::{
        code::{
            ir::{LazyMacro, Type},
            names::{Res, Space},
            world::{Def, GlobalId, ModId, World},
        },
        functions_code::FunctionCode,
    },
};

/// The change that has `main` make a static before the first event.
pub fn force(code: FunctionCode<'_>, id: GlobalId) -> Option<Change> {
    let world = &code.facts.world;
    let placed = &world.globals[id.index()];
    let main = main_of(code)?;
    let (path, visible) = main.path_to(placed.scope, &placed.item.name)?;
    let file = &world.files[placed.file];
    let text = Text { file: &file.path, text: &file.text };
    let start = placed.item.bytes.start as usize;
    let declared = text.text[text.line_start(start)..start].trim();
    let mut edits = Vec::new();
    if !visible.is_empty() && !declared.starts_with(visible) && !declared.starts_with("pub ") {
        // `pub(super)` is for somebody to widen, and a macro has its own place for it.
        let own = declared.starts_with("static") && placed.item.lazy.is_none();
        let at = text.text[..start].rfind("static").filter(|_| own)?;
        edits.push(text.replace(at..at, visible));
    }
    let call = match (placed.item.lazy, lazy_type(world, placed.scope, id)) {
        (Some(LazyMacro::LazyStatic), _) => format!("lazy_static::initialize(&{path});"),
        // What `main` makes is that of its own thread.
        (Some(LazyMacro::ThreadLocal), _) => return None,
        (None, Some(Lazy::Standard)) => {
            let (lazy, imported) = super::keep::lazy_lock(&main.site);
            edits.extend(imported);
            format!("{lazy}::force(&{path});")
        }
        (None, Some(Lazy::OnceCell)) => format!("once_cell::sync::Lazy::force(&{path});"),
        (None, None) => return None,
    };
    edits.push(main.adds(&call));
    change(edits)
}

/// A type that makes its value on first use.
enum Lazy {
    /// `std::sync::LazyLock`.
    Standard,
    /// `once_cell::sync::Lazy`.
    OnceCell,
}

fn lazy_type(world: &World, scope: ModId, id: GlobalId) -> Option<Lazy> {
    let Type::Path(path) = &world.globals[id.index()].item.ty else { return None };
    match world.resolve(scope, path, Space::Type)? {
        Res::Def(Def::Foreign(full)) => match full.as_str() {
            "std::sync::LazyLock" => Some(Lazy::Standard),
            "once_cell::sync::Lazy" => Some(Lazy::OnceCell),
            _ => None,
        },
        _ => None,
    }
}

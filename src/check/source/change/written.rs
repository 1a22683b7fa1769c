//! Types as they can be written in another place than where they are declared.

use super::{Main, each, made_by, text::Text};
use crate::facts::code::{
    ir::{Bytes, Expr, Kind, Path, Type},
    names::{Of, Res, Space},
    sym::Sym,
    world::{Def, FnDef, ModId, World},
};

/// The type of what a call makes, as it can be written beside the handler.
pub fn type_of(world: &World, def: &FnDef, init: &Expr) -> Option<String> {
    let mut at = made_by(init).0;
    while let Kind::Method(method) = &at.kind {
        at = made_by(&method.receiver).0;
    }
    let Kind::Call(callee, _) = &at.kind else { return None };
    let Kind::Path(path) = &callee.kind else { return None };
    match world.resolve(def.scope, path, Space::Value)? {
        // A function says what it returns.
        Res::Def(Def::Fn(id)) => {
            let of = &world.functions[id.index()];
            let around = &path.segments[..path.segments.len() - 1];
            let mut output = of.function.output.as_ref()?;
            // `make()?`: what is in the `Result`.
            if let Type::Path(path) = output
                && path
                    .segments
                    .last()
                    .is_some_and(|name| matches!(name.as_str(), "Result" | "Option"))
                && unwraps(init)
            {
                output = path.generics.first()?;
            }
            rendered(world, of.scope, output, around)
        }
        Res::Def(Def::Foreign(name)) if name.starts_with("aws_config::") => {
            Some("aws_config::SdkConfig".to_owned())
        }
        Res::Def(Def::Foreign(_)) | Res::Assoc(Of::Data(_) | Of::Alias(_), _) => {
            let of = &path.segments[..path.segments.len() - 1];
            let names: Vec<&str> = of.iter().map(|name| name.as_str()).collect();
            let is_type = names.last()?.starts_with(|c: char| c.is_uppercase());
            is_type.then(|| names.join("::"))
        }
        _ => None,
    }
}

/// Whether a value is taken out of a `Result` or `Option`.
fn unwraps(init: &Expr) -> bool {
    match &init.kind {
        Kind::Try(_) => true,
        Kind::Await(inner) | Kind::Same(inner) => unwraps(inner),
        Kind::Method(method) => matches!(method.name.as_str(), "unwrap" | "expect"),
        _ => false,
    }
}

/// A type of another module written so that it means the same beside the handler.
pub fn rendered(world: &World, scope: ModId, ty: &Type, around: &[Sym]) -> Option<String> {
    let list = |types: &[Type]| {
        let types: Option<Vec<String>> =
            types.iter().map(|ty| rendered(world, scope, ty, around)).collect();
        types.map(|types| types.join(", "))
    };
    match ty {
        Type::Path(path) => {
            let name = named(world, scope, path, around)?;
            match path.generics.is_empty() {
                true => Some(name),
                false => Some(format!("{name}<{}>", list(&path.generics)?)),
            }
        }
        Type::Ref(inner) => Some(format!("&{}", rendered(world, scope, inner, around)?)),
        Type::Tuple(parts) => Some(format!("({})", list(parts)?)),
        Type::Dyn(bounds) => match &**bounds {
            [bound] => Some(format!("dyn {}", named(world, scope, bound, around)?)),
            _ => None,
        },
        Type::List(_) | Type::Impl(_) | Type::Other => None,
    }
}

fn named(world: &World, scope: ModId, path: &Path, around: &[Sym]) -> Option<String> {
    let written: Vec<&str> = path.segments.iter().map(|name| name.as_str()).collect();
    if around.is_empty() {
        return Some(written.join("::"));
    }
    match world.resolve(scope, path, Space::Type)? {
        Res::Def(Def::Foreign(full)) => {
            let prelude =
                ["std::string::", "std::vec::", "std::boxed::", "std::option::", "std::primitive"];
            let known = prelude.iter().any(|known| full.starts_with(known));
            Some(if known { written.join("::") } else { full.as_str().to_owned() })
        }
        Res::Def(Def::Data(_) | Def::Trait(_) | Def::Alias(_)) if written.len() == 1 => {
            let around: Vec<&str> = around.iter().map(|name| name.as_str()).collect();
            Some(format!("{}::{}", around.join("::"), written[0]))
        }
        _ => None,
    }
}

/// The text of some lines with the starts of paths written as `replace` says.
pub fn substituted(
    text: &Text<'_>,
    start: usize,
    end: usize,
    init: &Expr,
    replace: &dyn Fn(&Path) -> Option<String>,
) -> String {
    let mut places: Vec<(Bytes, String)> = Vec::new();
    each(init, &mut |expr| {
        if let Kind::Path(path) = &expr.kind
            && let Some(first) = path.segments.first()
            && let Some(written) = replace(path)
        {
            let end = path.bytes.start + first.len() as u32;
            places.push((Bytes { start: path.bytes.start, end }, written));
        }
    });
    places.sort_by_key(|(bytes, _)| *bytes);
    let mut out = String::new();
    let mut at = start;
    for (bytes, given) in places {
        out += &text.text[at..bytes.start as usize];
        // `repository.clone()` of `&repository` is `repository.clone()`.
        let method = text.text[bytes.end as usize..].trim_start().starts_with('.');
        out += if method { given.trim_start_matches('&') } else { &given };
        at = bytes.end as usize;
    }
    out + &text.text[at..end]
}

/// What the first name of a path of the handler's module is written as in `main`'s.
pub fn from_main(world: &World, def: &FnDef, main: &Main<'_>, path: &Path) -> Option<String> {
    let first = path.segments.first()?;
    let alone = Path { segments: [*first].into(), ..Path::default() };
    let space = if path.segments.len() > 1 { Space::Type } else { Space::Value };
    let meant = world.resolve(def.scope, &alone, space)?;
    if world.resolve(main.def.scope, &alone, space) == Some(meant) {
        return None;
    }
    match meant {
        Res::Def(Def::Foreign(full)) => Some(full.as_str().to_owned()),
        _ => None,
    }
}

pub fn reindented(lines: &str, from: &str, to: &str) -> String {
    lines
        .split_inclusive('\n')
        .map(|line| match line.strip_prefix(from) {
            Some(rest) => format!("{to}{rest}"),
            None => line.to_owned(),
        })
        .collect()
}

//! Types and paths as they can be written in another place than where they stand.

use super::{
    known::KNOWN,
    made_by,
    moved::Moved,
    site::{Main, Site, module_of},
    text::Text,
};
use crate::facts::code::{
    ir::{Bytes, Expr, Function, Kind, Path, Type},
    lex::{self, lex},
    names::{Of, Res, Space},
    sym::Sym,
    walk::each,
    world::{Def, FnDef, ModId, World},
};
use std::collections::HashSet;

/// The type of a value that moves, as it can be written beside its function. `None` where it is
/// not known for certain, or where a reference to it could not be shared.
pub fn type_of(site: &Site<'_>, one: &Moved<'_>) -> Option<String> {
    let made = maker(site, one.init);
    if made.is_some_and(|path| KNOWN.by_hand.matches(path)) {
        return None;
    }
    match one.ty {
        Some(ty) => rendered(site, site.def.scope, ty, &[]),
        None => made_type(site, one.init),
    }
}

/// Whether clones of a value share what is behind it, so that one may be given away for it.
pub fn shares(site: &Site<'_>, one: &Moved<'_>) -> bool {
    let Some(made) = maker(site, one.init) else { return false };
    let of = made.as_str().rsplit_once("::").map_or("", |(of, _)| of);
    let is = |path: &str| KNOWN.shares.matches(Sym::new(path));
    is(of) || made_type(site, one.init).is_some_and(|ty| is(&ty))
}

/// The foreign function at the root of what makes a value.
fn maker(site: &Site<'_>, init: &Expr) -> Option<Sym> {
    let mut at = made_by(init).0;
    while let Kind::Method(method) = &at.kind {
        at = made_by(&method.receiver).0;
    }
    let Kind::Call(callee, args) = &at.kind else { return None };
    let Kind::Path(path) = &callee.kind else { return None };
    match site.world.resolve(site.def.scope, path, Space::Value)? {
        Res::Def(Def::Foreign(name)) if name.starts_with("std::") => {
            args.first().and_then(|inner| maker(site, inner))
        }
        Res::Def(Def::Foreign(name)) => Some(name),
        _ => None,
    }
}

fn made_type(site: &Site<'_>, init: &Expr) -> Option<String> {
    let world = site.world;
    let (made, _) = made_by(init);
    let (mut root, mut last) = (made, None);
    while let Kind::Method(method) = &root.kind {
        last.get_or_insert(method.name);
        root = made_by(&method.receiver).0;
    }
    if let Kind::Struct(one) = &root.kind {
        return match world.resolve(site.def.scope, &one.0, Space::Type)? {
            Res::Def(Def::Data(id)) if world.data[id.index()].item.generics.is_empty() => {
                beside(site, &one.0)
            }
            _ => None,
        };
    }
    let Kind::Call(callee, args) = &root.kind else { return None };
    let Kind::Path(path) = &callee.kind else { return None };
    if path.qself.is_some() || !path.generics.is_empty() {
        return None;
    }
    let (name, of) = path.segments.split_last()?;
    let around = Path { segments: of.into(), ..Path::default() };
    let itself = || of.last()?.starts_with(|c: char| c.is_uppercase()).then_some(&around);
    match world.resolve(site.def.scope, path, Space::Value)? {
        Res::Def(Def::Foreign(full)) if full.starts_with("aws_config::") => {
            let loads = last.map_or(name.starts_with("load"), |last| last.as_str() == "load");
            loads.then(|| "aws_config::SdkConfig".to_owned())
        }
        Res::Def(Def::Foreign(full))
            if full.as_str() == "std::sync::Arc::new" && last.is_none() =>
        {
            let inner = made_type(site, args.first()?)?;
            Some(format!("{}<{inner}>", beside(site, itself()?)?))
        }
        Res::Def(Def::Foreign(full)) if full.starts_with("std::") => None,
        // `Client::new(…)` and `Client::builder()….build()`.
        Res::Def(Def::Foreign(_)) => {
            let builder = |name: &Sym| name.contains("builder") || name.contains("Builder");
            let finished = last.is_some_and(|last| KNOWN.finishers.contains(last.as_str()));
            let begun = path.segments.iter().any(builder);
            let known = if begun { finished && builder(name) } else { last.is_none() };
            known.then(|| beside(site, itself()?)).flatten()
        }
        // A function says what it returns.
        Res::Def(Def::Fn(id)) if last.is_none() => {
            let of_fn = &world.functions[id.index()];
            let output = returned(&of_fn.function, init)?;
            rendered(site, of_fn.scope, output, of)
        }
        Res::Assoc(Of::Data(id), _) if last.is_none() => {
            let data = &world.data[id.index()].item;
            let mut found = world.functions.iter().filter(|def| def.function.name == *name);
            let own = |ty: &Type| match ty {
                Type::Path(path) => {
                    matches!(&*path.segments, [one] if &**one == "Self" || *one == data.name)
                }
                _ => false,
            };
            let makes =
                |def: &FnDef| def.owner.is_some() && returned(&def.function, init).is_some_and(own);
            let plain = data.generics.is_empty() && found.any(makes);
            plain.then(|| beside(site, itself()?)).flatten()
        }
        _ => None,
    }
}

/// What a function returns, after the `?` or `unwrap` behind its call.
fn returned<'f>(function: &'f Function, init: &Expr) -> Option<&'f Type> {
    let output = function.output.as_ref()?;
    let wrapped = match output {
        Type::Path(path) => {
            let name = path.segments.last()?.as_str();
            matches!(name, "Result" | "Option").then_some(path)
        }
        _ => None,
    };
    match (wrapped, unwraps(init)) {
        (Some(path), true) => path.generics.first(),
        (None, false) => Some(output),
        _ => None,
    }
}

/// Whether a value is taken out of a `Result` or `Option`.
pub fn unwraps(init: &Expr) -> bool {
    match &init.kind {
        Kind::Try(_) => true,
        Kind::Await(inner) | Kind::Same(inner) => unwraps(inner),
        Kind::Method(method) => matches!(method.name.as_str(), "unwrap" | "expect"),
        _ => false,
    }
}

/// The foreign function at the root of a chain of methods.
pub fn called_path(site: &Site<'_>, made: &Expr) -> Option<Sym> {
    let mut at = made;
    while let Kind::Method(method) = &at.kind {
        at = made_by(&method.receiver).0;
    }
    let Kind::Call(callee, _) = &at.kind else { return None };
    let Kind::Path(path) = &callee.kind else { return None };
    match site.world.resolve(site.def.scope, path, Space::Value)? {
        Res::Def(Def::Foreign(name)) => Some(name),
        _ => None,
    }
}

/// A type that is named in the function's body, as it is named in front of it: what the body
/// imports for itself is not known there.
fn beside(site: &Site<'_>, path: &Path) -> Option<String> {
    let named = carried(site.world, site.def.scope, site.module, path, Space::Type)?;
    let written: Vec<&str> = path.segments.iter().map(|name| name.as_str()).collect();
    Some(match named {
        Some(first) => [&[first.as_str()], &written[1..]].concat().join("::"),
        None => written.join("::"),
    })
}

/// A type of another module written so that it means the same beside the function. `around` is the
/// path of that module from here.
pub fn rendered(site: &Site<'_>, scope: ModId, ty: &Type, around: &[Sym]) -> Option<String> {
    let list = |types: &[Type]| {
        let types: Option<Vec<String>> =
            types.iter().map(|ty| rendered(site, scope, ty, around)).collect();
        types.map(|types| types.join(", "))
    };
    match ty {
        Type::Path(path) => {
            let name = named(site, scope, path, around)?;
            match path.generics.is_empty() {
                true => Some(name),
                false => Some(format!("{name}<{}>", list(&path.generics)?)),
            }
        }
        Type::Ref(inner) => Some(format!("&{}", rendered(site, scope, inner, around)?)),
        Type::Tuple(parts) => Some(format!("({})", list(parts)?)),
        Type::Dyn(bounds) => match &**bounds {
            [bound] if is_shared(site.world, scope, bound) => {
                Some(format!("dyn {}", named(site, scope, bound, around)?))
            }
            _ => None,
        },
        Type::List(_) | Type::Impl(_) | Type::Other => None,
    }
}

/// Whether objects of a trait can be used by several threads at once.
fn is_shared(world: &World, scope: ModId, bound: &Path) -> bool {
    let Some(Res::Def(Def::Trait(id))) = world.resolve(scope, bound, Space::Type) else {
        return false;
    };
    let supers = &world.traits[id.index()].item.supers;
    let requires = |name: &str| {
        supers.iter().any(|one| one.segments.last().is_some_and(|last| &**last == name))
    };
    requires("Send") && requires("Sync")
}

fn named(site: &Site<'_>, scope: ModId, path: &Path, around: &[Sym]) -> Option<String> {
    let world = site.world;
    if let Some(Some(_)) | None = carried(world, scope, site.module, path, Space::Type) {
        let written = &path.segments[path.segments.len().checked_sub(1)?..];
        let meant = world.resolve(scope, path, Space::Type)?;
        if let Res::Def(Def::Foreign(full)) = meant {
            return Some(full.as_str().to_owned());
        }
        // Declared beside the function that returns it.
        let there = Path { segments: [around, written].concat().into(), ..Path::default() };
        let same = world.resolve(site.module, &there, Space::Type) == Some(meant);
        let declared =
            world.modules[module_of(world, scope).index()].names.contains_key(&written[0]);
        let names: Vec<&str> = there.segments.iter().map(|name| name.as_str()).collect();
        return (same && declared).then(|| names.join("::"));
    }
    Some(path.segments.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("::"))
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

/// Whether everything that an expression names can be written in `main`; `locals` are the
/// variables that are known there.
pub fn fits_main(site: &Site<'_>, main: &Main<'_>, init: &Expr, locals: &HashSet<Sym>) -> bool {
    let from = site.def.scope;
    let to = main.site.def.scope;
    let carried = |path: &Path, space| carried(site.world, from, to, path, space);
    let mut fits = true;
    each(init, &mut |expr| match &expr.kind {
        Kind::Path(path) => {
            let local = path.segments.len() == 1 && locals.contains(&path.segments[0]);
            let plain = from == to || path.generics.is_empty() && path.qself.is_none();
            fits &= local || plain && carried(path, Space::Value).is_some();
        }
        // Their names are not rewritten.
        Kind::Struct(one) => fits &= carried(&one.0, Space::Type) == Some(None),
        Kind::Macro(call) => fits &= carried(&call.path, Space::Macro) == Some(None),
        Kind::Method(method) => fits &= from == to || method.generics.is_empty(),
        _ => {}
    });
    fits
}

/// What the first name of a path is written as in another module of the workspace so that it means
/// the same: nothing when it is the same name, and `None` when it has no name there.
pub fn carried(
    world: &World,
    from: ModId,
    to: ModId,
    path: &Path,
    space: Space,
) -> Option<Option<String>> {
    let first = path.segments.first()?;
    let crate_of = |module: ModId| world.modules[module.index()].crate_index;
    let same_module = module_of(world, from) == module_of(world, to);
    if matches!(&**first, "self" | "super" | "Self") {
        return (same_module && &**first != "Self").then_some(None);
    }
    if &**first == "crate" {
        return (crate_of(from) == crate_of(to)).then_some(None);
    }
    let alone = Path { segments: [*first].into(), ..Path::default() };
    let space = if path.segments.len() > 1 { Space::Type } else { space };
    let meant = world.resolve(from, &alone, space);
    if world.resolve(to, &alone, space) == meant {
        return (same_module || meant.is_some()).then_some(None);
    }
    match meant? {
        Res::Def(Def::Foreign(full)) => {
            let root = Sym::new(full.split("::").next().unwrap_or_default());
            let known = Path { segments: [root].into(), ..Path::default() };
            let same = world.resolve(to, &known, Space::Type) == Some(Res::Def(Def::Foreign(root)));
            same.then(|| Some(full.as_str().to_owned()))
        }
        _ => None,
    }
}

/// Lines with another indentation. `None` where that would change a string.
pub fn reindented(lines: &str, from: &str, to: &str) -> Option<String> {
    let broken = |(kind, range): (lex::Kind, std::ops::Range<usize>)| {
        kind == lex::Kind::Literal && lines[range].contains('\n')
    };
    if from == to {
        return Some(lines.to_owned());
    }
    if lex(lines).any(broken) {
        return None;
    }
    let line = |line: &str| match line.strip_prefix(from) {
        Some(rest) => format!("{to}{rest}"),
        None => line.to_owned(),
    };
    Some(lines.split_inclusive('\n').map(line).collect())
}

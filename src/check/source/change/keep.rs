//! Puts what a function makes anew each time into a lazily made static beside it.

use super::{each_stmt, stmt_bytes, text::Text};
use crate::{
    check::Change,
    facts::{
        code::{
            eval::Code,
            ir::{Bytes, Expr, Function, Kind, Let, Pat, Path, Stmt},
            names::{Res, Space},
            sym::Sym,
            value::NodeId,
            world::{Def, ModId, World},
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};

/// The change that makes the value flagged at `at` a static. The finding that is left, that the
/// first event makes it, has `main` force it.
pub fn make_static(code: FunctionCode<'_>, node: NodeId, at: Bytes, ty: &str) -> Option<Change> {
    let world = &code.facts.world;
    let Code::Fn(id) = code.node(node).code else { return None };
    let def = &world.functions[id.index()];
    let file = &world.files[def.file];
    let text = Text { file: &file.path, text: &file.text };
    let body = def.function.body.as_ref()?;
    let (one, init) = flagged(&body.stmts, at)?;
    let Pat::Name(name) = &one.pat else { return None };
    // Only what is made of literals and paths: nothing of the function.
    let mut uses = std::collections::HashSet::new();
    super::variables(init, &mut uses);
    let module = module_of(world, def.scope);
    let free = |name: &Sym| {
        !def.function.params.iter().any(|(pat, _)| binds(pat, name))
            && !body
                .stmts
                .iter()
                .any(|stmt| matches!(stmt, Stmt::Let(one) if binds(&one.pat, name)))
    };
    let mut waits = false;
    super::each(init, &mut |expr| {
        waits |= matches!(expr.kind, Kind::Await(_) | Kind::Try(_) | Kind::Return(_));
    });
    if waits || !uses.iter().all(free) || def.owner.is_some() {
        return None;
    }

    let constant = static_name(world, module, &def.function, name);
    let mut edits = rename(&text, &body.stmts, one, name, &constant)?;
    let start = item_start(&text, &def.function);
    let newline = text.newline();
    let value = text.at(init.bytes);
    let lines = declared(&constant, ty, value, newline);
    edits.push(text.replace(start..start, format!("{lines}{newline}")));
    let lines = text.lines_of(one.bytes)?;
    let at_start = text.text[body.bytes.start as usize + 1..lines.start].trim().is_empty();
    edits.push(text.remove_lines(lines, at_start));
    if !lazy_lock_known(world, module) {
        edits.push(text.import("std::sync::LazyLock")?);
    }
    Change::by(edits)
}

/// `static NAME: LazyLock<T> = LazyLock::new(|| …);`, broken as rustfmt breaks it.
fn declared(name: &str, ty: &str, value: &str, newline: &str) -> String {
    let head = format!("static {name}: LazyLock<{ty}> =");
    let made = match value.strip_suffix("()").filter(|path| is_path(path)) {
        Some(path) => format!("LazyLock::new({path});"),
        None => format!("LazyLock::new(|| {value});"),
    };
    if head.len() + 1 + made.len() <= 100 && !value.contains('\n') {
        return format!("{head} {made}{newline}");
    }
    if 4 + made.len() <= 100 && !value.contains('\n') {
        return format!("{head}{newline}    {made}{newline}");
    }
    format!("{head} LazyLock::new(|| {{{newline}    {value}{newline}}});{newline}")
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
}

/// The top-level `let` whose value holds the flagged call.
fn flagged(stmts: &[Stmt], at: Bytes) -> Option<(&Let, &Expr)> {
    stmts.iter().find_map(|stmt| {
        let bytes = stmt_bytes(stmt);
        let Stmt::Let(one) = stmt else { return None };
        let holds = bytes.start <= at.start && at.end <= bytes.end && one.otherwise.is_none();
        holds.then(|| one.init.as_ref().map(|init| (&**one, init))).flatten()
    })
}

fn binds(pat: &Pat, name: &Sym) -> bool {
    match pat {
        Pat::Name(bound) => bound == name,
        Pat::Tuple(parts) | Pat::TupleStruct(_, parts) | Pat::Or(parts) => {
            parts.iter().any(|part| binds(part, name))
        }
        Pat::Struct(_, fields) => fields.iter().any(|(_, part)| binds(part, name)),
        Pat::Typed(inner, _) => binds(inner, name),
        Pat::Path(_) | Pat::Other => false,
    }
}

/// Writes the static's name wherever the variable was used. Only behind `.` or `&`, where a
/// `LazyLock` stands for what is in it.
fn rename(
    text: &Text<'_>,
    stmts: &[Stmt],
    one: &Let,
    name: &Sym,
    constant: &str,
) -> Option<Vec<Edit>> {
    let is = |expr: &Expr| matches!(&expr.kind, Kind::Path(path) if *path.segments == [*name]);
    let mut edits = Vec::new();
    let mut fit = Vec::new();
    let mut all = 0;
    let mut shadowed = false;
    each_stmt(stmts, &mut |expr| {
        all += usize::from(is(expr));
        let behind = match &expr.kind {
            Kind::Method(method) => Some(&method.receiver),
            Kind::Same(inner) if text.at(expr.bytes).starts_with('&') => Some(&**inner),
            Kind::Closure(closure) => {
                shadowed |= closure.params.iter().any(|pat| binds(pat, name));
                None
            }
            _ => None,
        };
        fit.extend(behind.filter(|inner| is(inner)).map(|inner| inner.bytes));
    });
    let again = stmts.iter().any(|stmt| match stmt {
        Stmt::Let(other) => other.bytes != one.bytes && binds(&other.pat, name),
        Stmt::Expr(..) => false,
    });
    if all != fit.len() || all == 0 || again || shadowed {
        return None;
    }
    for bytes in fit {
        edits.push(text.replace(bytes.start as usize..bytes.end as usize, constant));
    }
    Some(edits)
}

/// The variable's name in capitals, with the function's in front where another function or item
/// of the module has the same.
fn static_name(world: &World, module: ModId, function: &Function, name: &Sym) -> String {
    let plain = name.to_uppercase();
    let in_module = |one: &&crate::facts::code::world::FnDef| module_of(world, one.scope) == module;
    let others = world.functions.iter().filter(in_module).filter(|one| {
        let stmts = one.function.body.iter().flat_map(|body| &body.stmts);
        let mut lets = stmts.filter_map(|stmt| match stmt {
            Stmt::Let(one) => Some(&one.pat),
            Stmt::Expr(..) => None,
        });
        one.function.name != function.name && lets.any(|pat| binds(pat, name))
    });
    let taken = world.modules[module.index()].names.contains_key(&Sym::new(&plain));
    match taken || others.count() > 0 {
        true => format!("{}_{plain}", function.name.to_uppercase()),
        false => plain,
    }
}

/// Where a function starts, its comments and attributes included.
fn item_start(text: &Text<'_>, function: &Function) -> usize {
    let mut start = text.line_start(function.bytes.start as usize);
    while start > 0 {
        let above = text.line_start(start - 1);
        let line = text.text[above..start].trim_start();
        if !line.starts_with("//") && !line.starts_with("#[") {
            break;
        }
        start = above;
    }
    start
}

fn module_of(world: &World, mut scope: ModId) -> ModId {
    while let Some(parent) = world.modules[scope.index()].parent {
        if !world.modules[scope.index()].is_body {
            break;
        }
        scope = parent;
    }
    scope
}

fn lazy_lock_known(world: &World, module: ModId) -> bool {
    let path = Path { segments: [Sym::new("LazyLock")].into(), ..Path::default() };
    let found = world.resolve(module, &path, Space::Type);
    matches!(found, Some(Res::Def(Def::Foreign(full))) if full.as_str() == "std::sync::LazyLock")
}

//! Moves what does not depend on the event from the handler to `main`, and hands it in.
//!
//! Planned for two shapes: `service_fn(handler)`, and a closure that only calls the handler. The
//! `let` statements that make the flagged values move, with those that wrap them; what the rest of
//! the handler still uses becomes parameters by reference. Nothing moves that uses the event.

use super::{
    Main, each, each_stmt, made_by, main_of, stmt_bytes,
    text::Text,
    variables,
    written::{from_main, reindented, rendered, substituted, type_of},
};
use crate::{
    check::Change,
    facts::{
        code::{
            eval::{Code, Link},
            ir::{Bytes, Expr, Kind, Let, Pat, Stmt, Type},
            sym::Sym,
            value::NodeId,
            world::{FnDef, World},
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};
use std::collections::{HashMap, HashSet};

/// How `main` calls the handler.
struct Call<'a> {
    /// The expression to rewrite: the handler's name, or the arguments of the closure's call.
    bytes: Bytes,
    /// What `main` hands in for each parameter; none for the event.
    given: Vec<Option<&'a str>>,
    /// The arguments as written; none for `service_fn(handler)`.
    written: Option<Vec<&'a str>>,
}

/// The change that moves the values flagged at `at` in the handler `node` to `main`.
pub fn hoist(code: FunctionCode<'_>, node: NodeId, at: Bytes) -> Option<Change> {
    let world = &code.facts.world;
    let Code::Fn(id) = code.node(node).code else { return None };
    let def = &world.functions[id.index()];
    let main = main_of(code)?;
    if def.owner.is_some() || def.function.receiver {
        return None;
    }
    let file = &world.files[def.file];
    let text = Text { file: &file.path, text: &file.text };
    let main_file = &world.files[main.def.file];
    let main_text = Text { file: &main_file.path, text: &main_file.text };
    let call = call_of(code, node, &main, def, &main_text)?;
    let name = def.function.name;
    if used_elsewhere(&file.text, &name) {
        return None;
    }
    let body = def.function.body.as_ref()?;
    let moved = moved(world, def, &call, &body.stmts, at)?;
    let hoisted: HashSet<Sym> = moved.iter().map(|one| one.name).collect();
    if bound_in(&main, &hoisted) {
        return None;
    }

    let rest: Vec<&Stmt> = body
        .stmts
        .iter()
        .filter(|stmt| !moved.iter().any(|one| one.bytes == stmt_bytes(stmt)))
        .collect();
    let mut still = HashSet::new();
    let mut shadowing = false;
    for stmt in &rest {
        used_in(stmt, &mut still);
        if let Stmt::Let(one) = stmt {
            shadowing |= matches!(&one.pat, Pat::Name(name) if hoisted.contains(name));
        }
    }
    let handed: Vec<&Moved<'_>> = moved.iter().filter(|one| still.contains(&one.name)).collect();
    if shadowing || handed.is_empty() || by_value(&rest, &handed) {
        return None;
    }

    let mut edits = Vec::new();
    let (params, args) = signature(&text, def, &call, &handed, &still)?;
    let function = &def.function;
    let line = text.line_start(function.bytes.start as usize);
    let params = text.params(line, function.parens, body.bytes.start as usize, &params);
    edits.push(text.replace(function.parens.start as usize..function.parens.end as usize, params));
    edits.push(called(&main_text, &call, &args));
    let texts = (&text, &main_text);
    edits.extend(moves(world, texts, &main, body.bytes, &moved, &call, def)?);
    edits.extend(borrows(&text, &rest, &handed));
    Change::by(edits)
}

/// A statement that moves.
struct Moved<'a> {
    name: Sym,
    bytes: Bytes,
    init: &'a Expr,
    /// The type the handler takes it by.
    ty: Option<String>,
    mutable: bool,
}

/// The statements that move: those flagged, those that wrap what moves, and those they need.
fn moved<'a>(
    world: &World,
    def: &'a FnDef,
    call: &Call<'_>,
    stmts: &'a [Stmt],
    at: Bytes,
) -> Option<Vec<Moved<'a>>> {
    let from_main: HashSet<Sym> = params(def)
        .zip(&call.given)
        .filter(|(_, given)| given.is_some())
        .filter_map(|(name, _)| name)
        .collect();
    let mut locals: HashSet<Sym> = params(def).flatten().collect();
    let mut movable: Vec<Moved<'a>> = Vec::new();
    for stmt in stmts {
        let Stmt::Let(one) = stmt else { continue };
        let bound = simple(one);
        if let Some((name, init, ty)) = bound {
            let mut uses = HashSet::new();
            variables(init, &mut uses);
            let known = |name: &Sym| {
                !locals.contains(name)
                    || from_main.contains(name)
                    || movable.iter().any(|one| one.name == *name)
            };
            let (made, awaited) = made_by(init);
            let flagged = init.bytes.start <= at.start && at.end <= init.bytes.end;
            let wraps = movable.iter().any(|one| uses.contains(&one.name)) && constructs(made);
            let plain = !leaves(init) && uses.iter().all(known);
            if plain && (flagged || wraps || reads_environment(made) || client(made, awaited)) {
                let ty = match ty {
                    Some(ty) => rendered(world, def.scope, ty, &[]),
                    None => type_of(world, def, init),
                };
                let mutable = false;
                movable.push(Moved { name, bytes: one.bytes, init, ty, mutable });
            }
            locals.insert(name);
        } else {
            let mut names = Vec::new();
            pat_names(&one.pat, &mut names);
            locals.extend(names);
        }
    }
    // What nothing that moves needs stays, unless it is flagged.
    let mut needed: Vec<bool> = vec![false; movable.len()];
    for index in (0..movable.len()).rev() {
        let one = &movable[index];
        let flagged = one.init.bytes.start <= at.start && at.end <= one.init.bytes.end;
        let used = movable.iter().enumerate().any(|(other, later)| {
            let mut uses = HashSet::new();
            variables(later.init, &mut uses);
            needed[other] && uses.contains(&one.name)
        });
        let (made, _) = made_by(one.init);
        let uses_moved = movable.iter().take(index).any(|earlier| {
            let mut uses = HashSet::new();
            variables(one.init, &mut uses);
            uses.contains(&earlier.name) && constructs(earlier_made(earlier))
        });
        needed[index] = flagged || used || constructs(made) && uses_moved;
    }
    let mut index = 0;
    movable.retain(|_| {
        index += 1;
        needed[index - 1]
    });
    (!movable.is_empty()).then_some(movable)
}

fn earlier_made<'a>(one: &Moved<'a>) -> &'a Expr {
    made_by(one.init).0
}

fn params(def: &FnDef) -> impl Iterator<Item = Option<Sym>> + '_ {
    def.function.params.iter().map(|(pat, _)| match pat {
        Pat::Name(name) => Some(*name),
        _ => None,
    })
}

fn simple(one: &Let) -> Option<(Sym, &Expr, Option<&Type>)> {
    let init = one.init.as_ref().filter(|_| one.otherwise.is_none())?;
    match &one.pat {
        Pat::Name(name) => Some((*name, init, None)),
        Pat::Typed(inner, ty) => match &**inner {
            Pat::Name(name) => Some((*name, init, Some(ty))),
            _ => None,
        },
        _ => None,
    }
}

fn pat_names(pat: &Pat, into: &mut Vec<Sym>) {
    match pat {
        Pat::Name(name) => into.push(*name),
        Pat::Tuple(parts) | Pat::TupleStruct(_, parts) | Pat::Or(parts) => {
            parts.iter().for_each(|part| pat_names(part, into));
        }
        Pat::Struct(_, fields) => fields.iter().for_each(|(_, part)| pat_names(part, into)),
        Pat::Typed(inner, _) => pat_names(inner, into),
        Pat::Path(_) | Pat::Other => {}
    }
}

/// `Type::function(…)` that waits for nothing: it makes a value.
fn constructs(made: &Expr) -> bool {
    let Kind::Call(callee, _) = &made.kind else { return false };
    let Kind::Path(path) = &callee.kind else { return false };
    let of = path.segments.len().checked_sub(2).map(|at| path.segments[at]);
    of.is_some_and(|of| of.starts_with(|c: char| c.is_uppercase()))
}

/// What makes a client or its configuration, to be moved with what wraps it.
fn client(made: &Expr, awaited: bool) -> bool {
    constructs(made) && !awaited
        || called_path(made).is_some_and(|path| path.starts_with("aws_config"))
}

fn reads_environment(made: &Expr) -> bool {
    called_path(made).is_some_and(|path| path == "env::var" || path == "std::env::var")
}

fn called_path(made: &Expr) -> Option<String> {
    let mut at = made;
    while let Kind::Method(method) = &at.kind {
        at = made_by(&method.receiver).0;
    }
    let Kind::Call(callee, _) = &at.kind else { return None };
    let Kind::Path(path) = &callee.kind else { return None };
    Some(path.segments.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("::"))
}

fn leaves(init: &Expr) -> bool {
    let mut leaves = false;
    each(init, &mut |expr| leaves |= matches!(expr.kind, Kind::Return(_) | Kind::Break(_)));
    leaves
}

fn used_in(stmt: &Stmt, into: &mut HashSet<Sym>) {
    match stmt {
        Stmt::Let(one) => {
            one.init.iter().for_each(|init| variables(init, into));
            one.otherwise.iter().for_each(|other| variables(other, into));
        }
        Stmt::Expr(expr, _) => variables(expr, into),
    }
}

/// Whether what is handed in by reference is given away by value afterwards.
fn by_value(rest: &[&Stmt], handed: &[&Moved<'_>]) -> bool {
    let is_handed = |expr: &Expr| match &expr.kind {
        Kind::Path(path) if path.segments.len() == 1 => {
            handed.iter().any(|one| one.name == path.segments[0])
        }
        _ => false,
    };
    let mut found = false;
    for stmt in rest {
        let mut visit = |expr: &Expr| match &expr.kind {
            Kind::Call(_, args) => found |= args.iter().any(is_handed),
            Kind::Method(method) => found |= method.args.iter().any(is_handed),
            Kind::Struct(one) => found |= one.1.iter().any(|(_, value)| is_handed(value)),
            Kind::RefMut(inner) => found |= is_handed(inner),
            Kind::Assign(two) => found |= is_handed(&two.0) || is_handed(&two.1),
            _ => {}
        };
        each_stmt(std::slice::from_ref(*stmt), &mut visit);
        if let Stmt::Let(one) = stmt {
            found |= one.init.as_ref().is_some_and(is_handed);
        }
    }
    found
}

/// `&client` where `client` has become a reference is written `client`.
fn borrows(text: &Text<'_>, rest: &[&Stmt], handed: &[&Moved<'_>]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for stmt in rest {
        each_stmt(std::slice::from_ref(*stmt), &mut |expr| {
            let Kind::Same(inner) = &expr.kind else { return };
            let Kind::Path(path) = &inner.kind else { return };
            let known =
                path.segments.len() == 1 && handed.iter().any(|one| one.name == path.segments[0]);
            if known && text.at(expr.bytes) == format!("&{}", path.segments[0]) {
                let start = expr.bytes.start as usize;
                edits.push(text.replace(start..start + 1, ""));
            }
        });
    }
    edits
}

/// The parameters of the handler and the arguments it is called with, after the change.
fn signature(
    text: &Text<'_>,
    def: &FnDef,
    call: &Call<'_>,
    handed: &[&Moved<'_>],
    still: &HashSet<Sym>,
) -> Option<(Vec<String>, Vec<String>)> {
    let mut params = Vec::new();
    let mut args = Vec::new();
    for one in handed {
        let ty = one.ty.as_ref().filter(|_| !one.mutable)?;
        params.push(format!("{}: &{ty}", one.name));
        args.push(format!("&{}", one.name));
    }
    let written = text.list(def.function.parens);
    for (index, ((pat, _), param)) in def.function.params.iter().zip(&written).enumerate() {
        let name = match pat {
            Pat::Name(name) => Some(*name),
            _ => None,
        };
        let given = call.given.get(index).copied().flatten();
        let unused = given.is_some() && name.is_some_and(|name| !still.contains(&name));
        if unused {
            continue;
        }
        params.push((*param).to_owned());
        args.push(match &call.written {
            Some(written) => (*written.get(index)?).to_owned(),
            None => "event".to_owned(),
        });
    }
    Some((params, args))
}

/// The handler where it is handed over, with what it is given now.
fn called(text: &Text<'_>, call: &Call<'_>, args: &[String]) -> Edit {
    let args = args.join(", ");
    let span = call.bytes.start as usize..call.bytes.end as usize;
    match call.written {
        Some(_) => text.replace(span, args),
        None => {
            let name = text.at(call.bytes);
            text.replace(span, format!("|event| {name}({args})"))
        }
    }
}

/// Takes the statements from the handler and puts them in front of where `main` serves.
fn moves(
    world: &World,
    (text, main_text): (&Text<'_>, &Text<'_>),
    main: &Main<'_>,
    body: Bytes,
    moved: &[Moved<'_>],
    call: &Call<'_>,
    def: &FnDef,
) -> Option<Vec<Edit>> {
    let main_body = main.def.function.body.as_ref()?;
    let serves = stmt_bytes(main_body.stmts.get(main.serves)?);
    let indent = main_text.indent(serves.start as usize);
    let names: HashMap<Sym, &str> =
        params(def).zip(&call.given).filter_map(|(name, given)| Some((name?, (*given)?))).collect();
    let mut lines = String::new();
    let mut edits: Vec<Edit> = Vec::new();
    let mut open: Option<(usize, usize, bool)> = None;
    for one in moved {
        let span = text.lines_of(one.bytes)?;
        let own = text.indent(one.bytes.start as usize);
        let written = substituted(text, span.start, span.end, one.init, &|path| {
            if let [name] = &*path.segments
                && let Some(given) = names.get(name)
            {
                return Some((*given).to_owned());
            }
            (def.file != main.def.file).then(|| from_main(world, def, main, path)).flatten()
        });
        lines += &reindented(&written, own, indent);
        let at_start = text.text[body.start as usize + 1..span.start].trim().is_empty();
        match &mut open {
            Some((_, end, _)) if *end == span.start => *end = span.end,
            _ => {
                edits.extend(
                    open.map(|(start, end, first)| text.remove_lines((start..end).into(), first)),
                );
                open = Some((span.start, span.end, at_start));
            }
        }
    }
    edits.extend(open.map(|(start, end, first)| text.remove_lines((start..end).into(), first)));
    edits.push(main_text.add_before(serves, main_body.bytes, &lines));
    Some(edits)
}

/// How `main` hands the handler over.
fn call_of<'a>(
    code: FunctionCode<'_>,
    handler: NodeId,
    main: &Main<'_>,
    def: &FnDef,
    text: &Text<'a>,
) -> Option<Call<'a>> {
    let start = code.reach.states.first()?.node;
    let edges = &code.node(start).edges;
    let direct = edges
        .iter()
        .find(|edge| edge.to == handler && matches!(edge.link, Link::PerEvent(_)))
        .filter(|edge| text.at(edge.bytes).rsplit("::").next() == Some(def.function.name.as_str()));
    if let Some(edge) = direct {
        let single = def.function.params.len() == 1;
        let call = Call { bytes: edge.bytes, given: vec![None], written: None };
        return single.then_some(call);
    }
    // A closure whose body is the call.
    let mut found = None;
    let body = main.def.function.body.as_ref()?;
    each_stmt(&body.stmts, &mut |expr| {
        let Kind::Closure(closure) = &expr.kind else { return };
        let Kind::Call(callee, args) = &closure.body.kind else { return };
        let Kind::Path(path) = &callee.kind else { return };
        if path.segments.last() == Some(&def.function.name) {
            let mut names = Vec::new();
            closure.params.iter().for_each(|pat| pat_names(pat, &mut names));
            found = Some((names, callee.bytes, closure.body.bytes, args));
        }
    });
    let (event, callee, whole, args) = found?;
    let (first, last) = (args.first()?, args.last()?);
    let given = args.iter().map(|arg| {
        let mut uses = HashSet::new();
        variables(arg, &mut uses);
        uses.is_disjoint(&event.iter().copied().collect()).then(|| text.at(arg.bytes))
    });
    let given: Vec<Option<&str>> = given.collect();
    if callee.end > first.bytes.start || last.bytes.end > whole.end {
        return None;
    }
    let bytes = Bytes { start: first.bytes.start, end: last.bytes.end };
    let written = Some(args.iter().map(|arg| text.at(arg.bytes)).collect());
    Some(Call { bytes, given, written })
}

/// Whether tests or other code call the handler by name: a new parameter would break them.
fn used_elsewhere(text: &str, name: &str) -> bool {
    let tests = text.find("#[cfg(test)]").map_or("", |at| &text[at..]);
    tests.contains(&format!("{name}("))
}

fn bound_in(main: &Main<'_>, names: &HashSet<Sym>) -> bool {
    let body = main.def.function.body.as_ref();
    body.into_iter().flat_map(|body| &body.stmts).any(|stmt| match stmt {
        Stmt::Let(one) => {
            let mut bound = Vec::new();
            pat_names(&one.pat, &mut bound);
            bound.iter().any(|name| names.contains(name))
        }
        Stmt::Expr(..) => false,
    })
}

//! Moves what does not depend on the event from the handler to `main`, and hands it in.
//!
//! The `let` statements that make the flagged values move, with those that wrap them; what the
//! rest of the handler still uses becomes parameters by reference. Only where the handler may
//! borrow from `main`, and where `main` can run what moves.

use super::{
    change,
    lend::Call,
    moved::{Plan, lent, plans},
    names::{bound_within, used, used_in},
    site::{Main, Site, main_of},
    stmt_bytes,
    text::Text,
    written::{carried, fits_main, reindented, substituted, type_of},
};
use crate::{
    check::Change,
    facts::{
        code::{
            ir::{Bytes, Kind, Path, Type},
            names::{Res, Space},
            sym::Sym,
            value::NodeId,
            walk::each,
            world::{Def, FnDef, World},
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Attributes of a function that a further parameter does not concern.
const INERT: [&str; 8] = ["doc", "allow", "expect", "warn", "deny", "inline", "must_use", "cfg"];

/// The change that moves the values flagged at `at` in the handler `node` to `main`. `asked` says
/// of a call whether it is one that the rule asks for.
pub fn hoist(
    code: FunctionCode<'_>,
    node: NodeId,
    at: Bytes,
    asked: &dyn Fn(Bytes) -> bool,
) -> Option<Change> {
    let site = Site::of(code, node)?;
    let main = main_of(code)?;
    // What is public in a library may be called by what is not looked at.
    let crate_of = |site: &Site<'_>| site.world.modules[site.module.index()].crate_index;
    if !takes_more(&site) || crate_of(&site) != crate_of(&main.site) {
        return None;
    }
    let call = Call::of(code, node, &main, &site)?;
    let given = call.given(&site);
    let names = given.keys().copied().collect();
    let mut plans = plans(&site, &names, at, asked);
    plans.find_map(|plan| moved(&site, &main, &call, &given, &plan))
}

/// The change that moves what is planned.
fn moved(
    site: &Site<'_>,
    main: &Main<'_>,
    call: &Call<'_>,
    given: &HashMap<Sym, &str>,
    plan: &Plan<'_>,
) -> Option<Change> {
    // What a closure or a task uses has to live as long as it does.
    if !runs_in_main(site, main, plan, given) || site.is_inside_a_task(plan.block) {
        return None;
    }
    let text = &site.text;
    let mut still = HashSet::new();
    plan.rest.iter().for_each(|stmt| used_in(text, stmt, &mut still));
    let mut new = Vec::new();
    let mut edits = Vec::new();
    for name in &plan.handed {
        let one = plan.moved.iter().rfind(|one| one.name == *name)?;
        new.push((*name, type_of(site, one)?));
        let uses = lent(site, &plan.rest, one)?;
        if uses.taken {
            return None;
        }
        edits.extend(uses.clones(text, name));
        // `&client` where `client` has become a reference is written `client`.
        let signs = uses.signs.iter();
        edits.extend(signs.map(|sign| text.replace(sign.start as usize..sign.end as usize, "")));
    }
    let (params, args) = call.signature(site, &new, &still)?;
    let function = &site.def.function;
    let line = text.line_start(function.bytes.start as usize);
    let params = text.params(line, function.parens, site.body.bytes, &params);
    edits.push(text.replace(function.parens.start as usize..function.parens.end as usize, params));
    edits.extend(call.rewritten(&main.site, &args));
    edits.extend(moves(site, main, plan, given)?);
    if site.def.scope != main.site.def.scope {
        edits.extend(unimported(site, plan, &new)?);
    }
    change(edits)
}

/// Takes out the imports that only what moves has used: `main` has its own.
fn unimported(site: &Site<'_>, plan: &Plan<'_>, new: &[(Sym, String)]) -> Option<Vec<Edit>> {
    let mut names = BTreeSet::new();
    for one in &plan.moved {
        each(one.init, &mut |expr| {
            if let Kind::Path(path) = &expr.kind {
                names.extend(path.segments.first().map(|name| name.as_str()));
            }
        });
        if let Some(Type::Path(path)) = one.ty {
            names.extend(path.segments.first().map(|name| name.as_str()));
        }
    }
    for (_, ty) in new {
        for path in ty.split(['<', '>', ',', ' ', '&', '(', ')']) {
            names.remove(path.split("::").next().unwrap_or(path));
        }
    }
    let gone = taken(&site.text, plan)?;
    Some(site.text.without_imports(&names, &gone))
}

/// Whether the function can be given one more reference: nothing else is made of its parameters,
/// and what it returns borrows from none of them.
fn takes_more(site: &Site<'_>) -> bool {
    let function = &site.def.function;
    let inert = function.attrs.iter().zip(&function.attr_bytes).all(|(attr, bytes)| {
        let name = attr.segments.last().map_or("", |name| name.as_str());
        INERT.contains(&name) || name == "instrument" && site.text.at(*bytes).contains("skip_all")
    });
    let mut borrows = false;
    if let Some(output) = &function.output {
        borrowed(output, &mut borrows);
    }
    // Tests call it by name, and those in other files are not looked at.
    let file: &str = site.text.text;
    let tests = file.find("#[cfg(test)]").map_or("", |at| &file[at..]);
    let tested = tests.contains(&format!("{}(", function.name))
        || tests.split("mod ").skip(1).any(|rest| {
            rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').starts_with(';')
        });
    function.is_async && inert && !borrows && !tested
}

fn borrowed(ty: &Type, found: &mut bool) {
    match ty {
        Type::Ref(_) => *found = true,
        Type::Path(path) => path.generics.iter().for_each(|ty| borrowed(ty, found)),
        Type::Tuple(parts) => parts.iter().for_each(|ty| borrowed(ty, found)),
        Type::List(inner) => borrowed(inner, found),
        Type::Dyn(_) | Type::Impl(_) | Type::Other => {}
    }
}

/// Whether what moves means the same in `main` and fits there.
fn runs_in_main(
    site: &Site<'_>,
    main: &Main<'_>,
    plan: &Plan<'_>,
    given: &HashMap<Sym, &str>,
) -> bool {
    let names: HashSet<Sym> = plan.moved.iter().map(|one| one.name).collect();
    let locals: HashSet<Sym> = names.iter().chain(given.keys()).copied().collect();
    let params = site.def.function.params.iter().filter_map(|(pat, _)| super::plain_name(pat));
    let mut taken: HashSet<Sym> = params.collect();
    taken.extend(bound_within(&main.site.body.stmts));
    taken.insert(Sym::new("event"));
    let (mut waits, mut fails) = (false, false);
    for one in &plan.moved {
        each(one.init, &mut |expr| {
            waits |= matches!(expr.kind, Kind::Await(_));
            fails |= matches!(expr.kind, Kind::Try(_));
        });
        // A parameter that is rewritten must not hide in what is only text.
        let mut uses = HashSet::new();
        used(&site.text, one.init, &mut uses);
        let mut seen = HashSet::new();
        each(one.init, &mut |expr| {
            if let Kind::Path(path) = &expr.kind {
                seen.extend(path.segments.first().copied());
            }
        });
        let hidden = uses.iter().any(|name| given.contains_key(name) && !seen.contains(name));
        if hidden || !fits_main(site, main, one.init, &locals) {
            return false;
        }
    }
    names.is_disjoint(&taken)
        && (!waits || main.site.def.function.is_async)
        && (!fails || fails_alike(site.world, site.def, main.site.def))
}

/// Whether two functions return the same type of error, so that `?` does the same in both.
fn fails_alike(world: &World, one: &FnDef, other: &FnDef) -> bool {
    let (Some(Type::Path(a)), Some(Type::Path(b))) = (&one.function.output, &other.function.output)
    else {
        return false;
    };
    let errors = a.generics.get(1..).zip(b.generics.get(1..));
    same_path(world, (one, a), (other, b))
        && errors.is_some_and(|(a, b)| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| same_type(world, (one, a), (other, b)))
        })
}

fn same_type(world: &World, (one, a): (&FnDef, &Type), (other, b): (&FnDef, &Type)) -> bool {
    match (a, b) {
        (Type::Path(a), Type::Path(b)) => {
            let generics = a.generics.iter().zip(&b.generics);
            same_path(world, (one, a), (other, b)) && a.generics.len() == b.generics.len() && {
                generics
            }
            .all(|(a, b)| same_type(world, (one, a), (other, b)))
        }
        (Type::Dyn(a), Type::Dyn(b)) => {
            let same = |(a, b)| same_path(world, (one, a), (other, b));
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        _ => false,
    }
}

fn same_path(world: &World, (one, a): (&FnDef, &Path), (other, b): (&FnDef, &Path)) -> bool {
    let meant = world.resolve(one.scope, a, Space::Type);
    let known = matches!(meant, Some(Res::Def(Def::Foreign(_) | Def::Data(_) | Def::Alias(_))));
    known && meant == world.resolve(other.scope, b, Space::Type)
}

/// Takes the statements from the handler and puts them in front of where `main` serves.
fn moves(
    site: &Site<'_>,
    main: &Main<'_>,
    plan: &Plan<'_>,
    given: &HashMap<Sym, &str>,
) -> Option<Vec<Edit>> {
    let (text, main_text) = (&site.text, &main.site.text);
    let indent = main_text.indent(main.serves.start as usize);
    let moved: HashSet<Sym> = plan.moved.iter().map(|one| one.name).collect();
    let (from, to) = (site.def.scope, main.site.def.scope);
    let mut lines = String::new();
    for (span, one) in taken(text, plan)?.into_iter().zip(&plan.moved) {
        let own = text.indent(one.bytes.start as usize);
        let written = substituted(text, span.start, span.end, one.init, &|path| {
            if let [name] = &*path.segments {
                if let Some(given) = given.get(name) {
                    return Some((*given).to_owned());
                }
                if moved.contains(name) {
                    return None;
                }
            }
            carried(site.world, from, to, path, Space::Value).flatten()
        });
        lines += &reindented(&written, own, indent)?;
    }
    let mut edits = removed(site, plan)?;
    edits.push(main_text.add_before(main.serves, main.site.body.bytes, &lines));
    Some(edits)
}

/// The lines of each statement that moves, with the comment that goes with it.
fn taken(text: &Text<'_>, plan: &Plan<'_>) -> Option<Vec<crate::source::Span>> {
    let staying: Vec<Bytes> = plan.rest.iter().map(|stmt| stmt_bytes(stmt)).collect();
    let lines = |one: &super::moved::Moved<'_>| {
        Some(text.lines_with_comment(text.lines_of(one.bytes)?, &staying))
    };
    plan.moved.iter().map(lines).collect()
}

/// Takes the statements that move out of the function.
pub fn removed(site: &Site<'_>, plan: &Plan<'_>) -> Option<Vec<Edit>> {
    let mut runs: Vec<crate::source::Span> = Vec::new();
    for span in taken(&site.text, plan)? {
        match runs.last_mut() {
            // Nothing but an empty line between two of them.
            Some(last) if site.text.text[last.end..span.start].trim().is_empty() => {
                last.end = span.end;
            }
            _ => runs.push(span),
        }
    }
    Some(runs.into_iter().map(|run| site.text.remove_lines(run, plan.block.bytes)).collect())
}

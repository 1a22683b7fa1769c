//! Which statements of a function can run once instead of for each event.
//!
//! The one that makes what was flagged, and what it is made of: only literals, constants, the
//! environment and constructors of them. Nothing that is made of the event, waits for anything but
//! the configuration, may give something else each time, or is changed afterwards.

use super::{
    known::KNOWN,
    made_by,
    names::{Uses, bound_within, used, used_in, uses},
    site::Site,
    stmt_bytes,
    written::{called_path, shares},
};
use crate::facts::code::{
    ir::{Block, Bytes, Expr, Kind, Let, Pat, Stmt, Type},
    sym::Sym,
    walk::{bound, each, each_stmt},
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A statement that moves.
pub struct Moved<'a> {
    pub name: Sym,
    pub bytes: Bytes,
    pub init: &'a Expr,
    /// Its type, where it is written.
    pub ty: Option<&'a Type>,
}

/// The statements of a block, divided.
pub struct Plan<'a> {
    /// The block.
    pub block: &'a Block,
    /// Those that move, in their order.
    pub moved: Vec<Moved<'a>>,
    /// Those that stay.
    pub rest: Vec<&'a Stmt>,
    /// What moves and is still used by those that stay.
    pub handed: Vec<Sym>,
}

/// Where a name comes from.
enum Origin {
    /// It is known outside of the function: a parameter for which `main` has a value.
    Given,
    /// It is bound by one of the statements that could move.
    Candidate(usize),
    /// It is of this event.
    Event,
}

/// A statement that could move.
struct Candidate<'a> {
    moved: Moved<'a>,
    /// The candidates it is made of.
    of: BTreeSet<usize>,
    /// Those among them that it takes as they are.
    takes: BTreeSet<usize>,
    /// Whether it makes what the rule asks for.
    asked: bool,
}

/// What may move with the value flagged at `at`: with what is made of it, or else without. `given`
/// are the parameters for which `main` has a value; `asked` says of a call whether it is one that
/// the rule asks for.
pub fn plans<'a>(
    site: &Site<'a>,
    given: &HashSet<Sym>,
    at: Bytes,
    asked: &dyn Fn(Bytes) -> bool,
) -> impl Iterator<Item = Plan<'a>> {
    let block = site.block_of(at);
    let both = [true, false].into_iter();
    both.filter_map(move |takers| {
        plan(site, block, candidates(site, block, given, at, asked), at, takers)
    })
}

fn plan<'a>(
    site: &Site<'a>,
    block: &'a Block,
    candidates: Vec<Candidate<'a>>,
    at: Bytes,
    takers: bool,
) -> Option<Plan<'a>> {
    if calls_one_of(&site.body.stmts, &KNOWN.unsettles) {
        return None;
    }
    let flagged = candidates.iter().position(|one| one.moved.init.bytes.holds(at))?;
    let mut chosen = BTreeSet::from([flagged]);
    chosen.extend(needs(&candidates, flagged));
    for (index, one) in candidates.iter().enumerate() {
        let asked = one.asked && !needs(&candidates, index).is_disjoint(&chosen);
        if asked || takers && !one.takes.is_disjoint(&chosen) {
            chosen.insert(index);
            chosen.extend(needs(&candidates, index));
        }
    }
    let mut index = 0;
    let moved: Vec<Moved<'a>> = candidates
        .into_iter()
        .filter(|_| {
            index += 1;
            chosen.contains(&(index - 1))
        })
        .map(|one| one.moved)
        .collect();
    divided(site, block, moved)
}

/// Whether a function is given nothing and does nothing but make what it returns, the value flagged
/// at `at` with it: the same each time.
pub fn only_makes(site: &Site<'_>, at: Bytes, asked: &dyn Fn(Bytes) -> bool) -> bool {
    let stmts = &site.body.stmts;
    let Some((Stmt::Expr(last, false), lets)) = stmts.split_last() else { return false };
    let candidates = candidates(site, site.body, &HashSet::new(), at, asked);
    let flagged = last.bytes.holds(at);
    let makes = if flagged || asked(last.bytes) { makes(site, last, at) } else { pure(site, last) };
    let mut fails = false;
    each_stmt(stmts, &mut |expr| fails |= matches!(expr.kind, Kind::Try(_)));
    let alone = site.def.function.params.is_empty() && candidates.len() == lets.len();
    alone && makes && !fails && !calls_one_of(stmts, &KNOWN.unsettles)
}

/// Everything that a candidate is made of.
fn needs(candidates: &[Candidate<'_>], index: usize) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut open = vec![index];
    while let Some(index) = open.pop() {
        open.extend(candidates[index].of.iter().filter(|of| all.insert(**of)));
    }
    all
}

fn candidates<'a>(
    site: &Site<'a>,
    block: &'a Block,
    given: &HashSet<Sym>,
    at: Bytes,
    asked: &dyn Fn(Bytes) -> bool,
) -> Vec<Candidate<'a>> {
    let mut origins: HashMap<Sym, Origin> = HashMap::new();
    // What is bound around the block is of this event.
    let mut names = match block.bytes == site.body.bytes {
        true => HashSet::new(),
        false => bound_within(&site.body.stmts),
    };
    names.insert(Sym::new("self"));
    site.def.function.params.iter().for_each(|(pat, _)| bound(pat, &mut names));
    for name in names {
        let origin = if given.contains(&name) { Origin::Given } else { Origin::Event };
        origins.insert(name, origin);
    }
    let mut found: Vec<Candidate<'a>> = Vec::new();
    for stmt in &block.stmts {
        let Stmt::Let(one) = stmt else { continue };
        let candidate = simple(site, one).and_then(|moved| {
            let mut uses = HashSet::new();
            used(&site.text, moved.init, &mut uses);
            let mut of = BTreeSet::new();
            for name in &uses {
                match origins.get(name) {
                    Some(Origin::Event) => return None,
                    Some(Origin::Candidate(index)) => {
                        of.insert(*index);
                    }
                    Some(Origin::Given) | None => {}
                }
            }
            let flagged = moved.init.bytes.holds(at);
            let asked = flagged || asked(moved.init.bytes);
            let taken = |name: &Sym| match origins.get(name) {
                Some(Origin::Candidate(index)) => Some(*index),
                _ => None,
            };
            let takes = taken_by(moved.init).iter().filter_map(taken).collect();
            let moves = if asked { makes(site, moved.init, at) } else { pure(site, moved.init) };
            moves.then_some(Candidate { moved, of, takes, asked })
        });
        let mut names = HashSet::new();
        bound(&one.pat, &mut names);
        for name in names {
            let origin = match &candidate {
                Some(_) => Origin::Candidate(found.len()),
                None => Origin::Event,
            };
            origins.insert(name, origin);
        }
        found.extend(candidate);
    }
    found
}

/// `let name = …;`, which is not changed afterwards.
fn simple<'a>(site: &Site<'_>, one: &'a Let) -> Option<Moved<'a>> {
    let init = one.init.as_ref().filter(|_| one.otherwise.is_none())?;
    let (pat, ty) = match &one.pat {
        Pat::Typed(inner, ty) => (&**inner, Some(ty)),
        pat => (pat, None),
    };
    let Pat::Name(name) = pat else { return None };
    let written = site.text.at(one.bytes).strip_prefix("let")?.trim_start();
    let plain = written.starts_with(name.as_str());
    plain.then_some(Moved { name: *name, bytes: one.bytes, init, ty })
}

/// Whether what a statement binds is what the flagged call, or a constructor given it, makes: a
/// client, not what one answered.
fn makes(site: &Site<'_>, init: &Expr, at: Bytes) -> bool {
    if leaves(init) || varies(init) {
        return false;
    }
    let (made, _) = made_by(init);
    match &made.kind {
        Kind::Call(..) => made.bytes == at || constructs(made) || is_configuration(site, made),
        Kind::Method(method) => {
            let finished = KNOWN.finishers.contains(method.name.as_str());
            finished || is_configuration(site, made) || made.bytes == at
        }
        Kind::Struct(_) => true,
        _ => false,
    }
}

/// Whether an expression is the same each time and does nothing else: made of literals, constants,
/// variables, constructors and the environment.
fn pure(site: &Site<'_>, expr: &Expr) -> bool {
    let all = |exprs: &[Expr]| exprs.iter().all(|expr| pure(site, expr));
    match &expr.kind {
        Kind::Lit(_) | Kind::Path(_) => true,
        Kind::Same(inner) | Kind::Try(inner) | Kind::Field(inner, _) => pure(site, inner),
        Kind::Await(inner) => is_configuration(site, inner) && !leaves(inner),
        Kind::Tuple(parts) | Kind::List(parts) => all(parts),
        Kind::Struct(one) => one.1.iter().all(|(_, value)| pure(site, value)),
        Kind::Closure(closure) => pure(site, &closure.body),
        Kind::Call(_, args) => {
            let known =
                constructs(expr) || reads_environment(site, expr) || is_configuration(site, expr);
            known && all(args) && !varies(expr)
        }
        Kind::Method(method) => pure(site, &method.receiver) && all(&method.args) && !varies(expr),
        Kind::Macro(call) => {
            let name = call.path.segments.last().map_or("", |name| name.as_str());
            matches!(name, "format" | "concat" | "env" | "option_env" | "include_str" | "vec")
                && all(&call.args)
        }
        _ => false,
    }
}

/// `Type::function(…)`, or a variant with a value.
pub fn constructs(made: &Expr) -> bool {
    let Kind::Call(callee, _) = &made.kind else { return false };
    let Kind::Path(path) = &callee.kind else { return false };
    let upper = |name: &Sym| name.starts_with(|c: char| c.is_uppercase());
    path.segments.iter().rev().take(2).any(upper)
}

/// The configuration of the AWS SDK, loaded or about to be.
fn is_configuration(site: &Site<'_>, made: &Expr) -> bool {
    called_path(site, made).is_some_and(|path| path.starts_with("aws_config::"))
}

fn reads_environment(site: &Site<'_>, made: &Expr) -> bool {
    called_path(site, made).is_some_and(|path| path.as_str() == "std::env::var")
}

fn leaves(init: &Expr) -> bool {
    let mut leaves = false;
    each(init, &mut |expr| leaves |= matches!(expr.kind, Kind::Return(_) | Kind::Break(_)));
    leaves
}

fn varies(init: &Expr) -> bool {
    let mut varies = false;
    each(init, &mut |expr| {
        varies |= called(expr).is_some_and(|name| KNOWN.varies.contains(&*name))
    });
    varies
}

fn calls_one_of(stmts: &[Stmt], names: &HashSet<String>) -> bool {
    let mut calls = false;
    each_stmt(stmts, &mut |expr| calls |= called(expr).is_some_and(|name| names.contains(&*name)));
    calls
}

/// The name of the function or method that is called.
fn called(expr: &Expr) -> Option<Sym> {
    match &expr.kind {
        Kind::Method(method) => Some(method.name),
        Kind::Call(callee, _) => match &callee.kind {
            Kind::Path(path) => path.segments.last().copied(),
            _ => None,
        },
        _ => None,
    }
}

/// The variables that a constructor is given as they are.
fn taken_by(init: &Expr) -> Vec<Sym> {
    let mut names = Vec::new();
    let mut take = |expr: &Expr| {
        if let Kind::Path(path) = &expr.kind
            && let [name] = &*path.segments
        {
            names.push(*name);
        }
    };
    take(init);
    each(init, &mut |expr| match &expr.kind {
        Kind::Call(_, args) => args.iter().for_each(&mut take),
        Kind::Method(method) => method.args.iter().for_each(&mut take),
        Kind::Struct(one) => one.1.iter().for_each(|(_, value)| take(value)),
        _ => {}
    });
    names
}

/// How statements use what moves. `None` where a reference cannot stand for it, nor a clone where
/// it is given away.
pub fn lent(site: &Site<'_>, stmts: &[&Stmt], one: &Moved<'_>) -> Option<Uses> {
    let uses = uses(&site.text, stmts, one.name)?;
    (uses.given.is_empty() || shares(site, one)).then_some(uses)
}

/// Divides a body. `None` where what stays could mean something else by a name that moves, or uses
/// none of them.
fn divided<'a>(site: &Site<'a>, block: &'a Block, moved: Vec<Moved<'a>>) -> Option<Plan<'a>> {
    let goes = |stmt: &&Stmt| moved.iter().any(|one| one.bytes == stmt_bytes(stmt));
    let rest: Vec<&Stmt> = block.stmts.iter().filter(|stmt| !goes(stmt)).collect();
    let mut handed: Vec<Sym> = Vec::new();
    for (index, one) in moved.iter().enumerate() {
        let again = moved[index + 1..].iter().any(|later| later.name == one.name);
        let before = rest.iter().any(|stmt| {
            let mut names = HashSet::new();
            used_in(&site.text, stmt, &mut names);
            names.contains(&one.name) && stmt_bytes(stmt).start < one.bytes.start
        });
        if !again && !lent(site, &rest, one)?.none() {
            if before {
                return None;
            }
            handed.push(one.name);
        }
    }
    (!handed.is_empty()).then_some(Plan { block, moved, rest, handed })
}

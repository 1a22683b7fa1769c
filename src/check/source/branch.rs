//! Does each event lead to a call, or only some? Does what leads to the handler?

use super::types;
use crate::facts::{
    code::{
        eval::{Call, Code, Link},
        ir::{Block, Bytes, Expr, Kind, Pat, Path, Stmt},
        reach::State,
        value::NodeId,
        walk::each_stmt,
        world::FnId,
    },
    functions_code::FunctionCode,
};

/// Whether no branch and no closure stands on the way from the handler to a call. What only some
/// events need may be what a cache did not have.
pub fn always(code: FunctionCode<'_>, state: State, call: &Call) -> bool {
    let way = code.reach.way(state);
    let edge = |(at, edge): &(State, usize)| &code.node(at.node).edges[*edge];
    let handed = way.iter().rposition(|step| matches!(edge(step).link, Link::PerEvent(_)));
    let after = &way[handed.map_or(0, |index| index + 1)..];
    let straight = |step: &(State, usize)| {
        let called = matches!(code.node(edge(step).to).code, Code::Fn(_));
        called && !in_branch(code, step.0.node, edge(step).bytes)
    };
    after.iter().all(straight) && !in_branch(code, state.node, call.bytes)
}

/// Whether a call can stand before the first event: not where it is in one branch and the handler
/// is handed over in another, or behind what returns, and not where only a failure leads to it.
pub fn before_events(code: FunctionCode<'_>, state: State, call: &Call) -> bool {
    let spots = |state: State, last: Bytes| -> Vec<(FnId, Bytes)> {
        let way = code.reach.way(state);
        let steps = way.iter().map(|(at, edge)| (at.node, code.node(at.node).edges[*edge].bytes));
        let steps = steps.chain([(state.node, last)]);
        steps.filter_map(|(node, bytes)| Some((around(code, node)?, bytes))).collect()
    };
    let own = spots(state, call.bytes);
    let failed = own.iter().any(|(function, bytes)| {
        branches(code, *function).iter().any(|branch| branch.failure && branch.bytes.holds(*bytes))
    });
    let handed = code.reach.entries.iter().filter_map(|(node, edge, _)| {
        let from = code.reach.states.iter().find(|state| state.node == *node)?;
        Some(spots(*from, code.node(*node).edges[*edge].bytes))
    });
    let handed: Vec<_> = handed.collect();
    let apart = |entry: &Vec<(FnId, Bytes)>| {
        own.iter().any(|(function, bytes)| {
            let others = entry.iter().filter(|(other, _)| other == function);
            let mut others = others.map(|(_, other)| *other);
            others.any(|other| exclude(&branches(code, *function), *bytes, other))
        })
    };
    !failed && (handed.is_empty() || !handed.iter().all(apart))
}

/// What a call stands in for where it fails: of `make().unwrap_or_else(|_| other())`, `make()`.
pub fn instead_of(code: FunctionCode<'_>, node: NodeId, call: &Call) -> Option<Bytes> {
    let body = &types(code).world.functions[around(code, node)?.index()].function.body;
    let mut found = None;
    each_stmt(&body.as_ref()?.stmts, &mut |expr| {
        if let Kind::Method(method) = &expr.kind
            && matches!(&*method.name, "unwrap_or_else" | "unwrap_or" | "or_else" | "or")
            && method.args.iter().any(|arg| arg.bytes.holds(call.bytes))
        {
            found = Some(method.receiver.bytes);
        }
    });
    found
}

/// One of several ways to go on.
struct Branch {
    /// Where it stands.
    bytes: Bytes,
    /// The `if` or `match` it belongs to.
    of: Bytes,
    /// Whether it leaves the function.
    ends: bool,
    /// Whether only a failure leads to it.
    failure: bool,
}

/// Whether what runs one of two places does not run the other.
fn exclude(branches: &[Branch], one: Bytes, other: Bytes) -> bool {
    let either = |one: Bytes, other: Bytes| {
        branches.iter().filter(|branch| branch.bytes.holds(one)).any(|branch| {
            let beside = |next: &&Branch| next.of == branch.of && next.bytes != branch.bytes;
            branch.ends && branch.of.end <= other.start
                || branches.iter().filter(beside).any(|next| next.bytes.holds(other))
        })
    };
    either(one, other) || either(other, one)
}

/// The branches of a function.
fn branches(code: FunctionCode<'_>, function: FnId) -> Vec<Branch> {
    let mut found = Vec::new();
    let body = types(code).world.functions[function.index()].function.body.as_ref();
    let Some(body) = body else { return found };
    found.extend(behind_success(body));
    each_stmt(&body.stmts, &mut |expr| match &expr.kind {
        Kind::Block(block) | Kind::Async(block) => found.extend(behind_success(block)),
        // A loop whose condition is a failure waits for something else to be ready.
        Kind::Loop(one) => found.extend(behind_success(&one.body)),
        Kind::If(one) => {
            found.extend(behind_success(&one.then));
            let (then, failure) = (one.then.bytes, fails(&one.cond));
            found.push(Branch { bytes: then, of: expr.bytes, ends: ends(&one.then), failure });
            if let Some(other) = &one.otherwise {
                let (ends, failure) = (leaves(other), succeeds(&one.cond));
                found.push(Branch { bytes: other.bytes, of: expr.bytes, ends, failure });
            }
        }
        Kind::Match(one) => {
            // What is not there yet is no failure, so `None` beside `Some` is none.
            let known = one.1.iter().any(|arm| is_variant(&arm.pat, "Ok"));
            found.extend(one.1.iter().map(|arm| Branch {
                bytes: arm.body.bytes,
                of: expr.bytes,
                ends: leaves(&arm.body),
                failure: known && !is_variant(&arm.pat, "Ok") || is_variant(&arm.pat, "Err"),
            }));
        }
        _ => {}
    });
    found
}

/// What stands behind `if … is_ok() { return … }` in a block: what goes on after a failure.
fn behind_success(block: &Block) -> Option<Branch> {
    let at = block.stmts.iter().position(|stmt| match stmt {
        Stmt::Expr(expr, _) => matches!(&expr.kind, Kind::If(one)
            if one.otherwise.is_none() && succeeds(&one.cond) && ends(&one.then)),
        Stmt::Let(_) => false,
    })?;
    let start = match block.stmts.get(at + 1)? {
        Stmt::Let(one) => one.bytes.start,
        Stmt::Expr(expr, _) => expr.bytes.start,
    };
    let bytes = Bytes { start, end: block.bytes.end };
    Some(Branch { bytes, of: bytes, ends: false, failure: true })
}

/// Whether a condition holds where something failed.
fn fails(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::Let(one) => is_variant(&one.0, "Err"),
        Kind::Method(method) => *method.name == *"is_err",
        _ => false,
    }
}

/// Whether a condition holds where something did not fail.
fn succeeds(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::Let(one) => is_variant(&one.0, "Ok"),
        Kind::Method(method) => *method.name == *"is_ok",
        _ => false,
    }
}

fn is_variant(pat: &Pat, name: &str) -> bool {
    let named = |path: &Path| path.segments.last().is_some_and(|last| **last == *name);
    match pat {
        Pat::TupleStruct(path, _) | Pat::Struct(path, _) | Pat::Path(path) => named(path),
        _ => false,
    }
}

/// Whether a block always leaves the function, or the loop around it.
fn ends(block: &Block) -> bool {
    block.stmts.last().is_some_and(|stmt| match stmt {
        Stmt::Expr(expr, _) => leaves(expr),
        Stmt::Let(_) => false,
    })
}

fn leaves(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Return(_) | Kind::Break(_) => true,
        Kind::Block(block) => ends(block),
        Kind::Call(callee, _) => matches!(&callee.kind, Kind::Path(path)
            if matches!(&*path.segments, [.., of, exit] if **of == *"process" && **exit == *"exit")),
        _ => false,
    }
}

/// The function that a node stands in.
pub fn around(code: FunctionCode<'_>, node: NodeId) -> Option<FnId> {
    match code.node(node).code {
        Code::Closure(parent, _) => around(code, parent),
        Code::Fn(id) => Some(id),
        _ => None,
    }
}

/// Whether some bytes of a node stand in a branch of its own.
fn in_branch(code: FunctionCode<'_>, node: NodeId, bytes: Bytes) -> bool {
    let start = code.node(node).head.start;
    let Some(id) = around(code, node) else { return true };
    let holds = |branch: &Branch| start <= branch.bytes.start && branch.bytes.holds(bytes);
    types(code).world.functions[id.index()].function.body.is_none()
        || branches(code, id).iter().any(holds)
}

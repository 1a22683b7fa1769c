//! Does each event lead to a call, or only some?

use super::{change::each_stmt, types};
use crate::facts::{
    code::{
        eval::{Call, Code, Link},
        ir::{Bytes, Kind},
        reach::State,
        value::NodeId,
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

/// Whether some bytes of a node stand in a branch of its own.
fn in_branch(code: FunctionCode<'_>, node: NodeId, bytes: Bytes) -> bool {
    let start = code.node(node).head.start;
    let mut around = node;
    let id = loop {
        match code.node(around).code {
            Code::Closure(parent, _) => around = parent,
            Code::Fn(id) => break id,
            _ => return true,
        }
    };
    let Some(body) = &types(code).world.functions[id.index()].function.body else { return true };
    let holds = |branch: Bytes| {
        start <= branch.start && branch.start <= bytes.start && bytes.end <= branch.end
    };
    let mut found = false;
    each_stmt(&body.stmts, &mut |expr| match &expr.kind {
        Kind::If(one) => {
            let otherwise = one.otherwise.as_ref().is_some_and(|other| holds(other.bytes));
            found |= holds(one.then.bytes) || otherwise;
        }
        Kind::Match(one) => found |= one.1.iter().any(|arm| holds(arm.body.bytes)),
        _ => {}
    });
    found
}

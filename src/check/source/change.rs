//! Edits of source: what a person would write, as replacements of bytes.
//!
//! Each change is planned on the items and bodies that the analysis keeps, and written in the
//! style of the text around it. A shape that is not one of those planned for gets no edits: the
//! finding then says what to do and leaves it to a person.

mod force;

mod hoist;

mod keep;

mod prime;

mod text;

mod written;

pub use force::force;
pub use hoist::hoist;
pub use keep::make_static;
pub use prime::{Prime, prime};

use crate::facts::{
    code::{
        eval::{Code, Link},
        ir::{Expr, Kind, Stmt},
        sym::Sym,
        world::FnDef,
    },
    functions_code::FunctionCode,
};
use std::collections::HashSet;

/// `main` with the statement that hands events over.
struct Main<'a> {
    /// As written.
    def: &'a FnDef,
    /// The statement of its body in which a handler or router is handed over, or is run.
    serves: usize,
}

/// Finds `main`, when it is an ordinary function that runs the runtime itself.
fn main_of(code: FunctionCode<'_>) -> Option<Main<'_>> {
    let start = code.reach.states.first()?;
    let node = code.node(start.node);
    let Code::Fn(id) = node.code else { return None };
    let def = &code.facts.world.functions[id.index()];
    let body = def.function.body.as_ref()?;
    let handed = node.edges.iter().find(|edge| matches!(edge.link, Link::PerEvent(_)));
    let run = node.calls.iter().find(|call| {
        let name = call.path.as_str().rsplit(['.', ':']).next().unwrap_or_default();
        name.starts_with("run") || name == "serve"
    });
    let at = handed.map(|edge| edge.bytes).or_else(|| run.map(|call| call.bytes))?;
    let serves = body.stmts.iter().position(|stmt| {
        let bytes = stmt_bytes(stmt);
        bytes.start <= at.start && at.end <= bytes.end
    })?;
    Some(Main { def, serves })
}

/// Where a statement stands, its semicolon left out for an expression.
fn stmt_bytes(stmt: &Stmt) -> crate::facts::code::ir::Bytes {
    match stmt {
        Stmt::Let(one) => one.bytes,
        Stmt::Expr(expr, _) => expr.bytes,
    }
}

/// What a value is made by, under `?`, `.await`, `.unwrap()`, `.expect(…)` and borrows.
fn made_by(expr: &Expr) -> (&Expr, bool) {
    match &expr.kind {
        Kind::Try(inner) | Kind::Same(inner) => made_by(inner),
        Kind::Await(inner) => (made_by(inner).0, true),
        Kind::Method(method) if matches!(method.name.as_str(), "unwrap" | "expect") => {
            made_by(&method.receiver)
        }
        _ => (expr, false),
    }
}

/// The variables an expression uses, closures and blocks included; paths of several names are not
/// variables.
fn variables(expr: &Expr, into: &mut HashSet<Sym>) {
    each(expr, &mut |expr| {
        if let Kind::Path(path) = &expr.kind
            && let [name] = &*path.segments
        {
            into.insert(*name);
        }
    });
}

/// Visits an expression and everything in it.
pub(super) fn each<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    visit(expr);
    match &expr.kind {
        Kind::Call(callee, args) => {
            each(callee, visit);
            args.iter().for_each(|arg| each(arg, visit));
        }
        Kind::Method(method) => {
            each(&method.receiver, visit);
            method.args.iter().for_each(|arg| each(arg, visit));
        }
        Kind::Macro(call) => call.args.iter().for_each(|arg| each(arg, visit)),
        Kind::Closure(closure) => each(&closure.body, visit),
        Kind::Async(block) | Kind::Block(block) => each_stmt(&block.stmts, visit),
        Kind::Await(inner)
        | Kind::Try(inner)
        | Kind::Same(inner)
        | Kind::RefMut(inner)
        | Kind::Field(inner, _) => each(inner, visit),
        Kind::Index(two) | Kind::Assign(two) => {
            each(&two.0, visit);
            each(&two.1, visit);
        }
        Kind::Let(one) => each(&one.1, visit),
        Kind::If(one) => {
            each(&one.cond, visit);
            each_stmt(&one.then.stmts, visit);
            one.otherwise.iter().for_each(|other| each(other, visit));
        }
        Kind::Match(one) => {
            each(&one.0, visit);
            for arm in &one.1 {
                arm.guard.iter().for_each(|guard| each(guard, visit));
                each(&arm.body, visit);
            }
        }
        Kind::Loop(one) => {
            one.head.iter().for_each(|head| each(head, visit));
            each_stmt(&one.body.stmts, visit);
        }
        Kind::Struct(one) => one.1.iter().for_each(|(_, value)| each(value, visit)),
        Kind::Tuple(parts) | Kind::List(parts) | Kind::Parts(parts) => {
            parts.iter().for_each(|part| each(part, visit));
        }
        Kind::Return(value) | Kind::Break(value) => {
            value.iter().for_each(|value| each(value, visit));
        }
        Kind::Lit(_) | Kind::Path(_) => {}
    }
}

/// Visits statements and everything in them.
pub(super) fn each_stmt<'e>(stmts: &'e [Stmt], visit: &mut dyn FnMut(&'e Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Let(one) => {
                one.init.iter().for_each(|init| each(init, visit));
                one.otherwise.iter().for_each(|other| each(other, visit));
            }
            Stmt::Expr(expr, _) => each(expr, visit),
        }
    }
}

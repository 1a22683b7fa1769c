//! Statements that wait one after the other, with what each needs of the ones before.
//!
//! A row is broken by whatever may decide whether the next statement happens at all, or may change
//! what it finds: a condition, a loop, something waited for without a name. A value that is made
//! from what was waited for stands for it.

use super::{Awaited, Eval, pattern};
use crate::facts::code::{
    ir::{Block, Expr, Kind, Let, Lit, Stmt},
    sym::Sym,
};
use rustc_hash::FxHashSet as HashSet;

/// The statements that wait, since the row was last broken.
pub type Row = Vec<Awaited>;

impl Eval<'_, '_> {
    /// Puts a `let` into its place in the row.
    pub fn in_row(&mut self, row: &mut Row, one: &Let) {
        if let Some(awaited) = self.awaited(one) {
            row.push(awaited);
            return;
        }
        let (Some(last), Some(init)) = (row.last_mut(), &one.init) else { return };
        let mut uses = HashSet::default();
        mentioned(init, &mut uses);
        if !last.binds.iter().any(|name| uses.contains(name)) {
            return;
        }
        // `let n = first.count()?;` decides as `let … else` does.
        match one.otherwise.is_some() || matches!(init.kind, Kind::Try(_)) {
            true => self.end_row(row),
            false => pattern::names(&one.pat, &mut last.binds),
        }
    }

    /// Keeps a row that ends here, and starts a new one.
    pub fn end_row(&mut self, row: &mut Row) {
        let row = std::mem::take(row);
        if row.len() > 1 {
            self.out.awaits.push(row);
        }
    }

    /// What a `let` waits for, if it waits.
    fn awaited(&mut self, one: &Let) -> Option<Awaited> {
        let init = one.init.as_ref()?;
        let mut waiting = init;
        loop {
            match &waiting.kind {
                Kind::Try(inner) | Kind::Same(inner) => waiting = inner,
                Kind::Method(method) if &*method.name == "expect" || &*method.name == "unwrap" => {
                    waiting = &method.receiver;
                }
                Kind::Await(inner) => {
                    waiting = inner;
                    break;
                }
                _ => return None,
            }
        }
        let mut binds = Vec::new();
        pattern::names(&one.pat, &mut binds);
        let mut uses = HashSet::default();
        mentioned(init, &mut uses);
        let call = self.out.calls.iter().rev().find(|call| call.bytes == waiting.bytes);
        let called = self.out.edges.iter().rev().find(|edge| edge.bytes == waiting.bytes);
        let waits_for = call
            .map(|call| call.path)
            .or_else(|| called.map(|edge| self.graph.nodes[edge.to.index()].name));
        Some(Awaited { bytes: one.bytes, binds, uses, waits_for })
    }
}

/// Whether a statement without a name may decide over the ones after it.
pub fn decides(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Await(_)
        | Kind::If(_)
        | Kind::Match(_)
        | Kind::Loop(_)
        | Kind::Block(_)
        | Kind::Try(_) => true,
        Kind::Same(inner) => decides(inner),
        Kind::Method(method) => decides(&method.receiver),
        _ => false,
    }
}

/// The single names an expression mentions.
fn mentioned(expr: &Expr, into: &mut HashSet<Sym>) {
    match &expr.kind {
        Kind::Path(path) => into.extend(path.segments.first().copied()),
        Kind::Call(callee, args) => {
            mentioned(callee, into);
            all(args, into);
        }
        Kind::Method(method) => {
            mentioned(&method.receiver, into);
            all(&method.args, into);
        }
        Kind::Macro(call) => {
            all(&call.args, into);
            call.args.iter().for_each(|arg| captured(arg, into));
        }
        Kind::Await(inner)
        | Kind::Try(inner)
        | Kind::Same(inner)
        | Kind::RefMut(inner)
        | Kind::Field(inner, _) => {
            mentioned(inner, into);
        }
        Kind::Index(parts) => {
            mentioned(&parts.0, into);
            mentioned(&parts.1, into);
        }
        Kind::Struct(one) => one.1.iter().for_each(|(_, value)| mentioned(value, into)),
        Kind::Tuple(parts) | Kind::List(parts) | Kind::Parts(parts) => all(parts, into),
        Kind::Closure(closure) => mentioned(&closure.body, into),
        Kind::Async(block) | Kind::Block(block) => in_block(block, into),
        Kind::Let(one) => mentioned(&one.1, into),
        Kind::If(one) => {
            mentioned(&one.cond, into);
            in_block(&one.then, into);
            one.otherwise.iter().for_each(|expr| mentioned(expr, into));
        }
        Kind::Match(one) => {
            mentioned(&one.0, into);
            one.1.iter().for_each(|arm| mentioned(&arm.body, into));
        }
        _ => {}
    }
}

fn all(exprs: &[Expr], into: &mut HashSet<Sym>) {
    exprs.iter().for_each(|expr| mentioned(expr, into));
}

fn in_block(block: &Block, into: &mut HashSet<Sym>) {
    for stmt in &block.stmts {
        match stmt {
            Stmt::Let(one) => one.init.iter().for_each(|init| mentioned(init, into)),
            Stmt::Expr(expr, _) => mentioned(expr, into),
        }
    }
}

/// The names a format string takes from around it: `"{table}-{id:?}"`.
fn captured(arg: &Expr, into: &mut HashSet<Sym>) {
    let Kind::Lit(Lit::Str(text)) = &arg.kind else { return };
    for part in text.split('{').skip(1) {
        let end = part.find(|one: char| !(one.is_alphanumeric() || one == '_'));
        let name = &part[..end.unwrap_or(part.len())];
        if !name.is_empty() {
            into.insert(Sym::new(name));
        }
    }
}

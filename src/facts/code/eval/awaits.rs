//! Statements that wait one after the other, with what each needs of the ones before.
//!
//! A row is broken by whatever may decide whether the next statement happens at all, or may change
//! what it finds: a condition, a loop, something waited for without a name. A value that is made
//! from what was waited for stands for it.

use super::{Awaited, Eval};
use crate::facts::code::{
    ir::{Expr, Kind, Let, Lit},
    sym::Sym,
    walk::{bound, each},
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
        match one.otherwise.is_some() || may_leave(init) {
            true => self.end_row(row),
            false => bound(&one.pat, &mut last.binds),
        }
    }

    /// Puts a statement without a name into its place in the row. What it mentions beside what was
    /// waited for may hold that now: `cart.add(&first);`.
    pub fn between(&mut self, row: &mut Row, expr: &Expr) {
        if decides(expr) {
            return self.end_row(row);
        }
        let Some(last) = row.last_mut() else { return };
        let mut uses = HashSet::default();
        mentioned(expr, &mut uses);
        if last.binds.iter().any(|name| uses.contains(name)) {
            last.binds.extend(uses);
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
                Kind::Await(_) => break,
                _ => return None,
            }
        }
        let mut binds = Vec::new();
        bound(&one.pat, &mut binds);
        let mut uses = HashSet::default();
        mentioned(init, &mut uses);
        Some(Awaited { bytes: one.bytes, binds, uses })
    }
}

/// Whether a statement without a name may decide over the ones after it.
fn decides(expr: &Expr) -> bool {
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

/// Whether evaluating an expression may end the block it stands in.
fn may_leave(expr: &Expr) -> bool {
    let mut leaves = false;
    each(expr, &mut |inner| {
        leaves |= matches!(inner.kind, Kind::Try(_) | Kind::Return(_) | Kind::Break(_));
    });
    leaves
}

/// The single names an expression mentions.
fn mentioned(expr: &Expr, into: &mut HashSet<Sym>) {
    each(expr, &mut |inner| match &inner.kind {
        Kind::Path(path) => into.extend(path.segments.first().copied()),
        Kind::Macro(call) => call.args.iter().for_each(|arg| captured(arg, into)),
        _ => {}
    });
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

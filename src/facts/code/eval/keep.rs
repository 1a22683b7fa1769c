//! Recognises values that are made on first use and kept by hand.
//!
//! A branch that is decided by something kept (a static, a field) and that stores into the same
//! place makes what it makes once: `if cache.is_none() { *cache = Some(make()) }`, the arm of a
//! `match`, or all that follows `if let Some(hit) = … { return hit }`. Without the store it is an
//! ordinary branch.

use super::{Code, Eval, Output};
use crate::facts::code::{
    ir::{Block, Expr, Kind, Stmt},
    value::{Keep, NodeId, Val},
    world::FnId,
};

/// A branch that something kept decides over.
pub struct Region {
    /// The branch around it.
    outer: Option<usize>,
    /// The places that decide.
    by: Vec<Keep>,
    /// Whether it stores into one of them.
    stores: bool,
}

/// Marks what stands in branches that store: it happens only when nothing is kept yet.
pub fn settle(out: &mut Output) {
    let kept = |mut region: Option<usize>| {
        while let Some(index) = region {
            let Some(one) = out.regions.get(index) else { return false };
            if one.stores {
                return true;
            }
            region = one.outer;
        }
        false
    };
    for call in &mut out.calls {
        call.kept = kept(call.region);
    }
    for edge in &mut out.edges {
        edge.kept = kept(edge.region);
    }
}

impl Eval<'_, '_> {
    /// Enters a branch decided by these places; none for an ordinary branch. Returns the branch
    /// to come back to.
    pub fn enter(&mut self, by: &[Keep]) -> Option<usize> {
        let outer = self.out.region;
        if !by.is_empty() {
            // `if !DONE.swap(true) { … }`: who asks has stored.
            let stores = by.iter().any(|place| self.out.swapped.contains(place));
            self.out.regions.push(Region { outer, by: by.to_vec(), stores });
            self.out.region = Some(self.out.regions.len() - 1);
        }
        outer
    }

    /// Enters what only happens when nothing is kept yet.
    pub fn enter_once(&mut self) {
        let outer = self.out.region;
        self.out.regions.push(Region { outer, by: Vec::new(), stores: true });
        self.out.region = Some(self.out.regions.len() - 1);
    }

    /// Comes back from a branch.
    pub fn leave(&mut self, outer: Option<usize>) {
        self.out.region = outer;
    }

    /// Notes that something was kept in a place.
    pub fn store(&mut self, place: Option<Keep>) {
        let Some(place) = place else { return };
        // What a parameter is differs between callers, and a field by its name alone may be any.
        if !matches!(place, Keep::Field(None, _)) && !self.out.lent.contains(&place) {
            self.out.stored.insert(place);
        }
        let mut region = self.out.region;
        while let Some(index) = region {
            let one = &mut self.out.regions[index];
            one.stores |= one.by.contains(&place);
            region = one.outer;
        }
    }

    /// Notes a store into a variable: into `self`, it is one of the method as a whole.
    pub fn stored_into(&mut self, target: &Expr) {
        let root = self.local(behind_access(target));
        self.out.stores |= root.is_some_and(|at| &*self.locals[at].0 == "self");
    }

    /// Notes what a called function stores, and where what it returns is kept.
    pub fn called(&mut self, node: NodeId) {
        let stored: Vec<Keep> = self.graph.nodes[node.index()].stored.iter().copied().collect();
        stored.into_iter().for_each(|place| self.store(Some(place)));
        self.out.read.extend(self.graph.nodes[node.index()].returns);
    }

    /// Whether a method stores into what it is called on.
    pub fn stores(&self, function: FnId) -> bool {
        let node = self.graph.find(Code::Fn(function));
        node.is_some_and(|node| self.graph.nodes[node.index()].stores)
    }

    /// Evaluates a condition or scrutinee, with the places it reads.
    pub fn deciding(&mut self, expr: &Expr) -> (Val, Vec<Keep>) {
        let outer = std::mem::take(&mut self.out.read);
        let val = self.expr(expr);
        let mut read = std::mem::replace(&mut self.out.read, outer);
        read.extend(val.keep);
        read.sort_unstable();
        read.dedup();
        self.out.read.extend(read.iter().copied());
        (val, read)
    }
}

/// What is accessed: of `*self.kept.lock().await`, `self.kept`.
fn behind_access(expr: &Expr) -> &Expr {
    match &expr.kind {
        Kind::Method(method) => behind_access(&method.receiver),
        Kind::Await(inner) | Kind::Try(inner) | Kind::Same(inner) | Kind::RefMut(inner) => {
            behind_access(inner)
        }
        _ => expr,
    }
}

/// Whether a block may leave the function.
pub fn returns(block: &Block) -> bool {
    block.stmts.iter().any(|stmt| match stmt {
        Stmt::Let(one) => one.otherwise.as_ref().is_some_and(leaves),
        Stmt::Expr(expr, _) => leaves(expr),
    })
}

/// Whether an expression may leave the function by `return`.
pub fn leaves(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Return(_) => true,
        Kind::Block(block) => returns(block),
        Kind::If(one) => returns(&one.then) || one.otherwise.as_ref().is_some_and(leaves),
        Kind::Match(one) => one.1.iter().any(|arm| leaves(&arm.body)),
        Kind::Loop(one) => returns(&one.body),
        _ => false,
    }
}

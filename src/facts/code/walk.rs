//! Visits expressions and everything in them, all of it or where a name means the same.

use super::{
    ir::{Block, Expr, Kind, Let, Pat, Stmt},
    sym::Sym,
};
use std::collections::HashSet;

/// Visits an expression and everything in it.
pub fn each<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    Walk { name: None, visit }.expr(expr);
}

/// Visits statements and everything in them.
pub fn each_stmt<'e>(stmts: impl IntoIterator<Item = &'e Stmt>, visit: &mut dyn FnMut(&'e Expr)) {
    Walk { name: None, visit }.stmts(stmts);
}

/// Visits what is in statements as long as a variable that is known in front of them means the
/// same: not what stands behind another one of its name.
pub fn each_that_sees<'e>(
    name: Sym,
    stmts: impl IntoIterator<Item = &'e Stmt>,
    visit: &mut dyn FnMut(&'e Expr),
) {
    Walk { name: Some(name), visit }.stmts(stmts);
}

/// Visits the `let` statements among some, at any depth.
pub fn each_let<'e>(
    stmts: impl IntoIterator<Item = &'e Stmt> + Clone,
    visit: &mut dyn FnMut(&'e Let),
) {
    let mut lets: Vec<&'e Let> = Vec::new();
    let among = |stmt: &'e Stmt| match stmt {
        Stmt::Let(one) => Some(&**one),
        Stmt::Expr(..) => None,
    };
    lets.extend(stmts.clone().into_iter().filter_map(among));
    each_stmt(stmts, &mut |expr| match &expr.kind {
        Kind::Async(block) | Kind::Block(block) => {
            lets.extend(block.stmts.iter().filter_map(among))
        }
        Kind::If(one) => lets.extend(one.then.stmts.iter().filter_map(among)),
        Kind::Loop(one) => lets.extend(one.body.stmts.iter().filter_map(among)),
        _ => {}
    });
    lets.into_iter().for_each(visit);
}

/// The names that a pattern binds.
pub fn bound(pat: &Pat, into: &mut impl Extend<Sym>) {
    match pat {
        Pat::Name(name) => into.extend([*name]),
        Pat::Tuple(parts) | Pat::TupleStruct(_, parts) | Pat::Or(parts) => {
            parts.iter().for_each(|part| bound(part, into));
        }
        Pat::Struct(_, fields) => fields.iter().for_each(|(_, part)| bound(part, into)),
        Pat::Typed(inner, _) => bound(inner, into),
        Pat::Path(_) | Pat::Other => {}
    }
}

struct Walk<'v, 'e> {
    /// The variable that is looked for.
    name: Option<Sym>,
    visit: &'v mut dyn FnMut(&'e Expr),
}

impl<'e> Walk<'_, 'e> {
    fn hides(&self, pat: &Pat) -> bool {
        let mut names = HashSet::new();
        self.name.is_some_and(|name| {
            bound(pat, &mut names);
            names.contains(&name)
        })
    }

    /// Whether a condition binds another variable of the name, as `if let` does.
    fn hidden_by(&self, condition: &Expr) -> bool {
        match &condition.kind {
            Kind::Let(one) => self.hides(&one.0),
            Kind::Parts(parts) => parts.iter().any(|part| self.hidden_by(part)),
            Kind::Same(inner) => self.hidden_by(inner),
            _ => false,
        }
    }

    fn stmts(&mut self, stmts: impl IntoIterator<Item = &'e Stmt>) {
        for stmt in stmts {
            match stmt {
                Stmt::Let(one) => {
                    one.init.iter().chain(&one.otherwise).for_each(|expr| self.expr(expr));
                    if self.hides(&one.pat) {
                        return;
                    }
                }
                Stmt::Expr(expr, _) => self.expr(expr),
            }
        }
    }

    fn block(&mut self, block: &'e Block) {
        self.stmts(&block.stmts);
    }

    fn all(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &'e Expr) {
        (self.visit)(expr);
        match &expr.kind {
            Kind::Call(callee, args) => {
                self.expr(callee);
                self.all(args);
            }
            Kind::Method(method) => {
                self.expr(&method.receiver);
                self.all(&method.args);
            }
            Kind::Macro(call) => self.all(&call.args),
            Kind::Closure(closure) => {
                if !closure.params.iter().any(|pat| self.hides(pat)) {
                    self.expr(&closure.body);
                }
            }
            Kind::Async(block) | Kind::Block(block) => self.block(block),
            Kind::Await(inner)
            | Kind::Try(inner)
            | Kind::Same(inner)
            | Kind::RefMut(inner)
            | Kind::Field(inner, _) => self.expr(inner),
            Kind::Index(two) | Kind::Assign(two) => {
                self.expr(&two.0);
                self.expr(&two.1);
            }
            Kind::Let(one) => self.expr(&one.1),
            Kind::If(one) => {
                self.expr(&one.cond);
                if !self.hidden_by(&one.cond) {
                    self.block(&one.then);
                }
                self.all(&one.otherwise);
            }
            Kind::Match(one) => {
                self.expr(&one.0);
                for arm in &one.1 {
                    if !self.hides(&arm.pat) {
                        self.all(&arm.guard);
                        self.expr(&arm.body);
                    }
                }
            }
            Kind::Loop(one) => {
                self.all(&one.head);
                let hidden = one.head.as_ref().is_some_and(|head| self.hidden_by(head));
                if !hidden && !one.pat.as_ref().is_some_and(|pat| self.hides(pat)) {
                    self.block(&one.body);
                }
            }
            Kind::Struct(one) => self.all(one.1.iter().map(|(_, value)| value)),
            Kind::Tuple(parts) | Kind::List(parts) | Kind::Parts(parts) => self.all(parts),
            Kind::Return(value) | Kind::Break(value) => {
                self.all(value.iter().map(|value| &**value));
            }
            Kind::Lit(_) | Kind::Path(_) => {}
        }
    }
}

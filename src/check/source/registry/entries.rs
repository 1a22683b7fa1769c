//! What a body puts into a registry whatever the event is.

use crate::facts::code::{
    ir::{Expr, Kind, Pat, Path, Stmt},
    sym::Sym,
    walk::{bound, each},
};
use std::collections::HashSet;

/// Looks for what a body puts into a registry whatever the event is: things under literal names,
/// and boxes around what is the same for every event. What a loop or a closure puts in is as many
/// as there are of something else.
#[derive(Clone, Default)]
pub struct Entries {
    /// The variables that hold the event, or what took waiting.
    pub fetched: HashSet<Sym>,
    /// Those that may hold something else for each event besides.
    pub varies: HashSet<Sym>,
    /// Whether boxes count where they are put into a list only: others are a field's.
    pub listed: bool,
}

impl Entries {
    /// Whether a body puts something in.
    pub fn any(&mut self, stmts: &[Stmt]) -> bool {
        stmts.iter().any(|stmt| match stmt {
            Stmt::Let(one) => {
                let found = one.init.iter().chain(&one.otherwise).any(|expr| self.within(expr));
                one.init.iter().for_each(|init| self.bind(&one.pat, init));
                found
            }
            Stmt::Expr(expr, _) => self.within(expr),
        })
    }

    /// What is made of something that varies does so too.
    pub fn bind(&mut self, pat: &Pat, value: &Expr) {
        if mentions(value, &[&self.fetched]) {
            bound(pat, &mut self.fetched);
        } else if mentions(value, &[&self.varies]) {
            bound(pat, &mut self.varies);
        }
    }

    /// Whether a value differs between events, as far as its text shows.
    pub fn differs(&self, value: &Expr) -> bool {
        mentions(value, &[&self.fetched, &self.varies])
    }

    /// Whether boxes around what is the same for every event are put into a list.
    fn put(&mut self, values: &[Expr]) -> bool {
        let mut anywhere = Entries { listed: false, ..self.clone() };
        values.iter().any(|value| anywhere.within(value))
    }

    fn within(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            Kind::Call(callee, args) => {
                let boxes = matches!(&callee.kind, Kind::Path(path) if boxes(path));
                boxes && !self.listed && !args.iter().any(|arg| self.differs(arg))
                    || args.iter().any(|arg| self.within(arg))
            }
            Kind::Method(method) => {
                let named = matches!(&*method.args, [key, entry] if *method.name == *"insert"
                    && is_literal(key) && !mentions(entry, &[&self.fetched]));
                named
                    || *method.name == *"push" && self.put(&method.args)
                    || self.within(&method.receiver)
                    || method.args.iter().any(|arg| self.within(arg))
            }
            Kind::Macro(call) => {
                let list = call.path.segments.last().is_some_and(|name| **name == *"vec");
                list && self.put(&call.args) || call.args.iter().any(|arg| self.within(arg))
            }
            Kind::Async(block) | Kind::Block(block) => self.any(&block.stmts),
            Kind::Try(inner) | Kind::Same(inner) | Kind::RefMut(inner) | Kind::Await(inner) => {
                self.within(inner)
            }
            // What only some events lead to is theirs.
            Kind::If(one) if self.differs(&one.cond) => false,
            Kind::If(one) => {
                if let Kind::Let(bound) = &one.cond.kind {
                    self.bind(&bound.0, &bound.1);
                }
                self.any(&one.then.stmts)
                    || one.otherwise.as_ref().is_some_and(|expr| self.within(expr))
            }
            Kind::List(parts) => self.put(parts) || parts.iter().any(|part| self.within(part)),
            Kind::Tuple(parts) | Kind::Parts(parts) => parts.iter().any(|part| self.within(part)),
            Kind::Struct(one) => one.1.iter().any(|(_, value)| self.within(value)),
            Kind::Return(Some(value)) => self.within(value),
            _ => false,
        }
    }
}

/// Whether a value is made of one of some variables, or takes waiting.
pub fn mentions(expr: &Expr, variables: &[&HashSet<Sym>]) -> bool {
    let mut found = false;
    each(expr, &mut |inner| {
        found |= match &inner.kind {
            Kind::Path(path) => matches!(&*path.segments, [name]
                if variables.iter().any(|names| names.contains(name))),
            Kind::Await(_) => true,
            _ => false,
        };
    });
    found
}

/// `Box::new`, `Arc::new`, `Rc::new`.
fn boxes(path: &Path) -> bool {
    matches!(&*path.segments, [.., of, new]
        if *new == Sym::new("new") && ["Box", "Arc", "Rc"].contains(&of.as_str()))
}

/// A literal, or one made into a text.
fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Lit(_) => true,
        Kind::Same(inner) => is_literal(inner),
        Kind::Method(method) => is_literal(&method.receiver),
        Kind::Call(_, args) => matches!(&**args, [only] if is_literal(only)),
        _ => false,
    }
}

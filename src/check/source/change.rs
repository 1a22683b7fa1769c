//! Edits of source: what a person would write, as replacements of bytes.
//!
//! Each change is planned on the items and bodies that the analysis keeps, and written in the
//! style of the text around it. A shape that is not one of those planned for gets no edits: the
//! finding then says what to do and leaves it to a person.

mod declared;

mod force;

mod hoist;

mod imports;

mod keep;

mod known;

mod lend;

mod moved;

mod names;

mod prime;

mod returned;

mod site;

mod text;

mod written;

pub use force::force;
pub use hoist::hoist;
pub use keep::make_static;
pub use prime::Prime;
pub use returned::keep_returned;

use crate::{
    check::Change,
    facts::code::{
        ir::{Bytes, Expr, Kind, Pat, Stmt},
        sym::Sym,
    },
    finding::Edit,
};

/// The change by some edits; those that touch are one.
fn change(mut edits: Vec<Edit>) -> Option<Change> {
    edits.sort_by(|a, b| (&a.file, a.span).cmp(&(&b.file, b.span)));
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.file == edit.file && last.span.end == edit.span.start => {
                last.span.end = edit.span.end;
                last.text += &edit.text;
            }
            _ => joined.push(edit),
        }
    }
    Change::by(joined)
}

/// Where a statement stands, its semicolon left out for an expression.
fn stmt_bytes(stmt: &Stmt) -> Bytes {
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

/// The name that a pattern is, when it is one.
fn plain_name(pat: &Pat) -> Option<Sym> {
    match pat {
        Pat::Name(name) => Some(*name),
        _ => None,
    }
}

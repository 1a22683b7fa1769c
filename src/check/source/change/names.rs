//! Which names an expression uses and binds, macros included.
//!
//! What stands in a macro is read as words, because `format!("{event}")` holds a variable that no
//! parser of expressions sees. A word too many costs a change, one too few would break the code.

use super::{known::KNOWN, text::Text};
use crate::facts::code::{
    ir::{Bytes, Expr, Kind, MacroCall, Pat, Stmt},
    lex::{self, lex},
    sym::Sym,
    walk::{bound, each, each_let, each_stmt, each_that_sees},
};
use crate::finding::Edit;
use std::collections::HashSet;

/// The variables that an expression may use.
pub fn used(text: &Text<'_>, expr: &Expr, into: &mut HashSet<Sym>) {
    each(expr, &mut |expr| match &expr.kind {
        Kind::Path(path) => {
            if let [name] = &*path.segments {
                into.insert(*name);
            }
        }
        Kind::Macro(call) => into.extend(words(text, call)),
        _ => {}
    });
}

/// The variables that a statement may use.
pub fn used_in(text: &Text<'_>, stmt: &Stmt, into: &mut HashSet<Sym>) {
    match stmt {
        Stmt::Let(one) => {
            one.init.iter().chain(&one.otherwise).for_each(|expr| used(text, expr, into));
        }
        Stmt::Expr(expr, _) => used(text, expr, into),
    }
}

/// The words of a macro's input, those in the braces of its strings included.
fn words(text: &Text<'_>, call: &MacroCall) -> Vec<Sym> {
    let input = text.at(call.input);
    let mut words = Vec::new();
    for (kind, range) in lex(input) {
        let piece = &input[range];
        match kind {
            lex::Kind::Word => words.push(Sym::new(piece)),
            lex::Kind::Literal => {
                for rest in piece.split('{').skip(1) {
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                    let name = &rest[..end.unwrap_or(rest.len())];
                    words.extend((!name.is_empty()).then(|| Sym::new(name)));
                }
            }
            _ => {}
        }
    }
    words
}

/// The names that some statements bind, at any depth.
pub fn bound_within(stmts: &[Stmt]) -> HashSet<Sym> {
    let mut names = HashSet::new();
    each_let(stmts, &mut |one| bound(&one.pat, &mut names));
    each_stmt(stmts, &mut |expr| match &expr.kind {
        Kind::Closure(closure) => closure.params.iter().for_each(|pat| bound(pat, &mut names)),
        Kind::Let(one) => bound(&one.0, &mut names),
        Kind::Match(one) => one.1.iter().for_each(|arm| bound(&arm.pat, &mut names)),
        Kind::Loop(one) => one.pat.iter().for_each(|pat| bound(pat, &mut names)),
        _ => {}
    });
    names
}

/// How a variable is used.
#[derive(Default)]
pub struct Uses {
    /// Where its methods are called, or it is indexed.
    pub called: Vec<Bytes>,
    /// Where it is borrowed, the sign included.
    pub borrowed: Vec<Bytes>,
    /// What goes from there where it is a reference itself: the sign, and the name of a field that
    /// is called the same.
    pub signs: Vec<Bytes>,
    /// Where it is given away, and the field there that is short for itself and its value.
    pub given: Vec<(Bytes, Option<Sym>)>,
    /// Whether one of these stands in a closure or block that takes what it uses with it.
    pub taken: bool,
}

impl Uses {
    /// Whether it is not used at all.
    pub fn none(&self) -> bool {
        self.called.is_empty() && self.borrowed.is_empty() && self.given.is_empty()
    }

    /// Gives away a clone of something instead.
    pub fn clones(&self, text: &Text<'_>, of: &str) -> Vec<Edit> {
        let clone = |(bytes, field): &(Bytes, Option<Sym>)| {
            let field = field.map(|name| format!("{name}: ")).unwrap_or_default();
            text.replace(bytes.start as usize..bytes.end as usize, format!("{field}{of}.clone()"))
        };
        self.given.iter().map(clone).collect()
    }
}

/// Where the field stands that has the same name as its value: `name: &name`.
fn field_start(text: &Text<'_>, value: Bytes, name: Sym) -> Option<u32> {
    let before = text.text[..value.start as usize].trim_end().strip_suffix(':')?;
    Some(before.trim_end().strip_suffix(name.as_str())?.len() as u32)
}

/// How some statements use a variable that is known in front of them. `None` when any use is
/// neither a call of a method that borrows, nor a borrow, nor an argument or a field, so that
/// neither a reference nor a clone could stand for it.
pub fn uses(text: &Text<'_>, stmts: &[&Stmt], name: Sym) -> Option<Uses> {
    let is = |expr: &Expr| matches!(&expr.kind, Kind::Path(path) if *path.segments == [name]);
    let mut uses = Uses::default();
    let mut all: Vec<Bytes> = Vec::new();
    let mut moves: Vec<Bytes> = Vec::new();
    let mut macros: Vec<&MacroCall> = Vec::new();
    let mut patterns: Vec<&Expr> = Vec::new();
    let mut fields: Vec<Bytes> = Vec::new();
    let mut given: Vec<(Bytes, Option<Sym>)> = Vec::new();
    let plain = |arg: &Expr| (arg.bytes, None);
    each_that_sees(name, stmts.iter().copied(), &mut |expr| match &expr.kind {
        Kind::Path(_) if is(expr) => all.push(expr.bytes),
        Kind::Call(_, args) => given.extend(args.iter().filter(|arg| is(arg)).map(plain)),
        Kind::Method(method) if is(&method.receiver) => {
            given.extend(method.args.iter().filter(|arg| is(arg)).map(plain));
            let consumes = method.name.starts_with("into") || KNOWN.unwraps.contains(&*method.name);
            uses.called.extend((!consumes).then_some(method.receiver.bytes));
        }
        Kind::Method(method) => {
            given.extend(method.args.iter().filter(|arg| is(arg)).map(plain));
        }
        Kind::Index(two) if is(&two.0) => uses.called.push(two.0.bytes),
        Kind::Same(inner) if is(inner) && text.at(expr.bytes) == format!("&{name}") => {
            uses.borrowed.push(expr.bytes);
        }
        Kind::Struct(one) => {
            let same = one.1.iter().filter(|(field, _)| *field == name);
            fields.extend(same.map(|(_, value)| value.bytes));
            given.extend(one.1.iter().filter(|(_, value)| is(value)).map(|(field, value)| {
                let short = *field == name && field_start(text, value.bytes, name).is_none();
                (value.bytes, short.then_some(*field))
            }));
        }
        // What is looked into by a pattern has the shape of the pattern.
        Kind::Match(one) => patterns.push(&one.0),
        Kind::Let(one) => patterns.push(&one.1),
        Kind::Closure(_) | Kind::Async(_) => {
            let mut words = text.at(expr.bytes).split_whitespace();
            let word = words.next().filter(|word| *word != "async").or_else(|| words.next());
            if word.is_some_and(|word| word.starts_with("move")) {
                moves.push(expr.bytes);
            }
        }
        Kind::Macro(call) => macros.push(call),
        _ => {}
    });
    // What a macro holds beyond its expressions, as a name in a string, is seen by no one else.
    let hidden = macros.iter().any(|call| {
        let named = words(text, call).into_iter().filter(|word| *word == name).count();
        named != all.iter().filter(|bytes| call.input.holds(**bytes)).count()
    });
    each_let(stmts.iter().copied(), &mut |one| {
        let plain = matches!(&one.pat, Pat::Name(_) | Pat::Typed(..));
        patterns.extend(one.init.iter().filter(|_| !plain));
    });
    let shaped = patterns.iter().any(|expr| match &expr.kind {
        Kind::Same(inner) => is(inner),
        _ => is(expr),
    });
    uses.given = given;
    if hidden || shaped || all.len() != uses.called.len() + uses.borrowed.len() + uses.given.len() {
        return None;
    }
    uses.signs = uses
        .borrowed
        .iter()
        .map(|bytes| {
            let sign = bytes.start + 1;
            let field = fields.contains(bytes).then(|| field_start(text, *bytes, name)).flatten();
            Bytes { start: field.unwrap_or(bytes.start), end: sign }
        })
        .collect();
    uses.taken = moves.iter().any(|outer| all.iter().any(|inner| outer.holds(*inner)));
    Some(uses)
}

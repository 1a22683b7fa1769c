//! The text of items that make a value once: a `LazyLock`, or a cell that an `async` function fills.

use super::{
    moved::{Moved, Plan},
    site::Site,
    stmt_bytes,
    text::{CHAIN, WIDTH},
    written::reindented,
};
use crate::facts::code::ir::Bytes;

/// The lines that make a value, at an indentation. `None` where that would change a string.
pub type Lines<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// `static NAME: LazyLock<T> = LazyLock::new(|| …);`, broken as rustfmt breaks it.
pub fn lazy_lock(
    site: &Site<'_>,
    indent: &str,
    (head, lazy, ty): (&str, &str, &str),
    made: &Lines<'_>,
) -> Option<String> {
    let (newline, step) = (site.text.newline(), site.text.step(site.body.bytes));
    let head = format!("{indent}{head}: {lazy}<{ty}> =");
    let lines = made(&format!("{indent}{step}"))?;
    let value = lines.trim();
    if !value.contains('\n') {
        let made = match value.strip_suffix("()").filter(|path| is_path(path)) {
            Some(path) => format!("{lazy}::new({path});"),
            None => format!("{lazy}::new(|| {value});"),
        };
        if head.len() + 1 + made.len() <= WIDTH {
            return Some(format!("{head} {made}{newline}"));
        }
        if indent.len() + step.len() + made.len() <= WIDTH {
            return Some(format!("{head}{newline}{indent}{step}{made}{newline}"));
        }
    }
    Some(format!("{head} {lazy}::new(|| {{{newline}{lines}{indent}}});{newline}"))
}

/// The static of a cell that is still empty.
pub fn cell(site: &Site<'_>, indent: &str, name: &str, ty: &str) -> String {
    let (newline, step) = (site.text.newline(), site.text.step(site.body.bytes));
    let head = format!("{indent}static {name}: tokio::sync::OnceCell<{ty}> =");
    let made = "tokio::sync::OnceCell::const_new();";
    match head.len() + 1 + made.len() <= WIDTH {
        true => format!("{head} {made}{newline}"),
        false => format!("{head}{newline}{indent}{step}{made}{newline}"),
    }
}

/// What is in a cell, which is filled before. Laid out as rustfmt would: a short chain in one line,
/// and behind a name that is no longer than a step in the line of the name.
pub fn filled(site: &Site<'_>, name: &str, made: &Lines<'_>) -> Option<String> {
    let (newline, step) = (site.text.newline(), site.text.step(site.body.bytes));
    let twice = step.repeat(2);
    let joined = name.len() <= step.len();
    let lines = made(&if joined { twice.clone() } else { step.repeat(3) })?;
    let one = lines.trim();
    let line = format!(".get_or_init(|| async {{ {one} }})");
    let single = !one.contains('\n');
    if single && name.len() + line.len() + ".await".len() <= CHAIN {
        return Some(format!("{step}{name}{line}.await{newline}"));
    }
    let (head, inner) = match joined {
        true => (format!("{step}{name}"), step),
        false => (format!("{step}{name}{newline}{twice}"), &*twice),
    };
    let last = head.rsplit('\n').next().unwrap_or_default().len();
    Some(match single && last + line.len() <= WIDTH {
        true => format!("{head}{line}{newline}{twice}.await{newline}"),
        false => format!(
            "{head}.get_or_init(|| async {{{newline}{lines}{inner}}}){newline}{inner}.await{newline}"
        ),
    })
}

/// The lines by which the statements that move make what is still used, the last as a value.
pub fn made(site: &Site<'_>, plan: &Plan<'_>, indent: &str) -> Option<String> {
    let text = &site.text;
    let newline = text.newline();
    let staying: Vec<Bytes> = plan.rest.iter().map(|stmt| stmt_bytes(stmt)).collect();
    let lines = |one: &Moved<'_>, end: usize| {
        let start = text.lines_with_comment(text.lines_of(one.bytes)?, &staying).start;
        let own = text.indent(one.bytes.start as usize);
        reindented(&text.text[start..end], own, indent)
    };
    let (last, before) = plan.moved.split_last()?;
    let single = plan.handed == [last.name];
    let mut made = String::new();
    for one in if single { before } else { &plan.moved } {
        made += &lines(one, text.line_end(one.bytes.end as usize))?;
    }
    if single {
        // `let x = value;` below its comment becomes the value below its comment.
        let own = text.indent(last.bytes.start as usize);
        let value = reindented(text.at(last.init.bytes), own, indent)?;
        made += &lines(last, text.line_start(last.bytes.start as usize))?;
        made += &format!("{indent}{value}{newline}");
    } else {
        let names: Vec<&str> = plan.handed.iter().map(|name| name.as_str()).collect();
        made += &format!("{indent}({}){newline}", names.join(", "));
    }
    Some(made)
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
}

/// Where a function starts, or the `impl` around it, its comments and attributes included.
pub fn item_start(site: &Site<'_>) -> usize {
    let text = &site.text;
    match site.def.owner.and_then(|_| text.impl_around(site.start())) {
        Some(line) => text.attributes_above(line),
        None => text.comments_above(text.line_start(site.start())),
    }
}

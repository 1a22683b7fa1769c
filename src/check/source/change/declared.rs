//! The text of items that make a value once: a `LazyLock`, or a cell that an `async` function fills.

use super::{
    moved::{Moved, Plan},
    site::Site,
    stmt_bytes,
    text::WIDTH,
    written::reindented,
};
use crate::facts::code::ir::{Bytes, Function};

/// What is made once.
pub struct Once<'a> {
    /// The function whose statements make it.
    pub site: &'a Site<'a>,
    pub plan: &'a Plan<'a>,
    /// The type of what is kept.
    pub ty: String,
    /// `pub(crate) ` where another module uses it.
    pub public: &'static str,
}

/// The statements that make a value, the last as an expression.
struct Made {
    before: String,
    last: String,
}

impl Once<'_> {
    /// `static NAME: LazyLock<T> = LazyLock::new(|| …);`, broken as rustfmt breaks it.
    pub fn lazy_lock(&self, name: &str, lazy: &str) -> Option<String> {
        let newline = self.site.text.newline();
        let head = format!("{}static {name}: {lazy}<{}> =", self.public, self.ty);
        let step = self.site.text.step(self.site.body.bytes);
        let made = self.made(step)?;
        let value = made.last.trim();
        if made.before.is_empty() && !value.contains('\n') {
            let made = match value.strip_suffix("()").filter(|path| is_path(path)) {
                Some(path) => format!("{lazy}::new({path});"),
                None => format!("{lazy}::new(|| {value});"),
            };
            if head.len() + 1 + made.len() <= WIDTH {
                return Some(format!("{head} {made}{newline}"));
            }
            if step.len() + made.len() <= WIDTH {
                return Some(format!("{head}{newline}{step}{made}{newline}"));
            }
        }
        let Made { before, last } = made;
        Some(format!("{head} {lazy}::new(|| {{{newline}{before}{last}}});{newline}"))
    }

    /// A cell, and the function that fills it and gives what is in it.
    pub fn cell(&self, name: &str, function: &str) -> Option<String> {
        let newline = self.site.text.newline();
        let (ty, public) = (&self.ty, self.public);
        let cell = "tokio::sync::OnceCell";
        let step = self.site.text.step(self.site.body.bytes);
        let twice = step.repeat(2);
        let mut text = format!("static {name}: {cell}<{ty}> = {cell}::const_new();");
        if text.len() > WIDTH {
            text = format!("static {name}: {cell}<{ty}> ={newline}{step}{cell}::const_new();");
        }
        let Made { before, last } = self.made(&step.repeat(3))?;
        let short = format!("{twice}.get_or_init(|| async {{ {} }})", last.trim());
        let fits = before.is_empty() && short.len() <= WIDTH && !last.trim().contains('\n');
        let made = match fits {
            true => short,
            false => format!("{twice}.get_or_init(|| async {{{newline}{before}{last}{twice}}})"),
        };
        let what = match &*self.plan.handed {
            [one] => format!("The one `{one}` of all events"),
            _ => "What all events share".to_owned(),
        };
        text += &format!(
            "{newline}{newline}/// {what}, made by whoever needs it first.{newline}{public}async fn \
             {function}() -> &'static {ty} {{{newline}{step}{name}{newline}{made}{newline}{twice}\
             .await{newline}}}{newline}"
        );
        Some(text)
    }

    fn made(&self, indent: &str) -> Option<Made> {
        let text = &self.site.text;
        let newline = text.newline();
        let staying: Vec<Bytes> = self.plan.rest.iter().map(|stmt| stmt_bytes(stmt)).collect();
        let lines = |one: &Moved<'_>, end: usize| {
            let start = text.lines_with_comment(text.lines_of(one.bytes)?, &staying).start;
            let own = text.indent(one.bytes.start as usize);
            reindented(&text.text[start..end], own, indent)
        };
        let (last, before) = self.plan.moved.split_last()?;
        let single = self.plan.handed == [last.name];
        let mut made = Made { before: String::new(), last: String::new() };
        for one in if single { before } else { &self.plan.moved } {
            made.before += &lines(one, text.line_end(one.bytes.end as usize))?;
        }
        if single {
            // `let x = value;` below its comment becomes the value below its comment.
            let own = text.indent(last.bytes.start as usize);
            let value = reindented(text.at(last.init.bytes), own, indent)?;
            let above = lines(last, text.line_start(last.bytes.start as usize))?;
            made.last = format!("{above}{indent}{value}{newline}");
        } else {
            let names: Vec<&str> = self.plan.handed.iter().map(|name| name.as_str()).collect();
            made.last = format!("{indent}({}){newline}", names.join(", "));
        }
        Some(made)
    }
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
}

/// Where a function starts, its comments and attributes included.
pub fn item_start(site: &Site<'_>) -> usize {
    let function: &Function = &site.def.function;
    let lowest = function.attr_bytes.iter().map(|bytes| bytes.start).min();
    let start = lowest.unwrap_or(function.bytes.start).min(function.bytes.start);
    site.text.comments_above(site.text.line_start(start as usize))
}

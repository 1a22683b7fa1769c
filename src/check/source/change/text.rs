//! Lines, statements and signatures of a text, for edits that look as if a person made them.

use crate::{
    facts::code::{
        ir::Bytes,
        lex::{Kind, lex},
    },
    finding::Edit,
    source::{RelPath, Span},
};

/// The width up to which a line is left on one line: rustfmt's default.
pub const WIDTH: usize = 100;

/// The width up to which the arguments of a call are left on one line: rustfmt's default.
pub const ARGUMENTS: usize = 60;

/// The width up to which a chain of methods is left on one line: rustfmt's default.
pub const CHAIN: usize = 60;

/// A file that is edited.
pub struct Text<'a> {
    pub file: &'a RelPath,
    pub text: &'a str,
}

impl<'a> Text<'a> {
    /// What stands at some bytes.
    pub fn at(&self, bytes: Bytes) -> &'a str {
        self.text.get(bytes.start as usize..bytes.end as usize).unwrap_or_default()
    }

    /// The start of the line that holds a byte.
    pub fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Behind the end of the line that holds a byte.
    pub fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The white space a line starts with.
    pub fn indent(&self, at: usize) -> &'a str {
        let line = &self.text[self.line_start(at)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// What a line in a body is further in than the line it starts on.
    pub fn step(&self, body: Bytes) -> &'a str {
        let outer = self.indent(body.start as usize);
        let mut lines = self.at(body).lines().skip(1).filter(|line| !line.trim().is_empty());
        let inner = lines.next().and_then(|line| line.strip_prefix(outer)).unwrap_or_default();
        let step = &inner[..inner.len() - inner.trim_start_matches([' ', '\t']).len()];
        if step.is_empty() { "    " } else { step }
    }

    /// The line of the `impl` at the left margin that something stands in.
    pub fn impl_around(&self, at: usize) -> Option<usize> {
        let before = &self.text[..at];
        let line = before.rfind("\nimpl").map_or(0, |newline| newline + 1);
        let begins = before[line..].starts_with("impl");
        (begins && !before[line..].contains("\n}")).then_some(line)
    }

    /// Where the lines of attributes and comments directly above a line start.
    pub fn attributes_above(&self, mut start: usize) -> usize {
        while self.line_above(start).starts_with("#[") || self.line_above(start).starts_with("///")
        {
            start = self.line_start(start - 1);
        }
        start
    }

    /// How lines end.
    pub fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Replaces bytes.
    pub fn replace(&self, span: impl Into<Span>, text: impl Into<String>) -> Edit {
        Edit { file: self.file.clone(), span: span.into(), text: text.into() }
    }

    /// The lines of a statement. `None` when it shares a line with something else, or has an
    /// attribute.
    pub fn lines_of(&self, bytes: Bytes) -> Option<Span> {
        let start = self.line_start(bytes.start as usize);
        let end = self.line_end(bytes.end as usize);
        let before = self.text[start..bytes.start as usize].trim();
        let after = self.text[bytes.end as usize..end].trim();
        let alone = before.is_empty() && (after.is_empty() || after.starts_with("//"));
        (alone && !self.line_above(start).starts_with("#[")).then_some(Span { start, end })
    }

    /// The lines of a statement that goes elsewhere, with the comment above it when that speaks of
    /// nothing else: when all statements below it, up to the next empty line, go too.
    pub fn lines_with_comment(&self, lines: Span, staying: &[Bytes]) -> Span {
        let mut paragraph = lines.end;
        while paragraph < self.text.len()
            && !self.text[paragraph..self.line_end(paragraph)].trim().is_empty()
        {
            paragraph = self.line_end(paragraph);
        }
        let below = |bytes: &Bytes| (lines.start..paragraph).contains(&(bytes.start as usize));
        match staying.iter().any(below) {
            true => lines,
            false => Span { start: self.comments_above(lines.start), end: lines.end },
        }
    }

    /// Takes lines out of a body, and those empty ones around them that would be too many.
    pub fn remove_lines(&self, lines: Span, body: Bytes) -> Edit {
        let Span { mut start, mut end } = lines;
        let first = self.text[body.start as usize + 1..start].trim().is_empty();
        let is_empty = |at: usize| self.text[at..self.line_end(at)].trim().is_empty();
        if first || self.line_above(start).is_empty() {
            while end < self.text.len() && is_empty(end) {
                end = self.line_end(end);
            }
        }
        if self.text[end..body.end as usize - 1].trim().is_empty() {
            while !first && self.line_above(start).is_empty() {
                start = self.line_start(start - 1);
            }
        }
        self.replace(start..end, "")
    }

    /// Adds lines in front of the statement at `before`, in a paragraph of their own when it is
    /// the first or a longer statement ends above, else below what stands above it.
    pub fn add_before(&self, before: Bytes, body: Bytes, lines: &str) -> Edit {
        let newline = self.newline();
        let above = &self.text[body.start as usize + 1..before.start as usize];
        let line = self.comments_above(self.line_start(before.start as usize));
        if above.trim().is_empty() {
            return self.replace(line..line, format!("{lines}{newline}"));
        }
        // Behind the last thing above, so that an empty line in front of `before` stays there.
        let end = self.text[..line].trim_end().len();
        let end = self.line_end(end).min(line);
        let indent = self.indent(before.start as usize);
        let longer = self.text[..end].lines().next_back().is_some_and(|last| {
            last.strip_prefix(indent).is_some_and(|rest| rest.starts_with([' ', '\t', '}', ')']))
        });
        let apart = if longer { newline } else { "" };
        self.replace(end..end, format!("{apart}{lines}"))
    }

    /// The trimmed line above the one that starts at a byte.
    pub fn line_above(&self, start: usize) -> &'a str {
        let end = start.saturating_sub(1);
        self.text[self.line_start(end)..end].trim()
    }

    /// Where the comment lines directly above a line start.
    pub fn comments_above(&self, mut start: usize) -> usize {
        while self.line_above(start).starts_with("//") {
            start = self.line_start(start - 1);
        }
        start
    }

    /// The parts of a list between commas, trimmed.
    pub fn list(&self, bytes: Bytes) -> Vec<&'a str> {
        let inner = self.at(bytes);
        let mut parts = Vec::new();
        let (mut depth, mut angles, mut start, mut last) = (0usize, 0usize, 0, ' ');
        for (kind, range) in lex(inner) {
            let piece = &inner[range.clone()];
            match (kind, piece) {
                (Kind::Open, _) => depth += 1,
                (Kind::Close, _) => depth = depth.saturating_sub(1),
                (Kind::Punct, "<") => angles += 1,
                (Kind::Punct, ">") if last != '-' && last != '=' => {
                    angles = angles.saturating_sub(1);
                }
                (Kind::Punct, ",") if depth == 0 && angles == 0 => {
                    parts.push(inner[start..range.start].trim());
                    start = range.end;
                }
                _ => {}
            }
            last = piece.chars().next_back().unwrap_or(' ');
        }
        parts.push(inner[start..].trim());
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// A list of parameters for a function that starts at `start` and whose body opens at `body`:
    /// on one line where the whole signature fits, else one below the other.
    pub fn params(&self, start: usize, parens: Bytes, body: Bytes, params: &[String]) -> String {
        let newline = self.newline();
        let line = self.line_start(start);
        let before = &self.text[line..parens.start as usize];
        let after = &self.text[parens.end as usize..=body.start as usize];
        let joined = params.join(", ");
        let width = before.chars().count() + joined.chars().count() + after.chars().count();
        if width <= WIDTH && !after.contains('\n') {
            return joined;
        }
        let (indent, step) = (self.indent(start), self.step(body));
        let mut text = String::from(newline);
        for param in params {
            text += &format!("{indent}{step}{param},{newline}");
        }
        text + indent
    }
}

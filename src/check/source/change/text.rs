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
const WIDTH: usize = 100;

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

    /// How lines end.
    pub fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Replaces bytes.
    pub fn replace(&self, span: impl Into<Span>, text: impl Into<String>) -> Edit {
        Edit { file: self.file.clone(), span: span.into(), text: text.into() }
    }

    /// The lines of a statement, with the comment lines directly above it. `None` when it shares
    /// a line with something else.
    pub fn lines_of(&self, bytes: Bytes) -> Option<Span> {
        let mut start = self.line_start(bytes.start as usize);
        let end = self.line_end(bytes.end as usize);
        let before = self.text[start..bytes.start as usize].trim();
        let after = self.text[bytes.end as usize..end].trim();
        if !before.is_empty() || !(after.is_empty() || after.starts_with("//")) {
            return None;
        }
        while start > 0 {
            let above = self.line_start(start - 1);
            if !self.text[above..start].trim_start().starts_with("//") {
                break;
            }
            start = above;
        }
        Some(Span { start, end })
    }

    /// Takes lines away, with the empty lines that would be left in front of what follows.
    pub fn remove_lines(&self, lines: Span, at_start: bool) -> Edit {
        let mut end = lines.end;
        while at_start
            && self.text[end..self.line_end(end)].trim().is_empty()
            && end < self.text.len()
        {
            end = self.line_end(end);
        }
        self.replace(lines.start..end, "")
    }

    /// Adds lines in front of the statement at `before`, in a paragraph of their own when it is
    /// the first, else below what stands above it.
    pub fn add_before(&self, before: Bytes, body: Bytes, lines: &str) -> Edit {
        let newline = self.newline();
        let above = &self.text[body.start as usize + 1..before.start as usize];
        let first = above.trim().is_empty();
        let line = self.line_start(self.comments_above(before.start as usize));
        if first {
            return self.replace(line..line, format!("{lines}{newline}"));
        }
        // Behind the last thing above, so that an empty line in front of `before` stays there.
        let end = self.text[..line].trim_end().len();
        let end = self.line_end(end).min(line);
        self.replace(end..end, lines)
    }

    fn comments_above(&self, at: usize) -> usize {
        let mut start = self.line_start(at);
        while start > 0 {
            let above = self.line_start(start - 1);
            if !self.text[above..start].trim_start().starts_with("//") {
                break;
            }
            start = above;
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
    pub fn params(&self, start: usize, parens: Bytes, body: usize, params: &[String]) -> String {
        let newline = self.newline();
        let line = self.line_start(start);
        let before = &self.text[line..parens.start as usize];
        let after = &self.text[parens.end as usize..=body];
        let joined = params.join(", ");
        let width = before.chars().count() + joined.chars().count() + after.chars().count();
        if width <= WIDTH && !after.contains('\n') {
            return joined;
        }
        let indent = self.indent(start);
        let mut text = String::from(newline);
        for param in params {
            text += &format!("{indent}    {param},{newline}");
        }
        text + indent
    }

    /// An edit that brings a name of the standard library into scope, placed as `rustfmt` leaves
    /// it: among the imports of `std`, else in front of the first import.
    pub fn import(&self, path: &str) -> Option<Edit> {
        let newline = self.newline();
        let mut first = None;
        let mut at = None;
        for (start, line) in self.top_lines() {
            if !line.starts_with("use ") {
                continue;
            }
            first.get_or_insert(start);
            if line.starts_with("use std::") && line.trim_end().ends_with(';') {
                let later = line > format!("use {path};").as_str();
                if later {
                    at.get_or_insert(start);
                } else {
                    at = Some(start + line.len());
                }
            }
        }
        let first = first?;
        Some(match at {
            Some(at) => self.replace(at..at, format!("use {path};{newline}")),
            None => self.replace(first..first, format!("use {path};{newline}{newline}")),
        })
    }

    /// The lines that start at the left margin, with their ends.
    fn top_lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let mut start = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let at = start;
            start += line.len();
            (at, line)
        })
    }
}

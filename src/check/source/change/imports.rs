//! The imports of a file: one that is needed, and those that nothing needs any more.

use super::text::{Text, WIDTH};
use crate::{
    facts::code::{
        ir::Bytes,
        lex::{Kind, lex},
    },
    finding::Edit,
    source::Span,
};
use std::{collections::BTreeSet, ops::Range};

impl<'a> Text<'a> {
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
            if line.starts_with("use std::") {
                let whole = line.trim_end().ends_with(';');
                if line > format!("use {path};").as_str() {
                    at.get_or_insert(self.attributes_above(start));
                } else if whole {
                    at = Some(start + line.len());
                }
            }
        }
        let first = self.attributes_above(first?);
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

    /// Edits that take out the imports of some names that nothing uses any more, once what stands
    /// in `gone` is gone.
    pub fn without_imports(&self, names: &BTreeSet<&str>, gone: &[Span]) -> Vec<Edit> {
        let imports = self.imports();
        let used = |name: &str| {
            lex(self.text).any(|(kind, range)| {
                // Behind `::` it is the name of something else.
                let own = !self.text[..range.start].trim_end().ends_with("::");
                kind == Kind::Word
                    && &self.text[range.clone()] == name
                    && own
                    && !imports.iter().any(|import| import.contains(&range.start))
                    && !gone.iter().any(|span| span.range().contains(&range.start))
            })
        };
        let free: Vec<&str> = names.iter().copied().filter(|name| !used(name)).collect();
        imports.iter().filter_map(|import| self.without(import, &free)).collect()
    }

    /// The `use` statements, those for others to import left out.
    fn imports(&self) -> Vec<Range<usize>> {
        let mut imports = Vec::new();
        let mut start = None;
        let mut before = ";";
        for (kind, range) in lex(self.text) {
            let piece = &self.text[range.clone()];
            match (kind, piece) {
                (Kind::LineComment | Kind::BlockComment, _) => continue,
                (Kind::Word, "use") if matches!(before, ";" | "}" | "{") => {
                    start = Some(range.start)
                }
                (Kind::Punct, ";") => {
                    imports.extend(start.take().map(|start| start..range.end));
                }
                _ => {}
            }
            before = piece;
        }
        imports
    }

    /// An import without some names: all of it, or a list of one level without them.
    fn without(&self, import: &Range<usize>, names: &[&str]) -> Option<Edit> {
        let text = &self.text[import.clone()];
        let path = text.strip_prefix("use")?.strip_suffix(';')?.trim();
        let (prefix, list) = match path.split_once('{') {
            Some((prefix, list)) => (prefix, list.strip_suffix('}')?),
            None => ("", path),
        };
        let items: Vec<&str> =
            list.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let free = |item: &&str| item.rsplit("::").next().is_some_and(|name| names.contains(&name));
        let kept: Vec<&str> = items.iter().copied().filter(|item| !free(item)).collect();
        if list.contains(['{', '/']) || kept.len() == items.len() {
            return None;
        }
        let written = match &*kept {
            [] => {
                let bytes = Bytes { start: import.start as u32, end: import.end as u32 };
                let lines = self.lines_of(bytes)?;
                return Some(self.replace(lines.start..lines.end, ""));
            }
            ["self"] => format!("use {};", prefix.trim_end_matches("::")),
            [one] => format!("use {prefix}{one};"),
            several => format!("use {prefix}{{{}}};", several.join(", ")),
        };
        let fits = self.indent(import.start).len() + written.len() <= WIDTH;
        fits.then(|| self.replace(import.clone(), written))
    }
}

//! Texts as they are on disk, and places in them.
//!
//! Everything else speaks of bytes; the step from bytes to lines and columns is taken here and
//! nowhere else. Paths are relative to the workspace root with forward slashes, so that a report
//! made on one machine reads the same on another.

use std::{collections::BTreeMap, fmt, ops::Range, sync::Arc};

/// A path relative to the workspace root, with forward slashes. One outside it keeps its `../`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Arc<str>);

impl RelPath {
    /// Takes a path that is already relative and spelled with forward slashes.
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        RelPath(path.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A half-open range of bytes of a file on disk, a byte order mark included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The empty span at `offset`: a point of insertion.
    pub fn at(offset: usize) -> Self {
        Span { start: offset, end: offset }
    }

    /// The span as the standard library's range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span { start: range.start, end: range.end }
    }
}

/// A span of a file: where a reader clicks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: RelPath,
    /// The bytes meant.
    pub span: Span,
}

impl Place {
    /// A place in `file`.
    pub fn new(file: &RelPath, span: impl Into<Span>) -> Self {
        Place { file: file.clone(), span: span.into() }
    }
}

/// A line and a column, both counted from 1; the column counts Unicode scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in Unicode scalars.
    pub column: usize,
}

/// The texts that were read, by path. A path that is absent was not read or does not exist.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<RelPath, Arc<str>>);

impl Sources {
    /// Remembers the text of a file, replacing what was known of it.
    pub fn insert(&mut self, file: RelPath, text: impl Into<Arc<str>>) {
        self.0.insert(file, text.into());
    }

    /// The text of a file that was read.
    pub fn text(&self, file: &RelPath) -> Option<&Arc<str>> {
        self.0.get(file)
    }

    /// Every file that was read, in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&RelPath, &Arc<str>)> {
        self.0.iter()
    }

    /// Where a byte of a file is for a reader; 1:1 for a file that was not read.
    pub fn position(&self, file: &RelPath, byte: usize) -> Position {
        self.text(file).map_or(Position { line: 1, column: 1 }, |text| position(text, byte))
    }
}

/// Turns a byte offset into a line and column. A byte order mark is not a column.
pub fn position(text: &str, byte: usize) -> Position {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before[line_start..].chars().filter(|&c| c != '\u{feff}').count() + 1;
    Position { line: before.bytes().filter(|&b| b == b'\n').count() + 1, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_scalars_and_skip_the_byte_order_mark() {
        let text = "\u{feff}äb\r\nc";
        assert_eq!(position(text, 3), Position { line: 1, column: 1 });
        assert_eq!(position(text, 5), Position { line: 1, column: 2 });
        assert_eq!(position(text, text.len()), Position { line: 2, column: 2 });
        assert_eq!(position(text, 4), Position { line: 1, column: 1 }, "inside `ä`");
    }
}

//! A TOML file with the bytes of every key and value.
//!
//! Wraps toml_edit's parser and looks at its spans only: the tree is never written back, because
//! toml_edit drops carriage returns and the byte order mark when it does. Changes are made as
//! byte edits (`toml_edits`), so every other byte stays.

use crate::{
    finding::BadInput,
    source::{Place, RelPath, Span, position},
};
use std::sync::Arc;
use toml_edit::{Document as Tree, Item, Table, TableLike};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A parsed TOML file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: RelPath,
    /// Its text as on disk.
    pub text: Arc<str>,
    tree: Tree<String>,
    /// Bytes of the byte order mark, which the parser does not see.
    offset: usize,
}

/// A key with its value, somewhere in a document.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    document: &'a Document,
    /// The last key of the path.
    pub key: &'a str,
    key_span: Option<Span>,
    /// What it is set to.
    pub item: &'a Item,
}

impl Document {
    /// Parses the text of `file`. The error names the line and column.
    pub fn parse(file: &RelPath, text: impl Into<Arc<str>>) -> Result<Self, BadInput> {
        let text: Arc<str> = text.into();
        let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
        let offset = text.len() - body.len();
        match Tree::parse(body.to_owned()) {
            Ok(tree) => Ok(Document { file: file.clone(), text, tree, offset }),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start) + offset;
                let at = position(&text, at);
                Err(BadInput {
                    file: Some(file.clone()),
                    message: format!(
                        "failed to parse `{file}` at line {}, column {}: {}; correct it there and \
                         run again",
                        at.line,
                        at.column,
                        error.message().trim_end().replace('\n', ", ")
                    ),
                })
            }
        }
    }

    /// The root table.
    pub fn root(&self) -> &Table {
        self.tree.as_table()
    }

    /// What stands at a path of keys.
    pub fn get<'a>(&'a self, path: &[&str]) -> Option<Entry<'a>> {
        let (last, parents) = path.split_last()?;
        let mut table: &dyn TableLike = self.root();
        for key in parents {
            table = table.get(key)?.as_table_like()?;
        }
        let (key, item) = table.get_key_value(last)?;
        Some(Entry { document: self, key: key.get(), key_span: self.shift(key.span()), item })
    }

    /// The string at a path of keys.
    pub fn string(&self, path: &[&str]) -> Option<&str> {
        self.get(path)?.item.as_str()
    }

    /// The entries of the table at a path of keys, in the order of the file; empty when there is
    /// no table.
    pub fn entries<'a>(&'a self, path: &[&str]) -> Vec<Entry<'a>> {
        let table: &dyn TableLike = match path {
            [] => self.root(),
            _ => match self.get(path).and_then(|entry| entry.item.as_table_like()) {
                Some(table) => table,
                None => return Vec::new(),
            },
        };
        table
            .iter()
            .filter_map(|(key, item)| {
                let key = table.key(key)?;
                let key_span = self.shift(key.span());
                Some(Entry { document: self, key: key.get(), key_span, item })
            })
            .collect()
    }

    /// Where to click for a path: the entry itself, else the nearest table that holds it, else
    /// `[package]` or `[workspace]`, else the start of the file.
    pub fn place(&self, path: &[&str]) -> Place {
        for length in (1..=path.len()).rev() {
            match self.get(&path[..length]) {
                // `[a.b]` implies `[a]`, which is written nowhere.
                Some(entry) if !entry.item.as_table().is_some_and(Table::is_implicit) => {
                    return entry.place();
                }
                _ => {}
            }
        }
        match self.get(&["package"]).or_else(|| self.get(&["workspace"])) {
            Some(entry) => entry.place(),
            None => Place::new(&self.file, Span::at(self.offset)),
        }
    }

    /// A span of the parser as a span of the file.
    pub(super) fn shift(&self, span: Option<std::ops::Range<usize>>) -> Option<Span> {
        span.map(|span| Span { start: span.start + self.offset, end: span.end + self.offset })
    }

    /// The line ending of this file, by its first line.
    pub fn newline(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// The offset just behind the line that holds byte `at`, its line ending excluded.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline);
        if self.text[at..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The offset of the first byte of the line that holds byte `at`.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(self.offset.min(at), |newline| newline + 1)
    }
}

impl<'a> Entry<'a> {
    /// The span of the value; for a table with a header, of the header.
    pub fn value_span(&self) -> Option<Span> {
        self.document.shift(self.item.span())
    }

    /// The span of the key.
    pub fn key_span(&self) -> Option<Span> {
        self.key_span
    }

    /// Where to click: the header of a table that has one, else the key and its value.
    pub fn place(&self) -> Place {
        let has_header = self.item.as_table().is_some_and(|table| !table.is_dotted());
        let span = match (self.key_span, self.value_span()) {
            (_, Some(value)) if has_header => value,
            (Some(key), Some(value)) if key.start < value.end => {
                Span { start: key.start, end: value.end }
            }
            (Some(key), _) => key,
            (None, Some(value)) => value,
            (None, None) => Span::at(self.document.offset),
        };
        Place::new(&self.document.file, span)
    }

    /// The value as it is written, without surrounding space.
    pub fn written(&self) -> &'a str {
        self.value_span().map_or("", |span| self.document.text[span.range()].trim())
    }

    /// The file the entry is written in.
    pub fn document(&self) -> &'a Document {
        self.document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML")
    }

    fn written(document: &Document, path: &[&str]) -> String {
        let place = document.place(path);
        document.text[place.span.range()].to_owned()
    }

    #[test]
    fn places_are_bytes_of_the_file_on_disk() {
        let text = "\u{feff}[package]\r\nname = \"ä\"\r\n[profile.release]\r\nlto = true # why\r\n";
        let document = document(text);
        assert_eq!(written(&document, &["profile", "release", "lto"]), "lto = true");
        assert_eq!(written(&document, &["profile", "release", "strip"]), "[profile.release]");
        assert_eq!(written(&document, &["profile", "dev", "lto"]), "[package]");
        assert_eq!(written(&document, &["features"]), "[package]");
    }

    #[test]
    fn dotted_keys_are_found() {
        let dotted = document("profile.release.lto = true\n[package]\nname = \"a\"\n");
        assert_eq!(written(&dotted, &["profile", "release", "lto"]), "lto = true");
        let inline = document("[profile]\nrelease = { lto = true }\n");
        assert_eq!(written(&inline, &["profile", "release", "lto"]), "lto = true");
        assert_eq!(written(&inline, &["profile", "release", "strip"]), "release = { lto = true }");
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let error = Document::parse(&RelPath::new("a/Cargo.toml"), "[package]\nname = \n");
        let message = error.expect_err("a value is missing").message;
        assert!(message.contains("`a/Cargo.toml` at line 2"), "{message}");
        let error = Document::parse(&RelPath::new("Cargo.toml"), "[a]\nb = 1\nb = 2\n");
        let message = error.expect_err("a key is given twice").message;
        assert!(message.contains("line 3"), "{message}");
    }
}

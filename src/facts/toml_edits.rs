//! Byte edits of TOML files: set a key, remove one, rename one.
//!
//! Each function looks at the spans of a parsed document and returns one edit that leaves every
//! other byte alone. `None` means that the shape of the file leaves no such edit (a key that is
//! no table where one is needed); the caller then shows the change instead of making it.

use super::document::Document;
use crate::{finding::Edit, source::Span};
use toml_edit::{Item, TableLike, Value};

/// Sets `path` to `value` (TOML syntax), creating the tables that are missing.
pub fn set(document: &Document, path: &[&str], value: &str) -> Option<Edit> {
    if let Some(entry) = document.get(path) {
        let span = entry.value_span()?;
        return entry.item.as_value().map(|_| edit(document, span, value.to_owned()));
    }
    let (key, table) = path.split_last()?;
    insert(document, table, &format!("{} = {value}", quoted(key)))
}

/// Inserts lines (`key = value` each, none ended) into the table at `path`, behind its last key,
/// creating the table when it is missing.
pub fn insert(document: &Document, path: &[&str], lines: &str) -> Option<Edit> {
    let dotted = |path: &[&str]| {
        let prefix: String = path.iter().map(|key| quoted(key) + ".").collect();
        lines.lines().map(|line| format!("{prefix}{line}")).collect::<Vec<String>>()
    };
    for length in (1..=path.len()).rev() {
        let Some(entry) = document.get(&path[..length]) else { continue };
        let rest = &path[length..];
        match entry.item {
            Item::Value(Value::InlineTable(table)) if !table.is_dotted() => {
                let span = entry.value_span()?;
                return Some(insert_inline(document, table, span, &dotted(rest).join(", ")));
            }
            Item::Value(_) | Item::ArrayOfTables(_) | Item::None => return None,
            Item::Table(table) if table.is_dotted() => {
                // The keys that stand in the header above are not repeated: `[profile]`
                // `release.lto = …`.
                let header = header_length(document, &path[..length]);
                let end = end_of_table(document, table)?;
                let lines = dotted(&path[header..]).join(document.newline());
                return Some(insert_line(document, end, &lines));
            }
            // A table that only exists through the header of a child ([a.b] implies [a]) has no
            // place of its own: it gets a header at the end of the file.
            Item::Table(table) if rest.is_empty() && !table.is_implicit() => {
                let end = end_of_table(document, table).or(entry.value_span().map(|s| s.end))?;
                return Some(insert_line(document, end, lines));
            }
            Item::Table(_) => break,
        }
    }
    Some(append_table(document, path, lines))
}

/// Removes the entry at `path`: its line, or its part of an inline table; for a table with a
/// header, everything up to the next header that does not belong to it.
pub fn remove(document: &Document, path: &[&str]) -> Option<Edit> {
    let entry = document.get(path)?;
    match entry.item {
        Item::Table(table) if !table.is_dotted() => remove_table(document, table),
        Item::Value(_) => {
            let span = Span { start: entry.key_span()?.start, end: entry.value_span()?.end };
            let span = match is_inline(document, path) {
                true => widen_inline(document, span),
                false => whole_lines(document, span),
            };
            Some(edit(document, span, String::new()))
        }
        _ => None,
    }
}

/// Puts a comment behind the entry at `path`, when its line has none and can hold one.
pub fn comment(document: &Document, path: &[&str], comment: &str) -> Option<Edit> {
    let end = document.get(path)?.value_span()?.end;
    let line_end = document.line_end(end);
    let rest = &document.text[end..line_end];
    let fits = rest.trim().is_empty() && !is_inline(document, path);
    fits.then(|| edit(document, Span { start: end, end: line_end }, format!(" {comment}")))
}

/// Renames the last key of `path`.
pub fn rename(document: &Document, path: &[&str], to: &str) -> Option<Edit> {
    let span = document.get(path)?.key_span()?;
    Some(edit(document, span, quoted(to)))
}

fn edit(document: &Document, span: Span, text: String) -> Edit {
    Edit { file: document.file.clone(), span, text }
}

/// A key as it is written: bare where TOML permits it.
pub fn quoted(key: &str) -> String {
    let bare =
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { key.to_owned() } else { format!("{key:?}") }
}

/// The end of the last `key = value` directly in a table.
fn end_of_table(document: &Document, table: &dyn TableLike) -> Option<usize> {
    let values = table.get_values();
    let ends = values.iter().filter_map(|(_, value)| document.shift(value.span()));
    ends.map(|span| span.end).max()
}

fn insert_line(document: &Document, after: usize, line: &str) -> Edit {
    let at = document.line_end(after);
    edit(document, Span::at(at), format!("{}{line}", document.newline()))
}

fn insert_inline(
    document: &Document,
    table: &toml_edit::InlineTable,
    span: Span,
    line: &str,
) -> Edit {
    match end_of_table(document, table) {
        Some(end) => edit(document, Span::at(end), format!(", {line}")),
        None => edit(document, span, format!("{{ {line} }}")),
    }
}

/// How many keys of a path to a table of dotted keys stand in the header above them.
fn header_length(document: &Document, path: &[&str]) -> usize {
    let has_header = |&length: &usize| {
        let item = document.get(&path[..length]).map(|entry| entry.item);
        item.and_then(Item::as_table).is_some_and(|table| !table.is_dotted())
    };
    (0..path.len()).rev().find(has_header).unwrap_or(0)
}

fn append_table(document: &Document, path: &[&str], line: &str) -> Edit {
    let newline = document.newline();
    let text = &document.text;
    let header: Vec<String> = path.iter().map(|key| quoted(key)).collect();
    let before = match text.trim_start_matches('\u{feff}') {
        "" => String::new(),
        body if body.ends_with('\n') => newline.to_owned(),
        _ => format!("{newline}{newline}"),
    };
    let table = format!("{before}[{}]{newline}{line}{newline}", header.join("."));
    edit(document, Span::at(text.len()), table)
}

/// Whether an entry at `path` stands, or would stand, within the braces of an inline table.
pub fn is_inline(document: &Document, path: &[&str]) -> bool {
    (1..path.len()).any(|length| {
        let item = document.get(&path[..length]).map(|entry| entry.item);
        item.is_some_and(|item| item.is_inline_table())
    })
}

/// Adds the comma that would be left over in an inline table.
fn widen_inline(document: &Document, span: Span) -> Span {
    let after = &document.text[span.end..];
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let end = document.text.len() - rest.len() + spaces;
        return Span { start: span.start, end };
    }
    let before = document.text[..span.start].trim_end();
    let start = before.strip_suffix(',').map_or(span.start, str::len);
    Span { start, end: span.end }
}

/// The lines a `key = value` stands on, with the comment behind it and the line ending.
fn whole_lines(document: &Document, span: Span) -> Span {
    let start = document.line_start(span.start);
    let end = document.line_end(span.end);
    let newline = document.text[end..].chars().take_while(|c| *c == '\r' || *c == '\n');
    let newline = newline.take(2).scan(false, |done, c| {
        let keep = !*done;
        *done |= c == '\n';
        keep.then_some(c.len_utf8())
    });
    Span { start, end: end + newline.sum::<usize>() }
}

/// Everything from a header to the last value below it, with the comments between and those right
/// above the header, and the empty line that set the table apart.
fn remove_table(document: &Document, table: &toml_edit::Table) -> Option<Edit> {
    let header = document.shift(table.span())?;
    let last = end_of_table(document, table).unwrap_or(header.end);
    let mut span = whole_lines(document, Span { start: header.start, end: last });
    while let Some(above) = document.text[..span.start].strip_suffix('\n') {
        let line = document.line_start(above.len());
        match document.text[line..].starts_with('#') {
            true => span.start = line,
            false => break,
        }
    }
    let before = &document.text[..span.start];
    let blank = before.len() - before.trim_end_matches(['\r', '\n']).len();
    let newline = document.newline().len();
    // Keep the line ending of the line before; drop the blank lines between.
    let drop = blank.saturating_sub(newline);
    let start = span.start - drop;
    Some(edit(document, Span { start, end: span.end }, String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RelPath;

    fn changed(text: &str, make: impl Fn(&Document) -> Option<Edit>) -> String {
        let document = Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML");
        let edit = make(&document).expect("an edit");
        let mut after = text.to_owned();
        after.replace_range(edit.span.range(), &edit.text);
        Document::parse(&RelPath::new("Cargo.toml"), after.as_str()).expect("still TOML");
        after
    }

    fn set_lto(text: &str) -> String {
        changed(text, |document| set(document, &["profile", "release", "lto"], "\"fat\""))
    }

    #[test]
    fn sets_a_key_wherever_its_table_is_written() {
        for (before, after) in [
            ("", "[profile.release]\nlto = \"fat\"\n"),
            (
                "[package]\nname = \"a\"",
                "[package]\nname = \"a\"\n\n[profile.release]\nlto = \"fat\"\n",
            ),
            ("[profile.release]\nlto = true # on\n", "[profile.release]\nlto = \"fat\" # on\n"),
            (
                "[profile.release]\nstrip = true # s\n\n[a]\n",
                "[profile.release]\nstrip = true # s\nlto = \"fat\"\n\n[a]\n",
            ),
            (
                "[profile.release] # header\n[a]\n",
                "[profile.release] # header\nlto = \"fat\"\n[a]\n",
            ),
            (
                "[profile]\nrelease = { strip = true }\n",
                "[profile]\nrelease = { strip = true, lto = \"fat\" }\n",
            ),
            ("[profile]\nrelease = {}\n", "[profile]\nrelease = { lto = \"fat\" }\n"),
            (
                "profile = { dev = { debug = 0 } }\n",
                "profile = { dev = { debug = 0 }, release.lto = \"fat\" }\n",
            ),
            (
                "[profile]\nrelease.strip = true\n",
                "[profile]\nrelease.strip = true\nrelease.lto = \"fat\"\n",
            ),
            (
                "profile.release.strip = true\n[a]\n",
                "profile.release.strip = true\nprofile.release.lto = \"fat\"\n[a]\n",
            ),
            (
                "profile.dev.debug = 0\n[a]\n",
                "profile.dev.debug = 0\nprofile.release.lto = \"fat\"\n[a]\n",
            ),
            (
                "[profile.release.package.x]\nopt-level = 3\n",
                "[profile.release.package.x]\nopt-level = 3\n\n[profile.release]\nlto = \"fat\"\n",
            ),
            (
                "[a]\r\nb = 1\r\n[profile.release]\r\nstrip = 1\r\n",
                "[a]\r\nb = 1\r\n[profile.release]\r\nstrip = 1\r\nlto = \"fat\"\r\n",
            ),
        ] {
            assert_eq!(set_lto(before), after, "from {before:?}");
        }
    }

    #[test]
    fn inserts_several_lines_in_the_style_of_their_table() {
        for (before, after) in [
            ("[a]\nb.c = 1\n", "[a]\nb.c = 1\nb.d = 2\nb.e = 3\n"),
            ("a.b = { c = 1 }\n", "a.b = { c = 1, d = 2, e = 3 }\n"),
            ("[a.b]\nc = 1\n", "[a.b]\nc = 1\nd = 2\ne = 3\n"),
            ("", "[a.b]\nd = 2\ne = 3\n"),
        ] {
            let inserted = |document: &Document| insert(document, &["a", "b"], "d = 2\ne = 3");
            assert_eq!(changed(before, inserted), after, "from {before:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_table_leaves_no_edit() {
        let document = Document::parse(&RelPath::new("Cargo.toml"), "profile = 1\n").expect("TOML");
        assert_eq!(set(&document, &["profile", "release", "lto"], "true"), None);
    }

    #[test]
    fn removes_lines_tables_and_inline_entries() {
        for (before, path, after) in [
            ("[a]\nb = 1 # why\nc = 2\n", vec!["a", "b"], "[a]\nc = 2\n"),
            ("[a]\nb = 1", vec!["a", "b"], "[a]\n"),
            ("a = { b = 1, c = 2 }\n", vec!["a", "b"], "a = { c = 2 }\n"),
            ("a = { b = 1, c = 2 }\n", vec!["a", "c"], "a = { b = 1 }\n"),
            ("[z]\n\n[a]\nb = 1\n# of a\nc = 2\n\n[d]\ne = 1\n", vec!["a"], "[z]\n\n[d]\ne = 1\n"),
            ("[z]\r\n\r\n[a]\r\nb = 1\r\n", vec!["a"], "[z]\r\n"),
            ("# of all\n\n# of a\n# too\n[a]\nb = 1\n", vec!["a"], "# of all\n"),
        ] {
            assert_eq!(changed(before, |d| remove(d, &path)), after, "from {before:?}");
        }
    }

    #[test]
    fn a_comment_goes_behind_a_line_that_has_none() {
        let text = "[a]\r\nb = 1 \r\nc = 2\n";
        let after = changed(text, |document| comment(document, &["a", "b"], "# why"));
        assert_eq!(after, "[a]\r\nb = 1 # why\r\nc = 2\n");
        for text in ["a = { b = 1 }\n", "[a]\nb = 1 # known\n"] {
            let document = Document::parse(&RelPath::new("Cargo.toml"), text).expect("TOML");
            assert_eq!(comment(&document, &["a", "b"], "# why"), None, "in {text:?}");
        }
    }

    #[test]
    fn renames_only_the_key() {
        let after = changed("[a]\n'b' = 1 # b\n", |d| rename(d, &["a", "b"], "c-d"));
        assert_eq!(after, "[a]\nc-d = 1 # b\n");
    }
}

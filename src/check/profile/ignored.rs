//! Is a profile written in a member, where cargo ignores it?

use crate::{
    check::{Change, Hit, Outcome},
    facts::{Facts, document::Document, toml_edits, workspace::Function},
    finding::{Edit, Safety},
    source::Span,
};
use serde::Deserialize;
use toml_edit::Item;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IgnoredProfile {
    /// Keys that may come alive for the whole workspace without asking.
    safe_keys: Vec<String>,
}

impl IgnoredProfile {
    /// A hit for each profile of the function's package that does not count.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let root = &facts.workspace.root;
        let member = &facts.workspace.package(function).manifest;
        if member.file == root.file {
            return Outcome::Hits(Vec::new());
        }
        let hits = member.entries(&["profile"]).into_iter().map(|profile| {
            let path = ["profile", profile.key];
            // A header cannot add to an inline table.
            let is_free = root.get(&path).is_none() && !toml_edits::is_inline(root, &path);
            let moved = is_free.then(|| moved(root, member, profile.key)).flatten();
            let keys = member.entries(&path);
            let harmless = keys.iter().all(|entry| self.safe_keys.iter().any(|k| k == entry.key));
            let safety = if harmless { Safety::Safe } else { Safety::Ask };
            let by_hand = Change::by_hand()
                .at_most(Safety::Show)
                .titled(format!("merge it into `[profile.{}]` of `{}`", profile.key, root.file));
            let change = moved.and_then(Change::by).map(|change| change.at_most(safety));
            Hit::at(member.place(&path))
                .with("profile", profile.key)
                .with("root", root.file.as_str())
                .change(Some(change.unwrap_or(by_hand)))
        });
        Outcome::Hits(hits.collect())
    }
}

/// The edits that move a profile to the root manifest: its tables as they are written, comments
/// included, or its keys one by one when it has no header of its own.
fn moved(root: &Document, member: &Document, profile: &str) -> Option<Vec<Edit>> {
    let tables = tables(member, &["profile".to_owned(), profile.to_owned()]);
    let mut edits = Vec::new();
    let mut text = String::new();
    if tables.is_empty() {
        for entry in member.entries(&["profile", profile]) {
            if !text.is_empty() {
                text.push_str(root.newline());
            }
            text.push_str(&format!("{} = {}", toml_edits::quoted(entry.key), entry.written()));
        }
        edits.extend(removed(member, profile)?);
        edits.push(toml_edits::insert(root, &["profile", profile], &text)?);
        return Some(edits);
    }
    for path in tables {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let removal = toml_edits::remove(member, &path)?;
        let removed = &member.text[removal.span.range()];
        text.push_str(root.newline());
        text.push_str(&with_newline(removed.trim(), root.newline()));
        edits.push(removal);
    }
    let end = Span::at(root.text.len());
    let before = if root.text.ends_with('\n') { "" } else { root.newline() };
    edits.push(Edit { file: root.file.clone(), span: end, text: format!("{before}{text}") });
    Some(edits)
}

/// Removes a profile that has no header: an inline table at once, dotted keys line by line, with
/// lines that follow each other in one edit.
fn removed(member: &Document, profile: &str) -> Option<Vec<Edit>> {
    let path = ["profile", profile];
    if member.get(&path)?.item.is_value() {
        return Some(vec![toml_edits::remove(member, &path)?]);
    }
    let mut edits: Vec<Edit> = Vec::new();
    for entry in member.entries(&path) {
        let edit = toml_edits::remove(member, &[path[0], path[1], entry.key])?;
        match edits.last_mut() {
            Some(last) if last.span.end == edit.span.start => last.span.end = edit.span.end,
            _ => edits.push(edit),
        }
    }
    Some(edits)
}

fn with_newline(text: &str, newline: &str) -> String {
    text.lines().flat_map(|line| [line, newline]).collect()
}

/// The paths of the tables with headers at and below a path, in the order of the file.
fn tables(document: &Document, path: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some(entry) = document.get(&keys) else { return found };
    let Item::Table(table) = entry.item else { return found };
    if table.is_dotted() {
        return found;
    }
    if !table.is_implicit() {
        found.push(path.to_vec());
    }
    for (key, _) in table.iter() {
        let below: Vec<String> = path.iter().cloned().chain([key.to_owned()]).collect();
        found.extend(tables(document, &below));
    }
    found
}

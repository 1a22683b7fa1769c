//! The line of a manifest that declares a dependency, and the edits that trim it.
//!
//! A line can be a version string, an inline table, a table with a header or dotted keys, in the
//! member or in `[workspace.dependencies]`; the edits keep its shape and every byte they do not
//! replace. What is not in a shape cargo accepts gets no edit.

use super::{
    document::Document,
    graph::{self, Line, Universe},
    toml_edits,
    workspace::{self, DependencyKind, Workspace},
};
use crate::{
    finding::Edit,
    source::{Place, Span},
};
use toml_edit::{Item, Value};

/// Where a dependency is declared.
#[derive(Clone, Debug)]
pub struct Declared<'a> {
    /// The file that holds the features: the member's manifest or the workspace root's.
    pub document: &'a Document,
    /// The keys that lead to it there.
    pub path: Vec<String>,
    /// The member's manifest and the keys there; the same where nothing is inherited.
    own: (&'a Document, Vec<String>),
    /// Where to click there.
    pub place: Place,
    /// The member's own line, when the other one is the workspace's.
    pub inherited_at: Option<Place>,
}

/// Finds the line of a dependency of a local package.
pub fn find<'a>(workspace: &'a Workspace, universe: &Universe, line: Line) -> Option<Declared<'a>> {
    let owner = &universe.packages[line.package];
    let declared = &owner.dependencies[line.dependency];
    let package = workspace.packages.iter().find(|p| p.manifest.file == owner.manifest)?;
    let kind = match declared.kind {
        graph::Kind::Normal => DependencyKind::Normal,
        graph::Kind::Development => DependencyKind::Dev,
        graph::Kind::Build => DependencyKind::Build,
    };
    let platform = declared.platform.as_deref();
    let (own, inherited) =
        workspace::declaration(&workspace.root, &package.manifest, &declared.key, kind, platform);
    let own = own?;
    let mut own_path = match platform {
        Some(platform) => vec!["target".to_owned(), platform.to_owned()],
        None => Vec::new(),
    };
    let table = match kind {
        DependencyKind::Normal => "dependencies",
        DependencyKind::Dev => "dev-dependencies",
        DependencyKind::Build => "build-dependencies",
    };
    own_path.extend([table.to_owned(), declared.key.clone()]);
    let (document, path, place, inherited_at) = match inherited {
        Some(entry) => {
            let path = ["workspace", "dependencies", &declared.key].map(str::to_owned).to_vec();
            (&workspace.root, path, entry.place(), Some(own.place()))
        }
        None => (&package.manifest, own_path.clone(), own.place(), None),
    };
    Some(Declared { document, path, own: (&package.manifest, own_path), place, inherited_at })
}

impl Declared<'_> {
    /// Turns the default features off and lists `features` beside those the line has.
    pub fn without_defaults(&self, features: &[String]) -> Option<Vec<Edit>> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let entry = self.document.get(&path)?;
        if let Item::Value(Value::String(_)) = entry.item {
            let version = entry.written();
            let features = match features {
                [] => String::new(),
                features => format!(", features = {}", array(features)),
            };
            let text = format!("{{ version = {version}, default-features = false{features} }}");
            return Some(vec![self.edit(entry.value_span()?, text)]);
        }
        let has = |key: &str| self.document.get(&[&path[..], &[key]].concat()).is_some();
        let key = if has("default_features") { "default_features" } else { "default-features" };
        let mut edits = Vec::new();
        edits.push(toml_edits::set(self.document, &[&path[..], &[key]].concat(), "false")?);
        if has("features") {
            edits.extend(self.add_features(features)?);
        } else if !features.is_empty() {
            let line = [&path[..], &["features"]].concat();
            edits.push(toml_edits::set(self.document, &line, &array(features))?);
        }
        Some(joined(edits))
    }

    /// Adds features to the line's list, in the list's own layout.
    fn add_features(&self, features: &[String]) -> Option<Vec<Edit>> {
        let (entry, list) = self.features()?;
        let known = |name: &str| list.iter().any(|item| item.as_str() == Some(name));
        let new: Vec<&String> = features.iter().filter(|name| !known(name)).collect();
        if new.is_empty() {
            return Some(Vec::new());
        }
        let Some(last) = list.iter().last() else {
            let new: Vec<String> = new.into_iter().cloned().collect();
            return Some(vec![self.edit(entry.value_span()?, array(&new))]);
        };
        let end = self.document.shift(last.span())?.end;
        let line_start = self.document.text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        let indent: String =
            self.document.text[line_start..].chars().take_while(|c| c.is_whitespace()).collect();
        let own_line = self.document.text[line_start..end].trim_start().starts_with(['"', '\'']);
        let between = match own_line {
            true => format!(",{}{indent}", self.document.newline()),
            false => ", ".to_owned(),
        };
        let text: String = new.iter().map(|name| format!("{between}{name:?}")).collect();
        Some(vec![self.edit(Span::at(end), text)])
    }

    /// Puts features in the place of one, wherever the line lists it.
    pub fn instead_of(&self, feature: &str, features: &[String]) -> Option<Edit> {
        if features.is_empty() {
            return self.without_feature(feature);
        }
        let (document, span) = self.listed(feature)?;
        let quoted: Vec<String> = features.iter().map(|name| format!("{name:?}")).collect();
        Some(Edit { file: document.file.clone(), span, text: quoted.join(", ") })
    }

    /// Takes one feature from the line's list.
    pub fn without_feature(&self, feature: &str) -> Option<Edit> {
        let (document, span) = self.listed(feature)?;
        let edit = |span| Edit { file: document.file.clone(), span, text: String::new() };
        let text = &document.text;
        let after = text[span.end..].trim_start();
        let Some(rest) = after.strip_prefix(',') else {
            let before = text[..span.start].trim_end();
            let start = before.strip_suffix(',').map_or(span.start, str::len);
            return Some(edit(Span { start, end: span.end }));
        };
        let comma = text.len() - rest.len();
        let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let alone = text[line_start..span.start].trim().is_empty();
        let line_end = rest.find('\n').filter(|at| rest[..*at].trim().is_empty());
        Some(edit(match (alone, line_end) {
            (true, Some(at)) => Span { start: line_start, end: comma + at + 1 },
            _ => {
                let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                Span { start: span.start, end: comma + spaces }
            }
        }))
    }

    /// Where a feature is listed: on the line itself, or on the member's that inherits it.
    fn listed(&self, feature: &str) -> Option<(&Document, Span)> {
        let lines = [(self.document, &self.path), (self.own.0, &self.own.1)];
        lines.into_iter().find_map(|(document, path)| {
            let path: Vec<&str> = path.iter().map(String::as_str).chain(["features"]).collect();
            let list = document.get(&path)?.item.as_array()?;
            let item = list.iter().find(|item| item.as_str() == Some(feature))?;
            Some((document, document.shift(item.span())?))
        })
    }

    fn features(&self) -> Option<(super::document::Entry<'_>, &toml_edit::Array)> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain(["features"]).collect();
        let entry = self.document.get(&path)?;
        Some((entry, entry.item.as_array()?))
    }

    fn edit(&self, span: Span, text: String) -> Edit {
        Edit { file: self.document.file.clone(), span, text }
    }
}

/// Edits that touch become one, because two edits of one place conflict.
pub fn joined(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by(|a, b| (&a.file, a.span).cmp(&(&b.file, b.span)));
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.file == edit.file && edit.span.start <= last.span.end => {
                last.text.push_str(&edit.text);
                last.span.end = last.span.end.max(edit.span.end);
            }
            _ => joined.push(edit),
        }
    }
    joined
}

fn array(features: &[String]) -> String {
    let quoted: Vec<String> = features.iter().map(|feature| format!("{feature:?}")).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests;

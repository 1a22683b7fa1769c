//! What the code of a function mentions of the crates it depends on.
//!
//! Reads the sources of the package and of its path dependencies and collects every path, with
//! the names a file imports followed to what they stand for. Test code is left out. Paths inside
//! macro calls count as well; a glob import of a crate leaves open what is used of it, and so does
//! a file that does not parse, and then `unknown` says so. It answers "does the code need this
//! feature", where saying yes too often is harmless and saying no wrongly is not.

use super::code::guard;
use crate::source::{Place, RelPath, Span};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, HashMap};
use syn::{spanned::Spanned, visit::Visit};

/// The mentioned paths.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    paths: BTreeMap<String, Vec<Place>>,
    globs: BTreeMap<String, Place>,
    unreadable: Vec<RelPath>,
}

impl Mentions {
    /// Reads some files; without a text, one that cannot be read.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a RelPath, Option<&'a str>)>) -> Self {
        let mut mentions = Mentions::default();
        for (file, text) in files {
            // What nests too deeply would overflow the parser's stack.
            let shallow = text.filter(|text| guard::too_deep(text).is_none());
            let text = shallow.unwrap_or_default();
            let bare = text.trim_start_matches('\u{feff}');
            let parsed = shallow.and_then(|_| syn::parse_file(bare).ok());
            match parsed {
                Some(parsed) => {
                    let mut names = Names::default();
                    names.visit_file(&parsed);
                    let offset = text.len() - bare.len();
                    for (path, place) in &names.globs {
                        mentions.globs.insert(path.clone(), at(file, *place, offset));
                    }
                    let mut collector = Collector { names: &names.local, found: Vec::new() };
                    collector.visit_file(&parsed);
                    for (path, span) in collector.found {
                        let places = mentions.paths.entry(path).or_default();
                        places.push(at(file, span, offset));
                    }
                }
                None => mentions.unreadable.push(file.clone()),
            }
            // The parser keeps every text it was given, in case somebody asks for a span of it.
            proc_macro2::extra::invalidate_current_thread_spans();
        }
        mentions
    }

    /// Where a path, or anything below it, is mentioned.
    pub fn places(&self, path: &str) -> Vec<&Place> {
        let below = format!("{path}::");
        let found = self.paths.iter();
        let found = found.filter(|(found, _)| *found == path || found.starts_with(&below));
        found.flat_map(|(_, places)| places).collect()
    }

    /// Every mentioned path with its places.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[Place])> {
        self.paths.iter().map(|(path, places)| (path.as_str(), places.as_slice()))
    }

    /// A file that cannot be read or does not parse.
    pub fn unreadable(&self) -> Option<&RelPath> {
        self.unreadable.first()
    }

    /// Why it cannot be said that nothing of a path is used, where that is so.
    pub fn unknown(&self, path: &str) -> Option<String> {
        if let Some(file) = self.unreadable.first() {
            return Some(format!("`{file}` cannot be read"));
        }
        let above = |glob: &str| path == glob || path.starts_with(&format!("{glob}::"));
        let glob = self.globs.iter().find(|(glob, _)| above(glob));
        glob.map(|(glob, place)| format!("`use {glob}::*` in `{}` hides what is used", place.file))
    }
}

fn at(file: &RelPath, span: Span, offset: usize) -> Place {
    Place::new(file, Span { start: span.start + offset, end: span.end + offset })
}

fn span(of: proc_macro2::Span) -> Span {
    of.byte_range().into()
}

/// What a file imports, by the name it has there.
#[derive(Default)]
struct Names {
    local: HashMap<String, String>,
    globs: Vec<(String, Span)>,
}

impl Names {
    fn import(&mut self, tree: &syn::UseTree, prefix: &str) {
        let join = |name: &str| match prefix {
            "" => name.to_owned(),
            prefix => format!("{prefix}::{name}"),
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &join(&path.ident.to_string())),
            syn::UseTree::Name(name) if name.ident == "self" => {
                let last = prefix.rsplit("::").next().unwrap_or(prefix);
                self.local.insert(last.to_owned(), prefix.to_owned());
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.local.insert(name.clone(), join(&name));
            }
            syn::UseTree::Rename(rename) => {
                let path = match rename.ident == "self" {
                    true => prefix.to_owned(),
                    false => join(&rename.ident.to_string()),
                };
                self.local.insert(rename.rename.to_string(), path);
            }
            syn::UseTree::Glob(glob) => self.globs.push((prefix.to_owned(), span(glob.span()))),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, prefix));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.import(&item.tree, "");
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

struct Collector<'a> {
    names: &'a HashMap<String, String>,
    found: Vec<(String, Span)>,
}

impl Collector<'_> {
    /// Follows the first name of a path through the imports, as long as that leads on.
    fn add(&mut self, path: &str, span: Span) {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let (first, rest) = match path.split_once("::") {
                Some((first, rest)) => (first, Some(rest)),
                None => (path.as_str(), None),
            };
            let Some(full) = self.names.get(first).filter(|full| *full != first) else { break };
            path = rest.map_or_else(|| full.clone(), |rest| format!("{full}::{rest}"));
        }
        self.found.push((path, span));
    }

    fn imports(&mut self, tree: &syn::UseTree, prefix: &str) {
        let join = |name: &syn::Ident| match prefix {
            "" => name.to_string(),
            prefix => format!("{prefix}::{name}"),
        };
        match tree {
            syn::UseTree::Path(path) => self.imports(&path.tree, &join(&path.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.add(prefix, span(name.ident.span()));
            }
            syn::UseTree::Name(name) => self.found.push((join(&name.ident), span(name.span()))),
            syn::UseTree::Rename(name) => self.found.push((join(&name.ident), span(name.span()))),
            syn::UseTree::Glob(glob) => self.found.push((prefix.to_owned(), span(glob.span()))),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.imports(tree, prefix));
            }
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Option<(String, Span)> = None;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    match &mut path {
                        Some((path, whole)) if colons == 2 => {
                            path.push_str("::");
                            path.push_str(&name);
                            whole.end = span(ident.span()).end;
                        }
                        _ => {
                            path.take().into_iter().for_each(|(path, span)| self.add(&path, span));
                            path = Some((name, span(ident.span())));
                        }
                    }
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && path.is_some() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
            colons = 0;
            path.take().into_iter().for_each(|(path, span)| self.add(&path, span));
        }
        path.into_iter().for_each(|(path, span)| self.add(&path, span));
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => return syn::visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.imports(&item.tree, "");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(&names.join("::"), span(path.span()));
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
        self.visit_path(attribute.path());
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        match (last.as_deref(), &attribute.meta) {
            (Some("test"), _) => true,
            (Some("cfg"), syn::Meta::List(list)) => list.tokens.to_string() == "test",
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(text: &str) -> Mentions {
        Mentions::of([(&RelPath::new("src/main.rs"), Some(text))])
    }

    fn written<'a>(text: &'a str, path: &str) -> Vec<&'a str> {
        let mentions = mentions(text);
        mentions.places(path).into_iter().map(|place| &text[place.span.range()]).collect()
    }

    #[test]
    fn imports_are_followed() {
        let text = "use lambda_runtime::{self, tracing as t, Error};\nfn main() { t::info!(\"a\"); \
                    lambda_runtime::run(x); }";
        assert_eq!(written(text, "lambda_runtime::tracing"), ["tracing as t", "t::info"]);
        assert_eq!(written(text, "lambda_runtime::run"), ["lambda_runtime::run"]);
        assert_eq!(written(text, "lambda_runtime::trac"), [""; 0]);
    }

    #[test]
    fn macros_and_attributes_count_and_tests_do_not() {
        let text = "#[x::y]\nfn a() { select! { _ = tokio::time::pause() => {} } }\n#[cfg(test)]\n\
                    mod tests { use m::n; fn b() { o::p(); } }\n#[tokio::test]\nasync fn c() { q::r() }";
        assert_eq!(written(text, "tokio::time::pause"), ["tokio::time::pause"]);
        assert_eq!(written(text, "x::y"), ["x::y"]);
        for absent in ["m::n", "o::p", "q::r"] {
            assert_eq!(written(text, absent), [""; 0], "{absent}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        assert!(mentions("use a::b::*;").unknown("a::b::c").is_some());
        assert!(mentions("use a::b::*;").unknown("a::c").is_none());
        assert!(mentions("fn (").unknown("x").is_some());
        assert!(mentions("#[cfg(test)]\nmod t { use super::*; use a::*; }").unknown("a").is_none());
    }
}

//! Promises the code makes about itself. Each test says how much it saw.

use crate::project::repository;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const LONGEST_FILE: usize = 500;

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source file")
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut files = rust_files(&repository().join("src"));
    files.extend(rust_files(&repository().join("tests")));
    assert!(files.len() > 40, "{}", files.len());
    for file in files {
        let text = read(&file);
        assert!(text.starts_with("//!"), "{} has no module doc", file.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", file.display());
    }
}

/// The modules of `lib.rs` in their order: each uses only those before it.
fn layers() -> Vec<String> {
    let text = read(&repository().join("src/lib.rs"));
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod "));
    modules.map(|name| name.trim_end_matches(';').to_owned()).collect()
}

#[test]
fn a_module_uses_only_those_before_it() {
    let layers = layers();
    assert!(layers.len() > 10, "{layers:?}");
    let position = |name: &str| layers.iter().position(|layer| layer == name);
    let mut uses = 0;
    for file in rust_files(&repository().join("src")) {
        let below = file.strip_prefix(repository().join("src")).expect("a file of src");
        let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
        let Some(own) = position(first.trim_end_matches(".rs")) else { continue };
        for name in used(&read(&file)) {
            let Some(other) = position(&name) else { continue };
            uses += 1;
            assert!(other <= own, "{} uses `{name}`, which stands after it", below.display());
        }
    }
    assert!(uses > 60, "{uses} uses");
}

/// The first part of every path below `crate::`, in lists as well.
fn used(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0_usize, 0);
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        names.push(first_word(&list[start..index]));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        names.push(first_word(&list[start..index]));
                        start = index + 1;
                    }
                    _ => {}
                }
            }
        } else {
            names.push(first_word(rest));
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn the_reader_of_uses_reads_lists() {
    let text = "use crate::{a::{b, c}, d, e::F};\nuse crate::g;\nlet x = crate::h::i();";
    assert_eq!(used(text), ["a", "d", "e", "g", "h"]);
}

#[test]
fn the_engine_knows_no_rule_by_name() {
    let files = rust_files(&repository().join("src"));
    let ids: Vec<&str> = cargo_lambda_lean::rule::all().iter().map(|rule| rule.id).collect();
    let mut seen = 0;
    for file in files {
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            seen += 1;
            for id in &ids {
                assert!(!line.contains(&format!("\"{id}\"")), "{}: {line}", file.display());
            }
        }
    }
    assert!(seen > 2000, "{seen} lines");
}

#[test]
fn rules_say_where_their_numbers_come_from() {
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in cargo_lambda_lean::rule::all() {
        for evidence in &rule.evidence {
            let source = evidence.source.as_str();
            let is_address = source.starts_with("https://");
            let is_file = repository().join(source.split('#').next().unwrap_or(source)).exists();
            let words: Vec<&str> = source.split(' ').collect();
            let is_crate = words.len() >= 3 && words[1].starts_with(|c: char| c.is_ascii_digit());
            assert!(is_address || is_file || is_crate, "{}: {source}", rule.id);
            *sources.entry(source).or_default() += 1;
        }
        if let Some(effect) = &rule.effect {
            let file = repository().join(&effect.source);
            assert!(file.exists() || effect.source.starts_with("https://"), "{}", rule.id);
        }
    }
    assert!(sources.len() > 1);
}

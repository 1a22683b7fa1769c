//! Cargo's config files in the order in which they count.
//!
//! Which file holds and which it includes is cargo's rule (`util/context/mod.rs` of cargo 1.95):
//! from the current folder upward, `config` before `config.toml`, the cargo home last; a file
//! beats what it includes, and a later include an earlier one. How a file is read is the
//! caller's; values are looked up by whoever needs them.

use super::document::Document;
use crate::finding::BadInput;
use std::path::{Path, PathBuf};

/// Reads a file, or says that there is none.
pub type Read<'a> = dyn FnMut(&Path) -> Result<Option<Document>, BadInput> + 'a;

/// The config files that count for cargo started in `folder`, highest first. `home` is the cargo
/// home (`~/.cargo`), where there is one.
pub fn chain(
    folder: &Path,
    home: Option<&Path>,
    read: &mut Read<'_>,
) -> Result<Vec<Document>, BadInput> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|dir| dir.join(".cargo")).collect();
    if let Some(home) = home.filter(|home| !folders.iter().any(|dir| dir == home)) {
        folders.push(home.to_owned());
    }
    for folder in folders {
        for name in ["config", "config.toml"] {
            let path = folder.join(name);
            if let Some(document) = read(&path)? {
                add(&path, document, read, &mut vec![path.clone()], &mut files)?;
                break;
            }
        }
    }
    Ok(files)
}

fn add(
    path: &Path,
    document: Document,
    read: &mut Read<'_>,
    seen: &mut Vec<PathBuf>,
    files: &mut Vec<Document>,
) -> Result<(), BadInput> {
    let includes = includes(&document);
    let file = document.file.clone();
    files.push(document);
    for include in includes.into_iter().rev() {
        let included = path.parent().unwrap_or(path).join(&include.path);
        let bad = |message: String| BadInput { file: Some(file.clone()), message };
        // Cargo takes a second include of a file for a circle, too.
        if seen.contains(&included) {
            return Err(bad(format!(
                "failed to follow `include` of `{file}`: `{}` is included twice; remove one",
                include.path
            )));
        }
        match read(&included)? {
            Some(document) => {
                seen.push(included.clone());
                add(&included, document, read, seen, files)?;
            }
            None if include.optional => {}
            None => {
                return Err(bad(format!(
                    "failed to follow `include` of `{file}`: there is no `{}`; create it, or \
                     write `{{ path = {:?}, optional = true }}`",
                    include.path, include.path
                )));
            }
        }
    }
    Ok(())
}

struct Include {
    path: String,
    optional: bool,
}

/// The files a config file includes: a list of paths, or of tables with `path` and `optional`.
fn includes(document: &Document) -> Vec<Include> {
    let Some(entry) = document.get(&["include"]) else { return Vec::new() };
    let table = |table: &dyn toml_edit::TableLike| {
        let path = table.get("path")?.as_str()?.to_owned();
        let optional = table.get("optional").and_then(toml_edit::Item::as_bool) == Some(true);
        Some(Include { path, optional })
    };
    if let Some(tables) = entry.item.as_array_of_tables() {
        return tables.iter().filter_map(|it| table(it)).collect();
    }
    let values = entry.item.as_array().into_iter().flatten();
    let includes = values.filter_map(|value| match value.as_str() {
        Some(path) => Some(Include { path: path.to_owned(), optional: false }),
        None => table(value.as_inline_table()?),
    });
    includes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RelPath;
    use std::collections::BTreeMap;

    fn order(files: &[(&str, &str)], home: Option<&str>) -> Result<Vec<String>, BadInput> {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let mut read = |path: &Path| {
            let path = path.to_str().expect("a UTF-8 path");
            let text = files.get(path);
            text.map(|text| Document::parse(&RelPath::new(path), *text)).transpose()
        };
        let chain = chain(Path::new("/a/b"), home.map(Path::new), &mut read)?;
        Ok(chain.iter().map(|document| document.file.to_string()).collect())
    }

    #[test]
    fn nearer_files_come_first_and_the_home_last() {
        let files = [
            ("/h/config.toml", ""),
            ("/a/.cargo/config.toml", ""),
            ("/a/b/.cargo/config", ""),
            ("/a/b/.cargo/config.toml", ""),
        ];
        let expected = ["/a/b/.cargo/config", "/a/.cargo/config.toml", "/h/config.toml"];
        assert_eq!(order(&files, Some("/h")).expect("all readable"), expected);
        let twice = order(&files, Some("/a/.cargo")).expect("all readable");
        assert_eq!(twice, expected[..2]);
    }

    #[test]
    fn a_file_beats_its_includes_and_a_later_include_an_earlier_one() {
        let files = [
            ("/a/b/.cargo/config.toml", "include = ['x.toml', { path = 'y.toml' }]"),
            ("/a/b/.cargo/x.toml", "[[include]]\npath = 'no.toml'\noptional = true"),
            ("/a/b/.cargo/y.toml", "include = ['z.toml']"),
            ("/a/b/.cargo/z.toml", ""),
        ];
        let names = order(&files, None).expect("all readable");
        let ends: Vec<&str> = names.iter().filter_map(|name| name.rsplit('/').next()).collect();
        assert_eq!(ends, ["config.toml", "y.toml", "z.toml", "x.toml"]);
    }

    #[test]
    fn includes_that_lead_nowhere_or_in_circles_are_refused() {
        let missing = order(&[("/a/.cargo/config.toml", "include = ['x.toml']")], None);
        assert!(missing.expect_err("missing").message.contains("there is no `x.toml`"));
        let circle = order(&[("/a/.cargo/config.toml", "include = ['config.toml']")], None);
        assert!(circle.expect_err("a circle").message.contains("included twice"));
    }
}

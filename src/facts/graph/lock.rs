//! What a `Cargo.lock` alone can answer: which versions could be linked, and which cannot.
//!
//! The file lists every dependency of every member, kind and target, with no word on features.
//! So an absence in it is proof, a presence is only a possibility, and a version is a fact. Read
//! with `toml`, because the cargo-lock crate brings `url` and its Unicode tables for fields that
//! nothing here asks for.

use super::CrateSpec;
use semver::Version;
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};

/// A parsed lockfile.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// Its packages.
    pub packages: Vec<Locked>,
}

/// One package of a lockfile.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The name.
    pub name: String,
    /// The version.
    pub version: Version,
    /// Whether it comes from a registry or repository; local packages have no source.
    pub local: bool,
    /// What it depends on, by index.
    pub dependencies: Vec<usize>,
    /// Where its entry starts in the file, in bytes.
    pub at: usize,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    package: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Version,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the text of a `Cargo.lock`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| error.message().to_owned())?;
        let entries: Vec<&Entry> = file.package.iter().map(|entry| entry.get_ref()).collect();
        let packages = file.package.iter().map(|spanned| {
            let entry = spanned.get_ref();
            let dependencies = entry.dependencies.iter().filter_map(|text| {
                // `name`, `name version` or `name version (source)`, as far as needed.
                let mut words = text.split(' ');
                let (name, version) = (words.next()?, words.next());
                entries.iter().position(|entry| {
                    entry.name == name
                        && version.is_none_or(|version| entry.version.to_string() == version)
                })
            });
            Locked {
                name: entry.name.clone(),
                version: entry.version.clone(),
                local: entry.source.is_none(),
                dependencies: dependencies.collect(),
                at: spanned.span().start,
            }
        });
        Ok(Lock { packages: packages.collect() })
    }

    /// Everything a local package of this name could link, itself included. Empty when the file
    /// does not know it, which makes it a stale one.
    pub fn reachable(&self, package: &str) -> Vec<&Locked> {
        let mut stack: Vec<usize> = (0..self.packages.len())
            .filter(|&ix| self.packages[ix].local && self.packages[ix].name == package)
            .collect();
        let mut seen = vec![false; self.packages.len()];
        while let Some(ix) = stack.pop() {
            if !std::mem::replace(&mut seen[ix], true) {
                stack.extend(&self.packages[ix].dependencies);
            }
        }
        let all = self.packages.iter().enumerate();
        all.filter(|(ix, _)| seen[*ix]).map(|(_, package)| package).collect()
    }

    /// The shortest chains from a local package to each of some crates, both ends included.
    pub fn paths(&self, package: &str, specs: &[CrateSpec]) -> Vec<Vec<&Locked>> {
        let start = self.packages.iter().position(|p| p.local && p.name == package);
        let mut queue: VecDeque<usize> = start.into_iter().collect();
        let mut from: HashMap<usize, Option<usize>> =
            start.into_iter().map(|start| (start, None)).collect();
        let mut paths = Vec::new();
        while let Some(ix) = queue.pop_front() {
            let locked = &self.packages[ix];
            if specs.iter().any(|spec| spec.matches(&locked.name, &locked.version)) {
                let mut path = vec![locked];
                let mut at = ix;
                while let Some(Some(before)) = from.get(&at) {
                    path.push(&self.packages[*before]);
                    at = *before;
                }
                path.reverse();
                paths.push(path);
            }
            for next in &locked.dependencies {
                if !from.contains_key(next) {
                    from.insert(*next, Some(ix));
                    queue.push_back(*next);
                }
            }
        }
        paths
    }
}

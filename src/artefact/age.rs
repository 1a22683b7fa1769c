//! Is a built function older than what it was built from?
//!
//! cargo writes beside every program a `.d` file that names each source it read, so that list is
//! taken where it can be found; else the `.rs` files of the given packages. Manifests and the
//! lockfile count too. Times are compared, not contents: a file that was only touched counts.

use super::find::{profile_dir, triples};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Whether the file is older than what it was built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Age {
    /// Nothing it was built from is newer.
    Fresh,
    /// Something is newer.
    Stale {
        /// The newest file.
        newest: String,
        /// By how many seconds.
        newer_by: u64,
    },
    /// It could not be told.
    Unknown {
        /// What was missing.
        why: String,
    },
}

/// Compares a program with its sources. `packages` are the folders of the package and its path
/// dependencies, where they are known; `base` is what shown paths are relative to.
pub fn age(program: &Path, modified: SystemTime, packages: &[PathBuf], base: &Path) -> Age {
    let program = &std::path::absolute(program).unwrap_or_else(|_| program.to_owned());
    let mut inputs = BTreeSet::new();
    if let Some(sources) = recorded_sources(program) {
        for source in sources {
            inputs.extend(manifests_above(&source, |dir| program.starts_with(dir)));
            inputs.insert(source);
        }
    }
    for (index, package) in packages.iter().enumerate() {
        if !inputs.iter().any(|input| input.starts_with(package)) {
            rust_files(package, true, &mut inputs);
        }
        inputs.extend(manifests_above(&package.join("Cargo.toml"), |_| index == 0));
    }
    let dated = |path: PathBuf| Some((fs::metadata(&path).ok()?.modified().ok()?, path));
    match inputs.into_iter().filter_map(dated).max() {
        Some((time, newest)) if time > modified => Age::Stale {
            newest: relative(&newest, base),
            newer_by: time.duration_since(modified).map_or(0, |span| span.as_secs()),
        },
        Some(_) => Age::Fresh,
        None => {
            Age::Unknown { why: "cargo's list of its sources (`.d`) is not beside it".to_owned() }
        }
    }
}

/// The sources cargo recorded for this program, if its record is near.
fn recorded_sources(program: &Path) -> Option<Vec<PathBuf>> {
    let record = beside(program).or_else(|| behind_bootstrap(program))?;
    let text = fs::read_to_string(record).ok()?;
    // `program: source source…`, where a space in a path is written `\ `. The first line only:
    // it holds every source of this program and of the packages in the workspace.
    let (_, list) = text.lines().next()?.split_once(": ")?;
    let spaced = list.replace("\\ ", "\0");
    Some(spaced.split(' ').map(|path| PathBuf::from(path.replace('\0', " "))).collect())
}

/// `target/release/name.d` for `target/release/name`.
fn beside(program: &Path) -> Option<PathBuf> {
    let record = program.with_file_name(format!("{}.d", program.file_name()?.to_str()?));
    record.is_file().then_some(record)
}

/// The newest `target/…/<profile>/name.d` for `target/lambda/name/bootstrap`, whose build
/// cargo-lambda copied there. It does not keep which profile that was.
fn behind_bootstrap(program: &Path) -> Option<PathBuf> {
    let dir = program.parent()?;
    let (bin, target_dir) = (dir.file_name()?.to_str()?, dir.parent()?.parent()?);
    let mut roots = triples(target_dir);
    roots.push(target_dir.to_owned());
    let record = |root: &PathBuf, profile: &str| {
        let path = root.join(profile_dir(profile)).join(format!("{bin}.d"));
        Some((fs::metadata(&path).ok()?.modified().ok()?, path))
    };
    let found =
        roots.iter().flat_map(|root| ["release", "dev"].map(|profile| record(root, profile)));
    found.flatten().max().map(|(_, path)| path)
}

/// The manifests that apply to a file: those of every folder above it, up to the one with the
/// lockfile. That folder's lockfile and cargo settings count only where the program was built:
/// a path dependency of another workspace has its own, which nobody read.
fn manifests_above(file: &Path, built_in: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in file.ancestors().skip(1) {
        let is_end = dir.join("Cargo.lock").is_file();
        let names = match is_end && built_in(dir) {
            true => &["Cargo.toml", "Cargo.lock", ".cargo/config.toml"][..],
            false => &["Cargo.toml"],
        };
        found.extend(names.iter().map(|name| dir.join(name)).filter(|path| path.is_file()));
        if is_end {
            return found;
        }
    }
    // No lockfile above: only the nearest manifest surely belongs to the file.
    found.truncate(1);
    found
}

/// The Rust files of a package that a program can be made of.
fn rust_files(dir: &Path, is_top: bool, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // A symlink is not followed: it may lead in a circle.
        let Ok(kind) = entry.file_type() else { continue };
        let other = is_top && ["target", "tests", "examples", "benches"].contains(&name.as_ref());
        if kind.is_dir() && !other && !name.starts_with('.') && !path.join("Cargo.toml").exists() {
            rust_files(&path, false, found);
        } else if kind.is_file() && name.ends_with(".rs") {
            found.insert(path);
        }
    }
}

fn relative(path: &Path, base: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).display().to_string().replace('\\', "/")
}

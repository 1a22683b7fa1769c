//! Where builders put a function: names in, the file that would be deployed out.
//!
//! cargo-lambda copies what it built to `target/lambda/<bin>/bootstrap`; cargo leaves it in
//! `target/<profile>/`, or below the target triple when one was asked for. Nothing is built, and
//! a file of the wrong builder is never taken when one was named.

use crate::facts::BuilderKind;
use anyhow::{Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `target/` of the workspace.
    pub target_dir: &'a Path,
    /// cargo-lambda's own output folder, where it is not `target/lambda`.
    pub lambda_dir: Option<&'a Path>,
    /// The binary.
    pub bin: &'a str,
    /// The profile it was built with.
    pub profile: &'a str,
    /// Whose output, the first that has any.
    pub builders: &'a [BuilderKind],
}

/// Finds the file that would be deployed.
pub fn find(wanted: &Wanted<'_>) -> Result<PathBuf> {
    let mut searched = Vec::new();
    for builder in wanted.builders {
        let candidates = match builder {
            BuilderKind::CargoLambda => by_cargo_lambda(wanted),
            BuilderKind::Cargo => by_cargo(wanted),
        };
        if let Some(newest) = candidates.iter().filter_map(|path| dated(path)).max() {
            return Ok(newest.1);
        }
        searched.extend(candidates);
    }
    let searched: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
    bail!(
        "failed to find the built function `{}`; build it first with `{}`, or name the file \
         (searched {})",
        wanted.bin,
        command(wanted),
        searched.join(", ")
    )
}

/// What builds the function so that it is found.
fn command(wanted: &Wanted<'_>) -> String {
    let build = match wanted.builders.first() {
        Some(BuilderKind::Cargo) => "cargo build",
        _ => "cargo lambda build",
    };
    let profile = match wanted.profile {
        "release" => "--release".to_owned(),
        other => format!("--profile {other}"),
    };
    format!("{build} {profile} --bin {}", wanted.bin)
}

fn by_cargo_lambda(wanted: &Wanted<'_>) -> Vec<PathBuf> {
    let lambda_dir = match wanted.lambda_dir {
        Some(dir) => dir.to_owned(),
        None => wanted.target_dir.join("lambda"),
    };
    let dir = lambda_dir.join(wanted.bin);
    vec![dir.join("bootstrap"), dir.join("bootstrap.zip")]
}

fn by_cargo(wanted: &Wanted<'_>) -> Vec<PathBuf> {
    let dir = profile_dir(wanted.profile);
    let mut candidates = vec![wanted.target_dir.join(dir).join(wanted.bin)];
    candidates.extend(
        triples(wanted.target_dir).into_iter().map(|triple| triple.join(dir).join(wanted.bin)),
    );
    candidates
}

/// The folder a profile's output goes to.
///
/// Source: <https://doc.rust-lang.org/cargo/reference/build-cache.html>
pub(super) fn profile_dir(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// The folders of target triples in a target directory, in order of name.
pub(super) fn triples(target_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(target_dir) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("-linux-"))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

fn dated(path: &Path) -> Option<(SystemTime, PathBuf)> {
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
    Some((metadata.modified().ok()?, path.to_owned()))
}

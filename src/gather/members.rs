//! Asks cargo for the packages of a workspace and reads their manifests.
//!
//! `cargo metadata --no-deps` resolves nothing, so it answers without a lockfile and without the
//! network: which manifests the workspace is made of, and that they are sound. What is in them is
//! read from them. Path dependencies outside the workspace are read too, because the function's code
//! goes on in them.

use super::{
    by_hand, cargo,
    files::{Root, normalise},
    manifest::Manifest,
    toolchain::{self, Toolchain},
};
use crate::{
    facts::{
        document::Document,
        workspace::{DependencyKind, Package, Workspace},
    },
    finding::BadInput,
    source::{RelPath, Sources},
};
use anyhow::Result;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

/// A workspace with the texts it was read from.
pub struct Members {
    pub root: Root,
    pub workspace: Workspace,
    pub sources: Sources,
    /// The packages cargo would build when none is named.
    pub selected_by_default: Vec<usize>,
}

/// What was read, and what stood in the way.
pub struct Read {
    pub members: Members,
    /// Why cargo refuses the workspace, where it does.
    pub refusal: Option<BadInput>,
    /// Path dependencies that are not there, a sentence each.
    pub missing: Vec<String>,
}

/// Reads the workspace that `manifest` belongs to.
pub fn read(manifest: &Path, toolchain: &Toolchain) -> Result<Read> {
    let dir = manifest.parent().unwrap_or(manifest);
    // Our own reading comes first: its errors name the place more plainly than cargo's.
    let beside = Root(dir.to_owned());
    let own = RelPath::new("Cargo.toml");
    Document::parse(&own, beside.read(&own)?)?;

    let (mut members, refusal) = match metadata(manifest, toolchain) {
        Ok(answer) => (from_cargo(manifest, answer)?, None),
        Err(refusal) => match by_hand::read(manifest) {
            Some(members) => (members, Some(refusal)),
            None => return Err(refusal.into()),
        },
    };
    let missing = outside(&mut members);
    Ok(Read { members, refusal, missing })
}

/// What cargo says of a workspace.
#[derive(Deserialize)]
struct Answer {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Listed>,
    workspace_members: Vec<String>,
    /// Missing before cargo 1.71.
    #[serde(default)]
    workspace_default_members: Vec<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    manifest_path: PathBuf,
}

fn from_cargo(manifest: &Path, answer: Answer) -> Result<Members> {
    let root = Root(answer.workspace_root);
    let mut sources = Sources::default();
    let inherited = document(&root, &root.0.join("Cargo.toml"), &mut sources)?;
    let (mut packages, mut ids) = (Vec::new(), Vec::new());
    let members = answer.packages.iter().filter(|it| answer.workspace_members.contains(&it.id));
    for Listed { id, manifest_path } in members {
        let document = document(&root, manifest_path, &mut sources)?;
        let read = Manifest { root: &root, document, workspace: &inherited, is_member: true };
        if let Some(package) = read.package() {
            packages.push(package);
            ids.push(id);
        }
    }
    let default = &answer.workspace_default_members;
    let is_default = |id: &String| default.is_empty() || default.contains(id);
    let is_package = |package: &Package| root.absolute(&package.manifest.file) == *manifest;
    let selected_by_default = match packages.iter().position(is_package) {
        Some(index) => vec![index],
        None => (0..ids.len()).filter(|&index| is_default(ids[index])).collect(),
    };
    let target_directory = root.relative(&answer.target_directory);
    let workspace = Workspace { root: inherited, packages, target_directory };
    Ok(Members { workspace, root, sources, selected_by_default })
}

/// Adds the path dependencies that lie outside the workspace, and returns those that cannot be read.
fn outside(members: &mut Members) -> Vec<String> {
    let Members { root, workspace, sources, .. } = members;
    let mut missing = BTreeMap::new();
    let mut next = 0;
    while let Some(package) = workspace.packages.get(next) {
        next += 1;
        let dependencies = package.dependencies.iter();
        let linked = dependencies.filter(|dependency| dependency.kind != DependencyKind::Dev);
        let paths: Vec<(String, RelPath)> =
            linked.filter_map(|it| Some((it.key.clone(), it.path.clone()?))).collect();
        for (key, path) in paths {
            if workspace.package_in(&path).is_some() {
                continue;
            }
            let manifest = normalise(&root.absolute(&path).join("Cargo.toml"));
            match by_hand::outside(root, &manifest, sources) {
                Ok(package) => workspace.packages.push(package),
                Err(why) => {
                    missing.insert(path, format!("did not look at the code of `{key}`: {why}"));
                }
            }
        }
    }
    missing.into_values().collect()
}

fn metadata(manifest: &Path, toolchain: &Toolchain) -> Result<Answer, BadInput> {
    let mut command = Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1", "--color", "never"]);
    command.arg("--manifest-path").arg(manifest);
    if !toolchain.network {
        command.arg("--offline");
    }
    let output = toolchain.output(&mut command).map_err(|error| {
        let message = format!(
            "failed to run `cargo metadata`: {}; install cargo, or set `CARGO` to the path of one",
            super::plain(&error)
        );
        BadInput { file: None, message }
    })?;
    if !output.status.success() {
        return Err(refused(&String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(json).map_err(|error| {
        let message = format!("failed to understand what `cargo metadata` printed: {error}");
        BadInput { file: None, message }
    })
}

/// What cargo said, as one line.
fn refused(stderr: &str) -> BadInput {
    let said = match toolchain::words(stderr).as_slice() {
        [] => "it gave no reason".to_owned(),
        words => words.join(" ").replace(" Caused by:", ":"),
    };
    BadInput { file: None, message: format!("failed to load the workspace: cargo says: {said}") }
}

/// Reads and parses a manifest, and keeps its text.
pub fn document(root: &Root, path: &Path, sources: &mut Sources) -> Result<Document, BadInput> {
    let file = root.relative(path);
    let text = root.read(&file)?;
    sources.insert(file.clone(), text.clone());
    Document::parse(&file, text)
}

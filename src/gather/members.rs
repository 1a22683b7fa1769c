//! Asks cargo for the packages of a workspace and reads their manifests.
//!
//! `cargo metadata --no-deps` resolves nothing, so it answers without a lockfile and without the
//! network. Path dependencies outside the workspace are read too, because the function's code goes
//! on in them.

use super::{
    by_hand, cargo,
    files::{Root, normalise},
    toolchain::{self, Toolchain},
};
use crate::{
    facts::{
        document::Document,
        workspace::{self, Dependency, DependencyKind, Package, Target, Workspace},
    },
    finding::BadInput,
    source::{RelPath, Sources},
};
use anyhow::Result;
use cargo_metadata::{DependencyKind as Kind, Metadata, TargetKind};
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
        Ok(metadata) => (from_cargo(manifest, &metadata)?, None),
        Err(refusal) => match by_hand::read(manifest) {
            Some(members) => (members, Some(refusal)),
            None => return Err(refusal.into()),
        },
    };
    let missing = outside(&mut members);
    Ok(Read { members, refusal, missing })
}

fn from_cargo(manifest: &Path, metadata: &Metadata) -> Result<Members> {
    let root = Root(metadata.workspace_root.clone().into_std_path_buf());
    let mut sources = Sources::default();
    let root_manifest = document(&root, &root.0.join("Cargo.toml"), &mut sources)?;

    let mut packages = Vec::new();
    for package in metadata.workspace_packages() {
        packages.push(read_package(&root, &root_manifest, package, true, &mut sources)?);
    }
    let default = metadata.workspace_default_packages();
    let is_package = packages.iter().position(|p| root.absolute(&p.manifest.file) == *manifest);
    let selected_by_default = match is_package {
        Some(index) => vec![index],
        None => {
            let names = default.iter().map(|package| package.name.as_str());
            names.filter_map(|name| packages.iter().position(|p| p.name == name)).collect()
        }
    };
    let target_directory = root.relative(metadata.target_directory.as_std_path());
    Ok(Members {
        workspace: Workspace { root: root_manifest, packages, target_directory },
        root,
        sources,
        selected_by_default,
    })
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

fn metadata(manifest: &Path, toolchain: &Toolchain) -> Result<Metadata, BadInput> {
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

fn read_package(
    root: &Root,
    workspace_root: &Document,
    package: &cargo_metadata::Package,
    is_member: bool,
    sources: &mut Sources,
) -> Result<Package> {
    let path = package.manifest_path.as_std_path();
    let manifest = document(root, path, sources)?;
    let dir = root.relative(path.parent().unwrap_or(path));
    let targets = package
        .targets
        .iter()
        .filter_map(|target| {
            let is_bin = target.kind.contains(&TargetKind::Bin);
            let links = |kind: &TargetKind| {
                matches!(kind, TargetKind::Lib | TargetKind::RLib | TargetKind::DyLib)
                    || matches!(kind, TargetKind::CDyLib | TargetKind::StaticLib)
            };
            (is_bin || target.kind.iter().any(links)).then(|| Target {
                name: target.name.clone(),
                is_bin,
                src_path: root.relative(target.src_path.as_std_path()),
                required_features: target.required_features.clone(),
            })
        })
        .collect();
    let dependencies = package
        .dependencies
        .iter()
        .map(|dependency| read_dependency(root, workspace_root, &manifest, dependency))
        .collect();
    let features = package.features.iter().map(|(name, on)| (name.clone(), on.clone())).collect();
    Ok(Package {
        name: package.name.to_string(),
        edition: package.edition.to_string(),
        manifest,
        dir,
        workspace_dir: root.relative(&root.absolute(&workspace_root.file).with_file_name("")),
        is_member,
        targets,
        dependencies,
        features,
    })
}

fn read_dependency(
    root: &Root,
    workspace_root: &Document,
    manifest: &Document,
    dependency: &cargo_metadata::Dependency,
) -> Dependency {
    let key = dependency.rename.as_ref().unwrap_or(&dependency.name).clone();
    let kind = match dependency.kind {
        Kind::Development => DependencyKind::Dev,
        Kind::Build => DependencyKind::Build,
        _ => DependencyKind::Normal,
    };
    let target = dependency.target.as_ref().map(ToString::to_string);
    let (written, inherited) =
        workspace::declaration(workspace_root, manifest, &key, kind, target.as_deref());
    let place = written.map_or_else(|| manifest.place(&["dependencies"]), |entry| entry.place());
    Dependency {
        package: dependency.name.clone(),
        kind,
        features: dependency.features.clone(),
        default_features: dependency.uses_default_features,
        optional: dependency.optional,
        path: dependency.path.as_ref().map(|path| {
            let path: PathBuf = normalise(path.as_std_path());
            root.relative(&path)
        }),
        place,
        inherited: inherited.map(|entry| entry.place()),
        key,
        target,
    }
}

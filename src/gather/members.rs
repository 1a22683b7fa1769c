//! Asks cargo for the packages of a workspace and reads their manifests.
//!
//! `cargo metadata --no-deps` resolves nothing, so it answers without a lockfile and without the
//! network. Path dependencies outside the workspace are asked for in the same way, because the
//! function's code goes on in them.

use super::{
    cargo,
    files::{Root, normalise},
};
use crate::{
    facts::{
        document::Document,
        workspace::{self, Dependency, DependencyKind, Package, Target, Workspace},
    },
    finding::BadInput,
    source::{RelPath, Sources},
};
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind as Kind, Metadata, TargetKind};
use std::{
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

/// Reads the workspace that `manifest` belongs to.
pub fn read(manifest: &Path, allow_network: bool) -> Result<Members> {
    let dir = manifest.parent().unwrap_or(manifest);
    // Our own reading comes first: its errors name the place more plainly than cargo's.
    let beside = Root(dir.to_owned());
    let own = RelPath::new("Cargo.toml");
    Document::parse(&own, beside.read(&own)?)?;

    let metadata = metadata(manifest, allow_network)?;
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
    outside(&root, &mut packages, &mut sources, allow_network)?;
    let target_directory = root.relative(metadata.target_directory.as_std_path());
    Ok(Members {
        workspace: Workspace { root: root_manifest, packages, target_directory },
        root,
        sources,
        selected_by_default,
    })
}

/// Adds the path dependencies that lie outside the workspace.
fn outside(
    root: &Root,
    packages: &mut Vec<Package>,
    sources: &mut Sources,
    allow_network: bool,
) -> Result<()> {
    let mut next = 0;
    while next < packages.len() {
        let paths: Vec<RelPath> = packages[next]
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Dev)
            .filter_map(|dependency| dependency.path.clone())
            .collect();
        for path in paths {
            if packages.iter().any(|package| package.dir == path) {
                continue;
            }
            let manifest = root.absolute(&path).join("Cargo.toml");
            let manifest = normalise(&manifest);
            let metadata = metadata(&manifest, allow_network)?;
            let found = metadata.packages.iter().find(|p| p.manifest_path == manifest);
            let Some(found) = found else { continue };
            let own_root = metadata.workspace_root.join("Cargo.toml");
            let own_root = document(root, own_root.as_std_path(), sources)?;
            packages.push(read_package(root, &own_root, found, false, sources)?);
        }
        next += 1;
    }
    Ok(())
}

fn metadata(manifest: &Path, allow_network: bool) -> Result<Metadata> {
    let mut command = Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1", "--color", "never"]);
    command.arg("--manifest-path").arg(manifest);
    if !allow_network {
        command.arg("--offline");
    }
    let output = command.output().context(
        "failed to run `cargo metadata`; install cargo, or set `CARGO` to the path of one",
    )?;
    if !output.status.success() {
        return Err(refused(&String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(json).context("failed to understand what `cargo metadata` printed")
}

/// What cargo said, as one line.
fn refused(stderr: &str) -> BadInput {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.skip_while(|line| !line.starts_with("error")).collect();
    let said = match lines.as_slice() {
        [] => "it gave no reason".to_owned(),
        lines => lines.join(" ").trim_start_matches("error: ").replace(" Caused by:", ":"),
    };
    BadInput { file: None, message: format!("failed to load the workspace: cargo says: {said}") }
}

fn document(root: &Root, path: &Path, sources: &mut Sources) -> Result<Document, BadInput> {
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
        requirement: dependency.req.to_string(),
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

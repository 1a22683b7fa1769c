//! Finds the packages of a workspace without cargo, where cargo refuses it.
//!
//! One broken manifest costs itself: what can be read is read, so that the sources can be looked at.
//! Nothing is known here of what a build would do, and the refusal stays an error of the run.

use super::{
    files::{Root, normalise},
    manifest::Manifest,
    members::{Members, document},
};
use crate::{
    facts::{
        document::Document,
        workspace::{Dependency, Package, Workspace},
    },
    source::Sources,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Reads the workspace that a manifest belongs to; none where it cannot be parsed or is no package
/// and no workspace.
pub fn read(manifest: &Path) -> Option<Members> {
    let folder = manifest.parent()?;
    let home = home(manifest);
    let mut sources = Sources::default();
    let root = Root(home.clone());
    let inherited = document(&root, &home.join("Cargo.toml"), &mut sources).ok()?;
    let packages = members(&root, &inherited, &mut sources);
    let is_package = |package: &Package| root.absolute(&package.manifest.file) == *manifest;
    let position = packages.iter().position(is_package);
    if position.is_none() && home != folder {
        return alone(manifest, folder, &home);
    }
    let default = strings(&inherited, "default-members");
    let chosen = default.iter().flat_map(|pattern| expand(&home, pattern)).collect::<Vec<_>>();
    let all = packages.iter().enumerate();
    let chosen = all.filter(|(_, package)| {
        chosen.is_empty() || chosen.contains(&normalise(&root.absolute(&package.dir)))
    });
    let selected_by_default = match position {
        Some(index) => vec![index],
        None => chosen.map(|(index, _)| index).collect(),
    };
    Some(Members {
        workspace: Workspace {
            root: inherited,
            target_directory: root.relative(&home.join("target")),
            packages,
        },
        root,
        sources,
        selected_by_default,
    })
}

/// A package that its workspace does not list: it is looked at by itself.
fn alone(manifest: &Path, folder: &Path, home: &Path) -> Option<Members> {
    let mut sources = Sources::default();
    let root = Root(folder.to_owned());
    let own = document(&root, manifest, &mut sources).ok()?;
    let inherited = document(&root, &home.join("Cargo.toml"), &mut sources).ok()?;
    let read =
        Manifest { root: &root, document: own.clone(), workspace: &inherited, is_member: true };
    let packages = vec![Package { workspace_dir: root.relative(folder), ..read.package()? }];
    let target_directory = root.relative(&folder.join("target"));
    let workspace = Workspace { root: own, packages, target_directory };
    Some(Members { workspace, root, sources, selected_by_default: vec![0] })
}

/// Reads a package that lies outside the workspace that is looked at.
pub fn outside(root: &Root, manifest: &Path, sources: &mut Sources) -> Result<Package, String> {
    let own = document(root, manifest, sources).map_err(|error| error.message)?;
    let home = document(root, &home(manifest).join("Cargo.toml"), sources);
    let workspace = home.unwrap_or_else(|_| own.clone());
    let file = own.file.clone();
    let read = Manifest { root, document: own, workspace: &workspace, is_member: false };
    read.package().ok_or_else(|| format!("`{file}` names no package"))
}

/// The folder of the workspace a manifest belongs to: its own, the one it names, or the nearest
/// above that does not exclude it.
fn home(manifest: &Path) -> PathBuf {
    let folder = manifest.parent().unwrap_or(manifest);
    let parsed = |folder: &Path| {
        let root = Root(folder.to_owned());
        document(&root, &folder.join("Cargo.toml"), &mut Sources::default()).ok()
    };
    let Some(own) = parsed(folder) else { return folder.to_owned() };
    if own.get(&["workspace"]).is_some() {
        return folder.to_owned();
    }
    if let Some(named) = own.string(&["package", "workspace"]) {
        return normalise(&folder.join(named));
    }
    let is_root = |above: &&Path| {
        let root = above.join("Cargo.toml").is_file().then(|| parsed(above)).flatten();
        root.is_some_and(|root| {
            root.get(&["workspace"]).is_some() && !is_excluded(above, &root, folder)
        })
    };
    folder.ancestors().skip(1).find(is_root).unwrap_or(folder).to_owned()
}

fn is_excluded(home: &Path, root: &Document, folder: &Path) -> bool {
    let below = |key| {
        let written = strings(root, key);
        written.iter().any(|path| folder.starts_with(normalise(&home.join(path))))
    };
    below("exclude") && !below("members")
}

/// The members: those listed, the root itself, and the path dependencies of them below the root.
fn members(root: &Root, inherited: &Document, sources: &mut Sources) -> Vec<Package> {
    let is_workspace = inherited.get(&["workspace"]).is_some();
    let patterns = strings(inherited, "members");
    let mut folders = vec![root.0.clone()];
    folders.extend(patterns.iter().flat_map(|pattern| expand(&root.0, pattern)));
    let mut packages: Vec<Package> = Vec::new();
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let seen = folders[..next - 1].contains(&folder);
        if seen || is_excluded(&root.0, inherited, &folder) {
            continue;
        }
        let Ok(document) = document(root, &folder.join("Cargo.toml"), sources) else { continue };
        let read = Manifest { root, document, workspace: inherited, is_member: true };
        let Some(package) = read.package() else { continue };
        let paths = package.dependencies.iter().filter_map(|one: &Dependency| one.path.as_ref());
        let paths = paths.map(|path| normalise(&root.absolute(path)));
        folders.extend(paths.filter(|path| is_workspace && path.starts_with(&root.0)));
        packages.push(package);
    }
    packages
}

fn strings(root: &Document, key: &str) -> Vec<String> {
    let array = root.get(&["workspace", key]).and_then(|entry| entry.item.as_array());
    array.into_iter().flatten().filter_map(|path| path.as_str().map(str::to_owned)).collect()
}

/// The folders that a pattern of `members` means.
fn expand(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let (part, rest) = pattern.split_once('/').unwrap_or((pattern, ""));
    if part.is_empty() {
        return if rest.is_empty() { vec![normalise(folder)] } else { expand(folder, rest) };
    }
    if !part.contains(['*', '?']) {
        return expand(&folder.join(part), rest);
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let matching = entries.filter(|entry| is_like(part, &entry.file_name().to_string_lossy()));
    let mut folders: Vec<PathBuf> =
        matching.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().flat_map(|folder| expand(folder, rest)).collect()
}

/// Whether a name fits a pattern in which `*` stands for anything and `?` for one character.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut rest = name.chars();
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let behind = &pattern[1..];
            is_like(behind, name) || rest.next().is_some() && is_like(pattern, rest.as_str())
        }
        Some(own) => {
            let fits = rest.next().is_some_and(|one| own == '?' || own == one);
            fits && is_like(&pattern[own.len_utf8()..], rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests;

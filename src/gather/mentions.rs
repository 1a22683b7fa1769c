//! Reads the sources of the packages, for what their code mentions.

use super::files::Root;
use crate::{
    facts::{mention::Mentions, workspace::Workspace},
    source::RelPath,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the code of each package mentions, in the order of the workspace's packages. Every file
/// beside or below a library or binary counts, whether a `mod` names it or not: a feature that
/// only such a file needs is kept.
pub fn read(root: &Root, workspace: &Workspace) -> Vec<Mentions> {
    let of_package = |package: &crate::facts::workspace::Package| {
        let mut files: BTreeMap<RelPath, Arc<str>> = BTreeMap::new();
        for target in &package.targets {
            let path = root.absolute(&target.src_path);
            collect(root, path.parent().unwrap_or(&path), &mut files);
        }
        Mentions::of(files.iter().map(|(file, text)| (file, text.as_ref())))
    };
    workspace.packages.iter().map(of_package).collect()
}

fn collect(root: &Root, folder: &Path, files: &mut BTreeMap<RelPath, Arc<str>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path: PathBuf = entry.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() {
            // A folder with a manifest is another package; build output is nobody's source.
            if !path.join("Cargo.toml").exists() && !path.join("CACHEDIR.TAG").exists() {
                collect(root, &path, files);
            }
        } else if is_source && path.file_name().is_some_and(|name| name != "build.rs") {
            let file = root.relative(&path);
            if let Ok(text) = root.read(&file) {
                files.insert(file, text);
            }
        }
    }
}

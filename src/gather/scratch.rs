//! A scratch folder in which cargo may write a lockfile for a project that has none.
//!
//! Holds links to what is in the workspace root, at the same path below a temporary folder, so
//! that relative path dependencies mean what they mean in the project. The project itself is not
//! written to: looking must not leave a `Cargo.lock` behind.

use super::files::Root;
use crate::facts::workspace::Workspace;
use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};
use tempfile::TempDir;

/// The folder. Dropping it removes it.
pub struct Scratch {
    directory: TempDir,
    /// The workspace root in it.
    pub root: PathBuf,
}

impl Scratch {
    /// Links a workspace and the path dependencies outside it.
    pub fn of(root: &Root, workspace: &Workspace) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("cargo-lambda-lean-").tempdir()?;
        let scratch = Scratch { root: below(directory.path(), &root.0), directory };
        fs::create_dir_all(&scratch.root)?;
        for entry in fs::read_dir(&root.0)? {
            let entry = entry?;
            if entry.file_name() != "Cargo.lock" {
                link(&entry.path(), &scratch.root.join(entry.file_name()))?;
            }
        }
        for package in workspace.packages.iter().filter(|package| !package.is_member) {
            let outside = super::normalise(&root.absolute(&package.workspace_dir));
            let copy = below(scratch.directory.path(), &outside);
            if !copy.exists() {
                fs::create_dir_all(copy.parent().unwrap_or(&copy))?;
                link(&outside, &copy)?;
            }
        }
        Ok(scratch)
    }

    /// The path in the project of a path in the folder.
    pub fn original(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.directory.path()) {
            Ok(below) => Path::new("/").join(below),
            Err(_) => path.to_owned(),
        }
    }
}

fn below(base: &Path, path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    base.join(parts.collect::<PathBuf>())
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "links need a privilege on this system"))
}

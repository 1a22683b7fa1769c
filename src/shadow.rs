//! A scratch copy of a project in which changes are tried before the project is touched.
//!
//! The copy stands at the same absolute path below a temporary folder, so that relative path
//! dependencies, configuration files and toolchain files further up mean what they mean in the
//! project. Files are symbolic links until they are changed; `Cargo.lock` is a copy, because
//! cargo writes to it. Dropping the copy removes it, unless it is kept to be built from.

use crate::{
    gather::{Project, Root},
    source::RelPath,
};
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

/// A scratch copy.
pub struct Shadow {
    /// Removes the copy when dropped.
    directory: tempfile::TempDir,
    /// The workspace root of the copy.
    pub root: Root,
    /// The workspace root of the project.
    project: Root,
    /// What was written, by file; `None` for one that was taken back.
    changed: BTreeSet<RelPath>,
}

/// Files further up that change how cargo and rustup behave below.
const INHERITED: [&str; 3] = [".cargo", "rust-toolchain.toml", "rust-toolchain"];

impl Shadow {
    /// Makes a scratch copy of a project.
    pub fn of(project: &Project) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("cargo-lambda-lean-")
            .tempdir()
            .context("failed to make a temporary folder; set `TMPDIR` to one that is writable")?;
        Self::inside(directory, project)
    }

    /// Makes a scratch copy that `keep` can move to `place`.
    pub fn beside(place: &Path, project: &Project) -> Result<Self> {
        let parent = place.parent().unwrap_or(place);
        let directory = fs::create_dir_all(parent)
            .and_then(|()| tempfile::Builder::new().prefix("new-").tempdir_in(parent));
        Self::inside(
            directory
                .with_context(|| format!("failed to make a folder in {}", parent.display()))?,
            project,
        )
    }

    fn inside(directory: tempfile::TempDir, project: &Project) -> Result<Self> {
        let base = fs::canonicalize(directory.path())
            .with_context(|| format!("failed to find {}", directory.path().display()))?;
        let root = &project.root.0;
        let below = |path: &Path| base.join(without_root(path));
        let workspace = &project.facts.workspace;

        let mut trees = BTreeSet::from([root.clone()]);
        for package in workspace.packages.iter().filter(|package| !package.is_member) {
            trees.insert(crate::gather::normalise(&project.root.absolute(&package.workspace_dir)));
        }
        // A tree inside another comes with it.
        let outermost: Vec<PathBuf> = trees
            .iter()
            .filter(|tree| !trees.iter().any(|other| *tree != other && tree.starts_with(other)))
            .cloned()
            .collect();
        let target = project.root.absolute(&workspace.target_directory);
        for tree in outermost {
            let copy = below(&tree);
            if root.starts_with(&tree) {
                mirror(&tree, &copy, &target)?;
            } else {
                make_parent(&copy)?;
                link(&tree, &copy)?;
            }
        }
        for above in root.ancestors().skip(1) {
            for name in INHERITED {
                let (file, copy) = (above.join(name), below(&above.join(name)));
                if file.exists() && !copy.exists() {
                    make_parent(&copy)?;
                    link(&file, &copy)?;
                }
            }
        }
        Ok(Shadow {
            root: Root(below(root)),
            project: project.root.clone(),
            changed: BTreeSet::new(),
            directory,
        })
    }

    /// The text of a file of the copy, or `None` when there is none.
    pub fn text(&self, file: &RelPath) -> Option<String> {
        fs::read_to_string(self.root.absolute(file)).ok()
    }

    /// Replaces files of the copy. Returns what they were, for `restore`.
    pub fn write(
        &mut self,
        texts: &BTreeMap<RelPath, String>,
    ) -> Result<BTreeMap<RelPath, Option<String>>> {
        let mut before = BTreeMap::new();
        for (file, text) in texts {
            before.insert(file.clone(), self.text(file));
            self.put(file, Some(text))?;
        }
        Ok(before)
    }

    /// Takes files of the copy back to what they were.
    pub fn restore(&mut self, before: &BTreeMap<RelPath, Option<String>>) -> Result<()> {
        before.iter().try_for_each(|(file, text)| self.put(file, text.as_deref()))
    }

    fn put(&mut self, file: &RelPath, text: Option<&str>) -> Result<()> {
        let path = self.root.absolute(file);
        let put = || {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            if fs::symlink_metadata(&path).is_ok() {
                fs::remove_file(&path)?;
            }
            text.map_or(Ok(()), |text| fs::write(&path, text))
        };
        put().with_context(|| format!("failed to try the change of `{file}` in a scratch copy"))?;
        self.changed.insert(file.clone());
        Ok(())
    }

    /// Moves the copy to `place` and leaves it there, instead of an earlier one. A file with the
    /// text it had there keeps its time, so that cargo finds what it has built of it still fresh.
    /// Returns the workspace root.
    pub fn keep(self, place: &Path) -> Result<PathBuf> {
        let kept = || -> io::Result<PathBuf> {
            let base = fs::canonicalize(self.directory.path())?;
            let root = place.join(self.root.0.strip_prefix(&base).unwrap_or(&self.root.0));
            for file in &self.changed {
                let (new, old) = (self.root.absolute(file), root.join(file.as_str()));
                let unchanged =
                    fs::read(&new).ok().filter(|text| fs::read(&old).ok().as_ref() == Some(text));
                if unchanged.is_some() {
                    let time = fs::metadata(&old)?.modified()?;
                    fs::File::options().append(true).open(&new)?.set_modified(time)?;
                }
            }
            if place.exists() {
                fs::remove_dir_all(place)?;
            }
            fs::rename(self.directory.keep(), place)?;
            Ok(root)
        };
        kept().with_context(|| format!("failed to keep a copy in {}", place.display()))
    }

    /// The files that differ from the project, with the text they have now. The lockfile is among
    /// them when cargo changed it and the project has one.
    pub fn changes(&self) -> BTreeMap<RelPath, String> {
        let lockfile = RelPath::new("Cargo.lock");
        let project_text = |file: &RelPath| fs::read_to_string(self.project.absolute(file)).ok();
        let mut files: BTreeSet<&RelPath> = self.changed.iter().collect();
        if project_text(&lockfile).is_some() {
            files.insert(&lockfile);
        }
        let changed = files.into_iter().filter_map(|file| {
            let now = self.text(file)?;
            (project_text(file).as_deref() != Some(now.as_str())).then(|| (file.clone(), now))
        });
        changed.collect()
    }
}

fn without_root(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// Rebuilds a folder with links for its files. Build output and what version control keeps is
/// left out: nothing reads it, and there can be very much of it.
fn mirror(from: &Path, to: &Path, target: &Path) -> Result<()> {
    let failed = || format!("failed to copy `{}` to a temporary folder", from.display());
    fs::create_dir_all(to).with_context(failed)?;
    for entry in fs::read_dir(from).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().with_context(failed)?;
        if path == target || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        let name = entry.file_name();
        let is_code = kind.is_dir() && name != "node_modules" && name != ".git";
        if is_code {
            mirror(&path, &copy, target)?;
        } else if name == "Cargo.lock" {
            fs::copy(&path, &copy).with_context(failed)?;
        } else {
            link(&path, &copy).with_context(failed)?;
        }
    }
    Ok(())
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("failed to make `{}`", parent.display()))
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Links need a privilege on Windows, so files are copied there.
#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            link(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).map(drop)
}

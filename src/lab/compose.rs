//! Makes a function out of two: one's manifest and lockfile with the other's source, so that a
//! single step between two functions can be measured alone. It copies into the target directory and
//! links what lies beside the first one, so that its path dependencies are found.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Puts `manifest_of`'s manifest and `source_of`'s `src` together below `base`, a target directory;
/// returns the directory.
pub fn compose(base: &Path, name: &str, manifest_of: &Path, source_of: &Path) -> Result<PathBuf> {
    let parent = base.join("lambda-lean/composed");
    let directory = parent.join(name);
    let made = (|| {
        fs::create_dir_all(directory.join("src"))?;
        let siblings = fs::canonicalize(manifest_of.join(".."))?;
        for entry in fs::read_dir(&siblings)? {
            let entry = entry?;
            let link = parent.join(entry.file_name());
            if !link.exists() {
                symlink(entry.path(), link)?;
            }
        }
        for file in ["Cargo.toml", "Cargo.lock"] {
            copy(&manifest_of.join(file), &directory.join(file))?;
        }
        copy_all(&source_of.join("src"), &directory.join("src"))
    })();
    made.with_context(|| {
        format!(
            "failed to put {} and {} together in {}",
            manifest_of.display(),
            source_of.display(),
            directory.display()
        )
    })?;
    Ok(directory)
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_all(&entry.path(), &target)?;
        } else {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies a file, unless nothing changed: cargo goes by its time.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let content = fs::read(from)?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    fs::write(to, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_of_one_gets_the_source_of_another() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("inside")).expect("writable");
            fs::write(path, text).expect("writable");
        };
        write("functions/a/Cargo.toml", "manifest a");
        write("functions/a/Cargo.lock", "lock a");
        write("functions/a/src/main.rs", "source a");
        write("functions/b/src/main.rs", "source b");
        write("functions/b/src/deep/x.rs", "x");
        write("functions/shared/lib.rs", "shared");
        let functions = root.path().join("functions");
        let made =
            compose(&root.path().join("target"), "a-b", &functions.join("a"), &functions.join("b"))
                .expect("two functions");
        let read = |path: &str| fs::read_to_string(made.join(path)).expect(path);
        assert_eq!([read("Cargo.toml"), read("Cargo.lock")], ["manifest a", "lock a"]);
        assert_eq!([read("src/main.rs"), read("src/deep/x.rs")], ["source b", "x"]);
        assert_eq!(read("../shared/lib.rs"), "shared");
    }
}

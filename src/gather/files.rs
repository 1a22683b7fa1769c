//! Finding and reading files, with errors that say which file and what to do.

use crate::{finding::BadInput, source::RelPath};
use anyhow::Result;
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

/// The folder of the workspace root: paths of findings are relative to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(pub PathBuf);

impl Root {
    /// A path on disk as one relative to the root, with forward slashes.
    pub fn relative(&self, path: &Path) -> RelPath {
        let mut base = self.0.components().peekable();
        let mut target = path.components().peekable();
        while base.peek().is_some() && base.peek() == target.peek() {
            base.next();
            target.next();
        }
        let up = base.filter(|part| *part != Component::CurDir).map(|_| "..".to_owned());
        let down = target.map(|part| part.as_os_str().to_string_lossy().into_owned());
        RelPath::new(up.chain(down).collect::<Vec<_>>().join("/"))
    }

    /// The file on disk.
    pub fn absolute(&self, path: &RelPath) -> PathBuf {
        self.0.join(path.as_str())
    }

    /// Reads a file as UTF-8.
    pub fn read(&self, path: &RelPath) -> Result<Arc<str>, BadInput> {
        let file = self.absolute(path);
        let kind = fs::metadata(&file).map_err(|error| unreadable(path, &error))?;
        // A pipe or a device may never end.
        if !kind.is_file() && !kind.is_dir() {
            let message = format!("failed to read `{path}`: it is no regular file");
            return Err(BadInput { file: Some(path.clone()), message });
        }
        let bytes = fs::read(file).map_err(|error| unreadable(path, &error))?;
        String::from_utf8(bytes).map(Arc::from).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            BadInput {
                file: Some(path.clone()),
                message: format!(
                    "failed to read `{path}`: it is not UTF-8 at line {line}; save it as UTF-8"
                ),
            }
        })
    }

    /// The Rust sources in a folder and below. A folder with a manifest is another package, and
    /// build output is nobody's source.
    pub fn sources_below(&self, folder: &Path) -> BTreeSet<RelPath> {
        let mut files = BTreeSet::new();
        let mut seen = fs::canonicalize(folder).into_iter().collect();
        self.collect(folder, &mut seen, &mut files);
        files
    }

    fn collect(&self, folder: &Path, seen: &mut BTreeSet<PathBuf>, files: &mut BTreeSet<RelPath>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if path.is_dir() {
                // A link can lead back here.
                let is_new =
                    !is_link || fs::canonicalize(&path).is_ok_and(|real| seen.insert(real));
                let is_other =
                    ["Cargo.toml", "CACHEDIR.TAG"].iter().any(|it| path.join(it).exists());
                if is_new && !is_other {
                    self.collect(&path, seen, files);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.insert(self.relative(&path));
            }
        }
    }
}

fn unreadable(path: &RelPath, error: &io::Error) -> BadInput {
    let what_to_do = match error.kind() {
        io::ErrorKind::NotFound => "; check the path",
        io::ErrorKind::PermissionDenied => "; make it readable",
        _ if is_symlink_loop(error) => "; its symbolic links form a loop: replace one by the file",
        _ => "",
    };
    BadInput {
        file: Some(path.clone()),
        message: format!("failed to read `{path}`: {}{what_to_do}", plain(error)),
    }
}

/// The system's words without the error number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// `ELOOP`, which the standard library has no stable name for.
fn is_symlink_loop(error: &io::Error) -> bool {
    error.to_string().contains("symbolic links")
}

/// The manifest that is meant: the one given, the one in the folder given, or the nearest upwards
/// of the current folder. Absolute, with symbolic links kept.
pub fn find_manifest(given: Option<&Path>) -> Result<PathBuf> {
    let here = std::env::current_dir()
        .map_err(|error| anyhow::anyhow!("failed to find the current folder: {error}"))?;
    let Some(given) = given else {
        let found = here.ancestors().map(|dir| dir.join("Cargo.toml")).find(|path| exists(path));
        return found.ok_or_else(|| {
            let message = format!(
                "failed to find a `Cargo.toml` in `{}` or any folder above it; run inside a \
                 package or pass `--manifest-path`",
                here.display()
            );
            BadInput { file: None, message }.into()
        });
    };
    let path = here.join(given);
    let path = normalise(&path);
    if path.is_dir() {
        let manifest = path.join("Cargo.toml");
        if !exists(&manifest) {
            let message = format!(
                "failed to find a package: the folder `{}` holds no `Cargo.toml`; pass the path \
                 of a manifest",
                given.display()
            );
            return Err(BadInput { file: None, message }.into());
        }
        return Ok(manifest);
    }
    if path.file_name().is_none_or(|name| name != "Cargo.toml") {
        let message = format!(
            "failed to read `{}`: a manifest is a file named `Cargo.toml`; pass the path of one",
            given.display()
        );
        return Err(BadInput { file: None, message }.into());
    }
    Ok(path)
}

/// Whether something of that name is there, a broken link included: reading it then says why not.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Resolves `.` and `..` by the words alone, as cargo does.
pub fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_climb_out_of_the_root() {
        let root = Root(PathBuf::from("/a/b"));
        for (path, relative) in
            [("/a/b/c/D.rs", "c/D.rs"), ("/a/x/y", "../x/y"), ("/a/b", ""), ("/z", "../../z")]
        {
            assert_eq!(root.relative(Path::new(path)).as_str(), relative);
        }
    }
}

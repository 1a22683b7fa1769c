//! Writes several files of a project, all of them or none.
//!
//! Refuses what it must not touch: files outside the workspace root, files whose owner may not
//! write them (root could), files that changed since they were read. A symbolic link stays one;
//! the file it points to is written. Mode bits are kept.

use crate::{
    finding::BadInput,
    gather::{Root, plain},
    source::RelPath,
};
use anyhow::Result;
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file to write.
struct Staged {
    file: RelPath,
    /// The file itself, links resolved.
    path: PathBuf,
    /// What it held, or `None` when it is new.
    before: Option<Vec<u8>>,
    /// The new text, in the folder of the file so that it can be renamed over it.
    temporary: NamedTempFile,
}

/// Writes the texts, given what each file is believed to hold now.
pub fn write(
    root: &Root,
    texts: &BTreeMap<RelPath, String>,
    believed: &dyn Fn(&RelPath) -> Option<String>,
) -> Result<()> {
    let mut made = Vec::new();
    let staged = texts
        .iter()
        .map(|(file, text)| stage(root, file, text, believed(file), &mut made).inspect_err(|_| ()));
    let staged: Result<Vec<Staged>, BadInput> = staged.collect();
    let result = staged.and_then(replace);
    if result.is_err() {
        // Folders made for new files are empty again; one that is not stays.
        for folder in made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
    Ok(result?)
}

fn refuse(file: &RelPath, why: &str) -> BadInput {
    BadInput { file: Some(file.clone()), message: format!("failed to change `{file}`: {why}") }
}

fn stage(
    root: &Root,
    file: &RelPath,
    text: &str,
    believed: Option<String>,
    made: &mut Vec<PathBuf>,
) -> Result<Staged, BadInput> {
    let failed = |error: io::Error| refuse(file, &plain(&error));
    let path = root.absolute(file);
    let is_there = fs::symlink_metadata(&path).is_ok();
    let path = if is_there { fs::canonicalize(&path).map_err(failed)? } else { path };
    let folder = path.parent().unwrap_or(&path).to_owned();
    make_folder(&folder, made).map_err(failed)?;
    let real_root = fs::canonicalize(&root.0).map_err(failed)?;
    if !fs::canonicalize(&folder).map_err(failed)?.starts_with(&real_root) {
        return Err(refuse(file, "it lies outside the workspace; change it by hand"));
    }
    let before = if is_there { Some(fs::read(&path).map_err(failed)?) } else { None };
    if before.as_deref() != believed.as_deref().map(str::as_bytes) {
        return Err(refuse(file, "it changed while this ran; run again"));
    }
    let mut temporary = NamedTempFile::new_in(&folder).map_err(failed)?;
    if is_there {
        let permissions = fs::metadata(&path).map_err(failed)?.permissions();
        if !owner_may_write(&permissions) {
            return Err(refuse(file, "its owner may not write it; run `chmod u+w` on it"));
        }
        fs::set_permissions(temporary.path(), permissions).map_err(failed)?;
    } else {
        make_like_any_new_file(temporary.path()).map_err(failed)?;
    }
    temporary.write_all(text.as_bytes()).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    Ok(Staged { file: file.clone(), path, before, temporary })
}

fn replace(staged: Vec<Staged>) -> Result<(), BadInput> {
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for Staged { file, path, before, temporary } in staged {
        if let Err(error) = temporary.persist(&path) {
            for (path, before) in done.iter().rev() {
                // The first failure is the one worth telling.
                let _ = match before {
                    Some(bytes) => fs::write(path, bytes),
                    None => fs::remove_file(path),
                };
            }
            return Err(refuse(&file, &plain(&error.error)));
        }
        done.push((path, before));
    }
    Ok(())
}

fn make_folder(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder)?;
        made.push(folder.to_owned());
    }
    Ok(())
}

#[cfg(unix)]
fn owner_may_write(permissions: &fs::Permissions) -> bool {
    use std::os::unix::fs::PermissionsExt;
    permissions.mode() & 0o200 != 0
}

#[cfg(not(unix))]
fn owner_may_write(permissions: &fs::Permissions) -> bool {
    !permissions.readonly()
}

/// Temporary files are private; a file of a project is not.
#[cfg(unix)]
fn make_like_any_new_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_like_any_new_file(_: &Path) -> io::Result<()> {
    Ok(())
}

//! Whether a change could be undone by version control, asked of `git` itself.
//!
//! The rules are those of `cargo fix`: no repository, uncommitted changes and staged changes are
//! each a reason to refuse, and each has a flag that permits it.

use anyhow::{Result, bail};
use std::{path::Path, process::Command};

/// What the user permits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// No version control at all.
    pub no_vcs: bool,
    /// Uncommitted changes in the working tree.
    pub dirty: bool,
    /// Changes in the index.
    pub staged: bool,
}

/// Refuses a folder whose files could not be brought back.
pub fn guard(folder: &Path, allowed: Allowed) -> Result<()> {
    if allowed.no_vcs {
        return Ok(());
    }
    let mut command = Command::new("git");
    command.current_dir(folder).args(["status", "--porcelain=v1", "-z", "--", "."]);
    let output = command.output().ok().filter(|output| output.status.success());
    let Some(output) = output else {
        bail!(
            "failed to apply: no version control keeps this folder, so a change could not be \
             undone; commit it somewhere, or pass `--allow-no-vcs`"
        );
    };
    let status = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut refused, mut flags) = (Vec::new(), Vec::new());
    let mut entries = status.split('\0').filter(|entry| entry.len() > 3);
    while let Some(entry) = entries.next() {
        let (state, file) = entry.split_at(3);
        let (index, tree) = (state.as_bytes()[0], state.as_bytes()[1]);
        if matches!(index, b'R' | b'C') {
            // The old name of a renamed file is an entry of its own.
            entries.next();
        }
        let is_staged = !matches!(index, b' ' | b'?' | b'!');
        let is_dirty = tree != b' ' && tree != b'!';
        if is_dirty && !allowed.dirty {
            refused.push(format!("{file} (dirty)"));
            flags.push("--allow-dirty");
        } else if is_staged && !allowed.staged {
            refused.push(format!("{file} (staged)"));
            flags.push("--allow-staged");
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    flags.sort_unstable();
    flags.dedup();
    bail!(
        "failed to apply: these files have changes that are not committed: {}; commit or stash \
         them, or pass `{}`",
        refused.join(", "),
        flags.join(" ")
    )
}

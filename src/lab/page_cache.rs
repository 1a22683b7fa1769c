//! Drops a binary from the page cache, so that the next start reads it from disk, as a new Lambda
//! environment does. It needs no privilege, and leaves libraries where they are.

use std::{fs::File, path::Path};

use anyhow::{Context, Result};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

/// Drops a file's pages.
pub fn evict(path: &Path) -> Result<()> {
    let evict = || {
        let file = File::open(path)?;
        // Pages that are not yet written cannot be dropped.
        file.sync_all()?;
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        std::io::Result::Ok(())
    };
    evict().with_context(|| format!("failed to drop {} from the page cache", path.display()))
}

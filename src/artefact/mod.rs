//! Built functions on disk: a path in, the program and its zip out.
//!
//! It reads what is there and builds nothing. Each file that cannot be used gives one error that
//! names it and says what to do.

mod age;
mod find;

pub use age::{Age, age};
pub use find::{Wanted, find};

use crate::{
    facts::{
        binary::Binary,
        package::{self, LARGEST_PROGRAM, ZipSize},
    },
    units,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A built function that was read.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// The file.
    pub path: PathBuf,
    /// When it was last written.
    pub modified: SystemTime,
    /// The program, unpacked where it came in a zip.
    pub program: Vec<u8>,
    /// What the program is made of.
    pub binary: Binary,
    /// The zip it came in.
    pub zip: Option<ZipSize>,
}

impl Artefact {
    /// Reads a program, or the `bootstrap` of a zip.
    pub fn open(path: &Path) -> Result<Artefact> {
        let (bytes, modified) = read(path)?;
        Self::from_bytes(path, bytes, modified)
    }

    /// Takes bytes that were read from a file as a program or a zip.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>, modified: SystemTime) -> Result<Artefact> {
        let shown = path.display();
        let (program, zip) = if package::is_zip(&bytes) {
            let package = package::unpack(&bytes)
                .map_err(|problem| anyhow!("failed to read {shown}: it {problem}"))?;
            let zip = ZipSize {
                size: package.zip_size,
                unzipped_size: package.unzipped_size,
                is_file: true,
            };
            (package.program, Some(zip))
        } else {
            (bytes, None)
        };
        let binary = Binary::read(&program).map_err(|problem| match zip {
            Some(_) => anyhow!("failed to read {shown}: its `{}` {problem}", package::PROGRAM),
            None => anyhow!("failed to read {shown}: it {problem}"),
        })?;
        Ok(Artefact { path: path.to_owned(), modified, program, binary, zip })
    }

    /// The size of the zip: of the one it came in, else of one made from the program.
    pub fn zip_size(&self) -> ZipSize {
        self.zip.clone().unwrap_or_else(|| ZipSize::of(&self.program))
    }
}

/// Reads a file that may be any user's mistake.
pub fn read(path: &Path) -> Result<(Vec<u8>, SystemTime)> {
    let shown = path.display();
    let failed = || format!("failed to read {shown}");
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "failed to read {shown}: there is no such file; \
             build it with `cargo lambda build --release`, or name another"
        ),
        other => other.with_context(failed)?,
    };
    if metadata.is_dir() {
        match [package::PROGRAM, "bootstrap.zip"].iter().find(|name| path.join(name).is_file()) {
            Some(name) => bail!(
                "failed to read {shown}: it is a directory; name the file in it, {}",
                path.join(name).display()
            ),
            None => bail!(
                "failed to read {shown}: it is a directory; name a built file, \
                 or a package with `--manifest-path`"
            ),
        }
    }
    if !metadata.is_file() {
        bail!("failed to read {shown}: it is no regular file; name a built one");
    }
    if metadata.len() > LARGEST_PROGRAM {
        bail!(
            "failed to read {shown}: it has {}, while Lambda takes 250 MB; name a built function",
            units::bytes(metadata.len())
        );
    }
    let bytes = fs::read(path).with_context(failed)?;
    Ok((bytes, metadata.modified().with_context(failed)?))
}

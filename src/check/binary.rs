//! Questions about the built function, which the run has to be asked to look at.
//!
//! A hit points to the line of a manifest, template or script that decides about the build, since
//! nobody can click into a binary. What could not be looked at is said, never taken for clean.

mod architecture;

mod contains;

mod glibc;

mod package_size;

mod removable;

pub use architecture::BinaryArchitecture;
pub use contains::BinaryContains;
pub use glibc::BinaryGlibc;
pub use package_size::PackageSize;
pub use removable::BinaryRemovable;

use super::{Hit, Outcome};
use crate::{
    facts::{Facts, built::Built, workspace::Function},
    source::Place,
};

/// Asks about the built function, if there is one to look at.
fn of_built(facts: &Facts, function: &Function, ask: impl FnOnce(&Built) -> Vec<Hit>) -> Outcome {
    match facts.built.of(function) {
        Ok(built) => Outcome::Hits(ask(built)),
        Err(why) => Outcome::Skipped(why),
    }
}

/// A hit about a built function, with what every message and note says of it.
fn hit(at: Place, built: &Built, function: &Function) -> Hit {
    let hit = Hit::at(at).with("bin", &function.bin).note(format!("read from `{}`", built.path));
    match &built.stale {
        None => hit,
        Some(newest) => {
            hit.note(format!("`{newest}` is newer than that file: build again to be sure"))
        }
    }
}

/// The line of the package itself.
fn package(facts: &Facts, function: &Function) -> Place {
    facts.workspace.package(function).manifest.place(&["package"])
}

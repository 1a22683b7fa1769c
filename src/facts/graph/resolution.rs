//! What could be found out about the dependencies of the functions, and why not the rest.
//!
//! A question that needs the resolved graph asks for `build`; one that a lockfile can answer asks
//! for `locked`. Either can be missing, with a sentence that says what would make it possible.

use super::{CrateSpec, Lock, Resolved, lock::Locked};

/// The dependencies of the functions of a run.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The lockfile, or why there is none.
    pub lock: Result<Lock, String>,
    /// What each function links, in the order of `Facts::functions`, or why that is not known.
    pub functions: Result<Vec<Resolved>, String>,
}

impl Resolution {
    /// What is known when nothing was looked at.
    pub fn unknown(why: &str) -> Self {
        Resolution { lock: Err(why.to_owned()), functions: Err(why.to_owned()) }
    }

    /// What a function links.
    pub fn of(&self, function: usize) -> Result<&Resolved, &str> {
        match &self.functions {
            Ok(functions) => functions.get(function).ok_or("the function is not part of the build"),
            Err(why) => Err(why),
        }
    }

    /// What a package could link, by the lockfile alone.
    pub fn locked(&self, package: &str) -> Result<Vec<&Locked>, &str> {
        match &self.lock {
            Ok(lock) => match lock.reachable(package) {
                reachable if reachable.is_empty() => Err("Cargo.lock does not know the package"),
                reachable => Ok(reachable),
            },
            Err(why) => Err(why),
        }
    }

    /// Whether the lockfile proves that a package links none of some crates.
    pub fn excludes(&self, package: &str, crates: &[CrateSpec]) -> bool {
        let Ok(locked) = self.locked(package) else { return false };
        !locked
            .iter()
            .any(|locked| crates.iter().any(|spec| spec.matches(&locked.name, &locked.version)))
    }
}

//! What could be found out about the dependencies of the functions, and why not the rest.
//!
//! A question that needs the resolved graph asks `of` a function; one that a lockfile can answer asks
//! for `locked`. Either can be missing, with a sentence that says what would make it possible.

use super::{CrateSpec, Lock, Resolved, lock::Locked};
use std::collections::BTreeSet;

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

    /// How many crates and features of the functions are gone since an earlier state, or `None`
    /// when one of the two is not known.
    pub fn dropped_since(&self, before: &Resolution) -> Option<usize> {
        let (now, before) = (self.functions.as_ref().ok()?, before.functions.as_ref().ok()?);
        let all = |functions: &[Resolved]| -> BTreeSet<(usize, String, String, Option<String>)> {
            let functions = functions.iter().enumerate();
            functions.flat_map(|(index, resolved)| nodes(index, resolved)).collect()
        };
        Some(all(before).difference(&all(now)).count())
    }
}

/// The crates and features of a function, by names that mean the same in another resolution.
fn nodes(
    function: usize,
    resolved: &Resolved,
) -> impl Iterator<Item = (usize, String, String, Option<String>)> {
    resolved.linked().flat_map(move |ix| {
        let package = &resolved.universe.packages[ix];
        let features = resolved.features(ix).into_iter().map(|name| Some(name.to_owned()));
        features.chain([None]).map(move |feature| {
            (function, package.name.clone(), package.version.to_string(), feature)
        })
    })
}

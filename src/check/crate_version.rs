//! Is a crate linked in a version that is known to be slow, or dead?
//!
//! The versions are in the rule file, each with what is wrong with it. A lockfile answers this
//! alone when the graph is missing; the hit then says so, because the lockfile does not tell
//! whether the crate is really linked.

use super::{Hit, Outcome, resolved};
use crate::facts::{Facts, graph::CrateSpec, workspace::Function};
use serde::Deserialize;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrateVersion {
    /// The versions, each with a reason.
    crates: Vec<Known>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    versions: CrateSpec,
    /// What is wrong with them.
    because: String,
    /// What to use instead.
    instead: String,
}

impl CrateVersion {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let specs: Vec<CrateSpec> =
            self.crates.iter().map(|known| known.versions.clone()).collect();
        let found = match resolved::find(facts, function, &specs) {
            Ok(found) => found,
            Err(why) => return Outcome::Skipped(why),
        };
        // Crates of one family come through one line: the first of them stands for all.
        let mut hits = BTreeMap::new();
        for found in found {
            let known =
                self.crates.iter().find(|k| k.versions.matches(&found.name, &found.version));
            let Some(known) = known else { continue };
            let mut hit = Hit::at(found.place.clone())
                .with("crate", &found.name)
                .with("version", found.version.to_string())
                .with("because", &known.because)
                .with("instead", &known.instead)
                .change(Some(super::Change::by_hand()));
            hit.notes = found.notes;
            hits.entry(found.place).or_insert(hit);
        }
        Outcome::Hits(hits.into_values().collect())
    }
}

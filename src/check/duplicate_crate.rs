//! Are two versions of a heavy crate linked?
//!
//! The families are in the rule file. The hit is on the manifest line that leads to the older
//! version, one for all families of that line, and names the crate that lags.

use super::{Change, Hit, Outcome, resolved};
use crate::{
    facts::{Facts, graph::CrateSpec, workspace::Function},
    source::Place,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateCrate {
    /// The crates of which one version is enough.
    families: Vec<CrateSpec>,
}

impl DuplicateCrate {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let found = match resolved::find(facts, function, &self.families) {
            Ok(found) => found,
            Err(why) => return Outcome::Skipped(why),
        };
        let mut newest: BTreeMap<String, semver::Version> = BTreeMap::new();
        for found in &found {
            let newest = newest.entry(found.name.clone()).or_insert(found.version.clone());
            if found.version > *newest {
                *newest = found.version.clone();
            }
        }
        let older = found.into_iter().filter(|found| found.version < newest[&found.name]);
        let mut lines: BTreeMap<Place, Vec<resolved::Found>> = BTreeMap::new();
        for found in older {
            lines.entry(found.place.clone()).or_default().push(found);
        }
        let hits = lines.into_iter().map(|(place, found)| {
            let names: Vec<String> =
                found.iter().map(|found| format!("`{}`", found.name)).collect();
            let mut hit = Hit::at(place)
                .with("dependency", &found[0].through)
                .with("crates", super::listed(&names))
                .change(Some(Change::by_hand()));
            for found in &found {
                let parent = found.parent.as_deref().unwrap_or(&found.through);
                hit.notes.push(format!(
                    "{parent} depends on {} {}, and {} is linked as well",
                    found.name, found.version, newest[&found.name]
                ));
            }
            hit.notes.extend(found.into_iter().next().into_iter().flat_map(|found| found.notes));
            hit
        });
        Outcome::Hits(hits.collect())
    }
}

//! Are two crates linked that do the same work?

use super::{Change, Hit, Outcome, resolved};
use crate::{
    facts::{Facts, graph::CrateSpec, workspace::Function},
    finding::Label,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CratePair {
    /// The crate to do without: the hit is on the line that leads to it.
    without: Vec<CrateSpec>,
    /// The crate that does the same.
    beside: Vec<CrateSpec>,
}

impl CratePair {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let find = |specs: &[CrateSpec]| resolved::find(facts, function, specs);
        let (without, beside) = match (find(&self.without), find(&self.beside)) {
            (Ok(without), Ok(beside)) => (without, beside),
            (Err(why), _) | (_, Err(why)) => return Outcome::Skipped(why),
        };
        let (Some(first), Some(second)) = (without.into_iter().next(), beside.into_iter().next())
        else {
            return Outcome::Hits(Vec::new());
        };
        let mut hit = Hit::at(first.place)
            .with("without", format!("{} {}", first.name, first.version))
            .with("beside", format!("{} {}", second.name, second.version))
            .with("dependency", &first.through)
            .change(Some(Change::by_hand()));
        if second.place != hit.at {
            let message = format!("{} comes through this line", second.name);
            hit.labels.push(Label { place: second.place, message });
        }
        hit.notes = first.notes;
        hit.notes.extend(second.notes);
        hit.notes.dedup();
        Outcome::Hits(vec![hit])
    }
}

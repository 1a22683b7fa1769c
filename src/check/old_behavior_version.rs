//! Does the code pin a BehaviorVersion that selects the legacy HTTPS client?
//!
//! Only asked where that client is linked: without it the pin costs nothing.

use super::{Change, Hit, Outcome, behavior_version, resolved};
use crate::{
    facts::{Facts, graph::CrateSpec, workspace::Function},
    finding::Edit,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldBehaviorVersion {
    /// What the legacy client is made of.
    legacy: Vec<CrateSpec>,
    /// What to write instead of the pinned version.
    set: String,
}

impl OldBehaviorVersion {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let package = &facts.workspace.package(function).name;
        if facts.resolution.excludes(package, &self.legacy) {
            return Outcome::Hits(Vec::new());
        }
        let build = match facts.resolved(function) {
            Ok(build) => build,
            Err(why) => return Outcome::Skipped(why.to_owned()),
        };
        let legacy = resolved::in_graph(facts, build, &self.legacy);
        let (Some(legacy), Some(from)) = (legacy.first(), behavior_version::from(build)) else {
            return Outcome::Hits(Vec::new());
        };
        let hits = behavior_version::old_pins(facts, build).into_iter().map(|pin| {
            // The name is the end of the mentioned path; the call's parentheses follow it.
            let end = pin.place.span.end;
            let start = end - pin.version.len();
            let span = crate::source::Span { start, end };
            let edit = Edit { file: pin.place.file.clone(), span, text: self.set.clone() };
            let mut hit = Hit::at(pin.place)
                .with("pinned", &pin.version)
                .with("from", from)
                .change(Change::by([edit]));
            hit.notes = legacy.notes.clone();
            hit
        });
        Outcome::Hits(hits.collect())
    }
}

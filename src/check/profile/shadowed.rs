//! Is a profile key written somewhere where another source beats it?

use super::{decided_by, document_of, replace};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts,
        profile::{Origin, Resolved, Setting},
        toml_edits,
        workspace::Function,
    },
    finding::{Edit, Label},
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowedProfile {}

impl ShadowedProfile {
    /// A hit for each key that is written with one value and built with another.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let hits = build.effective.keys.iter().filter_map(|resolved| hit(facts, build, resolved));
        Outcome::Hits(hits.collect())
    }
}

fn hit(facts: &Facts, build: &Build, resolved: &Resolved) -> Option<Hit> {
    let winner = &resolved.winner;
    let loser = resolved.shadowed.iter().find(|loser| is_shadowed_by(loser, winner))?;
    let at = match (&loser.origin, &winner.origin) {
        (Origin::Written(place), _) | (_, Origin::Written(place)) => place.clone(),
        _ => facts.workspace.root.place(&["profile", &build.profile, resolved.key.name()]),
    };
    let key = resolved.key.name();
    let mut hit = Hit::at(at)
        .with("key", key)
        .with("profile", &build.profile)
        .with("written", &loser.spelling)
        .with("value", &winner.spelling)
        .with("origin", decided_by(&winner.origin, build))
        .change(Some(Change::by(edit(facts, build, resolved, loser)).unwrap_or_else(|| {
            let title = match &winner.origin {
                Origin::Environment(variable) => format!("unset the variable `{variable}`"),
                _ => format!("make both say the same about `{key}`"),
            };
            Change::by_hand().at_most(crate::finding::Safety::Show).titled(title)
        })));
    if let Origin::Written(place) = &winner.origin {
        let message = format!("`{key} = {}` wins", winner.spelling);
        hit.labels.push(Label { place: place.clone(), message });
    }
    hit.builder = Some(build.builder.name().to_owned());
    Some(hit)
}

/// Whether two settings are of the same table in different sources. A child profile that
/// overrides its parent does what its author wants.
fn is_shadowed_by(loser: &Setting, winner: &Setting) -> bool {
    loser.value != winner.value && loser.table == winner.table && source(loser) != source(winner)
}

/// The file, or the kind of source.
fn source(setting: &Setting) -> &str {
    match &setting.origin {
        Origin::Written(place) => place.file.as_str(),
        Origin::Environment(_) => "environment",
        Origin::Injected => "builder",
        Origin::Default => "default",
    }
}

/// Makes the winner say what the loser says.
fn edit(facts: &Facts, build: &Build, resolved: &Resolved, loser: &Setting) -> Option<Edit> {
    match &resolved.winner.origin {
        Origin::Written(place) => replace(document_of(facts, place)?, place, &loser.spelling),
        // cargo-lambda leaves a key alone that the root manifest sets.
        Origin::Injected => {
            let path = ["profile", &build.profile, resolved.key.name()];
            toml_edits::set(&facts.workspace.root, &path, &loser.spelling)
        }
        Origin::Environment(_) | Origin::Default => None,
    }
}

//! Is a profile key written somewhere where another source beats it?

use super::{beforehand, decided_by, rewrite};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts,
        profile::{Origin, Resolved, Setting},
        toml_edits,
        workspace::Function,
    },
    finding::{Edit, Label, Safety},
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
    let mut losers = resolved.shadowed.iter();
    let loser = losers.find(|loser| is_shadowed_by(loser, winner, facts))?;
    let at = match (&loser.origin, &winner.origin) {
        (Origin::Written(place), _) | (_, Origin::Written(place)) => place.clone(),
        _ => facts.workspace.root.place(&["profile", &build.profile, resolved.key.name()]),
    };
    let key = resolved.key.name();
    let mut hit = Hit::at(at.clone())
        .with("key", key)
        .with("table", &loser.table)
        .with("written", &loser.spelling)
        .with("loser", decided_by(&loser.origin, build, &at))
        .with("value", &winner.spelling)
        .with("winner", decided_by(&winner.origin, build, &at))
        .change(Some(match Change::by(edit(facts, build, resolved, loser)) {
            Some(change) => change.titled(format!("make `{key} = {}` count", loser.spelling)),
            None => by_hand(facts, build, resolved),
        }));
    if let Origin::Written(place) = &winner.origin
        && *place != at
    {
        let message = format!("`{key} = {}` wins", winner.spelling);
        hit.labels.push(Label { place: place.clone(), message });
    }
    hit.builder = Some(build.builder.name().to_owned());
    Some(hit)
}

fn by_hand(facts: &Facts, build: &Build, resolved: &Resolved) -> Change {
    let title = match &resolved.winner.origin {
        Origin::Injected => return beforehand(facts, build).unwrap_or_else(Change::by_hand),
        Origin::Environment(variable) => format!("unset the variable `{variable}`"),
        _ => format!("write one value of `{}`, in one of both places", resolved.key.name()),
    };
    Change::by_hand().at_most(Safety::Show).titled(title)
}

/// Whether one setting beats another of the same table. A child profile that overrides its parent
/// does what its author wants, and so does a config file near the project that overrides one
/// farther away.
fn is_shadowed_by(loser: &Setting, winner: &Setting, facts: &Facts) -> bool {
    let in_config = |setting: &Setting| match &setting.origin {
        Origin::Written(place) => {
            facts.build_inputs.configs.iter().any(|config| config.file == place.file)
        }
        _ => false,
    };
    loser.value != winner.value
        && loser.table == winner.table
        && !(in_config(loser) && in_config(winner))
}

/// Makes the winner say what the loser says.
fn edit(facts: &Facts, build: &Build, resolved: &Resolved, loser: &Setting) -> Option<Edit> {
    match &resolved.winner.origin {
        Origin::Written(place) => {
            rewrite(facts, place, &resolved.winner, resolved.key, &loser.spelling)
        }
        // cargo-lambda leaves a key alone that the root manifest sets.
        Origin::Injected if beforehand(facts, build).is_some() => None,
        Origin::Injected => {
            let path = ["profile", &build.profile, resolved.key.name()];
            toml_edits::set(&facts.workspace.root, &path, &loser.spelling)
        }
        Origin::Environment(_) | Origin::Default => None,
    }
}

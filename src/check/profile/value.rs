//! Does a key of the deployed profile come to a value that the rule does not accept?

use super::{decided_by, place_of, set, spelled};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{Facts, profile::Key, workspace::Function},
    finding::Safety,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProfileValue {
    /// The keys, each with what is accepted.
    keys: Vec<Wanted>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wanted {
    /// The key: `lto`.
    key: String,
    /// The canonical words that are fine (see `facts::profile::Key`).
    accepted: Vec<String>,
    /// What the fix sets, in TOML syntax; without it the change is left to a person.
    set: Option<String>,
    /// Asked only while these keys come to one of these words.
    #[serde(default)]
    when: BTreeMap<String, Vec<String>>,
    /// Not asked when one of these codegen options stands in the flags.
    #[serde(default)]
    unless_codegen: Vec<String>,
    /// A sentence beside a hit, by the word the key comes to.
    #[serde(default)]
    notes: BTreeMap<String, String>,
}

impl ProfileValue {
    /// A hit for each key that comes to something else.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let named = |name: &str| Key::named(name).expect("rule files name known keys");
        let mut hits = Vec::new();
        for wanted in &self.keys {
            let key = named(&wanted.key);
            let resolved = build.effective.get(key);
            let word = &resolved.winner.value;
            let applies = wanted.when.iter().all(|(other, words)| {
                words.iter().any(|w| w == build.effective.value(named(other)))
            });
            let codegen = build.effective.rustflags.codegen();
            let excused =
                codegen.iter().any(|option| wanted.unless_codegen.iter().any(|u| u == option.name));
            if wanted.accepted.contains(word) || !applies || excused {
                continue;
            }
            let edit = wanted.set.as_ref().and_then(|value| set(facts, build, key, value));
            let by_hand = || Change::by_hand().at_most(Safety::Show);
            let mut hit = Hit::at(place_of(facts, build, key, &resolved.winner))
                .with("profile", &build.profile)
                .with("key", key.name())
                .with("value", spelled(key, word))
                .with("origin", decided_by(&resolved.winner.origin, build))
                .with("builder", build.label())
                .change(Some(Change::by(edit).unwrap_or_else(by_hand)));
            hit.notes.extend(wanted.notes.get(word).cloned());
            hit.builder = Some(build.builder.name().to_owned());
            hits.push(hit);
        }
        Outcome::Hits(hits)
    }
}

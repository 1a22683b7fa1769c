//! Does a key of the deployed profile come to a value that the rule does not accept?

use super::{by_hand, decided_by, place_of, set, spelled};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts,
        profile::{EffectiveProfile, Key},
        workspace::Function,
    },
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
    /// What the fix sets, in TOML syntax.
    set: String,
    /// Why the fix is left to a person, as its title.
    by_hand: Option<String>,
    /// Asked only while these keys come to one of these words.
    #[serde(default)]
    when: Words,
    /// The fix asks unless these keys come to one of these words.
    #[serde(default)]
    safe_when: Words,
    /// Not asked when one of these codegen options stands in the flags.
    #[serde(default)]
    unless_codegen: Vec<String>,
    /// A sentence beside a hit, by the word the key comes to; `safe-when` stands for a fix that
    /// asks because of that.
    #[serde(default)]
    notes: BTreeMap<String, String>,
}

/// Words that keys may come to, by key.
type Words = BTreeMap<String, Vec<String>>;

impl ProfileValue {
    /// A hit for each key that comes to something else.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        Outcome::Hits(self.keys.iter().filter_map(|wanted| wanted.hit(facts, build)).collect())
    }
}

impl Wanted {
    fn hit(&self, facts: &Facts, build: &Build) -> Option<Hit> {
        let key = named(&self.key);
        let winner = &build.effective.get(key).winner;
        let codegen = build.effective.rustflags.codegen();
        let is_excused =
            codegen.iter().any(|option| self.unless_codegen.iter().any(|u| u == option.name));
        if self.accepted.contains(&winner.value)
            || !holds(&self.when, &build.effective)
            || is_excused
        {
            return None;
        }
        let is_safe = holds(&self.safe_when, &build.effective);
        let change = match &self.by_hand {
            Some(title) => Change::by_hand().at_most(Safety::Show).titled(title),
            None => Change::by(set(facts, build, key, &self.set))
                .unwrap_or_else(|| by_hand(facts, build, key, &self.set)),
        };
        let at = place_of(facts, build, key, winner);
        let mut hit = Hit::at(at.clone())
            .with("profile", &build.profile)
            .with("key", key.name())
            .with("value", spelled(key, &winner.value))
            .with("origin", decided_by(&winner.origin, build, &at))
            .with("builder", build.label())
            .change(Some(if is_safe { change } else { change.at_most(Safety::Ask) }));
        hit.notes.extend(self.notes.get(&winner.value).cloned());
        hit.notes.extend(self.notes.get("safe-when").filter(|_| !is_safe).cloned());
        hit.builder = Some(build.builder.name().to_owned());
        Some(hit)
    }
}

fn named(name: &str) -> Key {
    Key::named(name).expect("rule files name known keys")
}

fn holds(words: &Words, profile: &EffectiveProfile) -> bool {
    words.iter().all(|(key, words)| words.iter().any(|word| word == profile.value(named(key))))
}

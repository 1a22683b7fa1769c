//! Is the function deployed with a profile that cargo-lambda leaves untuned?

use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        BuilderKind, Facts, Panic,
        profile::{Key, Origin},
        toml_edits,
        workspace::Function,
    },
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CustomProfile {
    /// What the fix writes for a key that nobody sets, in TOML syntax.
    set: BTreeMap<String, String>,
    /// What else such a profile lacks.
    note: String,
}

impl CustomProfile {
    /// A hit when keys stay at their defaults that cargo-lambda would set for `release`.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let name = build.profile.as_str();
        if build.builder != BuilderKind::CargoLambda || name == "release" {
            return Outcome::Hits(Vec::new());
        }
        // cargo-lambda leaves symbols alone where debug info is wanted.
        let has_debug = build.effective.value(Key::Debug) != "none";
        let untuned = |key: Key| {
            build.effective.get(key).winner.origin == Origin::Default
                && !(key == Key::Strip && has_debug)
        };
        let missing: Vec<&str> = self
            .set
            .keys()
            .filter_map(|name| Key::named(name))
            .chain([Key::Panic])
            .filter(|key| untuned(*key))
            .map(Key::name)
            .collect();
        if missing.is_empty() {
            return Outcome::Hits(Vec::new());
        }
        let root = &facts.workspace.root;
        let newline = root.newline();
        let panic = match facts.request.panic {
            Some(Panic::Abort) => Some("panic = \"abort\""),
            Some(Panic::Unwind) => Some("panic = \"unwind\""),
            None => None,
        };
        let lines: Vec<String> = missing
            .iter()
            .filter_map(|key| match self.set.get(*key) {
                Some(value) => Some(format!("{key} = {value}")),
                None => panic.map(str::to_owned),
            })
            .collect();
        let path = ["profile", name];
        let edit = match lines.as_slice() {
            [] => None,
            _ if super::beforehand(facts, build).is_some() => None,
            lines => toml_edits::insert(root, &path, &lines.join(newline)),
        };
        let keys: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
        let mut hit = Hit::at(root.place(&path))
            .with("profile", name)
            .with("keys", keys.join(", "))
            .with("builder", build.label())
            .note(&self.note)
            .change(Some(match Change::by(edit) {
                Some(change) => change.titled(format!("set them in `[profile.{name}]`")),
                None => super::beforehand(facts, build).unwrap_or_else(choose),
            }));
        hit.builder = Some(build.builder.name().to_owned());
        Outcome::Hits(vec![hit])
    }
}

fn choose() -> Change {
    Change::by_hand().titled(
        "choose what a panic does: `cargo lambda-lean apply --only custom-profile-untuned --panic \
         abort`, or `--panic unwind`",
    )
}

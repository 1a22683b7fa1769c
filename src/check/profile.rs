//! Questions about the profile and the flags that a function is built with.
//!
//! All of them are asked of the effective profile, so a value counts as it reaches rustc, whoever
//! set it; and each answer points to the line that decides.

mod custom;

mod ignored;

mod misspelt;

mod panic;

mod rustflags;

mod shadowed;

mod value;

pub use custom::CustomProfile;
pub use ignored::IgnoredProfile;
pub use misspelt::MisspeltProfileKey;
pub use panic::{PanicImplicit, UnwindNeeded, UnwindUnused};
pub use rustflags::{ShadowedRustflags, TargetCpu};
pub use shadowed::ShadowedProfile;
pub use value::ProfileValue;

use crate::{
    check::Change,
    facts::{
        Build, Facts,
        document::Document,
        profile::{Key, Origin, Setting, Spelling},
        toml_edits,
    },
    finding::{Edit, Safety},
    source::Place,
};
use serde::Deserialize;

/// A canonical word as a manifest spells it.
fn spelled(key: Key, word: &str) -> String {
    match (key, word) {
        (Key::Lto, "thin-local") => "false".to_owned(),
        (Key::Debug, "full") => "true".to_owned(),
        (Key::Debug, "none") => "false".to_owned(),
        _ if word == "true" || word == "false" || word.parse::<u64>().is_ok() => word.to_owned(),
        _ => format!("{word:?}"),
    }
}

/// Who decides a value, as a phrase between commas. `at` is where the finding is.
fn decided_by(origin: &Origin, build: &Build, at: &Place) -> String {
    match origin {
        Origin::Written(place) if place == at => "set here".to_owned(),
        Origin::Written(place) => format!("set in `{}`", place.file),
        Origin::Environment(variable) => format!("set by the variable `{variable}`"),
        Origin::Injected => format!("set by {}", build.label()),
        Origin::Default => "cargo's default".to_owned(),
    }
}

/// Where to click for a value: where it is written, else where it could be.
fn place_of(facts: &Facts, build: &Build, key: Key, setting: &Setting) -> Place {
    match &setting.origin {
        Origin::Written(place) => place.clone(),
        _ => facts.workspace.root.place(&["profile", &build.profile, key.name()]),
    }
}

/// Whether the function is deployed as it is developed. No edit of a profile is right then.
fn is_for_development(build: &Build) -> bool {
    matches!(build.profile.as_str(), "dev" | "test")
}

/// A member with a profile that cargo ignores and that could still be moved to the root as it is.
/// Writing a profile of that name into the root would put an end to that.
fn movable<'a>(facts: &'a Facts, build: &Build) -> Option<&'a Document> {
    let (root, path) = (&facts.workspace.root, ["profile", build.profile.as_str()]);
    let members = facts.workspace.packages.iter().filter(|package| package.is_member);
    let mut manifests = members.map(|package| &package.manifest);
    manifests
        .find(|manifest| manifest.file != root.file && manifest.get(&path).is_some())
        .filter(|_| root.get(&path).is_none())
}

/// Gives a key a value so that it reaches rustc: in the line that decides when that line belongs
/// to the profile itself, else in the profile of the root manifest. No edits where something that
/// no file of the workspace holds would still win.
fn set(facts: &Facts, build: &Build, key: Key, value: &str) -> Vec<Edit> {
    if is_for_development(build) || movable(facts, build).is_some() {
        return Vec::new();
    }
    let own = ["profile", build.profile.as_str(), key.name()];
    let in_root = || toml_edits::set(&facts.workspace.root, &own, value);
    let resolved = build.effective.get(key);
    let winner = &resolved.winner;
    let mut parents = build.effective.chain.iter().skip(1);
    let edits = match &winner.origin {
        // A profile's own key beats its parent's, whatever sets that.
        _ if parents.any(|parent| winner.table == format!("profile.{parent}")) => vec![in_root()],
        Origin::Environment(_) => vec![None],
        Origin::Written(place) => vec![rewrite(facts, place, winner, key, value)],
        Origin::Default => vec![in_root()],
        // The builder keeps out of what the root manifest sets, and then what it has beaten counts.
        Origin::Injected => match resolved.shadowed.first().map(|next| (next, &next.origin)) {
            Some((next, _)) if meant(key, value).as_ref() == Some(&next.value) => vec![in_root()],
            Some((_, Origin::Environment(_))) => vec![None],
            Some((next, Origin::Written(place))) => {
                vec![in_root(), rewrite(facts, place, next, key, value)]
            }
            _ => vec![in_root()],
        },
    };
    edits.into_iter().collect::<Option<_>>().unwrap_or_default()
}

/// The word that a value in TOML syntax comes to.
fn meant(key: Key, value: &str) -> Option<String> {
    let value = toml::de::ValueDeserializer::parse(value).ok()?;
    key.canonical(&Spelling::deserialize(value).ok()?)
}

/// Changes a setting where it is written, when its own key or table stands there. What sets it in
/// passing (a list of flags, arguments for cargo) is left alone.
fn rewrite(facts: &Facts, place: &Place, setting: &Setting, key: Key, value: &str) -> Option<Edit> {
    let document = document_of(facts, place)?;
    let table: Vec<&str> = setting.table.split('.').collect();
    let path = [&table[..], &[key.name()]].concat();
    let is_there = |path: &[&str]| document.get(path).is_some_and(|entry| entry.place() == *place);
    if !is_there(&path) && !is_there(&table) {
        return None;
    }
    toml_edits::set(document, &path, value)
}

/// What has to be done before any profile is edited.
fn beforehand(facts: &Facts, build: &Build) -> Option<Change> {
    let title = match movable(facts, build) {
        _ if is_for_development(build) => "build with `--release`".to_owned(),
        Some(member) => {
            let (profile, root) = (&build.profile, &facts.workspace.root.file);
            format!("first move `[profile.{profile}]` from `{}` to `{root}`", member.file)
        }
        None => return None,
    };
    Some(Change::by_hand().at_most(Safety::Show).titled(title))
}

/// What a person has to do about a key where `set` makes no edit.
fn by_hand(facts: &Facts, build: &Build, key: Key, value: &str) -> Change {
    let winner = &build.effective.get(key).winner;
    let change = Change::by_hand().at_most(Safety::Show);
    let is_flag = winner.table == "rustflags";
    let spelling = &winner.spelling;
    if let Some(change) = beforehand(facts, build) {
        return change;
    }
    match &winner.origin {
        Origin::Environment(variable) if is_flag => {
            change.titled(format!("take `{spelling}` out of the variable `{variable}`"))
        }
        Origin::Environment(variable) => {
            let value = value.trim_matches('"');
            change.titled(format!("set the variable `{variable}` to `{value}`, or unset it"))
        }
        Origin::Written(place) if is_flag => {
            change.titled(format!("take `{spelling}` out of the flags in `{}`", place.file))
        }
        Origin::Written(place) => {
            change.titled(format!("change it to `{} = {value}` in `{}`", key.name(), place.file))
        }
        Origin::Injected | Origin::Default => change,
    }
}

/// The manifest or config file a place is in, when it may be changed.
fn document_of<'a>(facts: &'a Facts, place: &Place) -> Option<&'a Document> {
    let configs = facts.build_inputs.configs.iter();
    let mut documents = configs.chain([&facts.workspace.root]);
    documents.find(|d| d.file == place.file && !place.file.as_str().starts_with("../"))
}

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
    facts::{
        Build, Facts,
        document::Document,
        profile::{Key, Origin, Setting},
        toml_edits,
    },
    finding::Edit,
    source::Place,
};

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

/// Who decides a value, as a phrase that follows a comma or stands in brackets.
fn decided_by(origin: &Origin, build: &Build) -> String {
    match origin {
        Origin::Written(place) if place.file.as_str() == "Cargo.toml" => "set here".to_owned(),
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

/// Gives a key a value so that it reaches rustc: in the line that decides when that line belongs
/// to the profile itself, else in the profile of the root manifest. `None` where something that no
/// file of the workspace holds would still win.
fn set(facts: &Facts, build: &Build, key: Key, value: &str) -> Option<Edit> {
    let root = &facts.workspace.root;
    let own = format!("profile.{}", build.profile);
    let winner = &build.effective.get(key).winner;
    match &winner.origin {
        Origin::Environment(_) => None,
        Origin::Written(place) if place.file != root.file || winner.table != own => {
            let is_inherited = place.file == root.file
                && build
                    .effective
                    .chain
                    .iter()
                    .skip(1)
                    .any(|parent| winner.table == format!("profile.{parent}"));
            if is_inherited {
                return toml_edits::set(root, &["profile", &build.profile, key.name()], value);
            }
            let document = document_of(facts, place)?;
            replace(document, place, value)
        }
        _ => toml_edits::set(root, &["profile", &build.profile, key.name()], value),
    }
}

/// The manifest or config file a place is in, when it may be changed.
fn document_of<'a>(facts: &'a Facts, place: &Place) -> Option<&'a Document> {
    let configs = facts.build_inputs.configs.iter();
    let mut documents = configs.chain([&facts.workspace.root]);
    documents.find(|d| d.file == place.file && !place.file.as_str().starts_with("../"))
}

/// Replaces the value of the `key = value` at a place.
fn replace(document: &Document, place: &Place, value: &str) -> Option<Edit> {
    let written = document.text.get(place.span.range())?;
    let equals = written.find('=')?;
    let after = &written[equals + 1..];
    let start = place.span.start + equals + 1 + (after.len() - after.trim_start().len());
    let span = crate::source::Span { start, end: place.span.end };
    Some(Edit { file: document.file.clone(), span, text: value.to_owned() })
}

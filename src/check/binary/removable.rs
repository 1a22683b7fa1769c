//! Does the built function carry symbols or debug information, which nothing needs at run time?

use super::{hit, of_built};
use crate::{
    check::Outcome,
    facts::{
        Facts,
        profile::{Key, Origin},
        workspace::Function,
    },
    units,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BinaryRemovable {
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Symbols,
    DebugInfo,
}

impl BinaryRemovable {
    /// A hit when the file carries it.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        of_built(facts, function, |built| {
            let (size, key, kept) = match self.what {
                What::Symbols => {
                    let size = built.binary.symbols.map_or(0, |symbols| symbols.size);
                    (size, Key::Strip, ["none", "debuginfo"].as_slice())
                }
                What::DebugInfo => (built.binary.debug_size, Key::Strip, ["none"].as_slice()),
            };
            if size == 0 {
                return Vec::new();
            }
            let build = facts.build(function);
            let decides = &build.effective.get(key).winner;
            let at = match &decides.origin {
                Origin::Written(place) => place.clone(),
                _ => facts.workspace.root.place(&["profile", &build.profile, key.name()]),
            };
            let promised = match kept.contains(&decides.value.as_str()) {
                // Then the profile keeps its word, and its own rule has more to say.
                true => format!("as the profile `{}` leaves it", build.profile),
                false => format!("although {} strips it", build.label()),
            };
            let share = size as f64 * 100.0 / built.binary.file_size as f64;
            let mut hit = hit(at, built, function)
                .with("size", units::bytes(size))
                .with("share", format!("{share:.0} %"))
                .with("promised", promised);
            hit.builder = Some(build.builder.name().to_owned());
            vec![hit]
        })
    }
}

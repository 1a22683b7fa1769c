//! Which BehaviorVersion the code pins, and what that means for the HTTPS client of the AWS SDK.
//! The versions are held in `rules/data/behavior-versions.toml`.

use crate::{
    facts::{Facts, graph::Resolved},
    source::Place,
};
use semver::VersionReq;
use serde::Deserialize;
use std::sync::LazyLock;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/data/behavior-versions.toml"))
        .expect("an embedded file that the tests read")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Known {
    versions: Vec<String>,
    falls_back: VersionReq,
    selects_current: Vec<Selects>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selects {
    runtime: VersionReq,
    from: String,
}

/// A version written in the code.
pub struct Pin {
    /// "v2023_11_09".
    pub version: String,
    /// Where.
    pub place: Place,
}

/// What dropping the legacy client would do.
pub enum Verdict {
    /// The current client is used already.
    Same,
    /// It works, with another TLS stack than before.
    OtherStack(String),
    /// Every call would fail, or nobody can say.
    Breaks(String),
}

/// The pins in the code that select the legacy client with the linked aws-smithy-runtime.
pub fn old_pins(facts: &Facts, build: &Resolved) -> Vec<Pin> {
    let Some(from) = from(build) else { return Vec::new() };
    let rank = |version: &str| KNOWN.versions.iter().position(|known| known == version);
    let mut pins = Vec::new();
    for mentions in &facts.mentions {
        for (path, places) in mentions.all() {
            let Some((owner, version)) = path.rsplit_once("::") else { continue };
            // Every crate of the SDK re-exports the type; nobody else has one of this name.
            if owner.rsplit("::").next() != Some("BehaviorVersion") {
                continue;
            }
            if rank(version).is_some_and(|rank_of| Some(rank_of) < rank(from)) {
                let version = version.to_owned();
                pins.extend(
                    places
                        .iter()
                        .map(|place| Pin { version: version.clone(), place: place.clone() }),
                );
            }
        }
    }
    pins
}

/// What dropping the legacy client would do to this function.
pub fn without_legacy(facts: &Facts, build: &Resolved) -> Verdict {
    let Some(runtime) = runtime(build) else { return Verdict::Same };
    let pins = old_pins(facts, build);
    let hidden = facts.mentions.iter().find_map(|mentions| mentions.unreadable());
    let falls_back = KNOWN.falls_back.matches(runtime);
    match (pins.first(), hidden) {
        (None, None) => Verdict::Same,
        (Some(pin), _) if falls_back => Verdict::OtherStack(format!(
            "the code pins `BehaviorVersion::{}`, which selects the legacy client while it is \
             linked; without it the SDK falls back to the current one",
            pin.version
        )),
        (Some(pin), _) => Verdict::Breaks(format!(
            "the code pins `BehaviorVersion::{}`, and aws-smithy-runtime {runtime} finds no \
             client for it without the legacy stack: every call would fail; update \
             aws-smithy-runtime to 1.15 or the pin first",
            pin.version
        )),
        (None, Some(file)) if falls_back => Verdict::OtherStack(format!(
            "`{file}` does not parse, so an older BehaviorVersion cannot be ruled out"
        )),
        (None, Some(file)) => Verdict::Breaks(format!(
            "`{file}` does not parse, so an older BehaviorVersion cannot be ruled out, and \
             aws-smithy-runtime {runtime} would find no client for one"
        )),
    }
}

/// The BehaviorVersion from which on the linked runtime takes the current client.
pub fn from(build: &Resolved) -> Option<&'static str> {
    let runtime = runtime(build)?;
    let selects = KNOWN.selects_current.iter().find(|selects| selects.runtime.matches(runtime));
    selects.map(|selects| selects.from.as_str())
}

fn runtime(build: &Resolved) -> Option<&semver::Version> {
    let mut linked = build.linked().map(|package| &build.universe.packages[package]);
    linked.find(|package| package.name == "aws-smithy-runtime").map(|package| &package.version)
}

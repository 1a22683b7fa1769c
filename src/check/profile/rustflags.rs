//! Do the flags outside the profile undo what the builder adds, or name a processor that Lambda
//! need not have?

use super::{decided_by, document_of};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, BuilderKind, Facts,
        profile::{Codegen, Flag, Origin},
        workspace::Function,
    },
    finding::{Edit, Safety},
    source::{Place, Span},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Does another source of flags drop the ones that the builder adds, or break them?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowedRustflags {}

/// Is the code compiled for the processor of the machine that builds it?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetCpu {
    /// The value that means the building machine.
    refused: String,
    /// What the fix writes, by the first part of the target's name.
    set: BTreeMap<String, String>,
    /// How C compilers spell the same option, by the first part of the target's name.
    c_flag: BTreeMap<String, String>,
    /// Why it matters where cargo-lambda names another processor behind it.
    beaten: String,
}

impl ShadowedRustflags {
    /// A hit when the builder's flags are lost, or when cargo refuses to join them.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        Outcome::Hits(conflict(facts, build).into_iter().chain(lost(facts, build)).collect())
    }
}

/// A string where the builder adds a list.
fn conflict(facts: &Facts, build: &Build) -> Option<Hit> {
    let conflict = build.effective.rustflags.conflict.as_ref()?;
    if ![&conflict.list, &conflict.string].contains(&&Origin::Injected) {
        return None;
    }
    let written = [&conflict.string, &conflict.list].into_iter().find_map(place);
    let (key, builder) = (&conflict.key, build.label());
    let change = written.and_then(|place| as_list(facts, place));
    let by_hand = || by_hand("write the flags as a list");
    Some(
        hit(facts, build, written)
            .with(
                "problem",
                format!(
                    "the build fails: {builder} adds a list to `{key}`, which is a string here"
                ),
            )
            .change(Some(change.unwrap_or_else(by_hand))),
    )
}

/// A source of flags that beats the builder's, and says nothing about the processor itself.
fn lost(facts: &Facts, build: &Build) -> Option<Hit> {
    let rustflags = &build.effective.rustflags;
    let injected = |flags: &&Vec<Flag>| flags.iter().any(|f| f.origin == Origin::Injected);
    let lost = rustflags.dropped.iter().map(|(_, flags)| flags).find(injected)?;
    if rustflags.target_cpu().is_some() {
        return None;
    }
    let lost: Vec<&str> = lost.iter().map(|flag| flag.text.as_str()).collect();
    let flags = lost.join(" ");
    let winner = rustflags.flags.first().map(|flag| &flag.origin);
    let written = winner.and_then(place);
    let (by, title) = match winner {
        Some(Origin::Environment(variable)) => (
            format!("the variable `{variable}`"),
            format!("add `{flags}` to `{variable}`, or unset it"),
        ),
        Some(Origin::Written(place)) => {
            (format!("`rustflags` in `{}`", place.file), format!("add `{flags}` to them"))
        }
        _ => ("an empty variable `RUSTFLAGS`".to_owned(), "unset `RUSTFLAGS`".to_owned()),
    };
    let edit = written.and_then(|place| added(facts, place, &lost));
    let builder = build.label();
    Some(
        hit(facts, build, written)
            .with("problem", format!("{by} drops the `{flags}` that {builder} adds"))
            .change(Some(match Change::by(edit) {
                Some(change) => change.titled(title),
                None => by_hand(&title),
            })),
    )
}

impl TargetCpu {
    /// A hit for each flag, of rustc or of a C compiler, that names the building machine.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let mut hits = Vec::new();
        let codegen = build.effective.rustflags.codegen();
        let named: Vec<_> = codegen.iter().filter(|option| option.name == "target-cpu").collect();
        let is_refused = |option: &&&Codegen<'_>| option.value == Some(self.refused.as_str());
        if let Some(option) = named.last().filter(|option| is_refused(option)) {
            hits.push(self.hit(facts, build, "target-cpu", option.origin));
        } else if build.builder == BuilderKind::CargoLambda
            && let Some(option) = named.iter().find(|option| is_refused(option))
        {
            let hit = self.hit(facts, build, "target-cpu", option.origin);
            hits.push(hit.note(&self.beaten));
        }
        for (option, origin) in self.c_flags(facts) {
            hits.push(self.hit(facts, build, &option, &origin));
        }
        Outcome::Hits(hits)
    }

    fn hit(&self, facts: &Facts, build: &Build, option: &str, origin: &Origin) -> Hit {
        let written = place(origin);
        let architecture = build.target.split('-').next().unwrap_or_default();
        let refused = format!("{option}={}", self.refused);
        // A C compiler's option for one architecture means nothing to another's.
        let fits = option == "target-cpu"
            || self.c_flag.get(architecture).is_some_and(|flag| flag == option);
        let set = self.set.get(architecture).filter(|_| fits);
        let set = set.map(|cpu| format!("{option}={cpu}"));
        let edit = set.as_ref().zip(written).and_then(|(set, place)| {
            let document = document_of(facts, place)?;
            let start = place.span.start + document.text.get(place.span.range())?.find(&refused)?;
            let span = Span { start, end: start + refused.len() };
            Some(Edit { file: document.file.clone(), span, text: set.clone() })
        });
        let instead = set.unwrap_or_else(|| "the processor of Lambda".to_owned());
        let hit = hit(facts, build, written);
        let at = hit.at.clone();
        hit.with("flag", &refused).with("origin", decided_by(origin, build, &at)).change(Some(
            match Change::by(edit) {
                Some(change) => change.titled(format!("write `{instead}`")),
                None => by_hand(&format!("name the processor of Lambda instead: `{instead}`")),
            },
        ))
    }

    /// The refused options in `CFLAGS` and its like, from the environment and from `[env]`.
    fn c_flags(&self, facts: &Facts) -> Vec<(String, Origin)> {
        let options: Vec<&String> = self.c_flag.values().collect();
        let in_text = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let refused =
                |option: &&&String| words.contains(&format!("{option}={}", self.refused).as_str());
            options.iter().find(refused).map(|option| (*option).clone())
        };
        let variables = facts.build_inputs.env.iter().filter(|(name, _)| is_for_c(name));
        let variables = variables
            .filter_map(|(name, text)| Some((in_text(text)?, Origin::Environment(name.clone()))));
        let entries = facts.build_inputs.configs.iter().flat_map(|config| config.entries(&["env"]));
        let entries = entries.filter(|entry| is_for_c(entry.key)).filter_map(|entry| {
            let table = entry.item.as_table_like();
            let value = table.and_then(|table| table.get("value")).unwrap_or(entry.item);
            Some((in_text(value.as_str()?)?, Origin::Written(entry.place())))
        });
        variables.chain(entries).collect()
    }
}

/// Whether the `cc` crate reads flags from a variable: `CFLAGS`, `CXXFLAGS_x86_64-unknown-…`.
fn is_for_c(name: &str) -> bool {
    let name = name.strip_prefix("TARGET_").unwrap_or(name);
    ["CFLAGS", "CXXFLAGS"].iter().any(|flags| {
        name.strip_prefix(flags).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

fn by_hand(title: &str) -> Change {
    Change::by_hand().at_most(Safety::Show).titled(title)
}

fn hit(facts: &Facts, build: &Build, written: Option<&Place>) -> Hit {
    let fallback = || facts.workspace.root.place(&["profile", &build.profile]);
    let mut hit = Hit::at(written.cloned().unwrap_or_else(fallback));
    hit.builder = Some(build.builder.name().to_owned());
    hit
}

fn place(origin: &Origin) -> Option<&Place> {
    match origin {
        Origin::Written(place) => Some(place),
        _ => None,
    }
}

/// The value of the `rustflags` at a place: behind the key when the place holds that, too.
fn value<'a>(facts: &'a Facts, place: &Place) -> Option<(&'a str, usize)> {
    let document = document_of(facts, place)?;
    let text = document.text.get(place.span.range())?;
    let start = text.find(['[', '"', '\'']).filter(|_| text.contains('='));
    let start = if text.starts_with(['[', '"', '\'']) { 0 } else { start? };
    Some((&text[start..], place.span.start + start))
}

/// Adds flags to the list or the string at a place.
fn added(facts: &Facts, place: &Place, flags: &[&str]) -> Option<Edit> {
    let (value, start) = value(facts, place)?;
    let close = value.trim_end().len() - 1;
    let text = if value.starts_with('[') {
        let quoted: Vec<String> = flags.iter().map(|flag| format!("{flag:?}")).collect();
        let body = value[1..close].trim_end();
        let comma = if body.is_empty() || body.ends_with(',') { "" } else { ", " };
        let space = if body.ends_with(',') { " " } else { "" };
        format!("{comma}{space}{}", quoted.join(", "))
    } else {
        format!(" {}", flags.join(" "))
    };
    let at = if value.starts_with('[') {
        start + 1 + value[1..close].trim_end().len()
    } else {
        start + close
    };
    Some(Edit { file: place.file.clone(), span: Span::at(at), text })
}

/// Makes a list of the string at a place.
fn as_list(facts: &Facts, place: &Place) -> Option<Change> {
    let (value, start) = value(facts, place)?;
    let value = value.trim_end();
    let words = value.trim_matches(['"', '\'']).split_whitespace();
    let quoted: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    let span = Span { start, end: start + value.len() };
    let text = format!("[{}]", quoted.join(", "));
    let change = Change::by([Edit { file: place.file.clone(), span, text }]);
    change.map(|change| change.titled("write the flags as a list"))
}

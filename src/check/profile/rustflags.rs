//! Do the flags outside the profile undo what the builder adds, or name a processor that Lambda
//! need not have?

use super::{decided_by, document_of};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts,
        profile::{Flag, Origin},
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
#[serde(deny_unknown_fields)]
pub struct TargetCpu {
    /// Values of `target-cpu` that name no processor.
    refused: Vec<String>,
    /// What the fix writes, by the first part of the target's name.
    set: BTreeMap<String, String>,
}

impl ShadowedRustflags {
    /// A hit when the builder's flags are lost, or when cargo refuses to join them.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let rustflags = &build.effective.rustflags;
        let mut hits = Vec::new();
        if let Some(conflict) = &rustflags.conflict
            && [&conflict.list, &conflict.string].contains(&&Origin::Injected)
        {
            let written = [&conflict.string, &conflict.list].into_iter().find_map(place);
            hits.push(
                hit(facts, build, written)
                    .with("problem", format!("cargo refuses to join `{}`, a string, with the list that {} adds: the build fails", conflict.key, build.label()))
                    .change(written.and_then(|place| as_list(facts, place)).or(by_hand())),
            );
        }
        let injected = |flags: &&Vec<Flag>| flags.iter().any(|f| f.origin == Origin::Injected);
        if let Some(lost) = rustflags.dropped.iter().map(|(_, flags)| flags).find(injected) {
            let lost: Vec<&str> = lost.iter().map(|flag| flag.text.as_str()).collect();
            let winner = rustflags.flags.first().map(|flag| &flag.origin);
            let by = winner.map_or("an empty `RUSTFLAGS`".to_owned(), |origin| match origin {
                Origin::Environment(variable) => format!("the variable `{variable}`"),
                Origin::Written(place) => format!("the flags in `{}`", place.file),
                origin => decided_by(origin, build),
            });
            let written = winner.and_then(place);
            let edit = written.and_then(|place| added(facts, place, &lost));
            hits.push(
                hit(facts, build, written)
                    .with(
                        "problem",
                        format!("{by} drop `{}`, which {} adds", lost.join(" "), build.label()),
                    )
                    .change(Change::by(edit).or(by_hand())),
            );
        }
        Outcome::Hits(hits)
    }
}

impl TargetCpu {
    /// A hit when the processor is refused.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let Some((cpu, origin)) = build.effective.rustflags.target_cpu() else {
            return Outcome::Hits(Vec::new());
        };
        if !self.refused.iter().any(|refused| refused == cpu) {
            return Outcome::Hits(Vec::new());
        }
        let architecture = build.target.split('-').next().unwrap_or_default();
        let written = place(origin);
        let set = self.set.get(architecture);
        let edit = set.zip(written).and_then(|(set, place)| {
            let document = document_of(facts, place)?;
            let flag = format!("target-cpu={cpu}");
            let text = document.text.get(place.span.range())?;
            let start = place.span.start + text.find(&flag)? + flag.len() - cpu.len();
            let span = Span { start, end: start + cpu.len() };
            Some(Edit { file: document.file.clone(), span, text: set.clone() })
        });
        let hit = hit(facts, build, written)
            .with("cpu", cpu)
            .with("set", set.map_or("the processor of Lambda", String::as_str))
            .with("origin", decided_by(origin, build));
        Outcome::Hits(vec![hit.change(Change::by(edit).or(by_hand()))])
    }
}

fn by_hand() -> Option<Change> {
    Some(Change::by_hand().at_most(Safety::Show))
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

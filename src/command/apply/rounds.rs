//! Applies fixes to a scratch copy in rounds until nothing is left to apply.
//!
//! Each round applies every agreed fix that touches no other, looks at the copy again, and keeps
//! the round only when every finding it was meant to remove is gone. When a round fails, its
//! fixes are tried one by one, so that one bad fix costs only itself.

use super::{
    Apply, Done, Outcome,
    consent::{self, Answer},
    options_for,
};
use crate::{
    command::Streams,
    facts::graph::Resolution,
    finding::{Finding, Fix, Level},
    fix,
    gather::{self, Project, cargo},
    lint, rule,
    shadow::Shadow,
    source::RelPath,
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    process::Command,
};

/// More rounds than any project needs: each applies at least one fix of a finite list.
const MOST_ROUNDS: usize = 200;

/// What makes two findings the same although their lines have moved.
type Key = (&'static str, RelPath, String);

fn key(finding: &Finding) -> Key {
    (finding.rule, finding.at.file.clone(), finding.message.clone())
}

fn counts(findings: &[Finding]) -> HashMap<Key, usize> {
    let mut counts = HashMap::new();
    for finding in findings {
        *counts.entry(key(finding)).or_default() += 1;
    }
    counts
}

/// Runs the rounds.
pub fn run(
    apply: &Apply,
    project: &Project,
    shadow: &mut Shadow,
    streams: &mut Streams<'_>,
) -> Result<Outcome> {
    apply.consent.check()?;
    let mut trial = Trial {
        apply,
        project,
        options: options_for(apply, project, shadow),
        without: HashMap::new(),
    };
    let mut resolution = project.facts.resolution.clone();
    let mut found = lint::run(&project.facts, &apply.levels)?.findings;
    let mut outcome = Outcome { applied: Vec::new(), undone: Vec::new(), remaining: Vec::new() };
    let mut answers: HashMap<Key, bool> = HashMap::new();
    let mut refused: HashSet<Key> = HashSet::new();
    let mut one_by_one = false;
    for _ in 0..MOST_ROUNDS {
        ask(apply, &found, &refused, &mut answers, streams)?;
        let agreed: Vec<&Finding> = found
            .iter()
            .filter(|finding| !refused.contains(&key(finding)))
            .filter(|finding| {
                let asked = || answers.get(&key(finding)).copied().unwrap_or(false);
                apply.consent.to(finding).unwrap_or_else(asked)
            })
            .collect();
        let fixes: Vec<&Fix> = agreed.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let batch = if one_by_one { &fixes[..fixes.len().min(1)] } else { &fixes[..] };
        let applied = fix::apply(batch, &|file| shadow.text(file));
        let meant: Vec<&Finding> = applied.fixes.iter().map(|&index| agreed[index]).collect();
        if meant.is_empty() {
            // A fix that cannot even be applied alone must not end the run for the others.
            match agreed.first() {
                Some(first) if one_by_one || agreed.len() == 1 => {
                    refused.insert(key(first));
                    continue;
                }
                Some(_) => {
                    one_by_one = true;
                    continue;
                }
                None => break,
            }
        }
        let before = shadow.write(&applied.texts)?;
        match trial.prove(shadow, (&found, &resolution), &meant, &before) {
            Ok((now, resolved)) => {
                resolution = resolved;
                outcome.applied.extend(meant.iter().map(|finding| done(finding)));
                found = now;
            }
            Err(refusal) => {
                shadow.restore(&before)?;
                let why = trial.blame(shadow, refusal);
                if let [only] = meant.as_slice() {
                    refused.insert(key(only));
                    outcome.undone.push((done(only), why));
                } else {
                    one_by_one = true;
                }
            }
        }
    }
    outcome.remaining = found.into_iter().filter(|finding| finding.level > Level::Allow).collect();
    Ok(outcome)
}

fn done(finding: &Finding) -> Done {
    let fix = finding.fix.as_ref();
    Done {
        rule: finding.rule,
        title: fix.map_or_else(String::new, |fix| fix.title.clone()),
        files: fix.into_iter().flat_map(|f| &f.edits).map(|edit| edit.file.to_string()).collect(),
    }
}

fn ask(
    apply: &Apply,
    found: &[Finding],
    refused: &HashSet<Key>,
    answers: &mut HashMap<Key, bool>,
    streams: &mut Streams<'_>,
) -> Result<()> {
    let mut quit = false;
    for finding in found {
        let key = key(finding);
        let open = apply.consent.to(finding).is_none();
        if !open || refused.contains(&key) || answers.contains_key(&key) {
            continue;
        }
        let Some(fix) = &finding.fix else { continue };
        let answer = if quit { Answer::Quit } else { consent::prompt(finding, fix, streams)? };
        quit = answer == Answer::Quit;
        answers.insert(key, answer == Answer::Yes);
    }
    Ok(())
}

/// A step of cargo's that proves a change.
type Step = &'static [&'static str];

/// Does it still resolve?
const RESOLVE: Step = &["metadata", "--format-version", "1"];
/// Does it still compile?
const COMPILE: Step = &["check", "--workspace", "--bins"];

/// Why a round must be taken back.
enum Refusal {
    /// Cargo failed at a step, with these words.
    Cargo(Step, String),
    /// Something else.
    Why(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Refusal::Why(why)
    }
}

/// What proves the rounds of one run.
struct Trial<'a> {
    apply: &'a Apply,
    project: &'a Project,
    options: gather::Options,
    /// What cargo said at a step that was tried without the change.
    without: HashMap<Step, Result<(), String>>,
}

impl Trial<'_> {
    /// Looks at the copy again. Returns what is found now, or why the round must be taken back.
    fn prove(
        &self,
        shadow: &Shadow,
        (before, resolution): (&[Finding], &Resolution),
        meant: &[&Finding],
        changed: &BTreeMap<RelPath, Option<String>>,
    ) -> Result<(Vec<Finding>, Resolution), Refusal> {
        let resolves =
            changed.iter().any(|(file, before)| concerns_resolution(shadow, file, before));
        let compiles = resolves || changed.keys().any(|file| file.as_str().ends_with(".rs"));
        if resolves {
            self.cargo(shadow, RESOLVE)?;
        }
        let now = gather::gather(&self.options).map_err(|error| format!("{error:#}"))?;
        if let Some(error) = now.facts.errors.first() {
            return Err(error.message.clone().into());
        }
        let resolved = now.facts.resolution.clone();
        // A dependency line that was trimmed for nothing: something else turns the same on again.
        let trims = meant
            .iter()
            .any(|finding| rule::find(finding.rule).is_some_and(|it| it.check.is_about_linking()));
        if trims && resolved.dropped_since(resolution) == Some(0) {
            let why = "cargo links the same crates with the same features as before";
            return Err(why.to_owned().into());
        }
        let now = lint::run(&now.facts, &self.apply.levels).map_err(|error| error.message)?;
        let now = now.findings;
        let (was, is) = (counts(before), counts(&now));
        for finding in meant {
            let key = key(finding);
            let removed = meant.iter().filter(|other| self::key(other) == key).count();
            let left = is.get(&key).copied().unwrap_or(0);
            if left + removed > was.get(&key).copied().unwrap_or(0) {
                return Err("the change does not remove the finding".to_owned().into());
            }
        }
        if compiles {
            self.cargo(shadow, COMPILE)?;
        }
        Ok((now, resolved))
    }

    /// Takes a step, unless it is known to fail without any change.
    fn cargo(&self, shadow: &Shadow, step: Step) -> Result<(), Refusal> {
        match self.without.get(step) {
            Some(Err(said)) => Err(Refusal::Cargo(step, said.clone())),
            _ => run_cargo(self.apply, shadow, self.project, step)
                .map_err(|said| Refusal::Cargo(step, said)),
        }
    }

    /// What to say of a refusal, once the copy is back to what it was: a project that does not
    /// compile as it is must not be held against a change.
    fn blame(&mut self, shadow: &Shadow, refusal: Refusal) -> String {
        let (step, said) = match refusal {
            Refusal::Cargo(step, said) => (step, said),
            Refusal::Why(why) => return why,
        };
        let (apply, project) = (self.apply, self.project);
        let without = self.without.entry(step);
        let what = step.first().copied().unwrap_or_default();
        match without.or_insert_with(|| run_cargo(apply, shadow, project, step)) {
            Ok(()) => format!("`cargo {what}` refuses the result: {said}"),
            Err(said) => format!("`cargo {what}` fails without the change as well: {said}"),
        }
    }
}

/// Whether the change of a manifest goes beyond profiles and this tool's settings, so that it can
/// change what is resolved and whether it compiles.
fn concerns_resolution(shadow: &Shadow, file: &RelPath, before: &Option<String>) -> bool {
    if !file.as_str().ends_with("Cargo.toml") {
        return false;
    }
    let rest = |text: Option<String>| {
        let text = text.unwrap_or_default();
        let mut root: toml::Table = toml::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        root.remove("profile");
        for table in ["package", "workspace"] {
            if let Some(table) = root.get_mut(table).and_then(toml::Value::as_table_mut) {
                table.remove("metadata");
            }
        }
        Some(root)
    };
    rest(before.clone()) != rest(shadow.text(file))
}

/// Runs cargo in the copy, with a target folder of the project so that a second run is quick.
/// Fails with what it said.
fn run_cargo(apply: &Apply, shadow: &Shadow, project: &Project, step: Step) -> Result<(), String> {
    let target = project.root.absolute(&project.facts.workspace.target_directory);
    let target: PathBuf = target.join("lambda-lean").join("check");
    let mut command = Command::new(cargo());
    command.args(step).arg("--manifest-path").arg(shadow.root.0.join("Cargo.toml"));
    command.current_dir(&shadow.root.0).env("CARGO_TARGET_DIR", target).args(["--color", "never"]);
    if !apply.options.allow_network {
        command.arg("--offline");
    }
    let output = project.toolchain.output(&mut command);
    let output = output.map_err(|error| format!("failed to run cargo: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let network =
        if apply.options.allow_network { "" } else { "; `--allow-network` permits a fetch" };
    let network = if stderr.contains("--offline") { network } else { "" };
    Err(format!("{}{network}", first_error(&stderr)))
}

/// The first error of what cargo or rustc said, with its place.
fn first_error(stderr: &str) -> String {
    let mut lines = stderr.lines().skip_while(|line| !line.starts_with("error"));
    let Some(error) = lines.next() else { return "no reason given".to_owned() };
    match lines.next().and_then(|line| line.trim_start().strip_prefix("--> ")) {
        Some(place) => format!("{error} ({place})"),
        None => error.to_owned(),
    }
}

//! Proves the changes of a round: that each finding is gone, and that cargo still resolves and
//! compiles the copy.

use super::{Apply, options_for};
use crate::{
    facts::graph::Resolution,
    finding::Finding,
    gather::{self, Project, cargo},
    lint, rule,
    shadow::Shadow,
    source::RelPath,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    process::Command,
};

/// What makes two findings the same although their lines have moved.
pub type Key = (&'static str, RelPath, String);

/// See [`Key`].
pub fn key(finding: &Finding) -> Key {
    (finding.rule, finding.at.file.clone(), finding.message.clone())
}

fn counts(findings: &[Finding]) -> HashMap<Key, usize> {
    let mut counts = HashMap::new();
    for finding in findings {
        *counts.entry(key(finding)).or_default() += 1;
    }
    counts
}

/// A step of cargo's that proves a change.
pub type Step = &'static [&'static str];

/// Does it still resolve?
const RESOLVE: Step = &["metadata", "--format-version", "1"];
/// Does it still compile?
const COMPILE: Step = &["check", "--workspace", "--bins"];

/// Why a round must be taken back.
pub enum Refusal {
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
pub struct Trial<'a> {
    apply: &'a Apply,
    project: &'a Project,
    options: gather::Options,
    /// What cargo said at a step that was tried without the change.
    without: HashMap<Step, Result<(), String>>,
}

impl<'a> Trial<'a> {
    /// Of the copy of a project.
    pub fn of(apply: &'a Apply, project: &'a Project, shadow: &Shadow) -> Self {
        let options = options_for(apply, project, shadow);
        Trial { apply, project, options, without: HashMap::new() }
    }

    /// Looks at the copy again. Returns what is found now, or why the round must be taken back.
    pub fn prove(
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
    pub fn blame(&mut self, shadow: &Shadow, refusal: Refusal) -> String {
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

//! `apply`: makes the changes that findings propose, and proves each before it writes.
//!
//! Everything happens in a scratch copy of the project; the project itself is written once, at
//! the end, as one transaction. A change that does not remove its finding, does not load or does
//! not compile is taken back and reported.

mod consent;

mod rounds;

mod trial;

pub use consent::Consent;

use super::{Exit, Streams};
use crate::{
    finding::{Finding, Level},
    gather::{self, Options, Project},
    lint::CommandLineLevels,
    report::count,
    shadow::Shadow,
    transaction,
    vcs::{self, Allowed},
};
use anyhow::{Result, bail};
use similar::TextDiff;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What to apply, and how.
#[derive(Clone, Debug)]
pub struct Apply {
    /// The functions.
    pub options: Options,
    /// Levels of the command line.
    pub levels: CommandLineLevels,
    /// Which fixes the user agrees to.
    pub consent: Consent,
    /// Print the change and write nothing.
    pub diff: bool,
    /// What version control may look like.
    pub allowed: Allowed,
    /// Exit with 1 when a file was changed.
    pub exit_non_zero_on_fix: bool,
}

/// Runs the verb.
pub fn run(apply: &Apply, streams: &mut Streams<'_>) -> Result<Exit> {
    let project = gather::gather(&apply.options)?;
    streams.notes(&project)?;
    if let Some(error) = project.facts.errors.first() {
        return Err(error.clone().into());
    }
    let mut shadow = Shadow::of(&project)?;
    let result = rounds::run(apply, &project, &mut shadow, streams)?;
    let changes = shadow.changes();

    if apply.diff {
        for (file, text) in &changes {
            let before = project.root.read(file).unwrap_or_default();
            let diff = TextDiff::from_lines(before.as_ref(), text.as_str());
            let (old, new) = (format!("a/{file}"), format!("b/{file}"));
            let old = if before.is_empty() { "/dev/null".to_owned() } else { old };
            write!(streams.out, "{}", diff.unified_diff().header(&old, &new))?;
        }
    } else if !changes.is_empty() {
        vcs::guard(&project.root.0, apply.allowed)?;
        transaction::write(&project.root, &changes, &|file| {
            project.root.read(file).ok().map(|text| text.to_string())
        })?;
    }

    summary(apply, &result, changes.len(), streams)?;
    let denied = result.remaining.iter().any(|finding| finding.level == Level::Deny);
    let to_do = apply.diff && !changes.is_empty();
    let changed = apply.exit_non_zero_on_fix && !changes.is_empty();
    Ok(if denied || to_do || changed { Exit::Findings } else { Exit::Clean })
}

/// A copy of a project with its fixes applied.
pub struct Copy {
    /// The manifest of the copy's function.
    pub manifest: PathBuf,
    /// The rules whose fixes were applied, in the order in which they were.
    pub rules: Vec<&'static str>,
}

/// Applies fixes to a copy that stays at `place`, and leaves the project as it is. Fails where a
/// rule was asked for by name and could not be applied.
pub fn to_copy(apply: &Apply, place: &Path, streams: &mut Streams<'_>) -> Result<Copy> {
    let project = gather::gather(&apply.options)?;
    streams.notes(&project)?;
    if let Some(error) = project.facts.errors.first() {
        return Err(error.clone().into());
    }
    let mut shadow = Shadow::beside(place, &project)?;
    let result = rounds::run(apply, &project, &mut shadow, streams)?;
    let mut rules: Vec<&'static str> = Vec::new();
    for done in &result.applied {
        if !rules.contains(&done.rule) {
            rules.push(done.rule);
        }
    }
    if let Some(id) = apply.consent.only.iter().find(|id| !rules.contains(&id.as_str())) {
        match result.undone.iter().find(|(done, _)| done.rule == id) {
            Some((_, why)) => bail!("failed to apply {id}: {why}"),
            None => bail!("failed to apply {id}: it finds nothing that can be changed here"),
        }
    }
    let facts = &project.facts;
    let function = facts.functions.first().expect("a project without functions is refused");
    let manifest = facts.workspace.package(function).manifest.file.clone();
    Ok(Copy { manifest: shadow.keep(place)?.join(manifest.as_str()), rules })
}

/// What the rounds did.
pub struct Outcome {
    /// Each fix that was applied: the rule, its title and its files.
    pub applied: Vec<Done>,
    /// Each fix that was taken back, with the reason.
    pub undone: Vec<(Done, String)>,
    /// What is still found at level warn or deny.
    pub remaining: Vec<Finding>,
}

/// A fix, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The rule it belongs to.
    pub rule: &'static str,
    /// What it does.
    pub title: String,
    /// The files it changes.
    pub files: BTreeSet<String>,
}

fn summary(apply: &Apply, result: &Outcome, files: usize, streams: &mut Streams<'_>) -> Result<()> {
    // With `--diff` standard output is the patch and nothing else.
    let out = if apply.diff { &mut *streams.err } else { &mut *streams.out };
    let verb = if apply.diff { "would apply" } else { "applied" };
    if result.applied.is_empty() {
        writeln!(out, "nothing to apply")?;
    } else {
        let fixes = count(result.applied.len(), "fix").replace("fixs", "fixes");
        writeln!(out, "{verb} {fixes} in {}:", count(files, "file"))?;
    }
    for done in &result.applied {
        let files: Vec<&str> = done.files.iter().map(String::as_str).collect();
        writeln!(out, "  {}: {} ({})", done.rule, done.title, files.join(", "))?;
    }
    for (done, why) in &result.undone {
        writeln!(out, "taken back: {}: {}: {why}", done.rule, done.title)?;
    }
    if result.remaining.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} remain:", count(result.remaining.len(), "finding"))?;
    for finding in &result.remaining {
        let how = match &finding.fix {
            Some(fix) => format!("{} ({})", fix.title, consent::how(fix)),
            None => format!("`cargo lambda-lean explain {}`", finding.rule),
        };
        writeln!(out, "  {}: {}: {how}", finding.rule, finding.message)?;
    }
    Ok(())
}

/// The functions of one project as another reads them: the scratch copy is gathered from its own
/// root, with the same packages selected.
pub(super) fn options_for(apply: &Apply, project: &Project, shadow: &Shadow) -> Options {
    let workspace = &project.facts.workspace;
    let packages: BTreeSet<&str> =
        project.facts.functions.iter().map(|f| workspace.package(f).name.as_str()).collect();
    Options {
        manifest_path: Some(shadow.root.absolute(&workspace.root.file)),
        packages: packages.into_iter().map(str::to_owned).collect(),
        workspace: false,
        exclude: Vec::new(),
        ..apply.options.clone()
    }
}

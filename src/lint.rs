//! Asks every rule about every function and makes one report.
//!
//! Levels come from the command line, the package, the workspace and the rule's group, in this
//! order. The engine knows no rule by name: what it does itself (report suppressions that silence
//! nothing) it does for the rule that asks that question.

use crate::{
    check::{Change, Check, Hit, Outcome},
    facts::{
        Facts,
        settings::{LevelSetting, unknown},
        suppression::Suppression,
        toml_edits,
        workspace::Function,
    },
    finding::{BadInput, Edit, Finding, Group, Level, Report, Skipped},
    rule::{self, Rule},
    source::{Place, Span},
};
use std::collections::{BTreeSet, HashSet};

/// Levels given on the command line, weakest first: the last that names a rule or its group wins.
#[derive(Clone, Debug, Default)]
pub struct CommandLineLevels {
    given: Vec<(String, Level)>,
    deny_warnings: bool,
}

impl CommandLineLevels {
    /// Checks the names; the error suggests the nearest known one.
    pub fn new(given: Vec<(String, Level)>, deny_warnings: bool) -> Result<Self, BadInput> {
        for (name, _) in &given {
            known(name).map_err(|message| BadInput { file: None, message })?;
        }
        Ok(CommandLineLevels { given, deny_warnings })
    }
}

/// Refuses a name that is neither a rule nor a group, with the nearest that is.
pub fn known(name: &str) -> Result<(), String> {
    let groups: Vec<String> = Group::ALL.iter().map(Group::to_string).collect();
    let rules = rule::all().iter().map(|rule| rule.id);
    let names: Vec<&str> = rules.chain(groups.iter().map(String::as_str)).collect();
    if names.contains(&name) {
        return Ok(());
    }
    match unknown(name, &names, "rule or group") {
        message if message.contains("did you mean") => Err(message),
        _ => Err(format!("unknown rule or group: `{name}`; `cargo lambda-lean rules` lists them")),
    }
}

/// Asks every rule. Errors are settings that name no rule.
pub fn run(facts: &Facts, levels: &CommandLineLevels) -> Result<Report, BadInput> {
    let settings = facts.workspace_settings.levels.iter();
    let settings = settings.chain(facts.package_settings.iter().flat_map(|s| &s.levels));
    for setting in settings.clone() {
        check_name(facts, &setting.name, &setting.place)?;
    }
    for suppression in &facts.suppressions {
        for (id, place) in &suppression.ids {
            check_name(facts, id, place)?;
        }
    }

    let packages: BTreeSet<usize> = facts.functions.iter().map(|f| f.package).collect();
    let mut report = Report {
        packages: packages.len(),
        functions: facts.functions.len(),
        errors: facts.errors.clone(),
        ..Report::default()
    };
    let mut used = Used::default();
    let mut seen = HashSet::new();
    for rule in rule::all() {
        for function in &facts.functions {
            match rule.check.ask(facts, function) {
                Outcome::Hits(hits) => {
                    for hit in hits {
                        let mut finding = finding(rule, &hit, facts, function);
                        if !seen.insert((rule.id, finding.at.clone(), finding.message.clone())) {
                            continue;
                        }
                        set_level(rule, &mut finding, facts, function, levels, &mut used);
                        report.findings.push(finding);
                    }
                }
                Outcome::Skipped(why) => report.skipped.push(Skipped {
                    rule: rule.id,
                    package: facts.workspace.package(function).name.clone(),
                    why,
                }),
            }
        }
    }
    report.skipped.sort();
    report.skipped.dedup();
    report_unused(facts, levels, &mut used, &mut report);
    report.findings.sort_by(|a, b| {
        let ratio = |finding: &Finding| finding.effect.map_or(0.0, |effect| effect.ratio);
        let place = |finding: &Finding| (finding.at.clone(), finding.rule);
        ratio(b).total_cmp(&ratio(a)).then_with(|| place(a).cmp(&place(b)))
    });
    Ok(report)
}

fn check_name(facts: &Facts, name: &str, place: &Place) -> Result<(), BadInput> {
    known(name).map_err(|problem| {
        let line = facts.sources.position(&place.file, place.span.start).line;
        BadInput {
            file: Some(place.file.clone()),
            message: format!("failed to read `{}` at line {line}: {problem}", place.file),
        }
    })
}

fn finding(rule: &'static Rule, hit: &Hit, facts: &Facts, function: &Function) -> Finding {
    Finding {
        rule: rule.id,
        group: rule.group,
        level: rule.group.default_level(),
        accepted: false,
        package: facts.workspace.package(function).name.clone(),
        bin: Some(function.bin.clone()),
        builder: hit.builder.clone(),
        phase: hit.phase,
        effect: rule.effect.as_ref(),
        message: rule.message_for(hit),
        at: hit.at.clone(),
        labels: hit.labels.clone(),
        notes: hit.notes.clone(),
        fix: rule.fix_for(hit),
    }
}

/// Which suppressions silenced something: by place, and by keys of a setting.
#[derive(Default)]
struct Used {
    comments: HashSet<(Place, String)>,
    settings: HashSet<Vec<String>>,
}

fn set_level(
    rule: &Rule,
    finding: &mut Finding,
    facts: &Facts,
    function: &Function,
    levels: &CommandLineLevels,
    used: &mut Used,
) {
    let mut chosen = None;
    let package = &facts.package_settings[function.package].levels;
    for settings in [&facts.workspace_settings.levels, package] {
        if let Some(setting) = most_specific(settings, rule) {
            used.settings.insert(setting.path.clone());
            chosen = Some(setting.level);
        }
    }
    if let Some((_, given)) = levels.given.iter().rfind(|(name, _)| names(name, rule)) {
        chosen = Some(*given);
    }
    let line = facts.sources.position(&finding.at.file, finding.at.span.start).line;
    for suppression in &facts.suppressions {
        if suppression.comment.file != finding.at.file || suppression.covers != line {
            continue;
        }
        for (id, _) in suppression.ids.iter().filter(|(id, _)| names(id, rule)) {
            used.comments.insert((suppression.comment.clone(), id.clone()));
            chosen = Some(Level::Allow);
        }
    }
    finding.accepted = chosen == Some(Level::Allow);
    finding.level = match chosen.unwrap_or(rule.group.default_level()) {
        Level::Warn if levels.deny_warnings => Level::Deny,
        level => level,
    };
}

fn names(name: &str, rule: &Rule) -> bool {
    name == rule.id || name == rule.group.to_string()
}

/// A rule's own setting before its group's.
fn most_specific<'a>(settings: &'a [LevelSetting], rule: &Rule) -> Option<&'a LevelSetting> {
    let by_id = settings.iter().find(|setting| setting.name == rule.id);
    by_id.or_else(|| settings.iter().find(|setting| setting.name == rule.group.to_string()))
}

/// Adds a finding for each suppression that silenced nothing, unless its rule could not look.
fn report_unused(facts: &Facts, levels: &CommandLineLevels, used: &mut Used, report: &mut Report) {
    let asks = |rule: &&Rule| matches!(rule.check, Check::UnusedSuppression(_));
    let (Some(rule), Some(function)) = (rule::all().iter().find(asks), facts.functions.first())
    else {
        return;
    };
    let could_not_look = |name: &str| {
        report
            .skipped
            .iter()
            .any(|skipped| rule::find(skipped.rule).is_some_and(|rule| names(name, rule)))
    };
    let mut hits = Vec::new();
    for suppression in &facts.suppressions {
        for (id, place) in &suppression.ids {
            let key = (suppression.comment.clone(), id.clone());
            if !used.comments.contains(&key) && !could_not_look(id) {
                let hit = Hit::at(place.clone()).with("id", id);
                hits.push(hit.change(Change::by([without(facts, suppression, id)])));
            }
        }
    }
    // A setting of a whole workspace is judged only when the whole workspace was looked at.
    let workspace =
        facts.whole_workspace.then_some((&facts.workspace.root, &facts.workspace_settings));
    let selected: BTreeSet<usize> = facts.functions.iter().map(|f| f.package).collect();
    let packages = selected
        .iter()
        .map(|&index| (&facts.workspace.packages[index].manifest, &facts.package_settings[index]));
    for (document, settings) in workspace.into_iter().chain(packages) {
        for setting in &settings.levels {
            let silences = setting.level == Level::Allow && !used.settings.contains(&setting.path);
            if silences && !could_not_look(&setting.name) {
                let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
                let hit = Hit::at(setting.place.clone()).with("id", &setting.name);
                hits.push(hit.change(Change::by(toml_edits::remove(document, &path))));
            }
        }
    }
    for hit in hits {
        let mut finding = finding(rule, &hit, facts, function);
        set_level(rule, &mut finding, facts, function, levels, used);
        report.findings.push(finding);
    }
}

/// Removes one id of a suppression, or the whole comment when it is the only one.
fn without(facts: &Facts, suppression: &Suppression, id: &str) -> Edit {
    let file = &suppression.comment.file;
    let text: &str = facts.sources.text(file).map_or("", |text| text);
    if suppression.ids.len() > 1 {
        let kept: Vec<&str> =
            suppression.ids.iter().map(|(id, _)| id.as_str()).filter(|kept| *kept != id).collect();
        let first = suppression.ids.first().map_or(0, |(_, place)| place.span.start);
        let last = suppression.ids.last().map_or(first, |(_, place)| place.span.end);
        let span = Span { start: first, end: last };
        return Edit { file: file.clone(), span, text: kept.join(", ") };
    }
    let span = suppression.comment.span;
    let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text[line_start..span.start].trim_end_matches([' ', '\t']);
    let start = line_start + before.len();
    // A comment on a line of its own goes with its line ending.
    let end = match text[span.end..].find('\n') {
        Some(newline) if before.is_empty() => span.end + newline + 1,
        _ => span.end,
    };
    Edit { file: file.clone(), span: Span { start, end }, text: String::new() }
}

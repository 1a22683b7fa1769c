//! Every example of every rule is executed: a bad one gives exactly one finding of its rule, a
//! good one none, and the fix makes of a bad one exactly what the file says.

use crate::{project::Project, stand_ins};
use cargo_lambda_lean::{
    cli,
    finding::{Finding, Level, Report},
    fix,
    gather::{self, Options},
    lint::{self, CommandLineLevels},
    rule::{self, Example, Rule},
    source::RelPath,
};
use std::{collections::BTreeMap, sync::Mutex, thread};

/// An example is fixed within as many rounds as it could need.
const MOST_ROUNDS: usize = 4;

fn options(project: &Project, example: &Example) -> Options {
    let mut arguments = vec!["check".to_owned(), "--manifest-path".to_owned()];
    arguments.push(project.path("Cargo.toml").display().to_string());
    arguments.extend(example.options.iter().cloned());
    let mut options = cli::options(&arguments).unwrap_or_else(|error| panic!("{error}"));
    options.env = example.env.clone();
    if example.locked {
        let home = stand_ins::cargo_home().display().to_string();
        options.env.insert("CARGO_HOME".to_owned(), home);
    }
    options
}

pub fn report(project: &Project, example: &Example) -> Report {
    let gathered = gather::gather(&options(project, example));
    let gathered = gathered.unwrap_or_else(|error| panic!("{}: {error:#}", example.name));
    lint::run(&gathered.facts, &CommandLineLevels::default())
        .unwrap_or_else(|error| panic!("{}: {error}", example.name))
}

/// Runs `test` on every example, on all cores, and gathers what it complains about.
fn for_each_example(
    test: impl Fn(&'static Rule, &'static Example, bool) -> Vec<String> + Sync,
) -> usize {
    // `LEAN_RULE=id cargo test rules` while a rule is being written.
    let only = std::env::var("LEAN_RULE").ok();
    let rules = rule::all().iter().filter(|rule| only.as_ref().is_none_or(|id| *id == rule.id));
    let examples = rules.flat_map(|rule| {
        let bad = rule.bad.iter().map(move |example| (rule, example, true));
        bad.chain(rule.good.iter().map(move |example| (rule, example, false)))
    });
    let examples: Vec<_> = examples.collect();
    let (next, complaints) = (Mutex::new(examples.iter()), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().expect("no panic while it is held").next();
                    let Some((rule, example, bad)) = taken else { break };
                    let found = test(rule, example, *bad).into_iter();
                    let found = found.map(|text| format!("{}: {}: {text}", rule.id, example.name));
                    complaints.lock().expect("no panic while it is held").extend(found);
                }
            });
        }
    });
    let mut complaints = complaints.into_inner().expect("no panic while it was held");
    complaints.sort();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    examples.len()
}

fn of<'a>(report: &'a Report, rule: &Rule) -> Vec<&'a Finding> {
    report.findings.iter().filter(|finding| finding.rule == rule.id).collect()
}

/// How many findings of a rule nobody has accepted. A fix may write down an acceptance.
fn open(report: &Report, rule: &Rule) -> usize {
    of(report, rule).iter().filter(|finding| !finding.accepted).count()
}

/// How many findings of a rule nobody accepted and no machine can remove.
fn dead_ends(report: &Report, rule: &Rule) -> usize {
    let applicable =
        |finding: &Finding| finding.fix.as_ref().is_some_and(|fix| !fix.edits.is_empty());
    let found = of(report, rule).into_iter();
    found.filter(|finding| !finding.accepted && !applicable(finding)).count()
}

#[test]
fn every_example_holds() {
    let count = for_each_example(|rule, example, bad| {
        let project = Project::of_example(example);
        let report = report(&project, example);
        let found = of(&report, rule);
        let mut complaints = Vec::new();
        let skipped = report.skipped.iter().find(|skipped| skipped.rule == rule.id);
        if let Some(skipped) = skipped {
            complaints.push(format!("could not look: {}", skipped.why));
        }
        match (bad, found.as_slice()) {
            (false, []) => {}
            (false, noisy) => complaints.push(format!(
                "noisy: {:?}",
                noisy.iter().map(|finding| &finding.message).collect::<Vec<_>>()
            )),
            (true, []) => complaints.push("missing".to_owned()),
            (true, [finding]) => complaints.extend(wording(finding)),
            (true, many) => complaints.push(format!(
                "{} findings: {:?}",
                many.len(),
                many.iter().map(|finding| &finding.message).collect::<Vec<_>>()
            )),
        }
        complaints
    });
    let rules = rule::all().len();
    assert!(
        std::env::var_os("LEAN_RULE").is_some() || count >= rules * 3,
        "{count} examples for {rules} rules"
    );
}

/// Messages read like rustc's: no capital, no full stop, nothing left to fill in.
fn wording(finding: &Finding) -> Vec<String> {
    let mut complaints = Vec::new();
    let texts = [Some(&finding.message), finding.fix.as_ref().map(|fix| &fix.title)];
    for text in texts.into_iter().flatten() {
        let first = text.chars().next();
        if first.is_none_or(|c| c.is_uppercase()) || text.ends_with('.') || text.contains('\n') {
            complaints.push(format!("wording: {text}"));
        }
        let unfilled = text.split('{').skip(1).any(|rest| {
            let name = rest.split('}').next().unwrap_or_default();
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        });
        if unfilled {
            complaints.push(format!("a placeholder is left: {text}"));
        }
    }
    complaints
}

#[test]
fn every_fix_makes_what_its_example_says() {
    for_each_example(|rule, example, bad| {
        let project = Project::of_example(example);
        if !bad {
            return Vec::new();
        }
        let before = report(&project, example);
        let mut complaints = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let report = report(&project, example);
            let found = of(&report, rule);
            let fixes: Vec<_> = found.iter().filter_map(|finding| finding.fix.as_ref()).collect();
            let read = |file: &RelPath| std::fs::read_to_string(project.path(file.as_str())).ok();
            let applied = fix::apply(&fixes, &read);
            for (file, text) in &applied.texts {
                project.write(file.as_str(), text);
            }
            if applied.texts.is_empty() {
                break;
            }
            if example.locked {
                stand_ins::lock(&project.path(""));
            }
        }
        let original = |file: &str| example.files.get(file).cloned();
        let mut expected: BTreeMap<String, String> = example.files.clone();
        expected.extend(example.fixed.clone());
        for (file, text) in &expected {
            let now = project.read(file);
            if now != *text {
                let was = original(file).unwrap_or_default();
                complaints.push(format!("{file} became\n{now}\ninstead of\n{text}\nfrom\n{was}"));
            }
        }
        let after = report(&project, example);
        if !example.fixed.is_empty() {
            if open(&after, rule) > 0 {
                complaints.push("the fix leaves the finding".to_owned());
            }
            // A rule that only informs may have more to say of a better project, and what comes up
            // may be the next step (a client that `main` makes can be primed), but no dead end.
            let others = rule::all().iter().filter(|other| other.id != rule.id);
            for other in others.filter(|other| other.group.default_level() > Level::Allow) {
                if dead_ends(&after, other) > dead_ends(&before, other) {
                    complaints.push(format!("the fix adds a finding of {}", other.id));
                }
            }
        }
        complaints
    });
}

#[test]
fn every_rule_has_the_examples_it_needs() {
    for rule in rule::all() {
        assert!(!rule.bad.is_empty(), "{}: a bad example", rule.id);
        assert!(rule.good.len() >= 2, "{}: two good examples", rule.id);
        assert!(rule.good.iter().any(|example| example.near_miss), "{}: a near miss", rule.id);
        assert!(!rule.evidence.is_empty(), "{}: evidence", rule.id);
        for text in [&rule.why, &rule.drawbacks, &rule.blind_spots] {
            assert!(text.trim().len() > 20, "{}: prose", rule.id);
        }
    }
    assert!(rule::all().len() > 1);
}

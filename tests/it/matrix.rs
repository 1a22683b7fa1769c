//! Every rule against every example and example function, as one table: a rule that speaks where
//! it should not is a changed line in a snapshot.

use crate::{
    project::{Project, repository},
    rules::report,
};
use cargo_lambda_lean::{
    cli,
    finding::Report,
    gather,
    lint::{self, CommandLineLevels},
    rule,
};
use std::{collections::BTreeMap, fmt::Write};

fn line(table: &mut String, name: &str, report: &Report) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry(finding.rule).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    writeln!(table, "{name}: {}", counts.join(", ")).expect("writing to a string");
}

#[test]
fn every_rule_against_every_example() {
    let mut table = String::new();
    let mut seen = 0;
    for rule in rule::all() {
        for (kind, examples) in [("bad", &rule.bad), ("good", &rule.good)] {
            for example in examples {
                let project = Project::of_example(example);
                let name = format!("{} {kind}: {}", rule.id, example.name);
                line(&mut table, &name, &report(&project, example));
                seen += 1;
            }
        }
    }
    for builder in ["cargo", "cargo-lambda"] {
        for function in functions() {
            let report = of_function(&function, builder);
            line(&mut table, &format!("{function} by {builder}"), &report);
            seen += 1;
        }
    }
    assert!(seen > rule::all().len() * 3, "{seen} lines");
    insta::assert_snapshot!("matrix", table);
}

/// What is found in an example function. Cargo may fetch what it depends on: on a fresh machine the
/// rules about dependencies could not look otherwise.
fn of_function(function: &str, builder: &str) -> Report {
    let manifest = repository().join("example-functions").join(function).join("Cargo.toml");
    let manifest = manifest.display().to_string();
    let arguments =
        ["check", "--manifest-path", &manifest, "--builder", builder, "--allow-network"];
    let mut options = cli::options(&arguments).expect("known options");
    // What whoever runs the tests has set for builds of their own is not meant.
    options.env.clear();
    let project = gather::gather(&options).expect("an example function");
    lint::run(&project.facts, &CommandLineLevels::default()).expect("a report")
}

#[test]
fn the_lean_writer_has_no_findings_and_every_other_function_has() {
    for builder in ["cargo", "cargo-lambda"] {
        for function in functions() {
            let report = of_function(&function, builder);
            let found: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
            assert_eq!(found.is_empty(), function == "writer-lean", "{function}: {found:?}");
        }
    }
}

/// The example functions: every folder with a manifest except the shared library.
pub fn functions() -> Vec<String> {
    let folder = std::fs::read_dir(repository().join("example-functions")).expect("a folder");
    let mut names: Vec<String> = folder
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != "record-store")
        .collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    names
}

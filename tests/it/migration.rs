//! What `apply --all --panic abort` makes of each example function: it still compiles, passes its
//! tests and answers when invoked, nothing is left that could be applied, and a second run changes
//! nothing. All share one build of the AWS SDK, in the dev profile.

use crate::{
    builds::{build, collects_jitter_entropy, invoked, target},
    project::{Project, Run, program},
};
use std::process::Command;

/// A folder, and the package and binary in it.
const FUNCTIONS: [(&str, &str); 5] = [
    ("writer-regular", "writer-regular"),
    ("writer-typical", "writer-typical"),
    ("writer-registry", "writer-registry"),
    ("http-api", "http-api"),
    ("sqs-batch", "sqs-batch"),
];

/// What `apply --all` takes out of the graph of a plain writer.
const GONE: [&str; 6] =
    ["hyper v0.14", "h2 v0.3", "rustls v0.21", "ring v", "aws-sdk-sso v", "aws-sdk-ssooidc v"];

fn lambda_lean(project: &Project, folder: &str, arguments: &[&str]) -> Run {
    let mut command = program();
    // Where `apply` compiles, and what it tries is the same for all of them.
    command.env("CARGO_TARGET_DIR", target()).current_dir(project.path(folder)).args(arguments);
    Run::of(command.output().expect("the program runs"))
}

#[test]
#[ignore = "builds the AWS SDK in the dev profile, and type-checks it"]
fn a_migrated_function_does_what_it_did_and_has_nothing_left_to_apply() {
    for (folder, bin) in FUNCTIONS {
        let project = Project::of_functions(&["record-store", folder]);
        let linked_before = linked(&project, folder);
        let everything = ["apply", "--all", "--panic", "abort", "--allow-no-vcs"];
        let first = lambda_lean(&project, folder, &everything);
        assert_eq!(first.code, 0, "{folder}: {first:?}");
        assert!(!first.out.contains("taken back"), "{folder}: {}", first.out);

        let before = project.bytes();
        let second = lambda_lean(&project, folder, &everything);
        assert!(second.out.starts_with("nothing to apply"), "{folder}: {second:?}");
        assert_eq!(project.bytes(), before, "{folder}: the second run changed something");
        no_finding_could_be_applied(&project, folder);

        build(&project, folder, "cargo", &["test", "--locked"]);
        build(&project, folder, "cargo", &["build", "--locked", "--package", bin]);
        let binary = target().join("debug").join(bin);
        invoked(&project, folder, &binary);
        if folder == "writer-regular" {
            the_legacy_stack_is_gone(&linked_before, &linked(&project, folder));
            assert!(!collects_jitter_entropy(&project, folder, &binary));
        }
    }
}

fn no_finding_could_be_applied(project: &Project, folder: &str) {
    let run = lambda_lean(project, folder, &["check", "--message-format", "json"]);
    assert_eq!(run.code, 0, "{folder}: {run:?}");
    for finding in run.json("finding") {
        let safety = &finding["fix"]["safety"];
        let edits = finding["fix"]["edits"].as_array().map_or(0, Vec::len);
        assert!(safety == "show" || edits == 0, "{folder}: {finding}");
    }
}

/// The crates that `cargo tree` says are linked, each once.
fn linked(project: &Project, folder: &str) -> Vec<String> {
    let mut command = Command::new("cargo");
    command.args(["tree", "-e", "normal", "--prefix", "none", "--no-dedupe", "--locked"]);
    command.args(["--target", "x86_64-unknown-linux-gnu"]).current_dir(project.path(folder));
    let run = Run::of(command.output().expect("cargo runs"));
    assert_eq!(run.code, 0, "{run:?}");
    let mut lines: Vec<String> = run.out.lines().map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn the_legacy_stack_is_gone(before: &[String], after: &[String]) {
    for name in GONE {
        let among = |lines: &[String]| lines.iter().any(|line| line.starts_with(name));
        assert!(among(before), "{name} was not there");
        assert!(!among(after), "{name} is still there");
    }
    let (before, after) = (before.len(), after.len());
    assert!(before - after >= 30, "{before} crates before, {after} after");
}

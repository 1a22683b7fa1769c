//! The main job on the example functions, with the real cargo-lambda and real builds of the AWS
//! SDK. Each test says how many of those it costs; all of them share one target folder. What they
//! measured is printed with `--nocapture`.

#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]

use crate::{
    builds::{build, cargo_lambda, collects_jitter_entropy, invoked, keep, target},
    project::{Project, Run, program},
};
use serde_json::Value;
use std::path::Path;

/// The rules about profiles that a lean function satisfies.
const PROFILE_RULES: &str = "lto-off,many-codegen-units,symbols-kept,debug-info-shipped,\
    unoptimised-release,size-opt-level-untried,panic-strategy-implicit,unwind-tables-shipped";

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

fn size(artefact: &Path) -> Value {
    let mut command = program();
    command.arg("size").arg(artefact).args(["--message-format", "json"]);
    let run = Run::of(command.output().expect("the program runs"));
    assert_eq!(run.code, 0, "{run:?}");
    json(&run)
}

fn bytes(size: &Value) -> f64 {
    size["file_size"].as_f64().unwrap_or_else(|| panic!("a size: {size}"))
}

fn profile_findings(project: &Project, builder: &str) -> Vec<(String, u64)> {
    let arguments = ["check", "--builder", builder, "--message-format", "json"];
    let run = project.run_in("writer-regular", &arguments);
    assert_eq!(run.code, 0, "{run:?}");
    let findings = run.json("finding").into_iter();
    let of_profile = findings.filter(|finding| {
        let rule = finding["rule"].as_str().unwrap_or_default();
        PROFILE_RULES.split(',').any(|known| known == rule)
    });
    of_profile
        .map(|finding| {
            let line = finding["span"]["start"]["line"].as_u64().unwrap_or(0);
            (finding["rule"].as_str().unwrap_or_default().to_owned(), line)
        })
        .collect()
}

#[test]
#[ignore = "builds the AWS SDK three times"]
fn the_profile_rules_halve_the_binary_and_it_still_writes_its_record() {
    let project = Project::of_functions(&["record-store", "writer-regular"]);
    let names = |found: &[(String, u64)]| -> Vec<String> {
        let mut names: Vec<String> = found.iter().map(|(rule, _)| rule.clone()).collect();
        names.sort();
        names
    };
    let by_cargo = profile_findings(&project, "cargo");
    let expected = ["lto-off", "many-codegen-units", "symbols-kept", "unwind-tables-shipped"];
    assert_eq!(names(&by_cargo), expected);
    let by_cargo_lambda = profile_findings(&project, "cargo-lambda");
    assert_eq!(names(&by_cargo_lambda), ["lto-off", "panic-strategy-implicit"]);
    // Nothing is written yet, so each points to the line of `[package]`.
    let manifest = project.read("writer-regular/Cargo.toml");
    let package = manifest.lines().position(|line| line == "[package]").expect("a package") + 1;
    for (rule, line) in by_cargo.iter().chain(&by_cargo_lambda) {
        assert_eq!(*line, package as u64, "{rule}");
    }

    build(&project, "writer-regular", "cargo", &["build", "--release"]);
    let plain = keep(&target().join("release/writer-regular"), &project, "plain");
    let tuned = cargo_lambda(&project, "writer-regular", &[], "tuned");

    let flags = ["apply", "--allow-no-vcs", "--panic", "abort", "--only", PROFILE_RULES];
    for builder in ["cargo", "cargo-lambda"] {
        let run = project.run_in("writer-regular", &[&flags[..], &["--builder", builder]].concat());
        assert_eq!(run.code, 0, "{run:?}");
    }
    for builder in ["cargo", "cargo-lambda"] {
        assert_eq!(profile_findings(&project, builder), [], "{builder}");
    }
    let lean = cargo_lambda(&project, "writer-regular", &[], "lean");

    let [plain_size, tuned_size, lean_size] = [&plain, &tuned, &lean].map(|path| size(path));
    let (plain_bytes, tuned_bytes) = (bytes(&plain_size), bytes(&tuned_size));
    let lean_bytes = bytes(&lean_size);
    println!(
        "plain {plain_bytes}, cargo-lambda {tuned_bytes}, after apply {lean_bytes}: {:.3} and {:.3}",
        lean_bytes / plain_bytes,
        lean_bytes / tuned_bytes
    );
    assert!(lean_bytes <= 0.5 * plain_bytes, "{lean_bytes} of {plain_bytes}");
    assert!(lean_bytes <= 0.85 * tuned_bytes, "{lean_bytes} of {tuned_bytes}");

    let mut against = program();
    against.arg("size").arg(&lean).arg("--against").arg(&plain);
    let against = Run::of(against.output().expect("the program runs"));
    assert_eq!(against.code, 0, "{against:?}");
    println!("{}", against.out);

    invoked(&project, "writer-regular", &lean);
    assert!(collects_jitter_entropy(&project, "writer-regular", &plain));
}

#[test]
#[ignore = "builds the AWS SDK once"]
fn the_lean_writer_builds_for_arm() {
    let project = Project::of_functions(&["record-store", "writer-lean"]);
    let artefact = cargo_lambda(&project, "writer-lean", &["--arm64"], "arm");
    let size = size(&artefact);
    assert_eq!(size["architecture"], "aarch64", "{size}");
}

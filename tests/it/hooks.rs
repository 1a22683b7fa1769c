//! The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit in a repository of their own.

use crate::{
    project::{Project, Run, repository},
    tools,
};
use std::process::Command;

/// Every finding of it can be fixed safely.
const MANIFEST: &str = r#"[package]
name = "function"
version = "0.1.0"
edition = "2024"

[profile.release]
opt-level = "z"
panic = "abort"

[dependencies]
lambda_runtime = "1"

[package.metadata.lambda-lean]
builder = "cargo"
"#;

fn git(arguments: &[&str], folder: &std::path::Path) -> String {
    let output = Command::new("git").args(arguments).current_dir(folder).output();
    let output = output.expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
#[ignore = "pre-commit installs this package, which takes a minute"]
fn the_first_hook_fails_the_second_changes_and_then_both_pass() {
    let project = Project::function(MANIFEST);
    let here = repository().display().to_string();
    let head = git(&["rev-parse", "HEAD"], repository());
    let config = |hooks: &str| format!("repos:\n- repo: {here}\n  rev: {head}\n  hooks:\n{hooks}");
    project.write(
        ".pre-commit-config.yaml",
        config("  - id: lambda-lean\n  - id: lambda-lean-apply\n"),
    );
    project.commit();
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pre-commit");
    let run = |hook: &str| {
        let mut command = Command::new(tools::pre_commit());
        command.args(["run", hook, "--all-files", "--verbose"]).current_dir(project.path(""));
        command.env("PRE_COMMIT_HOME", &home).env("NO_COLOR", "1");
        // Whoever runs the tests may have set these for their own build.
        command.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        Run::of(command.output().expect("pre-commit runs"))
    };

    let first = run("lambda-lean");
    assert_eq!(first.code, 1, "{first:?}");
    assert!(first.out.contains("error[lto-off]"), "{first:?}");
    assert_eq!(project.read("Cargo.toml"), MANIFEST);

    let second = run("lambda-lean-apply");
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.out.contains("files were modified by this hook"), "{second:?}");
    assert!(second.out.contains("exit code: 1"), "the hook itself fails, too: {second:?}");
    assert!(project.read("Cargo.toml").contains("lto = \"fat\""));

    for hook in ["lambda-lean", "lambda-lean-apply"] {
        let again = run(hook);
        assert_eq!(again.code, 0, "{again:?}");
    }
}

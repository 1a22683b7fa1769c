//! Builds of functions by the real cargo and cargo-lambda, in a target folder that they share and
//! one at a time, and their invocation in the lab.

#[cfg(feature = "lab")]
use crate::project::program;
use crate::{
    project::{Project, Run},
    tools,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

/// One build at a time: each takes every core there is.
static BUILDING: Mutex<()> = Mutex::new(());

/// The target folder that all builds of functions share.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions")
}

/// Runs a build in a folder of the project, in the shared target folder.
pub fn build(project: &Project, folder: &str, program: &str, arguments: &[&str]) {
    let _one = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(project.path(folder)).env("CARGO_TARGET_DIR", target());
    command.env("PATH", tools::path_with(tools::cargo_lambda()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
        command.env_remove(variable);
    }
    // Gigabytes that no test reads.
    command.env("CARGO_PROFILE_DEV_DEBUG", "none").env("CARGO_INCREMENTAL", "0");
    let run = Run::of(command.output().expect("the build runs"));
    assert_eq!(run.code, 0, "{program} {arguments:?}: {}", run.err);
}

/// Builds as `cargo lambda build --release` does, and keeps the artefact under a name of its own.
pub fn cargo_lambda(project: &Project, folder: &str, flags: &[&str], kept: &str) -> PathBuf {
    let program = tools::cargo_lambda().display().to_string();
    build(project, folder, &program, &[&["lambda", "build", "--release"], flags].concat());
    let artefact = target().join("lambda").join(folder).join("bootstrap");
    keep(&artefact, project, kept)
}

/// Copies an artefact that the next build overwrites.
pub fn keep(artefact: &Path, project: &Project, kept: &str) -> PathBuf {
    let copy = project.path(kept);
    std::fs::copy(artefact, &copy).unwrap_or_else(|e| panic!("{}: {e}", artefact.display()));
    copy
}

/// Invokes a built function in the lab, which fails where it answers an error or where the records
/// it should have written are not in the embedded DynamoDB.
#[cfg(feature = "lab")]
pub fn invoked(project: &Project, folder: &str, artefact: &Path) {
    let binary = format!("built=binary={}", artefact.display());
    let few = ["bench", "--runs", "2", "--invocations", "2", "--back-to-back", "2"];
    let fast = ["--arrival", "1", "--memory", "1769", "--variant", &binary];
    let mut command = program();
    command.current_dir(project.path(folder)).args(few).args(fast);
    let run = Run::of(command.output().expect("the program runs"));
    assert_eq!(run.code, 0, "{run:?}");
}

/// Says what is missing.
#[cfg(not(feature = "lab"))]
pub fn invoked(_: &Project, _: &str, _: &Path) {
    panic!("the lab invokes the function: run with `--all-features`");
}

/// Whether a built function collects jitter entropy: by what is in it, not by what was written.
pub fn collects_jitter_entropy(project: &Project, folder: &str, artefact: &Path) -> bool {
    let binary = format!("--binary={}", artefact.display());
    let run = project.run_in(folder, &["check", "--message-format", "json", &binary]);
    assert_eq!(run.code, 0, "{run:?}");
    run.json("finding").iter().any(|finding| finding["rule"] == "jitter-entropy-in-binary")
}

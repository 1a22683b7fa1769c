//! How much longer a whole `cargo lambda-lean check`, once started, takes than the `cargo metadata`
//! that it cannot do without, on each example function: `cargo bench --bench check`.
//!
//! Both run in turn, so that a busy moment hits both, and so does the tool when it is only asked for
//! its version: what cargo takes to find and start a subcommand is none of ours, and counts for much
//! where there are few dependencies. The example functions' crates must have been fetched. Fails
//! when a check takes more than is promised.

#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The most that a check may take, in times of what `cargo metadata` takes.
const MOST: f64 = 1.3;

/// How often each is run.
const RUNS: usize = 15;

/// The target the example functions are fetched for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

fn main() {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-functions");
    let entries = fs::read_dir(&functions).expect("the example functions are here");
    let folders = entries.map(|entry| entry.expect("a folder that can be read").path());
    // One of the folders is a library of the others.
    let is_function = |folder: &PathBuf| {
        folder.join("Cargo.lock").exists() && !folder.join("src/lib.rs").exists()
    };
    let mut folders: Vec<PathBuf> = folders.filter(is_function).collect();
    folders.sort();
    assert!(!folders.is_empty(), "no function in {}", functions.display());

    let over: Vec<String> = folders.iter().filter_map(|folder| measure(folder)).collect();
    assert!(over.is_empty(), "a check took more than {MOST} times as long: {}", over.join(", "));
}

/// Measures one function, and names it where it takes too long.
fn measure(folder: &Path) -> Option<String> {
    let mut metadata = cargo(folder);
    metadata.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    metadata.args(["--filter-platform", TARGET]);
    let mut check = cargo(folder);
    check.args(["lambda-lean", "check"]);
    let mut version = cargo(folder);
    version.args(["lambda-lean", "--version"]);
    let (mut alone, mut whole, mut start) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        alone.push(time(&mut metadata, &[0]));
        // 1: there are findings.
        whole.push(time(&mut check, &[0, 1]));
        start.push(time(&mut version, &[0]));
    }
    let (alone, whole, start) = (median(alone), median(whole), median(start));
    let ratio = (whole - start).as_secs_f64() / alone.as_secs_f64();
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!(
        "{name:16} cargo metadata {:4} ms, check {:4} ms, {:2} of them to start: {ratio:.2} times \
         ({:.2} with the start)",
        alone.as_millis(),
        whole.as_millis(),
        start.as_millis(),
        whole.as_secs_f64() / alone.as_secs_f64()
    );
    (ratio > MOST).then_some(name)
}

/// Cargo in a folder, with the tool that was built on its path.
fn cargo(folder: &Path) -> Command {
    let tool = Path::new(env!("CARGO_BIN_EXE_cargo-lambda-lean"));
    let paths = env::var_os("PATH").unwrap_or_default();
    let own = tool.parent().map(Path::to_owned);
    let paths = env::join_paths(own.into_iter().chain(env::split_paths(&paths)));
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder).env("PATH", paths.expect("a path that was one"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn time(command: &mut Command, expected: &[i32]) -> Duration {
    let start = Instant::now();
    let output = command.output().expect("cargo runs");
    let taken = start.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| expected.contains(&code)), "{said}");
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

//! The lab, with a function that needs no crate and can be told to go wrong.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// DynamoDB, TLS and trust.
mod aws;
/// The `bench` verb.
mod bench;
/// The life of one process.
mod session;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/lab/function.rs");

/// The test function, built once.
static FUNCTION: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("function");
    fs::create_dir_all(&directory).expect("a directory to build in");
    let program = directory.join("bootstrap");
    let status = Command::new("rustc")
        .args(["--edition=2024", "-Cdebuginfo=0", "-o"])
        .arg(&program)
        .arg(SOURCE)
        .status()
        .expect("a rustc");
    assert!(status.success());
    program
});

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// Processes of this name that were started with this variable.
fn processes(name: &str, variable: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("a /proc");
    processes
        .flatten()
        .filter(|entry| {
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            read("comm") == format!("{name}\n").as_bytes()
                && read("environ").split(|byte| *byte == 0).any(|v| v == variable.as_bytes())
        })
        .map(|entry| entry.path().display().to_string())
        .collect()
}

//! `profile` against rustc: for every case of `data/profiles.toml` a recording compiler sits
//! where rustc does, and what it is called with has to be what `profile` says.
//!
//! Compared are all codegen options, in order. Left out are those that are no settings: metadata,
//! file names, the folder of incremental compilation, and the linker.

use crate::{
    project::{Project, program},
    tools,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{OnceLock, atomic::AtomicUsize, atomic::Ordering::Relaxed},
    thread,
};

const MANIFEST: &str = r#"[package]
name = "fun"
version = "0.1.0"
edition = "2024"

[package.metadata.lambda-lean]
functions = ["fun"]
"#;

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Who builds: `cargo`, `cargo-lambda` with cargo beneath it, `zigbuild` for its default.
    builders: Vec<String>,
    #[serde(default = "release")]
    profile: String,
    /// Appended to the manifest.
    #[serde(default)]
    manifest: String,
    /// `.cargo/config.toml`.
    config: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The folder to build in.
    #[serde(default)]
    folder: String,
    /// Options that have to reach rustc: the point of the case.
    #[serde(default)]
    has: Vec<String>,
    /// Options that must not: compared with their beginnings.
    #[serde(default)]
    lacks: Vec<String>,
}

fn release() -> String {
    "release".to_owned()
}

#[test]
fn what_profile_says_is_what_rustc_gets() {
    let cases: Cases = toml::from_str(include_str!("data/profiles.toml")).expect("the cases load");
    let runs: Vec<(&Case, &str)> = cases
        .case
        .iter()
        .flat_map(|case| case.builders.iter().map(move |builder| (case, builder.as_str())))
        .collect();
    assert!(runs.len() >= 40, "only {} combinations", runs.len());
    for builder in ["cargo", "cargo-lambda", "zigbuild"] {
        assert!(runs.iter().any(|(_, by)| *by == builder), "no case builds with {builder}");
    }

    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some((case, builder)) = runs.get(next.fetch_add(1, Relaxed)) {
            if let Err(why) = prove(case, builder) {
                wrong.push(format!("{} ({builder}): {why}", case.name));
            }
        }
        wrong
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|it| it.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
}

fn prove(case: &Case, builder: &str) -> Result<(), String> {
    let project = Project::with(&[
        ("Cargo.toml", &format!("{MANIFEST}{}", case.manifest)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    for (file, text) in &case.files {
        project.write(file, text);
    }
    if let Some(config) = &case.config {
        project.write(".cargo/config.toml", config);
    }
    let root = project.path("");
    let setting = |command: &mut Command| {
        command.current_dir(project.path(&case.folder)).env("CARGO_HOME", root.join("home"));
        for (name, value) in &case.env {
            command.env(name, value.replace("{root}", &root.to_string_lossy()));
        }
    };

    let built = build(case, builder, &project.path("record"), &setting);
    let mut command = program();
    let by = if builder == "cargo" { "cargo" } else { "cargo-lambda" };
    let path = tools::path_with(tools::cargo_lambda());
    command.args(["profile", "--message-format", "json", "--profile", &case.profile]);
    command.args(["--builder", by]).env("PATH", path);
    setting(&mut command);
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let json: serde_json::Value =
        serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;

    let predicted: Vec<&str> =
        json["rustc"].as_array().into_iter().flatten().filter_map(|flag| flag.as_str()).collect();
    let predicted = options(&predicted);
    let refused = !json["rustflags"]["conflict"].is_null();
    let recorded = match built {
        Err(_) if refused && case.has == ["refused"] => return Ok(()),
        Err(why) => return Err(format!("the build failed: {why}")),
        Ok(_) if refused => return Err("the build should have failed".to_owned()),
        Ok(recorded) => recorded,
    };
    if predicted != recorded {
        return Err(format!("\n  rustc got {recorded:?}\n  predicted {predicted:?}"));
    }
    if let Some(missing) = case.has.iter().find(|option| !recorded.contains(option)) {
        return Err(format!("misses its point: no `{missing}` in {recorded:?}"));
    }
    let unwanted =
        |option: &&String| case.lacks.iter().any(|unwanted| option.starts_with(unwanted.as_str()));
    match recorded.iter().find(unwanted) {
        Some(option) => Err(format!("misses its point: `{option}` in {recorded:?}")),
        None => Ok(()),
    }
}

/// Builds with the recorder in rustc's place and gives the options the function was built with.
fn build(
    case: &Case,
    builder: &str,
    record: &Path,
    setting: &dyn Fn(&mut Command),
) -> Result<Vec<String>, String> {
    let mut command = match builder {
        "cargo" => Command::new(env!("CARGO")),
        _ => {
            let cargo_lambda = tools::cargo_lambda();
            let mut command = Command::new(cargo_lambda);
            command.arg("lambda").env("PATH", tools::path_with(cargo_lambda));
            if builder == "cargo-lambda" {
                command.env("CARGO_LAMBDA_COMPILER", "cargo");
            }
            command
        }
    };
    let profile = match case.profile.as_str() {
        "release" => "--release".to_owned(),
        other => format!("--profile={other}"),
    };
    command.args(["build", &profile, "--offline"]).env("RECORD", record);
    // cargo-lambda does not look for a manifest upwards.
    command.arg("--manifest-path").arg(record.with_file_name("Cargo.toml"));
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL"] {
        command.env_remove(name);
    }
    command.env("RUSTC_WRAPPER", recorder());
    setting(&mut command);
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = fs::read_to_string(record).map_err(|error| format!("nothing recorded: {error}"))?;
    let calls: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\u{1f}').collect::<Vec<_>>())
        .filter(|call| call[0] == "fun")
        .collect();
    match calls.as_slice() {
        [call] => Ok(options(call)),
        calls => Err(format!("the function was compiled {} times", calls.len())),
    }
}

/// The codegen options among arguments of rustc.
fn options(arguments: &[&str]) -> Vec<String> {
    let mut options = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let option = match *argument {
            "-C" | "--codegen" => arguments.next().copied().unwrap_or_default(),
            "-O" | "-g" => argument,
            other => match other.strip_prefix("-C").or(other.strip_prefix("--codegen=")) {
                Some(option) => option,
                None => continue,
            },
        };
        let is_setting = !["metadata=", "extra-filename=", "linker="]
            .iter()
            .any(|other| option.starts_with(other));
        if is_setting {
            let folder = option.starts_with("incremental=");
            options.push(if folder { "incremental" } else { option }.to_owned());
        }
    }
    options
}

/// The recording compiler, compiled once.
fn recorder() -> &'static Path {
    static RECORDER: OnceLock<PathBuf> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let recorder = folder.join(format!("recorder-{}", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/recorder.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.args(["--edition=2024", "-Cdebuginfo=0", "-o"]).arg(&recorder).arg(source);
        let status = command.status().expect("rustc runs");
        assert!(status.success(), "the recorder does not compile");
        recorder
    })
}

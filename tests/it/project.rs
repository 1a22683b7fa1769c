//! Projects in temporary folders, and the program run on them.

use crate::elf::{self, Program};
use crate::stand_ins;
use cargo_lambda_lean::rule::Example;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// What an example depends on when it does not say.
const MANIFEST: &str = r#"[package]
name = "function"
version = "0.1.0"
edition = "2024"

[dependencies]
anyhow = "1"
aws-config = "1"
aws-sdk-dynamodb = "1"
aws-sdk-s3 = "1"
aws_lambda_events = "1"
axum = "0.8"
lambda_http = "1"
lambda_runtime = "1"
regex = "1"
reqwest = "0.12"
serde = "1"
serde_json = "1"
tokio = "1"
tracing = "0.1"
tracing-subscriber = "0.3"
"#;

const MAIN: &str = r#"use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    Ok(event.payload)
}
"#;

/// A project on disk that goes away with the value.
pub struct Project {
    directory: TempDir,
}

impl Project {
    /// A project with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let project = Project { directory: TempDir::new().expect("a temporary folder") };
        for (file, text) in files {
            project.write(file, text);
        }
        project
    }

    /// A function with this manifest and a plain handler.
    pub fn function(manifest: &str) -> Self {
        Project::with(&[("Cargo.toml", manifest), ("src/main.rs", MAIN)])
    }

    /// The project of a rule's example.
    pub fn of_example(example: &Example) -> Self {
        let project = Project::with(&[]);
        if !example.files.contains_key("Cargo.toml") {
            project.write("Cargo.toml", MANIFEST);
        }
        let has_code = example.files.keys().any(|file| file.ends_with(".rs"));
        let has_package = example.files.get("Cargo.toml").is_none_or(|m| m.contains("[package]"));
        if !has_code && has_package {
            project.write("src/main.rs", MAIN);
        }
        for (file, text) in &example.files {
            project.write(file, text);
        }
        if let Some(artefact) = &example.artefact {
            let program = Program::of_example(artefact).write();
            let path = artefact.get("path").and_then(|path| path.as_str());
            let path = path.unwrap_or("target/lambda/function/bootstrap");
            let is_zip = path.ends_with(".zip");
            project.write(path, if is_zip { elf::stored(&program) } else { program });
        }
        if example.locked {
            stand_ins::lock(project.directory.path());
        }
        project
    }

    /// A copy of example functions, with the folders beside them that they use.
    pub fn of_functions(names: &[&str]) -> Self {
        let project = Project::with(&[]);
        for name in names {
            copy(&repository().join("example-functions").join(name), &project.path(name));
        }
        project
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable file");
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Every file with its bytes, to see that nothing changed.
    pub fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.directory.path(), &mut files);
        files.sort();
        files
    }

    /// Makes the project a git repository with everything committed.
    pub fn commit(&self) {
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "start"],
        ] {
            let status =
                Command::new("git").args(arguments).current_dir(self.directory.path()).status();
            assert!(status.expect("git runs").success(), "git {arguments:?}");
        }
    }

    /// Runs the program in a folder of the project.
    pub fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        let mut command = program();
        command.current_dir(self.path(folder)).args(arguments);
        Run::of(command.output().expect("the program runs"))
    }

    /// Runs the program in the project.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_in("", arguments)
    }
}

/// The program, without the settings of whoever runs the tests.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lambda-lean"));
    for (name, _) in std::env::vars() {
        let setting = name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_BUILD_");
        let known = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL"];
        if setting || known.contains(&name.as_str()) {
            command.env_remove(name);
        }
    }
    command.env_remove("GITHUB_ACTIONS").env_remove("CARGO_TERM_COLOR").env("NO_COLOR", "1");
    command
}

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a run printed and ended with.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The objects printed with `--message-format json`, of one reason.
    pub fn json(&self, reason: &str) -> Vec<serde_json::Value> {
        let objects = self.out.lines().map(|line| {
            let object = serde_json::from_str::<serde_json::Value>(line);
            object.unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        objects.filter(|object| object["reason"] == reason).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable folder");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a readable folder");
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("a readable file");
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        match fs::symlink_metadata(&path).expect("an entry").is_dir() {
            true => collect(&path, files),
            false => files.push((path.clone(), fs::read(&path).unwrap_or_default())),
        }
    }
}

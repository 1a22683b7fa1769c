//! Asks cargo which crates the functions link.
//!
//! Runs `cargo metadata --locked --offline --filter-platform <target>`: without the filter it
//! fails on a machine that has fetched for Linux only, and without `--locked` it would write
//! `Cargo.lock`. A project that cannot be resolved so is no error: the rules that need the graph
//! are listed with the command that would make it possible.

use super::{cargo, files::Root};
use crate::{
    facts::{
        graph::{Lock, Resolution, Resolved, Resolver, Selection, Universe},
        workspace::{Function, Workspace},
    },
    source::RelPath,
};
use cargo_metadata::Metadata;
use std::{collections::BTreeMap, process::Command, sync::Arc};

/// What to resolve.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The folder of the workspace root.
    pub root: &'a Root,
    /// Its manifests.
    pub workspace: &'a Workspace,
    /// The functions to resolve for.
    pub functions: &'a [Function],
    /// The triple they are built for.
    pub target: &'a str,
    /// Whether cargo may download what is missing.
    pub network: bool,
    /// The environment a build would see.
    pub env: &'a BTreeMap<String, String>,
    /// Whether cargo may bring `Cargo.lock` in line with changed manifests.
    pub may_change_lock: bool,
}

/// The triple `cargo lambda build` uses when none is given: that of an x86_64 or aarch64 Linux
/// host, else x86_64 (cargo-lambda-build 1.9.2 src/target_arch.rs:44).
pub fn default_target() -> String {
    let arch =
        if cfg!(all(target_arch = "aarch64", target_os = "linux")) { "aarch64" } else { "x86_64" };
    format!("{arch}-unknown-linux-gnu")
}

/// Finds out what can be found out.
pub fn resolve(question: &Question<'_>) -> Resolution {
    let lock = match question.root.read(&RelPath::new("Cargo.lock")) {
        Ok(text) => Lock::parse(&text).map_err(|why| format!("`Cargo.lock` is no lockfile: {why}")),
        Err(_) => Err("there is no `Cargo.lock`; run `cargo generate-lockfile`".to_owned()),
    };
    let builds = match &lock {
        Err(why) if !question.may_change_lock => Err(why.clone()),
        _ => metadata(question).map(|metadata| builds(question, &metadata)),
    };
    Resolution { lock, builds }
}

fn builds(question: &Question<'_>, metadata: &Metadata) -> Vec<Resolved> {
    let relative = |path: &std::path::Path| question.root.relative(path);
    let universe = Arc::new(Universe::new(metadata, question.target, relative));
    let resolver = Resolver::of(&question.workspace.root);
    let select = |function: &Function| {
        let manifest = &question.workspace.package(function).manifest.file;
        let selection = Selection {
            package: universe.by_manifest(manifest).expect("metadata names every member"),
            bin: Some(function.bin.clone()),
            features: Vec::new(),
            default_features: true,
        };
        Resolved::new(&universe, &selection, resolver)
    };
    question.functions.iter().map(select).collect()
}

fn metadata(question: &Question<'_>) -> Result<Metadata, String> {
    let mut command = Command::new(cargo());
    command.envs(question.env).current_dir(&question.root.0);
    command.args(["metadata", "--format-version", "1", "--color", "never"]);
    command.args(["--filter-platform", question.target]);
    command.arg("--manifest-path").arg(question.root.0.join("Cargo.toml"));
    if !question.may_change_lock {
        command.arg("--locked");
    }
    if !question.network {
        command.arg("--offline");
    }
    let output =
        command.output().map_err(|error| format!("`cargo metadata` did not run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(refused(&said, question));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(json).map_err(|error| format!("`cargo metadata` made no sense: {error}"))
}

/// Why cargo did not resolve, and the command that would change that.
fn refused(stderr: &str, question: &Question<'_>) -> String {
    let said = |needle: &str| stderr.contains(needle);
    if said("needs to be updated")
        || said("cannot update the lock file")
        || said("cannot create the lock file")
    {
        return "`Cargo.lock` does not fit the manifests; run `cargo update --workspace`, commit \
                the result, and run again"
            .to_owned();
    }
    let offline =
        said("offline") || said("unable to update registry") || said("failed to download");
    if offline && !question.network {
        return format!(
            "resolving needs crates that were not downloaded; run `cargo fetch --locked --target \
             {}`, or pass `--allow-network`",
            question.target
        );
    }
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.skip_while(|line| !line.starts_with("error")).take(4).collect();
    format!("cargo cannot resolve it: {}", lines.join(" ").trim_start_matches("error: "))
}

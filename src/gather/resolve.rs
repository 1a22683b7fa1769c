//! Asks cargo which crates the functions link.
//!
//! Runs `cargo metadata --locked --offline --filter-platform <target>`: without the filter it
//! fails on a machine that has fetched for Linux only, and without `--locked` it would write
//! `Cargo.lock`. A project without one is resolved in a scratch folder, where the network is
//! allowed. A project that cannot be resolved so is no error: the rules that need the graph are
//! listed with the command that would make it possible.

use super::{
    ahead::{Ahead, Ask, Refusal},
    files::Root,
    scratch::Scratch,
    toolchain,
};
use crate::{
    facts::{
        Build,
        builder::Choice,
        graph::{Lock, Resolution, Resolved, Resolver, Selection, Universe},
        workspace::{Function, Workspace},
    },
    source::RelPath,
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// What to resolve.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The folder of the workspace root.
    pub root: &'a Root,
    /// Its manifests.
    pub workspace: &'a Workspace,
    /// The functions to resolve for, each with how it is built.
    pub functions: &'a [(&'a Function, &'a Build)],
    /// Whether cargo may download what is missing.
    pub network: bool,
    /// The environment a build would see.
    pub env: &'a BTreeMap<String, String>,
}

impl Question<'_> {
    /// Starts asking for what `resolve` will need, where the project has a lockfile.
    pub fn start(&self, ahead: &mut Ahead) {
        if self.root.absolute(&RelPath::new("Cargo.lock")).is_file() {
            self.functions.iter().for_each(|(_, build)| ahead.start(self.ask(None, &build.target)));
        }
    }

    fn ask(&self, scratch: Option<&Scratch>, target: &str) -> Ask {
        Ask {
            root: self.root.0.clone(),
            scratch: scratch.map(|scratch| scratch.root.clone()),
            target: target.to_owned(),
            network: self.network,
            env: self.env.clone(),
        }
    }
}

/// Finds out what can be found out.
pub fn resolve(question: &Question<'_>, ahead: &mut Ahead) -> Resolution {
    let read = |root: &Root| root.read(&RelPath::new("Cargo.lock")).ok();
    let parse = |text: Arc<str>| {
        Lock::parse(&text).map_err(|why| format!("`Cargo.lock` is no lockfile: {why}"))
    };
    if let Some(text) = read(question.root) {
        return match parse(text) {
            Ok(lock) => Resolution { lock: Ok(lock), functions: functions(question, None, ahead) },
            Err(why) => Resolution::unknown(&why),
        };
    }
    if !question.network {
        return Resolution::unknown(
            "there is no `Cargo.lock`, and resolving needs the network; run `cargo \
             generate-lockfile`, or pass `--allow-network`",
        );
    }
    let scratch = match Scratch::of(question.root, question.workspace) {
        Ok(scratch) => scratch,
        Err(error) => {
            return Resolution::unknown(&format!(
                "there is no `Cargo.lock`, and no scratch copy to make one in ({error}); run \
                 `cargo generate-lockfile`"
            ));
        }
    };
    let functions = functions(question, Some(&scratch), ahead);
    let lock = match (&functions, read(&Root(scratch.root.clone()))) {
        (Err(why), _) => Err(why.clone()),
        (Ok(_), Some(text)) => parse(text),
        (Ok(_), None) => Err("cargo made no `Cargo.lock`".to_owned()),
    };
    Resolution { lock, functions }
}

fn functions(
    question: &Question<'_>,
    scratch: Option<&Scratch>,
    ahead: &mut Ahead,
) -> Result<Vec<Resolved>, String> {
    let resolver = Resolver::of(&question.workspace.root);
    let mut universes: BTreeMap<&str, Arc<Universe>> = BTreeMap::new();
    let mut resolved = Vec::new();
    for (function, build) in question.functions {
        let target = build.target.as_str();
        let universe = match universes.get(target) {
            Some(universe) => universe.clone(),
            None => {
                let relative = |path: &Path| match scratch {
                    Some(scratch) => question.root.relative(&scratch.original(path)),
                    None => question.root.relative(path),
                };
                let answer = ahead.answer(&question.ask(scratch, target));
                let answer = answer.map_err(|refusal| match refusal {
                    Refusal::Broken(why) => why,
                    Refusal::Said(said) => refused(&said, question.network, build),
                })?;
                let json = answer.lines().find(|line| line.starts_with('{')).unwrap_or_default();
                let universe = Universe::read(json, target, relative);
                Arc::new(universe.map_err(|why| format!("`cargo metadata` made no sense: {why}"))?)
            }
        };
        universes.insert(target, universe.clone());
        let manifest = &question.workspace.package(function).manifest.file;
        let selection = Selection {
            package: universe.by_manifest(manifest).ok_or("cargo does not know the package")?,
            bin: Some(function.bin.clone()),
            features: Vec::new(),
            default_features: true,
        };
        resolved.push(Resolved::new(&universe, &selection, resolver));
    }
    Ok(resolved)
}

/// Why cargo did not resolve, and the command that would change that.
fn refused(stderr: &str, network: bool, build: &Build) -> String {
    let target = &build.target;
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
    if offline && !network {
        return format!(
            "resolving needs crates that were not downloaded; run `cargo fetch --locked --target \
             {target}`, or pass `--allow-network`"
        );
    }
    if said("to learn about target-specific information") {
        let place = match &build.target_choice {
            Choice::Detected(place) => format!(" in `{}`", place.file),
            Choice::Environment(variable) => format!(" in `{variable}`"),
            _ => String::new(),
        };
        return format!(
            "the target `{target}`{place} is none that rustc knows; set `CARGO_BUILD_TARGET` to \
             the one that is meant"
        );
    }
    let mut words = toolchain::words(stderr);
    words.truncate(4);
    format!("cargo cannot resolve it: {}", words.join(" "))
}

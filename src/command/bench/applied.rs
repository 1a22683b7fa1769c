//! Makes the copies that variants with `apply` are built from: the function as `apply` would leave
//! it, in a folder of its own, so that a fix can be measured before it is made.
//!
//! The copies stay in the user's cache folder, where cargo finds what it has built of them still
//! fresh. They are outside the project, because cargo would read the project's configuration from
//! every folder inside it.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::{
    command::{
        Streams,
        apply::{self, Consent},
    },
    facts::{BuilderKind, Panic, Request},
    gather::{self, Options, built::Binaries},
    lab::{
        experiment::Applied,
        spec::{Builder, Spec},
    },
    lint::CommandLineLevels,
    vcs::Allowed,
};

/// Makes the copy for a variant of the function at a path.
pub fn copy(spec: &Spec, path: &Path, allow_network: bool) -> Result<Applied> {
    let manifest = if path.is_dir() { path.join("Cargo.toml") } else { path.to_owned() };
    let manifest = std::path::absolute(&manifest)
        .with_context(|| format!("failed to find {}", manifest.display()))?;
    let place = cache()?.join(name(spec, &manifest));
    let apply = request(spec, manifest, allow_network)?;
    // Nothing is asked, and what is applied is in the report.
    let streams = &mut Streams { out: &mut io::sink(), err: &mut io::sink() };
    let copy = apply::to_copy(&apply, &place, streams)?;
    Ok(Applied {
        manifest: copy.manifest,
        rules: copy.rules.into_iter().map(str::to_owned).collect(),
    })
}

/// The rules that `apply --all` would apply to a function, in the order in which it would.
pub fn rules(spec: &Spec, path: &Path, allow_network: bool) -> Result<Vec<Vec<String>>> {
    let all = Spec { apply: vec!["all".into()], ..spec.clone() };
    let applied = copy(&all, path, allow_network)?;
    Ok(applied.rules.into_iter().map(|rule| vec![rule]).collect())
}

fn request(spec: &Spec, manifest: PathBuf, allow_network: bool) -> Result<apply::Apply> {
    let all = spec.apply.iter().any(|id| id == "all");
    let only: Vec<String> = spec.apply.iter().filter(|id| *id != "all").cloned().collect();
    only.iter().try_for_each(|id| crate::rule::known(id))?;
    let panic = spec.panic.as_deref().map(|text| Panic::from_str(text, false)).transpose();
    let panic = panic.map_err(|why| anyhow::anyhow!("failed to read `panic`: {why}"))?;
    let builder = match spec.builder {
        Builder::Cargo => BuilderKind::Cargo,
        Builder::CargoLambda => BuilderKind::CargoLambda,
    };
    Ok(apply::Apply {
        options: Options {
            manifest_path: Some(manifest),
            packages: spec.package.iter().cloned().collect(),
            bins: spec.bin.iter().cloned().collect(),
            allow_network,
            env: gather::environment(),
            request: Request { panic, profile: None, builder: Some(builder) },
            binaries: Binaries::Unread,
            ..Options::default()
        },
        levels: CommandLineLevels::default(),
        consent: Consent { all, only, skip: Vec::new(), ask: false },
        diff: false,
        allowed: Allowed { no_vcs: true, dirty: true, staged: true },
        exit_non_zero_on_fix: false,
    })
}

/// One place for each function and set of rules, so that variants do not overwrite each other.
fn name(spec: &Spec, manifest: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    let function = (manifest, &spec.package, &spec.bin);
    (function, &spec.apply, &spec.panic, spec.builder.name()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let cache = cache.context("failed to find a cache folder; set `HOME` or `XDG_CACHE_HOME`")?;
    Ok(cache.join("cargo-lambda-lean").join("applied"))
}

//! Finds and reads the built functions of a project.
//!
//! A function that is not built, or cannot be read, is an error of the run beside everything else
//! it has to say; it never looks like a function without findings.

use super::files::Root;
use crate::{
    artefact::{self, Age, Artefact, Wanted},
    facts::{
        BuilderKind, Facts,
        builder::Choice,
        built::{Built, BuiltFunctions},
        workspace::Function,
    },
    finding::BadInput,
};
use anyhow::Result;
use std::{
    env,
    path::{Path, PathBuf},
};

/// Whether the built functions are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Binaries {
    /// No.
    #[default]
    Unread,
    /// Those that builders left in the target directory.
    Find,
    /// This file, for the one function that was chosen.
    At(PathBuf),
}

/// Reads the built functions. What cannot be used is returned beside them.
pub fn read(root: &Root, facts: &Facts, binaries: &Binaries) -> (BuiltFunctions, Vec<BadInput>) {
    if *binaries == Binaries::Unread {
        return (BuiltFunctions::default(), Vec::new());
    }
    let mut errors = Vec::new();
    let mut found = Vec::new();
    for function in &facts.functions {
        let built = match binaries {
            Binaries::At(_) if facts.functions.len() > 1 => Err(anyhow::anyhow!(
                "failed to choose a function for the built file: choose it with `--bin`"
            )),
            Binaries::At(path) => built(root, facts, function, path),
            _ => locate(root, facts, function, None)
                .and_then(|path| built(root, facts, function, &path)),
        };
        let built = built.map_err(|error| {
            let message = format!("{error:#}");
            errors.push(BadInput { file: None, message: message.clone() });
            message
        });
        found.push(((function.package, function.bin.clone()), built));
    }
    (BuiltFunctions(Some(found.into_iter().collect())), errors)
}

fn built(root: &Root, facts: &Facts, function: &Function, path: &Path) -> Result<Built> {
    let artefact = Artefact::open(path)?;
    let packages = package_dirs(root, facts, function);
    let stale = match artefact::age(path, artefact.modified, &packages, &root.0) {
        Age::Stale { newest, .. } => Some(newest),
        Age::Fresh | Age::Unknown { .. } => None,
    };
    Ok(Built {
        path: shown(path),
        program: artefact.program,
        binary: artefact.binary,
        zip: artefact.zip,
        stale,
    })
}

/// Finds what was built of a function, by its builder and profile.
pub fn locate(
    root: &Root,
    facts: &Facts,
    function: &Function,
    target_dir: Option<&Path>,
) -> Result<PathBuf> {
    let build = facts.build(function);
    let (first, other) = match build.builder {
        BuilderKind::Cargo => (BuilderKind::Cargo, BuilderKind::CargoLambda),
        BuilderKind::CargoLambda => (BuilderKind::CargoLambda, BuilderKind::Cargo),
    };
    // What was not said outright may be wrong: then the other's output is better than none.
    let builders = match build.builder_choice {
        Choice::Flag | Choice::Metadata(_) => vec![first],
        _ => vec![first, other],
    };
    let manifests = [
        (&facts.workspace.package(function).manifest, "package"),
        (&facts.workspace.root, "workspace"),
    ];
    let lambda_dir = manifests
        .iter()
        .find_map(|(manifest, table)| {
            manifest.string(&[table, "metadata", "lambda", "build", "lambda_dir"])
        })
        .map(|dir| root.0.join(dir));
    let found = artefact::find(&Wanted {
        target_dir: target_dir.unwrap_or(&root.absolute(&facts.workspace.target_directory)),
        lambda_dir: lambda_dir.as_deref(),
        bin: &function.bin,
        profile: &build.profile,
        builders: &builders,
    })?;
    Ok(found)
}

/// The folders of a function's package and its path dependencies.
pub fn package_dirs(root: &Root, facts: &Facts, function: &Function) -> Vec<PathBuf> {
    let workspace = &facts.workspace;
    let packages = workspace.with_path_dependencies(workspace.package(function));
    packages.iter().map(|package| super::normalise(&root.absolute(&package.dir))).collect()
}

/// A path as it is shown: from here, with forward slashes.
pub fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string().replace('\\', "/")
}

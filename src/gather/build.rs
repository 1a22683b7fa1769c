//! Finds out how each function is built: reads cargo's configuration, `CargoLambda.toml` and the
//! scripts and templates that build.

use super::{Options, configuration_directory, files::Root, normalise};
use crate::{
    facts::{
        build::{Build, Builder},
        builder::{self, BuilderKind, Choice, Detected},
        cargo_config,
        document::Document,
        profile::{
            CargoLambda, LambdaBuild, Linked, PackageName, ProfileInput, effective, newest_known,
        },
        settings::Settings,
        workspace::{Function, Workspace},
    },
    finding::BadInput,
    source::{RelPath, Sources},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A folder of build files is small; one with more holds something else.
const MOST_BUILD_FILES: usize = 200;

/// Where cargo-lambda puts its artefacts: `target/lambda`.
const OUTPUT_FOLDER: &str = "lambda";

/// What decides every build of a workspace.
pub struct BuildInputs {
    /// Cargo's config files, highest first.
    pub configs: Vec<Document>,
    lambda_toml: Option<Document>,
    detected: Detected,
}

/// Reads what decides the builds.
pub fn read(
    root: &Root,
    workspace: &Workspace,
    env: &BTreeMap<String, String>,
    sources: &mut Sources,
) -> Result<BuildInputs, BadInput> {
    let mut read = |path: &Path| {
        if !path.is_file() {
            return Ok(None);
        }
        let file = root.relative(&normalise(path));
        let text = root.read(&file)?;
        sources.insert(file.clone(), text.clone());
        Document::parse(&file, text).map(Some)
    };
    let home = env.get("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env.get("HOME").or_else(|| env.get("USERPROFILE"))?;
        Some(Path::new(home).join(".cargo"))
    });
    let folder = configuration_directory(&root.0);
    let configs = cargo_config::chain(&folder, home.as_deref(), &mut read)?;
    let lambda_toml = read(&root.0.join("CargoLambda.toml"))?;

    let mut texts = Vec::new();
    for file in build_files(root, workspace) {
        // A script that is not text says nothing about the build.
        if let Ok(text) = root.read(&file) {
            sources.insert(file.clone(), text.clone());
            texts.push((file, text));
        }
    }
    let mut manifests = vec![&workspace.root];
    manifests.extend(workspace.packages.iter().filter(|p| p.is_member).map(|p| &p.manifest));
    let texts = texts.iter().map(|(file, text)| (file, text.as_ref()));
    let detected = builder::detect(texts, &manifests);
    Ok(BuildInputs { configs, lambda_toml, detected })
}

fn build_files(root: &Root, workspace: &Workspace) -> Vec<RelPath> {
    let mut folders: Vec<PathBuf> = vec![root.0.clone()];
    folders
        .extend(workspace.packages.iter().filter(|p| p.is_member).map(|p| root.absolute(&p.dir)));
    for folder in [".github/workflows", "scripts", "script", "ci", ".ci", "bin"] {
        folders.push(root.0.join(folder));
    }
    let mut files: Vec<RelPath> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).take(MOST_BUILD_FILES))
        .filter(|entry| entry.path().is_file())
        .map(|entry| root.relative(&entry.path()))
        .filter(|file| builder::is_build_file(file.as_str()))
        .collect();
    files.sort();
    files.dedup();
    files
}

/// Finds out how one function is built.
pub fn of(
    function: &Function,
    options: &Options,
    inputs: &BuildInputs,
    workspace: &Workspace,
    settings: (&Settings, &Settings),
) -> Result<Build, BadInput> {
    let package = workspace.package(function);
    let (own, shared) = settings;
    let (kind, choice) = choose(options, own, shared, &inputs.detected);
    let lambda = LambdaBuild::read(
        &workspace.root,
        (package.manifest.file != workspace.root.file).then_some(&package.manifest),
        inputs.lambda_toml.as_ref(),
        &options.env,
    );
    let names = [package.name.as_str(), function.bin.as_str()];
    let command = inputs.detected.commands_for(kind, &names).find(|c| c.profile != "dev");
    let is_lambda = kind == BuilderKind::CargoLambda;

    let chosen = options.request.profile.clone();
    let chosen = chosen.or_else(|| own.profile.as_ref().map(|(name, _)| name.clone()));
    let chosen = chosen.or_else(|| shared.profile.as_ref().map(|(name, _)| name.clone()));
    let by_lambda = lambda.profile.as_ref().filter(|_| is_lambda).map(|(name, _)| name.clone());
    if let Some(name) = chosen.as_ref().filter(|name| *name == OUTPUT_FOLDER) {
        let message = format!(
            "failed to use the profile `{name}`: cargo would write it to `target/{name}`, where \
             cargo-lambda puts its artefacts; choose another name"
        );
        return Err(BadInput { file: None, message });
    }
    let seen = command.map(|command| command.profile.clone()).or(by_lambda);
    let target = command.and_then(|command| command.target.clone());
    let by_lambda = lambda.target.as_ref().filter(|_| is_lambda).map(|(name, _)| name.clone());
    let target = target.or(by_lambda).unwrap_or_else(|| default_target().to_owned());

    let builder = CargoLambda { version: newest_known().clone(), build: lambda };
    let dependencies: Vec<Linked<'_>> = package
        .dependencies
        .iter()
        .map(|dependency| Linked {
            package: PackageName { name: &dependency.package, version: None },
            is_member: dependency.path.as_ref().is_some_and(|dir| {
                workspace.package_in(dir).is_some_and(|package| package.is_member)
            }),
            is_proc_macro: false,
        })
        .collect();
    let input = |profile| ProfileInput {
        root: &workspace.root,
        configs: &inputs.configs,
        env: &options.env,
        cargo_lambda: is_lambda.then_some(&builder),
        profile,
        package: PackageName { name: &package.name, version: None },
        dependencies: &dependencies,
        target: &target,
    };
    let profile = match (chosen, seen) {
        (Some(chosen), _) => effective(&input(&chosen))?,
        // A name seen in a script can be a placeholder of that script.
        (None, Some(seen)) => effective(&input(&seen)).or_else(|_| effective(&input("release")))?,
        (None, None) => effective(&input("release"))?,
    };
    let version = is_lambda.then(|| builder.version.clone());
    Ok(Build { builder: Builder { kind, version, choice }, profile, target })
}

fn choose(
    options: &Options,
    own: &Settings,
    shared: &Settings,
    detected: &Detected,
) -> (BuilderKind, Choice) {
    if let Some(kind) = options.request.builder {
        return (kind, Choice::Flag);
    }
    for settings in [own, shared] {
        if let Some((name, place)) = &settings.builder
            && let Some(kind) = BuilderKind::named(name)
        {
            return (kind, Choice::Metadata(place.clone()));
        }
    }
    match &detected.builder {
        Some((kind, place)) => (*kind, Choice::Detected(place.clone())),
        None => (BuilderKind::CargoLambda, Choice::Default),
    }
}

/// What cargo-lambda builds for when nobody says: the host where Lambda has such machines.
fn default_target() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        _ => "x86_64-unknown-linux-gnu",
    }
}

//! Reads what a build reads besides manifests and sources: cargo's config files, build scripts and
//! workflows, and the versions of the tools.
//!
//! Asks `rustc` for its host and an installed `cargo-lambda` for its version, once per process.
//! A build file that cannot be read says nothing and is left out; a config file that cannot be
//! read is an error, as it is for cargo.

use super::{
    files::{Root, normalise},
    toolchain::Toolchain,
};
use crate::{
    facts::{
        build::BuildInputs,
        builder::{detect, is_build_file},
        cargo_config,
        document::Document,
        template::Deployment,
    },
    finding::BadInput,
    source::{RelPath, Sources},
};
use semver::Version;
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, OnceLock},
    thread,
};

/// Folders below a root are looked at down to this depth, so that a checkout with data in it
/// costs no more than one without.
const DEPTH: usize = 4;

/// Files larger than this are no scripts.
const SIZE: u64 = 1 << 20;

/// Reads what a build started in `here` would read. Adds the texts to `sources`.
pub fn read_inputs(
    root: &Root,
    here: &Path,
    env: &BTreeMap<String, String>,
    toolchain: &Toolchain,
    manifests: &[&Document],
    sources: &mut Sources,
) -> Result<BuildInputs, BadInput> {
    let configs = configs(root, here, env, sources)?;
    let mut files = Vec::new();
    build_files(&root.0, DEPTH, &mut files);
    if let Some(repository) = repository(&root.0).filter(|repository| *repository != root.0) {
        build_files(repository, 1, &mut files);
        build_files(&repository.join(".github"), 2, &mut files);
    }
    files.sort();
    files.dedup();
    let texts: Vec<(RelPath, Arc<str>)> =
        files.iter().filter_map(|path| small_text(root, path)).collect();
    let detected = detect(texts.iter().map(|(file, text)| (file, &**text)), manifests);
    let deployment = Deployment::read(texts.iter().map(|(file, text)| (file, &**text)));
    let commands = detected.commands.iter().map(|command| &command.place);
    let named: Vec<&RelPath> = commands
        .chain(detected.builder.as_ref().map(|(_, place)| place))
        .chain(deployment.machine.as_ref().map(|(_, place)| place))
        .chain(deployment.runtime.as_ref().map(|(_, place)| place))
        .map(|place| &place.file)
        .collect();
    for (file, text) in &texts {
        if named.contains(&file) {
            sources.insert(file.clone(), text.clone());
        }
    }
    let lambda_toml = RelPath::new("CargoLambda.toml");
    let lambda_toml = texts.iter().find(|(file, _)| *file == lambda_toml);
    let lambda_toml = lambda_toml.map(|(file, text)| Document::parse(file, text.clone()));
    Ok(BuildInputs {
        configs,
        lambda_toml: lambda_toml.transpose()?,
        env: env.clone(),
        detected,
        deployment,
        host: host(toolchain).to_owned(),
        cargo_lambda: installed_cargo_lambda().cloned(),
    })
}

fn configs(
    root: &Root,
    here: &Path,
    env: &BTreeMap<String, String>,
    sources: &mut Sources,
) -> Result<Vec<Document>, BadInput> {
    let home = env.get("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env.get("HOME").or_else(|| env.get("USERPROFILE"))?;
        Some(Path::new(home).join(".cargo"))
    });
    let mut read = |path: &Path| {
        let path = normalise(path);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // A folder of that name, or one on the way that is a file: cargo finds nothing either.
            Ok(metadata) if !metadata.is_file() => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            _ => {}
        }
        let file = root.relative(&path);
        let text = root.read(&file)?;
        sources.insert(file.clone(), text.clone());
        Document::parse(&file, text).map(Some)
    };
    cargo_config::chain(here, home.as_deref(), &mut read)
}

/// The folder of the version control that holds the workspace.
fn repository(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").exists())
}

fn build_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    const GENERATED: [&str; 5] = ["target", "node_modules", "cdk.out", "vendor", "dist"];
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let Some(name) = name.to_str() else { continue };
        if kind.is_dir() {
            let hidden = name.starts_with('.') && name != ".github";
            if depth > 1 && !hidden && !GENERATED.contains(&name) {
                build_files(&entry.path(), depth - 1, files);
            }
        } else if kind.is_file() && entry.path().to_str().is_some_and(is_build_file) {
            files.push(entry.path());
        }
    }
}

fn small_text(root: &Root, path: &Path) -> Option<(RelPath, Arc<str>)> {
    if fs::metadata(path).ok()?.len() > SIZE {
        return None;
    }
    let file = root.relative(path);
    root.read(&file).ok().map(|text| (file, text))
}

/// Starts asking the tools, so that nobody waits for them later.
pub fn start_asking_tools(toolchain: &Toolchain) {
    let toolchain = toolchain.clone();
    thread::spawn(move || host(&toolchain));
    thread::spawn(installed_cargo_lambda);
}

/// The target rustc builds for when nothing else is said.
fn host(toolchain: &Toolchain) -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let output = toolchain.output(Command::new(rustc()).arg("-vV"));
        let said = output.ok().and_then(said).unwrap_or_default();
        let host = said.lines().find_map(|line| line.strip_prefix("host: "));
        let likely = || format!("{}-unknown-linux-gnu", env::consts::ARCH);
        host.map_or_else(likely, str::to_owned)
    })
}

/// The rustc that was chosen, the one beside the cargo that called us, or the one on `PATH`: which
/// may be rustup's, that only looks for the second.
fn rustc() -> OsString {
    let beside = || {
        let cargo = PathBuf::from(env::var_os("CARGO")?);
        let rustc = cargo.with_file_name(format!("rustc{}", env::consts::EXE_SUFFIX));
        rustc.is_file().then(|| rustc.into_os_string())
    };
    env::var_os("RUSTC").or_else(beside).unwrap_or_else(|| "rustc".into())
}

/// The version of the cargo-lambda on `PATH`.
fn installed_cargo_lambda() -> Option<&'static Version> {
    static VERSION: OnceLock<Option<Version>> = OnceLock::new();
    let version = VERSION.get_or_init(|| {
        let output = Command::new("cargo-lambda").args(["lambda", "--version"]).output();
        let said = output.ok().and_then(said)?;
        said.split_whitespace().find_map(|word| Version::parse(word).ok())
    });
    version.as_ref()
}

fn said(output: Output) -> Option<String> {
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

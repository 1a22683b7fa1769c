//! `size`: says what a built function weighs and needs, and what changed since another build.
//!
//! Builds nothing and judges nothing: the exit code is 0 unless something could not be read.
//! What is too much is a question of `check --binary`.

use super::{Exit, Streams};
use crate::{
    artefact::{self, Age, Artefact, Builder, Wanted},
    facts::binary::Runtime,
    gather::{self, Options, Project},
    report::size::{Comparison, Origin, SizeReport, human, json, markdown},
};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The arguments of `size`.
#[derive(Clone, Debug, Default, Args)]
pub struct Size {
    /// A built function, or the zip it is deployed in; without it, the one of this package
    path: Option<PathBuf>,

    /// The manifest of a package or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,

    /// Package to look at
    #[arg(short, long = "package", value_name = "NAME")]
    packages: Vec<String>,

    /// Function to look at
    #[arg(long = "bin", value_name = "NAME")]
    bins: Vec<String>,

    /// The profile it was built with [default: the one in the manifest's metadata, or release]
    #[arg(long, value_name = "NAME", conflicts_with = "release")]
    profile: Option<String>,

    /// The same as `--profile release`
    #[arg(short, long)]
    release: bool,

    /// What built it; without it, the output of cargo-lambda is taken before that of cargo
    #[arg(long, value_enum, value_name = "BUILDER")]
    builder: Option<BuilderName>,

    /// The target directory it was built in
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,

    /// Compare with another build, or with a file that `--save` wrote
    #[arg(long, value_name = "PATH|BASELINE.json")]
    against: Option<PathBuf>,

    /// Write the sizes to a file for a later `--against`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// How it is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    message_format: SizeFormat,

    /// Judge the needed glibc by one runtime only
    #[arg(long, value_enum, value_name = "RUNTIME")]
    runtime: Option<RuntimeName>,
}

/// How sizes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SizeFormat {
    /// One line that says most, then a table.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
    /// Tables for a pull request or a CI summary.
    Markdown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BuilderName {
    Cargo,
    CargoLambda,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RuntimeName {
    Al2,
    Al2023,
}

impl Size {
    /// Whether errors are to be printed as JSON too.
    pub fn wants_json(&self) -> bool {
        self.message_format == SizeFormat::Json
    }

    fn runtimes(&self) -> Vec<Runtime> {
        match self.runtime {
            None => Runtime::ALL.to_vec(),
            Some(RuntimeName::Al2) => vec![Runtime::Al2],
            Some(RuntimeName::Al2023) => vec![Runtime::Al2023],
        }
    }
}

/// Runs the verb.
pub fn run(size: &Size, streams: &mut Streams<'_>) -> Result<Exit> {
    // What is compared with is read first: `--save` may replace it.
    let before = size.against.as_deref().map(|path| earlier(path, size)).transpose()?;
    let reports = match &size.path {
        Some(path) => vec![named(path, size)?],
        None => of_project(size, streams)?,
    };
    if let ([_, _, ..], true) = (reports.as_slice(), before.is_some() || size.save.is_some()) {
        let names: Vec<&str> = reports.iter().filter_map(|report| report.bin.as_deref()).collect();
        bail!(
            "failed to choose a function: `--against` and `--save` take one; \
             choose it with `--bin` ({})",
            names.join(", ")
        );
    }
    for (index, report) in reports.iter().enumerate() {
        let comparison = before.as_ref().map(|before| Comparison::new(before, report));
        let text = match size.message_format {
            SizeFormat::Human => human(report, comparison.as_ref()),
            SizeFormat::Json => json(report, comparison.as_ref())? + "\n",
            SizeFormat::Markdown => markdown(report, comparison.as_ref()),
        };
        if index > 0 && size.message_format != SizeFormat::Json {
            writeln!(streams.out)?;
        }
        streams.out.write_all(text.as_bytes())?;
    }
    if let (Some(file), [report]) = (&size.save, reports.as_slice()) {
        save(report, file)?;
        writeln!(streams.err, "saved {}", file.display())?;
    }
    Ok(Exit::Clean)
}

/// The report of a file that was named.
fn named(path: &Path, size: &Size) -> Result<SizeReport> {
    let artefact = Artefact::open(path)?;
    let project =
        size.manifest_path.is_some().then(|| gather::gather(&options(size))).transpose()?;
    let packages = match project
        .as_ref()
        .and_then(|project| Some((project, project.facts.functions.first()?)))
    {
        Some((project, function)) => package_dirs(project, function.package),
        None => Vec::new(),
    };
    Ok(report(&artefact, &packages, None, size))
}

/// The reports of the selected functions that are built.
fn of_project(size: &Size, streams: &mut Streams<'_>) -> Result<Vec<SizeReport>> {
    let project = gather::gather(&options(size))?;
    let mut reports = Vec::new();
    let mut missing = Vec::new();
    for function in &project.facts.functions {
        match locate(&project, function.package, &function.bin, size) {
            Ok(path) => {
                let artefact = Artefact::open(&path)?;
                let packages = package_dirs(&project, function.package);
                let package = project.facts.workspace.package(function).name.clone();
                let names = Some((package, function.bin.clone()));
                reports.push(report(&artefact, &packages, names, size));
            }
            Err(error) => missing.push(error),
        }
    }
    // A workspace is often built in part: that is worth a note as long as there is something.
    for error in missing {
        if reports.is_empty() {
            return Err(error);
        }
        writeln!(streams.err, "note: {error:#}")?;
    }
    Ok(reports)
}

fn locate(project: &Project, package: usize, bin: &str, size: &Size) -> Result<PathBuf> {
    let facts = &project.facts;
    let settings = [&facts.package_settings[package], &facts.workspace_settings];
    let manifests = [
        (&facts.workspace.packages[package].manifest, "package"),
        (&facts.workspace.root, "workspace"),
    ];
    let written = settings.iter().find_map(|settings| settings.profile.as_ref());
    let profile = match (&size.profile, size.release, written) {
        (Some(profile), ..) => profile.as_str(),
        (None, false, Some((profile, _))) => profile.as_str(),
        _ => "release",
    };
    let written = settings.iter().find_map(|settings| settings.builder.as_ref());
    let builder = match (size.builder, written) {
        (Some(BuilderName::Cargo), _) => Some(Builder::Cargo),
        (Some(BuilderName::CargoLambda), _) => Some(Builder::CargoLambda),
        (None, Some((name, _))) if name == "cargo" => Some(Builder::Cargo),
        (None, Some(_)) => Some(Builder::CargoLambda),
        (None, None) => None,
    };
    let target_dir = match &size.target_dir {
        Some(dir) => dir.clone(),
        None => project.root.absolute(&facts.workspace.target_directory),
    };
    let lambda_dir = manifests
        .iter()
        .find_map(|(manifest, table)| {
            manifest.string(&[table, "metadata", "lambda", "build", "lambda_dir"])
        })
        .map(|dir| project.root.0.join(dir));
    artefact::find(&Wanted {
        target_dir: &target_dir,
        lambda_dir: lambda_dir.as_deref(),
        bin,
        profile,
        builder,
    })
}

fn options(size: &Size) -> Options {
    Options {
        manifest_path: size.manifest_path.clone(),
        packages: size.packages.clone(),
        bins: size.bins.clone(),
        ..Options::default()
    }
}

/// The folders of a package and its path dependencies.
fn package_dirs(project: &Project, package: usize) -> Vec<PathBuf> {
    let workspace = &project.facts.workspace;
    let packages = workspace.with_path_dependencies(&workspace.packages[package]);
    packages.iter().map(|package| project.root.absolute(&package.dir)).collect()
}

fn report(
    artefact: &Artefact,
    packages: &[PathBuf],
    names: Option<(String, String)>,
    size: &Size,
) -> SizeReport {
    let here = env::current_dir().unwrap_or_default();
    let shown = artefact.path.strip_prefix(&here).unwrap_or(&artefact.path);
    let (package, bin) = names.unzip();
    let origin = Origin {
        path: shown.display().to_string().replace('\\', "/"),
        package,
        bin,
        zip: artefact.zip_size(),
        age: artefact::age(&artefact.path, artefact.modified, packages, &here),
        runtimes: size.runtimes(),
    };
    SizeReport::new(&artefact.binary, origin)
}

/// What is compared with: a baseline, or another build.
fn earlier(path: &Path, size: &Size) -> Result<SizeReport> {
    let (bytes, modified) = artefact::read(path)?;
    let is_json = path.extension().is_some_and(|extension| extension == "json")
        || bytes.trim_ascii_start().starts_with(b"{");
    if !is_json {
        let artefact = Artefact::from_bytes(path, bytes, modified)?;
        return Ok(report(&artefact, &[], None, size));
    }
    let text = String::from_utf8_lossy(&bytes);
    SizeReport::from_baseline(&text)
        .map_err(|problem| anyhow!("failed to read {}: it {problem}", path.display()))
}

fn save(report: &SizeReport, file: &Path) -> Result<()> {
    let failed = || format!("failed to save the sizes to {}", file.display());
    if let Ok(old) = fs::read(file)
        && !old.is_empty()
        && !old.trim_ascii_start().starts_with(b"{")
    {
        bail!("{}: it exists and is no baseline; name another file", failed());
    }
    let mut report = report.clone();
    // Whether it was stale then says nothing later.
    if let Age::Stale { .. } = report.age {
        report.age = Age::Unknown { why: "it was stale when it was saved".to_owned() };
    }
    let text = serde_json::to_string_pretty(&report)? + "\n";
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(dir).with_context(failed)?;
    new.write_all(text.as_bytes()).with_context(failed)?;
    new.persist(file).with_context(failed)?;
    Ok(())
}

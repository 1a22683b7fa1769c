//! `size`: says what a built function weighs and needs, and what changed since another build.
//!
//! Builds nothing and judges nothing: the exit code is 0 unless something could not be read.
//! What is too much is a question of `check --binary`.

use super::{Exit, Streams};
use crate::{
    artefact::{self, Age, Artefact},
    facts::{BuilderKind, Request, binary::Runtime},
    gather::{self, Options, Project, built},
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

    /// What built it; without it, what the files of the project speak for
    #[arg(long, value_enum, value_name = "BUILDER")]
    builder: Option<BuilderKind>,

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
    runtime: Option<Runtime>,
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

impl Size {
    /// Whether errors are to be printed as JSON too.
    pub fn wants_json(&self) -> bool {
        self.message_format == SizeFormat::Json
    }

    fn runtimes(&self) -> Vec<Runtime> {
        self.runtime.map_or(Runtime::ALL.to_vec(), |runtime| vec![runtime])
    }

    fn options(&self) -> Options {
        let profile = self.profile.clone().or(self.release.then(|| "release".to_owned()));
        Options {
            manifest_path: self.manifest_path.clone(),
            packages: self.packages.clone(),
            bins: self.bins.clone(),
            env: gather::environment(),
            request: Request { builder: self.builder, profile, panic: None },
            ..Options::default()
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
    let packages = match size.manifest_path {
        Some(_) => {
            let project = gather::gather(&size.options())?;
            let function = project.facts.functions.first();
            function.map(|function| built::package_dirs(&project.root, &project.facts, function))
        }
        None => None,
    };
    Ok(report(&artefact, &packages.unwrap_or_default(), None, size))
}

/// The reports of the selected functions that are built.
fn of_project(size: &Size, streams: &mut Streams<'_>) -> Result<Vec<SizeReport>> {
    let project = gather::gather(&size.options())?;
    streams.notes(&project)?;
    let Project { root, facts, .. } = project;
    let mut reports = Vec::new();
    let mut missing = Vec::new();
    for function in &facts.functions {
        match built::locate(&root, &facts, function, size.target_dir.as_deref()) {
            Ok(path) => {
                let artefact = Artefact::open(&path)?;
                let packages = built::package_dirs(&root, &facts, function);
                let package = facts.workspace.package(function).name.clone();
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

fn report(
    artefact: &Artefact,
    packages: &[PathBuf],
    names: Option<(String, String)>,
    size: &Size,
) -> SizeReport {
    let here = env::current_dir().unwrap_or_default();
    let (package, bin) = names.unzip();
    let origin = Origin {
        path: built::shown(&artefact.path),
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

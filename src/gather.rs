//! Reads a project from disk and makes the facts of it: the checking side's only input.
//!
//! Reads manifests, cargo's configuration files and sources, and runs `cargo metadata`. Writes
//! nothing and stays off the network unless it is allowed to.

mod adapter;

mod ahead;

mod build;

mod by_hand;

pub mod built;

mod code;

mod files;

mod manifest;

mod members;

mod own_code;

mod mentions;

mod resolve;

mod scratch;

pub mod toolchain;

use crate::{
    facts::{
        Build, Facts, Request,
        build::Subject,
        built::BuiltFunctions,
        document::Document,
        graph::Resolution,
        settings::{self, Settings},
        suppression,
        workspace::{Function, Package},
    },
    finding::BadInput,
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use ahead::Ahead;
use toolchain::Toolchain;

pub use files::{Root, normalise, plain};

/// What to look at, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The manifest, or the folder that holds it; without it, the nearest upwards of here.
    pub manifest_path: Option<PathBuf>,
    /// Packages to look at; without any, those cargo would build.
    pub packages: Vec<String>,
    /// Every member.
    pub workspace: bool,
    /// Members to leave out.
    pub exclude: Vec<String>,
    /// Binaries to look at; without any, every function.
    pub bins: Vec<String>,
    /// Whether cargo may use the network.
    pub allow_network: bool,
    /// The environment a build would see.
    pub env: BTreeMap<String, String>,
    /// What the user chose.
    pub request: Request,
    /// Whether the built functions are read too.
    pub binaries: built::Binaries,
}

/// A project that was read.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder on disk.
    pub root: Root,
    /// What is known of it.
    pub facts: Facts,
    /// The toolchain that answered.
    pub toolchain: Toolchain,
    /// What to know of how it was read, a sentence each.
    pub notes: Vec<String>,
}

/// Crates through which a binary reaches a Lambda runtime.
static RUNTIMES: &str = include_str!("../rules/data/lambda-runtimes.toml");

/// Reads a project.
pub fn gather(options: &Options) -> Result<Project> {
    gather_while(options, || ())
}

/// Reads a project, and does something else when there is nothing left but to wait for cargo.
pub fn gather_while(options: &Options, meanwhile: impl FnOnce()) -> Result<Project> {
    let manifest = files::find_manifest(options.manifest_path.as_deref())?;
    let toolchain = Toolchain::new(options.allow_network);
    let mut ahead = Ahead::guess(&manifest, &options.env, &toolchain);
    // While cargo resolves, which everything waits for in the end, nothing else is in a hurry.
    if ahead.is_idle() {
        build::start_asking_tools(&toolchain);
    }
    let members::Read { members, refusal, missing } = members::read(&manifest, &toolchain)?;
    let members::Members { root, workspace, mut sources, selected_by_default } = members;

    let workspace_settings = settings::read(&workspace.root, "workspace")?;
    let package_settings: Vec<Settings> = workspace
        .packages
        .iter()
        .map(|package| match package.is_member {
            true => settings::read(&package.manifest, "package"),
            false => Ok(Settings::default()),
        })
        .collect::<Result<_, BadInput>>()?;

    let named = |package: &Package, bin: &str| {
        let index = workspace.packages.iter().position(|other| other.dir == package.dir);
        let package = index.map(|index| &package_settings[index]);
        package.is_some_and(|settings| settings.functions.iter().any(|name| name == bin))
    };
    let runtimes = runtimes();
    let adapter = adapter::Adapter::new(&root, &runtimes.servers);
    let named = |package: &Package, bin: &str| named(package, bin) || adapter.serves(package);
    let all = workspace.functions(&runtimes.crates, &options.bins, &named);
    let packages = select(options, &workspace.packages, &selected_by_default)?;
    let mut functions: Vec<Function> = all
        .iter()
        .filter(|function| packages.contains(&function.package))
        .filter(|function| options.bins.is_empty() || options.bins.contains(&function.bin))
        .cloned()
        .collect();
    if functions.is_empty() {
        return Err(refusal.unwrap_or_else(|| no_function(&workspace.root.file, options)).into());
    }
    let whole_workspace = functions.len() == all.len();

    let mut suppressions = Vec::new();
    let mut manifests = vec![&workspace.root];
    manifests.extend(workspace.packages.iter().filter(|p| p.is_member).map(|p| &p.manifest));
    manifests.dedup_by(|a, b| a.file == b.file);
    for document in manifests {
        let (found, errors) = suppression::in_toml(document);
        if let Some(error) = errors.into_iter().next() {
            return Err(error.into());
        }
        suppressions.extend(found);
        sources.insert(document.file.clone(), document.text.clone());
    }

    let members = workspace.packages.iter().filter(|package| package.is_member);
    let manifests: Vec<&Document> = members.map(|package| &package.manifest).collect();
    let here = configuration_directory(&root.0);
    let build_inputs =
        build::read_inputs(&root, &here, &options.env, &toolchain, &manifests, &mut sources)?;
    let builds = functions.iter().map(|function| {
        let subject = Subject {
            workspace: &workspace,
            package: workspace.package(function),
            settings: &package_settings[function.package],
            workspace_settings: &workspace_settings,
        };
        Build::of(subject, &options.request, &build_inputs)
    });
    let mut builds = builds.collect::<Result<Vec<_>, BadInput>>()?;
    let question = resolve::Question {
        root: &root,
        workspace: &workspace,
        functions: &[],
        network: options.allow_network,
        env: &options.env,
    };
    let built: Vec<_> = functions.iter().zip(&builds).collect();
    if refusal.is_none() {
        resolve::Question { functions: &built, ..question }.start(&mut ahead);
    }

    let read = own_code::read(&root, &workspace, &functions, &mut sources);
    suppressions.extend(read.suppressions);
    let mut code = code::read(&root, &workspace, &functions, &mut sources);
    if options.bins.is_empty() {
        let tools: Vec<bool> = functions
            .iter()
            .map(|function| {
                let asked = named(workspace.package(function), &function.bin);
                !asked && code.is_tool(&functions, function)
            })
            .collect();
        leave_out(&mut functions, &tools);
        leave_out(&mut builds, &tools);
        leave_out(&mut code.binaries, &tools);
    }
    let mentions = mentions::read(&root, &workspace, &sources);
    let built: Vec<_> = functions.iter().zip(&builds).collect();
    let question = resolve::Question { functions: &built, ..question };
    meanwhile();
    let resolution = match refusal {
        None => resolve::resolve(&question, &mut ahead),
        Some(_) => Resolution::unknown(Facts::REFUSED),
    };

    let mut facts = Facts {
        builds,
        built: BuiltFunctions::default(),
        build_inputs,
        request: options.request.clone(),
        sources,
        workspace,
        workspace_settings,
        package_settings,
        functions,
        whole_workspace,
        suppressions,
        own_code: read.own_code,
        mentions,
        resolution,
        code,
        is_refused: refusal.is_some(),
        errors: refusal.into_iter().chain(read.errors).collect(),
    };
    let (built, errors) = built::read(&root, &facts, &options.binaries);
    facts.built = built;
    facts.errors.extend(errors);
    let notes = toolchain.note().into_iter().chain(missing).chain(unread(&facts)).collect();
    Ok(Project { root, facts, toolchain, notes })
}

/// The code that could not be looked at, each piece once. What nests too deeply is an error.
fn unread(facts: &Facts) -> BTreeSet<String> {
    let unread = facts.code.facts.world.unread.iter().filter(|unread| !unread.too_deep);
    unread.map(|unread| format!("did not look at all code: failed to {}", unread.why)).collect()
}

/// Takes out what is marked.
fn leave_out<T>(from: &mut Vec<T>, marked: &[bool]) {
    let mut marked = marked.iter();
    from.retain(|_| !marked.next().copied().unwrap_or(false));
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Runtimes {
    crates: Vec<String>,
    servers: Vec<String>,
}

fn runtimes() -> Runtimes {
    toml::from_str(RUNTIMES).expect("an embedded file that tests read")
}

/// The packages the options mean, as indexes.
fn select(options: &Options, packages: &[Package], default: &[usize]) -> Result<Vec<usize>> {
    let members = || packages.iter().enumerate().filter(|(_, package)| package.is_member);
    let named = |name: &str| {
        let found = members().find(|(_, package)| package.name == name).map(|(index, _)| index);
        found.ok_or_else(|| {
            let names: Vec<&str> = members().map(|(_, package)| package.name.as_str()).collect();
            let problem = settings::unknown(name, &names, "package of this workspace");
            let message = format!("failed to choose packages: {problem}");
            anyhow::Error::from(BadInput { file: None, message })
        })
    };
    let mut selected = if !options.packages.is_empty() {
        options.packages.iter().map(|name| named(name)).collect::<Result<Vec<_>>>()?
    } else if options.workspace {
        members().map(|(index, _)| index).collect()
    } else {
        default.to_vec()
    };
    for name in &options.exclude {
        let excluded = named(name)?;
        selected.retain(|index| *index != excluded);
    }
    Ok(selected)
}

fn no_function(root: &crate::source::RelPath, options: &Options) -> BadInput {
    let what = match options.bins.as_slice() {
        [] => "no binary here reaches a Lambda runtime crate".to_owned(),
        bins => format!("no function is named {}", bins.join(", ")),
    };
    BadInput {
        file: Some(root.clone()),
        message: format!(
            "failed to find a Lambda function from `{root}`: {what}; run in the package of a \
             function, choose it with `-p`, or name the binary in its manifest with \
             `[package.metadata.lambda-lean] functions = [\"name\"]`"
        ),
    }
}

/// The environment of this process, as far as it is text.
pub fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// The cargo that called us, else the one on `PATH`.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The folder from which cargo would read its configuration: where the user stands when that is
/// inside the workspace, else the workspace root.
pub fn configuration_directory(root: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) if here.starts_with(root) => here,
        _ => root.to_owned(),
    }
}

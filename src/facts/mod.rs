//! What is known of a project, each value with the place it is written.
//!
//! Nothing here reads a file or runs a program: texts come in, facts go out, and broken input is
//! a value too. `gather` does the reading.

pub mod binary;

pub mod built;

pub mod document;

pub mod package;

pub mod toml_edits;

pub mod workspace;

pub mod graph;

pub mod dependency_line;

pub mod mention;

pub mod settings;

pub mod suppression;

pub mod template;

pub mod cargo_config;

pub mod builder;

pub mod profile;

pub mod build;

pub mod code;

pub mod own_code;

pub mod functions_code;

pub mod shown;

use crate::{finding::BadInput, source::Sources};
pub use build::Build;
use build::BuildInputs;
use functions_code::FunctionsCode;
use graph::Resolution;
use mention::Mentions;
use own_code::OwnCode;
use settings::Settings;
use suppression::Suppression;
use workspace::{Function, Workspace};

/// What is known of a project.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the user chose for this run.
    pub request: Request,
    /// Every text that was read, for places to be shown in.
    pub sources: Sources,
    /// The manifests.
    pub workspace: Workspace,
    /// `[workspace.metadata.lambda-lean]`.
    pub workspace_settings: Settings,
    /// `[package.metadata.lambda-lean]`, by index into `workspace.packages`.
    pub package_settings: Vec<Settings>,
    /// The functions the run is about.
    pub functions: Vec<Function>,
    /// How each of them is built, in the same order.
    pub builds: Vec<Build>,
    /// What the builds read besides manifests and sources.
    pub build_inputs: BuildInputs,
    /// Whether those are all functions of the workspace.
    pub whole_workspace: bool,
    /// What the sources of the functions mention.
    pub own_code: OwnCode,
    /// What was built of them.
    pub built: built::BuiltFunctions,
    /// What the code of the functions does, and when.
    pub code: FunctionsCode,
    /// Comments that accept findings.
    pub suppressions: Vec<Suppression>,
    /// What the code mentions, by index into `workspace.packages`.
    pub mentions: Vec<Mentions>,
    /// What the functions link.
    pub resolution: Resolution,
    /// Whether cargo refuses the workspace, so that only its sources could be looked at.
    pub is_refused: bool,
    /// Inputs that could not be used; the run fails after everything else was said.
    pub errors: Vec<BadInput>,
}

impl Facts {
    /// Why a question about manifests or builds has no answer where cargo refuses the workspace.
    pub const REFUSED: &str =
        "cargo refuses the workspace; correct what it complains of, and run again";

    /// How a function is built.
    pub fn build(&self, function: &Function) -> &Build {
        let index = self
            .functions
            .iter()
            .position(|other| other.package == function.package && other.bin == function.bin);
        &self.builds[index.expect("every function has a build")]
    }

    /// What a function links, or why that is not known.
    pub fn resolved(&self, function: &Function) -> Result<&graph::Resolved, &str> {
        let index = self.functions.iter().position(|other| other == function);
        self.resolution.of(index.unwrap_or(usize::MAX))
    }
}

/// What the user chose for a run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What builds the function, where that is not left to metadata and detection.
    pub builder: Option<BuilderKind>,
    /// The profile it is deployed with, where that is not `release`.
    pub profile: Option<String>,
    /// The panic strategy to write, where one has to be chosen.
    pub panic: Option<Panic>,
}

/// What builds a function for deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum BuilderKind {
    /// `cargo build`, or something that calls it.
    Cargo,
    /// `cargo lambda build`, which adds settings of its own.
    CargoLambda,
}

/// What a panic does to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Panic {
    /// Ends it: the next event pays for a new start
    Abort,
    /// Unwinds the stack, so that the runtime answers with an error and lives on
    Unwind,
}

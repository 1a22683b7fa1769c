//! What is known of a project, each value with the place it is written.
//!
//! Nothing here reads a file or runs a program: texts come in, facts go out, and broken input is
//! a value too. `gather` does the reading.

pub mod document;

pub mod toml_edits;

pub mod settings;

pub mod suppression;

pub mod workspace;

use crate::source::Sources;
use workspace::{Function, Workspace};

/// What is known of a project.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Every text that was read, for places to be shown in.
    pub sources: Sources,
    /// The manifests.
    pub workspace: Workspace,
    /// The functions the run is about.
    pub functions: Vec<Function>,
}

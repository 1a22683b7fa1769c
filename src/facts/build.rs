//! How a function is built: by whom, with which profile, for which target.

use super::{
    builder::{BuilderKind, Choice},
    profile::EffectiveProfile,
};
use cargo_metadata::semver::Version;

/// How one function is built for deployment.
#[derive(Clone, Debug)]
pub struct Build {
    /// Who builds it.
    pub builder: Builder,
    /// The profile as it reaches rustc.
    pub profile: EffectiveProfile,
    /// The target of rustc: `x86_64-unknown-linux-gnu`.
    pub target: String,
}

/// Who builds a function, and who says so.
#[derive(Clone, Debug)]
pub struct Builder {
    /// The program.
    pub kind: BuilderKind,
    /// The version of cargo-lambda that is assumed, where it is the builder.
    pub version: Option<Version>,
    /// Why it is this one.
    pub choice: Choice,
}

impl Builder {
    /// "cargo", or "cargo-lambda 1.9.2".
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.kind),
            None => self.kind.to_string(),
        }
    }
}

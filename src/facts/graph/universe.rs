//! The packages that `cargo metadata` knows of, with every declared dependency tied to the
//! package that satisfies it.
//!
//! `answer` reads it from what `cargo metadata --filter-platform <target>` prints; it holds what the
//! simulation needs: feature tables, declared dependencies, and whether a declaration counts on the target.
//! A dependency that is not in the answer (optional and off, or for another platform) stays
//! without a package; asking for it later adds nothing.

use crate::source::RelPath;
use semver::Version;
use serde::Deserialize;

/// Everything that could be built, in one fixed order.
#[derive(Clone, Debug)]
pub struct Universe {
    /// The packages; the other types refer to them by index.
    pub packages: Vec<Package>,
    /// The triple the dependencies were filtered for.
    pub target: String,
}

/// One version of one crate.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name on the registry.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its manifest, relative to the workspace root.
    pub manifest: RelPath,
    /// Whether it is a path dependency or a member, whose manifest the user can change.
    pub local: bool,
    /// Whether it is built for the host and runs in the compiler.
    pub proc_macro: bool,
    /// Its features, sorted by name.
    pub features: Vec<Feature>,
    /// What its manifest declares, dependencies of every kind.
    pub dependencies: Vec<Dependency>,
    /// Its binaries, with the features each requires.
    pub bins: Vec<(String, Vec<String>)>,
}

/// A feature and what it turns on.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What it turns on.
    pub values: Vec<Value>,
}

/// One entry of a feature's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Another feature of the same package.
    Own(String),
    /// `dep:name`.
    Dependency(String),
    /// `name/feature`, or `name?/feature` when weak.
    OfDependency {
        /// The dependency as the manifest spells it.
        dependency: String,
        /// The feature of it.
        feature: String,
        /// Whether it leaves an optional dependency off.
        weak: bool,
    },
}

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`.
    #[serde(rename = "dev")]
    Development,
}

/// A dependency as declared.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The key in the manifest: the rename, where there is one.
    pub key: String,
    /// The name of the package.
    pub name: String,
    /// The table.
    pub kind: Kind,
    /// The `cfg(…)` or triple of a target table.
    pub platform: Option<String>,
    /// Whether the declaration counts for the target.
    pub on_target: bool,
    /// Whether it is optional.
    pub optional: bool,
    /// Whether the default features are on.
    pub default_features: bool,
    /// The features asked for.
    pub features: Vec<String>,
    /// The package it resolved to.
    pub package: Option<usize>,
}

impl Universe {
    /// The package whose manifest is the given file.
    pub fn by_manifest(&self, manifest: &RelPath) -> Option<usize> {
        self.packages.iter().position(|package| package.local && package.manifest == *manifest)
    }

    /// The local package of a name.
    pub fn local(&self, name: &str) -> Option<usize> {
        self.packages.iter().position(|package| package.local && package.name == name)
    }
}

impl Package {
    /// The index of a feature.
    pub fn feature(&self, name: &str) -> Option<usize> {
        self.features.binary_search_by(|feature| feature.name.as_str().cmp(name)).ok()
    }
}

impl Value {
    /// Reads one entry of a feature list, as cargo does.
    pub fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix("dep:") {
            return Value::Dependency(name.to_owned());
        }
        match text.split_once('/') {
            None => Value::Own(text.to_owned()),
            Some((dependency, feature)) => Value::OfDependency {
                dependency: dependency.trim_end_matches('?').to_owned(),
                feature: feature.to_owned(),
                weak: dependency.ends_with('?'),
            },
        }
    }
}

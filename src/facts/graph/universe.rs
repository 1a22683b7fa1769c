//! The packages that `cargo metadata` knows of, with every declared dependency tied to the
//! package that satisfies it.
//!
//! Takes the answer of `cargo metadata --filter-platform <target>` and keeps what the simulation
//! needs: feature tables, declared dependencies, and whether a declaration counts on the target.
//! A dependency that is not in the answer (optional and off, or for another platform) stays
//! without a package; asking for it later adds nothing.

use crate::source::RelPath;
use cargo_metadata::{
    DependencyKind, Metadata, PackageId, TargetKind,
    cargo_platform::Cfg,
    semver::{Version, VersionReq},
};
use std::{collections::HashMap, path::Path, str::FromStr};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`.
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
    /// Reads the answer of `cargo metadata --format-version 1 --filter-platform <target>`;
    /// `relative` spells a path as the rest of the facts do.
    pub fn new(metadata: &Metadata, target: &str, relative: impl Fn(&Path) -> RelPath) -> Self {
        let cfgs = cfgs_of(target);
        let by_id: HashMap<&PackageId, usize> =
            metadata.packages.iter().enumerate().map(|(ix, package)| (&package.id, ix)).collect();
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let mut resolved: HashMap<usize, Vec<(String, usize)>> = HashMap::new();
        for node in nodes {
            let Some(&from) = by_id.get(&node.id) else { continue };
            let to = node
                .deps
                .iter()
                .filter_map(|dep| by_id.get(&dep.pkg).map(|&to| (dep.name.to_string(), to)));
            resolved.insert(from, to.collect());
        }
        let packages = metadata.packages.iter().enumerate().map(|(ix, package)| {
            let edges = resolved.get(&ix).map_or(&[][..], Vec::as_slice);
            let dependencies = package.dependencies.iter().map(|dependency| {
                let platform = dependency.target.as_ref();
                Dependency {
                    key: dependency.rename.as_ref().unwrap_or(&dependency.name).to_string(),
                    name: dependency.name.clone(),
                    kind: match dependency.kind {
                        DependencyKind::Build => Kind::Build,
                        DependencyKind::Development => Kind::Development,
                        _ => Kind::Normal,
                    },
                    platform: platform.map(ToString::to_string),
                    on_target: platform.is_none_or(|platform| platform.matches(target, &cfgs)),
                    optional: dependency.optional,
                    default_features: dependency.uses_default_features,
                    features: dependency.features.clone(),
                    package: satisfying(
                        metadata,
                        edges,
                        &dependency.name,
                        dependency.rename.as_deref(),
                        &dependency.req,
                    ),
                }
            });
            let kind = |wanted: TargetKind| {
                package.targets.iter().filter(move |target| target.kind.contains(&wanted))
            };
            Package {
                name: package.name.to_string(),
                version: package.version.clone(),
                manifest: relative(package.manifest_path.as_std_path()),
                local: package.source.is_none(),
                proc_macro: kind(TargetKind::ProcMacro).next().is_some(),
                features: package
                    .features
                    .iter()
                    .map(|(name, values)| Feature {
                        name: name.clone(),
                        values: values.iter().map(|value| Value::parse(value)).collect(),
                    })
                    .collect(),
                dependencies: dependencies.collect(),
                bins: kind(TargetKind::Bin)
                    .map(|bin| (bin.name.clone(), bin.required_features.clone()))
                    .collect(),
            }
        });
        Universe { packages: packages.collect(), target: target.to_owned() }
    }

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

/// The package that satisfies a declared dependency. A package can depend on two versions of one
/// crate under two names; then the requirement decides, and the rename where both satisfy it.
fn satisfying(
    metadata: &Metadata,
    edges: &[(String, usize)],
    name: &str,
    rename: Option<&str>,
    requirement: &VersionReq,
) -> Option<usize> {
    let named = || edges.iter().filter(|(_, ix)| metadata.packages[*ix].name.as_str() == name);
    // `*`, which stands for a path or git dependency, does not match a pre-release.
    let fits = |version: &Version| requirement == &VersionReq::STAR || requirement.matches(version);
    let mut candidates: Vec<_> =
        named().filter(|(_, ix)| fits(&metadata.packages[*ix].version)).collect();
    if let (Some(rename), true) = (rename, candidates.len() > 1) {
        candidates.retain(|(extern_name, _)| *extern_name == rename.replace('-', "_"));
    }
    candidates.first().or(named().next().as_ref()).map(|(_, ix)| *ix)
}

/// What `rustc --print cfg` says of a triple, as far as manifests ask for it. Lambda has four
/// triples, all Linux on 64 bits; running rustc for them would cost more than the resolution.
fn cfgs_of(target: &str) -> Vec<Cfg> {
    let arch = target.split('-').next().unwrap_or_default();
    let env = if target.contains("musl") { "musl" } else { "gnu" };
    let text = [
        "unix".to_owned(),
        "panic=\"unwind\"".to_owned(),
        format!("target_arch=\"{arch}\""),
        "target_endian=\"little\"".to_owned(),
        format!("target_env=\"{env}\""),
        "target_family=\"unix\"".to_owned(),
        "target_has_atomic".to_owned(),
        "target_has_atomic=\"8\"".to_owned(),
        "target_has_atomic=\"16\"".to_owned(),
        "target_has_atomic=\"32\"".to_owned(),
        "target_has_atomic=\"64\"".to_owned(),
        "target_has_atomic=\"ptr\"".to_owned(),
        "target_os=\"linux\"".to_owned(),
        "target_pointer_width=\"64\"".to_owned(),
        "target_vendor=\"unknown\"".to_owned(),
    ];
    text.iter().filter_map(|cfg| Cfg::from_str(cfg).ok()).collect()
}

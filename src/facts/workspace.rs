//! The workspace: its root manifest, its packages, and which of their binaries are functions.
//!
//! Only what manifests say. Dependencies are the declared ones, with `workspace = true` looked up
//! in the root; what they resolve to is another fact, which may be missing.

use super::document::{Document, Entry};
use crate::source::{Place, RelPath};
use cargo_platform::Platform;
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// A workspace as its manifests describe it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The root manifest. Profiles, patches and `[workspace.dependencies]` count only here.
    pub root: Document,
    /// The members, and the path dependencies they reach outside the workspace.
    pub packages: Vec<Package>,
    /// `target/` of this workspace, relative to the root.
    pub target_directory: RelPath,
}

/// A package whose manifest was read.
#[derive(Clone, Debug)]
pub struct Package {
    /// `package.name`.
    pub name: String,
    /// `package.edition`, as cargo understands it: "2021".
    pub edition: String,
    /// Its manifest.
    pub manifest: Document,
    /// The folder of the manifest, relative to the workspace root; empty for the root itself.
    pub dir: RelPath,
    /// The folder of its workspace's root, relative to the root of the workspace looked at.
    pub workspace_dir: RelPath,
    /// Whether the workspace lists it. Path dependencies outside it are read, never changed.
    pub is_member: bool,
    /// Libraries and binaries; tests, examples and build scripts are left out.
    pub targets: Vec<Target>,
    /// The declared dependencies.
    pub dependencies: Vec<Dependency>,
    /// `[features]`, each with what it turns on.
    pub features: BTreeMap<String, Vec<String>>,
}

/// A library or binary of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name: for a library, the name other crates write.
    pub name: String,
    /// Whether it is a binary.
    pub is_bin: bool,
    /// The file its module tree starts in.
    pub src_path: RelPath,
    /// The features it is only built with.
    pub required_features: Vec<String>,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    /// Linked.
    Normal,
    /// For tests and examples.
    Dev,
    /// For the build script.
    Build,
}

/// A dependency as a manifest declares it, inheritance from the workspace resolved.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name of the package depended on.
    pub package: String,
    /// The key in the manifest: differs from `package` when renamed.
    pub key: String,
    /// What it is for.
    pub kind: DependencyKind,
    /// The features asked for, those of the workspace included.
    pub features: Vec<String>,
    /// Whether default features are on.
    pub default_features: bool,
    /// Whether it is optional.
    pub optional: bool,
    /// The `[target.…]` it is limited to.
    pub target: Option<String>,
    /// The folder of a path dependency, relative to the workspace root.
    pub path: Option<RelPath>,
    /// Where the member declares it.
    pub place: Place,
    /// Where the workspace root declares it, for `workspace = true`.
    pub inherited: Option<Place>,
}

/// A binary that runs on Lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Index into `Workspace::packages`.
    pub package: usize,
    /// The name of the binary.
    pub bin: String,
    /// The file its module tree starts in.
    pub src_path: RelPath,
    /// Whether its own package declares a Lambda runtime, or somebody asked for it; not only a
    /// library of its.
    pub meant: bool,
}

impl Package {
    /// The features of its own that are on where nobody says otherwise.
    fn default_features(&self) -> BTreeSet<&str> {
        let mut on = BTreeSet::new();
        let mut next = vec!["default"];
        while let Some(feature) = next.pop() {
            if on.insert(feature) {
                next.extend(self.features.get(feature).into_iter().flatten().map(String::as_str));
            }
        }
        on
    }
}

impl Workspace {
    /// The package a function belongs to.
    pub fn package(&self, function: &Function) -> &Package {
        &self.packages[function.package]
    }

    /// A package by the folder of its manifest.
    pub fn package_in(&self, dir: &RelPath) -> Option<&Package> {
        self.packages.iter().find(|package| package.dir == *dir)
    }

    /// The package and every path dependency it links, nearest first.
    pub fn with_path_dependencies<'a>(&'a self, package: &'a Package) -> Vec<&'a Package> {
        let mut reached = vec![package];
        let mut seen = BTreeSet::from([&package.dir]);
        let mut next = 0;
        while let Some(package) = reached.get(next).copied() {
            next += 1;
            for dependency in &package.dependencies {
                if dependency.kind != DependencyKind::Normal {
                    continue;
                }
                let found = dependency.path.as_ref().and_then(|dir| self.package_in(dir));
                if let Some(found) = found.filter(|found| seen.insert(&found.dir)) {
                    reached.push(found);
                }
            }
        }
        reached
    }

    /// The functions among the binaries of the selected members: those whose package links one
    /// of `runtimes` directly or through path dependencies and that a build makes or somebody asks
    /// for, and those named in metadata.
    pub fn functions(
        &self,
        runtimes: &[String],
        asked: &[String],
        named: &dyn Fn(&Package, &str) -> bool,
    ) -> Vec<Function> {
        let mut functions = Vec::new();
        for (index, package) in self.packages.iter().enumerate() {
            if !package.is_member {
                continue;
            }
            let declares = |package: &Package| {
                package.dependencies.iter().any(|dependency| {
                    dependency.kind == DependencyKind::Normal
                        && runtimes.contains(&dependency.package)
                })
            };
            let reaches = self.with_path_dependencies(package).into_iter().any(declares);
            let on = package.default_features();
            let built =
                |target: &Target| target.required_features.iter().all(|it| on.contains(&**it));
            // Features choose between the binaries: a build makes those whose features are on.
            let chosen = |target: &Target| !target.required_features.is_empty() && built(target);
            let choose = package.targets.iter().any(|target| target.is_bin && chosen(target));
            for target in package.targets.iter().filter(|target| target.is_bin) {
                let made = !choose || built(target) || asked.contains(&target.name);
                let named = named(package, &target.name);
                if reaches && made || named {
                    let meant = declares(package) || named || asked.contains(&target.name);
                    functions.push(Function {
                        package: index,
                        bin: target.name.clone(),
                        src_path: target.src_path.clone(),
                        meant,
                    });
                }
            }
        }
        functions
    }
}

/// The platform of a `[target.…]` as cargo spells it.
pub fn platform(written: &str) -> String {
    Platform::from_str(written).map_or_else(|_| written.to_owned(), |known| known.to_string())
}

/// Where a dependency is declared: the member's line, and the workspace's for `workspace = true`.
pub fn declaration<'a>(
    root: &'a Document,
    manifest: &'a Document,
    key: &str,
    kind: DependencyKind,
    target: Option<&str>,
) -> (Option<Entry<'a>>, Option<Entry<'a>>) {
    let tables: &[&str] = match kind {
        DependencyKind::Normal => &["dependencies"],
        DependencyKind::Dev => &["dev-dependencies", "dev_dependencies"],
        DependencyKind::Build => &["build-dependencies", "build_dependencies"],
    };
    let entry = tables.iter().find_map(|table| match target {
        // Cargo spells a platform in its own way.
        Some(target) => {
            let all = manifest.entries(&["target"]).into_iter();
            let mut same = all.filter(|entry| platform(entry.key) == target);
            same.find_map(|entry| manifest.get(&["target", entry.key, table, key]))
        }
        None => manifest.get(&[table, key]),
    });
    let inherits = entry.is_some_and(|entry| {
        let table = entry.item.as_table_like();
        table.and_then(|table| table.get("workspace")).and_then(|item| item.as_bool()) == Some(true)
    });
    let inherited = inherits.then(|| root.get(&["workspace", "dependencies", key])).flatten();
    (entry, inherited)
}

//! Says which crates the functions of a workspace are made of.
//!
//! Each function's binary, the library of its package, and the libraries of path dependencies.
//! Features are those a plain build turns on; a foreign crate goes by its library's name.

use super::{
    load::{CrateInput, Extern},
    lower::Conditions,
    vocabulary::Vocabulary,
};
use crate::{
    facts::workspace::{DependencyKind, Function, Package, Target, Workspace},
    source::RelPath,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The crates, and for each function the index of its binary.
pub fn crates(
    workspace: &Workspace,
    functions: &[Function],
    vocabulary: &Vocabulary,
) -> (Vec<CrateInput>, Vec<Option<usize>>) {
    let packages = reached(workspace, functions);
    let features = features(workspace, functions, &packages);
    let mut crates = Vec::new();
    let mut libraries: HashMap<&RelPath, usize> = HashMap::new();
    let input = |package: &Package, target: &Target| CrateInput {
        name: target.name.replace('-', "_"),
        is_bin: target.is_bin,
        root: target.src_path.clone(),
        externs: BTreeMap::new(),
        conditions: Conditions {
            features: features.get(&package.dir).cloned().unwrap_or_default(),
        },
    };
    let mut owners: Vec<&Package> = Vec::new();
    for package in &packages {
        if let Some(library) = package.targets.iter().find(|target| !target.is_bin) {
            libraries.insert(&package.dir, crates.len());
            crates.push(input(package, library));
            owners.push(package);
        }
    }
    let mut binaries = Vec::new();
    for function in functions {
        let package = workspace.package(function);
        let target = package.targets.iter().find(|one| one.is_bin && one.name == function.bin);
        binaries.push(target.map(|_| crates.len()));
        if let Some(target) = target {
            crates.push(input(package, target));
            owners.push(package);
        }
    }
    for (one, package) in crates.iter_mut().zip(owners) {
        one.externs = externs(workspace, package, one.is_bin, &libraries, vocabulary);
    }
    (crates, binaries)
}

fn reached<'w>(workspace: &'w Workspace, functions: &[Function]) -> Vec<&'w Package> {
    let mut seen = BTreeSet::new();
    let mut packages = Vec::new();
    for function in functions {
        for package in workspace.with_path_dependencies(workspace.package(function)) {
            if seen.insert(&package.dir) {
                packages.push(package);
            }
        }
    }
    packages
}

fn externs(
    workspace: &Workspace,
    package: &Package,
    is_bin: bool,
    libraries: &HashMap<&RelPath, usize>,
    vocabulary: &Vocabulary,
) -> BTreeMap<String, Extern> {
    let mut externs = BTreeMap::new();
    for dependency in &package.dependencies {
        if dependency.kind != DependencyKind::Normal {
            continue;
        }
        let local = dependency.path.as_ref().and_then(|dir| workspace.package_in(dir));
        let library = local.and_then(|local| {
            let library = local.targets.iter().find(|target| !target.is_bin)?;
            Some((library.name.replace('-', "_"), *libraries.get(&local.dir)?))
        });
        let renamed = dependency.key != dependency.package;
        let (own, found) = match library {
            Some((name, index)) => (name, Extern::Local(index)),
            None => {
                let name = vocabulary.library(&dependency.package);
                (name.clone(), Extern::Foreign(name))
            }
        };
        let name = if renamed { dependency.key.replace('-', "_") } else { own };
        externs.insert(name, found);
    }
    if is_bin && let Some(index) = libraries.get(&package.dir) {
        let library = package.targets.iter().find(|target| !target.is_bin);
        if let Some(library) = library {
            externs.insert(library.name.replace('-', "_"), Extern::Local(*index));
        }
    }
    externs
}

/// The features a build of the functions turns on, by the folder of the package.
fn features(
    workspace: &Workspace,
    functions: &[Function],
    packages: &[&Package],
) -> HashMap<RelPath, HashSet<String>> {
    let mut on: HashMap<RelPath, HashSet<String>> = HashMap::new();
    let mut wanted: Vec<(&Package, String)> = Vec::new();
    for function in functions {
        let package = workspace.package(function);
        wanted.push((package, "default".to_owned()));
        let target = package.targets.iter().find(|one| one.is_bin && one.name == function.bin);
        let required = target.iter().flat_map(|target| &target.required_features);
        wanted.extend(required.map(|feature| (package, feature.clone())));
    }
    for package in packages {
        for dependency in &package.dependencies {
            let of = dependency.path.as_ref().and_then(|dir| workspace.package_in(dir));
            let Some(of) = of.filter(|_| dependency.kind == DependencyKind::Normal) else {
                continue;
            };
            if dependency.default_features {
                wanted.push((of, "default".to_owned()));
            }
            wanted.extend(dependency.features.iter().map(|feature| (of, feature.clone())));
        }
    }
    while let Some((package, feature)) = wanted.pop() {
        let (of, feature) = match feature.split_once('/') {
            Some((dependency, inner)) => {
                let key = dependency.trim_end_matches('?');
                let found = package.dependencies.iter().find(|one| one.key == key);
                let path = found.and_then(|one| one.path.as_ref());
                let Some(of) = path.and_then(|dir| workspace.package_in(dir)) else { continue };
                (of, inner.to_owned())
            }
            None => (package, feature.trim_start_matches("dep:").to_owned()),
        };
        if on.entry(of.dir.clone()).or_default().insert(feature.clone()) {
            let next = of.features.get(&feature).into_iter().flatten();
            wanted.extend(next.map(|next| (of, next.clone())));
        }
    }
    on
}

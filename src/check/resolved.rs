//! Where crates that a function links come from: the manifest line and the way there.
//!
//! The resolved graph answers when it is there. Without it the lockfile does, which knows no
//! features and lists what could be linked as well; every answer from it is labelled so.

use crate::{
    facts::{
        Facts, dependency_line,
        graph::{CrateSpec, Node, Resolved},
        workspace::{DependencyKind, Function},
    },
    source::Place,
};
use semver::Version;

/// A crate that was found.
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The manifest line that leads to it.
    pub place: Place,
    /// The dependency that line declares.
    pub through: String,
    /// The crate that depends on it directly.
    pub parent: Option<String>,
    /// The way there, and where the answer is from.
    pub notes: Vec<String>,
}

/// Every linked crate among those meant. The error says why nobody can tell.
pub fn find(facts: &Facts, function: &Function, specs: &[CrateSpec]) -> Result<Vec<Found>, String> {
    let package = &facts.workspace.package(function).name;
    if facts.resolution.excludes(package, specs) {
        return Ok(Vec::new());
    }
    match facts.resolved(function) {
        Ok(build) => Ok(in_graph(facts, build, specs)),
        Err(why) => in_lock(facts, function, specs).ok_or_else(|| why.to_owned()),
    }
}

/// The linked crates among those meant, in the order of the graph.
pub fn in_graph(facts: &Facts, build: &Resolved, specs: &[CrateSpec]) -> Vec<Found> {
    let packages = build.linked().map(|ix| (ix, &build.universe.packages[ix]));
    let meant = packages.filter(|(_, package)| {
        specs.iter().any(|spec| spec.matches(&package.name, &package.version))
    });
    meant.filter_map(|(ix, _)| of_package(facts, build, ix)).collect()
}

/// Where one linked package comes from.
pub fn of_package(facts: &Facts, build: &Resolved, package: usize) -> Option<Found> {
    let node = Node { package, feature: None };
    let line = build.line(node)?;
    let declared = dependency_line::find(&facts.workspace, &build.universe, line)?;
    let through = build.universe.packages[line.package].dependencies[line.dependency].name.clone();
    let path = build.path(node);
    let parent = path.iter().rev().find(|step| step.package != package);
    let package = &build.universe.packages[package];
    Some(Found {
        name: package.name.clone(),
        version: package.version.clone(),
        place: declared.place,
        through,
        parent: parent.map(|step| build.universe.packages[step.package].name.clone()),
        notes: vec![format!("the shortest way there is {}", build.explain(node))],
    })
}

fn in_lock(facts: &Facts, function: &Function, specs: &[CrateSpec]) -> Option<Vec<Found>> {
    let package = facts.workspace.package(function);
    let lock = facts.resolution.lock.as_ref().ok()?;
    facts.resolution.locked(&package.name).ok()?;
    let mut found = Vec::new();
    for path in lock.paths(&package.name, specs) {
        let (last, first) = (path.last()?, path.get(1)?);
        let line = package
            .dependencies
            .iter()
            .find(|line| line.kind == DependencyKind::Normal && line.package == first.name);
        // What only tests or build scripts lead to is not linked.
        let Some(line) = line else { continue };
        let names: Vec<String> =
            path[1..].iter().map(|locked| format!("{} {}", locked.name, locked.version)).collect();
        found.push(Found {
            name: last.name.clone(),
            version: last.version.clone(),
            place: line.inherited.clone().unwrap_or_else(|| line.place.clone()),
            through: first.name.clone(),
            parent: path.len().checked_sub(2).map(|ix| path[ix].name.clone()),
            notes: vec![
                format!("a way there is {} → {}", package.name, names.join(" → ")),
                "this is read from Cargo.lock alone, which does not say whether the crate is \
                 linked into this function"
                    .to_owned(),
            ],
        });
    }
    Some(found)
}

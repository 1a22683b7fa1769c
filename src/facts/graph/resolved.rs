//! One build: what cargo would link for a package, a binary and a target, and with which features.
//!
//! Follows cargo's feature resolver: breadth first from the package, so that what first turned a
//! thing on is also the shortest way to it. Resolved scripts, procedural macros and tests are left
//! out of the answer; under resolver 1 their features still count, as they do for cargo. A build
//! can be asked for with changed manifest lines, which tells what an edit would do before it is
//! made.

use super::{
    Resolver,
    universe::{Dependency, Kind, Universe, Value},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{collections::VecDeque, sync::Arc};

/// What is built.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The package.
    pub package: usize,
    /// The binary, whose `required-features` are turned on.
    pub bin: Option<String>,
    /// Further features.
    pub features: Vec<String>,
    /// Whether the package's default features are on.
    pub default_features: bool,
}

/// A dependency declared differently from what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The package that declares it.
    pub package: usize,
    /// Its position among the package's dependencies.
    pub dependency: usize,
    /// `default-features`.
    pub default_features: bool,
    /// `features`.
    pub features: Vec<String>,
    /// Whether the declaration is taken away.
    pub removed: bool,
}

/// A package, or one feature of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// The package.
    pub package: usize,
    /// The feature; none for the package as such.
    pub feature: Option<usize>,
}

/// What turned a node on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was asked for.
    Selected,
    /// Another node, through a dependency of its package where one was crossed.
    Edge {
        /// The node.
        from: Node,
        /// The position among the dependencies of the node's package.
        dependency: Option<usize>,
    },
    /// A feature that resolver 1 unifies from a build script, a test or another target.
    Unified,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What could have been built.
    pub universe: Arc<Universe>,
    /// The package that was selected.
    pub root: usize,
    selection: Selection,
    resolver: Resolver,
    /// Every linked package and enabled feature with what turned it on.
    pub(super) causes: FxHashMap<Node, Cause>,
    optional: FxHashSet<(usize, usize)>,
    changes: Vec<Change>,
    scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Linked,
    Everything,
}

/// One consequence of a node.
pub(super) enum Step {
    Own(usize),
    Link(usize),
    OfDependency { dependency: usize, feature: String },
}

impl Resolved {
    /// Resolves a selection as the manifests stand.
    pub fn new(universe: &Arc<Universe>, selection: &Selection, resolver: Resolver) -> Self {
        Self::resolve(universe, selection, resolver, &[])
    }

    /// The same build as it would be with some dependencies declared differently.
    pub fn changed(&self, changes: &[Change]) -> Self {
        Self::resolve(&self.universe, &self.selection, self.resolver, changes)
    }

    fn resolve(
        universe: &Arc<Universe>,
        selection: &Selection,
        resolver: Resolver,
        changes: &[Change],
    ) -> Self {
        let start = |scope| {
            let mut build = Resolved {
                universe: universe.clone(),
                root: selection.package,
                selection: selection.clone(),
                resolver,
                causes: FxHashMap::default(),
                optional: FxHashSet::default(),
                changes: changes.to_vec(),
                scope,
            };
            let nodes = build.selected(selection);
            build.run(nodes.into_iter().map(|node| (node, Cause::Selected)).collect());
            build
        };
        let mut linked = start(Scope::Linked);
        if resolver == Resolver::Everything {
            let everything = start(Scope::Everything);
            loop {
                let missing: VecDeque<_> = everything
                    .causes
                    .keys()
                    .filter(|node| node.feature.is_some())
                    .filter(|node| linked.is_linked(node.package))
                    .filter(|node| !linked.causes.contains_key(node))
                    .map(|node| (*node, Cause::Unified))
                    .collect();
                if missing.is_empty() {
                    break;
                }
                linked.run(missing);
            }
        }
        linked
    }

    fn selected(&self, selection: &Selection) -> Vec<Node> {
        let package = &self.universe.packages[selection.package];
        let required = package
            .bins
            .iter()
            .filter(|(name, _)| selection.bin.as_ref() == Some(name))
            .flat_map(|(_, features)| features);
        let default = selection.default_features.then_some("default");
        let names = selection.features.iter().chain(required).map(String::as_str).chain(default);
        let mut nodes = vec![Node { package: selection.package, feature: None }];
        for name in names {
            nodes.extend(self.feature_node(selection.package, name));
        }
        nodes
    }

    fn run(&mut self, mut queue: VecDeque<(Node, Cause)>) {
        // `name?/feature` waits here until something else turns the dependency on.
        let mut weak: FxHashMap<(usize, usize), Vec<(Node, Node)>> = FxHashMap::default();
        while let Some((node, cause)) = queue.pop_front() {
            if self.causes.contains_key(&node) {
                continue;
            }
            self.causes.insert(node, cause);
            for step in self.steps(node) {
                match step {
                    Step::Own(feature) => {
                        let to = Node { package: node.package, feature: Some(feature) };
                        queue.push_back((to, Cause::Edge { from: node, dependency: None }));
                    }
                    Step::Link(dependency) => {
                        let cause = Cause::Edge { from: node, dependency: Some(dependency) };
                        queue.extend(
                            self.linked_by(node.package, dependency)
                                .into_iter()
                                .map(|to| (to, cause)),
                        );
                        if self.optional.insert((node.package, dependency)) {
                            for (from, to) in
                                weak.remove(&(node.package, dependency)).unwrap_or_default()
                            {
                                let dependency = Some(dependency);
                                queue.push_back((to, Cause::Edge { from, dependency }));
                            }
                        }
                    }
                    Step::OfDependency { dependency, feature } => {
                        let universe = self.universe.clone();
                        let declared = &universe.packages[node.package].dependencies[dependency];
                        let Some(package) = declared.package else { continue };
                        let Some(to) = self.feature_node(package, &feature) else { continue };
                        let known = !declared.optional
                            || self.optional.contains(&(node.package, dependency));
                        if known {
                            let dependency = Some(dependency);
                            queue.push_back((to, Cause::Edge { from: node, dependency }));
                        } else {
                            weak.entry((node.package, dependency)).or_default().push((node, to));
                        }
                    }
                }
            }
        }
    }

    /// What follows from a node, in the order of the manifest.
    pub(super) fn steps(&self, node: Node) -> Vec<Step> {
        let package = &self.universe.packages[node.package];
        let counted = || {
            let all = package.dependencies.iter().enumerate();
            all.filter(move |(ix, dependency)| self.counts(node.package, *ix, dependency))
        };
        let Some(feature) = node.feature else {
            return counted().filter(|(_, d)| !d.optional).map(|(ix, _)| Step::Link(ix)).collect();
        };
        let mut steps = Vec::new();
        for value in &package.features[feature].values {
            match value {
                Value::Own(name) => steps.extend(package.feature(name).map(Step::Own)),
                Value::Dependency(key) => steps.extend(
                    counted()
                        .filter(|(_, d)| d.optional && d.key == *key)
                        .map(|(ix, _)| Step::Link(ix)),
                ),
                Value::OfDependency { dependency: key, feature, weak } => {
                    for (ix, dependency) in counted().filter(|(_, d)| d.key == *key) {
                        if dependency.optional && !weak {
                            steps.push(Step::Link(ix));
                            // An optional dependency without `dep:` is a feature of its own name.
                            steps.extend(package.feature(key).map(Step::Own));
                        }
                        steps.push(Step::OfDependency { dependency: ix, feature: feature.clone() });
                    }
                }
            }
        }
        steps
    }

    /// The nodes a dependency turns on by itself: the package and the features the line asks for.
    pub(super) fn linked_by(&self, package: usize, dependency: usize) -> Vec<Node> {
        let declared = &self.universe.packages[package].dependencies[dependency];
        let Some(to) = declared.package else { return Vec::new() };
        let (default, features) = match self.change(package, dependency) {
            Some(change) => (change.default_features, &change.features),
            None => (declared.default_features, &declared.features),
        };
        let mut nodes = vec![Node { package: to, feature: None }];
        if default {
            nodes.extend(self.feature_node(to, "default"));
        }
        nodes.extend(features.iter().filter_map(|feature| self.feature_node(to, feature)));
        nodes
    }

    fn counts(&self, package: usize, ix: usize, dependency: &Dependency) -> bool {
        if self.change(package, ix).is_some_and(|change| change.removed) {
            return false;
        }
        match self.scope {
            Scope::Linked => {
                dependency.kind == Kind::Normal
                    && dependency.on_target
                    && dependency.package.is_some_and(|to| !self.universe.packages[to].proc_macro)
            }
            Scope::Everything => dependency.kind != Kind::Development || package == self.root,
        }
    }

    fn change(&self, package: usize, dependency: usize) -> Option<&Change> {
        let mut changes = self.changes.iter();
        changes.find(|change| change.package == package && change.dependency == dependency)
    }

    /// The node of a feature, where the package has one of that name.
    pub fn feature_node(&self, package: usize, name: &str) -> Option<Node> {
        let feature = self.universe.packages[package].feature(name)?;
        Some(Node { package, feature: Some(feature) })
    }

    /// Whether a package is linked into the binary.
    pub fn is_linked(&self, package: usize) -> bool {
        self.causes.contains_key(&Node { package, feature: None })
    }

    /// Whether a feature of a package is on.
    pub fn has_feature(&self, package: usize, name: &str) -> bool {
        self.feature_node(package, name).is_some_and(|node| self.causes.contains_key(&node))
    }

    /// Whether a node is part of the build.
    pub fn contains(&self, node: Node) -> bool {
        self.causes.contains_key(&node)
    }

    /// The linked packages in the order of the metadata, the selected one included.
    pub fn linked(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.universe.packages.len()).filter(|&package| self.is_linked(package))
    }

    /// The features of a package that are on, sorted.
    pub fn features(&self, package: usize) -> Vec<&str> {
        let features = self.universe.packages[package].features.iter().enumerate();
        features
            .filter(|(ix, _)| self.contains(Node { package, feature: Some(*ix) }))
            .map(|(_, feature)| feature.name.as_str())
            .collect()
    }

    /// Whether an optional or required dependency of a linked package is part of the build.
    pub fn uses(&self, package: usize, dependency: usize) -> bool {
        self.is_linked(package) && self.optional.contains(&(package, dependency))
    }
}

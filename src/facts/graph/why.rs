//! Why something is in a build: the shortest chain of edges and features, and every manifest
//! line of the user that leads there.

use super::{
    resolved::{Cause, Node, Resolved, Step},
    universe::Kind,
};
use rustc_hash::FxHashSet;
use std::{collections::VecDeque, fmt::Write};

/// A dependency line of a local manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    /// The package that declares it.
    pub package: usize,
    /// Its position among the package's dependencies.
    pub dependency: usize,
}

impl Resolved {
    /// The chain from the selected package to a node, both included.
    pub fn path(&self, node: Node) -> Vec<Node> {
        let mut path = vec![node];
        let mut at = node;
        while let Some(Cause::Edge { from, .. }) = self.causes.get(&at) {
            path.push(*from);
            at = *from;
        }
        path.reverse();
        path
    }

    /// The chain in words: `app → aws-sdk-s3 1.1.0 (default, rustls) → hyper 0.14.32`.
    pub fn explain(&self, node: Node) -> String {
        let mut text = String::new();
        let mut last = None;
        let mut features: Vec<&str> = Vec::new();
        let close = |text: &mut String, features: &mut Vec<&str>| {
            if !features.is_empty() {
                write!(text, " ({})", features.join(", ")).expect("writing to a string");
                features.clear();
            }
        };
        for step in self.path(node) {
            let package = &self.universe.packages[step.package];
            if last != Some(step.package) {
                close(&mut text, &mut features);
                if last.is_some() {
                    text.push_str(" → ");
                }
                text.push_str(&package.name);
                if last.is_some() {
                    write!(text, " {}", package.version).expect("writing to a string");
                }
                last = Some(step.package);
            }
            features.extend(step.feature.map(|ix| package.features[ix].name.as_str()));
        }
        close(&mut text, &mut features);
        text
    }

    /// The last line of a local manifest on the way to a node: the one a person can change.
    pub fn line(&self, node: Node) -> Option<Line> {
        let mut at = node;
        while let Some(Cause::Edge { from, dependency }) = self.causes.get(&at) {
            if let (true, Some(dependency)) =
                (self.universe.packages[from.package].local, dependency)
            {
                return Some(Line { package: from.package, dependency: *dependency });
            }
            at = *from;
        }
        None
    }

    /// The lines of the linked local packages that are part of the build.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for package in self.linked().filter(|&ix| self.universe.packages[ix].local) {
            let dependencies = self.universe.packages[package].dependencies.iter().enumerate();
            let used = dependencies
                .filter(|(ix, d)| d.kind == Kind::Normal && self.uses(package, *ix))
                .map(|(dependency, _)| Line { package, dependency });
            lines.extend(used);
        }
        lines
    }

    /// Everything that follows from some nodes within this build, themselves included.
    pub fn reach(&self, from: &[Node]) -> FxHashSet<Node> {
        let mut queue: VecDeque<Node> = from.iter().copied().collect();
        let mut seen = FxHashSet::default();
        while let Some(node) = queue.pop_front() {
            if !self.contains(node) || !seen.insert(node) {
                continue;
            }
            for step in self.steps(node) {
                match step {
                    Step::Own(feature) => {
                        queue.push_back(Node { package: node.package, feature: Some(feature) });
                    }
                    Step::Link(dependency) => {
                        queue.extend(self.linked_by(node.package, dependency));
                    }
                    Step::OfDependency { dependency, feature } => {
                        let declared =
                            &self.universe.packages[node.package].dependencies[dependency];
                        queue.extend(
                            declared.package.and_then(|to| self.feature_node(to, &feature)),
                        );
                    }
                }
            }
        }
        seen
    }
}

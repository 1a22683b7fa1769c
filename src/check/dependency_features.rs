//! Does a dependency have default features on that weigh something and that nothing here needs?
//!
//! Looks at the dependency lines of the function's package and of its path dependencies. Which
//! default features are meant is said by name, or by the crates they link. Before a hit is given,
//! the build is resolved again as it would be without them: what stays because another crate
//! turns it on is said with that crate's name, and a change that would take something a function
//! needs at run time is never offered.

use super::{
    Change, Hit, Outcome,
    behavior_version::{self, Verdict},
    guard,
};
use crate::{
    facts::{
        Facts,
        dependency_line::{self, Declared},
        graph::{self, CrateSpec, Line, Node, Resolved, universe::Value},
        workspace::Function,
    },
    finding::{Label, Safety},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DependencyFeatures {
    /// The dependencies whose lines are looked at.
    dependencies: Vec<CrateSpec>,
    /// A feature that stands for many and is listed by hand, looked at instead of the default.
    umbrella: Option<String>,
    /// Default features by name; `*` for each of them.
    #[serde(default)]
    features: Vec<String>,
    /// Default features by what they link.
    #[serde(default)]
    links: Vec<CrateSpec>,
    /// Paths that need a feature: `{crate}` is the dependency, `{feature}` the feature.
    #[serde(default)]
    used_by: Vec<String>,
    /// Further paths that need one feature.
    #[serde(default)]
    also_used_by: BTreeMap<String, Vec<String>>,
    /// Features to ask for instead of a dropped one.
    #[serde(default)]
    instead: Vec<Instead>,
    /// Whether a person has to say which of the features are needed.
    #[serde(default)]
    needs_choice: bool,
    /// Whether the pinned BehaviorVersion decides if the change is safe.
    #[serde(default)]
    behavior_version: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instead {
    of: CrateSpec,
    feature: String,
    by: String,
}

/// A line with default features to drop.
struct Candidate<'a> {
    line: Line,
    declared: Declared<'a>,
    dropped: Vec<String>,
    /// What the line has to list once the defaults are off; `None` when that cannot be written.
    keep: Option<Vec<String>>,
}

impl DependencyFeatures {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let declared = facts.workspace.with_path_dependencies(facts.workspace.package(function));
        let mut declared = declared.iter().flat_map(|package| &package.dependencies);
        if !declared.any(|line| self.dependencies.iter().any(|spec| spec.names(&line.package))) {
            return Outcome::Hits(Vec::new());
        }
        let package = &facts.workspace.package(function).name;
        let only_links = self.features.is_empty();
        if only_links && facts.resolution.excludes(package, &self.links) {
            return Outcome::Hits(Vec::new());
        }
        let build = match facts.resolved(function) {
            Ok(build) => build,
            Err(why) => return Outcome::Skipped(why.to_owned()),
        };
        let mut candidates = Vec::new();
        for line in build.lines() {
            match self.candidate(facts, build, line) {
                Ok(candidate) => candidates.extend(candidate),
                Err(why) => return Outcome::Skipped(why),
            }
        }
        Outcome::Hits(self.hits(facts, build, &candidates))
    }

    /// What a line has that it does not need. An error when the code hides what it uses.
    fn candidate<'a>(
        &self,
        facts: &'a Facts,
        build: &Resolved,
        line: Line,
    ) -> Result<Option<Candidate<'a>>, String> {
        let universe = &build.universe;
        let dependency = &universe.packages[line.package].dependencies[line.dependency];
        let Some(to) = dependency.package else { return Ok(None) };
        let package = &universe.packages[to];
        let meant =
            self.dependencies.iter().any(|spec| spec.matches(&package.name, &package.version));
        let (umbrella, is_on) = match &self.umbrella {
            Some(name) => (name.as_str(), dependency.features.contains(name)),
            None => ("default", dependency.default_features),
        };
        if !meant || !is_on {
            return Ok(None);
        }
        let Some(default) = package.feature(umbrella) else { return Ok(None) };
        let Some(declared) = dependency_line::find(&facts.workspace, universe, line) else {
            return Ok(None);
        };

        let mut members = BTreeSet::new();
        let mut other_values = false;
        self.expand(build, to, default, &mut members, &mut other_values);
        let (mut dropped, mut keep) = (Vec::new(), Vec::new());
        for name in members {
            let listed = dependency.features.contains(&name);
            let drop = !listed
                && self.drops(build, to, &name)
                && !self.is_used(facts, &package.name, &name)?;
            if drop { dropped.push(name) } else { keep.push(name) }
        }
        // What the kept features turn on themselves need not be listed.
        let implied: BTreeSet<&str> = keep
            .iter()
            .chain(dependency.features.iter().filter(|name| *name != umbrella))
            .filter_map(|name| package.feature(name))
            .flat_map(|feature| &package.features[feature].values)
            .filter_map(|value| match value {
                Value::Own(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let mut listed: Vec<String> = package.features[default]
            .values
            .iter()
            .filter_map(|value| match value {
                Value::Own(name) => Some(name.clone()),
                _ => None,
            })
            .filter(|name| keep.contains(name))
            .collect();
        listed
            .extend(keep.iter().filter(|name| !listed.contains(name)).cloned().collect::<Vec<_>>());
        listed.retain(|name| !implied.contains(name.as_str()));
        for instead in &self.instead {
            let meant = instead.of.matches(&package.name, &package.version);
            if meant && dropped.contains(&instead.feature) {
                listed.push(instead.by.clone());
            }
        }
        let keep = (!other_values).then_some(listed);
        Ok((!dropped.is_empty()).then_some(Candidate { line, declared, dropped, keep }))
    }

    /// The features that a default stands for: those to drop and, beside them, the largest that
    /// contain nothing to drop.
    fn expand(
        &self,
        build: &Resolved,
        package: usize,
        feature: usize,
        members: &mut BTreeSet<String>,
        other_values: &mut bool,
    ) {
        let features = &build.universe.packages[package].features;
        for value in &features[feature].values {
            let Value::Own(name) = value else {
                // `dependency/feature` cannot be listed in a manifest line of another package.
                *other_values |= !self.features.iter().any(|dropped| dropped == "*");
                continue;
            };
            let Some(inner) = build.universe.packages[package].feature(name) else { continue };
            let contains = |name: &String| self.drops(build, package, name);
            let nested = features[inner].values.iter().any(
                |value| matches!(value, Value::Own(inner) if contains(inner) && !contains(name)),
            );
            if nested {
                self.expand(build, package, inner, members, other_values);
            } else {
                members.insert(name.clone());
            }
        }
    }

    fn is_named(&self, feature: &str) -> bool {
        self.features.iter().any(|name| name == feature || name == "*")
    }

    /// Whether a default feature is one of those meant.
    fn drops(&self, build: &Resolved, package: usize, feature: &str) -> bool {
        if self.is_named(feature) {
            return true;
        }
        let node = build.feature_node(package, feature);
        node.is_some_and(|node| {
            build.reach(&[node]).iter().any(|node| is_any(build, *node, &self.links))
        })
    }

    /// Whether code of the workspace needs a feature of a dependency.
    fn is_used(&self, facts: &Facts, dependency: &str, feature: &str) -> Result<bool, String> {
        let mut hidden = None;
        for (package, mentions) in facts.workspace.packages.iter().zip(&facts.mentions) {
            for line in package.dependencies.iter().filter(|line| line.package == dependency) {
                let also = self.also_used_by.get(feature).into_iter().flatten();
                for path in self.used_by.iter().chain(also) {
                    let path = path.replace("{crate}", &line.key.replace('-', "_"));
                    let path = path.replace("{feature}", feature);
                    if !mentions.places(&path).is_empty() {
                        return Ok(true);
                    }
                    hidden = hidden.or_else(|| mentions.unknown(&path));
                }
            }
        }
        match hidden {
            Some(why) => Err(format!("it cannot be said what the code uses: {why}")),
            None => Ok(false),
        }
    }

    fn hits(&self, facts: &Facts, build: &Resolved, candidates: &[Candidate<'_>]) -> Vec<Hit> {
        if candidates.is_empty() {
            return Vec::new();
        }
        let changes: Vec<graph::Change> = candidates
            .iter()
            .map(|candidate| {
                let owner = &build.universe.packages[candidate.line.package];
                let declared = &owner.dependencies[candidate.line.dependency];
                let mut features = declared.features.clone();
                features.retain(|name| Some(name) != self.umbrella.as_ref());
                features.extend(candidate.keep.iter().flatten().cloned());
                graph::Change {
                    package: candidate.line.package,
                    dependency: candidate.line.dependency,
                    default_features: self.umbrella.is_some() && declared.default_features,
                    features,
                    removed: false,
                }
            })
            .collect();
        let after = build.changed(&changes);
        // A replacement that was never resolved cannot be simulated; then cargo has to say.
        let simulated = self.instead.is_empty();
        let lost = simulated.then(|| guard::lost(build, &after)).flatten();
        if lost.is_some() && self.features.is_empty() {
            // The only client there is: nothing is linked beside it.
            return Vec::new();
        }
        let mut hits = Vec::new();
        for candidate in candidates {
            hits.extend(self.hit(facts, build, &after, candidate, lost));
        }
        hits
    }

    fn hit(
        &self,
        facts: &Facts,
        build: &Resolved,
        after: &Resolved,
        candidate: &Candidate<'_>,
        lost: Option<&str>,
    ) -> Option<Hit> {
        let universe = &build.universe;
        let dependency =
            &universe.packages[candidate.line.package].dependencies[candidate.line.dependency];
        let package = &universe.packages[dependency.package?];
        let subjects = self.subjects(build, candidate);
        let left: Vec<&Node> = subjects.iter().filter(|node| after.contains(**node)).collect();
        let all_stay = left.len() == subjects.len();
        if all_stay && !self.used_by.is_empty() {
            // Something else needs it, so this line does not matter.
            return None;
        }

        let dropped: Vec<String> = candidate.dropped.iter().map(|f| format!("`{f}`")).collect();
        let mut hit = Hit::at(candidate.declared.place.clone())
            .with("dependency", &package.name)
            .with("version", package.version.to_string())
            .with("features", super::listed(&dropped));
        if let Some(own) = &candidate.declared.inherited_at {
            let message = "inherited here".to_owned();
            hit.labels.push(Label { place: own.clone(), message });
        }
        if let Some(first) = subjects.first() {
            hit = hit.note(format!("the shortest way there is {}", build.explain(*first)));
        }
        let gone = build.linked().filter(|&package| !after.is_linked(package));
        let gone: Vec<String> = gone
            .map(|package| &universe.packages[package])
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        // What a replacement brings was never resolved, so the difference is not known.
        if !gone.is_empty() && self.instead.is_empty() {
            let count = gone.len();
            hit = hit.note(match count {
                1 => format!("without it {} is no longer linked", gone[0]),
                _ => format!(
                    "without it {count} crates are no longer linked: {}",
                    super::listed(&gone)
                ),
            });
        }
        // Of many features some are always on anyway; that is only worth saying of a few.
        let told = if self.umbrella.is_none() || all_stay { &left[..] } else { &[] };
        for node in told {
            let package = &universe.packages[node.package];
            let way = after.explain(**node);
            hit = hit.note(match node.feature {
                Some(feature) => format!(
                    "`{}` of {} comes back through {way}",
                    package.features[feature].name, package.name
                ),
                None => format!("{} comes back through {way}", package.name),
            });
        }

        let mut change = match &candidate.keep {
            Some(keep) if !all_stay && lost.is_none() && !self.needs_choice => {
                Change::by(match &self.umbrella {
                    Some(name) => candidate.declared.instead_of(name, keep).into_iter().collect(),
                    None => candidate.declared.without_defaults(keep).unwrap_or_default(),
                })
            }
            _ => None,
        }
        .unwrap_or_else(Change::by_hand);
        if let Some(lost) = lost {
            hit = hit.note(format!("the change alone would leave the function without {lost}"));
        }
        if all_stay {
            change = change.titled("trim the crate that turns it on as well, then this line");
        }
        if self.behavior_version {
            match behavior_version::without_legacy(facts, build) {
                Verdict::Same => {}
                Verdict::OtherStack(why) => {
                    hit = hit.note(why);
                    change = change.at_most(Safety::Ask);
                }
                Verdict::Breaks(why) => {
                    hit = hit.note(why);
                    change = Change::by_hand().titled("raise the BehaviorVersion first");
                }
            }
        }
        Some(hit.change(Some(change)))
    }

    /// What the dropped features of a line stand for: the features, or the crates they link.
    fn subjects(&self, build: &Resolved, candidate: &Candidate<'_>) -> Vec<Node> {
        let dependency = &build.universe.packages[candidate.line.package].dependencies
            [candidate.line.dependency];
        let Some(to) = dependency.package else { return Vec::new() };
        let node = |name: &String| build.feature_node(to, name);
        let all: Vec<Node> = candidate.dropped.iter().filter_map(node).collect();
        let mut subjects: BTreeSet<Node> = build.reach(&all).into_iter().collect();
        subjects.retain(|node| is_any(build, *node, &self.links));
        let named = candidate.dropped.iter().filter(|name| self.is_named(name));
        subjects.extend(named.filter_map(node));
        subjects.into_iter().collect()
    }
}

fn is_any(build: &Resolved, node: Node, specs: &[CrateSpec]) -> bool {
    let package = &build.universe.packages[node.package];
    node.feature.is_none() && specs.iter().any(|spec| spec.matches(&package.name, &package.version))
}

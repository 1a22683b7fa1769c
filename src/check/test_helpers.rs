//! Are test helpers among the normal dependencies?
//!
//! Two shapes: a feature that only tests need, listed in `[dependencies]`, and a crate that is
//! made for tests. Neither counts when code outside tests uses it. The change moves what it finds
//! to `[dev-dependencies]`.

use super::{Change, Hit, Outcome};
use crate::{
    facts::{
        Facts,
        dependency_line::{self, Declared},
        graph::{CrateSpec, Line, Resolved},
        toml_edits,
        workspace::{Function, Package},
    },
    finding::{Edit, Safety},
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestHelpers {
    /// Features that only tests need.
    features: Vec<Feature>,
    /// Crates made for tests.
    crates: Vec<CrateSpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Feature {
    of: CrateSpec,
    name: String,
    /// Paths that need it; `{crate}` is the dependency.
    used_by: Vec<String>,
}

impl TestHelpers {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let declared = facts.workspace.with_path_dependencies(facts.workspace.package(function));
        let suspicious = declared.iter().flat_map(|package| &package.dependencies).any(|line| {
            let listed = |f: &Feature| f.of.names(&line.package) && line.features.contains(&f.name);
            self.crates.iter().any(|spec| spec.names(&line.package))
                || self.features.iter().any(listed)
        });
        if !suspicious {
            return Outcome::Hits(Vec::new());
        }
        let build = match facts.resolved(function) {
            Ok(build) => build,
            Err(why) => return Outcome::Skipped(why.to_owned()),
        };
        let mut hits = Vec::new();
        for line in build.lines() {
            match self.of_line(facts, build, line) {
                Ok(hit) => hits.extend(hit),
                Err(why) => return Outcome::Skipped(why),
            }
        }
        Outcome::Hits(hits)
    }

    fn of_line(&self, facts: &Facts, build: &Resolved, line: Line) -> Result<Option<Hit>, String> {
        let owner = &build.universe.packages[line.package];
        let dependency = &owner.dependencies[line.dependency];
        let Some(declared) = dependency_line::find(&facts.workspace, &build.universe, line) else {
            return Ok(None);
        };
        let mut packages = facts.workspace.packages.iter();
        let Some(package) = packages.find(|package| package.manifest.file == owner.manifest) else {
            return Ok(None);
        };
        let feature = self.features.iter().find(|feature| {
            feature.of.names(&dependency.name) && dependency.features.contains(&feature.name)
        });
        let is_helper = self.crates.iter().any(|spec| spec.names(&dependency.name));
        let (paths, what) = match feature {
            Some(feature) => (
                &feature.used_by[..],
                format!("the feature `{}` of `{}`", feature.name, dependency.name),
            ),
            None if is_helper => (&["{crate}".to_owned()][..], format!("`{}`", dependency.name)),
            None => return Ok(None),
        };
        if is_used(facts, &dependency.name, paths)? {
            return Ok(None);
        }
        let edits = match feature {
            Some(feature) => move_feature(&declared, package, &dependency.key, &feature.name),
            None => move_line(&declared, package, &dependency.key),
        };
        // A line of the workspace is shared with members whose code decides as well.
        let limit = if declared.inherited_at.is_some() { Safety::Ask } else { Safety::Safe };
        let change = edits.and_then(Change::by).unwrap_or_else(Change::by_hand).at_most(limit);
        let hit = Hit::at(declared.place.clone()).with("helper", what).change(Some(change));
        Ok(Some(hit))
    }
}

/// Whether code outside tests uses one of some paths. An error when that cannot be said.
fn is_used(facts: &Facts, dependency: &str, paths: &[String]) -> Result<bool, String> {
    for (package, mentions) in facts.workspace.packages.iter().zip(&facts.mentions) {
        for line in package.dependencies.iter().filter(|line| line.package == dependency) {
            for path in paths {
                let path = path.replace("{crate}", &line.key.replace('-', "_"));
                if !mentions.places(&path).is_empty() {
                    return Ok(true);
                }
                if let Some(why) = mentions.unknown(&path) {
                    return Err(format!("it cannot be said what the code uses: {why}"));
                }
            }
        }
    }
    Ok(false)
}

fn move_feature(
    declared: &Declared<'_>,
    package: &Package,
    key: &str,
    feature: &str,
) -> Option<Vec<Edit>> {
    if declared.inherited_at.is_some() {
        return None;
    }
    let path: Vec<&str> = declared.path.iter().map(String::as_str).collect();
    let source = ["version", "path", "git", "workspace"].iter().find_map(|field| {
        let entry = declared.document.get(&[&path[..], &[field]].concat())?;
        Some(format!("{field} = {}", entry.written()))
    })?;
    let renamed = declared.document.get(&[&path[..], &["package"]].concat());
    let renamed = renamed.map(|entry| format!("package = {}, ", entry.written()));
    if package.manifest.get(&["dev-dependencies", key]).is_some() {
        // Its list is the author's; it may well have the feature already.
        let has = package.dependencies.iter().any(|line| {
            line.kind == crate::facts::workspace::DependencyKind::Dev
                && line.key == key
                && line.features.iter().any(|name| name == feature)
        });
        return has.then(|| declared.without_feature(feature).into_iter().collect());
    }
    let line = format!(
        "{} = {{ {}{source}, features = [{feature:?}] }}",
        toml_edits::quoted(key),
        renamed.unwrap_or_default()
    );
    let added = toml_edits::insert(&package.manifest, &["dev-dependencies"], &line)?;
    Some(dependency_line::joined(vec![declared.without_feature(feature)?, added]))
}

fn move_line(declared: &Declared<'_>, package: &Package, key: &str) -> Option<Vec<Edit>> {
    let path: Vec<&str> = declared.path.iter().map(String::as_str).collect();
    let entry = declared.document.get(&path)?;
    let named = |values: &Vec<String>| {
        values.iter().any(|value| {
            let value = value.strip_prefix("dep:").unwrap_or(value);
            value.split('/').next().map(|name| name.trim_end_matches('?')) == Some(key)
        })
    };
    let movable = entry.item.is_value()
        && path.len() == 2
        && declared.inherited_at.is_none()
        && package.manifest.get(&["dev-dependencies", key]).is_none()
        && !package.features.values().any(named);
    if !movable {
        return None;
    }
    let line = format!("{} = {}", toml_edits::quoted(key), entry.written());
    let added = toml_edits::insert(&package.manifest, &["dev-dependencies"], &line)?;
    Some(dependency_line::joined(vec![toml_edits::remove(&package.manifest, &path)?, added]))
}

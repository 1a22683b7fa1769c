//! Does the function log in colours, or as text for people?

use super::code;
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{ir::Lit, pattern::Patterns, sym::Sym},
        functions_code::phase,
        workspace::Function,
    },
    source::RelPath,
};
use serde::Deserialize;
use std::collections::HashSet;

/// Does the function log in colours, or as text for people?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextLogs {
    /// Calls that start a subscriber which writes text.
    calls: Patterns,
    /// The package that colours it, and the feature it needs for that.
    package: String,
    /// The feature, which is among the default ones.
    feature: String,
    /// Methods after which it writes something else.
    without: Vec<String>,
    /// The method that turns colours off when it is given `false`.
    switch: String,
}

impl TextLogs {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let mut seen = HashSet::new();
        let mut hits = Vec::new();
        for (state, call) in code.calls() {
            if !self.calls.matches(call.path) || self.plain(&call.chain) {
                continue;
            }
            let at = code.place(state.node, call);
            if !self.coloured(facts, function, &at.file) || !seen.insert(at.clone()) {
                continue;
            }
            let mut hit = Hit::at(at).with("call", call.path.as_str());
            hit.phase = Some(phase(state.when));
            hits.push(hit);
        }
        Outcome::Hits(hits)
    }

    fn plain(&self, chain: &[(Sym, Option<Lit>)]) -> bool {
        chain.iter().any(|(method, literal)| {
            self.without.iter().any(|name| **name == **method)
                || **method == *self.switch && *literal == Some(Lit::Bool(false))
        })
    }

    /// Whether a package that the file may belong to asks for colours.
    fn coloured(&self, facts: &Facts, function: &Function, file: &RelPath) -> bool {
        let package = facts.workspace.package(function);
        let packages = facts.workspace.with_path_dependencies(package);
        let mut owners: Vec<_> = packages
            .iter()
            .filter(|one| {
                one.dir.as_str().is_empty() || file.as_str().starts_with(one.dir.as_str())
            })
            .collect();
        owners.sort_by_key(|one| std::cmp::Reverse(one.dir.as_str().len()));
        let owner = owners.first().copied().unwrap_or(&package);
        let dependency = owner.dependencies.iter().find(|one| one.package == self.package);
        dependency.is_none_or(|one| one.default_features || one.features.contains(&self.feature))
    }
}

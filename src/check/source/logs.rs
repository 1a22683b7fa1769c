//! Does the function log in colours?

use super::code;
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{eval::Call, ir::Lit, pattern::Patterns, value::NodeId},
        functions_code::{FunctionCode, phase},
        workspace::Function,
    },
    source::RelPath,
};
use serde::Deserialize;
use std::collections::HashSet;

/// Does the function log in colours?
///
/// Silent where anything it reaches sets the log up without them: whoever does that knows, and a
/// condition, a variable or the caller of a helper decides which of the two Lambda gets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextLogs {
    /// Calls that start a subscriber which writes in colours.
    calls: Patterns,
    /// The package that colours it, and the feature it needs for that.
    package: String,
    /// The feature, which is among the default ones.
    feature: String,
    /// Calls that set a log up without colours, or take them out.
    without: Patterns,
    /// Methods that turn colours off unless they are given `true`.
    switches: Patterns,
    /// Functions that set a variable of the environment.
    setters: Patterns,
    /// The variable that turns colours off.
    variable: String,
    /// The method that replaces the format.
    format: String,
    /// Calls that make one of the formats which are coloured too.
    formats: Patterns,
}

impl TextLogs {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        if code.calls().any(|(_, call)| self.plain(call)) {
            return Outcome::Hits(Vec::new());
        }
        let mut seen = HashSet::new();
        let mut hits = Vec::new();
        for (state, call) in code.calls() {
            if !self.calls.matches(call.path) || self.formatted(code, state.node, call) {
                continue;
            }
            let at = code.place(state.node, call);
            let coloured = self.coloured(facts, function, &at.file);
            if !coloured || !seen.insert(code.spot(state.node, call)) {
                continue;
            }
            let mut hit = Hit::at(at).with("call", call.path.as_str());
            hit.phase = Some(phase(state.when));
            hits.push(hit);
        }
        Outcome::Hits(hits)
    }

    fn plain(&self, call: &Call) -> bool {
        let named = |text: &str| text == self.variable;
        self.without.matches(call.path)
            || self.switches.matches(call.path) && call.literal != Some(Lit::Bool(true))
            || self.setters.matches(call.path)
                && matches!(call.literal, Some(Lit::Str(name)) if named(&name))
    }

    /// Whether a subscriber is given a format of somebody's own: not one that is made beside it.
    fn formatted(&self, code: FunctionCode<'_>, node: NodeId, call: &Call) -> bool {
        call.chain.iter().any(|(method, _)| **method == *self.format)
            && !code.node(node).calls.iter().any(|call| self.formats.matches(call.path))
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

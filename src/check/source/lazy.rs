//! Is a lazily made static first needed while an event waits?

use super::{change, code};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::Code,
            pattern::Patterns,
            reach::{State, When},
            value::NodeId,
        },
        functions_code::FunctionCode,
        workspace::Function,
    },
    finding::Phase,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// Is a lazily made static first needed while an event waits?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LazyFirstTouched {
    /// Calls that make a static's value on first use.
    lazies: Patterns,
    /// Calls that cost next to nothing, as those of empty collections.
    cheap: Patterns,
}

impl LazyFirstTouched {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let early: HashSet<_> = code
            .reach
            .states
            .iter()
            .filter(|state| state.when == When::Init)
            .map(|state| state.node)
            .collect();
        let mut hits = BTreeMap::new();
        for state in &code.reach.states {
            let node = code.node(state.node);
            let Code::Global(id) = node.code else { continue };
            let lazy = code.facts.world.globals[id.index()].item.lazy.is_some()
                || node.calls.iter().any(|call| self.lazies.matches(call.path));
            if !lazy || state.when == When::Init || early.contains(&state.node) {
                continue;
            }
            let mut made = 0;
            if self.is_cheap(code, state.node, &mut made) && made > 0 {
                continue;
            }
            let at = code.facts.world.place(node.file, node.head);
            let mut hit = Hit::at(at.clone()).with("static", node.name.as_str());
            hit.phase = Some(Phase::Once);
            hit.labels = code.way(State { ..*state });
            hit.change = change::force(code, id);
            hits.entry(at).or_insert(hit);
        }
        Outcome::Hits(hits.into_values().collect())
    }

    /// Whether a node and its closures make nothing but what is cheap, and how much they make.
    fn is_cheap(&self, code: FunctionCode<'_>, node: NodeId, made: &mut usize) -> bool {
        let node = code.node(node);
        let mut calls = node.calls.iter().filter(|call| !self.lazies.matches(call.path));
        let cheap = calls.all(|call| {
            *made += 1;
            self.cheap.matches(call.path)
        });
        cheap
            && node.edges.iter().all(|edge| {
                matches!(code.node(edge.to).code, Code::Closure(..))
                    && self.is_cheap(code, edge.to, made)
            })
    }
}

//! Are there calls in a row that wait for something else each, and need nothing of each other?

use super::code;
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Awaited, Call, Node},
            pattern::Patterns,
            reach::When,
        },
        functions_code::phase,
        workspace::Function,
    },
    finding::{Label, Phase},
};
use serde::Deserialize;
use std::collections::HashSet;

/// Are there calls in a row that wait for something else each, and need nothing of each other?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SequentialAwaits {
    /// Calls that go over the network and only read.
    reads: Patterns,
    /// Those that count before the first event only: made for each event, they are a fault of
    /// their own.
    reads_of_init: Patterns,
}

impl SequentialAwaits {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let mut seen = HashSet::new();
        let mut hits = Vec::new();
        for state in &code.reach.states {
            let node = code.node(state.node);
            for block in &node.awaits {
                for (first, second) in self.pairs(node, block, state.when) {
                    let at = code.shown(state.node, second.bytes);
                    if !seen.insert(at.clone()) {
                        continue;
                    }
                    let mut hit = Hit::at(at).with("in", node.name.as_str());
                    hit.phase = Some(phase(state.when)).filter(|phase| *phase != Phase::Once);
                    hit.labels.push(Label {
                        place: code.shown(state.node, first.bytes),
                        message: "this is waited for before, and nothing of it is needed"
                            .to_owned(),
                    });
                    hits.push(hit);
                }
            }
        }
        Outcome::Hits(hits)
    }

    /// Neighbours that both read over the network, where the second uses nothing of the first.
    fn pairs<'a>(
        &self,
        node: &'a Node,
        block: &'a [Awaited],
        when: When,
    ) -> Vec<(&'a Awaited, &'a Awaited)> {
        let counts = |call: &Call| {
            self.reads.matches(call.path)
                || when == When::Init && self.reads_of_init.matches(call.path)
        };
        let reads = |one: &Awaited| {
            node.calls.iter().filter(|call| one.bytes.holds(call.bytes)).any(counts)
        };
        block
            .windows(2)
            .filter_map(|pair| match pair {
                [first, second] => {
                    let free = !first.binds.iter().any(|name| second.uses.contains(name));
                    (free && reads(first) && reads(second)).then_some((first, second))
                }
                _ => None,
            })
            .collect()
    }
}

//! Is one of these functions called in this phase?

use super::{change, code};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{eval::Call, ir::Bytes, pattern::Patterns, reach::State},
        functions_code::{FunctionCode, phase},
        workspace::Function,
    },
    finding::Phase,
    source::Place,
};
use serde::Deserialize;
use std::collections::HashSet;

/// Is one of these functions called in this phase?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CallWhen {
    /// The phase that is asked about.
    when: Phase,
    /// The functions, with what each kind of them is called in the message.
    calls: Vec<Kind>,
    /// What removes a hit, where that can be written.
    change: Option<Remedy>,
    /// Whether the calls of one function count as one.
    #[serde(default)]
    together: bool,
}

/// What can be done with a value that is made too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Remedy {
    /// Make it in `main` and hand it to the handler; deeper, make it a static.
    Hoist,
    /// Make it a static.
    Static,
}

/// Functions of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Kind {
    /// What one of them makes or does, for `{what}`.
    what: String,
    /// Their paths.
    paths: Patterns,
    /// Count only calls whose arguments are the same for every event.
    #[serde(default)]
    fixed: bool,
    /// Count only calls whose value is thrown away.
    #[serde(default)]
    dropped: bool,
    /// Leave out calls whose arguments send something to somebody.
    #[serde(default)]
    lonely: bool,
    /// Leave out calls on a thread where blocking harms nobody.
    #[serde(default)]
    blocking: bool,
    /// Leave out calls on whose result one of these methods is called.
    #[serde(default)]
    without: Vec<String>,
    /// Count only calls on whose result one of these methods is called.
    #[serde(default)]
    followed_by: Vec<String>,
}

impl CallWhen {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen = HashSet::new();
        let mut functions = HashSet::new();
        for (state, call) in code.calls() {
            if phase(state.when) != self.when {
                continue;
            }
            let Some(kind) = self.calls.iter().find(|kind| kind.counts(state, call)) else {
                continue;
            };
            let at = code.place(state.node, call);
            if !seen.insert(at.clone()) || self.together && !functions.insert(state.node) {
                continue;
            }
            hits.push(self.hit(code, state, call, kind, at));
        }
        Outcome::Hits(hits)
    }

    fn hit(
        &self,
        code: FunctionCode<'_>,
        state: State,
        call: &Call,
        kind: &Kind,
        at: Place,
    ) -> Hit {
        let mut hit = Hit::at(at)
            .with("what", kind.what.clone())
            .with("call", call.path.as_str())
            .with("in", code.node(state.node).name.as_str());
        hit.phase = Some(self.when);
        hit.labels = code.way(state);
        let asked = |bytes| self.asks(code, state, bytes);
        hit.change = self.change.and_then(|remedy| {
            let hoisted = match remedy {
                Remedy::Hoist => change::hoist(code, state.node, call.bytes, &asked),
                Remedy::Static => None,
            };
            hoisted
                .or_else(|| change::keep_returned(code, state.node, call.bytes, &asked))
                .or_else(|| change::make_static(code, state.node, call.bytes, &asked))
        });
        hit
    }

    /// Whether a call that this asks for stands in some bytes of a node.
    fn asks(&self, code: FunctionCode<'_>, state: State, bytes: Bytes) -> bool {
        code.node(state.node).calls.iter().any(|call| {
            let within = bytes.start <= call.bytes.start && call.bytes.end <= bytes.end;
            within && self.calls.iter().any(|kind| kind.counts(state, call))
        })
    }
}

impl Kind {
    fn counts(&self, state: State, call: &Call) -> bool {
        let called = |name: &String| call.chain.iter().any(|(method, _)| **method == **name);
        self.paths.matches(call.path)
            && (!self.fixed || call.fixed)
            && (!self.dropped || call.dropped)
            && !(self.lonely && call.sends)
            && !(self.blocking && state.off_worker)
            && !self.without.iter().any(called)
            && (self.followed_by.is_empty() || self.followed_by.iter().any(called))
    }
}

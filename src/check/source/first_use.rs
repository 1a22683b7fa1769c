//! Is a client made in init whose connection only the first event opens?

use super::{
    change::{self, Prime},
    code,
};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{eval::Call, pattern::Patterns, reach::When, value::NodeId},
        functions_code::FunctionCode,
        workspace::Function,
    },
    finding::{Label, Phase},
};
use serde::Deserialize;
use std::collections::HashSet;

/// Is a client made in init whose connection only the first event opens?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FirstUse {
    /// Calls that make a client, as associated functions of its type.
    clients: Patterns,
    /// What is called on which client to open its connection.
    primes: Vec<Prime>,
}

impl FirstUse {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let mut seen = HashSet::new();
        let mut hits = Vec::new();
        for (state, call) in code.calls() {
            if state.when != When::Init || !self.clients.matches(call.path) {
                continue;
            }
            let Some((of, _)) = call.path.as_str().rsplit_once("::") else { continue };
            if uses(code, of, When::Init).next().is_some() {
                continue;
            }
            let Some((first, used)) = uses(code, of, When::Invocation).next() else { continue };
            if !seen.insert(code.spot(state.node, call)) {
                continue;
            }
            let at = code.place(state.node, call);
            let operation = used.path.as_str().rsplit('.').next().unwrap_or_default();
            let service = of.trim_start_matches("aws_sdk_").split("::").next().unwrap_or(of);
            let mut hit = Hit::at(at).with("service", service).with("operation", operation);
            hit.phase = Some(Phase::Init);
            hit.labels.push(Label {
                place: code.place(first, used),
                message: "the first event opens the connection here".to_owned(),
            });
            let known = self.primes.iter().find(|one| one.service == service);
            let ty = written_type(code, state.node, call);
            let main = code.reach.states.first().is_some_and(|start| start.node == state.node);
            hit.change = known.zip(ty).filter(|_| main).and_then(|(known, ty)| {
                let change = change::prime(code, call.bytes, known, ty)?;
                hit.notes.push(format!("what the call does: {}", known.source));
                Some(change)
            });
            hits.push(hit);
        }
        Outcome::Hits(hits)
    }
}

/// The type of a client as it is written where it is made: `Client` of `Client::new`.
fn written_type<'a>(code: FunctionCode<'a>, node: NodeId, call: &Call) -> Option<&'a str> {
    let text = &code.facts.world.files[code.node(node).file].text;
    let path = text.get(call.name.start as usize..call.name.end as usize)?;
    path.rsplit_once("::").map(|(ty, _)| ty)
}

/// The calls on a client of a type in a phase.
fn uses<'a>(
    code: FunctionCode<'a>,
    of: &str,
    when: When,
) -> impl Iterator<Item = (NodeId, &'a Call)> {
    let prefix = format!("{of}.");
    code.calls()
        .filter(move |(state, call)| {
            let method = call.path.strip_prefix(prefix.as_str());
            let operation = method.is_some_and(|name| !name.contains('.') && name != "config");
            state.when == when && operation
        })
        .map(|(state, call)| (state.node, call))
}

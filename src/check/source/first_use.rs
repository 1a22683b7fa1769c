//! Is a client made in init whose connection only the first event opens?

use super::{change::Prime, code};
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

/// A client that init makes and only events use.
struct Unused<'a> {
    node: NodeId,
    call: &'a Call,
    /// Its type.
    of: &'static str,
    /// The first request that it sends.
    used: (NodeId, &'a Call),
}

impl FirstUse {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let unused = self.unused(code);
        let made = code
            .calls()
            .filter(|(state, call)| state.when == When::Init && self.clients.matches(call.path));
        let services: HashSet<&str> = made.map(|(_, call)| service(call.path.as_str())).collect();
        let mut hits = Vec::new();
        for one in &unused {
            let operation = one.used.1.path.as_str().split('.').nth(1).unwrap_or_default();
            let service = service(one.of);
            let at = code.place(one.node, one.call);
            let mut hit = Hit::at(at).with("service", service).with("operation", operation);
            hit.phase = Some(Phase::Init);
            hit.labels.push(Label {
                place: code.place(one.used.0, one.used.1),
                message: "the first event opens the connection here".to_owned(),
            });
            let known = self.primes.iter().find(|known| known.service == service);
            if let Some(known) = known
                && let Some(change) = known.change(code, one.node, one.call, services.len() == 1)
            {
                hit.notes.push(format!("what the call does: {}", known.source));
                hit.change = Some(change);
            }
            hits.push(hit);
        }
        Outcome::Hits(hits)
    }

    /// The clients that init makes and does not use. Which of several clients of a type is used
    /// is not known: where one is also made for an event, or one of them is used in init, nothing
    /// is said of the others.
    fn unused<'a>(&self, code: FunctionCode<'a>) -> Vec<Unused<'a>> {
        let made: Vec<_> =
            code.calls().filter(|(_, call)| self.clients.matches(call.path)).collect();
        let early: HashSet<_> = made
            .iter()
            .filter(|(state, _)| state.when == When::Init)
            .map(|(state, call)| code.place(state.node, call))
            .collect();
        let mut seen = HashSet::new();
        let mut unused = Vec::new();
        for (state, call) in &made {
            let Some((of, _)) = call.path.as_str().rsplit_once("::") else { continue };
            let elsewhere = made.iter().any(|(other, made)| {
                let same = made.path.as_str().rsplit_once("::").is_some_and(|(ty, _)| ty == of);
                let late =
                    other.when == When::Late && !early.contains(&code.place(other.node, made));
                same && (other.when == When::Invocation || late)
            });
            if state.when != When::Init || elsewhere || uses(code, of, When::Init).next().is_some()
            {
                continue;
            }
            // What a cache does not have yet, it does not have at the first event.
            let used = uses(code, of, When::Invocation).chain(uses(code, of, When::Late)).next();
            let Some(used) = used else { continue };
            if seen.insert(code.spot(state.node, call)) {
                unused.push(Unused { node: state.node, call, of, used });
            }
        }
        unused
    }
}

/// The service of a client, as its crate names it.
fn service(of: &'static str) -> &'static str {
    of.trim_start_matches("aws_sdk_").split("::").next().unwrap_or(of)
}

/// The requests that a client of a type sends in a phase. What else is called on it, as `clone`
/// and the methods of a cell that holds it, opens no connection.
fn uses<'a>(
    code: FunctionCode<'a>,
    of: &str,
    when: When,
) -> impl Iterator<Item = (NodeId, &'a Call)> {
    let prefix = format!("{of}.");
    code.calls()
        .filter(move |(state, call)| {
            let sent = call.path.starts_with(&prefix) && call.path.ends_with(".send");
            state.when == when && sent
        })
        .map(|(state, call)| (state.node, call))
}

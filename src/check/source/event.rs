//! Does the handler take the event as an untyped value and look keys up in it?

use super::code;
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Code, Link},
            ir::Lit,
            pattern::Patterns,
            reach::When,
            types::{TypeScope, Types},
            value::{NodeId, Ty},
            vocabulary::Vocabulary,
        },
        functions_code::FunctionCode,
        workspace::Function,
    },
    finding::{Label, Phase},
};
use serde::Deserialize;
use std::{collections::HashSet, sync::LazyLock};

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::embedded);

/// Does the handler take the event as an untyped value and look keys up in it?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UntypedEvent {
    /// The untyped types.
    types: Patterns,
    /// Calls that look a key up.
    look_ups: Patterns,
}

impl UntypedEvent {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let look_up = code.calls().find(|(state, call)| {
            state.when == When::Invocation
                && call.event
                && matches!(call.literal, Some(Lit::Str(_)))
                && !call.path.ends_with('!')
                && self.look_ups.matches(call.path)
        });
        let Some((state, call)) = look_up else { return Outcome::Hits(Vec::new()) };
        let used = Label {
            place: code.place(state.node, call),
            message: "a key is looked up here".to_owned(),
        };
        let handlers: HashSet<NodeId> = code
            .reach
            .entries
            .iter()
            .filter(|(_, _, entry)| entry.on_lambda())
            .map(|(node, edge, _)| code.node(*node).edges[*edge].to)
            .collect();
        let mut hits = Vec::new();
        for handler in handlers {
            if !self.untyped(code, handler) {
                continue;
            }
            let node = code.node(handler);
            let mut hit = Hit::at(code.facts.world.place(node.file, node.head));
            hit.phase = Some(Phase::Invocation);
            hit.labels.push(used.clone());
            hits.push(hit.with("handler", node.name.as_str()));
        }
        Outcome::Hits(hits)
    }

    fn untyped(&self, code: FunctionCode<'_>, handler: NodeId) -> bool {
        let world = &code.facts.world;
        match code.node(handler).code {
            Code::Fn(id) => {
                let def = &world.functions[id.index()];
                let types = Types { world, vocabulary: &VOCABULARY, members: Default::default() };
                let scope = TypeScope::default();
                def.function.params.iter().any(|(_, ty)| {
                    let typed = types.ty(def.scope, &scope, ty).val;
                    typed.tys.iter().any(|ty| match ty {
                        Ty::Foreign(path) => self.types.matches(*path),
                        _ => false,
                    })
                })
            }
            // A closure that passes the event on: what it calls says the type.
            Code::Closure(..) => {
                let edges = &code.node(handler).edges;
                let called = edges.iter().filter(|edge| edge.link == Link::Call);
                called
                    .map(|edge| edge.to)
                    .filter(|to| matches!(code.node(*to).code, Code::Fn(_)))
                    .any(|to| self.untyped(code, to))
            }
            _ => false,
        }
    }
}

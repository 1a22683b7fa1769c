//! Does the handler take the event as an untyped value and look keys up in it?

use super::{code, types};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Code, Link},
            ir::{Closure, Kind, Lit, Pat, Type},
            pattern::Patterns,
            reach::When,
            types::TypeScope,
            value::{NodeId, Ty},
            walk::each_stmt,
            world::ModId,
        },
        functions_code::FunctionCode,
        workspace::Function,
    },
    finding::{Label, Phase},
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

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
        let mut hits = BTreeMap::new();
        for handler in handlers {
            let Some(untyped) = self.untyped(code, handler, state.node) else { continue };
            let node = code.node(untyped);
            let who = match node.code {
                Code::Closure(..) => "the handler".to_owned(),
                _ => format!("`{}`", node.name),
            };
            let at = code.facts.world.place(node.file, node.head);
            let mut hit = Hit::at(at.clone()).with("handler", who);
            hit.phase = Some(Phase::Invocation);
            hit.labels.push(used.clone());
            hits.entry(at).or_insert(hit);
        }
        Outcome::Hits(hits.into_values().collect())
    }

    /// The function or closure that takes the event as it came, if what is handed over is one or
    /// calls one: of two, the one that looks the key up.
    fn untyped(&self, code: FunctionCode<'_>, handler: NodeId, looks: NodeId) -> Option<NodeId> {
        let world = &code.facts.world;
        match code.node(handler).code {
            Code::Fn(id) => {
                let def = &world.functions[id.index()];
                let mut params = def.function.params.iter();
                params.any(|(_, ty)| self.wanted(code, def.scope, ty)).then_some(handler)
            }
            // A closure says it itself, or passes the event on and what it calls says it.
            Code::Closure(root, _) => {
                let own = closure(code, root, handler).is_some_and(|(scope, closure)| {
                    let wanted = |pat: &Pat| matches!(pat, Pat::Typed(_, ty) if self.wanted(code, scope, ty));
                    closure.params.iter().any(wanted)
                });
                let edges = &code.node(handler).edges;
                let mut called = edges
                    .iter()
                    .filter(|edge| edge.link == Link::Call)
                    .map(|edge| edge.to)
                    .filter(|to| matches!(code.node(*to).code, Code::Fn(_)));
                let of_called = called.find_map(|to| self.untyped(code, to, looks));
                let own = own.then_some(handler);
                own.filter(|own| *own == looks).or(of_called).or(own)
            }
            _ => None,
        }
    }

    fn wanted(&self, code: FunctionCode<'_>, scope: ModId, ty: &Type) -> bool {
        let typed = types(code).ty(scope, &TypeScope::default(), ty).val;
        typed.tys.iter().any(|ty| match ty {
            Ty::Foreign(path) => self.types.matches(*path),
            _ => false,
        })
    }
}

/// A closure as it is written, with where its names are looked up; none where a macro made it.
fn closure<'a>(code: FunctionCode<'a>, root: NodeId, node: NodeId) -> Option<(ModId, &'a Closure)> {
    let world = &code.facts.world;
    let head = code.node(node).head;
    let Code::Fn(id) = code.node(root).code else { return None };
    let def = &world.functions[id.index()];
    let mut found = None;
    each_stmt(&def.function.body.as_ref()?.stmts, &mut |expr| {
        if let (Kind::Closure(closure), true) = (&expr.kind, expr.bytes == head) {
            found = Some((def.scope, &**closure));
        }
    });
    found
}

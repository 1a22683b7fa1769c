//! Does `main` start a runtime with a thread per core?

use super::code;
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Facts,
        code::{eval::Code, pattern::Patterns, reach::When},
        workspace::Function,
    },
    finding::{Edit, Phase},
    source::Span,
};
use serde::Deserialize;

/// Does `main` start a runtime with a thread per core?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MultiThread {
    /// The attribute that starts it, as written.
    attribute: String,
    /// What it is written as instead.
    instead: String,
    /// Calls that need more than one thread, whenever they are made.
    needs: Patterns,
    /// Calls that would hold up the only thread while an event waits.
    holds_up: Patterns,
}

impl MultiThread {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let Some(start) = code.reach.states.first() else { return Outcome::Hits(Vec::new()) };
        let node = code.node(start.node);
        let Code::Fn(id) = node.code else { return Outcome::Hits(Vec::new()) };
        let world = &code.facts.world;
        let text = &world.files[node.file].text;
        let attribute = world.functions[id.index()].function.attr_bytes.iter().find(|bytes| {
            text.get(bytes.start as usize..bytes.end as usize)
                .is_some_and(|written| written.trim() == self.attribute)
        });
        let Some(bytes) = attribute else { return Outcome::Hits(Vec::new()) };
        let at = world.place(node.file, *bytes);
        let mut hit = Hit::at(at.clone());
        hit.phase = Some(Phase::Init);
        let on_worker = code.calls().filter(|(state, _)| !state.off_worker);
        let mut needed = on_worker.filter_map(|(state, call)| {
            let path = call.path;
            let waits = state.when == When::Invocation && !call.awaited;
            match () {
                () if self.needs.matches(path) => {
                    Some(format!("`{path}` wants more than one thread"))
                }
                () if waits && self.holds_up.matches(path) => {
                    Some(format!("`{path}` would hold up the only thread"))
                }
                () => None,
            }
        });
        let note = needed.next();
        hit = match note {
            Some(note) => hit.note(note).change(None),
            None => {
                let span = Span::from(bytes.start as usize..bytes.end as usize);
                let edit = Edit { file: at.file, span, text: self.instead.clone() };
                hit.change(Change::by([edit]))
            }
        };
        Outcome::Hits(vec![hit])
    }
}

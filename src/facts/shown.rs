//! Where a piece of code is shown, and how it comes to run when it does: what a reader clicks.
//!
//! What a macro of the crates' own wrote stands in no file; it is shown at the call of the macro,
//! and known by the macro and not by the call, so that a macro is judged once and not wherever it
//! is used.

use super::{
    code::{
        eval::{Call, Code, Edge, Link},
        ir::{Bytes, Path},
        lex::{Kind, lex},
        names::{Res, Space},
        reach::{State, When},
        sym::Sym,
        types::Types,
        value::NodeId,
        vocabulary::Vocabulary,
        world::{Def, FnId, MacroId, ModId},
    },
    functions_code::FunctionCode,
};
use crate::{finding::Label, source::Place};
use std::ops::Range;

/// What makes two calls one for a reader: their place, or the macro that wrote both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// Where it stands.
    At(Place),
    /// The macro, with what it calls.
    By(MacroId, Sym),
}

impl<'a> FunctionCode<'a> {
    /// Where a call is shown: from its name to its end.
    pub fn place(self, node: NodeId, call: &Call) -> Place {
        self.named(node, call.name.to(call.bytes), call.name)
    }

    /// What a call is told from others by.
    pub fn spot(self, node: NodeId, call: &Call) -> Spot {
        match self.wrote(node, call.name) {
            Some(id) => Spot::By(id, call.path),
            None => Spot::At(self.place(node, call)),
        }
    }

    /// The way to a call as labels: that to its state, and the macro that wrote it.
    pub fn way_to(self, state: State, call: &Call) -> Vec<Label> {
        let mut labels = self.way(state);
        if let Some(id) = self.wrote(state.node, call.name) {
            let placed = &self.facts.world.macros[id.index()];
            let text = &self.facts.world.files[placed.file].text;
            let rules = placed.item.start as usize;
            let start = text.get(..rules).and_then(|before| before.rfind("macro_rules"));
            let place = Place::new(
                &self.facts.world.files[placed.file].path,
                start.unwrap_or(rules)..rules,
            );
            labels.push(Label { place, message: "this macro writes it".to_owned() });
        }
        labels
    }

    /// The way to a state as labels: where the handler is handed over, then each call.
    pub fn way(self, state: State) -> Vec<Label> {
        let state = State { when: self.known(state), ..state };
        let way = self.reach.way(state);
        let from = way.iter().rposition(|(state, edge)| {
            matches!(self.node(state.node).edges[*edge].link, Link::PerEvent(_))
        });
        let start = way.first().map_or(state, |(state, _)| *state);
        let mut labels: Vec<Label> = match from {
            None => self.attribute(start).into_iter().collect(),
            Some(_) => Vec::new(),
        };
        for (state, edge) in way.iter().skip(from.unwrap_or(0)) {
            let edge = &self.node(state.node).edges[*edge];
            if let Some(message) = self.step(state.node, edge) {
                let place = self.shown(state.node, edge.bytes);
                labels.push(Label { place, message });
            }
        }
        labels
    }

    /// What a step is called; nothing for a closure that runs where it stands.
    fn step(self, from: NodeId, edge: &Edge) -> Option<String> {
        let (node, to) = (self.node(from), self.node(edge.to));
        let closure = to.file == node.file && to.head == edge.bytes;
        let who = match node.code {
            Code::Closure(..) => "the closure".to_owned(),
            _ => format!("`{}`", node.name),
        };
        let method = matches!(to.code, Code::Fn(id)
            if self.facts.world.functions[id.index()].owner.is_some());
        Some(match edge.link {
            Link::PerEvent(_) if closure => "runs for each event".to_owned(),
            Link::PerEvent(_) if method => {
                format!("`{}` of what is made here runs for each event", to.name)
            }
            Link::PerEvent(_) => format!("`{}` is handed to the runtime here", to.name),
            Link::Once => "made on first use".to_owned(),
            Link::Mention | Link::Call if closure => return None,
            _ if matches!(to.code, Code::Global(_)) => format!("{who} uses `{}`", to.name),
            Link::Mention => format!("{who} passes `{}` on", to.name),
            _ => format!("{who} calls `{}`", to.name),
        })
    }

    /// The attribute that makes a function run for each event, where the program starts with it.
    fn attribute(self, start: State) -> Option<Label> {
        let node = self.node(start.node);
        let Code::Fn(id) = node.code else { return None };
        if start.when != When::Invocation || self.reach.from.contains_key(&start) {
            return None;
        }
        let bytes = self.per_event_attribute(id)?;
        let place = self.facts.world.place(node.file, bytes);
        Some(Label { place, message: format!("makes `{}` run for each event", node.name) })
    }

    fn per_event_attribute(self, id: FnId) -> Option<Bytes> {
        let world = &self.facts.world;
        let vocabulary = Vocabulary::shared();
        let types = Types { world, vocabulary, members: Default::default() };
        let def = &world.functions[id.index()];
        let attrs = def.function.attrs.iter().zip(&def.function.attr_bytes);
        let mut matching = attrs.filter(|(attr, _)| {
            vocabulary.per_event_attributes.matches(types.attribute(def.scope, attr))
        });
        matching.next().map(|(_, bytes)| *bytes)
    }

    /// The state that the walk knows: a call that only happens without what is kept belongs to a
    /// node that runs for each event.
    fn known(self, state: State) -> When {
        match self.reach.from.contains_key(&state) || self.reach.states.contains(&state) {
            true => state.when,
            false => When::Invocation,
        }
    }

    /// Where some code of a node is shown.
    pub fn shown(self, node: NodeId, bytes: Bytes) -> Place {
        self.named(node, bytes, bytes)
    }

    /// The place of some code; the whole call of a macro that wrote its name.
    fn named(self, node: NodeId, bytes: Bytes, name: Bytes) -> Place {
        let file = self.node(node).file;
        let text = &self.facts.world.files[file].text;
        let call = (name.start == name.end).then(|| macro_call(text, name.start as usize));
        match call.flatten() {
            Some((_, range)) => Place::new(&self.facts.world.files[file].path, range),
            None => self.facts.world.place(file, bytes),
        }
    }

    /// The macro of the crates' own that wrote a name.
    fn wrote(self, node: NodeId, name: Bytes) -> Option<MacroId> {
        if name.start != name.end {
            return None;
        }
        let world = &self.facts.world;
        let text = &world.files[self.node(node).file].text;
        let (path, _) = macro_call(text, name.start as usize)?;
        let segments = text[path].split("::").map(|name| Sym::new(name.trim())).collect();
        let path = Path { segments, ..Path::default() };
        match world.resolve(self.scope(node)?, &path, Space::Macro) {
            Some(Res::Def(Def::Macro(id))) => Some(id),
            _ => None,
        }
    }

    fn scope(self, node: NodeId) -> Option<ModId> {
        let world = &self.facts.world;
        Some(match self.node(node).code {
            Code::Fn(id) => world.functions[id.index()].scope,
            Code::Global(id) => world.globals[id.index()].scope,
            Code::Macros(id) => id,
            Code::Closure(root, _) => return self.scope(root),
        })
    }
}

/// The call of a macro whose input starts at a byte: its path, and the whole of it.
fn macro_call(text: &str, input: usize) -> Option<(Range<usize>, Range<usize>)> {
    let before = text.get(..input)?.strip_suffix(['(', '[', '{'])?;
    let path = before.trim_end().strip_suffix('!')?.trim_end();
    let inside = |c: char| c == '_' || c == ':' || c == '$' || c.is_alphanumeric();
    let start = path.trim_end_matches(inside).len();
    let mut depth = 1;
    let end = lex(&text[input..]).find_map(|(kind, range)| {
        match kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(input + range.end)
    })?;
    (start < path.len()).then_some((start..path.len(), start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_call_of_a_macro_is_found_from_its_input() {
        for (text, call) in [
            ("let x = serve!(a(b), \")\");", Some("serve!(a(b), \")\")")),
            ("crate::client! { /* } */ name };", Some("crate::client! { /* } */ name }")),
            ("f(g(x))", None),
            ("!(x)", None),
        ] {
            let input = text.find(['(', '{']).expect("a delimiter") + 1;
            let found = macro_call(text, input).map(|(_, range)| &text[range]);
            assert_eq!(found, call, "{text}");
        }
    }
}

//! What runs when, for each function of a project.

use super::{
    code::{
        CodeFacts,
        eval::{Call, Graph, Link, Node},
        reach::{Reach, State, When},
        value::NodeId,
    },
    workspace::Function,
};
use crate::{
    finding::{Label, Phase},
    source::Place,
};
use std::rc::Rc;

/// The code of the functions.
#[derive(Clone, Debug, Default)]
pub struct FunctionsCode {
    /// What was found out, for all of them together.
    pub facts: Rc<CodeFacts>,
    /// The crate of each function's binary.
    pub binaries: Vec<Option<usize>>,
}

/// The code of one function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionCode<'a> {
    /// What was found out.
    pub facts: &'a CodeFacts,
    /// The crate of its binary.
    pub binary: usize,
    /// The pieces of code it reaches.
    pub graph: &'a Graph,
    /// Whether it hands something to a Lambda runtime.
    pub on_lambda: bool,
    /// When each of them runs.
    pub reach: &'a Reach,
}

impl FunctionsCode {
    /// The code of one of the functions, if its binary could be read.
    pub fn of(&self, functions: &[Function], function: &Function) -> Option<FunctionCode<'_>> {
        let same =
            |other: &Function| other.package == function.package && other.bin == function.bin;
        let index = functions.iter().position(same)?;
        let binary = (*self.binaries.get(index)?)?;
        let one = self.facts.binaries.get(binary)?.as_ref()?;
        Some(FunctionCode {
            facts: &self.facts,
            binary,
            graph: &one.graph,
            on_lambda: one.on_lambda,
            reach: &one.reach,
        })
    }
}

impl<'a> FunctionCode<'a> {
    /// Whether something was found that runs for each event.
    pub fn has_handler(self) -> bool {
        self.reach.states.iter().any(|state| state.when == When::Invocation)
    }

    /// The calls it makes, with the state each is made in.
    pub fn calls(self) -> impl Iterator<Item = (State, &'a Call)> {
        self.facts.calls(self.binary)
    }

    /// A node.
    pub fn node(self, id: NodeId) -> &'a Node {
        &self.graph.nodes[id.index()]
    }

    /// Where a call is shown: from its name to its end.
    pub fn place(self, node: NodeId, call: &Call) -> Place {
        self.facts.world.place(self.node(node).file, call.name.to(call.bytes))
    }

    /// The way to a state as labels: where the handler is handed over, then each call.
    pub fn way(self, state: State) -> Vec<Label> {
        let start = State { when: self.known(state), ..state };
        let way = self.reach.way(start);
        let from = way.iter().rposition(|(state, edge)| {
            matches!(self.node(state.node).edges[*edge].link, Link::PerEvent(_))
        });
        let mut labels = Vec::new();
        for (index, (state, edge)) in way.iter().enumerate().skip(from.unwrap_or(0)) {
            let node = self.node(state.node);
            let edge = &node.edges[*edge];
            let to = self.node(edge.to);
            let message = match edge.link {
                Link::PerEvent(_) => format!("`{}` is handed to the runtime here", to.name),
                Link::Once => "made on first use".to_owned(),
                _ if index == 0 => format!("calls `{}`", to.name),
                _ => format!("`{}` calls `{}`", node.name, to.name),
            };
            let closure = to.file == node.file && to.head == edge.bytes;
            let message = match (edge.link, closure) {
                (Link::PerEvent(_), true) => "runs for each event".to_owned(),
                (Link::Mention | Link::Call, true) => continue,
                _ => message,
            };
            let bytes = edge.bytes;
            labels.push(Label { place: self.facts.world.place(node.file, bytes), message });
        }
        labels
    }

    /// The state that the walk knows: a call that only happens without what is kept belongs to a
    /// node that runs for each event.
    fn known(self, state: State) -> When {
        match self.reach.from.contains_key(&state) || self.reach.states.contains(&state) {
            true => state.when,
            false => When::Invocation,
        }
    }
}

/// The phase as a finding names it.
pub fn phase(when: When) -> Phase {
    match when {
        When::Init => Phase::Init,
        When::Invocation => Phase::Invocation,
        When::Late => Phase::Once,
    }
}

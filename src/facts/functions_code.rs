//! What runs when, for each function of a project.

use super::{
    code::{
        CodeFacts,
        eval::{Call, Graph, Node},
        reach::{Reach, State, When},
        value::NodeId,
    },
    workspace::Function,
};
use crate::finding::Phase;
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

    /// Whether a binary is no function but a tool or local server beside one: nothing in it is
    /// handed to a Lambda runtime, and something in another binary of its package is. A `main`
    /// behind a macro that nobody knows may do anything.
    pub fn is_tool(&self, functions: &[Function], function: &Function) -> bool {
        let beside = |other: &Function| other.package == function.package;
        let on_lambda = |function| self.of(functions, function).is_some_and(|code| code.on_lambda);
        let Some(code) = self.of(functions, function) else { return false };
        let starts = code.calls().filter(|(state, _)| !code.reach.from.contains_key(state));
        let opaque = |call: &Call| call.path.starts_with("?::") && call.path.ends_with('!');
        !code.on_lambda
            && functions.iter().any(|other| beside(other) && on_lambda(other))
            && !starts.into_iter().any(|(_, call)| opaque(call))
            && !self.facts.world.unread.iter().any(|unread| unread.file == function.src_path)
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
}

/// The phase as a finding names it.
pub fn phase(when: When) -> Phase {
    match when {
        When::Init => Phase::Init,
        When::Invocation => Phase::Invocation,
        When::Late => Phase::Once,
    }
}

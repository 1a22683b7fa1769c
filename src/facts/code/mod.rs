//! Which code of a function runs when: once in init, for each event, or once behind a cache.
//!
//! Texts of crates go in; foreign calls with their phase and the way that leads to them come out.
//! No type is checked and no dependency resolved: what a name means is found in the crates' own
//! code, and what cannot be found is left out rather than guessed. Which foreign calls matter is
//! for the rules to say; this knows none but those of `vocabulary`.

pub mod eval;
pub mod expand;
pub mod guard;
pub mod inputs;
pub mod ir;
pub mod lex;
pub mod load;
pub mod lower;
pub mod names;
pub mod pattern;
pub mod reach;
pub mod sym;
pub mod types;
pub mod value;
pub mod vocabulary;
pub mod walk;
pub mod world;

use eval::{Code, Graph};
use load::{CrateInput, Read, STACK};
use reach::{Reach, State};
use rustc_hash::FxHashSet as HashSet;
use std::thread;
use types::Types;
use value::NodeId;
use vocabulary::{Entry, Vocabulary};
use world::World;

/// What is known of the code of some binaries.
#[derive(Debug, Default)]
pub struct CodeFacts {
    /// The items.
    pub world: World,
    /// What each binary reaches, by its crate's index; none for libraries.
    pub binaries: Vec<Option<Binary>>,
}

/// What one binary reaches. Each is looked at on its own: a helper is given one thing by one
/// function and another by the next.
#[derive(Debug, Default)]
pub struct Binary {
    /// The pieces of code and how they lead to each other.
    pub graph: Graph,
    /// When each of them runs.
    pub reach: Reach,
    /// Whether it hands something to a Lambda runtime; others only serve a web framework.
    pub on_lambda: bool,
}

/// Looks at the binaries among some crates.
pub fn analyse(crates: Vec<CrateInput>, vocabulary: &Vocabulary, read: &Read<'_>) -> CodeFacts {
    let loaded = load::load(&crates, read);
    // Walking what was parsed recurses as deep as parsing it did.
    thread::scope(|scope| {
        let run = || explore(World::build(crates, loaded, vocabulary), vocabulary);
        let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        worker.ok().and_then(|worker| worker.join().ok()).unwrap_or_default()
    })
}

fn explore(world: World, vocabulary: &Vocabulary) -> CodeFacts {
    let types = Types::new(&world, vocabulary);
    let binary = |index: usize| {
        let mut graph = Graph::default();
        let starts = graph.explore(&types, index);
        let per_event = per_event(&types, &graph, &starts);
        let reach = Reach::walk(&graph, &starts, &per_event);
        let given = reach.entries.iter().any(|(_, _, entry)| entry.on_lambda());
        let runs = |call: &eval::Call| {
            vocabulary.per_event(call.path).is_some_and(Entry::on_lambda)
                || vocabulary.factories.matches(call.path)
        };
        let runs = |state: &State| graph.nodes[state.node.index()].calls.iter().any(runs);
        let on_lambda = given || !per_event.is_empty() || reach.states.iter().any(runs);
        Binary { graph, reach, on_lambda }
    };
    let all = world.crates.iter().enumerate();
    let binaries = all.map(|(index, one)| one.input.is_bin.then(|| binary(index))).collect();
    drop(types);
    CodeFacts { world, binaries }
}

/// The starts that an attribute makes run for each event: `#[lambda] fn main(event, context)`.
fn per_event(types: &Types<'_>, graph: &Graph, starts: &[NodeId]) -> HashSet<NodeId> {
    let attributed = |node: &NodeId| match graph.nodes[node.index()].code {
        Code::Fn(id) => types.per_event(&types.world.functions[id.index()]),
        _ => false,
    };
    starts.iter().copied().filter(attributed).collect()
}

impl CodeFacts {
    /// The foreign calls of a binary with the state they are made in; `Late` where only what is
    /// kept is missing.
    pub fn calls(&self, binary: usize) -> impl Iterator<Item = (State, &eval::Call)> {
        let one = self.binaries.get(binary).and_then(Option::as_ref);
        let states = one.into_iter().flat_map(|one| {
            one.reach.states.iter().map(|state| (*state, &one.graph.nodes[state.node.index()]))
        });
        states.flat_map(|(state, node)| {
            node.calls.iter().map(move |call| {
                let late = call.kept && state.when == reach::When::Invocation;
                let when = if late { reach::When::Late } else { state.when };
                (State { when, ..state }, call)
            })
        })
    }
}

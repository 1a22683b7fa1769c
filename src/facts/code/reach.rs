//! Reads off the graph which node runs in which phase of one binary, and by which way.
//!
//! A breadth-first walk from `main`, so that the way that is shown is a shortest one. A node can
//! run in several phases: each is a state of its own.

use super::{
    eval::{Code, Edge, Graph, Link},
    value::NodeId,
    vocabulary::Entry,
};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::collections::VecDeque;

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// Before the first event, things made once there included.
    Init,
    /// For each event.
    Invocation,
    /// Made once, but first needed while an event waits.
    Late,
}

/// A node as it runs in a binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The node.
    pub node: NodeId,
    /// When it runs.
    pub when: When,
    /// Whether it runs on a thread where blocking harms nobody.
    pub off_worker: bool,
}

/// What runs in one binary.
#[derive(Debug, Default)]
pub struct Reach {
    /// The states, nearest to `main` first.
    pub states: Vec<State>,
    /// How a state was reached: from which, and by which of its edges.
    pub from: HashMap<State, (State, usize)>,
    /// How events come in: the node that hands over a handler, by which of its edges, and how.
    pub entries: Vec<(NodeId, usize, Entry)>,
}

impl Reach {
    /// Walks from the nodes a binary starts at; `per_event` are those that run for each event
    /// from the start.
    pub fn walk(graph: &Graph, starts: &[NodeId], per_event: &HashSet<NodeId>) -> Reach {
        let on_lambda = Reach::follow(graph, starts, per_event, false);
        match on_lambda.entries.is_empty() && per_event.is_empty() {
            true => Reach::follow(graph, starts, per_event, true),
            false => on_lambda,
        }
    }

    /// Walks with or without the web servers that a binary starts itself.
    fn follow(
        graph: &Graph,
        starts: &[NodeId],
        per_event: &HashSet<NodeId>,
        served: bool,
    ) -> Reach {
        let taken = Taken::of(graph);
        let mut reach = Reach::default();
        let mut seen = HashSet::default();
        let mut queue = VecDeque::new();
        for node in starts {
            let when = if per_event.contains(node) { When::Invocation } else { When::Init };
            let state = State { node: *node, when, off_worker: false };
            if seen.insert(state) {
                queue.push_back(state);
            }
        }
        while let Some(state) = queue.pop_front() {
            reach.states.push(state);
            for (index, edge) in graph.nodes[state.node.index()].edges.iter().enumerate() {
                if edge.link == Link::Mention && taken.elsewhere(graph, edge.to) {
                    continue;
                }
                if edge.link == Link::Served && !served {
                    continue;
                }
                if let Link::PerEvent(entry) = edge.link {
                    reach.entries.push((state.node, index, entry));
                }
                let next = step(state, edge);
                if seen.insert(next) {
                    reach.from.insert(next, (state, index));
                    queue.push_back(next);
                }
            }
        }
        reach.entries.sort_by_key(|(node, index, _)| (*node, *index));
        reach.entries.dedup();
        reach
    }

    /// The steps from `main` to a state, first to last: each node with the edge that leaves it.
    pub fn way(&self, to: State) -> Vec<(State, usize)> {
        let mut way = Vec::new();
        let mut at = to;
        while let Some((from, edge)) = self.from.get(&at) {
            way.push((*from, *edge));
            at = *from;
        }
        way.reverse();
        way
    }
}

fn step(from: State, edge: &Edge) -> State {
    let when = match (edge.link, from.when) {
        (Link::PerEvent(_), _) => When::Invocation,
        (Link::Once, When::Invocation) => When::Late,
        (_, When::Invocation) if edge.kept => When::Late,
        (_, when) => when,
    };
    let off_worker = match edge.link {
        Link::OffWorker => true,
        Link::PerEvent(entry) => entry == Entry::Sync,
        _ => from.off_worker,
    };
    State { node: edge.to, when, off_worker }
}

/// Which nodes somebody is known to run, so that whoever creates or names them does not.
struct Taken {
    handed: HashSet<NodeId>,
    called: HashSet<NodeId>,
}

impl Taken {
    fn of(graph: &Graph) -> Taken {
        let mut taken = Taken { handed: HashSet::default(), called: HashSet::default() };
        for edge in graph.nodes.iter().flat_map(|node| &node.edges) {
            match edge.link {
                Link::PerEvent(_) | Link::Once | Link::OffWorker | Link::Served => {
                    taken.handed.insert(edge.to);
                }
                Link::Call => {
                    taken.called.insert(edge.to);
                }
                Link::Mention => {}
            }
        }
        taken
    }

    fn elsewhere(&self, graph: &Graph, node: NodeId) -> bool {
        let closure = matches!(graph.nodes[node.index()].code, Code::Closure(..));
        self.handed.contains(&node) || closure && self.called.contains(&node)
    }
}

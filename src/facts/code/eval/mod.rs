//! Runs every body that a binary can reach, on types instead of values.
//!
//! Starts at `main` and follows calls: a function is looked at once something reaches it, and
//! again when more is learnt of what it is given. The outcome is a graph of nodes (functions,
//! closures, initialisers) with the foreign calls each makes; which of them run per event is read
//! off the graph afterwards. Every set only grows and is bounded, so this ends.

mod awaits;
mod body;
mod call;
mod given;
mod hand;
mod keep;
mod method;
mod pattern;

use given::RECEIVER;

use super::{
    ir::{Bytes, Lit},
    sym::Sym,
    types::{TypeScope, Types},
    value::{Keep, NodeId, Ty, Val},
    vocabulary::Entry,
    world::{DataId, Def, FnId, GlobalId, ModId, World},
};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::collections::{BTreeSet, VecDeque};

/// What a node is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A function.
    Fn(FnId),
    /// A closure, by the node it is created in and its number there.
    Closure(NodeId, u32),
    /// What a static or const starts as.
    Global(GlobalId),
    /// The macros called between the items of a module.
    Macros(ModId),
}

/// How one node leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// It calls it.
    Call,
    /// It hands it to a runtime or framework that runs it per event.
    PerEvent(Entry),
    /// It hands it to something that runs it once and keeps the result.
    Once,
    /// It hands it to a web server of its own, which is none where a Lambda runtime serves.
    Served,
    /// It calls it on a thread where blocking harms nobody.
    OffWorker,
    /// It creates or names it; nothing says who runs it.
    Mention,
}

/// A step from one node to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it leads.
    pub to: NodeId,
    /// How.
    pub link: Link,
    /// Where it stands in the node's file.
    pub bytes: Bytes,
    /// The innermost branch it stands in that something kept decides over.
    region: Option<usize>,
    /// Whether it only happens when nothing is kept yet.
    pub kept: bool,
}

/// A foreign function, method or macro that is called.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its path.
    pub path: Sym,
    /// Where the call stands.
    pub bytes: Bytes,
    /// Where its name stands.
    pub name: Bytes,
    /// Whether everything it is given is the same for every event.
    pub fixed: bool,
    /// Whether something it is called on or given is the event or a part of it, as it came.
    pub event: bool,
    /// The first literal it is given.
    pub literal: Option<Lit>,
    /// The literal with an address or path that something it is given was made of, or the name of
    /// the environment's variable that holds one.
    pub address: Option<Sym>,
    /// Whether it is only made when nothing is kept yet.
    pub kept: bool,
    /// Whether its value is thrown away.
    pub dropped: bool,
    /// Whether its arguments send something to somebody, as a task with a channel does.
    pub sends: bool,
    /// The foreign types of the variables that its arguments wait for, where its value is thrown
    /// away.
    pub drives: Vec<Sym>,
    /// The foreign types of the variables that its arguments mention, then.
    pub mentions: Vec<Sym>,
    /// Whether it is awaited on the spot.
    pub awaited: bool,
    /// Whether it stands in a loop.
    pub in_loop: bool,
    /// The methods called on its result, with the literal each is given.
    pub chain: Vec<(Sym, Option<Lit>)>,
    region: Option<usize>,
}

/// A piece of code with what it does.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub code: Code,
    /// The file it stands in.
    pub file: usize,
    /// Its name, or that of the function around a closure.
    pub name: Sym,
    /// Where it starts: a function's name, a closure's bars.
    pub head: Bytes,
    /// The foreign calls it makes.
    pub calls: Vec<Call>,
    /// The nodes it leads to.
    pub edges: Vec<Edge>,
    /// What it returns.
    pub output: Val,
    /// The methods called on statics, for what only grows.
    pub kept: Vec<(GlobalId, Sym, Bytes)>,
    /// What is bound by awaiting, block by block: for `sequential-awaits`.
    pub awaits: Vec<Vec<Awaited>>,
    /// Whether it stores into what it is a method of.
    stores: bool,
    /// The places that it, or what it calls, stores into.
    stored: BTreeSet<Keep>,
    /// The place that keeps what it returns.
    returns: Option<Keep>,
    rounds: u8,
}

/// A statement that waits.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// The statement.
    pub bytes: Bytes,
    /// The names it binds.
    pub binds: Vec<Sym>,
    /// The names it mentions.
    pub uses: HashSet<Sym>,
}

/// The graph of everything that some binary reaches.
#[derive(Debug, Default)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<Node>,
    by_code: HashMap<Code, NodeId>,
    /// What functions are given beyond what their parameters' types say.
    params: HashMap<(FnId, usize), Val>,
    /// Whether every call gives a parameter the same for every event.
    fixed: HashMap<(FnId, usize), bool>,
    /// Whether every call gives a parameter, or what the function is a method of, that the
    /// caller owns.
    owned: HashMap<(FnId, usize), bool>,
    /// The closures that run per event: what they capture was there before.
    per_event: HashSet<NodeId>,
    /// What fields hold beyond what their types say.
    fields: HashMap<(DataId, Sym), Val>,
    readers: HashMap<(DataId, Sym), BTreeSet<NodeId>>,
    callers: HashMap<NodeId, BTreeSet<NodeId>>,
    queue: VecDeque<NodeId>,
    queued: HashSet<NodeId>,
}

/// How often a node is looked at again before what it is given counts as known well enough.
const ROUNDS: u8 = 6;

impl Graph {
    /// The node of some code, created and queued when it is new.
    fn node(&mut self, types: &Types<'_>, code: Code, head: Bytes) -> NodeId {
        let world = types.world;
        if let Some(id) = self.by_code.get(&code) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let mut output = Val::default();
        let (file, name, head) = match code {
            Code::Fn(id) => {
                // What is declared is known before the body is looked at, so that callers do not
                // have to be looked at again.
                output = types.output(id).unwrap_or_default();
                output.owned = types.gives_away(id);
                let def = &world.functions[id.index()];
                (def.file, def.function.name, def.function.name_bytes)
            }
            Code::Closure(parent, _) => {
                let parent = &self.nodes[parent.index()];
                (parent.file, parent.name, head)
            }
            Code::Global(id) => {
                let global = &world.globals[id.index()];
                (global.file, global.item.name, global.item.bytes)
            }
            Code::Macros(id) => (world.modules[id.index()].file, Sym::new("main"), head),
        };
        self.nodes.push(Node {
            code,
            file,
            name,
            head,
            calls: Vec::new(),
            edges: Vec::new(),
            output,
            kept: Vec::new(),
            awaits: Vec::new(),
            stores: false,
            stored: BTreeSet::new(),
            returns: None,
            rounds: 0,
        });
        self.by_code.insert(code, id);
        if !matches!(code, Code::Closure(..)) {
            self.enqueue(id);
        }
        id
    }

    fn enqueue(&mut self, id: NodeId) {
        // A closure is looked at where it is created, with the names it captures.
        let mut id = id;
        while let Code::Closure(parent, _) = self.nodes[id.index()].code {
            id = parent;
        }
        if self.nodes[id.index()].rounds < ROUNDS && self.queued.insert(id) {
            self.queue.push_back(id);
        }
    }

    /// The node of some code, if it was reached.
    pub fn find(&self, code: Code) -> Option<NodeId> {
        self.by_code.get(&code).copied()
    }

    /// Whether some call gives a parameter the event or a part of it, as it came.
    pub fn is_given_event(&self, function: FnId, parameter: usize) -> bool {
        self.params.get(&(function, parameter)).is_some_and(|given| given.event)
    }

    /// Follows everything from the `main` of a crate, and returns the nodes this starts at.
    pub fn explore(&mut self, types: &Types<'_>, crate_index: usize) -> Vec<NodeId> {
        let world = types.world;
        let mut code = entry_code(world, crate_index);
        for (index, def) in world.functions.iter().enumerate() {
            let id = Code::Fn(FnId(index as u32));
            let own = world.modules[def.scope.index()].crate_index == crate_index;
            if own && (types.per_event(def) || types.is_main(def)) && !code.contains(&id) {
                code.push(id);
            }
        }
        let starts =
            code.into_iter().map(|code| self.node(types, code, Bytes::default())).collect();
        while let Some(id) = self.queue.pop_front() {
            self.queued.remove(&id);
            self.nodes[id.index()].rounds += 1;
            Eval::run(types, self, id);
        }
        starts
    }
}

/// Where a crate starts: its `main`, and macros between items that may stand for one.
fn entry_code(world: &World, index: usize) -> Vec<Code> {
    let Some(root) = world.crates[index].root else { return Vec::new() };
    let module = &world.modules[root.index()];
    let mut codes = Vec::new();
    let main = Sym::new("main");
    let own = module.names.get(&main).into_iter().flatten();
    codes.extend(own.filter_map(|def| match def {
        Def::Fn(id) => Some(Code::Fn(*id)),
        _ => None,
    }));
    if codes.is_empty() && module.uses.contains_key(&main) {
        let path = super::ir::Path { segments: [main].into(), ..Default::default() };
        if let Some(super::names::Res::Def(Def::Fn(id))) =
            world.resolve(root, &path, super::names::Space::Value)
        {
            codes.push(Code::Fn(id));
        }
    }
    for (at, module) in world.modules.iter().enumerate() {
        if module.crate_index == index && !module.macro_calls.is_empty() {
            codes.push(Code::Macros(ModId(at as u32)));
        }
    }
    codes
}

/// One look at one function or initialiser, its closures included.
struct Eval<'a, 'w> {
    types: &'a Types<'w>,
    graph: &'a mut Graph,
    /// The node that is being filled.
    node: NodeId,
    /// Where names are looked up.
    scope: ModId,
    /// What `Self` and type parameters mean.
    typing: TypeScope,
    /// The variables, innermost last.
    locals: Vec<(Sym, Val)>,
    out: Output,
    /// How many closures this look has met.
    closures: u32,
    /// How many macros deep it is.
    expanding: usize,
    /// The root of those closures: the node that was queued.
    root: NodeId,
}

/// What one node does, while it is being found out.
#[derive(Default)]
struct Output {
    calls: Vec<Call>,
    edges: Vec<Edge>,
    output: Val,
    kept: Vec<(GlobalId, Sym, Bytes)>,
    awaits: Vec<Vec<Awaited>>,
    regions: Vec<keep::Region>,
    region: Option<usize>,
    loops: usize,
    /// The expression that is awaited or thrown away.
    awaited: Option<Bytes>,
    dropped: Option<Bytes>,
    /// Whether it stores into what it is a method of.
    stores: bool,
    /// The places that it, or what it calls, stores into.
    stored: BTreeSet<Keep>,
    /// The places that parameters come from, by one caller or another.
    lent: BTreeSet<Keep>,
    /// The places whose old value was asked for while a new one was stored.
    swapped: BTreeSet<Keep>,
    /// The place that keeps what it returns.
    returns: Option<Keep>,
    /// The places something kept was read from since this was last cleared.
    read: Vec<Keep>,
}

impl<'a, 'w> Eval<'a, 'w> {
    fn run(types: &'a Types<'w>, graph: &'a mut Graph, node: NodeId) {
        let world = types.world;
        let code = graph.nodes[node.index()].code;
        let (scope, typing) = match code {
            Code::Fn(id) => (world.functions[id.index()].scope, types.scope_of(id)),
            Code::Global(id) => (world.globals[id.index()].scope, TypeScope::default()),
            Code::Macros(id) => (id, TypeScope::default()),
            Code::Closure(..) => return,
        };
        let mut eval = Eval {
            types,
            graph,
            node,
            scope,
            typing,
            locals: Vec::new(),
            out: Output::default(),
            closures: 0,
            expanding: 0,
            root: node,
        };
        let value = match code {
            Code::Fn(id) => eval.function(id),
            Code::Global(id) => {
                let init = &world.globals[id.index()].item.init;
                init.as_ref().map(|init| eval.expr(init)).unwrap_or_default()
            }
            Code::Macros(id) => {
                for call in &world.modules[id.index()].macro_calls {
                    eval.macro_call(call, call.path.bytes);
                }
                Val::default()
            }
            Code::Closure(..) => Val::default(),
        };
        let out = std::mem::take(&mut eval.out);
        eval.finish(node, out, value);
    }

    fn function(&mut self, id: FnId) -> Val {
        let world = self.types.world;
        let def = &world.functions[id.index()];
        let function = &def.function;
        if function.receiver {
            let owned = self.graph.owned.get(&(id, RECEIVER)).copied().unwrap_or(false);
            let this = Val { owned, ..self.typing.this.clone() };
            self.locals.push((Sym::new("self"), this));
        }
        for (index, (pat, ty)) in function.params.iter().enumerate() {
            let typed = self.types.ty(self.scope, &self.typing, ty);
            let mut val = typed.val;
            if let Some(given) = self.graph.params.get(&(id, index)) {
                if typed.open {
                    narrow(&mut val, given);
                }
                if given.event {
                    let tys = self.types.extracted(self.scope, &self.typing, ty);
                    val.join(&Val { tys, ..Val::default() });
                }
                val.event |= given.event;
                val.address = given.address;
                val.keep = val.keep.or(given.keep);
                self.out.lent.extend(given.keep);
            }
            let given_owned = self.graph.owned.get(&(id, index)).copied().unwrap_or(false);
            val.owned = given_owned || self.types.owns(self.scope, ty);
            val.fixed = self.graph.fixed.get(&(id, index)).copied().unwrap_or(false);
            self.bind(pat, val);
        }
        let Some(body) = &function.body else { return Val::default() };
        let value = self.block(body);
        match &function.output {
            Some(ty) => {
                let typed = self.types.ty(self.scope, &self.typing, ty);
                if let Some(super::ir::Stmt::Expr(last, false)) = body.stmts.last() {
                    self.converted(last, &typed.val);
                }
                let mut val = typed.val;
                let mut given = std::mem::take(&mut self.out.output);
                given.join(&value);
                self.out.returns = given.keep;
                val.event = given.event;
                if typed.open || val.tys.is_empty() {
                    narrow(&mut val, &given);
                }
                val
            }
            None => Val::default(),
        }
    }

    /// Stores what a node does, and wakes those that asked what it returns when that is news.
    fn finish(&mut self, id: NodeId, mut out: Output, value: Val) {
        keep::settle(&mut out);
        let node = &mut self.graph.nodes[id.index()];
        node.calls = out.calls;
        node.edges = out.edges;
        node.awaits = out.awaits;
        node.kept = out.kept;
        let mut output = std::mem::take(&mut node.output);
        let mut news = output.join(&Val { call: None, keep: None, ..value });
        node.output = output;
        news |= out.stores && !node.stores;
        node.stores |= out.stores;
        news |= !out.stored.is_subset(&node.stored) || out.returns > node.returns;
        node.stored.extend(out.stored);
        node.returns = node.returns.max(out.returns);
        if news {
            for caller in self.graph.callers.get(&id).cloned().unwrap_or_default() {
                if caller != self.root {
                    self.graph.enqueue(caller);
                }
            }
        }
    }

    fn link(&mut self, to: NodeId, link: Link, bytes: Bytes) {
        let region = self.out.region;
        let again = |edge: &Edge| edge.to == to && edge.link == link && edge.bytes == bytes;
        if !self.out.edges.iter().rev().take(8).any(again) {
            self.out.edges.push(Edge { to, link, bytes, region, kept: false });
        }
    }

    fn link_fn(&mut self, id: FnId, link: Link, bytes: Bytes) -> NodeId {
        let to = self.graph.node(self.types, Code::Fn(id), bytes);
        let link = self.memoised(id).unwrap_or(link);
        self.link(to, link, bytes);
        to
    }

    /// `#[cached]` functions run once whoever calls them.
    fn memoised(&self, id: FnId) -> Option<Link> {
        let def = &self.types.world.functions[id.index()];
        let kept = |attr| {
            let path = self.types.attribute(def.scope, attr);
            self.types.vocabulary.once_attributes.matches(path)
        };
        def.function.attrs.iter().any(kept).then_some(Link::Once)
    }
}

/// Adds what is known to come in; types that are known replace "some type with this trait".
fn narrow(val: &mut Val, given: &Val) {
    if given.tys.iter().any(|ty| !matches!(ty, Ty::Trait(_))) {
        val.tys.retain(|ty| !matches!(ty, Ty::Trait(_)));
    }
    val.join(given);
}

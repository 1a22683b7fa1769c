//! Is there a collection of trait objects, and is one made for each event?

use super::{change, code};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Code, Link},
            ir::{Expr, Kind, Pat, Path, Stmt, Type},
            names::{Res, Space},
            pattern::Patterns,
            reach::When,
            sym::Sym,
            walk::{bound, each},
            world::{Def, FnId, ModId, World},
        },
        functions_code::{FunctionCode, phase},
        workspace::Function,
    },
    finding::Phase,
    source::Place,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// Is there a collection of trait objects, or a crate that keeps one?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DynRegistry {
    /// Types that hold several values.
    collections: Patterns,
    /// Traits whose objects are no registry: errors, futures, parameters of queries.
    except: Patterns,
    /// Calls, macros and attributes of crates that keep a registry.
    calls: Patterns,
}

/// Is a collection of trait objects, or a router, made for each event?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryPerEvent {
    /// Types that hold several values.
    collections: Patterns,
    /// Traits whose objects are no registry: errors, futures, parameters of queries.
    except: Patterns,
    /// Calls that make a router.
    routers: Patterns,
}

/// What a type has to be made of to count.
struct Wanted<'a> {
    world: &'a World,
    collections: &'a Patterns,
    except: &'a Patterns,
}

impl Wanted<'_> {
    fn resolve(&self, scope: ModId, path: &Path) -> Option<Def> {
        match self.world.resolve(scope, path, Space::Type) {
            Some(Res::Def(def)) => Some(def),
            _ => None,
        }
    }

    /// The collection of trait objects in a type, by the path that names it.
    fn registry<'t>(&self, scope: ModId, ty: &'t Type, far: usize) -> Option<&'t Path> {
        match ty {
            Type::Ref(inner) | Type::List(inner) => self.registry(scope, inner, far),
            Type::Tuple(parts) => parts.iter().find_map(|part| self.registry(scope, part, far)),
            Type::Path(path) => {
                let holds = match self.resolve(scope, path) {
                    Some(Def::Foreign(name)) => {
                        self.collections.matches(name)
                            && path.generics.last().is_some_and(|held| self.object(scope, held))
                    }
                    Some(Def::Alias(id)) if far > 0 => {
                        let placed = &self.world.aliases[id.index()];
                        self.registry(placed.scope, &placed.item.1, far - 1).is_some()
                    }
                    _ => false,
                };
                if holds {
                    return Some(path);
                }
                path.generics.iter().find_map(|inner| self.registry(scope, inner, far))
            }
            _ => None,
        }
    }

    /// The collection of trait objects that a function returns, where it is a registry that the
    /// function makes: not one it was given, and not what it found out about something.
    fn made_by<'w>(&'w self, code: FunctionCode<'_>, id: FnId) -> Option<&'w Path> {
        let def = &self.world.functions[id.index()];
        let output = def.function.output.as_ref().filter(|ty| !matches!(ty, Type::Ref(_)))?;
        let path = self.registry(def.scope, output, FAR)?;
        let params = &def.function.params;
        if params.iter().any(|(_, ty)| self.registry(def.scope, ty, FAR).is_some()) {
            return None;
        }
        let mut entries = Entries { fetched: HashSet::new(), varies: HashSet::new() };
        entries.varies.insert(Sym::new("self"));
        for (index, (pat, ty)) in params.iter().enumerate() {
            if code.graph.is_given_event(id, index) {
                bound(pat, &mut entries.fetched);
            } else if !self.shared(def.scope, ty) {
                bound(pat, &mut entries.varies);
            }
        }
        let body = def.function.body.as_ref()?;
        entries.any(&body.stmts).then_some(path)
    }

    /// Whether values of a type are what functions share between events: clients and pointers.
    fn shared(&self, scope: ModId, ty: &Type) -> bool {
        match ty {
            Type::Ref(inner) => self.shared(scope, inner),
            Type::Dyn(_) | Type::Impl(_) => true,
            Type::Path(path) => match self.resolve(scope, path) {
                Some(Def::Foreign(name)) => {
                    !name.starts_with("std::") || name.ends_with("::Arc") || name.ends_with("::Rc")
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// `Box<dyn Trait>`, `Arc<dyn Trait>`, `&dyn Trait`.
    fn object(&self, scope: ModId, ty: &Type) -> bool {
        match ty {
            Type::Dyn(bounds) => {
                bounds.first().is_some_and(|bound| match self.resolve(scope, bound) {
                    Some(Def::Trait(_)) => true,
                    Some(Def::Foreign(path)) => !self.except.matches(path),
                    _ => false,
                })
            }
            Type::Ref(inner) => self.object(scope, inner),
            Type::Path(path) => match self.resolve(scope, path) {
                Some(Def::Foreign(name)) if !self.collections.matches(name) => {
                    path.generics.iter().any(|inner| self.object(scope, inner))
                }
                Some(Def::Alias(id)) => {
                    let placed = &self.world.aliases[id.index()];
                    self.object(placed.scope, &placed.item.1)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Looks for what a body puts into a registry whatever the event is: things under literal names,
/// and boxes around what is the same for every event. What a loop or a closure puts in is as many
/// as there are of something else.
struct Entries {
    /// The variables that hold the event, or what took waiting.
    fetched: HashSet<Sym>,
    /// Those that may hold something else for each event besides.
    varies: HashSet<Sym>,
}

impl Entries {
    fn any(&mut self, stmts: &[Stmt]) -> bool {
        stmts.iter().any(|stmt| match stmt {
            Stmt::Let(one) => {
                let found = one.init.iter().chain(&one.otherwise).any(|expr| self.within(expr));
                one.init.iter().for_each(|init| self.bind(&one.pat, init));
                found
            }
            Stmt::Expr(expr, _) => self.within(expr),
        })
    }

    /// What is made of something that varies does so too.
    fn bind(&mut self, pat: &Pat, value: &Expr) {
        if mentions(value, &[&self.fetched]) {
            bound(pat, &mut self.fetched);
        } else if mentions(value, &[&self.varies]) {
            bound(pat, &mut self.varies);
        }
    }

    fn within(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            Kind::Call(callee, args) => {
                let boxes = matches!(&callee.kind, Kind::Path(path) if boxes(path));
                let varies = |arg| mentions(arg, &[&self.fetched, &self.varies]);
                boxes && !args.iter().any(varies) || args.iter().any(|arg| self.within(arg))
            }
            Kind::Method(method) => {
                let named = matches!(&*method.args, [key, entry] if *method.name == *"insert"
                    && is_literal(key) && !mentions(entry, &[&self.fetched]));
                named
                    || self.within(&method.receiver)
                    || method.args.iter().any(|arg| self.within(arg))
            }
            Kind::Macro(call) => call.args.iter().any(|arg| self.within(arg)),
            Kind::Async(block) | Kind::Block(block) => self.any(&block.stmts),
            Kind::Try(inner) | Kind::Same(inner) | Kind::RefMut(inner) | Kind::Await(inner) => {
                self.within(inner)
            }
            Kind::If(one) => {
                if let Kind::Let(bound) = &one.cond.kind {
                    self.bind(&bound.0, &bound.1);
                }
                self.any(&one.then.stmts)
                    || one.otherwise.as_ref().is_some_and(|expr| self.within(expr))
            }
            Kind::Tuple(parts) | Kind::List(parts) | Kind::Parts(parts) => {
                parts.iter().any(|part| self.within(part))
            }
            Kind::Return(Some(value)) => self.within(value),
            _ => false,
        }
    }
}

/// Whether a value is made of one of some variables, or takes waiting.
fn mentions(expr: &Expr, variables: &[&HashSet<Sym>]) -> bool {
    let mut found = false;
    each(expr, &mut |inner| {
        found |= match &inner.kind {
            Kind::Path(path) => matches!(&*path.segments, [name]
                if variables.iter().any(|names| names.contains(name))),
            Kind::Await(_) => true,
            _ => false,
        };
    });
    found
}

/// `Box::new`, `Arc::new`, `Rc::new`.
fn boxes(path: &Path) -> bool {
    matches!(&*path.segments, [.., of, new]
        if *new == Sym::new("new") && ["Box", "Arc", "Rc"].contains(&of.as_str()))
}

/// A literal, or one made into a text.
fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Lit(_) => true,
        Kind::Same(inner) => is_literal(inner),
        Kind::Method(method) => is_literal(&method.receiver),
        Kind::Call(_, args) => matches!(&**args, [only] if is_literal(only)),
        _ => false,
    }
}

/// How many aliases are followed.
const FAR: usize = 8;

impl DynRegistry {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let world = &code.facts.world;
        let wanted = Wanted { world, collections: &self.collections, except: &self.except };
        let mut hits: BTreeMap<Place, Hit> = BTreeMap::new();
        let mut add = |place: Place, what: &str| {
            hits.entry(place.clone()).or_insert_with(|| Hit::at(place).with("what", what));
        };
        // Types are judged where values of them are made: in what the function reaches.
        for state in &code.reach.states {
            let node = code.node(state.node);
            match node.code {
                Code::Fn(id) => {
                    let def = &world.functions[id.index()];
                    if let Some(path) = wanted.made_by(code, id) {
                        add(world.place(def.file, path.bytes), "a collection of trait objects");
                    }
                }
                Code::Global(id) => {
                    let placed = &world.globals[id.index()];
                    if let Some(path) = wanted.registry(placed.scope, &placed.item.ty, FAR) {
                        add(world.place(placed.file, path.bytes), "a collection of trait objects");
                    }
                }
                _ => {}
            }
        }
        let reached: std::collections::HashSet<usize> =
            code.reach.states.iter().map(|state| code.node(state.node).file).collect();
        for placed in &world.data {
            if !reached.contains(&placed.file) {
                continue;
            }
            for (_, ty) in &placed.item.fields {
                if let Some(path) = wanted.registry(placed.scope, ty, FAR) {
                    add(world.place(placed.file, path.bytes), "a collection of trait objects");
                }
            }
        }
        for (state, call) in code.calls() {
            if self.calls.matches(call.path) {
                add(code.place(state.node, call), "a registry filled at run time");
            }
        }
        Outcome::Hits(hits.into_values().collect())
    }
}

impl RegistryPerEvent {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let world = &code.facts.world;
        let wanted = Wanted { world, collections: &self.collections, except: &self.except };
        let mut hits: BTreeMap<Place, Hit> = BTreeMap::new();
        for state in code.reach.states.iter().filter(|state| state.when == When::Invocation) {
            let node = code.node(state.node);
            for edge in node.edges.iter().filter(|edge| edge.link == Link::Call && !edge.kept) {
                let Code::Fn(id) = code.node(edge.to).code else { continue };
                if wanted.made_by(code, id).is_none() {
                    continue;
                }
                let at = code.shown(state.node, edge.bytes);
                let mut hit = Hit::at(at.clone()).with("what", "a registry");
                hit.change = change::hoist(code, state.node, edge.bytes, &|_| false);
                hit.phase = Some(Phase::Invocation);
                hit.labels = code.way(*state);
                hits.entry(at).or_insert(hit);
            }
        }
        for (state, call) in code.calls() {
            if state.when == When::Invocation && self.routers.matches(call.path) {
                let at = code.place(state.node, call);
                let mut hit = Hit::at(at.clone()).with("what", "a router");
                hit.phase = Some(phase(state.when));
                hit.labels = code.way(state);
                hits.entry(at).or_insert(hit);
            }
        }
        Outcome::Hits(hits.into_values().collect())
    }
}

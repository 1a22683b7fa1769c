//! Is there a collection of trait objects, and is one made for each event?

use super::{change, code};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Code, Link},
            ir::{Path, Type},
            names::{Res, Space},
            pattern::Patterns,
            reach::When,
            world::{Def, ModId, World},
        },
        functions_code::{FunctionCode, phase},
        workspace::Function,
    },
    finding::Phase,
    source::Place,
};
use serde::Deserialize;
use std::collections::BTreeMap;

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
                    let output = def.function.output.iter();
                    for ty in output {
                        if let Some(path) = wanted.registry(def.scope, ty, FAR) {
                            add(world.place(def.file, path.bytes), "a collection of trait objects");
                        }
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
                let def = &world.functions[id.index()];
                let owned = def.function.output.as_ref().filter(|ty| !matches!(ty, Type::Ref(_)));
                let makes = owned.and_then(|ty| wanted.registry(def.scope, ty, FAR));
                if makes.is_none() || receives(code, id.index(), &wanted) {
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

/// Whether a function is given the collection it returns, and so makes none.
fn receives(code: FunctionCode<'_>, function: usize, wanted: &Wanted<'_>) -> bool {
    let def = &code.facts.world.functions[function];
    def.function.params.iter().any(|(_, ty)| wanted.registry(def.scope, ty, FAR).is_some())
}

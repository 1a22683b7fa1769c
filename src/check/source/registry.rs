//! Is there a collection of trait objects, and is one made for each event?

mod entries;

mod wanted;

use super::{change, code};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Code, Link},
            pattern::Patterns,
            reach::When,
        },
        functions_code::phase,
        workspace::Function,
    },
    finding::Phase,
    source::Place,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use wanted::{FAR, Wanted};

/// Is there a collection of trait objects, or a crate that keeps one?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DynRegistry {
    /// Types that hold several values.
    collections: Patterns,
    /// Traits whose objects are no registry: errors, futures, parameters of queries.
    except: Patterns,
    /// Traits whose objects are one under a key only: a list of closures is a list of steps.
    under_a_key: Patterns,
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
    /// Traits whose objects are one under a key only: a list of closures is a list of steps.
    under_a_key: Patterns,
    /// Calls that make a router.
    routers: Patterns,
}

impl DynRegistry {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let world = &code.facts.world;
        let wanted = Wanted {
            world,
            collections: &self.collections,
            except: &self.except,
            under_a_key: &self.under_a_key,
        };
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
        let reached: HashSet<usize> =
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
        let wanted = Wanted {
            world,
            collections: &self.collections,
            except: &self.except,
            under_a_key: &self.under_a_key,
        };
        let mut hits: BTreeMap<Place, Hit> = BTreeMap::new();
        for state in code.reach.states.iter().filter(|state| state.when == When::Invocation) {
            let node = code.node(state.node);
            for edge in node.edges.iter().filter(|edge| edge.link == Link::Call && !edge.kept) {
                let Code::Fn(id) = code.node(edge.to).code else { continue };
                if wanted.made_by(code, id).is_none() && !wanted.fills(code, state.node, edge) {
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

//! Is one of these functions called in this phase?

use super::{
    branch::{always, before_events, instead_of},
    change, code, types,
};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            eval::{Call, Code},
            ir::{Bytes, Lit},
            pattern::Patterns,
            reach::State,
            sym::Sym,
            value::NodeId,
        },
        functions_code::{FunctionCode, phase},
        workspace::Function,
    },
    finding::{Label, Phase},
    source::Place,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Is one of these functions called in this phase?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CallWhen {
    /// The phase that is asked about.
    when: Phase,
    /// The functions, with what each kind of them is called in the message.
    calls: Vec<Kind>,
    /// What removes a hit, where that can be written.
    change: Option<Remedy>,
    /// What the other calls of a function are labelled, where they count as one with its first.
    together: Option<String>,
}

/// What can be done with a value that is made too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Remedy {
    /// Make it in `main` and hand it to the handler; deeper, make it a static.
    Hoist,
    /// Make it a static.
    Static,
}

/// Functions of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Kind {
    /// What one of them makes or does, for `{what}`.
    what: String,
    /// Their paths.
    paths: Patterns,
    /// Count only calls whose arguments are the same for every event.
    #[serde(default)]
    fixed: bool,
    /// Count only calls that every event leads to, given an address with one of these texts in it.
    #[serde(default)]
    addresses: Vec<String>,
    /// Count only calls whose value is thrown away.
    #[serde(default)]
    dropped: bool,
    /// Leave out calls given one of these texts.
    #[serde(default)]
    except_given: Vec<String>,
    /// Leave out calls whose arguments send something to somebody.
    #[serde(default)]
    lonely: bool,
    /// Leave out calls that only wait for a value of one of these: others use what it drives.
    #[serde(default)]
    drives: Patterns,
    /// Leave out calls given one of these, in whatever way: somebody waits at its other end.
    #[serde(default)]
    given_any: Patterns,
    /// Leave out calls given a path below one of these folders.
    #[serde(default)]
    except_below: Vec<String>,
    /// Leave out calls that are told something of the event by a method behind them.
    #[serde(default)]
    not_of_event: bool,
    /// Leave out calls on a thread where blocking harms nobody, and calls that give a future.
    #[serde(default)]
    blocking: bool,
    /// Leave out calls on whose result one of these methods is called.
    #[serde(default)]
    without: Vec<String>,
    /// Count only calls on whose result one of these methods is called.
    #[serde(default)]
    followed_by: Vec<String>,
    /// Leave out methods of what the same function makes by a call that counts too.
    #[serde(default)]
    made_elsewhere: bool,
    /// Leave out calls in what one of these is given, here or on the way: nobody waits for them.
    #[serde(default)]
    not_inside: Patterns,
    /// What the other calls are labelled where all calls of one function are one finding: it is
    /// somebody's helper, and what there is to do is to be done once.
    helper: Option<String>,
    /// Attributes that make a function do the same whenever it is called.
    #[serde(default)]
    attributes: Patterns,
}

/// What calls that count as one have in common.
#[derive(PartialEq, Eq, Hash)]
enum One {
    /// Where they stand.
    Caller(NodeId),
    /// What they call.
    Callee(Sym),
}

impl CallWhen {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen = HashSet::new();
        let mut first_of = HashMap::new();
        let counted: Vec<(State, &Call, &Kind)> = code
            .calls()
            .filter(|(state, _)| phase(state.when) == self.when)
            .filter_map(|(state, call)| {
                let kind = self.calls.iter().find(|kind| kind.counts(state, call))?;
                Some((state, call, kind))
            })
            .collect();
        let makes: HashSet<(NodeId, &str)> =
            counted.iter().filter_map(|(state, call, _)| Some((state.node, made(call)?))).collect();
        let any_in = |node: NodeId, bytes: Bytes| {
            counted.iter().any(|(state, call, _)| {
                code.node(state.node).file == code.node(node).file && bytes.holds(call.bytes)
            })
        };
        for &(state, call, kind) in &counted {
            if self.when == Phase::Init && !before_events(code, state, call) {
                continue;
            }
            if !kind.addresses.is_empty() && !always(code, state, call) {
                continue;
            }
            // Where the first way to make something fails, the other is no second fault.
            let first = instead_of(code, state.node, call);
            if first.is_some_and(|first| any_in(state.node, first)) {
                continue;
            }
            if kind.not_of_event && told_of_event(code, state.node, call) {
                continue;
            }
            let of = call.path.as_str().split_once('.').map(|(of, _)| of);
            if kind.made_elsewhere && of.is_some_and(|of| makes.contains(&(state.node, of))) {
                continue;
            }
            if inside(code, state, call, &kind.not_inside)
                || !seen.insert(code.spot(state.node, call))
            {
                continue;
            }
            let at = code.place(state.node, call);
            let one = match (&kind.helper, &self.together) {
                (Some(message), _) => Some((One::Callee(call.path), message)),
                (None, Some(message)) => Some((One::Caller(state.node), message)),
                (None, None) => None,
            };
            if let Some((one, message)) = one {
                if let Some(first) = first_of.get(&one) {
                    let hit: &mut Hit = &mut hits[*first];
                    hit.labels.push(Label { place: at, message: message.clone() });
                    continue;
                }
                first_of.insert(one, hits.len());
            }
            hits.push(self.hit(code, state, call, kind, at));
        }
        hits.extend(self.attributed(code));
        Outcome::Hits(hits)
    }

    /// Functions with one of the attributes. Where a program starts is left out: there they set up
    /// what runs it.
    fn attributed(&self, code: FunctionCode<'_>) -> Vec<Hit> {
        let types = types(code);
        let mut hits = BTreeMap::new();
        let states = code.reach.states.iter().filter(|state| phase(state.when) == self.when);
        for state in states.filter(|state| code.reach.from.contains_key(state)) {
            let node = code.node(state.node);
            let Code::Fn(id) = node.code else { continue };
            let def = &types.world.functions[id.index()];
            for (attr, bytes) in def.function.attrs.iter().zip(&def.function.attr_bytes) {
                let path = types.attribute(def.scope, attr);
                let kind = self.calls.iter().find(|kind| kind.attributes.matches(path));
                let Some(kind) = kind else { continue };
                let at = types.world.place(node.file, *bytes);
                let mut hit = Hit::at(at.clone())
                    .with("what", kind.what.clone())
                    .with("call", path.as_str())
                    .with("in", node.name.as_str());
                hit.phase = Some(self.when);
                hit.labels = code.way(*state);
                hits.entry(at).or_insert(hit);
            }
        }
        hits.into_values().collect()
    }

    fn hit(
        &self,
        code: FunctionCode<'_>,
        state: State,
        call: &Call,
        kind: &Kind,
        at: Place,
    ) -> Hit {
        let mut hit = Hit::at(at)
            .with("what", kind.what.clone())
            .with("call", call.path.as_str())
            .with("in", code.node(state.node).name.as_str());
        hit.phase = Some(self.when);
        hit.labels = code.way_to(state, call);
        let asked = |bytes| self.asks(code, state, bytes);
        hit.change = self.change.and_then(|remedy| {
            let hoisted = match remedy {
                Remedy::Hoist => change::hoist(code, state.node, call.bytes, &asked),
                Remedy::Static => None,
            };
            hoisted
                .or_else(|| change::keep_returned(code, state.node, call.bytes, &asked))
                .or_else(|| change::make_static(code, state.node, call.bytes, &asked))
        });
        hit
    }

    /// Whether a call that this asks for stands in some bytes of a node.
    fn asks(&self, code: FunctionCode<'_>, state: State, bytes: Bytes) -> bool {
        code.node(state.node).calls.iter().any(|call| {
            bytes.holds(call.bytes) && self.calls.iter().any(|kind| kind.counts(state, call))
        })
    }
}

impl Kind {
    fn counts(&self, state: State, call: &Call) -> bool {
        let called = |name: &String| call.chain.iter().any(|(method, _)| **method == **name);
        let given = |text: &String| matches!(call.literal, Some(Lit::Str(one)) if *one == **text);
        let below = |folder: &String| {
            let literal = match call.literal {
                Some(Lit::Str(text)) => Some(text),
                _ => call.address,
            };
            literal.is_some_and(|path| path.starts_with(folder.as_str()))
        };
        let asked = |address: Sym| self.addresses.iter().any(|part| address.contains(part));
        self.paths.matches(call.path)
            && (!self.fixed || call.fixed)
            && (self.addresses.is_empty() || call.address.is_some_and(asked))
            && (!self.dropped || call.dropped)
            && !self.except_given.iter().any(given)
            && !(self.lonely && call.sends)
            && !call.mentions.iter().any(|given| self.given_any.matches(*given))
            && !self.except_below.iter().any(below)
            && !call.drives.iter().any(|driven| self.drives.matches(*driven))
            && !(self.blocking && (state.off_worker || call.awaited))
            && !self.without.iter().any(called)
            && (self.followed_by.is_empty() || self.followed_by.iter().any(called))
    }
}

/// Whether a method in the chain behind a call is given the event or a part of it.
fn told_of_event(code: FunctionCode<'_>, node: NodeId, call: &Call) -> bool {
    code.node(node).calls.iter().any(|other| {
        let behind = other.path.strip_prefix(call.path.as_str());
        let chained = behind.is_some_and(|rest| rest.starts_with('.'));
        chained && other.event && other.bytes.holds(call.bytes)
    })
}

/// Whether a call stands in an argument of one of some others, in its own function or on the way.
fn inside(code: FunctionCode<'_>, state: State, call: &Call, others: &Patterns) -> bool {
    let given = |node: NodeId, bytes: Bytes| {
        code.node(node).calls.iter().any(|other| {
            other.bytes.holds(bytes) && other.bytes != bytes && others.matches(other.path)
        })
    };
    let way = code.reach.way(state);
    given(state.node, call.bytes)
        || way
            .iter()
            .any(|(state, edge)| given(state.node, code.node(state.node).edges[*edge].bytes))
}

/// The type of what a call makes, where it is one of the type's own functions.
fn made(call: &Call) -> Option<&str> {
    let (of, _) = call.path.as_str().rsplit_once("::")?;
    (!of.contains('.')).then_some(of)
}

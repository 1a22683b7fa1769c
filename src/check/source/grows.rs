//! Is there a static collection into which events put things and nothing takes them out?

use super::code;
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        code::{
            ir::{Bytes, Type},
            names::{Res, Space},
            reach::When,
            world::{Def, ModId, World},
        },
        workspace::Function,
    },
    finding::{Label, Phase},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Is there a static collection into which events put things and nothing takes them out?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GrowingStatic {
    /// Types that hold any number of things.
    collections: Vec<String>,
    /// Methods that put something in.
    adds: Vec<String>,
    /// Those of them that put it under a key.
    keyed: Vec<String>,
    /// Methods that take something out, or ask how much is in; `=` for an assignment.
    bounds: Vec<String>,
}

impl GrowingStatic {
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let Some(code) = code(facts, function) else { return Outcome::Hits(Vec::new()) };
        let any = |names: &[String], name: &str| names.iter().any(|one| one == name);
        let mut hits = BTreeMap::new();
        for state in &code.reach.states {
            if state.when == When::Init {
                continue;
            }
            let node = code.node(state.node);
            for (global, method, bytes) in &node.kept {
                let placed = &code.facts.world.globals[global.index()];
                let text = &code.facts.world.files[node.file].text;
                let holds = self.holds_any_number(&placed.item.ty);
                let few = || keyed_by_few(&code.facts.world, placed.scope, &placed.item.ty);
                let adds = any(&self.adds, method) && holds && !few();
                if !adds || any(&self.keyed, method) && keyed_by_literal(text, *bytes) {
                    continue;
                }
                let all = code.graph.nodes.iter().flat_map(|node| &node.kept);
                let mut here = all.filter(|(other, ..)| other == global);
                if here.any(|(_, method, _)| any(&self.bounds, method)) {
                    continue;
                }
                let at = code.facts.world.place(placed.file, placed.item.bytes);
                let mut hit = Hit::at(at.clone()).with("static", placed.item.name.as_str());
                hit.phase = Some(Phase::Invocation);
                hit.labels.push(Label {
                    place: code.shown(state.node, *bytes),
                    message: "events put things in here".to_owned(),
                });
                hits.entry(at).or_insert(hit);
            }
        }
        Outcome::Hits(hits.into_values().collect())
    }

    fn holds_any_number(&self, ty: &Type) -> bool {
        match ty {
            Type::Path(path) => {
                let named = path
                    .segments
                    .last()
                    .is_some_and(|name| self.collections.iter().any(|one| **one == **name));
                named || path.generics.iter().any(|inner| self.holds_any_number(inner))
            }
            Type::Ref(inner) | Type::List(inner) => self.holds_any_number(inner),
            Type::Tuple(parts) => parts.iter().any(|part| self.holds_any_number(part)),
            _ => false,
        }
    }
}

/// Whether a type is a map, or a set, of what there are only few of: variants without a value,
/// flags, bytes, and texts of the program.
fn keyed_by_few(world: &World, scope: ModId, ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            let name = path.segments.last().map_or("", |name| name.as_str());
            let keyed = name.ends_with("Map") || name.ends_with("Set");
            let inner = || path.generics.iter().any(|inner| keyed_by_few(world, scope, inner));
            match path.generics.first().filter(|_| keyed) {
                Some(key) => few(world, scope, key),
                None => inner(),
            }
        }
        Type::Ref(inner) => keyed_by_few(world, scope, inner),
        _ => false,
    }
}

fn few(world: &World, scope: ModId, ty: &Type) -> bool {
    match ty {
        Type::Tuple(parts) => parts.iter().all(|part| few(world, scope, part)),
        Type::Ref(inner) => matches!(&**inner, Type::Path(path) if path.segments.len() == 1
            && *path.segments[0] == *"str"),
        Type::Path(path) => match world.resolve(scope, path, Space::Type) {
            Some(Res::Def(Def::Data(id))) => {
                let data = &world.data[id.index()].item;
                !data.variants.is_empty() && data.fields.is_empty()
            }
            _ => matches!(&*path.segments, [name] if ["bool", "u8", "i8"].contains(&name.as_str())),
        },
        _ => false,
    }
}

/// Whether the first thing between the parentheses behind a method is a literal.
fn keyed_by_literal(text: &str, method: Bytes) -> bool {
    let behind =
        text.get(method.end as usize..).and_then(|rest| rest.trim_start().strip_prefix('('));
    behind
        .is_some_and(|args| args.trim_start().starts_with(|c: char| c == '"' || c.is_ascii_digit()))
}

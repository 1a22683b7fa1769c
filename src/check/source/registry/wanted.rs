//! What counts as a registry, and which functions make one.

use super::entries::{Entries, mentions};
use crate::{
    check::source::branch::around,
    facts::{
        code::{
            eval::{Code, Edge},
            ir::{self, Bytes, Kind, Pat, Path, Type},
            names::{Res, Space},
            pattern::Patterns,
            sym::Sym,
            value::{NodeId, Ty},
            walk::{bound, each_let, each_stmt},
            world::{DataId, Def, FnId, ModId, World},
        },
        functions_code::FunctionCode,
    },
};
use std::collections::HashSet;

/// What a type has to be made of to count.
pub struct Wanted<'a> {
    pub world: &'a World,
    pub collections: &'a Patterns,
    pub except: &'a Patterns,
    pub under_a_key: &'a Patterns,
}

impl Wanted<'_> {
    fn resolve(&self, scope: ModId, path: &Path) -> Option<Def> {
        match self.world.resolve(scope, path, Space::Type) {
            Some(Res::Def(def)) => Some(def),
            _ => None,
        }
    }

    /// The collection of trait objects in a type, by the path that names it.
    pub fn registry<'t>(&self, scope: ModId, ty: &'t Type, far: usize) -> Option<&'t Path> {
        match ty {
            Type::Ref(inner) | Type::List(inner) => self.registry(scope, inner, far),
            Type::Tuple(parts) => parts.iter().find_map(|part| self.registry(scope, part, far)),
            Type::Path(path) => {
                let holds = match self.resolve(scope, path) {
                    Some(Def::Foreign(name)) => {
                        let keyed = path.generics.len() > 1;
                        self.collections.matches(name)
                            && path
                                .generics
                                .last()
                                .is_some_and(|held| self.object(scope, held, keyed))
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
    pub fn made_by<'w>(&'w self, code: FunctionCode<'_>, id: FnId) -> Option<&'w Path> {
        let def = &self.world.functions[id.index()];
        let output = def.function.output.as_ref().filter(|ty| !matches!(ty, Type::Ref(_)))?;
        let path = self.registry(def.scope, output, FAR)?;
        let params = &def.function.params;
        if params.iter().any(|(_, ty)| self.registry(def.scope, ty, FAR).is_some()) {
            return None;
        }
        self.entries(code, id).any(&def.function.body.as_ref()?.stmts).then_some(path)
    }

    /// Looks for entries in the body of a function.
    fn entries(&self, code: FunctionCode<'_>, id: FnId) -> Entries {
        let def = &self.world.functions[id.index()];
        let mut entries = Entries::default();
        entries.varies.insert(Sym::new("self"));
        for (index, (pat, ty)) in def.function.params.iter().enumerate() {
            if code.graph.is_given_event(id, index) {
                bound(pat, &mut entries.fetched);
            } else if !self.shared(def.scope, ty) {
                bound(pat, &mut entries.varies);
            }
        }
        entries
    }

    /// Whether values of a type have a registry in one of their fields.
    fn holds(&self, data: DataId) -> bool {
        let placed = &self.world.data[data.index()];
        let is_registry = |ty| self.registry(placed.scope, ty, FAR).is_some();
        placed.item.fields.iter().any(|(_, ty)| is_registry(ty))
    }

    /// Whether a call makes a value with a registry in a field and puts something into it, in the
    /// function that makes it or right behind the call.
    pub fn fills(&self, code: FunctionCode<'_>, node: NodeId, edge: &Edge) -> bool {
        let made = code.node(edge.to);
        let Code::Fn(id) = made.code else { return false };
        let def = &self.world.functions[id.index()];
        let held = made.output.tys.iter().filter_map(|ty| match ty {
            Ty::Data(data) => Some(*data),
            _ => None,
        });
        let borrowed = def.function.output.as_ref().is_none_or(|ty| matches!(ty, Type::Ref(_)));
        if def.function.receiver || borrowed || !held.into_iter().any(|data| self.holds(data)) {
            return false;
        }
        let body = def.function.body.as_ref();
        let mut own = Entries { listed: true, ..self.entries(code, id) };
        body.is_some_and(|body| own.any(&body.stmts)) || self.filled(code, node, edge.bytes)
    }

    /// Whether a body makes something by a call and hands its methods what is the same for every
    /// event, to be kept in boxes.
    fn filled(&self, code: FunctionCode<'_>, node: NodeId, made: Bytes) -> bool {
        let Some(id) = around(code, node) else { return false };
        let Some(body) = &self.world.functions[id.index()].function.body else { return false };
        let mut entries = self.entries(code, id);
        let mut variable: Option<Sym> = None;
        each_let(&body.stmts, &mut |one| {
            let Some(init) = &one.init else { return };
            entries.bind(&one.pat, init);
            if let Pat::Name(name) = &one.pat
                && init.bytes.holds(made)
            {
                variable = Some(*name);
            }
        });
        let mut loops = Vec::new();
        each_stmt(&body.stmts, &mut |expr| {
            if let Kind::Loop(one) = &expr.kind {
                loops.push(one.body.bytes);
            }
        });
        let Some(variable) = variable else { return false };
        let keeps = |bytes: Bytes| {
            let edges = code.node(node).edges.iter();
            edges.filter(|edge| edge.bytes == bytes).any(|edge| match code.node(edge.to).code {
                Code::Fn(id) => keeps_what_it_is_given(&self.world.functions[id.index()].function),
                _ => false,
            })
        };
        let mut filled = false;
        each_stmt(&body.stmts, &mut |expr| {
            if let Kind::Method(method) = &expr.kind {
                let on = matches!(&method.receiver.kind, Kind::Path(path)
                    if *path.segments == [variable]);
                let same =
                    !method.args.is_empty() && !method.args.iter().any(|arg| entries.differs(arg));
                let once = !loops.iter().any(|body| body.holds(expr.bytes));
                filled |= on && same && once && keeps(expr.bytes);
            }
        });
        filled
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
    fn object(&self, scope: ModId, ty: &Type, keyed: bool) -> bool {
        match ty {
            Type::Dyn(bounds) => {
                bounds.first().is_some_and(|bound| match self.resolve(scope, bound) {
                    Some(Def::Trait(_)) => true,
                    Some(Def::Foreign(path)) => {
                        !self.except.matches(path) && (keyed || !self.under_a_key.matches(path))
                    }
                    _ => false,
                })
            }
            Type::Ref(inner) => self.object(scope, inner, keyed),
            Type::Path(path) => match self.resolve(scope, path) {
                Some(Def::Foreign(name)) if !self.collections.matches(name) => {
                    path.generics.iter().any(|inner| self.object(scope, inner, keyed))
                }
                Some(Def::Alias(id)) => {
                    let placed = &self.world.aliases[id.index()];
                    self.object(placed.scope, &placed.item.1, keyed)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Whether a method puts what it is given into a box and that into a collection.
fn keeps_what_it_is_given(method: &ir::Function) -> bool {
    let mut given = HashSet::new();
    method.params.iter().for_each(|(pat, _)| bound(pat, &mut given));
    let mut keeps = false;
    each_stmt(method.body.iter().flat_map(|body| &body.stmts), &mut |expr| {
        if let Kind::Method(call) = &expr.kind {
            keeps |= matches!(&*call.name, "insert" | "push")
                && call.args.last().is_some_and(|entry| mentions(entry, &[&given]));
        }
    });
    method.receiver && keeps
}

/// How many aliases are followed.
pub const FAR: usize = 8;

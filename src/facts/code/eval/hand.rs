//! What is handed to foreign code that is known to run it: for each event, once, or elsewhere.

use super::{Eval, Link};
use crate::facts::code::{
    ir::{Bytes, Expr, Kind, Path, Type},
    names::{Res, Space},
    sym::Sym,
    value::{Ty, Val},
    vocabulary::Entry,
    walk::each,
    world::{DataId, Def, FnId, ImplId},
};

impl Eval<'_, '_> {
    /// Links what a foreign function is handed, if it is known what that does with it.
    pub fn hand(&mut self, path: Sym, val: &Val, bytes: Bytes) {
        let vocabulary = self.types.vocabulary;
        let link = if let Some(entry) = vocabulary.per_event(path) {
            Link::PerEvent(entry)
        } else if vocabulary.once_calls.matches(path) {
            Link::Once
        } else if vocabulary.local_servers.matches(path) {
            Link::Served
        } else if vocabulary.factories.matches(path) {
            Link::Call
        } else if vocabulary.off_worker.matches(path) {
            Link::OffWorker
        } else {
            return self.hand_handler(val, bytes);
        };
        self.hand_as(link, val, bytes);
    }

    /// A function that takes a Lambda event is a handler to whoever is given it: there are more
    /// wrappers around the runtimes than anybody can list.
    fn hand_handler(&mut self, val: &Val, bytes: Bytes) {
        let handlers: Vec<Ty> = val.callables().filter(|ty| self.takes_event(*ty)).collect();
        for ty in handlers {
            self.hand_as(Link::PerEvent(Entry::Lambda), &Val::of(ty), bytes);
        }
    }

    /// The foreign types of the variables that some arguments are or wait for.
    pub fn driven(&self, args: &[Expr]) -> Vec<Sym> {
        let mut driven: Vec<Sym> = args.iter().filter_map(|arg| self.foreign_local(arg)).collect();
        args.iter().for_each(|arg| {
            each(arg, &mut |inner| {
                if let Kind::Await(waited) = &inner.kind {
                    driven.extend(self.foreign_local(waited));
                }
            });
        });
        driven
    }

    /// The foreign types of the variables that some arguments mention.
    pub fn mentioned(&self, args: &[Expr]) -> Vec<Sym> {
        let mut mentioned = Vec::new();
        args.iter().for_each(|arg| {
            each(arg, &mut |inner| mentioned.extend(self.foreign_local(inner)));
        });
        mentioned
    }

    fn foreign_local(&self, expr: &Expr) -> Option<Sym> {
        self.local(expr).and_then(|at| self.locals[at].1.foreign_path())
    }

    fn takes_event(&self, ty: Ty) -> bool {
        let Ty::Fn(id) = ty else { return false };
        let world = self.types.world;
        let def = &world.functions[id.index()];
        def.function.params.iter().any(|(_, ty)| match ty {
            Type::Path(path) => match world.resolve(def.scope, path, Space::Type) {
                Some(Res::Def(Def::Foreign(path))) => {
                    self.types.vocabulary.event_types.matches(path)
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// Links what is handed over in a known way.
    pub fn hand_as(&mut self, link: Link, val: &Val, bytes: Bytes) {
        for ty in &val.tys {
            match (ty, link) {
                (Ty::Fn(id), _) => {
                    self.link_fn(*id, link, bytes);
                    if let Link::PerEvent(entry) = link {
                        self.per_event_params(*id, entry, bytes);
                    }
                }
                (Ty::Closure(id), _) => {
                    self.link(*id, link, bytes);
                    if matches!(link, Link::PerEvent(_)) && self.graph.per_event.insert(*id) {
                        self.graph.enqueue(*id);
                    }
                }
                (Ty::Data(data), Link::PerEvent(entry)) => self.serve(*data, entry, bytes),
                _ => {}
            }
        }
        for part in val.parts.iter().flat_map(|parts| parts.iter()) {
            self.hand_as(link, part, bytes);
        }
    }

    /// A handler's parameters come from the event, and their types may be made from it by code of
    /// their own.
    fn per_event_params(&mut self, id: FnId, entry: Entry, bytes: Bytes) {
        let def = &self.types.world.functions[id.index()];
        let scope = self.types.scope_of(id);
        for (index, (_, ty)) in def.function.params.iter().enumerate() {
            let typed = self.types.ty(def.scope, &scope, ty).val;
            self.give(id, index, &Val { event: true, ..Val::default() });
            for ty in typed.tys {
                let Ty::Data(data) = ty else { continue };
                let traits = self.types.members.foreign_traits.get(&data);
                for (path, impl_id) in traits.cloned().unwrap_or_default() {
                    if self.types.vocabulary.extractor_traits.matches(path) {
                        self.link_impl(impl_id, Link::PerEvent(entry), bytes, |_| true);
                    }
                }
            }
        }
    }

    /// A value of a type came to be: if a framework runs the type's functions, it now may.
    pub fn made(&mut self, data: DataId, bytes: Bytes) {
        let members = &self.types.members;
        let runs = members.foreign_traits.contains_key(&data);
        if runs || members.attributed.contains_key(&data) {
            self.serve(data, Entry::Lambda, bytes);
        }
    }

    fn serve(&mut self, data: DataId, entry: Entry, bytes: Bytes) {
        let vocabulary = self.types.vocabulary;
        let traits = self.types.members.foreign_traits.get(&data).cloned();
        for (path, id) in traits.unwrap_or_default() {
            if vocabulary.per_event_traits.traits.matches(path) {
                let per_event = |name: Sym| vocabulary.per_event_traits.functions.contains(&*name);
                self.link_impl(id, Link::PerEvent(entry), bytes, per_event);
            }
        }
        let attributed = self.types.members.attributed.get(&data).cloned();
        for (path, id) in attributed.unwrap_or_default() {
            if vocabulary.per_event_attributes.matches(path) {
                self.link_impl(id, Link::PerEvent(Entry::Http), bytes, |_| true);
            }
        }
    }

    fn link_impl(&mut self, id: ImplId, link: Link, bytes: Bytes, wanted: impl Fn(Sym) -> bool) {
        let mut functions: Vec<_> =
            self.types.world.impls[id.index()].item.functions.iter().collect();
        functions.sort_unstable();
        for (name, function) in functions {
            if wanted(*name) {
                self.link_fn(*function, link, bytes);
                let params = self.types.world.functions[function.index()].function.params.len();
                for index in 0..params {
                    self.give(*function, index, &Val { event: true, ..Val::default() });
                }
            }
        }
    }

    /// A type named between `<` and `>` of a call may be what a framework makes values of.
    pub fn mention_generics(&mut self, path: &Path) {
        for ty in &path.generics {
            for ty in self.types.ty(self.scope, &self.typing, ty).val.tys {
                if let Ty::Data(data) = ty {
                    self.made(data, path.bytes);
                }
            }
        }
    }
}

/// Whether an expression gives something to a channel or a response's body.
pub fn sends(expr: &Expr) -> bool {
    let mut sends = false;
    each(expr, &mut |inner| {
        if let Kind::Method(method) = &inner.kind {
            let name: &str = &method.name;
            let channel = matches!(name, "send" | "send_data" | "try_send" | "blocking_send");
            // `client.get(…).send()` is a request, `sender.send(value)` gives something away.
            sends |= channel && !method.args.is_empty();
        }
    });
    sends
}

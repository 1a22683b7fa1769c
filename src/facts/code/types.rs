//! Turns written types into values, and finds the functions that belong to types.
//!
//! The tables here are built once: which functions each type has of its own and through traits,
//! and which types implement each trait.

use super::{
    ir::{Generic, Path, Type},
    names::{Of, Res, Space},
    sym::Sym,
    value::{Ty, Val},
    vocabulary::Vocabulary,
    world::{DataId, Def, FnDef, FnId, ImplId, ModId, Owner, TraitId, World},
};
use rustc_hash::FxHashMap as HashMap;

/// What `Self` and type parameters stand for somewhere.
#[derive(Clone, Debug, Default)]
pub struct TypeScope {
    /// `Self`.
    pub this: Val,
    /// Type parameters, by the traits they are bound by.
    pub generics: HashMap<Sym, Val>,
}

/// A written type, as far as it is understood.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What values of it may be.
    pub val: Val,
    /// Whether more may come in than the type says: a type parameter, `impl` or `dyn`.
    pub open: bool,
}

/// Functions by type.
#[derive(Debug, Default)]
pub struct Members {
    /// Of a type's own `impl`s and of traits implemented for it.
    pub methods: HashMap<(Ty, Sym), Vec<FnId>>,
    /// The types that implement a trait.
    pub implementors: HashMap<TraitId, Vec<(Ty, ImplId)>>,
    /// The traits a type implements: ones that are looked at.
    pub traits: HashMap<Ty, Vec<TraitId>>,
    /// The foreign traits a type implements, by their path.
    pub foreign_traits: HashMap<DataId, Vec<(Sym, ImplId)>>,
    /// The traits implemented for every type, with the `impl`.
    pub blanket: Vec<(TraitId, ImplId)>,
    /// What a type dereferences to.
    pub deref: HashMap<DataId, Val>,
    /// `impl`s of a type that carry attributes, by the attribute's path.
    pub attributed: HashMap<DataId, Vec<(Sym, ImplId)>>,
    /// What the variants of an enum hold whose functions an attribute writes: they call theirs.
    pub dispatched: HashMap<DataId, Vec<Ty>>,
}

/// How deep types are followed through aliases before giving up: they may be cyclic by mistake.
const DEEPEST_ALIAS: usize = 16;

/// Types against a world.
pub struct Types<'w> {
    /// The items.
    pub world: &'w World,
    /// The foreign crates.
    pub vocabulary: &'w Vocabulary,
    /// Functions by type.
    pub members: Members,
}

impl<'w> Types<'w> {
    /// Builds the tables.
    pub fn new(world: &'w World, vocabulary: &'w Vocabulary) -> Self {
        let mut types = Types { world, vocabulary, members: Members::default() };
        types.fill();
        types.members.dispatched = types.dispatched();
        types
    }

    fn fill(&mut self) {
        let world = self.world;
        for (index, placed) in world.impls.iter().enumerate() {
            let id = ImplId(index as u32);
            let head = &placed.item.head;
            let scope = TypeScope {
                generics: self.generics(placed.scope, &head.generics),
                ..TypeScope::default()
            };
            let target = self.ty(placed.scope, &scope, &head.target).val;
            let of =
                head.of.as_ref().and_then(|path| world.resolve(placed.scope, path, Space::Type));
            let of_trait = match of {
                Some(Res::Def(Def::Trait(id))) => Some(id),
                _ => None,
            };
            let generic = matches!(&head.target, Type::Path(path)
                if path.segments.len() == 1 && scope.generics.contains_key(&path.segments[0]));
            if generic {
                self.members.blanket.extend(of_trait.map(|of| (of, id)));
                continue;
            }
            let Some(ty) = target.tys.first().copied() else { continue };
            for (name, function) in &placed.item.functions {
                self.members.methods.entry((ty, *name)).or_default().push(*function);
            }
            if let Some(of) = of_trait {
                self.members.implementors.entry(of).or_default().push((ty, id));
                self.members.traits.entry(ty).or_default().push(of);
            }
            let Ty::Data(data) = ty else { continue };
            if let Some(Res::Def(Def::Foreign(path))) = of {
                self.members.foreign_traits.entry(data).or_default().push((path, id));
                if let ("std::ops::Deref", Some((_, to))) = (path.as_str(), head.types.first()) {
                    let to = self.ty(placed.scope, &scope, to).val;
                    self.members.deref.insert(data, to);
                }
            }
            for attr in &head.attrs {
                let path = self.attribute(placed.scope, attr);
                self.members.attributed.entry(data).or_default().push((path, id));
            }
        }
    }

    fn dispatched(&self) -> HashMap<DataId, Vec<Ty>> {
        let mut found = HashMap::default();
        for (index, placed) in self.world.data.iter().enumerate() {
            let dispatches = |attr| {
                let path = self.attribute(placed.scope, attr);
                self.vocabulary.dispatch_attributes.matches(path)
            };
            if placed.item.attrs.iter().any(dispatches) {
                // A variant that holds nothing is short for one that holds the type of its name.
                let named = placed.item.variants.iter().map(|name| {
                    let segments = [*name].into();
                    Type::Path(Path { segments, ..Path::default() })
                });
                let held = placed.item.fields.iter().map(|(_, ty)| ty.clone()).chain(named);
                let scope = TypeScope::default();
                let tys = held.flat_map(|ty| self.ty(placed.scope, &scope, &ty).val.tys);
                found.insert(DataId(index as u32), tys.collect::<Vec<Ty>>());
            }
        }
        found
    }

    /// The path of an attribute: foreign where it resolves, else `?::name`.
    pub fn attribute(&self, scope: ModId, attr: &Path) -> Sym {
        let resolved = [Space::Type, Space::Macro].into_iter();
        let resolved = resolved.map(|space| self.world.resolve(scope, attr, space));
        for one in resolved {
            if let Some(Res::Def(Def::Foreign(path))) = one {
                return path;
            }
        }
        Sym::shown(format_args!("?::{}", attr.segments.last().map_or("", |name| name.as_str())))
    }

    /// Whether an attribute makes a function run for each event.
    pub fn per_event(&self, def: &FnDef) -> bool {
        def.function.attrs.iter().any(|attr| {
            let path = self.attribute(def.scope, attr);
            self.vocabulary.per_event_attributes.matches(path)
        })
    }

    /// Whether an attribute makes `main` out of a function.
    pub fn is_main(&self, def: &FnDef) -> bool {
        def.function.attrs.iter().any(|attr| {
            let path = self.attribute(def.scope, attr);
            self.vocabulary.main_attributes.matches(path)
        })
    }

    /// The values of type parameters.
    pub fn generics(&self, scope: ModId, generics: &[Generic]) -> HashMap<Sym, Val> {
        generics.iter().map(|one| (one.name, self.bounds(scope, &one.bounds).val)).collect()
    }

    /// What `Self` and the parameters mean inside a function.
    pub fn scope_of(&self, function: FnId) -> TypeScope {
        let def = &self.world.functions[function.index()];
        let mut scope = TypeScope::default();
        match def.owner {
            Some(Owner::Impl(id)) => {
                let placed = &self.world.impls[id.index()];
                scope.generics = self.generics(placed.scope, &placed.item.head.generics);
                scope.this = self.ty(placed.scope, &scope, &placed.item.head.target).val;
            }
            Some(Owner::Trait(id)) => scope.this = Val::of(Ty::Trait(id)),
            None => {}
        }
        scope.generics.extend(self.generics(def.scope, &def.function.generics));
        scope
    }

    /// What a function returns, where its declaration says all of it.
    pub fn output(&self, function: FnId) -> Option<Val> {
        let def = &self.world.functions[function.index()];
        let ty = def.function.output.as_ref().filter(|_| def.function.body.is_some())?;
        let typed = self.ty(def.scope, &self.scope_of(function), ty);
        (!typed.open && !typed.val.tys.is_empty()).then_some(typed.val)
    }

    /// What a function returns when it is called with these types for its own type parameters;
    /// none where they are not its own.
    pub fn output_with(&self, function: FnId, given: &[Val]) -> Option<Val> {
        let def = &self.world.functions[function.index()];
        let own = &def.function.generics;
        let ty = def.function.output.as_ref().filter(|_| own.len() == given.len())?;
        let mut scope = self.scope_of(function);
        scope.generics.extend(own.iter().map(|one| one.name).zip(given.iter().cloned()));
        Some(self.ty(def.scope, &scope, ty).val)
    }

    /// Whether a function's result belongs to whoever called it.
    pub fn gives_away(&self, function: FnId) -> bool {
        let def = &self.world.functions[function.index()];
        def.function.output.as_ref().is_some_and(|ty| self.owns(def.scope, ty))
    }

    /// Whether whoever holds a value of a written type owns all of it: it has no reference, no
    /// shared pointer, and nothing of another crate that may be one.
    pub fn owns(&self, scope: ModId, ty: &Type) -> bool {
        self.owns_at(scope, ty, &[], DEEPEST_ALIAS)
    }

    fn owns_at(&self, scope: ModId, ty: &Type, params: &[Sym], far: usize) -> bool {
        let Some(far) = far.checked_sub(1) else { return false };
        let all = |types: &[Type]| types.iter().all(|ty| self.owns_at(scope, ty, params, far));
        match ty {
            Type::Tuple(parts) => all(parts),
            Type::List(inner) => self.owns_at(scope, inner, params, far),
            Type::Path(path) if path.qself.is_none() => {
                if let [name] = &*path.segments
                    && (&**name == "Self" || params.contains(name))
                {
                    return true;
                }
                match self.world.resolve(scope, path, Space::Type) {
                    Some(Res::Def(Def::Data(_) | Def::Variant(..))) => all(&path.generics),
                    Some(Res::Def(Def::Alias(id))) => {
                        let placed = &self.world.aliases[id.index()];
                        let (params, ty) = &placed.item;
                        all(&path.generics) && self.owns_at(placed.scope, ty, params, far)
                    }
                    Some(Res::Def(Def::Foreign(foreign))) => {
                        match self.vocabulary.first_wrappers.matches(foreign) {
                            // What an error holds is nobody's cache.
                            true => {
                                path.generics.first().is_none_or(|ty| all(std::slice::from_ref(ty)))
                            }
                            false => self.vocabulary.owned.matches(foreign) && all(&path.generics),
                        }
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Some type that has these traits.
    fn bounds(&self, scope: ModId, bounds: &[Path]) -> Typed {
        let mut typed = Typed { open: true, ..Typed::default() };
        for bound in bounds {
            match self.world.resolve(scope, bound, Space::Type) {
                Some(Res::Def(Def::Trait(id))) => {
                    typed.val.join(&Val::of(Ty::Trait(id)));
                }
                Some(Res::Def(Def::Foreign(path))) if self.vocabulary.wrappers.matches(path) => {
                    // `impl Future<Output = T>`, `impl AsRef<T>`: the value is reached through it.
                    if let Some(inner) = bound.generics.last() {
                        typed.val.join(&self.ty(scope, &TypeScope::default(), inner).val);
                    }
                }
                _ => {}
            }
        }
        typed
    }

    /// What a handler finds in a parameter: frameworks and their helpers have more extractors than
    /// anybody can list, and all hand over what they are generic in.
    pub fn extracted(&self, scope: ModId, types: &TypeScope, ty: &Type) -> Vec<Ty> {
        let Type::Path(path) = ty else { return Vec::new() };
        let Some(Res::Def(Def::Foreign(_))) = self.world.resolve(scope, path, Space::Type) else {
            return Vec::new();
        };
        let held = path.generics.iter().flat_map(|arg| {
            let mut held = self.ty(scope, types, arg).val.tys;
            held.retain(|ty| matches!(ty, Ty::Data(_)));
            held.extend(self.extracted(scope, types, arg));
            held
        });
        let mut held: Vec<Ty> = held.collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    /// A written type.
    pub fn ty(&self, scope: ModId, types: &TypeScope, ty: &Type) -> Typed {
        self.ty_at(scope, types, ty, DEEPEST_ALIAS)
    }

    fn ty_at(&self, scope: ModId, types: &TypeScope, ty: &Type, far: usize) -> Typed {
        let Some(far) = far.checked_sub(1) else { return Typed::default() };
        match ty {
            Type::Ref(inner) | Type::List(inner) => self.ty_at(scope, types, inner, far + 1),
            Type::Tuple(parts) => {
                let parts: Vec<Typed> =
                    parts.iter().map(|part| self.ty_at(scope, types, part, far)).collect();
                let open = parts.iter().any(|part| part.open);
                let parts: Vec<Val> = parts.into_iter().map(|part| part.val).collect();
                match parts.is_empty() {
                    true => Typed::default(),
                    false => Typed { val: Val::tuple(parts), open },
                }
            }
            Type::Dyn(bounds) | Type::Impl(bounds) => self.bounds(scope, bounds),
            Type::Path(path) => self.path(scope, types, path, far),
            Type::Other => Typed { open: true, ..Typed::default() },
        }
    }

    fn path(&self, scope: ModId, types: &TypeScope, path: &Path, far: usize) -> Typed {
        if path.qself.is_some() {
            return Typed { open: true, ..Typed::default() };
        }
        if let [first, rest @ ..] = &*path.segments {
            if &**first == "Self" && rest.is_empty() {
                return Typed { val: types.this.clone(), open: false };
            }
            if &**first == "Self" {
                return Typed { open: true, ..Typed::default() };
            }
            if let Some(val) = types.generics.get(first) {
                let val = if rest.is_empty() { val.clone() } else { Val::default() };
                return Typed { val, open: true };
            }
        }
        match self.world.resolve(scope, path, Space::Type) {
            Some(Res::Def(Def::Data(id) | Def::Variant(id, _))) => {
                let mut val = Val::of(Ty::Data(id));
                // What a generic type holds rides along with it: of `Envelope<Order>`, the order.
                for arg in &path.generics {
                    let held = self.ty_at(scope, types, arg, far).val;
                    let held = held.tys.into_iter().filter(|ty| matches!(ty, Ty::Data(_)));
                    val.join(&Val { tys: held.collect(), ..Val::default() });
                }
                Typed { val, open: false }
            }
            Some(Res::Def(Def::Trait(id))) => Typed { val: Val::of(Ty::Trait(id)), open: true },
            Some(Res::Def(Def::Alias(id))) => self.alias(scope, types, id.index(), path, far),
            Some(Res::Def(Def::Foreign(foreign))) => {
                let args = &path.generics;
                if self.vocabulary.first_wrappers.matches(foreign) && !args.is_empty() {
                    self.ty_at(scope, types, &args[0], far)
                } else if self.vocabulary.wrappers.matches(foreign) {
                    let inner = args.last();
                    inner.map_or_else(
                        || Typed { val: Val::foreign(foreign), open: true },
                        |inner| self.ty_at(scope, types, inner, far),
                    )
                } else {
                    Typed { val: Val::foreign(foreign), open: false }
                }
            }
            _ => Typed::default(),
        }
    }

    /// An alias's own type; of `type Result<T> = …<T, …>`, the argument it is used with.
    fn alias(&self, scope: ModId, types: &TypeScope, id: usize, path: &Path, far: usize) -> Typed {
        let placed = &self.world.aliases[id];
        let (params, ty) = &placed.item;
        let mut inner = TypeScope::default();
        for (param, arg) in params.iter().zip(&path.generics) {
            inner.generics.insert(*param, self.ty_at(scope, types, arg, far).val);
        }
        self.ty_at(placed.scope, &inner, ty, far)
    }

    /// The type an associated item is looked up in.
    pub fn owner(&self, of: Of) -> Val {
        match of {
            Of::Data(id) => Val::of(Ty::Data(id)),
            Of::Trait(id) => Val::of(Ty::Trait(id)),
            Of::Alias(id) => {
                let placed = &self.world.aliases[id.index()];
                self.ty(placed.scope, &TypeScope::default(), &placed.item.1).val
            }
        }
    }

    /// The functions a name means on a type: its own, those of its traits, else what it
    /// dereferences to.
    pub fn functions(&self, ty: Ty, name: Sym) -> Vec<FnId> {
        if let Some(found) = self.members.methods.get(&(ty, name)) {
            return found.clone();
        }
        if let Ty::Trait(id) = ty {
            return self.of_trait(id, name, 0);
        }
        let traits = self.members.traits.get(&ty).into_iter().flatten();
        for of in traits {
            if let Some(default) = self.default_of(*of, name, 0) {
                return vec![default];
            }
        }
        for (of, id) in &self.members.blanket {
            let own = self.world.impls[id.index()].item.functions.get(&name);
            if let Some(function) = own.copied().or_else(|| self.default_of(*of, name, 0)) {
                return vec![function];
            }
        }
        let Ty::Data(data) = ty else { return Vec::new() };
        if let Some(held) = self.members.dispatched.get(&data) {
            let methods = held.iter().filter_map(|held| self.members.methods.get(&(*held, name)));
            return methods.flatten().copied().collect();
        }
        match self.members.deref.get(&data).and_then(|to| to.tys.first()) {
            Some(to) if *to != ty => self.functions(*to, name),
            _ => Vec::new(),
        }
    }

    fn default_of(&self, of: TraitId, name: Sym, far: usize) -> Option<FnId> {
        let def = &self.world.traits[of.index()];
        let own = def.item.functions.get(&name).copied();
        let own = own.filter(|id| self.world.functions[id.index()].function.body.is_some());
        own.or_else(|| self.supers(of, far).find_map(|of| self.default_of(of, name, far + 1)))
    }

    fn supers(&self, of: TraitId, far: usize) -> impl Iterator<Item = TraitId> + '_ {
        let def = &self.world.traits[of.index()];
        let supers = if far < DEEPEST_ALIAS { &*def.item.supers } else { &[] };
        supers.iter().filter_map(move |path| {
            match self.world.resolve(def.scope, path, Space::Type) {
                Some(Res::Def(Def::Trait(id))) if id != of => Some(id),
                _ => None,
            }
        })
    }

    /// A trait's function on some type that has the trait: that of every implementor.
    fn of_trait(&self, of: TraitId, name: Sym, far: usize) -> Vec<FnId> {
        let def = &self.world.traits[of.index()];
        if !def.item.functions.contains_key(&name) {
            let mut supers = self.supers(of, far);
            return supers
                .find_map(|of| {
                    let found = self.of_trait(of, name, far + 1);
                    (!found.is_empty()).then_some(found)
                })
                .unwrap_or_default();
        }
        let implementors = self.members.implementors.get(&of).into_iter().flatten();
        let mut found: Vec<FnId> = implementors
            .filter_map(|(_, id)| self.world.impls[id.index()].item.functions.get(&name).copied())
            .collect();
        let blanket = self.members.blanket.iter().filter(|(blanket, _)| *blanket == of);
        found.extend(
            blanket.filter_map(|(_, id)| self.world.impls[id.index()].item.functions.get(&name)),
        );
        found.extend(self.default_of(of, name, 0));
        found
    }
}

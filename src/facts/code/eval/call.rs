//! Calls: of functions that are looked at, of foreign ones, and what is handed to them.

use super::{Call, Code, Eval, Link, given::RECEIVER, hand::sends, method::converts};
use crate::facts::code::{
    ir::{Bytes, Expr, Kind, Lit, MacroCall, Path, Type},
    lower,
    names::{Of, Res, Space},
    sym::Sym,
    value::{CallRef, Keep, NodeId, Ty, Val},
    world::{DataId, Def, FnId},
};

/// How deep macros are expanded inside each other's expansions.
const DEEPEST_EXPANSION: usize = 8;

/// What is lent to be changed is not known to be what it was before.
pub fn changeable(mut vals: Vec<Val>, args: &[Expr]) -> Vec<Val> {
    for (val, arg) in vals.iter_mut().zip(args) {
        val.fixed &= !matches!(arg.kind, Kind::RefMut(_));
    }
    vals
}

/// What the thing in front of `(…)` or `!` is.
pub enum Callee {
    /// Functions that are looked at.
    Fns(Vec<FnId>),
    /// A foreign function by its path.
    Foreign(Sym),
    /// A tuple struct or variant.
    Make(DataId, Sym),
    /// A function of a type that is looked at and that nobody wrote there (derived, foreign trait).
    Derived(Val),
    /// A value that is called.
    Value(Val),
    /// Nobody knows.
    Unknown,
}

impl Eval<'_, '_> {
    /// A path as a value: a variable, a function, a static.
    pub fn path(&mut self, path: &Path) -> Val {
        if let [name] = &*path.segments
            && let Some((_, val)) = self.locals.iter().rev().find(|(local, _)| local == name)
        {
            let val = val.clone();
            self.out.read.extend(val.keep);
            return val;
        }
        match self.callee(path, &[]) {
            Callee::Fns(ids) => {
                let mut val = Val::fixed();
                for id in ids {
                    self.link_fn(id, Link::Mention, path.bytes);
                    val.join(&Val::of(Ty::Fn(id)));
                }
                val
            }
            Callee::Make(data, _) => {
                self.made(data, path.bytes);
                Val { fixed: true, owned: true, ..Val::of(Ty::Data(data)) }
            }
            Callee::Value(val) => val,
            Callee::Foreign(path) if path.ends_with("None") => Val::fixed(),
            Callee::Foreign(path) => Val { fixed: true, ..Val::foreign(path) },
            Callee::Derived(_) | Callee::Unknown => Val::default(),
        }
    }

    /// What a path means as a value; `args` help where the type of the first one decides.
    pub fn callee(&mut self, path: &Path, args: &[Val]) -> Callee {
        if let Some(qself) = &path.qself {
            let of = self.types.ty(self.scope, &self.typing, &qself.0).val;
            return path.segments.last().map_or(Callee::Unknown, |name| self.of_type(&of, *name));
        }
        let (first, rest) = match &*path.segments {
            [] => return Callee::Unknown,
            [first, rest @ ..] => (*first, rest),
        };
        if &*first == "Self" {
            let this = self.typing.this.clone();
            return match (rest, this.tys.first()) {
                ([], Some(Ty::Data(data))) => Callee::Make(*data, first),
                ([name], Some(Ty::Data(data)))
                    if self.types.world.data[data.index()].item.variants.contains(name) =>
                {
                    Callee::Make(*data, *name)
                }
                ([name], _) => self.of_type(&this, *name),
                _ => Callee::Unknown,
            };
        }
        if let ([name], Some(of)) = (rest, self.typing.generics.get(&first).cloned()) {
            return self.of_type(&of, *name);
        }
        match self.types.world.resolve(self.scope, path, Space::Value) {
            Some(Res::Def(Def::Fn(id))) => Callee::Fns(vec![id]),
            Some(Res::Def(Def::Foreign(path))) => Callee::Foreign(path),
            Some(Res::Def(Def::Data(id))) => Callee::Make(id, path.segments[rest.len()]),
            Some(Res::Def(Def::Variant(id, name))) => Callee::Make(id, name),
            Some(Res::Def(Def::Global(id))) => Callee::Value(self.global(id, path)),
            Some(Res::Def(Def::Alias(id))) => {
                let of = self.types.owner(Of::Alias(id));
                match of.tys.first() {
                    Some(Ty::Data(data)) => Callee::Make(*data, first),
                    Some(Ty::Foreign(path)) => Callee::Foreign(*path),
                    _ => Callee::Unknown,
                }
            }
            Some(Res::Assoc(Of::Trait(of), name)) => {
                // `Trait::function(x)`: the type of `x` says which.
                let known = args.first().map(|arg| self.of_type(arg, name));
                match known {
                    Some(Callee::Fns(ids)) => Callee::Fns(ids),
                    _ => self.of_type(&Val::of(Ty::Trait(of)), name),
                }
            }
            Some(Res::Assoc(of, name)) => {
                let of = self.types.owner(of);
                self.of_type(&of, name)
            }
            _ => Callee::Unknown,
        }
    }

    /// An associated function of a type.
    fn of_type(&self, of: &Val, name: Sym) -> Callee {
        let found: Vec<FnId> =
            of.tys.iter().flat_map(|ty| self.types.functions(*ty, name)).collect();
        if !found.is_empty() {
            return Callee::Fns(found);
        }
        match of.tys.first() {
            Some(Ty::Foreign(path)) => Callee::Foreign(self.types.world.join(*path, name)),
            Some(Ty::Data(_)) => Callee::Derived(of.clone()),
            _ => Callee::Unknown,
        }
    }

    /// `callee(args)`.
    pub fn call(&mut self, callee: &Expr, args: &[Expr], bytes: Bytes) -> Val {
        let flags = self.flags(bytes);
        let Kind::Path(path) = &callee.kind else {
            let callee = self.expr(callee);
            let args = self.args(args, None);
            return self.call_value(&callee, &args, bytes);
        };
        if let [name] = &*path.segments
            && let Some((_, val)) = self.locals.iter().rev().find(|(local, _)| local == name)
        {
            let val = val.clone();
            let args = self.args(args, None);
            return self.call_value(&val, &args, bytes);
        }
        self.mention_generics(path);
        let foreign = match self.callee(path, &[]) {
            Callee::Foreign(path) => Some(path),
            _ => None,
        };
        let vals = self.args(args, foreign);
        match self.callee(path, &vals) {
            Callee::Fns(ids) => {
                let vals = changeable(vals, args);
                self.converted_args(&ids, args);
                let mut val = self.call_fns(&ids, None, &vals, bytes);
                self.turbofish(&ids, &path.generics, &mut val);
                val
            }
            Callee::Make(data, name) => {
                for (index, val) in vals.iter().enumerate() {
                    self.put(data, Sym::shown(index), val);
                    self.put(data, Sym::shown(format_args!("{name}.{index}")), val);
                }
                self.made(data, path.bytes);
                let fixed = vals.iter().all(|val| val.fixed);
                let event = vals.iter().any(|val| val.event);
                Val { fixed, event, owned: true, ..Val::of(Ty::Data(data)) }
            }
            Callee::Foreign(name) => {
                let function = path.segments.last().copied().unwrap_or(name);
                for val in &vals {
                    if let Some(Keep::Global(global)) = val.keep {
                        self.out.kept.push((global, function, path.bytes));
                    }
                }
                let made = self.foreign(name, path.bytes, bytes, &vals, args, flags);
                let mut val = self.returned(name, made, &vals);
                self.turbofish(&[], &path.generics, &mut val);
                val
            }
            Callee::Value(val) => self.call_value(&val, &vals, bytes),
            Callee::Derived(of) => {
                if let Some(Ty::Data(data)) = of.tys.first() {
                    self.made(*data, path.bytes);
                }
                Val { fixed: vals.iter().all(|val| val.fixed), ..of }
            }
            Callee::Unknown => {
                let fixed = !vals.is_empty() && vals.iter().all(|val| val.fixed);
                let mut val = Val { fixed, ..Val::default() };
                self.turbofish(&[], &path.generics, &mut val);
                val
            }
        }
    }

    /// Arguments. Closures among them are handed to a foreign callee as it is known to treat them.
    pub fn args(&mut self, args: &[Expr], foreign: Option<Sym>) -> Vec<Val> {
        let outer = self.out.region;
        if foreign.is_some_and(|path| self.types.vocabulary.once_calls.matches(path)) {
            self.enter_once();
        }
        let vals: Vec<Val> = args.iter().map(|arg| self.expr(arg)).collect();
        self.leave(outer);
        if let Some(path) = foreign {
            for (val, arg) in vals.iter().zip(args) {
                self.hand(path, val, arg.bytes);
            }
        }
        vals
    }

    /// Calls functions that are looked at; `this` is what a method is called on.
    pub fn call_fns(
        &mut self,
        ids: &[FnId],
        this: Option<&Val>,
        vals: &[Val],
        bytes: Bytes,
    ) -> Val {
        let mut result: Option<Val> = None;
        for id in ids {
            let to = self.link_fn(*id, Link::Call, bytes);
            self.graph.callers.entry(to).or_default().insert(self.root);
            let receiver = self.types.world.functions[id.index()].function.receiver;
            // `Type::method(&value, …)` names its receiver.
            let (this, vals) = match (this, vals) {
                (None, [first, rest @ ..]) if receiver => (Some(first), rest),
                _ => (this, vals),
            };
            if let Some(this) = this.filter(|_| receiver) {
                self.give(*id, RECEIVER, &Val { owned: this.owned, ..Val::default() });
            }
            for (index, val) in vals.iter().enumerate() {
                self.give(*id, index, val);
            }
            self.called(to);
            let output = self.graph.nodes[to.index()].output.clone();
            result = Some(match result {
                Some(result) => result.or(output),
                None => output,
            });
        }
        let mut result = result.unwrap_or_default();
        result.fixed = vals.iter().all(|val| val.fixed);
        result.call = None;
        result
    }

    /// `take(text.into())`: whose `from` it is stands among the parameters.
    fn converted_args(&mut self, ids: &[FnId], args: &[Expr]) {
        let [id] = ids else { return };
        let def = &self.types.world.functions[id.index()];
        if def.function.receiver {
            return;
        }
        for (arg, (_, ty)) in args.iter().zip(&def.function.params) {
            if converts(arg) {
                let to = self.types.ty(def.scope, &self.types.scope_of(*id), ty).val;
                self.converted(arg, &to);
            }
        }
    }

    /// Adds what the type arguments of a call say of its result: `parse::<Order>(text)`. Another
    /// function with one is taken to return that, as `from_str`, `json` and `data` do.
    pub fn turbofish(&mut self, ids: &[FnId], generics: &[Type], into: &mut Val) {
        if generics.is_empty() {
            return;
        }
        let given = generics.iter().map(|ty| self.types.ty(self.scope, &self.typing, ty).val);
        let given: Vec<Val> = given.collect();
        for id in ids {
            if let Some(output) = self.types.output_with(*id, &given) {
                into.join(&output);
            }
        }
        if let ([], [one]) = (ids, &*given) {
            let tys = one.tys.iter().copied().filter(|ty| matches!(ty, Ty::Data(_))).collect();
            into.join(&Val { tys, ..Val::default() });
        }
    }

    /// Calls a value: a function, a closure, a parameter that holds one.
    fn call_value(&mut self, callee: &Val, vals: &[Val], bytes: Bytes) -> Val {
        let mut result = Val::default();
        for ty in callee.callables() {
            match ty {
                Ty::Fn(id) => {
                    let output = self.call_fns(&[id], None, vals, bytes);
                    result.join(&output);
                }
                Ty::Closure(id) => {
                    self.link(id, Link::Call, bytes);
                    let output = self.graph.nodes[id.index()].output.clone();
                    result.join(&output);
                }
                _ => {}
            }
        }
        result.fixed = callee.fixed && vals.iter().all(|val| val.fixed);
        result
    }

    /// Whether the call at these bytes is awaited or thrown away; asked before its arguments are
    /// looked at, because they have calls of their own.
    pub fn flags(&mut self, bytes: Bytes) -> (bool, bool) {
        (self.out.awaited == Some(bytes), self.out.dropped == Some(bytes))
    }

    /// Notes a foreign call.
    pub fn foreign(
        &mut self,
        path: Sym,
        name: Bytes,
        bytes: Bytes,
        vals: &[Val],
        args: &[Expr],
        (awaited, dropped): (bool, bool),
    ) -> CallRef {
        let literal = args.iter().find_map(|arg| match &arg.kind {
            Kind::Lit(lit) => Some(*lit),
            Kind::Same(inner) => match &inner.kind {
                Kind::Lit(lit) => Some(*lit),
                _ => None,
            },
            _ => None,
        });
        self.out.calls.push(Call {
            path,
            bytes,
            name,
            fixed: vals.iter().all(|val| val.fixed),
            event: vals.iter().any(|val| val.event),
            literal,
            address: address(vals),
            kept: false,
            dropped,
            sends: dropped && args.iter().any(sends),
            drives: if dropped { self.driven(args) } else { Vec::new() },
            mentions: if dropped { self.mentioned(args) } else { Vec::new() },
            awaited,
            in_loop: self.out.loops > 0,
            chain: Vec::new(),
            region: self.out.region,
        });
        CallRef { node: self.node, fact: self.out.calls.len() - 1 }
    }

    /// `value["key"]`.
    pub fn record_index(&mut self, base: &Val, bytes: Bytes, lit: Lit) {
        if let Some(path) = base.foreign_path() {
            let path = Sym::shown(format_args!("{path}.[]"));
            self.foreign(path, bytes, bytes, std::slice::from_ref(base), &[], (false, false));
            if let Some(call) = self.out.calls.last_mut() {
                call.literal = Some(lit);
            }
        }
    }

    /// What a foreign function returns.
    fn returned(&mut self, path: Sym, made: CallRef, vals: &[Val]) -> Val {
        let vocabulary = self.types.vocabulary;
        let fixed = vals.iter().all(|val| val.fixed);
        let of = path.as_str().rsplit_once("::").map_or(path.as_str(), |(of, _)| of);
        let wraps = |of: &str| {
            let of = Sym::new(of);
            vocabulary.wrappers.matches(of)
        };
        if path.ends_with("Result") || path.ends_with("Option") || wraps(of) || wraps(&path) {
            // `Some(x)`, `Arc::new(x)`, `LazyLock::new(|| x)`: the value is reached through it.
            let mut inner = Val::default();
            for val in vals {
                inner.join(val);
                let outputs: Vec<NodeId> = self.nodes_of(val);
                for id in outputs {
                    let output = self.graph.nodes[id.index()].output.clone();
                    inner.join(&output);
                }
                if inner.parts.is_none() {
                    inner.parts = val.parts.clone();
                }
            }
            inner.fixed = fixed;
            inner.owned = vals.iter().all(|val| val.owned);
            return inner;
        }
        // `String::new()`, `Utc::now()`: made of nothing, it will be filled or differ.
        let fixed = fixed && !vals.is_empty();
        let ty = vocabulary.returned(path);
        // Of `env::var("KEYS_URL")`, the name says as much as the address would.
        let named = path.starts_with("std::env::").then(|| self.out.calls[made.fact].literal);
        let named = named.flatten().and_then(|lit| match lit {
            Lit::Str(name) => Some(name),
            _ => None,
        });
        let address = address(vals).or(named);
        let mut val = Val { call: Some(made), fixed, owned: true, address, ..Val::foreign(ty) };
        // Spawning and boxing keep what they are given reachable.
        if of.ends_with("task") || path.ends_with("spawn") {
            vals.iter().for_each(|inner| {
                val.join(inner);
            });
        }
        val
    }

    /// The nodes of the functions and closures a value may be.
    pub fn nodes_of(&mut self, val: &Val) -> Vec<NodeId> {
        val.callables()
            .filter_map(|ty| match ty {
                Ty::Fn(id) => self.graph.find(Code::Fn(id)),
                Ty::Closure(id) => Some(id),
                _ => None,
            })
            .collect()
    }

    /// A call of one of the crates' own macros, evaluated as what it expands to.
    fn expanded(&mut self, call: &MacroCall) -> Option<Val> {
        if self.expanding >= DEEPEST_EXPANSION {
            return None;
        }
        let world = self.types.world;
        let file = self.graph.nodes[self.node.index()].file;
        let (tokens, offset) = world.expansion(self.scope, file, call)?;
        let crate_index = world.modules[self.scope.index()].crate_index;
        let conditions = &world.crates[crate_index].input.conditions;
        let block = lower::expanded(tokens, conditions, offset)?;
        self.expanding += 1;
        // Its variables are visible behind it, as those of a statement are.
        let val = self.stmts(&block);
        self.expanding -= 1;
        Some(val)
    }

    /// `path!(…)`.
    pub fn macro_call(&mut self, call: &MacroCall, bytes: Bytes) -> Val {
        let flags = self.flags(bytes);
        if let Some(val) = self.expanded(call) {
            return val;
        }
        let resolved = self.types.world.resolve(self.scope, &call.path, Space::Macro);
        let name = match resolved {
            Some(Res::Def(Def::Foreign(path))) => Sym::shown(format_args!("{path}!")),
            _ => {
                let name = call.path.segments.last().map_or("", |name| name.as_str());
                Sym::shown(format_args!("?::{name}!"))
            }
        };
        let vals: Vec<Val> = call.args.iter().map(|arg| self.expr(arg)).collect();
        for (val, arg) in vals.iter().zip(&call.args) {
            self.hand(name, val, arg.bytes);
        }
        self.foreign(name, call.path.bytes, bytes, &vals, &call.args, flags);
        let last = name.trim_end_matches('!').rsplit("::").next().unwrap_or_default();
        match last {
            "join" | "try_join" => Val::tuple(vals),
            "vec" | "dbg" | "smallvec" | "select" | "unsafe" | "block" | "timeout" => {
                let mut all = Val { fixed: vals.iter().all(|val| val.fixed), ..Val::default() };
                vals.iter().for_each(|val| {
                    all.join(val);
                });
                all
            }
            _ => {
                let fixed = vals.iter().all(|val| val.fixed) && !matches!(last, "format" | "json");
                // A builder of its crate, as `warp::path!` is; texts and documents have no methods
                // that anybody asks about.
                let builds = resolved.is_some() && !name.starts_with("std::") && last != "json";
                let of = if builds { Val::foreign(name) } else { Val::default() };
                Val { fixed, address: address(&vals), ..of }
            }
        }
    }
}

/// The address that one of some values was made of, or the variable it stands in: of an argument
/// rather than of what it is called on.
pub fn address(vals: &[Val]) -> Option<Sym> {
    vals.iter().rev().find_map(|val| val.address)
}

//! Method calls, by the types their receiver may have.

use super::{Code, Eval, Link, call::changeable};
use crate::facts::code::{
    ir::{Bytes, Expr, Kind, Lit, Method},
    sym::Sym,
    value::{Keep, Val},
};

/// Methods that give something else than what they are called on, on any type.
const ELSE: [&str; 16] = [
    "to_string",
    "len",
    "is_empty",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "contains",
    "contains_key",
    "eq",
    "cmp",
    "hash",
    "into",
    "try_into",
    "parse",
    "type_id",
];

/// Methods that give their closure access to what they are called on.
const ACCESS: [&str; 4] = ["with", "with_borrow", "with_borrow_mut", "with_mut"];

/// Methods that give access to something that others may have changed.
const LOCKS: [&str; 6] =
    ["lock", "write", "try_lock", "blocking_lock", "borrow_mut", "with_borrow"];

/// Methods of an atomic that store and say what was there before.
const SWAPS: [&str; 5] =
    ["swap", "compare_exchange", "compare_exchange_weak", "fetch_or", "fetch_and"];

/// Methods that call a function of the type that is wanted of them.
const CONVERSIONS: [(&str, &str); 4] =
    [("into", "from"), ("try_into", "try_from"), ("parse", "from_str"), ("collect", "from_iter")];

/// Methods that give what their closure returns.
const MAPS: [&str; 12] = [
    "map",
    "and_then",
    "then",
    "map_or",
    "map_or_else",
    "filter_map",
    "flat_map",
    "then_some",
    "fold",
    "try_fold",
    "map_ok",
    "scan",
];

impl Eval<'_, '_> {
    /// `receiver.name(args)`.
    pub fn method(&mut self, method: &Method, bytes: Bytes) -> Val {
        let flags = self.flags(bytes);
        let receiver = self.expr(&method.receiver);
        let name = method.name;
        let mut functions = Vec::new();
        for ty in &receiver.tys {
            functions.extend(self.types.functions(*ty, name));
        }
        // `get_or_init(async { … })`: the block itself is what runs once.
        let once = functions.is_empty()
            && self.types.vocabulary.once_methods.contains(&*name)
            && !ends_with_the_event(&receiver);
        let outer = self.out.region;
        if once {
            self.enter_once();
        }
        let mut args = Vec::with_capacity(method.args.len());
        for arg in &method.args {
            args.push(match &arg.kind {
                // A closure given to a method of a container sees what is in it.
                Kind::Closure(closure) if functions.is_empty() => {
                    // `CACHE.with(|cache| …)` gives access to what is kept, not to a part of it.
                    let keep = receiver.keep.filter(|_| ACCESS.contains(&name.as_str()));
                    self.closure(closure, arg, Some(&Val { keep, ..receiver.clone() }))
                }
                _ => self.expr(arg),
            });
        }
        self.leave(outer);
        if !functions.is_empty() {
            functions.sort_unstable();
            functions.dedup();
            let args = changeable(args, &method.args);
            // It may have changed what it is called on.
            if let Some(local) = self.local(&method.receiver) {
                self.locals[local].1.fixed = false;
            }
            let mut result = self.call_fns(&functions, Some(&receiver), &args, bytes);
            self.turbofish(&functions, &method.generics, &mut result);
            // `if !pool.connected() { pool.connect() }`: the method keeps what it makes.
            if functions.iter().any(|id| self.stores(*id)) {
                self.store(receiver.keep);
                self.stored_into(&method.receiver);
            }
            result.keep = receiver.keep;
            result.event |= receiver.event;
            result.fixed &= receiver.fixed;
            return result;
        }
        // `text.push_str(&name)`: what something is filled with decides over it too.
        if !args.iter().all(|arg| arg.fixed)
            && let Some(local) = self.local(&method.receiver)
        {
            self.locals[local].1.fixed = false;
        }
        if let Some(Keep::Global(global)) = receiver.keep {
            self.out.kept.push((global, name, method.name_bytes));
        }
        self.kept(name, &receiver, &args, method);
        self.on_connection(method, &args, bytes, flags);
        let foreign = receiver.foreign_path();
        let mut val = match foreign {
            Some(of) if !plain(of) => {
                self.foreign_method(of, method, &receiver, &args, bytes, flags)
            }
            _ => self.through(name, &receiver, &args),
        };
        self.turbofish(&[], &method.generics, &mut val);
        val.fixed &= !LOCKS.contains(&name.as_str());
        if let [ty] = &*method.generics {
            let to = self.types.ty(self.scope, &self.typing, ty).val;
            self.conversion(method, &to);
        }
        val
    }

    /// `let order: Order = text.parse()?`: whose `from_str` it is stands on the left.
    pub fn converted(&mut self, expr: &Expr, to: &Val) {
        if let Some(method) = conversion(expr) {
            self.conversion(method, to);
        }
    }

    /// Links a conversion to the function of the wanted type that does it.
    fn conversion(&mut self, method: &Method, to: &Val) {
        let Some(function) = converter(method) else { return };
        let function = Sym::new(function);
        for ty in &to.tys {
            for id in self.types.functions(*ty, function) {
                self.link_fn(id, Link::Call, method.name_bytes);
            }
        }
    }

    /// What stores into, or makes once, whatever it is called on.
    fn kept(&mut self, name: Sym, receiver: &Val, args: &[Val], method: &Method) {
        let vocabulary = self.types.vocabulary;
        // `text.replace(from, to)` is a text's own and stores nothing.
        let of_text = &*name == "replace" && args.len() == 2;
        if vocabulary.store_methods.contains(&*name) && !of_text {
            self.store(receiver.keep);
            self.stored_into(&method.receiver);
        }
        if SWAPS.contains(&name.as_str()) && args.iter().all(|arg| arg.fixed) {
            self.out.swapped.extend(receiver.keep);
        }
        let always = vocabulary.once_methods.contains(&*name) && !ends_with_the_event(receiver);
        let when_kept = vocabulary.keep_methods.contains(&*name) && receiver.keep.is_some();
        if always || when_kept {
            self.store(receiver.keep);
            for (val, arg) in args.iter().zip(&method.args) {
                self.hand_as(Link::Once, val, arg.bytes);
            }
        }
    }

    /// Notes a query as a call on the connection it is given, whatever the query is made of:
    /// `users.load(&mut connection)`.
    fn on_connection(&mut self, method: &Method, args: &[Val], bytes: Bytes, flags: (bool, bool)) {
        let connections = &self.types.vocabulary.connections;
        let mut given = args.iter().filter_map(Val::foreign_path);
        if let Some(of) = given.find(|of| connections.matches(*of)) {
            let path = Sym::shown(format_args!("{of}.{}", method.name));
            self.foreign(path, method.name_bytes, bytes, args, &method.args, flags);
        }
    }

    fn foreign_method(
        &mut self,
        of: Sym,
        method: &Method,
        receiver: &Val,
        args: &[Val],
        bytes: Bytes,
        flags: (bool, bool),
    ) -> Val {
        let name = method.name;
        let path = Sym::shown(format_args!("{of}.{name}"));
        let literal = method.args.iter().find_map(literal_of);
        if let Some(made) = receiver.call
            && made.node == self.node
            && let Some(call) = self.out.calls.get_mut(made.fact)
        {
            call.chain.push((name, literal));
        }
        for (val, arg) in args.iter().zip(&method.args) {
            self.hand(path, val, arg.bytes);
        }
        let vocabulary = self.types.vocabulary;
        if vocabulary.transparent.contains(&*name) {
            return self.through(name, receiver, args);
        }
        let mut all: Vec<Val> = Vec::with_capacity(args.len() + 1);
        all.push(receiver.clone());
        all.extend(args.iter().cloned());
        let made = self.foreign(path, method.name_bytes, bytes, &all, &method.args, flags);
        let fixed = all.iter().all(|val| val.fixed);
        let maps = MAPS.contains(&name.as_str());
        let mut val = Val {
            call: receiver.call.or(Some(made)),
            keep: receiver.keep,
            fixed,
            // What a closure makes of a part may be something else.
            event: receiver.event && !maps,
            owned: receiver.owned,
            address: super::call::address(&all),
            ..Val::foreign(vocabulary.returned(path))
        };
        if maps {
            self.outputs(args, &mut val);
        }
        val
    }

    /// A method nobody knows: of a container it reaches what is in it.
    fn through(&mut self, name: Sym, receiver: &Val, args: &[Val]) -> Val {
        let fixed = receiver.fixed && args.iter().all(|val| val.fixed);
        let owned = receiver.owned;
        let bare = Val { keep: receiver.keep, fixed, owned, ..Val::default() };
        if ELSE.contains(&name.as_str()) {
            return bare;
        }
        if MAPS.contains(&name.as_str()) {
            let mut val = bare;
            self.outputs(args, &mut val);
            return val;
        }
        let mut val = Val { fixed, ..receiver.clone() };
        if !self.types.vocabulary.transparent.contains(&*name) {
            val.call = None;
        }
        self.outputs(args, &mut val);
        val
    }

    /// Adds what the closures and functions among the arguments return.
    fn outputs(&mut self, args: &[Val], into: &mut Val) {
        for arg in args {
            for id in self.nodes_of(arg) {
                if matches!(self.graph.nodes[id.index()].code, Code::Fn(_) | Code::Closure(..)) {
                    let output = self.graph.nodes[id.index()].output.clone();
                    into.join(&output);
                }
            }
        }
    }
}

/// Whether the running code made a cell itself, so that it keeps nothing for the next event.
fn ends_with_the_event(cell: &Val) -> bool {
    cell.owned && cell.keep.is_none() && cell.call.is_none()
}

/// The function of the wanted type that a method calls.
fn converter(method: &Method) -> Option<&'static str> {
    let found = CONVERSIONS.iter().find(|(name, _)| *name == &*method.name);
    found.map(|(_, function)| *function)
}

/// The conversion whose result an expression is, behind what only takes a value out:
/// `Ok(text.parse().context("…")?)`.
fn conversion(expr: &Expr) -> Option<&Method> {
    match &expr.kind {
        Kind::Try(inner) | Kind::Same(inner) | Kind::Await(inner) => conversion(inner),
        Kind::Call(callee, args) => match (&callee.kind, &**args) {
            (Kind::Path(path), [inner])
                if path.segments.last().is_some_and(|name| matches!(&**name, "Ok" | "Some")) =>
            {
                conversion(inner)
            }
            _ => None,
        },
        Kind::Method(method) if converter(method).is_some() => Some(method),
        Kind::Method(method) => conversion(&method.receiver),
        _ => None,
    }
}

/// Whether an expression is what a conversion gives.
pub fn converts(expr: &Expr) -> bool {
    conversion(expr).is_some()
}

/// Foreign types whose methods no rule asks about: what they hold is not known, and they are many.
fn plain(path: Sym) -> bool {
    let Some(rest) = path.strip_prefix("std::") else { return false };
    !["fs", "env", "process", "net", "thread", "io", "sync"]
        .iter()
        .any(|module| rest.starts_with(module))
}

fn literal_of(arg: &Expr) -> Option<Lit> {
    match &arg.kind {
        Kind::Lit(lit) => Some(*lit),
        Kind::Same(inner) => literal_of(inner),
        _ => None,
    }
}

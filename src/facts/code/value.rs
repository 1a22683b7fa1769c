//! What the analysis knows of a value: the types it may have, and where it came from.
//!
//! Wrappers (`Arc`, `Option`, `Vec`, a lock, a future) are looked through: a value stands for what
//! can be reached in it. The empty value is the honest "unknown".

use super::{
    sym::Sym,
    world::{DataId, FnId, GlobalId, TraitId},
};
use std::sync::Arc;

/// A piece of code that runs as a whole: a function, a closure or the initialiser of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The index behind the number.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One type a value may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ty {
    /// A type of a crate that is looked at.
    Data(DataId),
    /// A type of another crate by its path, or what a call on one returned, by the call's path.
    Foreign(Sym),
    /// A function.
    Fn(FnId),
    /// A closure.
    Closure(NodeId),
    /// Some type that implements a trait.
    Trait(TraitId),
}

/// A place that outlives an event and may keep a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keep {
    /// A static.
    Global(GlobalId),
    /// A field by its name, with the type that has it where that is known.
    Field(Option<DataId>, Sym),
}

/// A foreign call whose result a value still is, by its index among the facts of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRef {
    /// The node it stands in.
    pub node: NodeId,
    /// The index of its fact.
    pub fact: usize,
}

/// A value.
#[derive(Clone, Debug, Default)]
pub struct Val {
    /// The types it may have, sorted.
    pub tys: Vec<Ty>,
    /// The parts of a tuple.
    pub parts: Option<Arc<[Val]>>,
    /// Where it is kept.
    pub keep: Option<Keep>,
    /// The foreign call it is the result of.
    pub call: Option<CallRef>,
    /// The literal with an address or path that it was made of, or the name of the environment's
    /// variable that holds one.
    pub address: Option<Sym>,
    /// Whether it is the same for every event: built from literals, consts and statics only.
    pub fixed: bool,
    /// Whether it is the event or a part of it, as it came: what is read from one is something else.
    pub event: bool,
    /// Whether the running code owns it, so that it ends with that code: it is no reference, no
    /// shared pointer and nothing that was there before.
    pub owned: bool,
}

/// How many types a value may have before the rest is dropped: beyond, nothing is precise.
const MOST: usize = 12;

impl Val {
    /// A value of one type.
    pub fn of(ty: Ty) -> Val {
        Val { tys: vec![ty], ..Val::default() }
    }

    /// A value of a foreign type.
    pub fn foreign(path: Sym) -> Val {
        Val::of(Ty::Foreign(path))
    }

    /// A literal or constant.
    pub fn fixed() -> Val {
        Val { fixed: true, owned: true, ..Val::default() }
    }

    /// A tuple.
    pub fn tuple(parts: Vec<Val>) -> Val {
        let fixed = parts.iter().all(|part| part.fixed);
        let owned = parts.iter().all(|part| part.owned);
        Val { parts: Some(parts.into()), fixed, owned, ..Val::default() }
    }

    /// Adds what another value may be. Says whether that was news.
    pub fn join(&mut self, other: &Val) -> bool {
        let (before, event) = (self.tys.len(), self.event);
        for ty in &other.tys {
            if let Err(at) = self.tys.binary_search(ty)
                && self.tys.len() < MOST
            {
                self.tys.insert(at, *ty);
            }
        }
        self.keep = self.keep.or(other.keep);
        self.call = self.call.or(other.call);
        self.address = self.address.or(other.address);
        self.event |= other.event;
        self.join_parts(other) || self.tys.len() != before || self.event != event
    }

    fn join_parts(&mut self, other: &Val) -> bool {
        let (own, others) = match (&self.parts, &other.parts) {
            (Some(own), Some(others)) if own.len() == others.len() => (own, others),
            (None, Some(others)) => {
                self.parts = Some(others.clone());
                return true;
            }
            _ => return false,
        };
        if Arc::ptr_eq(own, others) {
            return false;
        }
        let mut parts = own.to_vec();
        let mut news = false;
        for (part, other) in parts.iter_mut().zip(others.iter()) {
            news |= part.join(other);
        }
        if news {
            self.parts = Some(parts.into());
        }
        news
    }

    /// The value of either of two branches.
    pub fn or(mut self, other: Val) -> Val {
        self.fixed &= other.fixed;
        self.owned &= other.owned;
        if let (Some(own), Some(others)) = (&self.parts, &other.parts)
            && own.len() == others.len()
        {
            let parts = own.iter().cloned().zip(others.iter().cloned());
            self.parts = Some(parts.map(|(part, other)| part.or(other)).collect());
        }
        self.join(&other);
        self
    }

    /// The functions and closures it may be.
    pub fn callables(&self) -> impl Iterator<Item = Ty> + '_ {
        self.tys.iter().copied().filter(|ty| matches!(ty, Ty::Fn(_) | Ty::Closure(_)))
    }

    /// The part of a tuple; of anything else the whole, because wrappers are looked through.
    pub fn part(&self, index: usize) -> Val {
        match &self.parts {
            Some(parts) => parts.get(index).cloned().unwrap_or_default(),
            None => self.clone(),
        }
    }

    /// The first foreign type among those it may have.
    pub fn foreign_path(&self) -> Option<Sym> {
        self.tys.iter().find_map(|ty| match ty {
            Ty::Foreign(path) => Some(*path),
            _ => None,
        })
    }
}

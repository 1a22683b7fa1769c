//! What fields hold and functions are given, collected over all the code that was looked at.
//!
//! Whoever depends on it is looked at again when it is news.

use super::{Code, Eval, narrow};
use crate::facts::code::{
    sym::Sym,
    types::TypeScope,
    value::{Ty, Val},
    world::{DataId, FnId},
};

/// The place of what a method is called on, among the parameters.
pub const RECEIVER: usize = usize::MAX;

impl Eval<'_, '_> {
    /// What a field of a value holds, by its type and by what was put into it.
    pub fn field(&mut self, data: DataId, name: Sym, whole: &Val) -> Option<Val> {
        let placed = &self.types.world.data[data.index()];
        let (_, ty) = placed.item.fields.iter().find(|(field, _)| *field == name)?;
        let mut typing = TypeScope { this: Val::of(Ty::Data(data)), ..TypeScope::default() };
        typing.generics = self.types.generics(placed.scope, &placed.item.generics);
        let typed = self.types.ty(placed.scope, &typing, ty);
        let mut val = typed.val;
        val.owned = self.types.owns(placed.scope, ty);
        if typed.open {
            // A type parameter is among what the whole holds besides.
            let besides = whole.tys.iter().copied().filter(|ty| *ty != Ty::Data(data)).collect();
            narrow(&mut val, &Val { tys: besides, ..Val::default() });
            self.graph.readers.entry((data, name)).or_default().insert(self.root);
            if let Some(given) = self.graph.fields.get(&(data, name)) {
                narrow(&mut val, given);
            }
        }
        Some(val)
    }

    /// Notes what is put into a field.
    pub fn put(&mut self, data: DataId, name: Sym, val: &Val) {
        let given = Val { tys: val.tys.clone(), parts: val.parts.clone(), ..Val::default() };
        if self.graph.fields.entry((data, name)).or_default().join(&given) {
            for reader in self.graph.readers.get(&(data, name)).cloned().unwrap_or_default() {
                if reader != self.root {
                    self.graph.enqueue(reader);
                }
            }
        }
    }

    /// Notes what a function is given.
    pub fn give(&mut self, id: FnId, index: usize, val: &Val) {
        let mut given = Val { tys: val.tys.clone(), parts: val.parts.clone(), ..Val::default() };
        (given.event, given.address) = (val.event, val.address);
        given.keep = val.keep;
        let known = self.graph.params.entry((id, index)).or_default();
        let known_fixed = self.graph.fixed.entry((id, index)).or_insert(val.fixed);
        let mut no_longer = *known_fixed && !val.fixed;
        *known_fixed &= val.fixed;
        let known_owned = self.graph.owned.entry((id, index)).or_insert(val.owned);
        no_longer |= *known_owned && !val.owned;
        *known_owned &= val.owned;
        no_longer |= known.address.is_none() && given.address.is_some();
        if (known.join(&given) || no_longer)
            && let Some(node) = self.graph.find(Code::Fn(id))
        {
            self.graph.enqueue(node);
        }
    }
}

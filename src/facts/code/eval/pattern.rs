//! Binds the names of a pattern to the parts of a value.

use super::Eval;
use crate::facts::code::{
    ir::{Pat, Path},
    names::{Res, Space},
    sym::Sym,
    value::{Ty, Val},
    world::{DataId, Def},
};

impl Eval<'_, '_> {
    /// Brings the names of a pattern into scope.
    pub fn bind(&mut self, pat: &Pat, val: Val) {
        match pat {
            Pat::Name(name) => self.locals.push((*name, val)),
            Pat::Tuple(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    self.bind(part, carry(val.part(index), &val));
                }
            }
            Pat::TupleStruct(path, parts) => {
                let of = self.data_of(path);
                for (index, part) in parts.iter().enumerate() {
                    let held = of.and_then(|of| self.held(of, path, Sym::shown(index), &val));
                    let inner = if parts.len() == 1 { val.clone() } else { val.part(index) };
                    self.bind(part, held.map_or(inner, |held| carry(held, &val)));
                }
            }
            Pat::Struct(path, fields) => {
                let of = self.data_of(path);
                for (name, part) in fields {
                    let held = of.and_then(|of| self.held(of, path, *name, &val));
                    let held = held.unwrap_or(Val { owned: val.owned, ..Val::default() });
                    self.bind(part, carry(held, &val));
                }
            }
            Pat::Typed(inner, ty) => {
                let typed = self.types.ty(self.scope, &self.typing, ty);
                let owned = val.owned || self.types.owns(self.scope, ty);
                let known = if typed.open || typed.val.tys.is_empty() {
                    let mut known = val;
                    // Of `HashMap<_, Box<dyn Trait>>` that is still empty, the type says most.
                    if known.tys.is_empty() {
                        known.join(&typed.val);
                    }
                    known
                } else {
                    carry(typed.val, &val)
                };
                self.bind(inner, Val { owned, ..known });
            }
            Pat::Or(cases) => {
                for case in cases {
                    self.bind(case, val.clone());
                }
            }
            Pat::Path(_) | Pat::Other => {}
        }
    }

    fn data_of(&self, path: &Path) -> Option<DataId> {
        if path.segments.len() == 1 && &*path.segments[0] == "Self" {
            return self.typing.this.tys.iter().find_map(|ty| match ty {
                Ty::Data(id) => Some(*id),
                _ => None,
            });
        }
        match self.types.world.resolve(self.scope, path, Space::Value)? {
            Res::Def(Def::Data(id) | Def::Variant(id, _)) => Some(id),
            _ => None,
        }
    }

    fn held(&mut self, of: DataId, path: &Path, field: Sym, whole: &Val) -> Option<Val> {
        self.field(of, field, whole).or_else(|| {
            let variant = path.segments.last()?;
            self.field(of, Sym::shown(format_args!("{variant}.{field}")), whole)
        })
    }
}

/// A part of a value is kept where the whole is, comes from the event if the whole does, and is
/// the same for every event if the whole is and cannot change.
pub fn carry(mut part: Val, whole: &Val) -> Val {
    part.keep = part.keep.or(whole.keep);
    part.event |= whole.event;
    part.fixed |= whole.fixed && whole.keep.is_none();
    part.owned &= whole.owned;
    part
}

//! Lowers paths, types, generics and patterns.

use super::Lower;
use crate::facts::code::{
    ir::{Bytes, Generic, Pat, Path, Type},
    sym::Sym,
};
use syn::{GenericArgument, GenericParam, Member, PathArguments, TypeParamBound, WherePredicate};

/// The name of an identifier, without `r#`.
pub fn name(ident: &syn::Ident) -> Sym {
    let shown = Sym::shown(ident);
    shown.as_str().strip_prefix("r#").map_or(shown, Sym::new)
}

/// The name of a field, positions included.
pub fn member(member: &Member) -> Sym {
    match member {
        Member::Named(ident) => name(ident),
        Member::Unnamed(index) => Sym::shown(index.index),
    }
}

impl Lower<'_> {
    /// A path with the generic arguments of the last segment that has any.
    pub fn path(&self, path: &syn::Path) -> Path {
        let mut segments = Vec::with_capacity(path.segments.len() + 1);
        if path.leading_colon.is_some() {
            segments.push(Sym::new(""));
        }
        let mut generics = Box::default();
        for segment in &path.segments {
            segments.push(name(&segment.ident));
            match &segment.arguments {
                PathArguments::AngleBracketed(args) => generics = self.generic_args(args),
                PathArguments::Parenthesized(args) => {
                    generics = match &args.output {
                        syn::ReturnType::Type(_, ty) => Box::new([self.ty(ty)]),
                        syn::ReturnType::Default => Box::default(),
                    }
                }
                PathArguments::None => {}
            }
        }
        Path { segments: segments.into(), generics, qself: None, bytes: self.path_bytes(path) }
    }

    fn path_bytes(&self, path: &syn::Path) -> Bytes {
        let Some(first) = path.segments.first() else { return Bytes::default() };
        let start = self.bytes(first.ident.span());
        match path.segments.last() {
            Some(last) if path.segments.len() > 1 => start.to(self.bytes(last.ident.span())),
            _ => start,
        }
    }

    /// A path that may start with `<T as Trait>`.
    pub fn qualified(&self, qself: Option<&syn::QSelf>, path: &syn::Path) -> Path {
        let mut lowered = self.path(path);
        if let Some(qself) = qself {
            let (of, rest) = lowered.segments.split_at(qself.position.min(lowered.segments.len()));
            let of = (!of.is_empty()).then(|| Path {
                segments: of.into(),
                bytes: lowered.bytes,
                ..Path::default()
            });
            let rest = rest.into();
            lowered.qself = Some(Box::new((self.ty(&qself.ty), of)));
            lowered.segments = rest;
        }
        lowered
    }

    /// The type arguments of `<…>`; of `Item = T`, the `T`.
    pub fn generic_args(&self, args: &syn::AngleBracketedGenericArguments) -> Box<[Type]> {
        args.args
            .iter()
            .filter_map(|arg| match arg {
                GenericArgument::Type(ty) => Some(self.ty(ty)),
                GenericArgument::AssocType(assoc) => Some(self.ty(&assoc.ty)),
                _ => None,
            })
            .collect()
    }

    /// A type.
    pub fn ty(&self, ty: &syn::Type) -> Type {
        match ty {
            syn::Type::Path(path) => Type::Path(self.qualified(path.qself.as_ref(), &path.path)),
            syn::Type::Reference(reference) => Type::Ref(Box::new(self.ty(&reference.elem))),
            syn::Type::Ptr(pointer) => Type::Ref(Box::new(self.ty(&pointer.elem))),
            syn::Type::Paren(paren) => self.ty(&paren.elem),
            syn::Type::Group(group) => self.ty(&group.elem),
            syn::Type::Tuple(tuple) => {
                Type::Tuple(tuple.elems.iter().map(|t| self.ty(t)).collect())
            }
            syn::Type::Array(array) => Type::List(Box::new(self.ty(&array.elem))),
            syn::Type::Slice(slice) => Type::List(Box::new(self.ty(&slice.elem))),
            syn::Type::TraitObject(object) => Type::Dyn(self.bounds(&object.bounds).into()),
            syn::Type::ImplTrait(object) => Type::Impl(self.bounds(&object.bounds).into()),
            _ => Type::Other,
        }
    }

    /// The traits among some bounds.
    pub fn bounds<'b>(&self, bounds: impl IntoIterator<Item = &'b TypeParamBound>) -> Vec<Path> {
        bounds
            .into_iter()
            .filter_map(|bound| match bound {
                TypeParamBound::Trait(bound) => Some(self.path(&bound.path)),
                _ => None,
            })
            .collect()
    }

    /// Type parameters, `where` included.
    pub fn generics(&self, generics: &syn::Generics) -> Vec<Generic> {
        let mut lowered: Vec<Generic> = generics
            .params
            .iter()
            .filter_map(|param| match param {
                GenericParam::Type(param) => {
                    Some(Generic { name: name(&param.ident), bounds: self.bounds(&param.bounds) })
                }
                _ => None,
            })
            .collect();
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            let WherePredicate::Type(predicate) = predicate else { continue };
            let syn::Type::Path(path) = &predicate.bounded_ty else { continue };
            let Some(ident) = path.path.get_ident() else { continue };
            let bounded = name(ident);
            if let Some(generic) = lowered.iter_mut().find(|generic| generic.name == bounded) {
                generic.bounds.extend(self.bounds(&predicate.bounds));
            }
        }
        lowered
    }

    /// A pattern, and the guard that may stand behind it.
    pub fn pat(&self, pat: &syn::Pat) -> Pat {
        match pat {
            syn::Pat::Ident(ident) => self.ident_pat(ident),
            syn::Pat::Guard(guard) => self.pat(&guard.pat),
            syn::Pat::Paren(paren) => self.pat(&paren.pat),
            syn::Pat::Reference(reference) => self.pat(&reference.pat),
            syn::Pat::Tuple(tuple) => Pat::Tuple(tuple.elems.iter().map(|p| self.pat(p)).collect()),
            syn::Pat::Slice(slice) => Pat::Tuple(slice.elems.iter().map(|p| self.pat(p)).collect()),
            syn::Pat::TupleStruct(pat) => Pat::TupleStruct(
                self.qualified(pat.qself.as_ref(), &pat.path),
                pat.elems.iter().map(|p| self.pat(p)).collect(),
            ),
            syn::Pat::Struct(pat) => Pat::Struct(
                self.qualified(pat.qself.as_ref(), &pat.path),
                pat.fields.iter().map(|f| (member(&f.member), self.pat(&f.pat))).collect(),
            ),
            syn::Pat::Path(path) => Pat::Path(self.qualified(path.qself.as_ref(), &path.path)),
            syn::Pat::Type(typed) => Pat::Typed(Box::new(self.pat(&typed.pat)), self.ty(&typed.ty)),
            syn::Pat::Or(or) => Pat::Or(or.cases.iter().map(|p| self.pat(p)).collect()),
            _ => Pat::Other,
        }
    }

    /// A lone name binds, unless it is spelled like a constant or variant.
    fn ident_pat(&self, ident: &syn::PatIdent) -> Pat {
        let bound = name(&ident.ident);
        let plain = ident.by_ref.is_none() && ident.mutability.is_none();
        if plain && ident.subpat.is_none() && bound.starts_with(|c: char| c.is_uppercase()) {
            let bytes = self.bytes(ident.ident.span());
            return Pat::Path(Path { segments: [bound].into(), bytes, ..Path::default() });
        }
        Pat::Name(bound)
    }
}

//! Decides which code is compiled: `#[cfg(…)]` for a release build of one crate for Lambda.
//!
//! Tests are off, features are those the caller says, the target is Linux. What cannot be decided
//! (`target_arch`, a name from a build script) stays in, so that it is looked at.

use std::collections::HashSet;
use syn::{Attribute, Expr, Lit, Meta, Token, punctuated::Punctuated};

/// The conditions of one crate.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The features that are on.
    pub features: HashSet<String>,
}

impl Conditions {
    /// Whether an item, statement or expression with these attributes is compiled.
    pub fn hold(&self, attrs: &[Attribute]) -> bool {
        attrs.iter().all(|attr| {
            if attr.path().is_ident("test") || attr.path().is_ident("bench") {
                return false;
            }
            let cfg = attr.path().is_ident("cfg").then(|| attr.parse_args::<Meta>());
            cfg.and_then(Result::ok).and_then(|meta| self.decide(&meta)).unwrap_or(true)
        })
    }

    /// What a condition comes to, if that can be said.
    fn decide(&self, meta: &Meta) -> Option<bool> {
        let name = meta.path().get_ident()?.to_string();
        match (name.as_str(), meta) {
            ("test" | "doctest" | "miri" | "debug_assertions" | "windows", Meta::Path(_)) => {
                Some(false)
            }
            ("unix", Meta::Path(_)) => Some(true),
            ("feature", Meta::NameValue(pair)) => {
                Some(self.features.contains(&string(&pair.value)?))
            }
            ("target_os", Meta::NameValue(pair)) => Some(string(&pair.value)? == "linux"),
            ("target_family", Meta::NameValue(pair)) => Some(string(&pair.value)? == "unix"),
            ("not", Meta::List(_)) => {
                let inner = nested(meta)?;
                self.decide(inner.first()?).map(|decided| !decided)
            }
            ("all", Meta::List(_)) => {
                let inner: Vec<_> = nested(meta)?.iter().map(|meta| self.decide(meta)).collect();
                if inner.contains(&Some(false)) {
                    return Some(false);
                }
                inner.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
            ("any", Meta::List(_)) => {
                let inner: Vec<_> = nested(meta)?.iter().map(|meta| self.decide(meta)).collect();
                if inner.contains(&Some(true)) {
                    return Some(true);
                }
                inner.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            }
            _ => None,
        }
    }
}

fn nested(meta: &Meta) -> Option<Vec<Meta>> {
    let list = meta.require_list().ok()?;
    let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    Some(inner.into_iter().collect())
}

/// The text of a string literal, as in `feature = "…"` and `#[path = "…"]`.
pub fn string(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_decided_and_the_unknown_stays_in() {
        let conditions = Conditions { features: HashSet::from(["lambda".to_owned()]) };
        for (attribute, holds) in [
            ("#[cfg(test)]", false),
            ("#[cfg(not(test))]", true),
            ("#[cfg(feature = \"lambda\")]", true),
            ("#[cfg(feature = \"cli\")]", false),
            ("#[cfg(all(feature = \"lambda\", not(feature = \"cli\")))]", true),
            ("#[cfg(any(test, feature = \"cli\"))]", false),
            ("#[cfg(any(test, tokio_unstable))]", true),
            ("#[cfg(target_arch = \"x86_64\")]", true),
            ("#[test]", false),
            ("#[inline]", true),
        ] {
            let item: syn::ItemFn = syn::parse_str(&format!("{attribute} fn f() {{}}")).unwrap();
            assert_eq!(conditions.hold(&item.attrs), holds, "{attribute}");
        }
    }
}

//! The effective profile: what of a profile reaches rustc, and where each value comes from.
//!
//! Takes the root manifest, the config files, the environment, the builder and its settings, and
//! gives every profile key of the function's own crate with the place that decides it and the
//! places it beats. It follows cargo 1.95 (`core/profiles.rs`); a test compares it with what a
//! recording compiler is called with. It reads no file and runs no program, and it refuses what
//! cargo refuses: a profile that is not defined, a value that is none.

mod cargo_lambda;
mod derive;
mod key;
mod layers;
mod resolve;
mod rustflags;

#[cfg(test)]
mod tests;

pub use cargo_lambda::{CargoLambda, Injection, LambdaBuild, newest_known, oldest_known};
pub use key::{Key, Spelling};
pub use layers::{Origin, Setting};
pub use resolve::effective;
pub use rustflags::{Codegen, Conflict, Flag, Rustflags, Source, codegen};

use crate::{facts::document::Document, source::Place};
use std::collections::BTreeMap;

/// Everything that decides a profile.
#[derive(Clone, Copy, Debug)]
pub struct ProfileInput<'a> {
    /// The manifest of the workspace root: the only one whose profiles count.
    pub root: &'a Document,
    /// Cargo's config files, included ones behind those that include them; highest first.
    pub configs: &'a [Document],
    /// The environment cargo is started in.
    pub env: &'a BTreeMap<String, String>,
    /// What starts cargo; `None` is plain cargo.
    pub cargo_lambda: Option<&'a CargoLambda>,
    /// The profile built with: `release`.
    pub profile: &'a str,
    /// The function's package.
    pub package: PackageName<'a>,
    /// What the function's package depends on directly, with its proc macros.
    pub dependencies: &'a [Linked<'a>],
    /// The target of rustc built for, without a glibc version.
    pub target: &'a str,
}

/// What the key of `[profile.*.package.*]` is compared with.
#[derive(Clone, Copy, Debug)]
pub struct PackageName<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version, where it is known.
    pub version: Option<&'a str>,
}

/// A dependency: its debug info decides whether cargo strips by itself.
#[derive(Clone, Copy, Debug)]
pub struct Linked<'a> {
    /// The package.
    pub package: PackageName<'a>,
    /// Whether the workspace lists it: `package."*"` does not mean members.
    pub is_member: bool,
    /// Whether it is a proc macro, which `build-override` means.
    pub is_proc_macro: bool,
}

/// A profile as it reaches rustc for the function's own crate.
#[derive(Clone, Debug)]
pub struct EffectiveProfile {
    /// The profile built with.
    pub name: String,
    /// The profile and those it inherits from, down to `dev` or `release`.
    pub chain: Vec<String>,
    /// Whether cargo-lambda tunes the build.
    pub injection: Injection,
    /// Every key, in the order of `Key::ALL`.
    pub keys: Vec<Resolved>,
    /// The flags from outside the profile.
    pub rustflags: Rustflags,
    /// `[profile.*.package.*]` and `[profile.*.build-override]` of the profile and its parents.
    pub overrides: Vec<Override>,
}

/// One key of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The key.
    pub key: Key,
    /// The value that counts.
    pub winner: Setting,
    /// What else sets it, and is beaten; nearest first.
    pub shadowed: Vec<Setting>,
    /// The flags cargo passes for it. `rustflags` that say otherwise come behind.
    pub flags: Vec<String>,
    /// What the origin alone does not explain.
    pub note: Option<&'static str>,
}

/// Settings for some crates only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The table: `profile.release.package.ring`.
    pub table: String,
    /// Whether it means the function's own crate.
    pub is_own: bool,
    /// What it sets, by key.
    pub settings: Vec<(Key, Setting)>,
    /// Where it is written.
    pub place: Place,
}

impl EffectiveProfile {
    /// A key with what decides it.
    pub fn get(&self, key: Key) -> &Resolved {
        let found = self.keys.iter().find(|resolved| resolved.key == key);
        found.expect("every key is resolved")
    }

    /// The word a key comes to.
    pub fn value(&self, key: Key) -> &str {
        &self.get(key).winner.value
    }

    /// Every flag that reaches rustc for the profile and from `rustflags`, in order.
    pub fn rustc_flags(&self) -> Vec<&str> {
        let keys = self.keys.iter().flat_map(|resolved| &resolved.flags).map(String::as_str);
        keys.chain(self.rustflags.flags.iter().map(|flag| flag.text.as_str())).collect()
    }
}

impl PackageName<'_> {
    /// Whether the key of a package override means this package. Addresses are not compared:
    /// only their last part counts.
    fn is_meant_by(self, spec: &str) -> bool {
        let spec = spec.rsplit(['/', '#']).next().unwrap_or(spec);
        let (name, version) = match spec.split_once(['@', ':']) {
            Some((name, version)) => (name, Some(version)),
            None => (spec, None),
        };
        let fits = |wanted: &str| {
            self.version.is_none_or(|version| {
                version == wanted || version.starts_with(&format!("{wanted}."))
            })
        };
        name == self.name && version.is_none_or(fits)
    }
}

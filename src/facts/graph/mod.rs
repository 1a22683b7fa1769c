//! Which crates one function links, with the features they really have, and why.
//!
//! `answer` turns the JSON of `cargo metadata` into the packages of `universe`, `resolved` simulates cargo's feature
//! resolver for one package, binary and target, `why` tells the shortest chain of edges and
//! features that brings something in, and `lock` answers what a `Cargo.lock` alone can answer.
//! Nothing here runs cargo, and no feature is ever taken from the `resolve` table of the
//! metadata: that one unifies over every member of the workspace (cargo issue 7754).
//!
//! The simulation is our own, not guppy's. guppy 0.19.1 adds 26 crates and about 18 s of
//! processor time to a cold release build (61 s against 43 s, measured), and it answers neither
//! of the two questions the rules ask: through which feature did this get in, and what would the
//! build be if this manifest line said something else. The tests compare the result with
//! `cargo tree`, crate by crate and feature by feature.

pub mod universe;

mod answer;

pub mod resolved;

pub mod why;

pub mod lock;

pub mod spec;

pub mod resolution;

pub use lock::Lock;
pub use resolution::Resolution;
pub use resolved::{Change, Node, Resolved, Selection};
pub use spec::CrateSpec;
pub use universe::{Dependency, Kind, Package, Universe};
pub use why::Line;

use super::document::Document;

/// How cargo unifies features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// Over normal, build and development dependencies, and over every target (resolver 1).
    Everything,
    /// For the target's normal dependencies alone (resolver 2 and later).
    Separate,
}

impl Resolver {
    /// What the manifest at the workspace root chooses. A virtual workspace that says nothing
    /// gets resolver 1, whatever the edition of its members.
    pub fn of(root: &Document) -> Self {
        let written = root
            .string(&["workspace", "resolver"])
            .or_else(|| root.string(&["package", "resolver"]));
        let edition = || match root.get(&["package", "edition"])?.item.as_str() {
            Some(edition) => Some(edition),
            None => root.string(&["workspace", "package", "edition"]),
        };
        let separate = match (written, root.get(&["package"])) {
            (Some(version), _) => version != "1",
            (None, Some(_)) => edition().is_some_and(|edition| edition >= "2021"),
            (None, None) => false,
        };
        if separate { Resolver::Separate } else { Resolver::Everything }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RelPath;

    #[test]
    fn the_resolver_is_what_cargo_would_take() {
        for (text, expected) in [
            ("[package]\nedition = \"2018\"\n", Resolver::Everything),
            ("[package]\nedition = \"2021\"\n", Resolver::Separate),
            ("[package]\nedition = \"2024\"\nresolver = \"1\"\n", Resolver::Everything),
            ("[workspace]\nmembers = []\n", Resolver::Everything),
            ("[workspace]\nresolver = \"3\"\n", Resolver::Separate),
            (
                "[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2021\"\n",
                Resolver::Separate,
            ),
        ] {
            let root = Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML");
            assert_eq!(Resolver::of(&root), expected, "{text}");
        }
    }
}

//! What must stay when a dependency is trimmed: features without which the build passes and the
//! function fails. Held in `rules/data/required-features.toml`.

use crate::facts::graph::{CrateSpec, Resolved};
use serde::Deserialize;
use std::sync::LazyLock;

static REQUIRED: LazyLock<Required> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/data/required-features.toml"))
        .expect("an embedded file that the tests read")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Required {
    required: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Group {
    what: String,
    for_crate: CrateSpec,
    any_of: Vec<String>,
}

/// What a build has and a changed one would lack.
pub fn lost(before: &Resolved, after: &Resolved) -> Option<&'static str> {
    let needed = |group: &&Group| {
        after.linked().any(|package| {
            let package = &after.universe.packages[package];
            group.for_crate.matches(&package.name, &package.version)
        })
    };
    let mut groups = REQUIRED.required.iter().filter(needed);
    let lost = groups.find(|group| has(before, group) && !has(after, group));
    lost.map(|group| group.what.as_str())
}

fn has(build: &Resolved, group: &Group) -> bool {
    build.linked().any(|package| {
        let name = &build.universe.packages[package].name;
        group.any_of.iter().any(|wanted| match wanted.split_once('/') {
            Some((of, feature)) => of == name && build.has_feature(package, feature),
            None => wanted == name,
        })
    })
}

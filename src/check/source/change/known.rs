//! What changes of source know of other people's crates, read from `rules/data/changes.toml`.

use crate::facts::code::pattern::Patterns;
use serde::Deserialize;
use std::{collections::HashSet, sync::LazyLock};

/// The file's content; the file says what each key means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Known {
    pub lends: Patterns,
    pub owns: Patterns,
    pub by_hand: Patterns,
    pub shares: Patterns,
    pub finishers: HashSet<String>,
    pub unwraps: HashSet<String>,
    pub varies: HashSet<String>,
    pub unsettles: HashSet<String>,
}

/// What is known.
pub static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let data = include_str!("../../../../rules/data/changes.toml");
    toml::from_str(data).expect("a test reads `rules/data/changes.toml`")
});

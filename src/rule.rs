//! Rules, as the files in `rules/` hold them.
//!
//! A rule file is the check, the message, the fix, the page that `explain` prints, and the tests,
//! so none of them can disagree. The files are embedded by `build.rs`; a file that does not load
//! is a bug of ours and panics with its name, which the tests make impossible to ship.

use crate::{
    check::{Check, Form, Hit},
    facts::settings::unknown,
    finding::{BadInput, Effect, Fix, Group, RuleId, Safety},
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// The name and text of every rule file, in order of name.
static FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rules.rs"));

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(name, text)| match toml::from_str::<Rule>(text) {
            Ok(rule) => rule,
            Err(error) => panic!("rules/{name}.toml does not load: {error}"),
        })
        .collect()
});

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    #[serde(deserialize_with = "known_id")]
    /// The name of its file; reads well after "allow".
    pub id: RuleId,
    /// What it is about, which decides how loud it is.
    pub group: Group,
    /// What it finds, in one line.
    pub summary: String,
    /// What it says of a hit, with `{placeholders}`.
    pub message: String,
    /// Why that matters.
    pub why: String,
    /// What following it costs, and when to leave it.
    pub drawbacks: String,
    /// What it cannot see.
    pub blind_spots: String,
    /// What it was worth on the example functions, where that was measured.
    pub effect: Option<Effect>,
    /// What the claims rest on.
    pub evidence: Vec<Evidence>,
    /// The question it asks.
    pub check: Check,
    /// What removes a hit.
    pub fix: Option<FixSpec>,
    /// Projects with exactly one hit each.
    pub bad: Vec<Example>,
    /// Projects without a hit.
    pub good: Vec<Example>,
}

/// A claim and where it can be read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// One sentence, with a number where there is one.
    pub claim: String,
    /// An address, a crate's source file, or a file of this repository.
    pub source: String,
}

/// What the rule's fix does and who may apply it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixSpec {
    /// An imperative, with `{placeholders}`.
    pub title: String,
    /// The same for changes of another shape.
    #[serde(default)]
    pub titles: BTreeMap<Form, String>,
    /// Who may apply it at most; one hit's change can be more careful.
    pub safety: Safety,
}

/// A project that the rule is tried on, by the tests and for the reader of `explain`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Example {
    /// What is special about it.
    pub name: String,
    /// For a good one: almost bad.
    #[serde(default)]
    pub near_miss: bool,
    /// The options it is checked with, as on the command line: `["--builder", "cargo"]`.
    #[serde(default)]
    pub options: Vec<String>,
    /// Environment variables set while it is checked.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whether its dependencies are resolved, against the stand-ins in `tests/stand-ins`.
    #[serde(default)]
    pub locked: bool,
    /// The built binary beside it, which the tests make: a table of properties.
    #[serde(default)]
    pub artefact: Option<toml::Table>,
    /// Its files. A missing `Cargo.toml` or `src/main.rs` is completed by a plain function's.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// For a bad one: what the fix makes of the files that change.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
}

/// Every rule, in order of id.
pub fn all() -> &'static [Rule] {
    &RULES
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

/// Refuses an id that no rule has.
pub fn known(id: &str) -> Result<(), BadInput> {
    if find(id).is_some() {
        return Ok(());
    }
    let ids: Vec<&str> = all().iter().map(|rule| rule.id).collect();
    Err(BadInput { file: None, message: unknown(id, &ids, "rule") })
}

impl Rule {
    /// What the rule says of a hit.
    pub fn message_for(&self, hit: &Hit) -> String {
        fill(&self.message, hit)
    }

    /// The fix of a hit, by the rule's title and the more careful of both safeties.
    pub fn fix_for(&self, hit: &Hit) -> Option<Fix> {
        let (spec, change) = (self.fix.as_ref()?, hit.change.as_ref()?);
        let of_form = change.form.and_then(|form| spec.titles.get(&form));
        let template = of_form.unwrap_or(&spec.title);
        Some(Fix {
            title: change.title.clone().unwrap_or_else(|| fill(template, hit)),
            safety: spec.safety.min(change.at_most),
            edits: change.edits.clone(),
        })
    }
}

fn fill(template: &str, hit: &Hit) -> String {
    hit.values.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

/// An id is the name of a rule file, which is known when this is compiled.
fn known_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RuleId, D::Error> {
    let id = String::deserialize(deserializer)?;
    match FILES.iter().find(|(name, _)| *name == id) {
        Some((name, _)) => Ok(name),
        None => Err(serde::de::Error::custom(format!("no file is named `{id}.toml`"))),
    }
}

//! What the tool says: findings, their fixes, and what it could not look at.
//!
//! Plain values. A renderer prints them, `fix` applies their edits, and nothing in between
//! recomputes them; so what is shown as fixable is what gets fixed.

use crate::source::{Place, RelPath, Span};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How loud a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Counted, not shown.
    Allow,
    /// Shown; the exit code stays 0.
    Warn,
    /// Shown; the exit code is 1.
    Deny,
}

/// What a rule is about. The group decides the rule's default level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Costs time before or in the first invocation.
    Startup,
    /// Costs time in every invocation.
    Runtime,
    /// Costs bytes of the deployed binary.
    Size,
    /// Does not do what its author thinks, or fails on Lambda.
    Correctness,
    /// Tidiness and build time: no measured effect on a running function.
    Hygiene,
    /// Worth knowing, not worth a warning.
    Info,
}

impl Group {
    /// Every group, in the order in which they are listed.
    pub const ALL: [Group; 6] = [
        Group::Startup,
        Group::Runtime,
        Group::Size,
        Group::Correctness,
        Group::Hygiene,
        Group::Info,
    ];

    /// The level of a rule of this group that nobody configured.
    pub fn default_level(self) -> Level {
        match self {
            Group::Startup | Group::Runtime | Group::Size | Group::Correctness => Level::Warn,
            Group::Hygiene | Group::Info => Level::Allow,
        }
    }
}

/// Whether a machine may apply a fix. Ordered: a larger value may be applied more freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// A suggestion for a person; never applied by machine.
    Show,
    /// Behaviour, trust or the local workflow can change: only with consent.
    Ask,
    /// The function behaves the same.
    Safe,
}

/// When the code of a finding runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Once per execution environment, before the first event.
    Init,
    /// Once per event.
    Invocation,
    /// On first use, then kept.
    Once,
}

/// A replacement of bytes. An edit at 0..0 of a file that does not exist creates the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The file to change.
    pub file: RelPath,
    /// The bytes to replace; empty for an insertion.
    pub span: Span,
    /// What to put there.
    pub text: String,
}

/// A change that removes a finding. All of its edits are applied, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as an imperative: "set `lto = \"fat\"`".
    pub title: String,
    /// Who may apply it.
    pub safety: Safety,
    /// The change. Empty when it needs a choice or a person first; the title says which.
    pub edits: Vec<Edit>,
}

/// A second place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is to be seen there.
    pub message: String,
}

/// The id of a rule, which is also the name of its file.
pub type RuleId = &'static str;

/// What a rule costs on the example functions, as its file states it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Effect {
    /// In words: "binary 0.57x", "cold 1/25".
    pub measured: String,
    /// How much larger or slower the function is with the finding than without, as a ratio of
    /// cold totals, or failing that of bytes. Findings are listed by it, largest first.
    pub ratio: f64,
    /// The file or address that holds the number.
    pub source: String,
}

/// One thing worth changing, with the place to change it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// The rule's group.
    pub group: Group,
    /// How loud it is, after configuration.
    pub level: Level,
    /// Whether the user set that level to allow, for this rule or this place.
    pub accepted: bool,
    /// The package it was found for.
    pub package: String,
    /// The function, where one is meant.
    pub bin: Option<String>,
    /// The builder it was judged by ("cargo-lambda 1.9.2"), for what depends on one.
    pub builder: Option<String>,
    /// When the code runs, for findings in source.
    pub phase: Option<Phase>,
    /// What it costs, where that was measured.
    pub effect: Option<&'static Effect>,
    /// What is wrong, in one sentence without capital and full stop.
    pub message: String,
    /// Where to click, even for something absent.
    pub at: Place,
    /// The places that led there.
    pub labels: Vec<Label>,
    /// What to know beside it: one sentence each.
    pub notes: Vec<String>,
    /// What to do.
    pub fix: Option<Fix>,
}

/// A rule that could not look, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The rule.
    pub rule: RuleId,
    /// The package it was asked about.
    pub package: String,
    /// What was missing, and what would make it possible.
    pub why: String,
}

/// Everything one run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they are shown.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub skipped: Vec<Skipped>,
    /// Files that are so broken that the run fails after everything else was said.
    pub errors: Vec<BadInput>,
    /// How many packages of the workspace were looked at.
    pub packages: usize,
    /// How many functions were found in them.
    pub functions: usize,
}

/// An input that cannot be used: names the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput {
    /// The file, where one is to blame.
    pub file: Option<RelPath>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Group::Startup => "startup",
            Group::Runtime => "runtime",
            Group::Size => "size",
            Group::Correctness => "correctness",
            Group::Hygiene => "hygiene",
            Group::Info => "info",
        })
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Safety::Show => "show",
            Safety::Ask => "ask",
            Safety::Safe => "safe",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Init => "init",
            Phase::Invocation => "invocation",
            Phase::Once => "once",
        })
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadInput {}

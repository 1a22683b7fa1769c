//! The closed vocabulary of questions a rule may ask, one file each.
//!
//! A rule file picks one kind and fills its parameters; there are no operators to combine them. A
//! question looks at facts about one function and answers with hits; it knows neither levels nor
//! messages, and it is asked once per function: what it says of a shared place twice, the engine
//! keeps once.

use crate::{
    facts::{Facts, workspace::Function},
    finding::{Edit, Label, Phase, Safety},
    source::Place,
};
use serde::Deserialize;

mod binary;

mod profile;

mod behavior_version;

mod crate_pair;

mod crate_version;

mod dependency_features;

mod duplicate_crate;

mod environment;

mod guard;

mod old_behavior_version;

mod resolved;

mod test_helpers;

mod unicode_tables;

mod source;

mod unused_suppression;

/// A question with its parameters, as `[check]` of a rule file holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Check {
    /// Does a key of the deployed profile come to a value that is not accepted?
    ProfileValue(profile::ProfileValue),
    /// Does the builder choose a panic strategy?
    PanicImplicit(profile::PanicImplicit),
    /// Does the function abort although something relies on unwinding?
    UnwindNeeded(profile::UnwindNeeded),
    /// Does the function unwind although nothing relies on it?
    UnwindUnused(profile::UnwindUnused),
    /// Is a profile written where cargo ignores it?
    IgnoredProfile(profile::IgnoredProfile),
    /// Does a profile hold a key that cargo does not know?
    MisspeltProfileKey(profile::MisspeltProfileKey),
    /// Is the function deployed with a profile that cargo-lambda leaves untuned?
    CustomProfile(profile::CustomProfile),
    /// Is a profile key beaten by another source?
    ShadowedProfile(profile::ShadowedProfile),
    /// Are the builder's flags dropped?
    ShadowedRustflags(profile::ShadowedRustflags),
    /// Is the code compiled for the wrong processor?
    TargetCpu(profile::TargetCpu),
    /// Does a dependency have default features on that nothing needs?
    DependencyFeatures(dependency_features::DependencyFeatures),
    /// Does the built function carry what `strip` removes?
    BinaryRemovable(binary::BinaryRemovable),
    /// Is the built function for another processor than it is deployed to?
    BinaryArchitecture(binary::BinaryArchitecture),
    /// Does the built function need a newer glibc than its runtime has?
    BinaryGlibc(binary::BinaryGlibc),
    /// Does the built function hold certain symbols or bytes?
    BinaryContains(binary::BinaryContains),
    /// Is the package larger than Lambda or a budget allows?
    PackageSize(binary::PackageSize),
    /// Is a crate linked that a variable of the environment makes cheaper?
    Environment(environment::Environment),
    /// Is a crate linked in a version that is known to be slow, or dead?
    CrateVersion(crate_version::CrateVersion),
    /// Are two crates linked that do the same work?
    CratePair(crate_pair::CratePair),
    /// Are two versions of a heavy crate linked?
    DuplicateCrate(duplicate_crate::DuplicateCrate),
    /// Does the code pin a BehaviorVersion that selects the legacy client?
    OldBehaviorVersion(old_behavior_version::OldBehaviorVersion),
    /// Are tables of Unicode linked that no pattern needs?
    UnicodeTables(unicode_tables::UnicodeTables),
    /// Are test helpers among the normal dependencies?
    TestHelpers(test_helpers::TestHelpers),
    /// Is one of these functions called in this phase?
    CallWhen(source::CallWhen),
    /// Is nothing handed to a Lambda runtime?
    NoEntry(source::NoEntry),
    /// Does the function log in colours?
    TextLogs(Box<source::TextLogs>),
    /// Does the handler look keys up in an untyped event?
    UntypedEvent(source::UntypedEvent),
    /// Is a client made in init whose connection only the first event opens?
    FirstUse(source::FirstUse),
    /// Is a lazily made static first needed while an event waits?
    LazyFirstTouched(source::LazyFirstTouched),
    /// Does a static collection only grow?
    GrowingStatic(source::GrowingStatic),
    /// Is there waiting in a row for things that need nothing of each other?
    SequentialAwaits(source::SequentialAwaits),
    /// Does `main` start a runtime with a thread per core?
    MultiThread(source::MultiThread),
    /// Is there a collection of trait objects?
    DynRegistry(source::DynRegistry),
    /// Is a registry or router made for each event?
    RegistryPerEvent(source::RegistryPerEvent),
    /// Does a suppression silence nothing?
    UnusedSuppression(unused_suppression::UnusedSuppression),
}

impl Check {
    /// Asks the question of one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        if facts.is_refused && !self.is_about_code() {
            return Outcome::Skipped(Facts::REFUSED.to_owned());
        }
        match self {
            Check::ProfileValue(question) => question.ask(facts, function),
            Check::PanicImplicit(question) => question.ask(facts, function),
            Check::UnwindNeeded(question) => question.ask(facts, function),
            Check::UnwindUnused(question) => question.ask(facts, function),
            Check::IgnoredProfile(question) => question.ask(facts, function),
            Check::MisspeltProfileKey(question) => question.ask(facts, function),
            Check::CustomProfile(question) => question.ask(facts, function),
            Check::ShadowedProfile(question) => question.ask(facts, function),
            Check::ShadowedRustflags(question) => question.ask(facts, function),
            Check::TargetCpu(question) => question.ask(facts, function),
            Check::BinaryRemovable(question) => question.ask(facts, function),
            Check::BinaryArchitecture(question) => question.ask(facts, function),
            Check::BinaryGlibc(question) => question.ask(facts, function),
            Check::BinaryContains(question) => question.ask(facts, function),
            Check::PackageSize(question) => question.ask(facts, function),
            Check::DependencyFeatures(question) => question.ask(facts, function),
            Check::Environment(question) => question.ask(facts, function),
            Check::CrateVersion(question) => question.ask(facts, function),
            Check::CratePair(question) => question.ask(facts, function),
            Check::DuplicateCrate(question) => question.ask(facts, function),
            Check::OldBehaviorVersion(question) => question.ask(facts, function),
            Check::UnicodeTables(question) => question.ask(facts, function),
            Check::TestHelpers(question) => question.ask(facts, function),
            Check::CallWhen(question) => question.ask(facts, function),
            Check::NoEntry(question) => question.ask(facts, function),
            Check::TextLogs(question) => question.ask(facts, function),
            Check::UntypedEvent(question) => question.ask(facts, function),
            Check::FirstUse(question) => question.ask(facts, function),
            Check::LazyFirstTouched(question) => question.ask(facts, function),
            Check::GrowingStatic(question) => question.ask(facts, function),
            Check::SequentialAwaits(question) => question.ask(facts, function),
            Check::MultiThread(question) => question.ask(facts, function),
            Check::DynRegistry(question) => question.ask(facts, function),
            Check::RegistryPerEvent(question) => question.ask(facts, function),
            Check::UnusedSuppression(_) => Outcome::Hits(Vec::new()),
        }
    }

    /// Whether the sources alone answer it.
    fn is_about_code(&self) -> bool {
        matches!(
            self,
            Check::CallWhen(_)
                | Check::NoEntry(_)
                | Check::TextLogs(_)
                | Check::UntypedEvent(_)
                | Check::FirstUse(_)
                | Check::LazyFirstTouched(_)
                | Check::GrowingStatic(_)
                | Check::SequentialAwaits(_)
                | Check::MultiThread(_)
                | Check::DynRegistry(_)
                | Check::RegistryPerEvent(_)
                | Check::UnusedSuppression(_)
        )
    }

    /// Whether a change for it is only worth making when something is no longer linked.
    pub fn is_about_linking(&self) -> bool {
        matches!(
            self,
            Check::DependencyFeatures(_) | Check::UnicodeTables(_) | Check::TestHelpers(_)
        )
    }
}

/// What a question answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It looked; nothing found when empty.
    Hits(Vec<Hit>),
    /// It could not look: says why, and what would make it possible.
    Skipped(String),
}

/// One answer: a place and what the rule's message says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where to click.
    pub at: Place,
    /// Values for the `{placeholders}` of the rule's message and fix title.
    pub values: Vec<(&'static str, String)>,
    /// Places that explain it.
    pub labels: Vec<Label>,
    /// What to know beside it, a sentence each.
    pub notes: Vec<String>,
    /// When the code runs.
    pub phase: Option<Phase>,
    /// The builder the answer depends on, where it does.
    pub builder: Option<String>,
    /// The change that removes it.
    pub change: Option<Change>,
}

/// The shape of a change, where a rule's hits have changes of several shapes and a title for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A static that `main` forces.
    Static,
    /// A static that the first event makes.
    LateStatic,
}

/// The change that removes a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it does, where the rule's own title does not fit.
    pub title: Option<String>,
    /// Its shape, by which the rule may have a title for it.
    pub form: Option<Form>,
    /// A limit below the safety that the rule states.
    pub at_most: Safety,
    /// The edits; none when it needs a choice or a person first.
    pub edits: Vec<Edit>,
}

impl Hit {
    /// A hit at a place, with nothing else to say.
    pub fn at(at: Place) -> Self {
        Hit {
            at,
            values: Vec::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            phase: None,
            builder: None,
            change: None,
        }
    }

    /// Fills a placeholder of the message.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// Adds a sentence to know.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds the change that removes it.
    pub fn change(mut self, change: Option<Change>) -> Self {
        self.change = change;
        self
    }
}

impl Change {
    /// A change by these edits, as freely as the rule allows; `None` when there are none.
    pub fn by(edits: impl IntoIterator<Item = Edit>) -> Option<Self> {
        let edits: Vec<Edit> = edits.into_iter().collect();
        (!edits.is_empty()).then_some(Change {
            title: None,
            form: None,
            at_most: Safety::Safe,
            edits,
        })
    }

    /// A change that a person has to choose or make; the rule's title says how.
    pub fn by_hand() -> Self {
        Change { title: None, form: None, at_most: Safety::Ask, edits: Vec::new() }
    }

    /// Lowers the safety.
    pub fn at_most(mut self, safety: Safety) -> Self {
        self.at_most = self.at_most.min(safety);
        self
    }

    /// Says which shape it has.
    pub fn of_form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// Gives it a title of its own.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }
}

/// A list in words, cut where it gets long.
fn listed(items: &[String]) -> String {
    const SHOWN: usize = 6;
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [.., last] if items.len() <= SHOWN => {
            format!("{} and {last}", items[..items.len() - 1].join(", "))
        }
        _ => format!("{} and {} more", items[..SHOWN].join(", "), items.len() - SHOWN),
    }
}

//! What a panic does, and whether anything counts on it.

use super::{by_hand, place_of, set, spelled};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts, Panic,
        profile::{Key, Origin},
        toml_edits,
        workspace::{DependencyKind, Function},
    },
    finding::{Edit, Label},
    source::Place,
};
use serde::Deserialize;
use std::sync::LazyLock;

static USERS: LazyLock<Users> = LazyLock::new(|| {
    let data = include_str!("../../../rules/data/unwind-users.toml");
    toml::from_str(data).expect("an embedded file that tests read")
});

/// Does the builder choose a panic strategy because the root manifest is silent?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanicImplicit {
    /// What the strategy decides.
    note: String,
}

/// Does the function abort although something in it relies on unwinding?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwindNeeded {}

/// Does the function carry what unwinding needs although nothing in it relies on it?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwindUnused {
    /// What aborting changes all the same.
    note: String,
}

/// What relies on unwinding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Users {
    /// Names that own code calls or mentions for it, by their last part.
    names: Vec<String>,
    /// Names that do so in a file that also holds one of `beside`.
    with: Vec<Pair>,
    /// Crates that do so themselves.
    crates: Vec<CrateUser>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    names: Vec<String>,
    beside: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrateUser {
    name: String,
    /// Only with one of these features; without any, always.
    #[serde(default)]
    features: Vec<String>,
}

impl PanicImplicit {
    /// A hit when the builder decides and there is something to decide: where the function relies
    /// on unwinding, `UnwindNeeded` says what has to be written.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let resolved = build.effective.get(Key::Panic);
        if resolved.winner.origin != Origin::Injected {
            return Outcome::Hits(Vec::new());
        }
        if USERS.of(facts, function).is_ok_and(|users| !users.is_empty()) {
            return Outcome::Hits(Vec::new());
        }
        let hit = hit(facts, build).note(&self.note);
        Outcome::Hits(vec![hit.change(Some(chosen(facts, build)))])
    }
}

impl UnwindNeeded {
    /// A hit when a panic ends the process and somebody counts on catching it.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        if build.effective.value(Key::Panic) != "abort" {
            return Outcome::Hits(Vec::new());
        }
        let users = match USERS.of(facts, function) {
            Ok(users) if users.is_empty() => return Outcome::Hits(Vec::new()),
            Ok(users) => users,
            Err(why) => return Outcome::Skipped(why),
        };
        let (name, first) = &users[0];
        let mut hit = hit(facts, build).with("user", format!("{name} in `{}`", first.file));
        let written = build.effective.get(Key::Panic).winner.origin != Origin::Injected;
        let change = match facts.request.panic {
            // The user wrote it and says so again. What a builder adds is nobody's choice.
            Some(Panic::Abort) if written => Change::by_hand(),
            _ => Change::by(set(facts, build, Key::Panic, "\"unwind\""))
                .unwrap_or_else(|| by_hand(facts, build, Key::Panic, "\"unwind\"")),
        };
        let label = |(_, place)| Label { place, message: "relies on unwinding".to_owned() };
        hit.labels = users.into_iter().map(label).collect();
        Outcome::Hits(vec![hit.change(Some(change))])
    }
}

impl UnwindUnused {
    /// A hit when a panic unwinds and nobody counts on it.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        if build.effective.value(Key::Panic) != "unwind" {
            return Outcome::Hits(Vec::new());
        }
        match USERS.of(facts, function) {
            Ok(users) if users.is_empty() => {}
            Ok(_) => return Outcome::Hits(Vec::new()),
            Err(why) => return Outcome::Skipped(why),
        }
        let hit = hit(facts, build).note(&self.note);
        Outcome::Hits(vec![hit.change(Some(chosen(facts, build)))])
    }
}

fn hit(facts: &Facts, build: &Build) -> Hit {
    let winner = &build.effective.get(Key::Panic).winner;
    let at = place_of(facts, build, Key::Panic, winner);
    let mut hit = Hit::at(at.clone())
        .with("profile", &build.profile)
        .with("value", spelled(Key::Panic, &winner.value))
        .with("origin", super::decided_by(&winner.origin, build, &at))
        .with("builder", build.label());
    hit.builder = Some(build.builder.name().to_owned());
    hit
}

/// The comment that accepts what unwinding costs.
const ACCEPTED: &str = "# lambda-lean: allow(unwind-tables-shipped) -- chosen: a panic becomes an \
                        error response";

/// Writes the strategy the user picked, and nothing while none is picked. `unwind` is written with
/// the comment that accepts its cost, so that the choice is not questioned again.
fn chosen(facts: &Facts, build: &Build) -> Change {
    let (word, edits) = match facts.request.panic {
        None => return Change::by_hand(),
        Some(Panic::Abort) => ("abort", set(facts, build, Key::Panic, "\"abort\"")),
        Some(Panic::Unwind) => ("unwind", unwinding(facts, build)),
    };
    match Change::by(edits) {
        Some(change) => change.titled(format!("write `panic = \"{word}\"`, as chosen")),
        None => by_hand(facts, build, Key::Panic, &format!("{word:?}")),
    }
}

fn unwinding(facts: &Facts, build: &Build) -> Vec<Edit> {
    let root = &facts.workspace.root;
    let path = ["profile", build.profile.as_str(), Key::Panic.name()];
    let mut edits = set(facts, build, Key::Panic, "\"unwind\"");
    // A comment has no place in an inline table.
    if toml_edits::is_inline(root, &path) {
        return edits;
    }
    if root.get(&path).is_some() {
        let is_written = build.effective.value(Key::Panic) == "unwind";
        return toml_edits::comment(root, &path, ACCEPTED)
            .filter(|_| is_written)
            .into_iter()
            .collect();
    }
    let line = format!("panic = \"unwind\" {ACCEPTED}");
    if let Some(in_root) = edits.iter_mut().find(|edit| edit.file == root.file) {
        *in_root = toml_edits::insert(root, &path[..2], &line).unwrap_or_else(|| in_root.clone());
    }
    edits
}

impl Users {
    /// What relies on unwinding and where, or why that cannot be known.
    fn of(&self, facts: &Facts, function: &Function) -> Result<Vec<(String, Place)>, String> {
        let (mut users, mut unread) = (Vec::new(), None);
        let package = facts.workspace.package(function);
        for package in facts.workspace.with_path_dependencies(package) {
            users.extend(facts.own_code.mentions(&package.dir, &self.names));
            for pair in &self.with {
                let beside = facts.own_code.mentions(&package.dir, &pair.beside);
                let mut named = facts.own_code.mentions(&package.dir, &pair.names);
                named.retain(|(_, place)| beside.iter().any(|(_, b)| b.file == place.file));
                users.extend(named);
            }
            let linked = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
            for dependency in linked {
                let relies = |user: &&CrateUser| {
                    user.name == dependency.package
                        && (user.features.is_empty()
                            || user.features.iter().any(|f| dependency.features.contains(f)))
                };
                if self.crates.iter().any(|user| relies(&user)) {
                    users.push((dependency.package.clone(), dependency.place.clone()));
                }
            }
            unread = unread.or(facts.own_code.unread(&package.dir));
        }
        match unread {
            Some(why) if users.is_empty() => Err(why.to_owned()),
            _ => Ok(users.into_iter().map(|(name, place)| (format!("`{name}`"), place)).collect()),
        }
    }
}

//! What a panic does, and whether anything counts on it.

use super::{place_of, set};
use crate::{
    check::{Change, Hit, Outcome},
    facts::{
        Build, Facts, Panic,
        profile::{Key, Origin},
        toml_edits,
        workspace::{DependencyKind, Function},
    },
    finding::Label,
};
use serde::Deserialize;

/// Does the builder choose a panic strategy because the root manifest is silent?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanicImplicit {}

/// Does the function abort although something in it relies on unwinding?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwindNeeded {
    /// What relies on unwinding.
    users: Users,
}

/// Does the function carry what unwinding needs although nothing in it relies on it?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwindUnused {
    /// What relies on unwinding.
    users: Users,
}

/// What relies on unwinding.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Users {
    /// Names that own code calls or mentions for it, by their last part.
    names: Vec<String>,
    /// Crates that do so themselves.
    crates: Vec<CrateUser>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrateUser {
    name: String,
    /// Only with one of these features; without any, always.
    #[serde(default)]
    features: Vec<String>,
}

impl PanicImplicit {
    /// A hit when the builder decides.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        let resolved = build.effective.get(Key::Panic);
        if resolved.winner.origin != Origin::Injected {
            return Outcome::Hits(Vec::new());
        }
        let hit = hit(facts, build).with("builder", build.label());
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
        let users = match self.users.of(facts, function) {
            Ok(users) if users.is_empty() => return Outcome::Hits(Vec::new()),
            Ok(users) => users,
            Err(why) => return Outcome::Skipped(why),
        };
        let mut hit =
            hit(facts, build).with("user", users[0].message.clone()).with("builder", build.label());
        let edit = set(facts, build, Key::Panic, "\"unwind\"");
        hit.labels = users;
        Outcome::Hits(vec![hit.change(Change::by(edit))])
    }
}

impl UnwindUnused {
    /// A hit when a panic unwinds and nobody counts on it.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let build = facts.build(function);
        if build.effective.value(Key::Panic) != "unwind" {
            return Outcome::Hits(Vec::new());
        }
        match self.users.of(facts, function) {
            Ok(users) if users.is_empty() => {}
            Ok(_) => return Outcome::Hits(Vec::new()),
            Err(why) => return Outcome::Skipped(why),
        }
        let hit = hit(facts, build).with("builder", build.label());
        Outcome::Hits(vec![hit.change(Some(chosen(facts, build)))])
    }
}

fn hit(facts: &Facts, build: &Build) -> Hit {
    let winner = &build.effective.get(Key::Panic).winner;
    let mut hit = Hit::at(place_of(facts, build, Key::Panic, winner))
        .with("profile", &build.profile)
        .with("origin", super::decided_by(&winner.origin, build));
    hit.builder = Some(build.builder.name().to_owned());
    hit
}

/// Writes the strategy the user picked, and nothing while none is picked. An explicit `unwind` is
/// written with the comment that accepts its cost, so that the choice is not questioned again.
fn chosen(facts: &Facts, build: &Build) -> Change {
    let winner = &build.effective.get(Key::Panic).winner;
    let edit = match facts.request.panic {
        None => None,
        Some(Panic::Abort) => set(facts, build, Key::Panic, "\"abort\""),
        Some(Panic::Unwind) => match &winner.origin {
            Origin::Written(_) => None,
            _ => {
                let line = "panic = \"unwind\" # lambda-lean: allow(unwind-tables-shipped) -- \
                            panics become error responses";
                let table = ["profile", build.profile.as_str()];
                toml_edits::insert(&facts.workspace.root, &table, line)
            }
        },
    };
    let word = match facts.request.panic {
        Some(Panic::Abort) => "abort",
        _ => "unwind",
    };
    match Change::by(edit) {
        Some(change) => change.titled(format!("set `panic = \"{word}\"` as chosen")),
        None => Change::by_hand(),
    }
}

impl Users {
    /// The places that show a user of unwinding, or why they cannot be known.
    fn of(&self, facts: &Facts, function: &Function) -> Result<Vec<Label>, String> {
        let (mut users, mut unread) = (Vec::new(), None);
        let package = facts.workspace.package(function);
        for package in facts.workspace.with_path_dependencies(package) {
            for dependency in &package.dependencies {
                let user = self.crates.iter().find(|user| user.name == dependency.package);
                let with = |user: &CrateUser| {
                    user.features.is_empty()
                        || user.features.iter().any(|f| dependency.features.contains(f))
                };
                if dependency.kind == DependencyKind::Normal && user.is_some_and(with) {
                    users.push(Label {
                        place: dependency.place.clone(),
                        message: format!("`{}` relies on unwinding", dependency.package),
                    });
                }
            }
            for (name, place) in facts.own_code.mentions(&package.dir, &self.names) {
                let message = format!("`{name}` relies on unwinding");
                users.push(Label { place, message });
            }
            unread = unread.or(facts.own_code.unread(&package.dir));
        }
        match unread {
            Some(why) if users.is_empty() => Err(why.to_owned()),
            _ => Ok(users),
        }
    }
}

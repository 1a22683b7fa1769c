//! The layers a setting can come from, highest first: the command line, the environment, the
//! config files from the nearest to the farthest, the workspace root's manifest.
//!
//! The order is cargo's (`util/context` of cargo 1.95: `--config` over environment over files;
//! `core/profiles.rs`: config over manifest). Members' profiles are no layer: cargo ignores them.

use super::key::Spelling;
use crate::{
    facts::document::{Document, Entry},
    finding::BadInput,
    source::{Place, RelPath},
};
use std::collections::BTreeMap;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    Written(Place),
    /// The environment variable of this name.
    Environment(String),
    /// cargo-lambda, which puts it on cargo's command line.
    Injected,
    /// Nobody: what cargo and rustc do by themselves.
    Default,
}

/// A value somebody set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The canonical word (see `Key`).
    pub value: String,
    /// As it is spelled where it was set.
    pub spelling: String,
    /// What holds it: `profile.release`, `profile.release.package.name`, `rustflags`, `build`.
    pub table: String,
    /// Where it was set.
    pub origin: Origin,
}

/// An argument of `--config`.
#[derive(Clone, Debug)]
pub struct ConfigArgument {
    /// Who passes it.
    pub origin: Origin,
    document: Document,
}

impl ConfigArgument {
    /// Parses `profile.release.lto="fat"`.
    pub fn parse(text: &str, origin: Origin) -> Result<Self, BadInput> {
        Ok(ConfigArgument { origin, document: Document::parse(&RelPath::new("--config"), text)? })
    }
}

/// A value as found in a layer, not yet understood.
pub(super) struct Found<'a> {
    pub(super) content: Content<'a>,
    pub(super) origin: Origin,
}

pub(super) enum Content<'a> {
    Entry(Entry<'a>),
    Variable(&'a str),
}

impl Found<'_> {
    pub(super) fn spelling(&self) -> Option<Spelling> {
        match &self.content {
            Content::Entry(entry) => Spelling::from_item(entry.item),
            Content::Variable(text) => Some(Spelling::from_environment(text)),
        }
    }
}

/// Every place cargo reads settings from.
pub(super) struct Layers<'a> {
    /// Lowest first, as on the command line.
    pub(super) arguments: &'a [ConfigArgument],
    pub(super) env: &'a BTreeMap<String, String>,
    /// Variables that a file gives to cargo; they beat `env`.
    pub(super) written_env: &'a [(String, String, Place)],
    /// Nearest first.
    pub(super) configs: &'a [Document],
    pub(super) root: &'a Document,
}

impl<'a> Layers<'a> {
    /// An environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<(&'a str, Origin)> {
        if let Some((_, value, place)) = self.written_env.iter().rev().find(|(n, ..)| n == name) {
            return Some((value, Origin::Written(place.clone())));
        }
        self.env.get(name).map(|value| (value.as_str(), Origin::Environment(name.to_owned())))
    }

    /// What the command line and the config files hold at a path, highest first.
    pub(super) fn configured(&self, path: &[&str]) -> Vec<Found<'a>> {
        let mut found = self.arguments_at(path);
        found.extend(self.files_at(path));
        found
    }

    pub(super) fn arguments_at(&self, path: &[&str]) -> Vec<Found<'a>> {
        let arguments = self.arguments.iter().rev();
        let at = arguments.filter_map(|argument| {
            let entry = argument.document.get(path)?;
            Some(Found { content: Content::Entry(entry), origin: argument.origin.clone() })
        });
        at.collect()
    }

    pub(super) fn files_at(&self, path: &[&str]) -> Vec<Found<'a>> {
        self.configs.iter().filter_map(|config| Some(written(config.get(path)?))).collect()
    }

    /// Everything set at a path of configuration, highest first: command line, environment, files.
    pub(super) fn config_settings(&self, path: &[&str], variable: &str) -> Vec<Found<'a>> {
        let mut found = self.arguments_at(path);
        if let Some((value, origin)) = self.variable(variable) {
            found.push(Found { content: Content::Variable(value), origin });
        }
        found.extend(self.files_at(path));
        found
    }

    /// Everything set at a path below `profile`, highest first: as above, then the manifest.
    pub(super) fn profile_settings(&self, path: &[&str]) -> Vec<Found<'a>> {
        // Cargo learns the names of package overrides from the config, not from the environment:
        // a variable for one counts only when a config file or `--config` has its table.
        let variable = match path {
            ["profile", profile, "package", spec, key]
                if !self.configured(&["profile", profile, "package", spec]).is_empty() =>
            {
                let (profile, key) = (shout(profile), shout(key));
                Some(format!("CARGO_PROFILE_{profile}_PACKAGE_{spec}_{key}"))
            }
            ["profile", _, "package", ..] => None,
            _ => Some(variable_name(path)),
        };
        let mut found = match variable {
            Some(variable) => self.config_settings(path, &variable),
            None => self.configured(path),
        };
        found.extend(self.root.get(path).map(written));
        found
    }

    /// The entries of a table of the configuration in every layer, highest first.
    pub(super) fn config_entries(&self, path: &[&str]) -> Vec<Entry<'a>> {
        let arguments = self.arguments.iter().rev().map(|argument| &argument.document);
        arguments.chain(self.configs).flat_map(|document| document.entries(path)).collect()
    }

    /// The entries of a table below `profile` in every layer, highest first.
    pub(super) fn profile_entries(&self, path: &[&str]) -> Vec<Entry<'a>> {
        let mut entries = self.config_entries(path);
        entries.extend(self.root.entries(path));
        entries
    }
}

fn written(entry: Entry<'_>) -> Found<'_> {
    let origin = Origin::Written(entry.place());
    Found { content: Content::Entry(entry), origin }
}

/// The environment variable for a configuration path: `CARGO_PROFILE_RELEASE_LTO`.
pub(super) fn variable_name(path: &[&str]) -> String {
    path.iter().fold("CARGO".to_owned(), |name, part| name + "_" + &shout(part))
}

fn shout(part: &str) -> String {
    part.replace('-', "_").to_uppercase()
}

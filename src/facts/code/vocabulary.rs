//! What the analysis knows of foreign crates, read from `rules/data/vocabulary.toml`.
//!
//! The analysis itself names no crate: one more web framework is one more line there.

use super::{pattern::Patterns, sym::Sym};
use rustc_hash::FxHashSet as HashSet;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// How code came to run per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// Given to a Lambda runtime.
    Lambda,
    /// Given to a web framework, which a Lambda runtime or the Web Adapter serves.
    Http,
    /// Handed to a Lambda runtime that calls it outside of any future, where blocking harms nobody.
    Sync,
}

impl Entry {
    /// Whether a Lambda runtime takes it.
    pub fn on_lambda(self) -> bool {
        self != Entry::Http
    }
}

/// Calls that run their arguments for each event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PerEvent {
    /// How.
    pub entry: Entry,
    /// Which.
    pub calls: Patterns,
}

/// Traits whose functions run for each event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PerEventTraits {
    /// Which traits.
    pub traits: Patterns,
    /// Which of their functions.
    pub functions: HashSet<String>,
}

/// The file's content; the file says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "rules/data/vocabulary.toml says it beside the values")]
pub struct Vocabulary {
    pub per_event: Vec<PerEvent>,
    pub per_event_traits: PerEventTraits,
    pub extractor_traits: Patterns,
    pub event_types: Patterns,
    pub per_event_attributes: Patterns,
    pub main_attributes: Patterns,
    pub once_calls: Patterns,
    pub once_methods: HashSet<String>,
    pub keep_methods: HashSet<String>,
    pub once_attributes: Patterns,
    pub dispatch_attributes: Patterns,
    pub store_methods: HashSet<String>,
    pub off_worker: Patterns,
    pub local_servers: Patterns,
    pub factories: Patterns,
    pub wrappers: Patterns,
    pub first_wrappers: Patterns,
    pub owned: Patterns,
    pub connections: Patterns,
    pub handed_on: Patterns,
    pub globbed: Patterns,
    pub transparent: HashSet<String>,
    pub finishers: HashSet<String>,
    pub libraries: BTreeMap<String, String>,
    #[serde(deserialize_with = "returns")]
    pub returns: Vec<(Patterns, Sym)>,
}

fn returns<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<(Patterns, Sym)>, D::Error> {
    BTreeMap::<String, String>::deserialize(from)?
        .into_iter()
        .map(|(call, ty)| Ok((Patterns::new([call])?, Sym::new(&ty))))
        .collect::<Result<_, String>>()
        .map_err(serde::de::Error::custom)
}

impl Vocabulary {
    /// The embedded file, read once.
    pub fn shared() -> &'static Vocabulary {
        static SHARED: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::embedded);
        &SHARED
    }

    /// The embedded file.
    pub fn embedded() -> Vocabulary {
        let text = include_str!("../../../rules/data/vocabulary.toml");
        toml::from_str(text).expect("a test reads `rules/data/vocabulary.toml`")
    }

    /// The name of a package's library in paths.
    pub fn library(&self, package: &str) -> String {
        self.libraries.get(package).cloned().unwrap_or_else(|| package.replace('-', "_"))
    }

    /// How a call's arguments run per event, if they do.
    pub fn per_event(&self, path: Sym) -> Option<Entry> {
        self.per_event.iter().find(|one| one.calls.matches(path)).map(|one| one.entry)
    }

    /// What a foreign call returns, by the path of the type or of the call itself.
    pub fn returned(&self, path: Sym) -> Sym {
        if let Some((_, ty)) = self.returns.iter().find(|(call, _)| call.matches(path)) {
            return *ty;
        }
        if let Some((receiver, method)) = path.as_str().rsplit_once('.') {
            return match () {
                () if self.transparent.contains(method) => Sym::new(receiver),
                () if self.finishers.contains(method) => {
                    Sym::new(receiver.split('.').next().unwrap_or(receiver))
                }
                () if receiver.matches('.').count() < 6 => path,
                () => Sym::new(receiver),
            };
        }
        // `Type::function` gives a `Type`, or a builder of one.
        let Some((of, function)) = path.as_str().rsplit_once("::") else { return path };
        let name = of.rsplit("::").next().unwrap_or(of);
        let of_type = name.starts_with(|c: char| c.is_uppercase());
        let function_like = function.starts_with(|c: char| c.is_lowercase());
        match of_type && function_like {
            true if function.contains("builder") => Sym::shown(format_args!("{of}.{function}")),
            true => Sym::new(of),
            false => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_that_foreign_calls_give() {
        let vocabulary = Vocabulary::embedded();
        for (call, ty) in [
            ("aws_sdk_s3::Client::new", "aws_sdk_s3::Client"),
            ("aws_config::load_from_env", "aws_config::SdkConfig"),
            ("aws_config::ConfigLoader.region.load", "aws_config::SdkConfig"),
            ("reqwest::Client::builder", "reqwest::Client.builder"),
            ("reqwest::Client.builder.timeout.build", "reqwest::Client"),
            ("aws_sdk_s3::Client.clone", "aws_sdk_s3::Client"),
            ("aws_sdk_s3::Client.get_object", "aws_sdk_s3::Client.get_object"),
        ] {
            assert_eq!(vocabulary.returned(Sym::new(call)).as_str(), ty, "{call}");
        }
    }
}

//! What cargo-lambda adds to a release build, from the data in `cargo-lambda.toml`.
//!
//! Takes the root manifest and cargo-lambda's own settings and gives the `--config` arguments it
//! puts on cargo's command line. Asks nobody: the version is an input.

use super::{
    key::Spelling,
    layers::{ConfigArgument, Origin},
};
use crate::{
    facts::document::{Document, Entry},
    finding::BadInput,
    source::Place,
};
use semver::Version;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

static DATA: LazyLock<Data> = LazyLock::new(|| {
    toml::from_str(include_str!("cargo-lambda.toml")).expect("the embedded data loads")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Data {
    newest: Version,
    profile: BTreeMap<String, Spelling>,
    target_cpu: BTreeMap<String, String>,
    since: Vec<Era>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Era {
    version: Version,
    debug_keeps_symbols: DebugKeepsSymbols,
    target_cpu_by: TargetCpuBy,
    reads_settings: bool,
    passes_variables: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DebugKeepsSymbols {
    Never,
    WhenTrue,
    WhenOn,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TargetCpuBy {
    Variable,
    Config,
}

/// The newest version of cargo-lambda whose behaviour is known here.
pub fn newest_known() -> &'static Version {
    &DATA.newest
}

/// The oldest one.
pub fn oldest_known() -> &'static Version {
    &DATA.since.first().expect("the data has an entry").version
}

/// The settings of `cargo lambda build` outside its command line: `[package.metadata.lambda.build]`,
/// the same of the workspace, `[build]` in `CargoLambda.toml`, variables `CARGO_LAMBDA_BUILD.*`.
#[derive(Clone, Debug, Default)]
pub struct LambdaBuild {
    /// `profile`, or `release = true` as the profile `release`.
    pub profile: Option<(String, Origin)>,
    /// `target`, `arm64` or `x86_64`, as a target of rustc.
    pub target: Option<(String, Origin)>,
    /// Where `disable_optimizations` is on.
    pub disable_optimizations: Option<Origin>,
    /// `config`: arguments of `--config`, which stand before the injected ones.
    pub config: Vec<(String, Origin)>,
    /// `env` and `env_var`: variables for cargo, since 1.9.0.
    pub env: Vec<(String, String, Place)>,
}

impl LambdaBuild {
    /// Reads the settings. `member` is the package's manifest, `lambda_toml` the file
    /// `CargoLambda.toml`. The order is cargo-lambda's: the package beats the workspace, which
    /// beats the file, which beats the environment.
    pub fn read(
        root: &Document,
        member: Option<&Document>,
        lambda_toml: Option<&Document>,
        env: &BTreeMap<String, String>,
    ) -> Self {
        let workspace = ["workspace", "metadata", "lambda", "build"];
        let package = ["package", "metadata", "lambda", "build"];
        let tables = [
            member.map(|member| member.entries(&package)),
            Some(root.entries(&workspace)),
            lambda_toml.map(|file| file.entries(&["build"])),
        ];
        let tables: Vec<Vec<Entry<'_>>> = tables.into_iter().flatten().collect();
        let find = |name: &str| tables.iter().flatten().find(|entry| entry.key == name);
        let variable = |name: &str| {
            let name = format!("CARGO_LAMBDA_BUILD.{name}");
            let value = env.get(&name)?.clone();
            Some((value, Origin::Environment(name)))
        };
        let text = |name: &str| {
            let entry = find(name);
            let written = entry.and_then(|entry| {
                let array = entry.item.as_array();
                let first = array.and_then(|array| array.get(0)?.as_str());
                let text = entry.item.as_str().or(first)?;
                Some((text.to_owned(), Origin::Written(entry.place())))
            });
            written.or_else(|| variable(&name.to_uppercase()))
        };
        // A `false` in metadata is not passed on, so it does not undo a `true` below it.
        let switch = |name: &str| {
            let mut entries = tables.iter().flatten().filter(|entry| entry.key == name);
            let on = entries.find(|entry| entry.item.as_bool() == Some(true));
            match on {
                Some(entry) => Some(Origin::Written(entry.place())),
                None => variable(&name.to_uppercase()).filter(|(v, _)| v == "true").map(|v| v.1),
            }
        };
        let named = |name: &str, origin| (name.to_owned(), origin);
        LambdaBuild {
            profile: text("profile")
                .or_else(|| switch("release").map(|origin| named("release", origin))),
            target: switch("arm64")
                .map(|origin| named("aarch64-unknown-linux-gnu", origin))
                .or_else(|| switch("x86_64").map(|o| named("x86_64-unknown-linux-gnu", o)))
                .or_else(|| text("target")),
            disable_optimizations: switch("disable_optimizations"),
            config: find("config").map(strings).unwrap_or_default(),
            env: find("env").or_else(|| find("env_var")).map(variables).unwrap_or_default(),
        }
    }
}

fn strings(entry: &Entry<'_>) -> Vec<(String, Origin)> {
    let items = entry.item.as_array().into_iter().flatten().filter_map(|item| item.as_str());
    items.map(|text| (text.to_owned(), Origin::Written(entry.place()))).collect()
}

fn variables(entry: &Entry<'_>) -> Vec<(String, String, Place)> {
    let pairs: Vec<(String, String)> = match entry.item.as_table_like() {
        Some(table) => {
            let pairs = table.iter().filter_map(|(name, item)| Some((name, item.as_str()?)));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        }
        None => {
            let texts = strings(entry).into_iter().map(|(text, _)| text);
            let pairs = texts.filter_map(|text| {
                let (name, value) = text.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            });
            pairs.collect()
        }
    };
    pairs.into_iter().map(|(name, value)| (name, value, entry.place())).collect()
}

/// cargo-lambda as the builder of a function.
#[derive(Clone, Debug)]
pub struct CargoLambda {
    /// Its version. One older than the data is judged as the oldest known, a newer one as the
    /// newest.
    pub version: Version,
    /// Its settings.
    pub build: LambdaBuild,
    /// Where `--disable-optimizations` is said on its command line.
    pub disabled: Option<Origin>,
}

/// What cargo-lambda does to a build of one profile.
pub(super) struct Additions {
    /// On the command line, in order.
    pub(super) arguments: Vec<ConfigArgument>,
    /// What is appended to `RUSTFLAGS`.
    pub(super) rustflags: Option<String>,
    /// Whether it tuned the build.
    pub(super) injection: Injection,
}

/// Whether cargo-lambda tunes a build, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injection {
    /// Plain cargo builds it.
    PlainCargo,
    /// It does.
    Applied,
    /// It tunes `release` and nothing else.
    OtherProfile,
    /// It is told to leave the build alone, there.
    SwitchedOff(Origin),
}

impl CargoLambda {
    fn era(&self) -> &'static Era {
        let known = DATA.since.iter().rev().find(|era| era.version <= self.version);
        known.or(DATA.since.first()).expect("the data has an entry")
    }

    /// The variables it sets for cargo.
    pub(super) fn variables(&self) -> &[(String, String, Place)] {
        if self.era().passes_variables { &self.build.env } else { &[] }
    }

    pub(super) fn additions(
        &self,
        root: &Document,
        profile: &str,
        target: &str,
    ) -> Result<Additions, BadInput> {
        let era = self.era();
        let parse = |(text, origin): &(String, Origin)| ConfigArgument::parse(text, origin.clone());
        let config = self.build.config.iter().filter(|_| era.reads_settings);
        let mut arguments = config.map(parse).collect::<Result<Vec<_>, BadInput>>()?;
        let switch = self.build.disable_optimizations.as_ref().filter(|_| era.reads_settings);
        let off = self.disabled.as_ref().or(switch);
        let injection = match off {
            _ if profile != "release" => Injection::OtherProfile,
            Some(origin) => Injection::SwitchedOff(origin.clone()),
            None => Injection::Applied,
        };
        let mut rustflags = None;
        if injection == Injection::Applied {
            let written = |key: &str| root.get(&["profile", "release", key]);
            for (key, value) in &DATA.profile {
                let kept = written(key).is_some()
                    || key == "strip" && written("debug").is_some_and(|debug| era.keeps(debug));
                if !kept {
                    let text = format!("profile.release.{key}={value}");
                    arguments.push(ConfigArgument::parse(&text, Origin::Injected)?);
                }
            }
            // It knows two processors, and takes x86_64 for everything that is not aarch64.
            let arch =
                if target.starts_with("aarch64-unknown-linux") { "aarch64" } else { "x86_64" };
            let cpu = &DATA.target_cpu[arch];
            match era.target_cpu_by {
                TargetCpuBy::Variable => rustflags = Some(format!("-C target-cpu={cpu}")),
                TargetCpuBy::Config => {
                    let text = format!(r#"build.rustflags=["-C", "target-cpu={cpu}"]"#);
                    arguments.push(ConfigArgument::parse(&text, Origin::Injected)?);
                }
            }
        }
        Ok(Additions { arguments, rustflags, injection })
    }
}

impl Era {
    fn keeps(&self, debug: Entry<'_>) -> bool {
        let item = debug.item;
        match self.debug_keeps_symbols {
            DebugKeepsSymbols::Never => false,
            DebugKeepsSymbols::WhenTrue => item.as_bool() == Some(true),
            DebugKeepsSymbols::WhenOn => {
                let off = item.as_bool() == Some(false)
                    || item.as_integer() == Some(0)
                    || item.as_str() == Some("none");
                !off
            }
        }
    }
}

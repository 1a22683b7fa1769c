//! Which compiler flags reach rustc besides those of the profile.
//!
//! Cargo takes them from the first source that has any and drops the others: the variable
//! `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`, all matching `target.*.rustflags`, `build.rustflags`
//! (`core/compiler/build_context/target_info.rs` of cargo 1.95). Within a source, lists of
//! several config files are joined; a list that meets a string is an error.

use super::layers::{Content, Found, Layers, Origin, variable_name};
use cargo_platform::{Cfg, CfgExpr, Platform};
use std::{collections::BTreeSet, str::FromStr};

/// A source of flags. The order is cargo's: the first that is set wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The variable `CARGO_ENCODED_RUSTFLAGS`.
    EncodedVariable,
    /// The variable `RUSTFLAGS`.
    Variable,
    /// `target.<triple>.rustflags` and matching `target.'cfg(…)'.rustflags`.
    Target,
    /// `build.rustflags`, `CARGO_BUILD_RUSTFLAGS` and cargo-lambda's `--config`.
    Build,
}

/// One argument for rustc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The argument.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// A list and a string for one key, which cargo refuses to join: the build fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key: `build.rustflags`.
    pub key: String,
    /// Where it is a string.
    pub string: Origin,
    /// Where it is a list.
    pub list: Origin,
}

/// The flags of the source that won, and those that lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rustflags {
    /// The source that won.
    pub source: Option<Source>,
    /// Its flags, in the order rustc gets them. Empty when `RUSTFLAGS` is set to nothing, which
    /// still wins.
    pub flags: Vec<Flag>,
    /// What the other sources hold, and cargo drops.
    pub dropped: Vec<(Source, Vec<Flag>)>,
    /// What makes the build fail.
    pub conflict: Option<Conflict>,
}

/// A `-C name=value` among the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codegen<'a> {
    /// The name.
    pub name: &'a str,
    /// The value, where there is one.
    pub value: Option<&'a str>,
    /// Where it comes from.
    pub origin: &'a Origin,
}

impl Rustflags {
    /// The processor rustc compiles for, where a flag says so. The last one counts.
    pub fn target_cpu(&self) -> Option<(&str, &Origin)> {
        let mut options = codegen(&self.flags).into_iter().rev();
        options.find_map(|o| (o.name == "target-cpu").then_some((o.value?, o.origin)))
    }

    /// The codegen options among the flags that reach rustc.
    pub fn codegen(&self) -> Vec<Codegen<'_>> {
        codegen(&self.flags)
    }
}

/// The codegen options in a list of flags, in order: `-C x=y`, `-Cx=y`, `--codegen x=y`, and the
/// short forms `-O` and `-g`.
pub fn codegen(flags: &[Flag]) -> Vec<Codegen<'_>> {
    let mut options = Vec::new();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let (option, origin) = match flag.text.as_str() {
            "-C" | "--codegen" => match flags.next() {
                Some(next) => (next.text.as_str(), &next.origin),
                None => break,
            },
            "-O" => ("opt-level=3", &flag.origin),
            "-g" => ("debuginfo=2", &flag.origin),
            text => match text.strip_prefix("-C").or_else(|| text.strip_prefix("--codegen=")) {
                Some(option) => (option, &flag.origin),
                None => continue,
            },
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        options.push(Codegen { name, value, origin });
    }
    options
}

/// Finds the flags for a target. `appended` is what cargo-lambda before 1.2.2 adds to `RUSTFLAGS`.
pub(super) fn resolve(layers: &Layers<'_>, target: &str, appended: Option<&str>) -> Rustflags {
    let mut conflict = None;
    let mut sources = vec![
        (Source::EncodedVariable, encoded(layers)),
        (Source::Variable, variable(layers, appended)),
        (Source::Target, non_empty(target_flags(layers, target, &mut conflict))),
    ];
    let build = list(layers, &["build", "rustflags"], &mut conflict);
    sources.push((Source::Build, non_empty(build)));

    let mut rustflags = Rustflags { conflict, ..Rustflags::default() };
    for (source, flags) in sources {
        match flags {
            Some(flags) if rustflags.source.is_none() => {
                (rustflags.source, rustflags.flags) = (Some(source), flags);
            }
            Some(flags) if !flags.is_empty() => rustflags.dropped.push((source, flags)),
            _ => {}
        }
    }
    rustflags
}

fn non_empty(flags: Vec<Flag>) -> Option<Vec<Flag>> {
    (!flags.is_empty()).then_some(flags)
}

fn split(text: &str, origin: &Origin) -> Vec<Flag> {
    let words = text.split_whitespace();
    words.map(|word| Flag { text: word.to_owned(), origin: origin.clone() }).collect()
}

fn encoded(layers: &Layers<'_>) -> Option<Vec<Flag>> {
    let (text, origin) = layers.variable("CARGO_ENCODED_RUSTFLAGS")?;
    let parts = text.split('\u{1f}').filter(|_| !text.is_empty());
    Some(parts.map(|part| Flag { text: part.to_owned(), origin: origin.clone() }).collect())
}

fn variable(layers: &Layers<'_>, appended: Option<&str>) -> Option<Vec<Flag>> {
    let set = layers.variable("RUSTFLAGS");
    let mut flags = set.as_ref().map(|(text, origin)| split(text, origin));
    if let Some(appended) = appended {
        // It looks for exactly this text; `-Ctarget-cpu=` is not noticed.
        if !set.is_some_and(|(text, _)| text.contains("-C target-cpu=")) {
            flags.get_or_insert_default().extend(split(appended, &Origin::Injected));
        } else {
            flags.get_or_insert_default();
        }
    }
    flags
}

fn target_flags(layers: &Layers<'_>, target: &str, conflict: &mut Option<Conflict>) -> Vec<Flag> {
    let mut flags = list(layers, &["target", target, "rustflags"], conflict);
    let tables = layers.config_entries(&["target"]);
    let names: BTreeSet<&str> = tables.iter().map(|entry| entry.key).collect();
    let cfgs = cfgs(target);
    for name in names {
        let applies = match name.parse::<Platform>() {
            Ok(Platform::Cfg(expression)) => matches(&expression, &cfgs),
            _ => false,
        };
        if applies {
            flags.extend(list(layers, &["target", name, "rustflags"], conflict));
        }
    }
    flags
}

fn matches(expression: &CfgExpr, cfgs: &[Cfg]) -> bool {
    expression.matches(cfgs)
}

/// What `rustc --print cfg` says of a target, as far as its name tells. Conditions on
/// `target_feature` and the like are taken as not met.
fn cfgs(target: &str) -> Vec<Cfg> {
    let mut parts = target.split('-');
    let arch = match parts.next().unwrap_or_default() {
        "arm64" => "aarch64",
        arch if arch.starts_with("armv7") => "arm",
        arch => arch,
    };
    let vendor = parts.next().unwrap_or_default();
    let (os, env) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let os = if os == "darwin" { "macos" } else { os };
    let family = if os == "windows" { "windows" } else { "unix" };
    let width = if matches!(arch, "x86_64" | "aarch64") { "64" } else { "32" };
    let named = [
        ("target_arch", arch),
        ("target_vendor", vendor),
        ("target_os", os),
        ("target_env", env),
        ("target_family", family),
        ("target_pointer_width", width),
        ("target_endian", "little"),
        ("panic", "unwind"),
    ];
    let named = named.into_iter().map(|(name, value)| format!("{name}={value:?}"));
    named.chain([family.to_owned()]).filter_map(|text| Cfg::from_str(&text).ok()).collect()
}

/// A list of the configuration: config files farthest first, the environment, the command line.
fn list(layers: &Layers<'_>, path: &[&str], conflict: &mut Option<Conflict>) -> Vec<Flag> {
    let (mut from_files, mut from_arguments) = (Vec::new(), Vec::new());
    let mut before: Option<(bool, Origin)> = None;
    let files = layers.files_at(path).into_iter().rev().map(|found| (false, found));
    let arguments = layers.arguments_at(path).into_iter().rev().map(|found| (true, found));
    for (is_argument, found) in files.chain(arguments) {
        let Some((is_list, flags)) = read(&found) else { continue };
        match before {
            Some((true, list)) if !is_list => {
                let string = found.origin.clone();
                conflict.get_or_insert(Conflict { key: path.join("."), string, list });
            }
            Some((false, string)) if is_list => {
                let list = found.origin.clone();
                conflict.get_or_insert(Conflict { key: path.join("."), string, list });
            }
            // Of two strings, the nearer one is taken.
            Some((false, _)) => {
                from_files.clear();
                from_arguments.clear();
            }
            _ => {}
        }
        before = Some((is_list, found.origin));
        if is_argument { &mut from_arguments } else { &mut from_files }.extend(flags);
    }
    if let Some((text, origin)) = layers.variable(&variable_name(path)) {
        from_files.extend(split(text, &origin));
    }
    from_files.extend(from_arguments);
    from_files
}

/// Whether it is a list, and its flags.
fn read(found: &Found<'_>) -> Option<(bool, Vec<Flag>)> {
    let Content::Entry(entry) = &found.content else { return None };
    if let Some(text) = entry.item.as_str() {
        return Some((false, split(text, &found.origin)));
    }
    let items = entry.item.as_array()?.iter().filter_map(|item| item.as_str());
    let flags = items.map(|text| Flag { text: text.to_owned(), origin: found.origin.clone() });
    Some((true, flags.collect()))
}

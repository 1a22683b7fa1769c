//! The profile keys that cargo turns into compiler flags, and what their spellings mean.
//!
//! One key can be written in several ways (`lto = true`, `lto = "fat"`). Each is brought to one
//! canonical word, so that rules compare words; the spelling is kept for the flag, because cargo
//! passes it on (`-C lto`, `-C lto=fat`). Unstable keys are left out: stable cargo refuses them.

use serde::Deserialize;
use std::fmt;

/// A profile key. The order is the one in which cargo passes the flags to rustc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `opt-level`: `0`, `1`, `2`, `3`, `s`, `z`.
    OptLevel,
    /// `panic`: `unwind`, `abort`.
    Panic,
    /// `lto`: `off`, `thin-local`, `thin`, `fat`.
    Lto,
    /// `codegen-units`: a number.
    CodegenUnits,
    /// `debug`: `none`, `line-directives-only`, `line-tables-only`, `limited`, `full`.
    Debug,
    /// `split-debuginfo`: `off`, `packed`, `unpacked`.
    SplitDebuginfo,
    /// `debug-assertions`: `true`, `false`.
    DebugAssertions,
    /// `overflow-checks`: `true`, `false`.
    OverflowChecks,
    /// `rpath`: `true`, `false`.
    Rpath,
    /// `incremental`: `true`, `false`.
    Incremental,
    /// `strip`: `none`, `debuginfo`, `symbols`.
    Strip,
}

/// A value as it is spelled in TOML or in an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Spelling {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A string, without its quotes.
    Str(String),
}

impl Key {
    /// Every key, in the order of the flags.
    pub const ALL: [Key; 11] = [
        Key::OptLevel,
        Key::Panic,
        Key::Lto,
        Key::CodegenUnits,
        Key::Debug,
        Key::SplitDebuginfo,
        Key::DebugAssertions,
        Key::OverflowChecks,
        Key::Rpath,
        Key::Incremental,
        Key::Strip,
    ];

    /// The key as it is written in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Key::OptLevel => "opt-level",
            Key::Panic => "panic",
            Key::Lto => "lto",
            Key::CodegenUnits => "codegen-units",
            Key::Debug => "debug",
            Key::SplitDebuginfo => "split-debuginfo",
            Key::DebugAssertions => "debug-assertions",
            Key::OverflowChecks => "overflow-checks",
            Key::Rpath => "rpath",
            Key::Incremental => "incremental",
            Key::Strip => "strip",
        }
    }

    /// The key with this name.
    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Whether cargo accepts the key in `[profile.*.package.*]`.
    pub fn allowed_in_override(self) -> bool {
        !matches!(self, Key::Panic | Key::Lto | Key::Rpath)
    }

    /// What cargo and rustc take when nobody sets the key. `codegen-units` and `strip` depend on
    /// other keys, too; see `resolve`.
    pub(super) fn default(self, root: Root) -> &'static str {
        match (self, root) {
            (Key::OptLevel, Root::Dev) => "0",
            (Key::OptLevel, Root::Release) => "3",
            (Key::Panic, _) => "unwind",
            (Key::Lto, _) => "thin-local",
            (Key::CodegenUnits, _) => "16",
            (Key::Debug, Root::Dev) => "full",
            (Key::SplitDebuginfo, _) => "off",
            (Key::Debug | Key::Strip, _) => "none",
            (Key::DebugAssertions | Key::OverflowChecks | Key::Incremental, Root::Dev) => "true",
            (Key::DebugAssertions | Key::OverflowChecks | Key::Incremental, _) => "false",
            (Key::Rpath, _) => "false",
        }
    }

    /// The canonical word for a spelling; `None` where cargo refuses the spelling.
    pub fn canonical(self, spelling: &Spelling) -> Option<String> {
        use Spelling::{Bool, Int, Str};
        let word = match (self, spelling) {
            (Key::OptLevel, Int(level)) => return Some(level.to_string()),
            (Key::OptLevel, Str(level)) if level == "s" || level == "z" => level,
            (Key::CodegenUnits, Int(units)) if *units > 0 => return Some(units.to_string()),
            (Key::Panic, Str(strategy)) if strategy == "unwind" || strategy == "abort" => strategy,
            (Key::Lto, Bool(true)) => "fat",
            (Key::Lto, Bool(false)) => "thin-local",
            (Key::Lto, Str(word)) => match word.as_str() {
                "true" | "false" => return None,
                // What cargo itself reads as off, and what rustc reads as a bare `-C lto`.
                "off" | "n" | "no" | "none" => "off",
                "y" | "yes" | "on" => "fat",
                other => other,
            },
            (Key::Debug, Bool(false) | Int(0)) => "none",
            (Key::Debug, Bool(true) | Int(2)) => "full",
            (Key::Debug, Int(1)) => "limited",
            (Key::Debug, Str(word)) => match word.as_str() {
                "none" | "limited" | "full" | "line-tables-only" | "line-directives-only" => word,
                _ => return None,
            },
            (Key::Strip, Bool(true)) => "symbols",
            (Key::Strip, Bool(false)) => "none",
            (Key::Strip | Key::SplitDebuginfo, Str(word)) => word,
            (
                Key::DebugAssertions | Key::OverflowChecks | Key::Rpath | Key::Incremental,
                Bool(on),
            ) => return Some(on.to_string()),
            _ => return None,
        };
        Some(word.to_owned())
    }
}

impl Spelling {
    /// Reads the value of an environment variable as cargo does.
    pub(super) fn from_environment(text: &str) -> Self {
        match text {
            "true" => Spelling::Bool(true),
            "false" => Spelling::Bool(false),
            _ => text.parse().map_or_else(|_| Spelling::Str(text.to_owned()), Spelling::Int),
        }
    }

    /// Reads a TOML value; `None` for what no profile key takes.
    pub(super) fn from_item(item: &toml_edit::Item) -> Option<Self> {
        let value = item.as_value()?;
        value
            .as_bool()
            .map(Spelling::Bool)
            .or_else(|| value.as_integer().map(Spelling::Int))
            .or_else(|| value.as_str().map(|text| Spelling::Str(text.to_owned())))
    }
}

impl fmt::Display for Spelling {
    /// As it would be written in TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spelling::Bool(on) => on.fmt(f),
            Spelling::Int(number) => number.fmt(f),
            Spelling::Str(text) => write!(f, "{text:?}"),
        }
    }
}

/// The built-in profile at the end of a chain of `inherits`: it holds the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `dev`.
    Dev,
    /// `release`.
    Release,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_come_to_one_word() {
        let text = |word: &str| Spelling::Str(word.to_owned());
        for (key, spelling, word) in [
            (Key::Lto, Spelling::Bool(true), Some("fat")),
            (Key::Lto, Spelling::Bool(false), Some("thin-local")),
            (Key::Lto, text("n"), Some("off")),
            (Key::Lto, text("true"), None),
            (Key::Debug, Spelling::Int(1), Some("limited")),
            (Key::Debug, Spelling::Int(3), None),
            (Key::Strip, Spelling::Bool(true), Some("symbols")),
            (Key::OptLevel, text("s"), Some("s")),
            (Key::OptLevel, text("3"), None),
            (Key::CodegenUnits, Spelling::Int(0), None),
            (Key::Panic, text("continue"), None),
            (Key::Incremental, text("true"), None),
        ] {
            assert_eq!(key.canonical(&spelling).as_deref(), word, "{} = {spelling}", key.name());
        }
    }

    #[test]
    fn environment_text_is_typed_as_cargo_types_it() {
        assert_eq!(Spelling::from_environment("true"), Spelling::Bool(true));
        assert_eq!(Spelling::from_environment("16"), Spelling::Int(16));
        assert_eq!(Spelling::from_environment("fat"), Spelling::Str("fat".to_owned()));
    }
}

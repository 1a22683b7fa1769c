//! What follows from several keys at once: values cargo concludes, the flags it passes, and flags
//! outside the profile that overrule them.
//!
//! Follows `core/profiles.rs`, `ops/cargo_compile/mod.rs` and `core/compiler/mod.rs` of cargo
//! 1.95, whose names are given where they matter.

use super::{
    Key, Origin, Override, Resolved, Setting, Spelling,
    rustflags::{Codegen, Rustflags},
};

/// What cargo and rustc conclude from other keys.
pub(super) fn derive(keys: &mut [Resolved], overrides: &[Override], dependencies_have_debug: bool) {
    let is = |keys: &[Resolved], key: Key, word: &str| {
        keys.iter().any(|resolved| resolved.key == key && resolved.winner.value == word)
    };
    let incremental = is(keys, Key::Incremental, "true");
    let quiet = is(keys, Key::Debug, "none") && !dependencies_have_debug;
    for resolved in keys {
        match resolved.key {
            Key::CodegenUnits if resolved.winner.origin == Origin::Default && incremental => {
                resolved.winner.value = "256".to_owned();
                resolved.note = Some("rustc takes 256 when `incremental` is on, else 16");
            }
            Key::Strip => derive_strip(resolved, overrides, quiet),
            _ => {}
        }
    }
}

/// Without a `strip`, cargo strips the debug info of the standard library when neither the crate
/// nor a direct dependency has any (`ops/cargo_compile`). And a package override that does not
/// repeat `strip` loses it: `merge_profile` assigns it every time.
fn derive_strip(resolved: &mut Resolved, overrides: &[Override], quiet: bool) {
    let own: Vec<&Override> = overrides.iter().filter(|table| table.is_own).collect();
    let repeated = own.iter().any(|own| own.settings.iter().any(|(key, _)| *key == Key::Strip));
    let incidental = if quiet { "debuginfo" } else { "none" }.to_owned();
    match own.first() {
        _ if resolved.winner.origin == Origin::Default => {
            resolved.winner.value = incidental;
            if quiet {
                resolved.note = Some("cargo strips the standard library's debug info by itself");
            }
        }
        Some(own) if !repeated => {
            let reset = Setting {
                value: incidental,
                spelling: String::new(),
                table: own.table.clone(),
                origin: Origin::Written(own.place.clone()),
            };
            let lost = std::mem::replace(&mut resolved.winner, reset);
            resolved.shadowed.insert(0, lost);
            resolved.note = Some("cargo forgets `strip` where a package override does not set it");
        }
        _ => {}
    }
}

/// The flags cargo passes (`build_base_args` and `lto_args` of cargo's `core/compiler/mod.rs`).
pub(super) fn add_flags(keys: &mut [Resolved]) {
    let value = |key: Key| {
        let found = keys.iter().find(|resolved| resolved.key == key);
        found.map(|resolved| resolved.winner.value.clone()).expect("every key is resolved")
    };
    let optimised = value(Key::OptLevel) != "0";
    let has_debug = value(Key::Debug) != "none";
    let assertions = value(Key::DebugAssertions) == "true";
    for resolved in keys {
        let winner = &resolved.winner;
        let (set, on) = (winner.origin != Origin::Default, winner.value == "true");
        let options = match (resolved.key, winner.value.as_str()) {
            (Key::OptLevel, "0") | (Key::Panic, "unwind") | (Key::Strip, "none") => vec![],
            (Key::OptLevel | Key::Panic | Key::Strip, value) => {
                vec![format!("{}={value}", resolved.key.name())]
            }
            (Key::Lto, "thin-local") => vec!["embed-bitcode=no".to_owned()],
            (Key::Lto, "off") => vec!["lto=off".to_owned(), "embed-bitcode=no".to_owned()],
            (Key::Lto, _) if winner.spelling == "true" => vec!["lto".to_owned()],
            (Key::Lto, _) => vec![format!("lto={}", winner.spelling.trim_matches('"'))],
            (Key::CodegenUnits, units) if set => vec![format!("codegen-units={units}")],
            (Key::Debug, "limited") => vec!["debuginfo=1".to_owned()],
            (Key::Debug, "full") => vec!["debuginfo=2".to_owned()],
            (Key::Debug, lines) if has_debug => vec![format!("debuginfo={lines}")],
            (Key::SplitDebuginfo, split) if set && has_debug => {
                vec![format!("split-debuginfo={split}")]
            }
            // rustc has them on at opt-level 0 and off above.
            (Key::DebugAssertions, _) if on == optimised => {
                vec![format!("debug-assertions={}", if on { "on" } else { "off" })]
            }
            // rustc takes those from the assertions.
            (Key::OverflowChecks, _) if on != assertions => {
                vec![format!("overflow-checks={}", if on { "on" } else { "off" })]
            }
            (Key::Rpath, "true") => vec!["rpath".to_owned()],
            // The folder behind it is cargo's business.
            (Key::Incremental, "true") => vec!["incremental".to_owned()],
            _ => vec![],
        };
        resolved.flags = options.into_iter().flat_map(|option| ["-C".to_owned(), option]).collect();
    }
}

/// Flags outside the profile come last on rustc's command line, and its last word counts.
pub(super) fn overrule(keys: &mut [Resolved], rustflags: &Rustflags) {
    for option in rustflags.codegen() {
        let Some((key, value)) = meaning(&option) else { continue };
        let resolved = keys.iter_mut().find(|resolved| resolved.key == key);
        let resolved = resolved.expect("every key is resolved");
        let spelling = match option.value {
            Some(value) => format!("-C {}={value}", option.name),
            None => format!("-C {}", option.name),
        };
        let winner = Setting {
            value,
            spelling,
            table: "rustflags".to_owned(),
            origin: option.origin.clone(),
        };
        let beaten = std::mem::replace(&mut resolved.winner, winner);
        if beaten.origin != Origin::Default {
            resolved.shadowed.insert(0, beaten);
        }
        resolved.note = None;
    }
}

/// The profile key that a codegen option overrules, and the word it comes to.
fn meaning(option: &Codegen<'_>) -> Option<(Key, String)> {
    let on = |value: Option<&str>| match value {
        None | Some("y" | "yes" | "on" | "true") => "true".to_owned(),
        _ => "false".to_owned(),
    };
    Some(match (option.name, option.value) {
        ("opt-level", Some(level)) => (Key::OptLevel, level.to_owned()),
        ("panic", Some(strategy)) => (Key::Panic, strategy.to_owned()),
        ("lto", None) => (Key::Lto, "fat".to_owned()),
        ("lto", Some(lto)) => (Key::Lto, Key::Lto.canonical(&Spelling::Str(lto.to_owned()))?),
        ("codegen-units", Some(units)) => (Key::CodegenUnits, units.to_owned()),
        ("debuginfo", Some(level)) => {
            let level = level.parse().map_or(Spelling::Str(level.to_owned()), Spelling::Int);
            (Key::Debug, Key::Debug.canonical(&level)?)
        }
        ("split-debuginfo", Some(split)) => (Key::SplitDebuginfo, split.to_owned()),
        ("debug-assertions", value) => (Key::DebugAssertions, on(value)),
        ("overflow-checks", value) => (Key::OverflowChecks, on(value)),
        ("rpath", value) => (Key::Rpath, on(value)),
        ("incremental", Some(_)) => (Key::Incremental, "true".to_owned()),
        ("strip", Some(strip)) => (Key::Strip, strip.to_owned()),
        // The linker strips just as well.
        ("link-arg" | "link-args", Some("-s" | "-Wl,-s" | "-Wl,--strip-all")) => {
            (Key::Strip, "symbols".to_owned())
        }
        _ => return None,
    })
}

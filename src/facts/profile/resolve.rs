//! Puts the layers together, key by key, in cargo's order.
//!
//! For the function's own crate that is: flags outside the profile, `CARGO_INCREMENTAL`, the
//! crate's package override, the profile, its parents, the defaults. What follows from several
//! keys at once is `derive`'s work.

use super::{
    CargoLambda, EffectiveProfile, Injection, Key, Linked, Origin, Override, PackageName,
    ProfileInput, Resolved, Setting, Spelling,
    cargo_lambda::Additions,
    derive,
    key::Root,
    layers::{Content, Found, Layers},
    rustflags,
};
use crate::{facts::document::Document, finding::BadInput, source::position};
use std::collections::BTreeSet;

/// Resolves a profile for the function's own crate.
pub fn effective(input: &ProfileInput<'_>) -> Result<EffectiveProfile, BadInput> {
    let additions = additions(input)?;
    let layers = Layers {
        arguments: &additions.arguments,
        env: input.env,
        written_env: input.cargo_lambda.map_or(&[], CargoLambda::variables),
        configs: input.configs,
        root: input.root,
    };
    let chain = chain(&layers, input.profile, input.root)?;
    let overrides = overrides(&layers, &chain, input.package)?;
    let rustflags = rustflags::resolve(&layers, input.target, additions.rustflags.as_deref());

    let root =
        if chain.last().is_some_and(|root| root == "dev") { Root::Dev } else { Root::Release };
    let mut keys = Vec::new();
    for key in Key::ALL {
        let settings = settings(&layers, &chain, &overrides, key)?;
        keys.push(resolved(key, settings, root));
    }
    let dependencies_debug = debug_of_dependencies(&layers, &chain, &overrides, root, input)?;
    derive::derive(&mut keys, &overrides, dependencies_debug);
    derive::add_flags(&mut keys);
    derive::overrule(&mut keys, &rustflags);
    Ok(EffectiveProfile {
        name: input.profile.to_owned(),
        chain,
        injection: additions.injection,
        keys,
        rustflags,
        overrides,
    })
}

fn additions(input: &ProfileInput<'_>) -> Result<Additions, BadInput> {
    match input.cargo_lambda {
        Some(builder) => CargoLambda::additions(builder, input.root, input.profile, input.target),
        None => Ok(Additions {
            arguments: Vec::new(),
            rustflags: None,
            injection: Injection::PlainCargo,
        }),
    }
}

/// The profile and its ancestors. `dev` and `release` are the roots.
fn chain(layers: &Layers<'_>, profile: &str, root: &Document) -> Result<Vec<String>, BadInput> {
    let mut chain = vec![profile.to_owned()];
    loop {
        let last = chain.last().expect("starts with one").clone();
        let parent = match last.as_str() {
            "dev" | "release" => return Ok(chain),
            name => {
                let found = layers.profile_settings(&["profile", name, "inherits"]);
                match (found.iter().find_map(Found::spelling), name) {
                    (Some(Spelling::Str(parent)), _) => parent,
                    (_, "bench") => "release".to_owned(),
                    (_, "test" | "doc") => "dev".to_owned(),
                    _ => {
                        return Err(BadInput {
                            file: Some(root.file.clone()),
                            message: format!(
                                "failed to resolve profile `{profile}`: `[profile.{name}]` with \
                                 `inherits` is in none of `{}`, the config files and the \
                                 environment; add it, or name another profile",
                                root.file
                            ),
                        });
                    }
                }
            }
        };
        if chain.contains(&parent) {
            return Err(BadInput {
                file: Some(root.file.clone()),
                message: format!(
                    "failed to resolve profile `{profile}`: `{last}` inherits `{parent}`, which \
                     inherits `{last}` in turn; make one of them inherit `release`"
                ),
            });
        }
        chain.push(parent);
    }
}

/// The tables of the chain that mean some crates only. Names that occur in several layers are
/// one override each, as cargo merges them.
fn overrides(
    layers: &Layers<'_>,
    chain: &[String],
    package: PackageName<'_>,
) -> Result<Vec<Override>, BadInput> {
    let mut overrides = Vec::new();
    for profile in chain {
        let packages = ["profile", profile, "package"];
        let named = layers.profile_entries(&packages).into_iter().map(|entry| {
            let is_own = entry.key != "*" && package.is_meant_by(entry.key);
            ([&packages[..], &[entry.key]].concat(), entry.place(), is_own)
        });
        let tables = layers.profile_entries(&packages[..2]);
        let build = tables.into_iter().filter(|entry| entry.key == "build-override");
        let build = build.map(|entry| (vec!["profile", profile, entry.key], entry.place(), false));
        let mut seen = BTreeSet::new();
        for (path, place, is_own) in named.chain(build) {
            if seen.insert(path.clone()) {
                let settings = settings_in(layers, &path)?;
                overrides.push(Override { table: path.join("."), is_own, settings, place });
            }
        }
    }
    Ok(overrides)
}

fn settings_in(layers: &Layers<'_>, path: &[&str]) -> Result<Vec<(Key, Setting)>, BadInput> {
    let mut settings = Vec::new();
    for key in Key::ALL.into_iter().filter(|key| key.allowed_in_override()) {
        let found = all_settings(layers, path, key)?;
        settings.extend(found.into_iter().map(|setting| (key, setting)));
    }
    Ok(settings)
}

/// Everything that sets a key in one table, highest first.
fn all_settings(layers: &Layers<'_>, table: &[&str], key: Key) -> Result<Vec<Setting>, BadInput> {
    let mut path = table.to_vec();
    path.push(key.name());
    let found = layers.profile_settings(&path);
    found.into_iter().map(|found| understand(&found, &table.join("."), key)).collect()
}

fn understand(found: &Found<'_>, table: &str, key: Key) -> Result<Setting, BadInput> {
    let spelling = found.spelling();
    let value = spelling.as_ref().and_then(|spelling| key.canonical(spelling));
    let (Some(value), Some(spelling)) = (value, &spelling) else {
        return Err(refused(found, table, key));
    };
    Ok(Setting {
        value,
        spelling: spelling.to_string(),
        table: table.to_owned(),
        origin: found.origin.clone(),
    })
}

fn refused(found: &Found<'_>, table: &str, key: Key) -> BadInput {
    let key = key.name();
    let (file, written, at) = match &found.content {
        Content::Variable(text) => {
            let name = match &found.origin {
                Origin::Environment(name) => name.as_str(),
                _ => "a variable",
            };
            (None, (*text).to_owned(), format!("environment variable `{name}`"))
        }
        Content::Entry(entry) => {
            let place = entry.place();
            let at = position(&entry.document().text, place.span.start);
            let at = format!("{}:{}:{}", place.file, at.line, at.column);
            (Some(place.file), entry.written().to_owned(), at)
        }
    };
    BadInput {
        file,
        message: format!(
            "failed to read `{key}` of `{table}` at {at}: cargo takes no `{written}` there; \
             correct it or remove it"
        ),
    }
}

/// Everything that sets a key for the function's own crate, highest first.
fn settings(
    layers: &Layers<'_>,
    chain: &[String],
    overrides: &[Override],
    key: Key,
) -> Result<Vec<Setting>, BadInput> {
    let mut settings = Vec::new();
    if key == Key::Incremental {
        if let Some((value, origin)) = layers.variable("CARGO_INCREMENTAL") {
            // Cargo compares with "1" and nothing else.
            let on = value == "1";
            settings.push(Setting {
                value: on.to_string(),
                spelling: value.to_owned(),
                table: String::new(),
                origin,
            });
        }
        let found = layers.config_settings(&["build", "incremental"], "CARGO_BUILD_INCREMENTAL");
        for found in found {
            settings.push(understand(&found, "build", key)?);
        }
    }
    let own = overrides.iter().filter(|table| table.is_own).flat_map(|table| &table.settings);
    settings.extend(own.filter(|(of, _)| *of == key).map(|(_, setting)| setting.clone()));
    for profile in chain {
        settings.extend(all_settings(layers, &["profile", profile], key)?);
    }
    Ok(settings)
}

fn resolved(key: Key, mut settings: Vec<Setting>, root: Root) -> Resolved {
    let default = || Setting {
        value: key.default(root).to_owned(),
        spelling: String::new(),
        table: String::new(),
        origin: Origin::Default,
    };
    let winner = if settings.is_empty() { default() } else { settings.remove(0) };
    Resolved { key, winner, shadowed: settings, flags: Vec::new(), note: None }
}

/// Whether any direct dependency is built with debug info.
fn debug_of_dependencies(
    layers: &Layers<'_>,
    chain: &[String],
    overrides: &[Override],
    root: Root,
    input: &ProfileInput<'_>,
) -> Result<bool, BadInput> {
    let profile = settings(layers, chain, &[], Key::Debug)?;
    let profile = resolved(Key::Debug, profile, root).winner.value;
    let set_in = |wanted: &dyn Fn(&str) -> bool| {
        let tables =
            overrides.iter().filter(|table| table.table.splitn(3, '.').nth(2).is_some_and(wanted));
        let mut settings = tables.flat_map(|table| &table.settings);
        settings.find(|(key, _)| *key == Key::Debug).map(|(_, setting)| setting.value.as_str())
    };
    let has_debug = |dependency: &Linked<'_>| {
        let named = |table: &str| {
            let spec = table.strip_prefix("package.");
            spec.is_some_and(|spec| spec != "*" && dependency.package.is_meant_by(spec))
        };
        let mut debug = set_in(&named);
        if !dependency.is_member {
            debug = debug.or_else(|| set_in(&|table| table == "package.*"));
        }
        if dependency.is_proc_macro {
            debug = debug.or_else(|| set_in(&|table| table == "build-override"));
        }
        debug.unwrap_or(&profile) != "none"
    };
    Ok(input.dependencies.iter().any(has_debug))
}

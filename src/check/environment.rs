//! Is a crate linked that a variable of the environment makes cheaper, and is it not set?
//!
//! A variable of the build belongs into cargo's configuration at the workspace root; one of the
//! running function into what cargo-lambda deploys. The same variable set for one target only, in
//! the environment of the run, or in cargo-lambda's own settings counts as set.

use super::{Change, Hit, Outcome, resolved};
use crate::{
    facts::{
        BuilderKind, Facts, document::Document, graph::CrateSpec, toml_edits, workspace::Function,
    },
    finding::{Edit, Safety},
    source::{RelPath, Span},
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// The crates.
    crates: Vec<CrateSpec>,
    /// Crates that have to be linked as well.
    #[serde(default)]
    with: Vec<CrateSpec>,
    /// Crates that take the place of the first ones, so that they do nothing.
    #[serde(default)]
    unless: Vec<CrateSpec>,
    /// Versions that know the variable.
    known_to: Vec<CrateSpec>,
    /// The variable.
    variable: String,
    /// What to set it to.
    value: String,
    /// When it is read.
    read_by: ReadBy,
    /// What to say beside the line that sets it.
    comment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReadBy {
    /// By a build script.
    Build,
    /// By the running function.
    Function,
}

impl Environment {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let find = |specs: &[CrateSpec]| resolved::find(facts, function, specs);
        let found = match find(&self.crates) {
            Ok(found) => found,
            Err(why) => return Outcome::Skipped(why),
        };
        let Some(found) = found.into_iter().next() else { return Outcome::Hits(Vec::new()) };
        let replaced = find(&self.unless).is_ok_and(|found| !found.is_empty());
        let missing = self
            .with
            .iter()
            .any(|spec| find(std::slice::from_ref(spec)).is_ok_and(|found| found.is_empty()));
        if replaced || missing || self.is_set(facts, function) {
            return Outcome::Hits(Vec::new());
        }
        let known = self.known_to.iter().any(|spec| spec.matches(&found.name, &found.version));
        let change = match (known, self.read_by) {
            (false, _) => Change::by_hand().titled(format!("update {} first", found.name)),
            (true, ReadBy::Build) => {
                Change::by(self.in_cargo(facts)).unwrap_or_else(Change::by_hand)
            }
            (true, ReadBy::Function) => {
                Change::by(self.in_deployment(facts, function)).unwrap_or_else(Change::by_hand)
            }
        };
        let mut hit = Hit::at(found.place)
            .with("crate", &found.name)
            .with("version", found.version.to_string())
            .with("dependency", &found.through)
            .with("variable", &self.variable)
            .with("value", &self.value)
            .change(Some(change.at_most(Safety::Ask)));
        hit.notes = found.notes;
        Outcome::Hits(vec![hit])
    }

    fn is_set(&self, facts: &Facts, function: &Function) -> bool {
        let target = facts.build(function).target.replace('-', "_");
        let names = [self.variable.clone(), format!("{}_{target}", self.variable)];
        let on = |value: &str| is_same(value, &self.value);
        match self.read_by {
            ReadBy::Build => names.iter().any(|name| {
                let forced = |document: &Document, value: &[&str]| {
                    document.get(value).and_then(|entry| entry.item.as_bool()) == Some(true)
                };
                let config = facts.build_inputs.configs.iter().find_map(|document| {
                    let path = ["env", name.as_str()];
                    let value = document
                        .string(&path)
                        .or_else(|| document.string(&["env", name.as_str(), "value"]))?;
                    Some((value, forced(document, &["env", name.as_str(), "force"])))
                });
                // Cargo's configuration does not replace a variable that is there, unless forced.
                match (facts.build_inputs.env.get(name), config) {
                    (_, Some((value, true))) => on(value),
                    (Some(value), _) => on(value),
                    (None, Some((value, false))) => on(value),
                    (None, None) => {
                        self.in_metadata(facts, function, "build", name).is_some_and(on)
                    }
                }
            }),
            // Any value takes the place of the default that is slow.
            ReadBy::Function => ["deploy", ""]
                .iter()
                .any(|table| self.in_metadata(facts, function, table, &self.variable).is_some()),
        }
    }

    /// The value in cargo-lambda's settings, which take `env_var` (also spelled `env`) as a list
    /// of `NAME=value` or a table (cargo-lambda-metadata 1.9.2 src/env.rs:18).
    fn in_metadata<'a>(
        &self,
        facts: &'a Facts,
        function: &Function,
        table: &str,
        name: &str,
    ) -> Option<&'a str> {
        let lambda_toml = facts.build_inputs.lambda_toml.as_ref();
        let package = (&facts.workspace.package(function).manifest, &["package"][..]);
        let workspace = (&facts.workspace.root, &["workspace"][..]);
        let own = lambda_toml.map(|document| (document, &[][..]));
        for (document, scope) in [package, workspace].into_iter().chain(own) {
            for key in ["env_var", "env"] {
                let mut path = scope.to_vec();
                if !scope.is_empty() {
                    path.extend(["metadata", "lambda"]);
                }
                path.extend([table, key].into_iter().filter(|part| !part.is_empty()));
                if let Some(value) = document.string(&[&path[..], &[name]].concat()) {
                    return Some(value);
                }
                let list = document.get(&path).and_then(|entry| entry.item.as_array());
                let set = list.into_iter().flatten().filter_map(|item| item.as_str());
                let value = set.filter_map(|set| set.split_once('=')).find(|(key, _)| *key == name);
                if let Some((_, value)) = value {
                    return Some(value);
                }
            }
        }
        None
    }

    /// Sets the variable in `.cargo/config.toml` at the workspace root.
    fn in_cargo(&self, facts: &Facts) -> Option<Edit> {
        let at_root = |document: &&Document| {
            [".cargo/config.toml", ".cargo/config"].contains(&document.file.as_str())
        };
        let line = format!("{} = {:?}", self.variable, self.value);
        let comment: Vec<String> =
            self.comment.trim().lines().map(|line| format!("# {line}")).collect();
        let Some(document) = facts.build_inputs.configs.iter().find(at_root) else {
            let text = format!("[env]\n{}\n{line}\n", comment.join("\n"));
            let file = RelPath::new(".cargo/config.toml");
            return Some(Edit { file, span: Span::at(0), text });
        };
        if document.get(&["env", &self.variable]).is_some() {
            return toml_edits::set(
                document,
                &["env", &self.variable],
                &format!("{:?}", self.value),
            );
        }
        let newline = document.newline();
        let is_inline = document.get(&["env"]).is_some_and(|entry| entry.item.is_inline_table());
        let lines = match is_inline {
            true => line,
            false => format!("{}{newline}{line}", comment.join(newline)),
        };
        toml_edits::insert(document, &["env"], &lines)
    }

    /// Sets the variable in what `cargo lambda deploy` sends, where that is in use.
    fn in_deployment(&self, facts: &Facts, function: &Function) -> Option<Edit> {
        let manifest = &facts.workspace.package(function).manifest;
        let deploy = ["package", "metadata", "lambda", "deploy"];
        let builder = facts.build(function).builder;
        if manifest.get(&deploy).is_none() && builder != BuilderKind::CargoLambda {
            return None;
        }
        let has = |key: &str| manifest.get(&[&deploy[..], &[key]].concat()).is_some();
        let key = if has("env") { "env" } else { "env_var" };
        let table = [&deploy[..], &[key]].concat();
        let list = manifest.get(&table).and_then(|entry| entry.item.as_array().map(|l| (entry, l)));
        let Some((entry, list)) = list else {
            if has(key) {
                let path = [&table[..], &[self.variable.as_str()]].concat();
                return toml_edits::set(manifest, &path, &format!("{:?}", self.value));
            }
            let line = format!("{key} = {{ {} = {:?} }}", self.variable, self.value);
            return toml_edits::insert(manifest, &deploy, &line);
        };
        let mut items: Vec<String> =
            list.iter().filter_map(|item| item.as_str()).map(|item| format!("{item:?}")).collect();
        items.push(format!("{:?}", format!("{}={}", self.variable, self.value)));
        let (file, span) = (manifest.file.clone(), entry.value_span()?);
        Some(Edit { file, span, text: format!("[{}]", items.join(", ")) })
    }
}

/// Whether a value means the same as the one to set, as build scripts read switches: `1`, `yes`,
/// `true` and `on` (aws-lc-sys 0.47.0 builder/main.rs:274).
fn is_same(value: &str, wanted: &str) -> bool {
    let on = |value: &str| {
        let value = value.to_lowercase();
        let digit = value.starts_with(|c: char| c.is_ascii_digit()) && !value.starts_with('0');
        digit || ["y", "on", "t"].iter().any(|start| value.starts_with(start))
    };
    value == wanted || (on(value) && on(wanted))
}

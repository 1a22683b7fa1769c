//! Reads what a package declares about its own measuring, `[package.metadata.lambda-lean.bench]`,
//! and where it is built. Unknown keys are errors. It runs `cargo metadata` and nothing else.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{MetadataCommand, Package};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A function to be measured: one binary of one package.
#[derive(Clone, Debug)]
pub struct Function {
    /// The package.
    pub package: String,
    /// The binary.
    pub bin: String,
    /// The package's manifest.
    pub manifest: PathBuf,
    /// The workspace's root.
    pub workspace: PathBuf,
    /// The workspace's target directory.
    pub target: PathBuf,
    /// What it declares for `bench`.
    pub declared: Declared,
    /// The variables that `cargo lambda deploy` would give it.
    pub deploy_env: BTreeMap<String, String>,
}

/// `[package.metadata.lambda-lean.bench]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declared {
    /// Memory sizes, in MB.
    pub memory: Vec<u32>,
    /// The event: a JSON file beside the manifest, or the event itself.
    pub payload: Option<Value>,
    /// Variables of the function.
    pub env: BTreeMap<String, String>,
    /// DynamoDB tables that have to be there.
    pub tables: Vec<Table>,
}

/// A DynamoDB table.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its partition key: a name, which means a string, or `name:N` or `name:B`.
    pub key: Key,
    /// Its sort key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<Key>,
    /// How many items each invocation adds; they are counted where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_per_invocation: Option<u64>,
}

/// A key of a table.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(try_from = "String", into = "String")]
pub struct Key {
    /// The attribute's name.
    pub name: String,
    /// Its type: S, N or B.
    pub kind: String,
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, kind) = text.split_once(':').unwrap_or((&text, "S"));
        if !["S", "N", "B"].contains(&kind) || name.is_empty() {
            return Err(format!("expected a key as `name`, `name:N` or `name:B`, found `{text}`"));
        }
        Ok(Self { name: name.to_owned(), kind: kind.to_owned() })
    }
}

impl From<Key> for String {
    fn from(Key { name, kind }: Key) -> Self {
        format!("{name}:{kind}")
    }
}

impl Function {
    /// Finds the function at a manifest or in a package's directory. `package` and `bin` are
    /// needed only where there are several.
    pub fn find(path: &Path, package: Option<&str>, bin: Option<&str>) -> Result<Self> {
        let manifest = if path.is_dir() { path.join("Cargo.toml") } else { path.to_owned() };
        let manifest = fs::canonicalize(&manifest).with_context(|| {
            format!("failed to find {}; --manifest-path names a Cargo.toml", manifest.display())
        })?;
        let metadata = MetadataCommand::new()
            .manifest_path(&manifest)
            .no_deps()
            .exec()
            .with_context(|| format!("failed to read {}", manifest.display()))?;
        let named: Vec<&Package> = match package {
            Some(name) => metadata.packages.iter().filter(|found| *found.name == name).collect(),
            None => {
                let own = metadata.packages.iter().find(|found| found.manifest_path == manifest);
                own.map_or_else(|| metadata.packages.iter().collect(), |own| vec![own])
            }
        };
        let mut found = Vec::new();
        for package in named {
            for target in package.targets.iter().filter(|target| target.is_bin()) {
                let wanted = bin.or(package.default_run.as_deref());
                if wanted.is_none_or(|wanted| target.name == wanted) {
                    found.push((package, target.name.clone()));
                }
            }
        }
        let [(package, bin)] = found.as_slice() else {
            let names: Vec<String> = found
                .iter()
                .map(|(package, bin)| format!("{} --bin {bin}", package.name))
                .collect();
            ensure!(!names.is_empty(), "failed to find a binary in {}", manifest.display());
            bail!("failed to choose a function; say which with -p: {}", names.join(", "));
        };
        Ok(Self {
            package: package.name.to_string(),
            bin: bin.clone(),
            manifest: package.manifest_path.clone().into(),
            workspace: metadata.workspace_root.clone().into(),
            target: metadata.target_directory.clone().into(),
            declared: declared(package)?,
            deploy_env: deploy_env(&package.metadata),
        })
    }

    /// The directory of its manifest.
    pub fn directory(&self) -> &Path {
        self.manifest.parent().expect("a manifest lies in a directory")
    }

    /// The event it is given: a file named on the command line, or what is declared, or `{}`.
    pub fn payload(&self, named: Option<&Path>) -> Result<Bytes> {
        let (file, inline) = match (named, &self.declared.payload) {
            (Some(file), _) => (file.to_owned(), None),
            (None, Some(Value::String(file))) => (self.directory().join(file), None),
            (None, inline) => (PathBuf::new(), Some(inline.clone().unwrap_or_default())),
        };
        if let Some(value) = inline {
            let value = if value.is_null() { Value::Object(Default::default()) } else { value };
            return Ok(value.to_string().into());
        }
        let text = fs::read(&file)
            .with_context(|| format!("failed to read the event {}", file.display()))?;
        serde_json::from_slice::<Value>(&text)
            .with_context(|| format!("failed to read the event {} as JSON", file.display()))?;
        Ok(text.into())
    }
}

fn declared(package: &Package) -> Result<Declared> {
    match package.metadata.pointer("/lambda-lean/bench") {
        None => Ok(Declared::default()),
        Some(value) => Declared::deserialize(value).with_context(|| {
            format!(
                "failed to read [package.metadata.lambda-lean.bench] in {}",
                package.manifest_path
            )
        }),
    }
}

fn deploy_env(metadata: &Value) -> BTreeMap<String, String> {
    let read = |pointer| {
        let map = metadata.pointer(pointer).and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
    };
    read("/lambda/env").chain(read("/lambda/deploy/env_var")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read_and_its_mistakes_are_named() {
        let declared: Declared = toml::from_str(
            "memory = [128]\npayload = { a = 1 }\nenv = { TABLE_NAME = \"t\" }\n\
             tables = [{ name = \"t\", key = \"Id\", sort-key = \"At:N\", items-per-invocation = 1 }]",
        )
        .expect("a declaration");
        let sort = declared.tables[0].sort_key.clone().expect("a sort key");
        assert_eq!((sort.name.as_str(), sort.kind.as_str()), ("At", "N"));
        assert_eq!(declared.tables[0].key.kind, "S");

        let mistake = |text| toml::from_str::<Declared>(text).expect_err("a mistake").to_string();
        assert!(mistake("memroy = [1]").contains("unknown field `memroy`"));
        assert!(mistake("tables = [{ name = \"t\", key = \"a:X\" }]").contains("`name:N`"));
    }
}

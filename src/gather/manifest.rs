//! Reads a package from its manifest alone, by the rules cargo infers targets by.
//!
//! Cargo would say the same of each package, but only of those of one sound workspace at a time. What
//! a manifest leaves to its workspace is taken from there where it stands there, and is missing
//! otherwise; nothing is judged.

use super::files::{Root, normalise};
use crate::{
    facts::{
        document::{Document, Entry},
        workspace::{self, Dependency, DependencyKind, Package, Target},
    },
    source::RelPath,
};
use std::{collections::BTreeMap, fs};
use toml_edit::{Item, TableLike, Value};

/// A manifest with what it is read beside.
pub struct Manifest<'a> {
    /// The root that paths are relative to.
    pub root: &'a Root,
    /// The manifest.
    pub document: Document,
    /// The one it inherits from.
    pub workspace: &'a Document,
    /// Whether it is a member of the workspace that is looked at.
    pub is_member: bool,
}

/// The edition of a manifest that names none.
const FIRST_EDITION: &str = "2015";

impl Manifest<'_> {
    /// The package; none where the manifest has no name for one.
    pub fn package(self) -> Option<Package> {
        let name = self.document.string(&["package", "name"])?.to_owned();
        let edition = self.inherited("edition").unwrap_or(FIRST_EDITION).to_owned();
        let dependencies = self.dependencies();
        Some(Package {
            targets: self.targets(&name, &edition),
            features: self.features(&dependencies),
            dir: self.dir(),
            workspace_dir: folder(self.root, self.workspace),
            is_member: self.is_member,
            name,
            edition,
            dependencies,
            manifest: self.document,
        })
    }

    fn dir(&self) -> RelPath {
        folder(self.root, &self.document)
    }

    /// A key of `[package]`, or of `[workspace.package]` where it says `workspace = true`.
    fn inherited(&self, key: &str) -> Option<&str> {
        let own = self.document.string(&["package", key]);
        let inherits = || self.document.get(&["package", key, "workspace"]).is_some();
        own.or_else(|| {
            inherits().then(|| self.workspace.string(&["workspace", "package", key])).flatten()
        })
    }

    /// A path that is written in a manifest.
    fn path(&self, document: &Document, written: &str) -> RelPath {
        let folder = self.root.absolute(&folder(self.root, document));
        self.root.relative(&normalise(&folder.join(written)))
    }

    fn targets(&self, package: &str, edition: &str) -> Vec<Target> {
        let setting = |key| self.document.get(&["package", key])?.item.as_bool();
        let lib = self.document.get(&["lib"]).and_then(|entry| entry.item.as_table_like());
        let inferred = self.inferred_binaries(package);
        let listed = self.document.get(&["bin"]).map_or_else(Vec::new, |entry| tables(entry.item));
        let automatic = setting("autobins");
        let automatic = automatic.unwrap_or(listed.is_empty() || edition != FIRST_EDITION);
        let mut binaries = Vec::new();
        for table in listed {
            let Some(name) = text(table, "name") else { continue };
            let own = text(table, "path").map(|path| self.path(&self.document, path));
            let same = || inferred.iter().find(|(it, _)| it == name).map(|(_, path)| path.clone());
            let main = || self.path(&self.document, "src/main.rs");
            let path = own.or_else(same).unwrap_or_else(main);
            binaries.push(target(name, true, path, strings(table.get("required-features"))));
        }
        let is_listed = |name: &str, path: &RelPath| {
            binaries.iter().any(|it: &Target| it.name == name || it.src_path == *path)
        };
        let rest = inferred.iter().filter(|(name, path)| automatic && !is_listed(name, path));
        let rest: Vec<_> =
            rest.map(|(name, path)| target(name, true, path.clone(), Vec::new())).collect();
        binaries.extend(rest);
        binaries.sort_by(|a, b| a.name.cmp(&b.name));
        self.library(package, lib, setting("autolib")).into_iter().chain(binaries).collect()
    }

    /// The library, unless it is a macro: those run in the compiler.
    fn library(
        &self,
        package: &str,
        lib: Option<&dyn TableLike>,
        automatic: Option<bool>,
    ) -> Option<Target> {
        let flag = |key: &str| lib?.get(key)?.as_bool();
        let kinds = ["crate-type", "crate_type"];
        let kinds = kinds.iter().flat_map(|key| strings(lib.and_then(|lib| lib.get(key))));
        let is_macro = flag("proc-macro").or_else(|| flag("proc_macro")) == Some(true);
        if is_macro || kinds.into_iter().any(|kind| kind == "proc-macro") {
            return None;
        }
        let usual = self.path(&self.document, "src/lib.rs");
        let written = lib.and_then(|lib| text(lib, "path"));
        let there = || self.root.absolute(&usual).is_file() && automatic != Some(false);
        let path = match written {
            Some(path) => self.path(&self.document, path),
            None if lib.is_some() || there() => usual,
            None => return None,
        };
        let name = lib.and_then(|lib| text(lib, "name"));
        let name = name.map_or_else(|| package.replace('-', "_"), str::to_owned);
        Some(target(&name, false, path, Vec::new()))
    }

    /// The binaries that no `[[bin]]` has to name.
    fn inferred_binaries(&self, package: &str) -> Vec<(String, RelPath)> {
        let main = self.path(&self.document, "src/main.rs");
        let mut found = Vec::new();
        if self.root.absolute(&main).is_file() {
            found.push((package.to_owned(), main));
        }
        let folder = self.root.absolute(&self.path(&self.document, "src/bin"));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let entry = entry.path();
            let main = entry.join("main.rs");
            let is_source = entry.extension().is_some_and(|extension| extension == "rs");
            let name = entry.file_stem().map(|name| name.to_string_lossy().into_owned());
            let whole = entry.file_name().map(|name| name.to_string_lossy().into_owned());
            if is_source && entry.is_file() {
                found.extend(name.map(|name| (name, self.root.relative(&entry))));
            } else if main.is_file() {
                found.extend(whole.map(|name| (name, self.root.relative(&main))));
            }
        }
        found
    }

    fn dependencies(&self) -> Vec<Dependency> {
        const TABLES: [(&str, DependencyKind); 5] = [
            ("dependencies", DependencyKind::Normal),
            ("dev-dependencies", DependencyKind::Dev),
            ("dev_dependencies", DependencyKind::Dev),
            ("build-dependencies", DependencyKind::Build),
            ("build_dependencies", DependencyKind::Build),
        ];
        let mut found = Vec::new();
        for (table, kind) in TABLES {
            let entries = self.document.entries(&[table]).into_iter();
            found.extend(entries.map(|entry| self.dependency(entry, kind, None)));
        }
        for target in self.document.entries(&["target"]) {
            let platform = workspace::platform(target.key);
            for (table, kind) in TABLES {
                let entries = self.document.entries(&["target", target.key, table]).into_iter();
                found.extend(entries.map(|entry| self.dependency(entry, kind, Some(&platform))));
            }
        }
        found
    }

    fn dependency(
        &self,
        entry: Entry<'_>,
        kind: DependencyKind,
        target: Option<&str>,
    ) -> Dependency {
        let key = entry.key;
        let (_, inherited) =
            workspace::declaration(self.workspace, &self.document, key, kind, target);
        let own = entry.item.as_table_like();
        let shared = inherited.and_then(|entry| entry.item.as_table_like());
        let (source, of) = match inherited {
            Some(_) => (shared, self.workspace),
            None => (own, &self.document),
        };
        let flag = |table: Option<&dyn TableLike>, names: [&str; 2]| {
            names.iter().find_map(|name| table?.get(name)?.as_bool())
        };
        let defaults = |table| flag(table, ["default-features", "default_features"]);
        let listed =
            |table: Option<&dyn TableLike>| strings(table.and_then(|it| it.get("features")));
        let mut features = listed(source);
        if inherited.is_some() {
            features.extend(listed(own));
            features.dedup();
        }
        Dependency {
            package: source.and_then(|table| text(table, "package")).unwrap_or(key).to_owned(),
            key: key.to_owned(),
            kind,
            features,
            // A member can turn on what its workspace turned off, and never the reverse.
            default_features: match (defaults(source), defaults(own)) {
                (Some(false), own) => inherited.is_some() && own == Some(true),
                _ => true,
            },
            optional: flag(own, ["optional", "optional"]) == Some(true),
            target: target.map(str::to_owned),
            path: source.and_then(|table| text(table, "path")).map(|path| self.path(of, path)),
            place: entry.place(),
            inherited: inherited.map(|entry| entry.place()),
        }
    }

    /// `[features]`, and one for each optional dependency that none of them names with `dep:`.
    fn features(&self, dependencies: &[Dependency]) -> BTreeMap<String, Vec<String>> {
        let entries = self.document.entries(&["features"]).into_iter();
        let mut features: BTreeMap<String, Vec<String>> =
            entries.map(|entry| (entry.key.to_owned(), strings(Some(entry.item)))).collect();
        for dependency in dependencies.iter().filter(|dependency| dependency.optional) {
            let on = format!("dep:{}", dependency.key);
            if !features.values().flatten().any(|feature| *feature == on) {
                features.entry(dependency.key.clone()).or_insert_with(|| vec![on]);
            }
        }
        features
    }
}

/// The folder of a manifest, relative to the root.
fn folder(root: &Root, manifest: &Document) -> RelPath {
    let path = root.absolute(&manifest.file);
    root.relative(&normalise(path.parent().unwrap_or(&path)))
}

fn target(name: &str, is_bin: bool, src_path: RelPath, required_features: Vec<String>) -> Target {
    Target { name: name.to_owned(), is_bin, src_path, required_features }
}

fn text<'t>(table: &'t (impl TableLike + ?Sized), key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

/// The tables of a list of them, whichever way it is written.
fn tables(item: &Item) -> Vec<&dyn TableLike> {
    match item {
        Item::ArrayOfTables(all) => all.iter().map(|table| table as &dyn TableLike).collect(),
        Item::Value(Value::Array(all)) => {
            let inline = all.iter().filter_map(Value::as_inline_table);
            inline.map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

fn strings(item: Option<&Item>) -> Vec<String> {
    let array = item.and_then(Item::as_array).into_iter().flatten();
    array.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

//! A workspace read by hand beside what cargo says of it, and what is left of a broken one.

use super::{super::members, *};
use crate::{
    facts::workspace::{DependencyKind, Target},
    gather::toolchain::Toolchain,
};
use std::collections::BTreeSet;

const ROOT: &str = r#"
    [workspace]
    members = ["functions/*", "shared"]
    exclude = ["functions/left-out"]
    resolver = "3"
    package.edition = "2021"

    [workspace.dependencies]
    plain = { version = "1", features = ["a"] }
    lean = { version = "1", default-features = false, package = "other" }
    shared = { path = "shared" }
"#;

const FUNCTION: &str = r#"
    [package]
    name = "a-function"
    version = "0.1.0"
    edition.workspace = true

    [[bin]]
    name = "bootstrap"
    path = "src/main.rs"
    required-features = ["extra"]

    [[bin]]
    name = "named"

    [[bin]]
    name = "again"
    path = "src/bin/named.rs"

    [lib]
    name = "library"
    path = "src/library.rs"

    [features]
    extra = ["dep:opted", "plain/b"]

    [dependencies]
    plain = { workspace = true, features = ["b"], optional = true }
    lean = { workspace = true, default-features = true }
    opted = { version = "1", optional = true }
    shared.workspace = true
    implied = { path = "../../implied", default-features = false }
    string = "1"

    [dev-dependencies]
    lean.workspace = true

    [target.'cfg(target_os="linux")'.dependencies]
    linux = { git = "https://example.org", features = ["x"] }

    [build-dependencies]
    build = "2"
"#;

/// What is usually written as tables, and a library that is a macro by its type.
const INLINE: &str = r#"
    bin = [{ name = "one", path = "src/one.rs" }]
    lib = { crate-type = ["proc-macro"] }
    dependencies = { plain = { workspace = true, optional = true } }
    package = { name = "inline", version = "0.1.0" }
"#;

fn manifest(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n")
}

fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable file");
    }
    folder
}

/// What we know of a workspace, a line a thing.
fn ours(members: &Members) -> BTreeSet<String> {
    let workspace = &members.workspace;
    let chosen = members.selected_by_default.iter().map(|&index| &workspace.packages[index].name);
    let mut lines = BTreeSet::from([members.root.0.display().to_string()]);
    lines.extend(chosen.map(|name| format!("chosen {name}")));
    for package in &workspace.packages {
        let (name, path) =
            (&package.name, |path| members.root.absolute(path).display().to_string());
        let dir = normalise(&members.root.absolute(&package.dir));
        lines.insert(format!(
            "{name} {} {} {:?}",
            package.edition,
            dir.display(),
            package.features
        ));
        let binaries = package.targets.iter().filter(|target| target.is_bin);
        assert!(binaries.is_sorted_by_key(|target| &target.name), "in cargo's order");
        for target in &package.targets {
            let Target { name: own, is_bin, src_path, required_features } = target;
            lines.insert(format!("{name} {own} {is_bin} {} {required_features:?}", path(src_path)));
        }
        for it in &package.dependencies {
            let kind = match it.kind {
                DependencyKind::Normal => "normal",
                DependencyKind::Dev => "dev",
                DependencyKind::Build => "build",
            };
            let folder = it.path.as_ref().map(|path| normalise(&members.root.absolute(path)));
            lines.insert(format!(
                "{name} {kind} {} {} {:?} {} {} {:?} {folder:?}",
                it.key, it.package, it.features, it.default_features, it.optional, it.target
            ));
        }
    }
    lines
}

/// What cargo says of it, in the same words.
fn cargos(manifest: &Path) -> BTreeSet<String> {
    let mut command = cargo_metadata::MetadataCommand::new();
    let metadata = command.manifest_path(manifest).no_deps().exec().expect("a sound workspace");
    let alone = metadata.packages.iter().find(|it| it.manifest_path == manifest);
    let chosen = alone.map_or_else(|| metadata.workspace_default_packages(), |alone| vec![alone]);
    let mut lines = BTreeSet::from([metadata.workspace_root.to_string()]);
    lines.extend(chosen.iter().map(|package| format!("chosen {}", package.name)));
    for package in &metadata.packages {
        let (name, dir) = (&package.name, package.manifest_path.parent().expect("a folder"));
        lines.insert(format!("{name} {} {dir} {:?}", package.edition, package.features));
        for target in &package.targets {
            let kind = target.kind[0].to_string();
            if ["bin", "lib", "cdylib"].contains(&kind.as_str()) {
                lines.insert(format!(
                    "{name} {} {} {} {:?}",
                    target.name,
                    kind == "bin",
                    target.src_path,
                    target.required_features
                ));
            }
        }
        for it in &package.dependencies {
            let target = it.target.as_ref().map(ToString::to_string);
            lines.insert(format!(
                "{name} {} {} {} {:?} {} {} {target:?} {:?}",
                it.kind,
                it.rename.as_ref().unwrap_or(&it.name),
                it.name,
                it.features,
                it.uses_default_features,
                it.optional,
                it.path
            ));
        }
    }
    lines
}

#[test]
fn what_is_read_is_what_cargo_says() {
    let (shared, implied, other) = (manifest("shared"), manifest("implied"), manifest("other"));
    let folder = written(&[
        ("Cargo.toml", ROOT),
        ("shared/Cargo.toml", &format!("{shared}[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n")),
        ("shared/src/lib.rs", ""),
        ("implied/Cargo.toml", &format!("{implied}autobins = false\n")),
        ("implied/src/lib.rs", ""),
        ("implied/src/main.rs", ""),
        ("functions/left-out/Cargo.toml", &manifest("left-out")),
        ("functions/other/Cargo.toml", &other),
        ("functions/other/src/main.rs", ""),
        ("functions/inline/Cargo.toml", INLINE),
        ("functions/inline/src/one.rs", ""),
        ("functions/inline/src/main.rs", ""),
        ("functions/inline/src/lib.rs", ""),
        ("functions/a-function/Cargo.toml", FUNCTION),
        ("functions/a-function/src/main.rs", ""),
        ("functions/a-function/src/library.rs", ""),
        ("functions/a-function/src/bin/named.rs", ""),
        ("functions/a-function/src/bin/found.rs", ""),
        ("functions/a-function/src/bin/folder/main.rs", ""),
        ("functions/a-function/src/bin/folder/part.rs", ""),
        ("functions/a-function/src/bin/empty/part.rs", ""),
    ]);
    let base = fs::canonicalize(folder.path()).expect("a folder");
    let manifests = ["Cargo.toml", "functions/a-function/Cargo.toml", "implied/Cargo.toml"];
    for manifest in manifests.map(|of| base.join(of)) {
        let expected = cargos(&manifest);
        assert!(expected.len() > 25, "{expected:#?}");
        assert_eq!(ours(&read(&manifest).expect("a workspace")), expected);
        let asked = members::read(&manifest, &Toolchain::new(false)).expect("a workspace");
        assert_eq!((asked.refusal, ours(&asked.members)), (None, expected));
    }
}

#[test]
fn what_is_broken_costs_itself() {
    let folder = written(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"?\", \"not-there\"]\n"),
        ("c/README.md", ""),
        ("a/Cargo.toml", "[package]\nname = "),
        ("b/Cargo.toml", &format!("{}edition.workspace = true\n", manifest("b"))),
        ("b/src/main.rs", ""),
        ("unlisted/Cargo.toml", &manifest("unlisted")),
        ("unlisted/src/main.rs", ""),
    ]);
    let base = fs::canonicalize(folder.path()).expect("a folder");
    let names = |of: &str| {
        let read = read(&base.join(of)).expect("a workspace");
        let packages = read.workspace.packages.iter();
        packages.map(|package| package.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("Cargo.toml"), ["b"]);
    assert_eq!(names("b/Cargo.toml"), ["b"]);
    assert_eq!(names("unlisted/Cargo.toml"), ["unlisted"]);
    assert!(read(&base.join("a/Cargo.toml")).is_none());
}

#[test]
fn patterns_of_names() {
    for (pattern, name, fits) in [
        ("*", "a", true),
        ("a*c", "abbc", true),
        ("a*c", "abb", false),
        ("a?c", "aöc", true),
        ("lambda-*", "lambda-", true),
        ("a", "ab", false),
    ] {
        assert_eq!(is_like(pattern, name), fits, "{pattern} {name}");
    }
}

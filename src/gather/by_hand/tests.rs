//! A workspace read by hand beside what cargo says of it, and what is left of a broken one.

use super::{super::members, *};
use crate::gather::toolchain::Toolchain;

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

/// Everything of a workspace that cargo and we both know, in an order of its own.
fn described(members: &Members) -> String {
    let mut packages = members.workspace.packages.clone();
    packages.sort_by(|a, b| a.dir.cmp(&b.dir));
    for package in &mut packages {
        package.targets.sort_by(|a, b| (a.is_bin, &a.name).cmp(&(b.is_bin, &b.name)));
        package.dependencies.sort_by(|a, b| a.place.cmp(&b.place));
    }
    let chosen = members.selected_by_default.iter();
    let mut chosen: Vec<_> = chosen.map(|&index| &members.workspace.packages[index].dir).collect();
    chosen.sort();
    format!("{:?} {chosen:#?} {packages:#?}", members.root)
}

#[test]
fn what_is_read_is_what_cargo_says() {
    let (shared, implied, other) = (manifest("shared"), manifest("implied"), manifest("other"));
    let folder = written(&[
        ("Cargo.toml", ROOT),
        ("shared/Cargo.toml", &format!("{shared}[lib]\nproc-macro = true\n")),
        ("shared/src/lib.rs", ""),
        ("implied/Cargo.toml", &format!("{implied}autobins = false\n")),
        ("implied/src/lib.rs", ""),
        ("implied/src/main.rs", ""),
        ("functions/left-out/Cargo.toml", &manifest("left-out")),
        ("functions/other/Cargo.toml", &other),
        ("functions/other/src/main.rs", ""),
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
    for of in ["Cargo.toml", "functions/a-function/Cargo.toml", "implied/Cargo.toml"] {
        let asked = members::read(&base.join(of), &Toolchain::new(false));
        let asked = asked.expect("a workspace that cargo takes");
        assert_eq!(asked.refusal, None);
        let ours = read(&base.join(of)).expect("a workspace");
        assert!(ours.workspace.packages.len() == 4 && described(&ours).contains("\"found\""));
        same(&described(&ours), &described(&asked.members));
    }
}

fn same(ours: &str, cargos: &str) {
    let diff = similar::TextDiff::from_lines(cargos, ours);
    assert!(ours == cargos, "{}", diff.unified_diff());
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

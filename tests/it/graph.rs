//! The simulated build of one function against `cargo tree`: the same crates, with the same
//! features, in the corners of cargo's feature resolver and on the example functions.

use crate::{
    project::{Project, repository},
    stand_ins,
};
use cargo_lambda_lean::{
    facts::graph::Node,
    gather::{self, Options},
};
use std::{collections::BTreeSet, path::Path, process::Command};

type Crates = BTreeSet<(String, String, String)>;

/// What each function of a project links, by the simulation.
fn simulated(options: &Options) -> Vec<(String, String, Crates)> {
    let project = gather::gather(options).unwrap_or_else(|error| panic!("{error:#}"));
    let functions = project.facts.functions.iter();
    let resolved = functions.map(|function| {
        let package = project.facts.workspace.package(function).name.clone();
        let target = project.facts.build(function).target.clone();
        let resolved = project.facts.resolved(function).unwrap_or_else(|why| panic!("{why}"));
        let crates = resolved.linked().map(|ix| {
            let package = &resolved.universe.packages[ix];
            let features = resolved.features(ix).join(",");
            (package.name.clone(), package.version.to_string(), features)
        });
        (package, target, crates.collect())
    });
    resolved.collect()
}

/// The same by `cargo tree`.
fn by_cargo_tree(folder: &Path, package: &str, target: &str, options: &Options) -> Crates {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(folder).envs(&options.env);
    command.args(["tree", "--locked", "--package", package, "--target", target]);
    command.args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe"]);
    let output = command.args(["--format", "{p} [{f}]"]).output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", folder.display());
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(|line| {
        // `name v1.2.3 (/a/path) (*) [a,b]`
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default().to_owned();
        let version = words.next().unwrap_or_default().trim_start_matches('v').to_owned();
        let features = line.rsplit('[').next().unwrap_or_default().trim_end_matches(']');
        (name, version, features.to_owned())
    });
    lines.collect()
}

fn compare(folder: &Path, options: &Options) -> usize {
    let simulated = simulated(options);
    for (package, target, crates) in &simulated {
        let expected = by_cargo_tree(folder, package, target, options);
        assert!(!expected.is_empty());
        let extra: Vec<_> = crates.difference(&expected).collect();
        let missing: Vec<_> = expected.difference(crates).collect();
        assert!(
            extra.is_empty() && missing.is_empty(),
            "{package}: simulated {extra:?}\ncargo tree {missing:?}"
        );
    }
    simulated.len()
}

fn options(folder: &Path) -> Options {
    Options {
        manifest_path: Some(folder.join("Cargo.toml")),
        workspace: true,
        ..Options::default()
    }
}

/// A workspace of crates without code: each is its name, what follows its `[package]` table, and
/// whether it is a procedural macro.
fn workspace(resolver: &str, crates: &[(&str, &str)]) -> Project {
    let members: Vec<String> = crates.iter().map(|(name, _)| format!("{name:?}")).collect();
    let mut root = format!("[workspace]\nresolver = {resolver:?}\n");
    root.push_str(&format!("members = [{}]\n", members.join(", ")));
    let project = Project::with(&[("Cargo.toml", &root)]);
    for (name, rest) in crates {
        let edition = "version = \"0.1.0\"\nedition = \"2021\"";
        let manifest = format!("[package]\nname = {name:?}\n{edition}\n{rest}");
        project.write(&format!("{name}/Cargo.toml"), &manifest);
        let source = if name.starts_with("app") { "main.rs" } else { "lib.rs" };
        project.write(&format!("{name}/src/{source}"), "fn main() {}\n");
        if rest.contains("[build-dependencies]") {
            project.write(&format!("{name}/build.rs"), "fn main() {}\n");
        }
    }
    stand_ins::lock(&project.path(""));
    project
}

const FUNCTION: &str = "[package.metadata.lambda-lean]\nfunctions = [\"app\"]\n";

fn corners() -> Vec<(&'static str, String)> {
    let app = format!(
        "build = \"build.rs\"\n{FUNCTION}
[features]
default = [\"fast\"]
fast = [\"leaf/from-app-feature\", \"weak?/never\"]
[dependencies]
leaf = {{ path = \"../leaf\", default-features = false }}
again = {{ package = \"renamed\", path = \"../renamed\" }}
macros = {{ path = \"../macros\" }}
middle = {{ path = \"../middle\", features = [\"on\"] }}
weak = {{ path = \"../weak\", optional = true }}
[target.'cfg(windows)'.dependencies]
leaf = {{ path = \"../leaf\", features = [\"from-windows\"] }}
windows-only = {{ path = \"../windows-only\" }}
[target.'cfg(all(target_os = \"linux\", target_pointer_width = \"64\"))'.dependencies]
leaf = {{ path = \"../leaf\", features = [\"from-linux\"] }}
[build-dependencies]
leaf = {{ path = \"../leaf\", features = [\"from-build\"] }}
build-only = {{ path = \"../build-only\" }}
[dev-dependencies]
leaf = {{ path = \"../leaf\", features = [\"from-tests\"] }}
"
    );
    let leaf = "[features]
default = [\"from-default\"]
from-default = []
from-app-feature = []
from-windows = []
from-linux = []
from-build = []
from-tests = []
from-middle = []
from-macro = []
from-other-member = []
";
    let middle = "[features]
on = [\"dep:optional\", \"optional?/deep\", \"leaf/from-middle\"]
off = [\"unused\"]
[dependencies]
leaf = { path = \"../leaf\", default-features = false }
optional = { path = \"../optional\", optional = true }
unused = { path = \"../unused\", optional = true }
";
    let optional = "[features]
deep = [\"inner\"]
[dependencies]
inner = { path = \"../inner\", optional = true }
";
    let macros = "[lib]\nproc-macro = true\n[dependencies]
leaf = { path = \"../leaf\", features = [\"from-macro\"] }
build-only = { path = \"../build-only\" }
";
    let other = "[dependencies]
leaf = { path = \"../leaf\", features = [\"from-other-member\"] }
middle = { path = \"../middle\", features = [\"off\"] }
";
    let renamed = "[lib]\nname = \"another_name\"\n";
    vec![
        ("app", app),
        ("leaf", leaf.to_owned()),
        ("middle", middle.to_owned()),
        ("optional", optional.to_owned()),
        ("inner", String::new()),
        ("unused", String::new()),
        ("macros", macros.to_owned()),
        ("renamed", renamed.to_owned()),
        ("weak", "[features]\nnever = []\n".to_owned()),
        ("windows-only", String::new()),
        ("build-only", String::new()),
        ("other", other.to_owned()),
    ]
}

#[test]
fn corners_of_the_feature_resolver_are_those_of_cargo() {
    let corners = corners();
    let crates: Vec<(&str, &str)> = corners.iter().map(|(n, rest)| (*n, rest.as_str())).collect();
    for resolver in ["1", "2", "3"] {
        let project = workspace(resolver, &crates);
        let options = options(&project.path(""));
        assert_eq!(compare(&project.path(""), &options), 1, "resolver {resolver}");
        let (_, _, linked) = &simulated(&options)[0];
        let features = |name: &str| {
            let found = linked.iter().find(|(linked, ..)| linked == name);
            found.map(|(_, _, features)| features.clone())
        };
        assert_eq!(features("inner").as_deref(), Some(""), "a weak feature is followed");
        for absent in ["unused", "weak", "windows-only", "build-only", "macros", "other"] {
            assert_eq!(features(absent), None, "resolver {resolver}: {absent}");
        }
        let leaf = features("leaf").expect("it is linked");
        assert_eq!(leaf.contains("from-build"), resolver == "1", "{leaf}");
        assert_eq!(leaf.contains("from-tests"), resolver == "1", "{leaf}");
        assert!(!leaf.contains("from-other-member"), "{leaf}");
    }
}

#[test]
fn the_way_to_a_crate_is_the_shortest_with_its_features() {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                    [dependencies]\naws-sdk-dynamodb = \"1.136\"\nlambda_runtime = \"1.5\"\n";
    let project = Project::function(manifest);
    stand_ins::lock(&project.path(""));
    let mut options = options(&project.path(""));
    options.env.insert("CARGO_HOME".into(), stand_ins::cargo_home().display().to_string());
    assert_eq!(compare(&project.path(""), &options), 1);
    let project = gather::gather(&options).expect("a project");
    let function = &project.facts.functions[0];
    let resolved = project.facts.resolved(function).expect("it resolves");
    let hyper = resolved.linked().find(|&ix| {
        let package = &resolved.universe.packages[ix];
        package.name == "hyper" && package.version.major == 0
    });
    let node = Node { package: hyper.expect("hyper 0.14 is linked"), feature: None };
    assert_eq!(
        resolved.explain(node),
        "app → aws-sdk-dynamodb 1.136.0 (default, rustls) → aws-smithy-runtime 1.16.2 \
         (tls-rustls) → aws-smithy-http-client 1.5.2 (legacy-rustls-ring) → hyper-rustls 0.24.2 → \
         hyper 0.14.32"
    );
}

/// Downloads the crates of the example functions where they are not there yet.
#[test]
fn example_functions_link_what_cargo_tree_says() {
    let folder = repository().join("example-functions");
    let mut compared = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the example functions") {
        let function = entry.expect("a readable folder").path();
        if !function.join("Cargo.lock").exists() || function.ends_with("record-store") {
            continue;
        }
        let options = Options { allow_network: true, ..options(&function) };
        assert!(compare(&function, &options) > 0, "{}", function.display());
        compared.push(function);
    }
    assert!(compared.len() >= 5, "{compared:?}");
}

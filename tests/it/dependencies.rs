//! The guard around dependency fixes: what a function needs at run time stays, what cannot be
//! proven is asked for or only described, and what another crate turns on again is named.

use crate::{project::Project, stand_ins};
use cargo_lambda_lean::{
    finding::{Finding, Report, Safety},
    fix,
    gather::{self, Options},
    lint::{self, CommandLineLevels},
};

const RUNTIME: &str = "lambda_runtime = { version = \"1.5\", default-features = false }\n";

/// A function with these dependencies and this code, resolved against the stand-ins.
struct Function(Project);

impl Function {
    fn new(dependencies: &str, code: &str) -> Self {
        let manifest = format!(
            "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependencies}{RUNTIME}"
        );
        let project = Project::with(&[("Cargo.toml", &manifest), ("src/main.rs", code)]);
        stand_ins::lock(&project.path(""));
        Function(project)
    }

    fn gather(&self) -> gather::Project {
        let home = stand_ins::cargo_home().display().to_string();
        let options = Options {
            manifest_path: Some(self.0.path("Cargo.toml")),
            env: [("CARGO_HOME".to_owned(), home)].into(),
            ..Options::default()
        };
        gather::gather(&options).unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn report(&self) -> Report {
        lint::run(&self.gather().facts, &CommandLineLevels::default()).expect("no settings")
    }

    fn findings(&self, rule: &str) -> Vec<Finding> {
        let report = self.report();
        let skipped = report.skipped.iter().find(|skipped| skipped.rule == rule);
        assert!(skipped.is_none(), "{skipped:?}");
        report.findings.into_iter().filter(|finding| finding.rule == rule).collect()
    }

    /// Applies every edit there is, until there is none.
    fn fix_everything(&self) {
        for _ in 0..8 {
            let report = self.report();
            let fixes: Vec<_> = report.findings.iter().filter_map(|f| f.fix.as_ref()).collect();
            let read = |file: &cargo_lambda_lean::source::RelPath| {
                std::fs::read_to_string(self.0.path(file.as_str())).ok()
            };
            let applied = fix::apply(&fixes, &read);
            if applied.texts.is_empty() {
                return;
            }
            for (file, text) in &applied.texts {
                self.0.write(file.as_str(), text);
            }
            stand_ins::lock(&self.0.path(""));
        }
        panic!("no end: {:?}", self.report().findings);
    }

    /// The features a crate is linked with, for each version of it.
    fn linked(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let project = self.gather();
        let facts = &project.facts;
        let resolved = facts.resolved(&facts.functions[0]).unwrap_or_else(|why| panic!("{why}"));
        let packages = resolved.linked().map(|ix| (ix, &resolved.universe.packages[ix]));
        let named = packages.filter(|(_, package)| package.name == name);
        let features = |ix| resolved.features(ix).into_iter().map(str::to_owned).collect();
        named.map(|(ix, package)| (package.version.to_string(), features(ix))).collect()
    }
}

fn pinned(version: &str) -> String {
    format!(
        "fn main() {{\n    let _ = aws_sdk_dynamodb::config::BehaviorVersion::{version}();\n}}\n"
    )
}

/// The only legacy finding, its safety and whether it has edits.
fn legacy(function: &Function) -> (Finding, Safety, bool) {
    let mut found = function.findings("legacy-sdk-stack");
    assert_eq!(found.len(), 1, "{found:?}");
    let finding = found.remove(0);
    let fix = finding.fix.clone().expect("a finding of this rule says what to do");
    (finding, fix.safety, !fix.edits.is_empty())
}

#[test]
fn an_older_behavior_version_with_an_older_smithy_is_never_left_without_a_client() {
    let dependencies = "aws-sdk-dynamodb = \"=1.124.0\"\naws-smithy-runtime = \"=1.14.0\"\n";
    let function = Function::new(dependencies, &pinned("v2023_11_09"));
    let (finding, _, edits) = legacy(&function);
    assert!(!edits, "{finding:?}");
    let notes = finding.notes.join("\n");
    assert!(notes.contains("v2023_11_09") && notes.contains("every call would fail"), "{notes}");

    let current = Function::new(dependencies, &pinned("latest"));
    let (finding, safety, edits) = legacy(&current);
    assert!(edits && safety == Safety::Safe, "{finding:?}");
}

#[test]
fn an_older_behavior_version_is_asked_about_where_the_sdk_falls_back() {
    let function = Function::new("aws-sdk-dynamodb = \"1.136\"\n", &pinned("v2024_03_28"));
    let (finding, safety, edits) = legacy(&function);
    assert!(edits && safety == Safety::Ask, "{finding:?}");
    assert!(finding.notes.join("\n").contains("falls back"), "{:?}", finding.notes);
    assert_eq!(function.findings("old-behavior-version").len(), 1);

    let unreadable = Function::new("aws-sdk-dynamodb = \"1.136\"\n", "fn main() { let }\n");
    let (finding, safety, edits) = legacy(&unreadable);
    assert!(edits && safety == Safety::Ask, "{finding:?}");
}

#[test]
fn a_crate_that_turns_the_legacy_stack_on_again_is_named() {
    let dependencies = "aws-sdk-dynamodb = \"1.136\"\nlegacy-keeper = \"1\"\n";
    let function = Function::new(dependencies, &pinned("latest"));
    let (finding, _, edits) = legacy(&function);
    assert!(!edits, "a change that does not help is not made: {finding:?}");
    let notes = finding.notes.join("\n");
    assert!(notes.contains("hyper comes back through function → legacy-keeper 1.0.0"), "{notes}");
}

#[test]
fn both_lines_that_turn_it_on_are_found_and_fixed_together() {
    let dependencies = "aws-sdk-dynamodb = \"1.136\"\naws-sdk-s3 = \"1.157\"\n";
    let function = Function::new(dependencies, &pinned("latest"));
    let found = function.findings("legacy-sdk-stack");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|finding| finding.fix.as_ref().is_some_and(|f| !f.edits.is_empty())));
    let before = function.gather().facts.resolution;
    assert_eq!(function.gather().facts.resolution.dropped_since(&before), Some(0));
    function.fix_everything();
    let dropped = function.gather().facts.resolution.dropped_since(&before);
    assert!(dropped > Some(10), "{dropped:?}");
    let versions = |name| function.linked(name).into_iter().map(|(v, _)| v).collect::<Vec<_>>();
    assert_eq!(versions("hyper"), ["1.12.0"]);
    assert_eq!(versions("rustls"), ["0.23.46"]);
    assert_eq!(versions("ring"), [""; 0]);
}

#[test]
fn s3_keeps_what_multi_region_access_points_need() {
    let code = "fn main() {\n    let _bucket = \
                \"arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap\";\n}\n";
    let function = Function::new("aws-sdk-s3 = \"1.157\"\n", code);
    function.fix_everything();
    let manifest = function.0.read("Cargo.toml");
    assert!(manifest.contains("\"sigv4a\"") && manifest.contains("\"http-1x\""), "{manifest}");
    let [(_, features)] = &function.linked("aws-sigv4")[..] else { panic!("one aws-sigv4") };
    assert!(features.iter().any(|feature| feature == "sigv4a"), "{features:?}");
}

#[test]
fn a_feature_the_user_listed_stays() {
    let listed = "aws-sdk-dynamodb = { version = \"1.136\", features = [\"legacy-https-client\", \
                  \"behavior-version-latest\"] }\n";
    let function = Function::new(listed, &pinned("latest"));
    let (finding, _, edits) = legacy(&function);
    assert!(!edits, "the user asked for the legacy client by name: {finding:?}");

    let listed =
        "aws-sdk-dynamodb = { version = \"1.136\", features = [\"behavior-version-latest\"] }\n";
    let function = Function::new(listed, &pinned("latest"));
    function.fix_everything();
    let manifest = function.0.read("Cargo.toml");
    let expected = "features = [\"behavior-version-latest\", \"default-https-client\", \
                    \"rt-tokio\"], default-features = false";
    assert!(manifest.contains(expected), "{manifest}");
}

#[test]
fn a_function_on_the_fips_module_keeps_it_and_is_not_told_about_jitter() {
    let dependencies = "aws-sdk-dynamodb = \"1.136\"\n\
                        aws-smithy-http-client = { version = \"1.5\", features = \
                        [\"rustls-aws-lc-fips\"] }\n";
    let function = Function::new(dependencies, &pinned("latest"));
    assert!(function.findings("jitter-entropy").is_empty());
    function.fix_everything();
    assert_eq!(function.linked("aws-lc-fips-sys").len(), 1);
    let [(_, features)] = &function.linked("aws-smithy-http-client")[..] else { panic!("one") };
    assert!(features.iter().any(|feature| feature == "rustls-aws-lc-fips"), "{features:?}");
}

#[test]
fn a_release_in_which_rustls_means_the_current_client_is_left_alone() {
    let function = Function::new("aws-sdk-dynamodb = \"2\"\n", &pinned("latest"));
    assert!(function.findings("legacy-sdk-stack").is_empty());
}

#[test]
fn after_every_fix_a_client_timers_and_a_trust_store_are_left() {
    let dependencies = "aws-config = \"1.13\"\naws-sdk-dynamodb = \"1.136\"\n\
                        aws-sdk-s3 = \"1.157\"\nreqwest = \"0.13\"\n";
    let function = Function::new(dependencies, &pinned("latest"));
    function.fix_everything();
    let has = |name: &str, feature: &str| {
        function.linked(name).iter().any(|(_, on)| on.iter().any(|name| name == feature))
    };
    assert!(has("aws-smithy-http-client", "rustls-aws-lc"));
    assert!(has("aws-smithy-async", "rt-tokio"));
    assert!(has("aws-config", "rt-tokio"));
    assert!(has("reqwest", "__rustls"));
    assert!(!function.linked("rustls-native-certs").is_empty());
    for gone in ["aws-sdk-sso", "aws-sdk-ssooidc", "ring", "encoding_rs"] {
        assert!(function.linked(gone).is_empty(), "{gone}");
    }
}

#[test]
fn a_dependency_of_a_target_is_fixed_where_it_is_written() {
    let linux =
        "\n[target.'cfg(target_os = \"linux\")'.dependencies]\naws-sdk-dynamodb = \"1.136\"\n";
    let windows = "\n[target.'cfg(windows)'.dependencies]\naws-sdk-s3 = \"1.157\"\n";
    let manifest = format!(
        "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{RUNTIME}{linux}{windows}"
    );
    let project = Project::with(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    stand_ins::lock(&project.path(""));
    let function = Function(project);
    function.fix_everything();
    let expected = linux.replace(
        "= \"1.136\"",
        "= { version = \"1.136\", default-features = false, features = [\"default-https-client\", \
         \"rt-tokio\"] }",
    );
    let now = function.0.read("Cargo.toml");
    assert!(now.contains(&expected), "{now}");
    // What is not compiled for Lambda is none of its business.
    assert!(now.contains(windows), "{now}");
    assert!(function.linked("ring").is_empty());
}

#[test]
fn a_manifest_with_carriage_returns_and_a_byte_order_mark_keeps_them() {
    let manifest = format!(
        "\u{feff}[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies] # all of them\naws-sdk-dynamodb = \"1.136\" # the table\n{RUNTIME}"
    )
    .replace('\n', "\r\n");
    let project = Project::with(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    stand_ins::lock(&project.path(""));
    let function = Function(project);
    function.fix_everything();
    let expected = manifest.replace(
        "\"1.136\" #",
        "{ version = \"1.136\", default-features = false, features = [\"default-https-client\", \
         \"rt-tokio\"] } #",
    );
    let now = function.0.read("Cargo.toml");
    // The trust store's variable is written below, in the same line endings.
    assert!(now.starts_with(&expected), "{now:?}");
    assert!(!now.replace("\r\n", "").contains('\n'), "{now:?}");
}

#[test]
fn without_the_crates_the_lockfile_answers_what_it_can_and_says_so() {
    let dependencies = "aws-sdk-dynamodb = \"1.136\"\nrusoto_core = \"0.48\"\n";
    let function = Function::new(dependencies, "fn main() {}\n");
    let empty = tempfile::TempDir::new().expect("a temporary folder");
    let options = Options {
        manifest_path: Some(function.0.path("Cargo.toml")),
        env: [("CARGO_HOME".to_owned(), empty.path().display().to_string())].into(),
        ..Options::default()
    };
    let project = gather::gather(&options).expect("a project");
    let report = lint::run(&project.facts, &CommandLineLevels::default()).expect("no settings");
    let of = |rule: &str| report.findings.iter().find(|finding| finding.rule == rule);
    for rule in ["dead-sdk", "jitter-entropy", "two-tls-providers", "duplicate-heavy-crate"] {
        let finding = of(rule).unwrap_or_else(|| panic!("{rule}: {:?}", report.skipped));
        assert!(finding.notes.iter().any(|note| note.contains("Cargo.lock alone")), "{finding:?}");
    }
    let skipped = report.skipped.iter().find(|skipped| skipped.rule == "legacy-sdk-stack");
    let why = &skipped.expect("features need the graph").why;
    assert!(why.contains("cargo fetch --locked --target"), "{why}");
    // An absence is proof: nothing here is of an SDK that was too slow.
    assert!(!report.skipped.iter().any(|skipped| skipped.rule == "sdk-regressed"));
}

#[test]
fn a_project_without_a_lockfile_is_resolved_beside_it_where_the_network_is_allowed() {
    let function = Function::new("aws-sdk-dynamodb = \"1.136\"\n", "fn main() {}\n");
    std::fs::remove_file(function.0.path("Cargo.lock")).expect("it was written");
    let before = function.0.bytes();
    let home = stand_ins::cargo_home().display().to_string();
    let look = |allow_network| {
        let options = Options {
            manifest_path: Some(function.0.path("Cargo.toml")),
            env: [("CARGO_HOME".to_owned(), home.clone())].into(),
            allow_network,
            ..Options::default()
        };
        let project = gather::gather(&options).expect("a project");
        lint::run(&project.facts, &CommandLineLevels::default()).expect("no settings")
    };
    let offline = look(false);
    let skipped = offline.skipped.iter().find(|skipped| skipped.rule == "legacy-sdk-stack");
    let why = &skipped.expect("there is nothing to look at").why;
    assert!(why.contains("no `Cargo.lock`") && why.contains("--allow-network"), "{why}");
    let online = look(true);
    let found = online.findings.iter().find(|finding| finding.rule == "legacy-sdk-stack");
    assert_eq!(found.expect("it resolves").at.file.as_str(), "Cargo.toml");
    assert!(function.0.bytes() == before, "nothing is written");
}

//! What the verb `profile` prints, and how it chooses builder, profile and target. That the
//! values are right is `profile_proof`'s matter.

use crate::{
    project::{Project, Run, program},
    tools,
};
use serde_json::{Value, json};

const MANIFEST: &str = r#"[package]
name = "fun"
version = "0.1.0"
edition = "2024"

[package.metadata.lambda-lean]
functions = ["fun"]
"#;

fn project(manifest: &str, files: &[(&str, &str)]) -> Project {
    let manifest = format!("{MANIFEST}{manifest}");
    let project = Project::with(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    for (file, text) in files {
        project.write(file, text);
    }
    project
}

fn run(project: &Project, folder: &str, arguments: &[&str], env: &[(&str, &str)]) -> Run {
    let mut command = program();
    command.current_dir(project.path(folder)).arg("profile").args(arguments);
    command.env("PATH", tools::path_with(tools::cargo_lambda()));
    command.env("CARGO_HOME", project.path("home")).envs(env.iter().copied());
    Run::of(command.output().expect("the program runs"))
}

fn object(project: &Project, arguments: &[&str], env: &[(&str, &str)]) -> Value {
    let arguments = [arguments, &["--message-format", "json"]].concat();
    let run = run(project, "", &arguments, env);
    assert_eq!(run.code, 0, "{run:?}");
    run.json("profile").remove(0)
}

#[test]
fn the_table_shows_every_key_and_who_set_it() {
    let project = project(
        "[package.metadata.lambda.build]\narm64 = true\n\n\
         [profile.release]\nlto = true\nstrip = true\nopt-level = 's' # small\n\n\
         [profile.release.package.ring]\nopt-level = 3\n",
        &[
            (
                ".cargo/config.toml",
                "[profile.release]\nopt-level = 2\ndebug = 0\n\n\
                 [target.aarch64-unknown-linux-gnu]\nrustflags = ['-C', 'link-arg=-Wl,-z,now']\n",
            ),
            ("home/config.toml", "[profile.release]\nopt-level = 1\nincremental = true\n"),
        ],
    );
    let env = [("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "4"), ("CARGO_INCREMENTAL", "0")];
    let run = run(&project, "src", &[], &env);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!("profile_human", run.out);
}

#[test]
fn the_object_names_places_and_what_is_beaten() {
    let project = project(
        "[profile.release]\nlto = true\n",
        &[(".cargo/config.toml", "[profile.release]\nlto = 'thin'\n")],
    );
    let object = object(&project, &["--builder", "cargo"], &[("RUSTFLAGS", "-Cstrip=none")]);
    let key = |name: &str| {
        let keys = object["keys"].as_array().expect("keys");
        assert_eq!(keys.len(), 11);
        keys.iter().find(|key| key["key"] == name).expect("the key").clone()
    };
    assert_eq!(
        key("lto"),
        json!({
            "value": "thin", "spelling": "\"thin\"", "table": "profile.release",
            "origin": { "kind": "file", "file": ".cargo/config.toml", "line": 2, "column": 1 },
            "key": "lto", "flags": ["-C", "lto=thin"],
            "shadowed": [{
                "value": "fat", "spelling": "true", "table": "profile.release",
                "origin": { "kind": "file", "file": "Cargo.toml", "line": 9, "column": 1 },
            }],
        })
    );
    let variable = json!({ "kind": "environment", "variable": "RUSTFLAGS" });
    assert_eq!(key("strip")["value"], "none");
    assert_eq!(key("strip")["origin"], variable);
    assert_eq!(key("opt-level")["origin"], json!({ "kind": "default" }));
    assert_eq!(
        object["rustflags"]["flags"],
        json!([{ "text": "-Cstrip=none", "origin": variable }])
    );
    assert_eq!(object["rustflags"]["source"], "RUSTFLAGS");
    assert_eq!((&object["tuned"], &object["cargo_lambda"]), (&json!(false), &Value::Null));
}

#[test]
fn the_builder_is_flag_then_metadata_then_what_files_show() {
    let builder = "builder = 'cargo'\n";
    let script = ("deploy.sh", "set -e\ncargo build --release\ncp x bootstrap\n");
    let workflow =
        (".github/workflows/deploy.yml", "steps:\n  - run: cargo lambda build --release\n");
    let table = "[package.metadata.lambda.deploy]\nmemory = 128\n";
    let flag = ["--builder", "cargo-lambda"];
    let metadata = json!({ "kind": "metadata", "file": "Cargo.toml", "line": 8, "column": 1 });
    let found = |file: &str, line: u32, column: u32| json!({ "kind": "detected", "file": file, "line": line, "column": column });
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Files<'_>, &[&str], &str, Value); 6] = [
        ("", &[], &[], "cargo-lambda", json!({ "kind": "default" })),
        ("", &[script], &[], "cargo", found("deploy.sh", 2, 1)),
        ("", &[script, workflow], &[], "cargo-lambda", found(workflow.0, 2, 10)),
        (table, &[script], &[], "cargo-lambda", found("Cargo.toml", 8, 1)),
        (builder, &[workflow], &[], "cargo", metadata),
        (builder, &[script], &flag, "cargo-lambda", json!({ "kind": "flag" })),
    ];
    for (manifest, files, arguments, name, choice) in cases {
        let object = object(&project(manifest, files), arguments, &[]);
        assert_eq!((object["builder"].as_str(), &object["builder_choice"]), (Some(name), &choice));
        let version = object["cargo_lambda"]["version"].as_str();
        assert_eq!(version, (name == "cargo-lambda").then_some("1.9.2"));
        assert_eq!(object["tuned"], name == "cargo-lambda");
    }
}

#[test]
fn the_profile_and_target_are_those_of_the_command_that_builds_the_function() {
    let lean = "[profile.lean]\ninherits = 'release'\n";
    let script = "cargo lambda build -p other --release\n\
                  cargo lambda build -p fun --profile lean --target aarch64-unknown-linux-gnu.2.26\n";
    let files = [("Makefile", script)];
    let of = |object: &Value| {
        (
            object["profile"].as_str().map(str::to_owned),
            object["target"].as_str().map(str::to_owned),
        )
    };
    let text = |text: &str| Some(text.to_owned());
    let arm = text("aarch64-unknown-linux-gnu");

    let object_of = |manifest: &str, arguments: &[&str]| {
        object(&project(&format!("{manifest}{lean}"), &files), arguments, &[])
    };
    let detected = object_of("", &[]);
    assert_eq!(of(&detected), (text("lean"), arm.clone()));
    let place = json!({ "kind": "detected", "file": "Makefile", "line": 2, "column": 1 });
    assert_eq!((&detected["profile_choice"], &detected["target_choice"]), (&place, &place));
    assert_eq!(detected["tuned"], false, "cargo-lambda tunes `release` only");

    let set = object_of("profile = 'release'\n", &[]);
    assert_eq!(set["profile"], "release");
    assert_eq!(set["profile_choice"]["kind"], "metadata");
    let flag = object_of("profile = 'release'\n", &["--profile", "dev"]);
    assert_eq!(
        (&flag["profile"], &flag["profile_choice"]["kind"]),
        (&json!("dev"), &json!("flag"))
    );
    let cargo = object(&project("", &[]), &["--builder", "cargo"], &[("CARGO_BUILD_TARGET", "t")]);
    assert_eq!(cargo["target"], "t");
}

#[test]
fn every_package_with_a_function_is_shown_once() {
    let member = |name: &str| {
        format!(
            "[package]\nname = '{name}'\nversion = '1.0.0'\nedition = '2024'\n\
             [package.metadata.lambda-lean]\nfunctions = ['{name}', 'second']\n"
        )
    };
    let (one, two) = (member("one"), member("two"));
    let project = Project::with(&[
        ("Cargo.toml", "[workspace]\nmembers = ['one', 'two']\nresolver = '3'\n"),
        ("one/Cargo.toml", &one),
        ("one/src/main.rs", "fn main() {}\n"),
        ("one/src/bin/second.rs", "fn main() {}\n"),
        ("two/Cargo.toml", &two),
        ("two/src/main.rs", "fn main() {}\n"),
    ]);
    let packages = |folder: &str| {
        let run = run(&project, folder, &["--message-format", "json"], &[]);
        assert_eq!(run.code, 0, "{run:?}");
        let names = run.json("profile").into_iter();
        names
            .map(|object| object["package"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(packages(""), ["one", "two"]);
    assert_eq!(packages("two/src"), ["two"]);
}

#[test]
fn what_cargo_would_refuse_is_refused_in_one_line() {
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Files<'_>, &[&str], &[&str]); 5] = [
        (&[], &["--profile", "lean"], &["profile `lean`", "`inherits`"]),
        (&[(".cargo/config.toml", "[a]\nb = \n")], &[], &[".cargo/config.toml", "at line 2"]),
        (&[(".cargo/config.toml", "include = ['x.toml']")], &[], &["include", "x.toml"]),
        (
            &[(".cargo/config.toml", "[profile.release]\nlto = 1\n")],
            &[],
            &["`lto` of `profile.release` at .cargo/config.toml:2:1"],
        ),
        (&[("CargoLambda.toml", "[build\n")], &[], &["`CargoLambda.toml` at line 1"]),
    ];
    for (files, arguments, said) in cases {
        let run = run(&project("", files), "", arguments, &[]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        for words in said {
            assert!(run.err.contains(words), "no {words:?} in {}", run.err);
        }
    }
}

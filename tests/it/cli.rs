//! What the program prints, and what it ends with.

use crate::{
    project::{Project, Run, program},
    stand_ins,
};

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\n";

#[test]
fn cargo_can_call_it_and_so_can_a_person() {
    for arguments in [&["--version"][..], &["lambda-lean", "--version"]] {
        let output = program().args(arguments).output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    }
    let help = program().args(["lambda-lean", "--help"]).output().expect("the program runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for verb in ["check", "apply", "rules", "explain"] {
        assert!(help.contains(verb), "{help}");
    }
    assert!(help.contains("Exit codes"), "{help}");
}

#[test]
fn findings_and_the_next_command_are_printed() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["check", "--builder", "cargo-lambda"]);
    assert_eq!(run.code, 0, "{run:?}");
    insta::assert_snapshot!("check_human", run.out);
    let last = run.out.lines().last().expect("output");
    assert_eq!(last, "next: cargo lambda-lean apply --diff");
    let run = project.run(&["check", "--builder", "cargo-lambda", "--message-format", "short"]);
    insta::assert_snapshot!("check_short", run.out);
}

#[test]
fn an_addition_is_shown_on_lines_of_its_own() {
    let profile = "9 + [profile.release]\n10 + lto = \"fat\"";
    for (end, shown) in [
        ("", format!("8 + \n{profile}")),
        ("[profile.release]", "9 + lto = \"fat\"".to_owned()),
        ("[profile.release]\n", "9 + lto = \"fat\"".to_owned()),
        ("[profile.release]\nstrip = true", "10 + lto = \"fat\"".to_owned()),
        ("[profile.release]\nstrip = true\n", "10 + lto = \"fat\"".to_owned()),
        ("[profile.release]\nstrip = true # a\n\n\n", "10 + lto = \"fat\"".to_owned()),
        ("[profile.release]\nstrip = true\n[lib]\n", "10 + lto = \"fat\"".to_owned()),
    ] {
        for newline in ["\n", "\r\n"] {
            let manifest = format!("{MANIFEST}{end}").replace('\n', newline);
            let project = Project::function(&manifest);
            project.write("src/lib.rs", "");
            let run = project.run(&["check", "--builder", "cargo-lambda"]);
            let help = run.out.lines().skip_while(|line| !line.starts_with("help: set `lto"));
            let help = help.skip(2).take_while(|line| line.trim() != "|");
            let help: Vec<&str> = help.map(str::trim_start).collect();
            assert_eq!(help.join("\n"), shown, "{manifest:?}");
        }
    }
}

#[test]
fn json_keeps_its_contract() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["check", "--message-format", "json"]);
    let finding = run.json("finding").into_iter().find(|f| f["rule"] == "lto-off");
    let finding = finding.expect("LTO is thin at most");
    for key in ["schema", "rule", "group", "level", "package", "builder", "message", "file"] {
        assert!(!finding[key].is_null(), "{key}: {finding}");
    }
    assert_eq!(finding["schema"], 1);
    assert_eq!(finding["builder"], "cargo-lambda");
    let edit = &finding["fix"]["edits"][0];
    assert_eq!(edit["file"], "Cargo.toml");
    assert_eq!(edit["start"], MANIFEST.len());
    assert_eq!(finding["span"]["start"]["line"], 1);
    let summary = &run.json("summary")[0];
    assert_eq!(summary["functions"], 1);
    let root = std::fs::canonicalize(project.path("")).expect("a folder");
    assert_eq!(summary["workspace_root"], root.display().to_string());
}

#[test]
fn levels_come_from_flags_before_metadata() {
    let allow = format!("{MANIFEST}\n[package.metadata.lambda-lean.levels]\nsize = \"allow\"\n");
    let project = Project::function(&allow);
    let count = |flags: &[&str]| {
        let run = project.run(&[&["check", "--message-format", "json"], flags].concat());
        let lto = run.json("finding").into_iter().filter(|f| f["rule"] == "lto-off").count();
        (run.code, lto)
    };
    assert_eq!(count(&[]), (0, 0));
    assert_eq!(count(&["-W", "lto-off"]), (0, 1));
    assert_eq!(count(&["-D", "size"]), (1, 1));
    assert_eq!(count(&["-D", "size", "-A", "lto-off"]).1, 0);
    assert_eq!(count(&["-A", "lto-off", "-D", "size"]).1, 1);
    assert_eq!(count(&["-D", "size", "--exit-zero"]), (0, 1));

    let project = Project::function(MANIFEST);
    for flags in [&["--deny-warnings"][..], &["-D", "warnings"]] {
        assert_eq!(project.run(&[&["check"], flags].concat()).code, 1);
    }
    let run = project.run(&["check", "-A", "lto-of"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `lto-off`?"), "{}", run.err);
}

#[test]
fn check_writes_nothing() {
    let project = Project::function(MANIFEST);
    let before = project.bytes();
    assert_eq!(project.run(&["check"]).code, 0);
    assert_eq!(project.bytes(), before);
}

#[test]
fn rules_are_listed_and_explained() {
    let project = Project::with(&[]);
    let list = project.run(&["rules"]);
    assert_eq!(list.code, 0);
    for rule in cargo_lambda_lean::rule::all() {
        assert!(list.out.contains(rule.id), "{}", rule.id);
        let page = project.run(&["explain", rule.id]);
        assert_eq!(page.code, 0);
        for heading in ["Why", "What it costs to follow", "What it cannot see", "Evidence"] {
            assert!(page.out.contains(heading), "{}: {heading}", rule.id);
        }
    }
    let run = project.run(&["explain", "lto-of"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `lto-off`?"), "{}", run.err);
    let lines = project.run(&["rules", "--message-format", "json"]).json("rule").len();
    assert_eq!(lines, cargo_lambda_lean::rule::all().len());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::{io::Read, process::Stdio};
    let mut child = program()
        .args(["rules", "--message-format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
    assert_eq!(err, "");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let project = Project::function(MANIFEST);
    assert!(!project.run(&["check"]).out.contains('\u{1b}'));
    assert!(project.run(&["check", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn a_tool_beside_a_function_is_no_function() {
    let serve = "use lambda_runtime::{run, service_fn};\n\
                 async fn main() { run(service_fn(handler)).await }\nasync fn handler(e: E) {}\n";
    let looked_at = |tool: &str, flags: &[&str]| {
        let project = Project::with(&[
            ("Cargo.toml", MANIFEST),
            ("src/main.rs", serve),
            ("src/bin/tool.rs", tool),
        ]);
        let run = project.run(&[&["check", "--message-format", "json"], flags].concat());
        let bins =
            run.json("finding").into_iter().filter_map(|f| f["bin"].as_str().map(str::to_owned));
        let bins: std::collections::BTreeSet<String> = bins.collect();
        (run.json("summary")[0]["functions"].clone(), bins.contains("tool"))
    };
    let tool = "fn main() { println!(\"{}\", std::env::args().count()) }\n";
    assert_eq!(looked_at(tool, &[]), (1.into(), false));
    assert_eq!(looked_at(tool, &["--bin", "tool"]), (1.into(), true), "it was asked for");
    assert_eq!(looked_at(serve, &[]).0, 2, "another function");
    let hidden = "somewhere::entry! { handler }\n";
    assert_eq!(looked_at(hidden, &[]).0, 2, "a macro may hide a handler");
}

#[test]
fn a_target_that_rustc_does_not_know_is_said_once() {
    let project = Project::with(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n"),
        ("a/Cargo.toml", &MANIFEST.replace("\"function\"", "\"a\"")),
        ("b/Cargo.toml", &MANIFEST.replace("\"function\"", "\"b\"")),
        ("a/src/main.rs", "fn main() {}"),
        ("b/src/main.rs", "fn main() {}"),
    ]);
    stand_ins::lock(&project.path(""));
    project.write(".cargo/config.toml", "[build]\ntarget = \"$ARCH\"\n");
    let mut check = program();
    check.args(["check", "--workspace", "--builder", "cargo"]).current_dir(project.path(""));
    let run = Run::of(check.env("CARGO_HOME", stand_ins::cargo_home()).output().expect("it runs"));
    let said: Vec<&str> = run.out.lines().filter(|line| line.contains("rustc")).collect();
    let [said] = said[..] else { panic!("{run:?}") };
    assert!(said.starts_with("not looked at in a, b: "), "{said}");
    let why = ": the target `$ARCH` in `.cargo/config.toml` is none that rustc knows; \
               set `CARGO_BUILD_TARGET` to the one that is meant";
    assert!(said.ends_with(why), "{said}");
}

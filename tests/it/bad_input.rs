//! Inputs that nobody wants to get: one clear error that names the file and what to do, exit code
//! 2, and not a byte changed.

use crate::project::{Project, Run};
use std::fs;

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\n";

/// Runs `check` and `apply`; both must refuse with the words, and change nothing.
fn refused(project: &Project, arguments: &[&str], words: &[&str]) {
    let before = project.bytes();
    for verb in ["check", "apply"] {
        let mut all = vec![verb];
        all.extend(arguments);
        if verb == "apply" {
            all.extend(["--allow-no-vcs", "--all", "--panic", "abort"]);
        }
        let run = project.run(&all);
        one_clear_error(&run, words);
        assert_eq!(project.bytes(), before, "{verb} changed something");
    }
    let mut json = vec!["check", "--message-format", "json"];
    json.extend(arguments);
    let run = project.run(&json);
    let errors = run.json("error");
    assert_eq!((run.code, errors.len()), (2, 1), "{run:?}");
    assert_eq!(errors[0]["schema"], 1);
}

fn one_clear_error(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 2, "{run:?}");
    let errors: Vec<&str> = run.err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{run:?}");
    for word in words {
        assert!(errors[0].contains(word), "`{word}` is missing in: {}", errors[0]);
    }
    assert!(errors[0].starts_with("error: failed to "), "{}", errors[0]);
}

#[test]
fn a_manifest_that_is_not_there() {
    let project = Project::with(&[("src/main.rs", "fn main() {}")]);
    let words = ["`Cargo.toml`", "not found", "check the path"];
    let run = project.run(&["check", "--manifest-path", "Cargo.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("Cargo.toml"), "{}", run.err);
    refused(&project, &["--manifest-path", "none/Cargo.toml"], &words[..1]);
    refused(&project, &["--manifest-path", "src/main.rs"], &["src/main.rs", "Cargo.toml"]);
}

#[test]
fn a_folder_that_is_no_package() {
    let project = Project::with(&[("a/b", "")]);
    refused(&project, &["--manifest-path", "a"], &["`a`", "no `Cargo.toml`", "pass the path"]);
    refused(&project, &[], &["Cargo.toml", "--manifest-path"]);
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let project = Project::with(&[("Cargo.toml/x", "")]);
    refused(&project, &["--manifest-path", "Cargo.toml"], &["Cargo.toml"]);
    let project = Project::function(MANIFEST);
    fs::write(project.path("Cargo.toml"), b"[package]\nname = \"\xff\"\n").expect("writable");
    refused(&project, &[], &["`Cargo.toml`", "not UTF-8", "line 2", "save it as UTF-8"]);
}

#[test]
fn a_manifest_that_is_no_toml() {
    for (manifest, words) in [
        ("[package]\nname = \"a\nversion = \"1.0.0\"\n", ["`Cargo.toml`", "line 2"]),
        ("[package\n", ["`Cargo.toml`", "line 1"]),
        ("[package]\nname = \"a\"\nname = \"b\"\n", ["`Cargo.toml`", "line 3"]),
        ("[profile.release]\n[profile.release]\n", ["`Cargo.toml`", "line 2"]),
    ] {
        refused(&Project::function(manifest), &[], &words);
    }
}

#[test]
fn a_manifest_that_cargo_refuses() {
    let project = Project::function("[package]\nname = \"a b\"\n");
    refused(&project, &[], &["load the workspace", "a b"]);
    let project = Project::function(&format!("{MANIFEST}\n[profile.release]\nlto = 3\n"));
    refused(&project, &[], &["lto"]);
}

#[test]
fn a_member_that_is_broken() {
    let project = Project::with(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n"),
        ("a/Cargo.toml", "[package]\nname = \n"),
        ("a/src/main.rs", "fn main() {}"),
    ]);
    refused(&project, &[], &["a/Cargo.toml"]);
}

#[test]
fn a_workspace_without_a_function() {
    let manifest = "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    refused(&Project::function(manifest), &[], &["Lambda function", "`Cargo.toml`", "functions ="]);
    let project = Project::function(MANIFEST);
    refused(&project, &["--bin", "other"], &["other"]);
    refused(&project, &["-p", "functoin"], &["functoin", "did you mean `function`?"]);
}

#[test]
fn settings_that_mean_nothing() {
    for (settings, words) in [
        ("bulider = \"cargo\"", ["line 10", "did you mean `builder`?"]),
        ("builder = \"make\"", ["line 10", "`cargo-lambda`"]),
        ("levels.lto-of = \"allow\"", ["line 10", "did you mean `lto-off`?"]),
        ("levels.lto-off = \"alow\"", ["line 10", "allow"]),
        ("levels.lto-off = { level = \"allow\", why = \"\" }", ["line 10", "reason"]),
        ("functions = \"a\"", ["line 10", "array"]),
    ] {
        let manifest = format!("{MANIFEST}\n[package.metadata.lambda-lean]\n{settings}\n");
        refused(&Project::function(&manifest), &[], &words);
    }
    let comment = "# lambda-lean: allow(lto-off)\n";
    refused(&Project::function(&format!("{MANIFEST}{comment}")), &[], &["line 8", "reason"]);
    let comment = "# lambda-lean: allow(lto-of) -- a\n";
    refused(&Project::function(&format!("{MANIFEST}{comment}")), &[], &["line 8", "lto-off"]);
}

#[test]
fn a_source_file_that_nests_without_end() {
    for (open, close) in [("(", ")"), ("{", "}"), ("[", "]"), ("!", ""), ("&", "")] {
        let depth = 200_000;
        let text = format!(
            "fn main() {{\n    let a = {}1{};\n}}\n",
            open.repeat(depth),
            close.repeat(depth)
        );
        let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", &text)]);
        refused(&project, &[], &["`src/main.rs`", "line 2", "nests"]);
    }
}

#[cfg(unix)]
mod links_and_modes {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_loop_of_links() {
        let project = Project::with(&[("src/main.rs", "fn main() {}")]);
        symlink("b.toml", project.path("Cargo.toml")).expect("a link");
        symlink("Cargo.toml", project.path("b.toml")).expect("a link");
        refused(&project, &[], &["`Cargo.toml`", "loop"]);
        refused(&project, &["--manifest-path", "Cargo.toml"], &["`Cargo.toml`", "loop"]);
    }

    #[test]
    fn a_file_its_owner_may_not_write() {
        let project = Project::function(MANIFEST);
        fs::set_permissions(project.path("Cargo.toml"), fs::Permissions::from_mode(0o444))
            .expect("a mode");
        let before = project.bytes();
        let run = project.run(&["apply", "--allow-no-vcs"]);
        one_clear_error(&run, &["`Cargo.toml`", "owner", "chmod u+w"]);
        assert_eq!(project.bytes(), before);
    }

    #[test]
    fn a_manifest_that_is_a_link_stays_one() {
        let project = Project::with(&[("real.toml", MANIFEST), ("src/main.rs", "fn main() {}")]);
        symlink("real.toml", project.path("Cargo.toml")).expect("a link");
        let run = project.run(&["apply", "--allow-no-vcs"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(fs::symlink_metadata(project.path("Cargo.toml")).expect("a link").is_symlink());
        assert!(project.read("real.toml").contains("lto = \"fat\""));
    }

    #[test]
    fn a_link_that_leads_out_of_the_workspace_is_not_followed() {
        let outside = Project::with(&[("Cargo.toml", MANIFEST)]);
        let project = Project::with(&[("src/main.rs", "fn main() {}")]);
        symlink(outside.path("Cargo.toml"), project.path("Cargo.toml")).expect("a link");
        let run = project.run(&["apply", "--allow-no-vcs"]);
        one_clear_error(&run, &["`Cargo.toml`", "outside"]);
        assert_eq!(outside.read("Cargo.toml"), MANIFEST);
    }
}

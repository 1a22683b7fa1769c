//! `apply` on real files: what changes, what does not, and when it refuses.

use crate::project::Project;

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\n";

/// What changes code, which is proven by compiling: too slow for what is asked here.
const CODE: &str = "multi-thread-runtime";

/// What the safe profile fixes make of the manifest.
const LEAN: &str = "\n[profile.release]\nlto = \"fat\"\ncodegen-units = 1\nstrip = \"symbols\"\n";

fn keys(manifest: &str) -> Vec<&str> {
    manifest.lines().skip_while(|line| *line != "[profile.release]").skip(1).collect()
}

#[test]
fn safe_fixes_are_applied_and_a_second_run_changes_nothing() {
    let project = Project::function(MANIFEST);
    project.commit();
    let run = project.run(&["apply", "--builder", "cargo"]);
    assert_eq!(run.code, 0, "{run:?}");
    let after = project.read("Cargo.toml");
    assert!(after.starts_with(MANIFEST), "{after}");
    let (mut found, mut expected) = (keys(&after), keys(LEAN));
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);

    let bytes = project.bytes();
    let run = project.run(&["apply", "--builder", "cargo"]);
    assert_eq!(run.code, 0, "a tree that is dirty does not matter when nothing is to do: {run:?}");
    assert!(run.out.contains("nothing to apply"), "{run:?}");
    assert_eq!(project.bytes(), bytes);
}

#[test]
fn no_strategy_is_chosen_without_being_asked_for() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["apply", "--allow-no-vcs", "--all", "--skip", CODE]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!project.read("Cargo.toml").contains("panic"));
    assert!(run.out.contains("panic-strategy-implicit"), "what remains is said: {run:?}");
    assert!(run.out.contains("--panic"), "{run:?}");

    for strategy in ["abort", "unwind"] {
        let project = Project::function(MANIFEST);
        for builder in ["cargo-lambda", "cargo"] {
            let flags =
                ["apply", "--allow-no-vcs", "--all", "--panic", strategy, "--builder", builder];
            assert_eq!(project.run(&[&flags[..], &["--skip", CODE]].concat()).code, 0);
            let manifest = project.read("Cargo.toml");
            assert!(manifest.contains(&format!("panic = \"{strategy}\"")), "{manifest}");
            let check = project.run(&["check", "--builder", builder, "--message-format", "short"]);
            assert!(!check.out.contains("panic"), "{strategy} by {builder}: {}", check.out);
            assert!(!check.out.contains("unwind"), "{strategy} by {builder}: {}", check.out);
        }
    }
}

#[test]
fn every_other_byte_stays() {
    let manifest = "\u{feff}# ä\r\n[package]\r\nname = \"function\" # n\r\nversion = \"0.1.0\"\r\n\
                    edition = \"2024\"\r\n\r\n\r\n[profile.release] # p\r\nlto = false   # l\r\n\
                    strip = 'none'\r\n# end of profile\r\n\r\n[dependencies]\r\n\
                    lambda_runtime = { version = \"1\" }\r\n# last";
    let project = Project::function(manifest);
    let run = project.run(&["apply", "--allow-no-vcs", "--builder", "cargo"]);
    assert_eq!(run.code, 0, "{run:?}");
    let expected = manifest
        .replace("lto = false   # l", "lto = \"fat\"   # l")
        .replace("strip = 'none'\r\n", "strip = \"symbols\"\r\ncodegen-units = 1\r\n");
    assert_eq!(project.read("Cargo.toml"), expected);
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_stays() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let project = Project::function(MANIFEST);
    let path = project.path("Cargo.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    assert_eq!(project.run(&["apply", "--allow-no-vcs"]).code, 0);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_diff_writes_nothing_and_is_a_patch() {
    let project = Project::function(MANIFEST);
    project.commit();
    let bytes = project.bytes();
    let run = project.run(&["apply", "--diff", "--builder", "cargo"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(project.bytes(), bytes);
    project.write("change.patch", &run.out);
    let git = std::process::Command::new("git")
        .args(["apply", "change.patch"])
        .current_dir(project.path(""))
        .output()
        .expect("git runs");
    assert!(git.status.success(), "{}{}", run.out, String::from_utf8_lossy(&git.stderr));
    let run = project.run(&["apply", "--diff", "--builder", "cargo"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
}

#[test]
fn a_tree_with_uncommitted_changes_is_refused() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["apply"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--allow-no-vcs"), "{}", run.err);

    project.commit();
    project.write("Cargo.toml", format!("{MANIFEST}# changed\n"));
    let run = project.run(&["apply"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("Cargo.toml (dirty)") && run.err.contains("--allow-dirty"), "{run:?}");

    let add = ["-c", "core.autocrlf=false", "add", "Cargo.toml"];
    let git = std::process::Command::new("git").args(add).current_dir(project.path("")).status();
    assert!(git.expect("git runs").success());
    let run = project.run(&["apply", "--allow-dirty"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("Cargo.toml (staged)") && run.err.contains("--allow-staged"));
    assert!(!project.read("Cargo.toml").contains("lto"), "nothing was written");

    let run = project.run(&["apply", "--allow-dirty", "--allow-staged", "--exit-non-zero-on-fix"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(project.read("Cargo.toml").contains("lto"));
}

#[test]
fn only_and_skip_choose_rules() {
    let project = Project::function(MANIFEST);
    let flags = ["apply", "--allow-no-vcs", "--builder", "cargo"];
    let run = project.run(&[&flags[..], &["--only", "lto-off"]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(keys(&project.read("Cargo.toml")), ["lto = \"fat\""]);
    let run = project.run(&[&flags[..], &["--skip", "symbols-kept"]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(keys(&project.read("Cargo.toml")), ["lto = \"fat\"", "codegen-units = 1"]);
    let run = project.run(&[&flags[..], &["--only", "lto-of"]].concat());
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `lto-off`?"), "{}", run.err);
}

#[test]
fn what_was_accepted_is_left_alone() {
    let manifest = format!(
        "{MANIFEST}\n[profile.release]\n# lambda-lean: allow(lto-off) -- the linker has 2 GB\n\
         lto = \"thin\"\n"
    );
    let project = Project::function(&manifest);
    let flags = ["apply", "--allow-no-vcs", "--all", "--panic", "abort", "--skip", CODE];
    let run = project.run(&flags);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(project.read("Cargo.toml").contains("lto = \"thin\""));
}

#[test]
fn a_prompt_needs_a_terminal() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["apply", "--allow-no-vcs", "--ask"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no terminal") && run.err.contains("--only"), "{}", run.err);
    assert_eq!(project.read("Cargo.toml"), MANIFEST);
}

#[test]
fn the_profile_of_cargo_lambdas_output_folder_is_refused() {
    let project = Project::function(MANIFEST);
    let run = project.run(&["apply", "--allow-no-vcs", "--profile", "lambda"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("target/lambda"), "{}", run.err);
    assert_eq!(project.read("Cargo.toml"), MANIFEST);
}

#[test]
fn the_profile_of_a_member_moves_to_the_root() {
    let project = Project::of_functions(&["record-store", "sqs-batch"]);
    let before = project.run_in("sqs-batch", &["check", "--message-format", "json"]);
    let ignored = |run: &crate::project::Run| {
        run.json("finding").iter().filter(|finding| finding["rule"] == "profile-in-member").count()
    };
    assert_eq!(ignored(&before), 1, "{before:?}");
    let flags = ["apply", "--allow-no-vcs", "--only", "profile-in-member"];
    let run = project.run_in("sqs-batch", &flags);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(project.read("sqs-batch/Cargo.toml").contains("[profile.release]"));
    let after = project.run_in("sqs-batch", &["check", "--message-format", "json"]);
    assert_eq!(ignored(&after), 0, "{after:?}");
}

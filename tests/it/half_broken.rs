//! Projects that a machine cannot build as they are: what can be looked at is looked at, and what
//! cannot is said once.

use crate::project::{Project, Run};

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\naws-sdk-s3 = \"1\"\n";

/// A function that makes a client for each event.
const MAIN: &str = r#"use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let client = aws_sdk_s3::Client::new(&aws_config::load_from_env().await);
    Ok(event.payload)
}
"#;

/// The rules that found something, and those that could not look, each once.
fn rules(run: &Run) -> (Vec<String>, Vec<String>) {
    let of = |reason| {
        let rules = run.json(reason).into_iter().map(|line| line["rule"].to_string());
        let mut rules: Vec<String> = rules.map(|rule| rule.trim_matches('"').to_owned()).collect();
        rules.sort();
        rules.dedup();
        rules
    };
    (of("finding"), of("skipped"))
}

fn has(rules: &[String], rule: &str) -> bool {
    rules.iter().any(|one| one == rule)
}

fn check(project: &Project, folder: &str) -> Run {
    project.run_in(folder, &["check", "--message-format", "json"])
}

#[test]
fn a_path_dependency_that_is_not_there() {
    for (folder, workspace) in [("", ""), ("function", "[workspace]\nmembers = [\"function\"]\n")] {
        let project = Project::with(&[]);
        if !workspace.is_empty() {
            project.write("Cargo.toml", workspace);
        }
        let at = |file: &str| format!("{folder}/{file}").trim_start_matches('/').to_owned();
        project.write(&at("Cargo.toml"), format!("{MANIFEST}gone = {{ path = \"../gone\" }}\n"));
        project.write(&at("src/main.rs"), MAIN);
        let run = check(&project, folder);
        let (found, skipped) = rules(&run);
        assert!(has(&found, "client-per-invocation"), "{run:?}");
        assert!(has(&skipped, "legacy-sdk-stack"), "{run:?}");
        assert_eq!(run.err.matches("did not look at the code of `gone`").count(), 1, "{run:?}");
        // In a workspace it would be a member, so cargo refuses the whole of it.
        let refused = !workspace.is_empty();
        assert_eq!(run.code, if refused { 2 } else { 0 }, "{run:?}");
        assert_eq!(has(&skipped, "lto-off"), refused, "{run:?}");
    }
}

#[test]
fn a_workspace_that_cargo_refuses() {
    let listed = |what: &str| format!("[workspace]\nmembers = [{what}]\n");
    let inherits = MANIFEST.replace("edition = \"2024\"", "edition.workspace = true");
    let nightly = format!("cargo-features = [\"codegen-backend\", \"no-such\"]\n{MANIFEST}");
    let later = MANIFEST.replace("2024", "2099");
    for (root, manifest, said) in [
        (listed("\"function\""), inherits.as_str(), "`workspace.package.edition`"),
        (listed("\"function\""), &nightly, "codegen-backend"),
        (listed("\"function\""), &later, "2099"),
        (listed("\"other\""), MANIFEST, "believes it's in a workspace"),
        (listed("\"function\", \"gone\""), MANIFEST, "gone"),
        (listed("\"function\", \"broken\""), MANIFEST, "broken"),
    ] {
        let project = Project::with(&[
            ("Cargo.toml", root.as_str()),
            ("function/Cargo.toml", manifest),
            ("function/src/main.rs", MAIN),
            ("broken/Cargo.toml", "[package]\nname = "),
            ("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\n"),
            ("other/src/lib.rs", ""),
        ]);
        let before = project.bytes();
        let run = check(&project, "function");
        assert_eq!(run.code, 2, "{run:?}");
        let (found, skipped) = rules(&run);
        assert_eq!(found, ["client-per-invocation"], "{run:?}");
        for rule in ["lto-off", "legacy-sdk-stack", "symbols-kept"] {
            assert!(has(&skipped, rule), "{rule}: {run:?}");
        }
        let errors = run.json("error");
        assert_eq!(errors.len(), 1, "{run:?}");
        assert!(errors[0]["message"].to_string().contains(said), "{run:?}");

        let run = project.run_in("function", &["apply", "--allow-no-vcs", "--all"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert!(run.err.contains(said), "{run:?}");
        assert_eq!(project.bytes(), before);
    }
}

#[test]
fn code_that_does_not_parse() {
    let project = Project::with(&[
        ("function/Cargo.toml", MANIFEST),
        ("function/src/main.rs", &format!("mod a;\nmod b;\nmod gone;\n{MAIN}fn c() {{ 1 2 }}\n")),
        ("function/src/a.rs", "fn a( {"),
    ]);
    project.write("function/src/b.rs", b"// \xff\n");
    let run = check(&project, "function");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(has(&rules(&run).0, "client-per-invocation"), "{run:?}");
    let said: Vec<&str> = run.err.lines().collect();
    let common = "warning: did not look at all code: failed to ";
    for (line, rest) in said.iter().zip([
        "parse `src/a.rs` at line 1: ",
        "parse an item of `src/main.rs` at line 15: ",
        "read `src/b.rs`: it is not UTF-8 at line 1; save it as UTF-8",
        "read `src/gone.rs`: no such file or directory; check the path",
    ]) {
        assert!(line.starts_with(&format!("{common}{rest}")), "{run:?}");
    }
    assert_eq!(said.len(), 4, "{run:?}");
}

#[test]
fn an_entry_is_not_missed_in_what_does_not_parse() {
    let main = MAIN.replace("run(service_fn(handler)).await", "run(service_fn(handler)) await");
    let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", &main)]);
    let (found, skipped) = rules(&check(&project, ""));
    assert!(!has(&found, "no-entry-found") && has(&skipped, "no-entry-found"), "{found:?}");
}

#[test]
fn binaries_that_are_not_there() {
    let manifest = format!("{MANIFEST}\n[[bin]]\nname = \"gone\"\npath = \"src/gone.rs\"\n");
    let project = Project::with(&[
        ("Cargo.toml", manifest.as_str()),
        ("src/main.rs/part.rs", "fn a() {}"),
        ("src/bin/it.rs", MAIN),
        ("src/bin/folder.rs/part.rs", ""),
    ]);
    let run = check(&project, "");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(has(&rules(&run).0, "client-per-invocation"), "{run:?}");
    let gone = "failed to read `src/gone.rs`: no such file or directory";
    assert_eq!(run.err.matches(gone).count(), 1, "{run:?}");
}

#[test]
fn code_that_nests_nearly_too_deep() {
    let depth = 590;
    let (open, close) = ("if a {} else {".repeat(depth), "}".repeat(depth));
    let main = format!("{MAIN}fn deep() {{ {open}{close} }}\n");
    let run = check(&Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", &main)]), "");
    assert!(has(&rules(&run).0, "client-per-invocation"), "{run:?}");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_and_pipes_that_never_end() {
    use std::{os::unix::fs::symlink, process::Command};
    let main = format!("mod a;\nmod pipe;\nmod up;\n{MAIN}");
    let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", &main)]);
    for (to, link) in [("b.rs", "a.rs"), ("a.rs", "b.rs"), ("../src", "up"), (".", "here")] {
        symlink(to, project.path("src").join(link)).expect("a link");
    }
    let pipe = Command::new("mkfifo").arg(project.path("src/pipe.rs")).status();
    assert!(pipe.expect("a program of every Unix").success());
    let run = check(&project, "");
    assert!(has(&rules(&run).0, "client-per-invocation"), "{run:?}");
    let said: Vec<&str> = run.err.lines().collect();
    let [link, pipe, up] = said.as_slice() else { panic!("{run:?}") };
    assert!(link.contains("`src/a.rs`") && link.contains("form a loop"), "{link}");
    assert!(pipe.contains("`src/pipe.rs`: it is no regular file"), "{pipe}");
    assert!(up.contains("`src/up.rs`: no such file"), "{up}");
}

#[cfg(unix)]
mod toolchains {
    use super::*;
    use crate::project::program;
    use std::{fs, os::unix::fs::PermissionsExt};

    /// A proxy that starts cargo only where a toolchain was chosen that is there.
    const CARGO: &str = r#"#!/bin/sh
if [ "$RUSTUP_TOOLCHAIN" = here ]; then
    unset RUSTUP_TOOLCHAIN
    exec "$REAL_CARGO" "$@"
fi
echo "error: toolchain '1.2.3' is not installed" >&2
echo "help: run something" >&2
echo "" >&2
echo "Stack backtrace:" >&2
echo "   0: rustup::main" >&2
exit 1
"#;

    const RUSTUP: &str = "#!/bin/sh\necho \"other\"\necho \"here (default)\"\n";

    fn run(project: &Project, arguments: &[&str]) -> Run {
        for (name, script) in [("cargo", CARGO), ("rustup", RUSTUP)] {
            let file = format!("bin/{name}");
            project.write(&file, script);
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(project.path(&file), mode).expect("a mode");
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let own = [project.path("bin")].into_iter();
        let paths = std::env::join_paths(own.chain(std::env::split_paths(&paths)));
        let mut command = program();
        command.current_dir(project.path("function")).args(arguments);
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        command.env("REAL_CARGO", cargo).env("CARGO", project.path("bin/cargo"));
        command.env("PATH", paths.expect("a path that was one")).env_remove("RUSTUP_TOOLCHAIN");
        Run::of(command.output().expect("the program runs"))
    }

    #[test]
    fn a_toolchain_that_is_not_installed() {
        let project =
            Project::with(&[("function/Cargo.toml", MANIFEST), ("function/src/main.rs", MAIN)]);
        let said =
            "warning: looked at the project with `here`: toolchain '1.2.3' is not installed\n";
        let run_check = run(&project, &["check", "--message-format", "json"]);
        let (found, _) = rules(&run_check);
        assert!(has(&found, "client-per-invocation") && has(&found, "lto-off"), "{run_check:?}");
        assert_eq!((run_check.code, run_check.err.as_str()), (0, said));

        let applied = run(&project, &["apply", "--allow-no-vcs", "--only", "lto-off"]);
        assert_eq!((applied.code, applied.err.as_str()), (0, said), "{applied:?}");
        assert!(project.read("function/Cargo.toml").contains("lto = \"fat\""), "{applied:?}");
    }

    #[test]
    fn what_cargo_itself_refuses_is_still_refused() {
        let project = Project::with(&[
            ("function/Cargo.toml", &MANIFEST.replace("2024", "2099")),
            ("function/src/main.rs", MAIN),
        ]);
        let run = run(&project, &["check"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains("2099") && !run.err.contains("backtrace"), "{run:?}");
    }
}

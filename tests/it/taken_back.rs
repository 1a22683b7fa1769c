//! Changes that cargo refuses: each is taken back and says whose fault it is.

use crate::project::{Project, Run, program};
use std::process::Command;

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\nregex = \"1\"\n";

/// A function that compiles an expression for each event.
const MAIN: &str = r#"use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use std::sync::LazyLock;

static WORD: LazyLock<String> = LazyLock::new(String::new);

fn main() -> Result<(), Error> {
    run(service_fn(handler))
}

async fn handler(event: LambdaEvent<String>) -> Result<bool, Error> {
    let digits = regex::Regex::new("[0-9]+").unwrap();
    Ok(digits.is_match(&event.payload) && WORD.is_empty())
}
"#;

/// Just enough of the runtime for that to compile.
const RUNTIME: &str = "pub type Error = String;
pub struct LambdaEvent<T> { pub payload: T }
pub fn service_fn<F>(handler: F) -> F { handler }
pub fn run<T, R>(handler: fn(LambdaEvent<T>) -> R) -> Result<(), Error> { let _ = handler; Ok(()) }
";

/// Just enough of the expressions, too.
const REGEX: &str = "pub struct Regex(Kept);
type Kept = u8;
impl Regex {
    pub fn new(text: &str) -> Result<Regex, ()> { let _ = text; Ok(Regex(Kept::default())) }
    pub fn is_match(&self, text: &str) -> bool { text.is_empty() }
}
";

/// The project, with its crates in a folder beside it.
fn project(main: &str, regex: &str) -> Project {
    let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", main)]);
    for (name, code) in [("lambda_runtime", RUNTIME), ("regex", regex)] {
        let at = |file: &str| format!("crates/{name}/{file}");
        let manifest =
            format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n");
        project.write(&at("Cargo.toml"), manifest);
        project.write(&at("src/lib.rs"), code);
        project.write(&at(".cargo-checksum.json"), r#"{"files":{},"package":null}"#);
    }
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"beside\"\n\n[source.beside]\ndirectory = \"crates\"\n",
    );
    let mut lock = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    lock.args(["generate-lockfile", "--offline", "--quiet"]).current_dir(project.path(""));
    assert!(lock.status().expect("cargo runs").success());
    project
}

fn apply(project: &Project) -> Run {
    let mut command = program();
    command.current_dir(project.path("")).args(["apply", "--allow-no-vcs"]);
    command.args(["--only", "compile-per-invocation", "--only", "lto-off"]);
    Run::of(command.output().expect("the program runs"))
}

#[test]
fn a_change_that_compiles_is_made() {
    let project = project(MAIN, REGEX);
    let run = apply(&project);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("compile-per-invocation: make it a static"), "{run:?}");
    assert!(!run.out.contains("taken back"), "{run:?}");
}

#[test]
fn a_change_that_does_not_compile_is_to_blame_itself() {
    // No static may hold what threads cannot share.
    let project = project(MAIN, &REGEX.replace("= u8", "= std::cell::Cell<u8>"));
    let run = apply(&project);
    let said = "taken back: compile-per-invocation: make it a static and force it in `main`: `cargo \
                check` refuses the result: error[E0277]: ";
    assert!(run.out.contains(said), "{run:?}");
    assert!(run.out.contains("(src/main.rs:"), "{run:?}");
    assert_eq!(project.read("src/main.rs"), MAIN);
    assert!(project.read("Cargo.toml").contains("lto = \"fat\""), "{run:?}");
}

#[test]
fn a_project_that_does_not_compile_is_not_held_against_the_change() {
    let main = format!("{MAIN}\nfn count() -> usize {{\n    \"one\"\n}}\n");
    let project = project(&main, REGEX);
    let run = apply(&project);
    let said = "taken back: compile-per-invocation: make it a static and force it in `main`: `cargo \
                check` fails without the change as well: error[E0308]: mismatched types (src/main.rs:";
    assert!(run.out.contains(said), "{run:?}");
    assert_eq!(run.out.matches("taken back").count(), 1, "{run:?}");
    assert_eq!(project.read("src/main.rs"), main);
    assert!(project.read("Cargo.toml").contains("lto = \"fat\""), "{run:?}");
}

//! `check --binary` as it is typed: where its findings sit, and what it says when it cannot look.

use crate::{
    elf::{Program, stored},
    project::{Project, Run},
};

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nlambda_runtime = \"1\"\n\n[profile.release]\nstrip = true\n";

const BOOTSTRAP: &str = "target/lambda/function/bootstrap";

fn built(program: &Program) -> Project {
    let project = Project::function(MANIFEST);
    project.write(BOOTSTRAP, program.write());
    project
}

fn check(project: &Project, arguments: &[&str]) -> Run {
    project.run(&[&["check", "--message-format", "json"], arguments].concat())
}

/// The rule, line and message of each finding about the built function.
fn findings(run: &Run) -> Vec<(String, u64, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = run.json("finding").into_iter().map(|finding| {
        let line = finding["span"]["start"]["line"].as_u64().unwrap_or_default();
        (text(&finding["rule"]), line, text(&finding["message"]))
    });
    let rules = ["binary-", "wrong-", "glibc-", "jitter-entropy-in", "package-too"];
    found.filter(|(rule, ..)| rules.iter().any(|start| rule.starts_with(start))).collect()
}

#[test]
fn a_finding_sits_on_the_line_that_decides() {
    let project = built(&Program { symbols: true, ..Program::needing("GLIBC_2.38") });
    let run = check(&project, &["--binary"]);
    assert_eq!(run.code, 0, "{run:?}");
    let found = findings(&run);
    let rules: Vec<(&str, u64)> = found.iter().map(|(rule, line, _)| (&**rule, *line)).collect();
    assert_eq!(rules, [("glibc-too-new", 1), ("binary-not-stripped", 10)], "{found:?}");
    assert!(found[0].2.contains("`function` needs glibc 2.38, but `provided.al2023` has 2.34"));
    assert!(found[1].2.contains("although cargo-lambda"), "{found:?}");

    let human = project.run(&["check", "--binary", "--builder", "cargo-lambda"]);
    assert!(human.out.contains(&format!("read from `{BOOTSTRAP}`")), "{}", human.out);
    assert!(human.out.contains("asked for by needed_here"), "{}", human.out);
    assert_eq!(check(&project, &["--binary", "-D", "glibc-too-new"]).code, 1);
}

#[test]
fn without_the_flag_each_rule_says_that_it_did_not_look() {
    let project = built(&Program { symbols: true, ..Program::default() });
    let run = check(&project, &[]);
    assert_eq!((run.code, findings(&run).len()), (0, 0), "{run:?}");
    let skipped = run.json("skipped");
    let asks = |skipped: &&serde_json::Value| {
        skipped["why"].as_str().is_some_and(|why| why.contains("add `--binary`"))
    };
    assert_eq!(skipped.iter().filter(asks).count(), 6, "{skipped:?}");
}

#[test]
fn what_cannot_be_read_fails_the_run_after_everything_else() {
    let project = Project::function(MANIFEST);
    let missing = check(&project, &["--binary"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("failed to find the built function `function`"), "{missing:?}");
    assert!(missing.err.contains("cargo lambda build --release"), "{missing:?}");
    assert_eq!(missing.json("summary").len(), 1, "the other rules were asked: {missing:?}");

    project.write(BOOTSTRAP, &Program::default().write()[..200]);
    let broken = check(&project, &["--binary"]);
    assert_eq!(broken.code, 2);
    assert!(broken.err.contains("bootstrap: it is a truncated or corrupt ELF"), "{broken:?}");
    assert!(broken.json("skipped").len() >= 6);
}

#[test]
fn a_file_can_be_named_and_may_be_a_zip() {
    let project = Project::function(MANIFEST);
    project
        .write("out/bootstrap.zip", stored(&Program { debug: true, ..Program::default() }.write()));
    let run = check(&project, &["--binary=out/bootstrap.zip"]);
    let rules: Vec<String> = findings(&run).into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, ["binary-has-debug-info"], "{run:?}");
    assert_eq!(check(&project, &["--binary=out/none"]).code, 2);
}

#[test]
fn a_stale_file_is_said_to_be_stale() {
    let project = built(&Program { symbols: true, ..Program::default() });
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let file = std::fs::File::options().write(true).open(project.path(BOOTSTRAP));
    file.and_then(|file| file.set_modified(old)).expect("a file of ours");
    let run = project.run(&["check", "--binary"]);
    assert!(run.out.contains("is newer than that file: build again to be sure"), "{}", run.out);
}

#[test]
fn a_budget_is_read_strictly() {
    for (budget, said) in [
        ("{ zipp = \"1 MB\" }", "did you mean `zip`?"),
        ("{ zip = \"one MB\" }", "`zip` is a size such as \"2.5 MB\""),
        ("{ zip = -1 }", "`zip` is a size such as \"2.5 MB\""),
        ("\"1 MB\"", "`budget` is a table of sizes"),
    ] {
        let manifest = format!("{MANIFEST}\n[package.metadata.lambda-lean]\nbudget = {budget}\n");
        let run = Project::function(&manifest).run(&["check"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains(said) && run.err.contains("Cargo.toml"), "{}", run.err);
    }
    // The workspace's counts where the package leaves it open.
    let manifest = format!(
        "{MANIFEST}\n[package.metadata.lambda-lean.budget]\nbinary = \"1 MB\"\n\n\
         [workspace.metadata.lambda-lean.budget]\nbinary = 1\nzip = \"100 B\"\n"
    );
    let project = Project::function(&manifest);
    project.write(BOOTSTRAP, Program::default().write());
    let found = findings(&check(&project, &["--binary"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].2.contains("over the 100 B of its budget"), "{found:?}");
    assert_eq!(found[0].1, 17, "the line of the budget");
}

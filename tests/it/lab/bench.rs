//! The `bench` verb: what it measures, prints and exits with, and what it leaves behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::{Duration, Instant},
};

use cargo_lambda_lean::lab::{
    metric::Metric,
    results::{Results, Variant},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{FUNCTION, SOURCE, assert_contains, processes};

/// A package of the test function.
static PACKAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
    fs::create_dir_all(directory.join("src")).expect("a directory");
    fs::copy(SOURCE, directory.join("src/main.rs")).expect("the function's source");
    let manifest = r#"
        [package]
        name = "trivial"
        edition = "2024"
        [workspace]
        [profile.release]
        opt-level = 0
        [package.metadata.lambda-lean]
        functions = ["trivial"]
        [package.metadata.lambda-lean.bench]
        memory = [128, 1769]
        payload = { number = 7 }
        env = { DECLARED = "yes" }
        tables = [{ name = "records", key = "Id", items-per-invocation = 1 }]
        [package.metadata.lambda.deploy]
        env_var = { DEPLOYED = "yes" }
    "#;
    fs::write(directory.join("Cargo.toml"), manifest).expect("writable");
    directory
});

fn bench(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lambda-lean"));
    command
        .args(["lambda-lean", "bench", "--manifest-path"])
        .arg(PACKAGE.join("Cargo.toml"))
        .args(["--runs=2", "--invocations=2", "--back-to-back=2", "--arrival=1"])
        .args(args)
        .env("CI", "1");
    command
}

fn run(args: &[&str]) -> Output {
    bench(args).arg("--cold-runs=0").output().expect("the program")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn variants_are_built_measured_and_compared() {
    let json = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench.json");
    let markdown = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench.md");
    let output = run(&[
        "--variant=plain",
        "--variant=small=opt-level=s,env.EXTRA=1",
        &format!("--output=json={}", json.display()),
        &format!("--output=markdown={}", markdown.display()),
    ]);
    let human = text(&output.stdout);
    // The trivial function writes nothing, and so it has lost every record.
    assert_eq!(code(&output), 1, "{human}{}", text(&output.stderr));
    assert_contains(&human, &["0/10", "0 items in DynamoDB after invocations", "have written 10"]);
    assert_contains(&human, &["128 MB", "1769 MB", "Local emulation, not AWS", "modelled"]);
    assert_contains(&human, &["against plain (95 %)", "The emulator itself takes"]);
    assert_contains(&human, &["Processors ", "ther programs took "]);
    assert_contains(&fs::read_to_string(markdown).expect("a report"), &["### 128 MB", "| plain"]);

    let json = fs::read_to_string(json).expect("a report");
    let results: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&results["schema"], &results["reason"]), (&1.into(), &"bench".into()));
    let read: Results = serde_json::from_str(&json).expect("what was written can be read");
    assert_eq!(read.cells.len(), 4);
    assert_eq!(results["variants"][1]["profile"]["opt-level"], "\"s\"");
    let cells = results["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 4);
    for cell in cells {
        let runs = cell["runs"].as_array().expect("runs");
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0]["paced"]["duration_us"].as_array().map(Vec::len), Some(2));
        assert_eq!(cell["items"]["expected"], 10);
    }
    assert!(results["host"]["kernel"].as_str().is_some_and(|kernel| !kernel.is_empty()));
    assert!(results["variants"][0]["binary"]["zip_bytes"].as_u64().is_some_and(|size| size > 1000));
    assert!(!json.contains(&PACKAGE.display().to_string()), "a path of this machine");
}

#[test]
fn fixes_are_measured_in_a_copy_before_they_are_made() {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (cache, json) = (temporary.join("cache"), temporary.join("applied.json"));
    let manifest = || fs::read(PACKAGE.join("Cargo.toml")).expect("the package's manifest");
    let (written, output) = (manifest(), format!("--output=json={}", json.display()));
    let measure = || {
        let output = bench(&[
            "--variant=now",
            "--variant=fixed=apply=unoptimised-release+lto-off",
            "--variant=none=apply=jitter-entropy",
            "--memory=1769",
            &output,
        ])
        .arg("--cold-runs=0")
        .env("XDG_CACHE_HOME", &cache)
        .output()
        .expect("the program");
        // What cannot be applied is that variant's fault, and the others are measured.
        let human = text(&output.stdout);
        assert_contains(&human, &["none: failed to apply jitter-entropy: it finds nothing"]);
        let json = fs::read_to_string(&json).expect("a report");
        serde_json::from_str::<Results>(&json).expect("results")
    };
    let results = measure();
    let [now, fixed] = ["now", "fixed"].map(|name| results.variant(name).expect("a variant"));
    let mut applied = fixed.applied.clone();
    applied.sort();
    assert_eq!(
        (now.applied.len(), applied),
        (0, vec!["lto-off".into(), "unoptimised-release".into()])
    );
    let bytes = |variant: &Variant| variant.binary.as_ref().expect("it was built").bytes;
    assert!(bytes(fixed) < bytes(now), "{} of {}", bytes(fixed), bytes(now));
    assert_eq!(results.cells.len(), 2);
    assert_eq!(manifest(), written, "the project was changed");

    // The same copy again is as old as it was, so that nothing is built anew.
    let copies = || {
        let folder = fs::read_dir(cache.join("cargo-lambda-lean/applied")).expect("the copies");
        let copies = folder.map(|copy| copy.expect("a folder that can be read").path());
        let inside =
            |copy: PathBuf| copy.join(PACKAGE.strip_prefix("/").expect("an absolute path"));
        let manifests = copies.map(|copy| inside(copy).join("Cargo.toml"));
        let times = manifests.map(|file| fs::metadata(file).and_then(|it| it.modified()).ok());
        times.collect::<Vec<_>>()
    };
    let before = copies();
    assert_eq!(before.len(), 1, "a copy that failed is left behind");
    measure();
    assert_eq!(copies(), before);

    let unknown = run(&["--variant=x=apply=lto-of"]);
    assert_eq!(code(&unknown), 2);
    assert_contains(&text(&unknown.stderr), &["did you mean `lto-off`?"]);
}

#[test]
fn a_function_finds_the_environment_it_has_on_lambda() {
    let names =
        "env.NAMES=AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_REGION DECLARED DEPLOYED TZ LANG HOME";
    let output = run(&[
        &format!("--variant=x=env.MISBEHAVE=print-env,{names},env.LANG=,env.TZ=:Asia/Tokyo"),
        "--memory=512",
    ]);
    let printed = text(&output.stdout);
    assert_contains(&printed, &["ended in init with exit status: 0", "its last output:"]);
    assert_contains(
        &printed,
        &[
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=Some(\"512\")",
            "AWS_REGION=Some(\"us-east-1\")",
            // Of the declaration, of `cargo lambda deploy`, of the variant.
            "DECLARED=Some(\"yes\")",
            "DEPLOYED=Some(\"yes\")",
            "TZ=Some(\":Asia/Tokyo\")",
            // Removed by the variant, and not inherited.
            "LANG=None",
            "HOME=None",
        ],
    );
}

#[test]
fn an_endpoint_of_the_users_gets_tls_in_front() {
    let variant = "--variant=x=env.MISBEHAVE=print-env,env.NAMES=AWS_ENDPOINT_URL";
    let output = run(&[variant, "--memory=128", "--endpoint=http://127.0.0.1:8000"]);
    let printed = text(&output.stdout);
    assert_contains(&printed, &["AWS_ENDPOINT_URL=Some(\"https://localhost:", "TLS in front"]);

    let output = run(&[variant, "--memory=128", "--endpoint=https://example.com/"]);
    assert_contains(&text(&output.stdout), &["AWS_ENDPOINT_URL=Some(\"https://example.com/\")"]);
}

#[test]
fn one_faulty_variant_does_not_stop_the_others() {
    let output = run(&[
        "--memory=128",
        "--variant=good=env.MISBEHAVE=ignore",
        "--variant=panics=env.MISBEHAVE=panic",
        "--variant=late=env.MISBEHAVE=late",
        "--variant=gone=binary=/nonexistent/bootstrap",
        "--variant=unbuildable=features=nonexistent",
        "--variant=unknown=path=/nonexistent",
        "--timeout=2",
        "--message-format=json",
    ]);
    assert_eq!(code(&output), 1);
    let results: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let cell = |place: usize| &results["cells"][place];
    assert_eq!(cell(0)["runs"].as_array().map(Vec::len), Some(2));
    assert_contains(cell(1)["fault"].as_str().expect("a fault"), &["the handler went wrong"]);
    assert_contains(cell(2)["fault"].as_str().expect("a fault"), &["not done in invocation 1"]);
    let fault = |place: usize| results["variants"][place]["fault"].as_str().expect("a fault");
    assert_contains(fault(3), &["failed to find the binary /nonexistent/bootstrap"]);
    assert_contains(fault(4), &["failed to build trivial", "nonexistent"]);
    assert_contains(fault(5), &["failed to find /nonexistent"]);
}

#[test]
fn what_is_already_built_is_measured_as_it_is() {
    let variant = format!("--variant=built=binary={}", FUNCTION.display());
    let output = run(&[&variant, "--memory=128", "--trust-store=env", "--cold-cache"]);
    let human = text(&output.stdout);
    assert_contains(&human, &["built", "by SSL_CERT_FILE, as asked", "not in the page cache"]);
}

#[test]
fn processes_that_only_start_are_measured_among_the_others() {
    let args = ["--memory=1769", "--message-format=json", "--cold-runs=3", "--variant=x"];
    let output = bench(&args).output().expect("the program");
    let results: Results = serde_json::from_slice(&output.stdout).expect("results");
    let runs = &results.cells[0].runs;
    let warm = runs.iter().filter(|run| !run.paced.is_empty());
    // Two of five rounds, in their middle and at their end.
    assert_eq!(warm.map(|run| run.round).collect::<Vec<_>>(), [2, 4]);
    // A quick one is started several times.
    assert!(runs.len() > 5, "{}", runs.len());
    let count = |metric| results.cells[0].summary(metric).expect("samples").count;
    assert_eq!([count(Metric::Cold), count(Metric::First)], [runs.len(); 2]);
    // What a process needs of memory when it has hardly begun is not compared.
    assert_eq!([count(Metric::PeakRss), count(Metric::Warm)], [2, 4]);
    let answered = (runs.len() - 2 + 2 * 5) as u64;
    assert_eq!(results.cells[0].items.expect("a table").expected, answered);
}

#[test]
fn variants_can_be_built_before_they_are_measured() {
    let output = run(&["--build-only", "--variant=good", "--variant=bad=features=nonexistent"]);
    assert_eq!(code(&output), 1);
    let printed = text(&output.stdout);
    assert!(printed.starts_with("bad: failed to build trivial") && printed.lines().count() == 1);
    let output = run(&["--build-only", "--variant=good"]);
    assert_eq!((code(&output), text(&output.stdout)), (0, String::new()));
}

#[test]
fn mistakes_are_told_before_anything_is_measured() {
    for (args, expected) in [
        (&["--variant=a=opt-lvl=3"] as &[&str], "did you mean `opt-level`"),
        (&["--memory=64"], "64"),
        (&["--variant=a", "--variant=b", "--baseline=c"], "failed to find the baseline c"),
        (&["--variant=a", "--variant=a"], "failed to tell two variants named a apart"),
        (&["--endpoint=localhost"], "starts with http:// or https://"),
        (&["--cold-share=2"], "a share from 0 to 1"),
    ] {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert_contains(&text(&output.stderr), &[expected]);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_event_that_is_no_json_is_the_variants_fault() {
    let event = Path::new(env!("CARGO_TARGET_TMPDIR")).join("event.txt");
    fs::write(&event, "not JSON").expect("writable");
    let output = run(&["--payload", event.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 1);
    assert_contains(&text(&output.stdout), &["failed to read the event", "as JSON"]);
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let marker = format!("--variant=late=env.MISBEHAVE=late,env.RUN={}", std::process::id());
    let child = bench(&[&marker, "--memory=128", "--trust-store=env"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let id = child.id();
    let variable = format!("RUN={}", std::process::id());
    let running = || !processes("bootstrap", &variable).is_empty();
    let started = Instant::now();
    while !running() {
        assert!(started.elapsed() < Duration::from_secs(120), "the function never started");
        sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(id.cast_signed()), Signal::SIGINT).expect("a running program");
    let output = child.wait_with_output().expect("the program");
    assert_eq!(code(&output), 2);
    assert_contains(&text(&output.stderr), &["interrupted; nothing is left running"]);
    assert!(!running());
    let left: Vec<_> = fs::read_dir(temporary.path()).expect("a directory").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let groups = Command::new("find")
        .args(["/sys/fs/cgroup", "-name", &format!("lambda-lean-{id}-*")])
        .output()
        .expect("a `find`");
    assert!(groups.stdout.is_empty(), "{}", text(&groups.stdout));
}

//! `size` as it is typed: what it finds, prints, saves and compares.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use crate::elf::{Program, built, noise, real, stored};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// Runs `cargo-lambda-lean size` in a folder.
pub fn size(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lambda-lean"));
    // Where the tests' own target directory is must not be where it looks.
    command.env_remove("CARGO_TARGET_DIR").env("NO_COLOR", "1");
    command.current_dir(dir).arg("size").args(arguments).output().expect("the program runs")
}

/// What it printed, having ended well.
fn printed(dir: &Path, arguments: &[&str]) -> String {
    let output = size(dir, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let text = printed(dir, &[arguments, &["--message-format", "json"]].concat());
    assert_eq!(text.lines().count(), 1, "one object a line: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// A package of one function with a path dependency beside it, not built.
fn project() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir.path().join("greeter/Cargo.toml"),
        "[package]\nname = \"greeter\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
         [profile.tiny]\ninherits = \"release\"\n\n\
         [package.metadata.lambda-lean]\nfunctions = [\"greeter\"]\n\n\
         [dependencies]\nwords = { path = \"../words\" }\n",
    );
    write(&dir.path().join("greeter/src/main.rs"), "fn main() { println!(\"{}\", words::HI) }\n");
    write(
        &dir.path().join("words/Cargo.toml"),
        "[package]\nname = \"words\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    write(&dir.path().join("words/src/lib.rs"), "pub const HI: &str = \"hi\";\n");
    write(&dir.path().join("words/tests/unrelated.rs"), "\n");
    dir
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Sets when a file was last changed.
fn date(path: &Path, time: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn build(greeter: &Path, arguments: &[&str]) {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env_remove("CARGO_TARGET_DIR").args(["build", "--offline", "--quiet"]);
    let output = command.args(arguments).current_dir(greeter).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_first_line_says_most() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bootstrap");
    fs::write(&file, Program::needing("GLIBC_2.28").write()).unwrap();
    let text = printed(dir.path(), &["bootstrap"]);
    let kb = format!("{:.1} kB", fs::metadata(&file).unwrap().len() as f64 / 1e3);
    let first = text.lines().next().unwrap();
    assert!(first.starts_with(&format!("bootstrap  {kb}  zip ")), "{first}");
    assert!(first.ends_with("x86_64  stripped  glibc 2.28 (al2023 ok, al2 too old)"), "{first}");
    assert!(text.contains("2.28 asked for by needed_here"), "{text}");

    let text = printed(dir.path(), &["bootstrap", "--runtime", "al2023"]);
    assert!(text.lines().next().unwrap().ends_with("glibc 2.28 (al2023 ok)"), "{text}");

    let program = Program {
        symbols: true,
        debug: true,
        machine: object::elf::EM_AARCH64,
        ..Program::default()
    };
    fs::write(&file, program.write()).unwrap();
    let text = printed(dir.path(), &["bootstrap"]);
    assert!(text.contains("aarch64  with debug info"), "{text}");
    assert!(text.contains("removable  500 B of debug info, "), "{text}");
}

#[test]
fn json_holds_every_number_and_the_limits() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("real"), real()).unwrap();
    let report = json(dir.path(), &["real"]);
    assert_eq!(report["reason"], "size");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["path"], "real");
    assert_eq!(report["file_size"], real().len());
    assert_eq!(report["stripped"], false);
    assert_eq!(report["architecture"], std::env::consts::ARCH);
    assert!(report["needed"].as_array().unwrap().contains(&"libc.so.6".into()));
    let zip = report["zip"]["size"].as_i64().unwrap();
    assert!(zip > 0 && zip < real().len() as i64 * 9 / 10, "it is really deflated");
    assert_eq!(report["zip"]["is_file"], false);
    assert_eq!(report["limits"]["zip"]["limit"], 50_000_000);
    assert_eq!(report["limits"]["zip"]["left"], 50_000_000 - zip);
    assert_eq!(report["limits"]["unzipped"]["left"], 250_000_000 - real().len() as i64);
    let sections = report["sections"].as_array().unwrap();
    assert!(
        sections.iter().any(|s| s["name"] == ".text" && s["memory_size"].as_u64() > Some(1000))
    );
    assert_eq!(report["age"]["state"], "unknown", "nothing says what it was built from");
}

#[test]
fn a_zip_is_read_as_the_program_in_it_with_its_own_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut archive =
        zip::ZipWriter::new(fs::File::create(dir.path().join("bootstrap.zip")).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("config/settings.json", stored).unwrap();
    std::io::Write::write_all(&mut archive, &noise(70_000)).unwrap();
    archive.start_file("bootstrap", stored).unwrap();
    std::io::Write::write_all(&mut archive, real()).unwrap();
    archive.finish().unwrap();

    let report = json(dir.path(), &["bootstrap.zip"]);
    let on_disk = fs::metadata(dir.path().join("bootstrap.zip")).unwrap().len();
    assert_eq!(report["file_size"], real().len());
    assert_eq!(report["zip"]["size"], on_disk);
    assert_eq!(report["zip"]["unzipped_size"], real().len() + 70_000);
    assert_eq!(report["zip"]["is_file"], true);
    let text = printed(dir.path(), &["bootstrap.zip"]);
    assert!(text.contains("as packed"), "{text}");
}

#[test]
fn what_is_over_a_limit_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program { content: vec![0; 50_100_000], ..Program::default() };
    fs::write(dir.path().join("huge"), stored(&program.write())).unwrap();
    let report = json(dir.path(), &["huge"]);
    assert!(report["limits"]["zip"]["left"].as_i64().unwrap() < -100_000);
    assert!(report["limits"]["unzipped"]["left"].as_i64().unwrap() > 0);
    let text = printed(dir.path(), &["huge"]);
    assert!(text.contains(" OVER 50 MB, unzipped 20.0 % of 250 MB"), "{text}");
}

#[test]
fn a_comparison_gives_bytes_and_ratios_for_the_whole_and_each_section() {
    let dir = tempfile::tempdir().unwrap();
    let before = built("before", &["-O"]);
    let after = built("after", &["-O", "-Cstrip=symbols"]);
    let [before_path, after_path] = [&before, &after].map(|built| built.0.to_str().unwrap());
    let report = json(dir.path(), &[after_path, "--against", before_path]);
    let file = &report["against"]["file_size"];
    let (old, new) = (before.1.len() as i64, after.1.len() as i64);
    assert_eq!((file["before"].as_i64(), file["after"].as_i64()), (Some(old), Some(new)));
    assert_eq!(file["difference"], new - old);
    assert!((file["ratio"].as_f64().unwrap() - new as f64 / old as f64).abs() < 1e-12);
    let sections = report["against"]["sections"].as_array().unwrap();
    let find = |name: &str| sections.iter().find(|s| s["name"] == name).unwrap();
    assert_eq!(find(".symtab")["after"], 0);
    assert_eq!(find(".text")["difference"], 0);
    let changes: Vec<i64> =
        sections.iter().map(|s| s["difference"].as_i64().unwrap().abs()).collect();
    assert!(changes.is_sorted_by(|a, b| a >= b), "largest change first");

    let text = printed(dir.path(), &[after_path, "--against", before_path]);
    assert!(text.contains("against ") && text.contains("  .symtab "), "{text}");
    assert!(!text.split("against").nth(1).unwrap().contains(".text "), "unchanged is not shown");
}

#[test]
fn a_saved_baseline_compares_like_the_file_it_was_made_from() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    fs::write(here.join("old"), Program::default().write()).unwrap();
    let larger = Program { content: noise(9_000), ..Program::default() };
    fs::write(here.join("new"), larger.write()).unwrap();
    assert!(printed(here, &["old", "--save", "base.json"]).starts_with("old "));
    let by_baseline = json(here, &["new", "--against", "base.json"]);
    let by_file = json(here, &["new", "--against", "old"]);
    assert_eq!(by_baseline["against"], by_file["against"]);
    assert!(by_baseline["against"]["file_size"]["difference"].as_i64().unwrap() > 8_000);

    // In one step: compared with the old baseline first, then replaced.
    let report = json(here, &["new", "--against", "base.json", "--save", "base.json"]);
    assert_eq!(report["against"], by_file["against"]);
    let saved: Value =
        serde_json::from_str(&fs::read_to_string(here.join("base.json")).unwrap()).unwrap();
    assert_eq!(saved["file_size"], by_file["file_size"]);
    assert_eq!(saved["schema"], 1);

    let output = size(here, &["new", "--save", "old"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(here.join("old")).unwrap(), Program::default().write(), "not overwritten");
}

#[test]
fn markdown_is_tables_that_no_name_can_break() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a|b`c"), real()).unwrap();
    let text =
        printed(dir.path(), &["a|b`c", "--message-format", "markdown", "--against", "a|b`c"]);
    assert!(text.starts_with("### Size of `a\\|b'c`\n"), "{text}");
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut tables = 0;
    for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let counts: Vec<usize> = table.lines().map(cells).collect();
        assert!(counts.iter().all(|count| *count == counts[0]), "{table}");
        tables += 1;
    }
    assert_eq!(tables, 3, "{text}");
}

#[test]
fn the_function_of_a_package_is_found_where_each_builder_puts_it() {
    let dir = project();
    let greeter = dir.path().join("greeter");
    let output = size(&greeter, &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("failed to find the built function `greeter`"), "{stderr}");
    assert!(stderr.contains("`cargo lambda build --release --bin greeter`"), "{stderr}");

    build(&greeter, &["--release"]);
    let report = json(&greeter, &[]);
    assert_eq!(report["path"], "target/release/greeter");
    assert_eq!((&report["package"], &report["bin"]), (&"greeter".into(), &"greeter".into()));
    assert_eq!(size(&greeter, &["--builder", "cargo-lambda"]).status.code(), Some(2));
    assert_eq!(size(&greeter, &["--profile", "dev"]).status.code(), Some(2));

    let bootstrap = greeter.join("target/lambda/greeter/bootstrap");
    write(&bootstrap, Program::default().write());
    assert_eq!(json(&greeter, &[])["path"], "target/lambda/greeter/bootstrap");
    assert_eq!(json(&greeter, &["--builder", "cargo"])["path"], "target/release/greeter");
    fs::rename(&bootstrap, bootstrap.with_file_name("moved")).unwrap();
    let packed = cargo_lambda_lean::facts::package::pack(real());
    write(&bootstrap.with_extension("zip"), packed);
    let report = json(&greeter, &["--release"]);
    assert_eq!(report["path"], "target/lambda/greeter/bootstrap.zip");
    assert_eq!(report["zip"]["is_file"], true);

    // From elsewhere, and built into another directory for a target triple.
    let triple = dir.path().join("out/aarch64-unknown-linux-gnu/tiny/greeter");
    write(&triple, Program { machine: object::elf::EM_AARCH64, ..Program::default() }.write());
    let report = json(
        dir.path(),
        &["--manifest-path", "greeter/Cargo.toml", "--target-dir", "out", "--profile", "tiny"],
    );
    assert_eq!(report["architecture"], "aarch64");
}

#[test]
fn a_file_older_than_what_it_was_built_from_is_stale() {
    let dir = project();
    let greeter = dir.path().join("greeter");
    build(&greeter, &["--release"]);
    let program = greeter.join("target/release/greeter");
    let built = fs::metadata(&program).unwrap().modified().unwrap();
    let copy = greeter.join("target/lambda/greeter/bootstrap");
    write(&copy, fs::read(&program).unwrap());
    date(&copy, built);
    let state = |arguments: &[&str]| json(&greeter, arguments)["age"].clone();
    for arguments in [&["--builder", "cargo"][..], &[], &["target/release/greeter"]] {
        assert_eq!(state(arguments)["state"], "fresh", "{arguments:?}");
    }

    // Each of these is what the program was built from: dated after it, each makes it stale.
    let inputs: Vec<PathBuf> = ["greeter/src/main.rs", "greeter/Cargo.toml", "greeter/Cargo.lock"]
        .into_iter()
        .chain(["words/src/lib.rs", "words/Cargo.toml"])
        .map(|path| dir.path().join(path))
        .collect();
    for input in &inputs {
        let before = fs::metadata(input).unwrap().modified().unwrap();
        date(input, built + Duration::from_secs(90));
        for arguments in [&["--builder", "cargo"][..], &[], &["target/release/greeter"]] {
            let age = state(arguments);
            assert_eq!(age["state"], "stale", "{} {arguments:?}", input.display());
            let newest = age["newest"].as_str().unwrap();
            let shown = input.strip_prefix(&greeter).unwrap_or(input).to_str().unwrap();
            assert!(newest.ends_with(shown.trim_start_matches('/')), "{newest} {shown}");
            assert_eq!(age["newer_by"], 90);
        }
        date(input, before);
    }
    // These are not.
    for other in ["words/tests/unrelated.rs", "greeter/target/release/greeter.d"] {
        date(&dir.path().join(other), built + Duration::from_secs(90));
    }
    assert_eq!(state(&[])["state"], "fresh");

    date(&inputs[0], built + Duration::from_secs(7_300));
    let text = printed(&greeter, &[]);
    assert!(text.lines().next().unwrap().ends_with("STALE"), "{text}");
    assert!(text.contains("stale      src/main.rs is 2 h newer"), "{text}");
    // Without cargo's record beside it, the package's own files are looked at.
    fs::remove_file(greeter.join("target/release/greeter.d")).unwrap();
    assert_eq!(state(&["--builder", "cargo"])["newest"], "src/main.rs");
    date(&inputs[0], built - Duration::from_secs(1));
    assert_eq!(state(&["--builder", "cargo"])["state"], "fresh");
}

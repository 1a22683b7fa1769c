//! What `size` cannot use: one clear error that names the file, exit code 2, nothing on stdout.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use crate::{
    elf::{Program, real},
    size::size,
};
use cargo_lambda_lean::facts::package::pack;
use std::{fs, io::Write, path::Path};

/// Runs `size` and takes the one error it gives.
fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = size(dir, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: failed to "), "{stderr}");
    stderr
}

#[test]
fn each_unusable_file_gives_one_error_that_names_it_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let put = |name: &str, bytes: &[u8]| fs::write(here.join(name), bytes).unwrap();
    let mut corrupt_zip = pack(real());
    let middle = corrupt_zip.len() / 2;
    corrupt_zip[middle] ^= 0xff;
    let mut absurd = Program::default().write();
    // The file size of the first segment.
    absurd[64 + 32..64 + 40].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    let mut archive = zip::ZipWriter::new(fs::File::create(here.join("other.zip")).unwrap());
    archive.start_file("main", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(real()).unwrap();
    archive.finish().unwrap();
    put("empty", b"");
    put("truncated", &real()[..real().len() / 2]);
    put("header", &real()[..40]);
    put("mach-o", b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0");
    put("windows.exe", b"MZ\x90\0\x03\0\0\0");
    put("notes.txt", b"this is no program\n");
    put("absurd", &absurd);
    put("corrupt.zip", &corrupt_zip);
    put("cut.zip", &pack(real())[..1000]);
    put("text.zip", &pack(b"fn main() {}"));
    fs::create_dir(here.join("folder")).unwrap();
    fs::create_dir(here.join("built")).unwrap();
    put("built/bootstrap", real());

    let cases = [
        ("missing", "there is no such file"),
        ("empty", "it is empty"),
        ("truncated", "truncated or corrupt ELF"),
        ("header", "truncated or corrupt ELF"),
        ("mach-o", "a Mach-O (macOS) binary"),
        ("windows.exe", "a PE (Windows) binary"),
        ("notes.txt", "a text file"),
        ("absurd", "truncated or corrupt ELF"),
        ("corrupt.zip", "truncated or corrupt zip"),
        ("cut.zip", "truncated or corrupt zip"),
        ("text.zip", "its `bootstrap` is a text file"),
        ("other.zip", "a zip without `bootstrap` at its top (it holds main)"),
        ("folder", "it is a directory; name a built file"),
        ("built", "name the file in it, built/bootstrap"),
    ];
    for (name, said) in cases {
        // As the file to read, and as the one to compare with.
        fs::write(here.join("sound"), real()).unwrap();
        for arguments in [&[name][..], &["sound", "--against", name]] {
            let error = refused(here, arguments);
            assert!(error.contains(name) && error.contains(said), "{arguments:?}: {error}");
            assert!(error.contains("; ") || error.contains("name"), "says what to do: {error}");
        }
    }
}

#[test]
fn a_baseline_that_is_broken_or_of_another_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    fs::write(here.join("sound"), real()).unwrap();
    assert!(size(here, &["sound", "--save", "good.json"]).status.success());
    let good = fs::read_to_string(here.join("good.json")).unwrap();
    let cases = [
        (good[..good.len() / 2].to_owned(), "no baseline this program can read"),
        (good.replace("\"schema\": 1", "\"schema\": 2"), "a baseline of schema 2, not 1"),
        (good.replace("\"file_size\"", "\"file_sise\""), "missing field `file_size`"),
        (
            good.replace("\"loaded_size\": ", "\"loaded_size\": -"),
            "no baseline this program can read",
        ),
        (r#"{"reason":"finding","schema":1}"#.to_owned(), "not written by `size --save`"),
        ("{}".to_owned(), "not written by `size --save`"),
        ("not JSON at all".to_owned(), "no baseline this program can read"),
        (String::new(), "no baseline this program can read"),
    ];
    for (text, said) in cases {
        fs::write(here.join("base.json"), &text).unwrap();
        let error = refused(here, &["sound", "--against", "base.json"]);
        assert!(error.contains("base.json") && error.contains(said), "{error}");
        assert!(error.contains("`cargo lambda-lean size --save FILE`"), "{error}");
    }
}

#[test]
fn a_zip_bomb_is_refused_without_filling_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let zip = pack(&vec![0; 20_000_000]);
    // The unpacked size stands at 24 of the entry in the directory at the end.
    let directory = zip.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    for (declared, said) in
        [(2_000_000_000u32, "unpacks to more than 1.00 GB"), (1_000, "truncated or corrupt zip")]
    {
        let mut bomb = zip.clone();
        bomb[directory + 24..directory + 28].copy_from_slice(&declared.to_le_bytes());
        fs::write(dir.path().join("bomb.zip"), bomb).unwrap();
        let error = refused(dir.path(), &["bomb.zip"]);
        assert!(error.contains(said), "{declared}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_rather_than_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refused(dir.path(), &["/dev/null"]).contains("no regular file"));
    std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
    assert!(refused(dir.path(), &["loop"]).contains("failed to read loop"));
}

#[test]
fn with_json_the_error_is_an_object_too() {
    let dir = tempfile::tempdir().unwrap();
    let output = size(dir.path(), &["missing", "--message-format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&line["reason"], &line["schema"]), (&"error".into(), &1.into()));
    assert!(line["message"].as_str().unwrap().contains("missing"));
}

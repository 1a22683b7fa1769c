//! A registry of stand-ins: crates with the real names, versions and features and no code, which
//! cargo resolves from a folder. Made once for all tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tempfile::TempDir;

static HOME: LazyLock<TempDir> = LazyLock::new(|| {
    let home = TempDir::new().expect("a temporary folder");
    let registry = home.path().join("stand-ins");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-ins");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the stand-ins") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_stem().expect("a file name");
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let package = registry.join(name);
        fs::create_dir_all(package.join("src")).expect("a writable folder");
        fs::copy(&path, package.join("Cargo.toml")).expect("a readable manifest");
        fs::write(package.join("src/lib.rs"), "").expect("a writable file");
        let checksum = "{\"files\":{},\"package\":null}";
        fs::write(package.join(".cargo-checksum.json"), checksum).expect("a writable file");
        count += 1;
    }
    assert!(count > 50, "{count} stand-ins");
    let config = format!(
        "[source.crates-io]\nreplace-with = \"stand-ins\"\n\n[source.stand-ins]\ndirectory = {:?}\n",
        registry.display().to_string()
    );
    fs::write(home.path().join("config.toml"), config).expect("a writable file");
    home
});

/// The `CARGO_HOME` that makes cargo use the stand-ins.
pub fn cargo_home() -> PathBuf {
    HOME.path().to_owned()
}

/// Writes the lockfile of a project that depends on stand-ins.
pub fn lock(project: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["generate-lockfile", "--offline", "--quiet"])
        .current_dir(project)
        .env("CARGO_HOME", cargo_home())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", project.display());
}

//! Programs the tests need besides cargo: found on `PATH`, else installed from PyPI into
//! `target/tools` at a pinned version. Never skipped: without them a test fails and says why.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

const CARGO_LAMBDA: &str = "1.9.2";
const PRE_COMMIT: &str = "4.7.0";

/// cargo-lambda at the pinned version. The folder of the program also has to be on the `PATH` of
/// whoever calls it (see `path_with`), because it looks there for its Python with Zig.
pub fn cargo_lambda() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| program("cargo-lambda", CARGO_LAMBDA, &["lambda", "--version"]))
}

/// pre-commit.
pub fn pre_commit() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| program("pre-commit", PRE_COMMIT, &["--version"]))
}

/// `PATH` with the folder of a program in front.
pub fn path_with(program: &Path) -> OsString {
    let folder = program.parent().expect("a program is in a folder");
    // Beside the link on `PATH` there may be less than beside the program itself.
    let real = program.canonicalize().expect("the program is there");
    let real = real.parent().expect("a program is in a folder").to_owned();
    let old = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned(), real].into_iter().chain(env::split_paths(&old));
    env::join_paths(folders).expect("folders without a separator in their name")
}

fn program(name: &str, version: &str, version_arguments: &[&str]) -> PathBuf {
    let has_version = |path: &Path| {
        let output = Command::new(path).args(version_arguments).output();
        output.is_ok_and(|output| {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            output.status.success() && said.split_whitespace().any(|word| word == version)
        })
    };
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file() && has_version(path));
    on_path.unwrap_or_else(|| {
        let path = install(name, version);
        assert!(has_version(&path), "{} is not {name} {version}", path.display());
        path
    })
}

/// Installs a Python package into an environment of its own, once for all test processes.
fn install(name: &str, version: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    fs::create_dir_all(&tools).expect("a writable target folder");
    let environment = tools.join(format!("{name}-{version}"));
    let bin = environment.join("bin");
    let program = bin.join(name);
    let done = environment.join("installed");

    let lock = File::create(tools.join(format!("{name}.lock"))).expect("a writable target folder");
    lock.lock().expect("a file system with locks");
    if !done.exists() {
        let _ = fs::remove_dir_all(&environment);
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        let package = format!("{name}=={version}");
        run(Command::new(bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg(package));
        File::create(done).expect("a writable target folder");
    }
    program
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed; it needs Python 3 and PyPI:\n{said}");
}

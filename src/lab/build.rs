//! Builds a function the way a variant asks for, by cargo or cargo-lambda, in a target directory of
//! its own, and puts the binary where the lab starts it. Cargo decides what is still fresh, so a
//! second run builds nothing. Nothing is written outside the target directory.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Message;
use serde::{Deserialize, Serialize};

use crate::facts::package::ZipSize;

use super::{
    plan::Function,
    spec::{Builder, Spec},
};

/// What `cargo lambda build --release` adds for each key that the workspace's manifest leaves out:
/// cargo-lambda-metadata 1.9.2, `src/cargo/mod.rs` lines 29-32 and 171-194.
const INJECTED: [(&str, &str); 4] =
    [("strip", "\"symbols\""), ("lto", "\"thin\""), ("codegen-units", "1"), ("panic", "\"abort\"")];

/// A binary to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// Where it is.
    #[serde(skip)]
    pub program: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its size as the `bootstrap` of a zip.
    pub zip_bytes: u64,
}

impl Built {
    /// Takes a binary as it is.
    pub fn existing(program: &Path) -> Result<Self> {
        let program = fs::canonicalize(program)
            .with_context(|| format!("failed to find the binary {}", program.display()))?;
        let bytes =
            fs::read(&program).with_context(|| format!("failed to read {}", program.display()))?;
        Ok(Self { bytes: bytes.len() as u64, zip_bytes: ZipSize::of(&bytes).size, program })
    }
}

/// Builds a function below `base`, a target directory. With `show`, the builder's own progress goes
/// to the terminal.
pub fn build(function: &Function, spec: &Spec, base: &Path, show: bool) -> Result<Built> {
    let base = base.join("lambda-lean");
    let target = base.join(format!("{}-{}", spec.builder.name(), key(function, spec)));
    // Held until the binary is copied: another run's build would put its own in the same place.
    let _lock = lock(&target)?;
    let binary = match spec.builder {
        Builder::Cargo => by_cargo(function, spec, &target, show)?,
        Builder::CargoLambda => by_cargo_lambda(function, spec, &target, show)?,
    };
    let directory = base.join("bin").join(format!("{}-{}", function.bin, full_key(function, spec)));
    let program = directory.join("bootstrap");
    fs::create_dir_all(&directory)
        .and_then(|()| {
            let staged = directory.join("bootstrap.new");
            fs::copy(&binary, &staged)?;
            fs::rename(staged, &program)
        })
        .with_context(|| format!("failed to copy {} to {}", binary.display(), program.display()))?;
    Built::existing(&program)
}

fn lock(target: &Path) -> Result<File> {
    let locked = fs::create_dir_all(target).and_then(|()| {
        let file = File::create(target.join("lambda-lean.lock"))?;
        file.lock()?;
        Ok(file)
    });
    locked.with_context(|| format!("failed to lock the target directory {}", target.display()))
}

/// What has an effect on dependencies as well: variants alike in it share a target directory.
fn key(function: &Function, spec: &Spec) -> String {
    // Its `[env]` reaches build scripts, which would run again for each variant in turn.
    let config = fs::read(function.workspace.join(".cargo/config.toml")).unwrap_or_default();
    if spec.profile.is_empty() && spec.build_env.is_empty() && config.is_empty() {
        return "as-written".to_owned();
    }
    hash(&(&spec.profile, &spec.build_env, config))
}

fn full_key(function: &Function, spec: &Spec) -> String {
    let features = (&spec.features, spec.no_default_features);
    hash(&(key(function, spec), spec.builder.name(), &function.manifest, features))
}

fn hash(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

fn by_cargo(function: &Function, spec: &Spec, target: &Path, show: bool) -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--message-format", "json-render-diagnostics"]);
    for (key, value) in &spec.profile {
        command.arg("--config").arg(format!("profile.release.{key}={value}"));
    }
    let messages = run(command, function, spec, target, show)?;
    Message::parse_stream(messages.as_slice())
        .filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) if artifact.target.name == function.bin => {
                artifact.executable.map(PathBuf::from)
            }
            _ => None,
        })
        .last()
        .with_context(|| format!("failed to find the binary {} that cargo built", function.bin))
}

fn by_cargo_lambda(function: &Function, spec: &Spec, target: &Path, show: bool) -> Result<PathBuf> {
    let out = target.join("lambda");
    // By its own name, as `cargo lambda` would look it up: and so cargo itself may be any cargo.
    let mut command = Command::new("cargo-lambda");
    command.args(["lambda", "build", "--release", "--lambda-dir"]).arg(&out);
    if !spec.profile.is_empty() {
        // Its own values would win over ours, so they are given here, ours after them.
        command.arg("--disable-optimizations");
        let written = written_profile(&function.workspace)?;
        let injected = INJECTED.iter().filter(|(key, _)| !written.contains_key(*key));
        let ours = spec.profile.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in injected.copied().chain(ours) {
            command.arg("--config").arg(format!("profile.release.{key}={value}"));
        }
        let cpu = if cfg!(target_arch = "aarch64") { "neoverse-n1" } else { "haswell" };
        command.arg("--config").arg(format!("build.rustflags=[\"-C\",\"target-cpu={cpu}\"]"));
    }
    // Its own way to set one, which wins over `build.env_var` in the manifest.
    for (name, value) in &spec.build_env {
        command.arg("--env-var").arg(format!("{name}={value}"));
    }
    run(command, function, spec, target, show)?;
    let bootstrap = out.join(&function.bin).join("bootstrap");
    ensure!(
        bootstrap.exists(),
        "failed to find {}, which cargo-lambda builds",
        bootstrap.display()
    );
    Ok(bootstrap)
}

fn written_profile(workspace: &Path) -> Result<toml::Table> {
    let path = workspace.join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let manifest: toml::Table =
        text.parse().with_context(|| format!("failed to read {}", path.display()))?;
    let release = manifest.get("profile").and_then(|profile| profile.get("release"));
    Ok(release.and_then(toml::Value::as_table).cloned().unwrap_or_default())
}

/// Runs a builder and returns what it wrote to standard output.
fn run(
    mut command: Command,
    function: &Function,
    spec: &Spec,
    target: &Path,
    show: bool,
) -> Result<Vec<u8>> {
    // From the function's directory, where its `.cargo/config.toml` counts.
    command.current_dir(function.directory());
    command.arg("--manifest-path").arg(&function.manifest);
    command.args(["--package", &function.package, "--bin", &function.bin]);
    // By a variable, as cargo-lambda hands the flag on to `cargo metadata`, which has none.
    command.env("CARGO_TARGET_DIR", target);
    if !spec.features.is_empty() {
        command.arg("--features").arg(spec.features.join(","));
    }
    if spec.no_default_features {
        command.arg("--no-default-features");
    }
    command.envs(&spec.build_env).stdin(Stdio::null());
    command.stderr(if show { Stdio::inherit() } else { Stdio::piped() });
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| match spec.builder {
        Builder::Cargo => format!("failed to run {name}"),
        Builder::CargoLambda => {
            "failed to run cargo-lambda; install it (https://www.cargo-lambda.info), or build \
             this variant with builder=cargo"
                .to_owned()
        }
    })?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        let error = lines.iter().position(|line| line.to_ascii_lowercase().starts_with("error"));
        let from = error.unwrap_or(lines.len().saturating_sub(6));
        let said: Vec<&str> = lines[from..].iter().take(6).map(|line| line.trim()).collect();
        let (bin, status) = (&function.bin, output.status);
        bail!("failed to build {bin} with {name} ({status}): {}", said.join(" | "));
    }
    Ok(output.stdout)
}

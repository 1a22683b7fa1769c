//! Says on which machine, with which tools and from which state of the source a figure was
//! measured, as without that no local figure means anything. What cannot be told is left out.

use std::{fs, path::Path, process::Command, thread};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// The processor's name.
    pub cpu: String,
    /// How many it has.
    pub cpus: usize,
    /// x86_64 or aarch64.
    pub architecture: String,
    /// Its memory, in MB.
    pub memory_mb: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution.
    pub os: String,
    /// The frequency governor, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// Whether it is a virtual machine.
    pub virtual_machine: bool,
}

impl Host {
    /// This machine.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str, separator: char| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once(separator)?;
                (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
            })
        };
        let cpuinfo = read("/proc/cpuinfo");
        let memory = field(&read("/proc/meminfo"), "MemTotal", ':').unwrap_or_default();
        let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        Self {
            cpu: field(&cpuinfo, "model name", ':').unwrap_or_else(|| "unknown CPU".into()),
            cpus: thread::available_parallelism().map_or(1, usize::from),
            architecture: std::env::consts::ARCH.into(),
            memory_mb: memory / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().into(),
            os: field(&read("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_default(),
            governor: Some(governor.trim().to_owned()).filter(|governor| !governor.is_empty()),
            virtual_machine: field(&cpuinfo, "flags", ':')
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
        }
    }

    /// In a few words.
    pub fn describe(&self) -> String {
        let virtual_machine = if self.virtual_machine { ", virtual machine" } else { "" };
        format!(
            "{} ({} × {}{virtual_machine}, {} MB), {}, Linux {}",
            self.cpu, self.cpus, self.architecture, self.memory_mb, self.os, self.kernel
        )
    }
}

/// The state of a function's source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The compiler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<String>,
    /// The git commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the function's directory has changes that are not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// SHA-256 of the lockfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
}

impl Source {
    /// That of a function's directory, in a workspace.
    pub fn of(directory: &Path, workspace: &Path) -> Self {
        let status = output(directory, "git", &["status", "--porcelain", "--", "."]);
        Self {
            rustc: output(directory, "rustc", &["--version"]),
            commit: output(directory, "git", &["rev-parse", "HEAD"]),
            dirty: status.map(|status| !status.is_empty()),
            lock: fs::read(workspace.join("Cargo.lock")).ok().map(|lock| sha256(&lock)),
        }
    }
}

fn output(directory: &Path, program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).current_dir(directory).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// SHA-256, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

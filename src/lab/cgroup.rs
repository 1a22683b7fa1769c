//! Models Lambda's CPU share: turns a memory size into a quota of CPU time, and puts a process
//! under it by cgroup v1, cgroup v2 or a systemd scope, whichever this machine allows.
//!
//! AWS documents the share (1,769 MB are one vCPU, linear:
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>) but not that init runs
//! at full speed; that is what community measurements show. So this is a model, and says so. Where
//! no mechanism is at hand a process simply runs unthrottled, and every report states it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

/// One vCPU's worth of memory.
const MB_PER_CPU: u64 = 1769;
/// The period of the quota: the 20 ms in which CPU time is granted and used up on Lambda.
pub const PERIOD_US: u64 = 20_000;
const PREFIX: &str = "lambda-lean-";

/// The CPU time a memory size grants in each period.
pub fn quota_us(memory_mb: u32) -> u64 {
    u64::from(memory_mb) * PERIOD_US / MB_PER_CPU
}

/// How this machine can hold a process to a share of a CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// The `cpu` hierarchy of cgroup v1, and the directory to make groups in.
    V1(PathBuf),
    /// Cgroup v2, and the directory to make groups in.
    V2(PathBuf),
    /// A transient scope of the user's (or root's) systemd.
    Systemd {
        /// Whether it is the user's own instance.
        user: bool,
    },
    /// Nothing: why.
    Off(String),
}

impl Throttle {
    /// The first mechanism that works here, tried out rather than guessed.
    pub fn detect() -> Self {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let user = !nix::unistd::geteuid().is_root();
        candidates(&mounts, &own)
            .into_iter()
            .chain([Self::Systemd { user }])
            .find(Self::works)
            .unwrap_or_else(|| {
                Self::Off("neither a writable cgroup with the cpu controller nor systemd".into())
            })
    }

    /// How a report names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::V1(_) => "cgroup v1",
            Self::V2(_) => "cgroup v2",
            Self::Systemd { .. } => "systemd scope",
            Self::Off(_) => "none",
        }
    }

    /// A group with the share of a memory size; it is gone when dropped. None where nothing works.
    pub fn group(&self, memory_mb: u32) -> Result<Option<Group>> {
        let quota = quota_us(memory_mb);
        let name = unique_name();
        Ok(match self {
            Self::V1(parent) => {
                let directory = Directory::make(parent, &name)?;
                directory.write("cpu.cfs_period_us", PERIOD_US)?;
                directory.write("cpu.cfs_quota_us", quota)?;
                Some(Group::Directory(directory))
            }
            Self::V2(parent) => {
                let directory = Directory::make(parent, &name)?;
                directory.write("cpu.max", format_args!("{quota} {PERIOD_US}"))?;
                Some(Group::Directory(directory))
            }
            Self::Systemd { user } => {
                Some(Group::Scope { user: *user, unit: format!("{name}.scope"), quota })
            }
            Self::Off(_) => None,
        })
    }

    fn works(&self) -> bool {
        match self {
            // Systemd answers only on a bus, and makes a scope only around a process.
            Self::Systemd { user } => Command::new("busctl")
                .args(user.then_some("--user"))
                .args(["status", "org.freedesktop.systemd1"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success()),
            Self::V1(parent) | Self::V2(parent) => {
                sweep(parent);
                self.group(128).is_ok()
            }
            Self::Off(_) => true,
        }
    }
}

/// Where groups could be made, best first: beside this process, then further up (cgroup v2 gives
/// no controller to the children of a group that itself holds processes).
fn candidates(mounts: &str, own: &str) -> Vec<Throttle> {
    let own_path = |wanted: &dyn Fn(&str) -> bool| {
        own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (_, controllers) = (parts.next()?, parts.next()?);
            wanted(controllers).then(|| parts.next().unwrap_or("/").trim_matches('/').to_owned())
        })
    };
    let mut found = Vec::new();
    for mount in mounts.lines() {
        let mut fields = mount.split(' ');
        let (Some(_), Some(at), Some(kind), Some(options)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let at = Path::new(at);
        if kind == "cgroup" && options.split(',').any(|option| option == "cpu") {
            let own = own_path(&|controllers| controllers.split(',').any(|name| name == "cpu"));
            found.extend(ancestors(at, own).map(Throttle::V1));
        } else if kind == "cgroup2" {
            found.extend(ancestors(at, own_path(&str::is_empty)).map(Throttle::V2));
        }
    }
    found
}

fn ancestors(mount: &Path, own: Option<String>) -> impl Iterator<Item = PathBuf> {
    let own = mount.join(own.unwrap_or_default());
    let mount = mount.to_owned();
    let inside: Vec<PathBuf> = own
        .ancestors()
        .take_while(|directory| directory.starts_with(&mount))
        .map(Path::to_owned)
        .collect();
    inside.into_iter()
}

/// A process's place under a share.
#[derive(Debug)]
pub enum Group {
    /// A cgroup of its own.
    Directory(Directory),
    /// A systemd scope, made when the process is there.
    Scope {
        /// Whether it is the user's own systemd.
        user: bool,
        /// The scope's name.
        unit: String,
        /// CPU time a period, in microseconds.
        quota: u64,
    },
}

impl Group {
    /// Puts a process with all its threads under the share.
    pub fn admit(&self, pid: u32) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.write("cgroup.procs", pid),
            Self::Scope { user, unit, quota } => {
                let output = Command::new("busctl")
                    .args(user.then_some("--user"))
                    .args(scope_call(unit, pid, *quota))
                    .output()
                    .context("failed to run busctl")?;
                ensure!(
                    output.status.success(),
                    "failed to make a systemd scope: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                Ok(())
            }
        }
    }

    /// What the kernel counted so far; None for a scope.
    pub fn throttled(&self) -> Option<Throttled> {
        let Self::Directory(Directory(path)) = self else { return None };
        Some(parse_stat(&fs::read_to_string(path.join("cpu.stat")).ok()?))
    }
}

/// `StartTransientUnit` takes a process that already runs, which `systemd-run` does not.
fn scope_call(unit: &str, pid: u32, quota: u64) -> Vec<String> {
    let per_second = quota * 1_000_000 / PERIOD_US;
    let call = format!(
        "call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
         StartTransientUnit ssa(sv)a(sa(sv)) {unit} fail 3 PIDs au 1 {pid} \
         CPUQuotaPerSecUSec t {per_second} CPUQuotaPeriodUSec t {PERIOD_US} 0"
    );
    call.split_whitespace().map(str::to_owned).collect()
}

/// How often, and for how long, a group had used up its share.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Throttled {
    /// Periods in which it ran.
    pub periods: u64,
    /// Those in which it was stopped.
    pub throttled_periods: u64,
    /// For how long, in microseconds.
    pub throttled_us: f64,
}

impl Throttled {
    /// What came since an earlier reading.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            periods: self.periods - earlier.periods,
            throttled_periods: self.throttled_periods - earlier.throttled_periods,
            throttled_us: self.throttled_us - earlier.throttled_us,
        }
    }
}

fn parse_stat(text: &str) -> Throttled {
    let mut stat = Throttled::default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let value: u64 = value.parse().unwrap_or_default();
        match name {
            "nr_periods" => stat.periods = value,
            "nr_throttled" => stat.throttled_periods = value,
            // Version 1 counts nanoseconds, version 2 microseconds.
            "throttled_time" => stat.throttled_us = value as f64 / 1000.0,
            "throttled_usec" => stat.throttled_us = value as f64,
            _ => {}
        }
    }
    stat
}

/// A cgroup's directory, removed when dropped.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    fn make(parent: &Path, name: &str) -> Result<Self> {
        let path = parent.join(name);
        fs::create_dir(&path).with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Self(path))
    }

    fn write(&self, file: &str, value: impl std::fmt::Display) -> Result<()> {
        let path = self.0.join(file);
        fs::write(&path, value.to_string())
            .with_context(|| format!("failed to write {value} to {}", path.display()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Stops what is left in a group and removes it; the kernel needs a moment to let go of the dead.
fn remove(group: &Path) {
    for _ in 0..200 {
        let procs = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        for pid in procs.lines().filter_map(|line| line.parse().ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if fs::remove_dir(group).is_ok() || !group.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}-{count}", std::process::id())
}

/// Removes the groups of runs that were killed before they could.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_follows_the_memory() {
        assert_eq!([128, 512, 1769, 3538].map(quota_us), [1447, 5788, 20_000, 40_000]);
    }

    #[test]
    fn candidates_go_from_the_own_group_up() {
        let v1 = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
                  cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n";
        let directory = |path: &str| PathBuf::from(path);
        assert_eq!(
            candidates(v1, "4:cpu,cpuacct:/a\n1:name=systemd:/b\n"),
            [
                Throttle::V1(directory("/sys/fs/cgroup/cpu,cpuacct/a")),
                Throttle::V1(directory("/sys/fs/cgroup/cpu,cpuacct"))
            ]
        );
        assert_eq!(
            candidates("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "0::/user.slice/x\n"),
            [
                Throttle::V2(directory("/sys/fs/cgroup/user.slice/x")),
                Throttle::V2(directory("/sys/fs/cgroup/user.slice")),
                Throttle::V2(directory("/sys/fs/cgroup"))
            ]
        );
    }

    #[test]
    fn both_versions_of_the_statistics_are_read() {
        let expected = Throttled { periods: 9, throttled_periods: 4, throttled_us: 1500.0 };
        let v1 = "nr_periods 9\nnr_throttled 4\nthrottled_time 1500000\n";
        let v2 = "usage_usec 7\nnr_periods 9\nnr_throttled 4\nthrottled_usec 1500\n";
        assert_eq!([parse_stat(v1), parse_stat(v2)], [expected, expected]);
    }

    #[test]
    fn a_version_2_group_is_made_with_its_quota_and_removed() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let throttle = Throttle::V2(parent.path().to_owned());
        let group = throttle.group(128).expect("a directory to write to").expect("a group");
        let Group::Directory(Directory(path)) = &group else { panic!("a directory: {group:?}") };
        let path = path.clone();
        assert_eq!(fs::read_to_string(path.join("cpu.max")).expect("written"), "1447 20000");
        // A real cgroup's files vanish with it.
        fs::remove_file(path.join("cpu.max")).expect("just written");
        drop(group);
        assert!(!path.exists());
    }

    #[test]
    fn a_scope_is_asked_for_with_the_share_of_a_second() {
        let call = scope_call("x.scope", 7, 1447).join(" ");
        assert!(call.ends_with(
            "x.scope fail 3 PIDs au 1 7 CPUQuotaPerSecUSec t 72350 CPUQuotaPeriodUSec t 20000 0"
        ));
    }
}

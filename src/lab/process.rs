//! Starts one function process afresh and reads what it costs: CPU time, memory, page faults.
//!
//! Standard output and error share one pipe that is always drained, of which the last lines are
//! kept for the report of a failure. The process, and whatever it started, ends with this value.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill, killpg},
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::pipe,
    process::{Child, Command},
    task::JoinHandle,
};

use super::instructions::Instructions;

const KEPT_LINES: usize = 12;
const KEPT_LINE: usize = 300;

/// A running function.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: Pid,
    clock: ClockId,
    started: Instant,
    instructions: Option<Instructions>,
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

/// What to start, and with which variables: nothing else is inherited.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable.
    pub program: PathBuf,
    /// Its whole environment.
    pub env: Vec<(String, OsString)>,
}

/// What a process has used up of memory.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Memory {
    /// `VmHWM`: the most that was resident at once, in KiB.
    pub peak_rss_kib: u64,
    /// Page faults served from memory.
    pub minor_faults: u64,
    /// Page faults that had to read from disk.
    pub major_faults: u64,
}

impl Process {
    /// Starts the function.
    pub fn start(launch: &Launch) -> Result<Self> {
        let (reader, writer) = std::io::pipe().context("failed to make a pipe")?;
        let mut command = Command::new(&launch.program);
        command
            .env_clear()
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone().context("failed to share a pipe")?)
            .stderr(writer)
            // A Ctrl-C is for us; and what it starts is stopped with it.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = launch.program.parent() {
            command.current_dir(directory);
        }
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("failed to start {}", launch.program.display()))?;
        // The command holds the pipe's other end; the reader has to see when the function is gone.
        drop(command);
        let pid = Pid::from_raw(child.id().expect("not waited for yet").cast_signed());
        let instructions = Instructions::of(pid);
        let clock = clock_getcpuclockid(pid).context("failed to find the process's CPU clock")?;
        let lines = Arc::<Mutex<VecDeque<String>>>::default();
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))
            .context("failed to read the function's output")?;
        let reader = tokio::spawn(keep_last_lines(reader, Arc::clone(&lines)));
        Ok(Self { child, pid, clock, started, instructions, lines, reader })
    }

    /// The moment before it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// The CPU time it has used so far, all threads together.
    pub fn cpu(&self) -> Duration {
        self.clock.now().map(Duration::from).unwrap_or_default()
    }

    /// The instructions it has executed so far, where the kernel counts them.
    pub fn instructions(&mut self) -> Option<u64> {
        self.instructions.as_mut()?.read()
    }

    /// The memory it has used so far.
    pub fn memory(&self) -> Memory {
        let proc = Path::new("/proc").join(self.pid.to_string());
        let status = fs::read_to_string(proc.join("status")).unwrap_or_default();
        let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
        parse_memory(&status, &stat)
    }

    /// Resolves when it has exited, and whatever it started with it.
    pub async fn exited(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // At once: later, its number may be another's.
        self.kill_group();
        status
    }

    /// The last lines it wrote, once what is on its way has arrived.
    pub async fn last_lines(&mut self) -> Vec<String> {
        // A child of the function may hold the pipe open for longer.
        let _ = tokio::time::timeout(Duration::from_millis(200), &mut self.reader).await;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Asks it to end, as Lambda does where there is an extension, and waits for a moment.
    pub async fn terminate(&mut self) {
        let _ = kill(self.pid, Signal::SIGTERM);
        let _ = tokio::time::timeout(Duration::from_millis(300), self.exited()).await;
    }

    fn kill_group(&self) {
        let _ = killpg(self.pid, Signal::SIGKILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.reader.abort();
        // Not waited for yet.
        if self.child.id().is_some() {
            self.kill_group();
            let _ = self.child.start_kill();
        }
        // Its cgroup can only be removed once it is gone.
        for _ in 0..1000 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn keep_last_lines(pipe: pipe::Receiver, lines: Arc<Mutex<VecDeque<String>>>) {
    let mut pipe = BufReader::with_capacity(64 * 1024, pipe);
    let mut line = Vec::new();
    loop {
        // By the chunk, so that megabytes without a line break are not kept either.
        let (taken, complete) = match pipe.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(chunk) => {
                let end = chunk.iter().position(|byte| *byte == b'\n');
                let part = &chunk[..end.unwrap_or(chunk.len())];
                line.extend_from_slice(&part[..part.len().min(KEPT_LINE - line.len())]);
                (end.map_or(chunk.len(), |end| end + 1), end.is_some())
            }
        };
        pipe.consume(taken);
        if complete {
            keep(&mut line, &lines);
        }
    }
    keep(&mut line, &lines);
}

fn keep(line: &mut Vec<u8>, lines: &Mutex<VecDeque<String>>) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    line.clear();
    if text.is_empty() {
        return;
    }
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == KEPT_LINES {
        lines.pop_front();
    }
    lines.push_back(text);
}

fn parse_memory(status: &str, stat: &str) -> Memory {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|value| value.trim().split(' ').next()?.parse().ok());
    // The second field is the name, in parentheses and with any bytes: `minflt` is the tenth.
    let fields: Vec<&str> =
        stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
    let field = |number: usize| fields.get(number - 3).and_then(|value| value.parse().ok());
    Memory {
        peak_rss_kib: peak.unwrap_or_default(),
        minor_faults: field(10).unwrap_or_default(),
        major_faults: field(12).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_past_a_name_with_parentheses() {
        let status = "Name:\ta) b\nVmPeak:\t  9000 kB\nVmHWM:\t    1234 kB\n";
        let stat = "77 (a) b) S 1 77 77 0 -1 4194304 561 0 3 0 1 2 0 0 20 0 1 0 99 0 0";
        let expected = Memory { peak_rss_kib: 1234, minor_faults: 561, major_faults: 3 };
        assert_eq!(parse_memory(status, stat), expected);
    }
}

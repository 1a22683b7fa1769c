//! Runs cargo and rustc, also where a project names a toolchain that is not installed.
//!
//! rustup's proxies refuse to start there. Looking at a project compiles nothing, so another
//! toolchain answers as well, and a sentence says which. Nothing is installed unless the network
//! is allowed.

use std::{
    io,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

/// The variable that beats a project's toolchain file.
const CHOICE: &str = "RUSTUP_TOOLCHAIN";

/// The toolchain that answers for one project.
#[derive(Clone, Debug, Default)]
pub struct Toolchain {
    /// Whether tools may use the network.
    pub network: bool,
    instead: Arc<Mutex<Option<Instead>>>,
}

/// A toolchain that answers in place of one that is not here.
#[derive(Clone, Debug)]
struct Instead {
    name: String,
    why: String,
}

impl Toolchain {
    /// The one the project names, until that turns out not to be here.
    pub fn new(network: bool) -> Self {
        Toolchain { network, ..Toolchain::default() }
    }

    /// Runs a tool, a second time with another toolchain where the first does not even start.
    pub fn output(&self, command: &mut Command) -> io::Result<Output> {
        let child = self.start(command)?;
        self.finish(child, command)
    }

    /// Starts a tool, to be waited for by [`Toolchain::finish`].
    pub fn start(&self, command: &mut Command) -> io::Result<Child> {
        if !self.network {
            command.env("RUSTUP_AUTO_INSTALL", "0");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Waits for a tool that was started by `command`, as [`Toolchain::output`] does.
    pub fn finish(&self, child: Child, command: &mut Command) -> io::Result<Output> {
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(output);
        }
        match self.instead(command) {
            Some(instead) => command.env(CHOICE, instead.name).output(),
            None => Ok(output),
        }
    }

    /// What to know when another toolchain answered.
    pub fn note(&self) -> Option<String> {
        let instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        let Instead { name, why } = instead.as_ref()?;
        Some(format!("looked at the project with `{name}`: {why}"))
    }

    /// The toolchain to use instead, where it is rustup and not the tool that refused: the tool
    /// would at least have said its version.
    fn instead(&self, refused: &Command) -> Option<Instead> {
        let mut instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        if instead.is_none() {
            let mut probe = Command::new(refused.get_program());
            probe.arg("--version").env("RUSTUP_AUTO_INSTALL", "0");
            probe.current_dir(refused.get_current_dir().unwrap_or(".".as_ref()));
            let said = probe.output().ok().filter(|output| !output.status.success())?;
            let why = words(&String::from_utf8_lossy(&said.stderr)).into_iter().next()?;
            *instead = Some(Instead { name: installed()?, why });
        }
        instead.clone()
    }
}

/// The default toolchain, else any that is installed.
fn installed() -> Option<String> {
    let output = Command::new("rustup").args(["toolchain", "list"]).output().ok()?;
    let list = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let usable = || list.lines().filter(|line| !line.starts_with("no "));
    let line = usable().find(|line| line.contains("default")).or_else(|| usable().next())?;
    line.split_whitespace().next().map(str::to_owned)
}

/// What a tool complained of: its lines from the first error on, without the mark of it, or those of
/// a tool that it ran. rustup adds a backtrace of its own where `RUST_BACKTRACE` is set, which tells
/// nobody anything.
pub fn words(stderr: &str) -> Vec<String> {
    let stderr = stderr.split_once("--- stderr\n").map_or(stderr, |(_, inner)| inner);
    let lines = stderr.lines().map(str::trim).filter(|line| !matches!(*line, "" | "|"));
    let lines = lines.skip_while(|line| !line.starts_with("error"));
    let lines = lines.take_while(|line| *line != "Stack backtrace:");
    lines.map(|line| line.strip_prefix("error: ").unwrap_or(line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_starts_at_the_error_and_ends_before_a_backtrace() {
        let stderr = "info: syncing\nerror: toolchain 'x' is not installed\nhelp: run it\n\n\
                      Stack backtrace:\n   0: rustup::main\n";
        assert_eq!(words(stderr), ["toolchain 'x' is not installed", "help: run it"]);
        assert_eq!(words("warning: unused"), [""; 0]);
        let stderr = "error: failed to run `rustc`\n\nCaused by:\n  process didn't exit\n  \
                      --- stderr\n  error: no such target\n    |\n    = help: list them\n";
        assert_eq!(words(stderr), ["no such target", "= help: list them"]);
    }
}

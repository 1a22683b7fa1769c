//! Asks cargo for the resolved graph before the answer is needed.
//!
//! Resolving takes longer than everything else a check does, so it starts first, for the workspace
//! and target that are likely, and again once they are known if they are others. An answer to a
//! question that nobody comes to ask is dropped: guessing wrong costs time on another core.

use super::{cargo, toolchain::Toolchain};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread::{self, JoinHandle},
};

/// What `cargo metadata` is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// The folder of the workspace root.
    pub root: PathBuf,
    /// The folder with the manifest, where that is a scratch copy in which a lockfile is made.
    pub scratch: Option<PathBuf>,
    /// The triple to resolve for.
    pub target: String,
    /// Whether cargo may download what is missing.
    pub network: bool,
    /// The environment a build would see.
    pub env: BTreeMap<String, String>,
}

/// What went wrong when asking.
pub enum Refusal {
    /// Cargo was not run.
    Broken(String),
    /// Cargo refused, with these words.
    Said(String),
}

/// What it printed: a line of JSON, not yet read.
type Answer = Result<String, Refusal>;

/// The questions that were asked and not yet answered.
pub struct Ahead {
    toolchain: Toolchain,
    asked: BTreeMap<Ask, JoinHandle<Answer>>,
}

impl Ahead {
    /// Starts with what is likely: the nearest lockfile is the workspace's, and the function is
    /// built for Linux on the kind of machine this is. Without a lockfile nothing is likely.
    pub fn guess(manifest: &Path, env: &BTreeMap<String, String>, toolchain: &Toolchain) -> Self {
        let mut ahead = Ahead { toolchain: toolchain.clone(), asked: BTreeMap::new() };
        let above = manifest.ancestors().skip(1);
        if let Some(root) = above.into_iter().find(|folder| folder.join("Cargo.lock").is_file()) {
            ahead.start(Ask {
                root: root.to_owned(),
                scratch: None,
                target: format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
                network: toolchain.network,
                env: env.clone(),
            });
        }
        ahead
    }

    /// Whether nothing was asked.
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// Asks, if that was not asked before. Cargo already runs when this returns: a thread that
    /// started it would have to wait for a processor first.
    pub fn start(&mut self, ask: Ask) {
        let toolchain = &self.toolchain;
        self.asked.entry(ask).or_insert_with_key(|ask| {
            let (mut command, toolchain) = (ask.command(), toolchain.clone());
            let started = toolchain.start(&mut command);
            thread::spawn(move || {
                read(started.and_then(|child| toolchain.finish(child, &mut command)))
            })
        });
    }

    /// The answer, waiting for it as long as it takes.
    pub fn answer(&mut self, ask: &Ask) -> Answer {
        match self.asked.remove(ask).map(JoinHandle::join) {
            Some(Ok(answer)) => answer,
            _ => read(self.toolchain.output(&mut ask.command())),
        }
    }
}

impl Ask {
    fn command(&self) -> Command {
        let mut command = Command::new(cargo());
        command.envs(&self.env).current_dir(&self.root);
        command.args(["metadata", "--format-version", "1", "--color", "never"]);
        command.args(["--filter-platform", &self.target]);
        if self.scratch.is_none() {
            command.arg("--locked");
        }
        let manifest = self.scratch.as_ref().unwrap_or(&self.root).join("Cargo.toml");
        command.arg("--manifest-path").arg(manifest);
        if !self.network {
            command.arg("--offline");
        }
        command
    }
}

fn read(output: io::Result<Output>) -> Answer {
    let Output { status, stdout, stderr } = output
        .map_err(|error| Refusal::Broken(format!("`cargo metadata` did not run: {error}")))?;
    if !status.success() {
        return Err(Refusal::Said(String::from_utf8_lossy(&stderr).into_owned()));
    }
    Ok(String::from_utf8(stdout).unwrap_or_default())
}

//! Counts the instructions a function executes in user space, where the kernel gives it a hardware
//! counter: most virtual machines have none, and then there is simply no such figure.

use nix::unistd::Pid;
use perf_event::{Builder, Counter, events::Hardware};

/// A running count.
#[derive(Debug)]
pub struct Instructions(Counter);

impl Instructions {
    /// Starts to count for a process and the threads it will start.
    pub fn of(process: Pid) -> Option<Self> {
        let mut counter = Builder::new(Hardware::INSTRUCTIONS)
            .observe_pid(process.as_raw())
            .inherit(true)
            .build()
            .ok()?;
        counter.enable().ok()?;
        Some(Self(counter))
    }

    /// How many there were.
    pub fn read(&mut self) -> Option<u64> {
        self.0.read().ok()
    }
}

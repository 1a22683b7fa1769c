//! The raw samples of one function process, as they are kept in the JSON report. Times are in
//! microseconds; nothing in here is rounded, averaged or left out.

use serde::{Deserialize, Serialize};

use super::{cgroup::Throttled, process::Memory, stats::mean};

/// One fresh process: its init, its first invocation and its warm ones, if any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The round it belongs to; in each, every variant and memory size has one process.
    pub round: u32,
    /// From the start of the process to its first `next`, at full speed.
    pub init_us: f64,
    /// CPU time used by then.
    pub init_cpu_us: f64,
    /// The first invocation, under the CPU share.
    pub first: Invocation,
    /// Warm invocations that arrive after a pause.
    #[serde(default, skip_serializing_if = "Series::is_empty")]
    pub paced: Series,
    /// Warm invocations that arrive as soon as the one before is done.
    #[serde(default, skip_serializing_if = "Series::is_empty")]
    pub back_to_back: Series,
    /// The items in DynamoDB afterwards, where the function says how many there should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Items>,
    /// Memory used by the whole process; None for one that only started and answered once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Instructions executed, where the kernel counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Instructions>,
}

/// One invocation.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Invocation {
    /// From the event to the next `next`: what Lambda calls the duration.
    pub duration_us: f64,
    /// From the event to the complete answer: what the caller waits for.
    pub response_us: f64,
    /// From the event to the answer's first byte.
    pub first_byte_us: f64,
    /// CPU time of the process.
    pub cpu_us: f64,
    /// Periods, and those in which it was throttled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
}

/// Warm invocations, one after the other, a column each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    /// See [`Invocation::duration_us`].
    pub duration_us: Vec<f64>,
    /// See [`Invocation::response_us`].
    pub response_us: Vec<f64>,
    /// See [`Invocation::first_byte_us`].
    pub first_byte_us: Vec<f64>,
    /// See [`Invocation::cpu_us`].
    pub cpu_us: Vec<f64>,
    /// Periods, and those throttled, over the whole series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
}

/// Items in DynamoDB after a process has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// As many as the invocations should have written.
    pub expected: u64,
    /// As many as there were.
    pub counted: u64,
}

/// Instructions in user space, by phase.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Instructions {
    /// In init.
    pub init: u64,
    /// In the first invocation.
    pub first: u64,
    /// In all warm invocations together.
    pub warm: u64,
}

impl Run {
    /// Init and the first invocation: what the unlucky caller waits for.
    pub fn cold_us(&self) -> f64 {
        self.init_us + self.first.duration_us
    }

    /// How many events the function has answered.
    pub fn invocations(&self) -> u64 {
        1 + self.warm().count() as u64
    }

    /// CPU time per warm invocation, on average.
    pub fn warm_cpu_us(&self) -> Option<f64> {
        mean(&self.warm().copied().collect::<Vec<f64>>())
    }

    fn warm(&self) -> impl Iterator<Item = &f64> {
        self.paced.cpu_us.iter().chain(&self.back_to_back.cpu_us)
    }
}

impl Series {
    /// Whether there is no invocation.
    pub fn is_empty(&self) -> bool {
        self.duration_us.is_empty()
    }

    /// Adds an invocation.
    pub fn push(&mut self, invocation: Invocation) {
        self.duration_us.push(invocation.duration_us);
        self.response_us.push(invocation.response_us);
        self.first_byte_us.push(invocation.first_byte_us);
        self.cpu_us.push(invocation.cpu_us);
    }
}

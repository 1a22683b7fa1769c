//! Tells how quiet a machine was while something was measured: which share of its processors other
//! programs took, and which its hypervisor gave to others. It turns two readings of the kernel's
//! counters into shares, and judges nothing.

use std::{fs, thread, time::Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// Above this, a machine was not quiet.
const QUIET: f64 = 0.05;

/// Shares of all processors' time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// What neither the lab nor a function used.
    pub others: f64,
    /// What the hypervisor took away.
    pub stolen: f64,
}

/// A first reading.
#[derive(Debug)]
pub struct Listening {
    since: Instant,
    ticks: Ticks,
    own: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ticks {
    busy: f64,
    stolen: f64,
    all: f64,
}

impl Listening {
    /// Reads the counters; None where there are none.
    pub fn start() -> Option<Self> {
        Some(Self { since: Instant::now(), ticks: ticks()?, own: own_seconds()? })
    }

    /// Reads them again.
    pub fn noise(&self) -> Option<Noise> {
        let cpus = thread::available_parallelism().map_or(1, usize::from) as f64;
        let own = (own_seconds()? - self.own) / (self.since.elapsed().as_secs_f64() * cpus);
        Noise::between(self.ticks, ticks()?, own)
    }
}

impl Noise {
    fn between(earlier: Ticks, later: Ticks, own: f64) -> Option<Self> {
        let all = later.all - earlier.all;
        (all > 0.0).then(|| Self {
            // The kernel counts by the tick, and may miss some of what is ours.
            others: ((later.busy - earlier.busy) / all - own).max(0.0),
            stolen: (later.stolen - earlier.stolen) / all,
        })
    }

    /// In a sentence.
    pub fn describe(&self) -> String {
        let noisy = self.others + self.stolen > QUIET;
        let start = if noisy { "The machine was not quiet: other" } else { "Other" };
        let [others, stolen] = [self.others, self.stolen].map(|share| share * 100.0);
        format!(
            "{start} programs took {others:.1} % of its processors meanwhile, and a hypervisor {stolen:.1} %."
        )
    }
}

fn ticks() -> Option<Ticks> {
    parse(&fs::read_to_string("/proc/stat").ok()?)
}

/// The line of all processors: user, nice, system, idle, iowait, irq, softirq, steal.
fn parse(stat: &str) -> Option<Ticks> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let fields: Vec<f64> = fields.map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, idle, waiting, irq, softirq, stolen, ..] = fields[..] else {
        return None;
    };
    let busy = user + nice + system + irq + softirq;
    Some(Ticks { busy, stolen, all: busy + idle + waiting + stolen })
}

/// CPU time of this process and of those it waited for.
fn own_seconds() -> Option<f64> {
    let of = |who| {
        let usage = getrusage(who).ok()?;
        let seconds =
            |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        Some(seconds(usage.user_time()) + seconds(usage.system_time()))
    };
    Some(of(UsageWho::RUSAGE_SELF)? + of(UsageWho::RUSAGE_CHILDREN)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_noise() {
        let earlier = parse("cpu  100 0 50 1000 10 0 0 5 0 0\ncpu0 1 2\n").expect("a reading");
        assert_eq!(earlier, Ticks { busy: 150.0, stolen: 5.0, all: 1165.0 });
        let later = Ticks { busy: 180.0, stolen: 15.0, all: 1265.0 };
        let noise = Noise::between(earlier, later, 0.25).expect("time has passed");
        assert!((noise.others - 0.05).abs() < 1e-9 && (noise.stolen - 0.1).abs() < 1e-9);
        assert_eq!(
            noise.describe(),
            "The machine was not quiet: other programs took 5.0 % of its processors meanwhile, and a \
             hypervisor 10.0 %."
        );
        // More than the kernel saw was ours.
        assert_eq!(Noise::between(earlier, later, 0.5).map(|noise| noise.others), Some(0.0));
        assert_eq!(Noise::between(earlier, earlier, 0.0), None);
        assert_eq!(parse("intr 1 2 3"), None);
    }
}

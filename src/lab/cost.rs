//! Turns durations into money: what a million requests cost, init included, by the dated price
//! table beside this file. The durations are those of the local model, so this is an estimate of
//! proportions; for the architecture that was not measured, the same durations are assumed.

use serde::{Deserialize, Serialize};

use super::sample::Run;

/// The price table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When it was read.
    pub date: String,
    /// For which region.
    pub region: String,
    /// In which currency.
    pub currency: String,
    /// For a million requests.
    pub per_million_requests: f64,
    /// To which a duration is rounded up.
    pub granularity_ms: f64,
    /// For a GB for a second.
    pub per_gb_second: PerArchitecture,
}

/// A figure for each architecture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerArchitecture {
    /// For x86_64.
    pub x86_64: f64,
    /// For arm64.
    pub arm64: f64,
}

/// How a function is used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests.
    pub requests: u64,
    /// The share of them that meet a cold start.
    pub cold_share: f64,
}

/// What a usage costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// A cold request's billed duration, init included, on average.
    pub billed_cold_ms: f64,
    /// A warm request's, on average.
    pub billed_warm_ms: f64,
    /// All requests.
    pub total: PerArchitecture,
}

impl Prices {
    /// The table of this build.
    pub fn table() -> Self {
        toml::from_str(include_str!("prices.toml")).expect("a test reads the table")
    }

    /// What a usage costs at a memory size, by these runs; None of no runs.
    pub fn cost(&self, usage: Usage, memory_mb: u32, runs: &[Run]) -> Option<Cost> {
        let billed_cold_ms = self.billed(runs.iter().map(Run::cold_us))?;
        let warm = runs.iter().flat_map(|run| &run.paced.duration_us).copied();
        let billed_warm_ms = self.billed(warm).unwrap_or(billed_cold_ms);
        let average = usage.cold_share * billed_cold_ms + (1.0 - usage.cold_share) * billed_warm_ms;
        let requests = usage.requests as f64;
        let gb_seconds = requests * average / 1000.0 * f64::from(memory_mb) / 1024.0;
        let calls = requests / 1e6 * self.per_million_requests;
        let total = |price: f64| calls + gb_seconds * price;
        let per = self.per_gb_second;
        let total = PerArchitecture { x86_64: total(per.x86_64), arm64: total(per.arm64) };
        Some(Cost { billed_cold_ms, billed_warm_ms, total })
    }

    /// The mean of durations in microseconds, each rounded up, in milliseconds.
    fn billed(&self, durations: impl Iterator<Item = f64>) -> Option<f64> {
        let step = self.granularity_ms;
        let billed: Vec<f64> = durations.map(|us| (us / 1000.0 / step).ceil() * step).collect();
        (!billed.is_empty()).then(|| billed.iter().sum::<f64>() / billed.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::sample::{Invocation, Series};

    #[test]
    fn a_million_requests_are_priced_with_their_cold_starts() {
        let run = Run {
            round: 0,
            init_us: 99_500.0,
            init_cpu_us: 0.0,
            first: Invocation { duration_us: 900_000.0, ..Invocation::default() },
            paced: Series { duration_us: vec![9_100.0, 10_000.0], ..Series::default() },
            back_to_back: Series::default(),
            memory: None,
            instructions: None,
            items: None,
        };
        let usage = Usage { requests: 1_000_000, cold_share: 0.01 };
        let cost = Prices::table().cost(usage, 1024, &[run]).expect("a run");
        assert_eq!((cost.billed_cold_ms, cost.billed_warm_ms), (1000.0, 10.0));
        // 1 % of 1 s and 99 % of 10 ms are 19.9 ms, at 1 GB.
        assert!((cost.total.x86_64 - (0.20 + 19_900.0 * 0.000_016_666_7)).abs() < 1e-9);
        assert!((cost.total.arm64 - (0.20 + 19_900.0 * 0.000_013_333_4)).abs() < 1e-9);
    }
}

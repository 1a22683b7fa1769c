//! What is read from the raw samples: each metric says which samples it takes, and what one process
//! has of it. Processes of the same round are compared, which ran within seconds of each other, and
//! not invocations: those of one process are no independent samples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    process::Memory,
    results::Cell,
    sample::Run,
    stats::{Ratio, mean, median},
};

/// Something that is measured. Times are in microseconds, memory in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// From the start of the process to its first `next`.
    Init,
    /// CPU time used by then.
    InitCpu,
    /// The first invocation.
    First,
    /// Its CPU time.
    FirstCpu,
    /// Init and the first invocation.
    Cold,
    /// Warm invocations after a pause.
    Warm,
    /// What they take on average: what is paid for, and steady where a median is not, because CPU
    /// time near the share makes invocations either quick or throttled.
    WarmMean,
    /// Until the first byte of their answers.
    WarmFirstByte,
    /// Warm invocations without a pause.
    BackToBack,
    /// What they take on average.
    BackToBackMean,
    /// CPU time of a warm invocation.
    WarmCpu,
    /// The share of periods in which warm invocations without a pause were throttled.
    Throttled,
    /// The most memory that was resident.
    PeakRss,
    /// Page faults, served from memory.
    MinorFaults,
    /// Page faults that read from disk.
    MajorFaults,
    /// Instructions of init and the first invocation.
    ColdInstructions,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Init,
        Self::InitCpu,
        Self::First,
        Self::FirstCpu,
        Self::Cold,
        Self::Warm,
        Self::WarmMean,
        Self::WarmFirstByte,
        Self::BackToBack,
        Self::BackToBackMean,
        Self::WarmCpu,
        Self::Throttled,
        Self::PeakRss,
        Self::MinorFaults,
        Self::MajorFaults,
        Self::ColdInstructions,
    ];

    /// All samples of all processes.
    pub fn samples(self, runs: &[Run]) -> Vec<f64> {
        runs.iter().flat_map(|run| self.of(run)).collect()
    }

    /// One figure for each round: the median of its processes.
    fn by_round(self, runs: &[Run]) -> BTreeMap<u32, f64> {
        let mut rounds: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for run in runs {
            let figure = match self {
                // The mean: what all invocations together take is what counts.
                Self::WarmCpu => run.warm_cpu_us(),
                _ => Some(median(&self.of(run))).filter(|value| !value.is_nan()),
            };
            rounds.entry(run.round).or_default().extend(figure);
        }
        rounds.retain(|_, figures| !figures.is_empty());
        rounds.into_iter().map(|(round, figures)| (round, median(&figures))).collect()
    }

    fn of(self, run: &Run) -> Vec<f64> {
        let memory = |of: fn(&Memory) -> u64| run.memory.iter().map(|it| of(it) as f64).collect();
        match self {
            Self::Init => vec![run.init_us],
            Self::InitCpu => vec![run.init_cpu_us],
            Self::First => vec![run.first.duration_us],
            Self::FirstCpu => vec![run.first.cpu_us],
            Self::Cold => vec![run.cold_us()],
            Self::Warm => run.paced.duration_us.clone(),
            Self::WarmMean => mean(&run.paced.duration_us).into_iter().collect(),
            Self::WarmFirstByte => run.paced.first_byte_us.clone(),
            Self::BackToBack => run.back_to_back.duration_us.clone(),
            Self::BackToBackMean => mean(&run.back_to_back.duration_us).into_iter().collect(),
            Self::WarmCpu => [run.paced.cpu_us.clone(), run.back_to_back.cpu_us.clone()].concat(),
            Self::Throttled => run
                .back_to_back
                .throttled
                .filter(|throttled| throttled.periods > 0)
                .map(|throttled| throttled.throttled_periods as f64 / throttled.periods as f64)
                .into_iter()
                .collect(),
            Self::PeakRss => memory(|memory| memory.peak_rss_kib),
            Self::MinorFaults => memory(|memory| memory.minor_faults),
            Self::MajorFaults => memory(|memory| memory.major_faults),
            Self::ColdInstructions => run
                .instructions
                .map(|count| (count.init + count.first) as f64)
                .into_iter()
                .collect(),
        }
    }
}

/// A variant's metric against the baseline's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The variant.
    pub variant: String,
    /// What it is compared with.
    pub baseline: String,
    /// At which memory size.
    pub memory_mb: u32,
    /// In what.
    pub metric: Metric,
    /// How many times as much the baseline takes.
    #[serde(flatten)]
    pub ratio: Ratio,
    /// Whether there is a difference beyond chance.
    pub significant: bool,
}

/// Compares every cell with the baseline's of the same memory size.
pub fn compare(cells: &[Cell], baseline: &str) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for cell in cells.iter().filter(|cell| cell.variant != baseline) {
        let matching =
            |other: &&Cell| other.variant == baseline && other.memory_mb == cell.memory_mb;
        let Some(base) = cells.iter().find(matching) else { continue };
        for metric in Metric::ALL {
            let [base, own] = [base, cell].map(|cell| metric.by_round(&cell.runs));
            let pairs = own.iter().filter_map(|(round, own)| Some((*base.get(round)?, *own)));
            let Some(ratio) = Ratio::of(pairs) else { continue };
            comparisons.push(Comparison {
                variant: cell.variant.clone(),
                baseline: baseline.to_owned(),
                memory_mb: cell.memory_mb,
                metric,
                significant: ratio.significant(),
                ratio,
            });
        }
    }
    comparisons
}

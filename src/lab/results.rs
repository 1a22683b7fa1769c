//! The result of a run, which is also the JSON report, `"schema": 1`: where and how it was measured,
//! every raw sample, and what was computed from them. A page can be drawn from it alone. It holds no
//! path of the machine but the manifests' as they were given.

use serde::{Deserialize, Serialize};

use super::{
    build::Built,
    cost::{Cost, Prices, Usage},
    host::{Host, Source},
    metric::{Comparison, Metric},
    plan::Table,
    quiet::Noise,
    sample::{Items, Run},
    spec::Spec,
    stats::Summary,
};

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// Everything about a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// `bench`.
    pub reason: String,
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The version of this tool.
    pub version: String,
    /// When it was measured, in UTC.
    pub created: String,
    /// What the figures are, and are not, in a sentence or two.
    pub statement: String,
    /// The machine.
    pub host: Host,
    /// What stands in for Lambda.
    pub model: Model,
    /// How the functions were exercised.
    pub settings: Settings,
    /// What the emulator itself takes.
    pub overhead: Overhead,
    /// What else the machine did while the functions were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// The variants, in the order they were given.
    pub variants: Vec<Variant>,
    /// One for each variant and memory size.
    pub cells: Vec<Cell>,
    /// The variant that the others are compared with.
    pub baseline: String,
    /// Each variant against the baseline.
    pub comparisons: Vec<Comparison>,
    /// What the costs are computed from.
    pub prices: Prices,
    /// See [`Usage`].
    pub usage: Usage,
}

/// What stands in for Lambda.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// How the CPU share is held: `cgroup v1`, `cgroup v2`, `systemd scope` or `none`.
    pub cpu_share: String,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unthrottled_because: Option<String>,
    /// The period of the quota.
    pub period_us: u64,
    /// Whether processors were kept from sleeping, so that waking one was not measured.
    #[serde(default)]
    pub kept_awake: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_awake_because: Option<String>,
    /// How the run's own authority is trusted: `layout` or `env`.
    pub trust_store: String,
    /// Why it is not the layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_layout_because: Option<String>,
    /// How many roots a function finds.
    pub roots: usize,
    /// What answers as AWS.
    pub aws: String,
    /// What the model rests on.
    pub evidence: Vec<String>,
}

/// How the functions were exercised.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Fresh processes, for each variant and memory size.
    pub runs: u32,
    /// Further fresh processes that only started and answered once, spread among the others; of
    /// variants that start quickly there are more.
    #[serde(default)]
    pub cold_runs: u32,
    /// Warm invocations of each after a pause.
    pub invocations: u32,
    /// The pause, in milliseconds, on average.
    pub arrival_ms: f64,
    /// Over how many milliseconds around it pauses were spread, to meet all of a quota's period.
    #[serde(default)]
    pub arrival_spread_ms: f64,
    /// Warm invocations of each without a pause.
    pub back_to_back: u32,
    /// Whether the binary was dropped from the page cache before each start.
    pub cold_cache: bool,
    /// Whether each variant is a step on top of the one before it.
    #[serde(default)]
    pub stepwise: bool,
    /// `ABBA`: rounds go forth and back through the variants.
    pub order: String,
}

/// What an invocation of a trivial function takes, in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overhead {
    /// With the emulator.
    pub summary: Summary,
    /// With a bare socket in its place; the difference is what the emulator adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<Summary>,
    /// The samples.
    pub samples_us: Vec<f64>,
}

/// A variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// How it was asked for.
    #[serde(flatten)]
    pub spec: Spec,
    /// The package.
    pub function: String,
    /// The rules whose fixes were applied to a copy before it was built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<String>,
    /// Its tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// The state of its source.
    pub source: Source,
    /// The binary; None if it could not be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Built>,
    /// Why it could not be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A variant at a memory size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// The variant's name.
    pub variant: String,
    /// The memory size.
    pub memory_mb: u32,
    /// The raw samples.
    pub runs: Vec<Run>,
    /// Of all samples of all runs.
    pub summaries: Vec<Summarised>,
    /// The items of all runs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Items>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Why it could not be measured, or not to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A summary of a metric's samples.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Summarised {
    /// What was measured.
    pub metric: Metric,
    /// What came out.
    #[serde(flatten)]
    pub summary: Summary,
}

impl Variant {
    /// Why it could not be built, in a line.
    pub fn fault(&self) -> Option<String> {
        Some(format!("{}: {}", self.spec.name, self.fault.as_ref()?))
    }
}

impl Cell {
    /// A cell of raw samples, with what is computed from them.
    pub fn new(
        variant: &str,
        memory_mb: u32,
        runs: Vec<Run>,
        fault: Option<String>,
        prices: &Prices,
        usage: Usage,
    ) -> Self {
        let summaries = Metric::ALL.iter().filter_map(|metric| {
            let summary = Summary::of(&metric.samples(&runs))?;
            Some(Summarised { metric: *metric, summary })
        });
        let items = runs.iter().filter_map(|run| run.items).reduce(|sum, items| Items {
            expected: sum.expected + items.expected,
            counted: sum.counted + items.counted,
        });
        Self {
            variant: variant.to_owned(),
            memory_mb,
            summaries: summaries.collect(),
            items,
            cost: prices.cost(usage, memory_mb, &runs),
            fault,
            runs,
        }
    }

    /// The summary of a metric, if there are samples.
    pub fn summary(&self, metric: Metric) -> Option<Summary> {
        let found = self.summaries.iter().find(|summarised| summarised.metric == metric)?;
        Some(found.summary)
    }
}

impl Results {
    /// The comparison of a cell with the baseline's.
    pub fn comparison(&self, cell: &Cell, metric: Metric) -> Option<&Comparison> {
        self.comparisons.iter().find(|comparison| {
            comparison.variant == cell.variant
                && comparison.memory_mb == cell.memory_mb
                && comparison.metric == metric
        })
    }

    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.spec.name == name)
    }

    /// What could not be measured, a line each.
    pub fn faults(&self) -> Vec<String> {
        let built = self.variants.iter().filter_map(Variant::fault);
        let measured = self.cells.iter().filter_map(|cell| {
            let fault = cell.fault.as_ref()?;
            Some(format!("{} at {} MB: {fault}", cell.variant, cell.memory_mb))
        });
        let lost = self.cells.iter().filter_map(|cell| {
            let items = cell.items.filter(|items| items.expected != items.counted)?;
            Some(format!(
                "{} at {} MB: {} items in DynamoDB after invocations that should have written {}",
                cell.variant, cell.memory_mb, items.counted, items.expected
            ))
        });
        built.chain(measured).chain(lost).collect()
    }
}

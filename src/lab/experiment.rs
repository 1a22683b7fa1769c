//! One run of the lab as a whole: finds the functions of some variants, builds them, measures those
//! that could be built, and computes the [`Results`]. What goes wrong with one variant is recorded
//! with it and does not stop the others.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    bench::{self, Conditions, Measured, Progress, Step, Subject, Trust},
    build::{self, Built},
    cgroup::{PERIOD_US, Throttle},
    cost::{Prices, Usage},
    host::{Host, Source},
    metric::compare,
    plan::Function,
    results::{Cell, Model, Overhead, Results, SCHEMA, Settings, Variant},
    schedule,
    spec::Spec,
    stats::Summary,
};

/// The memory sizes of a function that declares none.
const MEMORY: [u32; 1] = [128];

/// What to measure.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The variants.
    pub specs: Vec<Spec>,
    /// The function of variants that name none.
    pub path: PathBuf,
    /// A target directory, instead of each function's own.
    pub target: Option<PathBuf>,
    /// Memory sizes, instead of those declared.
    pub memory: Vec<u32>,
    /// An event, instead of the one declared.
    pub payload: Option<PathBuf>,
    /// Variables for all functions, before those of a variant.
    pub env: BTreeMap<String, String>,
    /// How to measure.
    pub conditions: Conditions,
    /// The variant to compare with; the first one if it is None.
    pub baseline: Option<String>,
    /// Whether each variant is a step on top of the one before it.
    pub stepwise: bool,
    /// What to price.
    pub usage: Usage,
    /// Whether a builder's own progress goes to the terminal.
    pub show_builds: bool,
}

/// Variants that are built, or of which it is known why not.
pub struct Prepared {
    baseline: String,
    variants: Vec<Variant>,
    subjects: Vec<Subject>,
}

impl Prepared {
    /// Which could not be built, and why, a line each.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.variants.iter().filter_map(Variant::fault)
    }
}

/// A copy of a function with fixes applied.
pub struct Applied {
    /// The copy's manifest.
    pub manifest: PathBuf,
    /// The rules whose fixes were applied.
    pub rules: Vec<String>,
}

/// Makes the copy that a variant with [`Spec::apply`] asks for, of the function at a path. The lab
/// measures what it is given, and does not know how it came about.
pub type Apply<'a> = &'a dyn Fn(&Spec, &Path) -> Result<Applied>;

impl Experiment {
    /// Builds all variants.
    pub fn build(&self, apply: Apply<'_>, progress: Progress<'_>) -> Result<Prepared> {
        let baseline = self.baseline()?;
        let mut variants = Vec::new();
        let mut subjects = Vec::new();
        for spec in &self.specs {
            progress(Step::Build(&spec.name));
            match self.prepare(spec, apply) {
                Ok((variant, subject)) => {
                    variants.push(variant);
                    subjects.push(subject);
                }
                Err(error) => variants.push(Variant {
                    spec: spec.clone(),
                    function: String::new(),
                    applied: Vec::new(),
                    tables: Vec::new(),
                    source: Source::default(),
                    binary: None,
                    fault: Some(format!("{error:#}")),
                }),
            }
        }
        Ok(Prepared { baseline, variants, subjects })
    }

    /// Measures what was built, and computes.
    pub fn measure(&self, built: Prepared, progress: Progress<'_>) -> Result<Results> {
        let measured = bench::measure(&built.subjects, &self.conditions, progress)?;
        Ok(self.results(built, measured))
    }

    fn baseline(&self) -> Result<String> {
        let mut names: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        let wanted = self.baseline.as_deref().or(names.first().copied());
        let wanted = wanted.context("failed to find a variant to measure")?.to_owned();
        if !names.contains(&wanted.as_str()) {
            bail!("failed to find the baseline {wanted}; the variants are {}", names.join(", "));
        }
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        ensure!(twice.is_none(), "failed to tell two variants named {} apart", names[0]);
        Ok(wanted)
    }

    fn prepare(&self, spec: &Spec, apply: Apply<'_>) -> Result<(Variant, Subject)> {
        let path = spec.path.as_ref().unwrap_or(&self.path);
        let find = |path| Function::find(path, spec.package.as_deref(), spec.bin.as_deref());
        let mut function = find(path)?;
        let target = self.target.clone().unwrap_or_else(|| function.target.clone());
        let mut applied = Vec::new();
        if !spec.apply.is_empty() {
            let copy = apply(spec, path)?;
            function = find(&copy.manifest)?;
            applied = copy.rules;
        }
        let built = match &spec.binary {
            Some(binary) => Built::existing(binary)?,
            None => build::build(&function, spec, &target, self.show_builds)?,
        };
        let mut env = function.deploy_env.clone();
        for variables in [&function.declared.env, &self.env, &spec.env] {
            env.extend(variables.clone());
        }
        let memory = [self.memory.as_slice(), &function.declared.memory, &MEMORY];
        let memory = memory.into_iter().find(|sizes| !sizes.is_empty()).unwrap_or_default();
        let subject = Subject {
            name: spec.name.clone(),
            function: Arc::from(function.bin.as_str()),
            built: built.clone(),
            env,
            payload: function.payload(self.payload.as_deref())?,
            tables: function.declared.tables.clone(),
            memory: memory.to_vec(),
        };
        let source = Source::of(path_directory(path), &function.workspace);
        let variant = Variant {
            spec: spec.clone(),
            function: function.package,
            applied,
            tables: function.declared.tables,
            source,
            binary: Some(built),
            fault: None,
        };
        Ok((variant, subject))
    }

    fn results(
        &self,
        Prepared { baseline, variants, subjects }: Prepared,
        measured: Measured,
    ) -> Results {
        let prices = Prices::table();
        let cells = measured.cells.into_iter().map(|raw| {
            let name = &subjects[raw.subject].name;
            Cell::new(name, raw.memory_mb, raw.runs, raw.fault, &prices, self.usage)
        });
        let cells: Vec<Cell> = cells.collect();
        let host = Host::this();
        let exercise = &self.conditions.exercise;
        let throttle = &measured.throttle;
        Results {
            reason: "bench".into(),
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            created: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            statement: statement(&host, throttle),
            model: Model {
                cpu_share: throttle.name().into(),
                unthrottled_because: match throttle {
                    Throttle::Off(why) => Some(why.clone()),
                    _ => None,
                },
                period_us: PERIOD_US,
                kept_awake: measured.not_awake_because.is_none(),
                not_awake_because: measured.not_awake_because,
                trust_store: match measured.trust {
                    Trust::Layout => "layout".into(),
                    Trust::Env => "env".into(),
                },
                no_layout_because: measured.no_layout_because,
                roots: measured.roots,
                aws: measured.aws,
                evidence: EVIDENCE.map(str::to_owned).to_vec(),
            },
            settings: Settings {
                runs: self.conditions.runs,
                cold_runs: self.conditions.cold_runs,
                invocations: exercise.invocations,
                arrival_ms: exercise.arrival.as_secs_f64() * 1000.0,
                arrival_spread_ms: schedule::spread(exercise.arrival).as_secs_f64() * 1000.0,
                back_to_back: exercise.back_to_back,
                cold_cache: self.conditions.cold_cache,
                stepwise: self.stepwise,
                order: "ABBA".into(),
            },
            overhead: Overhead {
                summary: Summary::of(&measured.overhead_us).expect("a trivial function answers"),
                bare: Summary::of(&measured.bare_us),
                samples_us: measured.overhead_us,
            },
            noise: measured.noise,
            comparisons: compare(&cells, &baseline),
            host,
            variants,
            cells,
            baseline,
            prices,
            usage: self.usage,
        }
    }
}

fn path_directory(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

/// What the model of the CPU share rests on.
const EVIDENCE: [&str; 3] = [
    "1,769 MB are one vCPU, linear: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html",
    "Init runs at full speed whatever the memory size (not documented by AWS; community measurements): \
     https://lucvandonkersgoed.com/2022/04/09/when-is-the-lambda-init-phase-free-and-when-is-it-billed/",
    "Init takes as long at 128 MB as at 1,024 MB, while the first invocation follows the share: \
     https://maxday.github.io/lambda-perf/",
];

fn statement(host: &Host, throttle: &Throttle) -> String {
    let share = match throttle {
        Throttle::Off(why) => {
            format!("no CPU share is applied ({why}), so every memory size runs at full speed")
        }
        _ => format!(
            "Lambda's CPU share is modelled (full speed in init, then memory/1769 of a core by {})",
            throttle.name()
        ),
    };
    format!(
        "Local emulation, not AWS: measured on {}; {share}. The ratios are the result, the \
         milliseconds are this machine's.",
        host.describe()
    )
}

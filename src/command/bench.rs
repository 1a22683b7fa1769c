//! `bench`: turns the command line into an [`Experiment`] and its results into reports. It decides
//! what is shown where; what is measured, and how, is the lab's.

use std::{
    collections::BTreeMap,
    fs,
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

mod applied;

use crate::{
    command::{Exit, Streams},
    facts::Panic,
    lab::{
        bench::{Conditions, Step, Trust},
        cost::Usage,
        experiment::{Applied, Experiment},
        reference,
        report::{Format, render},
        session::Exercise,
        spec::{Builder, Spec},
    },
    rule,
};

/// Measure cold start, warm run, memory, size and cost on this machine, without an AWS account
///
/// Starts fresh processes of each variant against an emulated Runtime API and DynamoDB, with
/// Lambda's CPU share modelled, and compares medians. Tables, events, variables and memory sizes are
/// declared in `[package.metadata.lambda-lean.bench]`.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// Path to the function's Cargo.toml
    #[arg(long, value_name = "PATH", default_value = "Cargo.toml")]
    manifest_path: PathBuf,
    /// The package, where there are several
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    /// The binary, where there are several
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// Another function to measure beside the first, by its directory (repeatable)
    #[arg(long, value_name = "DIR")]
    function: Vec<PathBuf>,
    /// A way to build and run a function: NAME=key=value,key=value (repeatable)
    ///
    /// Keys: builder (cargo or cargo-lambda), features (separated by +), no-default-features; of the
    /// release profile: opt-level, lto, codegen-units, panic, strip, debug, overflow-checks; env.NAME
    /// for the function's variables, build-env.NAME for the build's; path, package and bin for
    /// another function, binary for one that is already built; apply for a copy of the function in
    /// which `apply` has made its changes: all, or rules separated by +, with `panic` as its choice.
    #[arg(long, value_name = "VARIANT")]
    variant: Vec<Spec>,
    /// Measure the function as it is, and as `apply --all` would leave it
    #[arg(long, conflicts_with_all = ["variant", "function"])]
    apply: bool,
    /// Like `--apply`, with a row for each rule, applied on top of those above it
    #[arg(long, conflicts_with_all = ["variant", "function", "apply"])]
    steps: bool,
    /// The panic strategy that `--apply` and `--steps` write where one has to be chosen
    #[arg(long, value_enum, value_name = "STRATEGY")]
    panic: Option<Panic>,
    /// Permit cargo to use the network while fixes are tried
    #[arg(long)]
    allow_network: bool,
    /// What builds functions that no variant is given for
    #[arg(long, value_name = "BUILDER", default_value = "cargo")]
    builder: Builder,
    /// The variant to compare with (default: the first)
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Memory sizes in MB (default: as declared, or 128)
    #[arg(long, value_name = "MB", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: Vec<u32>,
    /// Fresh processes for each variant and memory size
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Further fresh processes that only start and answer one event
    #[arg(long, value_name = "N", default_value_t = 20)]
    cold_runs: u32,
    /// Warm invocations of each process after a pause
    #[arg(long, value_name = "N", default_value_t = 25)]
    invocations: u32,
    /// Warm invocations of each process without a pause
    #[arg(long, value_name = "N", default_value_t = 25)]
    back_to_back: u32,
    /// The pause before each warm invocation, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 50)]
    arrival: u64,
    /// How long an invocation may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    timeout: f64,
    /// How long init may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    init_timeout: f64,
    /// The event, as a JSON file (default: as declared, or {})
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// A variable for the functions (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// An AWS emulator of your own, instead of the embedded DynamoDB; http:// gets TLS in front
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// How functions trust the emulator's certificate: as on Lambda, or by SSL_CERT_FILE
    #[arg(long, value_name = "HOW", default_value = "layout")]
    trust_store: Trust,
    /// Drop the binary from the page cache before each start
    #[arg(long)]
    cold_cache: bool,
    /// Serve the Runtime API on this port instead of a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Requests to price
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    requests: u64,
    /// The share of requests that meet a cold start
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    cold_share: f64,
    /// Directory for all builds (default: that of each function's workspace)
    #[arg(long, value_name = "DIRECTORY")]
    target_dir: Option<PathBuf>,
    /// Build all variants and stop, so that measuring can wait for a quiet machine
    #[arg(long, conflicts_with_all = ["check", "tables_only"])]
    build_only: bool,
    /// The report on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// A further report into a file: FORMAT=FILE (repeatable)
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    output: Vec<(Format, PathBuf)>,
    /// Measure the example functions in this folder, and write its results.json and both READMEs
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "example-functions", conflicts_with_all = ["variant", "function", "baseline", "apply", "steps"])]
    reference: Option<PathBuf>,
    /// Which of the reference measurements: migrated, writers, steps, http-api, sqs-batch,
    /// stream-rows (repeatable; default: all)
    #[arg(long, value_name = "NAME", requires = "reference")]
    measurement: Vec<String>,
    /// Measure nothing: fail where the reference results or the tables are stale
    #[arg(long, requires = "reference")]
    check: bool,
    /// Measure nothing: write the tables anew from results.json
    #[arg(long, requires = "reference", conflicts_with = "check")]
    tables_only: bool,
    /// The README with the reference tables
    #[arg(long, value_name = "FILE", default_value = "README.md", requires = "reference")]
    readme: PathBuf,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

/// Measures, and reports. A variant that could not be measured, or that lost records, counts as a
/// finding.
pub fn run(args: &Bench, streams: &mut Streams<'_>) -> Result<Exit> {
    if let Some(functions) = &args.reference {
        return run_reference(args, functions, streams);
    }
    let progress = Show::new(args.quiet);
    let experiment = args.experiment(progress.on_terminal())?;
    let built = experiment.build(&args.applied(), &|step| progress.step(step))?;
    if args.build_only {
        return only_built(built.faults(), streams);
    }
    let results = experiment.measure(built, &|step| progress.step(step));
    progress.finish();
    let results = results?;
    for (format, file) in &args.output {
        fs::write(file, render(&results, *format))
            .with_context(|| format!("failed to write the report {}", file.display()))?;
    }
    streams.out.write_all(render(&results, args.message_format).as_bytes())?;
    Ok(if results.faults().is_empty() { Exit::Clean } else { Exit::Findings })
}

fn run_reference(args: &Bench, functions: &Path, streams: &mut Streams<'_>) -> Result<Exit> {
    let functions = functions
        .canonicalize()
        .with_context(|| format!("failed to find the functions in {}", functions.display()))?;
    if args.check {
        reference::check(&functions, &args.readme)?;
        return Ok(Exit::Clean);
    }
    if args.tables_only {
        reference::write(&reference::read(&functions)?, &functions, &args.readme)?;
        return Ok(Exit::Clean);
    }
    let progress = Show::new(args.quiet);
    let mut common = args.experiment(progress.on_terminal())?;
    // Beside the functions, not in each: they share what they build.
    common.target.get_or_insert_with(|| functions.join("target"));
    let (applied, show) = (args.applied(), |step: Step<'_>| progress.step(step));
    let built = reference::build(&functions, &args.measurement, &common, &applied, &show)?;
    if args.build_only {
        return only_built(built.iter().flat_map(|built| built.faults()), streams);
    }
    let measured = reference::measure(&functions, built, &show);
    progress.finish();
    let measured = measured?;
    reference::write(&measured, &functions, &args.readme)?;
    writeln!(streams.out, "{}", reference::tables(&measured, |_| true))?;
    let faultless = measured.measurements.values().all(|results| results.faults().is_empty());
    Ok(if faultless { Exit::Clean } else { Exit::Findings })
}

fn only_built(faults: impl Iterator<Item = String>, streams: &mut Streams<'_>) -> Result<Exit> {
    let mut exit = Exit::Clean;
    for fault in faults {
        writeln!(streams.out, "{fault}")?;
        exit = Exit::Findings;
    }
    Ok(exit)
}

impl Bench {
    /// Whether standard output is to hold JSON only.
    pub fn is_json(&self) -> bool {
        self.message_format == Format::Json
    }

    fn experiment(&self, show_builds: bool) -> Result<Experiment> {
        for id in self.variant.iter().flat_map(|spec| &spec.apply).filter(|id| *id != "all") {
            rule::known(id).context("failed to read `apply` of --variant")?;
        }
        Ok(Experiment {
            specs: self.specs()?,
            path: self.manifest_path.clone(),
            target: self.target_dir.as_ref().map(std::path::absolute).transpose()?,
            memory: self.memory.clone(),
            payload: self.payload.clone(),
            env: self.env.iter().cloned().collect::<BTreeMap<_, _>>(),
            conditions: self.conditions(),
            baseline: self.baseline.clone(),
            stepwise: self.steps,
            usage: Usage { requests: self.requests, cold_share: self.cold_share },
            show_builds,
        })
    }

    /// How a variant's fixes are applied.
    fn applied(&self) -> impl Fn(&Spec, &Path) -> Result<Applied> {
        |spec, path| applied::copy(spec, path, self.allow_network)
    }

    /// A function as it is, and what `--apply` or `--steps` compares it with.
    fn with_fixes(&self, now: Spec) -> Result<Vec<Spec>> {
        let panic =
            self.panic.and_then(|panic| Some(panic.to_possible_value()?.get_name().to_owned()));
        let steps = if self.steps {
            let asked = Spec { panic: panic.clone(), ..now.clone() };
            applied::rules(&asked, &self.manifest_path, self.allow_network)?
        } else {
            vec![vec!["all".to_owned()]]
        };
        let mut specs = now.stepwise(panic.as_deref(), &steps, &BTreeMap::new());
        if self.apply {
            specs[1].name = "after `apply --all`".into();
        }
        Ok(specs)
    }

    /// The variants; without any, each function as it is.
    fn specs(&self) -> Result<Vec<Spec>> {
        if self.reference.is_some() {
            return Ok(Vec::new());
        }
        let mut specs = self.variant.clone();
        if specs.is_empty() && (self.function.is_empty() || self.manifest_path.exists()) {
            let name = self.bin.clone().or_else(|| self.package.clone());
            specs.push(Spec {
                name: name.unwrap_or_else(|| "function".into()),
                builder: self.builder,
                ..Spec::default()
            });
        }
        for spec in specs.iter_mut().filter(|spec| spec.path.is_none()) {
            spec.package = spec.package.take().or_else(|| self.package.clone());
            spec.bin = spec.bin.take().or_else(|| self.bin.clone());
        }
        if self.apply || self.steps {
            return self.with_fixes(specs.remove(0));
        }
        for directory in &self.function {
            let name = directory.canonicalize().ok();
            let Some(name) = name.as_deref().and_then(|path| path.file_name()?.to_str()) else {
                bail!("failed to find the function {}", directory.display());
            };
            specs.push(Spec {
                name: name.to_owned(),
                path: Some(directory.clone()),
                builder: self.builder,
                ..Spec::default()
            });
        }
        Ok(specs)
    }

    fn conditions(&self) -> Conditions {
        Conditions {
            runs: self.runs,
            cold_runs: self.cold_runs,
            exercise: Exercise {
                payload: Default::default(),
                invocations: self.invocations,
                back_to_back: self.back_to_back,
                arrival: Duration::from_millis(self.arrival),
                init_timeout: Duration::from_secs_f64(self.init_timeout),
                timeout: Duration::from_secs_f64(self.timeout),
                port: self.port,
            },
            cold_cache: self.cold_cache,
            trust: self.trust_store,
            endpoint: self.endpoint.clone(),
        }
    }
}

/// Progress on a terminal, and none elsewhere.
struct Show(Option<ProgressBar>);

impl Show {
    fn new(quiet: bool) -> Self {
        let on = !quiet && stderr().is_terminal() && std::env::var_os("CI").is_none();
        Self(on.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} (eta {eta})");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        }))
    }

    fn on_terminal(&self) -> bool {
        self.0.is_some()
    }

    fn step(&self, step: Step<'_>) {
        let Some(bar) = &self.0 else { return };
        match step {
            // The builder's own progress follows.
            Step::Build(variant) => bar.suspend(|| anstream::eprintln!("building {variant}")),
            Step::Measure { variant, memory_mb, done, of } => {
                bar.set_length(of as u64);
                bar.set_message(format!("{variant} at {memory_mb} MB"));
                bar.set_position(done as u64);
            }
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 900.0 => Ok(seconds),
        _ => Err("expected seconds, up to Lambda's 900".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a share from 0 to 1".into()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("expected FORMAT=FILE")?;
    let format = clap::ValueEnum::from_str(format, true)?;
    Ok((format, file.into()))
}

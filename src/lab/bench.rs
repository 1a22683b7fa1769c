//! Measures a set of built functions, interleaved, and turns them into cells of raw samples.
//!
//! All of it happens on one thread: the Runtime API, DynamoDB and the driving of the functions take
//! turns, so that the second core is the function's. The thread has a mount namespace of its own
//! for the certificate layout. An interrupt drops everything, and with it every process, cgroup,
//! mount and temporary file.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use hyper::body::Bytes;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    awake::Awake,
    build::Built,
    certificate::Authority,
    cgroup::Throttle,
    dynamodb::{DynamoDb, TlsFront},
    overhead, page_cache,
    plan::Table,
    process::Launch,
    quiet::{Listening, Noise},
    sample::{Items, Run},
    schedule::{self, Visit},
    session::{self, Exercise},
    trust_store::{self, Roots},
};

/// A function that starts in a few milliseconds is started up to so often at once: the shorter a
/// time, the more of it is chance.
const AT_ONCE: u32 = 5;
/// As long as that takes no longer than this.
const QUICK: Duration = Duration::from_millis(100);

/// A built function, ready to be started.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The variant's name.
    pub name: String,
    /// The function's name.
    pub function: Arc<str>,
    /// Its binary.
    pub built: Built,
    /// Its own variables; an empty value removes one of the lab's.
    pub env: BTreeMap<String, String>,
    /// Its event.
    pub payload: Bytes,
    /// The tables it needs.
    pub tables: Vec<Table>,
    /// The memory sizes to measure it at.
    pub memory: Vec<u32>,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Fresh processes for each variant and memory size.
    pub runs: u32,
    /// Further ones that only start and answer one event, and at least.
    pub cold_runs: u32,
    /// What each of them goes through; the payload is the subject's.
    pub exercise: Exercise,
    /// Whether to drop the binaries from the page cache before each start.
    pub cold_cache: bool,
    /// How functions are to trust the run's authority.
    pub trust: Trust,
    /// An AWS emulator of the user's.
    pub endpoint: Option<String>,
}

/// How functions trust the run's authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Trust {
    /// By Amazon Linux 2023's certificate layout, and no variable, where mounts allow.
    Layout,
    /// By `SSL_CERT_FILE`, which saves a function the search through directories.
    Env,
}

/// What came out.
#[derive(Debug)]
pub struct Measured {
    /// For each subject and each of its memory sizes, in order.
    pub cells: Vec<Raw>,
    /// What an invocation of a trivial function takes, in microseconds.
    pub overhead_us: Vec<f64>,
    /// What it takes with a bare socket in the emulator's place.
    pub bare_us: Vec<f64>,
    /// What else the machine did; None where the kernel does not tell.
    pub noise: Option<Noise>,
    /// Why processors were not kept awake; None if they were.
    pub not_awake_because: Option<String>,
    /// How the CPU share was held.
    pub throttle: Throttle,
    /// How the authority was trusted.
    pub trust: Trust,
    /// Why not as asked for.
    pub no_layout_because: Option<String>,
    /// How many roots a function finds.
    pub roots: usize,
    /// What answered as AWS.
    pub aws: String,
}

/// A subject at a memory size.
#[derive(Debug)]
pub struct Raw {
    /// The subject's place.
    pub subject: usize,
    /// The memory size.
    pub memory_mb: u32,
    /// The raw samples.
    pub runs: Vec<Run>,
    /// What ended the measuring.
    pub fault: Option<String>,
}

/// The run was interrupted.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted; nothing is left running")
    }
}

impl std::error::Error for Interrupted {}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A variant is being built.
    Build(&'a str),
    /// A process is being measured.
    Measure {
        /// The variant.
        variant: &'a str,
        /// The memory size.
        memory_mb: u32,
        /// How many came before it.
        done: usize,
        /// How many there are.
        of: usize,
    },
}

/// What is told of each step.
pub type Progress<'a> = &'a (dyn Fn(Step) + Sync);

/// Measures all subjects.
pub fn measure(
    subjects: &[Subject],
    conditions: &Conditions,
    progress: Progress<'_>,
) -> Result<Measured> {
    thread::scope(|scope| {
        let lab = thread::Builder::new().name("lab".into());
        let lab = lab.spawn_scoped(scope, || on_lab_thread(subjects, conditions, progress));
        lab.context("failed to start a thread")?.join().map_err(|_| anyhow!("the lab panicked"))?
    })
}

fn on_lab_thread(
    subjects: &[Subject],
    conditions: &Conditions,
    progress: Progress<'_>,
) -> Result<Measured> {
    let authority = Authority::new()?;
    let roots = Roots::with(&authority.root_pem)?;
    let mut no_layout_because = None;
    if conditions.trust == Trust::Layout
        && let Err(error) = roots.mount_layout()
    {
        no_layout_because = Some(format!("{error:#}"));
    }
    let layout = conditions.trust == Trust::Layout && no_layout_because.is_none();
    let bundle = if layout { None } else { Some(trust_store::bundle(&roots)?) };

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the lab's runtime")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context("failed to wait for Ctrl-C")?;
        let mut terminate =
            signal(SignalKind::terminate()).context("failed to wait for SIGTERM")?;
        let run = async {
            let aws = Aws::start(subjects, conditions, &authority).await?;
            // Until all is measured.
            let awake = Awake::keep();
            let bare_us = overhead::bare().context("failed to measure bare sockets")?;
            let overhead_us = overhead::measure().await?;
            let throttle = Throttle::detect();
            let lab = Lab {
                subjects,
                conditions,
                throttle,
                ssl_cert_file: bundle.as_ref().map(|path| path.as_os_str().to_owned()),
                aws,
            };
            let listening = Listening::start();
            let cells = lab.measure_all(progress).await?;
            Ok(Measured {
                cells,
                overhead_us,
                bare_us,
                noise: listening.and_then(|listening| listening.noise()),
                not_awake_because: awake.err().map(|error| format!("{error:#}")),
                throttle: lab.throttle,
                trust: if layout { Trust::Layout } else { Trust::Env },
                no_layout_because: no_layout_because.clone(),
                roots: roots.count(),
                aws: lab.aws.description,
            })
        };
        tokio::select! {
            measured = run => measured,
            _ = interrupt.recv() => Err(Interrupted.into()),
            _ = terminate.recv() => Err(Interrupted.into()),
        }
    })
}

/// What answers as AWS.
struct Aws {
    description: String,
    /// The variables that lead a function there.
    env: Vec<(String, String)>,
    dynamodb: Option<DynamoDb>,
    _front: Option<TlsFront>,
}

impl Aws {
    async fn start(
        subjects: &[Subject],
        conditions: &Conditions,
        authority: &Authority,
    ) -> Result<Self> {
        if let Some(url) = &conditions.endpoint {
            return Self::of_the_user(url, authority).await;
        }
        if subjects.iter().all(|subject| subject.tables.is_empty()) {
            let description = "none: no function declares a table".into();
            return Ok(Self { description, env: Vec::new(), dynamodb: None, _front: None });
        }
        let dynamodb = DynamoDb::start().await?;
        let front = TlsFront::start(authority, dynamodb.address).await?;
        Ok(Self {
            description: "DynamoDB emulated by dynoxide-rs 3.2.0, behind TLS on loopback".into(),
            env: vec![("AWS_ENDPOINT_URL_DYNAMODB".into(), front.url.clone())],
            dynamodb: Some(dynamodb),
            _front: Some(front),
        })
    }

    async fn of_the_user(url: &str, authority: &Authority) -> Result<Self> {
        let variable = |url: &str| vec![("AWS_ENDPOINT_URL".to_owned(), url.to_owned())];
        if url.starts_with("https://") {
            let description = format!("{url}, as given by --endpoint; its items are not counted");
            return Ok(Self { description, env: variable(url), dynamodb: None, _front: None });
        }
        let Some(address) = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'))
        else {
            bail!("failed to read --endpoint {url}: it starts with http:// or https://");
        };
        let port = if address.contains(':') { "" } else { ":80" };
        let backend: SocketAddr = format!("{address}{port}")
            .to_socket_addrs()
            .with_context(|| format!("failed to find the host of --endpoint {url}"))?
            .next()
            .with_context(|| format!("failed to find the host of --endpoint {url}"))?;
        let front = TlsFront::start(authority, backend).await?;
        Ok(Self {
            description: format!("{url}, with TLS in front; its items are not counted"),
            env: variable(&front.url),
            dynamodb: None,
            _front: Some(front),
        })
    }
}

struct Lab<'a> {
    subjects: &'a [Subject],
    conditions: &'a Conditions,
    throttle: Throttle,
    ssl_cert_file: Option<OsString>,
    aws: Aws,
}

impl Lab<'_> {
    async fn measure_all(&self, progress: Progress<'_>) -> Result<Vec<Raw>> {
        let mut cells: Vec<Raw> = (0..self.subjects.len())
            .flat_map(|subject| {
                let memory = self.subjects[subject].memory.iter();
                memory.map(move |memory_mb| Raw {
                    subject,
                    memory_mb: *memory_mb,
                    runs: Vec::new(),
                    fault: None,
                })
            })
            .collect();
        // What is compared comes close together.
        cells.sort_by_key(|cell| cell.memory_mb);
        let order = schedule::abba(cells.len(), self.conditions.runs, self.conditions.cold_runs);
        let of = cells.len() * (self.conditions.runs + self.conditions.cold_runs) as usize;
        for (done, visit) in order.enumerate() {
            let cell = &mut cells[visit.cell];
            let subject = &self.subjects[cell.subject];
            progress(Step::Measure { variant: &subject.name, memory_mb: cell.memory_mb, done, of });
            let at_most = if visit.warm { 1 } else { AT_ONCE };
            let started = Instant::now();
            for number in 1..=at_most {
                if cell.fault.is_some() || number > 1 && started.elapsed() > QUICK {
                    break;
                }
                match self.run(subject, cell.memory_mb, visit).await? {
                    Ok(run) => cell.runs.push(run),
                    Err(fault) => cell.fault = Some(fault),
                }
            }
        }
        Ok(cells)
    }

    /// One process. The outer error is the lab's, the inner one the function's.
    async fn run(
        &self,
        subject: &Subject,
        memory_mb: u32,
        visit: Visit,
    ) -> Result<Result<Run, String>> {
        if let Some(dynamodb) = &self.aws.dynamodb {
            let reset = subject.tables.iter().try_for_each(|table| dynamodb.reset(table));
            if let Err(error) = reset {
                return Ok(Err(format!("{error:#}")));
            }
        }
        if self.conditions.cold_cache {
            page_cache::evict(&subject.built.program)?;
        }
        let launch =
            Launch { program: subject.built.program.clone(), env: self.env(subject, memory_mb) };
        let mut exercise =
            Exercise { payload: subject.payload.clone(), ..self.conditions.exercise.clone() };
        if !visit.warm {
            (exercise.invocations, exercise.back_to_back) = (0, 0);
        }
        let (name, throttle) = (&subject.function, &self.throttle);
        let run = session::measure(name, &launch, memory_mb, throttle, &exercise, visit.round);
        match run.await {
            Err(fault) => Ok(Err(fault.to_string())),
            Ok(mut run) => {
                run.items = self.count(subject, run.invocations())?;
                // What it would need later on it never needed.
                run.memory = run.memory.filter(|_| visit.warm);
                Ok(Ok(run))
            }
        }
    }

    fn count(&self, subject: &Subject, invocations: u64) -> Result<Option<Items>> {
        let Some(dynamodb) = &self.aws.dynamodb else { return Ok(None) };
        let mut sum = None;
        for table in &subject.tables {
            let Some(each) = table.items_per_invocation else { continue };
            let items: &mut Items = sum.get_or_insert_default();
            items.expected += each * invocations;
            items.counted += dynamodb.count(&table.name)?;
        }
        Ok(sum)
    }

    /// A function's whole environment, as on Lambda.
    fn env(&self, subject: &Subject, memory_mb: u32) -> Vec<(String, OsString)> {
        let memory = memory_mb.to_string();
        let group = format!("/aws/lambda/{}", subject.function);
        let lambda = [
            ("AWS_LAMBDA_FUNCTION_NAME", &*subject.function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "lab"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIALAB0000000000000"),
            ("AWS_SECRET_ACCESS_KEY", "lab"),
            ("AWS_SESSION_TOKEN", "lab"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("_HANDLER", "bootstrap"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ];
        let mut env: BTreeMap<String, OsString> =
            lambda.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        env.extend(self.aws.env.iter().map(|(name, value)| (name.clone(), value.into())));
        env.extend(subject.env.iter().map(|(name, value)| (name.clone(), value.into())));
        if let Some(file) = &self.ssl_cert_file {
            env.insert("SSL_CERT_FILE".into(), file.clone());
        }
        env.retain(|_, value| !value.is_empty());
        env.into_iter().collect()
    }
}

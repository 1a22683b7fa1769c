//! Leads one fresh function process through its life, as Lambda would: init at full speed, then the
//! CPU share, the first event, and warm events with and without pauses. It turns a [`Launch`] into
//! one [`Run`] of raw samples, or into the [`Fault`] that ended it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::body::Bytes;
use tokio::{
    sync::oneshot,
    time::{sleep, sleep_until},
};

use super::{
    cgroup::{Group, Throttle, Throttled},
    emulator::{Call, Event, RuntimeApi},
    fault::{Fault, Kind, Phase},
    process::{Launch, Process},
    request_id,
    sample::{Instructions, Invocation, Run, Series},
    schedule,
};

/// How a function is exercised.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// The event's payload.
    pub payload: Bytes,
    /// How many warm invocations, of each kind.
    pub invocations: u32,
    /// How many of them without a pause.
    pub back_to_back: u32,
    /// The pause before each of the others, on average: see [`schedule::pause`].
    pub arrival: Duration,
    /// How long init may take.
    pub init_timeout: Duration,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// The Runtime API's port; 0 for a free one.
    pub port: u16,
}

/// Starts a function and measures it, once.
pub async fn measure(
    function: &Arc<str>,
    launch: &Launch,
    memory_mb: u32,
    throttle: &Throttle,
    exercise: &Exercise,
    round: u32,
) -> Result<Run, Fault> {
    let mut session = Session::start(function, launch, memory_mb, throttle, exercise).await?;
    let outcome = session.run(exercise, round).await;
    match outcome {
        Ok(run) => {
            if session.api.shut_down_extensions() {
                session.process.terminate().await;
            }
            Ok(run)
        }
        Err(kind) => Err(session.fault(kind).await),
    }
}

// The order matters: the process has to be gone before its group can be removed.
struct Session {
    process: Process,
    group: Option<Group>,
    api: RuntimeApi,
    function: Arc<str>,
    phase: Phase,
    /// The held connection of a function that waits for an event, and since when.
    next: Option<(Instant, oneshot::Sender<Event>)>,
}

impl Session {
    async fn start(
        function: &Arc<str>,
        launch: &Launch,
        memory_mb: u32,
        throttle: &Throttle,
        exercise: &Exercise,
    ) -> Result<Self, Fault> {
        let start = async {
            let api = RuntimeApi::start(exercise.port).await.map_err(|error| {
                anyhow::anyhow!(
                    "failed to serve the Runtime API on port {}: {error}; choose another --port, \
                     or none for a free one",
                    exercise.port
                )
            })?;
            let group = throttle.group(memory_mb)?;
            let mut launch = launch.clone();
            let address = api.address().to_string().into();
            launch.env.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), address));
            let process = Process::start(&launch)?;
            anyhow::Ok((api, group, process))
        };
        let (api, group, process) = start.await.map_err(|error| Fault {
            phase: Phase::Init,
            kind: Kind::Start(error),
            last_lines: Vec::new(),
        })?;
        let function = Arc::clone(function);
        Ok(Self { process, group, api, function, phase: Phase::Init, next: None })
    }

    async fn fault(mut self, kind: Kind) -> Fault {
        Fault { phase: self.phase, kind, last_lines: self.process.last_lines().await }
    }

    async fn run(&mut self, exercise: &Exercise, round: u32) -> Result<Run, Kind> {
        let init = self.init(exercise.init_timeout).await?;
        let init_cpu = self.process.cpu();
        let init_instructions = self.process.instructions();
        // Before the first event, and with the function waiting for it.
        if let Some(group) = &self.group {
            group.admit(self.process.id()).map_err(Kind::Start)?;
        }
        let throttled = self.throttled();
        let mut first = self.invoke(exercise).await?;
        first.throttled = since(throttled, self.throttled());
        let first_instructions = self.process.instructions();
        let paced = self.series(exercise, exercise.invocations, exercise.arrival).await?;
        let back_to_back = self.series(exercise, exercise.back_to_back, Duration::ZERO).await?;
        let instructions = (|| {
            let (init, first) = (init_instructions?, first_instructions?);
            let all = self.process.instructions()?;
            Some(Instructions { init, first: first - init, warm: all - first })
        })();
        Ok(Run {
            round,
            init_us: micros(init),
            init_cpu_us: micros(init_cpu),
            first,
            paced,
            back_to_back,
            memory: Some(self.process.memory()),
            instructions,
            items: None,
        })
    }

    async fn init(&mut self, limit: Duration) -> Result<Duration, Kind> {
        match self.call(self.process.started(), limit).await? {
            Call::Next { at, give } => {
                self.next = Some((at, give));
                Ok(at - self.process.started())
            }
            Call::InitError(error) => Err(Kind::InitError(error)),
            Call::Answer(answer) => {
                Err(Kind::WrongAnswer { asked: "none".into(), answered: answer.id })
            }
        }
    }

    async fn series(
        &mut self,
        exercise: &Exercise,
        count: u32,
        pause: Duration,
    ) -> Result<Series, Kind> {
        let throttled = self.throttled();
        let mut series = Series::default();
        for number in 0..count {
            if !pause.is_zero() {
                sleep(schedule::pause(pause, number)).await;
            }
            series.push(self.invoke(exercise).await?);
        }
        series.throttled = since(throttled, self.throttled());
        Ok(series)
    }

    async fn invoke(&mut self, exercise: &Exercise) -> Result<Invocation, Kind> {
        self.phase = match self.phase {
            Phase::Init => Phase::Invocation(1),
            Phase::Invocation(number) => Phase::Invocation(number + 1),
        };
        let (_, give) = self.next.take().expect("an invocation ends with a `next`");
        let event = Event {
            id: request_id(),
            payload: exercise.payload.clone(),
            timeout: exercise.timeout,
            function: Arc::clone(&self.function),
        };
        let id = event.id.clone();
        let cpu = self.process.cpu();
        self.api.tell_extensions(&event);
        let sent = Instant::now();
        // It fails only if the function broke off the connection; then it will exit or time out.
        let _ = give.send(event);

        let answer = match self.call(sent, exercise.timeout).await? {
            Call::Answer(answer) => answer,
            Call::InitError(error) => return Err(Kind::InitError(error)),
            Call::Next { .. } => return Err(Kind::NoAnswer),
        };
        if let Some(error) = answer.error {
            return Err(Kind::Failed(error));
        }
        if answer.id != id {
            return Err(Kind::WrongAnswer { asked: id, answered: answer.id });
        }
        let at = match self.call(sent, exercise.timeout).await? {
            Call::Next { at, give } => {
                self.next = Some((at, give));
                at
            }
            Call::InitError(error) => return Err(Kind::InitError(error)),
            Call::Answer(answer) => {
                return Err(Kind::WrongAnswer { asked: "none".into(), answered: answer.id });
            }
        };
        Ok(Invocation {
            duration_us: micros(at - sent),
            response_us: micros(answer.at - sent),
            first_byte_us: micros(answer.first_byte_at - sent),
            cpu_us: micros(self.process.cpu() - cpu),
            throttled: None,
        })
    }

    /// The next thing the function says, unless it exits or its time is up.
    async fn call(&mut self, since: Instant, limit: Duration) -> Result<Call, Kind> {
        tokio::select! {
            // What it said before it exited counts.
            biased;
            call = self.api.call() => Ok(call),
            status = self.process.exited() => Err(match status {
                Ok(status) => Kind::Exited(status),
                Err(error) => Kind::Start(error.into()),
            }),
            () = sleep_until((since + limit).into()) => Err(Kind::TimedOut(limit)),
        }
    }

    fn throttled(&self) -> Option<Throttled> {
        self.group.as_ref()?.throttled()
    }
}

fn since(earlier: Option<Throttled>, later: Option<Throttled>) -> Option<Throttled> {
    Some(later?.since(earlier?))
}

/// A duration in microseconds, to the nanosecond.
pub fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1000.0
}

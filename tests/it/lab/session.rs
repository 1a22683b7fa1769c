//! Whole lives of a function that behaves or misbehaves as it is told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{FUNCTION, assert_contains, processes};
use cargo_lambda_lean::lab::{
    cgroup::Throttle,
    fault::Fault,
    overhead,
    process::Launch,
    sample::Run,
    session::{Exercise, measure},
};

fn launch(how: &str) -> Launch {
    Launch { program: FUNCTION.clone(), env: vec![("MISBEHAVE".into(), how.into())] }
}

fn exercise() -> Exercise {
    Exercise {
        payload: "{}".into(),
        invocations: 3,
        back_to_back: 3,
        arrival: Duration::from_millis(1),
        init_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
        port: 0,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run_with(how: &str, throttle: &Throttle, exercise: &Exercise) -> Result<Run, Fault> {
    measure(&Arc::from("function"), &launch(how), 128, throttle, exercise, 0).await
}

fn run(how: &str) -> Result<Run, Fault> {
    run_with(how, &Throttle::Off("not wanted".into()), &exercise())
}

fn fault(how: &str) -> String {
    let fault = run(how).expect_err("a function that misbehaves").to_string();
    assert!(!fault.contains('\n'), "{fault}");
    fault
}

#[test]
fn a_function_is_measured_from_start_to_end() {
    let run = run("").expect("a function that behaves");
    assert_eq!(run.invocations(), 7);
    assert_eq!([run.paced.duration_us.len(), run.back_to_back.cpu_us.len()], [3, 3]);
    assert!(run.init_us > 0.0 && run.init_cpu_us > 0.0);
    assert!(run.first.response_us <= run.first.duration_us);
    assert_eq!(run.cold_us(), run.init_us + run.first.duration_us);
    let memory = run.memory.expect("what it used");
    assert!(memory.peak_rss_kib > 500 && memory.minor_faults > 10, "{memory:?}");
}

#[test]
fn a_streamed_answer_has_its_first_byte_before_its_last() {
    let run = run("stream").expect("a function that streams");
    assert!(run.first.first_byte_us + 10_000.0 < run.first.response_us, "{:?}", run.first);
}

#[test]
fn what_is_printed_or_ignored_is_no_fault() {
    for how in ["print", "ignore", "echo"] {
        assert_eq!(run(how).expect(how).invocations(), 7);
    }
}

#[test]
fn each_fault_is_one_line_with_its_phase_and_the_last_output() {
    assert_contains(&fault("exit"), &["ended in init", "exit status: 3", "no configuration found"]);
    assert_contains(&fault("exit-later"), &["ended in invocation 3", "exit status: 0"]);
    assert_contains(&fault("panic"), &["in invocation 1", "the handler went wrong"]);
    assert_contains(&fault("abort"), &["ended in invocation 1", "SIGABRT"]);
    assert_contains(&fault("error"), &["an error in invocation 1", "Boom: no such record"]);
    assert_contains(&fault("init-error"), &["init failed", "Config: no table"]);
    assert_contains(&fault("wrong-id"), &["answered the event someone-else"]);
    assert_contains(&fault("no-answer"), &["without having answered"]);
    assert_contains(&fault("huge"), &["above Lambda's 6 MB"]);
}

#[test]
fn a_function_that_takes_too_long_is_stopped() {
    let limit = Duration::from_millis(300);
    let exercise = Exercise { init_timeout: limit, timeout: limit, ..exercise() };
    let off = Throttle::Off("not wanted".into());
    for (how, expected) in
        [("never-next", "never asked for an event in 300ms"), ("late", "after 300ms")]
    {
        let started = Instant::now();
        let fault = run_with(how, &off, &exercise).expect_err(how).to_string();
        assert_contains(&fault, &[expected]);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_missing_binary_and_a_taken_port_say_what_to_do() {
    let off = Throttle::Off("not wanted".into());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let fault =
        run_with("", &off, &Exercise { port, ..exercise() }).expect_err("taken").to_string();
    assert_contains(&fault, &["failed to serve the Runtime API on port", "choose another --port"]);

    let missing = Launch { program: "/nonexistent/bootstrap".into(), env: Vec::new() };
    let start = async { measure(&Arc::from("f"), &missing, 128, &off, &exercise(), 0).await };
    let fault = block_on(start).expect_err("missing").to_string();
    assert_contains(&fault, &["failed to start /nonexistent/bootstrap", "No such file"]);
}

#[test]
fn nothing_is_left_of_a_function_that_starts_others() {
    run("grandchild").expect("a function that behaves");
    // It has been told to end; the kernel takes a moment.
    let started = Instant::now();
    while !processes("sleep", "MISBEHAVE=grandchild").is_empty() {
        assert!(started.elapsed() < Duration::from_secs(5), "still running");
    }
}

#[test]
fn the_share_of_a_small_function_throttles_it_after_init_only() {
    let throttle = Throttle::detect();
    if let Throttle::Off(_) | Throttle::Systemd { .. } = throttle {
        return;
    }
    let run = run_with("burn", &throttle, &exercise()).expect("a function that behaves");
    let throttled = run.back_to_back.throttled.expect("a cgroup counts");
    // Three times 5 ms of CPU are more than ten periods of 1.4 ms.
    assert!(throttled.throttled_periods >= 3, "{throttled:?}");
}

#[test]
fn the_emulator_answers_a_trivial_function() {
    let durations = block_on(overhead::measure()).expect("a trivial function");
    assert!(durations.len() >= 100 && durations.iter().all(|duration| *duration > 0.0));
}

#[tokio::main(flavor = "current_thread")]
async fn block_on<T>(future: impl Future<Output = T>) -> T {
    future.await
}

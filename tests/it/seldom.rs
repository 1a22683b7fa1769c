//! Rules that few projects give work: each with what it is about in several forms, and with what
//! only looks like it.

use crate::project::Project;
use cargo_lambda_lean::{
    gather::{self, Options},
    lint::{self, CommandLineLevels},
};

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
    [dependencies]\naws-config = \"1\"\naws-sdk-dynamodb = \"1\"\nclap = \"4\"\ndashmap = \"6\"\n\
    duct = \"1\"\nenv_logger = \"0.11\"\nfern = \"0.7\"\nflate2 = \"1\"\nfutures = \"0.3\"\nhyper = \"1\"\n\
    lambda_runtime = \"1\"\nlazy_static = \"1\"\nlog = \"0.4\"\nlru = \"0.12\"\nreqwest = \"0.12\"\n\
    simple_logger = \"5\"\nsqlx = \"0.8\"\ntokio = \"1\"\ntokio-postgres = \"0.7\"\ntokio-retry = \"0.3\"\ntracing = \"0.1\"\n\
    tracing-subscriber = \"0.3\"\nzip = \"2\"\nzstd = \"0.13\"\n";

/// How often a rule speaks of a program with these items, and with these statements in `main`
/// and in the handler.
fn count(rule: &str, items: &str, init: &str, body: &str) -> usize {
    let main = format!(
        "use lambda_runtime::{{run, service_fn}};\n{items}\n\
         async fn main() {{ {init} run(service_fn(handler)).await }}\n\
         async fn handler(event: E) -> R {{ {body} }}\n"
    );
    let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", &main)]);
    let options = Options { manifest_path: Some(project.path("Cargo.toml")), ..Options::default() };
    let gathered = gather::gather(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let report = lint::run(&gathered.facts, &CommandLineLevels::default()).expect("no settings");
    report.findings.iter().filter(|finding| finding.rule == rule).count()
}

/// Handlers, each with how often the rule speaks.
fn handlers(rule: &str, cases: &[(&str, &str, usize)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(items, body, expected)| (items, body, *expected, count(rule, items, "", body)))
        .filter(|(_, _, expected, found)| expected != found)
        .map(|(items, body, expected, found)| format!("{found} for {expected}: {items} {body}"))
        .collect();
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn a_log_that_is_set_up_for_each_event() {
    handlers(
        "logging-init-per-invocation",
        &[
            ("", "tracing_subscriber::fmt().json().init();", 1),
            ("", "helper(); } fn helper() { env_logger::init();", 1),
            ("", "let _ = env_logger::try_init();", 1),
            ("", "simple_logger::SimpleLogger::new().with_level(l()).init().unwrap();", 1),
            (
                "use tracing_subscriber::prelude::*;",
                "tracing_subscriber::registry().with(l()).init();",
                1,
            ),
            ("", "fern::Dispatch::new().level(l()).chain(out()).apply()?;", 1),
            ("", "tracing::subscriber::set_global_default(s()).ok();", 1),
            // Only the level changes, or only a part is made.
            ("", "log::set_max_level(log::LevelFilter::Info);", 0),
            ("", "let layer = tracing_subscriber::fmt::layer().json();", 0),
            // A subscriber for one event, by a guard that ends with it.
            ("", "let _guard = tracing::subscriber::set_default(s());", 0),
            (
                "use tracing_subscriber::prelude::*;",
                "let _guard = tracing_subscriber::registry().with(l()).set_default();",
                0,
            ),
            (
                "static LOG: std::sync::Once = std::sync::Once::new();",
                "LOG.call_once(|| env_logger::init());",
                0,
            ),
            (
                "static LOG: std::sync::OnceLock<()> = std::sync::OnceLock::new();",
                "LOG.get_or_init(|| env_logger::init());",
                0,
            ),
        ],
    );
}

#[test]
fn a_process_for_each_event() {
    handlers(
        "process-per-invocation",
        &[
            ("", "std::process::Command::new(\"convert\").arg(event.file).status()?;", 1),
            (
                "use tokio::process::Command;",
                "Command::new(\"convert\").spawn()?.wait().await?;",
                1,
            ),
            (
                "",
                "tokio::task::spawn_blocking(|| std::process::Command::new(\"a\").output()).await?;",
                1,
            ),
            ("use duct::cmd;", "cmd!(\"tar\", \"-x\").run()?;", 1),
            ("", "if event.bad { std::process::exit(1) }", 0),
            ("", "println!(\"{}\", std::process::id());", 0),
            ("", "clap::Command::new(\"name\").get_matches();", 0),
            ("", "let out: std::process::Output = given(event);", 0),
        ],
    );
    assert_eq!(
        count("process-per-invocation", "", "std::process::Command::new(\"a\").status();", ""),
        0
    );
}

#[test]
fn work_that_nobody_waits_for() {
    handlers(
        "detached-task",
        &[
            ("", "tokio::spawn(async move { report(event).await });", 1),
            ("", "let _ = tokio::spawn(async move { report(event).await });", 1),
            ("", "std::thread::spawn(move || report(event));", 1),
            ("", "tokio::task::spawn_blocking(move || report(event));", 1),
            ("", "if event.loud { tokio::spawn(report(event)); }", 1),
            ("", "tokio::spawn(report(event)).await?;", 0),
            ("", "let task = tokio::spawn(report(event)); other().await; task.await?;", 0),
            (
                "",
                "let mut tasks = Vec::new(); for one in event.all { tasks.push(tokio::spawn(report(one))); }",
                0,
            ),
            (
                "",
                "let mut set = tokio::task::JoinSet::new(); set.spawn(report(event)); set.join_all().await;",
                0,
            ),
            ("", "tokio::try_join!(tokio::spawn(a()), tokio::spawn(b()))?;", 0),
            (
                "",
                "futures::future::join_all(event.all.map(|one| tokio::spawn(report(one)))).await;",
                0,
            ),
            (
                "",
                "let task = match event.kind { K::A => tokio::spawn(a()), K::B => tokio::spawn(b()) }; task.await?;",
                0,
            ),
            (
                "",
                "start(event).await?; } fn start(event: E) -> tokio::task::JoinHandle<()> { tokio::spawn(report(event))",
                0,
            ),
            (
                "",
                "let (tx, rx) = channel(); tokio::spawn(async move { tx.send(work(event).await) }); rx.await?;",
                0,
            ),
            ("", "std::thread::spawn(move || report(event)).join().unwrap();", 0),
            // Somebody waits at the other end of a channel, or for a signal.
            (
                "",
                "let (tx, mut rx) = tokio::sync::mpsc::channel(1); tokio::spawn(produce(event, tx)); while let Some(one) = rx.recv().await { use_it(one); }",
                0,
            ),
            (
                "",
                "let (tx, rx) = tokio::sync::oneshot::channel(); let other = tx; tokio::spawn(async move { produce(event, other).await }); rx.await?;",
                0,
            ),
            (
                "",
                "let done = std::sync::Arc::new(tokio::sync::Notify::new()); let d = done.clone(); tokio::spawn(async move { report(event).await; d.notify_one() }); done.notified().await;",
                0,
            ),
            // What drives a connection has to run beside what uses it, and ends with it.
            (
                "",
                "let (client, connection) = tokio_postgres::connect(url(), tls()).await?; tokio::spawn(connection); client.execute(event.sql).await?;",
                0,
            ),
            (
                "",
                "let (client, connection) = tokio_postgres::Config::new().connect(tls()).await?; tokio::spawn(async move { if let Err(e) = connection.await { log(e) } }); client.execute(event.sql).await?;",
                0,
            ),
            (
                "",
                "let (mut sender, driver) = hyper::client::conn::http1::handshake(io()).await?; tokio::spawn(async move { driver.await.ok(); }); sender.send_request(event.request).await?;",
                0,
            ),
            (
                "",
                "let (client, connection) = tokio_postgres::connect(url(), tls()).await?; let driver = tokio::spawn(connection); tokio::spawn(async move { client.execute(event.sql).await }); driver.await?;",
                1,
            ),
            (
                "",
                "let (sender, driver) = hyper::client::conn::http1::handshake(io()).await?; tokio::spawn(async move { sender.send_request(event.request).await; });",
                1,
            ),
        ],
    );
    assert_eq!(count("detached-task", "", "tokio::spawn(background());", ""), 0);
}

#[test]
fn statics_that_only_grow() {
    let list = "static SEEN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());";
    let map = "use std::{collections::HashMap, sync::{LazyLock, RwLock}};\n\
               static KNOWN: LazyLock<RwLock<HashMap<String, u32>>> = LazyLock::new(Default::default);";
    handlers(
        "unbounded-static",
        &[
            (list, "SEEN.lock().unwrap().push(event.id);", 1),
            (map, "KNOWN.write().unwrap().insert(event.id, 1);", 1),
            (map, "*KNOWN.write().unwrap().entry(event.id).or_insert(0) += 1;", 1),
            (
                "lazy_static::lazy_static! { static ref SEEN: dashmap::DashMap<String, u32> = dashmap::DashMap::new(); }",
                "SEEN.insert(event.id, 1);",
                1,
            ),
            (list, "let seen = SEEN.lock().unwrap(); println!(\"{:?}\", seen.first());", 0),
            (
                list,
                "let mut seen = SEEN.lock().unwrap(); seen.push(event.id); seen.truncate(9);",
                0,
            ),
            (
                list,
                "SEEN.lock().unwrap().push(event.id); flush(); } fn flush() { SEEN.lock().unwrap().drain(..);",
                0,
            ),
            (
                list,
                "SEEN.lock().unwrap().push(event.id); let all = std::mem::take(&mut *SEEN.lock().unwrap());",
                0,
            ),
            (
                list,
                "let mut seen = SEEN.lock().unwrap(); if event.first { *seen = Vec::new(); } seen.push(event.id);",
                0,
            ),
            (map, "KNOWN.write().unwrap().insert(\"last\".to_owned(), event.number);", 0),
            (
                map,
                "let mut known = KNOWN.write().unwrap(); known.entry(\"all\".into()).or_insert(0);",
                0,
            ),
            (
                map,
                "let mut known = KNOWN.write().unwrap(); known.retain(|_, at| *at > 0); known.insert(event.id, 1);",
                0,
            ),
            (
                "static CACHE: std::sync::Mutex<lru::LruCache<String, u32>> = make();",
                "CACHE.lock().unwrap().put(event.id, 1);",
                0,
            ),
            (
                "static NAMES: std::sync::OnceLock<std::collections::HashMap<u8, u8>> = std::sync::OnceLock::new();",
                "NAMES.get_or_init(|| { let mut names = std::collections::HashMap::new(); names.insert(1, 2); names }).get(&event.id);",
                0,
            ),
            (
                "enum Kind { A, B } static N: std::sync::Mutex<std::collections::BTreeMap<Kind, u32>> = make();",
                "*N.lock().unwrap().entry(event.kind).or_default() += 1;",
                0,
            ),
            (
                "static N: std::sync::Mutex<std::collections::BTreeMap<(u8, bool), u32>> = make();",
                "N.lock().unwrap().insert((event.a, event.b), 1);",
                0,
            ),
            (
                "enum Kind { A(String), B } static N: std::sync::Mutex<std::collections::BTreeMap<Kind, u32>> = make();",
                "N.lock().unwrap().insert(event.kind, 1);",
                1,
            ),
            (
                "static N: std::sync::Mutex<Vec<String>> = make();",
                "if N.lock().unwrap().is_empty() { N.lock().unwrap().extend(load()); }",
                0,
            ),
        ],
    );
}

#[test]
fn reads_in_a_row() {
    let client = "use aws_sdk_dynamodb::Client;\nfn client() -> &'static Client { given() }";
    handlers(
        "sequential-awaits",
        &[
            ("", "let a = reqwest::get(u()).await?; let b = reqwest::get(v()).await?;", 1),
            (
                "",
                "let a = reqwest::get(u()).await?.text().await?; let b = reqwest::get(v()).await?.text().await?;",
                1,
            ),
            (
                client,
                "let c = client(); let a = c.get_item().send().await?; let b = c.query().send().await?;",
                1,
            ),
            (
                client,
                "let c = client(); let a = c.get_item().send().await?; let n = 3; let b = c.scan().limit(n).send().await?;",
                1,
            ),
            ("", "let a = reqwest::get(u()).await?; let b = reqwest::get(a.url()).await?;", 0),
            (
                client,
                "let c = client(); let a = c.put_item().send().await?; let b = c.get_item().send().await?;",
                0,
            ),
            (
                client,
                "let c = client(); let a = c.get_item().send().await?; check(&a)?; let b = c.query().send().await?;",
                0,
            ),
            (
                client,
                "let c = client(); let a = c.get_item().send().await?; let item = a.item().ok_or(\"none\")?; let b = c.query().send().await?;",
                0,
            ),
            (
                "",
                "let a = reqwest::get(u()).await?; tokio::time::sleep(s()).await; let b = reqwest::get(v()).await?;",
                0,
            ),
            // What the first read decides over, or has changed.
            (
                client,
                "let c = client(); let a = c.get_item().send().await?; let item = match a.item() { Some(i) => i, None => return none() }; let b = c.query().send().await?;",
                0,
            ),
            (
                client,
                "let c = client(); let mut cart = Cart::new(); let a = c.get_item().send().await?; cart.add(&a); let b = c.query().key(cart.id()).send().await?;",
                0,
            ),
            (
                client,
                "let c = client(); let mut cart = Cart::new(); let a = c.get_item().send().await?; cart.add(&a); let b = c.query().send().await?;",
                1,
            ),
            // Making a client is another rule's.
            ("", "let a = aws_config::load_from_env().await; let b = reqwest::get(v()).await?;", 0),
            ("", "let (a, b) = tokio::join!(reqwest::get(u()), reqwest::get(v()));", 0),
            (
                "",
                "let a = reqwest::get(u()); let b = reqwest::get(v()); let (a, b) = (a.await?, b.await?);",
                0,
            ),
            ("", "let a = sum(1).await; let b = sum(2).await; } async fn sum(n: u8) -> u8 { n", 0),
        ],
    );
    let init = "let a = aws_config::load_from_env().await; let b = reqwest::get(v()).await?;";
    assert_eq!(count("sequential-awaits", "", init, ""), 1);
}

#[test]
fn init_that_waits_or_unpacks() {
    let cases = [
        ("std::thread::sleep(second());", 1),
        ("for _ in 0..3 { if ready().await { break; } tokio::time::sleep(second()).await; }", 1),
        ("tokio_retry::Retry::spawn(delays(), || connect()).await?;", 1),
        ("sqlx::migrate!(\"./migrations\").run(&pool()).await?;", 1),
        ("let data = zstd::decode_all(&include_bytes!(\"d\")[..])?;", 1),
        ("let reader = flate2::read::GzDecoder::new(&include_bytes!(\"d\")[..]);", 1),
        ("let archive = zip::ZipArchive::new(file())?;", 1),
        // It packs, or only says how.
        ("let level = flate2::Compression::new(6);", 0),
        ("let writer = flate2::write::GzEncoder::new(Vec::new(), level());", 0),
        ("let packed = zstd::encode_all(data(), 3)?;", 0),
        // Nobody waits for it: a task beside the function, and a limit on something else.
        (
            "tokio::spawn(async move { loop { refresh().await; tokio::time::sleep(hour()).await; } });",
            0,
        ),
        ("std::thread::spawn(|| loop { std::thread::sleep(second()) });", 0),
        ("tokio::select! { _ = tokio::time::sleep(second()) => {} _ = ready() => {} }", 0),
        ("tokio::time::timeout(second(), ready()).await;", 0),
        ("let strategy = tokio_retry::strategy::ExponentialBackoff::from_millis(10);", 0),
        ("tokio::task::spawn_blocking(|| loop { std::thread::sleep(second()); });", 0),
        (
            "std::thread::Builder::new().name(n()).spawn(|| loop { std::thread::sleep(second()) })?;",
            0,
        ),
        (
            "let mut set = tokio::task::JoinSet::new(); set.spawn(async { tokio::time::sleep(second()).await });",
            0,
        ),
        // Only a failure leads there.
        (
            "for _ in 0..3 { if let Ok(p) = connect().await { return serve(p).await; } tokio::time::sleep(second()).await; }",
            0,
        ),
        ("while let Err(e) = connect().await { tokio::time::sleep(second()).await; }", 1),
        ("while connect().await.is_err() { tokio::time::sleep(second()).await; }", 1),
        (
            "loop { let r = connect().await; if r.is_ok() { break; } tokio::time::sleep(second()).await; }",
            0,
        ),
        (
            "match connect().await { Ok(c) => c, _ => { tokio::time::sleep(second()).await; other() } };",
            0,
        ),
        (
            "match kept() { Some(c) => c, None => { let d = zstd::decode_all(data())?; made(d) } };",
            1,
        ),
        ("match mode() { Mode::A => {}, _ => tokio::time::sleep(second()).await };", 1),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(init, expected)| (init, *expected, count("heavy-init", "", init, "")))
        .filter(|(_, expected, found)| expected != found)
        .map(|(init, expected, found)| format!("{found} for {expected}: {init}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let background = "async fn refresh() { loop { tokio::time::sleep(hour()).await; } }";
    assert_eq!(count("heavy-init", background, "tokio::spawn(refresh());", ""), 0);
    assert_eq!(count("heavy-init", background, "refresh().await;", ""), 1);
}

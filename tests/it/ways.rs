//! How a finding in source says that its code runs for each event: the places it names, in order,
//! and what it says of each.

use crate::project::Project;
use cargo_lambda_lean::{
    facts::Facts,
    finding::Finding,
    gather::{self, Options},
    lint::{self, CommandLineLevels},
    source::Place,
};

const MANIFEST: &str = "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
    [dependencies]\nasync-graphql = \"7\"\nlambda-appsync = \"0.5\"\nlambda_runtime = \"1\"\n\
    netlify_lambda = \"0.2\"\nregex = \"1\"\nreqwest = \"0.12\"\nserde_json = \"1\"\ntokio = \"1\"\ntower = \"0.5\"\n";

/// The findings of a rule in this code, each as its place and its labels.
fn ways(rule: &str, main: &str) -> Vec<(String, Vec<String>)> {
    let project = Project::with(&[("Cargo.toml", MANIFEST), ("src/main.rs", main)]);
    let options = Options { manifest_path: Some(project.path("Cargo.toml")), ..Options::default() };
    let gathered = gather::gather(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let report = lint::run(&gathered.facts, &CommandLineLevels::default()).expect("no settings");
    let found = report.findings.iter().filter(|finding| finding.rule == rule);
    found.map(|finding| way(&gathered.facts, finding)).collect()
}

fn way(facts: &Facts, finding: &Finding) -> (String, Vec<String>) {
    let text = |place: &Place| {
        let text = facts.sources.text(&place.file).expect("a file that was read");
        text[place.span.start..place.span.end].to_owned()
    };
    let label = |label: &cargo_lambda_lean::finding::Label| {
        format!("{}: {}", text(&label.place), label.message)
    };
    (text(&finding.at), finding.labels.iter().map(label).collect())
}

fn one(rule: &str, main: &str, at: &str, labels: &[&str]) {
    let expected = vec![(at.to_owned(), labels.iter().map(|label| (*label).to_owned()).collect())];
    assert_eq!(ways(rule, main), expected, "{main}");
}

const SERVE: &str = "use lambda_runtime::{run, service_fn};\n";

#[test]
fn a_closure_that_passes_the_event_on_is_the_one_that_calls() {
    one(
        "client-per-invocation",
        &format!(
            "{SERVE}async fn main() {{ run(service_fn(|event| handler(event))).await }}
             async fn handler(event: E) {{ helper() }}
             fn helper() {{ reqwest::Client::new(); }}"
        ),
        "reqwest::Client::new()",
        &[
            "|event| handler(event): runs for each event",
            "handler(event): the closure calls `handler`",
            "helper(): `handler` calls `helper`",
        ],
    );
}

#[test]
fn a_static_is_used_and_a_function_passed_on() {
    one(
        "client-per-invocation",
        &format!(
            "{SERVE}async fn main() {{ run(service_fn(handler)).await }}
             async fn handler(event: E) {{ event.items.iter().map(one).collect() }}
             fn one(item: &I) {{ reqwest::Client::new(); }}"
        ),
        "reqwest::Client::new()",
        &["handler: `handler` is handed to the runtime here", "one: `handler` passes `one` on"],
    );
    one(
        "lazy-first-touched-in-handler",
        &format!(
            "{SERVE}use std::sync::LazyLock;
             static PATTERN: LazyLock<regex::Regex> = LazyLock::new(|| make());
             fn make() -> regex::Regex {{ regex::Regex::new(\"a\").unwrap() }}
             async fn main() {{ run(service_fn(handler)).await }}
             async fn handler(event: E) {{ PATTERN.is_match(&event.payload) }}"
        ),
        "PATTERN",
        &["handler: `handler` is handed to the runtime here", "PATTERN: `handler` uses `PATTERN`"],
    );
}

#[test]
fn an_attribute_is_named_where_it_makes_a_function_the_handler() {
    one(
        "client-per-invocation",
        "#[netlify_lambda::lambda]
         #[tokio::main]
         async fn main(event: E, context: C) { reqwest::Client::new(); }",
        "reqwest::Client::new()",
        &["netlify_lambda::lambda: makes `main` run for each event"],
    );
    one(
        "client-per-invocation",
        "use lambda_appsync::appsync_operation;
         #[appsync_operation(query(players))]
         async fn players() -> P { find() }
         fn find() -> P { reqwest::Client::new(); }
         async fn main() {}",
        "reqwest::Client::new()",
        &[
            "appsync_operation(query(players)): makes `players` run for each event",
            "find(): `players` calls `find`",
        ],
    );
}

#[test]
fn a_value_whose_functions_are_run() {
    one(
        "client-per-invocation",
        "struct S { c: C }
         impl tower::Service<E> for S { fn call(&mut self, e: E) -> F { reqwest::Client::new(); } }
         async fn main() { lambda_runtime::run(S { c: c() }).await }",
        "reqwest::Client::new()",
        &["S: `call` of what is made here runs for each event"],
    );
}

#[test]
fn what_a_macro_writes_is_said_once_and_at_a_whole_call() {
    let main = format!(
        "{SERVE}macro_rules! client {{ ($url:expr) => {{ reqwest::Client::new().get($url) }} }}
         async fn main() {{ run(service_fn(handler)).await }}
         async fn handler(event: E) {{ client!(event.first); other(event); }}
         fn other(event: E) {{ client!(event.second); client!(event.third); }}"
    );
    one(
        "client-per-invocation",
        &main,
        "client!(event.first)",
        &[
            "handler: `handler` is handed to the runtime here",
            "macro_rules! client {: this macro writes it",
        ],
    );
    // What a macro is given stands where it is written.
    let main = format!(
        "{SERVE}macro_rules! show {{ ($what:expr) => {{ println!(\"{{:?}}\", $what) }} }}
         async fn main() {{ run(service_fn(handler)).await }}
         async fn handler(event: E) {{ show!(reqwest::Client::new()); show!(reqwest::Client::new()); }}"
    );
    let found = ways("client-per-invocation", &main);
    let places: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(places, ["reqwest::Client::new()"; 2]);
}

#[test]
fn an_untyped_event_is_shown_where_its_type_is_written() {
    let look_up =
        "async fn handler(event: LambdaEvent<Value>) -> R { event.payload[\"a\"].clone() }";
    let main = |body: &str| {
        format!(
            "use serde_json::Value; use lambda_runtime::{{run, service_fn, LambdaEvent}};\n{body}"
        )
    };
    let label = "event.payload[\"a\"]: a key is looked up here";
    for serve in [
        "async fn main() { run(service_fn(handler)).await }",
        "async fn main() { run(service_fn(|event| handler(event))).await }",
        "async fn main() { run(service_fn(|event: LambdaEvent<Value>| handler(event))).await }",
    ] {
        one("untyped-event", &main(&format!("{serve}\n{look_up}")), "handler", &[label]);
    }
    let closure = "|event: LambdaEvent<Value>| async move { event.payload[\"a\"].clone() }";
    let serve = format!("async fn main() {{ run(service_fn({closure})).await }}");
    one("untyped-event", &main(&serve), closure, &[label]);
}

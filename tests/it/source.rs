//! Which code runs when, on texts alone: the entry shapes, and the shapes that fool a search, each
//! with the way it is meant and the way that only looks like it.

use cargo_lambda_lean::{
    facts::code::{
        self, CodeFacts,
        load::{CrateInput, Extern},
        lower::Conditions,
        reach::When,
        vocabulary::Vocabulary,
    },
    source::{RelPath, position},
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Crates that every example may name, by the name their documentation uses.
const FOREIGN: [&str; 21] = [
    "tracing",
    "validator",
    "actix_web",
    "aide",
    "async_trait",
    "aws_config",
    "aws_sdk_dynamodb",
    "axum",
    "lambda_extension",
    "lambda_http",
    "lambda_runtime",
    "lambda_web",
    "lazy_static",
    "once_cell",
    "poem",
    "regex",
    "reqwest",
    "rocket",
    "s3",
    "tokio",
    "tower",
];

pub fn input(name: &str, is_bin: bool, root: &str, locals: &[(&str, usize)]) -> CrateInput {
    let mut externs: BTreeMap<String, Extern> = FOREIGN
        .iter()
        .map(|name| ((*name).to_owned(), Extern::Foreign((*name).to_owned())))
        .collect();
    externs.extend(locals.iter().map(|(name, index)| ((*name).to_owned(), Extern::Local(*index))));
    CrateInput {
        name: name.to_owned(),
        is_bin,
        root: RelPath::new(root),
        externs,
        conditions: Conditions { features: HashSet::from(["on".to_owned()]) },
    }
}

pub fn analysed(crates: Vec<CrateInput>, files: &[(&str, &str)]) -> CodeFacts {
    let read = |file: &RelPath| {
        let found = files.iter().find(|(path, _)| *path == file.as_str());
        found.map(|(_, text)| Arc::from(*text)).ok_or_else(|| format!("no `{file}`"))
    };
    code::analyse(crates, &Vocabulary::embedded(), &read)
}

/// The foreign calls of the last crate, as "phase path @line".
pub fn calls_of(facts: &CodeFacts) -> Vec<String> {
    let binary = facts.binaries.len() - 1;
    let one = facts.binaries[binary].as_ref().expect("the last crate is a binary");
    let mut calls: Vec<String> = facts
        .calls(binary)
        .map(|(state, call)| {
            let file = &facts.world.files[one.graph.nodes[state.node.index()].file];
            let when = match state.when {
                When::Init => "init",
                When::Invocation => "event",
                When::Late => "once",
            };
            let line = position(&file.text, call.name.start as usize).line;
            format!("{when} {} @{line}", call.path)
        })
        .collect();
    calls.sort();
    calls.dedup();
    calls
}

/// When a client is made in a binary of one file.
pub fn clients(main: &str) -> Vec<String> {
    clients_in(&[("src/main.rs", main)])
}

/// When a client is made in a binary of some files.
fn clients_in(files: &[(&str, &str)]) -> Vec<String> {
    let facts = analysed(vec![input("function", true, "src/main.rs", &[])], files);
    assert_eq!(facts.world.unread, [], "every file of the example is read");
    made(&facts)
}

/// When a client is made, without the line.
pub fn made(facts: &CodeFacts) -> Vec<String> {
    let calls = calls_of(facts).into_iter();
    let calls = calls.filter(|call| call.contains("aws_sdk_dynamodb::Client::new"));
    calls.filter_map(|call| call.split(' ').next().map(str::to_owned)).collect()
}

pub const USES: &str = "use aws_sdk_dynamodb::Client;\nuse lambda_runtime::{run, service_fn};\n";

/// A binary whose handler makes a client, with this `main`.
fn served_by(main: &str) -> Vec<String> {
    clients(&format!("{USES}{main}\nasync fn handler(e: E) {{ Client::new(&c()); }}"))
}

#[test]
fn every_entry_shape_leads_to_the_handler() {
    for main in [
        "async fn main() { run(service_fn(handler)).await }",
        "async fn main() { lambda_runtime::run(lambda_runtime::service_fn(handler)).await }",
        "async fn main() { let f = service_fn(handler); run(f).await }",
        "async fn main() { run(service_fn(|e| handler(e))).await }",
        "async fn main() { run(service_fn(move |e| async move { handler(e).await })).await }",
        "async fn main() { let f = |e| handler(e); run(service_fn(f)).await }",
        "async fn main() { start().await } async fn start() { run(service_fn(handler)).await }",
        "async fn main() { serve(handler).await } async fn serve<F>(f: F) where F: Fn(E) { run(service_fn(f)).await }",
        "async fn main() { serve(|e| handler(e)).await } async fn serve(f: impl Fn(E)) { run(service_fn(f)).await }",
        "async fn main() { lambda_runtime::run(lambda_runtime::handler_fn(handler)).await }",
        "fn main() { lambda_runtime::lambda!(handler) }",
        "#[macro_use] extern crate lambda_runtime; fn main() { lambda!(handler) }",
        "async fn main() { lambda_runtime::Runtime::new(service_fn(handler)).layer(l()).run().await }",
        "async fn main() { lambda_http::run(lambda_http::service_fn(handler)).await }",
        "async fn main() { lambda_http::run_with_streaming_response(service_fn(handler)).await }",
        "async fn main() { run(tower::service_fn(handler)).await }",
        "async fn main() { run(tower::ServiceBuilder::new().layer(l()).service_fn(handler)).await }",
        "async fn main() { lambda_http::run(axum::Router::new().route(\"/\", axum::routing::get(handler))).await }",
        "async fn main() { lambda_http::run(app()).await } fn app() -> axum::Router { use axum::routing::*; axum::Router::new().route(\"/\", post(x).get(handler)) }",
        "async fn main() { lambda_http::run(axum::Router::new().layer(axum::middleware::from_fn(handler))).await }",
        "async fn main() { lambda_extension::run(lambda_extension::service_fn(handler)).await }",
        "fn main() { let rt = tokio::runtime::Builder::new_current_thread().build().unwrap(); rt.block_on(run(service_fn(handler))) }",
        "async fn main() { if local() { other() } else { run(service_fn(handler)).await } }",
        "use aide::axum::{ApiRouter, routing::get_with}; async fn main() { lambda_http::run(ApiRouter::new().api_route(\"/\", get_with(handler, |op| op))).await }",
        "#[macro_use] extern crate rocket; #[launch] fn rocket() -> _ { rocket::build().mount(\"/\", routes![handler]) }",
        "async fn main() { lambda_web::run_actix_on_lambda(|| lambda_web::actix_web::App::new().route(\"/\", lambda_web::actix_web::web::get().to(handler))).await }",
        "async fn main() { let make = || actix_web::App::new().route(\"/\", actix_web::web::get().to(handler));
         if lambda() { lambda_web::run_actix_on_lambda(make).await } else { actix_web::HttpServer::new(make).run().await } }",
        "async fn main() { actix_web::HttpServer::new(|| actix_web::App::new().route(\"/\", actix_web::web::get().to(handler))).run().await }",
    ] {
        assert_eq!(served_by(main), ["event"], "{main}");
    }
}

#[test]
fn a_service_and_a_main_that_is_the_handler() {
    let service = "
        use aws_sdk_dynamodb::Client;
        struct S { c: C }
        impl tower::Service<lambda_runtime::LambdaEvent<V>> for S {
            type Response = R;
            fn call(&mut self, e: E) -> F { Client::new(&self.c); }
        }
        impl S { fn new() -> Self { S { c: Client::new(&c()) } } }
        async fn main() { lambda_runtime::run(S::new()).await }";
    assert_eq!(clients(service), ["event", "init"]);
    let main =
        "#[lambda_http::lambda(http)] async fn main(e: E) { aws_sdk_dynamodb::Client::new(&c()); }";
    assert_eq!(clients(main), ["event"]);
}

#[test]
fn per_event_although_written_in_main() {
    let inside = "async fn main() { run(service_fn(|e| other(e, Client::new(&c())))).await }";
    assert_eq!(clients(&format!("{USES}{inside} async fn other(e: E, c: Client) {{}}")), ["event"]);
    let before =
        "async fn main() { let c = Client::new(&c()); run(service_fn(|e| other(e, &c))).await }";
    assert_eq!(clients(&format!("{USES}{before} async fn other(e: E, c: &Client) {{}}")), ["init"]);
}

#[test]
fn per_event_by_a_macro_that_repeats_an_expression() {
    let serve =
        "macro_rules! serve { ($client:expr) => { run(service_fn(|e| other(e, $client))) } }";
    let inside =
        "async fn main() { serve!(Client::new(&c())).await } async fn other(e: E, c: Client) {}";
    assert_eq!(clients(&format!("{USES}{serve}{inside}")), ["event"]);
    let serve = "macro_rules! serve { ($client:expr) => {{ let c = $client; run(service_fn(|e| other(e, &c))) }} }";
    let inside =
        "async fn main() { serve!(Client::new(&c())).await } async fn other(e: E, c: &Client) {}";
    assert_eq!(clients(&format!("{USES}{serve}{inside}")), ["init"]);
}

#[test]
fn made_once_although_on_the_handlers_way() {
    for (uses, body) in [
        (
            "use tokio::sync::OnceCell; static C: OnceCell<Client> = OnceCell::const_new(); async fn make() -> Client { Client::new(&c()) }",
            "C.get_or_init(make).await;",
        ),
        (
            "static C: std::sync::OnceLock<Client> = std::sync::OnceLock::new();",
            "C.get_or_init(|| Client::new(&c()));",
        ),
        (
            "use std::sync::LazyLock; static C: LazyLock<Client> = LazyLock::new(|| Client::new(&c()));",
            "C.put();",
        ),
        (
            "use once_cell::sync::Lazy; static C: Lazy<Client> = Lazy::new(make); fn make() -> Client { Client::new(&c()) }",
            "C.put();",
        ),
        ("lazy_static::lazy_static! { static ref C: Client = Client::new(&c()); }", "C.put();"),
        ("thread_local! { static C: Client = Client::new(&c()); }", "C.with(|c| c.put());"),
        (
            "",
            "static C: std::sync::LazyLock<Client> = std::sync::LazyLock::new(|| Client::new(&c())); C.put();",
        ),
        (
            "static C: M = M::new();",
            "let mut kept = C.lock().unwrap(); if kept.is_none() { *kept = Some(Client::new(&c())); }",
        ),
        (
            "static C: M = M::new();",
            "let mut kept = C.lock().await; if let Some(c) = &*kept { return c.clone(); } let new = Client::new(&c()); *kept = Some(new.clone()); new",
        ),
        (
            "static C: M = M::new();",
            "{ let kept = C.read().await; if let Some(c) = &*kept { return c.clone(); } } let new = Client::new(&c()); *C.write().await = Some(new.clone()); new",
        ),
        (
            "static C: M = M::new();",
            "match &mut *C.lock().unwrap() { Some(c) => c.put(), slot => { *slot = Some(Client::new(&c())); } }",
        ),
        (
            "static C: M = M::new();",
            "C.lock().unwrap().get_or_insert_with(|| Client::new(&c())).put();",
        ),
        (
            "static C: M = M::new();",
            "C.lock().unwrap().entry(key()).or_insert_with(|| Client::new(&c())).put();",
        ),
    ] {
        let main = "async fn main() { run(service_fn(handler)).await }";
        let text = format!("{USES}{uses}{main} async fn handler(e: E) -> Client {{ {body} }}");
        assert_eq!(clients(&text), ["once"], "{uses} {body}");
    }
    for body in [
        "let kept = C.lock().unwrap(); if kept.is_none() { Client::new(&c()); }",
        "if e.fresh() { return old(); } Client::new(&c());",
        "let kept: Option<Client> = None; if kept.is_none() { Client::new(&c()); }",
    ] {
        let main = "async fn main() { run(service_fn(handler)).await }";
        let text =
            format!("{USES}static C: M = M::new();{main} async fn handler(e: E) {{ {body} }}");
        assert_eq!(clients(&text), ["event"], "nothing is kept: {body}");
    }
}

#[test]
fn the_cache_may_be_in_another_file() {
    let main = "mod store; use lambda_runtime::{run, service_fn};
        async fn main() { run(service_fn(handler)).await }
        async fn handler(e: E) { store::client().await.put(); }";
    let kept = "use tokio::sync::OnceCell; static C: OnceCell<Client> = OnceCell::const_new();
        use aws_sdk_dynamodb::Client; async fn make() -> Client { Client::new(&c()) }
        pub async fn client() -> &'static Client { C.get_or_init(make).await }";
    assert_eq!(clients_in(&[("src/main.rs", main), ("src/store.rs", kept)]), ["once"]);
    let fresh =
        "use aws_sdk_dynamodb::Client; pub async fn client() -> Client { Client::new(&c()) }";
    assert_eq!(clients_in(&[("src/main.rs", main), ("src/store/mod.rs", fresh)]), ["event"]);
}

#[test]
fn the_same_constructor_in_two_functions() {
    let library = "pub mod db { pub fn open() -> C { aws_sdk_dynamodb::Client::new(&c()) } }";
    let early = "async fn main() { let c = shared::db::open(); lambda_runtime::run(lambda_runtime::service_fn(|e| h(&c, e))).await } async fn h(c: &C, e: E) {}";
    let late = "async fn main() { lambda_runtime::run(lambda_runtime::service_fn(h)).await } async fn h(e: E) { shared::db::open(); }";
    for (main, when) in [(early, "init"), (late, "event")] {
        let crates = vec![
            input("shared", false, "shared/src/lib.rs", &[]),
            input("function", true, "src/main.rs", &[("shared", 0)]),
        ];
        let facts = analysed(crates, &[("shared/src/lib.rs", library), ("src/main.rs", main)]);
        assert_eq!(made(&facts), [when]);
    }
}

#[test]
fn what_makes_the_app_runs_once() {
    let main = "async fn main() { lambda_web::run_actix_on_lambda(|| { aws_sdk_dynamodb::Client::new(&c()); actix_web::App::new().route(\"/\", actix_web::web::get().to(handler)) }).await }
        async fn handler() {}";
    let files = [("src/main.rs", main)];
    let facts = analysed(vec![input("function", true, "src/main.rs", &[])], &files);
    assert_eq!(made(&facts), ["init"]);
    assert!(facts.binaries[0].as_ref().is_some_and(|binary| binary.on_lambda));
}

#[test]
fn a_private_glob_of_another_crate_brings_in_nothing() {
    let main = "use lambda_runtime::{run, service_fn}; use shared::*;
        async fn main() { run(service_fn(handler)).await }
        async fn handler(e: E) { Client::new(&c()); }";
    for (library, found) in [
        ("use regex::*; pub fn help() {}", vec![]),
        ("use aws_sdk_dynamodb::*; pub fn help() {}", vec![]),
        ("pub use aws_sdk_dynamodb::*;", vec!["event"]),
        ("mod all { pub use aws_sdk_dynamodb::*; } pub use all::*;", vec!["event"]),
    ] {
        let mut shared = input("shared", false, "shared/src/lib.rs", &[]);
        shared.externs.remove("lambda_runtime");
        let crates = vec![shared, input("function", true, "src/main.rs", &[("shared", 0)])];
        let facts = analysed(crates, &[("shared/src/lib.rs", library), ("src/main.rs", main)]);
        let entries = facts.binaries[1].as_ref().map(|binary| binary.reach.entries.len());
        assert_eq!(entries, Some(1), "the runtime is still found: {library}");
        assert_eq!(made(&facts), found, "{library}");
    }
}

#[test]
fn names_that_only_look_like_the_sdk() {
    let serve =
        "use lambda_runtime::{run, service_fn}; async fn main() { run(service_fn(handler)).await }";
    for (items, body) in [
        ("struct Client; impl Client { fn new(_: &C) -> Self { Client } }", "Client::new(&c());"),
        (
            "mod aws_sdk_dynamodb { pub struct Client; impl Client { pub fn new(_: &C) -> Self { Client } } } use aws_sdk_dynamodb::Client;",
            "Client::new(&c());",
        ),
        (
            "struct Repo { c: aws_sdk_dynamodb::Client } impl Repo { fn new(c: aws_sdk_dynamodb::Client) -> Self { Repo { c } } }",
            "Repo::new(given());",
        ),
        ("use somewhere::Client;", "Client::new(&c());"),
        (
            "",
            "// aws_sdk_dynamodb::Client::new(&c());\n let _ = \"aws_sdk_dynamodb::Client::new()\";",
        ),
    ] {
        let text = format!("{serve}{items} async fn handler(e: E) {{ {body} }}");
        assert_eq!(clients(&text), Vec::<String>::new(), "{items} {body}");
    }
    for (items, body) in [
        ("use aws_sdk_dynamodb::Client as Db;", "Db::new(&c());"),
        ("use aws_sdk_dynamodb as db;", "db::Client::new(&c());"),
        ("use aws_sdk_dynamodb::*;", "Client::new(&c());"),
        ("mod sdk { pub use aws_sdk_dynamodb::Client; } use sdk::Client;", "Client::new(&c());"),
        ("mod sdk { pub use aws_sdk_dynamodb as db; } use sdk::*;", "db::Client::new(&c());"),
        ("type Db = aws_sdk_dynamodb::Client;", "Db::new(&c());"),
        (
            "use aws_sdk_dynamodb::{self, Client};",
            "let client = given(); let client = Client::new(&client);",
        ),
        ("", "use aws_sdk_dynamodb::Client; Client::new(&c());"),
        ("", "let make = aws_sdk_dynamodb::Client::new(&c()); { let make = make; }"),
    ] {
        let text = format!("{serve}{items} async fn handler(e: E) {{ {body} }}");
        assert_eq!(clients(&text), ["event"], "{items} {body}");
    }
}

#[test]
fn code_that_never_runs_on_lambda() {
    let serve = "use lambda_runtime::{run, service_fn}; async fn main() { run(service_fn(handler)).await } async fn handler(e: E) {}";
    for dead in [
        "async fn unrouted(e: E) { aws_sdk_dynamodb::Client::new(&c()); }",
        "#[cfg(test)] mod tests { fn f() { aws_sdk_dynamodb::Client::new(&c()); } }",
        "#[cfg(feature = \"off\")] fn f() { aws_sdk_dynamodb::Client::new(&c()); }",
        "#[test] fn f() { aws_sdk_dynamodb::Client::new(&c()); }",
    ] {
        assert_eq!(clients(&format!("{serve}{dead}")), Vec::<String>::new(), "{dead}");
    }
    let routed = "use axum::routing::get; async fn main() { lambda_http::run(axum::Router::new().route(\"/\", get(a))).await }
        async fn a() {} async fn b() { aws_sdk_dynamodb::Client::new(&c()); }";
    assert_eq!(clients(routed), Vec::<String>::new());
    let routed = routed.replace("get(a)", "get(a).post(b)");
    assert_eq!(clients(&routed), ["event"]);
}

#[test]
fn calls_through_traits_fields_and_closures_are_followed() {
    let serve = "use lambda_runtime::{run, service_fn};";
    for rest in [
        "trait T { async fn go(&self); } struct S; impl T for S { async fn go(&self) { aws_sdk_dynamodb::Client::new(&c()); } }
         async fn main() { let s = S; run(service_fn(|e| h(&s, e))).await } async fn h(t: &dyn T, e: E) { t.go().await }",
        "trait T { async fn go(&self) { aws_sdk_dynamodb::Client::new(&c()); } } struct S; impl T for S {}
         async fn main() { let s = S; run(service_fn(|e| h(&s, e))).await } async fn h<X: T>(t: &X, e: E) { t.go().await }",
        "struct A { s: std::sync::Arc<S> } struct S; impl S { fn go(&self) { aws_sdk_dynamodb::Client::new(&c()); } }
         async fn main() { let a = A { s: std::sync::Arc::new(S) }; run(service_fn(|e| h(&a, e))).await } async fn h(a: &A, e: E) { a.s.go() }",
        "async fn retry<F: Fn()>(f: F) { f() }
         async fn main() { run(service_fn(h)).await } async fn h(e: E) { retry(|| { aws_sdk_dynamodb::Client::new(&c()); }).await }",
        "async fn main() { run(service_fn(h)).await } async fn h(e: E) { e.items.iter().map(one).collect() } fn one(i: &I) { aws_sdk_dynamodb::Client::new(&c()); }",
        "async fn main() { run(service_fn(h)).await } async fn h(e: E) { tokio::join!(one(), two()); } async fn one() {} async fn two() { aws_sdk_dynamodb::Client::new(&c()); }",
        "use axum::extract::State; #[derive(Clone)] struct App; impl App { fn go(&self) { aws_sdk_dynamodb::Client::new(&c()); } }
         async fn main() { lambda_http::run(axum::Router::new().route(\"/\", axum::routing::get(h)).with_state(App)).await } async fn h(State(app): State<App>) { app.go() }",
    ] {
        assert_eq!(clients(&format!("{serve}{rest}")), ["event"], "{rest}");
    }
}

#[test]
fn a_broken_file_costs_itself() {
    let main = "mod broken; mod fine; async fn main() { lambda_runtime::run(lambda_runtime::service_fn(fine::handler)).await }";
    let fine = "pub async fn handler(e: E) { aws_sdk_dynamodb::Client::new(&c()); }";
    let files = [("src/main.rs", main), ("src/broken.rs", "fn f( {"), ("src/fine.rs", fine)];
    let facts = analysed(vec![input("function", true, "src/main.rs", &[])], &files);
    assert_eq!(made(&facts), ["event"]);
    let unread: Vec<_> =
        facts.world.unread.iter().map(|one| (one.file.as_str(), one.line)).collect();
    assert_eq!(unread, [("src/broken.rs", Some(1))]);
}

#[test]
fn a_broken_item_costs_itself() {
    let main = "\u{feff}// ä\nasync fn main() { lambda_runtime::run(lambda_runtime::service_fn(S::handler)).await }
        fn broken() { let ö = ; }\nstruct S;
        impl S { fn also() { 1 2 } async fn handler(e: E) { aws_sdk_dynamodb::Client::new(&c()); } }";
    let facts =
        analysed(vec![input("function", true, "src/main.rs", &[])], &[("src/main.rs", main)]);
    assert_eq!(made(&facts), ["event"]);
    let unread: Vec<_> = facts.world.unread.iter().map(|one| one.why.as_str()).collect();
    let [broken, also] = unread.as_slice() else { panic!("{unread:?}") };
    assert!(broken.starts_with("parse an item of `src/main.rs` at line 3: "), "{broken}");
    assert!(also.starts_with("parse an item of `src/main.rs` at line 5: "), "{also}");
    let one = facts.binaries[0].as_ref().expect("a binary");
    let written = facts.calls(0).map(|(state, call)| {
        assert_eq!(one.graph.nodes[state.node.index()].file, 0);
        &main[call.bytes.start as usize..call.bytes.end as usize]
    });
    assert!(written.collect::<Vec<_>>().contains(&"aws_sdk_dynamodb::Client::new(&c())"));
}

#[test]
fn deep_nesting_is_an_error_value_and_what_is_almost_too_deep_is_read() {
    let deep = 200_000;
    for (unit, around) in [
        ("(", "fn main() { # }"),
        ("{", "fn main() { # }"),
        ("-", "fn main() { #1; }"),
        ("!", "fn main() { #1; }"),
        ("1 + ", "fn main() { #1; }"),
        (".a()", "fn main() { x#; }"),
        ("V<", "type T = #"),
        ("if a {} else ", "fn main() { #{} }"),
        ("[", "fn main() { # }"),
        ("&", "fn f(x: #u8) {}"),
        ("|x| ", "fn main() { #1 }"),
        ("f(", "m!{ # }"),
    ] {
        let text = around.replace('#', &unit.repeat(deep));
        let facts = analysed(vec![input("f", true, "m.rs", &[])], &[("m.rs", &text)]);
        let unread = facts.world.unread.first().expect("it is not read");
        assert!(unread.too_deep && unread.line == Some(1), "{unit}: {unread:?}");
    }
    let depth = code::guard::DEEPEST / 2 - 10;
    for (open, close) in
        [("(", ")"), ("{", "}"), ("-", ""), ("f(", ")"), ("if a {} else {", "}"), ("&[", "]")]
    {
        let text = format!("fn main() {{ {}1{}; }}", open.repeat(depth), close.repeat(depth));
        let facts = analysed(vec![input("f", true, "m.rs", &[])], &[("m.rs", &text)]);
        assert!(
            facts.world.unread.iter().all(|one| !one.too_deep),
            "{open}: {:?}",
            facts.world.unread
        );
    }
}

#[test]
fn a_glob_of_something_unknown_ends_too() {
    let rest = "async fn main() { lambda_runtime::run(lambda_runtime::service_fn(handler)).await; nowhere(); }
        async fn handler(e: E) { Client::new(&c()); Unknown::new(); }";
    for uses in [
        "use aws_sdk_dynamodb::Client; use nowhere::*;",
        "use aws_sdk_dynamodb::*; use nowhere::*;",
        "use nowhere::*; use gone::away::*; use aws_sdk_dynamodb::*; use Missing::*;",
        "mod a { pub use b::*; pub use super::*; } use a::*; use aws_sdk_dynamodb::Client;",
    ] {
        assert_eq!(clients(&format!("{uses}{rest}")), ["event"], "{uses}");
    }
    // As many as there are, it takes no longer.
    let many: String = (0..40).map(|number| format!("use gone{number}::*;\n")).collect();
    assert_eq!(clients(&format!("use aws_sdk_dynamodb::Client;{many}{rest}")), ["event"]);
}

#[test]
fn imports_in_a_circle_end() {
    let main = "mod a; mod b; use a::*; use lambda_runtime::{run, service_fn}; async fn main() { run(service_fn(handler)).await; nowhere(); }
        async fn handler(e: E) { Client::new(&c()); }";
    let a = "pub use crate::b::*; pub use crate::*; pub use self::x as y; pub use self::y as x;";
    let b = "pub use crate::a::*; pub use aws_sdk_dynamodb::Client;";
    assert_eq!(clients_in(&[("src/main.rs", main), ("src/a.rs", a), ("src/b.rs", b)]), ["event"]);
}

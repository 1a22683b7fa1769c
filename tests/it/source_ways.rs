//! How values and names lead from the handler to a client: closures, type arguments, macros of
//! other crates, crates by another crate's name.

use super::source::{USES, analysed, calls_of, clients, input};

const SERVE: &str = "async fn main() { run(service_fn(handler)).await }";

/// When a client is made beside a handler with this body.
fn handled(items: &str, body: &str) -> Vec<String> {
    clients(&format!("{USES}{SERVE}{items} async fn handler(e: E) -> R {{ {body} }}"))
}

const ORDER: &str =
    "struct Order { id: String } impl Order { fn ship(&self) { Client::new(&c()); } }";

#[test]
fn a_type_argument_says_what_comes_back() {
    for body in [
        "let o = parse::<Order>(&e)?; o.ship();",
        "let o = serde_json::from_str::<Order>(&e)?; o.ship();",
        "let o = reqwest::get(u()).await?.json::<Order>().await?; o.ship();",
        "e.data::<Order>()?.ship();",
        "let all = e.parse::<Vec<Order>>()?; for o in all { o.ship(); }",
    ] {
        let parse = "fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> { read(text) }";
        assert_eq!(handled(&format!("{ORDER}{parse}"), body), ["event"], "{body}");
    }
    let body = "let o = parse::<Other>(&e)?; o.ship();";
    assert!(handled(ORDER, body).is_empty());
}

#[test]
fn what_branches_give_is_any_of_it_part_by_part() {
    let items = "struct A; struct B; impl A { fn find(&self) {} } impl B { fn find(&self) { Client::new(&c()); } }";
    let body = "let (one, other) = match e.kind() { 1 => (A, B), _ => (B, A) }; one.find();";
    assert_eq!(handled(items, body), ["event"]);
    let body = "let (one, other) = match e.kind() { 1 => (A, B), _ => (A, B) }; one.find();";
    assert!(handled(items, body).is_empty());
}

#[test]
fn what_a_generic_type_holds_is_found_in_it() {
    let items = format!("{ORDER} struct Envelope<T> {{ data: Option<T>, name: String }}");
    for body in [
        "let m: Envelope<Order> = serde_json::from_str(&e)?; if let Some(o) = m.data { o.ship(); }",
        "let m: Envelope<Order> = serde_json::from_str(&e)?; m.data.unwrap().ship();",
    ] {
        assert_eq!(handled(&items, body), ["event"], "{body}");
    }
    let body = "let m: Envelope<Order> = serde_json::from_str(&e)?; m.name.ship();";
    assert!(handled(&items, body).is_empty());
}

#[test]
fn conversions_call_what_converts() {
    let items = "struct Code(String);
        impl std::str::FromStr for Code { fn from_str(s: &str) -> Result<Self, E> { Client::new(&c()); } }
        impl From<String> for Code { fn from(s: String) -> Self { Client::new(&c()); } }
        fn take(code: Code) {} fn made(e: E) -> Code { e.text().into() }
        fn tried(e: E) -> Result<Code, E> { Ok(e.text().parse()?) }
        impl TryFrom<u8> for Code { fn try_from(n: u8) -> Result<Self, E> { Client::new(&c()); } }";
    for body in [
        "let code: Code = e.text().parse()?;",
        "let code: Result<Code, _> = e.text().parse();",
        "let code = e.text().parse::<Code>().unwrap();",
        "let code: Code = e.text().into();",
        "let code: Code = e.number().try_into().map_err(bad)?;",
        "take(e.text().into());",
        "made(e);",
        "tried(e)?;",
    ] {
        assert_eq!(handled(items, body), ["event"], "{body}");
    }
    for body in ["let n: u8 = e.text().parse()?;", "let s: String = e.text().into();"] {
        assert!(handled(items, body).is_empty(), "{body}");
    }
}

#[test]
fn a_function_that_takes_an_event_is_a_handler_to_whom_it_is_given() {
    for (param, expected) in [("e: LambdaEvent<Order>", vec!["event"]), ("e: Order", vec![])] {
        let text = format!(
            "use lambda_runtime::LambdaEvent; use tokio::wrapper::start;
            async fn main() {{ start(\"name\", handler).await }}
            async fn handler({param}) {{ aws_sdk_dynamodb::Client::new(&c()); }}"
        );
        let found = clients(&text);
        assert_eq!(found.contains(&"event".to_owned()), !expected.is_empty(), "{param} {found:?}");
    }
}

#[test]
fn types_that_another_crates_macro_declares() {
    let items = "tokio::make_types!(\"schema\"); impl Player { fn key() { Client::new(&c()); } fn own(&self) { Player::key() } }";
    assert_eq!(handled(items, "Player::key();"), ["event"]);
    let items = "impl<T> Keyed for T { fn key(&self) {} } impl Player { fn key() {} }";
    assert!(handled(items, "Player::key();").is_empty());
}

#[test]
fn a_statement_may_be_what_a_macro_repeats() {
    let text = format!(
        "{USES} macro_rules! made {{ ($a:stmt) => {{ async fn main() {{ $a; run(service_fn(handler)).await }} }} }}
        made!(let c = Client::new(&c())); async fn handler(e: E) {{ }}"
    );
    assert_eq!(clients(&text), ["init"]);
}

#[test]
fn paths_of_the_first_edition_start_at_the_root() {
    let items = "mod a { pub struct Made; impl ::a::Made { pub fn new() { ::b::make(); } } } mod b { pub fn make() { ::aws_sdk_dynamodb::Client::new(&c()); } }";
    assert_eq!(handled(items, "::a::Made::new();"), ["event"]);
}

#[test]
fn the_event_comes_in_through_closures() {
    for serve in [
        "run(service_fn(handler)).await",
        "run(service_fn(|e| handler(e))).await",
        "run(service_fn(|e: LambdaEvent<Value>| async move { handler(e).await })).await",
        "let f = |e| handler(e); run(service_fn(f)).await",
        "run(service_fn(|e: LambdaEvent<Value>| async move { tokio::look(e.payload) })).await",
        "run(service_fn(move |e| { let s = s.clone(); async move { let r = handler(e); r.await } })).await",
    ] {
        let text = format!(
            "use lambda_runtime::*; async fn handler(e: LambdaEvent<Value>) {{ tokio::look(e.payload); }}
            async fn main() {{ tokio::look(1); {serve} }}"
        );
        let files = [("src/main.rs", &*text)];
        let facts = analysed(vec![input("function", true, "src/main.rs", &[])], &files);
        let looks = facts.calls(0).filter(|(_, call)| &*call.path == "tokio::look");
        let from_event: Vec<bool> = looks.map(|(_, call)| call.event).collect();
        assert_eq!(from_event.iter().filter(|event| **event).count(), 1, "{serve}");
    }
}

#[test]
fn what_is_the_same_for_every_event_stays_so_in_parts() {
    let fixed = |body: &str| {
        let text = format!(
            "{USES}{SERVE} const PAIR: (&str, &str) = (\"a\", \"b\"); struct S {{ pat: &'static str }}
            fn one(pair: (&str, &str)) {{ regex::Regex::new(pair.0); }}
            impl S {{ fn text(&self) -> &str {{ self.pat }} }}
            fn entry(of: &mut String) -> &str {{ regex::Regex::new(of); of }}
            fn two((pat, _): (&str, &str)) {{ regex::Regex::new(pat); }}
            async fn handler(e: E) {{ {body} }}"
        );
        let files = [("src/main.rs", &*text)];
        let facts = analysed(vec![input("function", true, "src/main.rs", &[])], &files);
        let compiled =
            facts.calls(0).filter(|(_, call)| call.path.starts_with("regex::Regex::new"));
        compiled.map(|(_, call)| call.fixed).collect::<Vec<_>>()
    };
    for body in [
        "one((\"a\", \"x\"));",
        "two((\"a\", \"x\"));",
        "one(PAIR);",
        "let s = S { pat: \"a\" }; regex::Regex::new(s.pat);",
        "let mut p = String::from(\"a\"); p.push_str(\"b\"); regex::Regex::new(&p);",
    ] {
        assert_eq!(fixed(body), [true], "{body}");
    }
    for body in [
        "one((e.pat(), \"x\"));",
        "one((\"a\", \"x\")); one((e.pat(), \"x\"));",
        "let mut s = S { pat: \"a\" }; s.pat = e.pat(); regex::Regex::new(s.pat);",
        "let mut s = e.text(); entry(&mut s);",
        "let s = S { pat: e.pat() }; regex::Regex::new(s.text());",
        "let (p, n) = match e.id() { 1 => (\"a\", 1), other => (other, 2) }; regex::Regex::new(p);",
        "let m = std::sync::Mutex::new(String::from(\"a\")); fill(&m, e); regex::Regex::new(&m.lock().unwrap());",
        "let mut s = S { pat: \"a\" }; fill(&mut s, e); regex::Regex::new(s.pat);",
        "let mut p = String::from(\"a\"); p.push_str(&e.name); regex::Regex::new(&p);",
    ] {
        assert_eq!(fixed(body), [false], "{body}");
    }
}

#[test]
fn crates_that_others_hand_on_go_by_their_own_name() {
    let text = "use lambda_runtime::*; use tokio::deep::object_store::aws::AmazonS3Builder;
        async fn main() { run(service_fn(handler)).await }
        async fn handler(e: E) { AmazonS3Builder::from_env().build(); }";
    let files = [("src/main.rs", text)];
    let facts = analysed(vec![input("function", true, "src/main.rs", &[])], &files);
    let calls = calls_of(&facts);
    let found =
        |call: &String| call.starts_with("event object_store::aws::AmazonS3Builder::from_env");
    assert!(calls.iter().any(found), "{calls:?}");
}

#[test]
fn a_query_runs_on_the_connection_it_is_given() {
    let text = "use diesel::pg::PgConnection; use diesel::prelude::*; use lambda_runtime::*;
        async fn main() { run(service_fn(handler)).await }
        async fn handler(e: E) { let mut c = PgConnection::establish(&url()).unwrap(); users.filter(id.eq(1)).load::<User>(&mut c).unwrap(); }";
    let mut crate_input = input("function", true, "src/main.rs", &[]);
    let foreign = cargo_lambda_lean::facts::code::load::Extern::Foreign("diesel".to_owned());
    crate_input.externs.insert("diesel".to_owned(), foreign);
    let facts = analysed(vec![crate_input], &[("src/main.rs", text)]);
    let calls = calls_of(&facts);
    let found = |call: &String| call.starts_with("event diesel::pg::PgConnection.load");
    assert!(calls.iter().any(found), "{calls:?}");
}

#[test]
fn an_enum_may_call_what_its_variants_hold() {
    let items = |attribute: &str, variants: &str| {
        format!(
            "{attribute} enum Any {{ {variants} }} struct A; struct B; trait Send {{ fn send(&self); }}
             impl Send for A {{ fn send(&self) {{}} }}
             impl Send for B {{ fn send(&self) {{ Client::new(&c()); }} }}
             fn any(e: &E) -> Any {{ e.kind() }}"
        )
    };
    for attribute in ["#[enum_dispatch::enum_dispatch(Send)]", "#[enum_dispatch]"] {
        for variants in ["First(A), Second(B)", "A, B"] {
            let body = "any(&e).send();";
            assert_eq!(handled(&items(attribute, variants), body), ["event"], "{variants}");
        }
        assert!(handled(&items(attribute, "First(A), Second(B)"), "any(&e).other();").is_empty());
        assert!(handled(&items(attribute, "First(A)"), "any(&e).send();").is_empty());
    }
    assert!(handled(&items("", "First(A), Second(B)"), "any(&e).send();").is_empty());
}

#[test]
fn a_crate_goes_by_its_name_beside_an_import_of_the_same() {
    for import in ["use s3::s3;", "use s3::s3 as open;", "use s3::inner::s3;", ""] {
        let made = calls_of(&analysed(
            vec![input("function", true, "src/main.rs", &[])],
            &[(
                "src/main.rs",
                &format!(
                    "{USES}{SERVE}{import} async fn handler(e: E) {{ s3::Bucket::new(n()); s3(); }}"
                ),
            )],
        ));
        assert!(made.iter().any(|call| call.starts_with("event s3::Bucket::new ")), "{made:?}");
    }
    // What the function itself calls so is what is meant.
    let body = "mod s3 { pub struct Client; impl Client { pub fn new() {} } }";
    assert!(handled(body, "s3::Client::new();").is_empty());
}

#[test]
fn extractors_hand_over_what_they_are_generic_in() {
    let uses =
        "use axum::{Router, routing::post}; use validator::Checked; use validator::inner::Form;";
    let serve =
        "async fn main() { lambda_http::run(Router::new().route(\"/\", post(order))).await }";
    for handler in [
        "async fn order(o: Checked<Order>) -> R { o.ship() }",
        "async fn order(o: Checked<Order>) -> R { o.into_inner().ship() }",
        "async fn order(o: Checked<Order>) -> R { o.0.ship() }",
        "async fn order(Checked(o): Checked<Order>) -> R { o.ship() }",
        "async fn order(Checked(Form(o)): Checked<Form<Order>>) -> R { o.ship() }",
    ] {
        let found =
            clients(&format!("use aws_sdk_dynamodb::Client; {uses}{serve}{ORDER}{handler}"));
        assert_eq!(found, ["event"], "{handler}");
    }
    // Elsewhere a generic type says nothing of whose methods it has.
    for handler in [
        "async fn order(o: E) -> R { let s: Checked<Order> = of(o); s.ship() }",
        "async fn order(o: Checked<Order>) -> R { o.send() }",
    ] {
        let found =
            clients(&format!("use aws_sdk_dynamodb::Client; {uses}{serve}{ORDER}{handler}"));
        assert!(found.is_empty(), "{handler}: {found:?}");
    }
}

#[test]
fn a_name_comes_by_the_glob_that_is_known_to_bring_it() {
    let handler = "async fn handler(e: Request) -> R { Client::new(&c()); }";
    for uses in [
        "use lambda_http::{http::StatusCode, *}; use tracing::*; use aws_sdk_dynamodb::Client;",
        "use lambda_http::*; use tracing::*; use aws_sdk_dynamodb::*;",
        "use tracing::*; use lambda_runtime::*; use lambda_http::*; use aws_sdk_dynamodb::*;",
    ] {
        let found = clients(&format!("{uses}{SERVE}{handler}"));
        assert_eq!(found, ["event"], "{uses}");
    }
    let unknown =
        "use aws_sdk_dynamodb::types::*; use tracing::*; use lambda_runtime::{run, service_fn};";
    assert!(clients(&format!("{unknown}{SERVE}{handler}")).is_empty());
}

#[test]
fn what_a_still_empty_collection_will_hold_is_what_its_type_says() {
    for made in ["HashMap::new()", "std::collections::HashMap::new()", "HashMap::default()"] {
        let main = format!(
            "use std::collections::HashMap; trait H {{ fn run(&self); }} struct A; impl H for A {{ fn run(&self) {{ Client::new(&c()); }} }}
            async fn main() {{ let mut m: HashMap<&'static str, Box<dyn H>> = {made}; m.insert(\"a\", Box::new(A)); let m = &m; run(service_fn(|e| async move {{ m.get(\"a\").unwrap().run() }})).await }}"
        );
        assert_eq!(clients(&format!("{USES}{main}")), ["event"], "{made}");
    }
}

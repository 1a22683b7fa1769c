//! Calls of other people's crates in a handler, with what the rules say of each: the lists in the
//! rule files, a line per kind, and beside each the call that only looks like it.

use crate::project::Project;
use cargo_lambda_lean::{
    gather::{self, Options},
    lint::{self, CommandLineLevels},
};
use std::collections::{BTreeMap, BTreeSet};

/// What a rule says of each statement, in a function that every event calls.
fn said(rule: &str, statements: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut crates = BTreeSet::from(["lambda_runtime", "tokio"]);
    let mut calls = String::new();
    let mut functions = String::new();
    for (index, statement) in statements.iter().enumerate() {
        calls.push_str(&format!("    f{index}(&event).await;\n"));
        functions.push_str(&format!("async fn f{index}(event: &E) {{ {statement} }}\n"));
        let words = statement.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
        let names = words.filter_map(|word| word.split_once("::")).map(|(name, _)| name);
        let foreign = |name: &&str| name.starts_with(char::is_lowercase) && *name != "std";
        crates.extend(names.filter(foreign));
    }
    let mut manifest = String::from("[package]\nname = \"function\"\nedition = \"2024\"\n");
    manifest.push_str("version = \"0.1.0\"\n[dependencies]\n");
    crates.iter().for_each(|name| manifest.push_str(&format!("{name} = \"1\"\n")));
    let main = format!(
        "use lambda_runtime::{{run, service_fn}};\n\
         async fn main() {{ run(service_fn(handler)).await }}\n\
         async fn handler(event: E) {{\n{calls}}}\n"
    );
    let before = main.lines().count();
    let project =
        Project::with(&[("Cargo.toml", &manifest), ("src/main.rs", &(main + &functions))]);
    let options = Options { manifest_path: Some(project.path("Cargo.toml")), ..Options::default() };
    let gathered = gather::gather(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let report = lint::run(&gathered.facts, &CommandLineLevels::default()).expect("no settings");
    let mut said: BTreeMap<String, Vec<String>> =
        statements.iter().map(|statement| ((*statement).to_owned(), Vec::new())).collect();
    for finding in report.findings.iter().filter(|finding| finding.rule == rule) {
        let at = gathered.facts.sources.position(&finding.at.file, finding.at.span.start);
        let statement = statements[at.line - before - 1];
        said.entry(statement.to_owned()).or_default().push(finding.message.clone());
    }
    said
}

/// Each statement with what is expected to be said of it: once with these words, or nothing.
fn expect(rule: &str, message: &str, cases: &[(&str, &str)]) {
    let statements: Vec<&str> = cases.iter().map(|(statement, _)| *statement).collect();
    let said = said(rule, &statements);
    for (statement, what) in cases {
        let expected = match *what {
            "" => Vec::new(),
            what => vec![message.replace("{what}", what)],
        };
        assert_eq!(said[*statement], expected, "{statement}");
    }
}

#[test]
fn clients_and_connections() {
    expect(
        "client-per-invocation",
        "{what} is made for each event",
        &[
            ("reqwest::Client::new();", "an HTTP client"),
            ("reqwest::Client::builder().timeout(t).build();", "an HTTP client"),
            ("reqwest::get(url()).await;", "an HTTP client that is used once"),
            (
                "reqwest::Client::builder().build().unwrap_or_else(|_| reqwest::Client::new());",
                "an HTTP client",
            ),
            ("given().unwrap_or_else(|| reqwest::Client::new());", "an HTTP client"),
            // The request blocks, which is said once.
            ("ureq::get(url()).call();", ""),
            ("ureq::agent().get(url()).call();", "an HTTP client"),
            // These two share one client among all of their free functions.
            ("surf::get(url()).await;", ""),
            ("isahc::post(url(), body());", ""),
            ("surf::Client::new();", "an HTTP client"),
            ("serenity::Client::builder(token(), intents()).await;", "a Discord client"),
            ("serenity::all::ClientBuilder::new(token(), intents()).await;", "a Discord client"),
            ("serenity::all::Builder::new(token());", ""),
            ("bsky_sdk::BskyAgent::builder().build().await;", "a client of a social network"),
            ("isahc::HttpClient::new();", "an HTTP client"),
            // Nothing is kept between two requests, so there is nothing to make earlier.
            ("minreq::get(url()).send();", ""),
            ("attohttpc::get(url()).send();", ""),
            // It wraps a client that somebody made.
            ("reqwest_middleware::ClientBuilder::new(given()).build();", ""),
            ("graphql_client::reqwest::post_graphql(given(), url(), v()).await;", ""),
            ("curl::easy::Easy::new();", "an HTTP client"),
            ("rusoto_core::HttpClient::new();", "an HTTP client"),
            ("rusoto_core::request::HttpClient::new();", "an HTTP client"),
            ("rusoto_s3::S3Client::new(region());", "an AWS SDK client"),
            ("rusoto_s3::S3Client::new_with_client(given(), region());", ""),
            ("dynamodb_lock::DynamoDbLockClient::default();", "a client for locks in DynamoDB"),
            ("s3::creds::Credentials::default();", "a set of credentials"),
            ("s3::creds::Credentials::anonymous();", ""),
            ("deadpool_postgres::Config::new();", ""),
            (
                "let mut c = deadpool_postgres::Config::new(); c.create_pool(None, tls());",
                "a pool of database connections",
            ),
            ("sqlx::PgPool::connect(url()).await;", "a pool of database connections"),
            ("sqlx::postgres::PgPoolOptions::new();", "a pool of database connections"),
            ("bb8::Pool::builder().build(manager()).await;", "a pool of database connections"),
            ("sea_orm::Database::connect(url()).await;", "a pool of database connections"),
            (
                "let rb = rbatis::RBatis::new(); rb.init(driver(), url());",
                "a pool of database connections",
            ),
            ("tokio_postgres::connect(url(), tls()).await;", "a database connection"),
            ("tokio_postgres::Config::new();", ""),
            ("rusqlite::Connection::open(path());", "a database connection"),
            ("rusqlite::Connection::open_in_memory();", ""),
            ("mongodb::Client::with_uri_str(url()).await;", "a database client"),
            ("postgrest::Postgrest::new(url());", "a database client"),
            ("supabase_rust::Supabase::new(None, None, None);", "a database client"),
            ("redis::Client::open(url());", "a Redis client"),
            // What is made from it is said with it.
            ("let c = redis::Client::open(url()).unwrap(); c.get_connection();", "a Redis client"),
            ("opensearch::OpenSearch::default();", "a search client"),
            ("lettre::SmtpTransport::relay(host());", "a mail client"),
            ("resend_rs::Resend::new(key());", "a mail client"),
            ("tonic::transport::Channel::from_static(u()).connect().await;", "a gRPC channel"),
            ("kafka::producer::Producer::from_hosts(hosts());", "a Kafka client"),
            ("kafka::producer::Producer::from_client(given());", ""),
            ("async_openai::Client::new();", "a client for a language model"),
            ("slack_morphism::prelude::SlackClientHyperConnector::new();", "a Slack client"),
            ("pagerduty_rs::eventsv2async::EventsV2::new(key(), None);", "a PagerDuty client"),
            ("kube::Client::try_default().await;", "a Kubernetes client"),
            ("kube::Client::new(service(), \"default\");", ""),
            ("ssh2::Session::new();", "an SSH session"),
            ("opentelemetry_otlp::SpanExporter::builder();", "an exporter of telemetry"),
            ("tokio::runtime::Runtime::new().unwrap().block_on(work());", "a Tokio runtime"),
            ("tokio::runtime::Handle::current();", ""),
        ],
    );
}

#[test]
fn what_blocks_a_thread() {
    expect(
        "blocking-in-handler",
        "{what} blocks the thread that answers the event",
        &[
            ("std::thread::sleep(second());", "sleeping"),
            ("retry::retry(delays(), || attempt());", "a retry that sleeps"),
            ("tokio_retry::Retry::spawn(delays(), || attempt()).await;", ""),
            ("ureq::get(url()).call();", "a request of a blocking HTTP client"),
            ("ureq::run(request());", "a request of a blocking HTTP client"),
            ("isahc::get(url());", "a request of a blocking HTTP client"),
            ("isahc::get_async(url()).await;", ""),
            ("std::net::TcpStream::connect(host());", "a connection"),
            ("tokio::net::TcpStream::connect(host()).await;", ""),
            ("let p = r2d2::Pool::new(manager()).unwrap(); p.get_timeout(t());", "a connection"),
            ("let p = bb8::Pool::builder(); p.get().await;", ""),
            (
                "let c: diesel::pg::PgConnection = given(); diesel::insert_into(users()).execute(&mut c);",
                "a query of a blocking client",
            ),
            (
                "let c: diesel::r2d2::PooledConnection<M> = given(); users().filter(id()).load(&mut c);",
                "a query of a blocking client",
            ),
            (
                "let c: redis::Connection = given(); redis::cmd(\"PING\").query(&mut c);",
                "a query of a blocking client",
            ),
            // The same words, of the crate that makes them asynchronous, and of nobody knows what.
            ("let c: diesel_async::AsyncPgConnection = given(); users().load(&mut c).await;", ""),
            ("diesel::insert_into(users()).values(user()).execute(conn());", ""),
            (
                "let mut k = given(); let p: kafka::producer::Producer = k; p.send(&record());",
                "a message of a blocking client",
            ),
            (
                "let m: lettre::SmtpTransport = given(); m.send(&mail());",
                "a message of a blocking client",
            ),
            ("let m: lettre::AsyncSmtpTransport = given(); m.send(mail()).await;", ""),
            ("let s: ssh2::Sftp = given(); s.readdir(path());", "a file on another machine"),
            ("std::process::Command::new(\"tar\").output();", "waiting for a process"),
            ("std::process::Command::new(\"tar\").spawn();", ""),
            ("tokio::process::Command::new(\"tar\").output().await;", ""),
            // There is nothing else to do: the environment is frozen behind the answer.
            ("let p: opentelemetry_sdk::trace::SdkTracerProvider = given(); p.force_flush();", ""),
            ("tokio::task::spawn_blocking(|| std::fs::read(path())).await;", ""),
            ("rusqlite::Connection::open(path());", "access to a file"),
            ("rusqlite::Connection::open_in_memory();", ""),
        ],
    );
}

#[test]
fn a_helper_of_another_crate_is_one_finding_however_often_it_is_called() {
    let helper = "shop_core::db::establish_connection();";
    let other = "shop_core::replica::establish_connection();";
    let rule = "client-per-invocation";
    let twice = "shop_core::db::establish_connection(); other();";
    let said = said(rule, &[helper, twice, other]);
    let counts: Vec<usize> = [helper, twice, other].iter().map(|one| said[*one].len()).collect();
    assert_eq!(counts, [1, 0, 1], "{said:?}");
}

#[test]
fn what_is_fetched() {
    expect(
        "fetch-per-invocation",
        "{what} is fetched for each event",
        &[
            ("jwks::Jwks::from_jwks_url(url()).await;", "a set of keys"),
            ("jwks_client::keyset::KeyStore::new_from(url()).await;", "a set of keys"),
            ("jwks_client::keyset::KeyStore::new();", ""),
            // It keeps what it fetches, but only for as long as it lives.
            ("jsonwebtokens_cognito::KeySet::new(region(), pool());", "a set of keys"),
            ("alcoholic_jwt::validate(token(), key(), rules());", ""),
            (
                "openidconnect::core::CoreProviderMetadata::discover_async(url(), &c).await;",
                "the description of an identity provider",
            ),
        ],
    );
}

#[test]
fn what_is_parsed() {
    expect(
        "parse-per-invocation",
        "{what} for each event, always the same",
        &[
            ("config::Config::new();", "the configuration is parsed"),
            (
                "maxminddb::Reader::from_source(include_bytes!(\"city.mmdb\"));",
                "a database of addresses is read",
            ),
            (
                "maxminddb::Reader::open_readfile(\"/opt/city.mmdb\");",
                "a database of addresses is read",
            ),
            ("maxminddb::Reader::from_source(event.database());", ""),
            ("ab_glyph::FontRef::try_from_slice(include_bytes!(\"a.ttf\"));", "a font is read"),
            ("ab_glyph::FontRef::try_from_slice(&event.font);", ""),
            (
                "image::load_from_memory(include_bytes!(\"logo.png\"));",
                "an embedded image is decoded",
            ),
            ("image::load_from_memory(&event.image);", ""),
            ("tokenizers::Tokenizer::from_file(\"/opt/tokenizer.json\");", "a vocabulary is read"),
        ],
    );
}

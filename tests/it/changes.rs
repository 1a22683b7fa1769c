//! What the changes of source make of functions of many shapes, applied until nothing is left.

use crate::{project::Project, rules::report};
use cargo_lambda_lean::{
    check::Check,
    finding::Fix,
    fix,
    rule::{self, Example},
    source::RelPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// A `main` that hands the handler over.
pub const MAIN: &str = "
#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}
";

/// What the examples import.
pub const USES: &str = "use aws_sdk_dynamodb::Client;
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
";

/// Applies every change of source in rounds, as `apply` does. Says what the first ones are called,
/// and what the files have become.
pub fn changed(files: &[(&str, &str)]) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let files: BTreeMap<String, String> =
        files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    let example = Example {
        name: "a shape".to_owned(),
        near_miss: false,
        options: Vec::new(),
        env: BTreeMap::new(),
        locked: false,
        artefact: None,
        files: files.clone(),
        fixed: BTreeMap::new(),
    };
    let project = Project::of_example(&example);
    let mut titles = BTreeSet::new();
    for round in 0..8 {
        let report = report(&project, &example);
        let fixes = report.findings.iter().filter_map(|finding| {
            let moves_code = matches!(
                rule::find(finding.rule).map(|rule| &rule.check),
                Some(
                    Check::CallWhen(_)
                        | Check::RegistryPerEvent(_)
                        | Check::FirstUse(_)
                        | Check::LazyFirstTouched(_)
                )
            );
            finding.fix.as_ref().filter(|fix| moves_code && !fix.edits.is_empty())
        });
        let fixes: Vec<&Fix> = fixes.collect();
        if round == 0 {
            titles.extend(fixes.iter().map(|fix| fix.title.clone()));
        }
        let read = |file: &RelPath| std::fs::read_to_string(project.path(file.as_str())).ok();
        let applied = fix::apply(&fixes, &read);
        assert_eq!(applied.texts.is_empty(), fixes.is_empty(), "one of them can be applied");
        for (file, text) in &applied.texts {
            project.write(file.as_str(), text);
        }
    }
    let now = files.keys().map(|file| (file.clone(), project.read(file))).collect();
    (titles, now)
}

/// The same of a function of one file.
pub fn main_changed(text: &str) -> (BTreeSet<String>, String) {
    let (titles, mut files) = changed(&[("src/main.rs", text)]);
    (titles, files.remove("src/main.rs").expect("it was given"))
}

/// Titles of changes.
pub fn titles(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|title| (*title).to_owned()).collect()
}

pub const HANDED: &str = "make it in `main` and hand it to the handler";
pub const FORCED: &str = "make it a static and force it in `main`";
const OPENED: &str = "open it in init with one bounded call";

#[test]
fn a_comment_goes_along_when_it_speaks_of_nothing_that_stays() {
    let handler = "
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    // The name of the table.
    let name = event.payload;

    // One for all.
    let config = aws_config::load_from_env().await;
    let client = Client::new(&config);

    // Asks, and answers.
    let http = reqwest::Client::new();
    let table = client.describe_table().table_name(name).send().await?;
    Ok(format!(\"{table:?} {}\", http.get(\"http://a\").send().await?.status()))
}
";
    let (said, now) = main_changed(&format!("{USES}{MAIN}{handler}"));
    assert_eq!(said, titles(&[HANDED]));
    let expected = format!(
        "{USES}
#[tokio::main]
async fn main() -> Result<(), Error> {{
    // One for all.
    let config = aws_config::load_from_env().await;
    let client = Client::new(&config);
    prime(&client).await;
    let http = reqwest::Client::new();

    run(service_fn(|event| handler(&http, &client, event))).await
}}

/// Opens the connection while init still has the whole CPU; any answer will do, even a refusal.
async fn prime(client: &Client) {{
    let call = client.describe_endpoints().send();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), call).await;
}}

async fn handler(
    http: &reqwest::Client,
    client: &Client,
    event: LambdaEvent<String>,
) -> Result<String, Error> {{
    // The name of the table.
    let name = event.payload;

    // Asks, and answers.
    let table = client.describe_table().table_name(name).send().await?;
    Ok(format!(\"{{table:?}} {{}}\", http.get(\"http://a\").send().await?.status()))
}}
"
    );
    assert_eq!(now, expected);
}

#[test]
fn what_a_configuration_is_made_of_moves_with_it() {
    let handler = "
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let region = std::env::var(\"TABLE_REGION\").unwrap_or_else(|_| \"eu-west-1\".to_owned());
    let config = aws_config::from_env().region(aws_config::Region::new(region)).load().await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config).build();
    let client = std::sync::Arc::new(Client::from_conf(config));
    let name = event.payload;
    client.delete_table().table_name(name).send().await?;
    Ok(\"gone\".to_owned())
}
";
    let (said, now) = main_changed(&format!("{USES}{MAIN}{handler}"));
    assert_eq!(said, titles(&[HANDED]));
    let expected = format!(
        "{USES}
#[tokio::main]
async fn main() -> Result<(), Error> {{
    let region = std::env::var(\"TABLE_REGION\").unwrap_or_else(|_| \"eu-west-1\".to_owned());
    let config = aws_config::from_env().region(aws_config::Region::new(region)).load().await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config).build();
    let dynamodb = Client::from_conf(config);
    prime(&dynamodb).await;
    let client = std::sync::Arc::new(dynamodb);

    run(service_fn(|event| handler(&client, event))).await
}}

/// Opens the connection while init still has the whole CPU; any answer will do, even a refusal.
async fn prime(client: &Client) {{
    let call = client.describe_endpoints().send();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), call).await;
}}

async fn handler(
    client: &std::sync::Arc<Client>,
    event: LambdaEvent<String>,
) -> Result<String, Error> {{
    let name = event.payload;
    client.delete_table().table_name(name).send().await?;
    Ok(\"gone\".to_owned())
}}
"
    );
    assert_eq!(now, expected);
}

#[test]
fn a_handler_in_another_module_leaves_its_imports_behind() {
    let main = "mod handler;

use lambda_runtime::{run, service_fn, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler::of_tables_and_their_users)).await
}
";
    let handler = "use aws_config::{meta::region::RegionProviderChain, BehaviorVersion};
use aws_sdk_dynamodb::{config::Region, Client};
use lambda_runtime::{Error, LambdaEvent};

pub async fn of_tables_and_their_users(event: LambdaEvent<String>) -> Result<String, Error> {
    let region = RegionProviderChain::first_try(Region::new(\"eu\"));
    let config = aws_config::defaults(BehaviorVersion::latest()).region(region).load().await;
    let client = Client::new(&config);
    let name = event.payload;
    client.delete_table().table_name(name).send().await?;
    Ok(\"gone\".to_owned())
}
";
    let (said, files) = changed(&[("src/main.rs", main), ("src/handler.rs", handler)]);
    assert_eq!(said, titles(&[HANDED]));
    let expected = "use aws_sdk_dynamodb::Client;
use lambda_runtime::{Error, LambdaEvent};

pub async fn of_tables_and_their_users(
    client: &Client,
    event: LambdaEvent<String>,
) -> Result<String, Error> {
    let name = event.payload;
    client.delete_table().table_name(name).send().await?;
    Ok(\"gone\".to_owned())
}
";
    assert_eq!(files["src/handler.rs"], expected);
    let serves = "    let client = aws_sdk_dynamodb::Client::new(&config);
    prime(&client).await;

    run(service_fn(|event| {
        handler::of_tables_and_their_users(&client, event)
    }))
    .await
}
";
    assert!(files["src/main.rs"].contains(serves), "{}", files["src/main.rs"]);
}

#[test]
fn routes_share_a_static_that_main_forces() {
    let head = "use axum::{extract::Path, routing::get, Router};
use lambda_http::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
";
    let serve = "    let app = Router::new().route(\"/{name}\", get(show).delete(remove));

    lambda_http::run(app).await
}
";
    let routes = |show: &str, remove: &str| {
        format!(
            "async fn show(Path(name): Path<String>) -> String {{
{show}    client.describe_table().table_name(name).send().await.is_ok().to_string()
}}

async fn remove(Path(name): Path<String>) -> String {{
{remove}}}

async fn delete(client: &aws_sdk_dynamodb::Client, name: String) -> String {{
    client.delete_table().table_name(name).send().await.is_ok().to_string()
}}
"
        )
    };
    let made = "    let config = aws_config::load_from_env().await;
    let client = aws_sdk_dynamodb::Client::new(&config);
";
    let before = routes(made, &format!("{made}    delete(&client, name).await\n"));
    let (said, now) = main_changed(&format!("{head}{serve}\n{before}"));
    assert_eq!(said, titles(&[FORCED]));
    let kept = "    let client = client().await;\n";
    let after = routes(kept, &format!("{kept}    delete(client, name).await\n"));
    let expected = format!(
        "{head}    prime(client().await).await;

{serve}
/// Opens the connection while init still has the whole CPU; any answer will do, even a refusal.
async fn prime(client: &aws_sdk_dynamodb::Client) {{
    let call = client.describe_endpoints().send();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), call).await;
}}

static CLIENT: tokio::sync::OnceCell<aws_sdk_dynamodb::Client> = tokio::sync::OnceCell::const_new();

/// The one `client` of all events, made by whoever needs it first.
async fn client() -> &'static aws_sdk_dynamodb::Client {{
    CLIENT
        .get_or_init(|| async {{
            let config = aws_config::load_from_env().await;
            aws_sdk_dynamodb::Client::new(&config)
        }})
        .await
}}

{after}"
    );
    assert_eq!(now, expected);
}

#[test]
fn patterns_that_are_the_same_share_a_static_of_another_module() {
    let main = "mod codes;

use lambda_runtime::{run, service_fn, Error, LambdaEvent};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<String>) -> Result<bool, Error> {
    Ok(codes::is_code(&event.payload) && codes::starts(&event.payload))
}
";
    let codes = "use regex::Regex;

/** Whether it is
a code. */
#[inline]
pub fn is_code(text: &str) -> bool {
    let code = Regex::new(\"^[A-Z]{3}$\").expect(\"a valid pattern\");
    code.is_match(text)
}

pub fn starts(text: &str) -> bool {
    let pattern = Regex::new(\"^[A-Z]{3}$\").expect(\"a valid pattern\");
    fits(&pattern, text) && all(&pattern, text)
}

fn fits(pattern: &Regex, text: &str) -> bool {
    pattern.is_match(text)
}

fn all<P: Into<String>>(pattern: P, text: &str) -> bool {
    pattern.into() == text
}
";
    let (said, files) = changed(&[("src/main.rs", main), ("src/codes.rs", codes)]);
    assert_eq!(said, titles(&[FORCED]));
    let expected = "use std::sync::LazyLock;

use regex::Regex;

pub(crate) static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(\"^[A-Z]{3}$\").expect(\"a valid pattern\"));

/** Whether it is
a code. */
#[inline]
pub fn is_code(text: &str) -> bool {
    CODE.is_match(text)
}

pub fn starts(text: &str) -> bool {
    fits(&CODE, text) && all(&*CODE, text)
}
";
    assert!(files["src/codes.rs"].starts_with(expected), "{}", files["src/codes.rs"]);
    let forces = "    LazyLock::force(&codes::CODE);\n\n    run(service_fn(handler)).await\n";
    assert!(files["src/main.rs"].contains(forces), "{}", files["src/main.rs"]);
}

#[test]
fn clients_of_two_services_are_opened_by_functions_of_their_own() {
    let text = "use lambda_runtime::{run, service_fn, Error, LambdaEvent};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_from_env().await;
    let db = aws_sdk_dynamodb::Client::new(&config);
    let s3 = aws_sdk_s3::Client::new(&config);
    run(service_fn(|event| handler(&db, &s3, event))).await
}

async fn handler(
    db: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
    event: LambdaEvent<String>,
) -> Result<String, Error> {
    db.delete_table().table_name(&event.payload).send().await?;
    s3.delete_bucket().bucket(event.payload).send().await?;
    Ok(\"gone\".to_owned())
}
";
    let (said, now) = main_changed(text);
    assert_eq!(said, titles(&[OPENED]));
    for line in [
        "    let db = aws_sdk_dynamodb::Client::new(&config);\n    prime_dynamodb(&db).await;\n",
        "    let s3 = aws_sdk_s3::Client::new(&config);\n    prime_s3(&s3).await;\n",
        "async fn prime_dynamodb(client: &aws_sdk_dynamodb::Client) {\n    let call = client.describe_endpoints().send();\n",
        "async fn prime_s3(client: &aws_sdk_s3::Client) {\n    let call = client.list_buckets().send();\n",
    ] {
        assert_eq!(now.matches(line).count(), 1, "{line}{now}");
    }
}

#[test]
fn a_function_that_only_makes_a_client_keeps_it() {
    let main = "mod store;

use lambda_runtime::{run, service_fn, Error, LambdaEvent};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let client = store::client().await;
    let table = client.describe_table().table_name(event.payload).send().await?;
    let other = store::of(\"eu\").await.list_tables().send().await?;
    Ok(format!(\"{table:?} {other:?} {}\", store::http().get(\"http://a\").send().await?.status()))
}
";
    let of = "
pub async fn of(region: &str) -> Client {
    let region = aws_config::Region::new(region.to_owned());
    Client::new(&aws_config::from_env().region(region).load().await)
}
";
    let store = format!(
        "use aws_sdk_dynamodb::Client;

pub async fn client() -> Client {{
    // What the environment says.
    let config = aws_config::load_from_env().await;
    Client::new(&config)
}}

pub fn http() -> reqwest::Client {{
    reqwest::Client::new()
}}
{of}"
    );
    let (said, files) = changed(&[("src/main.rs", main), ("src/store.rs", &store)]);
    assert_eq!(said, titles(&[FORCED]));
    let expected = format!(
        "use aws_sdk_dynamodb::Client;

pub async fn client() -> Client {{
    static CLIENT: tokio::sync::OnceCell<Client> = tokio::sync::OnceCell::const_new();

    CLIENT
        .get_or_init(|| async {{
            // What the environment says.
            let config = aws_config::load_from_env().await;
            Client::new(&config)
        }})
        .await
        .clone()
}}

pub fn http() -> reqwest::Client {{
    static CLIENT: std::sync::LazyLock<reqwest::Client> =
        std::sync::LazyLock::new(reqwest::Client::new);

    CLIENT.clone()
}}
{of}"
    );
    assert_eq!(files["src/store.rs"], expected);
    // Which of two clients of one service the handler uses is not known, so none is opened.
    let forced =
        "    store::client().await;\n    store::http();\n\n    run(service_fn(handler)).await\n";
    assert!(files["src/main.rs"].contains(forced), "{}", files["src/main.rs"]);
}

#[test]
fn what_each_thread_has_of_its_own_is_not_forced() {
    let handler = "async fn handler(event: LambdaEvent<String>) -> Result<bool, Error> {
    Ok(CODE.with(|code| code.is_match(&event.payload)))
}
";
    for (declared, title) in [
        ("thread_local! {\n    static CODE: Regex = code();\n}\n", None),
        (
            "lazy_static::lazy_static! {\n    static ref CODE: Regex = code();\n}\n",
            Some("force `CODE` in `main`"),
        ),
    ] {
        let main = format!("{USES}use regex::Regex;\n{declared}{MAIN}{handler}");
        let (titles, _) = changed(&[("src/main.rs", &main)]);
        assert_eq!(titles.iter().next().map(String::as_str), title, "{declared}");
    }
}

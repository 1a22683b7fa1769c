//! Clients made deeper in a function, in a method, or given away: what a change makes of them.

use crate::changes::{MAIN, USES, main_changed};

/// What becomes of the code behind `main`, and the lines that `main` serves with.
fn now(code: &str) -> (String, String) {
    let (titles, now) = main_changed(&format!("{USES}{MAIN}{code}"));
    assert!(!titles.is_empty(), "{code}");
    let (head, behind) = now.split_once("\n}\n").expect("main ends");
    let served = head.split_once("Error> {\n").expect("main starts").1;
    (served.to_owned(), behind.to_owned())
}

#[test]
fn a_client_in_a_branch_is_made_once_and_lent() {
    let (served, behind) = now("
async fn handler(event: LambdaEvent<Vec<String>>) -> Result<(), Error> {
    for name in &event.payload {
        if name.starts_with(\"a\") {
            let config = aws_config::load_from_env().await;
            let client = Client::new(&config);
            client.delete_table().table_name(name).send().await?;
        }
    }
    Ok(())
}
");
    assert!(served.contains("    let config = aws_config::load_from_env().await;\n    let client = Client::new(&config);\n"), "{served}");
    assert!(
        behind.contains(
            "
    for name in &event.payload {
        if name.starts_with(\"a\") {
            client.delete_table().table_name(name).send().await?;
        }
    }
"
        ),
        "{behind}"
    );
}

#[test]
fn a_client_that_is_given_away_is_cloned() {
    let (_, behind) = now("
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    let store = Store { client, name: event.payload };
    store.save().await
}

struct Store {
    client: Client,
    name: String,
}

impl Store {
    async fn save(self) -> Result<String, Error> {
        self.client.delete_table().table_name(&self.name).send().await?;
        Ok(self.name)
    }
}
");
    assert!(
        behind.contains("let store = Store { client: client.clone(), name: event.payload };"),
        "{behind}"
    );
    let (_, behind) = now("
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    save(client, &event.payload).await?;
    Ok(event.payload)
}

async fn save(client: Client, name: &str) -> Result<(), Error> {
    client.delete_table().table_name(name).send().await?;
    Ok(())
}
");
    assert!(behind.contains("    save(client.clone(), &event.payload).await?;\n"), "{behind}");
}

#[test]
fn a_method_uses_a_static_in_front_of_its_impl() {
    let (served, behind) = now("
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let store = Store { name: event.payload };
    store.save().await
}

struct Store {
    name: String,
}

/// What can be done.
impl Store {
    async fn save(self) -> Result<String, Error> {
        let http = reqwest::Client::new();
        http.get(&self.name).send().await?;
        Ok(self.name)
    }
}
");
    assert!(served.contains("LazyLock::force(&HTTP);"), "{served}");
    assert!(
        behind.contains(
            "
}

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// What can be done.
impl Store {
    async fn save(self) -> Result<String, Error> {
        HTTP.get(&self.name).send().await?;
        Ok(self.name)
"
        ),
        "{behind}"
    );
}

#[test]
fn a_task_uses_a_static_rather_than_what_main_owns() {
    let (_, behind) = now("
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let name = event.payload.clone();
    tokio::spawn(async move {
        let client = Client::new(&aws_config::load_from_env().await);
        client.delete_table().table_name(name).send().await
    })
    .await??;
    Ok(event.payload)
}
");
    assert!(behind.contains("        let client = client().await;\n"), "{behind}");
}

#[test]
fn an_imported_function_is_known_by_what_it_is() {
    let (served, _) = now("
use aws_config::load_from_env;

async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
    let config = load_from_env().await;
    let client = Client::new(&config);
    client.delete_table().table_name(&event.payload).send().await?;
    Ok(event.payload)
}
");
    assert!(served.contains("let config = load_from_env().await;"), "{served}");
}

#[test]
fn a_main_of_one_line_is_left_alone() {
    let main =
        "#[tokio::main]\nasync fn main() -> Result<(), Error> { run(service_fn(handler)).await }\n";
    let text = format!(
        "{USES}{main}async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {{
    let pattern = regex::Regex::new(\"^a+$\").unwrap();
    Ok(pattern.replace(&event.payload, \"b\").into_owned())
}}
"
    );
    let (_, now) = main_changed(&text);
    assert!(now.contains(main), "{now}");
}

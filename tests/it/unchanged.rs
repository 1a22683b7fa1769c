//! Functions that a change of source would break or make do something else: there is none, or one
//! that leaves alone what must stay.

use crate::changes::{FORCED, HANDED, MAIN, USES, changed, main_changed, titles};
use std::collections::BTreeSet;

/// Asserts that nothing is changed.
fn untouched(text: &str) {
    let (titles, now) = main_changed(text);
    assert_eq!(now, text);
    assert_eq!(titles, BTreeSet::new(), "{text}");
}

/// A handler that starts with these lines and then uses the client.
fn handler(lines: &str) -> String {
    format!(
        "
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {{
{lines}
    client.delete_table().table_name(\"users\").send().await?;
    Ok(event.payload)
}}
"
    )
}

/// Lines that make a client of nothing.
const MADE: &str = "    let client = Client::new(&aws_config::load_from_env().await);";

#[test]
fn nothing_moves_that_is_of_the_event_or_changes_later() {
    for lines in [
        "    let client = Client::new(&config_of(&event).await);",
        "    let tenant = &event.payload;\n    let config = aws_config::from_env().region(aws_config::Region::new(format!(\"eu-{tenant}\"))).load().await;\n    let client = Client::new(&config);",
        "    let mut client = Client::new(&aws_config::load_from_env().await);\n    client = client.clone();",
        "    let session = uuid::Uuid::new_v4().to_string();\n    let config = aws_config::from_env().app_name(session).load().await;\n    let client = Client::new(&config);",
        "    let client = Client::new(&aws_config::load_from_env().await);\n    println!(\"{client:?}\");",
        "    let pattern = regex::Regex::new(\"^a+$\").unwrap();\n    keep(pattern);\n    let client = client_of(&event);",
        "    unsafe { std::env::set_var(\"AWS_REGION\", \"eu\") };\n    let client = Client::new(&aws_config::load_from_env().await);",
        "    let config = load().await?;\n    let client = Client::new(&config);",
        "    if let Some(config) = config_of(&event) {\n        let client = Client::new(&config);\n        client.list_tables().send().await?;\n    }",
    ] {
        untouched(&format!("{USES}{MAIN}{}", handler(lines)));
    }
}

#[test]
fn only_what_may_borrow_is_handed_something() {
    for main in [
        "run(service_fn(move |event| async move { handler(event).await })).await",
        "lambda_runtime::run_concurrent(service_fn(handler)).await",
        "lambda_runtime::run(lambda_runtime::tower::ServiceBuilder::new().buffer(1).service(service_fn(handler))).await",
        "run(service_fn(handler::<String>)).await",
        "start(handler).await",
    ] {
        let start = "async fn start<F: Fn(LambdaEvent<String>)>(f: F) -> Result<(), Error> {
    run(service_fn(f)).await
}
";
        let main = MAIN.replace("run(service_fn(handler)).await", main);
        let (said, now) = main_changed(&format!("{USES}{main}{start}{}", handler(MADE)));
        assert_eq!(said, titles(&[FORCED]), "{main}");
        assert!(now.contains("    let client = client().await;\n"), "{now}");
    }
}

#[test]
fn a_handler_that_is_called_elsewhere_keeps_its_parameters() {
    let tested = "
#[cfg(test)]
mod tests {
    async fn answers() {
        super::handler(given()).await.unwrap();
    }
}
";
    let traced = "\n#[tracing::instrument(skip(event))]\nasync fn handler";
    for text in [
        format!("{USES}{MAIN}{}{tested}", handler(MADE)),
        format!("{USES}{MAIN}{}\n#[cfg(test)]\nmod tests;\n", handler(MADE)),
        format!("{USES}{MAIN}{}", handler(MADE).replace("\nasync fn handler", traced)),
    ] {
        let (said, now) = main_changed(&text);
        assert_eq!(said, titles(&[FORCED]), "{text}");
        assert!(now.contains("async fn handler(event: LambdaEvent<String>)"), "{now}");
    }
}

#[test]
fn a_question_mark_moves_only_where_it_means_the_same() {
    let lines = "    let http = reqwest::Client::builder().build()?;
    let answer = http.get(\"http://a\").send().await?;
    let client = answer.status();";
    let text = |main: &str| {
        let text = format!("{USES}{main}{}", handler(lines));
        text.replace("client.delete_table().table_name(\"users\").send().await?", "client.as_u16()")
    };
    let (said, now) = main_changed(&text(MAIN));
    assert_eq!(said, titles(&[HANDED]));
    assert!(
        now.contains("    let http = reqwest::Client::builder().build()?;\n\n    run("),
        "{now}"
    );
    for result in ["", " -> Result<(), std::io::Error>", " -> anyhow::Result<()>"] {
        untouched(&text(&MAIN.replace(" -> Result<(), Error>", result)));
    }
}

#[test]
fn no_static_of_what_is_not_known_for_certain() {
    let head = "use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use regex::Regex;
";
    for lines in [
        "    let code = Regex::new(\"^a\");\n    let Ok(code) = &code else { return Ok(false) };\n    Ok(code.is_match(&event.payload))",
        "    let code = Regex::new(\"^a\");\n    Ok(code.is_ok_and(|code| code.is_match(&event.payload)))",
        "    let code = Regex::new(\"^a\")?;\n    Ok(code.is_match(&event.payload))",
        "    let found = Regex::new(\"^a\").unwrap().is_match(\"abc\");\n    Ok(found == event.payload.is_empty())",
        "    let mut code = Regex::new(\"^a\").unwrap();\n    Ok(code.is_match(&event.payload))",
    ] {
        let text = format!(
            "{head}{MAIN}
async fn handler(event: LambdaEvent<String>) -> Result<bool, Error> {{
{lines}
}}
"
        );
        untouched(&text);
    }
}

#[test]
fn no_cell_of_a_crate_that_is_not_there() {
    let manifest = "[package]
name = \"function\"
version = \"0.1.0\"
edition = \"2024\"

[dependencies]
aws-config = \"1\"
aws-sdk-dynamodb = \"1\"
lambda_runtime = \"1\"
";
    let helper = "
async fn client() -> Client {
    Client::new(&aws_config::load_from_env().await)
}
";
    let inline = handler(MADE).replace("handler", "delete").replace("event: ", "event: &");
    let inline = inline.replace("Ok(event.payload)", "Ok(event.payload.clone())");
    for (items, line) in [
        (helper.to_owned(), "    let client = client().await;"),
        (inline, "    let client = delete(&event).await?;\n    let client = client.client();"),
    ] {
        let text = format!("{USES}{MAIN}{items}{}", handler(line));
        let (said, files) = changed(&[("Cargo.toml", manifest), ("src/main.rs", &text)]);
        assert_eq!(said, BTreeSet::new(), "{text}");
        assert_eq!(files["src/main.rs"], text);
    }
}

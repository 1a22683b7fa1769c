//! How a handler uses what `main` hands over.

use crate::changes::{HANDED, MAIN, USES, main_changed, titles};

#[test]
fn a_field_of_the_same_name_is_not_written_twice() {
    let handler = "
struct Store<'a> {
    client: &'a Client,
    other: &'a Client,
}

async fn handler(_: LambdaEvent<String>) -> Result<String, Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    let store = Store { client: &client, other: &client };
    let first = store.client.describe_table().table_name(\"a\").send().await?;
    let other = store.other.describe_table().table_name(\"b\").send().await?;
    Ok(format!(\"{first:?} {other:?}\"))
}
";
    let (said, now) = main_changed(&format!("{USES}{MAIN}{handler}"));
    assert_eq!(said, titles(&[HANDED]));
    assert!(now.contains("    let store = Store { client, other: client };\n"), "{now}");
}

#[test]
fn what_fills_a_static_stands_as_rustfmt_puts_it() {
    let made = |name: &str, config: &str| {
        let code = format!(
            "
async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {{
    table(event.payload).await
}}

async fn table(of: String) -> Result<String, Error> {{
    let config = {config}.await;
    let {name} = Client::new(&config);
    Ok(format!(\"{{:?}}\", {name}.describe_table().table_name(of).send().await?))
}}
"
        );
        let (_, now) = main_changed(&format!("{USES}{MAIN}{code}"));
        let from = now.find(&format!("    {}", name.to_uppercase())).expect("it is filled");
        let rest = &now[from..];
        rest[..rest.find("\n}\n").expect("an end")].to_owned()
    };
    let config = "aws_config::load_from_env()";
    assert_eq!(
        made("db", config),
        "    DB.get_or_init(|| async {
        let config = aws_config::load_from_env().await;
        Client::new(&config)
    })
    .await"
    );
    assert_eq!(
        made("client", config),
        "    CLIENT
        .get_or_init(|| async {
            let config = aws_config::load_from_env().await;
            Client::new(&config)
        })
        .await"
    );
}

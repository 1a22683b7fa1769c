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

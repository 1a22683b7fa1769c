//! Turns any JSON object of strings into one new record and answers with the record's id.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use record_store::{DynamoDbRepository, RecordRepository};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let repository = DynamoDbRepository::from_env(client)?;

    run(service_fn(|event| handler(&repository, event))).await
}

async fn handler(
    repository: &DynamoDbRepository,
    _event: LambdaEvent<HashMap<String, String>>,
) -> Result<String, Error> {
    let id = repository.create().await?;
    Ok(id.to_string())
}

//! Turns an event that names a writer into the records of that writer and answers with their ids.

mod writers;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use record_store::DynamoDbRepository;
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    writer: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let repository = DynamoDbRepository::from_env(Client::new(&config))?;

    run(service_fn(|event| handler(&repository, event))).await
}

async fn handler(
    repository: &DynamoDbRepository,
    event: LambdaEvent<Request>,
) -> Result<Vec<String>, Error> {
    let writers = writers::registry(repository);
    let name = event.payload.writer;
    let Some(writer) = writers.get(&name) else {
        return Err(format!("failed to find a writer named {name:?}").into());
    };

    let ids = writer.write().await?;
    Ok(ids.iter().map(ToString::to_string).collect())
}

//! Turns a batch of order messages into receipts and answers with the messages that have to come again.

mod batch;

use aws_config::BehaviorVersion;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_dynamodb::Client;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use record_store::DynamoDbRepository;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let repository = DynamoDbRepository::from_env(Client::new(&config))?;

    run(service_fn(|event| handler(&repository, event))).await
}

async fn handler(
    repository: &DynamoDbRepository,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(batch::process(repository, event.payload.records).await)
}

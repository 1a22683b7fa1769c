//! Takes the messages of a batch side by side and reports only the failed ones, so that the queue
//! delivers no message twice that has been taken.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsMessage};
use lambda_runtime::{Error, tracing};
use orders::Order;
use record_store::RecordRepository;

/// Takes every message; the answer names those that have to come again.
pub async fn process<R>(repository: &R, messages: Vec<SqsMessage>) -> SqsBatchResponse
where
    R: RecordRepository + Clone + Send + Sync + 'static,
{
    // One task a message: if taking it panics, the others are not affected.
    let tasks: Vec<_> = messages
        .into_iter()
        .map(|message| {
            let body = message.body.unwrap_or_default();
            let task = tokio::spawn(take(repository.clone(), body));
            (message.message_id.unwrap_or_default(), task)
        })
        .collect();

    let mut response = SqsBatchResponse::default();
    for (message_id, task) in tasks {
        let result = match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err("failed to take the order: it panicked".into()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = result {
            tracing::error!(%error, message_id, "the message has to come again");
            response.add_failure(message_id);
        }
    }
    response
}

/// Reads the order in a message and keeps its receipt.
async fn take<R: RecordRepository>(repository: R, body: String) -> Result<(), Error> {
    let order = Order::parse(&body)?;
    let receipt = repository.create().await?;
    tracing::info!(%receipt, order.order_id, pieces = order.pieces(), "order taken");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use record_store::{RecordError, Uuid};

    use super::*;

    /// What comes of the first, the second … attempt to write.
    type Outcome = fn(usize) -> Result<Uuid, RecordError>;

    /// Counts the attempts to write and lets the test decide what comes of each.
    #[derive(Clone)]
    struct Memory {
        attempts: Arc<AtomicUsize>,
        outcome: Outcome,
    }

    impl RecordRepository for Memory {
        async fn create(&self) -> Result<Uuid, RecordError> {
            (self.outcome)(self.attempts.fetch_add(1, Ordering::Relaxed))
        }
    }

    /// The failed messages of a batch with these bodies, numbered from 0, and the attempts to write.
    async fn run(bodies: &[&str], outcome: Outcome) -> (Vec<String>, usize) {
        let attempts = Arc::new(AtomicUsize::new(0));
        let memory = Memory { attempts: attempts.clone(), outcome };
        let messages = bodies.iter().enumerate().map(|(number, body)| {
            let message = serde_json::json!({"messageId": number.to_string(), "body": body});
            serde_json::from_value(message).unwrap()
        });

        let response = process(&memory, messages.collect()).await;

        let failed = response.batch_item_failures.into_iter();
        let failed = failed.map(|failure| failure.item_identifier).collect();
        (failed, attempts.load(Ordering::Relaxed))
    }

    const ORDER: &str = r#"{"orderId":"A1","lines":[{"article":"cup","quantity":1}]}"#;

    #[tokio::test]
    async fn a_good_batch_is_taken_whole() {
        let (failed, attempts) = run(&[ORDER, ORDER], |_| Ok(Uuid::nil())).await;
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(attempts, 2);
    }

    #[tokio::test]
    async fn only_the_bad_messages_come_again() {
        let (failed, attempts) = run(&["", ORDER, "{}", ORDER], |_| Ok(Uuid::nil())).await;
        assert_eq!(failed, ["0", "2"]);
        assert_eq!(attempts, 2);
    }

    #[tokio::test]
    async fn an_unwritten_receipt_brings_the_message_back() {
        let outcome: Outcome = |_| Err(RecordError::MissingTableName);
        let (failed, attempts) = run(&[ORDER], outcome).await;
        assert_eq!(failed, ["0"]);
        assert_eq!(attempts, 1);
    }

    #[tokio::test]
    async fn a_panic_costs_only_its_own_message() {
        let outcome: Outcome = |attempt| match attempt {
            0 => panic!("as the test asks"),
            _ => Ok(Uuid::nil()),
        };
        let (failed, attempts) = run(&[ORDER, ORDER], outcome).await;
        assert_eq!(failed, ["0"]);
        assert_eq!(attempts, 2);
    }
}

//! Turns "remember this moment" into one DynamoDB item: an `Id` (a v4 UUID) and a `CreatedAt` (RFC 3339).
//!
//! The client is always given. Its endpoint, credentials and TLS are decided by the function that
//! makes it, so that nothing is linked here that a function did not ask for.

mod dynamodb;

use std::fmt;

use aws_sdk_dynamodb::{
    error::{DisplayErrorContext, SdkError},
    operation::put_item::PutItemError,
};

pub use dynamodb::DynamoDbRepository;
pub use uuid::Uuid;

/// A place that records can be written to.
pub trait RecordRepository {
    /// Writes a new record and returns its id.
    fn create(&self) -> impl Future<Output = Result<Uuid, RecordError>> + Send;
}

/// Why a record could not be written.
#[derive(thiserror::Error)]
pub enum RecordError {
    #[error("failed to find the table: set the environment variable TABLE_NAME to its name")]
    MissingTableName,
    #[error("failed to write to the table {table}: {}", DisplayErrorContext(source))]
    Put { table: String, source: Box<SdkError<PutItemError>> },
}

/// The message itself, because this is how Rust prints the error that `main` returns.
impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

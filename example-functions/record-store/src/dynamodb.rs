//! The repository that every writer uses: one PutItem per record into one table.

use std::{env, time::SystemTime};

use aws_sdk_dynamodb::{
    Client,
    primitives::{DateTime, DateTimeFormat},
    types::AttributeValue,
};

use crate::{RecordError, RecordRepository, Uuid};

/// Writes records to one DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbRepository {
    client: Client,
    table: String,
}

impl DynamoDbRepository {
    /// Takes the table's name from `TABLE_NAME`.
    pub fn from_env(client: Client) -> Result<Self, RecordError> {
        Self::new(client, env::var("TABLE_NAME").unwrap_or_default())
    }

    /// Writes to the table of this name, which must not be empty.
    pub fn new(client: Client, table: impl Into<String>) -> Result<Self, RecordError> {
        let table = table.into();
        if table.is_empty() {
            return Err(RecordError::MissingTableName);
        }
        Ok(Self { client, table })
    }
}

impl RecordRepository for DynamoDbRepository {
    async fn create(&self) -> Result<Uuid, RecordError> {
        let id = Uuid::new_v4();
        self.client
            .put_item()
            .table_name(&self.table)
            .item("Id", AttributeValue::S(id.to_string()))
            .item("CreatedAt", AttributeValue::S(now()))
            .send()
            .await
            .map_err(|error| RecordError::Put {
                table: self.table.clone(),
                source: Box::new(error),
            })?;
        Ok(id)
    }
}

/// The current time as RFC 3339, in UTC.
fn now() -> String {
    DateTime::from(SystemTime::now())
        .fmt(DateTimeFormat::DateTime)
        .expect("the current year has four digits")
}

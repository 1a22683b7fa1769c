//! Holds the repository to what DynamoDB gets to see, through a connector that answers in its place.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig},
    primitives::{DateTime, DateTimeFormat},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use record_store::{DynamoDbRepository, RecordError, RecordRepository};
use serde_json::Value;

/// Answers every request alike and keeps what was asked.
#[derive(Clone, Debug)]
struct FakeDynamoDb {
    status: u16,
    body: &'static str,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl HttpConnector for FakeDynamoDb {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().expect("a JSON body is in memory");
        let body = serde_json::from_slice(body).expect("DynamoDB speaks JSON");
        self.requests.lock().unwrap().push((target.to_owned(), body));

        let status = self.status.try_into().expect("a valid status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.body))))
    }
}

impl FakeDynamoDb {
    fn answering(status: u16, body: &'static str) -> Self {
        Self { status, body, requests: Arc::default() }
    }

    fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static("eu-central-1"))
                .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
                .retry_config(RetryConfig::disabled())
                .http_client(http_client_fn(move |_, _| connector.clone()))
                .build(),
        )
    }
}

#[tokio::test]
async fn puts_one_item_with_id_and_creation_time() {
    let dynamodb = FakeDynamoDb::answering(200, "{}");
    let repository = DynamoDbRepository::new(dynamodb.client(), "records").unwrap();

    let id = repository.create().await.unwrap();

    let requests = dynamodb.requests.lock().unwrap();
    let [(target, body)] = requests.as_slice() else {
        panic!("expected one request, saw {requests:?}");
    };
    assert_eq!(target, "DynamoDB_20120810.PutItem");
    assert_eq!(body["TableName"], "records");
    assert_eq!(body["Item"].as_object().unwrap().len(), 2);
    assert_eq!(body["Item"]["Id"]["S"], id.to_string());

    let created_at = body["Item"]["CreatedAt"]["S"].as_str().unwrap();
    let created_at = DateTime::from_str(created_at, DateTimeFormat::DateTime).unwrap();
    let age = DateTime::from(std::time::SystemTime::now()).secs() - created_at.secs();
    assert!((0..60).contains(&age), "created {age} s ago");
}

#[tokio::test]
async fn every_record_has_an_id_of_its_own() {
    let dynamodb = FakeDynamoDb::answering(200, "{}");
    let repository = DynamoDbRepository::new(dynamodb.client(), "records").unwrap();

    let first = repository.create().await.unwrap();
    let second = repository.create().await.unwrap();

    assert_ne!(first, second);
    assert_eq!(first.get_version_num(), 4);
}

#[tokio::test]
async fn a_refusal_names_the_table_and_the_reason() {
    let dynamodb = FakeDynamoDb::answering(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no such table"}"#,
    );
    let repository = DynamoDbRepository::new(dynamodb.client(), "records").unwrap();

    let error = repository.create().await.unwrap_err().to_string();

    assert!(error.contains("table records"), "{error}");
    assert!(error.contains("no such table"), "{error}");
}

#[test]
fn a_missing_table_name_says_what_to_set() {
    let client = FakeDynamoDb::answering(200, "{}").client();

    let error = DynamoDbRepository::new(client, "").unwrap_err();

    assert!(matches!(error, RecordError::MissingTableName));
    assert!(error.to_string().contains("TABLE_NAME"), "{error}");
    assert_eq!(format!("{error:?}"), error.to_string());
}

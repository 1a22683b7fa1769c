//! A DynamoDB that is reached by TLS only by those who trust the run's authority, and the
//! certificate layout that makes a function do so.

use std::{fs, path::Path, sync::Arc};

use cargo_lambda_lean::lab::{
    certificate::Authority,
    dynamodb::{DynamoDb, TlsFront},
    plan::Table,
    trust_store::Roots,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, crypto,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

fn table() -> Table {
    let table = r#"{ "name": "records", "key": "Id", "sort-key": "At:N" }"#;
    serde_json::from_str(table).expect("a table")
}

/// The status line and body of an answer to `PutItem`.
async fn put(url: &str, roots: &[&str], item: &str) -> std::io::Result<String> {
    let mut store = RootCertStore::empty();
    for root in roots {
        let root = CertificateDer::from_pem_slice(root.as_bytes()).expect("a certificate");
        store.add(root).expect("a root");
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_root_certificates(store)
        .with_no_client_auth();
    let address = url.strip_prefix("https://").expect("a URL");
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let body = format!(r#"{{"TableName":"records","Item":{item}}}"#);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20261123T120000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // A peer that closes without saying so in TLS has still answered.
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn items_are_written_by_tls_validated_and_counted() {
    let authority = Authority::new().expect("an authority");
    let dynamodb = DynamoDb::start().await.expect("a DynamoDB");
    let front = TlsFront::start(&authority, dynamodb.address).await.expect("a TLS front");
    dynamodb.reset(&table()).expect("a table");

    let roots = [authority.root_pem.as_str()];
    for id in ["a", "b"] {
        let item = format!(r#"{{"Id":{{"S":"{id}"}},"At":{{"N":"1"}}}}"#);
        let answer = put(&front.url, &roots, &item).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // The sort key is missing.
    let answer = put(&front.url, &roots, r#"{"Id":{"S":"c"}}"#).await.expect("an answer");
    assert!(answer.contains("400") && answer.contains("ValidationException"), "{answer}");
    assert_eq!(dynamodb.count("records").expect("a table"), 2);

    dynamodb.reset(&table()).expect("a table");
    assert_eq!(dynamodb.count("records").expect("a table"), 0);
}

#[tokio::test]
async fn nobody_else_trusts_the_authority_of_a_run() {
    let (ours, other) = (Authority::new().expect("one"), Authority::new().expect("another"));
    let dynamodb = DynamoDb::start().await.expect("a DynamoDB");
    let front = TlsFront::start(&ours, dynamodb.address).await.expect("a TLS front");
    let error = put(&front.url, &[&other.root_pem], "{}").await.expect_err("a stranger");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn a_table_that_cannot_be_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    let dynamodb = runtime.block_on(DynamoDb::start()).expect("a DynamoDB");
    let short = Table { name: "x".into(), ..table() };
    let error = dynamodb.reset(&short).expect_err("too short a name").to_string();
    assert!(error.contains("failed to make the table x"), "{error}");
}

#[test]
fn the_layout_is_there_for_one_thread_only() {
    let authority = Authority::new().expect("an authority");
    let roots = Roots::with(&authority.root_pem).expect("this machine's roots");
    let before = fs::read_link("/etc/ssl/certs").ok();
    let seen = std::thread::spawn(move || {
        roots.mount_layout().ok()?;
        let bundle = fs::read_to_string("/etc/pki/tls/certs/ca-bundle.crt").expect("a bundle");
        let certs = fs::read_dir("/etc/ssl/certs").expect("a directory").count();
        // What was in /etc stays.
        assert!(Path::new("/etc/passwd").exists());
        Some((bundle == roots.bundle(), certs == roots.count() + 2))
    });
    let seen = seen.join().expect("no panic");
    // Without root there is no namespace, and nothing to see.
    assert!(seen.is_none_or(|seen| seen == (true, true)), "{seen:?}");
    assert_eq!(fs::read_link("/etc/ssl/certs").ok(), before);
    assert!(!Path::new("/mnt/upper").exists());
}

//! A DynamoDB for one run: an embedded emulator behind TLS, with tables made as they are declared
//! and counted afterwards. Only the run's own authority vouches for it.
//!
//! It can also put TLS in front of an emulator that the user runs, as most of them speak plain
//! HTTP; then nothing is made or counted.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, anyhow};
use dynoxide::Database;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use super::{certificate::Authority, plan::Table};

/// A server behind TLS on this machine; it ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    /// Its URL.
    pub url: String,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Serves what `backend` serves, by TLS on a free port.
    pub async fn start(authority: &Authority, backend: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("failed to listen for TLS connections")?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let acceptor = TlsAcceptor::from(authority.server.clone());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, _)) = listener.accept() => {
                        connections.spawn(forward(stream, acceptor.clone(), backend));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self { url, task })
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    backend: SocketAddr,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (stream, backend) = tokio::join!(acceptor.accept(stream), TcpStream::connect(backend));
    let (mut stream, mut backend) = (stream?, backend?);
    backend.set_nodelay(true)?;
    copy_bidirectional(&mut stream, &mut backend).await?;
    Ok(())
}

/// The embedded DynamoDB; it ends when dropped.
pub struct DynamoDb {
    database: Database,
    /// Where it listens, without TLS.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl DynamoDb {
    /// Starts one, in memory, on a free port.
    pub async fn start() -> Result<Self> {
        let database = Database::memory().map_err(|error| anyhow!("{error}"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("failed to listen for DynamoDB requests")?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        Ok(Self { database, address, task })
    }

    /// Makes a table anew, and so empty.
    pub fn reset(&self, table: &Table) -> Result<()> {
        // There is nothing to delete the first time, or if the name is not valid.
        if let Ok(delete) = serde_json::from_value(json!({ "TableName": table.name })) {
            let _ = self.database.delete_table(delete);
        }
        let create = serde_json::from_value(create_request(table))
            .map_err(|error| anyhow!("failed to make the table {}: {error}", table.name))?;
        self.database
            .create_table(create)
            .map_err(|error| anyhow!("failed to make the table {}: {error}", table.name))?;
        Ok(())
    }

    /// How many items a table has.
    pub fn count(&self, table: &str) -> Result<u64> {
        let stats = self.database.table_stats().map_err(|error| anyhow!("{error}"))?;
        let stats = stats.iter().find(|stats| stats.table_name == table);
        let stats = stats.with_context(|| format!("failed to find the table {table}"))?;
        Ok(stats.item_count.unsigned_abs())
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `CreateTable`'s request for a table with these keys.
fn create_request(table: &Table) -> Value {
    let keys = [(Some(&table.key), "HASH"), (table.sort_key.as_ref(), "RANGE")];
    let keys = keys.iter().filter_map(|(key, kind)| Some((key.as_ref()?, *kind)));
    let schema: Vec<Value> = keys
        .clone()
        .map(|(key, kind)| json!({ "AttributeName": key.name, "KeyType": kind }))
        .collect();
    let attributes: Vec<Value> = keys
        .map(|(key, _)| json!({ "AttributeName": key.name, "AttributeType": key.kind }))
        .collect();
    json!({
        "TableName": table.name,
        "KeySchema": schema,
        "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
    })
}

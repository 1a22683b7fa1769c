//! Turns HTTP requests about parcels into answers, with the help of the carrier behind `CARRIER_URL`.

mod api;
mod carrier;
mod tracking;

use lambda_http::{Error, run, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let carrier_url = std::env::var("CARRIER_URL")
        .map_err(|_| "failed to find the carrier: set CARRIER_URL to its address")?;

    run(api::router(carrier_url)).await
}

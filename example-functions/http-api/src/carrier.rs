//! Turns a tracking number into what the carrier's own API says about the parcel.

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// A parcel as the carrier describes it.
#[derive(Deserialize, Serialize)]
pub struct Parcel {
    pub status: String,
    pub country: String,
}

/// Why the carrier gave no answer.
pub enum CarrierError {
    UnknownParcel,
    Unavailable(reqwest::Error),
}

impl From<reqwest::Error> for CarrierError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::UnknownParcel,
            _ => Self::Unavailable(error),
        }
    }
}

/// Asks the carrier about one parcel.
pub async fn find(carrier_url: &str, number: &str) -> Result<Parcel, CarrierError> {
    let client = reqwest::Client::new();
    let response =
        client.get(format!("{carrier_url}/parcels/{number}")).send().await?.error_for_status()?;
    Ok(response.json().await?)
}

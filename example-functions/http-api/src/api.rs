//! The routes: which request is answered by what, and with which status when it cannot be.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use lambda_http::tracing;

use crate::{
    carrier::{self, CarrierError, Parcel},
    tracking,
};

/// Every route, asking the carrier at this address.
pub fn router(carrier_url: String) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/parcels/{number}", get(parcel))
        .route("/tracking-numbers", post(tracking_numbers))
        .with_state(carrier_url)
}

async fn health() -> &'static str {
    "ok"
}

/// What the carrier knows about one parcel.
async fn parcel(
    State(carrier_url): State<String>,
    Path(number): Path<String>,
) -> Result<Json<Parcel>, (StatusCode, String)> {
    if !tracking::is_valid(&number) {
        let message = format!("{number} is not a tracking number");
        return Err((StatusCode::BAD_REQUEST, message));
    }
    match carrier::find(&carrier_url, &number).await {
        Ok(parcel) => Ok(Json(parcel)),
        Err(CarrierError::UnknownParcel) => {
            let message = format!("the carrier does not know {number}");
            Err((StatusCode::NOT_FOUND, message))
        }
        Err(CarrierError::Unavailable(error)) => {
            tracing::error!(%error, number, "failed to ask the carrier");
            let message = "the carrier does not answer".to_owned();
            Err((StatusCode::BAD_GATEWAY, message))
        }
    }
}

/// The tracking numbers in a text, for instance in a customer's mail.
async fn tracking_numbers(text: String) -> Json<Vec<String>> {
    Json(tracking::find_all(&text))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower::ServiceExt;

    use super::*;

    /// A carrier on this machine that knows one parcel and is broken for another.
    async fn carrier() -> String {
        let app = Router::new().route(
            "/v1/parcels/{number}",
            get(|Path(number): Path<String>| async move {
                match number.as_str() {
                    "RA123456785GB" => Ok(r#"{"status":"in transit","country":"FR"}"#),
                    "RB123456785DE" => Err(StatusCode::INTERNAL_SERVER_ERROR),
                    _ => Err(StatusCode::NOT_FOUND),
                }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, app).await });
        url
    }

    /// The answer to one request: status and body.
    async fn ask(method: &str, path: &str, body: &'static str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let response = router(carrier().await).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn health_needs_no_carrier() {
        assert_eq!(ask("GET", "/health", "").await, (200, "ok".into()));
    }

    #[tokio::test]
    async fn a_parcel_is_answered_as_the_carrier_knows_it() {
        let (status, body) = ask("GET", "/parcels/RA123456785GB", "").await;
        assert_eq!(status, 200);
        assert_eq!(body, r#"{"status":"in transit","country":"FR"}"#);
    }

    #[tokio::test]
    async fn what_cannot_be_answered_has_its_own_status() {
        for (number, expected) in
            [("RA123456784GB", 400), ("RC123456785GB", 404), ("RB123456785DE", 502)]
        {
            let (status, _) = ask("GET", &format!("/parcels/{number}"), "").await;
            assert_eq!(status, expected, "{number}");
        }
    }

    #[tokio::test]
    async fn tracking_numbers_are_found_in_a_text() {
        let text = "Where are RA123456785GB and RC123456784GB? Yours, Ann";
        let (status, body) = ask("POST", "/tracking-numbers", text).await;
        assert_eq!((status, body.as_str()), (200, r#"["RA123456785GB"]"#));
    }
}

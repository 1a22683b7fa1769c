//! The Extensions API, as far as a function's own process uses it: an internal extension
//! registers (`lambda_runtime` does for its graceful shutdown), waits for events and is told of
//! the end. It turns registrations into held connections, and events into their answers. External
//! extensions, which are processes of their own, are not emulated.

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{HeaderMap, HeaderValue},
};
use tokio::sync::oneshot;

use super::emulator::{Event, arn, json, refuse};

const IDENTIFIER: &str = "Lambda-Extension-Identifier";

/// The extensions of one function process.
#[derive(Debug, Default)]
pub struct Extensions {
    registered: Vec<Extension>,
}

#[derive(Debug)]
struct Extension {
    id: String,
    events: Vec<String>,
    waiting: Option<oneshot::Sender<String>>,
}

impl Extensions {
    /// Answers `POST extension/register`.
    pub fn register(&mut self, body: &[u8]) -> Response<Full<Bytes>> {
        #[derive(serde::Deserialize)]
        struct Registration {
            #[serde(default)]
            events: Vec<String>,
        }
        let Ok(Registration { events }) = serde_json::from_slice(body) else {
            return refuse(StatusCode::BAD_REQUEST, "InvalidRequestFormat", "no `events`");
        };
        let id = super::request_id();
        let mut response = json(
            StatusCode::OK,
            "{\"functionName\":\"function\",\"functionVersion\":\"$LATEST\",\"handler\":\"bootstrap\"}"
                .into(),
        );
        let value = HeaderValue::from_str(&id).expect("an id of hexadecimal digits");
        response.headers_mut().insert(IDENTIFIER, value);
        self.registered.push(Extension { id, events, waiting: None });
        response
    }

    /// What `GET extension/event/next` has to wait for. It never comes for an unknown extension.
    pub fn next(&mut self, headers: &HeaderMap) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        let id = headers.get(IDENTIFIER).and_then(|id| id.to_str().ok()).unwrap_or_default();
        if let Some(extension) = self.registered.iter_mut().find(|extension| extension.id == id) {
            extension.waiting = Some(sender);
        }
        receiver
    }

    /// Tells those that asked for it about an event.
    pub fn invoke(&mut self, event: &Event) {
        if self.registered.is_empty() {
            return;
        }
        let body = serde_json::json!({
            "eventType": "INVOKE",
            "requestId": event.id,
            "invokedFunctionArn": arn(&event.function),
            "deadlineMs": event.timeout.as_millis() as u64,
        });
        self.tell("INVOKE", &body.to_string());
    }

    /// Tells those that asked for it that the environment ends; whether there is any extension,
    /// as only then does Lambda send SIGTERM before SIGKILL.
    pub fn shut_down(&mut self) -> bool {
        let body = serde_json::json!({ "eventType": "SHUTDOWN", "shutdownReason": "spindown" });
        self.tell("SHUTDOWN", &body.to_string());
        !self.registered.is_empty()
    }

    fn tell(&mut self, event: &str, body: &str) {
        for extension in &mut self.registered {
            if extension.events.iter().any(|wanted| wanted == event)
                && let Some(waiting) = extension.waiting.take()
            {
                let _ = waiting.send(body.to_owned());
            }
        }
    }
}

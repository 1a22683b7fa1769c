//! Speaks Lambda's Runtime API to one function process and turns what it asks into [`Call`]s.
//!
//! Each call carries the moment it arrived, so that whoever drives the function only does
//! subtraction. Connections are held for as long as there is no event, as on Lambda: never a 204,
//! never a time-out. The paths and headers are those of
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>; what the emulator does not
//! know it refuses with 404.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::HeaderMap,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::extension::Extensions;

/// What Lambda accepts as a buffered answer: 6 MB, and some room for the envelope.
const BUFFERED_ANSWER_LIMIT: usize = 6 * 1024 * 1024 + 100 * 1024;
/// How much of an answer is kept, to be shown when it is an error.
const KEPT: usize = 16 * 1024;

/// An event on its way to a function.
#[derive(Clone, Debug)]
pub struct Event {
    /// The request id, which the answer has to name.
    pub id: String,
    /// The payload, as JSON text.
    pub payload: Bytes,
    /// How long the function has.
    pub timeout: Duration,
    /// The function's name, for its ARN.
    pub function: Arc<str>,
}

/// Something a function said.
#[derive(Debug)]
pub enum Call {
    /// It is ready for an event; the connection is held until one is given.
    Next {
        /// When it said so.
        at: Instant,
        /// Where the event goes.
        give: oneshot::Sender<Event>,
    },
    /// It answered an event.
    Answer(Answer),
    /// It said that it could not start.
    InitError(String),
}

/// A function's answer to an event.
#[derive(Debug)]
pub struct Answer {
    /// The event it answers.
    pub id: String,
    /// When its first byte arrived: earlier than `at` for a streamed answer.
    pub first_byte_at: Instant,
    /// When it was complete.
    pub at: Instant,
    /// Its size.
    pub bytes: usize,
    /// The error it reports, if it is one.
    pub error: Option<String>,
}

/// The Runtime API of one function process, on a port of its own.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    calls: mpsc::UnboundedReceiver<Call>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    calls: mpsc::UnboundedSender<Call>,
    extensions: Mutex<Extensions>,
}

impl RuntimeApi {
    /// Listens on `port`, or on a free one for 0. It lives until it is dropped.
    pub async fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (sender, calls) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { calls: sender, extensions: Mutex::default() });
        let server = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, calls, shared, server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next thing the function says.
    pub async fn call(&mut self) -> Call {
        self.calls.recv().await.expect("`shared` holds a sender for as long as `self` lives")
    }

    /// Tells internal extensions that asked for it about an event.
    pub fn tell_extensions(&self, event: &Event) {
        self.shared.extensions().invoke(event);
    }

    /// Tells internal extensions to stop; whether there are any.
    pub fn shut_down_extensions(&self) -> bool {
        self.shared.extensions().shut_down()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn extensions(&self) -> MutexGuard<'_, Extensions> {
        self.extensions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The connections end with this task, and so with the `RuntimeApi`.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept() => {
                if let Ok((stream, _)) = connection {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it a small answer may wait 40 ms for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, &shared));
    // An error here is a connection the function broke off; its exit tells the rest.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let at = Instant::now();
    let path = request.uri().path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let response = match (request.method(), segments.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => {
            let (give, event) = oneshot::channel();
            let _ = shared.calls.send(Call::Next { at, give });
            match event.await {
                Ok(event) => invocation(event),
                // The run is over; the process is about to be stopped.
                Err(_) => pending().await,
            }
        }
        (
            &Method::POST,
            ["2018-06-01", "runtime", "invocation", id, kind @ ("response" | "error")],
        ) => accept_answer(request, shared, id, *kind == "error").await,
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let body = read(request, None).await;
            let _ = shared.calls.send(Call::InitError(error_text(&body.kept, &body.error_type)));
            accepted()
        }
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            let body = read(request, None).await;
            shared.extensions().register(&body.kept)
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => {
            let event = shared.extensions().next(request.headers());
            match event.await {
                Ok(body) => json(StatusCode::OK, body),
                Err(_) => pending().await,
            }
        }
        (&Method::PUT, ["2022-07-01", "telemetry"] | ["2020-08-15", "logs"]) => {
            json(StatusCode::OK, "\"OK\"".into())
        }
        _ => refuse(StatusCode::NOT_FOUND, "UnknownPath", &path),
    };
    Ok(response)
}

fn invocation(event: Event) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now() + event.timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &event.id)
        .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", arn(&event.function))
        .header("Lambda-Runtime-Trace-Id", trace_id(&event.id))
        .body(Full::new(event.payload))
        .expect("headers of printable ASCII")
}

/// The ARN under which a function here would be known.
pub fn arn(function: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{function}")
}

fn trace_id(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    format!("Root=1-{:.8}-{:.24};Parent={:.16};Sampled=0", hex, hex, hex)
}

async fn accept_answer(
    request: Request<Incoming>,
    shared: &Shared,
    id: &str,
    failed: bool,
) -> Response<Full<Bytes>> {
    let streamed = header(request.headers(), "lambda-runtime-function-response-mode")
        .is_some_and(|mode| mode.eq_ignore_ascii_case("streaming"));
    let body = read(request, (!streamed).then_some(BUFFERED_ANSWER_LIMIT)).await;
    let error = if body.too_large {
        Some(format!("an answer above Lambda's 6 MB ({} bytes)", body.bytes))
    } else if failed || body.error_type.is_some() {
        Some(error_text(&body.kept, &body.error_type))
    } else {
        None
    };
    let response = if body.too_large {
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", id)
    } else {
        accepted()
    };
    let _ = shared.calls.send(Call::Answer(Answer {
        id: id.to_owned(),
        first_byte_at: body.first_byte_at,
        at: Instant::now(),
        bytes: body.bytes,
        error,
    }));
    response
}

/// A request's body, and how it ended.
struct Body {
    first_byte_at: Instant,
    kept: Vec<u8>,
    bytes: usize,
    too_large: bool,
    error_type: Option<String>,
}

async fn read(request: Request<Incoming>, limit: Option<usize>) -> Body {
    const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
    let mut body = Body {
        first_byte_at: Instant::now(),
        kept: Vec::new(),
        bytes: 0,
        too_large: false,
        error_type: header(request.headers(), ERROR_TYPE),
    };
    let mut incoming = request.into_body();
    while let Some(Ok(frame)) = incoming.frame().await {
        if let Some(data) = frame.data_ref() {
            if body.bytes == 0 {
                body.first_byte_at = Instant::now();
            }
            body.bytes += data.len();
            body.kept.extend_from_slice(&data[..data.len().min(KEPT - body.kept.len())]);
            body.too_large |= limit.is_some_and(|limit| body.bytes > limit);
        } else if let Some(trailers) = frame.trailers_ref() {
            // How a streamed answer says that it failed half-way.
            body.error_type = header(trailers, ERROR_TYPE).or(body.error_type);
        }
    }
    body
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn error_text(body: &[u8], error_type: &Option<String>) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Error {
        error_type: Option<String>,
        error_message: Option<String>,
    }
    match serde_json::from_slice::<Error>(body) {
        Ok(Error { error_message: Some(message), error_type: kind }) => {
            let kind = kind.or_else(|| error_type.clone()).unwrap_or_else(|| "error".into());
            format!("{kind}: {message}")
        }
        _ => error_type.clone().unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()),
    }
}

/// The status Lambda gives every answer it takes.
fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n".into())
}

/// Lambda's shape of a refusal.
pub fn refuse(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": message });
    json(status, body.to_string())
}

/// A JSON answer.
pub fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("Content-Type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("a valid header")
}

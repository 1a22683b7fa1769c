//! Measures what the emulator itself adds to an invocation: a client on a thread of its own does
//! nothing but take an event and answer it, over the same sockets and code as a function.
//!
//! The same client also talks to a thread that answers with fixed bytes. That is what any Runtime
//! API takes on this machine: two exchanges over a socket, and waking a processor for each half of
//! them, which on an idle virtual machine is most of the time. The difference is the emulator's.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use hyper::body::Bytes;

use super::{
    emulator::{Call, Event, RuntimeApi},
    request_id,
    session::micros,
};

const WARM_UP: usize = 50;
const INVOCATIONS: usize = 300;

/// The durations of trivial invocations, back to back, in microseconds.
pub async fn measure() -> Result<Vec<f64>> {
    let mut api = RuntimeApi::start(0).await.context("failed to start the Runtime API")?;
    let address = api.address();
    let client = thread::spawn(move || function(address));
    let function: Arc<str> = "trivial".into();
    let mut durations = Vec::with_capacity(INVOCATIONS);
    let mut next = api.call().await;
    for round in 0..WARM_UP + INVOCATIONS {
        let Call::Next { give, .. } = next else { bail!("the trivial function did not ask") };
        let event = Event {
            id: request_id(),
            payload: Bytes::from_static(b"{}"),
            timeout: Duration::from_secs(3),
            function: Arc::clone(&function),
        };
        let sent = Instant::now();
        let _ = give.send(event);
        let Call::Answer(_) = api.call().await else {
            bail!("the trivial function did not answer")
        };
        next = api.call().await;
        if let Call::Next { at, .. } = &next
            && round >= WARM_UP
        {
            durations.push(micros(*at - sent));
        }
    }
    // Its connection breaks off, which ends the client.
    drop((next, api));
    tokio::task::yield_now().await;
    drop(client);
    Ok(durations)
}

/// The durations of the same invocations by a server that does nothing, in microseconds.
pub fn bare() -> io::Result<Vec<f64>> {
    const EVENT: &[u8] = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
                           Content-Length: 2\r\n\r\n{}";
    const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let client = thread::spawn(move || function(address));
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut durations = Vec::with_capacity(INVOCATIONS);
    response(&mut reader)?;
    for round in 0..WARM_UP + INVOCATIONS {
        let sent = Instant::now();
        stream.write_all(EVENT)?;
        response(&mut reader)?;
        stream.write_all(ACCEPTED)?;
        response(&mut reader)?;
        if round >= WARM_UP {
            durations.push(micros(sent.elapsed()));
        }
    }
    drop((stream, reader));
    drop(client);
    Ok(durations)
}

fn function(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n";
        stream.write_all(next.as_bytes())?;
        let id = response(&mut reader)?;
        let answer = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: lambda\r\n\
             Content-Length: 4\r\n\r\nnull"
        );
        stream.write_all(answer.as_bytes())?;
        response(&mut reader)?;
    }
}

/// Reads a response, or a request, and returns the request id if it names one.
fn response(reader: &mut impl BufRead) -> io::Result<String> {
    let (mut id, mut length) = (String::new(), 0);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap_or_default();
            }
            Some((name, value)) if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") => {
                value.clone_into(&mut id);
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(id)
}

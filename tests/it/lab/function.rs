//! A Lambda function on nothing but the standard library, for `rustc` alone to build in a moment.
//! It answers every event with `null`, unless `MISBEHAVE` asks for one of the ways to go wrong.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{abort, exit},
    thread::sleep,
    time::Duration,
};

fn main() {
    let how = env::var("MISBEHAVE").unwrap_or_default();
    let api = env::var("AWS_LAMBDA_RUNTIME_API").expect("started by the lab");
    let forever = Duration::from_secs(3600);
    match how.as_str() {
        "never-next" => sleep(forever),
        "exit" => {
            eprintln!("no configuration found");
            exit(3)
        }
        _ => {}
    }
    let mut api = Api::connect(&api);
    match how.as_str() {
        "init-error" => {
            let body = r#"{"errorType":"Config","errorMessage":"no table"}"#;
            api.request("POST", "2018-06-01/runtime/init/error", body);
            sleep(forever);
        }
        "grandchild" => {
            std::process::Command::new("sleep").arg("3600").spawn().expect("a `sleep`");
        }
        "print-env" => {
            for name in env::var("NAMES").unwrap_or_default().split(' ') {
                eprintln!("{name}={:?}", env::var_os(name));
            }
            exit(0)
        }
        _ => {}
    }
    for count in 1.. {
        let (id, payload) = api.request("GET", "2018-06-01/runtime/invocation/next", "");
        match how.as_str() {
            "panic" => panic!("the handler went wrong"),
            "abort" => abort(),
            "exit-later" if count == 3 => exit(0),
            "late" => sleep(forever),
            "no-answer" => continue,
            "print" => {
                let line = "x".repeat(1 << 20);
                for _ in 0..4 {
                    println!("{line}");
                    eprintln!("{line}");
                }
            }
            "burn" => {
                let until = std::time::Instant::now() + Duration::from_millis(5);
                while std::time::Instant::now() < until {}
            }
            _ => {}
        }
        let (kind, answer) = match how.as_str() {
            "error" => ("error", r#"{"errorType":"Boom","errorMessage":"no such record"}"#.to_owned()),
            "huge" => ("response", "\"".to_owned() + &"x".repeat(7 << 20) + "\""),
            "echo" => ("response", payload),
            _ => ("response", "null".to_owned()),
        };
        let id = if how == "wrong-id" { "someone-else" } else { &id };
        let path = format!("2018-06-01/runtime/invocation/{id}/{kind}");
        match how.as_str() {
            "stream" => api.stream(&path),
            _ => _ = api.request("POST", &path, &answer),
        }
    }
}

struct Api(BufReader<TcpStream>);

impl Api {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a Runtime API");
        stream.set_nodelay(true).expect("a socket");
        Self(BufReader::new(stream))
    }

    /// Returns the request id, if there is one, and the body.
    fn request(&mut self, method: &str, path: &str, body: &str) -> (String, String) {
        let length = body.len();
        let head = format!("{method} /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        self.0.get_mut().write_all((head + body).as_bytes()).expect("a connection");
        self.response()
    }

    fn stream(&mut self, path: &str) {
        let head = format!(
            "POST /{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
             Lambda-Runtime-Function-Response-Mode: streaming\r\n\
             Content-Type: application/vnd.awslambda.http-integration-response\r\n\r\n"
        );
        let stream = self.0.get_mut();
        stream.write_all(head.as_bytes()).expect("a connection");
        stream.write_all(b"5\r\nfirst\r\n").expect("a connection");
        sleep(Duration::from_millis(20));
        self.0.get_mut().write_all(b"4\r\nlast\r\n0\r\n\r\n").expect("a connection");
        self.response();
    }

    fn response(&mut self) -> (String, String) {
        let (mut id, mut length, mut line) = (String::new(), 0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line).expect("a connection") == 0 {
                exit(0);
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            } else if let Some(value) = lower.strip_prefix("lambda-runtime-aws-request-id:") {
                id = value.trim().to_owned();
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (id, String::from_utf8(body).expect("JSON"))
    }
}

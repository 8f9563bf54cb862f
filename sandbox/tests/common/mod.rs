//! A sandbox in this process, a client that speaks raw HTTP, and the contract's schemas.

#![allow(dead_code)] // Each test file uses its own part of this.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use paynow_sandbox::{API_KEY, Config, STORE_ID, Sandbox};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};

pub const NOTCH_ID: &str = "421621336637440000";
pub const NOTCH_UUID: &str = "069a79f4-44e9-4726-a5be-fca90e38aaf5";

/// A running sandbox; it ends with the value.
pub struct Server {
    pub addr: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sandbox = runtime
            .block_on(Sandbox::bind(Config { listen: "127.0.0.1:0".parse().unwrap(), quiet: true, ..config }))
            .unwrap();
        let addr = sandbox.local_addr().unwrap();
        runtime.spawn(sandbox.run());
        Self { addr, runtime: Some(runtime) }
    }

    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection(BufReader::new(stream))
    }

    /// One request on a connection of its own. Every error must be the contract's.
    pub fn send(&self, request: &Request) -> Reply {
        let reply = self.try_send(request).unwrap();
        if reply.status >= 400 {
            let error = reply.json();
            check("PayNowError", &error);
            assert_eq!(error["status"], reply.status, "{error}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
            assert!(!error["message"].as_str().unwrap().is_empty());
            assert_eq!(error["trace_id"].as_str().unwrap().len(), 32);
            assert!(error.get("errors").is_some());
        }
        reply
    }

    pub fn try_send(&self, request: &Request) -> io::Result<Reply> {
        let mut connection = self.connect();
        connection.write(request)?;
        connection.read()
    }

    /// A path under the store, with the API key.
    pub fn store(&self, method: &str, rest: &str) -> Request {
        Request::new(method, &format!("/v1/stores/{STORE_ID}/customers{rest}"))
            .header("authorization", &format!("APIKey {API_KEY}"))
    }

    pub fn customers(&self) -> u64 {
        self.admin("GET", "stats", "").json()["customers"].as_u64().unwrap()
    }

    pub fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        let mut request = Request::new(method, &format!("/_sandbox/{path}"));
        if !body.is_empty() {
            request = request.body(body);
        }
        if method != "GET" {
            request = request.header("content-type", "application/json");
        }
        let reply = self.try_send(&request).unwrap();
        assert!(reply.status < 300, "{reply:?}");
        reply
    }

    pub fn faults(&self, plan: &Value) {
        assert_eq!(self.admin("PUT", "faults", &plan.to_string()).status, 204);
    }

    /// Waits for the newest log entry to satisfy a condition.
    pub fn until_logged(&self, condition: impl Fn(&Value) -> bool) -> Value {
        self.until("log?limit=1", |log| log.get(0).is_some_and(&condition))[0].clone()
    }

    /// Waits for the counters to satisfy a condition.
    pub fn until_stats(&self, condition: impl Fn(&Value) -> bool) -> Value {
        self.until("stats", condition)
    }

    // Asking is the synchronisation; the limit only ends a test that would fail anyway.
    fn until(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.admin("GET", what, "").json();
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < limit, "it never came to that: {now}");
            std::thread::yield_now();
        }
    }

    /// A live token of the seeded customer Notch.
    pub fn token(&self) -> String {
        let reply = self.send(&self.store("POST", &format!("/{NOTCH_ID}/tokens")));
        assert_eq!(reply.status, 200);
        reply.json()["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Requests that hang must not keep the test waiting.
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// A request to be written byte by byte.
#[derive(Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), "localhost".to_owned())],
            body: None,
        }
    }

    /// The call that authenticates a customer, with good headers.
    pub fn login() -> Self {
        Self::new("POST", "/v1/store/customer/auth")
            .header("x-paynow-store-id", STORE_ID)
            .header("x-paynow-customer-ip", "203.0.113.7")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or(&[]));
        bytes
    }
}

/// A connection that is kept alive.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn write(&mut self, request: &Request) -> io::Result<()> {
        self.0.get_mut().write_all(&request.bytes())
    }

    /// Status and headers, leaving the body unread.
    pub fn read_head(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line[9..12].parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        Ok(Reply { status, headers, body: Vec::new() })
    }

    pub fn read_exact(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(bytes)
    }

    pub fn read(&mut self) -> io::Result<Reply> {
        let mut reply = self.read_head()?;
        let mut line = String::new();
        if let Some(length) = reply.header("content-length") {
            let length: usize = length.parse().unwrap();
            reply.body = vec![0; length];
            self.0.read_exact(&mut reply.body)?;
        } else if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                line.clear();
                self.0.read_line(&mut line)?;
                let length = usize::from_str_radix(line.trim(), 16).unwrap();
                let mut chunk = vec![0; length + 2];
                self.0.read_exact(&mut chunk)?;
                if length == 0 {
                    break;
                }
                reply.body.extend_from_slice(&chunk[..length]);
            }
        }
        Ok(reply)
    }

    /// Everything up to the end of the connection, and how it ended.
    pub fn read_to_end(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes).map(|_| ());
        (bytes, end)
    }

    /// Whether nothing has come so far.
    pub fn is_silent(&mut self) -> bool {
        self.0.get_ref().set_nonblocking(true).unwrap();
        let seen = self.0.fill_buf().map(<[u8]>::len);
        self.0.get_ref().set_nonblocking(false).unwrap();
        matches!(seen, Err(why) if why.kind() == io::ErrorKind::WouldBlock)
    }

    pub fn read_byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        Ok((self.0.read(&mut byte)? == 1).then_some(byte[0]))
    }
}

/// A reply as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|why| panic!("{why}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

static SCHEMAS: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("contract-schemas.json")).unwrap());

/// Checks a value against a schema of the contract.
pub fn check(schema: &str, value: &Value) {
    if let Err(why) = conforms(&SCHEMAS[schema], value, schema) {
        panic!("{why}\nin {value}");
    }
}

fn conforms(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return conforms(&SCHEMAS[name], value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(many) => many.iter().any(|one| one == kind),
        _ => true,
    };
    if !allowed {
        return Err(format!("{at} is a {kind}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{at} is {value}"));
    }
    match value {
        Value::String(text) => {
            let good = match schema["format"].as_str() {
                Some("flake-id" | "steam-id") => text.parse::<i64>().is_ok_and(|id| id > 0),
                Some("date-time") => {
                    let shape: String =
                        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
                    shape == "0000-00-00T00:00:00.000Z"
                }
                _ => true,
            };
            if !good {
                return Err(format!("{at} is {text:?}"));
            }
        }
        Value::Number(number) => {
            let small = number.as_i64().is_some_and(|n| i32::try_from(n).is_ok());
            if schema["format"] == "int32" && !small {
                return Err(format!("{at} is {number}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                conforms(&schema["items"], item, &format!("{at}[]"))?;
            }
        }
        Value::Object(fields) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    return Err(format!("{at} lacks {name}"));
                }
            }
            for (name, field) in fields {
                let at = format!("{at}.{name}");
                match (&schema["properties"][name], &schema["additionalProperties"]) {
                    (Value::Null, Value::Bool(false)) => return Err(format!("{at} is unknown")),
                    (Value::Null, rest) => conforms(rest, field, &at)?,
                    (known, _) => conforms(known, field, &at)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

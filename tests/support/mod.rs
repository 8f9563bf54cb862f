//! The sandbox as a process of its own, and a client to drive against it.

#![allow(dead_code, reason = "each test uses its own part of this")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use paynow_bridge::{Client, ClientBuilder, Completion, RequestId, SubmitError};
use serde_json::Value;

/// Longer than anything a test waits for takes.
pub const FOREVER: Duration = Duration::from_secs(60);

/// A running sandbox; it ends with the value.
pub struct Sandbox {
    process: Child,
    pub base: String,
    pub store_id: String,
    pub api_key: String,
    directory: PathBuf,
}

impl Sandbox {
    pub fn start() -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let directory =
            std::env::temp_dir().join(format!("paynow-bridge-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let ready = directory.join("ready.json");
        let process = Command::new(binary())
            .args(["--listen", "127.0.0.1:0", "--quiet", "--exit-with-stdin", "--ready-file"])
            .arg(&ready)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let give_up = Instant::now() + FOREVER;
        let text = loop {
            match std::fs::read_to_string(&ready) {
                Ok(text) => break text,
                Err(_) => assert!(Instant::now() < give_up, "the sandbox never became ready"),
            }
            std::thread::yield_now();
        };
        let said: Value = serde_json::from_str(&text).unwrap();
        let word = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { process, base: word("base"), store_id: word("store_id"), api_key: word("api_key"), directory }
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(&self.store_id).api_key(&self.api_key).api_base(&self.base).cache_ttl(Duration::ZERO)
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// Asks an administrative route; panics when it refuses.
    pub fn admin(&self, method: &str, path: &str, body: &str) -> Value {
        let address = self.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} /_sandbox/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    pub fn faults(&self, plan: &str) {
        self.admin("PUT", "faults", plan);
    }

    /// The next answer to any operation is this one.
    pub fn respond(&self, status: u16, body: &str) {
        let body = Value::String(body.to_owned());
        self.faults(&format!(r#"{{"rules":[{{"times":1,"respond":{{"status":{status},"body":{body}}}}}]}}"#));
    }

    /// How many API requests have arrived.
    pub fn requests(&self) -> u64 {
        self.admin("GET", "stats", "")["requests"].as_u64().unwrap()
    }

    /// The last API request, as the sandbox saw it.
    pub fn last_request(&self) -> Value {
        self.admin("GET", "log?limit=1", "")[0].clone()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The sandbox's program: the one named in the environment, or one that is built now.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("PAYNOW_SANDBOX_BIN") {
            return PathBuf::from(path);
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", "paynow-sandbox"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the sandbox cannot be built");
        // This test is target/<profile>/deps/<name>.
        let mut path = std::env::current_exe().unwrap();
        path.pop();
        path.pop();
        path.join("paynow-sandbox")
    })
}

/// Looks until there is something to see.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + FOREVER;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < give_up, "it never happened that {what}");
        std::thread::yield_now();
    }
}

/// Waits for the one request that is outstanding.
pub fn wait(client: &Client, submitted: Result<RequestId, SubmitError>) -> Completion<'_> {
    let id = submitted.expect("accepted");
    let completion = client.next(FOREVER).unwrap().expect("a completion");
    assert_eq!(completion.id(), id);
    completion
}

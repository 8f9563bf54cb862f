//! The program as it is started from a terminal or a script.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use paynow_sandbox::{API_KEY, STORE_ID};
use serde_json::Value;

fn sandbox(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paynow-sandbox"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sandbox(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A sandbox that ends with the value, because its standard input does.
struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = sandbox(&["--listen", "127.0.0.1:0", "--exit-with-stdin"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line_with(&mut self, part: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "no line has {part:?}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn end(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code()
    }
}

fn get(base: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: APIKey {API_KEY}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn help_names_every_option() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, 0);
    let readme = include_str!("../README.md");
    for option in [
        "--listen",
        "--ready-file",
        "--latency-ms",
        "--trust-steam",
        "--host",
        "--seed",
        "--exit-with-stdin",
        "--quiet",
    ] {
        assert!(help.contains(option) && readme.contains(option), "{option}");
    }
    assert_eq!(run(&["-h"]).1, help);
    let (code, version, _) = run(&["--version"]);
    assert_eq!((code, version), (0, format!("paynow-sandbox {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn only_loopback_is_bound() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let (code, out, err) = run(&["--listen", address]);
        assert_eq!((code, out.as_str()), (2, ""), "{address}");
        assert!(err.contains("not a loopback address"), "{err}");
    }
}

#[test]
fn wrong_options_are_refused() {
    for args in [
        &["--nope"][..],
        &["extra"],
        &["--listen"],
        &["--listen", "here"],
        &["--listen", "localhost"],
        &["--latency-ms", "fast"],
        &["--trust-steam", "maybe"],
        &["--seed", "-1"],
    ] {
        let (code, _, err) = run(args);
        assert_eq!(code, 2, "{args:?}");
        assert!(err.starts_with("paynow-sandbox: "), "{err}");
    }
}

#[test]
fn a_port_that_is_taken() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let (code, _, err) = run(&["--listen", &address]);
    assert_eq!(code, 1);
    assert!(err.contains(&address), "{err}");
}

#[test]
fn it_says_where_it_listens_and_with_which_key_and_shows_each_request() {
    let mut sandbox = Running::start(&[]);
    let line = sandbox.line_with("export PAYNOW_API_BASE=");
    let base = line.split_once('=').unwrap().1.to_owned();
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    for (name, value) in [("PAYNOW_API_KEY", API_KEY), ("PAYNOW_STORE_ID", STORE_ID)] {
        assert_eq!(sandbox.line_with(name), format!("export {name}={value}").as_str());
    }
    let reply = get(&base, &format!("/v1/stores/{STORE_ID}/customers/lookup?name=Notch"));
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(sandbox.line_with("/customers/lookup?name=Notch").contains(" 200 GET "));
    assert_eq!(sandbox.end(), Some(0));
}

#[test]
fn a_script_learns_all_it_needs_from_the_ready_file() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ready.json");
    let _ = fs::remove_file(&path);
    let sandbox = Running::start(&["--quiet", "--ready-file", path.to_str().unwrap()]);
    let pid = sandbox.child.id();
    let ready: Value = loop {
        // It is moved into place, so it is whole as soon as it is there.
        match fs::read(&path) {
            Ok(text) => break serde_json::from_slice(&text).unwrap(),
            Err(_) => std::thread::yield_now(),
        }
    };
    assert_eq!(
        (&ready["store_id"], &ready["api_key"], &ready["pid"]),
        (&STORE_ID.into(), &API_KEY.into(), &pid.into())
    );
    let reply = get(ready["base"].as_str().unwrap(), "/_sandbox/health");
    assert!(reply.ends_with("{\"status\":\"ok\"}"), "{reply}");
    assert_eq!(sandbox.end(), Some(0));
}

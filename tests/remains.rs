//! After a client is destroyed, no memory of its process holds a credential: neither what is in use, nor what was freed,
//! nor the stacks of threads that have ended.
//!
//! The client runs in a process of its own; this one serves it, and looks through its memory. Every credential is drawn at
//! random here, so that a copy over there is one that was handed over, or was made of that.

#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

#[path = "support/secure.rs"]
mod secure;
// As in the shared and the static library.
#[cfg(not(feature = "wiping-allocator"))]
#[path = "../src/wiping.rs"]
mod wiping;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paynow_bridge::{Call, Client, ClientBuilder, LogLevel, RawAuth, RawRequest, Status};
use secure::{PlainServer, Proxy, SecureServer};
use zeroize::Zeroizing;

const FOREVER: Duration = Duration::from_secs(60);
/// Set in the process whose memory is looked through: what its client is to use.
const INSIDE: &str = "PAYNOW_BRIDGE_TEST_INSIDE";
const CUSTOMER: &str = "440116992540673366";
/// What a request is about that is never answered.
const SILENCE: &str = "440116992540673399";

/// The credentials of one run.
struct Canaries {
    key: String,
    next_key: String,
    token: String,
    password: String,
}

static CANARIES: OnceLock<Canaries> = OnceLock::new();

impl Canaries {
    fn get() -> &'static Self {
        CANARIES.get_or_init(|| {
            let draw = |prefix: &str| {
                let letters = std::iter::repeat_with(fastrand::alphanumeric).take(60);
                prefix.chars().chain(letters).collect()
            };
            Self { key: draw("pnk1"), next_key: draw("pnk2"), token: draw("pnct"), password: draw("pnpw") }
        })
    }

    /// What is looked for, by name.
    fn all(&self) -> [(&'static str, String); 5] {
        [
            ("the API key", self.key.clone()),
            ("the API key after the rotation", self.next_key.clone()),
            ("the customer token", self.token.clone()),
            ("the proxy's password", self.password.clone()),
            ("the proxy's credentials as they are sent", STANDARD.encode(format!("user:{}", self.password))),
        ]
    }
}

/// Repeats the credential it gets wherever an answer can hold it, but to who wants a token or nothing.
fn repeating(head: &str) -> String {
    if head.contains(SILENCE) {
        return String::new();
    }
    if head.starts_with("POST ") && head.contains("/tokens ") {
        let body = format!(r#"{{"token":"{}"}}"#, Canaries::get().token);
        return secure::answer("200 OK", "", &body);
    }
    let sent = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then_some(value)
    });
    let credential = sent.unwrap_or_default();
    let word = credential.rsplit(' ').next().unwrap_or_default();
    let body = format!(
        r#"{{"status":401,"code":"{word}","message":"no: {credential}","trace_id":"{word}",
        "errors":[{{"code":"{word}","message":"\u00e4 {word}","path":"{word}","validation":"x"}}]}}"#
    );
    secure::answer("401 Unauthorized", &format!("x-sent: {credential}\r\n"), &body)
}

/// A process that holds a client, and does what it is told.
struct Inside {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Inside {
    fn start(test: &str, settings: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(INSIDE, settings.join(" "))
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, commands, answers }
    }

    fn tell(&mut self, line: &str) {
        self.commands.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn await_word(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim_end() != word {
            line.clear();
            assert_ne!(
                self.answers.read_line(&mut line).unwrap(),
                0,
                "the client's process ended before {word:?}"
            );
        }
    }

    /// Where its memory holds a part of one of the credentials. Freeing a block of memory overwrites its beginning.
    fn findings(&self) -> Vec<(&'static str, String)> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let needles: Vec<(&'static str, Vec<u8>)> = Canaries::get()
            .all()
            .into_iter()
            .flat_map(|(name, text)| {
                let bytes = text.into_bytes();
                let pieces: Vec<_> = bytes.chunks_exact(16).skip(1).map(<[u8]>::to_vec).collect();
                pieces.into_iter().map(move |piece| (name, piece))
            })
            .collect();
        let memory = File::open(process.join("mem")).unwrap();
        let mut found = Vec::new();
        for (place, start, end) in writable_memory(&process) {
            let mut bytes = vec![0; (end - start) as usize];
            // A mapping may be gone by now, with all that was in it.
            if memory.read_exact_at(&mut bytes, start).is_err() {
                continue;
            }
            for (name, needle) in &needles {
                for at in places(&bytes, needle) {
                    let from = at.saturating_sub(48);
                    let to = (at + 64).min(bytes.len());
                    found.push((
                        *name,
                        format!("{place} {:#x}: {}", start + at as u64, shown(&bytes[from..to])),
                    ));
                }
            }
        }
        found
    }
}

/// The parts of a process's memory that can be written, and where they are.
fn writable_memory(process: &Path) -> Vec<(String, u64, u64)> {
    let maps = std::fs::read_to_string(process.join("maps")).unwrap();
    maps.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (start, end) = words.next()?.split_once('-')?;
            let is_writable = words.next()?.starts_with("rw");
            let place = words.nth(3).unwrap_or("anonymous").to_owned();
            let number = |digits| u64::from_str_radix(digits, 16).ok();
            is_writable.then_some((place, number(start)?, number(end)?))
        })
        .collect()
}

/// Where the bytes hold others.
fn places<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = &bytes[from..];
        // SAFETY: both are readable for as long as they are.
        let found =
            unsafe { libc::memmem(rest.as_ptr().cast(), rest.len(), needle.as_ptr().cast(), needle.len()) };
        if found.is_null() {
            return None;
        }
        let at = from + (found as usize - rest.as_ptr() as usize);
        from = at + 1;
        Some(at)
    })
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = if byte.is_ascii_graphic() { write!(text, "{}", *byte as char) } else { write!(text, "·") };
        text
    })
}

/// A file for the owner alone, removed with the value.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("paynow-bridge-memory-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Self(path)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Lets a client in a process of its own use every credential, and looks for them before and after its end.
fn nothing_remains(test: &str, base: &str, ca_file: &str, proxy: Option<&Proxy>) {
    let canaries = Canaries::get();
    let key_file = KeyFile::new(test, &canaries.key);
    let mut inside = Inside::start(test, &[base, key_file.0.to_str().unwrap(), ca_file]);
    let address = proxy.map(|proxy| format!("http://user:{}@127.0.0.1:{}", canaries.password, proxy.port));
    inside.tell(address.as_deref().unwrap_or("-"));
    inside.await_word("key used");
    let holds = |found: &[(&str, String)], wanted: &str| found.iter().any(|(name, _)| *name == wanted);
    let found = inside.findings();
    assert!(holds(&found, "the API key"), "a credential in use is not found: {found:?}");
    inside.tell(&canaries.next_key);
    inside.await_word("all used");
    let found = inside.findings();
    for used in ["the API key after the rotation", "the customer token"] {
        assert!(holds(&found, used), "{used} is not found while it is in use: {found:?}");
    }
    assert_eq!(holds(&found, "the proxy's credentials as they are sent"), proxy.is_some());
    inside.tell("end");
    inside.await_word("ended");
    let found = inside.findings();
    assert!(found.is_empty(), "{} copies remain:\n{}", found.len(), listed(&found));
    inside.tell("leave");
    assert!(inside.child.wait().unwrap().success());
}

fn listed(found: &[(&'static str, String)]) -> String {
    found.iter().take(60).fold(String::new(), |text, (name, place)| text + name + " in " + place + "\n")
}

// --- the process whose memory is looked through ---

/// The lines of the standard input, without a buffer that would keep them.
struct Lines(ManuallyDrop<File>);

impl Lines {
    fn new() -> Self {
        // SAFETY: the standard input is open, and never closed by this value.
        Self(ManuallyDrop::new(unsafe { File::from_raw_fd(0) }))
    }

    fn next(&mut self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(256));
        let mut byte = [0];
        while self.0.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            line.push(byte[0] as char);
        }
        line
    }
}

#[expect(clippy::print_stdout, reason = "how the processes talk to each other")]
fn say(word: &str) {
    println!("\n{word}");
}

/// How a request ended. What is said about it holds no credential.
fn end_of(client: &Client) -> Status {
    let completion = client.next(FOREVER).unwrap().unwrap();
    let said = format!("{completion:?} {:?} {:?}", completion.message(), completion.error());
    assert!(!said.contains("pnk") && !said.contains("pnct") && !said.contains("pnpw"), "{said}");
    completion.status()
}

fn run_inside(settings: &str) {
    let [base, key_file, ca_file] = *settings.split(' ').collect::<Vec<_>>() else { panic!("{settings}") };
    let mut lines = Lines::new();
    let client = {
        let proxy = lines.next();
        let builder = Client::builder("411486491630370816")
            .api_base(base)
            .api_key_file(key_file)
            .log_level(LogLevel::Debug);
        let builder = if ca_file == "-" { builder } else { builder.ca_file(ca_file) };
        // Copied into a string that has just the room, which the builder takes over.
        let address = if *proxy == "-" { String::new() } else { proxy.as_str().to_owned() };
        ClientBuilder::build(builder.proxy(address)).unwrap()
    };
    let call = Call::default();
    client.get_customer(CUSTOMER, &call).unwrap();
    assert_eq!(end_of(&client), Status::Unauthorized);
    say("key used");
    client.set_api_key(lines.next().as_str().to_owned()).unwrap();
    client.get_customer(CUSTOMER, &call).unwrap();
    assert_eq!(end_of(&client), Status::Unauthorized);
    client.create_customer_token(CUSTOMER, &call).unwrap();
    let minted = client.next(FOREVER).unwrap().unwrap();
    let token = minted.token().expect("a token");
    client.get_current_customer(token.expose(), &call).unwrap();
    assert_eq!(end_of(&client), Status::Unauthorized);
    // Too long to stay in the request's slot.
    let json = format!(r#"{{"lines":"{}"}}"#, "x".repeat(3000));
    let auth = RawAuth::Customer(token.expose());
    let checkout = RawRequest { method: "POST", path: "/v1/checkouts", json: Some(&json), auth };
    client.request(&checkout, &call).unwrap();
    assert_eq!(end_of(&client), Status::Unauthorized);
    // Interrupted while its worker waits for the answer, and one that no worker may ever have taken.
    let silent = format!("/v1/{SILENCE}");
    let hung = RawRequest { method: "GET", path: &silent, json: None, auth };
    let soon = Call { deadline: Some(Duration::from_millis(200)), ..call };
    client.request(&hung, &soon).unwrap();
    assert_eq!(end_of(&client), Status::Timeout);
    assert!(client.cancel(client.request(&hung, &call).unwrap()));
    assert_eq!(end_of(&client), Status::Cancelled);
    client.deliver_log(|line| {
        let said = format!("{line:?}");
        assert!(!said.contains("pnk") && !said.contains("pnct") && !said.contains("pnpw"), "{said}");
    });
    say("all used");
    assert_eq!(*lines.next(), "end");
    drop(minted);
    drop(client);
    say("ended");
    assert_eq!(*lines.next(), "leave");
}

/// Runs the inside of the test in the process that was started for it, and says so.
fn is_inside() -> bool {
    std::env::var(INSIDE).is_ok_and(|settings| {
        run_inside(&settings);
        true
    })
}

#[test]
fn nothing_remains_of_plain_http() {
    if is_inside() {
        return;
    }
    let server = PlainServer::start(repeating);
    nothing_remains("nothing_remains_of_plain_http", &format!("http://127.0.0.1:{}", server.port), "-", None);
}

#[test]
fn nothing_remains_of_tls() {
    if is_inside() {
        return;
    }
    let server = SecureServer::start("localhost", 0, repeating);
    let base = format!("https://localhost:{}", server.port);
    nothing_remains("nothing_remains_of_tls", &base, server.ca_file.to_str().unwrap(), None);
}

#[test]
fn nothing_remains_of_a_tunnel() {
    if is_inside() {
        return;
    }
    let server = SecureServer::start("api.shop.invalid", 0, repeating);
    let proxy = Proxy::start("200 Connection established");
    let base = format!("https://api.shop.invalid:{}", server.port);
    nothing_remains("nothing_remains_of_a_tunnel", &base, server.ca_file.to_str().unwrap(), Some(&proxy));
}

//! The limits of a client hold for memory, by the allocator's account, whatever a server answers: lists, errors, deep
//! JSON and strings of escapes take many times what they took on the wire. One test, because the allocator is the whole
//! process's.

#![allow(clippy::print_stdout, reason = "the figures are for RELIABILITY.md")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use paynow_bridge::{
    Call, Client, ClientBuilder, Completion, ListCustomers, LogLevel, LookupKey, RawAuth, RawRequest, Status,
    SubmitError,
};

// --- the allocator ---

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// What an allocation takes, its header included.
fn block(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

fn add(size: usize) {
    let held = HELD.fetch_add(block(size), Ordering::Relaxed) + block(size);
    PEAK.fetch_max(held, Ordering::Relaxed);
}

fn remove(size: usize) {
    HELD.fetch_sub(block(size), Ordering::Relaxed);
}

// SAFETY: everything is left to `System`; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the rules of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        remove(layout.size());
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there at once.
        add(size);
        // SAFETY: the caller keeps the rules of `realloc`.
        let moved = unsafe { System.realloc(block, layout, size) };
        remove(layout.size());
        moved
    }
}

fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// Bytes more than `before` that were allocated at any time since [`Server::answer`].
fn peak_above(before: usize) -> usize {
    PEAK.load(Ordering::Relaxed).saturating_sub(before)
}

// --- the server ---

/// A status and a body; `None` for no answer at all.
type Canned = Option<(u16, Arc<[u8]>)>;

/// Answers every request with the same thing, or never.
struct Server {
    answer: Arc<RwLock<Canned>>,
    port: u16,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "a server's own threads")]
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::<RwLock<_>>::default();
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream.unwrap(), &shared));
            }
        });
        Self { answer, port }
    }

    fn answer(&self, status: u16, body: impl Into<Vec<u8>>) {
        *self.answer.write().unwrap() = Some((status, body.into().into()));
        PEAK.store(held(), Ordering::Relaxed);
    }

    fn hang(&self) {
        *self.answer.write().unwrap() = None;
    }

    fn client(&self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let builder = Client::builder("411486491630370816")
            .api_key("pn_key")
            .api_base(format!("http://127.0.0.1:{}", self.port))
            .cache_ttl(Duration::ZERO)
            .circuit_threshold(0)
            .max_attempts(1);
        change(builder).build().unwrap()
    }
}

/// One connection, kept as long as the client keeps it.
fn serve(mut stream: &TcpStream, answer: &RwLock<Canned>) {
    // Head and body go out at once.
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
        }
        let Some((status, body)) = answer.read().unwrap().clone() else {
            // Until the client has had enough.
            let _ = reader.read(&mut [0]);
            return;
        };
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

// --- answers ---

fn list(items: usize, item: impl Fn(usize) -> String) -> String {
    format!("[{}]", (1..=items).map(item).collect::<Vec<_>>().join(","))
}

fn customers(count: usize) -> String {
    list(count, |id| {
        let metadata: Vec<String> = (0..20).map(|key| format!(r#""{key}":"{key}""#)).collect();
        let unknown = format!("{{\"a\":[{}1]}}", "{\"b\":null},".repeat(200));
        format!(
            r#"{{"id":"{id}","name":"n","store_id":"1","created_at":"2024-01-01T00:00:00Z","metadata":{{{}}},"new":{unknown}}}"#,
            metadata.join(",")
        )
    })
}

/// What is asked, and what comes: its name, the status, the body.
type Shape = (&'static str, u16, String);

fn shapes() -> Vec<Shape> {
    let errors =
        list(4_000, |_| r#"{"code":"c","message":"m","path":["a","b"],"validation":"v"}"#.to_owned());
    let escapes = "\\u00e4\\n".repeat(30_000);
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let members: Vec<String> = (0..6_000).map(|key| format!(r#""{key}":"v""#)).collect();
    vec![
        ("a page of customers with large unknown objects", 200, customers(100)),
        ("a page of many small customers", 200, list(3_000, |id| format!(r#"{{"id":{id}}}"#))),
        (
            "customers with large metadata",
            200,
            format!(r#"[{{"id":1,"metadata":{{{}}}}}]"#, members.join(",")),
        ),
        ("a customer whose name is escapes", 200, format!(r#"[{{"id":1,"name":"{escapes}"}}]"#)),
        ("deep JSON in unknown fields", 200, list(400, |id| format!(r#"{{"id":{id},"new":{deep}}}"#))),
        (
            "an error with a long list",
            422,
            format!(r#"{{"status":422,"code":"x","message":"y","errors":{errors}}}"#),
        ),
        (
            "an error with a long message",
            422,
            format!(r#"{{"status":422,"code":"x","message":"{escapes}"}}"#),
        ),
        ("a page of a proxy", 502, "<p>".repeat(60_000)),
    ]
}

fn call(deadline: Duration) -> Call {
    Call { deadline: Some(deadline), ..Call::default() }
}

/// Longer than anything here takes.
const FOREVER: Duration = Duration::from_secs(300);

fn next(client: &Client) -> Completion<'_> {
    client.next(FOREVER).unwrap().expect("every request completes")
}

// --- the limits ---

const MIB: usize = 1024 * 1024;
/// Slots, connections and their buffers, threads, queues: what a client with few workers takes beside answers.
const CLIENT: usize = 2 * MIB;

/// Completions that the host keeps, until no more are sent.
fn answers_that_are_kept(server: &Server, (name, status, body): &Shape) {
    const LIMIT: usize = 8 * MIB;
    const WORKERS: usize = 4;
    server.answer(*status, body.as_bytes());
    let before = held();
    let client = server.client(|builder| {
        builder.max_held_bytes(LIMIT as u64).max_workers(WORKERS as u32).max_outstanding(1_000)
    });
    // What is not sent for want of room ends by its deadline.
    let enough = 2 * LIMIT / body.len() + 2 * WORKERS;
    for _ in 0..enough {
        client.list_customers(&ListCustomers::default(), &call(Duration::from_secs(1))).unwrap();
    }
    let kept: Vec<_> = (0..enough).map(|_| next(&client)).collect();
    let answered = kept.iter().filter(|completion| completion.http_status() == *status).count();
    let (counted, in_memory) = (client.stats().held_bytes as usize, held() - before);
    println!("{name}: {answered} of {enough} answers, {counted} bytes counted, {in_memory} in memory");
    assert!(answered >= 2, "{name}: {answered} answers");
    assert!(counted <= LIMIT + LIMIT / 5, "{name}: {counted} bytes are held");
    assert!(in_memory <= LIMIT + LIMIT / 5 + CLIENT, "{name}: {in_memory} bytes in memory");
    // While it is read, a worker has the body, a copy of it and what was read so far.
    let reading = WORKERS * (3 * body.len() + counted / answered);
    let peak = peak_above(before);
    assert!(peak <= LIMIT + LIMIT / 5 + CLIENT + reading, "{name}: {peak} bytes at the peak");
}

/// An answer longer than is accepted, promised or not.
fn answers_that_are_too_large(server: &Server) {
    const LIMIT: usize = MIB;
    server.answer(200, vec![b' '; 64 * MIB]);
    let before = held();
    let client =
        server.client(|builder| builder.max_response_bytes(LIMIT as u64).max_workers(1).max_outstanding(10));
    for _ in 0..3 {
        client.list_customers(&ListCustomers::default(), &call(FOREVER)).unwrap();
        assert_eq!(next(&client).status(), Status::ResponseTooLarge);
    }
    let peak = peak_above(before);
    println!("answers that are too large: {peak} bytes at the peak");
    // Room that is outgrown, and twice as much, for a moment; and what fills up the last room.
    assert!(peak <= 3 * LIMIT + CLIENT, "{peak} bytes at the peak");
}

/// Answers that are remembered.
fn answers_that_are_remembered(server: &Server) {
    const LIMIT: usize = 4 * MIB;
    let members: Vec<String> = (0..100).map(|key| format!(r#""{key}":"v""#)).collect();
    server.answer(200, format!(r#"{{"id":1,"metadata":{{{}}}}}"#, members.join(",")));
    let before = held();
    let client = server.client(|builder| {
        builder
            .cache_ttl(Duration::from_secs(3_600))
            .cache_bytes(LIMIT as u64)
            .max_workers(2)
            .max_outstanding(100)
    });
    for number in 0..3_000 {
        client.lookup_customer(LookupKey::Name(&number.to_string()), &call(FOREVER)).unwrap();
        if number % 100 == 99 {
            (0..100).for_each(|_| assert_eq!(next(&client).status(), Status::Ok));
        }
    }
    let (stats, in_memory) = (client.stats(), held() - before);
    println!(
        "the cache: {} answers, {} bytes counted, {in_memory} in memory",
        stats.cache_entries, stats.cache_bytes
    );
    assert!(stats.cache_entries > 50, "{stats:?}");
    assert!(in_memory <= LIMIT + LIMIT / 5 + CLIENT, "{in_memory} bytes in memory");
}

/// Requests that wait, for a server that hangs.
fn requests_that_are_outstanding(server: &Server) {
    const REQUESTS: usize = 20_000;
    /// Its slot, and what the engine knows of it.
    const EACH: usize = 3 * 1024;
    server.hang();
    let before = held();
    let client = server.client(|builder| builder.max_outstanding(REQUESTS as u32).max_workers(2));
    PEAK.store(held(), Ordering::Relaxed);
    for number in 0..REQUESTS {
        let path = format!("/v1/anything/{number}");
        let request = RawRequest { method: "GET", path: &path, json: None, auth: RawAuth::None };
        client.request(&request, &call(Duration::from_secs(5))).unwrap();
    }
    let refused = client.lookup_customer(LookupKey::Name("one more"), &Call::default());
    assert_eq!(refused, Err(SubmitError::QueueFull));
    for _ in 0..REQUESTS {
        assert_eq!(next(&client).status(), Status::Timeout);
    }
    let peak = peak_above(before);
    println!("outstanding requests: {} bytes each at the peak", peak / REQUESTS);
    assert!(peak <= REQUESTS * EACH + CLIENT, "{peak} bytes at the peak");
}

/// Lines that the host does not fetch.
fn lines_that_are_not_fetched(server: &Server) {
    /// As many lines as wait, each of a thousand characters that are escaped.
    const LIMIT: usize = 256 * 12 * 1024;
    server.answer(500, format!(r#"{{"status":500,"code":"x","message":"{}"}}"#, "\\u0001".repeat(20_000)));
    let before = held();
    let client =
        server.client(|builder| builder.log_level(LogLevel::Debug).max_workers(2).max_outstanding(100));
    for _ in 0..10 {
        for _ in 0..100 {
            client.list_customers(&ListCustomers::default(), &call(FOREVER)).unwrap();
        }
        (0..100).for_each(|_| assert_eq!(next(&client).status(), Status::Server));
    }
    let in_memory = held() - before;
    println!(
        "lines that are not fetched: {} dropped, {in_memory} bytes in memory",
        client.stats().log_dropped
    );
    assert!(client.stats().log_dropped > 500);
    assert!(in_memory <= LIMIT + LIMIT / 5 + CLIENT, "{in_memory} bytes in memory");
}

#[test]
fn limits_hold_for_memory() {
    let server = Server::start();
    for shape in shapes() {
        answers_that_are_kept(&server, &shape);
    }
    answers_that_are_too_large(&server);
    answers_that_are_remembered(&server);
    requests_that_are_outstanding(&server);
    lines_that_are_not_fetched(&server);
}

//! A server that dies and returns again and again under load: nothing is lost and nothing is done twice.
//!
//! What dies is a door in front of the sandbox. Behind it the sandbox lives on and counts what was really done, which
//! a sandbox that dies with its memory could not.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use paynow_bridge::{
    Call, Client, CustomerFields, Field, ListCustomers, OperationId, Player, RequestId, Sent, Status,
};

use super::neighbour::{reset, spawn};
use super::row::{NOTCH, TAG};
use super::support::{FOREVER, Sandbox, wait};

/// Requests under way at any time.
const OUTSTANDING: usize = 120;
/// A life is long enough for so many pieces of requests to pass ...
const PIECES: u64 = 15;
/// ... and a death for so many calls to end.
const ENDINGS: u64 = 15;

/// Passes everything on to the sandbox while it is open. Slammed shut, it breaks every connection, and refuses new
/// ones.
struct Door {
    address: SocketAddr,
    beyond: SocketAddr,
    passed: Arc<AtomicU64>,
    open: Option<Open>,
}

struct Open {
    closing: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: JoinHandle<()>,
}

impl Door {
    fn before(sandbox: &Sandbox) -> Self {
        let beyond = sandbox.base.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Self { address, beyond, passed: Arc::new(AtomicU64::new(0)), open: None };
        door.serve(listener);
        door
    }

    fn open(&mut self) {
        let give_up = Instant::now() + FOREVER;
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                // The connections of its last life may still be on their way out.
                Err(error) => assert!(Instant::now() < give_up, "the port does not come back: {error}"),
            }
            std::thread::yield_now();
        };
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let closing = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let thread = spawn({
            let (closing, streams) = (Arc::clone(&closing), Arc::clone(&streams));
            let (passed, beyond) = (Arc::clone(&self.passed), self.beyond);
            move || accept(&listener, beyond, &closing, &streams, &passed)
        });
        self.open = Some(Open { closing, streams, thread });
    }

    fn slam(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.closing.store(true, Ordering::SeqCst);
        // The listener is woken by a last connection.
        let _ = TcpStream::connect(self.address);
        for stream in open.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        open.thread.join().unwrap();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.slam();
    }
}

fn accept(
    listener: &TcpListener,
    beyond: SocketAddr,
    closing: &AtomicBool,
    streams: &Mutex<Vec<TcpStream>>,
    passed: &AtomicU64,
) {
    std::thread::scope(|scope| {
        for client in listener.incoming() {
            // Looked at under the lock: what is added after the door was shut would stay open.
            let mut streams = streams.lock().unwrap();
            if closing.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(beyond)) else { continue };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            // Half of the deaths are abrupt.
            if streams.len().is_multiple_of(4) {
                reset(&client);
            }
            let (Ok(to_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else { continue };
            streams.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
            scope.spawn(move || pass(client, to_server, Some(passed)));
            scope.spawn(move || pass(server, to_client, None));
        }
    });
}

fn pass(mut from: TcpStream, mut to: TcpStream, passed: Option<&AtomicU64>) {
    let mut piece = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
        if let Some(passed) = passed {
            passed.fetch_add(1, Ordering::SeqCst);
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// How a create ended.
struct Created {
    status: Status,
    sent: Sent,
    id: Option<String>,
}

/// The load: every fourth call creates, every eighth ensures, the rest read.
#[derive(Default)]
struct Load {
    submitted: u64,
    creates: HashMap<RequestId, String>,
    ensures: HashMap<RequestId, String>,
    reads: HashSet<RequestId>,
    created: HashMap<String, Created>,
    ensured: HashMap<String, Option<String>>,
    endings: HashMap<Status, u64>,
}

impl Load {
    fn submit(&mut self, client: &Client) {
        let call = Call { deadline: Some(Duration::from_secs(20)), tag: TAG, ..Call::default() };
        let number = self.submitted;
        self.submitted += 1;
        let fresh = if number.is_multiple_of(4) {
            let name = format!("storm {number}");
            let fields = CustomerFields { name: Field::Value(&name), ..CustomerFields::default() };
            let id = client.create_customer(&fields, &call).unwrap();
            self.creates.insert(id, name).is_none()
        } else if number % 8 == 1 {
            let xuid = (2_535_411_000_000_000 + number).to_string();
            let player = Player { xbox_xuid: Some(&xuid), ..Player::default() };
            let id = client.ensure_customer(&player, &call).unwrap();
            self.ensures.insert(id, xuid).is_none()
        } else {
            self.reads.insert(client.get_customer(NOTCH, &call).unwrap())
        };
        assert!(fresh, "an id names one call");
    }

    fn outstanding(&self) -> usize {
        self.creates.len() + self.ensures.len() + self.reads.len()
    }

    /// Takes the next completion: each belongs to a call that has not completed before.
    fn collect(&mut self, client: &Client) {
        let completion = client.next(FOREVER).unwrap().expect("every call completes");
        let (id, status) = (completion.id(), completion.status());
        *self.endings.entry(status).or_default() += 1;
        let customer = completion.customer().map(|customer| customer.id.to_string());
        assert_eq!(customer.is_some(), status == Status::Ok, "{completion:?}");
        match completion.operation() {
            OperationId::CreateCustomer => {
                let name = self.creates.remove(&id).expect("completes once");
                let created = Created { status, sent: completion.sent(), id: customer };
                self.created.insert(name, created);
            }
            OperationId::EnsureCustomer => {
                let xuid = self.ensures.remove(&id).expect("completes once");
                self.ensured.insert(xuid, customer);
            }
            _ => assert!(self.reads.remove(&id), "completes once"),
        }
    }
}

/// Lets the server die and return `lives` times while calls go on.
fn weather(client: &Client, door: &mut Door, lives: u32) -> Load {
    let mut load = Load::default();
    let ended = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let reaches = |counter: &AtomicU64, more: u64| {
                let goal = counter.load(Ordering::SeqCst) + more;
                let give_up = Instant::now() + FOREVER;
                while counter.load(Ordering::SeqCst) < goal {
                    assert!(Instant::now() < give_up, "the load has stopped");
                    std::thread::yield_now();
                }
            };
            let end = Ended(&over);
            for _ in 0..lives {
                reaches(&door.passed, PIECES);
                door.slam();
                reaches(&ended, ENDINGS);
                door.open();
            }
            drop(end);
        });
        while !over.load(Ordering::SeqCst) {
            while load.outstanding() < OUTSTANDING {
                load.submit(client);
            }
            load.collect(client);
            ended.fetch_add(1, Ordering::SeqCst);
        }
        killer.join().unwrap();
    });
    while load.outstanding() > 0 {
        load.collect(client);
    }
    load
}

/// Says that the weather is over, even when its thread panics.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Compares what the host was told with what the sandbox holds.
fn reckon(load: &Load, sandbox: &Sandbox, before: u64) {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    let mut total = 0;
    let client = sandbox.client();
    let mut after: Option<String> = None;
    loop {
        let query = ListCustomers {
            limit: Some(100),
            after: after.as_deref(),
            ascending: Some(true),
            ..ListCustomers::default()
        };
        let page = wait(&client, client.list_customers(&query, &Call::default()));
        for customer in page.customers() {
            for key in [&customer.name, &customer.xbox_xuid].into_iter().flatten() {
                found.entry(key.to_string()).or_default().push(customer.id.to_string());
            }
        }
        total += page.customers().len() as u64;
        let Some(last) = page.customers().last() else { break };
        after = Some(last.id.to_string());
    }
    let none = Vec::new();
    for (name, created) in &load.created {
        let ids = found.get(name).unwrap_or(&none);
        match (&created.id, created.sent) {
            (Some(id), _) => assert_eq!(ids.as_slice(), std::slice::from_ref(id), "{name} was created, once"),
            (None, Sent::Never) => assert!(ids.is_empty(), "{name} never left, and exists"),
            (None, _) => assert!(ids.len() <= 1, "{name} was created twice: {:?}", created.status),
        }
    }
    for (xuid, id) in &load.ensured {
        let ids = found.get(xuid).unwrap_or(&none);
        match id {
            Some(id) => assert_eq!(ids.as_slice(), std::slice::from_ref(id), "{xuid} was ensured, once"),
            None => assert!(ids.len() <= 1, "{xuid} was created twice"),
        }
    }
    let ours = load.created.keys().chain(load.ensured.keys()).filter(|key| found.contains_key(*key)).count();
    let effective = sandbox.admin("GET", "stats", "")["creates_effective"].as_u64().unwrap();
    assert_eq!(effective, ours as u64, "every create that took effect is one that was asked for");
    assert_eq!(total, before + effective);
}

fn storm(name: &str, lives: u32, threshold: u32) {
    let sandbox = Sandbox::start();
    let before = sandbox.admin("GET", "stats", "")["customers"].as_u64().unwrap();
    let mut door = Door::before(&sandbox);
    let client = sandbox
        .builder()
        .api_base(format!("http://{}", door.address))
        .proxy("")
        .max_workers(24)
        .retry_base(Duration::from_millis(1))
        .circuit_threshold(threshold)
        .build()
        .unwrap();
    let load = weather(&client, &mut door, lives);
    assert!(client.next(Duration::ZERO).unwrap().is_none(), "a completion too many");
    let stats = client.stats();
    assert_eq!(stats.submitted, load.submitted);
    assert_eq!((stats.delivered, stats.outstanding), (load.submitted, 0));
    // The door is open: where no circuit has to close first, the next call succeeds at once.
    if threshold == 0 {
        let completion = wait(&client, client.get_customer(NOTCH, &Call::default()));
        assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
    }
    drop(client);
    door.slam();
    // What was under way when the last connection broke has been done or not by then.
    let give_up = Instant::now() + FOREVER;
    while sandbox.admin("GET", "stats", "")["connections_open"] != 0 {
        assert!(Instant::now() < give_up, "the sandbox never noticed that everybody left");
        std::thread::yield_now();
    }
    reckon(&load, &sandbox, before);
    let of = |status| load.endings.get(&status).copied().unwrap_or(0);
    assert!(of(Status::Ok) > 0 && of(Status::Ok) < load.submitted, "there was weather: {:?}", load.endings);
    println!("row {name} ok: {} calls, {:?}", load.submitted, load.endings);
}

pub const NAMES: [&str; 2] =
    ["a server that dies and returns 100 times", "a server that dies and returns while the circuit may open"];

/// Every failure is met with another attempt at the server.
pub fn a_hundred_deaths() {
    storm(NAMES[0], 100, 0);
}

/// As hosts run it: most calls fail at once while it is away.
pub fn deaths_with_a_circuit() {
    storm(NAMES[1], 5, 20);
}

//! Servers that speak what no HTTP server would: a script decides what goes over each raw connection.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a neighbour does with one connection; the connection is closed when it returns.
pub type Script = Arc<dyn Fn(&mut Peer) + Send + Sync>;

/// A server on a loopback port of its own; it ends with the value.
pub struct Neighbour {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    heard: Mutex<Vec<String>>,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

/// The client, as a script sees it.
pub struct Peer {
    stream: TcpStream,
    number: usize,
    shared: Arc<Shared>,
}

impl Neighbour {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let thread = spawn({
            let shared = Arc::clone(&shared);
            move || serve(&listener, &shared, &script)
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The requests its scripts have heard, each with its head and body.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The listener is woken by a last connection.
        let _ = TcpStream::connect(self.address);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts a thread of a test's own.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule is for the library's threads; these belong to the test"
)]
pub fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(work)
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>, script: &Script) {
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            if shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
            if let Ok(copy) = stream.try_clone() {
                shared.open.lock().unwrap().push(copy);
            }
            let _ = stream.set_nodelay(true);
            let mut peer = Peer { stream, number, shared: Arc::clone(shared) };
            scope.spawn(move || {
                script(&mut peer);
                // The copy kept for the end would otherwise hold the connection open.
                let _ = peer.stream.shutdown(Shutdown::Both);
            });
        }
    });
}

impl Peer {
    /// Which connection this is, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Reads one request. False when the client has gone instead.
    pub fn hear(&mut self) -> bool {
        let Some(request) = self.read_request() else { return false };
        self.note(&request);
        true
    }

    /// Reads one request without counting it.
    pub fn read_request(&mut self) -> Option<Vec<u8>> {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => request.push(byte[0]),
                _ => return None,
            }
        }
        let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
        self.stream.read_exact(&mut body).ok()?;
        request.extend(body);
        Some(request)
    }

    /// Counts something as a request that was heard.
    pub fn note(&self, request: &[u8]) {
        self.shared.heard.lock().unwrap().push(String::from_utf8_lossy(request).into_owned());
    }

    /// Sends bytes. False when the client has gone.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends an answer whose head is as it should be.
    pub fn answer(&mut self, status: &str, body: &str) -> bool {
        self.say(
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        )
    }

    /// Waits until the client closes the connection, whatever it says until then.
    pub fn wait_until_gone(&mut self) {
        let mut scrap = [0; 4096];
        while matches!(self.stream.read(&mut scrap), Ok(1..)) {}
    }

    /// Ends the connection with a reset instead of an orderly close.
    pub fn reset(&mut self) {
        reset(&self.stream);
    }

    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

/// Makes closing the connection a reset.
pub fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// An address without a listener. Its port stays taken until the program ends, so that it never gets one.
pub fn no_listener() -> SocketAddr {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address
}

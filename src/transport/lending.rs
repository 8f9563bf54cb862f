//! Lends the client's connections to the HTTP client, for one exchange each.
//!
//! The HTTP client keeps none: what it would keep comes back here, where every worker finds it.

use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::line::Line;
use super::opening::Opener;
use super::pool::{Idle, Pool, Taken};
use super::wire::Wire;

/// How long a request waits for a connection that is being opened already, before one is opened for it: about as long as
/// it takes until a packet that was lost is sent again.
const JOIN: Duration = Duration::from_secs(1);

/// The connections of a client.
pub(super) struct Connections {
    pub(super) pool: Pool<Wire>,
    pub(super) opener: Opener,
}

/// Gets connections for one worker's exchanges.
pub(super) struct Lender {
    pub(super) connections: Arc<Connections>,
    pub(super) line: Line,
}

impl fmt::Debug for Lender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lender").finish_non_exhaustive()
    }
}

impl Lender {
    fn wire(&self, details: &ConnectionDetails) -> Result<Wire, Error> {
        let Connections { pool, opener } = &*self.connections;
        let give_up = Instant::now() + JOIN;
        let may_wait = || !self.line.interrupter.is_interrupted() && Instant::now() < give_up;
        match pool.take(may_wait) {
            Taken::Idle(kept) => {
                let mut wire = kept.wire;
                if wire.lend(&self.line) {
                    return Ok(wire);
                }
                self.line.interrupter.detach();
                pool.put(wire);
                Err(Error::Io(io::ErrorKind::Interrupted.into()))
            }
            Taken::Open(place) => opener.open(&self.line, &details.addrs, place),
        }
    }
}

impl Connector for Lender {
    type Out = Lent;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Lent>, Error> {
        Ok(Some(Lent {
            wire: ManuallyDrop::new(self.wire(details)?),
            connections: Arc::clone(&self.connections),
            line: self.line.clone(),
            is_reusable: false,
        }))
    }
}

/// A connection while the HTTP client uses it.
pub(super) struct Lent {
    /// Moved away when this is dropped, and at no other time.
    wire: ManuallyDrop<Wire>,
    connections: Arc<Connections>,
    line: Line,
    /// The HTTP client is done with it and found it good.
    is_reusable: bool,
}

impl fmt::Debug for Lent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lent").finish_non_exhaustive()
    }
}

impl Transport for Lent {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.wire.buffers()
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        self.is_reusable = false;
        Ok(self.wire.transmit(amount)?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.is_reusable = false;
        Ok(self.wire.receive()?)
    }

    /// The HTTP client asks when it has read the whole answer, to keep the connection.
    fn is_open(&mut self) -> bool {
        self.is_reusable = !self.line.progress.is_retired() && self.wire.is_open();
        self.is_reusable
    }

    fn is_tls(&self) -> bool {
        self.wire.is_tls()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Before another worker can take it: from here on nothing that is meant for this one can reach it.
        self.line.interrupter.detach();
        // SAFETY: it is taken here alone, and nothing uses it after the drop.
        let wire = unsafe { ManuallyDrop::take(&mut self.wire) };
        if self.is_reusable {
            self.connections.pool.put(wire);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;
    use crate::operations::{Authorization, HttpRequest, Status};
    use crate::threads;
    use crate::transport::{ApiBase, HttpSettings, HttpTransport, Interrupter, Transport};

    fn transport(scheme: &str, port: u16) -> HttpTransport {
        HttpTransport::new(HttpSettings {
            base: ApiBase::parse(&format!("{scheme}://127.0.0.1:{port}")).unwrap(),
            api_key: None,
            user_agent: "test".to_owned(),
            connect_timeout: Duration::from_secs(60),
            max_response_bytes: 1024,
            proxy: None,
            extra_roots: Vec::new(),
        })
    }

    fn request(target: &str) -> HttpRequest {
        HttpRequest {
            method: "GET",
            target: target.to_owned(),
            authorization: Authorization::None,
            headers: Vec::new(),
            body: None,
        }
    }

    /// A server that answers every request on as many connections as come, and hangs on those for `/hang`.
    fn serve_on(listener: std::net::TcpListener) {
        use std::io::{BufRead, BufReader, Write};
        threads::spawn("test", move || {
            for stream in listener.incoming().flatten() {
                threads::spawn("test", move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let mut hangs = false;
                    while let Some(Ok(line)) = lines.next() {
                        hangs |= line.starts_with("GET /hang");
                        if line.is_empty() && !hangs {
                            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
                        }
                    }
                })
                .unwrap();
            }
        })
        .unwrap();
    }

    fn served() -> HttpTransport {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        serve_on(listener);
        transport("http", port)
    }

    #[test]
    fn connections_outlive_their_workers() {
        const WORKERS: usize = 16;
        let transport = served();
        let burst = |workers: usize| {
            let together = std::sync::Barrier::new(workers);
            std::thread::scope(|scope| {
                for _ in 0..workers {
                    scope.spawn(|| {
                        let mut worker = transport.open();
                        worker.interrupter().begin(1);
                        together.wait();
                        assert!(worker.exchange(&request("/"), false).result.is_ok());
                    });
                }
            });
            transport.connections()
        };
        let first = burst(WORKERS);
        assert!((1..=WORKERS as u32).contains(&first.opened), "{first:?}");
        assert_eq!((first.idle, first.open), (first.opened, first.opened), "all workers are gone");
        for workers in 1..=first.opened as usize {
            assert_eq!(burst(workers), first, "none is opened for {workers} requests");
        }
        transport.look_after_idle(0);
        assert_eq!(transport.connections(), first, "neither old nor closed");
        transport.close();
        assert_eq!(transport.connections().open, 0);
    }

    #[test]
    fn an_interruption_never_hits_a_connection_another_took_over() {
        const WORKERS: u64 = 4;
        const EXCHANGES: u64 = 200;
        let transport = served();
        let lines: Vec<_> = (0..WORKERS).map(|_| Mutex::new(Arc::<Interrupter>::default())).collect();
        let over = AtomicBool::new(false);
        let cut = AtomicU32::new(0);
        std::thread::scope(|scope| {
            let workers: Vec<_> = lines
                .iter()
                .map(|line| {
                    scope.spawn(|| {
                        let mut worker = transport.open();
                        let interrupter = worker.interrupter();
                        *line.lock().unwrap() = Arc::clone(&interrupter);
                        for call in 1..=EXCHANGES {
                            interrupter.begin(call);
                            // Every eighth would hang without end.
                            let target = if call % 8 == 0 { "/hang" } else { "/" };
                            let exchange = worker.exchange(&request(target), false);
                            let interrupted = interrupter.is_interrupted();
                            interrupter.end();
                            if let Err(error) = exchange.result {
                                assert!(
                                    interrupted,
                                    "cut by an interruption that was not meant for it: {error:?}"
                                );
                                cut.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    })
                })
                .collect();
            // The timer: it ends what hangs, and often comes too late for what does not.
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for line in &lines {
                        let interrupter = Arc::clone(&line.lock().unwrap());
                        (8..=EXCHANGES).step_by(8).for_each(|call| interrupter.interrupt(call));
                    }
                    std::thread::yield_now();
                }
            });
            for worker in workers {
                worker.join().unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(u64::from(cut.load(Ordering::Relaxed)), WORKERS * EXCHANGES / 8);
    }

    #[test]
    fn opening_ahead_that_hangs_is_ended_from_outside() {
        // Never accepted: the system connects, and no byte of TLS comes.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let transport = transport("https", listener.local_addr().unwrap().port());
        let mut worker = transport.open();
        let interrupter = worker.interrupter();
        interrupter.begin(7);
        std::thread::scope(|scope| {
            let opening = scope.spawn(move || worker.warm(1));
            while transport.connections().opened == 0 {
                std::thread::yield_now();
            }
            assert_eq!(transport.connections().open, 1, "it counts while it is being opened");
            while !opening.is_finished() {
                interrupter.interrupt(7);
                std::thread::yield_now();
            }
            assert_eq!(opening.join().unwrap().unwrap_err().status, Status::Tls);
        });
        let counts = transport.connections();
        assert_eq!((counts.open, counts.idle, counts.handshakes), (0, 0, 0));
    }

    #[test]
    fn what_was_opened_ahead_is_used_and_no_more_are_opened_than_wanted() {
        let transport = served();
        let mut worker = transport.open();
        worker.interrupter().begin(1);
        assert!(worker.warm(1).unwrap());
        assert!(!worker.warm(1).unwrap(), "one is enough");
        assert!(transport.open().exchange(&request("/"), false).result.is_ok());
        assert!(worker.warm(2).unwrap());
        let counts = transport.connections();
        assert_eq!((counts.opened, counts.idle, counts.open, counts.handshakes), (2, 2, 2, 0));
    }
}

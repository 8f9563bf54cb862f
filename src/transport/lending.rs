//! Lends the client's connections to the HTTP client, for one exchange each.
//!
//! The HTTP client keeps none: what it would keep comes back here, where every worker finds it.

use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::line::Line;
use super::opening::Opener;
use super::pool::{Pool, Taken};
use super::wire::Wire;

/// How long a request waits for a connection that is being opened already, before one is opened for it: about as long as
/// it takes until a packet that was lost is sent again.
const JOIN: Duration = Duration::from_secs(1);

/// The connections of a client.
pub(super) struct Connections {
    pub(super) pool: Pool<Wire>,
    pub(super) opener: Opener,
}

/// Where a connection that can be used again waits until its exchange is over: the HTTP client may be done with it before
/// anyone has seen what the answer says.
#[derive(Clone, Default)]
pub(super) struct Returned(Arc<Mutex<Option<Wire>>>);

impl Returned {
    /// What was returned, if it was.
    pub(super) fn take(&self) -> Option<Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, wire: Wire) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire);
    }
}

/// Gets connections for one worker's exchanges.
pub(super) struct Lender {
    pub(super) connections: Arc<Connections>,
    pub(super) line: Line,
    pub(super) returned: Returned,
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
            returned: self.returned.clone(),
            line: self.line.clone(),
            is_reusable: false,
        }))
    }
}

/// A connection while the HTTP client uses it.
pub(super) struct Lent {
    /// Moved away when this is dropped, and at no other time.
    wire: ManuallyDrop<Wire>,
    returned: Returned,
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
        // The socket is looked at by the next that takes it, and once a second while it idles.
        self.is_reusable = self.wire.is_clean();
        self.is_reusable
    }

    fn is_tls(&self) -> bool {
        self.wire.is_tls()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Before another worker can take it: from now on nothing that is meant for this one can reach it.
        self.line.interrupter.detach();
        // SAFETY: it is taken here alone, and nothing uses it after the drop.
        let wire = unsafe { ManuallyDrop::take(&mut self.wire) };
        if self.is_reusable {
            self.returned.put(wire);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Barrier;

    use super::*;
    use crate::operations::{Authorization, HttpRequest, Status};
    use crate::threads;
    use crate::transport::{ApiBase, HttpSettings, HttpTransport, Transport};

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

    /// A server on as many connections as come: `/hang` it never answers, `/gate` when another comes to the gate.
    fn served() -> (HttpTransport, Arc<Barrier>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let gate = Arc::new(Barrier::new(2));
        let of_server = Arc::clone(&gate);
        threads::spawn("test", move || {
            for stream in listener.incoming().flatten() {
                let gate = Arc::clone(&of_server);
                threads::spawn("test", move || serve(&stream, &gate)).unwrap();
            }
        })
        .unwrap();
        (transport("http", port), gate)
    }

    fn serve(stream: &TcpStream, gate: &Barrier) {
        let mut lines = BufReader::new(stream).lines();
        while let Some(Ok(first)) = lines.next() {
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            if first.starts_with("GET /hang") {
                continue;
            }
            if first.starts_with("GET /gate") {
                gate.wait();
            }
            let _ = (&*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        }
    }

    #[test]
    fn connections_outlive_their_workers() {
        const WORKERS: usize = 16;
        let (transport, _gate) = served();
        let burst = |workers: usize| {
            let together = Barrier::new(workers);
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
        let (transport, gate) = served();
        let (mut one, mut other) = (transport.open(), transport.open());
        let (of_one, of_other) = (one.interrupter(), other.interrupter());
        of_one.begin(1);
        assert!(one.warm(2).unwrap() && one.warm(2).unwrap());
        assert!(one.exchange(&request("/"), false).result.is_ok());
        of_one.end();
        let wait_for_idle = |idle| {
            while transport.connections().idle != idle {
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            of_other.begin(2);
            let at_gate = scope.spawn(|| other.exchange(&request("/gate"), false).result.is_ok());
            // It has the connection that was used before.
            wait_for_idle(1);
            of_one.begin(3);
            let hung = scope.spawn(|| one.exchange(&request("/hang"), false).result.is_err());
            wait_for_idle(0);
            while !hung.is_finished() {
                of_one.interrupt(3);
                std::thread::yield_now();
            }
            assert!(hung.join().unwrap());
            gate.wait();
            assert!(at_gate.join().unwrap(), "cut by an interruption that was meant for another");
        });
        assert_eq!(transport.connections().opened, 2);
    }

    #[test]
    fn opening_ahead_that_hangs_is_ended_from_outside() {
        // Never accepted: the system connects, and no byte of TLS comes.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
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
        let (transport, _gate) = served();
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

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

//! What the Java face keeps for a client: whom its completions belong to, and the batch that is under way.

use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use super::encode::Batch;
use super::env::{BUSY, Failure};
use crate::client::Client;
use crate::runtime::{Attachment, Key};

/// Most completions in one batch.
const BATCH: usize = 64;
/// A batch is full when it is this long, so that a few large answers do not become one huge array.
const FULL: usize = 256 * 1024;

/// What the runtime keeps with a request: the number Java's future is found by.
pub(super) fn attachment(ticket: u32) -> Attachment {
    let [_, second, third] = Attachment::NONE.0;
    Attachment([std::ptr::without_provenance(ticket as usize), second, third])
}

fn ticket(Attachment([ticket, ..]): Attachment) -> u32 {
    ticket.addr() as u32
}

/// A client as Java knows it.
pub(super) struct Host {
    pub(super) client: Client,
    batch: Mutex<Batch>,
}

impl Host {
    pub(super) fn new(client: Client) -> Self {
        Self { client, batch: Mutex::new(Batch::default()) }
    }

    /// Waits for something to have finished, encodes it and frees it, and hands the encoding to `take`, which says
    /// whether it had room for it. What found no room waits for the next call, and nothing is added to it.
    pub(super) fn next(&self, timeout: Duration, take: impl FnOnce(&[u8]) -> bool) -> Result<(), Failure> {
        let mut batch = match self.batch.try_lock() {
            Ok(batch) => batch,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Failure::Number(BUSY)),
        };
        if batch.bytes().is_empty() {
            self.fill(&mut batch, timeout)?;
        }
        if take(batch.bytes()) {
            batch.clear();
        }
        Ok(())
    }

    fn fill(&self, batch: &mut Batch, timeout: Duration) -> Result<(), Failure> {
        let mut patience = timeout;
        for _ in 0..BATCH {
            let taken = self.client.next_keys(patience, 1, || {}, |key| self.encode(batch, key))?;
            if taken == 0 || batch.bytes().len() >= FULL {
                break;
            }
            patience = Duration::ZERO;
        }
        self.client.deliver_log(|line| batch.log_line(line));
        Ok(())
    }

    pub(super) fn encode(&self, batch: &mut Batch, key: Key) {
        if let Ok(reading) = self.client.read(key) {
            let ticket = ticket(reading.header().attachment);
            batch.completion(ticket, reading.header().operation.id, reading.outcome());
        }
        // Only this thread has the key, so no other thread reads it now.
        let _ = self.client.release(key);
    }
}

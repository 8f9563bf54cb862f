//! What the Java face keeps for a client: whom its completions belong to, and the batch that is under way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use super::encode::Batch;
use super::env::{BUSY, Failure};
use crate::client::Client;
use crate::runtime::Key;

/// Most completions in one batch.
const BATCH: usize = 64;
/// A batch is full when it is this long, so that a few large answers do not become one huge array.
const FULL: usize = 256 * 1024;

/// A client as Java knows it.
pub(super) struct Host {
    pub(super) client: Client,
    /// By slot: the ticket of the request in it.
    tickets: Box<[AtomicU32]>,
    batch: Mutex<Batch>,
}

impl Host {
    pub(super) fn new(client: Client) -> Self {
        // SAFETY: an AtomicU32 of zeros is valid. The memory comes zeroed from the system, so tickets of slots that are
        // never used take no physical memory.
        let tickets = unsafe { Box::new_zeroed_slice(client.capacity()).assume_init() };
        Self { client, tickets, batch: Mutex::new(Batch::default()) }
    }

    /// Remembers whose request this is. Only while it is being submitted: publishing it makes the ticket visible.
    pub(super) fn set_ticket(&self, key: Key, ticket: u32) {
        self.tickets[key.slot()].store(ticket, Ordering::Relaxed);
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
        let ticket = self.tickets[key.slot()].load(Ordering::Relaxed);
        if let Ok(reading) = self.client.read(key) {
            batch.completion(ticket, reading.header().operation.id, reading.outcome());
        }
        // Only this thread has the key, so nobody reads it now.
        let _ = self.client.release(key, || {});
    }
}

//! What the Java face keeps for a client: whom its completions belong to, and the batch that is under way.

use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use super::encode::{Batch, Ended};
use super::env::{BUSY, Failure};
use super::follow::{self, Follow, Following};
use crate::client::{Client, Pieces};
use crate::room::NoMemory;
use crate::runtime::Key;

/// Most completions in one batch.
const BATCH: usize = 64;
/// A batch is full when it is this long, so that a few large answers do not become one huge array.
const FULL: usize = 256 * 1024;

/// A client as Java knows it. What a submission needs comes first, and lies in one cache line.
#[repr(C, align(64))]
pub(super) struct Host {
    pub(super) client: Client,
    batch: Mutex<Batch>,
}

impl Host {
    pub(super) fn new(client: Client) -> Result<Self, NoMemory> {
        Ok(Self { client, batch: Mutex::new(Batch::new()?) })
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
            // What there is no room for stays where it is. The first always has some.
            if batch.make_room().is_err() {
                break;
            }
            let taken = self.client.next_keys(
                patience,
                1,
                || {},
                |key| {
                    // What does not fit says so.
                    let _ = self.encode(batch, key);
                },
            )?;
            if taken == 0 || batch.bytes().len() >= FULL {
                break;
            }
            patience = Duration::ZERO;
        }
        self.client.deliver_log(|line| batch.log_line(line));
        Ok(())
    }

    /// Adds a completion to a batch that has room for it, and frees it. A piece whose bulk goes on is not freed before
    /// [`Host::take_rest`].
    pub(super) fn encode(&self, batch: &mut Batch, key: Key) -> Result<(), NoMemory> {
        let (mut fits, mut is_kept) = (Ok(()), false);
        if let Ok(reading) = self.client.read(key) {
            let header = reading.header();
            // SAFETY: the words were attached by this face, and a completion is not released while it is read.
            let following = unsafe { follow::following(&header.attachment) };
            is_kept = matches!(&following, Following::Piece(piece) if piece.goes_on_after(reading.outcome().status));
            let operation = header.operation.id;
            let ended =
                Ended { ticket: follow::ticket(&header.attachment), operation, outcome: reading.outcome() };
            fits = batch.completion(&ended, following);
        }
        if !is_kept {
            self.free(key);
        }
        fits
    }

    /// What is left of a bulk whose last piece has crossed; `None` when it is not one. Frees the piece.
    pub(super) fn take_rest(&self, piece: Key) -> Option<Pieces> {
        if !self.client.read(piece).is_ok_and(|reading| follow::is_piece(&reading.header().attachment)) {
            return None;
        }
        match self.free(piece)? {
            Follow::Piece(piece) => Some(piece.rest()),
            Follow::Alone | Follow::Page(_) => None,
        }
    }

    /// Frees a completion, and gives back what was kept with it.
    pub(super) fn free(&self, key: Key) -> Option<Follow> {
        let attachment = self.client.release(key).ok()?;
        // SAFETY: the words were attached by this face; a completion is released once, and its words are given to that
        // caller alone.
        Some(unsafe { follow::detach(attachment) })
    }
}

impl Drop for Host {
    /// Frees what is kept with requests whose completions did not cross.
    fn drop(&mut self) {
        // A fork's copy has no threads to end, and what the others were doing may be half done.
        if self.client.is_forked() {
            return;
        }
        self.client.stop();
        while self.client.collect().is_some() {}
        for key in self.client.unfreed() {
            self.free(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::follow::Attached;
    use super::*;
    use crate::client::Call;
    use crate::operations::{self, Parameter};
    use crate::room::counting::refusing;

    const REQUESTS: u32 = 40;

    /// The tickets in a batch of completions, in order.
    fn tickets(batch: &[u8]) -> Vec<u32> {
        let (mut rest, mut found) = (batch, Vec::new());
        while let Some((length, body)) = rest.split_first_chunk() {
            let (record, behind) = body.split_at(u32::from_le_bytes(*length) as usize);
            found.push(u32::from_le_bytes(*record[1..].first_chunk().unwrap()));
            rest = behind;
        }
        found
    }

    /// Refuses one allocation in each call, the first, the second and so on: every completion crosses, and once.
    #[test]
    fn without_memory_nothing_is_lost_or_doubled() {
        let builder = Client::builder("411486491630370816").api_key("k").api_base("http://127.0.0.1:9");
        let host = Host::new(builder.build().unwrap()).unwrap();
        for ticket in 0..REQUESTS {
            let attached = Attached::new(ticket, Follow::Alone);
            let name = |arguments: &mut operations::Arguments| arguments.text(Parameter::Name, "x");
            let call = Call { tag: 1, ..Call::default() };
            host.client
                .submit_attached(&operations::LOOKUP_CUSTOMER, || (call, attached.words()), name)
                .unwrap();
            attached.accepted();
        }
        assert_eq!(host.client.cancel_all(1), REQUESTS);
        let (mut crossed, mut refusals) = (Vec::new(), 0);
        for granted in 0.. {
            let mut batch = Vec::with_capacity(64 * 1024);
            let (taken, was_refused) = refusing(granted, 1, || {
                host.next(Duration::ZERO, |bytes| {
                    batch.extend_from_slice(bytes);
                    true
                })
            });
            taken.unwrap();
            refusals += u32::from(was_refused);
            if batch.is_empty() {
                break;
            }
            crossed.extend(tickets(&batch));
        }
        assert!(refusals > 1, "{refusals}");
        crossed.sort_unstable();
        assert_eq!(crossed, (0..REQUESTS).collect::<Vec<_>>());
        assert_eq!(host.client.stats().outstanding, 0);
    }
}

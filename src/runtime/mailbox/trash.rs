//! Memory that waits to be freed by a thread of ours.
//!
//! Freeing a parsed answer takes longer than everything else a tick thread does with it, so the tick
//! thread only puts it here: one compare-and-swap, no allocation.

use super::outcome::Reply;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// A stack that is only ever emptied whole, which makes it immune to the ABA problem.
#[derive(Default)]
pub(in crate::runtime) struct Trash {
    head: AtomicPtr<Reply>,
    /// Bytes of replies that exist: made and not yet freed.
    held: AtomicUsize,
}

impl Trash {
    /// Notes that a reply exists.
    pub(in crate::runtime) fn hold(&self, reply: &Reply) {
        self.held.fetch_add(reply.bytes(), Ordering::Relaxed);
    }

    /// Notes that a reply of so many bytes was dropped without having been kept.
    pub(in crate::runtime) fn forget(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(in crate::runtime) fn held_bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(in crate::runtime) fn put(&self, reply: Box<Reply>) {
        let reply = Box::into_raw(reply);
        let _ = self.head.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |head| {
            // SAFETY: the reply was a Box a line ago and is not reachable by anyone else before the
            // exchange succeeds.
            unsafe { *(*reply).next.writing() = head };
            Some(reply)
        });
    }

    /// Frees everything. Not on a host's thread.
    pub(in crate::runtime) fn empty(&self) {
        let mut head = self.head.swap(std::ptr::null_mut(), Ordering::AcqRel);
        while !head.is_null() {
            // SAFETY: each pointer came from Box::into_raw in `put`; the swap made this thread the only owner.
            let reply = unsafe { Box::from_raw(head) };
            // SAFETY: as above.
            head = unsafe { *reply.next.reading() };
            self.held.fetch_sub(reply.bytes(), Ordering::Relaxed);
        }
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        self.empty();
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Content;
    use super::*;
    use crate::model::Text;
    use crate::operations::Answer;
    use std::sync::Arc;

    #[test]
    fn counts_what_is_held_and_frees_all() {
        let trash = Trash::default();
        for _ in 0..3 {
            let reply = Reply::new(Arc::new(Content {
                answer: Answer::Nothing,
                error: None,
                message: None,
                body: zeroize::Zeroizing::new(Text::from("12345")),
                http_status: 200,
            }));
            trash.hold(&reply);
            trash.put(reply);
        }
        assert!(trash.held_bytes() >= 15);
        trash.empty();
        assert_eq!(trash.held_bytes(), 0);
        trash.empty();
    }
}

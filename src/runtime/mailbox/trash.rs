//! Answers that wait to be freed by one of our threads.
//!
//! Freeing a parsed answer takes longer than everything else a tick thread does with it, so the tick thread only puts it
//! here: one compare-and-swap, no allocation.

use super::outcome::{Content, Reply};
use super::pile::Pile;
use crate::sync::{AtomicUsize, Ordering};

#[derive(Default)]
pub(super) struct Trash {
    replies: Pile<Reply>,
    /// Bytes of the answers that completions hold. One that several of them share is there once.
    held: AtomicUsize,
}

impl Trash {
    /// Notes that a completion, or one of our threads, is about to hold an answer.
    pub(super) fn hold(&self, content: &Content) {
        if content.hold() {
            self.held.fetch_add(content.bytes(), Ordering::Relaxed);
        }
    }

    /// Notes that it holds it no longer.
    pub(super) fn let_go(&self, content: &Content) {
        if content.let_go() {
            self.held.fetch_sub(content.bytes(), Ordering::Relaxed);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes a reply that was held.
    pub(super) fn put(&self, reply: Box<Reply>) {
        self.replies.put(reply);
    }

    /// Frees everything. Not on a host's thread.
    pub(super) fn empty(&self) {
        for reply in self.replies.take_all() {
            self.let_go(reply.content());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Outcome;
    use super::*;
    use crate::model::Text;
    use crate::operations::Decoded;

    #[test]
    fn an_answer_counts_once_however_many_hold_it() {
        let trash = Trash::default();
        let first = Outcome::answered(Decoded::ok(), 200, Text::from("12345"));
        let second = first.shared();
        let replies: Vec<_> = [first, second].into_iter().filter_map(|outcome| outcome.reply).collect();
        let bytes = replies[0].content().bytes();
        replies.iter().for_each(|reply| trash.hold(reply.content()));
        assert_eq!(trash.held_bytes(), bytes);
        for (reply, left) in replies.into_iter().zip([bytes, 0]) {
            trash.put(reply);
            trash.empty();
            assert_eq!(trash.held_bytes(), left);
        }
    }
}

//! Slots handed from any thread to one: a lock-free stack of slot numbers that is emptied whole.
//!
//! A thread that was stopped in the middle of adding a slot holds up that slot and nothing else: what others added
//! meanwhile is found, and looking never waits. (A ring that is written in order cannot promise that: its reader has to
//! wait for, or stop at, a place that was taken and is not filled yet.)

use crate::room::NoMemory;
use crate::sync::{AtomicU32, Ordering, zeros};

/// No further slot. Slots are counted from 1 in links, so that fresh zeroed memory is an empty chain.
const END: u32 = 0;

/// Where the links of a chain lie: one for each slot, which holds the one that was added before it.
pub(super) trait Links {
    fn link(&self, slot: usize) -> &AtomicU32;
}

impl Links for Box<[AtomicU32]> {
    fn link(&self, slot: usize) -> &AtomicU32 {
        &self[slot]
    }
}

/// A chain with links of its own.
pub(super) struct Chain {
    head: Head,
    links: Box<[AtomicU32]>,
}

impl Chain {
    pub(super) fn new(capacity: usize) -> Result<Self, NoMemory> {
        Ok(Self { head: Head::default(), links: zeros(capacity)? })
    }

    /// Adds a slot, which must not be in the chain.
    pub(super) fn push(&self, slot: usize) {
        self.head.push(&self.links, slot);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Takes everything and adds it to `taken`, the slot that was added first in front. Says how many came.
    pub(super) fn take_all(&self, taken: &mut Taken) -> usize {
        self.head.take_all(&self.links, taken)
    }

    /// The slot at the front of `taken`.
    pub(super) fn pop(&self, taken: &mut Taken) -> Option<usize> {
        taken.pop(&self.links)
    }
}

/// The shared end of a chain whose links lie elsewhere: everybody adds, one thread at a time takes.
#[derive(Default)]
pub(super) struct Head(AtomicU32);

impl Head {
    /// Adds a slot, which must not be in the chain.
    pub(super) fn push(&self, links: &impl Links, slot: usize) {
        let link = links.link(slot);
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |head| {
            link.store(head, Ordering::Relaxed);
            Some(slot as u32 + 1)
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Acquire) == END
    }

    /// Takes everything and adds it to `taken`, the slot that was added first in front. Says how many came.
    pub(super) fn take_all(&self, links: &impl Links, taken: &mut Taken) -> usize {
        // Looked at first: an idle client's poll must not take the cache line from those that add.
        if self.is_empty() {
            return 0;
        }
        // What is linked was linked before the exchange that made it visible.
        let newest = self.0.swap(END, Ordering::AcqRel);
        let mut count = 0;
        let mut first = END;
        let mut slot = newest;
        while slot != END {
            let link = links.link(slot as usize - 1);
            let before = link.load(Ordering::Relaxed);
            link.store(first, Ordering::Relaxed);
            first = slot;
            slot = before;
            count += 1;
        }
        if first != END {
            if taken.last == END {
                taken.first = first;
            } else {
                links.link(taken.last as usize - 1).store(first, Ordering::Relaxed);
            }
            taken.last = newest;
            taken.count += count;
        }
        count
    }
}

/// What was taken and not looked at yet, in the order in which it was added. It lives in the chain's links, so it costs
/// no memory and no allocation.
#[derive(Debug, Default)]
pub(super) struct Taken {
    first: u32,
    last: u32,
    count: usize,
}

impl Taken {
    /// The slot at the front.
    pub(super) fn pop(&mut self, links: &impl Links) -> Option<usize> {
        let slot = (self.first as usize).checked_sub(1)?;
        self.first = if self.first == self.last { END } else { links.link(slot).load(Ordering::Relaxed) };
        if self.first == END {
            self.last = END;
        }
        self.count -= 1;
        Some(slot)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_in_first_out_over_several_takes() {
        let chain = Chain::new(8).unwrap();
        let mut taken = Taken::default();
        assert_eq!(chain.take_all(&mut taken), 0);
        for slot in [3, 0, 7] {
            chain.push(slot);
        }
        assert_eq!(chain.take_all(&mut taken), 3);
        assert_eq!(chain.pop(&mut taken), Some(3));
        chain.push(5);
        chain.push(3);
        assert_eq!(chain.take_all(&mut taken), 2);
        assert_eq!(taken.len(), 4);
        let rest: Vec<usize> = std::iter::from_fn(|| chain.pop(&mut taken)).collect();
        assert_eq!(rest, [0, 7, 5, 3]);
        assert_eq!((taken.len(), chain.is_empty()), (0, true));
        chain.push(1);
        assert_eq!(chain.take_all(&mut taken), 1);
        assert_eq!(chain.pop(&mut taken), Some(1));
        assert_eq!(chain.pop(&mut taken), None);
    }

    #[test]
    fn many_threads_lose_and_double_nothing() {
        const EACH: usize = 2_000;
        let chain = Chain::new(4 * EACH).unwrap();
        let mut seen = vec![0; 4 * EACH];
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let chain = &chain;
                scope.spawn(move || (0..EACH).for_each(|number| chain.push(thread * EACH + number)));
            }
            let mut taken = Taken::default();
            let mut count = 0;
            while count < seen.len() {
                chain.take_all(&mut taken);
                while let Some(slot) = chain.pop(&mut taken) {
                    seen[slot] += 1;
                    count += 1;
                }
                std::thread::yield_now();
            }
        });
        assert!(seen.iter().all(|times| *times == 1));
    }
}

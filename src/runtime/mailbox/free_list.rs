//! Which slots are free: a lock-free stack of indices.
//!
//! Last in, first out, so that a server with little traffic uses the same few warm slots again and again,
//! and memory that was never needed is never touched.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Above every index.
const CLOSED: u32 = 1 << 31;

/// Indices from 0 to a capacity. Links live in the slots themselves, reached through `next`.
pub(super) struct FreeList {
    /// A counter that tells two visits of the same index apart (32 bits), and index + 1 of the top (32 bits).
    head: AtomicU64,
    /// Indices from here on were never given out; [`CLOSED`] when they never will be.
    fresh: AtomicU32,
    capacity: u32,
}

impl FreeList {
    pub(super) fn new(capacity: u32) -> Self {
        Self { head: AtomicU64::new(0), fresh: AtomicU32::new(0), capacity }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    pub(super) fn high_water(&self) -> u32 {
        self.fresh.load(Ordering::Acquire) & !CLOSED
    }

    /// Gives out no index any more that was not given out before, and says how many were.
    pub(super) fn close(&self) -> u32 {
        self.fresh.fetch_or(CLOSED, Ordering::AcqRel) & !CLOSED
    }

    pub(super) fn pop<'a>(&self, next: impl Fn(u32) -> &'a AtomicU32) -> Option<u32> {
        let popped = self.head.fetch_update(Ordering::AcqRel, Ordering::Acquire, |head| {
            let index = (head as u32).checked_sub(1)?;
            // A stale link is harmless: the counter has moved on then, and the exchange fails.
            let below = next(index).load(Ordering::Relaxed);
            Some(bump(head) | u64::from(below))
        });
        match popped {
            Ok(head) => Some(head as u32 - 1),
            Err(_) => self
                .fresh
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |fresh| {
                    (fresh < self.capacity).then_some(fresh + 1)
                })
                .ok(),
        }
    }

    pub(super) fn push<'a>(&self, index: u32, next: impl Fn(u32) -> &'a AtomicU32) {
        let link = next(index);
        let _ = self.head.fetch_update(Ordering::AcqRel, Ordering::Acquire, |head| {
            link.store(head as u32, Ordering::Relaxed);
            Some(bump(head) | u64::from(index + 1))
        });
    }
}

fn bump(head: u64) -> u64 {
    ((head >> 32).wrapping_add(1) & 0xffff_ffff) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(count: usize) -> Vec<AtomicU32> {
        (0..count).map(|_| AtomicU32::new(0)).collect()
    }

    #[test]
    fn the_last_freed_is_used_first() {
        let links = links(3);
        let next = |index: u32| &links[index as usize];
        let list = FreeList::new(3);
        assert_eq!([list.pop(next), list.pop(next)], [Some(0), Some(1)]);
        assert_eq!(list.high_water(), 2);
        list.push(0, next);
        list.push(1, next);
        assert_eq!([list.pop(next), list.pop(next), list.pop(next)], [Some(1), Some(0), Some(2)]);
        assert_eq!(list.pop(next), None);
    }

    #[test]
    fn a_closed_list_gives_out_only_what_comes_back() {
        let links = links(3);
        let next = |index: u32| &links[index as usize];
        let list = FreeList::new(3);
        assert_eq!(list.pop(next), Some(0));
        list.push(0, next);
        assert_eq!([list.close(), list.close(), list.high_water()], [1, 1, 1]);
        assert_eq!([list.pop(next), list.pop(next)], [Some(0), None]);
    }

    #[test]
    fn threads_never_share_an_index() {
        let links = links(4);
        let next = |index: u32| &links[index as usize];
        let list = FreeList::new(4);
        let owners: Vec<AtomicU32> = (0..4).map(|_| AtomicU32::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if let Some(index) = list.pop(next) {
                            assert_eq!(owners[index as usize].swap(1, Ordering::SeqCst), 0);
                            owners[index as usize].store(0, Ordering::SeqCst);
                            list.push(index, next);
                        }
                    }
                });
            }
        });
        assert_eq!(std::iter::from_fn(|| list.pop(next)).count(), 4);
    }
}

//! Which request is worked on next, and until when each may take.
//!
//! Only threads of ours come here, under one lock; a submitting thread never does.

use std::collections::VecDeque;

use super::Priority;
use super::slots::Key;

/// One request in every so many goes to the background queue while the other is not empty: a long
/// import is delayed by players, never stopped by them.
const BACKGROUND_SHARE: u32 = 8;

/// What a submitter leaves for the dispatcher.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// Microseconds since the runtime started.
    pub(super) deadline: u64,
    pub(super) priority: Priority,
}

/// Requests that wait for a worker, and the deadlines of all.
#[derive(Default)]
pub(super) struct Schedule {
    interactive: VecDeque<Key>,
    background: VecDeque<Key>,
    taken: u32,
    /// By slot. A request that ended early leaves its entry behind: deciding it again fails, and the next
    /// request of the slot overwrites it. So the table needs no bookkeeping and never grows past the slots.
    deadlines: Vec<Option<(Key, u64)>>,
}

impl Schedule {
    pub(super) fn add(&mut self, entry: Entry) {
        match entry.priority {
            Priority::Interactive => self.interactive.push_back(entry.key),
            Priority::Background => self.background.push_back(entry.key),
        }
        let index = entry.key.index();
        if self.deadlines.len() <= index {
            self.deadlines.resize(index + 1, None);
        }
        self.deadlines[index] = Some((entry.key, entry.deadline));
    }

    /// The next request to work on. It may have been decided since it was added.
    pub(super) fn next(&mut self) -> Option<Key> {
        self.taken = self.taken.wrapping_add(1);
        let (first, second) = if self.taken.is_multiple_of(BACKGROUND_SHARE) {
            (&mut self.background, &mut self.interactive)
        } else {
            (&mut self.interactive, &mut self.background)
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    pub(super) fn waiting(&self) -> usize {
        self.interactive.len() + self.background.len()
    }

    /// Takes the keys whose deadline is over.
    pub(super) fn expire(&mut self, now: u64, mut expired: impl FnMut(Key)) {
        for slot in &mut self.deadlines {
            if let Some((key, deadline)) = *slot
                && deadline <= now
            {
                *slot = None;
                expired(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, priority: Priority, deadline: u64) -> Entry {
        Entry {
            key: Key::from_bits(1 << 32 | index),
            deadline,
            priority,
        }
    }

    #[test]
    fn players_go_first_and_imports_are_not_starved() {
        let mut schedule = Schedule::default();
        for index in 0..100 {
            schedule.add(entry(index, Priority::Background, 1));
            schedule.add(entry(100 + index, Priority::Interactive, 1));
        }
        let first: Vec<usize> = (0..16).map(|_| schedule.next().unwrap().index()).collect();
        assert_eq!(first.iter().filter(|index| **index < 100).count(), 2);
        assert_eq!(first[0], 100);
        assert_eq!(schedule.waiting(), 184);
        assert_eq!(std::iter::from_fn(|| schedule.next()).count(), 184);
    }

    #[test]
    fn each_deadline_expires_once() {
        let mut schedule = Schedule::default();
        schedule.add(entry(3, Priority::Interactive, 10));
        schedule.add(entry(1, Priority::Interactive, 20));
        let mut expired = Vec::new();
        schedule.expire(9, |key| expired.push(key.index()));
        schedule.expire(10, |key| expired.push(key.index()));
        schedule.expire(30, |key| expired.push(key.index()));
        schedule.expire(30, |key| expired.push(key.index()));
        assert_eq!(expired, [3, 1]);
    }
}

//! The leases this server holds: which to renew, and which to give up at the next occasion.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::names::Name;
use crate::room;

/// Most that are renewed or given up at once. The others run out, and are taken again when they are needed.
const MOST: usize = 4_000;

/// One that was taken without an answer is not renewed, and has run out by then.
const DOUBTFUL: Duration = Duration::from_secs(5);

/// A lease, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) name: Name,
    pub(super) number: u64,
}

#[derive(Default)]
pub(super) struct Leases {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Until when each is renewed: nothing holds one longer than its work could last.
    held: HashMap<(u64, Name), Instant>,
    unwanted: Vec<Lease>,
    /// Those of which it is not known whether they were taken, because no answer came; and until when that matters.
    doubtful: HashMap<Name, (u64, Instant)>,
}

impl Leases {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn hold(&self, lease: Lease, until: Instant) {
        self.with(|inner| {
            let key = (lease.number, lease.name);
            // What there is no room for runs out by itself.
            if inner.held.contains_key(&key) || inner.held.len() < MOST && inner.held.try_reserve(1).is_ok() {
                inner.held.insert(key, until);
            }
        });
    }

    /// It ended, and Redis is told by other means.
    #[inline(never)]
    pub(super) fn ended(&self, lease: Lease) {
        self.with(|inner| inner.held.remove(&(lease.number, lease.name)));
    }

    /// It ended, and Redis is to be told.
    pub(super) fn give_up(&self, lease: Lease) {
        self.with(|inner| {
            inner.held.remove(&(lease.number, lease.name));
            if inner.unwanted.len() < MOST {
                let _ = room::push(&mut inner.unwanted, lease);
            }
        });
    }

    /// It may have been taken. The next work that asks the same goes on with it.
    pub(super) fn doubt(&self, lease: Lease, now: Instant) {
        self.with(|inner| {
            let doubtful = &mut inner.doubtful;
            if doubtful.len() < MOST && doubtful.try_reserve(1).is_ok() {
                doubtful.insert(lease.name, (lease.number, now + DOUBTFUL));
            }
        });
    }

    /// The number of the one that may have been taken under this name. Afterwards it is not in doubt any more.
    pub(super) fn doubted(&self, name: Name) -> Option<u64> {
        self.with(|inner| inner.doubtful.remove(&name)).map(|(number, _)| number)
    }

    /// Those to renew now.
    pub(super) fn held(&self, now: Instant) -> Vec<Lease> {
        self.with(|inner| {
            inner.held.retain(|_, until| now < *until);
            inner.doubtful.retain(|_, (_, until)| now < *until);
            let mut all = room::list(inner.held.len()).unwrap_or_default();
            let room = all.capacity();
            all.extend(inner.held.keys().take(room).map(|&(number, name)| Lease { name, number }));
            all
        })
    }

    /// Those to give up now, once.
    pub(super) fn unwanted(&self) -> Vec<Lease> {
        self.with(|inner| std::mem::take(&mut inner.unwanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_until_it_ends_or_its_work_cannot_last_longer() {
        let (leases, now) = (Leases::default(), Instant::now());
        let lease = |number| Lease { name: [b'a'; 24], number };
        let second = Duration::from_secs(1);
        leases.hold(lease(1), now + second);
        leases.hold(lease(2), now + second);
        leases.hold(lease(2), now + second * 3);
        leases.hold(lease(3), now + second * 3);
        leases.hold(lease(4), now + second * 3);
        leases.ended(lease(3));
        leases.give_up(lease(4));
        assert_eq!(leases.held(now).len(), 2);
        assert_eq!(leases.held(now + second), [lease(2)]);
        assert_eq!(leases.unwanted(), [lease(4)]);
        assert_eq!(leases.unwanted(), []);
        leases.doubt(lease(5), now);
        assert_eq!(leases.doubted(lease(5).name), Some(5));
        assert_eq!(leases.doubted(lease(5).name), None);
        leases.doubt(lease(6), now);
        leases.held(now + DOUBTFUL);
        assert_eq!(leases.doubted(lease(6).name), None);
        for number in 0..10_000 {
            leases.hold(lease(number), now + second * 9);
        }
        assert_eq!(leases.held(now).len(), MOST);
    }
}

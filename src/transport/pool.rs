//! The connections that are open and idle. They belong to the client, not to a worker: the worker that needs one takes one,
//! and none is opened while one is here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::room;
use crate::sync::{AtomicU32, Condvar, Mutex, Ordering, lock};

/// How often one who waits for a connection that is being opened looks whether it is still wanted.
const SLICE: Duration = Duration::from_millis(20);

/// What a pool holds.
pub(super) trait Idle {
    /// Whether it can still be used. Does not wait.
    fn is_open(&mut self) -> bool;
}

/// Idle connections, the one that was put back last on top: surplus connections really idle.
pub(super) struct Pool<W> {
    state: Mutex<State<W>>,
    changed: Condvar,
    /// How many there are, idle, in use, or being opened.
    open: Arc<AtomicU32>,
    /// How many are idle, for those who must not wait for the lock.
    idle: AtomicU32,
}

struct State<W> {
    idle: Vec<Kept<W>>,
    /// Connections that are being opened ahead of the request that will need them.
    coming: usize,
    /// Those who wait for one of them.
    waiting: usize,
    closed: bool,
}

/// An idle connection.
pub(super) struct Kept<W> {
    pub(super) wire: W,
    /// Since when it is idle.
    pub(super) since: Instant,
}

/// What one who needs a connection gets.
pub(super) enum Taken<W> {
    Idle(Kept<W>),
    /// None is idle: one may be opened.
    Open(Place),
}

/// Counts as one connection, as long as it exists.
pub(super) struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that is being opened ahead. Those who wait for it stop waiting when this is dropped.
pub(super) struct Coming<'a, W>(&'a Pool<W>);

impl<W> Drop for Coming<'_, W> {
    fn drop(&mut self) {
        lock(&self.0.state).coming -= 1;
        self.0.changed.notify_all();
    }
}

impl<W> Default for Pool<W> {
    fn default() -> Self {
        let state = State { idle: Vec::new(), coming: 0, waiting: 0, closed: false };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            open: Arc::new(AtomicU32::new(0)),
            idle: AtomicU32::new(0),
        }
    }
}

impl<W: Idle> Pool<W> {
    /// The connection that was idle for the shortest time, or the right to open one. When one is being opened ahead already
    /// and no other waits for it, it is waited for, as long as `may_wait` says so.
    pub(super) fn take(&self, may_wait: impl Fn() -> bool) -> Taken<W> {
        let mut state = lock(&self.state);
        loop {
            if let Some(mut kept) = state.idle.pop() {
                self.publish(&state);
                drop(state);
                if kept.wire.is_open() {
                    return Taken::Idle(kept);
                }
                drop(kept);
                state = lock(&self.state);
            } else if state.coming > state.waiting && may_wait() {
                state.waiting += 1;
                state = match self.changed.wait_timeout(state, SLICE) {
                    Ok((state, _)) => state,
                    Err(poisoned) => poisoned.into_inner().0,
                };
                state.waiting -= 1;
            } else {
                return Taken::Open(self.place());
            }
        }
    }

    /// A connection is idle again, or is new and idle.
    pub(super) fn put(&self, wire: W) {
        let mut state = lock(&self.state);
        if !state.closed {
            // Under the lock: what lies higher has been idle for a shorter time. Without memory it is closed.
            let _ = room::push(&mut state.idle, Kept { wire, since: Instant::now() });
            self.publish(&state);
            let is_awaited = state.waiting > 0;
            drop(state);
            if is_awaited {
                self.changed.notify_all();
            }
        }
    }

    /// The right to open a connection ahead, when fewer than `wanted` are open or being opened.
    pub(super) fn expect(&self, wanted: u32) -> Option<(Place, Coming<'_, W>)> {
        let mut state = lock(&self.state);
        if self.open() >= wanted || state.closed {
            return None;
        }
        state.coming += 1;
        Some((self.place(), Coming(self)))
    }

    /// Closes what the peer has closed, and what has been idle for longer than `age` beyond `keep` of them.
    pub(super) fn look_after(&self, now: Instant, age: Duration, keep: usize) {
        let mut state = lock(&self.state);
        let mut over = Vec::new();
        move_to(&mut over, state.idle.extract_if(.., |kept| !kept.wire.is_open()));
        let is_old = |kept: &&Kept<W>| now.saturating_duration_since(kept.since) > age;
        // The oldest lie lowest.
        let beyond = state.idle.len().saturating_sub(keep);
        let surplus = state.idle.iter().take(beyond).take_while(is_old).count();
        move_to(&mut over, state.idle.drain(..surplus));
        self.publish(&state);
        // Closing takes longer than looking: not under the lock.
        drop(state);
    }

    /// Closes what has been idle since before `then`.
    pub(super) fn distrust(&self, then: Instant) {
        let mut state = lock(&self.state);
        let old = state.idle.iter().take_while(|kept| kept.since <= then).count();
        let mut over = Vec::new();
        move_to(&mut over, state.idle.drain(..old));
        self.publish(&state);
        drop(state);
    }

    /// Closes all that is idle, and what is put back later.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let over = std::mem::take(&mut state.idle);
        self.publish(&state);
        drop(state);
        drop(over);
    }

    /// How many connections are open, idle or in use, or being opened.
    pub(super) fn open(&self) -> u32 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many are idle.
    pub(super) fn idle(&self) -> u32 {
        self.idle.load(Ordering::Relaxed)
    }

    /// Only with the lock: so two cannot both be the last that was wanted.
    fn place(&self) -> Place {
        self.open.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(&self.open))
    }

    fn publish(&self, state: &State<W>) {
        self.idle.store(u32::try_from(state.idle.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

/// Moves items to where they are dropped later; without memory for that they are dropped now.
fn move_to<T>(later: &mut Vec<T>, items: impl Iterator<Item = T>) {
    for item in items {
        let _ = room::push(later, item);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// A connection that knows its name, and whether the peer has closed it.
    struct Fake {
        name: u32,
        is_open: Arc<AtomicBool>,
        _place: Place,
    }

    impl Idle for Fake {
        fn is_open(&mut self) -> bool {
            self.is_open.load(Ordering::Relaxed)
        }
    }

    const NEVER: fn() -> bool = || false;

    impl Pool<Fake> {
        /// Opens a connection as a worker that found none.
        fn opened(&self, name: u32) -> Fake {
            match self.take(NEVER) {
                Taken::Open(place) => Fake { name, is_open: Arc::new(AtomicBool::new(true)), _place: place },
                Taken::Idle(kept) => panic!("{} was idle", kept.wire.name),
            }
        }

        fn taken(&self) -> Fake {
            match self.take(NEVER) {
                Taken::Idle(kept) => kept.wire,
                Taken::Open(_) => panic!("one is opened though {} are idle", self.idle()),
            }
        }

        fn counts(&self) -> (u32, u32) {
            (self.open(), self.idle())
        }
    }

    #[test]
    fn sixteen_that_idle_serve_sixteen_that_come() {
        let pool = Pool::default();
        let lent: Vec<_> = (0..16).map(|name| pool.opened(name)).collect();
        assert_eq!(pool.counts(), (16, 0));
        lent.into_iter().for_each(|wire| pool.put(wire));
        assert_eq!(pool.counts(), (16, 16));
        let lent: Vec<_> = (0..16).map(|_| pool.taken()).collect();
        let names: Vec<u32> = lent.iter().map(|wire| wire.name).collect();
        assert_eq!(names, (0..16).rev().collect::<Vec<_>>(), "the one put back last goes first");
        let one_more = pool.opened(16);
        assert_eq!(pool.counts(), (17, 0));
        drop((lent, one_more));
        assert_eq!(pool.counts(), (0, 0));
    }

    #[test]
    fn what_the_peer_has_closed_is_passed_over() {
        let pool = Pool::default();
        let lent: Vec<_> = (0..4).map(|name| pool.opened(name)).collect();
        let peers: Vec<_> = lent.iter().map(|wire| Arc::clone(&wire.is_open)).collect();
        lent.into_iter().for_each(|wire| pool.put(wire));
        peers[3].store(false, Ordering::Relaxed);
        peers[1].store(false, Ordering::Relaxed);
        let second = pool.taken();
        assert_eq!((second.name, pool.counts()), (2, (3, 2)), "the other that was closed lies below");
        pool.look_after(Instant::now(), Duration::MAX, 0);
        assert_eq!(pool.counts(), (2, 1));
        assert_eq!(pool.taken().name, 0);
    }

    #[test]
    fn the_oldest_go_first_and_some_stay() {
        let pool = Pool::default();
        let lent: Vec<_> = (0..4).map(|name| pool.opened(name)).collect();
        lent.into_iter().for_each(|wire| pool.put(wire));
        let age = Duration::from_secs(60);
        let later = Instant::now() + age * 2;
        pool.look_after(Instant::now(), age, 0);
        assert_eq!(pool.counts(), (4, 4), "none is old");
        pool.look_after(later, age, 5);
        assert_eq!(pool.counts(), (4, 4), "so many are kept");
        pool.look_after(later, age, 1);
        assert_eq!(pool.counts(), (1, 1));
        assert_eq!(pool.taken().name, 3, "the one used last stays");
        pool.look_after(later, age, 0);
    }

    #[test]
    fn distrust_closes_what_is_older_and_nothing_else() {
        let pool = Pool::default();
        let (old, new) = (pool.opened(0), pool.opened(1));
        pool.put(old);
        let then = Instant::now();
        while Instant::now() == then {}
        pool.put(new);
        pool.distrust(then);
        assert_eq!(pool.counts(), (1, 1));
        assert_eq!(pool.taken().name, 1);
    }

    #[test]
    fn a_closed_pool_keeps_nothing() {
        let pool = Pool::default();
        let (one, two) = (pool.opened(0), pool.opened(1));
        pool.put(one);
        pool.close();
        pool.put(two);
        assert_eq!(pool.counts(), (0, 0));
        assert!(pool.expect(1).is_none());
    }

    #[test]
    fn one_that_is_being_opened_for_anyone_is_waited_for_by_one() {
        let pool = Pool::<Fake>::default();
        let (place, coming) = pool.expect(1).unwrap();
        assert!(pool.expect(1).is_none(), "one is enough");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| match pool.take(|| true) {
                Taken::Idle(kept) => kept.wire.name,
                Taken::Open(_) => panic!("another is opened"),
            });
            while lock(&pool.state).waiting == 0 {
                std::thread::yield_now();
            }
            assert!(matches!(pool.take(|| true), Taken::Open(_)), "it is spoken for");
            pool.put(Fake { name: 7, is_open: Arc::new(AtomicBool::new(true)), _place: place });
            assert_eq!(waits.join().unwrap(), 7);
        });
        drop(coming);
        assert_eq!(pool.counts(), (0, 0));
    }

    #[test]
    fn one_that_fails_is_waited_for_no_longer() {
        let pool = Pool::<Fake>::default();
        let (place, coming) = pool.expect(1).unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| matches!(pool.take(|| true), Taken::Open(_)));
            while lock(&pool.state).waiting == 0 {
                std::thread::yield_now();
            }
            drop((place, coming));
            assert!(waits.join().unwrap());
        });
        let (_place, _coming) = pool.expect(1).unwrap();
        assert!(matches!(pool.take(NEVER), Taken::Open(_)), "nor by one that is not wanted any more");
    }
}

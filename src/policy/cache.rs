//! Remembering answers.
//!
//! Contract: an answer is fresh for `ttl` (an "there is none" for `negative_ttl`), and may stand in for a failure
//! until it is `stale` old. What a client writes itself is seen at once: an answer about a customer is forgotten
//! when the customer is changed, every "there is none" when one is created. No more than `max_bytes` are kept.
//! Tokens and gift cards are never kept: nobody offers them.
//!
//! Looking never waits: when the place is being written to at this very moment, nothing is found.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use quick_cache::{DefaultHashBuilder, Weighter};

/// How long answers are remembered, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CachePolicy {
    /// Zero: nothing is remembered.
    pub(crate) ttl: Duration,
    pub(crate) negative_ttl: Duration,
    /// How old an answer may be to stand in for a failure.
    pub(crate) stale: Duration,
    pub(crate) max_bytes: u64,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(300),
            negative_ttl: Duration::from_secs(30),
            stale: Duration::from_secs(3_600),
            max_bytes: 16 * 1024 * 1024,
        }
    }
}

/// An answer that is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept<V> {
    pub(crate) value: V,
    /// Whose it is; `None` for "there is none".
    pub(crate) customer_id: Option<Box<str>>,
    /// When it was asked for. What was written since is not in it.
    pub(crate) asked_at: Instant,
    pub(crate) bytes: u64,
}

/// How good a kept answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// Good enough in place of a failure.
    Stale,
}

#[derive(Clone)]
struct Weigh;

impl<V> Weighter<Box<str>, Kept<V>> for Weigh {
    fn weight(&self, key: &Box<str>, kept: &Kept<V>) -> u64 {
        // A key, a value and their places in the tables.
        kept.bytes + key.len() as u64 + 128
    }
}

type Shard<V> = quick_cache::unsync::Cache<Box<str>, Kept<V>, Weigh>;

const SHARDS: usize = 16;
/// How often looking tries a place that is being written to.
const TRIES: usize = 64;
/// What is remembered of own writes, before everything is forgotten instead.
const MOST_WRITES: usize = 10_000;

#[derive(Default)]
struct Writes {
    /// By customer: when it was changed.
    changed: HashMap<Box<str>, Instant>,
    /// When one was created.
    created: Option<Instant>,
    /// When anything may have been changed.
    anything: Option<Instant>,
}

/// The memory of one client.
pub(crate) struct Cache<V> {
    policy: CachePolicy,
    shards: [Mutex<Shard<V>>; SHARDS],
    writes: Mutex<Writes>,
    /// Counts own writes.
    epoch: AtomicU64,
}

impl<V: Clone> Cache<V> {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        let bytes = (policy.max_bytes / SHARDS as u64).max(1);
        let expected = usize::try_from(bytes / 1_024).unwrap_or(usize::MAX).clamp(1, 1_000_000);
        Self {
            policy,
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard::with(
                    expected,
                    bytes,
                    Weigh,
                    DefaultHashBuilder::default(),
                    quick_cache::unsync::DefaultLifecycle::default(),
                ))
            }),
            writes: Mutex::default(),
            epoch: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.policy.ttl.is_zero()
    }

    fn shard(&self, key: &str) -> &Mutex<Shard<V>> {
        // Questions differ at their end. Spreading them evenly is enough: within a shard a keyed hash guards.
        let tail = key
            .bytes()
            .rev()
            .take(8)
            .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        &self.shards[tail % SHARDS]
    }

    /// What is known under `key`, and when it was asked for. Never waits.
    pub(crate) fn look(&self, key: &str, now: Instant) -> Option<(V, Age, Instant)> {
        if !self.is_on() {
            return None;
        }
        let shard = try_lock(self.shard(key))?;
        let kept = shard.get(key)?;
        let age = now.saturating_duration_since(kept.asked_at);
        let fresh_for = if kept.customer_id.is_some() { self.policy.ttl } else { self.policy.negative_ttl };
        let goodness = if age < fresh_for {
            Age::Fresh
        } else if age < self.policy.stale {
            Age::Stale
        } else {
            return None;
        };
        if self.is_overtaken(kept)? {
            return None;
        }
        Some((kept.value.clone(), goodness, kept.asked_at))
    }

    /// Whether something was written since. `None` when that cannot be told now.
    fn is_overtaken(&self, kept: &Kept<V>) -> Option<bool> {
        let writes = try_lock(&self.writes)?;
        let since = |at: Option<Instant>| at.is_some_and(|at| at >= kept.asked_at);
        let own = match &kept.customer_id {
            Some(id) => since(writes.changed.get(id).copied()),
            None => since(writes.created),
        };
        Some(own || since(writes.anything))
    }

    /// Keeps an answer. May wait for somebody who looks, for less than a microsecond.
    pub(crate) fn keep(&self, key: &str, kept: Kept<V>) {
        if self.is_on() {
            lock(self.shard(key)).insert(key.into(), kept);
        }
    }

    /// A customer was changed, or may have been.
    pub(crate) fn changed(&self, customer_id: &str, now: Instant) {
        self.epoch.fetch_add(1, Ordering::Release);
        let mut writes = lock(&self.writes);
        if writes.changed.len() >= MOST_WRITES {
            writes.changed.clear();
            writes.anything = Some(now);
        }
        writes.changed.insert(customer_id.into(), now);
        // It may have got a key that was nobody's.
        writes.created = Some(now);
    }

    /// Customers were created, or may have been.
    pub(crate) fn created(&self, now: Instant) {
        self.epoch.fetch_add(1, Ordering::Release);
        lock(&self.writes).created = Some(now);
    }

    /// Anything may have been changed.
    pub(crate) fn anything(&self, now: Instant) {
        self.epoch.fetch_add(1, Ordering::Release);
        lock(&self.writes).anything = Some(now);
    }

    /// Grows with every own write: a question asked before one is not the question asked after it.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Answers kept now, and their bytes.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.shards
            .iter()
            .map(|shard| lock(shard))
            .fold((0, 0), |(entries, bytes), shard| (entries + shard.len() as u64, bytes + shard.weight()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn cache(max_bytes: u64) -> Cache<u32> {
        Cache::new(CachePolicy { max_bytes, ..CachePolicy::default() })
    }

    fn kept(value: u32, customer_id: Option<&str>, asked_at: Instant) -> Kept<u32> {
        Kept { value, customer_id: customer_id.map(Into::into), asked_at, bytes: 700 }
    }

    fn seen(cache: &Cache<u32>, key: &str, now: Instant) -> Option<(u32, Age)> {
        cache.look(key, now).map(|(value, age, _)| (value, age))
    }

    #[test]
    fn answers_age() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("b", kept(2, None, now));
        assert_eq!(seen(&cache, "a", now), Some((1, Age::Fresh)));
        assert_eq!(seen(&cache, "b", now + SECOND * 29), Some((2, Age::Fresh)));
        assert_eq!(seen(&cache, "b", now + SECOND * 31), Some((2, Age::Stale)));
        assert_eq!(seen(&cache, "a", now + SECOND * 299), Some((1, Age::Fresh)));
        assert_eq!(seen(&cache, "a", now + SECOND * 301), Some((1, Age::Stale)));
        assert_eq!(seen(&cache, "a", now + SECOND * 3_601), None);
        assert_eq!(seen(&cache, "c", now), None);
    }

    #[test]
    fn own_writes_are_seen_at_once() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("b", kept(2, Some("8"), now));
        cache.keep("c", kept(3, None, now));
        cache.changed("7", now + SECOND);
        let later = now + SECOND * 2;
        assert_eq!(seen(&cache, "a", later), None);
        assert_eq!(seen(&cache, "b", later), Some((2, Age::Fresh)));
        assert_eq!(seen(&cache, "c", later), None, "the change may have given somebody this key");
        cache.keep("a", kept(4, Some("7"), now));
        assert_eq!(seen(&cache, "a", later), None, "asked for before the change, answered after it");
        cache.keep("a", kept(5, Some("7"), later));
        assert_eq!(seen(&cache, "a", later), Some((5, Age::Fresh)));
        cache.anything(later + SECOND);
        assert_eq!(seen(&cache, "a", later + SECOND), None);
        assert_eq!(seen(&cache, "b", later + SECOND), None);
    }

    #[test]
    fn creating_ends_every_nobody_and_nothing_else() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("c", kept(3, None, now));
        cache.created(now + SECOND);
        assert_eq!(seen(&cache, "c", now + SECOND), None);
        assert!(seen(&cache, "a", now + SECOND).is_some());
    }

    #[test]
    fn size_is_bounded() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        for number in 0..20_000 {
            cache.keep(&number.to_string(), kept(number, Some("7"), now));
        }
        let (entries, bytes) = cache.size();
        assert!(bytes <= 1 << 20, "{bytes}");
        assert!(entries > 500, "{entries}");
    }

    #[test]
    fn many_own_writes_do_not_grow_without_end() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        cache.keep("a", kept(1, Some("x"), now));
        for number in 0..=MOST_WRITES {
            cache.changed(&number.to_string(), now + SECOND);
        }
        assert_eq!(seen(&cache, "a", now + SECOND), None);
        assert!(lock(&cache.writes).changed.len() <= MOST_WRITES);
    }

    #[test]
    fn looking_never_waits_for_a_writer() {
        let (cache, now) = (cache(1 << 20), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        let writer = lock(cache.shard("a"));
        std::thread::scope(|scope| {
            assert_eq!(scope.spawn(|| seen(&cache, "a", now)).join().unwrap(), None);
        });
        drop(writer);
        assert!(seen(&cache, "a", now).is_some());
    }

    #[test]
    fn it_can_be_switched_off() {
        let cache = Cache::new(CachePolicy { ttl: Duration::ZERO, ..CachePolicy::default() });
        let now = Instant::now();
        cache.keep("a", kept(1, Some("7"), now));
        assert_eq!(seen(&cache, "a", now), None);
        assert_eq!(cache.size(), (0, 0));
    }
}

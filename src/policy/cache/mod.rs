//! Remembering answers.
//!
//! Contract: an answer is fresh for `ttl` ("no such customer" for `negative_ttl`), and may stand in for a failure
//! until it is `stale` old. What a client writes itself is seen at once: an answer about a customer is overtaken when
//! the customer is changed, every "no such customer" when one is created. No more than `max_bytes` of memory are
//! used, see [`Kept::bytes`]. Tokens and gift cards are never kept: no caller offers them.
//!
//! Looking is for the host's tick thread. It takes no lock and never waits, whatever a writer is doing or was stopped
//! in the middle of; it makes no system call, wakes no thread, and neither allocates nor frees (see [`table`]).
//! Everything else is for our threads, which take turns.

#[cfg(all(test, loom))]
mod model;
mod table;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::table::{Table, Writer};
use crate::model::heap::{block, shared_block};
use crate::room::{self, NoMemory};

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
    /// Whose it is; `None` for "no such customer".
    pub(crate) customer_id: Option<Box<str>>,
    /// When it was asked for. What was written since is not in it.
    pub(crate) asked_at: Instant,
    /// Memory that the value keeps allocated. What the cache needs around it is added here.
    pub(crate) bytes: u64,
}

/// How good a kept answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// Good enough in place of a failure.
    Stale,
}

/// What looking found, how good it is, and when it was asked for.
pub(crate) type Found<T> = (T, Age, Instant);

/// What is remembered of own writes, before everything is forgotten instead.
const MOST_WRITES: usize = 10_000;
/// One place in the table for so many bytes, so that a place holds one or two answers.
const BYTES_A_PLACE: u64 = 2_048;
const MOST_PLACES: u64 = 1 << 20;
/// Answers in one place. Bounds what looking goes through.
const MOST_IN_A_PLACE: usize = 16;
/// An answer larger than this part of the whole is not worth what would have to go.
const LARGEST_PART: usize = 4;
/// When this part of the whole waits for readers that were stopped, nothing more is kept.
const LIMBO_PART: usize = 4;

/// A moment in nanoseconds, as an atomic can hold it. Never 0.
type Stamp = u64;

/// The stamp of the first moment a cache is told. Later and earlier ones fit on both sides.
const FIRST: Stamp = 1 << 63;
/// What comes before every stamp.
const NEVER: Stamp = 0;

struct Entry<V> {
    /// No other of this cache has it.
    number: u64,
    key: Box<str>,
    value: V,
    customer_id: Option<Arc<str>>,
    asked_at: Instant,
    asked: Stamp,
    place: usize,
    /// Bytes it takes, with everything that is kept for its sake.
    weight: usize,
    /// The customer was changed after this was asked for.
    is_overtaken: AtomicBool,
    /// It was looked at since the clock's hand last passed.
    is_used: AtomicBool,
    /// Where it stands on the clock. Only writers read it.
    on_clock: AtomicUsize,
}

/// An entry, and its key's hash in front of it: what is not looked for is passed over without touching it.
struct Slot<V> {
    hash: u64,
    entry: Arc<Entry<V>>,
}

/// The answers of one place. Never changed, only replaced.
type Bucket<V> = Box<[Slot<V>]>;

/// When own writes were made that concern more than one known customer.
#[derive(Default)]
struct Writes {
    /// When a customer was created.
    created: AtomicU64,
    /// When anything may have been changed.
    anything: AtomicU64,
}

impl Writes {
    /// Whether something was written since that leaves an answer doubtful, whatever customer it is about.
    fn overtake(&self, has_customer: bool, asked: Stamp) -> bool {
        let created = if has_customer { NEVER } else { self.created.load(Ordering::Acquire) };
        created.max(self.anything.load(Ordering::Acquire)) >= asked
    }
}

/// The memory of one client.
pub(crate) struct Cache<V> {
    policy: CachePolicy,
    /// Keyed at random: names come from players, and no choice of names may fill one place.
    hasher: RandomState,
    places: usize,
    table: Table<Bucket<V>>,
    writes: Writes,
    /// What writers need besides. Looking leaves it alone.
    books: Mutex<Books<V>>,
    /// Counts own writes.
    epoch: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
}

impl<V: Clone> Cache<V> {
    pub(crate) fn new(policy: CachePolicy) -> Result<Self, NoMemory> {
        let is_on = !policy.ttl.is_zero();
        let places = (policy.max_bytes / BYTES_A_PLACE).clamp(1, MOST_PLACES).next_power_of_two();
        let places = if is_on { places as usize } else { 0 };
        // Each thread that was stopped while it looked holds back one.
        let spare = if is_on { (places / 4).clamp(8, 256) } else { 0 };
        let max_bytes = usize::try_from(policy.max_bytes).unwrap_or(usize::MAX);
        let budget = max_bytes.saturating_sub(table::table_bytes::<Bucket<V>>(places, spare));
        let (table, writer) = table::table(places, spare)?;
        Ok(Self {
            policy,
            hasher: RandomState::new(),
            places,
            table,
            writes: Writes::default(),
            books: Mutex::new(Books::new(writer, budget)),
            epoch: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.policy.ttl.is_zero()
    }

    fn place_of(&self, hash: u64) -> usize {
        // The number of places is a power of two.
        (hash as usize) & (self.places - 1)
    }

    /// What is known under `key`, and when it was asked for. Never waits.
    pub(crate) fn look(&self, key: &str, now: Instant) -> Option<Found<V>> {
        self.find(key, now, |entry| entry.value.clone())
    }

    /// The same for a caller that has seen the answer with this number, which then is not given again; with its number
    /// otherwise. The first is 1.
    pub(crate) fn look_for_other(
        &self,
        key: &str,
        now: Instant,
        seen: u64,
    ) -> Option<Found<Option<(V, u64)>>> {
        self.find(key, now, |entry| (entry.number != seen).then(|| (entry.value.clone(), entry.number)))
    }

    fn find<R>(&self, key: &str, now: Instant, take: impl FnOnce(&Entry<V>) -> R) -> Option<Found<R>> {
        if !self.is_on() {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        self.table.read(self.place_of(hash), |bucket| {
            let slot = bucket.iter().find(|slot| slot.hash == hash && *slot.entry.key == *key)?;
            let age = self.offer(&slot.entry, now)?;
            Some((take(&slot.entry), age, slot.entry.asked_at))
        })?
    }

    /// How good an entry is, if it is any good.
    fn offer(&self, entry: &Entry<V>, now: Instant) -> Option<Age> {
        let age = now.saturating_duration_since(entry.asked_at);
        let goodness = self.goodness(entry.customer_id.is_some(), age)?;
        if entry.is_overtaken.load(Ordering::Acquire)
            || self.writes.overtake(entry.customer_id.is_some(), entry.asked)
        {
            return None;
        }
        // Loaded first: a line that says so already is not taken away from other threads.
        if !entry.is_used.load(Ordering::Relaxed) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
        Some(goodness)
    }

    /// Keeps an answer, unless it is overtaken or there is no room for it.
    pub(crate) fn keep(&self, key: &str, kept: Kept<V>) {
        if self.is_on() {
            let hash = self.hasher.hash_one(key);
            self.write(|books| books.keep(key, hash, self.place_of(hash), kept, &self.writes));
        }
    }

    /// How good an answer asked for at `asked_at` would be, if it were any good.
    pub(crate) fn age_of(&self, customer_id: Option<&str>, asked_at: Instant, now: Instant) -> Option<Age> {
        let has_customer = customer_id.is_some();
        let goodness = self.goodness(has_customer, now.saturating_duration_since(asked_at))?;
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = books.stamp(asked_at);
        let changed = customer_id.and_then(|id| books.changed.get(id)).copied();
        let is_seen = changed.unwrap_or(NEVER) < asked && !self.writes.overtake(has_customer, asked);
        (self.is_on() && is_seen).then_some(goodness)
    }

    fn goodness(&self, has_customer: bool, age: Duration) -> Option<Age> {
        let fresh_for = if has_customer { self.policy.ttl } else { self.policy.negative_ttl };
        if age < fresh_for { Some(Age::Fresh) } else { (age < self.policy.stale).then_some(Age::Stale) }
    }

    /// A customer was changed, or may have been.
    pub(crate) fn changed(&self, customer_id: &str, now: Instant) {
        self.note(|books| {
            let now = books.stamp(now);
            if !books.changed(customer_id, now) {
                self.writes.anything.fetch_max(now, Ordering::Release);
            }
            // It may have got a key that no customer had.
            self.writes.created.fetch_max(now, Ordering::Release);
        });
    }

    /// Customers were created, or may have been.
    pub(crate) fn created(&self, now: Instant) {
        self.note(|books| {
            self.writes.created.fetch_max(books.stamp(now), Ordering::Release);
        });
    }

    /// Anything may have been changed.
    pub(crate) fn anything(&self, now: Instant) {
        self.note(|books| {
            self.writes.anything.fetch_max(books.stamp(now), Ordering::Release);
        });
    }

    fn note(&self, change: impl FnOnce(&mut Books<V>)) {
        self.epoch.fetch_add(1, Ordering::Release);
        if self.is_on() {
            self.write(change);
        }
    }

    fn write(&self, change: impl FnOnce(&mut Books<V>)) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut books);
        self.entries.store(books.clock.len() as u64, Ordering::Relaxed);
        self.bytes.store(books.bytes as u64, Ordering::Relaxed);
    }

    /// Grows with every own write: a question asked before one is not the question asked after it.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Answers kept now, and the bytes they take. Takes no lock.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.entries.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// What writers know of what is kept. An entry is in its place, on the clock and with its customer, or in none of
/// them.
struct Books<V> {
    table: Writer<Bucket<V>>,
    /// For all that follows; the table itself is paid for.
    budget: usize,
    /// Entries in the order they came, gone round to find one that was not looked at for a while.
    clock: Vec<Arc<Entry<V>>>,
    hand: usize,
    of_customer: HashMap<Arc<str>, Vec<Arc<Entry<V>>>>,
    /// By customer: when it was changed. An answer may have been asked for before and arrive after. Bounded by its
    /// own limit and not part of `bytes`.
    changed: HashMap<Box<str>, Stamp>,
    first: Option<Instant>,
    /// How many entries have a number.
    numbered: u64,
    /// Taken by entries and buckets, those that wait for their readers included.
    bytes: usize,
    /// The part of it that can be looked up.
    linked: usize,
}

impl<V> Books<V> {
    fn new(table: Writer<Bucket<V>>, budget: usize) -> Self {
        Self {
            table,
            budget,
            clock: Vec::new(),
            hand: 0,
            of_customer: HashMap::new(),
            changed: HashMap::new(),
            first: None,
            numbered: 0,
            bytes: 0,
            linked: 0,
        }
    }

    fn stamp(&mut self, at: Instant) -> Stamp {
        let first = *self.first.get_or_insert(at);
        let nanoseconds = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        match at.checked_duration_since(first) {
            Some(later) => FIRST.saturating_add(nanoseconds(later)),
            None => FIRST.saturating_sub(nanoseconds(first.duration_since(at))).max(NEVER + 1),
        }
    }

    /// Marks what is known of a customer. False when too many changes would have to be remembered, or there is no memory
    /// for them: then anything may have been changed.
    fn changed(&mut self, customer_id: &str, now: Stamp) -> bool {
        let is_known = self.changed.contains_key(customer_id);
        let fits = is_known || self.changed.len() < MOST_WRITES && self.changed.try_reserve(1).is_ok();
        if fits {
            let last = self.changed.entry(customer_id.into()).or_insert(now);
            *last = now.max(*last);
        } else {
            // All of them are before what is noted in their place.
            self.changed.clear();
        }
        for entry in self.of_customer.get(customer_id).into_iter().flatten() {
            if now >= entry.asked {
                entry.is_overtaken.store(true, Ordering::Release);
            }
        }
        fits
    }

    fn keep(&mut self, key: &str, hash: u64, place: usize, kept: Kept<V>, writes: &Writes) {
        let Kept { value, customer_id, asked_at, bytes } = kept;
        let asked = self.stamp(asked_at);
        let changed = customer_id.as_deref().and_then(|id| self.changed.get(id)).copied();
        if changed.unwrap_or(NEVER) >= asked || writes.overtake(customer_id.is_some(), asked) {
            return;
        }
        let weight = weight::<V>(key, customer_id.as_deref(), bytes);
        if weight > self.budget / LARGEST_PART || !self.make_room(weight) {
            return;
        }
        let Ok(key) = self.reserve(key, customer_id.as_deref()) else { return };
        self.numbered += 1;
        let entry = Arc::new(Entry {
            number: self.numbered,
            key,
            value,
            customer_id: customer_id.map(|id| match self.of_customer.get_key_value(&*id) {
                Some((id, _)) => Arc::clone(id),
                None => id.into(),
            }),
            asked_at,
            asked,
            place,
            weight,
            is_overtaken: AtomicBool::new(false),
            is_used: AtomicBool::new(false),
            on_clock: AtomicUsize::new(0),
        });
        self.bytes += weight;
        let old = self.table.current(place).map_or(&[][..], |bucket| bucket);
        let gone = old
            .iter()
            .find(|slot| slot.hash == hash && slot.entry.key == entry.key)
            .or_else(|| (old.len() >= MOST_IN_A_PLACE).then(|| least_wanted(old)).flatten())
            .map(|slot| Arc::clone(&slot.entry));
        let added = Slot { hash, entry: Arc::clone(&entry) };
        if self.exchange(place, gone.as_ref(), Some(added)) {
            if let Some(gone) = gone {
                self.unlink(&gone);
            }
            self.link(entry);
        } else {
            self.bytes -= weight;
        }
        self.reclaim();
    }

    /// Makes room in what an entry is found by, so that linking it cannot fail, and copies its key.
    fn reserve(&mut self, key: &str, customer_id: Option<&str>) -> Result<Box<str>, NoMemory> {
        self.clock.try_reserve(1)?;
        if let Some(id) = customer_id {
            match self.of_customer.get_mut(id) {
                Some(known) => known.try_reserve(1)?,
                None => self.of_customer.try_reserve(1)?,
            }
        }
        Ok(room::text(key)?.into_boxed_str())
    }

    /// Makes room for an entry of that weight. False when that cannot be done, or too much waits for its readers.
    fn make_room(&mut self, weight: usize) -> bool {
        // An old and a new bucket exist side by side for a moment.
        let needed = weight + 2 * bucket_bytes::<V>(MOST_IN_A_PLACE);
        loop {
            self.reclaim();
            if self.bytes - self.linked > self.budget / LIMBO_PART {
                return false;
            }
            if self.bytes.saturating_add(needed) <= self.budget {
                return true;
            }
            if !self.evict() {
                return false;
            }
        }
    }

    /// Lets go of one entry that is no longer true, or was not looked at since the hand last passed.
    fn evict(&mut self) -> bool {
        // Once round clears every mark, so the second round ends.
        for _ in 0..=self.clock.len() {
            // The last one is the newest: it was put there after room was made for it.
            if self.hand + 1 >= self.clock.len() {
                self.hand = 0;
            }
            let Some(entry) = self.clock.get(self.hand) else {
                return false;
            };
            let was_used = entry.is_used.swap(false, Ordering::Relaxed);
            if was_used && !entry.is_overtaken.load(Ordering::Relaxed) {
                self.hand += 1;
                continue;
            }
            let entry = Arc::clone(entry);
            let is_out = self.exchange(entry.place, Some(&entry), None);
            if is_out {
                self.unlink(&entry);
                // The newest entry took its place on the clock, and is to be the last the hand comes to.
                self.hand += 1;
            }
            return is_out;
        }
        false
    }

    /// Replaces a place's bucket by one without `gone` and with `added`. False, and nothing done, when the table
    /// holds back too many buckets for their readers.
    fn exchange(&mut self, place: usize, gone: Option<&Arc<Entry<V>>>, added: Option<Slot<V>>) -> bool {
        let old = self.table.current(place).map_or(&[][..], |bucket| bucket);
        let before = bucket_bytes::<V>(old.len());
        let stays = old.iter().filter(|slot| gone.is_none_or(|gone| !Arc::ptr_eq(&slot.entry, gone)));
        let stays = stays.map(|slot| Slot { hash: slot.hash, entry: Arc::clone(&slot.entry) });
        let new: Bucket<V> = stays.chain(added).collect();
        let after = bucket_bytes::<V>(new.len());
        if self.table.replace(place, (!new.is_empty()).then_some(new)).is_err() {
            return false;
        }
        self.bytes += after;
        self.linked = self.linked + after - before;
        true
    }

    fn link(&mut self, entry: Arc<Entry<V>>) {
        self.linked += entry.weight;
        entry.on_clock.store(self.clock.len(), Ordering::Relaxed);
        if let Some(id) = &entry.customer_id {
            self.of_customer.entry(Arc::clone(id)).or_default().push(Arc::clone(&entry));
        }
        self.clock.push(entry);
    }

    /// Forgets an entry that is in no place any more. Its bucket waits to be reclaimed and has the last hold on it.
    fn unlink(&mut self, entry: &Arc<Entry<V>>) {
        self.linked -= entry.weight;
        let index = entry.on_clock.load(Ordering::Relaxed);
        self.clock.swap_remove(index);
        if let Some(moved) = self.clock.get(index) {
            moved.on_clock.store(index, Ordering::Relaxed);
        }
        if let Some(id) = &entry.customer_id
            && let Some(known) = self.of_customer.get_mut(id)
        {
            known.retain(|other| !Arc::ptr_eq(other, entry));
            if known.is_empty() {
                self.of_customer.remove(id);
            }
        }
    }

    /// Frees what was replaced and is no longer read.
    fn reclaim(&mut self) {
        let bytes = &mut self.bytes;
        self.table.reclaim(|bucket| {
            *bytes -= bucket_bytes::<V>(bucket.len());
            for slot in bucket {
                // The last bucket an entry was in is the last to let go of it.
                if let Some(entry) = Arc::into_inner(slot.entry) {
                    *bytes -= entry.weight;
                }
            }
        });
    }
}

/// The first to go from a full bucket.
fn least_wanted<V>(bucket: &[Slot<V>]) -> Option<&Slot<V>> {
    bucket.iter().min_by_key(|Slot { entry, .. }| {
        let is_true = !entry.is_overtaken.load(Ordering::Relaxed);
        (is_true, is_true && entry.is_used.load(Ordering::Relaxed), entry.asked)
    })
}

fn bucket_bytes<V>(entries: usize) -> usize {
    block(entries * size_of::<Slot<V>>())
}

/// What an entry takes: itself, its key, its value, and its share of what finds it.
fn weight<V>(key: &str, customer_id: Option<&str>, bytes: u64) -> usize {
    // The allocator now and then hands out a larger block than it was asked for.
    const SLACK: usize = 32;
    let on_clock = 2 * size_of::<Arc<Entry<V>>>();
    let of_customer = customer_id.map_or(0, |id| {
        // A map has up to four times the room it needs, a list room for four at least.
        shared_block(id.len())
            + 4 * (size_of::<(Arc<str>, Vec<Arc<Entry<V>>>)>() + 1)
            + block(4 * size_of::<Arc<Entry<V>>>())
    });
    let own = shared_block(size_of::<Entry<V>>()) + block(key.len()) + on_clock + of_customer + SLACK;
    own.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;
    use std::thread::ThreadId;

    use super::*;
    use crate::room::counting::{counts, each_refused, held_by};

    const SECOND: Duration = Duration::from_secs(1);

    fn cache(max_bytes: u64) -> Result<Cache<u32>, NoMemory> {
        Cache::new(CachePolicy { max_bytes, ..CachePolicy::default() })
    }

    fn kept(value: u32, customer_id: Option<&str>, asked_at: Instant) -> Kept<u32> {
        Kept { value, customer_id: customer_id.map(Into::into), asked_at, bytes: 700 }
    }

    fn seen(cache: &Cache<u32>, key: &str, now: Instant) -> Option<(u32, Age)> {
        cache.look(key, now).map(|(value, age, _)| (value, age))
    }

    #[test]
    fn an_answer_there_is_no_memory_for_is_not_kept_and_harms_no_other() {
        let now = Instant::now();
        let keys: Vec<String> = (0..200).map(|number| format!("{number}{}", "k".repeat(600))).collect();
        let refused = each_refused(512, || {
            let cache = cache(1 << 20)?;
            for (number, key) in (0..).zip(&keys) {
                let customer = if number % 2 == 0 { Some(number.to_string()) } else { None };
                cache.keep(key, kept(number, customer.as_deref(), now));
            }
            let known = (0..).zip(&keys).filter(|(number, key)| {
                seen(&cache, key, now).inspect(|found| assert_eq!(found.0, *number)).is_some()
            });
            if known.count() == keys.len() { Ok(()) } else { Err(NoMemory) }
        });
        assert!(refused > 200, "{refused}");
    }

    #[test]
    fn a_change_there_is_no_memory_for_overtakes_everything() {
        let now = Instant::now();
        let refused = each_refused(1_000, || {
            let cache = cache(1 << 18)?;
            cache.keep("a", kept(1, Some("77"), now));
            let mut lost = false;
            for number in 0..500 {
                cache.changed(&number.to_string(), now + SECOND);
                let late = cache.writes.anything.load(Ordering::Relaxed) != NEVER;
                lost |= late;
                cache.keep("b", kept(2, Some(&number.to_string()), now));
                assert_eq!(seen(&cache, "b", now + SECOND), None, "asked for before the change");
            }
            if lost { Err(NoMemory) } else { Ok(()) }
        });
        assert!(refused >= 6, "{refused}");
    }

    #[test]
    fn answers_age() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
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
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("b", kept(2, Some("8"), now));
        cache.keep("c", kept(3, None, now));
        cache.changed("7", now + SECOND);
        let later = now + SECOND * 2;
        assert_eq!(seen(&cache, "a", later), None);
        assert_eq!(seen(&cache, "b", later), Some((2, Age::Fresh)));
        assert_eq!(seen(&cache, "c", later), None, "the change may have given a customer this key");
        cache.keep("a", kept(4, Some("7"), now));
        assert_eq!(seen(&cache, "a", later), None, "asked for before the change, answered after it");
        cache.keep("a", kept(5, Some("7"), later));
        assert_eq!(seen(&cache, "a", later), Some((5, Age::Fresh)));
        cache.anything(later + SECOND);
        assert_eq!(seen(&cache, "a", later + SECOND), None);
        assert_eq!(seen(&cache, "b", later + SECOND), None);
    }

    #[test]
    fn creating_ends_every_absence_and_nothing_else() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("c", kept(3, None, now));
        cache.created(now + SECOND);
        assert_eq!(seen(&cache, "c", now + SECOND), None);
        assert!(seen(&cache, "a", now + SECOND).is_some());
    }

    #[test]
    fn size_is_bounded() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        for number in 0..20_000 {
            cache.keep(&number.to_string(), kept(number, Some("7"), now));
        }
        let (entries, bytes) = cache.size();
        assert!(bytes <= 1 << 20, "{bytes}");
        assert!(entries > 500, "{entries}");
    }

    #[test]
    fn many_own_writes_do_not_grow_without_end() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        cache.keep("a", kept(1, Some("x"), now));
        for number in 0..=MOST_WRITES {
            cache.changed(&number.to_string(), now + SECOND);
        }
        assert_eq!(seen(&cache, "a", now + SECOND), None);
        assert!(cache.books.lock().unwrap().changed.len() <= MOST_WRITES);
    }

    #[test]
    fn a_time_before_the_first_one_told_is_before_it() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now() + SECOND * 10);
        cache.changed("7", now);
        cache.keep("a", kept(1, Some("7"), now - SECOND));
        cache.keep("b", kept(2, Some("8"), now - SECOND));
        cache.keep("c", kept(3, None, now - SECOND));
        assert_eq!(seen(&cache, "a", now), None);
        assert_eq!(seen(&cache, "b", now), Some((2, Age::Fresh)));
        assert_eq!(seen(&cache, "c", now), None);
        cache.changed("8", now - SECOND * 2);
        assert_eq!(seen(&cache, "b", now), Some((2, Age::Fresh)), "asked for after that change");
    }

    #[test]
    fn what_is_looked_at_stays_and_so_does_what_is_new() {
        let (cache, now) = (cache(1 << 18).unwrap(), Instant::now());
        cache.keep("wanted", kept(1, Some("7"), now));
        for number in 0..2_000 {
            assert!(seen(&cache, "wanted", now).is_some(), "gone at {number}");
            cache.keep(&number.to_string(), kept(number, Some("8"), now));
            // Now and then: what was looked at is not new any more.
            if number % 500 == 499 {
                for new in number - 20..=number {
                    assert!(seen(&cache, &new.to_string(), now).is_some(), "{new} gone at {number}");
                }
            }
        }
        assert_eq!(seen(&cache, "0", now), None);
    }

    #[test]
    fn what_is_overtaken_goes_first() {
        let (cache, now) = (cache(1 << 18).unwrap(), Instant::now());
        cache.keep("old", kept(1, Some("7"), now));
        assert!(seen(&cache, "old", now).is_some());
        cache.changed("7", now);
        let known = |cache: &Cache<u32>| cache.books.lock().unwrap().of_customer.contains_key("7");
        let mut number = 0;
        while cache.size().1 < (1 << 18) - 8_000 {
            cache.keep(&number.to_string(), kept(number, Some("8"), now + SECOND));
            number += 1;
        }
        assert!(known(&cache));
        for number in number..number + 10 {
            cache.keep(&number.to_string(), kept(number, Some("8"), now + SECOND));
        }
        assert!(!known(&cache), "it was looked at, but is no longer true");
    }

    #[test]
    fn an_answer_too_large_for_the_rest_is_not_kept() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("b", Kept { bytes: 1 << 19, ..kept(2, Some("7"), now) });
        cache.keep("c", Kept { bytes: u64::MAX, ..kept(3, Some("7"), now) });
        assert_eq!(cache.size().0, 1);
        assert_eq!(seen(&cache, "a", now), Some((1, Age::Fresh)));
    }

    #[test]
    fn the_bytes_are_those_of_the_allocator() {
        let now = Instant::now();
        let question =
            |number: u32| format!("/v1/stores/411486491630370816/customers/lookup?name=player{number}");
        let mut size = (0, 0);
        let (_cache, held) = held_by(|| {
            let cache = Cache::new(CachePolicy { max_bytes: 4 << 20, ..CachePolicy::default() }).unwrap();
            for number in 0..20_000 {
                let kept = Kept {
                    value: Arc::new([0_u8; 600]),
                    customer_id: (number % 3 != 0).then(|| format!("4114864916303{number:05}").into()),
                    asked_at: now,
                    bytes: shared_block(600) as u64,
                };
                cache.keep(&question(number), kept);
            }
            size = cache.size();
            cache
        });
        assert!(held <= 4 << 20, "{held} held, {} counted", size.1);
        let counted = usize::try_from(size.1).unwrap();
        assert!(counted.abs_diff(held) * 5 <= held, "{counted} counted, {held} held, {} entries", size.0);
    }

    #[test]
    fn looking_goes_on_while_a_writer_is_stopped_with_the_lock() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        cache.keep("a", kept(1, Some("7"), now));
        let writer = cache.books.lock().unwrap();
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| (seen(&cache, "a", now), cache.size().0));
            assert_eq!(looking.join().unwrap(), (Some((1, Age::Fresh)), 1));
        });
        drop(writer);
    }

    #[test]
    fn what_was_seen_is_not_given_again() {
        let (cache, now) = (cache(1 << 20).unwrap(), Instant::now());
        let look = |key: &str, seen| {
            cache.look_for_other(key, now, seen).map(|(other, age, _)| {
                assert_eq!(age, Age::Fresh);
                other
            })
        };
        assert_eq!(look("a", 0), None);
        cache.keep("a", kept(1, Some("7"), now));
        cache.keep("b", kept(2, Some("8"), now));
        let (first, second) = (look("a", 0).flatten().unwrap(), look("b", 0).flatten().unwrap());
        assert_eq!((first.0, second.0), (1, 2));
        assert!(first.1 != second.1 && first.1 > 0 && second.1 > 0);
        assert_eq!(look("a", first.1), Some(None));
        assert_eq!(look("a", second.1), Some(Some(first)));
        cache.keep("a", kept(3, Some("7"), now));
        let third = look("a", first.1).flatten().unwrap();
        assert!(third.0 == 3 && third.1 != first.1);
        cache.changed("7", now);
        assert_eq!(look("a", third.1), None, "what is not known any more is not known to have been seen");
    }

    #[test]
    fn looking_neither_allocates_nor_frees_not_even_at_first() {
        let now = Instant::now();
        let cache = Cache::new(CachePolicy::default()).unwrap();
        let keep = |key: &str, id: Option<&str>| {
            let customer_id = id.map(Into::into);
            cache.keep(key, Kept { value: Arc::new([0_u8; 100]), customer_id, asked_at: now, bytes: 700 });
        };
        keep("hit", Some("7"));
        keep("overtaken", Some("8"));
        keep("absent", None);
        cache.changed("8", now);
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let before = counts();
                let hit = cache.look("hit", now);
                let misses = ["overtaken", "absent", "unknown"].map(|key| cache.look(key, now).is_none());
                let stale = cache.look("hit", now + SECOND * 600);
                let after = counts();
                assert!(hit.is_some() && stale.is_some());
                assert_eq!(misses, [true; 3]);
                (before, after)
            });
            let (before, after) = looking.join().unwrap();
            assert_eq!(before, after);
        });
    }

    type Act = Box<dyn Fn() + Send + Sync>;

    /// A value with something to do when it is cloned by a reader, and when the cache drops it.
    struct Acting {
        number: u32,
        on_clone: Option<Act>,
        on_drop: Option<Act>,
    }

    impl Acting {
        fn new(number: u32) -> Self {
            Self { number, on_clone: None, on_drop: None }
        }

        fn keep(self, cache: &Cache<Self>, key: &str, now: Instant, bytes: u64) {
            cache.keep(key, Kept { value: self, customer_id: Some("7".into()), asked_at: now, bytes });
        }
    }

    impl Clone for Acting {
        fn clone(&self) -> Self {
            self.on_clone.iter().for_each(|act| act());
            Self::new(self.number)
        }
    }

    impl Drop for Acting {
        fn drop(&mut self) {
            self.on_drop.iter().for_each(|act| act());
        }
    }

    fn acting_cache(max_bytes: u64) -> Arc<Cache<Acting>> {
        Arc::new(Cache::new(CachePolicy { max_bytes, ..CachePolicy::default() }).unwrap())
    }

    fn number_of(cache: &Cache<Acting>, key: &str, now: Instant) -> Option<u32> {
        cache.look(key, now).map(|(value, ..)| value.number)
    }

    #[test]
    fn looking_goes_on_while_a_writer_is_stopped_in_the_middle_of_a_write() {
        let (cache, now) = (acting_cache(1 << 20), Instant::now());
        let (reached, wait_until_reached) = mpsc::channel();
        let (go_on, wait_to_go_on) = mpsc::channel::<()>();
        let wait_to_go_on = Mutex::new(wait_to_go_on);
        let stop: Act = Box::new(move || {
            reached.send(()).unwrap();
            wait_to_go_on.lock().unwrap().recv().unwrap();
        });
        Acting { number: 1, on_clone: None, on_drop: Some(stop) }.keep(&cache, "a", now, 700);
        Acting::new(2).keep(&cache, "b", now, 700);
        std::thread::scope(|scope| {
            scope.spawn(|| Acting::new(3).keep(&cache, "a", now, 700));
            wait_until_reached.recv().unwrap();
            assert!(cache.books.try_lock().is_err(), "the writer is stopped with the lock");
            assert_eq!(number_of(&cache, "a", now), Some(3));
            assert_eq!(number_of(&cache, "b", now), Some(2));
            go_on.send(()).unwrap();
        });
    }

    #[test]
    fn a_stopped_reader_neither_frees_what_it_read_nor_lets_the_cache_grow() {
        const MOST: u64 = 1 << 18;
        let (cache, now) = (acting_cache(MOST), Instant::now());
        let dropped_by = Arc::new(Mutex::new(None::<ThreadId>));
        let (writer, by) = (Arc::clone(&cache), Arc::clone(&dropped_by));
        let churn: Act = Box::new(move || {
            for number in 0..5_000 {
                Acting::new(number).keep(&writer, &number.to_string(), now, 700);
                Acting::new(number).keep(&writer, "a", now, 700);
                assert!(writer.size().1 <= MOST, "{} bytes", writer.size().1);
            }
            assert_eq!(number_of(&writer, "4999", now), Some(4_999), "writing goes on");
            assert!(by.lock().unwrap().is_none(), "freed while it is read");
        });
        let by = Arc::clone(&dropped_by);
        let note: Act = Box::new(move || *by.lock().unwrap() = Some(std::thread::current().id()));
        Acting { on_clone: Some(churn), on_drop: Some(note), number: 77 }.keep(&cache, "a", now, 700);
        std::thread::scope(|scope| {
            // The reader is stopped in the middle: what its value does as it is cloned is what others do meanwhile.
            let reader = scope.spawn(|| number_of(&cache, "a", now));
            assert_eq!(reader.join().unwrap(), Some(77));
        });
        assert_eq!(*dropped_by.lock().unwrap(), None, "freed by the reader");
        Acting::new(1).keep(&cache, "b", now, 700);
        assert_eq!(*dropped_by.lock().unwrap(), Some(std::thread::current().id()));
        // Would be a cycle otherwise.
        assert_eq!(number_of(&cache, "a", now), Some(4_999));
    }

    /// Looks at each of the keys inside the look at the one before, and does `act` in the innermost.
    fn look_at_all(cache: &Arc<Cache<Acting>>, keys: &[String], now: Instant, act: Act) {
        let Some((key, rest)) = keys.split_first() else {
            return act();
        };
        let (again, rest, act) = (Arc::clone(cache), rest.to_vec(), Mutex::new(Some(act)));
        let inside: Act = Box::new(move || {
            let act = act.lock().unwrap().take().expect("looked at once");
            look_at_all(&again, &rest, now, act);
        });
        Acting { number: 5, on_clone: Some(inside), on_drop: None }.keep(cache, key, now, 40_000);
        assert_eq!(number_of(cache, key, now), Some(5));
    }

    #[test]
    fn with_too_much_held_by_stopped_readers_nothing_more_is_kept() {
        const MOST: u64 = 1 << 20;
        let (cache, now) = (acting_cache(MOST), Instant::now());
        let keys: Vec<String> = (0..8).map(|number| format!("held {number}")).collect();
        let (inner, held) = (Arc::clone(&cache), keys.clone());
        let act: Act = Box::new(move || {
            for key in &held {
                Acting::new(6).keep(&inner, key, now, 40_000);
            }
            let size = inner.size();
            for number in 0..100 {
                Acting::new(number).keep(&inner, &number.to_string(), now, 40_000);
            }
            assert_eq!(inner.size(), size, "the cache stands still");
            assert_eq!(number_of(&inner, &held[0], now), Some(6), "and can be looked at");
        });
        look_at_all(&cache, &keys, now, act);
        Acting::new(9).keep(&cache, "more", now, 40_000);
        assert_eq!(number_of(&cache, "more", now), Some(9));
        for key in &keys {
            Acting::new(7).keep(&cache, key, now, 700);
        }
        assert_eq!(Arc::strong_count(&cache), 1, "what was kept for them holds the cache no longer");
        let books = cache.books.lock().unwrap();
        assert_eq!(books.bytes, books.linked, "all that waited is free");
    }

    #[test]
    fn many_threads_see_whole_answers_and_never_an_older_one() {
        const KEYS: u64 = 40;
        const ROUNDS: u64 = 2_000;
        let now = Instant::now();
        let cache = Cache::new(CachePolicy { max_bytes: 1 << 16, ..CachePolicy::default() }).unwrap();
        let running = AtomicU32::new(2);
        std::thread::scope(|scope| {
            for half in 0..2 {
                let (cache, running) = (&cache, &running);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        for key in (half..KEYS).step_by(2) {
                            let value = Arc::new((key, round));
                            let customer_id = Some(key.to_string().into());
                            let asked_at = now + Duration::from_micros(round);
                            cache.keep(&key.to_string(), Kept { value, customer_id, asked_at, bytes: 1_500 });
                        }
                        if round % 16 == 0 {
                            cache.changed(&half.to_string(), now + Duration::from_micros(round));
                        }
                    }
                    running.fetch_sub(1, Ordering::Release);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = [0; KEYS as usize];
                    let mut hits = 0_u64;
                    while running.load(Ordering::Acquire) > 0 || hits == 0 {
                        for key in 0..KEYS {
                            if let Some((value, ..)) = cache.look(&key.to_string(), now) {
                                let (owner, round) = *value;
                                assert_eq!(owner, key);
                                assert!(round >= last[key as usize], "{round} after {}", last[key as usize]);
                                last[key as usize] = round;
                                hits += 1;
                            }
                        }
                        assert!(cache.size().1 <= 1 << 16);
                    }
                });
            }
        });
        let books = cache.books.lock().unwrap();
        assert!(books.clock.len() > 10);
        let kept: usize = books.of_customer.values().map(Vec::len).sum();
        assert_eq!(books.clock.len(), kept, "one entry on the clock for each with a customer");
    }

    #[test]
    fn it_can_be_switched_off() {
        let cache = Cache::new(CachePolicy { ttl: Duration::ZERO, ..CachePolicy::default() }).unwrap();
        let now = Instant::now();
        cache.keep("a", kept(1, Some("7"), now));
        assert_eq!(seen(&cache, "a", now), None);
        assert_eq!(cache.size(), (0, 0));
    }
}

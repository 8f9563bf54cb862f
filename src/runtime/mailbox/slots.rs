//! The preallocated places requests live in from submission until their completion is freed.
//!
//! One atomic word per slot decides everything that threads compete for:
//!
//! ```text
//!            publish            decide (one winner)        collect          release
//!   Free ───────────▶ Pending ───────────▶ Decided ─▶ Ready ───────▶ Collected ───────▶ Free
//!                                                                        │ arguments still in use
//!                                                                        └────▶ Zombie ──▶ Free
//! ```
//!
//! The word also holds a generation, so that an id kept too long names nothing, a count of readers, so
//! that freeing never pulls a completion from under one, and who holds the arguments.

use std::mem::MaybeUninit;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::free_list::FreeList;
use super::outcome::Outcome;
use crate::operations::{Arguments, Operation};
use crate::sync::{AtomicU32, AtomicU64, Cell, Ordering, own};

/// Most slots one client can have: the index takes 24 bits of an id.
pub(crate) const MAX_SLOTS: u32 = 1 << 20;

/// Names one request: a slot and its generation. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64);

impl Key {
    const INDEX_MASK: u64 = 0x00ff_ffff;

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// 32 bits of generation, 8 zero bits (for a face to number its clients in), 24 bits of index.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    fn new(generation: u32, index: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(index))
    }

    /// Which of the client's slots it names: below its capacity for every key the runtime gives out.
    pub(crate) fn slot(self) -> usize {
        self.index()
    }

    pub(in crate::runtime) fn index(self) -> usize {
        (self.0 & Self::INDEX_MASK) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn is_well_formed(self) -> bool {
        self.0 & 0xff00_0000 == 0
    }
}

/// What the submitter says of a request; read by whoever collects it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) operation: &'static Operation,
    pub(crate) accepted: Instant,
    pub(crate) deadline: Instant,
    pub(crate) tag: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Free,
    Pending,
    Decided,
    Ready,
    Collected,
    Zombie,
}

/// The state word, taken apart. All zeros is a free slot, so that fresh zeroed memory is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    generation: u32,
    readers: u16,
    /// A worker reads the arguments.
    lent: bool,
    /// The arguments are still in the slot.
    filled: bool,
    /// It may have been sent.
    begun: bool,
    phase: Phase,
}

impl State {
    fn unpack(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            readers: (word >> 16) as u16,
            lent: word & 0x100 != 0,
            filled: word & 0x200 != 0,
            begun: word & 0x400 != 0,
            phase: match word as u8 {
                0 => Phase::Free,
                1 => Phase::Pending,
                2 => Phase::Decided,
                3 => Phase::Ready,
                4 => Phase::Collected,
                _ => Phase::Zombie,
            },
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.generation) << 32
            | u64::from(self.readers) << 16
            | u64::from(self.begun) << 10
            | u64::from(self.filled) << 9
            | u64::from(self.lent) << 8
            | self.phase as u64
    }

    fn freed(self) -> Self {
        Self {
            generation: self.generation.wrapping_add(1),
            readers: 0,
            lent: false,
            filled: false,
            begun: false,
            phase: Phase::Free,
        }
    }
}

struct Slot {
    state: AtomicU64,
    next_free: AtomicU32,
    header: Cell<MaybeUninit<Header>>,
    outcome: Cell<MaybeUninit<Outcome>>,
    arguments: Cell<MaybeUninit<Arguments>>,
}

impl Slot {
    #[cfg(not(loom))]
    fn table(count: usize) -> Box<[Self]> {
        // SAFETY: a slot of zeros is valid: its atomics are zero and its cells hold MaybeUninit. The
        // memory comes zeroed from the system, so slots that are never used take no physical memory.
        unsafe { Box::<[Self]>::new_zeroed_slice(count).assume_init() }
    }

    #[cfg(loom)]
    fn table(count: usize) -> Box<[Self]> {
        let slot = |_| Self {
            state: AtomicU64::new(0),
            next_free: AtomicU32::new(0),
            header: Cell::new(MaybeUninit::uninit()),
            outcome: Cell::new(MaybeUninit::uninit()),
            arguments: Cell::new(MaybeUninit::uninit()),
        };
        (0..count).map(slot).collect()
    }
}

/// What became of an attempt to free a completion.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Released {
    /// The slot can be used again.
    Free,
    /// A worker still reads the arguments; it will free the slot.
    Later,
    /// The arguments own heap memory: a thread of ours must call [`Slots::clean`].
    NeedsCleaning,
}

/// Why a completion cannot be freed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCompletion {
    /// The id names no collected completion.
    Unknown,
    /// Another thread reads the completion at this moment.
    InUse,
}

/// The table.
pub(in crate::runtime) struct Slots {
    slots: Box<[Slot]>,
    free: CachePadded<FreeList>,
    /// Added to the generation in the word to make the one in a key.
    first_generation: u32,
}

// SAFETY: the cells are reached only by the thread that the state word names as their owner: see each
// access below.
unsafe impl Sync for Slots {}
// SAFETY: everything in a slot may be moved between threads.
unsafe impl Send for Slots {}

impl Slots {
    pub(in crate::runtime) fn new(capacity: u32, first_generation: u32) -> Self {
        let capacity = capacity.clamp(1, MAX_SLOTS);
        Self {
            slots: Slot::table(capacity as usize),
            free: CachePadded::new(FreeList::new(capacity)),
            first_generation: first_generation.max(1),
        }
    }

    /// A generation that no key of this table has reached.
    pub(in crate::runtime) fn next_generation(&self) -> u32 {
        let used = self.slots[..self.used()]
            .iter()
            .map(|slot| State::unpack(slot.state.load(Ordering::Relaxed)).generation)
            .max()
            .unwrap_or(0);
        self.first_generation.wrapping_add(used).wrapping_add(1)
    }

    /// How many slots were ever used: scans need look no further.
    pub(in crate::runtime) fn used(&self) -> usize {
        self.free.high_water() as usize
    }

    fn key(&self, generation: u32, index: usize) -> Key {
        Key::new(self.first_generation.wrapping_add(generation), index as u32)
    }

    fn slot(&self, key: Key) -> Option<(&Slot, u32)> {
        if !key.is_well_formed() {
            return None;
        }
        let slot = self.slots.get(key.index())?;
        Some((slot, key.generation().wrapping_sub(self.first_generation)))
    }

    /// Takes a free slot. It is the caller's alone until published or abandoned.
    pub(in crate::runtime) fn reserve(&self) -> Option<Reserved<'_>> {
        let index = self.free.pop(|index| &self.slots[index as usize].next_free)? as usize;
        let generation = State::unpack(self.slots[index].state.load(Ordering::Relaxed)).generation;
        Some(Reserved { slots: self, index, key: self.key(generation, index), filled: false })
    }

    fn recycle(&self, index: usize) {
        self.free.push(index as u32, |index| &self.slots[index as usize].next_free);
    }

    /// Changes the state if `change` allows it. The old state is returned on success.
    fn transition(
        slot: &Slot,
        order: Ordering,
        change: impl Fn(State) -> Option<State>,
    ) -> Result<State, State> {
        slot.state
            .fetch_update(order, Ordering::Acquire, |word| change(State::unpack(word)).map(State::pack))
            .map(State::unpack)
            .map_err(State::unpack)
    }

    /// Whether nobody has decided the request yet.
    pub(in crate::runtime) fn is_pending(&self, key: Key) -> bool {
        self.slot(key).is_some_and(|(slot, generation)| {
            let state = State::unpack(slot.state.load(Ordering::Acquire));
            state.generation == generation && state.phase == Phase::Pending
        })
    }

    /// Whether the key names a request whose completion is not freed yet.
    pub(in crate::runtime) fn exists(&self, key: Key) -> bool {
        self.slot(key).is_some_and(|(slot, generation)| {
            let state = State::unpack(slot.state.load(Ordering::Acquire));
            let is_one =
                matches!(state.phase, Phase::Pending | Phase::Decided | Phase::Ready | Phase::Collected);
            state.generation == generation && is_one
        })
    }

    /// The key of the request that is pending at an index, if one is.
    pub(in crate::runtime) fn pending_at(&self, index: usize) -> Option<Key> {
        let state = State::unpack(self.slots.get(index)?.state.load(Ordering::Acquire));
        (state.phase == Phase::Pending).then(|| self.key(state.generation, index))
    }

    /// Lends the arguments to a worker, unless the request was decided before one took it.
    pub(in crate::runtime) fn lend(&self, key: Key) -> Option<Lent<'_>> {
        let (slot, generation) = self.slot(key)?;
        Self::transition(slot, Ordering::AcqRel, |state| {
            let wanted = state.generation == generation && state.phase == Phase::Pending && !state.lent;
            wanted.then_some(State { lent: true, ..state })
        })
        .ok()?;
        Some(Lent { slots: self, slot, index: key.index() })
    }

    /// Notes that the request is about to be sent. False when it was decided before.
    pub(in crate::runtime) fn begin(&self, key: Key) -> bool {
        self.slot(key).is_some_and(|(slot, generation)| {
            Self::transition(slot, Ordering::AcqRel, |state| {
                let open = state.generation == generation && state.phase == Phase::Pending;
                open.then_some(State { begun: true, ..state })
            })
            .is_ok()
        })
    }

    /// Claims the right to say how the request ended. Exactly one caller per request gets it, and must
    /// call [`Slots::finish`].
    pub(in crate::runtime) fn decide(&self, key: Key) -> bool {
        self.slot(key).is_some_and(|(slot, generation)| {
            Self::transition(slot, Ordering::AcqRel, |state| {
                let open = state.generation == generation && state.phase == Phase::Pending;
                open.then_some(State { phase: Phase::Decided, ..state })
            })
            .is_ok()
        })
    }

    /// When a request was accepted, and whether it may have been sent. Only for the one who decided it.
    pub(in crate::runtime) fn history(&self, key: Key) -> Option<(Instant, bool)> {
        let (slot, _) = self.slot(key)?;
        let state = State::unpack(slot.state.load(Ordering::Acquire));
        debug_assert_eq!(state.phase, Phase::Decided);
        // SAFETY: written before Pending was published, and not changed before the slot is free again.
        let header = unsafe { (*slot.header.reading()).assume_init_ref() };
        Some((header.accepted, state.begun))
    }

    /// Says how a request ended. Only for the one who decided it.
    pub(in crate::runtime) fn finish(&self, key: Key, outcome: Outcome) {
        let Some((slot, _)) = self.slot(key) else { return };
        // SAFETY: in the phase Decided the cell belongs to the thread that decided; readers come only
        // after Ready is published below.
        unsafe { (*slot.outcome.writing()).write(outcome) };
        let _ = Self::transition(slot, Ordering::AcqRel, |state| {
            debug_assert_eq!(state.phase, Phase::Decided);
            Some(State { phase: Phase::Ready, ..state })
        });
    }

    /// Hands a finished request to its consumer.
    pub(in crate::runtime) fn collect(&self, index: u32) -> Option<Key> {
        let slot = self.slots.get(index as usize)?;
        let before = Self::transition(slot, Ordering::AcqRel, |state| {
            (state.phase == Phase::Ready).then_some(State { phase: Phase::Collected, ..state })
        })
        .ok()?;
        Some(self.key(before.generation, index as usize))
    }

    /// Opens a collected completion for reading; it cannot be freed meanwhile.
    pub(in crate::runtime) fn read(&self, key: Key) -> Result<Reading<'_>, NoCompletion> {
        let (slot, generation) = self.slot(key).ok_or(NoCompletion::Unknown)?;
        Self::transition(slot, Ordering::AcqRel, |state| {
            let there = state.generation == generation && state.phase == Phase::Collected;
            let readers = state.readers.checked_add(1)?;
            there.then_some(State { readers, ..state })
        })
        .map_err(|_| NoCompletion::Unknown)?;
        Ok(Reading { slot })
    }

    /// The key of the completion that was collected and not freed at an index, if there is one.
    pub(in crate::runtime) fn collected_at(&self, index: usize) -> Option<Key> {
        let state = State::unpack(self.slots.get(index)?.state.load(Ordering::Acquire));
        (state.phase == Phase::Collected).then(|| self.key(state.generation, index))
    }

    /// Frees a collected completion. `take` gets the outcome to move its memory elsewhere; while it runs
    /// nobody else can come near the slot.
    pub(in crate::runtime) fn release(
        &self,
        key: Key,
        take: impl FnOnce(Outcome),
    ) -> Result<Released, NoCompletion> {
        let (slot, generation) = self.slot(key).ok_or(NoCompletion::Unknown)?;
        // Zombie first: it ends reading, so that the cells are this thread's.
        let before = Self::transition(slot, Ordering::AcqRel, |state| {
            let there = state.generation == generation && state.phase == Phase::Collected;
            (there && state.readers == 0).then_some(State { phase: Phase::Zombie, ..state })
        })
        .map_err(|state| match state.phase {
            Phase::Collected if state.generation == generation => NoCompletion::InUse,
            _ => NoCompletion::Unknown,
        })?;
        // SAFETY: the outcome was written before Ready; only the one thread that made the slot a zombie
        // comes here.
        take(unsafe { (*slot.outcome.writing()).assume_init_read() });
        if before.lent {
            // The worker may return the arguments at this very moment: whoever comes second frees.
            return Ok(match self.finish_zombie(slot, key.index()) {
                true => Released::Free,
                false => Released::Later,
            });
        }
        if before.filled {
            // SAFETY: nobody was lent the arguments and nobody can be: the request is decided.
            let arguments = unsafe { (*slot.arguments.writing()).assume_init_mut() };
            if arguments.spilled() > 0 {
                return Ok(Released::NeedsCleaning);
            }
            // SAFETY: as above; they own no heap memory, dropping only wipes them.
            unsafe { (*slot.arguments.writing()).assume_init_drop() };
        }
        slot.state.store(before.freed().pack(), Ordering::Release);
        self.recycle(key.index());
        Ok(Released::Free)
    }

    /// One of the two parties to a zombie is done with it. True for the second, which freed the slot.
    fn finish_zombie(&self, slot: &Slot, index: usize) -> bool {
        // The reader count is no longer needed in a zombie; it counts the parties that are done.
        let done = Self::transition(slot, Ordering::AcqRel, |state| {
            Some(if state.readers == 0 { State { readers: 1, ..state } } else { state.freed() })
        });
        let second = done.is_ok_and(|before| before.readers != 0);
        if second {
            self.recycle(index);
        }
        second
    }

    /// Frees what [`Released::NeedsCleaning`] left. Not on a host's thread.
    pub(in crate::runtime) fn clean(&self, key: Key) {
        let Some((slot, generation)) = self.slot(key) else {
            return;
        };
        let state = State::unpack(slot.state.load(Ordering::Acquire));
        if state.phase == Phase::Zombie && state.generation == generation && !state.lent {
            // SAFETY: a zombie that was never lent belongs to the thread that cleans it.
            unsafe { (*slot.arguments.writing()).assume_init_drop() };
            slot.state.store(state.freed().pack(), Ordering::Release);
            self.recycle(key.index());
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        for slot in &mut self.slots[..self.free.high_water() as usize] {
            let state = State::unpack(own(&mut slot.state));
            if matches!(state.phase, Phase::Ready | Phase::Collected) {
                // SAFETY: written before Ready, not yet taken; nobody else is left.
                unsafe { (*slot.outcome.writing()).assume_init_drop() };
            }
            if state.filled {
                // SAFETY: `filled` says that the arguments are there; nobody else is left.
                unsafe { (*slot.arguments.writing()).assume_init_drop() };
            }
        }
    }
}

/// A slot between being taken and being published.
pub(in crate::runtime) struct Reserved<'a> {
    slots: &'a Slots,
    index: usize,
    key: Key,
    filled: bool,
}

impl Reserved<'_> {
    pub(in crate::runtime) fn key(&self) -> Key {
        self.key
    }

    /// The arguments, empty at first, in place.
    pub(in crate::runtime) fn arguments(&mut self) -> &mut Arguments {
        let cell = self.slots.slots[self.index].arguments.writing();
        // SAFETY: a reserved slot belongs to its reserver alone; the arguments are initialised the first
        // time they are asked for.
        unsafe {
            if !self.filled {
                (*cell).write(Arguments::new());
                self.filled = true;
            }
            (*cell).assume_init_mut()
        }
    }

    /// Makes the request visible to everybody.
    pub(in crate::runtime) fn publish(mut self, header: Header) -> Key {
        let _ = self.arguments();
        let slot = &self.slots.slots[self.index];
        // SAFETY: a reserved slot belongs to its reserver alone.
        unsafe { (*slot.header.writing()).write(header) };
        let state = State::unpack(slot.state.load(Ordering::Relaxed));
        let published =
            State { phase: Phase::Pending, filled: true, begun: false, lent: false, readers: 0, ..state };
        slot.state.store(published.pack(), Ordering::Release);
        let key = self.key;
        std::mem::forget(self);
        key
    }
}

impl Reserved<'_> {
    /// Makes it a completion at once, in the hands of the caller.
    pub(in crate::runtime) fn publish_collected(self, header: Header, outcome: Outcome) -> Key {
        let slot = &self.slots.slots[self.index];
        // SAFETY: a reserved slot belongs to its reserver alone.
        unsafe {
            (*slot.header.writing()).write(header);
            (*slot.outcome.writing()).write(outcome);
        }
        let state = State::unpack(slot.state.load(Ordering::Relaxed));
        let filled = self.filled;
        let collected =
            State { phase: Phase::Collected, filled, begun: false, lent: false, readers: 0, ..state };
        slot.state.store(collected.pack(), Ordering::Release);
        let key = self.key;
        std::mem::forget(self);
        key
    }
}

impl Drop for Reserved<'_> {
    /// A request that was refused: its slot goes back unused, and its generation with it.
    fn drop(&mut self) {
        if self.filled {
            // SAFETY: initialised by `arguments`, and still this thread's alone.
            unsafe { (*self.slots.slots[self.index].arguments.writing()).assume_init_drop() };
        }
        self.slots.recycle(self.index);
    }
}

/// A worker's hold on the arguments of a request.
pub(in crate::runtime) struct Lent<'a> {
    slots: &'a Slots,
    slot: &'a Slot,
    index: usize,
}

impl Lent<'_> {
    pub(in crate::runtime) fn header(&self) -> Header {
        // SAFETY: written before Pending was published, and not changed while the arguments are lent.
        unsafe { (*self.slot.header.reading()).assume_init() }
    }

    pub(in crate::runtime) fn arguments(&self) -> &Arguments {
        // SAFETY: written before Pending was published; while they are lent nobody changes or drops them.
        unsafe { (*self.slot.arguments.reading()).assume_init_ref() }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // SAFETY: they were lent to this thread alone, which is done with them.
        unsafe { (*self.slot.arguments.writing()).assume_init_drop() };
        let returned = Slots::transition(self.slot, Ordering::AcqRel, |state| {
            (state.phase != Phase::Zombie).then_some(State { lent: false, filled: false, ..state })
        });
        if returned.is_err() {
            self.slots.finish_zombie(self.slot, self.index);
        }
    }
}

/// A completion that cannot be freed while this lives.
pub(crate) struct Reading<'a> {
    slot: &'a Slot,
}

impl Reading<'_> {
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: written before Pending; not changed before the slot is free, which the reader count prevents.
        unsafe { (*self.slot.header.reading()).assume_init_ref() }
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        // SAFETY: written before Ready; not taken before the slot is freed, which the reader count prevents.
        unsafe { (*self.slot.outcome.reading()).assume_init_ref() }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let _ = Slots::transition(self.slot, Ordering::AcqRel, |state| {
            Some(State { readers: state.readers.saturating_sub(1), ..state })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{LIST_CUSTOMERS, Parameter, Status};
    use std::sync::atomic::AtomicUsize;

    fn header() -> Header {
        Header { operation: &LIST_CUSTOMERS, accepted: Instant::now(), deadline: Instant::now(), tag: 7 }
    }

    fn submitted(slots: &Slots) -> Key {
        slots.reserve().unwrap().publish(header())
    }

    fn completed(slots: &Slots) -> Key {
        let key = submitted(slots);
        assert!(slots.decide(key));
        slots.finish(key, Outcome::without_answer(Status::Timeout));
        assert_eq!(slots.collect(key.index() as u32), Some(key));
        key
    }

    #[test]
    fn state_survives_packing() {
        for phase in
            [Phase::Free, Phase::Pending, Phase::Decided, Phase::Ready, Phase::Collected, Phase::Zombie]
        {
            for (lent, filled) in [(false, false), (true, false), (false, true), (true, true)] {
                let state =
                    State { generation: 0xdead_beef, readers: 0xabc, lent, filled, begun: lent, phase };
                assert_eq!(State::unpack(state.pack()), state);
            }
        }
        assert_eq!(State::unpack(0).phase, Phase::Free);
    }

    #[test]
    fn a_life() {
        let slots = Slots::new(1, 1);
        let key = submitted(&slots);
        assert!(slots.reserve().is_none(), "the only slot is taken");
        assert!(slots.is_pending(key));
        let lent = slots.lend(key).unwrap();
        assert_eq!(lent.header().tag, 7);
        assert!(slots.lend(key).is_none(), "a request is worked on once");
        drop(lent);
        assert!(slots.begin(key));
        assert!(slots.decide(key));
        assert!(!slots.decide(key), "a request is decided once");
        assert!(!slots.begin(key), "what is decided is not sent");
        assert!(slots.collect(0).is_none(), "not finished yet");
        slots.finish(key, Outcome::without_answer(Status::Cancelled));
        assert_eq!(slots.read(key).err(), Some(NoCompletion::Unknown), "not collected yet");
        assert_eq!(slots.collect(0), Some(key));
        assert_eq!(slots.collect(0), None, "a completion is delivered once");
        assert_eq!(slots.read(key).unwrap().outcome().status, Status::Cancelled);
        assert_eq!(slots.release(key, drop), Ok(Released::Free));
        assert_eq!(slots.release(key, drop), Err(NoCompletion::Unknown));
        let next = submitted(&slots);
        assert_ne!(next, key);
        assert!(!slots.is_pending(key) && slots.lend(key).is_none() && !slots.decide(key));
    }

    #[test]
    fn a_refused_request_gives_its_slot_back() {
        let slots = Slots::new(1, 1);
        let mut reserved = slots.reserve().unwrap();
        reserved.arguments().text(Parameter::Search, "x").unwrap();
        drop(reserved);
        assert!(slots.reserve().is_some());
    }

    #[test]
    fn what_is_read_is_not_freed() {
        let slots = Slots::new(2, 1);
        let key = completed(&slots);
        let reading = slots.read(key).unwrap();
        assert_eq!(slots.release(key, drop), Err(NoCompletion::InUse));
        drop(reading);
        assert_eq!(slots.release(key, drop), Ok(Released::Free));
    }

    #[test]
    fn a_slot_whose_arguments_are_in_use_is_freed_by_the_worker() {
        let slots = Slots::new(1, 1);
        let key = submitted(&slots);
        let lent = slots.lend(key).unwrap();
        assert!(slots.decide(key));
        slots.finish(key, Outcome::without_answer(Status::Cancelled));
        slots.collect(0).unwrap();
        assert_eq!(slots.release(key, drop), Ok(Released::Later));
        assert!(slots.reserve().is_none());
        drop(lent);
        assert!(slots.reserve().is_some());
    }

    #[test]
    fn spilled_arguments_are_cleaned_elsewhere() {
        let slots = Slots::new(1, 1);
        let mut reserved = slots.reserve().unwrap();
        let long = "x".repeat(250);
        reserved.arguments().text(Parameter::Search, &long).unwrap();
        reserved.arguments().text(Parameter::Name, &long).unwrap();
        let key = reserved.publish(header());
        assert!(slots.decide(key));
        slots.finish(key, Outcome::without_answer(Status::Cancelled));
        slots.collect(0).unwrap();
        assert_eq!(slots.release(key, drop), Ok(Released::NeedsCleaning));
        assert!(slots.reserve().is_none());
        slots.clean(key);
        slots.clean(key);
        let again = slots.reserve();
        assert!(again.is_some());
        assert!(slots.reserve().is_none(), "cleaned once");
    }

    #[test]
    fn forged_keys_name_nothing() {
        let slots = Slots::new(4, 100);
        let key = completed(&slots);
        for bits in [0, 1, u64::MAX, key.bits() + 1, key.bits() | 1 << 24, key.bits() ^ 1 << 63] {
            let forged = Key::from_bits(bits);
            assert!(slots.read(forged).is_err(), "{bits:x}");
            assert!(slots.release(forged, drop).is_err(), "{bits:x}");
            assert!(!slots.decide(forged), "{bits:x}");
        }
    }

    #[test]
    fn generations_go_on_in_the_next_table() {
        let slots = Slots::new(1, 1);
        let key = completed(&slots);
        let next = Slots::new(1, slots.next_generation());
        assert!(next.read(key).is_err());
        assert_ne!(submitted(&next), key);
    }

    #[test]
    fn many_threads_decide_each_request_once() {
        const REQUESTS: usize = 2_000;
        let slots = Slots::new(64, 1);
        let decided = AtomicUsize::new(0);
        let freed = AtomicUsize::new(0);
        let ready = crossbeam_queue::ArrayQueue::new(64);
        let open = crossbeam_queue::ArrayQueue::new(4 * REQUESTS);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut sent = 0;
                while sent < REQUESTS {
                    match slots.reserve() {
                        Some(reserved) => {
                            let key = reserved.publish(header());
                            for _ in 0..3 {
                                open.push(key).unwrap();
                            }
                            sent += 1;
                        }
                        None => std::thread::yield_now(),
                    }
                }
            });
            for _ in 0..3 {
                scope.spawn(|| {
                    while freed.load(Ordering::SeqCst) < REQUESTS {
                        let Some(key) = open.pop() else {
                            std::thread::yield_now();
                            continue;
                        };
                        let lent = slots.lend(key);
                        if slots.decide(key) {
                            decided.fetch_add(1, Ordering::SeqCst);
                            slots.finish(key, Outcome::without_answer(Status::Ok));
                            ready.push(key.index() as u32).unwrap();
                        }
                        drop(lent);
                    }
                });
            }
            scope.spawn(|| {
                while freed.load(Ordering::SeqCst) < REQUESTS {
                    let Some(index) = ready.pop() else {
                        std::thread::yield_now();
                        continue;
                    };
                    let key = slots.collect(index).unwrap();
                    assert_eq!(slots.read(key).unwrap().header().tag, 7);
                    slots.release(key, drop).unwrap();
                    freed.fetch_add(1, Ordering::SeqCst);
                }
            });
        });
        assert_eq!(decided.load(Ordering::SeqCst), REQUESTS);
        let mut free = 0;
        let mut held = Vec::new();
        while let Some(reserved) = slots.reserve() {
            free += 1;
            held.push(reserved);
        }
        assert_eq!(free, 64, "no slot is lost or doubled");
    }
}

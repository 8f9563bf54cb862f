//! The memory slots live in, and which of them are free.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use super::chain::Links;
use super::front::Front;
use super::key::{Key, MAX_SLOTS};
use super::outcome::Outcome;
use super::state::{Generation, Phase, State};
use super::submission::{Attachment, Priority};
use crate::operations::{Arguments, Operation};
use crate::room::{self, NoMemory};
use crate::sync::{AtomicU32, AtomicU64, Cell, Ordering, own};

/// What the submitter says of a request; read by the engine and by the thread that collects it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) operation: &'static Operation,
    pub(crate) accepted: Instant,
    /// How long after that it may take. Not the deadline itself: the submitting thread has more to do.
    pub(crate) patience: Duration,
    pub(crate) tag: u64,
    pub(crate) priority: Priority,
    pub(crate) attachment: Attachment,
}

impl Header {
    /// When the request ends unanswered.
    pub(crate) fn deadline(&self) -> Instant {
        self.accepted + self.patience
    }
}

/// What a submission writes comes first, in three cache lines: the words, the header, and the beginning of the arguments.
#[repr(C, align(64))]
pub(super) struct Slot {
    pub(super) state: AtomicU64,
    next_free: AtomicU32,
    /// In the chain of notices.
    notice: AtomicU32,
    /// The tag of the last request, kept beside the header's so that [`super::Mailbox`] need not look for it elsewhere.
    pub(super) tag: AtomicU64,
    pub(super) header: Cell<MaybeUninit<Header>>,
    pub(super) arguments: Cell<MaybeUninit<Arguments>>,
    pub(super) outcome: Cell<MaybeUninit<Outcome>>,
}

impl Slot {
    /// A slot of zeros is valid: its atomics are zero and its cells hold MaybeUninit.
    #[cfg(not(loom))]
    fn table(count: usize) -> Result<NonNull<Self>, NoMemory> {
        room::zeroed_lines(count)
    }

    /// # Safety
    ///
    /// [`Slot::table`] made it, with the same count, and nothing uses it any more.
    #[cfg(not(loom))]
    unsafe fn free_table(table: NonNull<Self>, count: usize) {
        // SAFETY: passed on.
        unsafe { room::free_lines(table, count) };
    }

    #[cfg(loom)]
    unsafe fn free_table(table: NonNull<Self>, count: usize) {
        // SAFETY: `table` leaked so many.
        drop(unsafe { Box::from_raw(NonNull::slice_from_raw_parts(table, count).as_ptr()) });
    }

    #[cfg(loom)]
    fn table(count: usize) -> Result<NonNull<Self>, NoMemory> {
        let slot = |_| Self {
            state: AtomicU64::new(0),
            next_free: AtomicU32::new(0),
            notice: AtomicU32::new(0),
            tag: AtomicU64::new(0),
            header: Cell::new(MaybeUninit::uninit()),
            outcome: Cell::new(MaybeUninit::uninit()),
            arguments: Cell::new(MaybeUninit::uninit()),
        };
        Ok(NonNull::from(Box::leak(room::collect((0..count).map(slot))?.into_boxed_slice())).cast())
    }

    pub(super) fn state(&self) -> State {
        State::unpack(self.state.load(Ordering::Acquire))
    }

    /// Changes the state if `change` allows it. The old state is returned on success, the present one otherwise.
    pub(super) fn transition(&self, change: impl Fn(State) -> Option<State>) -> Result<State, State> {
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                change(State::unpack(word)).map(State::pack)
            })
            .map(State::unpack)
            .map_err(State::unpack)
    }

    /// A transition that is always allowed.
    pub(super) fn change(&self, change: impl Fn(State) -> State) -> State {
        match self.transition(|state| Some(change(state))) {
            Ok(before) | Err(before) => before,
        }
    }
}

/// The table. One cache line: see [`super::front`].
#[repr(align(64))]
pub(super) struct Table {
    front: Front,
    /// As many as the free list in `front` says: a pointer with its length would not fit.
    slots: NonNull<Slot>,
    /// Added to the generation in the word to make the one in a key.
    first_generation: Generation,
}

// SAFETY: the cells are reached only by the thread that the state word names as their owner: see each
// access.
unsafe impl Sync for Table {}
// SAFETY: everything in a slot may be moved between threads.
unsafe impl Send for Table {}

impl Table {
    pub(super) fn new(capacity: u32, first_generation: Generation) -> Result<Self, NoMemory> {
        let capacity = capacity.clamp(1, MAX_SLOTS);
        Ok(Self { front: Front::new(capacity), slots: Slot::table(capacity as usize)?, first_generation })
    }

    pub(super) fn front(&self) -> &Front {
        &self.front
    }

    fn slots(&self) -> &[Slot] {
        // SAFETY: so many were made in `new`, and they live as long as the table.
        unsafe { std::slice::from_raw_parts(self.slots.as_ptr(), self.front.free.capacity()) }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Slot> {
        self.slots().get(index)
    }

    pub(super) fn at(&self, index: usize) -> &Slot {
        &self.slots()[index]
    }

    /// Takes a slot that is free.
    pub(super) fn take(&self) -> Option<(usize, &Slot)> {
        let index = self.front.free.pop(|index| &self.slots()[index as usize].next_free)? as usize;
        Some((index, &self.slots()[index]))
    }

    /// Gives out no slot any more that was not used before, and says how many were.
    pub(super) fn close(&self) -> usize {
        self.front.free.close() as usize
    }

    /// A generation that no key of this table has reached.
    pub(super) fn next_generation(&self) -> Generation {
        let used = self.slots()[..self.used()].iter().map(|slot| slot.state().generation).max().unwrap_or(0);
        self.first_generation.wrapping_add(used).wrapping_add(1)
    }

    /// How many slots were ever used: scans need look no further.
    pub(super) fn used(&self) -> usize {
        self.front.free.high_water() as usize
    }

    pub(super) fn key(&self, generation: Generation, slot: usize) -> Key {
        Key::new(self.first_generation.wrapping_add(generation), slot)
    }

    pub(super) fn find(&self, key: Key) -> Option<(usize, &Slot, Generation)> {
        let index = key.slot()?;
        let slot = self.slots().get(index)?;
        Some((index, slot, key.generation().wrapping_sub(self.first_generation)))
    }

    pub(super) fn recycle(&self, index: usize) {
        self.front.free.push(index as u32, |index| &self.slots()[index as usize].next_free);
    }
}

/// The notices to the engine are linked through the slots: the thread that adds one, or looks at one, touches that line anyway.
impl Links for Table {
    fn link(&self, slot: usize) -> &AtomicU32 {
        &self.slots()[slot].notice
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let used = self.front.free.high_water() as usize;
        let mut slots = NonNull::slice_from_raw_parts(self.slots, self.front.free.capacity());
        // SAFETY: `new` made so many, and no thread uses them any more.
        for slot in &mut unsafe { slots.as_mut() }[..used] {
            let state = State::unpack(own(&mut slot.state));
            if matches!(state.phase, Phase::Ready | Phase::Collected) {
                // SAFETY: written before Ready, not yet taken; no other thread is left.
                unsafe { (*slot.outcome.writing()).assume_init_drop() };
            }
            if state.filled {
                // SAFETY: `filled` says that the arguments are there; no other thread is left.
                unsafe { (*slot.arguments.writing()).assume_init_drop() };
            }
        }
        // SAFETY: as above.
        unsafe { Slot::free_table(self.slots, slots.len()) };
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_submission_touches_lies_in_few_lines() {
        assert_eq!(size_of::<Table>(), 64);
        assert_eq!(align_of::<Slot>(), 64);
        // A UUID and what stands in front of it.
        assert!(std::mem::offset_of!(Slot, outcome) - std::mem::offset_of!(Slot, arguments) >= 336);
        assert!(std::mem::offset_of!(Slot, arguments) + 36 + 6 + 36 <= 3 * 64);
    }
}

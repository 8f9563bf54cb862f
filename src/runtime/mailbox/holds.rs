//! What a thread has in its hands of a slot, and what becomes of the slot when it lets go.

use std::mem::ManuallyDrop;

use super::key::Key;
use super::outcome::Outcome;
use super::state::{Phase, State};
use super::table::{Header, Slot, Table};
use crate::operations::Arguments;
use crate::sync::Ordering;

/// A slot between being taken and being published.
pub(super) struct Reserved<'a> {
    table: &'a Table,
    slot: &'a Slot,
    index: u32,
    filled: bool,
}

/// A request that everybody can see.
pub(super) struct Published {
    pub(super) key: Key,
    pub(super) slot: usize,
    /// The slot is not among the notices yet, and is to be added.
    pub(super) note: bool,
}

impl<'a> Reserved<'a> {
    pub(super) fn new(table: &'a Table) -> Option<Self> {
        let (index, slot) = table.take()?;
        Some(Self { table, slot, index: index as u32, filled: false })
    }

    fn index(&self) -> usize {
        self.index as usize
    }

    /// The tag the slot had last.
    pub(super) fn tag(&self) -> u64 {
        self.slot.tag.load(Ordering::Relaxed)
    }

    /// Gives the slot, which is returned, another tag.
    pub(super) fn set_tag(&self, tag: u64) -> usize {
        self.slot.tag.store(tag, Ordering::Relaxed);
        self.index()
    }

    /// The arguments, empty at first, in place.
    pub(super) fn arguments(&mut self) -> &mut Arguments {
        let cell = self.slot.arguments.writing();
        // SAFETY: a reserved slot belongs to its reserver alone; the arguments are initialised the first
        // time they are asked for.
        unsafe {
            if !self.filled {
                self.filled = true;
                return Arguments::begin(&mut *cell);
            }
            (*cell).assume_init_mut()
        }
    }

    /// Makes the request visible to all threads. `None` when the client is closed: then nothing happened.
    pub(super) fn publish(mut self, header: Header) -> Option<Published> {
        let heavy = self.arguments().spilled() > 0;
        // SAFETY: a reserved slot belongs to its reserver alone.
        unsafe { (*self.slot.header.writing()).write(header) };
        let pending =
            |state: State| State { phase: Phase::Pending, filled: true, heavy, noted: true, ..state };
        let before = self.slot.transition(|state| (!state.sealed).then(|| pending(state))).ok()?;
        let this = ManuallyDrop::new(self);
        let slot = this.index();
        Some(Published { key: this.table.key(before.generation, slot), slot, note: !before.noted })
    }

    /// Makes it a completion at once, in the hands of the caller. The outcome comes back when the client is closed.
    pub(super) fn publish_collected(self, header: Header, outcome: Outcome) -> Result<Key, Outcome> {
        // SAFETY: a reserved slot belongs to its reserver alone.
        unsafe {
            (*self.slot.header.writing()).write(header);
            (*self.slot.outcome.writing()).write(outcome);
        }
        let filled = self.filled;
        let collected = |state: State| State { phase: Phase::Collected, filled, ..state };
        let Ok(before) = self.slot.transition(|state| (!state.sealed).then(|| collected(state))) else {
            // SAFETY: written above, and still this thread's alone.
            return Err(unsafe { (*self.slot.outcome.writing()).assume_init_read() });
        };
        let this = ManuallyDrop::new(self);
        Ok(this.table.key(before.generation, this.index()))
    }
}

impl Drop for Reserved<'_> {
    #[inline(always)] // so that what is reserved stays in registers
    fn drop(&mut self) {
        give_back(self.table, self.index, self.filled);
    }
}

/// A request that was refused: its slot goes back unused, and its generation with it.
#[cold]
#[inline(never)]
fn give_back(table: &Table, index: u32, filled: bool) {
    let index = index as usize;
    if filled {
        // SAFETY: initialised by `Reserved::arguments`, and still this thread's alone.
        unsafe { (*table.at(index).arguments.writing()).assume_init_drop() };
    }
    table.recycle(index);
}

/// The engine's hold on the arguments of a request.
pub(in crate::runtime) struct Lent<'a> {
    table: &'a Table,
    slot: &'a Slot,
    index: usize,
}

impl<'a> Lent<'a> {
    pub(super) fn new(table: &'a Table, slot: &'a Slot, index: usize) -> Self {
        Self { table, slot, index }
    }

    pub(in crate::runtime) fn header(&self) -> Header {
        // SAFETY: written before Pending was published, and not changed while the arguments are lent.
        unsafe { (*self.slot.header.reading()).assume_init() }
    }

    pub(in crate::runtime) fn arguments(&self) -> &Arguments {
        // SAFETY: written before Pending was published; while they are lent no other thread changes or drops them.
        unsafe { (*self.slot.arguments.reading()).assume_init_ref() }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // SAFETY: they were lent to this thread alone, which is done with them.
        unsafe { (*self.slot.arguments.writing()).assume_init_drop() };
        let before = self.slot.change(|state| match state.phase {
            Phase::Zombie => state.freed(),
            _ => State { lent: false, filled: false, ..state },
        });
        if before.phase == Phase::Zombie {
            self.table.recycle(self.index);
        }
    }
}

/// A completion that cannot be freed while this lives.
pub(crate) struct Reading<'a> {
    slot: &'a Slot,
}

impl<'a> Reading<'a> {
    pub(super) fn new(slot: &'a Slot) -> Self {
        Self { slot }
    }

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
        self.slot.change(|state| State { readers: state.readers.saturating_sub(1), ..state });
    }
}

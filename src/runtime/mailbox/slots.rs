//! The preallocated places requests live in from submission until their completion is freed. What threads compete for
//! is decided by one word each, see [`super::state`].

use super::chain::Links;
use super::front::Front;
use super::holds::{Lent, Reading, Reserved};
use super::key::Key;
use super::outcome::Outcome;
use super::state::{Generation, Phase, State};
use super::submission::Attachment;
use super::table::{Header, Table};
use crate::room::NoMemory;
use crate::sync::AtomicU32;

/// Why a completion cannot be freed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCompletion {
    /// The id names no collected completion.
    Unknown,
    /// Another thread reads the completion at this moment.
    InUse,
}

/// The right to say how a request ended, and the duty.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) slot: usize,
    /// The slot is not among the notices yet, and is to be added.
    pub(super) note: bool,
}

/// What became of a completion that was freed.
#[derive(Debug)]
pub(super) struct Released {
    pub(super) attachment: Attachment,
    /// The engine has something to free: the slot is to be added to the notices.
    pub(super) note: bool,
}

/// What the engine learns about a slot that was noted.
pub(super) enum Notice<'a> {
    /// A request it has not seen. Its arguments are lent.
    Arrived(Key, Lent<'a>),
    /// The request it knows about may have ended.
    Ended,
}

/// What is done with slots, from submitting to freeing.
pub(super) struct Slots(Table);

impl Links for Slots {
    fn link(&self, slot: usize) -> &AtomicU32 {
        self.0.link(slot)
    }
}

impl Slots {
    pub(super) fn new(capacity: u32, first_generation: Generation) -> Result<Self, NoMemory> {
        Table::new(capacity, first_generation).map(Self)
    }

    pub(super) fn front(&self) -> &Front {
        self.0.front()
    }

    /// A generation that no key of this table has reached.
    pub(super) fn next_generation(&self) -> Generation {
        self.0.next_generation()
    }

    /// How many slots were ever used: scans need look no further.
    pub(super) fn used(&self) -> usize {
        self.0.used()
    }

    /// Takes a free slot. It is the caller's alone until published or abandoned.
    pub(super) fn reserve(&self) -> Option<Reserved<'_>> {
        Reserved::new(&self.0)
    }

    /// Whether the request is undecided.
    pub(super) fn is_pending(&self, key: Key) -> bool {
        self.0.find(key).is_some_and(|(_, slot, generation)| slot.state().is_pending(generation))
    }

    /// Whether the key names a request whose completion is not freed yet.
    pub(super) fn exists(&self, key: Key) -> bool {
        self.0.find(key).is_some_and(|(_, slot, generation)| {
            let state = slot.state();
            state.generation == generation && state.names_a_request()
        })
    }

    /// The request that is pending in a slot, if one is.
    pub(super) fn pending_in(&self, index: usize) -> Option<Key> {
        let state = self.0.get(index)?.state();
        (state.phase == Phase::Pending).then(|| self.0.key(state.generation, index))
    }

    /// Looks at a slot that was noted. Only the engine comes here.
    pub(super) fn notice(&self, index: usize) -> Notice<'_> {
        let slot = self.0.at(index);
        let before = slot.change(|state| State { noted: false, lent: state.lent || state.is_new(), ..state });
        if before.is_new() {
            return Notice::Arrived(self.0.key(before.generation, index), Lent::new(&self.0, slot, index));
        }
        if before.wants_cleaning() {
            // SAFETY: a zombie whose arguments are not lent belongs to the engine, which gets one notice of it.
            unsafe { (*slot.arguments.writing()).assume_init_drop() };
            slot.change(State::freed);
            self.0.recycle(index);
        }
        Notice::Ended
    }

    /// Notes that the request is about to be sent. False when it was decided before.
    pub(super) fn begin(&self, key: Key) -> bool {
        self.0.find(key).is_some_and(|(_, slot, generation)| {
            let begin = |state: State| state.is_pending(generation).then_some(State { begun: true, ..state });
            slot.transition(begin).is_ok()
        })
    }

    /// Claims the right to say how the request ended. Exactly one caller per request gets it, and must call
    /// [`Slots::finish`]. With `note` the slot becomes one of the notices to the engine.
    pub(super) fn decide(&self, key: Key, note: bool) -> Option<Decided> {
        let (index, slot, generation) = self.0.find(key)?;
        let decide = |state: State| {
            let decided = State { phase: Phase::Decided, noted: state.noted || note, ..state };
            state.is_pending(generation).then_some(decided)
        };
        let before = slot.transition(decide).ok()?;
        Some(Decided { slot: index, note: note && !before.noted })
    }

    /// What was said of a request, and whether it may have been sent.
    pub(super) fn history<'a>(&'a self, decided: &'a Decided) -> (&'a Header, bool) {
        let slot = self.0.at(decided.slot);
        // SAFETY: written before Pending was published, and not changed before the slot is free again, which it is not
        // before the decision that is borrowed here is carried out.
        let header = unsafe { (*slot.header.reading()).assume_init_ref() };
        (header, slot.state().begun)
    }

    /// Says how a request ended.
    pub(super) fn finish(&self, decided: &Decided, outcome: Outcome) {
        let slot = self.0.at(decided.slot);
        // SAFETY: in the phase Decided the cell belongs to the thread that decided; readers come only
        // after Ready is published below.
        unsafe { (*slot.outcome.writing()).write(outcome) };
        slot.change(|state| State { phase: Phase::Ready, ..state });
    }

    /// Lets nothing be published in a slot any more, and claims the request that is pending in it.
    pub(super) fn seal(&self, index: usize) -> Option<Decided> {
        let before = self.0.at(index).change(|state| {
            let phase = if state.phase == Phase::Pending { Phase::Decided } else { state.phase };
            let noted = state.noted || state.phase == Phase::Pending;
            State { sealed: true, phase, noted, ..state }
        });
        (before.phase == Phase::Pending).then_some(Decided { slot: index, note: !before.noted })
    }

    /// Lets no slot be used that was not used before, and says how many were.
    pub(super) fn close(&self) -> usize {
        self.0.close()
    }

    /// Whether a thread is between deciding a request and saying how it ended.
    pub(super) fn is_being_decided(&self, index: usize) -> bool {
        self.0.at(index).state().phase == Phase::Decided
    }

    /// Hands a finished request to its consumer.
    pub(super) fn collect(&self, index: usize) -> Option<Key> {
        let collect = |state: State| {
            (state.phase == Phase::Ready).then_some(State { phase: Phase::Collected, ..state })
        };
        let before = self.0.get(index)?.transition(collect).ok()?;
        Some(self.0.key(before.generation, index))
    }

    /// Opens a collected completion for reading; it cannot be freed meanwhile.
    pub(super) fn read(&self, key: Key) -> Result<Reading<'_>, NoCompletion> {
        let (_, slot, generation) = self.0.find(key).ok_or(NoCompletion::Unknown)?;
        slot.transition(|state| {
            let readers = state.readers.checked_add(1)?;
            state.is_collected(generation).then_some(State { readers, ..state })
        })
        .map_err(|_| NoCompletion::Unknown)?;
        Ok(Reading::new(slot))
    }

    /// The completion that was collected and not freed in a slot, if there is one.
    pub(super) fn collected_in(&self, index: usize) -> Option<Key> {
        let state = self.0.get(index)?.state();
        (state.phase == Phase::Collected).then(|| self.0.key(state.generation, index))
    }

    /// Frees a collected completion. `take` gets the outcome to move its memory elsewhere.
    pub(super) fn release(&self, key: Key, take: impl FnOnce(Outcome)) -> Result<Released, NoCompletion> {
        let (index, slot, generation) = self.0.find(key).ok_or(NoCompletion::Unknown)?;
        // First it ends reading, so that the cells are this thread's.
        let before = slot
            .transition(|state| {
                let free = state.is_collected(generation) && state.readers == 0;
                free.then_some(State { phase: Phase::Releasing, ..state })
            })
            .map_err(|state| {
                if state.is_collected(generation) { NoCompletion::InUse } else { NoCompletion::Unknown }
            })?;
        // SAFETY: written before Pending; only the one thread that is releasing comes here.
        let attachment = unsafe { (*slot.header.reading()).assume_init_ref() }.attachment;
        // SAFETY: written before Ready; as above.
        take(unsafe { (*slot.outcome.writing()).assume_init_read() });
        let frees_arguments = before.filled && !before.lent && !before.heavy;
        if frees_arguments {
            // SAFETY: they are not lent and cannot be any more: the request is decided. They own no heap memory,
            // dropping only wipes them.
            unsafe { (*slot.arguments.writing()).assume_init_drop() };
        }
        let empty = |state: State| !state.filled || frees_arguments;
        let before = slot.change(|state| {
            if empty(state) {
                return state.freed();
            }
            // Lent: the engine frees the slot when it returns them. Heavy: when it is told.
            State { phase: Phase::Zombie, noted: state.noted || !state.lent, ..state }
        });
        if empty(before) {
            self.0.recycle(index);
        }
        let note = !empty(before) && !before.lent && !before.noted;
        Ok(Released { attachment, note })
    }
}

//! The one word per slot that decides everything threads compete for.
//!
//! ```text
//!            publish            decide (one winner)        collect          release
//!   Free ───────────▶ Pending ───────────▶ Decided ─▶ Ready ───────▶ Collected ──────▶ Releasing ──▶ Free
//!                                                                             arguments still there │
//!                                                                                                   └▶ Zombie ─▶ Free
//! ```

pub(super) type Generation = u32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing is in the slot, or a submitter is filling it.
    Free,
    Pending,
    Decided,
    Ready,
    Collected,
    /// One thread empties it.
    Releasing,
    /// Empty except for its arguments, which one of our threads frees.
    Zombie,
}

/// The state word, taken apart. All zeros is a free slot, so that fresh zeroed memory is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Counts the uses of the slot, so that an id kept too long names nothing.
    pub(super) generation: Generation,
    /// How many threads read the completion: it is not freed under one.
    pub(super) readers: u16,
    /// The engine reads the arguments.
    pub(super) lent: bool,
    /// The arguments are still in the slot: the engine has not taken them.
    pub(super) filled: bool,
    /// It may have been sent.
    pub(super) begun: bool,
    /// The arguments own heap memory, which is not freed on a host's thread.
    pub(super) heavy: bool,
    /// The slot is among the notices to the engine.
    pub(super) noted: bool,
    /// The client is closed: nothing is published in this slot any more.
    pub(super) sealed: bool,
    pub(super) phase: Phase,
}

impl State {
    pub(super) fn unpack(word: u64) -> Self {
        Self {
            generation: (word >> 32) as Generation,
            readers: (word >> 16) as u16,
            lent: word & 0x100 != 0,
            filled: word & 0x200 != 0,
            begun: word & 0x400 != 0,
            heavy: word & 0x2000 != 0,
            noted: word & 0x800 != 0,
            sealed: word & 0x1000 != 0,
            phase: match word as u8 {
                0 => Phase::Free,
                1 => Phase::Pending,
                2 => Phase::Decided,
                3 => Phase::Ready,
                4 => Phase::Collected,
                5 => Phase::Releasing,
                _ => Phase::Zombie,
            },
        }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.generation) << 32
            | u64::from(self.readers) << 16
            | u64::from(self.heavy) << 13
            | u64::from(self.sealed) << 12
            | u64::from(self.noted) << 11
            | u64::from(self.begun) << 10
            | u64::from(self.filled) << 9
            | u64::from(self.lent) << 8
            | self.phase as u64
    }

    /// The next use of the slot. Notices and the seal belong to the slot, not to the request in it.
    pub(super) fn freed(self) -> Self {
        Self {
            generation: self.generation.wrapping_add(1),
            readers: 0,
            lent: false,
            filled: false,
            begun: false,
            heavy: false,
            phase: Phase::Free,
            ..self
        }
    }

    pub(super) fn is_pending(self, generation: Generation) -> bool {
        self.generation == generation && self.phase == Phase::Pending
    }

    pub(super) fn is_collected(self, generation: Generation) -> bool {
        self.generation == generation && self.phase == Phase::Collected
    }

    /// The engine has not seen the request yet.
    pub(super) fn is_new(self) -> bool {
        self.phase == Phase::Pending && self.filled && !self.lent
    }

    /// The arguments are there and will never be taken: the engine is to free them.
    pub(super) fn wants_cleaning(self) -> bool {
        self.phase == Phase::Zombie && self.filled && !self.lent
    }

    pub(super) fn names_a_request(self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Decided | Phase::Ready | Phase::Collected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_packing() {
        for phase in [
            Phase::Free,
            Phase::Pending,
            Phase::Decided,
            Phase::Ready,
            Phase::Collected,
            Phase::Releasing,
            Phase::Zombie,
        ] {
            for bits in 0..64_u8 {
                let flag = |bit: u8| bits >> bit & 1 != 0;
                let state = State {
                    generation: 0xdead_beef,
                    readers: 0xabc,
                    lent: flag(0),
                    filled: flag(1),
                    begun: flag(2),
                    noted: flag(3),
                    sealed: flag(4),
                    heavy: flag(5),
                    phase,
                };
                assert_eq!(State::unpack(state.pack()), state);
            }
        }
        assert_eq!(State::unpack(0).phase, Phase::Free);
    }
}

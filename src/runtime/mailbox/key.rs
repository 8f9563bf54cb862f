//! The name of one request.

use super::state::Generation;

/// Most slots one client can have: well below the 24 bits an id has for them.
pub(crate) const MAX_SLOTS: u32 = 1 << 20;

/// Names one request: a slot and its generation. Never zero, whatever the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

impl Key {
    const SLOT_MASK: u64 = 0x00ff_ffff;

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// 32 bits of generation, 8 zero bits (for a face to number its clients in), 24 bits of slot, counted from 1.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn new(generation: Generation, slot: usize) -> Self {
        Self(u64::from(generation) << 32 | (slot as u64 + 1))
    }

    /// The slot it names: below the client's capacity for every key the mailbox gives out. `None` for a made-up key
    /// that names none.
    pub(super) fn slot(self) -> Option<usize> {
        if self.0 & 0xff00_0000 != 0 {
            return None;
        }
        ((self.0 & Self::SLOT_MASK) as usize).checked_sub(1)
    }

    pub(super) fn generation(self) -> Generation {
        (self.0 >> 32) as Generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_zero_and_names_its_slot() {
        for generation in [0, 1, u32::MAX] {
            for slot in [0, 1, MAX_SLOTS as usize - 1] {
                let key = Key::new(generation, slot);
                assert_ne!(key.bits(), 0);
                assert_eq!((key.generation(), key.slot()), (generation, Some(slot)));
            }
        }
        assert_eq!(Key::from_bits(0).slot(), None);
        assert_eq!(Key::from_bits(1 << 24 | 1).slot(), None, "the byte of a face is not the mailbox's");
    }
}

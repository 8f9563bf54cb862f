//! Where chance comes from.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A number of the system's. fastrand's own generator would leave the calling thread, which is the host's, with memory that
/// a main thread never frees.
pub(super) fn draw() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_the_same() {
        assert_ne!(super::draw(), super::draw());
    }
}

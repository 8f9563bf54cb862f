//! How large answers are likely to be: room for them is set aside before they are asked for.

use crate::operations::OperationId;

/// What an operation's answers took lately. Grows at once, shrinks slowly.
#[derive(Debug)]
pub(super) struct Expected([usize; Self::OPERATIONS]);

impl Expected {
    const OPERATIONS: usize = 16;
    /// Until something is known, at least, and at most.
    const FIRST: usize = 4 * 1024;
    const FIRST_AT_MOST: usize = 1024 * 1024;

    /// Knows nothing yet: as much is set aside for each answer as all workers together can have, so that the first answers
    /// fit however large they are, within reason.
    pub(super) fn new(max_held_bytes: usize, max_workers: usize) -> Self {
        let share = max_held_bytes / max_workers.max(1);
        Self([share.clamp(Self::FIRST, Self::FIRST_AT_MOST); Self::OPERATIONS])
    }

    /// Bytes to set aside.
    pub(super) fn bytes(&self, operation: OperationId) -> usize {
        self.0[operation as usize % Self::OPERATIONS]
    }

    /// An answer took this many bytes.
    pub(super) fn learn(&mut self, operation: OperationId, bytes: usize) {
        let expected = &mut self.0[operation as usize % Self::OPERATIONS];
        *expected = bytes.max(*expected - *expected / 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_at_once_and_shrinks_slowly() {
        let mut expected = Expected::new(64 << 20, 64);
        assert_eq!(expected.bytes(OperationId::Request), 1 << 20);
        let operation = OperationId::LookupCustomer;
        expected.learn(operation, 1_000_000);
        assert_eq!(expected.bytes(operation), 1_000_000);
        expected.learn(operation, 1_000);
        assert!(expected.bytes(operation) > 900_000);
        (0..200).for_each(|_| expected.learn(operation, 1_000));
        assert!(expected.bytes(operation) < 1_100);
    }
}

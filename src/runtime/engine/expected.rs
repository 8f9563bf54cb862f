//! How large answers are likely to be: room for them is set aside before they are asked for.

use crate::operations::OperationId;

/// What an operation's answers took lately. Grows at once, shrinks slowly.
#[derive(Debug)]
pub(super) struct Expected([usize; Self::OPERATIONS]);

impl Expected {
    const OPERATIONS: usize = 16;
    /// Until something is known.
    const FIRST: usize = 4 * 1024;
    const FIRST_LIST: usize = 256 * 1024;

    /// Bytes to set aside.
    pub(super) fn bytes(&self, operation: OperationId) -> usize {
        self.0[operation as usize % Self::OPERATIONS]
    }

    /// An answer took so many.
    pub(super) fn learn(&mut self, operation: OperationId, bytes: usize) {
        let expected = &mut self.0[operation as usize % Self::OPERATIONS];
        *expected = bytes.max(*expected - *expected / 16);
    }
}

impl Default for Expected {
    fn default() -> Self {
        let mut expected = [Self::FIRST; Self::OPERATIONS];
        for list in [OperationId::ListCustomers, OperationId::BulkCreateCustomers] {
            expected[list as usize] = Self::FIRST_LIST;
        }
        Self(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_at_once_and_shrinks_slowly() {
        let mut expected = Expected::default();
        let operation = OperationId::LookupCustomer;
        expected.learn(operation, 1_000_000);
        assert_eq!(expected.bytes(operation), 1_000_000);
        expected.learn(operation, 1_000);
        assert!(expected.bytes(operation) > 900_000);
        (0..200).for_each(|_| expected.learn(operation, 1_000));
        assert!(expected.bytes(operation) < 1_100);
    }
}

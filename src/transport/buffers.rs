//! Buffers that are wiped before their memory is freed: credentials and tokens pass through them.

use std::fmt;

use ureq::unversioned::transport::Buffers;
use zeroize::{Zeroize, Zeroizing};

/// What ureq reads and writes through. Allocated when first used, and never moved, so that no copy stays behind.
pub(super) struct WipedBuffers {
    input: Zeroizing<Vec<u8>>,
    /// Bytes of `input` that are read already, and up to where it is filled.
    consumed: usize,
    filled: usize,
    input_size: usize,
    output: Zeroizing<Vec<u8>>,
    output_size: usize,
    /// Whether the last read took anything.
    progress: bool,
}

impl fmt::Debug for WipedBuffers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WipedBuffers").finish_non_exhaustive()
    }
}

impl WipedBuffers {
    pub(super) fn new(input_size: usize, output_size: usize) -> Self {
        Self {
            input: Zeroizing::default(),
            consumed: 0,
            filled: 0,
            input_size,
            output: Zeroizing::default(),
            output_size,
            progress: false,
        }
    }

    /// Forgets output that has been passed on.
    pub(super) fn wipe_output(&mut self, amount: usize) {
        self.output[..amount].zeroize();
    }

    fn free(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = Zeroizing::new(vec![0; self.input_size]);
        }
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        &mut self.input[self.filled..]
    }

    fn allocate_output(&mut self) {
        if self.output.is_empty() {
            self.output = Zeroizing::new(vec![0; self.output_size]);
        }
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate_output();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.free()
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled = (self.filled + amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed = (self.consumed + amount).min(self.filled);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.allocate_output();
        self.free();
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progress && self.consumed < self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_read_in_order_and_room_comes_back() {
        let mut buffers = WipedBuffers::new(8, 4);
        assert!(buffers.input().is_empty());
        buffers.input_append_buf()[..6].copy_from_slice(b"abcdef");
        buffers.input_appended(6);
        assert!(!buffers.can_use_input(), "nothing was read since it came");
        buffers.input_consume(4);
        assert_eq!((buffers.input(), buffers.can_use_input()), (&b"ef"[..], true));
        let room = buffers.input_append_buf();
        assert_eq!(room.len(), 6);
        room[..2].copy_from_slice(b"gh");
        buffers.input_appended(2);
        assert_eq!(buffers.input(), b"efgh");
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
        buffers.input_consume(9);
        assert!(buffers.input().is_empty());
        let (scratch, output) = buffers.tmp_and_output();
        assert_eq!((scratch.len(), output.len()), (8, 4));
        buffers.output().copy_from_slice(b"key!");
        buffers.wipe_output(4);
        assert_eq!(buffers.output(), [0; 4]);
    }
}

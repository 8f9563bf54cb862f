//! Buffers that are wiped before their memory is freed: credentials and tokens pass through them.

use std::fmt;

use ureq::unversioned::transport::Buffers;
use zeroize::{Zeroize, Zeroizing};

use crate::room::{self, NoMemory};

/// Longest head of an answer.
pub(super) const MAX_RESPONSE_HEAD: usize = 16 * 1024;
/// Larger than any head: a buffer that is full before the limit is reached looks like a closed connection.
pub(super) const INPUT_BUFFER: usize = MAX_RESPONSE_HEAD + 8 * 1024;
/// Room for a request's head: the longest token, the longest path and the rest.
pub(super) const OUTPUT_BUFFER: usize = 16 * 1024;

/// What ureq reads and writes through. Never moved, so that no copy stays behind.
pub(super) struct WipedBuffers {
    input: Zeroizing<Vec<u8>>,
    /// Bytes of `input` that are read already, and up to where it is filled.
    consumed: usize,
    filled: usize,
    output: Zeroizing<Vec<u8>>,
    /// Whether the last read took anything.
    progress: bool,
}

impl fmt::Debug for WipedBuffers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WipedBuffers").finish_non_exhaustive()
    }
}

impl WipedBuffers {
    pub(super) fn new(input_size: usize, output_size: usize) -> Result<Self, NoMemory> {
        Ok(Self {
            input: zeros(input_size)?,
            consumed: 0,
            filled: 0,
            output: zeros(output_size)?,
            progress: false,
        })
    }

    /// As large as one connection's are.
    pub(super) fn for_http() -> Result<Self, NoMemory> {
        Self::new(INPUT_BUFFER, OUTPUT_BUFFER)
    }

    /// Input that is not read yet.
    pub(super) fn unread(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    /// Room for more input, and how much of it was filled.
    pub(super) fn append_to_input(&mut self) -> &mut [u8] {
        self.free()
    }

    pub(super) fn appended_to_input(&mut self, amount: usize) {
        self.filled = (self.filled + amount).min(self.input.len());
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed = (self.consumed + amount).min(self.filled);
    }

    /// The output buffer, or as much of it as there is.
    pub(super) fn output_up_to(&mut self, amount: usize) -> &mut [u8] {
        let amount = amount.min(self.output.len());
        &mut self.output[..amount]
    }

    /// Forgets output that has been passed on.
    pub(super) fn wipe_output(&mut self, amount: usize) {
        self.output[..amount].zeroize();
    }

    fn free(&mut self) -> &mut [u8] {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        &mut self.input[self.filled..]
    }
}

fn zeros(size: usize) -> Result<Zeroizing<Vec<u8>>, NoMemory> {
    let mut bytes = room::list(size)?;
    bytes.resize(size, 0);
    Ok(Zeroizing::new(bytes))
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.unread()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.append_to_input()
    }

    fn input_appended(&mut self, amount: usize) {
        self.appended_to_input(amount);
    }

    fn input_consume(&mut self, amount: usize) {
        self.consume(amount);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
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
        let mut buffers = WipedBuffers::new(8, 4).unwrap();
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

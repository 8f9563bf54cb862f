//! Commands, written as Redis reads them.

use std::io::Write;

use zeroize::Zeroizing;

use crate::room::NoMemory;

/// Most bytes of one batch.
pub(super) const LONGEST_BATCH: usize = 1024 * 1024;

/// A batch of commands that go out together, in order: `Commands::new().add(&[b"GET", key]).add(&[b"GET", other])`.
#[derive(Default)]
pub(crate) struct Commands {
    /// Wiped: the first command of a connection has the password.
    bytes: Zeroizing<Vec<u8>>,
    count: usize,
    is_incomplete: bool,
}

impl Commands {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a command: its name, and its arguments as bytes. For want of memory the batch is refused when it is sent.
    #[must_use]
    pub(crate) fn add(mut self, command: &[&[u8]]) -> Self {
        self.count += 1;
        self.is_incomplete |= self.write(command).is_err();
        self
    }

    fn write(&mut self, command: &[&[u8]]) -> Result<(), NoMemory> {
        /// Of a count with its mark and its line ends.
        const OVERHEAD: usize = 32;
        let size = command.iter().fold(OVERHEAD, |sum, argument| sum + argument.len() + OVERHEAD);
        self.bytes.try_reserve(size)?;
        // Writing into memory that is there cannot fail.
        let _ = write!(self.bytes, "*{}\r\n", command.len());
        for argument in command {
            let _ = write!(self.bytes, "${}\r\n", argument.len());
            self.bytes.extend_from_slice(argument);
            self.bytes.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    /// How many commands there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// What is sent; `None` when there was no memory for all of it.
    pub(in crate::network) fn bytes(&self) -> Option<&[u8]> {
        (!self.is_incomplete).then_some(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Commands;
    use crate::room::counting::each_refused;

    #[test]
    fn commands_are_arrays_of_byte_strings() {
        let batch = Commands::new().add(&[b"GET", b"a\r\nb"]).add(&[b"PING"]).add(&[b"SET", b"k", b""]);
        assert_eq!(batch.len(), 3);
        assert_eq!(
            batch.bytes().unwrap(),
            b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"
        );
    }

    #[test]
    fn a_batch_that_found_no_memory_is_not_sent_in_part() {
        let value = [7; 5_000];
        each_refused(1, || {
            let batch = Commands::new().add(&[b"PING"]).add(&[b"SET", b"k", &value]);
            batch.bytes().map(drop).ok_or(crate::room::NoMemory)
        });
    }
}

//! Commands, written as Redis reads them.

use std::io::Write;
use std::ops::Range;

use zeroize::Zeroize;

use super::script::Script;
use crate::room::NoMemory;

/// Most bytes of one batch.
pub(super) const LONGEST_BATCH: usize = 1024 * 1024;
/// Of a count with its mark and its line ends.
const OVERHEAD: usize = 32;

/// A batch of commands that go out together, in order: `Commands::new().add(&[b"GET", key]).add(&[b"GET", other])`.
#[derive(Default)]
pub(crate) struct Commands {
    bytes: Wiped,
    count: usize,
    is_incomplete: bool,
    /// The script that the only command calls by its name, and where it does.
    script: Option<(&'static Script, Range<usize>)>,
}

/// Wiped when it is dropped: the first command of a connection has the password.
#[derive(Default)]
struct Wiped(Vec<u8>);

impl Drop for Wiped {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
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
        let size = command.iter().fold(OVERHEAD, |sum, argument| sum + argument.len() + OVERHEAD);
        self.bytes.0.try_reserve(size)?;
        self.write_number(b'*', command.len());
        for argument in command {
            self.write_argument(argument);
        }
        Ok(())
    }

    /// There is room for it.
    #[inline(never)]
    fn write_argument(&mut self, argument: &[u8]) {
        self.write_number(b'$', argument.len());
        self.bytes.0.extend_from_slice(argument);
        self.bytes.0.extend_from_slice(b"\r\n");
    }

    fn write_number(&mut self, mark: u8, number: usize) {
        // Writing into memory that is there cannot fail.
        let _ = write!(self.bytes.0, "{}{number}\r\n", char::from(mark));
    }

    /// One command: a script by its name, with its keys (their number first) and arguments. A Redis that does not know it
    /// answers NOSCRIPT, and wants it [`whole`](Self::whole).
    pub(crate) fn script(script: &'static Script, arguments: &[&[u8]]) -> Self {
        let mut batch = Self { count: 1, ..Self::default() };
        batch.is_incomplete = batch.write_script(script, arguments).is_err();
        batch
    }

    fn write_script(&mut self, script: &'static Script, arguments: &[&[u8]]) -> Result<(), NoMemory> {
        let size = arguments.iter().fold(OVERHEAD, |sum, argument| sum + argument.len() + OVERHEAD);
        self.bytes.0.try_reserve(size + 4 * OVERHEAD)?;
        self.write_number(b'*', 2 + arguments.len());
        let start = self.bytes.0.len();
        self.write_argument(b"EVALSHA");
        self.write_argument(&script.hash);
        self.script = Some((script, start..self.bytes.0.len()));
        for argument in arguments {
            self.write_argument(argument);
        }
        Ok(())
    }

    /// The same with the script in place of its name, which every Redis can run. `None` where it calls none by its name.
    pub(crate) fn whole(&self) -> Option<Self> {
        let (script, place) = self.script.as_ref()?;
        let mut batch = Self { count: 1, is_incomplete: self.is_incomplete, ..Self::default() };
        if batch.bytes.0.try_reserve(self.bytes.0.len() + script.len() + 2 * OVERHEAD).is_err() {
            batch.is_incomplete = true;
            return Some(batch);
        }
        batch.bytes.0.extend_from_slice(&self.bytes.0[..place.start]);
        batch.write_argument(b"EVAL");
        batch.write_number(b'$', script.len());
        for piece in script.pieces {
            batch.bytes.0.extend_from_slice(piece.as_bytes());
        }
        batch.bytes.0.extend_from_slice(b"\r\n");
        batch.bytes.0.extend_from_slice(&self.bytes.0[place.end..]);
        Some(batch)
    }

    /// A copy of what may have to be sent again, if there is something and memory for it.
    pub(super) fn to_repeat(&self) -> Result<Option<Self>, NoMemory> {
        if self.script.is_none() {
            return Ok(None);
        }
        let mut copy = Self { count: self.count, script: self.script.clone(), ..Self::default() };
        copy.bytes.0.try_reserve_exact(self.bytes.0.len())?;
        copy.bytes.0.extend_from_slice(&self.bytes.0);
        Ok(Some(copy))
    }

    /// How many commands there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// What is sent; `None` when there was no memory for all of it.
    pub(in crate::network) fn bytes(&self) -> Option<&[u8]> {
        (!self.is_incomplete).then_some(&self.bytes.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Commands, Script};
    use crate::room::counting::each_refused;

    static SCRIPT: Script = Script::new(&["return", " 1"]);

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
    fn a_script_goes_by_its_name_and_then_whole() {
        let named = Commands::script(&SCRIPT, &[b"1", b"key"]);
        let bytes = |batch: &Commands| String::from_utf8(batch.bytes().unwrap().to_vec()).unwrap();
        let rest = "$1\r\n1\r\n$3\r\nkey\r\n";
        let call = "*4\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n";
        assert_eq!(bytes(&named), format!("{call}{rest}"));
        let copy = named.to_repeat().unwrap().unwrap();
        assert_eq!((bytes(&copy), copy.len()), (bytes(&named), 1));
        for whole in [named.whole().unwrap(), copy.whole().unwrap()] {
            assert_eq!(bytes(&whole), format!("*4\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n{rest}"));
            assert_eq!(whole.len(), 1);
            assert!(whole.whole().is_none() && whole.to_repeat().unwrap().is_none());
        }
        assert!(Commands::new().add(&[b"PING"]).to_repeat().unwrap().is_none());
    }

    #[test]
    fn a_script_that_finds_no_memory_is_not_sent_in_part() {
        each_refused(1, || {
            let named = Commands::script(&SCRIPT, &[b"0"]);
            named.bytes().ok_or(crate::room::NoMemory)?;
            named.to_repeat()?;
            named.whole().unwrap().bytes().map(drop).ok_or(crate::room::NoMemory)
        });
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

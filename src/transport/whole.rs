//! Reading something to its end, into memory that may be refused and is wiped.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::local;
use crate::room;

/// Room that is made at least when something turns out to be longer than expected.
const STEP: usize = 4 * 1024;
/// Most that is believed of what is expected: a server may promise more than it sends.
const BELIEVED: usize = 256 * 1024;
/// Most that is read at once, and so touched before it is known to come.
const CHUNK: usize = 16 * 1024;

/// Everything `reader` brings; it must end. `expected` is how much that probably is. What is outgrown is wiped: a copy of
/// a token must not stay behind.
pub(super) fn read_whole(mut reader: impl Read, expected: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut whole = with_room(expected.min(BELIEVED))?;
    loop {
        let mut filled = whole.len();
        if filled == whole.capacity() {
            // Whether there is more, before room is made for it.
            let mut next = [0];
            if read_some(&mut reader, &mut next)? == 0 {
                return Ok(whole);
            }
            let mut larger = with_room((filled + STEP).max(filled.saturating_mul(2)))?;
            larger.extend_from_slice(&whole);
            larger.push(next[0]);
            whole = larger;
            filled += 1;
        }
        let end = whole.capacity().min(filled + CHUNK);
        whole.resize(end, 0);
        let read = read_some(&mut reader, &mut whole[filled..]);
        whole.truncate(filled + *read.as_ref().unwrap_or(&0));
        if read? == 0 {
            return Ok(whole);
        }
    }
}

fn with_room(bytes: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    room::list(bytes).map(Zeroizing::new).map_err(local::no_memory)
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::each_refused;

    #[test]
    fn everything_is_read_whatever_was_expected() {
        for length in [0, 1, 2, 4_095, 4_096, 4_097, 100_000, 600_000] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for expected in [0, 1, length / 2, length, length + 1, 2 * length] {
                assert_eq!(*read_whole(&bytes[..], expected).unwrap(), bytes, "{length}, {expected}");
            }
        }
    }

    #[test]
    fn an_error_on_the_way_is_an_error() {
        let broken = b"abc".chain(Broken);
        assert_eq!(read_whole(broken, 100).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }

    #[test]
    fn what_there_is_no_memory_for_is_told_so() {
        let bytes = vec![7; 100_000];
        let refused = each_refused(1_000, || {
            read_whole(&bytes[..], 1_000).map_err(|error| {
                assert!(local::lack(&error).is_some(), "{error}");
                error.kind()
            })
        });
        assert!(refused >= 6, "{refused}");
    }
}

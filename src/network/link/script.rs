//! Scripts, and what a Redis calls them.

/// A script in pieces, which several may have in common, and its name in Redis: the SHA-1 of all of it. That is made when the
/// library is compiled.
pub(crate) struct Script {
    pub(super) hash: [u8; 40],
    pub(super) pieces: &'static [&'static str],
}

impl Script {
    pub(crate) const fn new(pieces: &'static [&'static str]) -> Self {
        Self { hash: hexadecimal(&sha1(pieces)), pieces }
    }

    /// How long it is.
    pub(super) fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }
}

const fn hexadecimal(words: &[u32; 5]) -> [u8; 40] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 40];
    let mut place = 0;
    while place < text.len() {
        text[place] = DIGITS[(words[place / 8] >> (28 - 4 * (place % 8))) as usize & 15];
        place += 1;
    }
    text
}

/// SHA-1, as FIPS 180-4 has it. A name, and no protection: what Redis runs, it runs for all that may write to it.
const fn sha1(pieces: &[&str]) -> [u32; 5] {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let (mut block, mut held, mut length) = ([0; 64], 0, 0_u64);
    let mut index = 0;
    while index < pieces.len() {
        let bytes = pieces[index].as_bytes();
        let mut place = 0;
        while place < bytes.len() {
            block[held] = bytes[place];
            held += 1;
            if held == block.len() {
                state = compressed(state, &block);
                held = 0;
            }
            place += 1;
        }
        length += bytes.len() as u64;
        index += 1;
    }
    block[held] = 0x80;
    held += 1;
    // The end holds the length in bits, in its last eight bytes.
    while held != 56 {
        if held == block.len() {
            state = compressed(state, &block);
            held = 0;
            continue;
        }
        block[held] = 0;
        held += 1;
    }
    let bits = (length * 8).to_be_bytes();
    while held < block.len() {
        block[held] = bits[held - 56];
        held += 1;
    }
    compressed(state, &block)
}

const fn compressed(state: [u32; 5], block: &[u8; 64]) -> [u32; 5] {
    let mut schedule = [0_u32; 80];
    let mut round = 0;
    while round < 80 {
        schedule[round] = if round < 16 {
            let at = 4 * round;
            u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        } else {
            let mixed =
                schedule[round - 3] ^ schedule[round - 8] ^ schedule[round - 14] ^ schedule[round - 16];
            mixed.rotate_left(1)
        };
        round += 1;
    }
    let [mut a, mut b, mut c, mut d, mut e] = state;
    round = 0;
    while round < 80 {
        let (mixed, constant) = match round / 20 {
            0 => ((b & c) | (!b & d), 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(mixed)
            .wrapping_add(e)
            .wrapping_add(constant)
            .wrapping_add(schedule[round]);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        round += 1;
    }
    [
        state[0].wrapping_add(a),
        state[1].wrapping_add(b),
        state[2].wrapping_add(c),
        state[3].wrapping_add(d),
        state[4].wrapping_add(e),
    ]
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

    use super::Script;

    #[test]
    fn redis_names_a_script_by_its_hash() {
        assert_eq!(&Script::new(&["return 1"]).hash, b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        assert_eq!(&Script::new(&["ret", "", "urn 1"]).hash, b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }

    const LENGTHS: usize = 200;

    static LONGEST: [u8; LENGTHS] = [b'x'; LENGTHS];

    /// A script of each length.
    static SCRIPTS: [[&str; 1]; LENGTHS] = {
        let mut scripts = [[""]; LENGTHS];
        let mut length = 0;
        while length < LENGTHS {
            scripts[length] = match str::from_utf8(LONGEST.split_at(length).0) {
                Ok(text) => [text],
                Err(_) => panic!("ASCII"),
            };
            length += 1;
        }
        scripts
    };

    #[test]
    fn of_whatever_length() {
        for pieces in &SCRIPTS {
            let expected = digest(&SHA1_FOR_LEGACY_USE_ONLY, pieces[0].as_bytes());
            let expected: String = expected.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(Script::new(pieces).hash.as_slice(), expected.as_bytes(), "{}", pieces[0].len());
        }
    }
}

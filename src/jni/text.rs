//! Java's strings as the text the library speaks.
//!
//! They cross as UTF-16: what JNI calls UTF-8 is a dialect in which an emoji is six bytes. Ordinary ones are converted on
//! the stack, so that a submitting thread does not allocate.

use jni::sys::{jobjectArray, jstring};
use zeroize::Zeroize;

use super::env::Caller;
use crate::operations::InvalidArgument;
use crate::room::{self, NoMemory};

/// Longest string that is converted on the stack, in UTF-16 units. Each becomes at most three bytes.
const INLINE_UNITS: usize = 64;
/// Longest string that is converted at all: no request is longer.
const LONGEST: usize = 8 * 1024 * 1024;

/// A string of the caller's, converted. Wiped on drop if it is a credential.
pub(super) struct JavaText {
    inline: [u8; INLINE_UNITS * 3],
    length: usize,
    long: String,
    is_secret: bool,
}

impl JavaText {
    /// Reads a string; `None` for null. `name` is what an error calls it.
    pub(super) fn read(
        caller: Caller,
        name: &'static str,
        string: jstring,
    ) -> Result<Option<Self>, InvalidArgument> {
        Self::read_as(caller, name, string, false)
    }

    /// Reads a credential.
    pub(super) fn read_secret(
        caller: Caller,
        name: &'static str,
        string: jstring,
    ) -> Result<Option<Self>, InvalidArgument> {
        Self::read_as(caller, name, string, true)
    }

    fn read_as(
        caller: Caller,
        name: &'static str,
        string: jstring,
        is_secret: bool,
    ) -> Result<Option<Self>, InvalidArgument> {
        if string.is_null() {
            return Ok(None);
        }
        let length = caller.string_length(string);
        if length > LONGEST {
            return Err(InvalidArgument::new(name, "makes the request longer than 8 MiB"));
        }
        if length <= INLINE_UNITS {
            let mut units = [0; INLINE_UNITS];
            caller.string_units(string, &mut units[..length]);
            let text = Self::convert(&units[..length], name, is_secret);
            if is_secret {
                units.zeroize();
            }
            text.map(Some)
        } else {
            let mut units = room::list(length).map_err(|NoMemory| InvalidArgument::without_memory(name))?;
            units.resize(length, 0);
            caller.string_units(string, &mut units);
            let text = Self::convert(&units, name, is_secret);
            if is_secret {
                units.zeroize();
            }
            text.map(Some)
        }
    }

    fn convert(units: &[u16], name: &'static str, is_secret: bool) -> Result<Self, InvalidArgument> {
        let mut text = Self { inline: [0; _], length: 0, long: String::new(), is_secret };
        if units.len() > INLINE_UNITS {
            // As long as it can get: growing would leave copies of a credential behind.
            let reserved = text.long.try_reserve_exact(units.len() * 3);
            reserved.map_err(|_| InvalidArgument::without_memory(name))?;
        }
        for unit in char::decode_utf16(units.iter().copied()) {
            let character = unit.map_err(|_| {
                InvalidArgument::new(name, "holds half of a surrogate pair, which is not a character")
            })?;
            if units.len() > INLINE_UNITS {
                text.long.push(character);
            } else {
                text.length += character.encode_utf8(&mut text.inline[text.length..]).len();
            }
        }
        Ok(text)
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        if self.long.is_empty() {
            std::str::from_utf8(&self.inline[..self.length]).expect("made of characters")
        } else {
            &self.long
        }
    }
}

impl Drop for JavaText {
    fn drop(&mut self) {
        if self.is_secret {
            self.inline.zeroize();
            self.long.zeroize();
        }
    }
}

/// The text, if there is one.
pub(super) fn optional(text: &Option<JavaText>) -> Option<&str> {
    text.as_ref().map(JavaText::as_str)
}

/// Strings of an array, one after the other.
pub(super) struct JavaTexts {
    caller: Caller,
    array: jobjectArray,
    length: usize,
    next: usize,
}

impl JavaTexts {
    pub(super) fn new(caller: Caller, array: jobjectArray) -> Self {
        Self { caller, array, length: caller.array_length(array), next: 0 }
    }

    /// The next one; `None` for null, and beyond the end.
    pub(super) fn next(&mut self, name: &'static str) -> Result<Option<JavaText>, InvalidArgument> {
        self.take(|caller, string| JavaText::read(caller, name, string))
    }

    /// The next one, a credential.
    pub(super) fn next_secret(&mut self, name: &'static str) -> Result<Option<JavaText>, InvalidArgument> {
        self.take(|caller, string| JavaText::read_secret(caller, name, string))
    }

    /// How many there are.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Whether there is one more.
    pub(super) fn has_next(&self) -> bool {
        self.next < self.length
    }

    fn take(
        &mut self,
        read: impl FnOnce(Caller, jstring) -> Result<Option<JavaText>, InvalidArgument>,
    ) -> Result<Option<JavaText>, InvalidArgument> {
        if self.next >= self.length {
            return Ok(None);
        }
        let index = self.next;
        self.next += 1;
        self.caller.with_element(self.array, index, |string| read(self.caller, string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(text: &str) -> String {
        let units: Vec<u16> = text.encode_utf16().collect();
        JavaText::convert(&units, "name", false).unwrap().as_str().to_owned()
    }

    #[test]
    fn every_character_survives() {
        for text in ["", "Notch", "Grünes Bäumchen", "春の山", "🔥Ember🔥", "a\0b"] {
            assert_eq!(converted(text), text);
        }
        for length in [INLINE_UNITS - 1, INLINE_UNITS, INLINE_UNITS + 1, 5_000] {
            assert_eq!(converted(&"春".repeat(length)), "春".repeat(length));
        }
    }

    #[test]
    fn a_long_one_there_is_no_memory_for_is_refused() {
        let units = [0x61; 5_000];
        let converted = || JavaText::convert(&units, "search", false).map(|text| text.as_str().len());
        let (refused, _) = crate::room::counting::refusing(0, 1, converted);
        assert!(refused.unwrap_err().is_without_memory());
        assert_eq!(converted(), Ok(5_000));
    }

    #[test]
    fn half_a_pair_is_refused_by_name() {
        for units in [vec![0xd83d], vec![0xdd25, 0x61], vec![0xd83d; 100]] {
            let error = JavaText::convert(&units, "search", false).err().unwrap();
            assert_eq!(error.argument(), "search");
        }
    }
}

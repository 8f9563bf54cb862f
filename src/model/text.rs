//! Immutable text that can be lent to a C caller without copying.

use std::fmt;

use super::heap::{HeapBytes, block};
use crate::room::{NoMemory, TryClone};

/// UTF-8 text that is followed in memory by one NUL byte.
///
/// Everything the library hands out is text of this kind, so that a face whose strings end in NUL can
/// lend it for as long as the value lives. A NUL *inside* the text (JSON allows `\u0000`) is kept: a
/// reader that stops at NUL sees the part before it, a reader that takes the length sees all of it.
///
/// Empty text takes no memory.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(
    /// The NUL included, except when the text is empty.
    Box<str>,
);

impl Text {
    /// The text, without the NUL that follows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0[..self.len()]
    }

    /// Pointer to the first byte; [`Text::len`] bytes of UTF-8 and one NUL follow.
    #[must_use]
    pub fn as_ptr(&self) -> *const std::ffi::c_char {
        if self.0.is_empty() { c"".as_ptr() } else { self.0.as_ptr().cast() }
    }

    /// Length in bytes, without the NUL that follows the text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// A copy of a text.
    pub(crate) fn copy_of(text: &str) -> Result<Self, NoMemory> {
        Self::of_length(text.len(), |copy| copy.push_str(text))
    }

    /// The text that these characters make.
    pub(crate) fn of_chars(chars: impl Iterator<Item = char> + Clone) -> Result<Self, NoMemory> {
        Self::of_length(chars.clone().map(char::len_utf8).sum(), |text| text.extend(chars))
    }

    /// A text with arguments in it, which are read twice.
    pub(crate) fn format(arguments: fmt::Arguments<'_>) -> Result<Self, NoMemory> {
        struct Count(usize);

        impl fmt::Write for Count {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len();
                Ok(())
            }
        }

        let mut count = Count(0);
        // Neither of the two ever fails.
        let _ = fmt::write(&mut count, arguments);
        Self::of_length(count.0, |text| {
            let _ = fmt::write(text, arguments);
        })
    }

    /// A text of so many bytes, which are written by `fill`: allocated once, with its NUL.
    fn of_length(length: usize, fill: impl FnOnce(&mut String)) -> Result<Self, NoMemory> {
        if length == 0 {
            return Ok(Self(Box::default()));
        }
        let mut text = String::new();
        text.try_reserve_exact(length + 1)?;
        fill(&mut text);
        text.push('\0');
        Ok(Self(text.into_boxed_str()))
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl HeapBytes for Text {
    fn heap_bytes(&self) -> usize {
        let Self(text) = self;
        block(text.len())
    }
}

impl TryClone for Text {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        Self::copy_of(self)
    }
}

impl zeroize::Zeroize for Text {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Text {
    fn from(mut text: String) -> Self {
        if text.is_empty() {
            return Self(Box::default());
        }
        text.reserve_exact(1);
        text.push('\0');
        Self(text.into_boxed_str())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self(Box::default());
        }
        let mut owned = String::with_capacity(text.len() + 1);
        owned.push_str(text);
        owned.into()
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::Text;
    use crate::room::counting::{each_refused, held_by};

    #[test]
    fn is_followed_by_nul_and_hides_it() {
        let text = Text::from("Notch");
        assert_eq!(text, "Notch");
        assert_eq!(text.len(), 5);
        assert_eq!(text.0.as_bytes(), b"Notch\0");
    }

    #[test]
    fn is_made_in_one_allocation_which_may_fail() {
        for (text, allocations) in [
            (each_refused(1, || Text::copy_of("Notch")), 1),
            (each_refused(1, || Text::of_chars("Nötch".chars())), 1),
            (each_refused(1, || Text::format(format_args!("{} is {}", "Notch", 7))), 1),
            (each_refused(1, || Text::copy_of("")), 0),
        ] {
            assert_eq!(text, allocations);
        }
        assert_eq!(Text::of_chars("Nötch".chars()).unwrap(), "Nötch");
        assert_eq!(Text::format(format_args!("{} is {}", "Notch", 7)).unwrap().0.as_bytes(), b"Notch is 7\0");
    }

    #[test]
    fn keeps_an_inner_nul() {
        let text = Text::from("a\0b".to_owned());
        assert_eq!(text.as_str(), "a\0b");
        assert_eq!(text.len(), 3);
    }

    #[test]
    fn empty_text_is_empty_and_takes_no_memory() {
        for (text, held) in [held_by(|| Text::from("")), held_by(|| Text::from(String::new()))] {
            assert!(text.is_empty());
            assert_eq!((text.as_str(), held), ("", 0));
            // SAFETY: a NUL follows the text.
            assert!(unsafe { CStr::from_ptr(text.as_ptr()) }.is_empty());
        }
    }
}

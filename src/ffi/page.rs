//! Text of any length, written into memory of the host's, as snprintf does.

use std::ffi::c_char;
use std::fmt;

use super::boundary::Failure;
use super::input;
use crate::operations::InvalidArgument;

/// The host's memory, and how much was to be written.
pub(super) struct Page {
    buffer: *mut c_char,
    capacity: usize,
    length: usize,
}

impl Page {
    /// # Safety
    ///
    /// `capacity` bytes behind `buffer` can be written until the page is dropped.
    pub(super) unsafe fn new(buffer: *mut c_char, capacity: usize) -> Result<Self, Failure> {
        if buffer.is_null() && capacity > 0 {
            return Err(InvalidArgument::new("buffer", "must not be NULL unless capacity is 0").into());
        }
        Ok(Self { buffer, capacity, length: 0 })
    }

    /// Ends the text with a NUL, and tells the host how long all of it is.
    ///
    /// # Safety
    ///
    /// `out_length` is NULL or can be written.
    pub(super) unsafe fn end(self, out_length: *mut usize) -> Result<(), Failure> {
        if self.capacity > 0 {
            let end = self.length.min(self.capacity - 1);
            // SAFETY: it lies within the capacity.
            unsafe { self.buffer.add(end).write(0) };
        }
        // SAFETY: the caller's promise.
        unsafe { input::write("out_length", out_length, self.length) }
    }
}

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.capacity.saturating_sub(1).saturating_sub(self.length).min(text.len());
        if room > 0 {
            // SAFETY: so many bytes lie within the capacity, before the NUL, and the text is not the host's memory.
            unsafe {
                self.buffer.cast::<u8>().add(self.length).copy_from_nonoverlapping(text.as_ptr(), room);
            }
        }
        self.length = self.length.saturating_add(text.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fmt::Write;

    #[test]
    fn no_more_is_written_than_there_is_room_for() {
        for capacity in 0..9_usize {
            let mut memory = [b'?'; 10];
            // SAFETY: it is as long as that.
            let mut page = unsafe { Page::new(memory.as_mut_ptr().cast(), capacity) }.unwrap();
            ["ab", "", "cde"].iter().for_each(|text| page.write_str(text).unwrap());
            let mut length = 0;
            // SAFETY: it is there.
            unsafe { page.end(&raw mut length) }.unwrap();
            let kept = capacity.saturating_sub(1).min(5);
            let mut expected = *b"??????????";
            expected[..kept].copy_from_slice(&b"abcde"[..kept]);
            if capacity > 0 {
                expected[kept] = 0;
            }
            assert_eq!((length, memory), (5, expected), "{capacity}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        // SAFETY: nothing is written.
        assert!(unsafe { Page::new(std::ptr::null_mut(), 1) }.is_err());
        // SAFETY: as above.
        let page = unsafe { Page::new(std::ptr::null_mut(), 0) }.unwrap();
        // SAFETY: as above.
        assert!(unsafe { page.end(std::ptr::null_mut()) }.is_err());
    }
}

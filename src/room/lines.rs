//! Large zeroed tables that begin at a cache line.
//!
//! The standard library asks the system for zeroed memory only where the system's alignment will do, and writes the zeros
//! itself otherwise. That would make all of a table resident that is hardly used.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::NoMemory;

const LINE: usize = 64;
/// What zeroed memory of the system is aligned to, at least.
const PLAIN: usize = size_of::<*mut u8>();

/// A block has room for a line more: the table begins at the first line behind the block's own address, which lies before it.
fn layout<T>(count: usize) -> Result<Layout, NoMemory> {
    const { assert!(align_of::<T>() <= LINE) };
    let table = Layout::array::<T>(count).map_err(|_| NoMemory)?;
    let size = table.size().checked_add(LINE).ok_or(NoMemory)?;
    Layout::from_size_align(size, PLAIN).map_err(|_| NoMemory)
}

/// `count` values that are all zeros and begin at a cache line. What is never used takes no physical memory. To be freed with
/// [`free_lines`].
pub(crate) fn zeroed_lines<T>(count: usize) -> Result<NonNull<T>, NoMemory> {
    let layout = layout::<T>(count)?;
    // SAFETY: the size is at least a line.
    let block = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }).ok_or(NoMemory)?;
    let before = LINE - block.addr().get() % LINE;
    // SAFETY: `before` is at most a line, and the block is a line longer than the table.
    let table = unsafe { block.add(before) };
    // SAFETY: `before` is a multiple of a pointer's size and not 0, so that a pointer fits in front of the table.
    unsafe { table.cast::<NonNull<u8>>().sub(1).write(block) };
    Ok(table.cast())
}

/// Frees a table, without dropping what is in it.
///
/// # Safety
///
/// [`zeroed_lines`] made it, with the same `count`, and nothing uses it any more.
pub(crate) unsafe fn free_lines<T>(table: NonNull<T>, count: usize) {
    let Ok(layout) = layout::<T>(count) else { return };
    // SAFETY: `zeroed_lines` wrote the block's address there, and allocated it with this layout.
    unsafe { std::alloc::dealloc(table.cast::<NonNull<u8>>().sub(1).read().as_ptr(), layout) };
}

#[cfg(test)]
mod tests {
    use super::super::counting::{each_refused, held_by};
    use super::*;

    #[test]
    fn a_table_begins_at_a_line_and_is_all_zeros() {
        let ((), held) = held_by(|| {
            for count in [0, 1, 7, 100, 5_000] {
                let table = zeroed_lines::<[u64; 9]>(count).unwrap();
                assert_eq!(table.addr().get() % LINE, 0);
                // SAFETY: so many were made, and numbers are valid as zeros.
                let values = unsafe { std::slice::from_raw_parts(table.as_ptr(), count) };
                assert!(values.iter().flatten().all(|number| *number == 0));
                // SAFETY: it was made with this count.
                unsafe { free_lines(table, count) };
            }
        });
        assert_eq!(held, 0);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for count in [usize::MAX / 8 + 1, usize::MAX / 16, (isize::MAX as usize - 8) / 8] {
            assert_eq!(zeroed_lines::<u64>(count), Err(NoMemory));
        }
        let made = || zeroed_lines::<u64>(3);
        // SAFETY: it was made with this count.
        let refused = each_refused(1, || made().map(|table| unsafe { free_lines(table, 3) }));
        assert_eq!(refused, 1);
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn the_allocator_gives_no_page_to_what_is_never_used() {
        const PAGES: usize = 64 * 1024;
        let resident = || -> usize {
            let numbers = std::fs::read_to_string("/proc/self/statm").unwrap();
            numbers.split(' ').nth(1).unwrap().parse().unwrap()
        };
        let before = resident();
        let table = zeroed_lines::<[u8; 4096]>(PAGES).unwrap();
        let after = resident();
        // SAFETY: it was made with this count.
        unsafe { free_lines(table, PAGES) };
        assert!(after < before + PAGES / 2, "{before} pages, then {after}");
    }
}

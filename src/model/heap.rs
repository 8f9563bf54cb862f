//! How much memory answers take.
//!
//! Limits in bytes are about the host's memory, and a parsed body can take up to fifty times its length. So every type
//! an answer can hold reports what it owns on the heap.
//!
//! Sizes follow glibc's allocator: an 8-byte header for each allocation, rounded up to 16 bytes, 32 at least. Other
//! allocators differ by a few bytes per allocation.

use zeroize::Zeroizing;

/// Reports the heap memory a value owns.
pub(crate) trait HeapBytes {
    /// Bytes that dropping the value gives back to the allocator, headers and rounding included. The value's own
    /// `size_of` is not part of it. Implementations destructure every field, so that none is forgotten.
    fn heap_bytes(&self) -> usize;
}

/// What an allocation of `size` bytes takes. A size of 0 allocates nothing.
pub(crate) const fn block(size: usize) -> usize {
    const HEADER: usize = 8;
    const SMALLEST: usize = 32;
    if size == 0 {
        return 0;
    }
    let taken = (size + HEADER).next_multiple_of(16);
    if taken < SMALLEST { SMALLEST } else { taken }
}

/// What an `Arc` of `size` bytes takes, its two counters included.
pub(crate) const fn shared_block(size: usize) -> usize {
    block(size + 2 * size_of::<usize>())
}

impl<T: HeapBytes> HeapBytes for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, T::heap_bytes)
    }
}

impl<T: HeapBytes> HeapBytes for Box<T> {
    fn heap_bytes(&self) -> usize {
        block(size_of::<T>()) + (**self).heap_bytes()
    }
}

impl<T: HeapBytes> HeapBytes for Vec<T> {
    fn heap_bytes(&self) -> usize {
        block(self.capacity() * size_of::<T>()) + self.iter().map(T::heap_bytes).sum::<usize>()
    }
}

impl<T: HeapBytes, U: HeapBytes> HeapBytes for (T, U) {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes() + self.1.heap_bytes()
    }
}

impl<T: HeapBytes + zeroize::Zeroize> HeapBytes for Zeroizing<T> {
    fn heap_bytes(&self) -> usize {
        (**self).heap_bytes()
    }
}

/// The allocator of the unit tests. Counts per thread, so that tests can run beside each other.
#[cfg(test)]
pub(crate) mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    struct Counting;

    #[global_allocator]
    static COUNTING: Counting = Counting;

    thread_local! {
        static HELD: Cell<isize> = const { Cell::new(0) };
        static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
        static FREES: Cell<usize> = const { Cell::new(0) };
    }

    /// How often this thread allocated and freed since it began.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Counts {
        pub(crate) allocations: usize,
        pub(crate) frees: usize,
    }

    pub(crate) fn counts() -> Counts {
        Counts { allocations: ALLOCATIONS.get(), frees: FREES.get() }
    }

    /// The value `make` returns, and the bytes that stayed allocated for it.
    pub(crate) fn held_by<T>(make: impl FnOnce() -> T) -> (T, usize) {
        let before = HELD.get();
        let value = make();
        (value, usize::try_from(HELD.get() - before).expect("more was freed than allocated"))
    }

    /// What the allocator really spends on `block`.
    fn spent(block: *mut u8, layout: Layout) -> isize {
        #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
        let bytes = {
            let _ = layout;
            // SAFETY: the block comes from `System`, which is malloc here, and is not freed yet.
            unsafe { libc::malloc_usable_size(block.cast()) + size_of::<usize>() }
        };
        #[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
        let bytes = {
            let _ = block;
            super::block(layout.size())
        };
        bytes.cast_signed()
    }

    // SAFETY: everything is left to `System`; counting neither allocates nor panics.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller keeps the rules of `alloc`.
            let block = unsafe { System.alloc(layout) };
            if !block.is_null() {
                HELD.set(HELD.get() + spent(block, layout));
                ALLOCATIONS.set(ALLOCATIONS.get() + 1);
            }
            block
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            HELD.set(HELD.get() - spent(block, layout));
            FREES.set(FREES.get() + 1);
            // SAFETY: the caller keeps the rules of `dealloc`.
            unsafe { System.dealloc(block, layout) };
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            let before = spent(block, layout);
            // SAFETY: the caller keeps the rules of `realloc`.
            let moved = unsafe { System.realloc(block, layout, size) };
            if !moved.is_null() {
                // SAFETY: the caller keeps the rules of `realloc`: the new size is valid with the old alignment.
                let layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
                HELD.set(HELD.get() - before + spent(moved, layout));
                ALLOCATIONS.set(ALLOCATIONS.get() + 1);
                FREES.set(FREES.get() + 1);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::counting::held_by;
    use super::*;

    #[test]
    fn a_block_is_as_large_as_the_allocator_makes_it() {
        for size in [1, 8, 24, 25, 40, 41, 100, 1_000, 10_000, 1 << 20] {
            let (_block, held) = held_by(|| vec![0_u8; size]);
            let counted = block(size);
            // A reused block may be larger by a remainder that is too small for a block of its own.
            let as_large = counted <= held && held <= counted + 16 || counted.abs_diff(held) * 100 <= held;
            assert!(as_large, "{size}: {counted} counted, {held} held");
        }
        assert_eq!(block(0), 0);
    }
}

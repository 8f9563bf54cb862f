//! How much memory answers take.
//!
//! Limits in bytes are about the host's memory, and a parsed body can take up to fifty times its length. So every type
//! an answer can hold reports what it owns on the heap.
//!
//! Sizes follow glibc's allocator: a header of one word for each allocation, rounded up to 16 bytes, four words at least.
//! Other allocators differ by a few bytes per allocation.

use zeroize::Zeroizing;

/// Reports the heap memory a value owns.
pub(crate) trait HeapBytes {
    /// Bytes that dropping the value gives back to the allocator, headers and rounding included. The value's own
    /// `size_of` is not part of it. Implementations destructure every field, so that none is forgotten.
    fn heap_bytes(&self) -> usize;
}

/// What an allocation of `size` bytes takes. A size of 0 allocates nothing.
pub(crate) const fn block(size: usize) -> usize {
    const HEADER: usize = size_of::<usize>();
    const SMALLEST: usize = 4 * HEADER;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::held_by;

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

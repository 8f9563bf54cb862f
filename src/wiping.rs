//! An allocator that wipes what is freed.
//!
//! What holds a credential here wipes itself. But HTTP and TLS libraries, JSON readers and growing strings copy it on the
//! way, and free their copies as they are. So the shared and the static library free no memory before it is wiped.
//! A Rust program that links the crate has an allocator of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

struct Wiping;

// SAFETY: all memory is the system's, asked for and given back with the layout the caller names.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    // One copy: in every place that frees something it would be a fifth of the library's code.
    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is the caller's to write to until it is given back.
        unsafe { block.write_bytes(0, layout.size()) };
        // Nothing reads these zeros: without this the compiler would leave them out.
        black_box(block);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    // The system's own would move a block and leave what was in it behind.
    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size, rounded up to the alignment, is a valid one and not 0.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both blocks are at least that large, and the new one is another than the old one, which is given
            // back only now.
            unsafe {
                moved.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

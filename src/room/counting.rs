//! The allocator of the unit tests. Counts per thread, so that tests can run beside each other, and can refuse.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    /// How many large allocations are granted before one is refused, and from what size on they are large.
    static REFUSING: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    /// From what size on every allocation is refused.
    static REFUSING_ALL: Cell<usize> = const { Cell::new(usize::MAX) };
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

/// Does `work` again and again, and refuses each time another one of the allocations of at least `size` bytes that
/// this thread makes for it: the first, the second, and so on. What cannot go without it ends with an error; an
/// allocation that cannot fail ends the process. Says how many there were, and checks what the last one brought,
/// which got all of them.
#[track_caller]
pub(crate) fn each_refused<T, E: std::fmt::Debug + PartialEq>(
    size: usize,
    mut work: impl FnMut() -> Result<T, E>,
) -> usize {
    for granted in 0.. {
        match refusing(granted, size, &mut work) {
            (Ok(_), false) => return granted,
            (Ok(_), true) => panic!("allocation {granted} was refused, and nothing came of it"),
            (Err(error), refused) => assert!(refused, "without a refusal: {error:?}"),
        }
    }
    unreachable!("there is always one more number");
}

/// Does `work` while the allocation of at least `size` bytes that comes after so many others is refused. Says whether
/// one was.
pub(crate) fn refusing<R>(granted: usize, size: usize, work: impl FnOnce() -> R) -> (R, bool) {
    REFUSING.set(Some((granted, size)));
    let result = work();
    (result, REFUSING.take().is_none())
}

/// Does `work` while every allocation of at least `size` bytes is refused.
#[cfg(not(loom))]
pub(crate) fn refusing_all<R>(size: usize, work: impl FnOnce() -> R) -> R {
    REFUSING_ALL.set(size);
    let result = work();
    REFUSING_ALL.set(usize::MAX);
    result
}

/// Whether this allocation is one to refuse.
fn is_refused(size: usize) -> bool {
    if size >= REFUSING_ALL.get() {
        return true;
    }
    match REFUSING.get() {
        Some((left, large)) if size >= large => {
            REFUSING.set(left.checked_sub(1).map(|left| (left, large)));
            left == 0
        }
        _ => false,
    }
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
        (layout.size() + size_of::<usize>()).next_multiple_of(16).max(32)
    };
    bytes.cast_signed()
}

/// Allocates, unless it is to be refused, and counts it.
fn counted(layout: Layout, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
    if is_refused(layout.size()) {
        return std::ptr::null_mut();
    }
    let block = allocate();
    if !block.is_null() {
        HELD.set(HELD.get() + spent(block, layout));
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    }
    block
}

// SAFETY: everything is left to `System`; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `alloc`.
        counted(layout, || unsafe { System.alloc(layout) })
    }

    /// The provided one would write the zeros itself.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `alloc_zeroed`.
        counted(layout, || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - spent(block, layout));
        FREES.set(FREES.get() + 1);
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && is_refused(size) {
            return std::ptr::null_mut();
        }
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

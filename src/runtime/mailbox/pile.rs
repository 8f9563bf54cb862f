//! Boxes handed from any thread to any other: a lock-free stack that is only ever emptied whole, which makes it immune
//! to the ABA problem. Adding allocates nothing, and no thread ever waits for one that was stopped while adding.

use std::ptr;

use crate::sync::{AtomicPtr, Cell, Ordering};

/// Carries the link to the one below it.
pub(super) trait Piled {
    fn below(&self) -> &Cell<*mut Self>;
}

pub(super) struct Pile<T: Piled> {
    top: AtomicPtr<T>,
}

impl<T: Piled> Default for Pile<T> {
    fn default() -> Self {
        Self { top: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T: Piled> Pile<T> {
    pub(super) fn put(&self, item: Box<T>) {
        let item = Box::into_raw(item);
        let _ = self.top.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |top| {
            // SAFETY: the item was a Box a line ago and is not reachable by any other thread before the exchange succeeds.
            unsafe { *(*item).below().writing() = top };
            Some(item)
        });
    }

    /// Everything that is there, the latest first.
    pub(super) fn take_all(&self) -> Taken<T> {
        if self.top.load(Ordering::Relaxed).is_null() {
            return Taken { next: ptr::null_mut() };
        }
        Taken { next: self.top.swap(ptr::null_mut(), Ordering::AcqRel) }
    }
}

impl<T: Piled> Drop for Pile<T> {
    fn drop(&mut self) {
        self.take_all().for_each(drop);
    }
}

/// What was taken off a pile. What is not asked for is freed with it.
pub(super) struct Taken<T: Piled> {
    next: *mut T,
}

impl<T: Piled> Taken<T> {
    /// The same, the earliest first.
    pub(super) fn earliest_first(mut self) -> Self {
        let mut reversed = Self { next: ptr::null_mut() };
        for item in self.by_ref() {
            let item = Box::into_raw(item);
            // SAFETY: the item was a Box a line ago, and this thread's alone.
            unsafe { *(*item).below().writing() = reversed.next };
            reversed.next = item;
        }
        reversed
    }
}

impl<T: Piled> Iterator for Taken<T> {
    type Item = Box<T>;

    fn next(&mut self) -> Option<Box<T>> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: each pointer came from Box::into_raw; the exchange that took the pile made this thread its only owner.
        let item = unsafe { Box::from_raw(self.next) };
        // SAFETY: as above.
        self.next = unsafe { *item.below().reading() };
        Some(item)
    }
}

impl<T: Piled> Drop for Taken<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u32, Cell<*mut Number>);

    impl Piled for Number {
        fn below(&self) -> &Cell<*mut Self> {
            &self.1
        }
    }

    fn number(value: u32) -> Box<Number> {
        Box::new(Number(value, Cell::new(ptr::null_mut())))
    }

    #[test]
    fn the_latest_or_the_earliest_first() {
        let pile = Pile::default();
        (1..=3).for_each(|value| pile.put(number(value)));
        assert_eq!(pile.take_all().map(|item| item.0).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(pile.take_all().count(), 0);
        (1..=3).for_each(|value| pile.put(number(value)));
        let mut taken = pile.take_all().earliest_first();
        assert_eq!(taken.next().map(|item| item.0), Some(1), "the others are freed with the rest of it");
    }
}

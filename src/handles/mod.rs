//! Numbers in place of pointers, for what a host keeps of the library.
//!
//! A handle that was kept too long, or made up, names nothing. Each place counts the threads inside a call, so that what it
//! holds is never freed under one: it is taken out of the table first, and the thread that leaves last frees it.

use std::ops::Deref;

use crate::sync::{AtomicPtr, AtomicU64, Ordering};

#[cfg(all(test, loom))]
mod model;

/// How many things can be named at once: a place fits a byte, and one value is left over.
pub(crate) const PLACES: usize = 255;

const GENERATION_SHIFT: u32 = 32;
/// One bit less than its half of the word, so that a host without unsigned numbers sees none below zero.
const GENERATIONS: u32 = 0x7fff_ffff;

const LIVE: u64 = 1 << 31;
/// No thread enters any more.
const DYING: u64 = 1 << 30;
/// Something is being made for the place.
const RESERVED: u64 = 1 << 29;
const INSIDE: u64 = RESERVED - 1;

/// What a face packs into a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle {
    pub(crate) place: u8,
    /// 1 to 2^31 - 1: the next thing in a place has another handle.
    pub(crate) generation: u32,
}

/// The things of one face. The places are part of it, so that a static one is reached without following a pointer.
pub(crate) struct Handles<T, const COUNT: usize = PLACES> {
    places: [Place<T>; COUNT],
}

/// Aligned so that it does not lie across two cache lines.
#[repr(align(16))]
struct Place<T> {
    /// Generation (32 bits), the three flags, how many are inside a call.
    word: AtomicU64,
    thing: AtomicPtr<T>,
}

impl<T, const COUNT: usize> Handles<T, COUNT> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        let places =
            [const { Place { word: AtomicU64::new(0), thing: AtomicPtr::new(std::ptr::null_mut()) } }; COUNT];
        Self { places }
    }

    /// The model checker's atomics cannot be made at compile time.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        let place = |_| Place { word: AtomicU64::new(0), thing: AtomicPtr::new(std::ptr::null_mut()) };
        Self { places: std::array::from_fn(place) }
    }

    /// Takes a free place. `None` when all are taken.
    pub(crate) fn reserve(&self) -> Option<Reservation<'_, T>> {
        let free = |word: u64| (word & (LIVE | DYING | RESERVED | INSIDE) == 0).then_some(word | RESERVED);
        let take = |place: &Place<T>| place.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, free);
        let number = self.places.iter().position(|place| take(place).is_ok())?;
        Some(Reservation { place: &self.places[number], number: number as u8 })
    }

    /// Goes in by a handle.
    pub(crate) fn enter(&self, handle: Handle) -> Option<Entered<'_, T>> {
        self.enter_if(handle.place, |word| word >> GENERATION_SHIFT == u64::from(handle.generation))
    }

    /// Goes in to whatever is in a place now.
    pub(crate) fn enter_place(&self, place: u8) -> Option<Entered<'_, T>> {
        self.enter_if(place, |_| true)
    }

    fn enter_if(&self, place: u8, is_meant: impl Fn(u64) -> bool) -> Option<Entered<'_, T>> {
        let place = self.places.get(usize::from(place))?;
        let enter = |word: u64| (word & LIVE != 0 && is_meant(word)).then_some(word + 1);
        place.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).ok()?;
        Some(Entered { place, thing: place.thing.load(Ordering::Acquire) })
    }
}

/// A place for a thing that is being made. Given back when dropped unused.
pub(crate) struct Reservation<'a, T> {
    place: &'a Place<T>,
    number: u8,
}

impl<T> Reservation<'_, T> {
    /// The handle the thing will have.
    pub(crate) fn handle(&self) -> Handle {
        let before = (self.place.word.load(Ordering::Relaxed) >> GENERATION_SHIFT) as u32;
        Handle { place: self.number, generation: if before == GENERATIONS { 1 } else { before + 1 } }
    }

    /// Makes the thing known under its handle.
    pub(crate) fn publish(self, thing: Box<T>) -> Handle {
        let handle = self.handle();
        self.place.thing.store(Box::into_raw(thing), Ordering::Release);
        self.place.word.store(u64::from(handle.generation) << GENERATION_SHIFT | LIVE, Ordering::Release);
        std::mem::forget(self);
        handle
    }
}

impl<T> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        self.place.word.fetch_and(!RESERVED, Ordering::Release);
    }
}

/// A thing that cannot be freed while this lives.
pub(crate) struct Entered<'a, T> {
    place: &'a Place<T>,
    /// A pointer, because the thing may end with this: a reference would have to be good until the receiver of this
    /// returns.
    thing: *const T,
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the place was live when this was counted in, so it holds a thing, and no thread frees it before the count
        // is back at zero, which it is not while this lives.
        unsafe { &*self.thing }
    }
}

impl<T> Entered<'_, T> {
    /// Takes the thing out of the table: its handle names nothing from here on. The last one to leave frees it, often
    /// this one.
    pub(crate) fn retire(&self) {
        let retire = |word: u64| (word & LIVE != 0).then_some(word & !LIVE | DYING);
        let _ = self.place.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, retire);
    }
}

impl<T> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        let before = self.place.word.fetch_sub(1, Ordering::AcqRel);
        if before & DYING != 0 && before & INSIDE == 1 {
            self.place.empty();
        }
    }
}

impl<T> Place<T> {
    /// Frees what was retired. For the last one to leave.
    #[cold]
    #[inline(never)]
    fn empty(&self) {
        let thing = self.thing.swap(std::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the pointer came from Box::into_raw in `publish`; no thread is inside and none can enter, so this
        // thread is its only owner.
        drop(unsafe { Box::from_raw(thing) });
        self.word.fetch_and(!DYING, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_handle_names_one_thing_until_it_is_retired() {
        let handles = Handles::<_>::new();
        let thing = Arc::new(1);
        let first = handles.reserve().unwrap().publish(Box::new(Arc::clone(&thing)));
        let second = handles.reserve().unwrap().publish(Box::new(Arc::new(2)));
        assert_eq!((**handles.enter(first).unwrap(), **handles.enter(second).unwrap()), (1, 2));
        let inside = handles.enter(first).unwrap();
        let also_inside = handles.enter_place(first.place).unwrap();
        inside.retire();
        also_inside.retire();
        assert!(handles.enter(first).is_none(), "no thread enters what is going");
        drop(inside);
        assert_eq!(Arc::strong_count(&thing), 2, "a thread is inside");
        drop(also_inside);
        assert_eq!(Arc::strong_count(&thing), 1, "the last one out frees it");
        let third = handles.reserve().unwrap().publish(Box::new(Arc::new(3)));
        assert_eq!(third.place, first.place);
        assert!(handles.enter(first).is_none(), "a place's next owner has another handle");
        for handle in [second, third] {
            handles.enter(handle).unwrap().retire();
        }
    }

    #[test]
    fn what_was_never_given_out_names_nothing() {
        let handles = Handles::<()>::new();
        let reserved = handles.reserve().unwrap();
        for (place, generation) in [(0, 0), (0, 1), (254, 0), (254, 1), (255, 0), (255, 1), (0, u32::MAX)] {
            assert!(handles.enter(Handle { place, generation }).is_none(), "{place} {generation}");
            assert!(handles.enter_place(place).is_none(), "{place}");
        }
        drop(reserved);
        assert_eq!(
            handles.reserve().unwrap().handle(),
            Handle { place: 0, generation: 1 },
            "it was given back"
        );
    }

    #[test]
    fn generations_stay_within_their_bits_and_are_never_zero() {
        let handles = Handles::<_>::new();
        let last = u64::from(GENERATIONS) << GENERATION_SHIFT;
        handles.places[0].word.store(last, Ordering::Relaxed);
        let handle = handles.reserve().unwrap().publish(Box::new(()));
        assert_eq!(handle, Handle { place: 0, generation: 1 });
        handles.enter(handle).unwrap().retire();
    }

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let handles = Handles::<()>::new();
        let all: Vec<_> = std::iter::from_fn(|| handles.reserve()).collect();
        assert_eq!(all.len(), PLACES);
        drop(all);
        assert!(handles.reserve().is_some());
    }
}

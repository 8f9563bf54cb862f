//! Handles to clients. The only thing in the library that is global.
//!
//! A handle is a number, not a pointer: one that was kept too long, or made up, names nothing. Each place
//! of the table counts who is inside a call, so that a client is never freed under one.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::boundary::Failure;
use super::host::Host;
use super::status::PAYNOW_E_FORKED;
use super::types::paynow_client;
use crate::runtime::{Key, SubmitError};

/// The index no completion has, in the low 24 bits of a client's handle.
const CLIENT_MARK: u64 = 0x00ff_ffff;
const NUMBER_SHIFT: u32 = 24;
const PLACES: usize = 255;

const LIVE: u64 = 1 << 31;
/// Nobody enters any more; whoever leaves last frees the client.
const DYING: u64 = 1 << 30;
/// A client is being made for the place.
const RESERVED: u64 = 1 << 29;
const INSIDE: u64 = RESERVED - 1;

struct Place {
    /// Generation (32 bits), the three flags, how many are inside a call.
    word: AtomicU64,
    host: AtomicPtr<Host>,
    /// Where the ids of the next client in this place begin.
    next_generation: AtomicU32,
}

impl Place {
    const fn empty() -> Self {
        Self {
            word: AtomicU64::new(0),
            host: AtomicPtr::new(std::ptr::null_mut()),
            next_generation: AtomicU32::new(1),
        }
    }
}

static TABLE: [Place; PLACES] = [const { Place::empty() }; PLACES];

/// A place for a client that is being made. Given back when dropped unused.
pub(super) struct Reservation {
    number: usize,
}

/// Takes a free place.
pub(super) fn reserve() -> Option<Reservation> {
    let free = |place: &Place| {
        place
            .word
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
                (word & (LIVE | DYING | RESERVED | INSIDE) == 0).then_some(word | RESERVED)
            })
            .is_ok()
    };
    let number = TABLE.iter().position(free)?;
    Some(Reservation { number })
}

impl Reservation {
    pub(super) fn number(&self) -> u8 {
        self.number as u8
    }

    pub(super) fn first_generation(&self) -> u32 {
        TABLE[self.number].next_generation.load(Ordering::Relaxed)
    }

    /// The handle the client will have.
    pub(super) fn handle(&self) -> paynow_client {
        let word = TABLE[self.number].word.load(Ordering::Relaxed);
        next(word) | (self.number as u64) << NUMBER_SHIFT | CLIENT_MARK
    }

    /// Makes the client known under its handle.
    pub(super) fn publish(self, host: Box<Host>) {
        let place = &TABLE[self.number];
        place.host.store(Box::into_raw(host), Ordering::Release);
        let word = place.word.load(Ordering::Relaxed);
        place.word.store(next(word) | LIVE, Ordering::Release);
        std::mem::forget(self);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        TABLE[self.number].word.fetch_and(!RESERVED, Ordering::Release);
    }
}

/// The next generation, in place; never zero.
fn next(word: u64) -> u64 {
    let generation = ((word >> 32) as u32).wrapping_add(1).max(1);
    u64::from(generation) << 32
}

/// A client that cannot be freed while this lives.
pub(super) struct Entered {
    place: &'static Place,
    host: &'static Host,
}

impl std::ops::Deref for Entered {
    type Target = Host;

    fn deref(&self) -> &Host {
        self.host
    }
}

/// Goes in by the client's handle.
pub(super) fn enter(handle: paynow_client) -> Result<Entered, Failure> {
    let number = (handle >> NUMBER_SHIFT) as u8;
    let well_formed = handle & CLIENT_MARK == CLIENT_MARK;
    enter_if(number, |word| well_formed && word >> 32 == handle >> 32)
        .ok_or(Failure::no_such("client names nothing: it was destroyed, or is no client"))?
        .unless_forked()
}

/// Goes in by the id of one of the client's requests or completions.
pub(super) fn enter_by_id(id: u64) -> Result<(Entered, Key), Failure> {
    let number = (id >> NUMBER_SHIFT) as u8;
    let entered = enter_if(number, |_| true)
        .ok_or(Failure::no_such("the id names nothing: its client was destroyed, or it is no id"))?
        .unless_forked()?;
    Ok((entered, Key::from_bits(id & !(0xff << NUMBER_SHIFT))))
}

/// The id the host knows a request of client `number` by.
pub(super) fn id(number: u8, key: Key) -> u64 {
    key.bits() | u64::from(number) << NUMBER_SHIFT
}

fn enter_if(number: u8, is_meant: impl Fn(u64) -> bool) -> Option<Entered> {
    let place = TABLE.get(usize::from(number))?;
    place
        .word
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            (word & LIVE != 0 && is_meant(word)).then_some(word + 1)
        })
        .ok()?;
    // SAFETY: the place was live when this call was counted, so it holds a client, and nobody frees it
    // before the count is back at zero.
    let host = unsafe { &*place.host.load(Ordering::Acquire) };
    Some(Entered { place, host })
}

impl Entered {
    fn unless_forked(self) -> Result<Self, Failure> {
        if self.host.client.is_forked() {
            return Err(Failure::new(PAYNOW_E_FORKED, SubmitError::Forked.explanation()));
        }
        Ok(self)
    }

    /// Takes the client out of the table: its handle and ids name nothing from here on. The last one to
    /// leave frees it, often this one.
    pub(super) fn retire(&self) {
        self.place.next_generation.store(self.host.client.next_generation(), Ordering::Relaxed);
        let _ = self.place.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            (word & LIVE != 0).then_some(word & !LIVE | DYING)
        });
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.place.word.fetch_sub(1, Ordering::AcqRel);
        if before & DYING != 0 && before & INSIDE == 1 {
            let host = self.place.host.swap(std::ptr::null_mut(), Ordering::AcqRel);
            // SAFETY: the pointer came from Box::into_raw in `publish`; nobody is inside and nobody can
            // enter, so this thread is its only owner.
            drop(unsafe { Box::from_raw(host) });
            self.place.word.fetch_and(!DYING, Ordering::Release);
        }
    }
}

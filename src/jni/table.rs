//! Handles to clients, as Java keeps them.
//!
//! A handle is a number, not a pointer: one that was kept too long, or made up, names nothing. Each place of the table
//! counts who is inside a call, so that a client is never freed under one.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use jni::sys::jlong;

use super::env::{Failure, INVALID_HANDLE, RESOURCES};
use super::host::Host;

const PLACES: usize = 255;
const GENERATION_SHIFT: u32 = 32;
/// A handle is positive, so a generation has one bit less than its half of the word.
const GENERATIONS: u64 = 0x7fff_ffff;

const LIVE: u64 = 1 << 31;
/// Nobody enters any more; whoever leaves last frees the client.
const DYING: u64 = 1 << 30;
/// A client is being put into the place.
const RESERVED: u64 = 1 << 29;
const INSIDE: u64 = RESERVED - 1;

struct Place {
    /// Generation, the three flags, how many are inside a call.
    word: AtomicU64,
    host: AtomicPtr<Host>,
}

static TABLE: [Place; PLACES] =
    [const { Place { word: AtomicU64::new(0), host: AtomicPtr::new(std::ptr::null_mut()) } }; PLACES];

/// Makes a client known, under the handle that is returned.
pub(super) fn publish(host: Box<Host>) -> Result<jlong, Failure> {
    let reserve = |place: &Place| {
        place
            .word
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
                (word & (LIVE | DYING | RESERVED | INSIDE) == 0).then_some(word | RESERVED)
            })
            .is_ok()
    };
    let number = TABLE.iter().position(reserve).ok_or(Failure::Number(RESOURCES))?;
    let place = &TABLE[number];
    place.host.store(Box::into_raw(host), Ordering::Release);
    let before = place.word.load(Ordering::Relaxed) >> GENERATION_SHIFT;
    let generation = if before == GENERATIONS { 1 } else { before + 1 };
    place.word.store(generation << GENERATION_SHIFT | LIVE, Ordering::Release);
    Ok((generation << GENERATION_SHIFT | number as u64) as jlong)
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
pub(super) fn enter(handle: jlong) -> Result<Entered, Failure> {
    const GONE: Failure = Failure::Number(INVALID_HANDLE);
    let handle = u64::try_from(handle).map_err(|_| GONE)?;
    let number = usize::try_from(handle & u64::from(u32::MAX)).map_err(|_| GONE)?;
    let place = TABLE.get(number).ok_or(GONE)?;
    place
        .word
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            let is_meant = word >> GENERATION_SHIFT == handle >> GENERATION_SHIFT;
            (word & LIVE != 0 && is_meant).then_some(word + 1)
        })
        .map_err(|_| GONE)?;
    // SAFETY: the place was live when this call was counted, so it holds a client, and nobody frees it before the
    // count is back at zero.
    let host = unsafe { &*place.host.load(Ordering::Acquire) };
    Ok(Entered { place, host })
}

impl Entered {
    /// Takes the client out of the table: its handle names nothing from here on. The last one to leave frees it.
    pub(super) fn retire(&self) {
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
            // SAFETY: the pointer came from Box::into_raw in `publish`; nobody is inside and nobody can enter, so this
            // thread is its only owner.
            drop(unsafe { Box::from_raw(host) });
            self.place.word.fetch_and(!DYING, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;

    fn host() -> Box<Host> {
        let builder = Client::builder("411486491630370816").api_base("http://127.0.0.1:9").max_outstanding(4);
        Box::new(Host::new(builder.build().unwrap()))
    }

    #[test]
    fn a_handle_names_one_client_until_it_is_retired() {
        let first = publish(host()).unwrap();
        let second = publish(host()).unwrap();
        assert!(first > 0 && second > 0 && first != second);
        let inside = enter(first).unwrap();
        inside.retire();
        assert!(enter(first).is_err(), "nobody enters a client that is going");
        drop(inside);
        let third = publish(host()).unwrap();
        assert_ne!(third, first, "a place's next client has another handle");
        assert!(enter(first).is_err());
        for handle in [second, third] {
            enter(handle).unwrap().retire();
        }
    }

    #[test]
    fn what_was_never_given_out_names_nothing() {
        for handle in [0, -1, 1, 255, i64::MAX, i64::MIN, 1 << 32 | 255] {
            assert!(enter(handle).is_err(), "{handle}");
        }
    }
}

//! Handles to clients, as C keeps them. The only thing in this face that is global.
//!
//! A client's handle and the ids of its requests and completions have the client's place in common.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::boundary::Failure;
use super::host::Host;
use super::status::PAYNOW_E_FORKED;
use super::types::paynow_client;
use crate::handles::{self, Handle, Handles};
use crate::runtime::{Key, SubmitError};

/// The index no completion has, in the low 24 bits of a client's handle.
const CLIENT_MARK: u64 = 0x00ff_ffff;
const PLACE_SHIFT: u32 = 24;
const GENERATION_SHIFT: u32 = 32;

static CLIENTS: LazyLock<Handles<Host>> = LazyLock::new(Handles::new);
/// By place: where the ids of the next client in it begin, so that no id of the last one names anything of it.
static NEXT_IDS: [AtomicU32; handles::PLACES] = [const { AtomicU32::new(1) }; handles::PLACES];

/// A client that cannot be freed while this lives.
pub(super) type Entered = handles::Entered<'static, Host>;
/// A place for a client that is being made.
pub(super) type Reservation = handles::Reservation<'static, Host>;

/// Takes a free place.
pub(super) fn reserve() -> Option<Reservation> {
    CLIENTS.reserve()
}

/// The handle C knows a client by.
pub(super) fn pack(handle: Handle) -> paynow_client {
    u64::from(handle.generation) << GENERATION_SHIFT | u64::from(handle.place) << PLACE_SHIFT | CLIENT_MARK
}

/// Where the ids of a client that is made for a place begin.
pub(super) fn first_generation(place: u8) -> u32 {
    NEXT_IDS[usize::from(place)].load(Ordering::Relaxed)
}

/// The id the host knows a request of the client in `place` by.
pub(super) fn id(place: u8, key: Key) -> u64 {
    key.bits() | u64::from(place) << PLACE_SHIFT
}

/// Goes in by the client's handle.
pub(super) fn enter(client: paynow_client) -> Result<Entered, Failure> {
    let place = (client >> PLACE_SHIFT) as u8;
    let generation = (client >> GENERATION_SHIFT) as u32;
    let well_formed = client & CLIENT_MARK == CLIENT_MARK;
    let entered = well_formed.then(|| CLIENTS.enter(Handle { place, generation })).flatten();
    unless_forked(entered.ok_or(Failure::no_such("client names nothing: it was destroyed, or is no client"))?)
}

/// Goes in by the id of one of the client's requests or completions.
pub(super) fn enter_by_id(id: u64) -> Result<(Entered, Key), Failure> {
    let entered = CLIENTS
        .enter_place((id >> PLACE_SHIFT) as u8)
        .ok_or(Failure::no_such("the id names nothing: its client was destroyed, or it is no id"))?;
    Ok((unless_forked(entered)?, Key::from_bits(id & !(0xff << PLACE_SHIFT))))
}

/// Takes the client out of the table: its handle and ids name nothing from here on.
pub(super) fn retire(entered: &Entered) {
    NEXT_IDS[usize::from(entered.place)].store(entered.client.next_generation(), Ordering::Relaxed);
    entered.retire();
}

fn unless_forked(entered: Entered) -> Result<Entered, Failure> {
    if entered.client.is_forked() {
        return Err(Failure::new(PAYNOW_E_FORKED, SubmitError::Forked.explanation()));
    }
    Ok(entered)
}

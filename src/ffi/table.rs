//! Handles to clients, as C keeps them. The only thing in this face that is global.

#[cfg(loom)]
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::boundary::Failure;
use super::host::Host;
use super::ids;
use super::status::PAYNOW_E_FORKED;
use super::types::paynow_client;
use crate::handles::{self, Handles};
use crate::runtime::{Key, SubmitError};

#[cfg(not(loom))]
static CLIENTS: Handles<Host> = Handles::new();
#[cfg(loom)]
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

/// Where the ids of a client that is made for a place begin.
pub(super) fn first_generation(place: u8) -> u32 {
    NEXT_IDS[usize::from(place)].load(Ordering::Relaxed)
}

/// Goes in by the client's handle.
pub(super) fn enter(client: paynow_client) -> Result<Entered, Failure> {
    let entered = ids::unpack(client).and_then(|handle| CLIENTS.enter(handle));
    unless_forked(
        entered.ok_or(Failure::no_such("client names nothing: it was destroyed, or is not a client"))?,
    )
}

/// Goes in by the id of one of the client's requests or completions.
pub(super) fn enter_by_id(id: u64) -> Result<(Entered, Key), Failure> {
    let (place, key) = ids::split(id);
    let entered = CLIENTS
        .enter_place(place)
        .ok_or(Failure::no_such("the id names nothing: its client was destroyed, or it is not an id"))?;
    Ok((unless_forked(entered)?, key))
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

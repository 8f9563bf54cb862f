//! The numbers C knows clients, requests and completions by: a client's handle and the ids of its requests have the
//! client's place in common.

use super::types::paynow_client;
use crate::handles::Handle;
use crate::runtime::Key;

/// The index no completion has, in the low 24 bits of a client's handle.
const CLIENT_MARK: u64 = 0x00ff_ffff;
const PLACE_SHIFT: u32 = 24;
const GENERATION_SHIFT: u32 = 32;

/// The handle C knows a client by.
pub(super) fn pack(handle: Handle) -> paynow_client {
    u64::from(handle.generation) << GENERATION_SHIFT | u64::from(handle.place) << PLACE_SHIFT | CLIENT_MARK
}

/// What a handle stands for; `None` for a number that is not one.
pub(super) fn unpack(client: paynow_client) -> Option<Handle> {
    let handle = Handle { place: place_of(client), generation: (client >> GENERATION_SHIFT) as u32 };
    (client & CLIENT_MARK == CLIENT_MARK).then_some(handle)
}

/// The place of a client that a handle names.
pub(super) fn place_of(client: paynow_client) -> u8 {
    (client >> PLACE_SHIFT) as u8
}

/// The id C knows a request of the client in `place` by.
pub(super) fn id(place: u8, key: Key) -> u64 {
    key.bits() | u64::from(place) << PLACE_SHIFT
}

/// The place and the key an id stands for.
pub(super) fn split(id: u64) -> (u8, Key) {
    ((id >> PLACE_SHIFT) as u8, Key::from_bits(id & !(0xff << PLACE_SHIFT)))
}

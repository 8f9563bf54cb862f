//! Handles to clients, as Java keeps them: positive, so that Java can take 0 and less for none.

#[cfg(loom)]
use std::sync::LazyLock;

use jni::sys::jlong;

use super::env::{Failure, INVALID_HANDLE, RESOURCES};
use super::host::Host;
use crate::handles::{self, Handle, Handles};

const GENERATION_SHIFT: u32 = 32;

#[cfg(not(loom))]
static CLIENTS: Handles<Host> = Handles::new();
#[cfg(loom)]
static CLIENTS: LazyLock<Handles<Host>> = LazyLock::new(Handles::new);

/// A client that cannot be freed while this lives.
pub(super) type Entered = handles::Entered<'static, Host>;

/// Makes a client known, under the handle that is returned.
pub(super) fn publish(host: Box<Host>) -> Result<jlong, Failure> {
    let reservation = CLIENTS.reserve().ok_or(Failure::Number(RESOURCES))?;
    let Handle { place, generation } = reservation.publish(host);
    Ok((u64::from(generation) << GENERATION_SHIFT | u64::from(place)).cast_signed())
}

/// Goes in by the client's handle.
pub(super) fn enter(client: jlong) -> Result<Entered, Failure> {
    unpack(client).and_then(|handle| CLIENTS.enter(handle)).ok_or(Failure::Number(INVALID_HANDLE))
}

fn unpack(client: jlong) -> Option<Handle> {
    let client = u64::try_from(client).ok()?;
    let place = u8::try_from(client & u64::from(u32::MAX)).ok()?;
    Some(Handle { place, generation: (client >> GENERATION_SHIFT) as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;

    fn host() -> Box<Host> {
        let builder = Client::builder("411486491630370816").api_base("http://127.0.0.1:9").max_outstanding(4);
        Box::new(Host::new(builder.build().unwrap()).unwrap())
    }

    #[test]
    fn handles_are_positive_and_name_one_client_each() {
        let first = publish(host()).unwrap();
        let second = publish(host()).unwrap();
        assert!(first > 0 && second > 0 && first != second);
        enter(first).unwrap().retire();
        assert!(enter(first).is_err());
        enter(second).unwrap().retire();
    }

    #[test]
    fn what_was_never_given_out_names_nothing() {
        for handle in [0, -1, 1, 255, 256, i64::MAX, i64::MIN, 1 << 32 | 255, 1 << 32 | 256] {
            assert!(enter(handle).is_err(), "{handle}");
        }
    }
}

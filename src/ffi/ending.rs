//! The end of a client: at once, or when the poll that runs returns.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::boundary::Failure;
use super::status::PAYNOW_E_PENDING;
use super::table::{self, Entered};
use crate::client::CollectError;
use crate::runtime::Key;

/// How long destroying waits for another thread that is polling.
const TURN_PATIENCE: Duration = Duration::from_secs(5);

/// What every collecting call does when it is through: a destroy that was asked for meanwhile.
pub(super) fn after_collecting(entered: &Entered) {
    if entered.destroy_wanted.load(Ordering::SeqCst) {
        let _ = finish(entered);
    }
}

/// Destroys the client now, or as soon as the poll that runs returns.
pub(super) fn destroy(entered: &Entered) -> Result<(), Failure> {
    const PENDING: Failure =
        Failure::new(PAYNOW_E_PENDING, "the client will be destroyed when the running poll or next returns");
    entered.client.shutdown();
    entered.destroy_wanted.store(true, Ordering::SeqCst);
    if entered.client.is_collecting_here() {
        return Err(PENDING);
    }
    let patience = Instant::now() + TURN_PATIENCE;
    loop {
        match finish(entered) {
            Ok(()) => return Ok(()),
            Err(_) if Instant::now() >= patience => return Err(PENDING),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Ends the threads, tells the host about everything it has not been told, and frees the rest. A caller that gets the turn
/// after another did all that has nothing left to do.
fn finish(entered: &Entered) -> Result<(), CollectError> {
    let _turn = entered.client.take_turn()?;
    if entered.destroyed.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    entered.client.stop();
    entered.deliver_log();
    while let Some(key) = entered.client.collect() {
        entered.deliver(key);
    }
    let unfreed: Vec<Key> = entered.client.unfreed().collect();
    for key in unfreed {
        let _ = entered.free(key);
    }
    table::retire(entered);
    Ok(())
}

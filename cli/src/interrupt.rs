//! Ctrl-C, and requests to end: what runs comes to a point where nothing is half done, and ends there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::exit::{Exit, Failure};

static WAS_ASKED: AtomicBool = AtomicBool::new(false);

/// How long a wait lasts at most before it looks whether it was interrupted.
pub const STEP: Duration = Duration::from_millis(50);

/// Listens from now on. A second Ctrl-C ends the program at once.
pub fn listen() -> Result<(), Failure> {
    call_when_asked(take).map_err(|error| Failure::Machine(format!("Ctrl-C cannot be listened for: {error}")))
}

/// One request to end.
fn take() {
    if WAS_ASKED.swap(true, Ordering::SeqCst) {
        eprintln!("Ended at once: what was under way may have been done or not.");
        #[expect(
            clippy::disallowed_methods,
            reason = "the rule guards a host's process; this is a program of its own"
        )]
        std::process::exit(Exit::Interrupted as i32);
    }
}

/// Calls `take` on a thread of its own. `ctrlc` would need Objective-C for this on macOS.
#[cfg(unix)]
fn call_when_asked(take: fn()) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let wait = move || signals.forever().for_each(|_| take());
    #[expect(
        clippy::disallowed_methods,
        reason = "signals may come to this thread too: it only waits for them"
    )]
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

#[cfg(windows)]
fn call_when_asked(take: fn()) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(take)
}

/// Whether the program was asked to end.
pub fn was_asked() -> bool {
    WAS_ASKED.load(Ordering::SeqCst)
}

/// Waits, and says whether it was for the whole time.
pub fn pause(time: Duration) -> bool {
    let until = Instant::now() + time;
    while !was_asked() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(STEP));
    }
    false
}

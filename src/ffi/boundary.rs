//! Nothing unwinds into C, and every failure leaves a sentence behind.

use std::cell::RefCell;
use std::ffi::c_char;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::status::*;
use super::types::paynow_status;
use crate::client::{BuildError, CollectError};
use crate::operations::InvalidArgument;
use crate::room::NoMemory;
use crate::runtime::{NoCompletion, SubmitError};

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: paynow_status,
    detail: Detail,
}

#[derive(Debug)]
enum Detail {
    Words(&'static str),
    Argument(InvalidArgument),
    Build(BuildError),
}

impl Failure {
    pub(super) const fn new(status: paynow_status, words: &'static str) -> Self {
        Self { status, detail: Detail::Words(words) }
    }

    /// A handle or id of `what` names nothing.
    pub(super) const fn no_such(what: &'static str) -> Self {
        Self::new(PAYNOW_E_INVALID_HANDLE, what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Detail::Words(words) => formatter.write_str(words),
            Detail::Argument(argument) => argument.fmt(formatter),
            Detail::Build(error) => error.fmt(formatter),
        }
    }
}

impl From<InvalidArgument> for Failure {
    fn from(argument: InvalidArgument) -> Self {
        Self { status: PAYNOW_E_INVALID_ARGUMENT, detail: Detail::Argument(argument) }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::InvalidArgument(argument) => argument.into(),
            SubmitError::QueueFull => Self::new(PAYNOW_E_QUEUE_FULL, error.explanation()),
            SubmitError::Shutdown => Self::new(PAYNOW_E_SHUTDOWN, error.explanation()),
            SubmitError::Forked => Self::new(PAYNOW_E_FORKED, error.explanation()),
            SubmitError::Memory => Self::new(PAYNOW_E_RESOURCES, error.explanation()),
            SubmitError::NoApiKey => Self::new(PAYNOW_E_NO_API_KEY, error.explanation()),
        }
    }
}

impl From<NoMemory> for Failure {
    fn from(error: NoMemory) -> Self {
        SubmitError::from(error).into()
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        let status = match error {
            CollectError::Busy => PAYNOW_E_BUSY,
            CollectError::Reentrant => PAYNOW_E_REENTRANT,
            CollectError::Forked => PAYNOW_E_FORKED,
        };
        Self::new(status, error.explanation())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::InvalidArgument(argument) => argument.into(),
            BuildError::Source { .. } => {
                Self { status: PAYNOW_E_INVALID_ARGUMENT, detail: Detail::Build(error) }
            }
            BuildError::Thread(_) | BuildError::Memory => {
                Self { status: PAYNOW_E_RESOURCES, detail: Detail::Build(error) }
            }
        }
    }
}

impl From<NoCompletion> for Failure {
    fn from(_: NoCompletion) -> Self {
        Self::no_such("completion names nothing: it was freed, or not handed out by poll or next")
    }
}

/// A failure whose sentence is remembered: its number is left. `?` makes one where the failure is found, so that a call that
/// succeeds sets no memory aside for one.
#[derive(Debug)]
pub(super) struct Failed(paynow_status);

impl<F: Into<Failure>> From<F> for Failed {
    #[cold]
    #[inline(never)]
    fn from(failure: F) -> Self {
        let failure = failure.into();
        remember(&failure);
        Self(failure.status)
    }
}

/// Runs what an exported function does. A panic ends here.
pub(super) fn contain(run: impl FnOnce() -> Result<(), Failure>) -> paynow_status {
    contain_quick(|| Ok(run()?))
}

/// The same for what a tick calls all the time.
pub(super) fn contain_quick(run: impl FnOnce() -> Result<(), Failed>) -> paynow_status {
    let status = || run().map_or_else(|Failed(status)| status, |()| PAYNOW_OK);
    catch_unwind(AssertUnwindSafe(status)).unwrap_or_else(|_| {
        let fault = "a fault inside paynow-bridge was contained; please report it";
        Failed::from(Failure::new(PAYNOW_E_INTERNAL, fault)).0
    })
}

const LONGEST: usize = 512;

/// Text of a fixed size, so that failing does not allocate on a tick thread. Always ends in NUL.
struct Sentence {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Write for Sentence {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - 1 - self.length;
        let mut take = text.len().min(room);
        while !text.is_char_boundary(take) {
            take -= 1;
        }
        self.bytes[self.length..self.length + take].copy_from_slice(&text.as_bytes()[..take]);
        self.length += take;
        self.bytes[self.length] = 0;
        Ok(())
    }
}

thread_local! {
    static LAST: RefCell<Sentence> = const { RefCell::new(Sentence { bytes: [0; LONGEST], length: 0 }) };
}

fn remember(failure: &Failure) {
    // A thread that is ending may have no place for it any more.
    let _ = LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            last.length = 0;
            last.bytes[0] = 0;
            let _ = write!(last, "{failure}");
        }
    });
}

/// Why the last call that failed on this thread failed, in a sentence that names the argument; ""
/// when none has failed. Holds no secret. Valid until the next call that fails on this thread. A call that
/// succeeds leaves it as it is. Never NULL, never blocks.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_last_error() -> *const c_char {
    LAST.try_with(|last| last.as_ptr()).map_or(c"".as_ptr(), |sentence| {
        // SAFETY: the thread-local lives as long as its thread; only this thread uses it, and no borrow
        // outlives `remember`.
        unsafe { (*sentence).bytes.as_ptr().cast() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn last() -> String {
        // SAFETY: the text ends in NUL and belongs to this thread.
        unsafe { CStr::from_ptr(paynow_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_a_status() {
        let status = contain(|| panic!("a panic a test wants"));
        assert_eq!(status, PAYNOW_E_INTERNAL);
        assert!(last().contains("contained"));
    }

    #[test]
    fn failures_are_remembered_and_successes_are_not() {
        let failed = contain(|| Err(InvalidArgument::new("limit", "must be between 1 and 100").into()));
        assert_eq!(failed, PAYNOW_E_INVALID_ARGUMENT);
        assert_eq!(contain(|| Ok(())), PAYNOW_OK);
        assert_eq!(last(), "limit must be between 1 and 100");
    }

    #[test]
    fn long_sentences_are_cut_between_characters() {
        let mut sentence = Sentence { bytes: [1; LONGEST], length: 0 };
        sentence.write_str(&"ä".repeat(LONGEST)).unwrap();
        sentence.write_str("more").unwrap();
        let text = CStr::from_bytes_until_nul(&sentence.bytes).unwrap();
        assert_eq!(text.to_str().unwrap().chars().next_back(), Some('m'));
        assert_eq!(text.count_bytes(), LONGEST - 1);
    }
}

//! The only place that calls the JVM, and the boundary no panic crosses.

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};

use jni::sys::{JNIEnv, jbyteArray, jint, jintArray, jlong, jlongArray, jobject, jobjectArray, jstring};

use crate::client::{BuildError, CollectError};
use crate::operations::{InvalidArgument, Refusal, Status};
use crate::room::NoMemory;
use crate::runtime::SubmitError;

// The numbers of the C face, negative: no request id and no handle is one of them.
/// An exception waits in the JVM and says the rest.
pub(super) const THROWN: jlong = refused(Refusal::InvalidArgument);
pub(super) const INVALID_HANDLE: jlong = refused(Refusal::InvalidHandle);
pub(super) const QUEUE_FULL: jlong = refused(Refusal::QueueFull);
pub(super) const SHUTDOWN: jlong = -(Status::Shutdown as jlong);
pub(super) const REENTRANT: jlong = refused(Refusal::Reentrant);
pub(super) const BUSY: jlong = refused(Refusal::Busy);
pub(super) const FORKED: jlong = refused(Refusal::Forked);
pub(super) const NO_API_KEY: jlong = refused(Refusal::NoApiKey);
pub(super) const RESOURCES: jlong = -(Status::Resources as jlong);
pub(super) const INTERNAL: jlong = -(Status::Internal as jlong);

const fn refused(refusal: Refusal) -> jlong {
    -(refusal as jlong)
}

/// Why an export fails.
#[derive(Debug)]
pub(super) enum Failure {
    /// With this number.
    Number(jlong),
    /// With an exception about this argument.
    Argument(InvalidArgument),
    /// With an exception about what a variable or a file holds.
    Source(InvalidArgument, String),
}

impl From<InvalidArgument> for Failure {
    fn from(error: InvalidArgument) -> Self {
        if error.is_without_memory() { NoMemory.into() } else { Self::Argument(error) }
    }
}

impl From<NoMemory> for Failure {
    fn from(_: NoMemory) -> Self {
        Self::Number(RESOURCES)
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::InvalidArgument(error) => error.into(),
            SubmitError::QueueFull => Self::Number(QUEUE_FULL),
            SubmitError::Shutdown => Self::Number(SHUTDOWN),
            SubmitError::Forked => Self::Number(FORKED),
            SubmitError::Memory => Self::Number(RESOURCES),
            SubmitError::NoApiKey => Self::Number(NO_API_KEY),
        }
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        Self::Number(match error {
            CollectError::Busy => BUSY,
            CollectError::Reentrant => REENTRANT,
            CollectError::Forked => FORKED,
        })
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::InvalidArgument(error) => error.into(),
            BuildError::Source { problem, place } => Self::Source(problem, place),
            BuildError::Thread(_) | BuildError::Memory => Self::Number(RESOURCES),
        }
    }
}

/// The thread that called an export, as far as the JVM lets it call back.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    env: *mut JNIEnv,
}

/// Calls a function of the JNI table. All of those used here exist since Java 1.2.
macro_rules! call {
    ($caller:expr, $version:ident.$function:ident, $($argument:expr),+) => {
        ((**$caller.env).$version.$function)($caller.env, $($argument),+)
    };
}

impl Caller {
    /// # Safety
    ///
    /// `env` is what the JVM gave to the export that runs, on the thread that runs it.
    pub(super) unsafe fn new(env: *mut JNIEnv) -> Self {
        Self { env }
    }

    /// How many UTF-16 units a string has.
    pub(super) fn string_length(self, string: jstring) -> usize {
        // SAFETY: the environment is this thread's (see `new`), the string a live reference the JVM passed in.
        let length = unsafe { call!(self, v1_1.GetStringLength, string) };
        usize::try_from(length).unwrap_or(0)
    }

    /// Copies the first units of a string.
    pub(super) fn string_units(self, string: jstring, units: &mut [u16]) {
        let length = jint::try_from(units.len()).expect("a Java string is no longer than an int says");
        // SAFETY: as above; the caller asked for the length, so the region lies within the string.
        unsafe { call!(self, v1_2.GetStringRegion, string, 0, length, units.as_mut_ptr()) };
    }

    /// How many elements an array has; none when it is null.
    pub(super) fn array_length(self, array: jobject) -> usize {
        if array.is_null() {
            return 0;
        }
        // SAFETY: the environment is this thread's, the array a live reference the JVM passed in.
        let length = unsafe { call!(self, v1_1.GetArrayLength, array) };
        usize::try_from(length).unwrap_or(0)
    }

    /// Hands an element of an array to `read`, and gives the reference back at once: a bulk has more elements than a
    /// frame has room for references.
    pub(super) fn with_element<R>(
        self,
        array: jobjectArray,
        index: usize,
        read: impl FnOnce(jobject) -> R,
    ) -> R {
        let index = jint::try_from(index).expect("a Java array is no longer than an int says");
        // SAFETY: the environment is this thread's; the callers stay below the array's length.
        let element = unsafe { call!(self, v1_1.GetObjectArrayElement, array, index) };
        let result = read(element);
        // SAFETY: the reference was made above, and `read` got it for the call only.
        unsafe { call!(self, v1_1.DeleteLocalRef, element) };
        result
    }

    /// Copies elements of an int array, from the `first` on, as many as there are places; places beyond its end stay as they
    /// are.
    pub(super) fn ints(self, array: jintArray, first: usize, places: &mut [jint]) {
        let length = self.array_length(array).saturating_sub(first).min(places.len());
        // Also when there is no array: the JVM does not check.
        if length == 0 {
            return;
        }
        // SAFETY: the environment is this thread's; the region lies within both.
        unsafe {
            call!(self, v1_1.GetIntArrayRegion, array, first as jint, length as jint, places.as_mut_ptr())
        };
    }

    /// Copies the first elements of a long array, as many as there are places.
    pub(super) fn longs(self, array: jlongArray, places: &mut [jlong]) {
        let length = self.array_length(array).min(places.len());
        // Also when there is no array: the JVM does not check.
        if length == 0 {
            return;
        }
        // SAFETY: the environment is this thread's; the region lies within both.
        unsafe { call!(self, v1_1.GetLongArrayRegion, array, 0, length as jint, places.as_mut_ptr()) };
    }

    /// Fills the beginning of a long array, as far as it goes.
    pub(super) fn set_longs(self, array: jlongArray, values: &[jlong]) {
        let length = self.array_length(array).min(values.len());
        if length == 0 {
            return;
        }
        // SAFETY: the environment is this thread's; the region lies within both.
        unsafe { call!(self, v1_1.SetLongArrayRegion, array, 0, length as jint, values.as_ptr()) };
    }

    /// Fills the beginning of a byte array, if it is long enough. Says how long it has to be.
    pub(super) fn set_bytes(self, array: jbyteArray, bytes: &[u8]) -> jlong {
        if !bytes.is_empty() && bytes.len() <= self.array_length(array) {
            // SAFETY: the environment is this thread's; the region lies within both.
            unsafe {
                call!(self, v1_1.SetByteArrayRegion, array, 0, bytes.len() as jint, bytes.as_ptr().cast())
            };
        }
        bytes.len() as jlong
    }

    /// Leaves an `IllegalArgumentException` behind, for the JVM to throw when the export returns.
    fn throw_illegal_argument(self, words: &str) {
        const CLASS: &CStr = c"java/lang/IllegalArgumentException";
        let words: String = words.chars().filter(|c| c.is_ascii() && *c != '\0').collect();
        let words = CString::new(words).unwrap_or_default();
        // SAFETY: the environment is this thread's, nothing is pending (the export fails for a reason of its own), and
        // both texts are ASCII that ends in NUL. Should the class be out of memory's reach, the JVM has left an
        // exception of its own, which is as good.
        unsafe {
            let class = call!(self, v1_1.FindClass, CLASS.as_ptr());
            if !class.is_null() {
                call!(self, v1_1.ThrowNew, class, words.as_ptr());
                call!(self, v1_1.DeleteLocalRef, class);
            }
        }
    }
}

/// Runs what an export does. A panic ends here.
pub(super) fn contain(caller: Caller, run: impl FnOnce() -> Result<jlong, Failure>) -> jlong {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(result)) => result,
        Ok(Err(Failure::Number(number))) => number,
        Ok(Err(Failure::Argument(error))) => {
            caller.throw_illegal_argument(&in_java_words(&error));
            THROWN
        }
        Ok(Err(Failure::Source(problem, place))) => {
            caller.throw_illegal_argument(&format!("{} ({place})", in_java_words(&problem)));
            THROWN
        }
        Err(_) => INTERNAL,
    }
}

/// The error, with the name its argument has in Java.
fn in_java_words(error: &InvalidArgument) -> String {
    let name = error.argument();
    error.to_string().replacen(name, &java_name(name), 1)
}

fn java_name(name: &str) -> String {
    match name {
        "asc" => return "ascending".to_owned(),
        "customer_countrycode" => return "customerCountryCode".to_owned(),
        "network.network_id" => return "network.id".to_owned(),
        _ => {}
    }
    let mut words = name.split('_');
    let mut java = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        java.push_str(&first.to_ascii_uppercase());
        java.push_str(rest);
    }
    java
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A caller whose environment must not be used.
    fn no_caller() -> Caller {
        Caller { env: std::ptr::null_mut() }
    }

    #[test]
    fn a_panic_becomes_a_number() {
        assert_eq!(contain(no_caller(), || panic!("a panic a test wants")), INTERNAL);
    }

    #[test]
    fn results_and_numbers_pass_through() {
        assert_eq!(contain(no_caller(), || Ok(7)), 7);
        assert_eq!(contain(no_caller(), || Err(SubmitError::QueueFull.into())), QUEUE_FULL);
    }

    #[test]
    fn arguments_are_called_what_java_calls_them() {
        let error = InvalidArgument::new("minecraft_java_name", "must not be empty");
        assert_eq!(in_java_words(&error), "minecraftJavaName must not be empty");
        assert_eq!(
            in_java_words(&InvalidArgument::new("steam_id", "x").in_item(3)),
            "customers[3].steamId x",
        );
        assert_eq!(java_name("limit"), "limit");
        assert_eq!(java_name("asc"), "ascending");
    }
}

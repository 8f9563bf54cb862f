//! Any sequence of calls of the C interface, with any handles, leaves a library that is as good as before.

#![no_main]

use libfuzzer_sys::fuzz_target;

// The library's symbols are what c_abi.c is linked against.
use paynow_bridge as _;

unsafe extern "C" {
    fn drive(data: *const u8, size: usize);
}

fuzz_target!(|data: &[u8]| {
    // SAFETY: so many bytes are there; it keeps none of them.
    unsafe { drive(data.as_ptr(), data.len()) };
});

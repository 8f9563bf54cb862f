//! Reading what a host hands in. All of it is hostile until it has been looked at.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use super::boundary::Failure;
use super::types::*;
use crate::operations::InvalidArgument;

/// Longer structs than this are taken for rubbish.
const LONGEST_STRUCT: usize = 4096;

/// A struct a host hands in.
///
/// # Safety
///
/// The type is `repr(C)`, begins with `struct_size: u32`, and every pattern of bits is a valid value of it.
pub(super) unsafe trait Input: Copy {
    /// What the argument is called in errors.
    const NAME: &'static str;
    /// The size it had in the first header that was handed out: no caller has a smaller one.
    const FIRST_SIZE: usize = size_of::<Self>();
}

macro_rules! inputs {
    ($($type:ty => $name:literal $(, first it ended before $later:ident)?);* $(;)?) => {
        $(
            // SAFETY: made of integers, raw pointers and optional function pointers behind struct_size. A
            // function pointer that is not a function is the host's broken promise, like any wrong pointer.
            unsafe impl Input for $type {
                const NAME: &'static str = $name;
                $(const FIRST_SIZE: usize = std::mem::offset_of!($type, $later);)?
            }
        )*
    };
}

inputs! {
    paynow_client_config => "config", first it ended before warm_connections;
    paynow_network => "network";
    paynow_call => "call";
    paynow_player => "player";
    paynow_pages => "pages";
    paynow_bulk => "bulk";
    paynow_list_query => "query", first it ended before customer_ids;
    paynow_lookup_query => "query";
    paynow_customer_fields => "fields";
    paynow_authentication => "authentication";
    paynow_giftcard_query => "query";
    paynow_raw_request => "request";
}

fn refuse<T>(argument: &'static str, problem: &'static str) -> Result<T, InvalidArgument> {
    Err(InvalidArgument::new(argument, problem))
}

/// Reads a struct that must be there.
///
/// # Safety
///
/// `pointer` is NULL or points to as many readable bytes as its `struct_size` says.
pub(super) unsafe fn required<T: Input>(pointer: *const T) -> Result<T, InvalidArgument> {
    if pointer.is_null() {
        return refuse(T::NAME, "must not be NULL");
    }
    // SAFETY: every input begins with struct_size; the pointer may be unaligned.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() } as usize;
    if size < T::FIRST_SIZE {
        return refuse(T::NAME, "has a struct_size that is too small: set it to sizeof the struct");
    }
    if size > LONGEST_STRUCT {
        return refuse(T::NAME, "has an impossible struct_size: set it to sizeof the struct");
    }
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: so many bytes are readable by the caller's word and fit into `value`.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known);
    }
    for offset in known..size {
        // SAFETY: within what the caller says is there.
        if unsafe { pointer.cast::<u8>().add(offset).read() } != 0 {
            return refuse(T::NAME, "uses members this version of the library does not know: update it");
        }
    }
    // SAFETY: every pattern of bits is valid, and all of them are initialised.
    Ok(unsafe { value.assume_init() })
}

/// Whether a struct that must be there can be read as it is, because the caller's has all of its members and no others: for
/// calls that a tick makes all the time, which then read the few members they need.
///
/// # Safety
///
/// As for [`required`].
#[inline(always)]
pub(super) unsafe fn check<T: Input>(pointer: *const T) -> Result<(), InvalidArgument> {
    // SAFETY: passed on.
    if unsafe { is_whole(pointer) } {
        return Ok(());
    }
    // SAFETY: passed on.
    unsafe { check_another(pointer) }
}

/// Whether a struct is there, with all of its members and no others.
///
/// # Safety
///
/// As for [`required`].
#[inline(always)]
pub(super) unsafe fn is_whole<T: Input>(pointer: *const T) -> bool {
    const {
        assert!(T::FIRST_SIZE == size_of::<T>(), "callers with an earlier header have a shorter one: copy it")
    };
    // SAFETY: every input begins with struct_size; the pointer may be unaligned.
    !pointer.is_null() && unsafe { pointer.cast::<u32>().read_unaligned() } as usize == size_of::<T>()
}

/// # Safety
///
/// As for [`required`].
#[cold]
#[inline(never)]
unsafe fn check_another<T: Input>(pointer: *const T) -> Result<(), InvalidArgument> {
    // SAFETY: passed on.
    unsafe { required(pointer) }.map(drop)
}

/// Reads a struct that may be left out.
///
/// # Safety
///
/// As for [`required`].
pub(super) unsafe fn optional<T: Input>(pointer: *const T) -> Result<Option<T>, InvalidArgument> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    unsafe { required(pointer) }.map(Some)
}

/// Reads text that may be left out.
///
/// # Safety
///
/// `pointer` is NULL, or points to `length` readable bytes, or with length 0 to bytes that end in NUL; they
/// live and do not change during `'a`.
pub(super) unsafe fn text<'a>(
    name: &'static str,
    pointer: *const c_char,
    length: usize,
) -> Result<Option<&'a str>, InvalidArgument> {
    // SAFETY: passed on.
    match unsafe { bytes(pointer, length) }.map_err(|error| error.of(name))?.map(std::str::from_utf8) {
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => refuse(name, "must be valid UTF-8"),
        None => Ok(None),
    }
}

/// The same, not yet known to be UTF-8. Its errors name no argument: the caller adds the name.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn bytes<'a>(
    pointer: *const c_char,
    length: usize,
) -> Result<Option<&'a [u8]>, InvalidArgument> {
    if pointer.is_null() {
        return if length == 0 { Ok(None) } else { refuse("", "must not be NULL with a length") };
    }
    if length > isize::MAX as usize {
        return refuse("", "has an impossible length");
    }
    Ok(Some(if length == 0 {
        // SAFETY: ends in NUL by the caller's word.
        unsafe { CStr::from_ptr(pointer) }.to_bytes()
    } else {
        // SAFETY: so many bytes are readable by the caller's word.
        unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) }
    }))
}

/// Reads text that must be there.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn required_text<'a>(
    name: &'static str,
    pointer: *const c_char,
    length: usize,
) -> Result<&'a str, InvalidArgument> {
    // SAFETY: passed on.
    match unsafe { text(name, pointer, length) }? {
        Some(text) => Ok(text),
        None => refuse(name, "must not be NULL"),
    }
}

/// The elements of an array that may be left out, each read when its turn comes.
///
/// # Safety
///
/// `pointer` is NULL or points to `count` elements, aligned or not, which live and do not change until the iterator is
/// gone.
pub(super) unsafe fn elements<T: Copy>(
    name: &'static str,
    pointer: *const T,
    count: usize,
) -> Result<Option<impl ExactSizeIterator<Item = T>>, InvalidArgument> {
    if pointer.is_null() {
        return if count == 0 { Ok(None) } else { refuse(name, "must not be NULL with a count") };
    }
    // SAFETY: within the array by the caller's word.
    Ok(Some((0..count).map(move |index| unsafe { pointer.add(index).read_unaligned() })))
}

pub(super) fn must_be_zero(value: u32) -> Result<(), InvalidArgument> {
    if value == 0 { Ok(()) } else { refuse("reserved", "must be 0") }
}

/// One of `words`, counted from `first`.
pub(super) fn word<T: Copy>(
    name: &'static str,
    value: i32,
    first: i32,
    words: &[T],
    problem: &'static str,
) -> Result<T, InvalidArgument> {
    let index = value.checked_sub(first).and_then(|index| usize::try_from(index).ok());
    match index.and_then(|index| words.get(index)) {
        Some(word) => Ok(*word),
        None => refuse(name, problem),
    }
}

/// Whether the oldest comes first, if the host said so.
pub(super) fn order(order: i32) -> Result<Option<bool>, InvalidArgument> {
    match order {
        PAYNOW_ORDER_DEFAULT => Ok(None),
        PAYNOW_ORDER_ASCENDING => Ok(Some(true)),
        PAYNOW_ORDER_DESCENDING => Ok(Some(false)),
        _ => refuse("order", "must be one of PAYNOW_ORDER_*"),
    }
}

/// Writes to an output that must be there.
///
/// # Safety
///
/// `pointer` is NULL or valid for writing a `T`, aligned or not.
pub(super) unsafe fn write<T>(name: &'static str, pointer: *mut T, value: T) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(InvalidArgument::new(name, "must not be NULL").into());
    }
    // SAFETY: valid for writing by the caller's word.
    unsafe { pointer.write_unaligned(value) };
    Ok(())
}

/// A struct the library fills.
///
/// # Safety
///
/// The type is `repr(C)` and begins with `struct_size: u32`.
pub(super) unsafe trait Output: Copy {
    /// The size it had in the first header that was handed out: no caller has a smaller one. A member that is added later
    /// begins here.
    const FIRST_SIZE: usize = size_of::<Self>();
}

macro_rules! outputs {
    ($($type:ty $(, first it ended before $later:ident)?);* $(;)?) => {
        $(
            // SAFETY: `struct_size` is its first member.
            unsafe impl Output for $type {
                $(const FIRST_SIZE: usize = std::mem::offset_of!($type, $later);)?
            }
        )*
    };
}

outputs! {
    paynow_completion_info;
    paynow_customer;
    paynow_giftcard;
    paynow_api_error;
    paynow_validation_error;
    paynow_stats, first it ended before handshakes;
}

/// Writes as much of a struct as the host has room for: its `struct_size` says so.
///
/// # Safety
///
/// `pointer` is NULL or points to as many writable bytes as its `struct_size` says.
pub(super) unsafe fn write_struct<T: Output>(
    name: &'static str,
    pointer: *mut T,
    make: impl FnOnce(u32) -> Result<T, Failure>,
) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(InvalidArgument::new(name, "must not be NULL").into());
    }
    // SAFETY: every output begins with struct_size.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() };
    if (size as usize) < T::FIRST_SIZE || size as usize > LONGEST_STRUCT {
        return Err(InvalidArgument::new(name, "has a wrong struct_size: set it to sizeof the struct").into());
    }
    let value = make(size)?;
    let room = size_of::<T>().min(size as usize);
    // SAFETY: so many bytes are writable by the caller's word, and no more of `value` is read than there is.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), pointer.cast::<u8>(), room);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output with a member that the first header did not have.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Grown {
        struct_size: u32,
        first: u32,
        later: u64,
    }

    // SAFETY: `struct_size` is its first member.
    unsafe impl Output for Grown {
        const FIRST_SIZE: usize = std::mem::offset_of!(Grown, later);
    }

    /// The sizes in the first header. They never change: a struct that grew says where it ended then.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn programs_with_the_first_header_are_still_understood() {
        fn input<T: Input>() -> usize {
            T::FIRST_SIZE
        }
        fn output<T: Output>() -> usize {
            T::FIRST_SIZE
        }
        for (now, first, name) in [
            (input::<paynow_client_config>(), 264, "paynow_client_config"),
            (input::<paynow_call>(), 48, "paynow_call"),
            (input::<paynow_player>(), 72, "paynow_player"),
            (input::<paynow_pages>(), 40, "paynow_pages"),
            (input::<paynow_bulk>(), 32, "paynow_bulk"),
            (input::<paynow_list_query>(), 64, "paynow_list_query"),
            (input::<paynow_lookup_query>(), 120, "paynow_lookup_query"),
            (input::<paynow_customer_fields>(), 96, "paynow_customer_fields"),
            (input::<paynow_authentication>(), 56, "paynow_authentication"),
            (input::<paynow_giftcard_query>(), 40, "paynow_giftcard_query"),
            (input::<paynow_raw_request>(), 72, "paynow_raw_request"),
            (output::<paynow_completion_info>(), 120, "paynow_completion_info"),
            (output::<paynow_customer>(), 192, "paynow_customer"),
            (output::<paynow_giftcard>(), 48, "paynow_giftcard"),
            (output::<paynow_api_error>(), 40, "paynow_api_error"),
            (output::<paynow_validation_error>(), 40, "paynow_validation_error"),
            (output::<paynow_stats>(), 184, "paynow_stats"),
        ] {
            assert_eq!(now, first, "{name}");
        }
    }

    #[test]
    fn a_struct_that_grew_is_written_as_far_as_the_host_knows_it() {
        let write = |struct_size: usize| {
            let mut host = Grown { struct_size: struct_size as u32, first: 0, later: 7 };
            let make = |struct_size| Ok(Grown { struct_size, first: 1, later: 2 });
            // SAFETY: there is room for all of it.
            unsafe { write_struct("out", &raw mut host, make) }.ok()?;
            Some((host.struct_size as usize, host.first, host.later))
        };
        assert_eq!(write(7), None);
        assert_eq!(write(8), Some((8, 1, 7)), "what an earlier host does not know is left alone");
        assert_eq!(write(16), Some((16, 1, 2)));
        assert_eq!(write(40), Some((40, 1, 2)), "a later host gets what there is");
        assert_eq!(write(LONGEST_STRUCT + 1), None);
    }
}

//! Reading completions.

use std::ffi::c_char;
use std::ptr;

use super::boundary::{Failure, contain};
use super::input;
use super::status::{PAYNOW_E_NO_VALUE, number, text};
use super::table;
use super::types::*;
use crate::model::{
    ApiError, Customer, Date, MinecraftPlatform, PlatformProfile, Profile, Text, ValidationError,
};
use crate::operations::{Answer, InvalidArgument, Sent, Status};
use crate::runtime::{Outcome, Source};

const NOTHING: Failure = Failure::new(PAYNOW_E_NO_VALUE, "the completion does not hold what was asked for");
const BEYOND: Failure = Failure::new(PAYNOW_E_NO_VALUE, "the index is beyond the end of the list");

/// Opens a completion. What `read` borrows stays valid after this returns, until the completion is freed.
fn with<R>(
    completion: paynow_completion,
    read: impl FnOnce(&Outcome) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let (host, key) = table::enter_by_id(completion)?;
    let reading = host.client.read(key)?;
    read(reading.outcome())
}

fn answer(outcome: &Outcome) -> &Answer {
    outcome.reply.as_ref().map_or(&Answer::Nothing, |reply| &reply.answer)
}

fn error(outcome: &Outcome) -> Result<&ApiError, Failure> {
    outcome.reply.as_ref().and_then(|reply| reply.error.as_deref()).ok_or(NOTHING)
}

/// The customers of an answer that holds some.
pub(super) fn customers(outcome: &Outcome) -> Option<&[Customer]> {
    match answer(outcome) {
        Answer::Customer(customer) | Answer::TokenFor(customer, _) => Some(std::slice::from_ref(&**customer)),
        Answer::Customers(customers) => Some(customers),
        _ => None,
    }
}

fn customer(outcome: &Outcome, index: usize) -> Result<&Customer, Failure> {
    customers(outcome).ok_or(NOTHING)?.get(index).ok_or(BEYOND)
}

fn validation_error(outcome: &Outcome, index: usize) -> Result<&ValidationError, Failure> {
    error(outcome)?.errors.get(index).ok_or(BEYOND)
}

fn pointer(text: Option<&Text>) -> *const c_char {
    text.map_or(ptr::null(), Text::as_ptr)
}

fn milliseconds(date: Option<&Date>) -> i64 {
    date.and_then(|date| date.unix_milliseconds).unwrap_or(PAYNOW_NO_DATE)
}

/// Writes how the request ended. Set `out->struct_size` first. The strings are borrowed from the completion:
/// until it is freed, or inside a callback until that returns. As for every paynow_completion_* function: any
/// thread, never blocks.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `out` points to a paynow_completion_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_info_get(
    completion: paynow_completion,
    out: *mut paynow_completion_info,
) -> paynow_status {
    contain(|| {
        let (host, key) = table::enter_by_id(completion)?;
        let route = host.route(key)?;
        let reading = host.client.read(key)?;
        let (header, outcome) = (reading.header(), reading.outcome());
        let api_error = error(outcome).ok();
        let status = number(outcome.status);
        let own_message = outcome.reply.as_ref().and_then(|reply| reply.message.as_ref());
        let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let make = |struct_size| {
            Ok(paynow_completion_info {
                struct_size,
                status,
                operation: header.operation.id as paynow_operation,
                found: i32::from(!matches!(answer(outcome), Answer::Nothing | Answer::Absent)),
                http_status: outcome.http_status.into(),
                attempts: outcome.attempts,
                sent: match outcome.sent {
                    Sent::Never => PAYNOW_SENT_NEVER,
                    Sent::Maybe => PAYNOW_SENT_MAYBE,
                    Sent::Answered => PAYNOW_SENT_ANSWERED,
                },
                customer_count: customers(outcome).unwrap_or_default().len() as u32,
                retry_after_ms: outcome
                    .retry_after
                    .map_or(-1, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
                queue_us: micros(outcome.queued),
                network_us: micros(outcome.network),
                age_us: micros(outcome.decided.elapsed()),
                tag: header.tag,
                user_data: route.user_data,
                message: match own_message {
                    Some(message) => message.as_ptr(),
                    None if outcome.status == Status::Ok => ptr::null(),
                    None => text(status).as_ptr(),
                },
                error_code: pointer(api_error.and_then(|error| error.code.as_ref())),
                trace_id: pointer(api_error.and_then(|error| error.trace_id.as_ref())),
                request: completion,
                source: match outcome.source {
                    Source::Network => PAYNOW_SOURCE_NETWORK,
                    Source::Shared => PAYNOW_SOURCE_SHARED,
                    Source::Cache => PAYNOW_SOURCE_CACHE,
                    Source::StaleCache => PAYNOW_SOURCE_STALE_CACHE,
                    Source::OtherServer => PAYNOW_SOURCE_OTHER_SERVER,
                },
                reserved: 0,
            })
        };
        // SAFETY: the caller's promise.
        unsafe { input::write_struct("out", out, make) }
    })
}

/// Writes a customer of the answer: index 0 for a single one, below paynow_completion_info.customer_count for a
/// list. Set `out->struct_size` first. Threads, lifetime and errors as paynow_completion_info_get;
/// PAYNOW_E_NO_VALUE when the answer holds none, or not so many.
///
/// # Safety
///
/// `out` points to a paynow_customer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_customer(
    completion: paynow_completion,
    index: usize,
    out: *mut paynow_customer,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let customer = customer(outcome, index)?;
            // SAFETY: the caller's promise.
            unsafe { input::write_struct("out", out, |struct_size| Ok(lend_customer(customer, struct_size))) }
        })
    })
}

fn lend_customer(customer: &Customer, struct_size: u32) -> paynow_customer {
    const NO_PROFILE: paynow_profile =
        paynow_profile { id: ptr::null(), platform: ptr::null(), name: ptr::null(), avatar_url: ptr::null() };
    let generic = |Profile { id, platform, name, avatar_url }: &Profile| paynow_profile {
        id: pointer(id.as_ref()),
        platform: pointer(platform.as_ref()),
        name: pointer(name.as_ref()),
        avatar_url: pointer(avatar_url.as_ref()),
    };
    let platform = |PlatformProfile { id, name, avatar_url }: &PlatformProfile| paynow_profile {
        id: pointer(id.as_ref()),
        platform: ptr::null(),
        name: pointer(name.as_ref()),
        avatar_url: pointer(avatar_url.as_ref()),
    };
    // Without `..`: the compiler names a field that is forgotten here.
    let Customer {
        id,
        store_id,
        profile,
        steam_id,
        steam,
        minecraft_uuid,
        minecraft,
        xbox_xuid,
        minecraft_platform,
        name,
        created_at,
        updated_at,
        metadata,
    } = customer;
    let has = |there: bool, bit: u32| if there { bit } else { 0 };
    paynow_customer {
        struct_size,
        minecraft_platform: match minecraft_platform {
            None => PAYNOW_MINECRAFT_ABSENT,
            Some(MinecraftPlatform::Unknown) => PAYNOW_MINECRAFT_UNKNOWN,
            Some(MinecraftPlatform::Java) => PAYNOW_MINECRAFT_JAVA,
            Some(MinecraftPlatform::Bedrock) => PAYNOW_MINECRAFT_BEDROCK,
        },
        profiles: has(profile.is_some(), PAYNOW_HAS_PROFILE)
            | has(steam.is_some(), PAYNOW_HAS_STEAM)
            | has(minecraft.is_some(), PAYNOW_HAS_MINECRAFT),
        metadata_count: metadata.len() as u32,
        id: id.as_ptr(),
        store_id: pointer(store_id.as_ref()),
        steam_id: pointer(steam_id.as_ref()),
        minecraft_uuid: pointer(minecraft_uuid.as_ref()),
        xbox_xuid: pointer(xbox_xuid.as_ref()),
        name: pointer(name.as_ref()),
        created_at: pointer(created_at.as_ref().map(|date| &date.text)),
        updated_at: pointer(updated_at.as_ref().map(|date| &date.text)),
        created_at_ms: milliseconds(created_at.as_ref()),
        updated_at_ms: milliseconds(updated_at.as_ref()),
        profile: profile.as_ref().map_or(NO_PROFILE, generic),
        steam: steam.as_ref().map_or(NO_PROFILE, platform),
        minecraft: minecraft.as_ref().map_or(NO_PROFILE, platform),
    }
}

/// Writes an entry of a customer's metadata, in key order: `index` below paynow_customer.metadata_count. Threads,
/// lifetime and errors as paynow_completion_customer.
///
/// # Safety
///
/// `out_key` and `out_value` point to pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_metadata(
    completion: paynow_completion,
    customer_index: usize,
    index: usize,
    out_key: *mut *const c_char,
    out_value: *mut *const c_char,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let (key, value) = customer(outcome, customer_index)?.metadata.get(index).ok_or(BEYOND)?;
            if out_value.is_null() {
                return Err(InvalidArgument::new("out_value", "must not be NULL").into());
            }
            // SAFETY: the caller's promise.
            unsafe {
                input::write("out_key", out_key, key.as_ptr())?;
                input::write("out_value", out_value, value.as_ptr())
            }
        })
    })
}

/// Writes the token of the answer, and its length without the NUL that follows to `out_length`, which may be
/// NULL. Hand a player the URL made with it, never the token; keep it out of logs. Threads, lifetime and errors
/// as paynow_completion_customer.
///
/// # Safety
///
/// `out_token` points to a pointer, `out_length` to a size_t or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_token(
    completion: paynow_completion,
    out_token: *mut *const c_char,
    out_length: *mut usize,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let (Answer::Token(token) | Answer::TokenFor(_, token)) = answer(outcome) else {
                return Err(NOTHING);
            };
            // SAFETY: the caller's promise.
            unsafe { lend_text(token.expose(), "out_token", out_token, out_length) }
        })
    })
}

unsafe fn lend_text(
    text: &Text,
    name: &'static str,
    out: *mut *const c_char,
    out_length: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        input::write(name, out, text.as_ptr())?;
        if !out_length.is_null() {
            input::write("out_length", out_length, text.len())?;
        }
    }
    Ok(())
}

/// Writes the gift card of the answer. Set `out->struct_size` first. Threads, lifetime and errors as
/// paynow_completion_customer.
///
/// # Safety
///
/// `out` points to a paynow_giftcard.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_giftcard(
    completion: paynow_completion,
    out: *mut paynow_giftcard,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let Answer::GiftCard(card) = answer(outcome) else {
                return Err(NOTHING);
            };
            let make = |struct_size| {
                Ok(paynow_giftcard {
                    struct_size,
                    reserved: 0,
                    code: card.code.as_ptr(),
                    balance: card.balance,
                    starting_balance: card.starting_balance,
                    expires_at: pointer(card.expires_at.as_ref().map(|date| &date.text)),
                    expires_at_ms: milliseconds(card.expires_at.as_ref()),
                })
            };
            // SAFETY: the caller's promise.
            unsafe { input::write_struct("out", out, make) }
        })
    })
}

/// Writes PayNow's own words for the error, also for a found = 0. Set `out->struct_size` first. Threads, lifetime
/// and errors as paynow_completion_customer; PAYNOW_E_NO_VALUE when the answer was not a PayNowError.
///
/// # Safety
///
/// `out` points to a paynow_api_error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_error(
    completion: paynow_completion,
    out: *mut paynow_api_error,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let error = error(outcome)?;
            let make = |struct_size| {
                Ok(paynow_api_error {
                    struct_size,
                    status: error.status.and_then(|status| i32::try_from(status).ok()).unwrap_or(0),
                    code: pointer(error.code.as_ref()),
                    message: pointer(error.message.as_ref()),
                    trace_id: pointer(error.trace_id.as_ref()),
                    error_count: error.errors.len(),
                })
            };
            // SAFETY: the caller's promise.
            unsafe { input::write_struct("out", out, make) }
        })
    })
}

/// Writes one validation error: `index` below paynow_api_error.error_count. Set `out->struct_size` first. Threads,
/// lifetime and errors as paynow_completion_customer.
///
/// # Safety
///
/// `out` points to a paynow_validation_error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_validation_error(
    completion: paynow_completion,
    index: usize,
    out: *mut paynow_validation_error,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let error = validation_error(outcome, index)?;
            let make = |struct_size| {
                Ok(paynow_validation_error {
                    struct_size,
                    path_count: error.path.len() as u32,
                    code: pointer(error.code.as_ref()),
                    message: pointer(error.message.as_ref()),
                    path: error.joined_path.as_ptr(),
                    validation: pointer(error.validation.as_ref()),
                })
            };
            // SAFETY: the caller's promise.
            unsafe { input::write_struct("out", out, make) }
        })
    })
}

/// Writes a segment of the path of a validation error: `segment` below paynow_validation_error.path_count. A path that came as
/// one string is one segment. Threads, lifetime and errors as paynow_completion_customer.
///
/// # Safety
///
/// `out_segment` points to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_validation_path(
    completion: paynow_completion,
    index: usize,
    segment: usize,
    out_segment: *mut *const c_char,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let segment = validation_error(outcome, index)?.path.get(segment).ok_or(BEYOND)?;
            // SAFETY: the caller's promise.
            unsafe { input::write("out_segment", out_segment, segment.as_ptr()) }
        })
    })
}

/// Writes the body of the answer as it came, and its length without the NUL that follows to `out_length`, which
/// may be NULL: for script hosts, and for paynow_request. May hold a token: keep it out of logs. Threads, lifetime
/// and errors as paynow_completion_customer; PAYNOW_E_NO_VALUE when there was no body, or none in UTF-8.
///
/// # Safety
///
/// `out_json` points to a pointer, `out_length` to a size_t or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_completion_json(
    completion: paynow_completion,
    out_json: *mut *const c_char,
    out_length: *mut usize,
) -> paynow_status {
    contain(|| {
        with(completion, |outcome| {
            let body = outcome.reply.as_ref().map(|reply| &*reply.body).filter(|body| !body.is_empty());
            // SAFETY: the caller's promise.
            unsafe { lend_text(body.ok_or(NOTHING)?, "out_json", out_json, out_length) }
        })
    })
}

/// Gives back a completion that paynow_client_next handed out; strings borrowed from it are gone. Runs the
/// user_data_free of its call on this thread. The memory itself is freed by a thread of the library. Any thread,
/// never blocks. Not needed in a callback of paynow_client_poll, where it does no harm.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_completion_free(completion: paynow_completion) -> paynow_status {
    contain(|| {
        let (host, key) = table::enter_by_id(completion)?;
        host.free(key)?;
        Ok(())
    })
}

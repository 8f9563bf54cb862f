//! Clients: making, collecting, ending.

use std::time::Duration;

use jni::sys::{JNIEnv, jbyteArray, jclass, jint, jlong, jlongArray, jobjectArray, jstring};

use super::encode;
use super::env::{Caller, contain};
use super::host::Host;
use super::table;
use super::text::{JavaText, JavaTexts, optional};
use crate::client::{Client, ClientBuilder, RequestId};
use crate::operations::InvalidArgument;
use crate::runtime::{Key, LogLevel};

/// What Java gives for a setting that is to stay as it is.
const UNSET: jlong = jlong::MIN;
/// How many settings are numbers.
const NUMBERS: usize = 18;
/// How many numbers `stats` gives.
const STATS: usize = 23;

/// The version of this interface.
///
/// # Safety
///
/// Only the JVM calls it; so it is for every export.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_version(
    env: *mut JNIEnv,
    _: jclass,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || Ok(encode::VERSION))
}

/// Makes a client; its handle. `texts` and `numbers` hold the settings in the order of `builder`.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_create(
    env: *mut JNIEnv,
    _: jclass,
    texts: jobjectArray,
    numbers: jlongArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let client = builder(caller, texts, numbers)?.build()?;
        table::publish(Box::new(Host::new(client)))
    })
}

fn builder(
    caller: Caller,
    texts: jobjectArray,
    numbers: jlongArray,
) -> Result<ClientBuilder, InvalidArgument> {
    let mut texts = JavaTexts::new(caller, texts);
    let store_id = texts.next("store_id")?;
    let mut builder = Client::builder(optional(&store_id).unwrap_or_default());
    if let Some(key) = texts.next_secret("api_key")? {
        builder = builder.api_key(key.as_str());
    }
    type Set = fn(ClientBuilder, &str) -> ClientBuilder;
    let settings: [(&str, Set); 7] = [
        ("api_key_env", |builder, text| builder.api_key_env(text)),
        ("api_key_file", |builder, text| builder.api_key_file(text)),
        ("api_base", |builder, text| builder.api_base(text)),
        ("proxy", |builder, text| builder.proxy(text)),
        ("ca_file", |builder, text| builder.ca_file(text)),
        ("user_agent", |builder, text| builder.user_agent(text)),
        ("bedrock_prefix", |builder, text| builder.bedrock_prefix(text)),
    ];
    for (name, set) in settings {
        if let Some(text) = texts.next(name)? {
            builder = set(builder, text.as_str());
        }
    }
    let mut given = [UNSET; NUMBERS];
    caller.longs(numbers, &mut given);
    Ok(with_numbers(builder, given))
}

/// Sets what was given. Java has no unsigned numbers and refuses negative ones itself.
fn with_numbers(mut builder: ClientBuilder, given: [jlong; NUMBERS]) -> ClientBuilder {
    const RATE: usize = 2;
    type Set = fn(ClientBuilder, u64) -> ClientBuilder;
    let settings: [Set; NUMBERS - RATE] = [
        |builder, number| builder.deadline(Duration::from_millis(number)),
        |builder, number| builder.connect_timeout(Duration::from_millis(number)),
        |builder, number| builder.max_outstanding(int(number)),
        |builder, number| builder.max_workers(int(number)),
        |builder, number| builder.max_response_bytes(number),
        |builder, number| builder.max_held_bytes(number),
        |builder, number| builder.max_attempts(int(number)),
        |builder, number| builder.retry_base(Duration::from_millis(number)),
        |builder, number| builder.circuit_threshold(int(number)),
        |builder, number| builder.cache_ttl(Duration::from_millis(number)),
        |builder, number| builder.cache_negative_ttl(Duration::from_millis(number)),
        |builder, number| builder.cache_stale(Duration::from_millis(number)),
        |builder, number| builder.cache_bytes(number),
        |builder, number| builder.send_bedrock_prefix(number != 0),
        |builder, number| builder.offline_players_by_uuid(number != 0),
        |builder, number| match number {
            1 => builder.log_level(LogLevel::Error),
            2 => builder.log_level(LogLevel::Warn),
            3 => builder.log_level(LogLevel::Info),
            4 => builder.log_level(LogLevel::Debug),
            _ => builder,
        },
    ];
    for (set, number) in settings.into_iter().zip(given) {
        if number != UNSET {
            builder = set(builder, u64::try_from(number).unwrap_or(0));
        }
    }
    let [.., per_second, burst] = given;
    if per_second != UNSET {
        let per_second = f64::from_bits(per_second.cast_unsigned());
        builder = builder.rate_limit(per_second, int(u64::try_from(burst).unwrap_or(0)));
    }
    builder
}

fn int(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Another API key from here on.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_setApiKey(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    key: jstring,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let host = table::enter(client)?;
        let key = JavaText::read_secret(caller, "api_key", key)?;
        let key = key.ok_or(InvalidArgument::new("api_key", "is required"))?;
        host.client.set_api_key(key.as_str())?;
        Ok(0)
    })
}

/// Waits up to `timeout_ms` for something to have finished and puts a batch of it into `buffer`. Says how long the batch
/// is: when that is longer than the buffer nothing was put there, and the next call with a longer one gets it.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_next(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    timeout_ms: jint,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let host = table::enter(client)?;
        let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
        let room = caller.array_length(buffer);
        let mut length = 0;
        host.next(timeout, |batch| {
            length = caller.set_bytes(buffer, batch);
            batch.len() <= room
        })?;
        Ok(length)
    })
}

/// Cancels a request: 1 when that decided how it ended.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_cancel(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    request: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let host = table::enter(client)?;
        Ok(host.client.cancel(RequestId(Key::from_bits(request.cast_unsigned()))).into())
    })
}

/// Cancels every request with a tag: how many that were.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_cancelAll(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    tag: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || Ok(table::enter(client)?.client.cancel_all(tag.cast_unsigned()).into()))
}

/// Puts the client's numbers into `numbers`, in the order of `dev.paynowbridge.ClientStats`.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_stats(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    numbers: jlongArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let stats = table::enter(client)?.client.stats();
        let values: [u64; STATS] = [
            stats.workers.into(),
            stats.workers_busy.into(),
            stats.outstanding.into(),
            stats.submitted,
            stats.rejected_full,
            stats.completed_ok,
            stats.completed_error,
            stats.timed_out,
            stats.cancelled,
            stats.delivered,
            stats.log_dropped,
            stats.held_bytes,
            stats.connections_opened,
            stats.retries,
            stats.retries_denied,
            stats.rate_limited,
            stats.cache_hits,
            stats.cache_stale,
            stats.coalesced,
            stats.unavailable,
            stats.circuit_open.into(),
            stats.cache_entries,
            stats.cache_bytes,
        ];
        caller.set_longs(numbers, &values.map(u64::cast_signed));
        Ok(0)
    })
}

/// Accepts nothing more and ends what has not ended; the completions can still be collected.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_shutdown(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        table::enter(client)?.client.shutdown();
        Ok(0)
    })
}

/// Ends the client's threads, in bounded time, and frees it: its handle names nothing from here on.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_destroy(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let host = table::enter(client)?;
        host.client.stop();
        host.retire();
        Ok(0)
    })
}

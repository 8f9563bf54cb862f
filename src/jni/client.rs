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
use crate::runtime::{Key, LogLevel, Stats};

/// What Java gives for a setting that is to stay as it is.
const UNSET: jlong = jlong::MIN;
type SetText = fn(ClientBuilder, &str) -> ClientBuilder;
type SetNumber = fn(ClientBuilder, u64) -> ClientBuilder;

/// The settings that are texts, behind the store's id and the key, in the order of `PayNowClient.Builder`.
const TEXTS: [(&str, SetText); 16] = [
    ("api_key_env", |builder, text| builder.api_key_env(text)),
    ("api_key_file", |builder, text| builder.api_key_file(text)),
    ("api_base", |builder, text| builder.api_base(text)),
    ("proxy", |builder, text| builder.proxy(text)),
    ("ca_file", |builder, text| builder.ca_file(text)),
    ("user_agent", |builder, text| builder.user_agent(text)),
    ("bedrock_prefix", |builder, text| builder.bedrock_prefix(text)),
    ("network_addresses", |builder, text| builder.change_network(&|network| network.addresses(text))),
    ("network_user", |builder, text| builder.change_network(&|network| network.user(text))),
    ("network_password", |builder, text| builder.change_network(&|network| network.password(text))),
    ("network_password_env", |builder, text| builder.change_network(&|network| network.password_env(text))),
    ("network_password_file", |builder, text| builder.change_network(&|network| network.password_file(text))),
    ("network_ca_file", |builder, text| builder.change_network(&|network| network.ca_file(text))),
    ("network_server_name", |builder, text| builder.change_network(&|network| network.server_name(text))),
    ("network_sentinel_name", |builder, text| builder.change_network(&|network| network.sentinel(text))),
    ("network_id", |builder, text| builder.change_network(&|network| network.network_id(text))),
];

/// The settings that are numbers, in the order of `PayNowClient.Builder`; behind them come the rate and its burst, which
/// are one setting.
const NUMBERS: [(&str, SetNumber); 21] = [
    ("deadline", |builder, number| builder.deadline(Duration::from_millis(number))),
    ("connect_timeout", |builder, number| builder.connect_timeout(Duration::from_millis(number))),
    ("max_outstanding", |builder, number| builder.max_outstanding(int(number))),
    ("max_workers", |builder, number| builder.max_workers(int(number))),
    ("max_response_bytes", |builder, number| builder.max_response_bytes(number)),
    ("max_held_bytes", |builder, number| builder.max_held_bytes(number)),
    ("max_attempts", |builder, number| builder.max_attempts(int(number))),
    ("retry_base", |builder, number| builder.retry_base(Duration::from_millis(number))),
    ("circuit_threshold", |builder, number| builder.circuit_threshold(int(number))),
    ("cache_ttl", |builder, number| builder.cache_ttl(Duration::from_millis(number))),
    ("cache_negative_ttl", |builder, number| builder.cache_negative_ttl(Duration::from_millis(number))),
    ("cache_stale", |builder, number| builder.cache_stale(Duration::from_millis(number))),
    ("cache_bytes", |builder, number| builder.cache_bytes(number)),
    ("send_bedrock_prefix", |builder, number| builder.send_bedrock_prefix(number != 0)),
    ("offline_players_by_uuid", |builder, number| builder.offline_players_by_uuid(number != 0)),
    ("log_level", |builder, number| match number {
        1 => builder.log_level(LogLevel::Error),
        2 => builder.log_level(LogLevel::Warn),
        3 => builder.log_level(LogLevel::Info),
        4 => builder.log_level(LogLevel::Debug),
        _ => builder,
    }),
    ("warm_connections", |builder, number| builder.warm_connections(int(number))),
    ("flight_recorder", |builder, number| builder.flight_recorder(number != 0)),
    ("network_tls", |builder, number| builder.change_network(&|network| network.tls(number != 0))),
    ("network_database", |builder, number| builder.change_network(&|network| network.database(int(number)))),
    ("network_timeout", |builder, number| {
        builder.change_network(&|network| network.timeout(Duration::from_millis(number)))
    }),
];
const RATE: [&str; 2] = ["rate_per_second", "rate_burst"];

/// Declares the numbers of `stats`: the name of each is the field it is read from.
macro_rules! stats {
    ($($field:ident),* $(,)?) => {
        /// The numbers about a client, in the order of `dev.paynowbridge.ClientStats`.
        const STATS: [(&str, fn(&Stats) -> u64); [$(stringify!($field)),*].len()] =
            [$((stringify!($field), |stats| stats.$field.into())),*];
    };
}

stats!(
    workers,
    workers_busy,
    outstanding,
    submitted,
    rejected_full,
    completed_ok,
    completed_error,
    timed_out,
    cancelled,
    delivered,
    log_dropped,
    held_bytes,
    connections_opened,
    retries,
    retries_denied,
    rate_limited,
    cache_hits,
    cache_stale,
    coalesced,
    unavailable,
    circuit_open,
    cache_entries,
    cache_bytes,
    handshakes,
    warm_connections,
    network_up,
    network_servers,
    network_round_trip_us,
    network_connections,
    network_commands,
    network_hits,
    network_waits,
    network_refused,
    network_alone,
);

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
        table::publish(Box::new(Host::new(client)?))
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
    for (name, set) in TEXTS {
        let text = if name == "network_password" { texts.next_secret(name) } else { texts.next(name) };
        if let Some(text) = text? {
            builder = set(builder, text.as_str());
        }
    }
    let mut given = [UNSET; NUMBERS.len() + RATE.len()];
    caller.longs(numbers, &mut given);
    Ok(with_numbers(builder, given))
}

/// Sets what was given. Java has no unsigned numbers and refuses negative ones itself.
fn with_numbers(mut builder: ClientBuilder, given: [jlong; NUMBERS.len() + RATE.len()]) -> ClientBuilder {
    for ((_, set), number) in NUMBERS.into_iter().zip(given) {
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

/// Notes that a tick of the host begins, so that the client looks for what is submitted in it at the right moment.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_tick(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        table::enter(client)?.client.tick();
        Ok(0)
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
        caller.set_longs(numbers, &STATS.map(|(_, number)| number(&stats).cast_signed()));
        Ok(0)
    })
}

/// Fills the beginning of `buffer` with the client's metrics, if it is long enough. Says how long it has to be.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_metrics(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let text = table::enter(client)?.client.metrics();
        Ok(caller.set_bytes(buffer, text.as_bytes()))
    })
}

/// Fills the beginning of `buffer` with the client's dump, if it is long enough. Says how long it has to be.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_dump(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let text = table::enter(client)?.client.dump()?;
        Ok(caller.set_bytes(buffer, text.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{self, between, constants, screaming};

    const BUILDER: &str = "java-shim/api/src/main/java/dev/paynowbridge/PayNowClient.java";
    const NETWORK: &str = "java-shim/api/src/main/java/dev/paynowbridge/NetworkConfig.java";
    const STATS_RECORD: &str = "java-shim/api/src/main/java/dev/paynowbridge/ClientStats.java";

    /// Whether the constants of a Java class are these, at these places.
    fn are_at_their_places(java: &str, names: &[&str], count: &str) -> Result<(), String> {
        let there = constants(java);
        for (place, name) in names.iter().enumerate() {
            let wanted = (screaming(name), place as i64);
            if !there.contains(&wanted) {
                return Err(format!("{} is not at {}", wanted.0, wanted.1));
            }
        }
        let counted = (count.to_owned(), names.len() as i64);
        if there.contains(&counted) { Ok(()) } else { Err(format!("{count} is not {}", counted.1)) }
    }

    fn texts() -> Vec<&'static str> {
        ["store_id", "api_key"].into_iter().chain(TEXTS.map(|(name, _)| name)).collect()
    }

    fn numbers() -> Vec<&'static str> {
        NUMBERS.map(|(name, _)| name).into_iter().chain(RATE).collect()
    }

    #[test]
    fn java_puts_each_setting_where_it_is_looked_for() {
        let java = tables::read(BUILDER);
        for (names, count) in [(texts(), "TEXTS"), (numbers(), "NUMBERS")] {
            are_at_their_places(&java, &names, count).unwrap();
            for pair in names.windows(2) {
                let swapped = tables::swap(&java, &screaming(pair[0]), &screaming(pair[1]));
                are_at_their_places(&swapped, &names, count).unwrap_err();
            }
        }
        let network = tables::read(NETWORK).replace("public static NetworkConfig", "public NetworkConfig");
        // Each method of the builder fills the place that has its name.
        for name in texts().into_iter().chain(numbers()).filter(|name| *name != "store_id") {
            let (method, body) = match name.strip_prefix("network_") {
                Some(part) => {
                    let method = if part == "addresses" { "at".to_owned() } else { tables::camel(part) };
                    let body = between(&network, &format!("public NetworkConfig {method}("), "\n    }");
                    (method, body)
                }
                None => {
                    let method =
                        if RATE.contains(&name) { "rateLimit".to_owned() } else { tables::camel(name) };
                    let body = between(&java, &format!("public Builder {method}("), "\n        }");
                    (method, body)
                }
            };
            let used =
                tables::words(body).filter(|word| constants(&java).iter().any(|(name, _)| name == word));
            let used: Vec<_> = used
                .filter(|word| !RATE.map(screaming).contains(&(*word).to_owned()) || method != "rateLimit")
                .collect();
            let expected: Vec<String> =
                if method == "rateLimit" { Vec::new() } else { vec![screaming(name)] };
            assert_eq!(used, expected, "{method}");
        }
    }

    /// Java needs a few of them itself: it keeps a place for each request, and knows when a call is late.
    #[test]
    fn java_has_the_same_defaults_and_limits() {
        let java = constants(&tables::read(BUILDER));
        let default = |setting| Client::builder("1").given(setting).parse::<i64>().unwrap();
        for (name, number) in [
            ("DEFAULT_MAX_OUTSTANDING", default("max_outstanding")),
            ("DEFAULT_DEADLINE_MS", default("deadline")),
            ("MOST_OUTSTANDING", crate::runtime::MAX_SLOTS.into()),
        ] {
            assert!(java.contains(&(name.to_owned(), number)), "{name} is not {number}");
        }
    }

    #[test]
    fn a_tick_is_noted() {
        let client = Client::builder("411486491630370816").api_base("http://127.0.0.1:9").build().unwrap();
        // No thread of the library asks for it any more.
        client.stop();
        let handle = table::publish(Box::new(Host::new(client).unwrap())).unwrap();
        let ticked = || table::enter(handle).unwrap().client.has_ticked();
        assert!(!ticked());
        let (env, class) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the export makes no use of the JVM unless it fails with an exception, which it does not.
        assert_eq!(unsafe { Java_dev_paynowbridge_internal_Native_tick(env, class, handle) }, 0);
        assert!(ticked());
        table::enter(handle).unwrap().retire();
    }

    #[test]
    fn each_place_is_the_setting_it_is_called() {
        for (index, (name, set)) in TEXTS.into_iter().enumerate() {
            let value = format!("text {index}");
            assert_eq!(set(Client::builder("1"), &value).given(name), value, "{name}");
        }
        let places = NUMBERS.len() + RATE.len();
        for (place, name) in numbers().into_iter().enumerate() {
            // Others stay as they are.
            let mut given = [UNSET; NUMBERS.len() + RATE.len()];
            let client = || Client::builder("1").network(crate::client::NetworkConfig::new("a"));
            let untouched = with_numbers(client(), given);
            let value = if untouched.given(name) == "1" { 0 } else { 1 };
            given[place] = value;
            match place - NUMBERS.len().min(place) {
                0 if place < NUMBERS.len() => {}
                0 => given[place] = (value as f64).to_bits().cast_signed(),
                _ => given[place - 1] = 5_f64.to_bits().cast_signed(),
            }
            let builder = with_numbers(client(), given);
            assert_eq!(builder.given(name), value.to_string(), "{name}");
            for other in numbers().into_iter().filter(|other| *other != name && !RATE.contains(other)) {
                assert_eq!(builder.given(other), untouched.given(other), "{name} changes {other}");
            }
        }
        assert_eq!(places, numbers().len());
    }

    #[test]
    fn java_reads_each_number_where_it_is_put() {
        let java = tables::read(STATS_RECORD);
        let names = STATS.map(|(name, _)| tables::camel(name));
        let components = |java: &str| -> Vec<String> {
            let record = between(java, "public record ClientStats(", ") {");
            record.split(',').filter_map(|part| part.split_whitespace().nth(1).map(str::to_owned)).collect()
        };
        assert_eq!(components(&java), names);
        for pair in names.windows(2) {
            assert_ne!(components(&tables::swap(&java, &pair[0], &pair[1])), names);
        }
        // ClientStatsTest sees to it that place and component go together.
        let native = tables::read("java-shim/api/src/main/java/dev/paynowbridge/internal/Native.java");
        assert!(constants(&native).contains(&("STATS".to_owned(), STATS.len() as i64)));
    }
}

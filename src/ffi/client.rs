//! Clients: making, collecting, ending.

use std::ffi::c_char;
use std::fmt::Write;
use std::time::Duration;

use super::boundary::{Failure, contain, contain_quick};
use super::ending;
use super::host::Host;
use super::ids;
use super::input;
use super::page::Page;
use super::status::{PAYNOW_E_RESOURCES, PAYNOW_E_TOO_LATE};
use super::table;
use super::types::*;
use crate::client::{BuildError, Client, ClientBuilder, NetworkConfig, RequestId};
use crate::operations::InvalidArgument;
use crate::runtime::LogLevel;

/// Most completions one call of paynow_client_next hands out.
const LONGEST_BATCH: usize = 1 << 20;

/// Version of the C interface: grows when something is removed or changes its meaning. Compare it with
/// PAYNOW_ABI_VERSION when the library is loaded at run time. Any thread, never blocks.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_abi_version() -> u32 {
    PAYNOW_ABI_VERSION
}

/// The interface this header describes.
pub const PAYNOW_ABI_VERSION: u32 = 0;

/// Version of the library, such as "0.2.0". Static, never NULL. Any thread, never blocks.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Makes a client for one store and writes its handle to `*out_client`.
///
/// Starts one thread, which has a worker open the connections that are held ready (warm_connections); more workers come
/// with the requests. The call itself waits for nothing of the network, and reads no files but api_key_file, ca_file and those
/// that `network` names.
/// Everything `config` points to is copied. Any thread; takes some 100 microseconds.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_RESOURCES.
///
/// # Safety
///
/// `config` points to a paynow_client_config, `out_client` to a paynow_client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_create(
    config: *const paynow_client_config,
    out_client: *mut paynow_client,
) -> paynow_status {
    contain(|| {
        // SAFETY: the caller's promise.
        let config = unsafe { input::required(config) }?;
        if out_client.is_null() {
            return Err(InvalidArgument::new("out_client", "must not be NULL").into());
        }
        // SAFETY: the caller's promise holds for what the struct points to as well.
        let builder = unsafe { builder(&config) }?;
        let Some(reservation) = table::reserve() else {
            return Err(Failure::new(PAYNOW_E_RESOURCES, "255 clients exist already: destroy one first"));
        };
        let handle = reservation.handle();
        let first_generation = table::first_generation(handle.place);
        let client = builder.first_generation(first_generation).build().map_err(in_milliseconds)?;
        let mut host = Host::new(client, handle);
        host.on_completion = config.on_completion;
        host.completion_user_data = config.completion_user_data;
        host.on_log = config.on_log;
        host.log_user_data = config.log_user_data;
        reservation.publish(Box::new(host));
        // SAFETY: the caller's promise.
        unsafe { input::write("out_client", out_client, ids::pack(handle)) }
    })
}

/// Calls a setting by its name here.
fn in_milliseconds(error: BuildError) -> BuildError {
    match error {
        BuildError::InvalidArgument(error) if error.argument() == "deadline" => {
            error.of("deadline_ms").into()
        }
        BuildError::InvalidArgument(error) if error.argument() == "connect_timeout" => {
            error.of("connect_timeout_ms").into()
        }
        BuildError::InvalidArgument(error) if error.argument() == "network.timeout" => {
            error.of("network.timeout_ms").into()
        }
        other => other,
    }
}

unsafe fn builder(config: &paynow_client_config) -> Result<ClientBuilder, Failure> {
    // SAFETY: the caller's promise, for each of them.
    let (store_id, api_key, api_base, user_agent, bedrock_prefix) = unsafe {
        (
            input::required_text("store_id", config.store_id, config.store_id_n)?,
            input::text("api_key", config.api_key, config.api_key_n)?,
            input::text("api_base", config.api_base, config.api_base_n)?,
            input::text("user_agent", config.user_agent, config.user_agent_n)?,
            input::text("bedrock_prefix", config.bedrock_prefix, config.bedrock_prefix_n)?,
        )
    };
    let mut builder = Client::builder(store_id);
    if let Some(key) = api_key {
        builder = builder.api_key(key);
    }
    if let Some(base) = api_base {
        builder = builder.api_base(base);
    }
    if let Some(product) = user_agent {
        builder = builder.user_agent(product);
    }
    if config.deadline_ms != 0 {
        builder = builder.deadline(Duration::from_millis(config.deadline_ms.into()));
    }
    if config.connect_timeout_ms != 0 {
        builder = builder.connect_timeout(Duration::from_millis(config.connect_timeout_ms.into()));
    }
    if config.max_outstanding != 0 {
        builder = builder.max_outstanding(config.max_outstanding);
    }
    if config.max_workers != 0 {
        builder = builder.max_workers(config.max_workers);
    }
    match config.warm_connections {
        0 => {}
        PAYNOW_OFF => builder = builder.warm_connections(0),
        connections => builder = builder.warm_connections(connections),
    }
    input::must_be_zero(config.reserved)?;
    input::must_be_zero(config.reserved2)?;
    match config.flight_recorder {
        0 => {}
        PAYNOW_OFF => builder = builder.flight_recorder(false),
        _ => return Err(InvalidArgument::new("flight_recorder", "must be 0 or PAYNOW_OFF").into()),
    }
    // SAFETY: the caller's promise.
    if let Some(given) = unsafe { input::optional(config.network) }? {
        // SAFETY: the caller's promise holds for what the struct points to as well.
        builder = builder.network(unsafe { network(&given) }?);
    }
    if config.max_response_bytes != 0 {
        builder = builder.max_response_bytes(config.max_response_bytes);
    }
    if config.max_held_bytes != 0 {
        builder = builder.max_held_bytes(config.max_held_bytes);
    }
    builder = policies(builder, config);
    // SAFETY: passed on.
    builder = unsafe { sources(builder, config) }?;
    if let Some(prefix) = bedrock_prefix {
        builder = builder.bedrock_prefix(prefix);
    }
    builder = builder
        .send_bedrock_prefix(config.send_bedrock_prefix != 0)
        .offline_players_by_uuid(config.offline_players_by_uuid != 0);
    let level = match config.log_level {
        PAYNOW_LOG_ERROR => LogLevel::Error,
        PAYNOW_LOG_WARN => LogLevel::Warn,
        0 => LogLevel::default(),
        PAYNOW_LOG_INFO => LogLevel::Info,
        PAYNOW_LOG_DEBUG => LogLevel::Debug,
        _ => return Err(InvalidArgument::new("log_level", "must be one of PAYNOW_LOG_*").into()),
    };
    if config.on_log.is_some() {
        builder = builder.log_level(level);
    }
    Ok(builder)
}

/// What joins the other servers of the store.
unsafe fn network(given: &paynow_network) -> Result<NetworkConfig, InvalidArgument> {
    // SAFETY: the caller's promise, for each of them.
    let text = |name, pointer, length| unsafe { input::text(name, pointer, length) };
    let addresses = text("network.addresses", given.addresses, given.addresses_n)?;
    let mut network = NetworkConfig::new(addresses.unwrap_or_default())
        .tls(given.tls != 0)
        .database(given.database)
        .timeout(Duration::from_millis(given.timeout_ms.into()));
    if let Some(user) = text("network.user", given.user, given.user_n)? {
        network = network.user(user);
    }
    if let Some(password) = text("network.password", given.password, given.password_n)? {
        network = network.password(password);
    }
    if let Some(variable) = text("network.password_env", given.password_env, given.password_env_n)? {
        network = network.password_env(variable);
    }
    if let Some(path) = text("network.password_file", given.password_file, given.password_file_n)? {
        network = network.password_file(path);
    }
    if let Some(path) = text("network.ca_file", given.ca_file, given.ca_file_n)? {
        network = network.ca_file(path);
    }
    if let Some(name) = text("network.server_name", given.server_name, given.server_name_n)? {
        network = network.server_name(name);
    }
    if let Some(name) = text("network.sentinel_name", given.sentinel_name, given.sentinel_name_n)? {
        network = network.sentinel(name);
    }
    if let Some(id) = text("network.network_id", given.network_id, given.network_id_n)? {
        network = network.network_id(id);
    }
    Ok(network)
}

/// Where the key, the proxy and the authorities come from.
unsafe fn sources(
    mut builder: ClientBuilder,
    config: &paynow_client_config,
) -> Result<ClientBuilder, InvalidArgument> {
    // SAFETY: the caller's promise, for each of them.
    let (key_env, key_file, proxy, ca_file) = unsafe {
        (
            input::text("api_key_env", config.api_key_env, config.api_key_env_n)?,
            input::text("api_key_file", config.api_key_file, config.api_key_file_n)?,
            input::text("proxy", config.proxy, config.proxy_n)?,
            input::text("ca_file", config.ca_file, config.ca_file_n)?,
        )
    };
    if let Some(variable) = key_env {
        builder = builder.api_key_env(variable);
    }
    if let Some(path) = key_file {
        builder = builder.api_key_file(path);
    }
    if let Some(address) = proxy {
        builder = builder.proxy(address);
    }
    if let Some(path) = ca_file {
        builder = builder.ca_file(path);
    }
    Ok(builder)
}

fn policies(mut builder: ClientBuilder, config: &paynow_client_config) -> ClientBuilder {
    let milliseconds = |value: u32| Duration::from_millis(value.into());
    if config.max_attempts != 0 {
        builder = builder.max_attempts(config.max_attempts);
    }
    if config.retry_base_ms != 0 {
        builder = builder.retry_base(milliseconds(config.retry_base_ms));
    }
    match config.circuit_threshold {
        0 => {}
        PAYNOW_OFF => builder = builder.circuit_threshold(0),
        failures => builder = builder.circuit_threshold(failures),
    }
    match config.cache_ttl_ms {
        0 => {}
        PAYNOW_OFF => builder = builder.cache_ttl(Duration::ZERO),
        ttl => builder = builder.cache_ttl(milliseconds(ttl)),
    }
    if config.cache_negative_ttl_ms != 0 {
        builder = builder.cache_negative_ttl(milliseconds(config.cache_negative_ttl_ms));
    }
    if config.cache_stale_ms != 0 {
        builder = builder.cache_stale(milliseconds(config.cache_stale_ms));
    }
    if config.cache_bytes != 0 {
        builder = builder.cache_bytes(config.cache_bytes);
    }
    if config.rate_per_second != 0 {
        builder = builder.rate_limit(config.rate_per_second.into(), config.rate_burst);
    }
    builder
}

/// Another API key from here on, for requests that have not been sent yet. What is remembered stays. `key_n` is its
/// length in bytes, 0 when it ends in NUL. Any thread; may wait some microseconds for a worker that reads the old key.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `key` points to text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_set_api_key(
    client: paynow_client,
    key: *const c_char,
    key_n: usize,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        // SAFETY: the caller's promise.
        let key = unsafe { input::required_text("api_key", key, key_n) }?;
        Ok(host.client.set_api_key(key)?)
    })
}

/// Delivers what has finished: for each completion its call's callback runs, or else the client's, on this
/// thread; then the completion is freed. Log lines come first.
///
/// Delivers what had finished when it was called, at most `max_events` (0: no limit), and stops early once
/// `budget_us` microseconds are used up (0: no budget), though not before the first; the budget is looked at
/// between callbacks. `out_delivered` gets the number and may be NULL.
///
/// Any thread, one at a time; never waits and makes no system call of its own.
///
/// PAYNOW_E_REENTRANT inside a callback, PAYNOW_E_BUSY while another thread collects, PAYNOW_E_INVALID_HANDLE,
/// PAYNOW_E_FORKED.
///
/// # Safety
///
/// `out_delivered` is NULL or points to a uint32_t. The callbacks are functions of their types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_poll(
    client: paynow_client,
    max_events: u32,
    budget_us: u32,
    out_delivered: *mut u32,
) -> paynow_status {
    contain_quick(|| {
        let host = table::enter(client)?;
        let delivered = host.client.poll_keys(
            max_events as usize,
            Duration::from_micros(budget_us.into()),
            || host.deliver_log(),
            |key| host.deliver(key),
        )?;
        ending::after_collecting(&host);
        if !out_delivered.is_null() {
            // SAFETY: the caller's promise.
            unsafe { input::write("out_delivered", out_delivered, delivered as u32) }?;
        }
        Ok(())
    })
}

/// Hands out finished requests without callbacks: up to `capacity` of them are written to
/// `out_completions`, their number to `*out_count`. The host reads each with the paynow_completion_* functions
/// and gives it back with paynow_completion_free; until then it counts as outstanding.
///
/// With `timeout_ms` 0 it never waits and makes no system call; otherwise it waits for a first one that
/// long, or until the client is shut down. Any thread, one at a time. Log lines are delivered first.
///
/// PAYNOW_OK also when none has finished. PAYNOW_E_REENTRANT, PAYNOW_E_BUSY, PAYNOW_E_INVALID_ARGUMENT,
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `out_completions` points to `capacity` elements, `out_count` to a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_next(
    client: paynow_client,
    timeout_ms: u32,
    out_completions: *mut paynow_completion,
    capacity: usize,
    out_count: *mut usize,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        if out_completions.is_null() {
            return Err(InvalidArgument::new("out_completions", "must not be NULL").into());
        }
        if out_count.is_null() {
            return Err(InvalidArgument::new("out_count", "must not be NULL").into());
        }
        if !(1..=LONGEST_BATCH).contains(&capacity) {
            return Err(InvalidArgument::new("capacity", "must be between 1 and 1048576").into());
        }
        let mut next = out_completions;
        let count = host.client.next_keys(
            Duration::from_millis(timeout_ms.into()),
            capacity,
            || host.deliver_log(),
            |key| {
                // SAFETY: at most `capacity` are written, one after the other.
                unsafe {
                    next.write_unaligned(host.id(key));
                    next = next.add(1);
                }
            },
        )?;
        // SAFETY: the caller's promise.
        unsafe { input::write("out_count", out_count, count) }?;
        ending::after_collecting(&host);
        Ok(())
    })
}

/// Cancels a request. PAYNOW_OK: that decided it, and its completion says PAYNOW_E_CANCELLED; it comes through
/// poll or next like any other. PAYNOW_E_TOO_LATE: it had ended already. Any thread, never blocks.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_client_cancel(client: paynow_client, request: paynow_request_id) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        let (owner, key) = table::enter_by_id(request)?;
        if owner.handle != host.handle {
            return Err(Failure::no_such("request belongs to another client"));
        }
        if !host.client.exists(key) {
            return Err(Failure::no_such("request names nothing: it was freed, or never given out"));
        }
        if host.client.cancel(RequestId(key)) {
            Ok(())
        } else {
            Err(Failure::new(PAYNOW_E_TOO_LATE, "the request had ended already"))
        }
    })
}

/// Cancels every request of the client with this tag that has not ended: those of a player who left, of a
/// plugin that was disabled. Tag 0 is that of every call that gave none. `out_cancelled` gets the number and may be
/// NULL. Any thread, never blocks; takes a microsecond per thousand outstanding requests.
///
/// Their callbacks run with PAYNOW_E_CANCELLED in a later poll or next. A request that had ended and was not collected
/// yet is not counted, and its callback runs with its answer. So keep what user_data points to until the callback has run,
/// or give a user_data_free: after this function it may still be used.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `out_cancelled` is NULL or points to a uint32_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_cancel_all(
    client: paynow_client,
    tag: u64,
    out_cancelled: *mut u32,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        let cancelled = host.client.cancel_all(tag);
        if !out_cancelled.is_null() {
            // SAFETY: the caller's promise.
            unsafe { input::write("out_cancelled", out_cancelled, cancelled) }?;
        }
        Ok(())
    })
}

/// Writes what the client has done and is doing. Set `out->struct_size` first. Any thread, never blocks, makes no system
/// call.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `out` points to a paynow_stats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_stats(client: paynow_client, out: *mut paynow_stats) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        let make = |struct_size| {
            let stats = host.client.stats();
            Ok(paynow_stats {
                struct_size,
                workers: stats.workers,
                workers_busy: stats.workers_busy,
                outstanding: stats.outstanding,
                submitted: stats.submitted,
                rejected_full: stats.rejected_full,
                completed_ok: stats.completed_ok,
                completed_error: stats.completed_error,
                timed_out: stats.timed_out,
                cancelled: stats.cancelled,
                delivered: stats.delivered,
                discarded: stats.discarded,
                log_dropped: stats.log_dropped,
                held_bytes: stats.held_bytes,
                connections_opened: stats.connections_opened,
                retries: stats.retries,
                retries_denied: stats.retries_denied,
                rate_limited: stats.rate_limited,
                cache_hits: stats.cache_hits,
                cache_stale: stats.cache_stale,
                coalesced: stats.coalesced,
                unavailable: stats.unavailable,
                cache_entries: stats.cache_entries,
                cache_bytes: stats.cache_bytes,
                circuit_open: u32::from(stats.circuit_open),
                reserved: 0,
                handshakes: stats.handshakes,
                warm_connections: stats.warm_connections.into(),
                network_up: u32::from(stats.network_up),
                network_servers: stats.network_servers,
                network_round_trip_us: stats.network_round_trip_us.into(),
                network_connections: stats.network_connections,
                network_commands: stats.network_commands,
                network_hits: stats.network_hits,
                network_waits: stats.network_waits,
                network_refused: stats.network_refused,
                network_alone: stats.network_alone,
            })
        };
        // SAFETY: the caller's promise.
        unsafe { input::write_struct("out", out, make) }
    })
}

/// Writes what is known about the client as OpenMetrics text, for Prometheus and its like: what paynow_client_stats has, in
/// base units, how it stands with the rate, and histograms of how long answers took and requests waited, by operation and
/// outcome. The content type is `application/openmetrics-text; version=1.0.0; charset=utf-8`.
///
/// As snprintf does: at most `capacity` bytes are written, the last of them a NUL, and `*out_length` gets the length of the
/// whole text without it. When that is not less than `capacity`, the text is cut off: give more room and call again, some more
/// than that, since numbers grow. `buffer` may be NULL when `capacity` is 0. Some 10 KB are usual.
///
/// Any thread, takes no lock and makes no system call. But it writes all that text: not for the tick thread.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `buffer` points to `capacity` bytes, `out_length` to a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_metrics(
    client: paynow_client,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        // SAFETY: the caller's promise.
        let mut page = unsafe { Page::new(buffer, capacity) }?;
        // A page takes everything.
        let _ = host.client.write_metrics(&mut page);
        // SAFETY: the caller's promise.
        unsafe { page.end(out_length) }
    })
}

/// Writes what the client was made with, and how each of the last 1,024 requests went, as lines of JSON: for a look at what went
/// wrong. It holds no key, no token, and nothing of what was asked. What the lines say is in docs/operations.md. Without a
/// flight_recorder it is the first line alone.
///
/// At most `capacity` bytes are written, the last of them a NUL, and `*out_length` gets the length of the whole text without
/// it, like snprintf: when that is not less than `capacity`, give more room, and some for what comes meanwhile. Up to 700 KB.
///
/// Any thread that has time: it may wait some microseconds for a lock of the library's own threads, and it writes all that
/// text.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_RESOURCES, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// `buffer` points to `capacity` bytes, `out_length` to a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_dump(
    client: paynow_client,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        // SAFETY: the caller's promise.
        let mut page = unsafe { Page::new(buffer, capacity) }?;
        // A page takes everything.
        let _ = page.write_str(&host.client.dump()?);
        // SAFETY: the caller's promise.
        unsafe { page.end(out_length) }
    })
}

/// Accepts nothing more, and ends every request that has not ended with PAYNOW_E_SHUTDOWN. The completions can
/// still be collected. Any thread; may wait some microseconds for a lock of the library's own threads.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_client_shutdown(client: paynow_client) -> paynow_status {
    contain(|| {
        table::enter(client)?.client.shutdown();
        Ok(())
    })
}

/// Shuts the client down, delivers every completion that was not collected (callbacks run on this thread),
/// frees those that were and were not given back, and ends the library's threads: ordinarily within
/// milliseconds, at most some 10 seconds. Afterwards the handle and all ids name nothing, borrowed strings are gone,
/// and nothing of this client runs any more.
///
/// Inside a callback it returns PAYNOW_E_PENDING, and all that happens when the outermost poll or next returns;
/// the same when another thread is still inside a callback after 5 seconds.
///
/// PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_client_destroy(client: paynow_client) -> paynow_status {
    contain(|| ending::destroy(&table::enter(client)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_is_the_setting_it_is_called() {
        // SAFETY: zeros are a valid value, and what every host begins with.
        let mut config: paynow_client_config = unsafe { std::mem::zeroed() };
        let mut expected = Vec::new();
        macro_rules! give {
            ($($member:ident = $value:expr => $setting:literal),* $(,)?) => {$(
                config.$member = $value;
                expected.push(($setting, config.$member.to_string()));
            )*};
        }
        give!(
            max_workers = 11 => "max_workers",
            deadline_ms = 12 => "deadline",
            connect_timeout_ms = 13 => "connect_timeout",
            max_outstanding = 14 => "max_outstanding",
            log_level = PAYNOW_LOG_WARN => "log_level",
            max_response_bytes = 15 => "max_response_bytes",
            max_held_bytes = 16 => "max_held_bytes",
            max_attempts = 17 => "max_attempts",
            retry_base_ms = 18 => "retry_base",
            circuit_threshold = 19 => "circuit_threshold",
            cache_ttl_ms = 20 => "cache_ttl",
            cache_negative_ttl_ms = 21 => "cache_negative_ttl",
            cache_stale_ms = 22 => "cache_stale",
            cache_bytes = 23 => "cache_bytes",
            rate_per_second = 24 => "rate_per_second",
            rate_burst = 25 => "rate_burst",
            offline_players_by_uuid = 1 => "offline_players_by_uuid",
            warm_connections = 7 => "warm_connections",
        );
        macro_rules! give_text {
            ($($member:ident $length:ident => $setting:literal),* $(,)?) => {$(
                let text = concat!("the ", $setting);
                config.$member = text.as_ptr().cast();
                config.$length = text.len();
                expected.push(($setting, text.to_owned()));
            )*};
        }
        give_text!(
            store_id store_id_n => "store_id",
            api_key api_key_n => "api_key",
            api_base api_base_n => "api_base",
            user_agent user_agent_n => "user_agent",
            bedrock_prefix bedrock_prefix_n => "bedrock_prefix",
            api_key_env api_key_env_n => "api_key_env",
            api_key_file api_key_file_n => "api_key_file",
            proxy proxy_n => "proxy",
            ca_file ca_file_n => "ca_file",
        );
        // SAFETY: as for the config.
        let mut network: paynow_network = unsafe { std::mem::zeroed() };
        network.struct_size = size_of::<paynow_network>() as u32;
        (network.tls, network.database, network.timeout_ms) = (1, 26, 27);
        for (setting, number) in [("network_tls", 1), ("network_database", 26), ("network_timeout", 27)] {
            expected.push((setting, number.to_string()));
        }
        macro_rules! give_network {
            ($($member:ident $length:ident => $setting:literal),* $(,)?) => {$(
                let text = concat!("the ", $setting);
                network.$member = text.as_ptr().cast();
                network.$length = text.len();
                expected.push(($setting, text.to_owned()));
            )*};
        }
        give_network!(
            addresses addresses_n => "network_addresses",
            user user_n => "network_user",
            password password_n => "network_password",
            password_env password_env_n => "network_password_env",
            password_file password_file_n => "network_password_file",
            ca_file ca_file_n => "network_ca_file",
            server_name server_name_n => "network_server_name",
            sentinel_name sentinel_name_n => "network_sentinel_name",
            network_id network_id_n => "network_id",
        );
        config.network = &raw const network;
        unsafe extern "C" fn on_log(_: i32, _: *const c_char, _: usize, _: *mut std::ffi::c_void) {}
        config.on_log = Some(on_log);
        // SAFETY: the texts are static.
        let built = unsafe { builder(&config) }.unwrap();
        for (setting, value) in &expected {
            assert_eq!(built.given(setting), *value, "{setting}");
        }
        // The two that are not 0 by themselves and the other way round.
        assert_eq!(built.given("send_bedrock_prefix"), "0");
        config.send_bedrock_prefix = 1;
        config.offline_players_by_uuid = 0;
        config.warm_connections = PAYNOW_OFF;
        // SAFETY: as above.
        let built = unsafe { builder(&config) }.unwrap();
        assert_eq!(built.given("send_bedrock_prefix"), "1");
        assert_eq!(built.given("offline_players_by_uuid"), "0");
        assert_eq!(built.given("warm_connections"), "0");
        assert_eq!(built.given("flight_recorder"), "1");
        config.flight_recorder = PAYNOW_OFF;
        // SAFETY: as above.
        assert_eq!(unsafe { builder(&config) }.unwrap().given("flight_recorder"), "0");
    }
}

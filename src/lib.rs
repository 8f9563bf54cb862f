//! Talk to a [PayNow](https://paynow.gg) store from a game server without ever making the game wait.
//!
//! A game server has one thread that must not be late. [`Client`] takes requests from it without waiting, without a system
//! call and without waking a thread, does blocking HTTP on threads of its own, and keeps the answers until the host collects
//! them on the thread it chooses:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use paynow_bridge::{Answer, Call, Client, LookupKey};
//!
//! let client = Client::builder("411486491630370816").api_key_env("PAYNOW_API_KEY").build()?;
//! client.lookup_customer(LookupKey::MinecraftJavaName("Notch"), &Call::default())?;
//! loop {
//!     // One tick. What has finished is handed over here, for half a millisecond at most.
//!     client.poll(0, Duration::from_micros(500), |completion| match completion.answer() {
//!         Answer::Customer(customer) => println!("customer {}", customer.id),
//!         Answer::Absent => println!("not a customer yet"),
//!         _ => println!("{}", completion.message().unwrap_or_default()),
//!     })?;
//! #   break;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Programs that the tests run, and a guide from nothing to a customer, are in the repository: `examples/rust` and
//! `docs/rust.md`. The sandbox there stands in for PayNow, so that no account is needed.
//!
//! # A request's life
//!
//! 1. An operation ([`Client::lookup_customer`], [`Client::token_for`], …) checks its arguments and returns a [`RequestId`]. When
//!    it returns a [`SubmitError`] nothing was sent, and nothing will be.
//! 2. The library answers it from memory, joins it to others that ask the same, or sends it: again if it failed and that is
//!    safe, within the [deadline](Call::deadline).
//! 3. It completes exactly once, no later than its deadline and one timer step of a few milliseconds, whatever the
//!    network does. [`Completion::status`] says how, [`Completion::answer`] what it brought.
//! 4. [`Client::poll`] or [`Client::next`] hands the [`Completion`] over. It is freed when it is dropped; until then it counts
//!    towards [`ClientBuilder::max_outstanding`].
//!
//! "No such customer" is an answer ([`Answer::Absent`]), not an error.
//!
//! # Threads
//!
//! [`Client`] is [`Send`] and [`Sync`]. Any thread may submit, cancel, [peek](Client::peek) and ask for [numbers](Client::stats):
//! none of that waits. [`Client::poll`] and [`Client::next`] serve one thread at a time. Closures run on the thread that
//! called, never on a thread of the library. Dropping the client ends its threads, in 5 s at most.
//!
//! # Errors
//!
//! | type | from | meaning |
//! |---|---|---|
//! | [`BuildError`] | [`ClientBuilder::build`] | a setting cannot be used, or no thread can be started |
//! | [`SubmitError`] | operations, [`Client::peek`] | the request was not accepted |
//! | [`CollectError`] | [`Client::poll`], [`Client::next`] | another thread collects, or this one already does |
//! | [`InvalidArgument`] | inside the first two | which argument cannot be used, and why; never its value |
//! | [`Status`] | [`Completion::status`] | how an accepted request ended |
//! | [`ApiError`] | [`Completion::error`] | PayNow's own words |
//!
//! No error, log line or `Debug` output holds an API key or a customer token.
//!
//! # Features
//!
//! `jni`, on by default, is the Java face. Rust programs can leave it out with `default-features = false`. The C face is
//! always there; its header is `include/paynow_bridge.h`.

// Some of the client is for the Java face alone, which it knows nothing of. The default features find what nothing uses.
#![cfg_attr(not(feature = "jni"), allow(dead_code, unused_imports))]

mod client;
mod ffi;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handles;
#[cfg(feature = "jni")]
mod jni;
mod model;
mod network;
mod operations;
mod policy;
mod room;
mod runtime;
mod sync;
#[cfg(test)]
mod tables;
mod threads;
mod transport;
#[cfg(all(feature = "wiping-allocator", not(test)))]
mod wiping;

pub use client::{
    Authentication, AuthenticationPlatform, BuildError, Bulk, BulkOutcome, Call, Client, ClientBuilder,
    CollectError, Completion, CustomerFields, Field, ListCustomers, LookupKey, NetworkConfig, Pages, Player,
    PlayerKey, ProxyRoute, RawAuth, RawRequest, RequestId, Route,
};
pub use model::{
    ApiError, Customer, Date, GiftCard, MinecraftPlatform, PlatformProfile, Profile, Secret, Text, Token,
    ValidationError,
};
#[doc(hidden)]
pub use operations::declared;
pub use operations::{Answer, BULK_LIMIT, InvalidArgument, OperationId, PAGE_LIMIT, Sent, Status};
pub use runtime::{LogLevel, LogLine, Priority, Source, Stats, SubmitError};

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The features this library was built with.
pub const FEATURES: &[&str] = &[
    #[cfg(feature = "jni")]
    "jni",
    #[cfg(feature = "wiping-allocator")]
    "wiping-allocator",
];

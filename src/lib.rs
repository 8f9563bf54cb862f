//! Talk to a PayNow store from a game server without ever making the game wait.
//!
//! A game server has one thread that must not be late. [`Client`] takes requests from it without waiting,
//! without a system call and without waking anybody, does blocking HTTP on threads of its own, and keeps
//! the answers until the host collects them on the thread it chooses:
//!
//! ```no_run
//! use paynow_bridge::{Answer, Call, Client, LookupKey};
//! use std::time::Duration;
//!
//! let client = Client::builder("411486491630370816").api_key("pn_…").build()?;
//! client.lookup_customer(LookupKey::MinecraftJavaName("Notch"), &Call::default())?;
//! loop {
//!     // one tick
//!     client.poll(0, Duration::from_micros(500), |completion| match completion.answer() {
//!         Answer::Customer(customer) => println!("customer {}", customer.id),
//!         Answer::Absent => println!("not a customer yet"),
//!         _ => eprintln!("{}", completion.message().unwrap_or("no message")),
//!     })?;
//! #   break;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every request that was accepted completes exactly once, no later than its deadline (and one timer
//! step of a few milliseconds), whatever the network does.

mod client;
mod ffi;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handles;
#[cfg(feature = "jni")]
mod jni;
mod model;
mod operations;
mod policy;
mod runtime;
mod sync;
#[cfg(test)]
mod tables;
mod threads;
mod transport;

pub use client::{
    Authentication, AuthenticationPlatform, BuildError, Bulk, BulkOutcome, Call, Client, ClientBuilder,
    CollectError, Completion, CustomerFields, Field, ListCustomers, LookupKey, Pages, Player, RawAuth,
    RawRequest, RequestId,
};
pub use model::{
    ApiError, Customer, Date, GiftCard, MinecraftPlatform, PlatformProfile, Profile, Secret, Text, Token,
    ValidationError,
};
pub use operations::{Answer, BULK_LIMIT, InvalidArgument, OperationId, PAGE_LIMIT, Sent, Status};
pub use runtime::{LogLevel, LogLine, Priority, Source, Stats, SubmitError};

//! Compares the OpenAPI documents PayNow publishes with the operations paynow-bridge declares.
//!
//! The operations come from the library itself ([`paynow_bridge::declared`]), so there is nothing to keep up to date
//! here. What is compared: paths, methods, credentials, parameters (name, place, required, type, words, range), fields of
//! bodies, and the fields of answers that are read. Operations the library does not declare are only counted.

mod compare;
mod document;

pub use compare::{Finding, Kind, Report, compare};
pub use document::Document;

/// The operations of the library, as it declares them.
#[must_use]
pub fn declared() -> Vec<paynow_bridge::declared::Operation> {
    paynow_bridge::declared::operations()
}

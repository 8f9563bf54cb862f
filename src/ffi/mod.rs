//! The C face: converts, calls the client, contains. It decides nothing itself.
//!
//! The header `include/paynow_bridge.h` is made from this module; what the comments here say of a
//! function or a type is what C programmers read.

#![allow(non_camel_case_types, reason = "the names are C's")]

mod batches;
mod boundary;
mod client;
mod completion;
mod ending;
mod host;
mod ids;
mod input;
mod operations;
mod page;
mod status;
mod table;
mod types;

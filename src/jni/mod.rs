//! The Java face. Converts, calls, contains; everything else is the client's.
//!
//! Contract with `dev.paynowbridge.internal.Native`, its only caller:
//!
//! - An export returns what it is asked for, or one of the negative numbers in [`env`](mod@env). An argument that cannot be used
//!   becomes an `IllegalArgumentException` that names it in Java's spelling; nothing else is thrown from here.
//! - A panic ends in the export it happened in and becomes a number; its text, which may hold anything, is dropped.
//! - No thread of the library is ever attached to the JVM and no global reference is made. One Java thread per client
//!   waits in `next` and gets what has finished in batches, in the encoding that [`encode`] describes.
//! - Every request carries a ticket, a number of Java's own, which its completion brings back. What the client decides about
//!   an answer (how far a walk is, what became of a bulk's customers) comes with it: see [`follow`].
//! - What is as large as an answer or an argument is allocated so that it can fail. An answer there is no memory for crosses
//!   as a completion without content, in memory that was set aside.
#![allow(non_snake_case, reason = "the JVM finds exports by the names of its classes and methods")]

mod batches;
mod client;
mod encode;
mod env;
mod follow;
mod host;
mod operations;
mod table;
mod text;

//! A stand-in for the PayNow API that runs on loopback.
//!
//! It keeps state, checks every request as strictly as the contract is written, and can be told to
//! misbehave. It deliberately shares no code and no type with the client library it is used to
//! test: a mistake made in both places would otherwise go unseen.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod admin;
mod answer;
mod app;
mod auth;
mod browser;
mod console;
mod customer;
mod error;
mod faults;
mod flake;
mod handlers;
mod json;
mod log;
mod page;
mod query;
mod rng;
mod routes;
mod seed;
mod server;
mod store;
mod time;
mod validate;

pub use auth::{API_KEY, STORE_ID};
pub use server::{Config, Sandbox};

//! The rules in virtual time: the real [`Schedule`](super::Schedule), cache and decoders, driven as the engine's threads
//! drive them, between a host and an API that do anything. Everything comes from one seed, so what fails can be replayed:
//!
//! ```text
//! SIMULATION_SEED=17 cargo test --lib simulation::any     # prints what happened
//! SIMULATION_SEEDS=1000000 cargo test --lib simulation::any
//! ```

mod api;
mod checks;
mod random;
mod scenarios;
mod servers;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Rules;
use crate::policy::breaker::BreakerPolicy;
use crate::policy::rate::RatePolicy;
use crate::policy::retry::RetryPolicy;

/// A moment, as time since the simulation began.
type At = Duration;

/// How long one probe keeps all others waiting, at most.
const LEASE: Duration = Duration::from_secs(3);

/// Seeds that every test run tries.
const SEEDS: u64 = 300;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn rules(seed: u64) -> Rules {
    Rules {
        retry: RetryPolicy::default(),
        breaker: BreakerPolicy::default(),
        rate: RatePolicy::default(),
        max_held_bytes: 64 << 20,
        max_workers: 64,
        has_network: false,
        seed,
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words").to_owned()
}

/// Tries a seed; says how it failed, and how to see that again.
fn attempt(seed: u64) -> u64 {
    catch_unwind(AssertUnwindSafe(|| random::run(seed, false))).unwrap_or_else(|panic| {
        panic!("seed {seed}: {}\nSIMULATION_SEED={seed} cargo test --lib simulation::any", words(&*panic))
    })
}

#[test]
fn any_seed_keeps_every_promise() {
    if let Some(seed) = number("SIMULATION_SEED") {
        random::run(seed, true);
        return;
    }
    let first = number("SIMULATION_FIRST").unwrap_or(1);
    for seed in first..first + number("SIMULATION_SEEDS").unwrap_or(SEEDS) {
        attempt(seed);
    }
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in 1..20 {
        assert_eq!(attempt(seed), attempt(seed), "seed {seed}");
    }
}

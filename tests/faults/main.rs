//! Every answer a hostile or broken server gives, and what becomes of it: one table, whose rows state what the host
//! must see. Each row is produced by the sandbox or by a raw neighbour, ends in one completion a call, and reaches
//! the server exactly as often as it says.

#![allow(clippy::print_stdout, reason = "one line for each row is what this suite has to show")]

mod lists;
mod neighbour;
mod remembered;
mod row;
mod runner;
mod secure;
mod shape;
mod status;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod transport;

use std::collections::HashSet;

#[test]
fn statuses_and_bodies() {
    runner::run(status::rows());
}

#[test]
fn shapes() {
    runner::run(shape::rows());
}

#[test]
fn lists_and_bulk() {
    runner::run(lists::rows());
}

#[test]
fn transport() {
    runner::run(transport::rows());
}

#[test]
fn tls() {
    let _guard = tls::CaFileGuard;
    runner::run(secure::rows());
}

#[test]
fn memory() {
    runner::run(remembered::rows());
}

#[test]
fn a_hundred_deaths() {
    storm::a_hundred_deaths();
}

#[test]
fn deaths_with_a_circuit() {
    storm::deaths_with_a_circuit();
}

#[test]
fn the_table_is_complete() {
    let groups =
        [status::rows(), shape::rows(), lists::rows(), transport::rows(), secure::rows(), remembered::rows()];
    let names: Vec<&str> = groups.iter().flatten().map(|row| row.name).chain(storm::NAMES).collect();
    println!("{} rows", names.len());
    assert!(names.len() >= 76);
    let mut seen = HashSet::new();
    for name in &names {
        assert!(seen.insert(name), "two rows are called {name:?}");
    }
}

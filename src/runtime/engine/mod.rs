//! Everything that runs on threads of ours.

pub(in crate::runtime) mod attempt;
pub(in crate::runtime) mod dispatcher;
pub(in crate::runtime) mod health;
pub(in crate::runtime) mod schedule;
pub(in crate::runtime) mod settle;
pub(in crate::runtime) mod worker;

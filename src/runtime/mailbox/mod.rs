//! Everything a host's thread touches.

pub(in crate::runtime) mod consumer;
pub(in crate::runtime) mod fork;
pub(in crate::runtime) mod free_list;
pub(in crate::runtime) mod log;
pub(in crate::runtime) mod outcome;
pub(in crate::runtime) mod slots;
pub(in crate::runtime) mod trash;

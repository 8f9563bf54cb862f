//! What every submission writes, with what it only looks at on its way. Beside it, in the same cache line, [`super::table`]
//! keeps where the slots are: a host's thread that comes back to a cold cache fetches one line. The engine reads it once in a
//! while and writes it hardly ever.

use super::fork;
use super::free_list::FreeList;
use crate::sync::{AtomicBool, AtomicU64};

pub(super) struct Front {
    pub(super) free: FreeList,
    fork_generation: u32,
    pub(super) has_api_key: AtomicBool,
    pub(super) closed: AtomicBool,
    pub(super) submitted: AtomicU64,
    pub(super) collected: AtomicU64,
    pub(super) released: AtomicU64,
}

impl Front {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            free: FreeList::new(capacity),
            fork_generation: fork::generation(),
            has_api_key: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            submitted: AtomicU64::new(0),
            collected: AtomicU64::new(0),
            released: AtomicU64::new(0),
        }
    }

    /// Whether this process is a fork of the one that made the client.
    pub(super) fn is_forked(&self) -> bool {
        self.fork_generation != fork::generation()
    }
}

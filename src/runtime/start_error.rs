//! Why a client cannot start.

use std::io;

use crate::room::NoMemory;

/// Why a runtime does not start: the machine lacks something.
#[derive(Debug)]
pub(crate) enum StartError {
    /// Memory for what the settings ask for.
    Memory(NoMemory),
    /// A thread.
    Thread(io::Error),
}

impl From<NoMemory> for StartError {
    fn from(lack: NoMemory) -> Self {
        Self::Memory(lack)
    }
}

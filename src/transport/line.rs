//! One worker's hold on the connection it works with.

use std::sync::Arc;

use super::interrupt::Interrupter;
use super::progress::Progress;

/// What a connection at work is tied to: who may end it, and where it notes how far it has come. An idle one is tied to
/// nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) interrupter: Arc<Interrupter>,
    pub(super) progress: Arc<Progress>,
}

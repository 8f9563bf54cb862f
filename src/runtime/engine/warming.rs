//! Holding connections ready before a request needs one: `policy/warmth.rs` says when one is to be opened, and a worker
//! opens it.

use std::time::Instant;

use super::Engine;
use crate::policy::warmth::{Opening, Warmth};
use crate::runtime::lines::Line;
use crate::runtime::mailbox::SignsOfLife;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};
use crate::transport::TransportError;

/// Tells the numbers of openings from those of work.
const OPENING: u64 = 1 << 63;

/// What is known about holding connections ready.
pub(super) struct Warming {
    rules: Mutex<Rules>,
    /// A worker is to open one.
    is_ordered: AtomicBool,
}

struct Rules {
    warmth: Warmth,
    /// What the host had done at the last look.
    seen: SignsOfLife,
}

/// What a worker is to do.
pub(super) struct Order {
    /// What it is interrupted by.
    pub(super) number: u64,
    /// How many connections are wanted: with so many, none is opened.
    pub(super) wanted: u32,
}

impl Warming {
    pub(super) fn new(wanted: u32, now: Instant, seed: u64) -> Self {
        let rules = Rules { warmth: Warmth::new(wanted, now, seed), seen: SignsOfLife::default() };
        Self { rules: Mutex::new(rules), is_ordered: AtomicBool::new(false) }
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.is_ordered.load(Ordering::Acquire)
    }

    /// Whether the opening with this number takes for too long; `None` for the number of work.
    pub(super) fn is_hung(&self, number: u64, now: Instant) -> Option<bool> {
        (number & OPENING != 0).then(|| lock(&self.rules).warmth.is_overdue(number & !OPENING, now))
    }
}

impl Engine {
    /// Closes idle connections whose time is over, and says whether a worker is to open one. About once a second.
    pub(super) fn look_after_connections(&self, now: Instant) -> bool {
        let signs = self.mailbox.signs_of_life();
        let mut rules = lock(&self.warming.rules);
        if signs.submitted != rules.seen.submitted {
            rules.warmth.requested(now);
        }
        if signs.turns != rules.seen.turns || signs.is_collecting {
            rules.warmth.collected(now);
        }
        rules.seen = signs;
        let wanted = rules.warmth.wanted(now);
        self.transport.look_after_idle(wanted);
        self.order_if_due(&mut rules.warmth, now)
    }

    fn order_if_due(&self, warmth: &mut Warmth, now: Instant) -> bool {
        let is_due = !self.is_stopping() && warmth.is_due(now, self.transport.connections().open);
        self.warming.is_ordered.store(is_due, Ordering::Release);
        is_due
    }

    /// Takes the order to open a connection, if there is one. What takes it ends it with [`Engine::end_warming`].
    pub(super) fn begin_warming(&self) -> Option<Order> {
        if self.is_stopping() || !self.warming.is_ordered() {
            return None;
        }
        let now = Instant::now();
        let warmth = &mut lock(&self.warming.rules).warmth;
        // Another worker may have been quicker.
        if !self.warming.is_ordered() {
            return None;
        }
        self.warming.is_ordered.store(false, Ordering::Release);
        Some(Order { number: OPENING | warmth.begin(now), wanted: warmth.wanted(now) })
    }

    /// Notes how opening a connection ended: whether one was opened, or why not. It counts as no attempt of a request.
    pub(super) fn end_warming(&self, result: Result<bool, TransportError>) {
        let how = match &result {
            Ok(true) => Opening::Opened,
            Ok(false) => Opening::Needless,
            Err(_) => Opening::Failed,
        };
        {
            let warmth = &mut lock(&self.warming.rules).warmth;
            let now = Instant::now();
            warmth.ended(how, now);
            self.order_if_due(warmth, now);
        }
        if let Err(error) = result.as_ref()
            && !self.is_stopping()
        {
            self.say(Line::NotReady, || error.message.clone());
        }
    }
}

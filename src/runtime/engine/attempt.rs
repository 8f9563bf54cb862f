//! A request on its way through attempts.

use std::sync::Arc;
use std::time::Instant;

use super::schedule::Memory;
use crate::operations::{Effect, Flow, HttpRequest, Operation, Sent};
use crate::runtime::Priority;
use crate::runtime::mailbox::outcome::Outcome;
use crate::runtime::mailbox::slots::Key;

/// What a worker takes: a request, and how far it has come.
pub(in crate::runtime) struct Job {
    pub(in crate::runtime) key: Key,
    pub(in crate::runtime) priority: Priority,
    /// `None` before the first attempt: the arguments still lie in the slot.
    pub(in crate::runtime) attempt: Option<Box<Attempt>>,
}

/// Everything that is needed to send a request, again if need be.
pub(in crate::runtime) struct Attempt {
    /// The operation of the step that is sent now; the one of the completion unless there is a flow.
    pub(in crate::runtime) operation: &'static Operation,
    pub(in crate::runtime) request: HttpRequest,
    /// Whether doing it twice is doing it once.
    pub(in crate::runtime) repeatable: bool,
    pub(in crate::runtime) accepted: Instant,
    pub(in crate::runtime) deadline: Instant,
    /// When the first worker began.
    pub(in crate::runtime) begun: Option<Instant>,
    /// Attempts of the present step.
    pub(in crate::runtime) tries: u32,
    /// Attempts of all steps.
    pub(in crate::runtime) attempts: u32,
    /// Under what the customer is remembered.
    pub(in crate::runtime) memory: Option<Memory>,
    /// Under what others wait for the same answer.
    pub(in crate::runtime) flight: Option<Arc<str>>,
    /// What sending it changes at the API.
    pub(in crate::runtime) effect: Effect,
    /// The customer the request is about, where it names one.
    pub(in crate::runtime) customer_id: Option<Box<str>>,
    /// When the present step was begun to be sent first.
    pub(in crate::runtime) step_began: Option<Instant>,
    /// Whether the present step, and any of them, reached the server.
    pub(in crate::runtime) step_sent: Sent,
    pub(in crate::runtime) sent: Sent,
    /// How the last attempt of this step ended, if it is to be repeated.
    pub(in crate::runtime) last: Option<Outcome>,
    /// What comes after this step.
    pub(in crate::runtime) flow: Option<Flow>,
    /// How an earlier step of the flow ended, for the case that nothing better comes.
    pub(in crate::runtime) setback: Option<Outcome>,
}

impl Attempt {
    /// Makes it the next step of its flow.
    pub(in crate::runtime) fn go_on(&mut self, operation: &'static Operation, request: HttpRequest) {
        self.operation = operation;
        self.request = request;
        self.repeatable = operation.repeatable;
        self.effect = operation.effect;
        self.tries = 0;
        self.step_began = None;
        self.step_sent = Sent::Never;
        self.last = None;
    }
}

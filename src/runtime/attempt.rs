//! A request on its way through attempts.

use std::sync::Arc;
use std::time::Instant;

use super::Priority;
use super::outcome::Outcome;
use super::schedule::Memory;
use super::slots::Key;
use crate::operations::{Effect, Flow, HttpRequest, Operation, Sent};

/// What a worker takes: a request, and how far it has come.
pub(super) struct Job {
    pub(super) key: Key,
    pub(super) priority: Priority,
    /// `None` before the first attempt: the arguments still lie in the slot.
    pub(super) attempt: Option<Box<Attempt>>,
}

/// Everything that is needed to send a request, again if need be.
pub(super) struct Attempt {
    /// The operation of the step that is sent now; the one of the completion unless there is a flow.
    pub(super) operation: &'static Operation,
    pub(super) request: HttpRequest,
    /// Whether doing it twice is doing it once.
    pub(super) repeatable: bool,
    pub(super) accepted: Instant,
    pub(super) deadline: Instant,
    /// When the first worker began.
    pub(super) begun: Option<Instant>,
    /// Attempts of the present step.
    pub(super) tries: u32,
    /// Attempts of all steps.
    pub(super) attempts: u32,
    /// Under what the customer is remembered.
    pub(super) memory: Option<Memory>,
    /// Under what others wait for the same answer.
    pub(super) flight: Option<Arc<str>>,
    /// What sending it changes at the API.
    pub(super) effect: Effect,
    /// The customer the request is about, where it names one.
    pub(super) customer_id: Option<Box<str>>,
    /// When the present step was begun to be sent first.
    pub(super) step_began: Option<Instant>,
    /// Whether the present step, and any of them, reached the server.
    pub(super) step_sent: Sent,
    pub(super) sent: Sent,
    /// How the last attempt of this step ended, if it is to be repeated.
    pub(super) last: Option<Outcome>,
    /// What comes after this step.
    pub(super) flow: Option<Flow>,
    /// How an earlier step of the flow ended, for the case that nothing better comes.
    pub(super) setback: Option<Outcome>,
}

impl Attempt {
    /// Makes it the next step of its flow.
    pub(super) fn go_on(&mut self, operation: &'static Operation, request: HttpRequest) {
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

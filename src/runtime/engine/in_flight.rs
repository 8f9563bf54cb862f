//! A request on its way to an answer: everything that is needed to send it, and to send it again.

use std::sync::Arc;
use std::time::Instant;

use crate::operations::{self, Arguments, Effect, Flow, HttpRequest, Operation, OperationId, Sent};
use crate::room::NoMemory;
use crate::runtime::mailbox::{Header, Outcome};
use crate::runtime::recorder::Entry;

/// What is asked, and how far it has come.
pub(super) struct InFlight {
    /// The operation of the step that is sent now; the one of the completion unless there is a flow.
    pub(super) operation: &'static Operation,
    pub(super) request: HttpRequest,
    /// Whether doing it twice is doing it once.
    pub(super) idempotent: bool,
    pub(super) accepted: Instant,
    pub(super) deadline: Instant,
    /// When it was sent first.
    pub(super) begun: Option<Instant>,
    /// Attempts of the present step.
    pub(super) tries: u32,
    /// Attempts of all steps.
    pub(super) attempts: u32,
    /// What the cache may know or keep of it.
    pub(super) question: Option<Question>,
    /// What sending it changes at the API.
    pub(super) effect: Effect,
    /// The customer the request is about, where it names one.
    pub(super) customer_id: Option<Box<str>>,
    /// When the present step was sent first.
    pub(super) step_began: Option<Instant>,
    /// Whether the present step, and any of them, reached the server.
    pub(super) step_sent: Sent,
    pub(super) sent: Sent,
    /// How the last attempt of this step ended, if it is to be repeated.
    pub(super) last: Option<Outcome>,
    /// Which operation was asked for, and where the flight recorder notes how it goes.
    pub(super) asked: OperationId,
    pub(super) record: Entry,
    /// What comes after this step.
    pub(super) flow: Option<Flow>,
    /// How an earlier step of the flow ended, in case nothing better comes.
    pub(super) setback: Option<Outcome>,
}

/// Under what the cache keeps an answer.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) target: Arc<str>,
    /// "Not found" is not enough: the customer is to be created.
    pub(super) must_exist: bool,
    /// It is only what the first step asks; the whole answer is another.
    pub(super) first_step: bool,
}

impl InFlight {
    /// Turns a request's arguments into what is sent.
    pub(super) fn new(header: &Header, arguments: &Arguments, store_id: &str) -> Result<Self, NoMemory> {
        let operation = header.operation;
        let (flow, request) = match operation.goal {
            Some(goal) => {
                let (flow, request) = Flow::begin(goal, arguments, store_id)?;
                (Some(flow), request)
            }
            None => (None, operations::encode(operation, arguments, store_id)?),
        };
        // A flow looks up first.
        let first = if flow.is_some() { &operations::LOOKUP_CUSTOMER } else { operation };
        Ok(Self {
            operation: first,
            request,
            idempotent: first.is_repeatable(arguments),
            accepted: header.accepted,
            deadline: header.deadline(),
            begun: None,
            tries: 0,
            attempts: 0,
            question: None,
            effect: first.effect_of(arguments),
            customer_id: arguments.value(operations::Parameter::CustomerId).map(Into::into),
            asked: operation.id,
            record: Entry::NONE,
            flow,
            setback: None,
            last: None,
            step_began: None,
            step_sent: Sent::Never,
            sent: Sent::Never,
        })
    }

    /// Makes it the next step of its flow.
    pub(super) fn go_on(&mut self, operation: &'static Operation, request: HttpRequest) {
        self.operation = operation;
        self.request = request;
        self.idempotent = operation.repeatable;
        self.effect = operation.effect;
        self.tries = 0;
        self.step_began = None;
        self.step_sent = Sent::Never;
        self.last = None;
    }

    /// Notes that one more exchange begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.begun.get_or_insert(now);
        self.step_began.get_or_insert(now);
        self.tries += 1;
        self.attempts += 1;
    }

    /// How it ends when it is not sent again: what was said the last time is more than "not asked".
    pub(super) fn said_last(&mut self, mut otherwise: Outcome) -> Outcome {
        self.last.take().unwrap_or_else(|| {
            self.account(&mut otherwise);
            otherwise
        })
    }

    /// Notes how far an exchange came, and tells the outcome what is known of all of them.
    pub(super) fn account(&mut self, outcome: &mut Outcome) {
        self.step_sent = self.step_sent.max(outcome.sent);
        self.sent = self.sent.max(outcome.sent);
        outcome.sent = self.step_sent;
        outcome.attempts = self.attempts;
        let begun = self.begun.unwrap_or(outcome.decided);
        outcome.queued = begun.saturating_duration_since(self.accepted);
        outcome.network = outcome.decided.saturating_duration_since(begun);
    }
}

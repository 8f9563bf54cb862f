//! What is remembered of answers: kept, forgotten, and offered in place of a failure.

use std::sync::Arc;
use std::time::Instant;

use super::in_flight::{InFlight, Question};
use crate::network::{Forget, Written};
use crate::operations::{Answer, Effect, Sent, Status};
use crate::policy::cache::{Age, Kept};
use crate::policy::is_outage;
use crate::runtime::mailbox::{AnswerCache, Content, Outcome, Source};

/// What an attempt changed at the API, or may have: a write that failed may have been made nevertheless.
pub(super) fn written<'a>(flight: &'a InFlight, outcome: &Outcome) -> Written<'a> {
    if outcome.status != Status::Ok && outcome.sent == Sent::Never {
        return Written::Nothing;
    }
    match (flight.effect, &flight.customer_id) {
        (Effect::None, _) => Written::Nothing,
        (Effect::CreatesCustomers, _) => Written::Created,
        (Effect::ChangesCustomer, Some(id)) => Written::Customer(id),
        (Effect::ChangesCustomer, None) | (Effect::Unknown, _) => Written::Anything,
    }
}

/// What another server wrote overtakes what is remembered here, like what this client writes itself.
pub(in crate::runtime) struct Remembered(pub(in crate::runtime) Arc<AnswerCache>);

impl Forget for Remembered {
    fn customer(&self, id: &str) {
        self.0.changed(id, Instant::now());
    }

    fn created(&self) {
        self.0.created(Instant::now());
    }

    fn anything(&self) {
        self.0.anything(Instant::now());
    }
}

/// The engine's use of the cache that host threads peek into.
pub(super) struct Memory {
    cache: Arc<AnswerCache>,
}

impl Memory {
    pub(super) fn new(cache: Arc<AnswerCache>) -> Self {
        Self { cache }
    }

    pub(super) fn is_on(&self) -> bool {
        self.cache.is_on()
    }

    /// Grows with every own write: a question asked before one is not the question asked after it.
    pub(super) fn epoch(&self) -> u64 {
        self.cache.epoch()
    }

    /// An answer that is as good as a new one.
    pub(super) fn fresh(&self, question: &Question, now: Instant) -> Option<Arc<Content>> {
        match self.recall(question, now)? {
            (content, Age::Fresh) => Some(content),
            (_, Age::Stale) => None,
        }
    }

    /// How good an answer is that another server got. `None` for one that is too old, or was asked for before a write of
    /// this client's that it may not show.
    pub(super) fn age_of(&self, outcome: &Outcome, asked_at: Instant, now: Instant) -> Option<Age> {
        let customer_id = match outcome.content().map(|content| &content.answer) {
            Some(Answer::Customer(customer)) => Some(customer.id.as_str()),
            Some(Answer::Absent) => None,
            _ => return None,
        };
        self.cache.age_of(customer_id, asked_at, now)
    }

    fn recall(&self, question: &Question, now: Instant) -> Option<(Arc<Content>, Age)> {
        let (content, age, _) = self.cache.look(&question.target, now)?;
        let does = !question.must_exist || matches!(content.answer, Answer::Customer(_));
        does.then_some((content, age))
    }

    /// An answer in place of a failure of the API, where an older one will do.
    pub(super) fn stale_if_error(
        &self,
        question: Option<&Question>,
        outcome: &Outcome,
        now: Instant,
    ) -> Option<Outcome> {
        let failed = is_outage(outcome.status)
            || matches!(outcome.status, Status::Unavailable | Status::RateLimited | Status::Resources);
        let question = question.filter(|question| failed && !question.first_step)?;
        let (content, _) = self.recall(question, now)?;
        let old = Outcome::remembered(content, Source::StaleCache);
        Some(Outcome { sent: outcome.sent, ..old }.again(outcome))
    }

    /// Keeps the answer to an attempt, or forgets what is no longer true.
    pub(super) fn learn(&self, flight: &InFlight, outcome: &Outcome, now: Instant) {
        if matches!(flight.effect, Effect::None) {
            self.keep(flight.question.as_ref(), outcome, flight.step_began.unwrap_or(now));
        }
        match written(flight, outcome) {
            Written::Nothing => {}
            Written::Created => self.cache.created(now),
            Written::Customer(id) => self.cache.changed(id, now),
            Written::Anything => self.cache.anything(now),
        }
    }

    /// Keeps an answer that was asked for at `asked_at`.
    pub(super) fn keep(&self, question: Option<&Question>, outcome: &Outcome, asked_at: Instant) {
        let (Some(question), Some(content)) = (question, outcome.content()) else {
            return;
        };
        let customer_id = match &content.answer {
            Answer::Customer(customer) => Some(customer.id.as_str().into()),
            Answer::Absent => None,
            _ => return,
        };
        if outcome.status == Status::Ok {
            let bytes = content.bytes() as u64;
            self.cache
                .keep(&question.target, Kept { value: Arc::clone(content), customer_id, asked_at, bytes });
        }
    }
}

//! What is remembered of answers: kept, forgotten, and offered in place of a failure.

use std::sync::Arc;
use std::time::Instant;

use super::in_flight::{InFlight, Question};
use crate::operations::{Answer, Effect, Sent, Status};
use crate::policy::cache::{Age, Kept};
use crate::policy::is_outage;
use crate::runtime::mailbox::{AnswerCache, Content, Outcome, Source};

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
        // A write that failed may have been made nevertheless.
        let written = outcome.status == Status::Ok || outcome.sent != Sent::Never;
        match flight.effect {
            Effect::None => {
                self.keep(flight.question.as_ref(), outcome, flight.step_began.unwrap_or(now));
            }
            _ if !written => {}
            Effect::CreatesCustomers => self.cache.created(now),
            Effect::ChangesCustomer => match &flight.customer_id {
                Some(id) => self.cache.changed(id, now),
                None => self.cache.anything(now),
            },
            Effect::Unknown => self.cache.anything(now),
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

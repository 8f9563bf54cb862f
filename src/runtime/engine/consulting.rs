//! Workers ask the network of servers before they send, and tell it what came back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Engine;
use super::in_flight::InFlight;
use super::memory;
use super::schedule::{Assignment, Consultation, Consulted, Held, Told};
use crate::model::Text;
use crate::network::{
    Ask, Claim, Known, KnownAnswer, Network, News, Settled, SettledAnswer, Verdict, Written,
};
use crate::operations::{self, Answer, Decoded, OperationId, Sent, Status};
use crate::policy::is_outage;
use crate::room::NoMemory;
use crate::runtime::lines::Line;
use crate::runtime::mailbox::{Content, Outcome, Source};

/// What an exchange brought that concerns other servers.
pub(super) struct Settlement {
    question: Option<Arc<str>>,
    content: Option<Arc<Content>>,
    has_failed: bool,
    asked_at: Instant,
    rate_limited: Option<Option<Duration>>,
    written: Wrote,
}

/// [`Written`], kept.
enum Wrote {
    Nothing,
    Created,
    Customer(Box<str>),
    Anything,
}

impl Settlement {
    fn of(flight: &InFlight, outcome: &Outcome, shares_answers: bool) -> Self {
        let is_answered = outcome.sent == Sent::Answered;
        let is_limited = outcome.status == Status::RateLimited;
        // Also what was created because nothing was found.
        let answers_it = matches!(
            flight.operation.id,
            OperationId::LookupCustomer | OperationId::GetCustomer | OperationId::CreateCustomer
        );
        let question = flight.question.as_ref().filter(|_| answers_it && shares_answers);
        Self {
            question: question.map(|question| Arc::clone(&question.target)),
            content: outcome.content().filter(|_| outcome.status == Status::Ok).cloned(),
            has_failed: !is_answered || is_limited || is_outage(outcome.status),
            asked_at: flight.step_began.unwrap_or(outcome.decided),
            rate_limited: (is_answered && is_limited).then_some(outcome.retry_after),
            written: match memory::written(flight, outcome) {
                Written::Nothing => Wrote::Nothing,
                Written::Created => Wrote::Created,
                Written::Customer(id) => Wrote::Customer(id.into()),
                Written::Anything => Wrote::Anything,
            },
        }
    }

    fn settled(&self, held: Held) -> Settled<'_> {
        let answer = match self.content.as_ref().map(|content| (&content.answer, content.body.as_bytes())) {
            _ if self.has_failed => SettledAnswer::Failed,
            Some((Answer::Customer(customer), body)) if !body.is_empty() => {
                SettledAnswer::Customer { id: customer.id.as_str(), body }
            }
            Some((Answer::Absent, _)) => SettledAnswer::Absent,
            _ => SettledAnswer::Other,
        };
        Settled {
            claim: held.claim,
            keeps_claim: held.keeps,
            question: self.question.as_deref(),
            answer,
            asked_at_age: self.asked_at.elapsed(),
            rate_limited: self.rate_limited,
            written: match &self.written {
                Wrote::Nothing => Written::Nothing,
                Wrote::Created => Written::Created,
                Wrote::Customer(id) => Written::Customer(id),
                Wrote::Anything => Written::Anything,
            },
        }
    }
}

/// An answer of the network, read. `None` when it cannot be used.
fn read(flight: &InFlight, known: Known) -> Option<Told> {
    let asked_at = Instant::now().checked_sub(known.age)?;
    let outcome = match known.answer {
        KnownAnswer::Customer(body) => {
            let decoded = operations::decode(flight.operation, 200, "application/json", &body);
            if decoded.status != Status::Ok || !matches!(decoded.answer, Answer::Customer(_)) {
                return None;
            }
            let body = match Text::copy_of(std::str::from_utf8(&body).ok()?) {
                Ok(body) => body,
                Err(NoMemory) => return None,
            };
            Outcome::answered(decoded, 200, body)
        }
        KnownAnswer::Absent => {
            Outcome::answered(Decoded { answer: Answer::Absent, ..Decoded::ok() }, 404, Text::from(""))
        }
    };
    Some(Told::Known { outcome: Outcome { source: Source::OtherServer, ..outcome }, asked_at })
}

impl Engine {
    /// Asks the network about a piece of work. Says what its worker is to do next.
    pub(super) fn consult(
        &self,
        network: &dyn Network,
        work: u64,
        flight: Box<InFlight>,
        consultation: Consultation,
    ) -> Option<Assignment> {
        let Consultation { has_question, must_exist, only_known, interactive, left, claim } = consultation;
        let question = flight.question.as_ref().filter(|_| has_question);
        let question = question.map(|question| &*question.target);
        let ask = Ask { question, must_exist, only_known, interactive, left, claim };
        let verdict = self.contained(Verdict::Alone { share: None }, || network.consult(&ask));
        let told = match verdict {
            Verdict::Known(known) => read(&flight, known).unwrap_or(Told::Unusable),
            Verdict::Go { after, claim } => Told::Go { after, claim },
            Verdict::Again(after) => Told::Again(after),
            Verdict::Refused { retry_after } => Told::Refused { retry_after },
            Verdict::Alone { share } => Told::Alone { share },
        };
        let content = match &told {
            Told::Known { outcome, .. } => outcome.content().cloned(),
            _ => None,
        };
        let consulted = Consulted { work, flight, told };
        self.while_held(content.as_ref(), || {
            self.decide_and_go_on(|schedule, now| schedule.consulted(consulted, now)).0
        })
    }

    /// What is to be told of an exchange once it is known what becomes of its work.
    pub(super) fn settlement(&self, flight: &InFlight, outcome: &Outcome) -> Option<Settlement> {
        self.network.is_some().then(|| Settlement::of(flight, outcome, self.shares_answers))
    }

    pub(super) fn settle(&self, settlement: &Settlement, held: Held) {
        if let Some(network) = &self.network {
            self.contained((), || network.settle(&settlement.settled(held)));
        }
    }

    #[inline(never)]
    pub(super) fn give_up(&self, claim: Claim) {
        if let Some(network) = &self.network {
            self.contained((), || network.give_up(claim));
        }
    }

    /// Says in the host's log whether the network answers, when that has changed.
    pub(super) fn say_news_of_the_network(&self) {
        let news = self.network.as_ref().and_then(|network| self.contained(None, || network.news()));
        match news {
            Some(News::Down(why)) => self.say(Line::NetworkLost, || why),
            Some(News::Up(since)) => self.say(Line::NetworkBack, || since),
            None => {}
        }
    }

    /// A panic in the network ends what was asked of it, and no thread.
    fn contained<R>(&self, otherwise: R, ask: impl FnOnce() -> R) -> R {
        catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
            self.say_fault("the network of servers");
            otherwise
        })
    }
}

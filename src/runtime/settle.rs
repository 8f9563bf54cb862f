//! What is made of an attempt: another one, the next step of a flow, or the end of the request and of all that
//! waited for the same answer.

use std::sync::Arc;
use std::time::Instant;

use super::attempt::{Attempt, Job};
use super::log::LogLevel;
use super::outcome::{Content, Outcome, Source};
use super::schedule::{Entry, Memory, Schedule};
use super::slots::Key;
use super::{Runtime, lock};
use crate::model::Text;
use crate::operations::{self, Answer, Decoded, Effect, Flow, Next, OperationId, Sent, Status};
use crate::policy::cache::{Age, Kept};
use crate::policy::is_outage;
use crate::policy::retry::Attempted;

impl Runtime {
    /// The next request for a worker. `None` when there is none, when the rate allows none, or when the host must
    /// first free what it has got.
    pub(super) fn next_job(&self) -> Option<Job> {
        if self.trash.held_bytes() > self.settings.max_held_bytes {
            return None;
        }
        let now = Instant::now();
        let mut schedule = lock(&self.schedule);
        self.drain_ingress(&mut schedule);
        let job = loop {
            let job = schedule.next(now)?;
            if schedule.is_wanted(job.key, |key| self.slots.is_pending(key)) {
                break job;
            }
            self.forget_flight(&mut schedule, &job);
        };
        schedule.rate.take(now);
        let more = schedule.waiting(now) > 0;
        drop(schedule);
        if more {
            lock(&self.seats).wake(1);
        }
        Some(job)
    }

    fn forget_flight(&self, schedule: &mut Schedule, job: &Job) {
        if let Some(flight) = job.attempt.as_ref().and_then(|attempt| attempt.flight.as_ref()) {
            schedule.land(flight);
        }
    }

    pub(super) fn has_work(&self) -> bool {
        self.stopping.load(std::sync::atomic::Ordering::SeqCst)
            || (!self.ingress.is_empty() || lock(&self.schedule).waiting(Instant::now()) > 0)
                && self.trash.held_bytes() <= self.settings.max_held_bytes
    }

    /// Whether anybody wants the answer to this request, or to the same question. If not, the question is forgotten:
    /// whoever asks it next, asks it anew.
    pub(super) fn is_wanted_or_forgotten(&self, key: Key, attempt: &Attempt) -> bool {
        let mut schedule = lock(&self.schedule);
        let wanted = schedule.is_wanted(key, |key| self.slots.is_pending(key));
        if let (false, Some(flight)) = (wanted, &attempt.flight) {
            schedule.land(flight);
        }
        wanted
    }

    /// Whether anybody wants the answer to this request, or to the same question.
    pub(super) fn is_wanted(&self, key: Key) -> bool {
        lock(&self.schedule).is_wanted(key, |key| self.slots.is_pending(key))
    }

    /// Moves what host threads submitted to where workers find it.
    pub(super) fn drain_ingress(&self, schedule: &mut Schedule) -> usize {
        let mut arrived = 0;
        while let Some(entry) = self.ingress.pop() {
            arrived += 1;
            // One that ended unseen may come late, after the next request of its slot: it must not take that its
            // deadline.
            if !self.slots.is_pending(entry.key) {
                continue;
            }
            if entry.cacheable && (entry.ensures || self.cache.is_on()) {
                self.admit(schedule, &entry);
            } else {
                schedule.set_deadline(&entry, None);
                let attempt =
                    if entry.ensures && self.cache.is_on() { self.take_known(entry.key) } else { None };
                schedule.push(Job { key: entry.key, priority: entry.priority, attempt });
            }
        }
        arrived
    }

    /// Answers from memory, waits for whoever asks the same already, or lets a worker ask.
    fn admit(&self, schedule: &mut Schedule, entry: &Entry) {
        let Some(mut attempt) = self.take(entry.key) else {
            return;
        };
        // A flow looks up first: its first request is the question that may have been answered before.
        let memory = Memory {
            question: attempt.request.target.as_str().into(),
            somebody: attempt.flow.is_some(),
            first_step: false,
        };
        schedule.set_deadline(entry, Some(memory.clone()));
        if let Some((content, Age::Fresh)) = self.recall(&memory) {
            self.counters.cache_hit();
            self.answer(entry.key, Outcome::remembered(content, Source::Cache));
            return;
        }
        // Who wants to create the unknown does not wait for who only looks.
        // Nor does who asks after an own write share the answer to a question from before it.
        let what = if memory.somebody { "ensure" } else { "look" };
        let flight: Arc<str> = format!("{what} {} {}", self.cache.epoch(), memory.question).into();
        if schedule.join(&flight, entry.key, attempt.deadline) {
            self.counters.coalesced();
            return;
        }
        attempt.memory = Some(memory);
        attempt.flight = Some(flight);
        let attempt = Some(Box::new(attempt));
        schedule.push(Job { key: entry.key, priority: entry.priority, attempt });
    }

    /// Takes a flow that ends with more than the customer; whom it knows already it does not look up.
    fn take_known(&self, key: Key) -> Option<Box<Attempt>> {
        let mut attempt = self.take(key)?;
        let question = attempt.request.target.as_str().into();
        let memory = Memory { question, somebody: true, first_step: true };
        if let Some((content, Age::Fresh)) = self.recall(&memory)
            && let Answer::Customer(customer) = &content.answer
            && let Some(flow) = &mut attempt.flow
            && let Next::Send(operation, request) = flow.recognise(customer.clone())
        {
            self.counters.cache_hit();
            attempt.go_on(operation, request);
        }
        attempt.memory = Some(memory);
        Some(Box::new(attempt))
    }

    /// Takes a request's arguments out of its slot and makes of them what is sent.
    pub(super) fn take(&self, key: Key) -> Option<Attempt> {
        let lent = self.slots.lend(key)?;
        let (header, arguments) = (lent.header(), lent.arguments());
        let store_id = &self.settings.store_id;
        let operation = header.operation;
        let (flow, request) = match operation.goal {
            Some(goal) => {
                let (flow, request) = Flow::begin(goal, arguments, store_id);
                (Some(flow), request)
            }
            None => (None, operations::encode(operation, arguments, store_id)),
        };
        let first = if flow.is_some() { &operations::LOOKUP_CUSTOMER } else { operation };
        Some(Attempt {
            operation: first,
            request,
            repeatable: first.is_repeatable(arguments),
            accepted: header.accepted,
            deadline: header.deadline,
            begun: None,
            tries: 0,
            attempts: 0,
            memory: None,
            flight: None,
            effect: first.effect_of(arguments),
            customer_id: arguments.value(operations::Parameter::CustomerId).map(Into::into),
            flow,
            setback: None,
            last: None,
            step_began: None,
            step_sent: Sent::Never,
            sent: Sent::Never,
        })
    }

    /// Makes of an attempt what is to be made of it. `Some` is to be sent at once.
    pub(super) fn settle(
        &self,
        job: Job,
        mut attempt: Box<Attempt>,
        outcome: Outcome,
    ) -> Option<Box<Attempt>> {
        self.remember(&attempt, &outcome);
        if let Some(due) = self.next_attempt(job.key, &attempt, &outcome) {
            self.counters.retried();
            attempt.last = Some(outcome);
            lock(&self.schedule).push_later(Job { attempt: Some(attempt), ..job }, due);
            return None;
        }
        match attempt.flow.take() {
            Some(flow) => self.go_on(job.key, attempt, flow, outcome),
            None => {
                self.end(job.key, &attempt, outcome);
                None
            }
        }
    }

    /// When to try again, if at all.
    fn next_attempt(&self, key: Key, attempt: &Attempt, outcome: &Outcome) -> Option<Instant> {
        let now = Instant::now();
        let schedule = lock(&self.schedule);
        if !schedule.is_wanted(key, |key| self.slots.is_pending(key)) {
            return None;
        }
        let deadline = attempt
            .flight
            .as_ref()
            .and_then(|flight| schedule.flight_deadline(flight))
            .unwrap_or(attempt.deadline);
        drop(schedule);
        let attempted = Attempted {
            status: outcome.status,
            http_status: outcome.http_status,
            sent: outcome.sent,
            repeatable: attempt.repeatable,
            attempts: attempt.tries,
            retry_after: outcome.retry_after,
        };
        let left = deadline.saturating_duration_since(now);
        let wait = self.settings.retry.wait(&attempted, left, fastrand::f64())?;
        if lock(&self.retry_budget).withdraw() {
            Some(now + wait)
        } else {
            self.counters.retry_denied();
            None
        }
    }

    /// Takes the next step of a flow.
    fn go_on(
        &self,
        key: Key,
        mut attempt: Box<Attempt>,
        mut flow: Flow,
        outcome: Outcome,
    ) -> Option<Box<Attempt>> {
        let Some(decoded) = outcome.to_decoded() else {
            self.end(key, &attempt, outcome);
            return None;
        };
        let (operation, request) = match flow.advance(decoded, outcome.sent) {
            Next::Send(operation, request) => (operation, request),
            Next::SendAfterSetback(operation, request) => {
                attempt.setback = Some(outcome);
                (operation, request)
            }
            Next::AsBefore => {
                let before = attempt.setback.take().map(|setback| setback.again(&outcome));
                self.end(key, &attempt, before.unwrap_or(outcome));
                return None;
            }
            Next::Done(decoded) => {
                let body = outcome.reply.as_ref().map_or("", |reply| reply.body.as_str());
                let answered = Outcome::answered(decoded, outcome.http_status, Text::from(body));
                let ended = Outcome { sent: outcome.sent, retry_after: outcome.retry_after, ..answered }
                    .again(&outcome);
                if attempt.operation.id == OperationId::CreateCustomer {
                    self.keep(
                        attempt.memory.as_ref(),
                        &ended,
                        attempt.step_began.unwrap_or_else(Instant::now),
                    );
                }
                self.end(key, &attempt, ended);
                return None;
            }
        };
        attempt.go_on(operation, request);
        attempt.flow = Some(flow);
        Some(attempt)
    }

    /// Ends a request, and every other that waits for the same answer.
    fn end(&self, key: Key, attempt: &Attempt, outcome: Outcome) {
        let sent = outcome.sent.max(attempt.sent);
        let outcome = Outcome { sent, ..outcome };
        let outcome = self.stand_in(attempt.memory.as_ref(), &outcome).unwrap_or(outcome);
        if let Some(flight) = &attempt.flight {
            let followers = lock(&self.schedule).land(flight);
            for follower in followers {
                self.answer(follower, outcome.shared());
            }
        }
        self.answer(key, outcome);
    }

    /// An older answer in place of a failure of the API.
    fn stand_in(&self, memory: Option<&Memory>, outcome: &Outcome) -> Option<Outcome> {
        let failed =
            is_outage(outcome.status) || matches!(outcome.status, Status::Unavailable | Status::RateLimited);
        if !failed {
            return None;
        }
        let old = self.old_answer(memory.filter(|memory| !memory.first_step)?)?;
        Some(Outcome { sent: outcome.sent, ..old }.again(outcome))
    }

    /// What was answered before, good enough in place of a failure.
    pub(super) fn old_answer(&self, memory: &Memory) -> Option<Outcome> {
        let (content, _) = self.recall(memory)?;
        self.counters.cache_stale();
        Some(Outcome::remembered(content, Source::StaleCache))
    }

    fn recall(&self, memory: &Memory) -> Option<(Arc<Content>, Age)> {
        let (content, age, _) = self.cache.look(&memory.question, Instant::now())?;
        let does = !memory.somebody || matches!(content.answer, Answer::Customer(_));
        does.then_some((content, age))
    }

    /// Keeps the answer, or forgets what is no longer true.
    fn remember(&self, attempt: &Attempt, outcome: &Outcome) {
        let now = Instant::now();
        // A write that failed may have been made nevertheless.
        let written = outcome.status == Status::Ok || outcome.sent != Sent::Never;
        match attempt.effect {
            Effect::None => self.keep(attempt.memory.as_ref(), outcome, attempt.step_began.unwrap_or(now)),
            _ if !written => {}
            Effect::CreatesCustomers => self.cache.created(now),
            Effect::ChangesCustomer => match &attempt.customer_id {
                Some(id) => self.cache.changed(id, now),
                None => self.cache.anything(now),
            },
            Effect::Unknown => self.cache.anything(now),
        }
    }

    fn keep(&self, memory: Option<&Memory>, outcome: &Outcome, asked_at: Instant) {
        let (Some(memory), Some(content)) = (memory, outcome.content()) else {
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
                .keep(&memory.question, Kept { value: Arc::clone(content), customer_id, asked_at, bytes });
        }
    }

    /// Ends a request, and those that wait for its answer, after a panic in a worker.
    pub(super) fn end_after_a_fault(&self, key: Key) {
        self.log_fault("a worker");
        let followers = lock(&self.schedule).land_of(key);
        for key in followers.into_iter().chain([key]) {
            self.answer(key, Outcome::without_answer(Status::Internal));
        }
    }

    pub(super) fn log_fault(&self, whose: &str) {
        self.log.say(LogLevel::Error, || {
            format!("{whose}: a fault inside paynow-bridge was contained; please report it")
        });
    }

    /// Ends one request with what was found out. Late answers are dropped: the request was decided.
    pub(super) fn answer(&self, key: Key, mut outcome: Outcome) {
        if !self.slots.is_pending(key) {
            return;
        }
        outcome.decided = Instant::now();
        if let Some(reply) = &outcome.reply {
            self.trash.hold(reply);
        }
        let bytes = outcome.reply.as_ref().map_or(0, |reply| reply.bytes());
        if self.conclude(key, outcome) {
            self.consumer.notify();
        } else {
            self.trash.forget(bytes);
        }
    }
}

impl Outcome {
    /// The same at the end of more attempts: `last` is the outcome of the last one.
    fn again(self, last: &Outcome) -> Self {
        Self { attempts: last.attempts, queued: last.queued, network: last.network, ..self }
    }

    /// What a flow wants to know of it.
    fn to_decoded(&self) -> Option<Decoded> {
        let content = self.content()?;
        Some(Decoded {
            status: self.status,
            answer: content.answer.clone(),
            error: content.error.clone(),
            message: content.message.clone(),
        })
    }
}

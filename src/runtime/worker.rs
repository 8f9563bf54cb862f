//! The threads that do blocking HTTP.
//!
//! There are as many as there is work for, up to a limit, and one that has been idle for a while ends.
//! A worker that finishes takes the next request itself, so the dispatcher's pace never limits throughput.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Job};
use super::log::{LogLevel, one_line};
use super::outcome::Outcome;
use super::slots::Key;
use super::{Runtime, lock};
use crate::model::{Secret, Text};
use crate::operations::{self, Decoded, Operation, Sent, Status};
use crate::policy::breaker::Admission;
use crate::threads;
use crate::transport::{Connection, Exchange, Interrupter};

/// How long a worker waits for more to do before it ends.
const IDLE: Duration = Duration::from_secs(20);

/// The workers, seen from outside.
#[derive(Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    /// Who waits for work; the last to come is the first to go, so that surplus workers really idle.
    idle: Vec<usize>,
    ended: Vec<JoinHandle<()>>,
}

struct Seat {
    /// Bits of the request worked on, 0 for none.
    job: Arc<AtomicU64>,
    interrupter: Arc<Interrupter>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

impl Seats {
    pub(super) fn alive(&self) -> u32 {
        self.seats.iter().flatten().count() as u32
    }

    pub(super) fn busy(&self) -> u32 {
        self.seats.iter().flatten().filter(|seat| seat.job.load(Ordering::Relaxed) != 0).count() as u32
    }

    /// Wakes up to `wanted` idle workers; says how many were found.
    pub(super) fn wake(&mut self, wanted: usize) -> usize {
        let found = wanted.min(self.idle.len());
        for place in self.idle.split_off(self.idle.len() - found) {
            if let Some(seat) = &self.seats[place] {
                seat.thread.unpark();
            }
        }
        found
    }

    /// Joins the threads that have ended.
    pub(super) fn bury(&mut self) {
        for handle in self.ended.drain(..) {
            // A worker contains its panics; one that ended by one is as ended as any.
            let _ = handle.join();
        }
    }

    /// Wakes everybody, to let them end.
    pub(super) fn wake_all(&mut self) {
        self.wake(self.idle.len());
    }

    /// Interrupts every worker whose request was decided without it.
    pub(super) fn free_the_hung(&self, is_pending: impl Fn(Key) -> bool) {
        for seat in self.seats.iter().flatten() {
            let job = seat.job.load(Ordering::Acquire);
            if job != 0 && !is_pending(Key::from_bits(job)) {
                seat.interrupter.interrupt(job);
            }
        }
    }
}

/// Sees to it that `waiting` requests find workers: wakes idle ones and starts new ones.
pub(super) fn provide(runtime: &Arc<Runtime>, waiting: usize) {
    /// Starting too many at once would cost more than the requests that are waiting.
    const STARTED_AT_ONCE: usize = 16;
    let mut seats = lock(&runtime.seats);
    let missing = waiting - seats.wake(waiting);
    let limit = runtime.settings.max_workers as usize;
    let room = limit.saturating_sub(seats.alive() as usize);
    for _ in 0..missing.min(room).min(STARTED_AT_ONCE) {
        if let Err(error) = start(runtime, &mut seats) {
            if seats.alive() == 0 {
                runtime.log.say(LogLevel::Error, || format!("no worker thread can be started: {error}"));
            }
            return;
        }
    }
}

fn start(runtime: &Arc<Runtime>, seats: &mut Seats) -> std::io::Result<()> {
    let place = seats.seats.iter().position(Option::is_none).unwrap_or_else(|| {
        seats.seats.push(None);
        seats.seats.len() - 1
    });
    let connection = runtime.transport.open();
    let interrupter = connection.interrupter();
    let job = Arc::new(AtomicU64::new(0));
    let mut worker = Worker {
        runtime: Arc::clone(runtime),
        place,
        connection,
        interrupter: Arc::clone(&interrupter),
        job: Arc::clone(&job),
    };
    let handle = threads::spawn("worker", move || worker.work())?;
    seats.seats[place] =
        Some(Seat { job, interrupter, thread: handle.thread().clone(), handle: Some(handle) });
    Ok(())
}

struct Worker {
    runtime: Arc<Runtime>,
    place: usize,
    connection: Box<dyn Connection>,
    interrupter: Arc<Interrupter>,
    job: Arc<AtomicU64>,
}

impl Worker {
    fn work(&mut self) {
        let mut idle_since = Instant::now();
        loop {
            match self.runtime.next_job() {
                Some(job) => {
                    let key = job.key;
                    // What the network brings is contained where it is read; this is for a fault of ours.
                    if catch_unwind(AssertUnwindSafe(|| self.serve(job))).is_err() {
                        self.interrupter.end();
                        self.job.store(0, Ordering::Release);
                        self.replace_connection();
                        self.runtime.end_after_a_fault(key);
                    }
                    idle_since = Instant::now();
                }
                None if self.rest(idle_since) => return,
                None => {}
            }
        }
    }

    /// Waits to be woken. True when the worker has left its seat and must end.
    fn rest(&self, idle_since: Instant) -> bool {
        {
            let mut seats = lock(&self.runtime.seats);
            let stopping = self.runtime.stopping.load(Ordering::SeqCst);
            if stopping || idle_since.elapsed() >= IDLE {
                let seat = seats.seats[self.place].take();
                seats.idle.retain(|place| *place != self.place);
                seats.ended.extend(seat.and_then(|seat| seat.handle));
                return true;
            }
            if !seats.idle.contains(&self.place) {
                seats.idle.push(self.place);
            }
        }
        // Whoever adds work after this look wakes somebody from the list this worker is on by now.
        if self.runtime.has_work() {
            lock(&self.runtime.seats).idle.retain(|place| *place != self.place);
            return false;
        }
        std::thread::park_timeout(IDLE);
        false
    }

    /// Works on a request until it has ended or waits for its next attempt.
    fn serve(&mut self, job: Job) {
        let Job { key, priority, attempt } = job;
        let Some(mut attempt) = attempt.or_else(|| self.runtime.take(key).map(Box::new)) else {
            return;
        };
        while let Some(outcome) = self.attempt(key, &mut attempt) {
            match self.runtime.settle(Job { key, priority, attempt: None }, attempt, outcome) {
                Some(next) => attempt = next,
                None => return,
            }
        }
    }

    /// Sends a request once. `None` when nobody wants it any more.
    fn attempt(&mut self, key: Key, attempt: &mut Attempt) -> Option<Outcome> {
        if !self.runtime.slots.is_pending(key) && !self.runtime.is_wanted_or_forgotten(key, attempt) {
            return None;
        }
        let begun = *attempt.begun.get_or_insert_with(Instant::now);
        let admission = self.runtime.health.admit();
        let mut outcome = if let (Admission::Refused, Some(last)) = (admission, attempt.last.take()) {
            // Not repeated after all: what was said the last time is more than "not asked".
            attempt.tries = u32::MAX;
            last
        } else if admission == Admission::Refused {
            Outcome { attempts: attempt.attempts, ..Outcome::without_answer(Status::Unavailable) }
        } else if !self.runtime.slots.begin(key) && !self.runtime.is_wanted_or_forgotten(key, attempt) {
            // Cancelled this very moment: its completion says that it was never sent, so it must not be.
            self.runtime.health.abandoned(admission);
            return None;
        } else {
            self.exchange(key, attempt, admission)
        };
        outcome.queued = begun.saturating_duration_since(attempt.accepted);
        outcome.network = outcome.decided.saturating_duration_since(begun);
        Some(outcome)
    }

    fn exchange(&mut self, key: Key, attempt: &mut Attempt, admission: Admission) -> Outcome {
        let operation = attempt.operation;
        if attempt.attempts == 0 {
            self.runtime.retry_budget.deposit();
        }
        let began = Instant::now();
        attempt.step_began.get_or_insert(began);
        self.job.store(key.bits(), Ordering::Release);
        self.interrupter.begin(key.bits());
        let mut exchanges = 1;
        let exchange = catch_unwind(AssertUnwindSafe(|| {
            let first = self.connection.exchange(&attempt.request, attempt.repeatable);
            let may_repeat = attempt.repeatable || first.sent == Sent::Never;
            let is_last = attempt.tries + 1 >= self.runtime.settings.retry.max_attempts;
            if !first.died_idle || !may_repeat || is_last || self.interrupter.is_interrupted() {
                return first;
            }
            exchanges = 2;
            let second = self.connection.exchange(&attempt.request, attempt.repeatable);
            Exchange { sent: second.sent.max(first.sent), ..second }
        }));
        self.interrupter.end();
        self.job.store(0, Ordering::Release);
        let mut outcome = match exchange {
            Ok(exchange) => catch_unwind(AssertUnwindSafe(|| self.read(attempt, exchange, exchanges)))
                .unwrap_or_else(|_| self.panicked(operation, Sent::Answered)),
            Err(_) => {
                // The connection may be in any state: a new one takes its place.
                self.replace_connection();
                self.panicked(operation, Sent::Maybe)
            }
        };
        if outcome.attempts > 1 {
            self.runtime.counters.retried();
        }
        attempt.step_sent = attempt.step_sent.max(outcome.sent);
        attempt.sent = attempt.sent.max(outcome.sent);
        outcome.sent = attempt.step_sent;
        attempt.tries += outcome.attempts;
        attempt.attempts += outcome.attempts;
        outcome.attempts = attempt.attempts;
        self.note(attempt, began, admission, &outcome);
        outcome
    }

    /// Tells those who learn from it how an attempt went.
    fn note(&self, attempt: &Attempt, began: Instant, admission: Admission, outcome: &Outcome) {
        let runtime = &self.runtime;
        let describe = || {
            let message = outcome.reply.as_ref().and_then(|reply| reply.message.as_ref());
            message.map_or_else(|| attempt.operation.name.to_owned(), |text| text.to_string())
        };
        if !self.interrupter.is_interrupted() || outcome.sent == Sent::Answered {
            runtime.health.note(outcome.status, began, admission, &runtime.log, describe);
        } else if Instant::now() >= attempt.deadline {
            // It was ended because it took too long: that is how an API that hangs is noticed.
            let describe = || format!("{}: not answered by its deadline", attempt.operation.name);
            runtime.health.note(Status::Timeout, began, admission, &runtime.log, describe);
        } else {
            runtime.health.abandoned(admission);
        }
        if outcome.status == Status::RateLimited {
            runtime.counters.rate_limited();
            lock(&runtime.schedule).rate.limited(outcome.retry_after, Instant::now());
        }
        runtime.log.say(LogLevel::Debug, || {
            format!(
                "{}: {:?}, HTTP {}, attempt {}, {} ms after it was accepted",
                attempt.operation.name,
                outcome.status,
                outcome.http_status,
                outcome.attempts,
                attempt.accepted.elapsed().as_millis()
            )
        });
    }

    /// Makes an outcome of what the network brought.
    fn read(&self, attempt: &Attempt, exchange: Exchange, attempts: u32) -> Outcome {
        let operation = attempt.operation;
        let (mut decoded, http_status, wait, body) = match exchange.result {
            Ok(answer) => {
                let decoded =
                    operations::decode(operation, answer.status, &answer.content_type, &answer.body);
                let wait = answer.retry_after;
                let body = std::str::from_utf8(&answer.body).unwrap_or_default();
                (decoded, answer.status, wait, Text::from(body))
            }
            Err(error) => {
                let message = Some(Text::from(format!("{}: {}", operation.name, error.message)));
                let decoded = Decoded { status: error.status, message, ..Decoded::ok() };
                (decoded, error.http_status, None, Text::from(""))
            }
        };
        self.clean(exchange.credential, &mut decoded);
        Outcome {
            sent: exchange.sent,
            attempts,
            retry_after: wait,
            ..Outcome::answered(decoded, http_status, body)
        }
    }

    /// Makes of a server's words what may stand in a log: one line, without our credentials.
    ///
    /// What was sent may be another key than the one in use by now.
    fn clean(&self, sent: Option<Secret>, decoded: &mut Decoded) {
        if decoded.message.is_none() && decoded.error.is_none() {
            return;
        }
        let secrets: Vec<Secret> = sent.into_iter().chain(self.runtime.transport.api_key()).collect();
        if let Some(error) = &mut decoded.error {
            error.map_texts(|text| {
                let clean = redact(text, &secrets);
                if *text != *clean {
                    *text = Text::from(clean);
                }
            });
        }
        if let Some(message) = &mut decoded.message {
            *message = Text::from(one_line(&redact(message, &secrets)));
        }
    }

    fn replace_connection(&mut self) {
        self.connection = self.runtime.transport.open();
        self.interrupter = self.connection.interrupter();
        if let Some(seat) = &mut lock(&self.runtime.seats).seats[self.place] {
            seat.interrupter = Arc::clone(&self.interrupter);
        }
    }

    fn panicked(&self, operation: &Operation, sent: Sent) -> Outcome {
        self.runtime.log_fault(operation.name);
        Outcome { sent, attempts: 1, ..Outcome::without_answer(Status::Internal) }
    }
}

/// A server may repeat what it was sent: credentials are taken out of its words, ours wherever they stand and
/// anybody's behind the name of a scheme.
fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut text = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "…"));
    for scheme in ["APIKey ", "Customer ", "Bearer "] {
        let mut from = 0;
        while let Some(start) = text[from..].find(scheme).map(|at| from + at + scheme.len()) {
            let length = text[start..].find(|c: char| !(c.is_ascii_graphic())).unwrap_or(text.len() - start);
            if looks_secret(&text[start..start + length]) {
                text.replace_range(start..start + length, "…");
            }
            from = start;
        }
    }
    text
}

/// Neither a word ("Customer not found") nor an id.
fn looks_secret(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_words() {
        let secrets = [Secret::new("s3cret".to_owned())];
        let clean = |text| redact(text, &secrets);
        assert_eq!(clean("key s3cret, again s3cret"), "key …, again …");
        assert_eq!(clean("got Customer pnct_0123456789abcdef."), "got Customer …");
        assert_eq!(clean("APIKey pnapi_0123456789abcdef and APIKey x"), "APIKey … and APIKey x");
        for harmless in
            ["Customer not found", "Customer 411486491630370817 is gone", "Customer authentication required"]
        {
            assert_eq!(clean(harmless), harmless);
        }
    }
}

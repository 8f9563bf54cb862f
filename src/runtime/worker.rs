//! The threads that do blocking HTTP.
//!
//! There are as many as there is work for, up to a limit, and one that has been idle for a while ends.
//! A worker that finishes takes the next request itself, so the dispatcher's pace never limits throughput.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::log::LogLevel;
use super::outcome::{Outcome, Reply};
use super::slots::Key;
use super::{Runtime, lock};
use crate::model::Text;
use crate::operations::{self, Answer, Decoded, HttpRequest, Operation, Status};
use crate::policy::retry_after;
use crate::threads;
use crate::transport::{Exchange, Interrupter, Line, Sent};

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
        self.seats
            .iter()
            .flatten()
            .filter(|seat| seat.job.load(Ordering::Relaxed) != 0)
            .count() as u32
    }

    /// Wakes up to `wanted` idle workers; says how many were found.
    fn wake(&mut self, wanted: usize) -> usize {
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
                runtime.log.say(LogLevel::Error, || {
                    format!("no worker thread can be started: {error}")
                });
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
    let line = runtime.transport.open();
    let interrupter = line.interrupter();
    let job = Arc::new(AtomicU64::new(0));
    let mut worker = Worker {
        runtime: Arc::clone(runtime),
        place,
        line,
        interrupter: Arc::clone(&interrupter),
        job: Arc::clone(&job),
    };
    let handle = threads::spawn("worker", move || worker.work())?;
    seats.seats[place] = Some(Seat {
        job,
        interrupter,
        thread: handle.thread().clone(),
        handle: Some(handle),
    });
    Ok(())
}

struct Worker {
    runtime: Arc<Runtime>,
    place: usize,
    line: Box<dyn Line>,
    interrupter: Arc<Interrupter>,
    job: Arc<AtomicU64>,
}

impl Worker {
    fn work(&mut self) {
        let mut idle_since = Instant::now();
        loop {
            match self.runtime.next_job() {
                Some(key) => {
                    self.serve(key);
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
            lock(&self.runtime.seats)
                .idle
                .retain(|place| *place != self.place);
            return false;
        }
        std::thread::park_timeout(IDLE);
        false
    }

    fn serve(&mut self, key: Key) {
        let Some((operation, accepted, request, repeatable)) = self.take(key) else {
            return;
        };
        let started = Instant::now();
        self.job.store(key.bits(), Ordering::Release);
        self.interrupter.begin(key.bits());
        let exchange = catch_unwind(AssertUnwindSafe(|| self.line.exchange(&request, repeatable)));
        self.interrupter.end();
        self.job.store(0, Ordering::Release);
        let mut outcome = match exchange {
            Ok(exchange) => catch_unwind(|| read(operation, exchange))
                .unwrap_or_else(|_| self.panicked(operation, Sent::Answered)),
            Err(_) => {
                // The line may be in any state: a new one takes its place.
                self.replace_line();
                self.panicked(operation, Sent::Maybe)
            }
        };
        outcome.queued = started - accepted;
        outcome.network = outcome.decided - started;
        self.runtime.report(operation, &outcome);
        self.runtime.answer(key, outcome);
    }

    fn take(&self, key: Key) -> Option<(&'static Operation, Instant, HttpRequest, bool)> {
        let lent = self.runtime.slots.lend(key)?;
        let header = lent.header();
        let arguments = lent.arguments();
        let request = operations::encode(header.operation, arguments, &self.runtime.settings.store_id);
        let repeatable = header.operation.is_repeatable(arguments);
        Some((header.operation, header.accepted, request, repeatable))
    }

    fn replace_line(&mut self) {
        self.line = self.runtime.transport.open();
        self.interrupter = self.line.interrupter();
        if let Some(seat) = &mut lock(&self.runtime.seats).seats[self.place] {
            seat.interrupter = Arc::clone(&self.interrupter);
        }
    }

    fn panicked(&self, operation: &Operation, sent: Sent) -> Outcome {
        self.runtime.log.say(LogLevel::Error, || {
            format!(
                "{}: a fault inside paynow-bridge was contained; please report it",
                operation.name
            )
        });
        Outcome {
            sent,
            attempts: 1,
            ..Outcome::without_answer(Status::Internal)
        }
    }
}

/// Makes an outcome of what the network brought.
fn read(operation: &'static Operation, exchange: Exchange) -> Outcome {
    let (decoded, http_status, wait, body) = match exchange.result {
        Ok(answer) => {
            let decoded = operations::decode(operation, answer.status, &answer.content_type, &answer.body);
            let wait = answer.retry_after.as_deref().and_then(retry_after::parse);
            let body = std::str::from_utf8(&answer.body).unwrap_or_default();
            (decoded, answer.status, wait, Text::from(body))
        }
        Err(error) => {
            let decoded = Decoded {
                status: error.status,
                answer: Answer::Nothing,
                error: None,
                message: Some(Text::from(format!("{}: {}", operation.name, error.message))),
            };
            (decoded, error.http_status, None, Text::from(""))
        }
    };
    Outcome {
        status: decoded.status,
        sent: exchange.sent,
        attempts: exchange.attempts,
        http_status,
        queued: Duration::ZERO,
        network: Duration::ZERO,
        retry_after: wait,
        decided: Instant::now(),
        reply: Some(Reply::new(decoded.answer, decoded.error, decoded.message, body)),
    }
}

impl Runtime {
    /// The next request for a worker. `None` when there is none, or when the host must first free what
    /// it has got.
    fn next_job(&self) -> Option<Key> {
        if self.trash.held_bytes() > self.settings.max_held_bytes {
            return None;
        }
        let mut schedule = lock(&self.schedule);
        self.drain_ingress(&mut schedule);
        let job = loop {
            let key = schedule.next()?;
            if self.slots.is_pending(key) {
                break key;
            }
        };
        let more = schedule.waiting() > 0;
        drop(schedule);
        if more {
            lock(&self.seats).wake(1);
        }
        Some(job)
    }

    fn has_work(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
            || (!self.ingress.is_empty() || lock(&self.schedule).waiting() > 0)
                && self.trash.held_bytes() <= self.settings.max_held_bytes
    }

    /// Ends a request with what a worker brought. Late answers are dropped: the request was decided.
    fn answer(&self, key: Key, mut outcome: Outcome) {
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

    /// Tells the host's log how a request went.
    fn report(&self, operation: &Operation, outcome: &Outcome) {
        let message = outcome.reply.as_ref().and_then(|reply| reply.message.as_ref());
        self.health.note(outcome.status, &self.log, || {
            message.map_or_else(|| operation.name.to_owned(), |text| text.to_string())
        });
        self.log.say(LogLevel::Debug, || {
            format!(
                "{}: {:?}, HTTP {}, {} ms on the network after {} ms in the queue",
                operation.name,
                outcome.status,
                outcome.http_status,
                outcome.network.as_millis(),
                outcome.queued.as_millis()
            )
        });
    }
}

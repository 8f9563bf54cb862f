//! The threads that do blocking HTTP.
//!
//! There are as many as there is work for, up to a limit, and one that has been idle for a while ends. They borrow the
//! client's connections, one for each exchange.
//! A worker that finishes takes the next request itself, so the dispatcher's pace never limits throughput.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reading;
use super::schedule::{Assignment, Finished, Purpose};
use super::seats::{Call, Seats};
use super::{Engine, in_flight::InFlight};
use crate::operations::{Sent, Status};
use crate::runtime::lines::Line;
use crate::runtime::mailbox::{Key, Outcome};
use crate::sync::{AtomicU64, Ordering, lock};
use crate::threads;
use crate::transport::{Connection, Interrupter, TransportError};

/// How long a worker waits for more to do before it ends.
const IDLE: Duration = Duration::from_secs(20);
/// Starting too many at once would cost more than the requests that are waiting.
const STARTED_AT_ONCE: usize = 16;

/// Makes sure that `waiting` requests find workers: calls idle ones and starts new ones, where not enough are coming.
pub(super) fn provide(engine: &Arc<Engine>, waiting: usize) {
    let mut seats = lock(&engine.seats);
    let wanted = waiting.saturating_sub(engine.coming.load(Ordering::SeqCst));
    let woken = seats.call(wanted);
    let missing = wanted - woken.count();
    let room = engine.max_workers.saturating_sub(seats.alive());
    let mut failure = None;
    for _ in 0..missing.min(room).min(STARTED_AT_ONCE) {
        if let Err(error) = start(engine, &mut seats) {
            failure = Some(error);
            break;
        }
    }
    let alive = seats.alive();
    seats.publish(&engine.counters);
    drop(seats);
    woken.wake();
    // With fewer workers than wanted it takes longer; without any, nothing is done.
    let lacks_workers = alive == 0 && failure.is_some();
    if let Some(error) = failure.filter(|_| lacks_workers) {
        engine.say(Line::NoWorker, || error.to_string());
    }
    engine.note_lack_of_workers(lacks_workers);
}

/// Makes sure that a worker opens the connection that is to be opened ahead. When every worker is busy and none can be
/// started, that waits until the next look.
pub(super) fn provide_one(engine: &Arc<Engine>) {
    let mut seats = lock(&engine.seats);
    let woken = seats.call(1);
    if woken.count() == 0 && seats.alive() < engine.max_workers && start(engine, &mut seats).is_ok() {
        seats.publish(&engine.counters);
    }
    drop(seats);
    woken.wake();
}

fn start(engine: &Arc<Engine>, seats: &mut Seats) -> io::Result<()> {
    let place = seats.vacant();
    let connection = engine.transport.open();
    let interrupter = connection.interrupter();
    let work = Arc::new(AtomicU64::new(0));
    let call = seats.call_new();
    let mut worker = Worker {
        engine: Arc::clone(engine),
        place,
        connection,
        interrupter: Arc::clone(&interrupter),
        call: Arc::clone(&call),
        work: Arc::clone(&work),
    };
    match threads::spawn("worker", move || worker.run()) {
        Ok(handle) => seats.take(place, work, interrupter, call, handle),
        Err(error) => {
            seats.call_off(&call);
            return Err(error);
        }
    }
    Ok(())
}

struct Worker {
    engine: Arc<Engine>,
    place: usize,
    connection: Box<dyn Connection>,
    interrupter: Arc<Interrupter>,
    call: Arc<Call>,
    work: Arc<AtomicU64>,
}

impl Worker {
    fn run(&mut self) {
        self.call.answer(&self.engine.coming);
        let mut idle_since = Instant::now();
        loop {
            match self.engine.next_assignment() {
                Some(assignment) => {
                    self.engine.counters.workers_busy.fetch_add(1, Ordering::Relaxed);
                    self.work(assignment);
                    self.engine.counters.workers_busy.fetch_sub(1, Ordering::Relaxed);
                    idle_since = Instant::now();
                }
                None if self.warms() => idle_since = Instant::now(),
                None if self.rest(idle_since) => return,
                None => {}
            }
        }
    }

    /// Sends one request after another, until none is left.
    fn work(&mut self, first: Assignment) {
        let mut next = Some(first);
        while let Some(assignment) = next.take() {
            let work = assignment.work;
            // What the network brings is contained where it is read; this is for a fault of the library.
            next = catch_unwind(AssertUnwindSafe(|| self.serve(assignment))).unwrap_or_else(|_| {
                self.end();
                self.replace_connection();
                self.engine.fault(work);
                None
            });
        }
    }

    /// Waits to be woken. True when the worker has left its seat and must end.
    fn rest(&self, idle_since: Instant) -> bool {
        {
            let mut seats = lock(&self.engine.seats);
            if self.engine.is_stopping() || idle_since.elapsed() >= IDLE {
                seats.leave(self.place);
                seats.publish(&self.engine.counters);
                return true;
            }
            seats.rest(self.place);
        }
        self.engine.mailbox.watch();
        // Work that is added after this look wakes a worker from the list this one is on by now.
        if !self.engine.has_work() {
            std::thread::park_timeout(IDLE);
        }
        self.engine.mailbox.unwatch();
        if !self.call.answer(&self.engine.coming) {
            // One that was not called is still on the list, unless it is called this very moment.
            lock(&self.engine.seats).awake(self.place);
            self.call.answer(&self.engine.coming);
        }
        false
    }

    /// Does what it is given. Says what is the next.
    fn serve(&mut self, assignment: Assignment) -> Option<Assignment> {
        let Assignment { work, leader, flight, purpose } = assignment;
        match (purpose, &self.engine.network) {
            (Purpose::Consult(consultation), Some(network)) => {
                self.engine.consult(&**network, work, flight, consultation)
            }
            // Without a network nothing asks for one.
            _ => self.send(work, leader, flight),
        }
    }

    /// Sends a request once.
    fn send(&mut self, work: u64, leader: Key, flight: Box<InFlight>) -> Option<Assignment> {
        // What the exchange before it had to tell the network is not part of it.
        let began = Instant::now();
        self.work.store(work, Ordering::Release);
        self.interrupter.begin(work);
        // Cancelled this very moment: its completion says that it was never sent, so it must not be.
        if !self.engine.begin(work, leader) {
            self.end();
            return None;
        }
        let exchange =
            catch_unwind(AssertUnwindSafe(|| self.connection.exchange(&flight.request, flight.idempotent)));
        let interrupted = self.interrupter.is_interrupted();
        self.end();
        let (outcome, died_idle, is_local) = match exchange {
            Ok(exchange) => {
                let died_idle = exchange.died_idle;
                let is_local = matches!(&exchange.result, Err(error) if error.is_local);
                let api_key = || self.engine.transport.api_key();
                let read = AssertUnwindSafe(|| reading::read(&flight, exchange, api_key));
                let outcome = catch_unwind(read).unwrap_or_else(|_| self.panicked(&flight, Sent::Answered));
                (outcome, died_idle, is_local)
            }
            Err(_) => {
                // The connection may be in any state: a new one takes its place.
                self.replace_connection();
                (self.panicked(&flight, Sent::Maybe), false, false)
            }
        };
        self.engine.say_how_it_went(&flight, &outcome);
        let settlement = self.engine.settlement(&flight, &outcome);
        let (next, held) =
            self.engine.finish(Finished { work, flight, outcome, began, interrupted, died_idle, is_local });
        if let Some(settlement) = settlement {
            self.engine.settle(&settlement, held);
        }
        next
    }

    /// Opens a connection ahead of the request that will need it, if one is to be opened.
    fn warms(&mut self) -> bool {
        let Some(order) = self.engine.begin_warming() else { return false };
        self.work.store(order.number, Ordering::Release);
        self.interrupter.begin(order.number);
        let result = catch_unwind(AssertUnwindSafe(|| self.connection.warm(order.wanted)));
        self.end();
        let result = result.unwrap_or_else(|_| {
            self.replace_connection();
            self.engine.say_fault("opening a connection");
            Err(TransportError::internal("opening a connection"))
        });
        self.engine.end_warming(result);
        true
    }

    /// Nothing interrupts this worker from here on.
    fn end(&self) {
        self.interrupter.end();
        self.work.store(0, Ordering::Release);
    }

    fn replace_connection(&mut self) {
        self.connection = self.engine.transport.open();
        self.interrupter = self.connection.interrupter();
        lock(&self.engine.seats).reconnect(self.place, Arc::clone(&self.interrupter));
    }

    fn panicked(&self, flight: &InFlight, sent: Sent) -> Outcome {
        self.engine.say_fault(flight.operation.name);
        Outcome { sent, attempts: 1, ..Outcome::without_answer(Status::Internal) }
    }
}

//! The thread that looks for work, keeps deadlines and frees memory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::rhythm::Rhythm;
use super::{Engine, worker};
use crate::runtime::recorder::POLLS;
use crate::sync::lock;
use crate::threads;

/// Between two looks at requests that are under way, apart from their deadlines: a worker that hangs may have to be freed
/// once more, and what was held back may go.
const WAITING: Duration = Duration::from_millis(10);
/// The same while work is held back, by the rate or for want of room or workers.
const HELD_BACK: Duration = Duration::from_millis(5);
/// Between two looks at what is due while no request is under way.
const IDLE: Duration = Duration::from_millis(100);
/// The dispatcher cannot be woken from a shorter sleep than this.
const NAP: Duration = Duration::from_micros(500);
/// Between two looks, whatever there is to do.
const SHORTEST: Duration = Duration::from_micros(100);
/// Between two looks while the client ends.
const ENDING: Duration = Duration::from_micros(150);
/// After a fault.
const RECOVERY: Duration = Duration::from_millis(10);

/// How often idle connections are looked after.
const LOOK_AFTER_STEP: Duration = Duration::from_secs(1);

/// How long stopping waits for threads that do not end. On Linux a blocked connect is interrupted; where
/// it is not, it ends by its own timeout.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How long the workers may tell the network of servers what they still have to tell.
const HURRY: Duration = Duration::from_millis(500);

pub(super) fn start(engine: &Arc<Engine>) -> io::Result<JoinHandle<()>> {
    let engine = Arc::clone(engine);
    threads::spawn("dispatcher", move || {
        let now = Instant::now();
        let mut dispatcher = Dispatcher {
            engine,
            rhythm: Rhythm::new(),
            kept: now,
            next_look_after: now,
            was_woken: false,
            polls: [now; POLLS],
            heard: 0,
        };
        // A panic here would end every request's deadline, so it ends only the pass it happened in.
        while !catch_unwind(AssertUnwindSafe(|| dispatcher.run())).unwrap_or(false) {
            dispatcher.engine.say_fault("the dispatcher");
            std::thread::sleep(RECOVERY);
        }
    })
}

/// Waits for the dispatcher, which itself waits for the workers. A thread that hangs in the operating
/// system is left behind: it owns what it uses and runs nothing of the host's. Before, what it may wait for is to be ended
/// by `hurry`.
pub(super) fn join(handle: JoinHandle<()>, hurry: impl FnOnce()) {
    let began = Instant::now();
    let mut hurry = Some(hurry);
    while !handle.is_finished() && began.elapsed() < STOP_PATIENCE {
        if began.elapsed() >= HURRY
            && let Some(hurry) = hurry.take()
        {
            hurry();
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    if handle.is_finished() {
        // Its panics are contained.
        let _ = handle.join();
    }
}

struct Dispatcher {
    engine: Arc<Engine>,
    rhythm: Rhythm,
    /// When deadlines and what else is due were last looked at.
    kept: Instant,
    /// When connections are to be looked after.
    next_look_after: Instant,
    /// By a thread that waits for what it has submitted.
    was_woken: bool,
    /// When the host polled since then: the last of them, and how many there were.
    polls: [Instant; POLLS],
    heard: usize,
}

impl Dispatcher {
    /// Works until the engine stops. True when it has.
    fn run(&mut self) -> bool {
        loop {
            let now = Instant::now();
            let polls = self.engine.mailbox.take_polls();
            if let Some(first) = polls.first {
                self.polls[self.heard % POLLS] = first;
                self.heard += 1;
            }
            self.rhythm.looked(polls, now);
            self.look_for_work(now);
            self.look_after_connections(now);
            self.engine.mailbox.empty_trash();
            self.engine.mailbox.notify();
            if self.engine.is_stopping() && self.everyone_left() {
                return true;
            }
            self.pause();
        }
    }

    fn look_for_work(&mut self, now: Instant) {
        let mut now = now;
        while self.engine.has_arrivals() {
            let rhythm = &mut self.rhythm;
            let arrived = self.engine.drain(|accepted| rhythm.submitted(accepted));
            if arrived > 0 && !self.was_woken {
                rhythm.found(now);
            }
            // Between batches: a flood of requests delays neither deadlines nor the requests before it.
            now = Instant::now();
            self.keep(now);
            self.provide_workers(self.engine.agenda.waiting());
        }
        self.keep(now);
        // The rate may let something go by now, and there may be room for it.
        if self.engine.agenda.is_held_back() {
            self.provide_workers(self.engine.waiting());
        }
    }

    fn provide_workers(&self, waiting: usize) {
        if waiting > 0 {
            worker::provide(&self.engine, waiting);
        }
    }

    /// Looks at what is due, if it is time to.
    fn keep(&mut self, now: Instant) {
        if now >= self.next_keeping() {
            self.kept = now;
            self.polls[..self.heard.min(POLLS)].sort_unstable();
            self.engine.keep_deadlines(&self.polls[..self.heard.min(POLLS)]);
            self.heard = 0;
        }
    }

    fn look_after_connections(&mut self, now: Instant) {
        if now >= self.next_look_after {
            self.next_look_after = now + LOOK_AFTER_STEP;
            if self.engine.look_after_connections(now) {
                worker::provide_one(&self.engine);
            }
        }
    }

    fn next_keeping(&self) -> Instant {
        let agenda = &self.engine.agenda;
        let pause = match agenda.is_idle() {
            true => IDLE,
            false if agenda.is_held_back() => HELD_BACK,
            false => WAITING,
        };
        let by_itself = self.kept + pause;
        agenda.due().map_or(by_itself, |due| due.min(by_itself))
    }

    fn everyone_left(&self) -> bool {
        let mut seats = lock(&self.engine.seats);
        let woken = seats.call_all();
        seats.free_the_hung(|_| true);
        seats.publish(&self.engine.counters);
        let everyone = seats.alive() == 0 && seats.all_joined();
        drop(seats);
        woken.wake();
        self.engine.join_the_ended();
        everyone
    }

    fn pause(&mut self) {
        let now = Instant::now();
        let mut until = self.rhythm.next_look(now).min(self.next_look_after);
        if !self.engine.agenda.is_idle() {
            until = until.min(self.next_keeping());
        }
        let time = if self.engine.is_stopping() {
            ENDING
        } else {
            until.saturating_duration_since(now).max(SHORTEST)
        };
        self.was_woken = false;
        if time >= NAP {
            self.was_woken = self.engine.mailbox.sleep(time);
        } else {
            std::thread::sleep(time);
        }
    }
}

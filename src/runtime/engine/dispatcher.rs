//! The thread that looks for work, keeps deadlines and frees memory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Engine, worker};
use crate::sync::lock;
use crate::threads;

/// Between two looks while there is heavy traffic: a fraction of what one request takes anyway.
const RUSH: Duration = Duration::from_micros(150);
/// Between two looks while there is traffic.
const BUSY: Duration = Duration::from_micros(500);
/// Between two looks while requests are under way but no new ones come. Also the precision of deadlines.
const WAITING: Duration = Duration::from_millis(5);
/// Between two looks while nothing happens. One look costs about 10 us: 0.1 % of a core.
const IDLE: Duration = Duration::from_millis(10);
/// How long after the last request traffic is taken to go on.
const LINGER: Duration = Duration::from_millis(250);
/// Requests in one look that make it a rush.
const RUSH_ARRIVALS: usize = 2;
/// How often deadlines are looked at.
const TIMER_STEP: Duration = Duration::from_millis(2);

/// How often idle connections are looked after.
const LOOK_AFTER_STEP: Duration = Duration::from_secs(1);

/// How long stopping waits for threads that do not end. On Linux a blocked connect is interrupted; where
/// it is not, it ends by its own timeout.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn start(engine: &Arc<Engine>) -> io::Result<JoinHandle<()>> {
    let engine = Arc::clone(engine);
    threads::spawn("dispatcher", move || {
        let now = Instant::now();
        let mut dispatcher = Dispatcher { engine, last_arrival: None, next_timer: now, next_look_after: now };
        // A panic here would end every request's deadline, so it ends only the pass it happened in.
        while !catch_unwind(AssertUnwindSafe(|| dispatcher.run())).unwrap_or(false) {
            dispatcher.engine.say_fault("the dispatcher");
            std::thread::sleep(IDLE);
        }
    })
}

/// Waits for the dispatcher, which itself waits for the workers. A thread that hangs in the operating
/// system is left behind: it owns what it uses and runs nothing of the host's.
pub(super) fn join(handle: JoinHandle<()>) {
    let patience = Instant::now() + STOP_PATIENCE;
    while !handle.is_finished() && Instant::now() < patience {
        std::thread::sleep(Duration::from_micros(200));
    }
    if handle.is_finished() {
        // Its panics are contained.
        let _ = handle.join();
    }
}

struct Dispatcher {
    engine: Arc<Engine>,
    last_arrival: Option<Instant>,
    next_timer: Instant,
    next_look_after: Instant,
}

impl Dispatcher {
    /// Works until the engine stops. True when it has.
    fn run(&mut self) -> bool {
        loop {
            let arrived = self.look_for_work();
            self.engine.mailbox.empty_trash();
            self.engine.mailbox.notify();
            if self.engine.is_stopping() && self.everyone_left() {
                return true;
            }
            std::thread::sleep(self.pause(arrived));
        }
    }

    /// Says how many requests came.
    fn look_for_work(&mut self) -> usize {
        let mut arrived = 0;
        loop {
            let drained = self.engine.drain();
            arrived += drained.arrived;
            // Between batches: a flood of requests delays neither deadlines nor the requests before it.
            self.keep_deadlines();
            let waiting = self.engine.waiting();
            if waiting > 0 {
                worker::provide(&self.engine, waiting);
            }
            if drained.all {
                break;
            }
        }
        if arrived > 0 {
            self.last_arrival = Some(Instant::now());
        }
        arrived
    }

    fn keep_deadlines(&mut self) {
        let now = Instant::now();
        if now < self.next_timer {
            return;
        }
        self.next_timer = now + TIMER_STEP;
        self.engine.keep_deadlines();
        if now >= self.next_look_after {
            self.next_look_after = now + LOOK_AFTER_STEP;
            if self.engine.look_after_connections(now) {
                worker::provide_one(&self.engine);
            }
        }
    }

    fn everyone_left(&self) -> bool {
        let mut seats = lock(&self.engine.seats);
        seats.wake_all();
        seats.free_the_hung(|_| true);
        seats.publish(&self.engine.counters);
        let everyone = seats.alive() == 0 && seats.all_joined();
        drop(seats);
        self.engine.join_the_ended();
        everyone
    }

    fn pause(&self, arrived: usize) -> Duration {
        if arrived >= RUSH_ARRIVALS || self.engine.is_stopping() {
            RUSH
        } else if self.last_arrival.is_some_and(|last| last.elapsed() < LINGER) {
            BUSY
        } else if !self.engine.is_idle() {
            WAITING
        } else {
            IDLE
        }
    }
}

//! The thread that looks for work, keeps deadlines and frees memory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::worker;
use crate::operations::Status;
use crate::runtime::mailbox::log::LogLevel;
use crate::runtime::mailbox::outcome::Outcome;
use crate::runtime::{Runtime, lock};
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
/// How often deadlines are looked through.
const TIMER_STEP: u64 = 2_000;

/// How long stopping waits for threads that do not end. On Linux a blocked connect is interrupted; where
/// it is not, it ends by its own timeout.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

pub(in crate::runtime) fn start(runtime: &Arc<Runtime>) -> io::Result<JoinHandle<()>> {
    let runtime = Arc::clone(runtime);
    threads::spawn("dispatcher", move || {
        let mut dispatcher = Dispatcher { runtime, last_arrival: None, next_timer: 0 };
        // A panic here would end every request's deadline, so it ends only the pass it happened in.
        while !catch_unwind(AssertUnwindSafe(|| dispatcher.run())).unwrap_or(false) {
            dispatcher.runtime.log.say(LogLevel::Error, || {
                "a fault inside paynow-bridge's dispatcher was contained; please report it".to_owned()
            });
            std::thread::sleep(IDLE);
        }
    })
}

/// Waits for the dispatcher, which itself waits for the workers. A thread that hangs in the operating
/// system is left behind: it owns what it uses and runs nothing of the host's.
pub(in crate::runtime) fn join(handle: JoinHandle<()>) {
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
    runtime: Arc<Runtime>,
    last_arrival: Option<Instant>,
    next_timer: u64,
}

impl Dispatcher {
    /// Works until the runtime stops. True when it has.
    fn run(&mut self) -> bool {
        loop {
            let arrived = self.look_for_work();
            self.keep_deadlines();
            self.runtime.free_garbage();
            self.wake_consumer();
            if self.runtime.stopping.load(Ordering::SeqCst) && self.everyone_left() {
                return true;
            }
            std::thread::sleep(self.pause(arrived));
        }
    }

    fn look_for_work(&mut self) -> usize {
        let runtime = &self.runtime;
        let (arrived, waiting) = {
            let mut schedule = lock(&runtime.schedule);
            (runtime.drain_ingress(&mut schedule), schedule.waiting(Instant::now()))
        };
        if arrived > 0 {
            self.last_arrival = Some(Instant::now());
        }
        // Above the limit for unfreed answers nothing new is sent; what waits runs into its deadline.
        if waiting > 0 && runtime.trash.held_bytes() <= runtime.settings.max_held_bytes {
            worker::provide(runtime, waiting);
        }
        arrived
    }

    fn keep_deadlines(&mut self) {
        let runtime = &self.runtime;
        let now = runtime.clock();
        if now < self.next_timer {
            return;
        }
        self.next_timer = now + TIMER_STEP;
        if runtime.counters.undecided() > 0 {
            let mut expired = Vec::new();
            lock(&runtime.schedule).expire(now, |key, memory| expired.push((key, memory)));
            for (key, memory) in expired {
                let known = memory
                    .filter(|_| runtime.slots.is_pending(key))
                    .and_then(|memory| runtime.old_answer(&memory));
                runtime.answer(key, known.unwrap_or_else(|| Outcome::without_answer(Status::Timeout)));
            }
        }
        lock(&runtime.seats).free_the_hung(|key| runtime.is_wanted(key));
    }

    /// Completions that came from a host's thread (a cancel) have woken nobody.
    fn wake_consumer(&self) {
        if !self.runtime.completions.is_empty() {
            self.runtime.consumer.notify();
        }
    }

    fn everyone_left(&self) -> bool {
        let mut seats = lock(&self.runtime.seats);
        seats.wake_all();
        seats.free_the_hung(|_| false);
        seats.bury();
        seats.alive() == 0
    }

    fn pause(&self, arrived: usize) -> Duration {
        if arrived >= RUSH_ARRIVALS || self.runtime.stopping.load(Ordering::SeqCst) {
            RUSH
        } else if self.last_arrival.is_some_and(|last| last.elapsed() < LINGER) {
            BUSY
        } else if self.runtime.counters.undecided() > 0 {
            WAITING
        } else {
            IDLE
        }
    }
}

//! Getting requests off the tick thread and their completions back to it.
//!
//! ```text
//!            mailbox (host threads)       │          engine (our threads)
//!  submit ─▶ slot + notice ───────────────┼─▶ dispatcher ─▶ schedule ─▶ workers ─▶ network
//!  poll/next ◀─ completions ◀─────────────┼── decide once: answer, deadline, cancel, shutdown
//! ```
//!
//! The two wings meet here and nowhere else: the engine calls the mailbox, and the mailbox knows no engine. Host threads
//! only ever touch atomics, and wake no thread: the dispatcher looks for work by itself, when the host's rhythm says that
//! some has come. Only a host thread that is about to wait wakes a thread of the library.

mod engine;
mod lines;
mod mailbox;
mod metrics;
#[cfg(all(test, loom))]
mod model;
mod recorder;
mod seed;
mod settings;
mod start_error;
mod stats;
#[cfg(all(test, not(loom), target_os = "linux"))]
mod stops;
#[cfg(all(test, not(loom)))]
mod tests;

pub use self::lines::LogLevel;
pub(crate) use self::mailbox::{
    Attachment, Key, MAX_SLOTS, NoCompletion, Occupied, Outcome, Peeked, Reading, Submission, Turn,
};
pub use self::mailbox::{LogLine, Priority, Source, SubmitError};
pub(crate) use self::metrics::{BOUNDS, Histogram, Measure, Metrics, Vitals};
pub(crate) use self::recorder::{Attempt, End, Record, Recorded, Said, Way};
pub(crate) use self::settings::Settings;
pub(crate) use self::start_error::StartError;
pub(crate) use self::stats::StatKind;
pub use self::stats::Stats;

use std::{ops::Deref, sync::Arc, time::Instant};

use self::engine::{Engine, EngineSettings, Remembered, Rules};
use self::mailbox::{AnswerCache, Mailbox, MailboxSettings};
use self::recorder::Recorder;
use crate::model::Secret;
use crate::room::NoMemory;
use crate::transport::Transport;

/// A mailbox, and the engine that empties it. What host threads do, they do with the mailbox.
pub(crate) struct Runtime {
    mailbox: Arc<Mailbox>,
    engine: Arc<Engine>,
}

impl Runtime {
    /// Starts the dispatcher, which starts workers as they are needed.
    pub(crate) fn start(settings: Settings, transport: Box<dyn Transport>) -> Result<Self, StartError> {
        let runtime = Self::new(settings, transport)?;
        runtime.engine.start().map_err(StartError::Thread)?;
        Ok(runtime)
    }

    /// Without its threads.
    fn new(settings: Settings, transport: Box<dyn Transport>) -> Result<Self, StartError> {
        let cache = Arc::new(AnswerCache::new(settings.cache)?);
        let mailbox = Arc::new(Mailbox::new(
            MailboxSettings {
                store_id: settings.store_id.clone(),
                has_api_key: settings.has_api_key,
                max_outstanding: settings.max_outstanding,
                log_level: settings.log_level,
                first_generation: settings.first_generation,
            },
            Arc::clone(&cache),
        )?);
        let rules = Rules {
            retry: settings.retry,
            breaker: settings.breaker,
            rate: settings.rate,
            max_held_bytes: settings.max_held_bytes,
            max_workers: settings.max_workers as usize,
            has_network: settings.network.is_some(),
            seed: seed::draw(),
        };
        let network =
            settings.network.map(|start| start(Box::new(Remembered(Arc::clone(&cache))))).transpose();
        let now = Instant::now();
        let engine = EngineSettings {
            store_id: settings.store_id,
            told: settings.told,
            rules,
            warm_connections: settings.warm_connections,
            network: network.map_err(StartError::Thread)?,
            metrics: Metrics::new()?,
            recorder: if settings.flight_recorder { Recorder::on(now)? } else { Recorder::off(now) },
        };
        let engine = Arc::new(Engine::new(engine, Arc::clone(&mailbox), cache, transport));
        Ok(Self { mailbox, engine })
    }

    /// Another API key from here on.
    pub(crate) fn set_api_key(&self, key: Secret) {
        self.engine.set_api_key(key);
        self.mailbox.allow_api_key();
    }

    /// Numbers about the client.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.engine.add_to(&mut stats);
        self.mailbox.add_to(&mut stats);
        stats
    }

    /// What is counted beside those numbers.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.engine.metrics()
    }

    /// What the client was made with, and how the last requests went. May wait for a lock of our threads.
    pub(crate) fn recorded(&self) -> Result<(&str, Recorded), NoMemory> {
        self.engine.recorded()
    }

    /// Ends the threads, in bounded time. Every request that was accepted can be collected then.
    pub(crate) fn stop(&self) {
        self.mailbox.close();
        self.engine.stop();
        self.mailbox.settle();
    }
}

impl Deref for Runtime {
    type Target = Mailbox;

    fn deref(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Runtime").finish_non_exhaustive()
    }
}

//! Whether the network can be used: what the host's log is told of it, and how many servers share it.
//!
//! Contract: one piece of news when it is lost, with the reason, and one when it is back, however often it came and went
//! between. What takes no writes (full, a replica, locked out) is lost until a write succeeds.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::network::link::ReplyErrorKind;
use crate::network::{NetworkState, News};

#[derive(Default)]
pub(super) struct Health {
    inner: Mutex<Inner>,
    is_well: AtomicBool,
    is_slow: AtomicBool,
    servers: AtomicU32,
    connections: AtomicU64,
    commands: AtomicU64,
    /// In microseconds.
    round_trip: AtomicU64,
    unopened: AtomicU64,
}

#[derive(Default)]
struct Inner {
    is_linked: bool,
    /// Why not, or why nothing is written.
    trouble: Option<&'static str>,
    words: String,
    /// Since when no answer came in time, though it is linked.
    slow: Option<Instant>,
    /// When it was lost. `None` while it is well, and before it was tried.
    lost: Option<Instant>,
    is_told: bool,
}

impl Health {
    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut inner);
        let is_well = inner.is_linked && inner.trouble.is_none();
        self.is_well.store(is_well, Ordering::Release);
    }

    pub(super) fn up(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.change(|inner| {
            inner.is_linked = true;
            inner.trouble = None;
        });
    }

    /// The link is lost; it says why.
    pub(super) fn down(&self, why: &str, now: Instant) {
        self.change(|inner| {
            inner.is_linked = false;
            inner.words.clear();
            // Without memory for the words the line comes without them.
            if inner.words.try_reserve(why.len()).is_ok() {
                inner.words.push_str(why);
            }
            inner.lost.get_or_insert(now);
        });
    }

    /// Redis answered with an error.
    pub(super) fn refused(&self, kind: ReplyErrorKind, now: Instant) {
        let why = match kind {
            ReplyErrorKind::LockedOut => {
                "it refuses the user or the password, or the user may not do what is needed"
            }
            ReplyErrorKind::Full => "its memory or its disk is full",
            ReplyErrorKind::ReadOnly => "it is a replica and takes no writes",
            ReplyErrorKind::Loading => "it is not ready: it loads its data, or has lost its master",
            ReplyErrorKind::Busy => "another script holds it up",
            ReplyErrorKind::TooManyClients => "it takes no more clients",
            ReplyErrorKind::Moved | ReplyErrorKind::Moving => {
                "the store moves to another node of the cluster"
            }
            ReplyErrorKind::NoScript | ReplyErrorKind::Other => "it answers with errors",
        };
        self.change(|inner| {
            inner.trouble.get_or_insert(why);
            inner.lost.get_or_insert(now);
        });
    }

    /// No answer came in time, though it is linked.
    pub(super) fn slow(&self, now: Instant) {
        self.is_slow.store(true, Ordering::Release);
        self.change(|inner| inner.slow = inner.slow.or(Some(now)));
    }

    /// For how long no answer came in time. `None`: that is not what is wrong.
    pub(super) fn slow_for(&self, now: Instant) -> Option<Duration> {
        if !self.is_slow.load(Ordering::Acquire) {
            return None;
        }
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.slow.filter(|_| inner.is_linked).map(|since| now.saturating_duration_since(since))
    }

    /// Something was written.
    #[inline(never)]
    pub(super) fn wrote(&self) {
        if !self.is_well.load(Ordering::Acquire) {
            self.change(|inner| inner.trouble = None);
        }
    }

    pub(super) fn news(&self, now: Instant) -> Option<News> {
        // Nothing is allocated, and nothing waited for, while there is nothing to say.
        let mut inner = self.inner.try_lock().ok()?;
        let is_well = inner.is_linked && inner.trouble.is_none();
        let lost = inner.lost?;
        match (is_well, inner.is_told) {
            (false, false) => {
                inner.is_told = true;
                Some(News::Down(match inner.trouble {
                    Some(trouble) if inner.is_linked => trouble.to_owned(),
                    _ => inner.words.clone(),
                }))
            }
            (true, true) => {
                (inner.lost, inner.is_told) = (None, false);
                let seconds = now.saturating_duration_since(lost).as_secs_f64();
                Some(News::Up(format!("after {seconds:.1} s without an answer")))
            }
            (true, false) => {
                inner.lost = None;
                None
            }
            (false, true) => None,
        }
    }

    pub(super) fn counted_servers(&self, servers: i64) {
        if let Ok(servers @ 1..) = u32::try_from(servers) {
            self.servers.store(servers, Ordering::Relaxed);
        }
    }

    /// This server's part of the rate when each works alone. `None` while the others were never seen.
    pub(super) fn share(&self) -> Option<f64> {
        match self.servers.load(Ordering::Relaxed) {
            0 => None,
            servers => Some(1.0 / f64::from(servers)),
        }
    }

    pub(super) fn sent(&self, commands: u64) {
        self.commands.fetch_add(commands, Ordering::Relaxed);
    }

    /// An answer did not open.
    pub(super) fn unopened(&self) {
        self.unopened.fetch_add(1, Ordering::Relaxed);
    }

    /// A call was answered after so long.
    pub(super) fn answered(&self, took: Duration) {
        if self.is_slow.swap(false, Ordering::AcqRel) {
            self.change(|inner| inner.slow = None);
        }
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let before = self.round_trip.load(Ordering::Relaxed);
        let lately = if before == 0 { took } else { (before / 8 * 7).saturating_add(took / 8).max(1) };
        self.round_trip.store(lately, Ordering::Relaxed);
    }

    pub(super) fn state(&self) -> NetworkState {
        NetworkState {
            up: self.is_well.load(Ordering::Relaxed),
            servers: self.servers.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            round_trip: Duration::from_micros(self.round_trip.load(Ordering::Relaxed)),
            unopened: self.unopened.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_told_once() {
        let (health, start) = (Health::default(), Instant::now());
        assert_eq!(health.news(start), None, "not tried yet");
        health.up();
        assert_eq!(health.news(start), None, "the first connection is not news");
        assert!(health.state().up);
        for _ in 0..3 {
            health.down("the connection was lost", start);
            health.down("it refuses connections", start);
        }
        assert_eq!(health.news(start), Some(News::Down("it refuses connections".to_owned())));
        health.up();
        health.down("the connection was lost", start);
        assert_eq!(health.news(start), None);
        health.up();
        let later = start + Duration::from_millis(2_500);
        assert_eq!(health.news(later), Some(News::Up("after 2.5 s without an answer".to_owned())));
        assert_eq!(health.news(later), None);
        health.down("the connection was lost", later);
        health.up();
        assert_eq!(health.news(later), None, "back before it was told");
        assert_eq!(health.state().connections, 4);
    }

    #[test]
    fn a_first_connection_that_fails_is_news() {
        let (health, start) = (Health::default(), Instant::now());
        health.down("it refuses connections", start);
        assert!(matches!(health.news(start), Some(News::Down(_))));
    }

    #[test]
    fn what_takes_no_writes_is_lost_until_one_succeeds() {
        let (health, start) = (Health::default(), Instant::now());
        health.up();
        health.refused(ReplyErrorKind::Full, start);
        health.refused(ReplyErrorKind::Other, start);
        assert_eq!(health.news(start), Some(News::Down("its memory or its disk is full".to_owned())));
        assert!(!health.state().up);
        assert_eq!(health.news(start), None);
        health.wrote();
        assert!(matches!(health.news(start), Some(News::Up(_))));
        assert!(health.state().up);
    }

    #[test]
    fn the_share_is_what_was_seen_last() {
        let health = Health::default();
        assert_eq!(health.share(), None);
        health.counted_servers(4);
        health.counted_servers(0);
        health.counted_servers(-1);
        assert_eq!(health.share(), Some(0.25));
    }
}

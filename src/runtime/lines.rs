//! All lines the library can say in a host's log, and how often.

use std::time::{Duration, Instant};

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum LogLevel {
    /// Something is broken and will stay so until someone acts.
    Error = 1,
    /// Something does not work at the moment.
    Warn = 2,
    /// Something changed.
    #[default]
    Info = 3,
    /// How each single request went.
    Debug = 4,
}

/// A line. Behind what it begins with stand details; the operators' guide lists all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// So many requests in a row failed that the circuit opened.
    Outage,
    /// The circuit closed.
    Recovered,
    /// The first request with the API key that was refused since one was not, or since there is another key.
    KeyRefused,
    /// The first request that failed for want of something on this machine since one did not.
    Lack,
    /// A connection could not be opened before a request needs it.
    NotReady,
    /// Work waits, and no worker runs or can be started.
    NoWorker,
    /// A panic was contained.
    Fault,
    /// The network of servers does not answer.
    NetworkLost,
    /// It answers again.
    NetworkBack,
    /// How one attempt went.
    Attempt,
}

/// What lines are about. Those about the same take each other's place while they wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Circuit,
    Key,
    Machine,
    Threads,
    Faults,
    Readiness,
    Network,
}

/// How often a line may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// With the others of its topic [`BURST`] times, and then once in [`PAUSE`]. The latest that is held back is said when
    /// the pause is over, so that the last word in the log is how things are.
    Rarely(Topic),
    /// For each attempt; only hosts that asked for the level `Debug` get it.
    Always,
}

/// How many lines of one topic may follow each other without a pause.
const BURST: u32 = 4;
/// After a burst, the time between two lines of one topic.
const PAUSE: Duration = Duration::from_secs(60);

impl Line {
    /// Every line there is.
    #[cfg(test)]
    const ALL: [Self; 10] = [
        Self::Outage,
        Self::Recovered,
        Self::KeyRefused,
        Self::Lack,
        Self::NotReady,
        Self::NoWorker,
        Self::Fault,
        Self::NetworkLost,
        Self::NetworkBack,
        Self::Attempt,
    ];

    fn level(self) -> LogLevel {
        match self {
            Self::NoWorker | Self::Fault => LogLevel::Error,
            Self::Outage | Self::KeyRefused | Self::Lack | Self::NetworkLost => LogLevel::Warn,
            Self::Recovered | Self::NetworkBack => LogLevel::Info,
            Self::NotReady | Self::Attempt => LogLevel::Debug,
        }
    }

    /// What it begins with, by which it can be found.
    fn opening(self) -> &'static str {
        match self {
            Self::Outage => "PayNow does not answer: ",
            Self::Recovered => "PayNow answers again, ",
            Self::KeyRefused => "PayNow refuses the API key: ",
            Self::Lack => "a request failed on this machine: ",
            Self::NotReady => "no connection could be opened ahead of the next request: ",
            Self::NoWorker => "no worker thread can be started: ",
            Self::Fault => "a fault inside paynow-bridge was contained, please report it: ",
            Self::NetworkLost => "the network of servers does not answer: ",
            Self::NetworkBack => "the network of servers answers, ",
            Self::Attempt => "attempt ",
        }
    }

    fn limit(self) -> Limit {
        match self {
            Self::Outage | Self::Recovered => Limit::Rarely(Topic::Circuit),
            Self::KeyRefused => Limit::Rarely(Topic::Key),
            Self::Lack => Limit::Rarely(Topic::Machine),
            Self::NotReady => Limit::Rarely(Topic::Readiness),
            Self::NoWorker => Limit::Rarely(Topic::Threads),
            Self::Fault => Limit::Rarely(Topic::Faults),
            Self::NetworkLost | Self::NetworkBack => Limit::Rarely(Topic::Network),
            Self::Attempt => Limit::Always,
        }
    }
}

/// A line that may be said now. Only [`Lines`] makes them, so no line is said without its limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sayable {
    level: LogLevel,
    text: String,
}

impl Sayable {
    #[cfg(test)]
    pub(super) fn for_test(level: LogLevel, text: &str) -> Self {
        Self { level, text: text.to_owned() }
    }

    pub(super) fn level(&self) -> LogLevel {
        self.level
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What was said of one topic.
#[derive(Debug, Default)]
struct Spoken {
    /// How much of the burst is used up.
    said: u32,
    /// When it was said, or a pause was last counted.
    last: Option<Instant>,
    /// What is held back, and how many before it were dropped.
    held_back: Option<(LogLevel, String)>,
    dropped: u32,
}

impl Spoken {
    #[inline(never)]
    fn may_say(&mut self, now: Instant) -> bool {
        if let Some(last) = self.last {
            // Each pause gives back one.
            let pauses = now.saturating_duration_since(last).as_secs() / PAUSE.as_secs();
            let pauses = u32::try_from(pauses).unwrap_or(u32::MAX).min(self.said);
            self.said -= pauses;
            self.last = last.checked_add(PAUSE * pauses);
        }
        self.said < BURST
    }

    fn say(&mut self, level: LogLevel, mut text: String, now: Instant) -> Sayable {
        self.said += 1;
        self.last = Some(now);
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            text.push_str(&format!(" ({dropped} lines about this were left out)"));
        }
        Sayable { level, text }
    }
}

/// What a client has said, and what it holds back.
#[derive(Debug, Default)]
pub(super) struct Lines {
    spoken: [Spoken; 7],
    waiting: bool,
}

impl Lines {
    /// A line comes up. `None` when it is held back.
    pub(super) fn come_up(
        &mut self,
        line: Line,
        now: Instant,
        details: impl FnOnce() -> String,
    ) -> Option<Sayable> {
        let level = line.level();
        let text = || format!("{}{}", line.opening(), details());
        let Limit::Rarely(topic) = line.limit() else {
            return Some(Sayable { level, text: text() });
        };
        let spoken = &mut self.spoken[topic as usize];
        if spoken.may_say(now) {
            return Some(spoken.say(level, text(), now));
        }
        if spoken.held_back.replace((level, text())).is_some() {
            spoken.dropped += 1;
        }
        self.waiting = true;
        None
    }

    /// What was held back and may be said now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Sayable> {
        let mut due = Vec::new();
        if self.waiting {
            for spoken in &mut self.spoken {
                if spoken.held_back.is_some()
                    && spoken.may_say(now)
                    && let Some((level, text)) = spoken.held_back.take()
                {
                    due.push(spoken.say(level, text, now));
                }
            }
            self.waiting = self.spoken.iter().any(|spoken| spoken.held_back.is_some());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_but_that_of_an_attempt_has_a_limit() {
        for line in Line::ALL {
            let is_limited = line.limit() != Limit::Always;
            assert_eq!(is_limited, line != Line::Attempt, "{line:?}");
            let alike = Line::ALL.into_iter().filter(|other| other.opening() == line.opening());
            assert_eq!(alike.count(), 1, "{line:?} can be told from the others");
        }
    }

    #[test]
    fn a_storm_is_a_handful_of_lines_and_the_last_of_them_is_said() {
        let (mut lines, start) = (Lines::default(), Instant::now());
        let mut said = Vec::new();
        for step in 0..100_000_u64 {
            let now = start + Duration::from_millis(step * 6);
            let line = if step % 2 == 0 { Line::Outage } else { Line::Recovered };
            said.extend(lines.come_up(line, now, || step.to_string()));
            said.extend(lines.due(now));
        }
        // Ten minutes.
        assert!((BURST as usize + 9..=BURST as usize + 11).contains(&said.len()), "{said:?}");
        let after = start + Duration::from_secs(3_600);
        let last = lines.due(after);
        assert_eq!(last.len(), 1);
        assert!(last[0].text().starts_with("PayNow answers again, 99999 ("), "{last:?}");
        assert!(last[0].text().ends_with("lines about this were left out)"), "{last:?}");
        assert_eq!(lines.due(after), []);
    }

    #[test]
    fn topics_do_not_silence_each_other_and_quiet_gives_room_again() {
        let (mut lines, start) = (Lines::default(), Instant::now());
        for _ in 0..100 {
            lines.come_up(Line::Fault, start, String::new);
        }
        assert!(lines.come_up(Line::Outage, start, String::new).is_some());
        let later = start + PAUSE * (BURST + 1);
        assert_eq!(lines.due(later).len(), 1);
        for _ in 1..BURST {
            assert!(lines.come_up(Line::Fault, later, String::new).is_some());
        }
        assert!(lines.come_up(Line::Fault, later, String::new).is_none());
    }

    #[test]
    fn each_attempt_is_said() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        assert!((0..1_000).all(|_| lines.come_up(Line::Attempt, now, String::new).is_some()));
    }
}

//! What the library has to say, kept until the host asks.
//!
//! A worker must not run a host's code, so lines wait here and are delivered on the thread that polls.

use super::pile::{Pile, Piled};
use crate::model::Text;
use crate::sync::{AtomicU32, AtomicU64, Cell, Ordering};

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

/// One line for the host's log: one line indeed, control characters are escaped.
#[derive(Debug)]
pub struct LogLine {
    /// How important it is.
    pub level: LogLevel,
    /// The text. Holds neither API keys nor tokens.
    pub text: Text,
}

/// Lines that wait at most: what comes beyond is counted and dropped.
const LINES: u32 = 256;
/// Longest line, in characters of the original.
const LONGEST: usize = 1_000;

struct Waiting {
    line: LogLine,
    below: Cell<*mut Waiting>,
}

impl Piled for Waiting {
    fn below(&self) -> &Cell<*mut Self> {
        &self.below
    }
}

/// Lines on their way to the host, and lines on their way back to be freed.
pub(super) struct Log {
    level: Option<LogLevel>,
    waiting: Pile<Waiting>,
    /// Lines that were said and not freed yet.
    count: AtomicU32,
    spent: Pile<Waiting>,
    dropped: AtomicU64,
}

impl Log {
    /// A log that keeps lines up to `level`; none when the host does not listen.
    pub(super) fn new(level: Option<LogLevel>) -> Self {
        Self {
            level,
            waiting: Pile::default(),
            count: AtomicU32::new(0),
            spent: Pile::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds a line. Not on a host's thread: it allocates.
    pub(super) fn say(&self, level: LogLevel, text: impl FnOnce() -> String) {
        if self.level.is_none_or(|wanted| level > wanted) {
            return;
        }
        if self.count.fetch_add(1, Ordering::Relaxed) >= LINES {
            self.count.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let line = LogLine { level, text: Text::from(one_line(&text())) };
        self.waiting.put(Box::new(Waiting { line, below: Cell::new(std::ptr::null_mut()) }));
    }

    /// Hands every waiting line to `sink`, on the calling thread. Lines that come meanwhile wait for the
    /// next time.
    pub(super) fn deliver(&self, mut sink: impl FnMut(&LogLine)) {
        for waiting in self.waiting.take_all().earliest_first() {
            // A guard, so that a panic of the sink does not lose the count of the line.
            let delivered = Delivered { log: self, waiting: Some(waiting) };
            if let Some(waiting) = &delivered.waiting {
                sink(&waiting.line);
            }
        }
    }

    /// Frees what was delivered. Not on a host's thread.
    pub(super) fn empty(&self) {
        for spent in self.spent.take_all() {
            drop(spent);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Delivered<'a> {
    log: &'a Log,
    waiting: Option<Box<Waiting>>,
}

impl Drop for Delivered<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.log.spent.put(waiting);
        }
    }
}

/// Keeps a server's text from forging lines in the host's log.
pub(in crate::runtime) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars().take(LONGEST) {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(
            one_line("a\r\n[INFO] forged\u{1b}[31m\u{2028}"),
            "a\\r\\n[INFO] forged\\u{1b}[31m\\u{2028}"
        );
        assert_eq!(one_line(&"x".repeat(5_000)).len(), LONGEST);
    }

    #[test]
    fn levels_and_overflow() {
        let log = Log::new(Some(LogLevel::Warn));
        log.say(LogLevel::Info, || unreachable!("not wanted"));
        for number in 0..LINES + 3 {
            log.say(LogLevel::Error, || number.to_string());
        }
        assert_eq!(log.dropped(), 3);
        let mut lines = Vec::new();
        log.deliver(|line| lines.push(line.text.to_string()));
        assert_eq!(lines.len(), LINES as usize);
        log.say(LogLevel::Error, || unreachable!("delivered lines take room until they are freed"));
        assert_eq!(lines[1], "1");
        log.empty();
        log.say(LogLevel::Error, || "room again".to_owned());
        assert_eq!(log.dropped(), 4);
        let silent = Log::new(None);
        silent.say(LogLevel::Error, || unreachable!("no sink is set"));
    }
}

//! What the library has to say, kept until the host asks.
//!
//! A worker must not run a host's code, so lines wait here and are delivered on the thread that polls.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;

use crate::model::Text;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LogLevel {
    /// Something is broken and will stay so until somebody acts.
    Error = 1,
    /// Something does not work at the moment.
    Warn = 2,
    /// Something changed.
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

const LINES: usize = 256;
/// Longest line, in characters of the original.
const LONGEST: usize = 1_000;

/// Lines on their way to the host, and lines on their way back to be freed.
pub(in crate::runtime) struct Log {
    level: Option<LogLevel>,
    waiting: ArrayQueue<LogLine>,
    spent: ArrayQueue<LogLine>,
    dropped: AtomicU64,
}

impl Log {
    /// A log that keeps lines up to `level`; none when the host does not listen.
    pub(in crate::runtime) fn new(level: Option<LogLevel>) -> Self {
        Self {
            level,
            waiting: ArrayQueue::new(LINES),
            spent: ArrayQueue::new(LINES),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds a line. Not on a host's thread: it allocates.
    pub(in crate::runtime) fn say(&self, level: LogLevel, text: impl FnOnce() -> String) {
        if self.level.is_none_or(|wanted| level > wanted) {
            return;
        }
        let line = LogLine { level, text: Text::from(one_line(&text())) };
        if self.waiting.push(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Hands every waiting line to `sink`, on the calling thread. Lines that come meanwhile wait for the
    /// next time.
    pub(in crate::runtime) fn deliver(&self, mut sink: impl FnMut(&LogLine)) {
        for _ in 0..self.waiting.len() {
            let Some(line) = self.waiting.pop() else { return };
            sink(&line);
            // When even the way back is full, the line is freed here.
            let _ = self.spent.push(line);
        }
    }

    /// Frees what was delivered. Not on a host's thread.
    pub(in crate::runtime) fn empty(&self) {
        while self.spent.pop().is_some() {}
    }

    pub(in crate::runtime) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
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
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[1], "1");
        log.empty();
        let silent = Log::new(None);
        silent.say(LogLevel::Error, || unreachable!("nobody listens"));
    }
}

//! The one-line-per-request log on standard output.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::time::{rfc3339, system_ms};

const QUEUE: usize = 4_096;

/// Prints lines from a thread of its own, so that a terminal or a pipe that is slow never slows the
/// API down; lines that do not fit into the queue are dropped.
#[derive(Debug)]
pub struct Console(Option<SyncSender<String>>);

impl Console {
    /// A console, or a mute one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the rule guards a host's threads; this is a program of its own"
    )]
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Self(None);
        }
        let (lines, queue) = sync_channel::<String>(QUEUE);
        let printer = thread::Builder::new().name("console".to_owned()).spawn(move || {
            for line in queue {
                // The reader may be gone; serving goes on.
                let _ = writeln!(io::stdout(), "{line}");
            }
        });
        Self(printer.is_ok().then_some(lines))
    }

    /// Whether anything is printed.
    pub fn speaks(&self) -> bool {
        self.0.is_some()
    }

    /// Prints a line, which is not even built when nothing is printed.
    pub fn line(&self, text: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            let now = rfc3339(system_ms());
            let _ = lines.try_send(format!("{} {}", &now[11..23], text()));
        }
    }
}

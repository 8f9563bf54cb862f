//! How far it is: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// How often a line says how far it is, where no bar can.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub struct Progress {
    bar: Option<ProgressBar>,
    output: Output,
    what: &'static str,
    all: Option<u64>,
    done: u64,
    began: Instant,
    said: Instant,
}

impl Progress {
    /// `what` are counted, up to `all` where that is known.
    pub fn begin(output: Output, what: &'static str, all: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let (bar, template) = match all {
                Some(all) => (
                    ProgressBar::new(all),
                    "{bar:30} {human_pos} of {human_len} {msg}, {per_sec}, {eta} left",
                ),
                None => (ProgressBar::new_spinner(), "{spinner} {human_pos} {msg}, {per_sec}, {elapsed}"),
            };
            let bar = bar.with_message(what);
            if let Ok(style) = ProgressStyle::with_template(template) { bar.with_style(style) } else { bar }
        });
        let now = Instant::now();
        Self { bar, output, what, all, done: 0, began: now, said: now }
    }

    pub fn add(&mut self, more: u64) {
        self.done += more;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.said.elapsed() >= LINE_EVERY {
            self.said = Instant::now();
            self.output.note(&line(self.what, self.done, self.all, self.began.elapsed()));
        }
    }

    /// A remark that the bar does not garble.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.note(text)),
            None => self.output.note(text),
        }
    }

    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(what: &str, done: u64, all: Option<u64>, took: Duration) -> String {
    let rate = done as f64 / took.as_secs_f64().max(0.001);
    match all {
        Some(all) if rate > 0.0 => {
            let left = all.saturating_sub(done) as f64 / rate;
            format!("{done} of {all} {what}, {rate:.0} a second, {left:.0} s left")
        }
        Some(all) => format!("{done} of {all} {what}"),
        None => format!("{done} {what}, {rate:.0} a second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_the_rate_and_the_time_left() {
        let ten = Duration::from_secs(10);
        assert_eq!(line("players", 500, Some(2_000), ten), "500 of 2000 players, 50 a second, 30 s left");
        assert_eq!(line("players", 0, Some(2_000), ten), "0 of 2000 players");
        assert_eq!(line("customers", 500, None, ten), "500 customers, 50 a second");
    }
}

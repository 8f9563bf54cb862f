use std::time::{Duration, Instant};
#[derive(Default)]
pub(crate) struct Patience(Option<Duration>);
impl Patience {
    pub(crate) fn answered(&mut self, took: Duration) {
        self.0 = Some(self.0.map_or(took, |old| (old * 7 + took) / 8));
    }
    pub(crate) fn typical(&self) -> Duration {
        self.0.unwrap_or(Duration::from_millis(300))
    }
    pub(crate) fn can_answer_by(&self, deadline: Instant, now: Instant) -> bool {
        now + self.0.unwrap_or_default() / 2 < deadline
    }
    pub(crate) fn blames_api(&self, given: Duration, allowance: Duration) -> bool {
        given >= self.typical() * 3 || given >= allowance.mul_f64(0.9)
    }
    pub(crate) fn is_overdue(&self, for_: Duration) -> bool {
        for_ >= (self.typical() * 4).max(Duration::from_secs(1))
    }
}

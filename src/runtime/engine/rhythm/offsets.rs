//! At which moments of a tick a host submits, and the fewest looks that find it soon.

use std::time::Duration;

/// Parts of a tick that are told apart.
const PARTS: usize = 32;
/// Of a host that has submitted nothing yet: it does so in the first parts of its ticks, as if it had done it so often.
const FIRST: (usize, f32) = (9, 0.5);
/// A submit counts for this much less with each that follows.
const FADING: f32 = 1.0 - 1.0 / 256.0;
/// The share of submits that may come outside the looks.
const STRAY: f32 = 0.0075;
/// Parts between two at which submits come belong to them if they are no more than these.
const HOLE: usize = 4;

/// How much is done for a submit to be found soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Many came a moment ago.
    Eager,
    /// One came lately.
    Attentive,
    Idle,
}

impl Care {
    /// Between two looks while submits are likely.
    fn gap(self) -> Duration {
        match self {
            Self::Eager => Duration::from_millis(1),
            Self::Attentive => Duration::from_micros(2_500),
            Self::Idle => Duration::from_micros(2_800),
        }
    }

    /// How long after the last moment at which one is likely the last look is: ticks are not exact.
    fn margin(self) -> Duration {
        match self {
            Self::Eager => Duration::from_micros(300),
            Self::Attentive | Self::Idle => Duration::from_micros(700),
        }
    }

    /// Looks in a second, at most.
    fn most(self) -> u32 {
        match self {
            Self::Eager => 400,
            Self::Attentive => 400,
            Self::Idle => 130,
        }
    }
}

/// How many submits came in which part of a tick; older ones count less.
#[derive(Debug)]
pub(super) struct Offsets([f32; PARTS]);

impl Default for Offsets {
    fn default() -> Self {
        let (parts, submits) = FIRST;
        Self(std::array::from_fn(|part| if part < parts { submits / parts as f32 } else { 0.0 }))
    }
}

impl Offsets {
    /// One came when this share of a tick was over.
    pub(super) fn learn(&mut self, share: f64) {
        self.0.iter_mut().for_each(|weight| *weight *= FADING);
        self.0[((share * PARTS as f64) as usize).min(PARTS - 1)] += 1.0;
    }

    /// Writes the looks of a tick that takes so long, from its beginning. At least one.
    pub(super) fn plan(&self, period: Duration, care: Care, looks: &mut Vec<Duration>) {
        let likely = self.likely();
        let most = (period.as_secs_f64() * f64::from(care.most())).max(1.0) as usize;
        let mut gap = care.gap();
        loop {
            lay_out(&likely, period, gap, care.margin(), looks);
            if looks.len() <= most || gap >= period {
                return;
            }
            gap = gap * 5 / 4;
        }
    }

    /// In which parts submits are likely.
    fn likely(&self) -> [bool; PARTS] {
        let mut order: [usize; PARTS] = std::array::from_fn(|part| part);
        order.sort_unstable_by(|left, right| self.0[*left].total_cmp(&self.0[*right]));
        let mut left_out = self.0.iter().sum::<f32>() * STRAY;
        let mut likely = [true; PARTS];
        for part in order {
            left_out -= self.0[part];
            if left_out < 0.0 {
                break;
            }
            likely[part] = false;
        }
        fill_holes(&mut likely);
        likely
    }
}

fn fill_holes(likely: &mut [bool; PARTS]) {
    let mut last = None;
    for part in 0..PARTS {
        if !likely[part] {
            continue;
        }
        if let Some(last) = last
            && part - last <= HOLE + 1
        {
            likely[last..part].fill(true);
        }
        last = Some(part);
    }
}

/// A look at the end of each stretch of likely parts, and one in every `gap` within it.
fn lay_out(
    likely: &[bool; PARTS],
    period: Duration,
    gap: Duration,
    margin: Duration,
    looks: &mut Vec<Duration>,
) {
    let part_takes = period / PARTS as u32;
    looks.clear();
    let mut part = 0;
    while let Some(first) = (part..PARTS).find(|part| likely[*part]) {
        let end = (first..PARTS).find(|part| !likely[*part]).unwrap_or(PARTS);
        let over = part_takes * end as u32 + margin;
        // Most that come in a stretch come at its beginning.
        let mut look = part_takes * first as u32 + gap * 2 / 5;
        let mut least = margin;
        while look + least < over {
            looks.push(look);
            look += gap;
            least = gap * 2 / 5;
        }
        looks.push(over);
        part = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    fn planned(offsets: &Offsets, care: Care) -> Vec<u128> {
        let mut looks = Vec::new();
        offsets.plan(TICK, care, &mut looks);
        looks.iter().map(Duration::as_micros).collect()
    }

    #[test]
    fn of_a_new_host_the_first_third_of_a_tick_is_watched() {
        let looks = planned(&Offsets::default(), Care::Idle);
        assert_eq!(looks, [1_120, 3_920, 6_720, 9_520, 12_320, 14_762]);
    }

    #[test]
    fn a_host_that_submits_at_one_moment_takes_few_looks() {
        let mut offsets = Offsets::default();
        (0..600).for_each(|_| offsets.learn(0.001));
        assert_eq!(planned(&offsets, Care::Idle), [1_120, 2_262]);
        offsets.learn(0.9);
        assert_eq!(planned(&offsets, Care::Idle).len(), 2, "one stray submit costs nothing");
        (0..20).for_each(|_| offsets.learn(0.5));
        assert_eq!(planned(&offsets, Care::Idle), [1_120, 2_262, 26_120, 27_262], "another moment does");
    }

    #[test]
    fn a_host_that_submits_at_any_moment_does_not_cost_more_than_it_may() {
        let mut offsets = Offsets::default();
        (0..2_000).for_each(|number| offsets.learn(f64::from(number % 97) / 97.0));
        for (care, most) in [(Care::Eager, 20), (Care::Attentive, 20), (Care::Idle, 6)] {
            let looks = planned(&offsets, care);
            assert!(looks.len() <= most && looks.len() * 5 >= most * 4, "{care:?}: {looks:?}");
            let gaps = looks.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(gaps.max() <= Some(100_000 / most as u128), "{looks:?}");
        }
    }
}

//! Which work waits, in which order, and until when each request may take. Every structure forgets what has ended at
//! once: none holds more than there are requests.

use std::collections::BTreeSet;
use std::time::Instant;

use super::work::Way;
use crate::runtime::mailbox::Priority;

/// One piece of work in every so many comes from the background while players wait too: a long import is delayed by
/// players, never stopped by them.
pub(super) const BACKGROUND_SHARE: u32 = 8;

/// Names a piece of work. Lower numbers came earlier.
pub(super) type WorkId = u64;

/// Where a piece of work is in line: what came earlier goes first, and keeps its place when it is sent again.
pub(super) type Place = (u64, WorkId);

/// What can be sent now, by priority.
#[derive(Debug, Default)]
pub(super) struct Ready {
    interactive: BTreeSet<Place>,
    background: BTreeSet<Place>,
    taken: u32,
}

impl Ready {
    fn of(&mut self, priority: Priority) -> &mut BTreeSet<Place> {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Background => &mut self.background,
        }
    }

    pub(super) fn insert(&mut self, priority: Priority, place: Place) {
        self.of(priority).insert(place);
    }

    pub(super) fn remove(&mut self, priority: Priority, place: Place) {
        self.of(priority).remove(&place);
    }

    pub(super) fn len(&self) -> usize {
        self.interactive.len() + self.background.len()
    }

    /// How many go before a newcomer of this priority, at most.
    pub(super) fn ahead_of(&self, priority: Priority) -> usize {
        match priority {
            // On its turns the background goes in between.
            Priority::Interactive => {
                let between = self.interactive.len() / (BACKGROUND_SHARE as usize - 1);
                self.interactive.len() + between.min(self.background.len())
            }
            Priority::Background => self.len(),
        }
    }

    /// Which goes next. `may_go` says whether the rate lets one of this priority go: on its turn the background goes like
    /// a player, or players at the limit would stop it without end.
    pub(super) fn next(&self, mut may_go: impl FnMut(Priority) -> bool) -> Option<(Priority, Place)> {
        let background_turn = (self.taken + 1).is_multiple_of(BACKGROUND_SHARE);
        let (interactive, background) = (self.interactive.first(), self.background.first());
        match (interactive, background) {
            (_, Some(place)) if background_turn => {
                may_go(Priority::Interactive).then_some((Priority::Background, *place))
            }
            (Some(place), _) => may_go(Priority::Interactive).then_some((Priority::Interactive, *place)),
            (None, Some(place)) => may_go(Priority::Background).then_some((Priority::Background, *place)),
            (None, None) => None,
        }
    }

    /// Any work at all, players' first.
    pub(super) fn any(&self) -> Option<WorkId> {
        self.interactive.first().or(self.background.first()).map(|place| place.1)
    }

    /// Notes that one was sent.
    pub(super) fn count_taken(&mut self) {
        self.taken = self.taken.wrapping_add(1);
    }
}

/// What can be sent or asked now, by what it may be sent by.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// By the local rate.
    pub(super) local: Ready,
    /// By its place in the network's budget.
    pub(super) placed: Ready,
    /// The network is asked first.
    pub(super) unasked: Ready,
}

impl Queues {
    pub(super) fn of(&mut self, way: Way) -> &mut Ready {
        match way {
            Way::Local => &mut self.local,
            Way::Placed { .. } => &mut self.placed,
            Way::Unasked => &mut self.unasked,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.local.len() + self.placed.len() + self.unasked.len()
    }
}

/// Work that waits before it is sent again.
#[derive(Debug, Default)]
pub(super) struct Later(BTreeSet<(Instant, WorkId)>);

impl Later {
    pub(super) fn insert(&mut self, due: Instant, work: WorkId) {
        self.0.insert((due, work));
    }

    pub(super) fn remove(&mut self, due: Instant, work: WorkId) {
        self.0.remove(&(due, work));
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<WorkId> {
        let first = *self.0.first()?;
        if first.0 > now {
            return None;
        }
        self.0.remove(&first);
        Some(first.1)
    }

    /// When something is due next.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|(due, _)| *due)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Until when each request may take.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(Instant, usize)>);

impl Deadlines {
    pub(super) fn insert(&mut self, deadline: Instant, slot: usize) {
        self.0.insert((deadline, slot));
    }

    pub(super) fn remove(&mut self, deadline: Instant, slot: usize) {
        self.0.remove(&(deadline, slot));
    }

    /// A slot whose deadline is over.
    pub(super) fn first_expired(&self, now: Instant) -> Option<usize> {
        let (deadline, slot) = self.0.first()?;
        (*deadline <= now).then_some(*slot)
    }

    /// When the next one is over.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|(deadline, _)| *deadline)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_go_first_and_imports_are_not_starved() {
        let mut ready = Ready::default();
        for number in 0..100 {
            ready.insert(Priority::Background, (number, number));
            ready.insert(Priority::Interactive, (100 + number, 100 + number));
        }
        let mut background = 0;
        for turn in 1..=112 {
            let (priority, place) = ready.next(|_| true).unwrap();
            ready.remove(priority, place);
            ready.count_taken();
            if priority == Priority::Background {
                background += 1;
                assert_eq!(turn % 8, 0, "only on its turn");
            }
        }
        assert_eq!(background, 14);
    }

    #[test]
    fn on_its_turn_the_background_goes_like_a_player() {
        let mut ready = Ready::default();
        ready.insert(Priority::Background, (1, 1));
        for number in 0..20 {
            ready.insert(Priority::Interactive, (10 + number, 10 + number));
        }
        // The rate leaves nothing but what is reserved for players.
        let mut went = false;
        for _ in 0..8 {
            let (priority, place) = ready.next(|priority| priority == Priority::Interactive).unwrap();
            ready.remove(priority, place);
            ready.count_taken();
            went |= priority == Priority::Background;
        }
        assert!(went);
    }

    #[test]
    fn what_came_earlier_goes_first_also_when_it_is_sent_again() {
        let mut ready = Ready::default();
        ready.insert(Priority::Interactive, (5, 5));
        ready.insert(Priority::Interactive, (3, 9));
        assert_eq!(ready.next(|_| true), Some((Priority::Interactive, (3, 9))));
    }
}

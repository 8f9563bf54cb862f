//! The network of servers as the simulation's workers meet it: other servers that know answers of different ages, a budget
//! that is theirs, and every way in which it may not answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;

use super::api::{Api, Call};
use super::{At, millis};
use crate::network::Claim;
use crate::runtime::engine::schedule::queues::WorkId;
use crate::runtime::engine::schedule::{Consultation, Held};

/// How the network behaves towards everything it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Well,
    /// More is asked than the budget lets through.
    Full,
    /// Others ask the same all the time.
    Waits,
    /// Does not answer, which takes the whole timeout.
    Hangs,
    /// Is known not to answer.
    Gone,
}

/// What it says, and when it is heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) what: What,
    pub(super) after: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// This version of the customer; 0 for none. Asked at.
    Known(usize, u64, At),
    Unusable,
    Go(Duration, Option<Claim>),
    Again(Duration),
    Refused(Duration),
    Alone(Option<f64>),
}

/// By what an exchange may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Place(At),
    Alone,
}

pub(super) struct Servers {
    pub(super) mode: Mode,
    /// The chance that another server knows an answer.
    pub(super) knows: f64,
    pub(super) delay: Duration,
    /// Whether it fails now and then though it is well.
    pub(super) lapses: bool,
    /// What another server knows: the versions of all customers at that time.
    seen: Option<(At, Vec<u64>)>,
    /// Claims that were given and have not ended.
    held: BTreeSet<u64>,
    given: u64,
    granted: BTreeMap<WorkId, Grant>,
    pub(super) hits: u32,
}

/// How late a place may be used.
const LATE: Duration = millis(501);
pub(super) const TIMEOUT: Duration = millis(100);

impl Servers {
    pub(super) fn new(mode: Mode, knows: f64, delay: Duration) -> Self {
        Self {
            mode,
            knows,
            delay,
            lapses: true,
            seen: None,
            held: BTreeSet::new(),
            given: 0,
            granted: BTreeMap::new(),
            hits: 0,
        }
    }

    /// A worker asks about a piece of work.
    pub(super) fn ask(
        &mut self,
        asked: &Consultation,
        call: Call,
        api: &Api,
        now: At,
        random: &mut Rng,
    ) -> Said {
        if self.seen.is_none() || random.u32(0..3) == 0 {
            self.seen = Some((now, api.players.iter().map(|player| player.version).collect()));
        }
        let quick = Duration::from_micros(random.u64(50..2_000));
        let known = self.known(asked, call).filter(|_| random.f64() < self.knows);
        let (what, after) = match self.mode {
            Mode::Hangs => (What::Alone(share(random)), TIMEOUT),
            Mode::Gone => (What::Alone(share(random)), Duration::ZERO),
            _ if random.u32(0..200) == 0 && self.lapses => (What::Unusable, quick),
            _ if random.u32(0..200) == 0 && self.lapses => (What::Alone(share(random)), TIMEOUT),
            _ => match known {
                Some(known) => (known, quick),
                None if asked.only_known => (What::Refused(millis(10)), quick),
                None => (self.place(asked, random), quick),
            },
        };
        Said { what, after }
    }

    fn known(&self, asked: &Consultation, call: Call) -> Option<What> {
        let (at, versions) = self.seen.as_ref().filter(|_| asked.has_question)?;
        let Call::Look(player) = call else { panic!("{call:?} is not a question") };
        let version = versions.get(player).copied().unwrap_or(0);
        (version > 0 || !asked.must_exist).then_some(What::Known(player, version, *at))
    }

    fn place(&mut self, asked: &Consultation, random: &mut Rng) -> What {
        let chance = random.u32(0..10);
        if asked.has_question && asked.claim.is_none() && (chance == 0 || self.mode == Mode::Waits) {
            return What::Again(millis(random.u64(1..60)));
        }
        let after = if random.bool() { Duration::ZERO } else { self.delay.mul_f64(random.f64()) };
        if after > asked.left || (self.mode == Mode::Full && chance < 8) {
            return What::Refused(millis(random.u64(1..3_000)));
        }
        let claim = match asked.claim {
            Some(claim) if random.bool() => Some(claim),
            // Its lease is over: another takes its place.
            Some(claim) => {
                self.ended(claim);
                Some(self.claim())
            }
            None => asked.has_question.then(|| self.claim()),
        };
        What::Go(after, claim)
    }

    fn claim(&mut self) -> Claim {
        self.given += 1;
        self.held.insert(self.given);
        Claim { name: [7; 32], fence: self.given, stamp: 0 }
    }

    /// A claim ends, once.
    pub(super) fn ended(&mut self, claim: Claim) {
        assert!(self.held.remove(&claim.fence), "claim {} ends twice", claim.fence);
    }

    /// What it said has been heard.
    pub(super) fn heard(&mut self, work: WorkId, what: &What, now: At) {
        match what {
            What::Go(after, _) => self.granted.insert(work, Grant::Place(now + *after)),
            What::Alone(_) => self.granted.insert(work, Grant::Alone),
            What::Known(..) | What::Unusable | What::Again(_) | What::Refused(_) => {
                self.granted.remove(&work)
            }
        };
    }

    /// An exchange is about to begin: each has a place of its own, and keeps to it.
    pub(super) fn uses(&mut self, work: WorkId, now: At) -> Grant {
        let grant = self.granted.remove(&work).unwrap_or_else(|| panic!("{work} is sent without a place"));
        if let Grant::Place(due) = grant {
            assert!(due <= now, "{work} is sent {:?} before its place", due - now);
            assert!(now <= due + LATE, "{work} is sent {:?} after its place", now - due);
        }
        grant
    }

    /// An exchange ended and was settled.
    pub(super) fn settled(&mut self, held: Held) {
        match held {
            Held { claim: Some(claim), keeps: false } => self.ended(claim),
            Held { claim: Some(claim), keeps: true } => {
                assert!(self.held.contains(&claim.fence), "claim {} is kept though it ended", claim.fence);
            }
            Held { claim: None, .. } => {}
        }
    }

    pub(super) fn claims(&self) -> usize {
        self.held.len()
    }
}

fn share(random: &mut Rng) -> Option<f64> {
    random.bool().then(|| random.f64())
}

//! Hosts of every kind in virtual time: how long what they submit waits, and how many looks that takes.

use std::time::{Duration, Instant};

use super::*;

fn millis(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

/// A host's life, and what became of it.
struct World {
    start: Instant,
    now: Instant,
    rhythm: Rhythm,
    random: fastrand::Rng,
    next_look: Instant,
    /// What happens to the host's polls in the mailbox.
    polls: Polls,
    unseen: Vec<Instant>,
    waits: Vec<Duration>,
    looks: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            rhythm: Rhythm::new(),
            random: fastrand::Rng::with_seed(seed),
            next_look: start,
            polls: Polls::default(),
            unseen: Vec::new(),
            waits: Vec::new(),
            looks: 0,
        }
    }

    /// Between 0 and `most` milliseconds.
    fn up_to(&mut self, most: f64) -> Duration {
        millis(self.random.f64() * most)
    }

    /// The dispatcher looks, as often as it wants, until then.
    fn until(&mut self, then: Instant) {
        while self.next_look <= then {
            self.now = self.next_look;
            self.look();
        }
        self.now = then;
    }

    fn look(&mut self) {
        self.looks += 1;
        self.rhythm.looked(std::mem::take(&mut self.polls), self.now);
        for submitted in std::mem::take(&mut self.unseen) {
            self.rhythm.submitted(submitted);
            self.rhythm.found(self.now);
            self.waits.push(self.now - submitted);
        }
        let planned = self.rhythm.next_look(self.now);
        assert!(
            planned > self.now && planned - self.now <= Duration::from_millis(50),
            "{:?}",
            planned - self.now
        );
        // A timer is late, and rarely very late.
        let overshoot = if self.random.u8(..) == 0 { 1.0 } else { 0.15 };
        self.next_look = planned + self.up_to(overshoot);
    }

    fn poll_at(&mut self, at: Instant) {
        self.until(at);
        self.polls.more |= self.polls.first.is_some();
        self.polls.first.get_or_insert(at);
    }

    fn submit_at(&mut self, at: Instant) {
        self.until(at);
        self.unseen.push(at);
    }

    /// Forgets what was counted until now.
    fn count_from_here(&mut self) {
        self.looks = 0;
        self.waits.clear();
        self.start = self.now;
    }

    fn looks_a_second(&self) -> f64 {
        f64::from(self.looks) / (self.now - self.start).as_secs_f64()
    }

    /// Milliseconds that so large a share waited no longer than.
    fn wait(&mut self, share: f64) -> f64 {
        self.waits.sort_unstable();
        let rank = (self.waits.len() as f64 * share).ceil() as usize;
        self.waits[rank.max(1) - 1].as_secs_f64() * 1e3
    }
}

/// A host that ticks.
#[derive(Clone, Copy)]
struct Host {
    /// Milliseconds.
    period: f64,
    /// By how much a tick begins late, at most.
    jitter: f64,
    /// When in a tick it polls.
    polls: &'static [f64],
    /// Between which moments of a tick it submits.
    submits: (f64, f64),
    /// In how many of 1,000 ticks.
    busy: u32,
    /// One in how many ticks takes up to a second longer.
    spikes: Option<u32>,
}

const MINECRAFT: Host =
    Host { period: 50.0, jitter: 1.0, polls: &[0.0], submits: (0.0, 0.3), busy: 100, spikes: None };
const SOURCE: Host = Host { period: 15.625, jitter: 0.6, ..MINECRAFT };

impl Host {
    fn tick(&self, world: &mut World, ticks: u32) {
        let mut due = world.now;
        for _ in 0..ticks {
            let mut begins = due + world.up_to(self.jitter);
            if let Some(spikes) = self.spikes
                && world.random.u32(..spikes) == 0
            {
                begins += world.up_to(1_000.0);
                due = begins;
            }
            let mut moments: Vec<_> = self.polls.iter().map(|at| (millis(*at), false)).collect();
            if world.random.u32(..1_000) < self.busy {
                let (from, to) = self.submits;
                moments.push((millis(from) + world.up_to(to - from), true));
            }
            moments.sort_unstable();
            for (at, submits) in moments {
                if submits { world.submit_at(begins + at) } else { world.poll_at(begins + at) }
            }
            due += millis(self.period);
        }
        world.until(due);
    }
}

/// What a host gets, over many seeds.
#[derive(Debug, Clone, Copy)]
struct Got {
    median: f64,
    p99: f64,
    looks: f64,
    /// While it submits nothing.
    idle_looks: f64,
}

fn live(host: Host) -> Got {
    const SEEDS: u64 = 8;
    let mut all = World::new(0);
    let (mut looks, mut idle_looks) = (0.0, 0.0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let idle = Host { busy: 0, ..host };
        idle.tick(&mut world, 40);
        world.count_from_here();
        idle.tick(&mut world, 200);
        idle_looks += world.looks_a_second() / SEEDS as f64;
        world.count_from_here();
        host.tick(&mut world, 2_000);
        looks += world.looks_a_second() / SEEDS as f64;
        all.waits.append(&mut world.waits);
    }
    Got { median: all.wait(0.5), p99: all.wait(0.99), looks, idle_looks }
}

/// Fails when a host gets less than this, or at more looks.
fn expect(what: &str, host: Host, at_most: Got) {
    let got = live(host);
    let pairs = [
        (got.median, at_most.median),
        (got.p99, at_most.p99),
        (got.looks, at_most.looks),
        (got.idle_looks, at_most.idle_looks),
    ];
    assert!(pairs.iter().all(|(got, at_most)| got <= at_most), "{what}: {got:.2?}, not {at_most:?}");
}

#[test]
fn what_a_ticking_host_submits_is_found_at_once() {
    let good = Got { median: 1.5, p99: 4.0, looks: 250.0, idle_looks: 160.0 };
    expect("20 a second", MINECRAFT, Got { looks: 150.0, idle_looks: 135.0, ..good });
    expect("64 a second", SOURCE, good);
    let host = Host { submits: (0.0, 15.0), ..MINECRAFT };
    expect("somewhere in its work", host, good);
    let host = Host { submits: (0.0, 10.0), ..SOURCE };
    expect("anywhere in a short tick", host, Got { looks: 400.0, ..good });
    let host = Host { submits: (8.0, 9.0), ..SOURCE };
    expect("late in a tick", host, Got { looks: 350.0, ..good });
    let host = Host { polls: &[0.0, 6.0], submits: (0.0, 8.0), ..MINECRAFT };
    expect("two polls a tick", host, good);
    let host = Host { polls: &[0.0, 6.0], ..SOURCE };
    expect("two polls a short tick", host, Got { looks: 300.0, ..good });
    let host = Host { polls: &[0.0, 6.0, 7.0, 20.0], submits: (0.0, 20.0), ..MINECRAFT };
    expect("many polls a tick", host, good);
    let host = Host { spikes: Some(200), ..MINECRAFT };
    expect("now and then a long tick", host, good);
    let host = Host { period: 7.8, jitter: 0.3, ..MINECRAFT };
    expect("128 a second", host, Got { looks: 300.0, idle_looks: 180.0, ..good });
    let host = Host { period: 33.3, submits: (20.0, 30.0), ..MINECRAFT };
    expect("what must be learned", host, Got { p99: 12.0, looks: 350.0, ..good });
    expect("ticks that are not exact", Host { jitter: 4.0, ..MINECRAFT }, Got { p99: 6.0, ..good });
}

#[test]
fn a_host_that_knows_when_it_submits_costs_little() {
    let mut world = World::new(1);
    Host { busy: 500, ..MINECRAFT }.tick(&mut world, 1_000);
    let quiet = Host { busy: 0, ..MINECRAFT };
    quiet.tick(&mut world, 200);
    world.count_from_here();
    quiet.tick(&mut world, 200);
    assert!(world.looks_a_second() < 65.0, "{}", world.looks_a_second());
}

#[test]
fn another_rate_is_learned() {
    let mut world = World::new(1);
    for host in [MINECRAFT, SOURCE, Host { period: 100.0, ..MINECRAFT }, MINECRAFT, SOURCE] {
        Host { busy: 0, ..host }.tick(&mut world, 100);
        world.count_from_here();
        host.tick(&mut world, 2_000);
        let (median, p99) = (world.wait(0.5), world.wait(0.99));
        assert!(median < 1.5 && p99 < 4.0, "{}: {median} {p99}", host.period);
    }
}

#[test]
fn a_host_without_a_rhythm_is_looked_at_evenly() {
    for polls in [false, true] {
        let mut world = World::new(1);
        for _ in 0..200 {
            let then = world.now + world.up_to(1_000.0);
            if polls {
                world.poll_at(then);
            }
            world.until(then);
        }
        let looks = world.looks_a_second();
        assert!((75.0..=85.0).contains(&looks), "idle: {looks}");
        world.count_from_here();
        for _ in 0..200 {
            let then = world.now + Duration::from_secs(2) + world.up_to(1_000.0);
            world.submit_at(then);
        }
        assert!(world.wait(0.5) < 7.0 && world.wait(1.0) < 14.0, "{} {}", world.wait(0.5), world.wait(1.0));
        assert!(world.looks_a_second() < 100.0, "{}", world.looks_a_second());
    }
}

#[test]
fn after_a_submit_more_are_found_sooner() {
    let mut world = World::new(1);
    for _ in 0..1_000 {
        let then = world.now + world.up_to(10.0);
        world.submit_at(then);
    }
    assert!(world.wait(0.5) < 1.0 && world.wait(0.99) < 4.0, "{} {}", world.wait(0.5), world.wait(0.99));
}

#[test]
fn a_host_that_stops_polling_has_no_rhythm() {
    let mut world = World::new(1);
    Host { busy: 0, ..SOURCE }.tick(&mut world, 200);
    assert!(world.rhythm.track.ticks().is_some());
    world.until(world.now + Duration::from_secs(1));
    world.count_from_here();
    world.until(world.now + Duration::from_secs(10));
    assert!(world.rhythm.track.ticks().is_none());
    assert!((75.0..=85.0).contains(&world.looks_a_second()), "{}", world.looks_a_second());
}

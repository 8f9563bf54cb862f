//! A host, a network and an API that do anything, drawn from one seed.

use std::time::Duration;

use fastrand::Rng;

use super::api::{Api, Bucket, Faults, Mode};
use super::checks::Checks;
use super::servers::{self, Servers};
use super::world::{Ask, Setup, What, World};
use super::{At, LEASE, millis, rules};
use crate::operations::Status;
use crate::policy::cache::CachePolicy;
use crate::policy::rate::RatePolicy;
use crate::runtime::mailbox::Priority;

/// Runs one seed to its end; says in one number what happened.
pub(super) fn run(seed: u64, says: bool) -> u64 {
    let mut random = Rng::with_seed(seed);
    let (mut world, mut host) = set_up(&mut random);
    world.says = says;
    let acts = host.acts;
    for _ in 0..acts {
        let gap = match random.u32(0..60) {
            0 => millis(random.u64(500..4_000)),
            1..20 => Duration::ZERO,
            _ => Duration::from_micros(random.u64(0..2 * host.gap.as_micros() as u64)),
        };
        world.run_for(gap);
        host.act(&mut world, &mut random);
    }
    finish(&mut world);
    world.hash
}

fn set_up(random: &mut Rng) -> (World, Host) {
    let mut rules = rules(random.u64(..));
    rules.retry.max_attempts = random.u32(1..5);
    rules.retry.base = millis(random.u64(20..400));
    rules.breaker.threshold = if random.u32(0..10) == 0 { 0 } else { random.u32(2..21) };
    rules.breaker.longest = millis(random.u64(1_000..6_000));
    rules.max_held_bytes = random.usize(20_000..1_000_000);
    rules.has_network = random.u32(0..3) == 0;
    let servers = rules.has_network.then(|| {
        let delay = millis(random.u64(0..2_000));
        Servers::new(*random.choice(SERVERS.iter()).unwrap_or(&servers::Mode::Well), random.f64(), delay)
    });
    if random.u32(0..3) == 0 {
        let per_second = random.f64() * 40.0 + 1.0;
        rules.rate = RatePolicy { per_second, burst: random.f64() * 20.0 };
    }
    let remembers = random.u32(0..4) > 0;
    let cache = CachePolicy {
        ttl: if remembers { millis(random.u64(10..20_000)) } else { Duration::ZERO },
        negative_ttl: millis(random.u64(1..5_000)),
        stale: millis(random.u64(1_000..30_000)),
        max_bytes: 64 * 1024,
    };
    let setup = Setup {
        workers: random.usize(1..9),
        capacity: random.usize(4..49),
        rules,
        cache,
        servers,
        collects: random.bool(),
        races: if random.bool() { random.f64() * 0.1 } else { 0.0 },
    };
    let players = if random.bool() { random.usize(1..4) } else { random.usize(10..40) };
    let latency = *random.choice([0, 2, 10, 40, 150, 600].iter()).unwrap_or(&10);
    let mut api = Api::new(players, millis(latency));
    for player in &mut api.players {
        player.version = u64::from(random.bool());
    }
    let chaos = *random.choice([0.0, 0.005, 0.05].iter()).unwrap_or(&0.0);
    api.faults = Faults {
        lost: chaos * random.f64(),
        reset: chaos * random.f64(),
        server: chaos * random.f64(),
        html: chaos * random.f64(),
        dead: chaos * random.f64() * 2.0,
        local: chaos * random.f64(),
        large: 0.02 * random.f64(),
    };
    if random.u32(0..3) == 0 {
        api.limit = Some(Bucket::new(random.f64() * 40.0 + 2.0, random.f64() * 10.0 + 1.0));
    }
    api.says_retry_after = random.bool();
    let world = World::new(setup, api, Rng::with_seed(random.u64(..)));
    let host = Host {
        acts: random.u32(20..160),
        gap: millis(*random.choice([1, 10, 50, 200].iter()).unwrap_or(&10)),
        players,
        background: random.f64(),
        fails: random.bool(),
        polls: true,
    };
    (world, host)
}

/// How the network of servers may behave; well as a rule.
const SERVERS: [servers::Mode; 7] = [
    servers::Mode::Well,
    servers::Mode::Well,
    servers::Mode::Well,
    servers::Mode::Full,
    servers::Mode::Waits,
    servers::Mode::Hangs,
    servers::Mode::Gone,
];

struct Host {
    acts: u32,
    gap: Duration,
    players: usize,
    background: f64,
    /// The API has outages.
    fails: bool,
    polls: bool,
}

impl Host {
    fn act(&mut self, world: &mut World, random: &mut Rng) {
        match random.u32(0..100) {
            0..72 => {
                for _ in 0..*random.choice([1, 1, 1, 2, 8].iter()).unwrap_or(&1) {
                    let ask = self.ask(random);
                    world.submit(ask);
                }
            }
            72..82 => {
                // One of the latest.
                let count = world.requests.len();
                if count > 0 {
                    world.cancel(count - 1 - random.usize(0..count.min(20)));
                }
            }
            82..86 => self.polls = random.bool(),
            86..92 if self.fails => {
                let modes =
                    [Mode::Healthy, Mode::Healthy, Mode::Hangs, Mode::Refuses, Mode::Fails, Mode::Html];
                world.api.mode = *random.choice(modes.iter()).unwrap_or(&Mode::Healthy);
            }
            92..93 => world.api.lose_next = 1,
            93..95 => {
                if let Some(servers) = &mut world.setup.servers {
                    servers.mode = *random.choice(SERVERS.iter()).unwrap_or(&servers::Mode::Well);
                }
            }
            _ => {}
        }
        if self.polls {
            world.poll();
        }
    }

    fn ask(&self, random: &mut Rng) -> Ask {
        let player = random.usize(0..self.players);
        let what = match random.u32(0..100) {
            0..40 => What::Lookup(player),
            40..50 => What::Get(player),
            50..65 => What::Ensure(player),
            65..73 => What::Token(player),
            73..78 => What::Create(player),
            78..86 => What::Update(player),
            86..89 => What::RawGet,
            89..93 => What::RawPost,
            93..95 => What::RawPatch(player),
            _ => What::List,
        };
        let deadline = Duration::from_micros(10_f64.powf(3.0 + random.f64() * 4.78) as u64);
        let background = random.f64() < self.background;
        let priority = if background { Priority::Background } else { Priority::Interactive };
        Ask { what, priority, deadline }
    }
}

/// The API is well again: the circuit closes, everything is answered, and nothing is kept.
fn finish(world: &mut World) {
    world.api.mode = Mode::Healthy;
    world.api.faults = Faults::default();
    world.api.limit = None;
    world.api.lose_next = 0;
    if let Some(servers) = &mut world.setup.servers {
        (servers.mode, servers.delay, servers.lapses) = (servers::Mode::Well, Duration::ZERO, false);
    }
    world.setup.races = 0.0;
    world.setup.collects = true;
    world.poll();
    // What a 429 has closed opens by itself.
    let paused: At = if world.checks.exchanges > 0 { millis(35_000) } else { At::ZERO };
    let patience = LEASE + world.setup.rules.breaker.longest + paused + millis(6_000);
    let mut could_ask = world.now;
    while world.schedule.is_circuit_open() {
        if world.all_busy() || world.room_is_taken() {
            could_ask = world.now;
        }
        assert!(
            world.now - could_ask < patience,
            "the circuit is open {patience:?} after the API was well again and there was a worker and room for its answer"
        );
        world.submit(Ask { what: What::RawGet, priority: Priority::Interactive, deadline: millis(5_000) });
        world.run_for(millis(500));
    }
    world.run_for(millis(62_000));
    let last =
        world.submit(Ask { what: What::RawGet, priority: Priority::Interactive, deadline: millis(10_000) });
    world.run_for(millis(11_000));
    let last = last.expect("there is room");
    let (_, status) = world.requests[last].ended.expect("is over");
    assert_eq!(status, Status::Ok, "a healthy API answers in the end");
    Checks::at_the_end(world);
}

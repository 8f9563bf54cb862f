//! Servers that share a Redis, in virtual time: players arrive, customers are created and changed, and in a storm servers
//! die, keys are rotated and Redis is emptied. Redis is a real one, which is told the time.

pub(super) mod rig;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use self::rig::*;
use crate::model::Secret;
use crate::network::link::LinkEvents;
use crate::network::{Ask, Claim, Network, Settled, SettledAnswer, Verdict, Written};
use crate::policy::rate::RatePolicy;

const SERVERS: usize = 5;
const PLAYERS: usize = 100;
const ARRIVALS: u64 = 700;
const RATE: RatePolicy = RatePolicy { per_second: 40.0, burst: 10.0 };
const PATIENT: Duration = Duration::from_secs(10);
const CLOCK: &str = "test:now";
const START: Duration = Duration::from_secs(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

type Id = u64;

#[derive(Debug, Clone, Copy)]
enum Event {
    Arrive,
    Consult(Id),
    Send(Id),
    /// PayNow looks at it.
    Reach(Id),
    Answer(Id, Answered),
    Write,
    Written(usize, usize, u32),
    Tick(usize, u64),
    Kill,
    /// The leases of a server that died run out.
    Expire([u8; 16]),
    Start(usize),
    Rotate,
    Flush,
    ForgetScripts,
}

#[derive(Debug, Clone, Copy)]
enum Answered {
    Found(u32),
    Absent,
    Created(u32),
    Conflict,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Look,
    Create,
    LookAgain,
}

struct Work {
    server: usize,
    life: u64,
    player: usize,
    must_exist: bool,
    deadline: Duration,
    claim: Option<Claim>,
    step: Step,
}

#[derive(Default, Clone, Copy)]
struct Player {
    /// At PayNow: what was changed last; 0: there is no such customer.
    version: u32,
    /// What the network was told of.
    told: u32,
}

#[derive(Debug, Default)]
struct Counts {
    known: u32,
    look_ups: u32,
    creates: u32,
    conflicts: u32,
    refused: u32,
    late: u32,
    alone: u32,
    writes: u32,
    deaths: u32,
    flushes: u32,
}

struct World {
    seed: u64,
    redis: Arc<Redis>,
    random: fastrand::Rng,
    now: Duration,
    events: BTreeMap<(Duration, u64), Event>,
    number: u64,
    servers: Vec<Option<Server>>,
    lives: Vec<u64>,
    works: HashMap<Id, Work>,
    players: [Player; PLAYERS],
    sent: Vec<Duration>,
    asked: HashSet<usize>,
    counts: Counts,
}

fn question(player: usize) -> String {
    format!("/v1/stores/1/customers/lookup?steam_id={player}")
}

fn body(player: usize, version: u32) -> String {
    format!("{player} in version {version}")
}

impl World {
    fn new(redis: &Arc<Redis>, seed: u64) -> Self {
        redis.run(&[b"FLUSHALL"]);
        redis.tell(CLOCK, START);
        let mut world = Self {
            seed,
            redis: Arc::clone(redis),
            random: fastrand::Rng::with_seed(seed),
            now: START,
            events: BTreeMap::new(),
            number: 0,
            servers: (0..SERVERS).map(|_| None).collect(),
            lives: vec![0; SERVERS],
            works: HashMap::new(),
            players: [Player::default(); PLAYERS],
            sent: Vec::new(),
            asked: HashSet::new(),
            counts: Counts::default(),
        };
        for server in 0..SERVERS {
            world.handle(Event::Start(server));
        }
        for _ in 0..ARRIVALS {
            world.later(20_000, Event::Arrive);
        }
        world
    }

    /// At some time in so many milliseconds.
    fn later(&mut self, millis: u64, event: Event) {
        let after = Duration::from_micros(self.random.u64(..millis.max(1) * 1_000));
        self.after(after, event);
    }

    fn after(&mut self, after: Duration, event: Event) {
        self.number += 1;
        self.events.insert((self.now + after, self.number), event);
    }

    fn run(mut self) -> Counts {
        while let Some(((now, _), event)) = self.events.pop_first() {
            self.now = now;
            self.redis.tell(CLOCK, now);
            self.handle(event);
            let only_ticks = self.events.values().all(|event| matches!(event, Event::Tick(..)));
            if only_ticks && self.works.is_empty() {
                break;
            }
        }
        assert!(self.works.is_empty(), "seed {}: {} have no end", self.seed, self.works.len());
        self.check_rate();
        self.counts
    }

    /// In no window more is sent than the burst and the rate allow; each time Redis forgets, there is a new burst.
    fn check_rate(&mut self) {
        self.sent.sort();
        let burst = RATE.burst * f64::from(1 + self.counts.flushes);
        for (first, from) in self.sent.iter().enumerate() {
            for (more, to) in self.sent[first..].iter().enumerate() {
                let most = burst + RATE.per_second * (*to - *from).as_secs_f64() + 0.01;
                assert!((more + 1) as f64 <= most, "seed {}: {} in {:?}", self.seed, more + 1, *to - *from);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive => {
                let alive: Vec<usize> = (0..SERVERS).filter(|at| self.servers[*at].is_some()).collect();
                let Some(&server) = alive.get(self.random.usize(..alive.len().max(1))) else { return };
                let player = self.random.usize(..PLAYERS);
                self.number += 1;
                let id = self.number;
                let must_exist = self.random.u8(..4) > 0;
                let work = Work {
                    server,
                    life: self.lives[server],
                    player,
                    must_exist,
                    deadline: self.now + PATIENT,
                    claim: None,
                    step: Step::Look,
                };
                self.works.insert(id, work);
                self.consult(id);
            }
            Event::Consult(id) => self.consult(id),
            Event::Send(id) => {
                if self.works.contains_key(&id) {
                    self.sent.push(self.now);
                    self.later(40, Event::Reach(id));
                }
            }
            Event::Reach(id) => self.reach(id),
            Event::Answer(id, answered) => self.answer(id, answered),
            Event::Write => {
                let server = self.random.usize(..SERVERS);
                let player = self.random.usize(..PLAYERS);
                if self.players[player].version > 0 && self.servers[server].is_some() {
                    self.players[player].version += 1;
                    self.counts.writes += 1;
                    self.later(40, Event::Written(server, player, self.players[player].version));
                }
            }
            Event::Written(server, player, version) => {
                if let Some(server) = &self.servers[server] {
                    server.write(Written::Customer(&player.to_string()));
                    self.players[player].told = self.players[player].told.max(version);
                }
            }
            Event::Tick(server, life) => {
                if self.lives[server] == life
                    && let Some(server_of) = &self.servers[server]
                {
                    server_of.events().tick();
                    self.after(SECOND, Event::Tick(server, life));
                }
            }
            Event::Kill => {
                let at = self.random.usize(..SERVERS);
                if let Some(server) = self.servers[at].take() {
                    self.counts.deaths += 1;
                    self.after(SECOND * 3, Event::Expire(server.rules().me));
                    self.later(2_000, Event::Start(at));
                    self.works.retain(|_, work| work.server != at);
                }
            }
            Event::Expire(me) => {
                for key in self.redis.keys("*:l:*") {
                    let held = self.redis.run(&[b"GET", key.as_bytes()]);
                    if held.bytes().is_some_and(|held| held.starts_with(&me)) {
                        self.redis.run(&[b"DEL", key.as_bytes()]);
                    }
                }
            }
            Event::Start(at) => {
                let is_rotated = self.counts.deaths > 0 && self.random.bool();
                let api_key = Secret::new(if is_rotated { "pnapi_second" } else { "pnapi_first" }.to_owned());
                let setup = Setup { api_key, rate: RATE, clock: Some(CLOCK), ..Setup::default() };
                self.servers[at] = Some(Server::start(&self.redis, &setup));
                self.lives[at] += 1;
                self.after(SECOND, Event::Tick(at, self.lives[at]));
            }
            Event::Rotate => {
                if let Some(server) = &self.servers[self.random.usize(..SERVERS)] {
                    server.tier.set_api_key(Secret::new("pnapi_second".to_owned()));
                }
            }
            Event::Flush => {
                self.counts.flushes += 1;
                self.redis.run(&[b"FLUSHALL"]);
                self.redis.tell(CLOCK, self.now);
            }
            Event::ForgetScripts => drop(self.redis.run(&[b"SCRIPT", b"FLUSH"])),
        }
    }

    fn consult(&mut self, id: Id) {
        let Some(work) = self.works.get(&id) else { return };
        let Some(server) = &self.servers[work.server] else { return };
        assert_eq!(work.life, self.lives[work.server]);
        let asked = question(work.player);
        let ask = Ask {
            question: (work.step == Step::Look).then_some(asked.as_str()),
            must_exist: work.must_exist,
            only_known: false,
            interactive: true,
            left: (work.deadline - self.now).saturating_sub(SECOND / 10),
            claim: work.claim,
        };
        let (player, seed, claim, deadline) = (work.player, self.seed, work.claim, work.deadline);
        let told = self.players[player].told;
        match server.ask(ask) {
            Verdict::Known(known) => {
                let said = said(&known);
                if said.is_empty() {
                    assert!(!ask.must_exist, "seed {seed}");
                    assert_eq!(told, 0, "seed {seed}: {player} exists, and all were told");
                } else {
                    let (whose, version) = said.split_once(" in version ").unwrap();
                    assert_eq!(whose, player.to_string(), "seed {seed}: another's answer");
                    let version: u32 = version.parse().unwrap();
                    assert!(version >= told, "seed {seed}: {player} in version {version} after {told}");
                }
                self.counts.known += 1;
                self.works.remove(&id);
            }
            Verdict::Go { after, claim } => {
                self.works.get_mut(&id).unwrap().claim = claim;
                self.after(after, Event::Send(id));
            }
            Verdict::Again(after) if self.now + after < deadline => self.after(after, Event::Consult(id)),
            other => {
                match other {
                    Verdict::Refused { .. } => self.counts.refused += 1,
                    Verdict::Alone { .. } => self.counts.alone += 1,
                    _ => self.counts.late += 1,
                }
                if let Some(claim) = claim {
                    server.tier.give_up(claim);
                }
                self.works.remove(&id);
            }
        }
    }

    fn reach(&mut self, id: Id) {
        let Some(work) = self.works.get(&id) else { return };
        let player = &mut self.players[work.player];
        let answered = match (work.step, player.version) {
            (Step::Create, 0) => {
                player.version = 1;
                self.counts.creates += 1;
                Answered::Created(1)
            }
            (Step::Create, _) => {
                self.counts.conflicts += 1;
                Answered::Conflict
            }
            (_, version) => {
                self.counts.look_ups += 1;
                self.asked.insert(work.player);
                if version == 0 { Answered::Absent } else { Answered::Found(version) }
            }
        };
        self.later(40, Event::Answer(id, answered));
    }

    fn answer(&mut self, id: Id, answered: Answered) {
        let Some(work) = self.works.get_mut(&id) else { return };
        let server = self.servers[work.server].as_ref().unwrap();
        let (asked, player) = (question(work.player), work.player.to_string());
        let customer;
        let goes_on = match (answered, work.step) {
            (Answered::Absent, Step::Look) => work.must_exist,
            (Answered::Conflict, _) => true,
            _ => false,
        };
        let answer = match answered {
            Answered::Found(version) | Answered::Created(version) => {
                customer = body(work.player, version);
                SettledAnswer::Customer { id: &player, body: customer.as_bytes() }
            }
            Answered::Absent => SettledAnswer::Absent,
            Answered::Conflict => SettledAnswer::Other,
        };
        let is_created = matches!(answered, Answered::Created(_));
        server.tier.settle(&Settled {
            claim: work.claim,
            keeps_claim: goes_on,
            question: Some(&asked),
            answer,
            written: if is_created { Written::Created } else { Written::Nothing },
            ..settled()
        });
        if is_created {
            let told = &mut self.players[work.player].told;
            *told = 1.max(*told);
        }
        if goes_on {
            work.step = if work.step == Step::Look { Step::Create } else { Step::LookAgain };
            self.consult(id);
        } else {
            self.works.remove(&id);
        }
    }
}

/// These; or, from the environment, others: `NETWORK_SEEDS=0..500`.
fn seeds(usual: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(wanted) = std::env::var("NETWORK_SEEDS") else { return usual };
    let (first, end) = wanted.split_once("..").expect("two numbers with .. between them");
    first.parse().unwrap()..end.parse().unwrap()
}

#[test]
fn on_calm_days_every_question_is_asked_once_and_every_customer_created_once() {
    let Some(redis) = redis(&[]) else { return };
    for seed in seeds(0..4) {
        let mut world = World::new(&redis, seed);
        for _ in 0..20 {
            world.later(20_000, Event::Write);
        }
        let counts = world.run();
        let context = format!("seed {seed}: {counts:?}");
        assert!(counts.creates as usize > PLAYERS * 9 / 10, "{context}");
        assert_eq!((counts.conflicts, counts.refused, counts.late, counts.alone), (0, 0, 0, 0), "{context}");
        assert!(counts.known > 200, "{context}");
        // Once each, again after a change, and for those of whom it was only known that they do not exist.
        assert!(counts.look_ups <= PLAYERS as u32 + counts.writes * 2 + 60, "{context}");
    }
}

#[test]
fn in_a_storm_no_answer_is_older_than_a_write_and_nothing_hangs() {
    let Some(redis) = redis(&[]) else { return };
    for seed in seeds(100..108) {
        let mut world = World::new(&redis, seed);
        for (count, event) in [
            (60, Event::Write),
            (6, Event::Kill),
            (6, Event::Rotate),
            (2, Event::Flush),
            (3, Event::ForgetScripts),
        ] {
            for _ in 0..count {
                world.later(20_000, event);
            }
        }
        let counts = world.run();
        let context = format!("seed {seed}: {counts:?}");
        assert_eq!((counts.late, counts.alone), (0, 0), "{context}");
        // A leader that dies with a create under way, or a Redis that forgets its lease.
        assert!(counts.conflicts <= counts.deaths * 3 + counts.flushes * 10, "{context}");
        assert!(counts.creates as usize <= PLAYERS && counts.known > 100, "{context}");
    }
}

//! One situation each, in which one rule decides. What must always hold is checked besides (see `checks`).

use std::time::Duration;

use fastrand::Rng;

use super::api::{Api, Faults, Mode};
use super::checks::Checks;
use super::servers::{self, Servers};
use super::world::{Ask, Setup, What, World};
use super::{LEASE, millis, rules};
use crate::operations::Status;
use crate::policy::cache::CachePolicy;
use crate::policy::rate::RatePolicy;
use crate::runtime::mailbox::Priority::{self, Background, Interactive};

fn setup() -> Setup {
    Setup {
        workers: 8,
        capacity: 400,
        rules: rules(1),
        cache: CachePolicy { max_bytes: 64 * 1024, ..CachePolicy::default() },
        collects: true,
        servers: None,
        races: 0.0,
    }
}

fn world(setup: Setup, latency: u64) -> World {
    World::new(setup, Api::new(400, millis(latency)), Rng::with_seed(1))
}

fn ask(world: &mut World, what: What, priority: Priority, deadline: u64) -> usize {
    world.submit(Ask { what, priority, deadline: millis(deadline) }).expect("there is room")
}

fn player(world: &mut World, what: What, deadline: u64) -> usize {
    ask(world, what, Interactive, deadline)
}

/// How a request ended, and how long that took.
fn end(world: &World, request: usize) -> (Status, Duration) {
    let asked = &world.requests[request];
    let (at, status) = asked.ended.expect("has ended");
    (status, at - asked.accepted)
}

fn assert_answered(world: &World, request: usize, within: u64) {
    let (status, took) = end(world, request);
    assert_eq!(status, Status::Ok, "request {request}");
    assert!(took <= millis(within), "request {request} took {took:?}");
}

#[test]
fn a_lost_exchange_keeps_no_one_else_waiting() {
    let mut world = world(setup(), 20);
    world.api.lose_next = 1;
    let mut requests = Vec::new();
    for _ in 0..10 {
        requests.push(player(&mut world, What::Lookup(0), 60_000));
        world.run_for(millis(1_000));
    }
    for request in &requests[1..] {
        assert_answered(&world, *request, 1_500);
    }
}

#[test]
fn a_player_who_joins_a_lost_import_asks_again() {
    let mut world = world(setup(), 20);
    world.api.lose_next = 1;
    ask(&mut world, What::Lookup(0), Background, 60_000);
    world.run_for(millis(300));
    let joins = player(&mut world, What::Lookup(0), 10_000);
    world.run_for(millis(11_000));
    assert_answered(&world, joins, 2_000);
}

#[test]
fn what_is_lost_is_not_joined() {
    let mut world = world(setup(), 20);
    world.api.lose_next = 1;
    player(&mut world, What::Lookup(0), 60_000);
    world.run_for(millis(3_000));
    let second = player(&mut world, What::Lookup(0), 10_000);
    world.run_for(millis(1_000));
    assert_answered(&world, second, 100);
    assert_eq!(world.coalesced(), 0);
}

#[test]
fn a_player_who_joins_an_import_goes_before_other_imports() {
    let mut setup = setup();
    setup.workers = 1;
    let mut world = world(setup, 100);
    for number in 0..40 {
        ask(&mut world, What::Lookup(number), Background, 60_000);
    }
    world.run_for(millis(20));
    let joins = player(&mut world, What::Lookup(39), 10_000);
    world.run_for(millis(10_000));
    assert_answered(&world, joins, 1_000);
}

#[test]
fn a_player_does_not_sit_out_the_wait_of_an_import() {
    let mut setup = setup();
    (setup.rules.retry.base, setup.rules.retry.cap) = (millis(50_000), millis(50_000));
    let mut world = world(setup, 20);
    world.api.mode = Mode::Refuses;
    ask(&mut world, What::Lookup(0), Background, 60_000);
    world.run_for(millis(100));
    world.api.mode = Mode::Healthy;
    let joins = player(&mut world, What::Lookup(0), 10_000);
    world.run_for(millis(11_000));
    assert_answered(&world, joins, 200);
}

#[test]
fn a_question_cancelled_while_it_waits_is_asked_at_once_by_the_next() {
    let mut setup = setup();
    (setup.rules.retry.base, setup.rules.retry.cap) = (millis(50_000), millis(50_000));
    let mut world = world(setup, 20);
    world.api.mode = Mode::Refuses;
    let first = player(&mut world, What::Lookup(0), 60_000);
    world.run_for(millis(100));
    world.cancel(first);
    world.api.mode = Mode::Healthy;
    let next = player(&mut world, What::Lookup(0), 60_000);
    world.run_for(millis(61_000));
    assert_eq!(end(&world, first).0, Status::Cancelled);
    assert_answered(&world, next, 200);
}

#[test]
fn a_probe_that_is_lost_does_not_keep_the_circuit_open() {
    let mut setup = setup();
    setup.rules.breaker.threshold = 3;
    setup.rules.breaker.longest = millis(2_000);
    let mut world = world(setup, 20);
    world.api.mode = Mode::Refuses;
    for number in 0..6 {
        player(&mut world, What::Lookup(number), 2_000);
    }
    world.run_for(millis(1_000));
    assert!(world.schedule.is_circuit_open());
    world.api.mode = Mode::Hangs;
    // One of these is the probe.
    for number in 0..40 {
        player(&mut world, What::Lookup(number), 60_000);
        world.run_for(millis(100));
    }
    world.api.mode = Mode::Healthy;
    let healthy = world.now;
    while world.schedule.is_circuit_open() {
        assert!(world.now - healthy <= LEASE + millis(2_500), "the circuit stays open");
        player(&mut world, What::Lookup(50), 60_000);
        world.run_for(millis(100));
    }
}

#[test]
fn a_probe_that_is_cancelled_before_it_is_sent_leaves_its_turn_to_the_next() {
    let mut world = world(wary(), 20);
    world.api.mode = Mode::Refuses;
    for number in 0..6 {
        player(&mut world, What::Lookup(number), 2_000);
    }
    world.run_for(millis(1_000));
    assert!(world.schedule.is_circuit_open());
    world.run_for(millis(20_000));
    world.api.mode = Mode::Healthy;
    let probe = player(&mut world, What::Lookup(10), 2_000);
    world.run_until_assigned();
    world.cancel(probe);
    world.run_for(millis(20));
    let next = player(&mut world, What::Lookup(11), 2_000);
    world.run_for(millis(1_000));
    assert_answered(&world, next, 200);
}

/// Settings with which three failures would open the circuit.
fn wary() -> Setup {
    let mut setup = setup();
    setup.rules.breaker.threshold = 3;
    setup
}

#[test]
fn our_own_queue_does_not_open_the_circuit() {
    let mut world = world(Setup { workers: 1, ..wary() }, 200);
    for number in 0..200 {
        player(&mut world, What::Lookup(number), 350);
        world.run_for(millis(30));
    }
    assert_eq!((world.checks.opened, world.warnings.len()), (0, 0), "{:?}", world.warnings);
}

#[test]
fn cancels_do_not_open_the_circuit() {
    let mut world = world(wary(), 20);
    for number in 0..50 {
        // Once answered with a failure, then lost, then cancelled.
        let request = player(&mut world, What::Lookup(number), 60_000);
        if number % 10 == 0 {
            world.api.mode = Mode::Fails;
            world.run_for(millis(80));
        }
        world.api.mode = Mode::Hangs;
        world.run_for(millis(400));
        world.cancel(request);
        world.run_for(millis(20));
        world.api.mode = Mode::Healthy;
        if number % 10 == 0 {
            player(&mut world, What::RawGet, 60_000);
            world.run_for(millis(400));
        }
    }
    assert_eq!(world.checks.opened, 0, "{:?}", world.warnings);
}

#[test]
fn what_this_machine_lacks_does_not_open_the_circuit() {
    for faults in [Faults { local: 1.0, ..Faults::default() }, Faults { dead: 1.0, ..Faults::default() }] {
        let mut world = world(wary(), 20);
        world.api.faults = faults;
        for number in 0..40 {
            player(&mut world, What::Lookup(number), 5_000);
        }
        world.run_for(millis(6_000));
        assert_eq!(world.checks.opened, 0, "{:?}", world.warnings);
    }
}

#[test]
fn every_exchange_counts_towards_the_rate() {
    let mut setup = setup();
    setup.rules.rate = RatePolicy { per_second: 10.0, burst: 5.0 };
    let mut world = world(setup, 20);
    world.api.faults = Faults { server: 0.2, dead: 0.2, ..Faults::default() };
    for number in 0..100 {
        world.api.players[number].version = 0;
        player(&mut world, What::Token(number), 20_000);
        world.run_for(millis(50));
    }
    world.run_for(millis(20_000));
    // More were begun than the rate lets through at once; that it was never exceeded is among the checks.
    assert!(world.checks.exchanges > 100, "{}", world.checks.exchanges);
}

#[test]
fn imports_keep_their_share_and_no_more() {
    let mut setup = setup();
    setup.workers = 1;
    setup.cache.ttl = Duration::ZERO;
    let mut world = world(setup, 50);
    for number in 0..100 {
        ask(&mut world, What::Lookup(number), Background, 60_000);
    }
    let mut players = Vec::new();
    for number in 0..150 {
        players.push(player(&mut world, What::Lookup(200 + number), 60_000));
    }
    world.run_for(millis(5_000));
    let answered =
        |world: &World, range: std::ops::Range<usize>| range.filter(|at| !world.is_pending(*at)).count();
    let (imports, prompts) = (answered(&world, 0..100), answered(&world, 100..250));
    assert!(prompts > 50, "{prompts} players were answered");
    assert!((prompts / 8..=prompts / 7 + 2).contains(&imports), "{imports} imports beside {prompts} players");
    world.run_for(millis(56_000));
    Checks::at_the_end(&world);
}

#[test]
fn near_the_limit_requests_are_answered_in_time_or_refused_at_once() {
    let mut setup = setup();
    setup.rules.rate = RatePolicy { per_second: 10.0, burst: 5.0 };
    let mut world = world(setup, 20);
    let requests: Vec<usize> = (0..300)
        .map(|number| {
            world.run_for(Duration::from_micros(66_667));
            player(&mut world, What::Lookup(number), 2_000)
        })
        .collect();
    world.run_for(millis(3_000));
    let (mut answered, mut late) = (0, 0);
    for request in requests {
        let (status, took) = end(&world, request);
        if status == Status::Ok {
            answered += 1;
        } else if status == Status::Timeout {
            // Some answers take longer than most.
            late += 1;
        } else {
            assert_eq!(status, Status::RateLimited);
            assert!(took <= millis(15), "refused after {took:?}");
            assert!(world.requests[request].retry_after.is_some_and(|wait| !wait.is_zero()));
        }
    }
    assert!(answered >= 190, "{answered} of the 200 the limit allows");
    assert!(late <= 20, "{late} waited for nothing");
}

#[test]
fn an_answer_from_before_an_own_write_is_not_given_after_it() {
    let mut world = world(setup(), 60);
    for number in 0..300 {
        player(&mut world, What::Lookup(0), 5_000);
        if number % 3 == 0 {
            player(&mut world, if number % 2 == 0 { What::Update(0) } else { What::RawPatch(0) }, 5_000);
        }
        world.run_for(millis(number % 90));
        player(&mut world, What::Get(0), 5_000);
    }
    // What each answer may not fall behind is checked where it is given.
    assert!(world.api.players[0].known > 50);
}

#[test]
fn answers_the_host_does_not_collect_stop_what_is_sent() {
    let mut setup = setup();
    setup.collects = false;
    setup.rules.max_held_bytes = 600_000;
    let mut world = world(setup, 20);
    world.api.faults.large = 1.0;
    for _ in 0..300 {
        player(&mut world, What::List, 60_000);
    }
    world.run_for(millis(5_000));
    assert!(world.held_bytes > 0 && world.held_bytes <= 600_000 + 8 * 70_000, "{} bytes", world.held_bytes);
    assert!(world.checks.exchanges < 200, "{}", world.checks.exchanges);
    world.setup.collects = true;
    for _ in 0..60 {
        world.poll();
        world.run_for(millis(1_000));
    }
    world.poll();
    Checks::at_the_end(&world);
}

#[test]
fn what_may_have_arrived_is_not_sent_twice() {
    let mut world = world(setup(), 20);
    world.api.faults.reset = 1.0;
    let requests =
        [What::RawPost, What::Create(0), What::Update(0)].map(|what| player(&mut world, what, 10_000));
    let repeatable = player(&mut world, What::RawGet, 10_000);
    world.run_for(millis(11_000));
    for request in requests {
        assert_eq!(end(&world, request).0, Status::Transport);
        assert_eq!(world.requests[request].sent, 1);
    }
    assert_eq!(world.requests[repeatable].sent, 3);
}

#[test]
fn deadlines_are_kept_while_every_worker_hangs() {
    let mut world = world(setup(), 20);
    world.api.mode = Mode::Hangs;
    for number in 0..300 {
        player(&mut world, What::Lookup(number), 1 + number as u64 * 7);
    }
    world.run_for(millis(2_200));
    world.api.mode = Mode::Healthy;
    world.run_for(millis(3_000));
    let next = player(&mut world, What::Lookup(399), 1_000);
    world.run_for(millis(1_000));
    assert_answered(&world, next, 500);
    Checks::at_the_end(&world);
}

/// A client that has learnt how few workers are enough beside the API.
fn beside_the_api() -> World {
    beside_the_api_with(None)
}

fn beside_the_api_with(servers: Option<Servers>) -> World {
    let mut setup = setup();
    setup.workers = 64;
    setup.rules.has_network = servers.is_some();
    setup.servers = servers;
    let mut world = world(setup, 0);
    for number in 0..200 {
        player(&mut world, What::Lookup(number), 10_000);
    }
    world.run_for(millis(100));
    world
}

#[test]
fn workers_that_hang_beside_the_api_keep_no_one_waiting() {
    let mut world = beside_the_api();
    world.api.lose_next = 20;
    let requests: Vec<_> =
        (200..300).map(|number| player(&mut world, What::Lookup(number), 10_000)).collect();
    world.run_for(millis(200));
    let answered = requests.iter().filter(|request| !world.is_pending(**request)).count();
    assert_eq!(answered, 80, "all that did not hang");
}

#[test]
fn an_api_that_becomes_slow_is_asked_everything_at_once() {
    let mut world = beside_the_api();
    world.api.latency = millis(400);
    let requests: Vec<_> =
        (200..260).map(|number| player(&mut world, What::Lookup(number), 10_000)).collect();
    world.run_for(millis(100));
    let sent = requests.iter().filter(|request| world.requests[**request].sent > 0).count();
    assert_eq!(sent, requests.len());
}

/// A network that gives every request its place at once, and knows no answer.
fn roomy() -> Servers {
    Servers::new(servers::Mode::Well, 0.0, Duration::ZERO)
}

#[test]
fn what_another_server_knows_waits_for_no_exchange() {
    let mut world = beside_the_api_with(Some(roomy()));
    world.api.lose_next = 100;
    for number in 200..220 {
        player(&mut world, What::Lookup(number), 10_000);
    }
    world.run_for(millis(4));
    let now = world.instant();
    assert_eq!(world.schedule.limiter.places(now), 0, "no more may be sent");
    let hits = |world: &World| world.setup.servers.as_ref().map_or(0, |servers| servers.hits);
    assert_eq!(hits(&world), 0);
    world.setup.servers.as_mut().unwrap().knows = 1.0;
    for number in 0..20 {
        player(&mut world, What::Get(number), 10_000);
    }
    world.run_for(millis(4));
    assert_eq!(world.schedule.limiter.places(world.instant()), 0, "no more may be sent");
    assert!(hits(&world) > 15, "{} of 20", hits(&world));
}

#[test]
fn only_so_many_places_in_the_networks_budget_are_asked_for_as_can_soon_be_used() {
    let mut world = beside_the_api_with(Some(roomy()));
    world.api.lose_next = 100;
    for _ in 0..300 {
        player(&mut world, What::RawGet, 10_000);
    }
    world.run_for(millis(8));
    assert_eq!(world.schedule.limiter.places(world.instant()), 0, "no more may be sent");
    let placed = world.schedule.ready.placed.len();
    // One each that was being asked about when there were enough.
    assert!((64..128).contains(&placed), "{placed}");
    world.run_for(millis(11_000));
    Checks::at_the_end(&world);
}

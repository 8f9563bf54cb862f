//! The rules on a real Redis.

mod linked;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::simulation::rig::*;
use super::*;
use crate::network::link::{LinkErrorKind, ReplyError};
use crate::network::settings::NetworkOptions;

const Q: &str = "/v1/stores/1/customers/lookup?steam_id=76561198012345678";
const OTHER: &str = "/v1/stores/1/customers/lookup?steam_id=76561198000000000";
const BODY: &str = r#"{"id":"7","name":"Gordon"}"#;

/// Lets a lease run out.
fn expire(redis: &Redis, pattern: &str) {
    let keys = redis.keys(pattern);
    assert!(!keys.is_empty(), "nothing is called {pattern}");
    for key in keys {
        redis.run(&[b"DEL", key.as_bytes()]);
    }
}

#[test]
fn an_answer_is_known_to_all_and_asked_for_once() {
    let Some(redis) = redis(&[]) else { return };
    let (one, other) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let claim = goes(one.look_up(Q));
    let pause = waits(other.look_up(Q));
    assert!(pause < Duration::from_millis(100), "{pause:?}");
    waits(one.look_up(Q));
    assert_eq!(other.known(Q), None);
    one.answer_customer(claim, Q, "7", BODY);
    for server in [&one, &other] {
        let Verdict::Known(known) = server.look_up(Q) else { panic!("not known") };
        assert_eq!(said(&known), BODY);
        assert!(known.age < PATIENCE);
    }
    let claim = goes(other.look_up(OTHER));
    assert_eq!(one.tier.state().servers, 2);
    // What is too large to be worth it is not put there, and ends its lease as well.
    other.answer_customer(claim, OTHER, "8", &"x".repeat(LARGEST + 1));
    assert_eq!(one.known(OTHER), None);
    goes(one.look_up(OTHER));
    assert!(one.tier.state().up && one.tier.state().commands >= 4);
}

#[test]
fn nothing_in_redis_shows_a_player_a_customer_or_a_key() {
    let Some(redis) = redis(&[]) else { return };
    let server = Server::start(&redis, &Setup::default());
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "411486491630370817", BODY);
    server.write(Written::Customer("411486491630370817"));
    goes(server.look_up(Q));
    let mut all = String::new();
    for key in redis.keys("*") {
        assert!(key.starts_with("paynowbridge:{1}:"), "{key}");
        let value = redis.run(&[b"DUMP", key.as_bytes()]);
        all += &format!("{key} {}\n", String::from_utf8_lossy(value.bytes().unwrap()));
        let left = redis.run(&[b"PTTL", key.as_bytes()]).integer().unwrap();
        assert!((1..=3_700_000).contains(&left), "{key} stays for {left} ms");
    }
    for secret in ["76561198012345678", "steam", "411486491630370817", "Gordon", "pnapi"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn no_such_customer_is_known_until_one_is_created() {
    let Some(redis) = redis(&[]) else { return };
    let (one, other) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let claim = goes(one.look_up(Q));
    one.answer(claim, Q, SettledAnswer::Absent);
    assert_eq!(other.known(Q), Some(String::new()));
    let ensure = Ask { must_exist: true, ..look_up(OTHER) };
    assert_eq!(other.known(Q), Some(String::new()));
    // It is not enough for one that creates.
    other.tier.give_up(goes(other.ask(Ask { must_exist: true, ..look_up(Q) })));
    let claim = goes(one.ask(ensure));
    one.tier.settle(&Settled {
        claim: Some(claim),
        keeps_claim: true,
        question: Some(OTHER),
        answer: SettledAnswer::Absent,
        ..settled()
    });
    waits(other.ask(ensure));
    let claim = goes(one.ask(Ask { question: None, claim: Some(claim), ..ensure }));
    waits(other.ask(ensure));
    one.tier.settle(&Settled {
        claim: Some(claim),
        question: Some(OTHER),
        answer: SettledAnswer::Customer { id: "7", body: BODY.as_bytes() },
        written: Written::Created,
        ..settled()
    });
    assert_eq!(other.known(OTHER), Some(BODY.to_owned()));
    assert_eq!(other.known(Q), None, "a customer was created since");
    other.hear();
    assert_eq!(other.memory.take(), [Forgotten::Created]);
    one.hear();
    assert_eq!(one.memory.take(), [], "its own writes are known to it");
}

#[test]
fn what_was_asked_before_a_write_does_not_survive_it() {
    let Some(redis) = redis(&[]) else { return };
    let (one, other) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    // The write comes while the question is out, elsewhere.
    let claim = goes(one.look_up(Q));
    other.write(Written::Customer("7"));
    one.answer_customer(claim, Q, "7", BODY);
    assert_eq!(one.known(Q), None, "the fill is older than the write");
    one.hear();
    assert_eq!(one.memory.take(), [Forgotten::Customer("7".to_owned())]);
    // And after the answer.
    let claim = goes(one.look_up(Q));
    one.answer_customer(claim, Q, "7", BODY);
    assert_eq!(other.known(Q), Some(BODY.to_owned()));
    other.write(Written::Customer("8"));
    assert_eq!(one.known(Q), Some(BODY.to_owned()), "it is about another customer");
    other.write(Written::Customer("7"));
    assert_eq!(one.known(Q), None);
    // A new answer to another question does not bring back where the old one led.
    let claim = goes(one.look_up(OTHER));
    one.answer_customer(claim, OTHER, "7", r#"{"id":"7","name":"Freeman"}"#);
    assert_eq!(one.known(Q), None);
    let claim = goes(one.look_up(Q));
    one.answer_customer(claim, Q, "7", BODY);
    other.write(Written::Anything);
    assert_eq!(one.known(Q), None);
    assert_eq!(one.known(OTHER), None);
}

#[test]
fn a_late_answer_of_a_former_leader_overwrites_nothing() {
    let Some(redis) = redis(&[]) else { return };
    let (slow, quick) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let former = goes(slow.look_up(Q));
    expire(&redis, "*:l:*");
    let claim = goes(quick.look_up(Q));
    assert_ne!(claim.fence, former.fence);
    quick.answer_customer(claim, Q, "7", BODY);
    slow.answer_customer(former, Q, "7", r#"{"id":"7","name":"old"}"#);
    assert_eq!(slow.known(Q), Some(BODY.to_owned()));
    slow.answer(former, Q, SettledAnswer::Absent);
    assert_eq!(slow.known(Q), Some(BODY.to_owned()));
    // Nor does it end the lease of another.
    let third = goes(quick.look_up(OTHER));
    slow.answer(Claim { fence: former.fence, ..third }, OTHER, SettledAnswer::Other);
    waits(slow.look_up(OTHER));
}

#[test]
fn the_lease_of_a_dead_leader_runs_out_and_a_living_one_is_renewed() {
    let Some(redis) = redis(&[]) else { return };
    let (dead, living) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let _claim = goes(dead.look_up(Q));
    let claim = goes(living.look_up(OTHER));
    for key in redis.keys("*:l:*") {
        redis.run(&[b"PEXPIRE", key.as_bytes(), b"60"]);
    }
    living.events().tick();
    drop(dead);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match living.look_up(Q) {
            Verdict::Again(_) => assert!(Instant::now() < deadline, "the lease stays"),
            other => {
                goes(other);
                break;
            }
        }
    }
    waits(living.look_up(OTHER));
    let again = goes(living.ask(Ask { claim: Some(claim), ..look_up(OTHER) }));
    assert_eq!(again.fence, claim.fence, "a repetition keeps its lease");
    living.tier.give_up(again);
    goes(living.look_up(OTHER));
}

#[test]
fn values_that_do_not_open_are_asked_for_again() {
    let Some(redis) = redis(&[]) else { return };
    let server = Server::start(&redis, &Setup::default());
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    let pointer = redis.keys("*:q:*").remove(0);
    let customer = redis.keys("*:c:*").remove(0);
    let claim = goes(server.look_up(OTHER));
    server.answer_customer(claim, OTHER, "8", r#"{"id":"8"}"#);
    let other_pointer = redis.keys("*:q:*").into_iter().find(|key| *key != pointer).unwrap();
    let other_customer = redis.keys("*:c:*").into_iter().find(|key| *key != customer).unwrap();
    let get = |key: &str| redis.run(&[b"GET", key.as_bytes()]).bytes().unwrap().to_vec();
    let set = |key: &str, value: &[u8]| drop(redis.run(&[b"SET", key.as_bytes(), value]));
    let (good_pointer, good_customer) = (get(&pointer), get(&customer));
    let forged = |value: &[u8], place: usize| {
        let mut value = value.to_vec();
        value[place] ^= 1;
        value
    };
    let bad: [(&str, Vec<u8>); 6] = [
        (&pointer, get(&other_pointer)),
        (&customer, get(&other_customer)),
        (&pointer, forged(&good_pointer, 16)),
        (&pointer, forged(&good_pointer, 70)),
        (&customer, forged(&good_customer, 40)),
        (&customer, [good_customer[..17].to_vec(), b"x".to_vec()].concat()),
    ];
    for (number, (key, value)) in bad.iter().enumerate() {
        set(&pointer, &good_pointer);
        set(&customer, &good_customer);
        assert_eq!(server.known(Q), Some(BODY.to_owned()));
        set(key, value);
        assert_eq!(server.known(Q), None, "{number}");
        let claim = goes(server.look_up(Q));
        server.answer_customer(claim, Q, "7", BODY);
        assert_eq!(server.known(Q), Some(BODY.to_owned()), "{number}");
    }
    assert!(server.tier.state().unopened >= 8);
    for odd in [b"".as_slice(), b"x", b"\x019999999999999999cx", &[0xff; 200]] {
        set(&pointer, odd);
        let claim = goes(server.look_up(Q));
        server.answer_customer(claim, Q, "7", BODY);
        assert_eq!(server.known(Q), Some(BODY.to_owned()), "{odd:?}");
    }
    // A stamp that cannot be right keeps no answer out.
    set(&customer, b"\x019999999999999999");
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    assert_eq!(server.known(Q), Some(BODY.to_owned()));
}

#[test]
fn a_rotated_key_shares_leases_budget_and_what_was_known() {
    let Some(redis) = redis(&[]) else { return };
    let first = Setup::default();
    let second = Setup { api_key: Secret::new("pnapi_second".to_owned()), ..first.clone() };
    let old = Server::start(&redis, &first);
    let rotated = Server::start(&redis, &first);
    let claim = goes(old.look_up(Q));
    old.answer_customer(claim, Q, "7", BODY);
    rotated.tier.set_api_key(Secret::new("pnapi_second".to_owned()));
    rotated.tier.set_api_key(Secret::new("pnapi_second".to_owned()));
    let new = Server::start(&redis, &second);
    assert_eq!(rotated.known(Q), Some(BODY.to_owned()), "both keys are tried");
    let claim = goes(new.look_up(Q));
    waits(new.look_up(Q));
    new.answer_customer(claim, Q, "7", BODY);
    assert_eq!(old.known(Q), Some(BODY.to_owned()), "each has its own");
    assert_eq!(new.known(Q), Some(BODY.to_owned()));
    let claim = goes(old.look_up(OTHER));
    waits(new.look_up(OTHER));
    waits(rotated.look_up(OTHER));
    old.answer(claim, OTHER, SettledAnswer::Absent);
    for server in [&old, &rotated, &new] {
        server.memory.take();
    }
    new.write(Written::Customer("7"));
    for server in [&old, &rotated, &new] {
        assert_eq!(server.known(Q), None);
        server.hear();
    }
    assert_eq!(rotated.memory.take(), [Forgotten::Customer("7".to_owned())]);
    assert_eq!(old.memory.take(), [Forgotten::Anything], "it cannot tell what the other says");
    assert_eq!(new.memory.take(), []);
}

#[test]
fn stores_and_networks_know_nothing_of_each_other() {
    let Some(redis) = redis(&[]) else { return };
    let setup = Setup::default();
    let setups = [
        setup.clone(),
        Setup { store: "2", ..setup.clone() },
        Setup { network: "a", ..setup.clone() },
        Setup { network: "b", ..setup },
    ];
    let servers = setups.each_ref().map(|setup| Server::start(&redis, setup));
    let claims = servers.each_ref().map(|server| goes(server.look_up(Q)));
    servers[0].answer_customer(claims[0], Q, "7", BODY);
    servers[1].write(Written::Anything);
    assert_eq!(servers[0].known(Q), Some(BODY.to_owned()));
    for server in &servers[1..] {
        assert_eq!(server.known(Q), None);
        assert_eq!(server.tier.state().servers, 1);
    }
    // The same value, carried over.
    let value = redis.run(&[b"GET", redis.keys("*{1}:q:*")[0].as_bytes()]);
    let name = servers[1].rules().keys().0.question(Q);
    let key = servers[1].rules().names.key(b"q:", &name).unwrap();
    redis.run(&[b"SET", &key, value.bytes().unwrap()]);
    assert_eq!(servers[1].known(Q), None);
}

#[test]
fn an_emptied_redis_is_begun_again_and_believes_nothing_from_before() {
    let Some(redis) = redis(&[]) else { return };
    let (one, other) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let claim = goes(one.look_up(Q));
    redis.run(&[b"FLUSHALL"]);
    redis.run(&[b"SCRIPT", b"FLUSH"]);
    one.answer_customer(claim, Q, "7", BODY);
    assert_eq!(other.known(Q), None, "writes since may have been forgotten");
    let claim = goes(other.look_up(Q));
    other.answer_customer(claim, Q, "7", BODY);
    assert_eq!(one.known(Q), Some(BODY.to_owned()));
    // The stamps alone are gone: evicted.
    expire(&redis, "*:w");
    assert_eq!(one.known(Q), None);
    let claim = goes(one.look_up(Q));
    one.answer_customer(claim, Q, "7", BODY);
    assert_eq!(other.known(Q), Some(BODY.to_owned()));
    // One of the two values alone is gone.
    for kind in ["*:c:*", "*:q:*"] {
        expire(&redis, kind);
        assert_eq!(one.known(Q), None);
        let claim = goes(one.look_up(Q));
        one.answer_customer(claim, Q, "7", BODY);
        assert_eq!(one.known(Q), Some(BODY.to_owned()));
    }
}

#[test]
fn a_full_redis_is_read_and_its_stamps_are_not_believed_once_one_is_missing() {
    let Some(redis) = redis(&[]) else { return };
    let server = Server::start(&redis, &Setup::default());
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    redis.run(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    let Verdict::Known(_) = server.look_up(Q) else { panic!("reading goes on") };
    let Verdict::Alone { share: Some(1.0) } = server.look_up(OTHER) else { panic!("nothing can be written") };
    assert_eq!(server.tier.news(), Some(News::Down("its memory or its disk is full".to_owned())));
    let Verdict::Known(_) = server.look_up(Q) else { panic!("reading goes on") };
    assert_eq!(server.tier.news(), None);
    server.write(Written::Customer("9"));
    assert_eq!(server.known(Q), None, "a write could not be noted");
    server.events().tick();
    assert_eq!(server.tier.news(), None, "a sign of life cannot be written either");
    redis.run(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
    let claim = goes(server.look_up(Q));
    assert!(matches!(server.tier.news(), Some(News::Up(_))));
    server.answer_customer(claim, Q, "9", BODY);
    assert_eq!(server.known(Q), Some(BODY.to_owned()));
    server.events().tick();
    assert_eq!(server.known(Q), None, "what could not be noted is noted now");
}

#[test]
fn a_read_only_redis_is_read() {
    let Some(redis) = redis(&[]) else { return };
    let server = Server::start(&redis, &Setup::default());
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    // A replica of a master that is not there keeps its data.
    redis.run(&[b"REPLICAOF", b"127.0.0.1", b"1"]);
    let Verdict::Known(_) = server.look_up(Q) else { panic!("reading goes on") };
    let Verdict::Alone { .. } = server.look_up(OTHER) else { panic!("nothing can be written") };
    assert!(matches!(server.tier.news(), Some(News::Down(why)) if why.contains("replica")));
    redis.run(&[b"REPLICAOF", b"NO", b"ONE"]);
    goes(server.look_up(OTHER));
    // Nor is a lease waited for whose end could not be told.
    let other = Server::start(&redis, &Setup::default());
    waits(other.look_up(OTHER));
    redis.run(&[b"REPLICAOF", b"127.0.0.1", b"1"]);
    let Verdict::Alone { .. } = other.look_up(OTHER) else { panic!("nothing can be written") };
}

#[test]
fn a_lease_that_was_taken_without_an_answer_is_gone_on_with_or_given_up() {
    let Some(redis) = redis(&[]) else { return };
    let (one, other) = (Server::start(&redis, &Setup::default()), Server::start(&redis, &Setup::default()));
    let lose = |is_lost| one.loses_answers.store(is_lost, Ordering::Release);
    // Redis knows the script from here on.
    assert_eq!(one.known(Q), None);
    lose(true);
    waits(one.look_up(Q));
    waits(one.look_up(Q));
    lose(false);
    waits(other.look_up(Q));
    let claim = goes(one.look_up(Q));
    waits(other.look_up(Q));
    one.answer_customer(claim, Q, "7", BODY);
    let Verdict::Known(_) = other.look_up(Q) else { panic!("not known") };
    // Of work that has no time to ask again.
    lose(true);
    let hasty = Ask { left: millis(100), ..look_up(OTHER) };
    let Verdict::Alone { .. } = one.ask(hasty) else { panic!("not alone") };
    lose(false);
    let claim = goes(other.look_up(OTHER));
    // Nor when its end cannot be told.
    other.is_cut.store(true, Ordering::Release);
    other.answer(claim, OTHER, SettledAnswer::Absent);
    other.events().tick();
    other.is_cut.store(false, Ordering::Release);
    waits(one.look_up(OTHER));
    other.events().tick();
    goes(one.look_up(OTHER));
}

#[test]
fn those_who_wait_come_when_the_answer_is_expected() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let setup = Setup { clock: Some(CLOCK), ..Setup::default() };
    let (one, other) = (Server::start(&redis, &setup), Server::start(&redis, &setup));
    let claim = goes(one.look_up(Q));
    redis.tell(CLOCK, START + millis(120));
    one.answer_customer(claim, Q, "7", BODY);
    goes(one.look_up(OTHER));
    let pause = waits(other.look_up(OTHER));
    assert!(pause >= millis(120) && pause <= millis(240), "{pause:?}");
}

#[test]
fn without_the_network_each_works_alone_and_what_it_wrote_is_told_later() {
    let Some(redis) = redis(&[]) else { return };
    let servers: Vec<Server> = (0..4).map(|_| Server::start(&redis, &Setup::default())).collect();
    let [one, other, ..] = servers.as_slice() else { unreachable!() };
    let claim = goes(other.look_up(Q));
    other.answer_customer(claim, Q, "7", BODY);
    servers.iter().for_each(|server| server.events().tick());
    one.is_cut.store(true, Ordering::Release);
    one.events().down("the connection was lost");
    let Verdict::Alone { share } = one.look_up(Q) else { panic!("there is no network") };
    assert_eq!(share, Some(0.25));
    one.write(Written::Customer("7"));
    one.write(Written::Created);
    assert_eq!(other.known(Q), Some(BODY.to_owned()));
    one.is_cut.store(false, Ordering::Release);
    one.events().up();
    assert_eq!(one.memory.take(), [Forgotten::Anything], "the others were not heard");
    assert_eq!(other.known(Q), None);
    other.hear();
    assert_eq!(other.memory.take(), [Forgotten::Customer("7".to_owned())]);
    one.write(Written::Customer("8"));
    one.events().up();
    other.hear();
    assert_eq!(other.memory.take(), [Forgotten::Customer("8".to_owned()), Forgotten::Anything]);
    assert!(matches!(one.tier.news(), None | Some(News::Up(_))));
    one.tier.close();
    let Verdict::Alone { .. } = one.look_up(Q) else { panic!("it is closed") };
}

#[test]
fn changes_of_very_many_customers_are_bounded() {
    let Some(redis) = redis(&[]) else { return };
    let server = Server::start(&redis, &Setup::default());
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    for number in 0..10_050 {
        server.write(Written::Customer(&format!("1{number}")));
    }
    let stamps = redis.run(&[b"ZCARD", &server.rules().stamps]).integer().unwrap();
    assert!(stamps <= 10_000, "{stamps}");
    assert_eq!(server.known(Q), None, "what is not remembered may concern it");
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    assert_eq!(server.known(Q), Some(BODY.to_owned()));
}

#[test]
fn the_documented_rights_are_enough_and_needed() {
    let Some(redis) = redis(&[]) else { return };
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/network.md")).unwrap();
    let line =
        guide.lines().find_map(|line| line.trim().strip_prefix("user paynow ")).expect("the guide has it");
    let rights: Vec<&str> =
        line.split(' ').map(|word| if word.starts_with('>') { ">pnpw_test" } else { word }).collect();
    let set = |rights: &[&str]| {
        let mut command: Vec<&[u8]> = vec![b"ACL", b"SETUSER", b"paynow", b"reset"];
        command.extend(rights.iter().map(|word| word.as_bytes()));
        let reply = redis.run(&command);
        assert!(reply.error().is_none(), "{reply:?}");
    };
    let works = || {
        let setup = Setup {
            user: Some("paynow"),
            rate: RatePolicy { per_second: 50.0, burst: 5.0 },
            ..Setup::default()
        };
        let (one, other) = (Server::start(&redis, &setup), Server::start(&redis, &setup));
        let claim = goes(one.look_up(Q));
        one.tier.settle(&Settled { rate_limited: Some(None), answer: SettledAnswer::Failed, ..settled() });
        one.answer_customer(claim, Q, "7", BODY);
        one.write(Written::Customer("8"));
        one.events().tick();
        other.hear();
        assert_eq!(other.known(Q), Some(BODY.to_owned()));
        assert_eq!(other.memory.take(), [Forgotten::Customer("8".to_owned())]);
        let state = (one.tier.state(), other.tier.state());
        redis.run(&[b"FLUSHALL"]);
        (one.tier.news(), state.0.up && state.1.up)
    };
    set(&rights);
    assert_eq!(works(), (None, true));
    // And no right too many: each is of a command that the scripts or the link send.
    let scripts = [
        Scripts::new().consult.text(),
        Scripts::new().settle.text(),
        Scripts::new().beat.text(),
        Scripts::new().free.text(),
    ];
    let link = ["ping", "select", "exists", "subscribe", "eval", "evalsha"];
    let mut needed: Vec<String> = link.map(str::to_owned).to_vec();
    for call in scripts.iter().flat_map(|text| text.split("call('").chain(text.split("try('")).skip(1)) {
        needed.push(call.split('\'').next().unwrap().to_lowercase());
    }
    needed.retain(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let mut given: Vec<String> =
        rights.iter().filter_map(|right| right.strip_prefix('+')).map(str::to_owned).collect();
    needed.sort();
    needed.dedup();
    given.sort();
    assert_eq!(given, needed);
}

#[test]
fn over_the_link_it_goes_and_comes_back() {
    let name = "over_the_link_it_goes_and_comes_back";
    let Some(mut redis) = server::Redis::start(name, &[]) else { return };
    let options = NetworkOptions {
        addresses: vec![redis.address()],
        // Long enough on a machine that is busy with other tests.
        timeout: Duration::from_secs(5),
        ..NetworkOptions::default()
    };
    let tier = TierSettings {
        store_id: "1".to_owned(),
        api_key: Secret::new("pnapi_first".to_owned()),
        rate: RatePolicy { per_second: 1_000.0, burst: 100.0 },
        cache: CachePolicy::default(),
    };
    let memories = [Arc::new(Memory::default()), Arc::new(Memory::default())];
    let [one, other] = memories.each_ref().map(|memory| {
        start(options.check().unwrap(), &tier, Box::new(Forgetful(Arc::clone(memory)))).unwrap()
    });
    let until_up = || {
        for network in [&one, &other] {
            server::until("it is up, and sees the other", || {
                network.state().up && network.state().servers == 2
            });
        }
    };
    until_up();
    for memory in &memories {
        memory.take();
    }
    let claim = goes(one.consult(&look_up(Q)));
    waits(other.consult(&look_up(Q)));
    let answer = SettledAnswer::Customer { id: "7", body: BODY.as_bytes() };
    one.settle(&Settled { claim: Some(claim), question: Some(Q), answer, ..settled() });
    server::until("it is known", || matches!(other.consult(&look_up(Q)), Verdict::Known(_)));
    other.settle(&Settled { written: Written::Customer("7"), ..settled() });
    server::until("it is forgotten", || memories[0].take() == [Forgotten::Customer("7".to_owned())]);
    assert_eq!((one.news(), other.news()), (None, None));
    let claim = goes(one.consult(&look_up(Q)));
    redis.kill();
    server::until("it is gone", || matches!(one.news(), Some(News::Down(_))));
    let Verdict::Alone { share: Some(0.5) } = one.consult(&look_up(OTHER)) else { panic!("not alone") };
    one.settle(&Settled { claim: Some(claim), written: Written::Customer("8"), ..settled() });
    one.give_up(claim);
    redis.restart();
    server::until("it is back", || matches!(one.news(), Some(News::Up(_))));
    until_up();
    // The other hears what was written, or was away itself and forgets everything.
    for memory in &memories {
        assert!(memory.take().iter().any(|told| *told != Forgotten::Created));
    }
    goes(one.consult(&look_up(Q)));
    one.close();
    let Verdict::Alone { .. } = one.consult(&look_up(Q)) else { panic!("it is closed") };
}

/// A connection that answers with what it is told to.
struct Scripted {
    replies: Mutex<Vec<Result<Vec<Reply>, LinkError>>>,
    timeouts: Mutex<Vec<Duration>>,
    commands: Mutex<Vec<Vec<u8>>>,
}

impl Wire for Arc<Scripted> {
    fn call(&self, commands: &Commands, timeout: Duration) -> Result<Vec<Reply>, LinkError> {
        self.timeouts.lock().unwrap().push(timeout);
        self.commands.lock().unwrap().push(commands.bytes().unwrap().to_vec());
        self.replies.lock().unwrap().remove(0)
    }

    fn ask(&self, commands: &Commands, _tag: u32) -> Result<(), LinkError> {
        self.commands.lock().unwrap().push(commands.bytes().unwrap().to_vec());
        Ok(())
    }

    fn close(&self) {}
}

fn scripted(timeout: Duration) -> (Tier, Arc<Scripted>) {
    let settings = TierSettings {
        store_id: "1".to_owned(),
        api_key: Secret::new("pnapi_first".to_owned()),
        rate: RatePolicy::default(),
        cache: CachePolicy::default(),
    };
    let forget = Box::new(Forgetful(Arc::default()));
    let rules = Rules::new(&settings, "", timeout, forget).unwrap();
    let wire = Arc::new(Scripted {
        replies: Mutex::default(),
        timeouts: Mutex::default(),
        commands: Mutex::default(),
    });
    let _ = rules.wire.set(Box::new(Arc::clone(&wire)));
    (Tier(Arc::new(rules)), wire)
}

fn error(kind: ReplyErrorKind) -> Reply {
    Reply::Error(ReplyError { kind, message: String::new() })
}

#[test]
fn a_script_that_is_not_known_is_sent_whole_within_the_same_time() {
    let timeout = Duration::from_secs(3_600);
    let (tier, wire) = scripted(timeout);
    let go = Reply::Array(vec![
        Reply::Bulk(b"g".to_vec()),
        Reply::Integer(3),
        Reply::Integer(0),
        Reply::Bulk(b"12".to_vec()),
        Reply::Bulk(b"12".to_vec()),
    ]);
    *wire.replies.lock().unwrap() = vec![Ok(vec![error(ReplyErrorKind::NoScript)]), Ok(vec![go])];
    goes(tier.consult(&look_up(Q)));
    let timeouts = wire.timeouts.lock().unwrap();
    assert!(timeouts[1] < timeouts[0] && timeouts[0] <= timeout, "{timeouts:?}");
    let commands = wire.commands.lock().unwrap();
    assert!(commands[0].windows(7).any(|part| part == b"EVALSHA") && commands[0].len() < 2_000);
    assert!(commands[1].len() > 5_000);
    assert_eq!(tier.state().servers, 3);
}

#[test]
fn a_network_that_is_slow_is_asked_again_for_a_while_before_each_works_alone() {
    let (tier, wire) = scripted(millis(100));
    let fails = |kind| {
        let lost = LinkError { kind, message: "no answer" };
        wire.replies.lock().unwrap().push(Err(lost));
        tier.consult(&look_up(Q))
    };
    tier.0.health.up();
    waits(fails(LinkErrorKind::TimedOut));
    waits(fails(LinkErrorKind::Slow));
    // Only what is known is wanted: that is not waited for.
    wire.replies.lock().unwrap().push(Err(LinkError { kind: LinkErrorKind::Slow, message: "no answer" }));
    let known = tier.consult(&Ask { only_known: true, ..look_up(Q) });
    let Verdict::Alone { .. } = known else { panic!("{}", describe(&known)) };
    tier.0.health.answered(millis(1));
    assert_eq!(tier.0.health.slow_for(Instant::now()), None);
    tier.0.health.slow(Instant::now().checked_sub(SLOW_FOR).unwrap());
    let Verdict::Alone { .. } = fails(LinkErrorKind::Slow) else { panic!("it is slow for long") };
    tier.0.health.answered(millis(1));
    waits(fails(LinkErrorKind::TimedOut));
    tier.0.health.down("it is gone", Instant::now());
    let Verdict::Alone { .. } = fails(LinkErrorKind::Down) else { panic!("it is gone") };
}

#[test]
fn what_no_caller_waits_for_is_called_by_its_name_too() {
    let (tier, wire) = scripted(PATIENCE);
    tier.settle(&Settled { written: Written::Customer("7"), ..settled() });
    tier.give_up(Claim { name: [b'x'; 32], fence: 1, stamp: 1 });
    tier.0.free().unwrap();
    tier.0.beat().unwrap();
    let commands = wire.commands.lock().unwrap();
    assert_eq!(commands.len(), 3);
    for command in &*commands {
        assert!(command.windows(7).any(|part| part == b"EVALSHA") && command.len() < 1_000);
    }
}

#[test]
fn work_that_has_little_time_does_not_spend_it_all_on_redis() {
    let (tier, wire) = scripted(PATIENCE);
    for (left, most) in [(80, 40), (0, 5)].map(|(left, most)| (millis(left), millis(most))) {
        let lost = LinkError { kind: LinkErrorKind::TimedOut, message: "no reply came in time" };
        *wire.replies.lock().unwrap() = vec![Err(lost)];
        let Verdict::Alone { .. } = tier.consult(&Ask { left, ..look_up(Q) }) else { panic!("not alone") };
        assert!(wire.timeouts.lock().unwrap().pop().unwrap() <= most, "{left:?}");
    }
}

#[test]
fn what_redis_says_is_not_believed_beyond_reason() {
    let (tier, wire) = scripted(PATIENCE);
    let bulk = |text: &str| Reply::Bulk(text.as_bytes().to_vec());
    let lost = || Err(LinkError { kind: LinkErrorKind::TimedOut, message: "no reply came in time" });
    let huge = Reply::Integer(i64::MAX);
    let one = Reply::Integer(1);
    let alone = [
        lost(),
        Ok(vec![]),
        Ok(vec![Reply::Null]),
        Ok(vec![error(ReplyErrorKind::NoScript)]),
        Ok(vec![error(ReplyErrorKind::Loading)]),
        Ok(vec![Reply::Array(vec![])]),
        Ok(vec![Reply::Array(vec![bulk("g"), one.clone()])]),
        Ok(vec![Reply::Array(vec![bulk("g"), one.clone(), Reply::Integer(-5)])]),
        Ok(vec![Reply::Array(vec![bulk("z"), one.clone(), one.clone()])]),
        Ok(vec![Reply::Array(vec![Reply::Array(vec![]), one.clone(), one.clone()])]),
    ];
    for (number, reply) in alone.into_iter().enumerate() {
        // What does not know a script does not know it the second time either.
        *wire.replies.lock().unwrap() = vec![reply, Ok(vec![error(ReplyErrorKind::NoScript)])];
        let verdict = tier.consult(&look_up(Q));
        assert!(matches!(verdict, Verdict::Alone { .. }), "{number}: {}", describe(&verdict));
    }
    for word in ["g", "a", "r"] {
        let said = Reply::Array(vec![bulk(word), huge.clone(), huge.clone(), bulk("x"), Reply::Null]);
        *wire.replies.lock().unwrap() = vec![Ok(vec![said])];
        match tier.consult(&look_up(Q)) {
            Verdict::Go { after, claim: None } => assert_eq!(after, look_up(Q).left),
            Verdict::Again(after) => assert_eq!(after, LATEST),
            Verdict::Refused { retry_after } => assert!(retry_after <= Duration::from_secs(3_600)),
            other => panic!("{}", describe(&other)),
        }
    }
    for hit in [
        vec![bulk("h")],
        vec![bulk("h"), one.clone(), huge.clone(), huge.clone(), huge.clone(), huge.clone()],
        vec![bulk("h"), one.clone(), Reply::Integer(0), Reply::Integer(1), bulk("cc"), Reply::Null],
        vec![bulk("h"), one.clone(), Reply::Integer(1), Reply::Integer(1), bulk("cc"), bulk("dd")],
    ] {
        // A hit that does not open is asked about again, once.
        *wire.replies.lock().unwrap() =
            vec![Ok(vec![Reply::Array(hit.clone())]), Ok(vec![Reply::Array(hit)])];
        let Verdict::Alone { .. } = tier.consult(&look_up(Q)) else { panic!("it has no answer") };
    }
    assert_eq!(tier.state().unopened, 4);
    // Messages too.
    for payload in [b"".as_slice(), b"x", &[0xff; 16], &[0; 100]] {
        tier.0.heard(payload);
    }
}

/// Where the tests' clocks begin.
const START: Duration = Duration::from_secs(1_800_000_000);
const CLOCK: &str = "test:now";

fn limited_to(per_second: f64, burst: f64) -> Setup {
    Setup { rate: RatePolicy { per_second, burst }, clock: Some(CLOCK), ..Setup::default() }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// When work that only needs a place may go.
#[track_caller]
fn placed(verdict: Verdict) -> Duration {
    match verdict {
        Verdict::Go { after, .. } => after,
        other => panic!("{}", describe(&other)),
    }
}

#[test]
fn places_are_handed_out_in_order_at_the_rate_of_all() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let setup = limited_to(10.0, 3.0);
    let (one, other) = (Server::start(&redis, &setup), Server::start(&redis, &setup));
    for (number, expected) in [0, 0, 0, 100, 200, 300].into_iter().enumerate() {
        let server = if number % 2 == 0 { &one } else { &other };
        assert_eq!(placed(server.ask(place())), millis(expected), "{number}");
    }
    // One that would be too late is refused, and takes no place.
    let hasty = Ask { left: millis(350), ..place() };
    for _ in 0..2 {
        let Verdict::Refused { retry_after } = one.ask(hasty) else { panic!("not refused") };
        assert_eq!(retry_after, millis(400));
    }
    assert_eq!(placed(other.ask(place())), millis(400));
    redis.tell(CLOCK, START + Duration::from_secs(60));
    for expected in [0, 0, 0, 100] {
        assert_eq!(placed(one.ask(place())), millis(expected));
    }
    // Redis forgets: not worse than a full burst.
    redis.run(&[b"FLUSHALL"]);
    redis.tell(CLOCK, START + Duration::from_secs(60));
    assert_eq!(placed(one.ask(place())), millis(0));
}

#[test]
fn a_rate_of_one_in_many_minutes_is_kept() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let server = Server::start(&redis, &limited_to(0.001, 1.0));
    assert_eq!(placed(server.ask(place())), millis(0));
    let Verdict::Refused { retry_after } = server.ask(place()) else { panic!("not refused") };
    assert_eq!(retry_after, Duration::from_secs(1_000));
    redis.tell(CLOCK, START + Duration::from_secs(1_000));
    assert_eq!(placed(server.ask(place())), millis(0));
}

#[test]
fn background_work_leaves_a_reserve_and_never_waits_in_a_players_way() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let server = Server::start(&redis, &limited_to(10.0, 10.0));
    let background = Ask { interactive: false, ..place() };
    for _ in 0..8 {
        assert_eq!(placed(server.ask(background)), Duration::ZERO);
    }
    for _ in 0..3 {
        waits(server.ask(background));
    }
    let Verdict::Refused { .. } = server.ask(Ask { left: millis(50), ..background }) else {
        panic!("not refused")
    };
    assert_eq!(placed(server.ask(place())), Duration::ZERO);
    assert_eq!(placed(server.ask(place())), Duration::ZERO);
    assert_eq!(placed(server.ask(place())), millis(100));
    // Nor with a lease: a player who asks the same does not wait for it.
    waits(server.ask(Ask { interactive: false, ..look_up(Q) }));
    assert_eq!(redis.keys("*:l:*"), [""; 0]);
}

#[test]
fn a_place_further_away_is_an_appointment_which_a_429_moves() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let setup = limited_to(10.0, 1.0);
    let (one, other) = (Server::start(&redis, &setup), Server::start(&redis, &setup));
    for _ in 0..11 {
        placed(one.ask(place()));
    }
    let (first, second) = (waits(one.look_up(Q)), waits(one.look_up(OTHER)));
    assert_eq!((first, second), (millis(1_100), millis(1_200)));
    // The others are told to come when it has gone.
    let later = waits(other.look_up(Q));
    assert!(later > millis(800) && later < millis(1_500), "{later:?}");
    let hasty = Ask { left: millis(900), ..look_up(Q) };
    let Verdict::Refused { .. } = other.ask(hasty) else { panic!("it would be too late") };
    redis.tell(CLOCK, START + millis(600));
    other.tier.settle(&Settled {
        answer: SettledAnswer::Failed,
        rate_limited: Some(Some(Duration::from_secs(3))),
        ..settled()
    });
    // Of what was under way when it was refused comes no second event.
    redis.tell(CLOCK, START + millis(700));
    one.tier.settle(&Settled { answer: SettledAnswer::Failed, rate_limited: Some(None), ..settled() });
    redis.tell(CLOCK, START + first);
    let moved = waits(one.look_up(Q));
    let reopened = START + millis(600 + 3_000);
    assert!(START + first + moved >= reopened, "{moved:?}");
    redis.tell(CLOCK, START + second);
    let behind = waits(one.look_up(OTHER));
    assert!(second + behind > first + moved, "they keep their order: {moved:?}, {behind:?}");
    redis.tell(CLOCK, START + first + moved);
    goes(one.look_up(Q));
    // Too late for its place: it takes another, as a newcomer would.
    redis.tell(CLOCK, START + second + behind + Duration::from_secs(1));
    goes(other.look_up(OTHER));
    waits(one.look_up(OTHER));
}

#[test]
fn clocks_that_differ_by_an_hour_make_no_difference() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let setup = limited_to(10.0, 1.0);
    let (one, other) = (Server::start(&redis, &setup), Server::start(&redis, &setup));
    let claim = goes(one.look_up(Q));
    one.answer_customer(claim, Q, "7", BODY);
    // The clock is set back: a replica whose clock is slow takes over.
    let hour = Duration::from_secs(3_600);
    redis.tell(CLOCK, START - hour);
    assert_eq!(other.known(Q), Some(BODY.to_owned()));
    other.write(Written::Customer("7"));
    assert_eq!(one.known(Q), None);
    for server in [&one, &other] {
        let claim = match server.ask(Ask { left: hour * 2, ..look_up(Q) }) {
            Verdict::Go { claim, .. } => claim.unwrap(),
            Verdict::Again(_) => {
                redis.run(&[b"DEL", &server.rules().budget]);
                expire(&redis, "*:l:*");
                goes(server.look_up(Q))
            }
            other => panic!("{}", describe(&other)),
        };
        server.answer_customer(claim, Q, "7", BODY);
        assert_eq!(one.known(Q), Some(BODY.to_owned()));
        server.write(Written::Customer("7"));
        assert_eq!(other.known(Q), None);
    }
}

#[test]
fn an_answer_is_fresh_for_as_long_as_the_reader_wants_and_then_stands_in_for_a_failure() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let cache = CachePolicy {
        ttl: Duration::from_secs(60),
        negative_ttl: Duration::from_secs(5),
        ..CachePolicy::default()
    };
    let setup = Setup { cache, clock: Some(CLOCK), ..Setup::default() };
    let server = Server::start(&redis, &setup);
    let claim = goes(server.look_up(Q));
    server.answer_customer(claim, Q, "7", BODY);
    let claim = goes(server.look_up(OTHER));
    server.answer(claim, OTHER, SettledAnswer::Absent);
    redis.tell(CLOCK, START + Duration::from_secs(4));
    let Verdict::Known(known) = server.look_up(OTHER) else { panic!("not known") };
    // Stamps are told apart by a microsecond.
    assert!(known.age <= Duration::from_secs(4) && known.age > millis(3_999), "{:?}", known.age);
    redis.tell(CLOCK, START + Duration::from_secs(6));
    server.tier.give_up(goes(server.look_up(OTHER)));
    redis.tell(CLOCK, START + Duration::from_secs(61));
    server.tier.give_up(goes(server.look_up(Q)));
    let Verdict::Known(known) = server.ask(Ask { only_known: true, ..look_up(Q) }) else {
        panic!("not known")
    };
    assert!(known.age > Duration::from_secs(60), "{:?}", known.age);
    redis.tell(CLOCK, START + Duration::from_secs(3_601));
    assert_eq!(server.known(Q), None);
}

/// PayNow's limit, as a bucket.
struct Limit {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Duration,
}

impl Limit {
    fn accepts(&mut self, now: Duration) -> bool {
        self.tokens = (self.tokens + (now - self.at).as_secs_f64() * self.per_second).min(self.burst);
        self.at = now;
        let accepts = self.tokens >= 1.0;
        if accepts {
            self.tokens -= 1.0;
        }
        accepts
    }
}

#[test]
fn an_unknown_limit_is_learnt_by_all_remembered_and_returned_to() {
    let Some(redis) = redis(&[]) else { return };
    for (per_second, burst) in [(60.0, 60.0), (60.0, 6.0), (8.0, 8.0)] {
        redis.run(&[b"FLUSHALL"]);
        redis.tell(CLOCK, START);
        let servers: Vec<Server> = (0..10).map(|_| Server::start(&redis, &limited_to(0.0, 0.0))).collect();
        let mut limit = Limit { per_second, burst, tokens: burst, at: START };
        let mut random = fastrand::Rng::with_seed(7);
        // What happens, by time: an arrival, a place that was given, an answer.
        let mut events: std::collections::BTreeMap<(Duration, u64), u8> = Default::default();
        let (mut number, mut refused, mut accepted, mut late) = (0, 0_u32, 0_u32, 0_u32);
        let seconds = 60;
        for arrival in 0..(seconds * per_second as u64 * 13 / 10) {
            let at = millis(arrival * 10_000 / (per_second as u64 * 13));
            number += 1;
            events.insert((START + at, number), 0);
        }
        while let Some(((now, _), event)) = events.pop_first() {
            let server = &servers[random.usize(..servers.len())];
            redis.tell(CLOCK, now);
            number += 1;
            match event {
                0 => match server.ask(Ask { left: Duration::from_secs(4), ..place() }) {
                    Verdict::Go { after, .. } => drop(events.insert((now + after, number), 1)),
                    Verdict::Refused { .. } => late += 1,
                    other => panic!("{}", describe(&other)),
                },
                1 => {
                    let answer = if limit.accepts(now) { 2 } else { 3 };
                    events.insert((now + millis(40), number), answer);
                }
                2 => {
                    accepted += 1;
                    server.tier.settle(&settled());
                }
                _ => {
                    refused += 1;
                    let rate_limited = Some(Some(Duration::from_secs(1)));
                    server.tier.settle(&Settled { answer: SettledAnswer::Failed, rate_limited, ..settled() });
                }
            }
        }
        let possible = f64::from(seconds as u32) * per_second + burst;
        let share = f64::from(accepted) / possible;
        assert!(refused > 0 && late > 0, "{refused}, {late}");
        assert!(share > 0.7, "{share} of {per_second}/s, {refused} refused");
        assert!(f64::from(refused) < possible * 0.05, "{refused} refused at {per_second}/s");
        // Another server that comes later knows it.
        redis.tell(CLOCK, START + Duration::from_secs(180));
        let newcomer = Server::start(&redis, &limited_to(0.0, 0.0));
        let places: Vec<Duration> =
            (0..100).map(|_| placed(newcomer.ask(Ask { left: LATEST, ..place() }))).collect();
        let rate = 99.0 / places[99].as_secs_f64();
        assert!(rate > per_second * 0.6 && rate < per_second * 1.6, "{rate} for {per_second}");
        // And forgets it in the end.
        redis.tell(CLOCK, START + Duration::from_secs(1_200));
        for _ in 0..100 {
            assert_eq!(placed(newcomer.ask(place())), Duration::ZERO);
        }
    }
}

/// PayNow's limit, as so many in each second from the first on.
#[derive(Default)]
struct Second {
    since: Duration,
    used: u32,
}

impl Second {
    fn accepts(&mut self, limit: u32, now: Duration) -> bool {
        if now >= self.since + Duration::from_secs(1) {
            *self = Self { since: now, used: 0 };
        }
        self.used += 1;
        self.used <= limit
    }
}

#[test]
fn under_a_load_of_nine_tenths_an_unknown_limit_costs_few_refusals_and_short_waits() {
    let Some(redis) = redis(&[]) else { return };
    for seed in 0..6 {
        redis.run(&[b"FLUSHALL"]);
        redis.tell(CLOCK, START);
        let servers: Vec<Server> = (0..5).map(|_| Server::start(&redis, &limited_to(0.0, 0.0))).collect();
        let (mut limit, mut random) = (Second::default(), fastrand::Rng::with_seed(seed));
        // What happens, by time, and since when it waits: an arrival, a place that was given, an answer.
        let mut events: std::collections::BTreeMap<(Duration, u64), (u8, Duration)> = Default::default();
        let (mut refused, mut waited) = (0_u32, Vec::new());
        for number in 0..55 * 40 {
            let at = START + Duration::from_micros(random.u64(..40_000_000));
            events.insert((at, number), (0, at));
        }
        let mut number = 10_000;
        while let Some(((now, _), (event, since))) = events.pop_first() {
            let server = &servers[random.usize(..servers.len())];
            redis.tell(CLOCK, now);
            number += 1;
            match event {
                0 => {
                    let left = Duration::from_secs(10).checked_sub(now - since).unwrap();
                    let after = placed(server.ask(Ask { left, ..place() }));
                    events.insert((now + after, number), (1, since));
                }
                1 if limit.accepts(60, now) => drop(events.insert((now + millis(40), number), (2, since))),
                1 => drop(events.insert((now + millis(40), number), (3, since))),
                2 => {
                    waited.push(now - since);
                    server.tier.settle(&settled());
                }
                _ => {
                    refused += 1;
                    let rate_limited = Some(Some(Duration::from_secs(1)));
                    server.tier.settle(&Settled { answer: SettledAnswer::Failed, rate_limited, ..settled() });
                    events.insert((now, number), (0, since));
                }
            }
        }
        waited.sort();
        let most = waited[waited.len() * 94 / 100];
        assert!(refused <= 40 && most < Duration::from_secs(3), "seed {seed}: {refused} refused, {most:?}");
    }
}

#[test]
fn a_pause_that_was_too_short_doubles_and_one_exchange_ends_it() {
    let Some(redis) = redis(&[]) else { return };
    redis.tell(CLOCK, START);
    let server = Server::start(&redis, &limited_to(0.0, 0.0));
    let limited = Settled { answer: SettledAnswer::Failed, rate_limited: Some(None), ..settled() };
    let mut now = START;
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        server.tier.settle(&limited);
        server.tier.settle(&limited);
        let pause = placed(server.ask(Ask { left: LATEST, ..place() }));
        assert_eq!(pause, Duration::from_secs(seconds));
        now += pause;
        redis.tell(CLOCK, now);
    }
    server.tier.settle(&settled());
    server.tier.settle(&limited);
    let pause = placed(server.ask(Ask { left: LATEST, ..place() }));
    assert_eq!(pause, Duration::from_secs(1));
    // PayNow's own word is followed, within reason.
    for (asked, expected) in [(5, 5), (300, 30)] {
        now += Duration::from_secs(120);
        redis.tell(CLOCK, now);
        server.tier.settle(&settled());
        let rate_limited = Some(Some(Duration::from_secs(asked)));
        server.tier.settle(&Settled { rate_limited, ..limited });
        let pause = placed(server.ask(Ask { left: LATEST, ..place() }));
        assert_eq!(pause, Duration::from_secs(expected));
    }
}

#[test]
fn after_an_outage_the_network_comes_back_as_a_ramp() {
    let Some(redis) = redis(&[]) else { return };
    for rate in [0.0, 50.0] {
        redis.run(&[b"FLUSHALL"]);
        redis.tell(CLOCK, START);
        let server = Server::start(&redis, &limited_to(rate, 50.0));
        let failed = Settled { answer: SettledAnswer::Failed, ..settled() };
        let among = |after: Duration, within: Duration| {
            redis.tell(CLOCK, START + after);
            let saved = redis.run(&[b"DUMP", &server.rules().budget]);
            let patient = Ask { left: within, ..place() };
            let count = (0..300).take_while(|_| matches!(server.ask(patient), Verdict::Go { .. })).count();
            redis.run(&[b"RESTORE", &server.rules().budget, b"0", saved.bytes().unwrap(), b"REPLACE"]);
            count
        };
        // A few failures are not an outage.
        for _ in 0..20 {
            server.tier.settle(&failed);
        }
        assert!(among(millis(2_900), Duration::ZERO) >= 50);
        let out = among(millis(4_000), Duration::from_secs(1));
        assert!((4..=8).contains(&out), "{out} during the outage");
        redis.tell(CLOCK, START + millis(5_000));
        server.tier.settle(&settled());
        let (at_once, later) =
            (among(millis(5_100), Duration::from_secs(1)), among(millis(10_000), Duration::from_secs(1)));
        assert!((5..=9).contains(&at_once), "{at_once}");
        assert!((25..=35).contains(&later), "{later}");
        assert!(among(millis(15_000), Duration::from_secs(1)) >= 100, "all is as before");
    }
}

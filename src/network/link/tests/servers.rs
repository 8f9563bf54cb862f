//! Real servers: Debian's Redis, or what `TEST_REDIS_SERVER` names.

#[path = "../../../../tests/support/redis.rs"]
mod redis;

use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use self::redis::{Authority, Redis, until};
use super::*;
use crate::model::Secret;
use crate::network::settings::TlsOptions;

const PASSWORD: &str = "pnpw_of_the_store";
const PROBE: &str = "paynowbridge:{1}:probe";
const CHANNEL: &[u8] = b"paynowbridge:{1}:changes";

/// The fewest rights a user needs: those of the link, and the commands of these tests.
const RIGHTS: &str =
    "~paynowbridge:{1}:* &paynowbridge:{1}:* -@all +select +exists +subscribe +ping +get +set";

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text.to_owned()))
}

#[test]
fn values_of_every_kind_come_back() {
    let Some(redis) = Redis::start("values_of_every_kind_come_back", &[]) else { return };
    let mut settings = settings(&[redis.port]);
    settings.database = 3;
    let tested = Tested::up(settings);
    let value: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let commands = Commands::new()
        .add(&[b"SET", b"k", &value])
        .add(&[b"GET", b"k"])
        .add(&[b"GET", b"missing"])
        .add(&[b"INCRBY", b"n", b"41"])
        .add(&[b"HSET", b"h", b"f", b"v"])
        .add(&[b"HGETALL", b"h"])
        .add(&[b"SADD", b"s", b"m"])
        .add(&[b"SMEMBERS", b"s"])
        .add(&[b"ZADD", b"z", b"1.5", b"m"])
        .add(&[b"ZSCORE", b"z", b"m"])
        .add(&[b"EVAL", b"return {1, 'two', false, redis.error_reply('NOSUCH thing')}", b"0"]);
    let replies = tested.link.call(&commands, FOREVER).unwrap();
    assert_eq!(
        replies[..10],
        [
            simple("OK"),
            Reply::Bulk(value),
            Reply::Null,
            Reply::Integer(41),
            Reply::Integer(1),
            Reply::Map(vec![(bulk("f"), bulk("v"))]),
            Reply::Integer(1),
            Reply::Array(vec![bulk("m")]),
            Reply::Integer(1),
            Reply::Double(1.5),
        ]
    );
    let items = replies[10].items().unwrap();
    assert_eq!((&items[..3], items.len()), (&[Reply::Integer(1), bulk("two"), Reply::Null][..], 4));
    assert_eq!(items[3].error().unwrap().message, "NOSUCH thing");
    assert_eq!(redis.say(&["GET", "k"]), "", "another database");
    assert!(redis.say(&["CLIENT", "LIST"]).contains("name=paynow-bridge"));
}

#[test]
fn what_one_publishes_the_others_hear() {
    let Some(redis) = Redis::start("what_one_publishes_the_others_hear", &[]) else { return };
    let (one, other) = (Tested::up(settings(&[redis.port])), Tested::up(settings(&[redis.port])));
    assert_eq!(one.ask(&[b"PUBLISH", CHANNEL, b"customer 7"]), Reply::Integer(2));
    for tested in [&one, &other] {
        assert_eq!(tested.next(), Told::Push(CHANNEL.to_vec(), b"customer 7".to_vec()));
    }
    // Asking goes on beside it.
    assert_eq!(other.ask(&[b"PING"]), simple("PONG"));
}

#[test]
fn a_user_with_the_fewest_rights_is_enough_and_others_are_refused() {
    let name = "a_user_with_the_fewest_rights_is_enough_and_others_are_refused";
    let Some(mut redis) = Redis::start(name, &["--requirepass", PASSWORD]) else { return };
    redis.password = Some(PASSWORD.to_owned());
    let mut rule: Vec<&str> = vec!["ACL", "SETUSER", "store", "on", ">pnpw_of_the_user"];
    rule.extend(RIGHTS.split(' '));
    assert_eq!(redis.say(&rule), "OK");
    let with = |user: Option<&str>, password| LinkSettings {
        user: user.map(str::to_owned),
        password,
        ..settings(&[redis.port])
    };

    let tested = Tested::up(with(Some("store"), secret("pnpw_of_the_user")));
    assert_eq!(tested.ask(&[b"SET", PROBE.as_bytes(), b"v"]), simple("OK"));
    assert_eq!(tested.error_kind(&[b"SET", b"other", b"v"]), Some(ReplyErrorKind::LockedOut));
    assert_eq!(tested.error_kind(&[b"FLUSHALL"]), Some(ReplyErrorKind::LockedOut));
    let tested = Tested::up(with(None, secret(PASSWORD)));
    assert_eq!(tested.ask(&[b"GET", PROBE.as_bytes()]), bulk("v"));

    for (settings, problem) in [
        (with(None, secret("pnpw_wrong")), "WRONGPASS"),
        (with(Some("store"), secret("pnpw_wrong")), "WRONGPASS"),
        (with(Some("missing"), secret("pnpw_of_the_user")), "WRONGPASS"),
        (with(None, None), "NOAUTH"),
        (
            LinkSettings { probe: b"other".to_vec(), ..with(Some("store"), secret("pnpw_of_the_user")) },
            "NOPERM",
        ),
        (
            LinkSettings {
                channels: vec![b"other".to_vec()],
                ..with(Some("store"), secret("pnpw_of_the_user"))
            },
            "NOPERM",
        ),
        (LinkSettings { database: 99, ..with(None, secret(PASSWORD)) }, "database"),
    ] {
        let tested = Tested::start(settings);
        let why = tested.next_is_down();
        assert!(why.contains(problem) && !why.contains("pnpw_"), "{problem}: {why}");
    }

    // Locked out while it is up, and let in again.
    let tested = Tested::up(with(Some("store"), secret("pnpw_of_the_user")));
    redis.say(&["ACL", "SETUSER", "store", "off"]);
    redis.say(&["CLIENT", "KILL", "USER", "store"]);
    assert!(tested.next_is_down().contains("WRONGPASS"));
    redis.say(&["ACL", "SETUSER", "store", "on"]);
    assert_eq!(tested.next(), Told::Up);
}

#[test]
fn tls_is_spoken_with_those_the_authority_vouches_for() {
    let authority = Authority::new();
    let name = "tls_is_spoken_with_those_the_authority_vouches_for";
    let Some(mut redis) = Redis::with_tls(name, &authority, &[]) else { return };
    let roots =
        |authority: &Authority| vec![CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()];
    let with = |extra_roots, host: &str, server_name: Option<&str>| LinkSettings {
        addresses: vec![Address { host: host.to_owned(), port: redis.tls_port }],
        tls: Some(TlsOptions { extra_roots, server_name: server_name.map(str::to_owned) }),
        ..settings(&[])
    };
    let by_address = with(roots(&authority), "127.0.0.1", None);
    let refused = [
        (with(Vec::new(), "127.0.0.1", None), "certificate"),
        (with(roots(&Authority::new()), "127.0.0.1", None), "certificate"),
        (with(roots(&authority), "127.0.0.1", Some("redis.example")), "certificate"),
        // No TLS there.
        (
            LinkSettings {
                addresses: settings(&[redis.port]).addresses,
                ..with(roots(&authority), "127.0.0.1", None)
            },
            "",
        ),
        // TLS there, and none here.
        (LinkSettings { tls: None, ..with(roots(&authority), "127.0.0.1", None) }, ""),
    ];
    for (settings, problem) in refused {
        let tested = Tested::start(settings);
        let why = tested.next_is_down();
        assert!(why.contains(problem), "{why}");
    }
    for settings in
        [with(roots(&authority), "localhost", None), with(roots(&authority), "127.0.0.1", Some("localhost"))]
    {
        assert_eq!(Tested::up(settings).ask(&[b"PING"]), simple("PONG"));
    }
    let tested = Tested::up(by_address);
    let value = vec![b'a'; 900_000];
    assert_eq!(tested.ask(&[b"SET", b"k", &value]), simple("OK"));
    assert_eq!(tested.ask(&[b"GET", b"k"]), Reply::Bulk(value));
    assert_eq!(tested.ask(&[b"PUBLISH", CHANNEL, b"p"]), Reply::Integer(1));
    assert_eq!(tested.next(), Told::Push(CHANNEL.to_vec(), b"p".to_vec()));
    redis.restart();
    tested.until_up();
    assert_eq!(tested.ask(&[b"PING"]), simple("PONG"));
}

#[test]
fn a_server_that_was_killed_is_found_again() {
    let Some(mut redis) = Redis::start("a_server_that_was_killed_is_found_again", &[]) else { return };
    let tested = Tested::up(settings(&[redis.port]));
    redis.kill();
    assert!(tested.next_is_down().starts_with(&redis.address()));
    assert_eq!(tested.try_ask(&[b"PING"]).unwrap_err().kind, LinkErrorKind::Down);
    redis.restart();
    assert_eq!(tested.next(), Told::Up);
    assert_eq!(tested.ask(&[b"PING"]), simple("PONG"));
    assert_eq!(tested.ask(&[b"PUBLISH", CHANNEL, b"p"]), Reply::Integer(1), "it listens again");
    let state = tested.link.state();
    assert_eq!((state.is_up, &*state.why, state.connections), (true, "", 2));
}

#[test]
fn a_server_that_hangs_is_noticed_and_used_again() {
    let Some(redis) = Redis::start("a_server_that_hangs_is_noticed_and_used_again", &[]) else { return };
    let tested = Tested::up(LinkSettings { timeout: Duration::from_millis(200), ..settings(&[redis.port]) });
    // Though nothing is asked of it.
    redis.pause();
    assert!(tested.next_is_down().contains("longer than 200 ms"));
    assert_eq!(tested.try_ask(&[b"PING"]).unwrap_err().kind, LinkErrorKind::Slow);
    until("it is left", || tested.link.state().why.contains("does not answer"));
    redis.resume();
    assert_eq!(tested.next(), Told::Up);
    until("it answers", || tested.try_ask(&[b"PING"]) == Ok(simple("PONG")));
}

#[test]
fn a_server_that_takes_no_more_clients_is_tried_again() {
    let Some(redis) =
        Redis::start("a_server_that_takes_no_more_clients_is_tried_again", &["--maxclients", "2"])
    else {
        return;
    };
    let first = Tested::up(settings(&[redis.port]));
    let second = Tested::up(settings(&[redis.port]));
    let third = Tested::start(settings(&[redis.port]));
    let why = third.next_is_down();
    assert!(why.contains("maxclients"), "{why}");
    drop(second);
    assert_eq!(third.next(), Told::Up);
    assert_eq!(first.ask(&[b"PING"]), simple("PONG"));
}

#[test]
fn a_server_that_reads_its_data_is_waited_for() {
    let name = "a_server_that_reads_its_data_is_waited_for";
    let Some(mut redis) = Redis::start(name, &["--loading-process-events-interval-bytes", "1024"]) else {
        return;
    };
    redis.say(&["EVAL", "for i = 1, 3000 do redis.call('SET', 'k' .. i, string.rep('v', 100)) end", "0"]);
    redis.say(&["SAVE"]);
    let tested = Tested::up(settings(&[redis.port]));
    // A millisecond for each key.
    redis.restart_with(&["--key-load-delay", "1000"]);
    until("it says that it is loading", || tested.link.state().why.contains("LOADING"));
    tested.until_up();
    assert_eq!(tested.ask(&[b"GET", b"k3000"]), bulk(&"v".repeat(100)));
}

#[test]
fn what_redis_refuses_is_told_by_its_kind() {
    let Some(redis) = Redis::start("what_redis_refuses_is_told_by_its_kind", &[]) else { return };
    let tested = Tested::up(settings(&[redis.port]));
    assert_eq!(tested.error_kind(&[b"GET"]), Some(ReplyErrorKind::Other));
    let digest = b"0000000000000000000000000000000000000000";
    assert_eq!(tested.error_kind(&[b"EVALSHA", digest, b"0"]), Some(ReplyErrorKind::NoScript));
    redis.say(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(tested.error_kind(&[b"SET", b"k", b"v"]), Some(ReplyErrorKind::Full));
    assert_eq!(tested.ask(&[b"GET", b"k"]), Reply::Null, "it still reads");
    redis.say(&["CONFIG", "SET", "maxmemory", "0"]);
    // A script that does not end, on another connection.
    redis.say(&["CONFIG", "SET", "lua-time-limit", "1"]);
    std::thread::scope(|scope| {
        let looping = scope.spawn(|| redis.say(&["EVAL", "while true do end", "0"]));
        until(
            "it is busy",
            || matches!(tested.try_ask(&[b"GET", b"k"]), Ok(Reply::Error(error)) if error.kind == ReplyErrorKind::Busy),
        );
        redis.say(&["SCRIPT", "KILL"]);
        assert!(looping.join().unwrap().starts_with('-'));
    });
    until("it answers again", || tested.try_ask(&[b"GET", b"k"]) == Ok(Reply::Null));
}

#[test]
fn a_master_that_becomes_a_replica_is_left_for_the_new_master() {
    let name = "a_master_that_becomes_a_replica_is_left_for_the_new_master";
    let Some(old) = Redis::start(name, &[]) else { return };
    let Some(new) = Redis::start(name, &[]) else { return };
    new.say(&["REPLICAOF", "127.0.0.1", &old.port.to_string()]);
    until("it replicates", || new.answers(&["INFO", "replication"], "master_link_status:up"));
    let tested = Tested::up(settings(&[new.port, old.port]));
    assert_eq!(tested.ask(&[b"SET", b"k", b"v"]), simple("OK"), "the master is found");
    new.say(&["REPLICAOF", "NO", "ONE"]);
    old.say(&["REPLICAOF", "127.0.0.1", &new.port.to_string()]);
    until("the new master is used", || tested.try_ask(&[b"SET", b"k", b"new"]) == Ok(simple("OK")));
    assert_eq!(new.say(&["GET", "k"]), "new");
}

#[test]
fn a_sentinel_leads_to_the_master_and_to_the_next() {
    let name = "a_sentinel_leads_to_the_master_and_to_the_next";
    let Some(mut master) = Redis::start(name, &["--requirepass", PASSWORD]) else { return };
    master.password = Some(PASSWORD.to_owned());
    let follows = ["--requirepass", PASSWORD, "--masterauth", PASSWORD];
    let Some(mut replica) = Redis::start(name, &follows) else { return };
    replica.password = Some(PASSWORD.to_owned());
    replica.say(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    let needs = format!("sentinel auth-pass store {PASSWORD}\nrequirepass {PASSWORD}");
    let Some(mut sentinel) = Redis::sentinel(name, master.port, &needs) else { return };
    sentinel.password = Some(PASSWORD.to_owned());
    until("the Sentinel knows both", || {
        sentinel.answers(&["SENTINEL", "REPLICAS", "store"], &format!("127.0.0.1:{}", replica.port))
            && replica.answers(&["INFO", "replication"], "master_link_status:up")
    });
    let with = |name: &str| LinkSettings {
        sentinel_name: Some(name.to_owned()),
        password: secret(PASSWORD),
        ..settings(&[1, sentinel.port])
    };
    let unknown = Tested::start(with("other"));
    unknown.next_is_down();
    until("it says so", || {
        unknown.link.state().why.contains("refused") || unknown.link.state().why.contains("knows no")
    });
    let tested = Tested::up(with("store"));
    assert_eq!(tested.ask(&[b"SET", b"k", b"v"]), simple("OK"));
    master.kill();
    until("the replica has become the master", || {
        tested.try_ask(&[b"SET", b"k", b"after"]) == Ok(simple("OK"))
    });
    assert_eq!(replica.say(&["GET", "k"]), "after");
    assert!(matches!(tested.next(), Told::Down(_)));
    tested.until_up();
}

#[test]
fn the_node_of_a_cluster_that_has_the_store_is_found_and_followed() {
    let name = "the_node_of_a_cluster_that_has_the_store_is_found_and_followed";
    let Some(nodes) = Redis::cluster(name, 3) else { return };
    let slot = nodes[0].say(&["CLUSTER", "KEYSLOT", PROBE]);
    let owner = (slot.parse::<u32>().unwrap() * 3 / 16384) as usize;
    let (other, third) = ((owner + 1) % 3, (owner + 2) % 3);
    let tested = Tested::up(settings(&[nodes[other].port]));
    assert_eq!(tested.ask(&[b"SET", PROBE.as_bytes(), b"v"]), simple("OK"), "the owner is found");
    // What is published anywhere is heard everywhere.
    nodes[third].say(&["PUBLISH", std::str::from_utf8(CHANNEL).unwrap(), "p"]);
    assert_eq!(tested.next(), Told::Push(CHANNEL.to_vec(), b"p".to_vec()));
    // The slot moves to the third node, as an operator would move it.
    let ids: Vec<_> = nodes.iter().map(|node| node.say(&["CLUSTER", "MYID"])).collect();
    nodes[third].say(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[owner]]);
    nodes[owner].say(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[third]]);
    assert_eq!(tested.error_kind(&[b"GET", b"paynowbridge:{1}:missing"]), Some(ReplyErrorKind::Moving));
    let port = nodes[third].port.to_string();
    assert_eq!(nodes[owner].say(&["MIGRATE", "127.0.0.1", &port, PROBE, "0", "5000"]), "OK");
    for index in [third, owner, other] {
        assert_eq!(nodes[index].say(&["CLUSTER", "SETSLOT", &slot, "NODE", &ids[third]]), "OK");
    }
    until("the new owner is used", || tested.try_ask(&[b"GET", PROBE.as_bytes()]) == Ok(bulk("v")));
    assert!(nodes[third].say(&["CLIENT", "LIST"]).contains("name=paynow-bridge"));
}

/// Faults one after the other, in an order of chance, under load: each call ends, with its own reply or an error, and the
/// link comes back each time. `NETWORK_FAULTS` says how many.
#[test]
fn whatever_happens_it_comes_back() {
    let Some(mut redis) = Redis::start("whatever_happens_it_comes_back", &[]) else { return };
    let faults = std::env::var("NETWORK_FAULTS").map_or(6, |count| count.parse().unwrap());
    let tested = Tested::up(LinkSettings { timeout: Duration::from_millis(200), ..settings(&[redis.port]) });
    let is_over = AtomicBool::new(false);
    let mut random = fastrand::Rng::with_seed(faults);
    std::thread::scope(|scope| {
        let _over = AtEnd(&is_over);
        for caller in 0..4 {
            let (link, is_over) = (&tested.link, &is_over);
            scope.spawn(move || {
                for round in 0.. {
                    let word = format!("{caller}.{round}");
                    match link
                        .call(&Commands::new().add(&[b"ECHO", word.as_bytes()]), Duration::from_millis(200))
                    {
                        Ok(replies) => assert_eq!(replies, [bulk(&word)]),
                        Err(error) => assert_ne!(error.kind, LinkErrorKind::Closed),
                    }
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    std::thread::yield_now();
                }
            });
        }
        for number in 0..faults {
            let lost = tested.link.state().connections;
            // Each of them once before one comes again.
            match if number < 5 { number } else { random.u64(..5) } {
                0 => redis.restart(),
                1 => {
                    redis.pause();
                    until("it is noticed", || !tested.link.state().is_up);
                    redis.resume();
                }
                2 => {
                    redis.pause();
                    until("it is left", || tested.link.state().why.contains("does not answer"));
                    redis.resume();
                }
                3 => {
                    redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]);
                    until("it is replaced", || tested.link.state().connections > lost);
                }
                _ => {
                    redis.kill();
                    until("it is noticed", || !tested.link.state().is_up);
                    redis.restart();
                }
            }
            until("it answers again", || tested.try_ask(&[b"PING"]) == Ok(simple("PONG")));
            assert!(redis.say(&["PUBSUB", "NUMSUB", std::str::from_utf8(CHANNEL).unwrap()]).ends_with('1'));
        }
    });
}

struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_name_that_is_not_resolved_is_told() {
    let unknown = LinkSettings {
        addresses: vec![Address { host: "no-such-host.invalid".to_owned(), port: 6379 }],
        ..settings(&[])
    };
    let tested = Tested::start(unknown);
    let why = tested.next_is_down();
    assert!(why.contains("resolved"), "{why}");
    tested.link.close();
}

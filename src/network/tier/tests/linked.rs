//! The rules over real links, wherever a Redis may be: behind TLS, behind Sentinels, in a cluster.

use std::sync::Arc;
use std::time::Duration;

use super::super::simulation::rig::server::{Authority, Redis, until};
use super::super::simulation::rig::{Forgetful, Forgotten, Memory, look_up, settled};
use super::super::*;
use crate::network::settings::NetworkOptions;

const PASSWORD: &str = "pnpw_of_the_network";
const BODY: &str = r#"{"id":"7","name":"Gordon"}"#;

fn options(addresses: Vec<String>) -> NetworkOptions {
    // Long enough on a machine that is busy with other tests.
    NetworkOptions { addresses, timeout: Duration::from_secs(5), ..NetworkOptions::default() }
}

/// Two servers of one store.
struct Pair {
    networks: [Arc<dyn Network>; 2],
    memories: [Arc<Memory>; 2],
    questions: u32,
}

impl Pair {
    /// Starts them, and waits until they see each other.
    #[track_caller]
    fn start(options: &NetworkOptions) -> Self {
        let tier = TierSettings {
            store_id: "1".to_owned(),
            api_key: Secret::new("pnapi_first".to_owned()),
            rate: RatePolicy { per_second: 1_000.0, burst: 100.0 },
            cache: CachePolicy::default(),
        };
        let memories = [Arc::new(Memory::default()), Arc::new(Memory::default())];
        let networks = memories.each_ref().map(|memory| {
            start(options.check().unwrap(), &tier, Box::new(Forgetful(Arc::clone(memory)))).unwrap()
        });
        let pair = Self { networks, memories, questions: 0 };
        pair.until_up();
        pair
    }

    #[track_caller]
    fn until_up(&self) {
        for network in &self.networks {
            until("it is up, and sees the other", || network.state().up && network.state().servers == 2);
        }
    }

    /// Both say once that it is gone, and once that it is back.
    #[track_caller]
    fn until_gone_and_back(&self) {
        for network in &self.networks {
            until("it is gone", || matches!(network.news(), Some(News::Down(_))));
        }
        for network in &self.networks {
            until("it is back", || matches!(network.news(), Some(News::Up(_))));
        }
        self.until_up();
    }

    /// Asks until the question is this server's to ask.
    #[track_caller]
    fn lease(&self, question: &str) -> Claim {
        let mut claim = None;
        until("it may ask", || {
            claim = match self.networks[0].consult(&look_up(question)) {
                Verdict::Go { claim, .. } => claim,
                // Between two servers of Redis.
                _ => None,
            };
            claim.is_some()
        });
        claim.unwrap()
    }

    /// What the one asks, the other knows, until the other writes it: then the one is told.
    #[track_caller]
    fn share(&mut self) {
        self.questions += 1;
        let question = format!("/v1/stores/1/customers/lookup?steam_id={}", self.questions);
        let [one, other] = &self.networks;
        let claim = self.lease(&question);
        assert!(!matches!(other.consult(&look_up(&question)), Verdict::Go { claim: Some(_), .. }));
        let answer = SettledAnswer::Customer { id: "7", body: BODY.as_bytes() };
        one.settle(&Settled { claim: Some(claim), question: Some(&question), answer, ..settled() });
        until("it is known", || matches!(other.consult(&look_up(&question)), Verdict::Known(_)));
        self.memories[0].take();
        other.settle(&Settled { written: Written::Customer("7"), ..settled() });
        until("it is forgotten", || {
            self.memories[0].take().iter().any(|told| *told == Forgotten::Customer("7".to_owned()))
        });
        one.give_up(self.lease(&question));
    }
}

#[test]
fn the_rules_hold_over_tls() {
    let authority = Authority::new();
    let Some(mut redis) = Redis::with_tls("the_rules_hold_over_tls", &authority, &[]) else { return };
    let mut options = options(vec![format!("localhost:{}", redis.tls_port)]);
    options.ca_file = Some(redis.directory().join("ca.pem"));
    let mut pair = Pair::start(&options);
    pair.share();
    redis.restart();
    pair.until_up();
    pair.share();
}

#[test]
fn a_script_that_redis_has_forgotten_is_sent_again_for_every_command() {
    let name = "a_script_that_redis_has_forgotten_is_sent_again_for_every_command";
    let Some(redis) = Redis::start(name, &[]) else { return };
    let mut pair = Pair::start(&options(vec![redis.address()]));
    pair.share();
    let question = "/v1/stores/1/customers/lookup?steam_id=flushed";
    for _ in 0..3 {
        let claim = pair.lease(question);
        redis.say(&["SCRIPT", "FLUSH"]);
        let [one, other] = &pair.networks;
        let answer = SettledAnswer::Customer { id: "7", body: BODY.as_bytes() };
        one.settle(&Settled { claim: Some(claim), question: Some(question), answer, ..settled() });
        until("it is known", || matches!(other.consult(&look_up(question)), Verdict::Known(_)));
        redis.say(&["SCRIPT", "FLUSH"]);
        other.settle(&Settled { written: Written::Customer("7"), ..settled() });
        until("it is forgotten", || matches!(pair.memories[0].take()[..], [Forgotten::Customer(_)]));
        // A lease is given up, and both are alive.
        let claim = pair.lease(question);
        redis.say(&["SCRIPT", "FLUSH"]);
        pair.networks[0].give_up(claim);
        until("it is free", || match pair.networks[1].consult(&look_up(question)) {
            Verdict::Go { claim: Some(claim), .. } => {
                pair.networks[1].give_up(claim);
                true
            }
            _ => false,
        });
        pair.until_up();
    }
    assert_eq!(pair.networks.each_ref().map(|network| network.news()), [None, None]);
    // Called by their names, except where they were forgotten.
    let statistics = redis.say(&["INFO", "commandstats"]);
    let calls = |command: &str| -> u64 {
        let line =
            statistics.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.and_then(|rest| rest.split(',').next()).unwrap().parse().unwrap()
    };
    assert!(calls("evalsha") > calls("eval"), "{statistics}");
}

/// `NETWORK_FAULTS` says how many times the master changes.
#[test]
fn the_rules_outlive_a_failover_by_sentinels() {
    let name = "the_rules_outlive_a_failover_by_sentinels";
    let failovers = std::env::var("NETWORK_FAULTS").map_or(1, |count| count.parse::<u32>().unwrap() / 20 + 1);
    let secured = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"];
    let Some(mut master) = Redis::start(name, &secured) else { return };
    let Some(mut replica) = Redis::start(name, &secured) else { return };
    let needs = format!("sentinel auth-pass store {PASSWORD}\nrequirepass {PASSWORD}");
    let Some(mut sentinel) = Redis::sentinel(name, master.port, &needs) else { return };
    for redis in [&mut master, &mut replica, &mut sentinel] {
        redis.password = Some(PASSWORD.to_owned());
    }
    replica.say(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    let is_followed = |follower: &Redis| {
        let place = format!("127.0.0.1:{}", follower.port);
        sentinel.answers(&["SENTINEL", "REPLICAS", "store"], &place)
            && follower.answers(&["INFO", "replication"], "master_link_status:up")
    };
    until("the Sentinel knows both", || is_followed(&replica));
    let mut options = options(vec!["127.0.0.1:1".to_owned(), sentinel.address()]);
    options.sentinel_name = Some("store".to_owned());
    options.password = Some(Secret::new(PASSWORD.to_owned()));
    let mut pair = Pair::start(&options);
    for number in 0..failovers {
        pair.share();
        master.kill();
        pair.until_gone_and_back();
        pair.share();
        assert!(replica.say(&["DBSIZE"]) != "0", "failover {number}");
        if number + 1 < failovers {
            master.restart();
            until("the former master follows", || is_followed(&master));
            std::mem::swap(&mut master, &mut replica);
        }
    }
}

#[test]
fn the_rules_hold_in_a_cluster_and_follow_the_store() {
    let name = "the_rules_hold_in_a_cluster_and_follow_the_store";
    let Some(nodes) = Redis::cluster(name, 3) else { return };
    let slot = nodes[0].say(&["CLUSTER", "KEYSLOT", "paynowbridge:{1}:w"]);
    let owner = (slot.parse::<u32>().unwrap() * 3 / 16384) as usize;
    let (other, third) = ((owner + 1) % 3, (owner + 2) % 3);
    // Any node leads there.
    let mut pair = Pair::start(&options(vec![nodes[other].address(), nodes[third].address()]));
    pair.share();
    let question = "/v1/stores/1/customers/lookup?steam_id=moved";
    let claim = pair.lease(question);
    // The slot moves to the third node, as an operator would move it.
    let ids: Vec<_> = nodes.iter().map(|node| node.say(&["CLUSTER", "MYID"])).collect();
    nodes[third].say(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[owner]]);
    nodes[owner].say(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[third]]);
    let port = nodes[third].port.to_string();
    until("all keys have moved", || {
        for key in nodes[owner].say(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]).lines() {
            nodes[owner].say(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000", "REPLACE"]);
        }
        nodes[owner].say(&["CLUSTER", "COUNTKEYSINSLOT", &slot]) == "0"
    });
    // On its way it can be used by no one.
    let Verdict::Alone { .. } = pair.networks[1].consult(&look_up(question)) else { panic!("not alone") };
    for index in [third, owner, other] {
        assert_eq!(nodes[index].say(&["CLUSTER", "SETSLOT", &slot, "NODE", &ids[third]]), "OK");
    }
    let known = Ask { only_known: true, ..look_up(question) };
    until("both use the new owner", || {
        pair.networks.iter().all(|network| !matches!(network.consult(&known), Verdict::Alone { .. }))
    });
    // What was asked before it moved is answered after. (Of the other customer it is told again that it was changed.)
    let answer = SettledAnswer::Customer { id: "8", body: BODY.as_bytes() };
    pair.networks[0].settle(&Settled { claim: Some(claim), question: Some(question), answer, ..settled() });
    until("it is known", || matches!(pair.networks[1].consult(&look_up(question)), Verdict::Known(_)));
    pair.share();
}

//! Several clients as the servers of one store, over a real Redis.

#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

#[path = "support/redis.rs"]
mod redis;
mod support;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paynow_bridge::{
    Answer, Call, Client, CustomerFields, Field, LogLevel, LookupKey, NetworkConfig, Player, Source, Status,
};
use redis::{Authority, Redis, until};
use support::{FOREVER, Sandbox, wait};

/// Long enough that no answer is forgotten by itself, whatever the machine does.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// So many servers, which all have found the network.
fn servers(sandbox: &Sandbox, redis: &Redis, count: usize) -> Vec<Client> {
    servers_at(sandbox, &NetworkConfig::new(redis.address()), count)
}

fn servers_at(sandbox: &Sandbox, network: &NetworkConfig, count: usize) -> Vec<Client> {
    let server = |_| {
        let builder = sandbox.builder().cache_ttl(REMEMBERED).cache_negative_ttl(REMEMBERED);
        let builder = builder.deadline(FOREVER).log_level(LogLevel::Info);
        // Waited for as long as need be: what is tested is what it says, not how fast a busy machine is.
        builder.network(network.clone().timeout(Duration::from_secs(10))).build().unwrap()
    };
    let servers: Vec<Client> = (0..count).map(server).collect();
    until("all servers have found the network", || servers.iter().all(|server| server.stats().network_up));
    servers
}

/// The customer of that name, and where the answer comes from.
fn look(server: &Client, name: &str) -> (Option<String>, Source) {
    let completion = wait(server, server.lookup_customer(LookupKey::Name(name), &Call::default()));
    assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
    let id = match completion.answer() {
        Answer::Customer(customer) => Some(customer.id.to_string()),
        _ => None,
    };
    (id, completion.source())
}

fn create(server: &Client, name: &str) -> String {
    let fields = CustomerFields { name: Field::Value(name), ..CustomerFields::default() };
    let completion = wait(server, server.create_customer(&fields, &Call::default()));
    let Answer::Customer(customer) = completion.answer() else { panic!("{:?}", completion.message()) };
    customer.id.to_string()
}

/// What the server would have in its log about the network.
fn lines(server: &Client) -> Vec<String> {
    let mut lines = Vec::new();
    server.deliver_log(|line| lines.push(line.text.to_string()));
    lines.retain(|line| line.contains("network"));
    lines
}

#[test]
fn what_one_server_knows_the_others_do_not_ask() {
    let Some(redis) = Redis::start("network.known", &[]) else { return };
    let sandbox = Sandbox::start();
    let servers = servers(&sandbox, &redis, 5);
    let id = create(&servers[0], "Ada");
    let (found, source) = look(&servers[0], "Ada");
    assert_eq!((found.as_deref(), source), (Some(&*id), Source::Network));
    let asked = sandbox.requests();
    for server in &servers[1..] {
        assert_eq!(look(server, "Ada"), (Some(id.clone()), Source::OtherServer));
        assert_eq!(look(server, "Ada").1, Source::Cache, "it is remembered here too");
    }
    assert_eq!(sandbox.requests(), asked);
    // So is "no such customer", until one is created.
    assert_eq!(look(&servers[1], "Bob"), (None, Source::Network));
    assert_eq!(look(&servers[2], "Bob"), (None, Source::OtherServer));
    assert_eq!(sandbox.requests(), asked + 1);
    let bob = create(&servers[3], "Bob");
    for server in &servers {
        until("all have heard of it", || look(server, "Bob").0.as_ref() == Some(&bob));
    }
}

#[test]
fn encrypted_and_with_a_password_it_is_the_same() {
    let authority = Authority::new();
    let options = ["--requirepass", "pnpw_of_the_network"];
    let Some(redis) = Redis::with_tls("network.encrypted", &authority, &options) else { return };
    let sandbox = Sandbox::start();
    let network = NetworkConfig::new(format!("localhost:{}", redis.tls_port))
        .ca_file(redis.directory().join("ca.pem"))
        .password("pnpw_of_the_network");
    let servers = servers_at(&sandbox, &network, 2);
    let id = create(&servers[0], "Ada");
    assert_eq!(look(&servers[0], "Ada"), (Some(id.clone()), Source::Network));
    assert_eq!(look(&servers[1], "Ada"), (Some(id), Source::OtherServer));
}

#[test]
fn in_a_cluster_it_is_the_same() {
    let Some(nodes) = Redis::cluster("network.cluster", 3) else { return };
    let sandbox = Sandbox::start();
    // Each is led by another node.
    let servers: Vec<Client> = nodes.iter().flat_map(|node| servers(&sandbox, node, 1)).collect();
    let id = create(&servers[0], "Ada");
    assert_eq!(look(&servers[0], "Ada"), (Some(id.clone()), Source::Network));
    for server in &servers[1..] {
        assert_eq!(look(server, "Ada"), (Some(id.clone()), Source::OtherServer));
    }
}

#[test]
fn what_one_server_writes_all_see() {
    let Some(redis) = Redis::start("network.written", &[]) else { return };
    let sandbox = Sandbox::start();
    let servers = servers(&sandbox, &redis, 4);
    let id = create(&servers[0], "Cleo");
    for server in &servers {
        assert_eq!(look(server, "Cleo").0.as_ref(), Some(&id));
    }
    for (round, writer) in servers.iter().enumerate() {
        let name = format!("Cleo{round}");
        let fields = CustomerFields { name: Field::Value(name.as_str()), ..CustomerFields::default() };
        let completion = wait(writer, writer.update_customer(&id, &fields, &Call::default()));
        assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
        drop(completion);
        for server in &servers {
            // Nothing they remember ends by itself.
            until("all have heard of it", || look(server, &name).0.as_ref() == Some(&id));
        }
    }
}

#[test]
fn a_player_who_is_new_to_all_servers_at_once_is_created_once() {
    let Some(redis) = Redis::start("network.rush", &[]) else { return };
    let sandbox = Sandbox::start();
    let servers = servers(&sandbox, &redis, 12);
    let before = sandbox.requests();
    let barrier = Barrier::new(servers.len());
    let ids: Vec<String> = std::thread::scope(|scope| {
        let join = |server| {
            let barrier = &barrier;
            scope.spawn(move || {
                let player = Player {
                    minecraft_uuid: Some("069a79f4-44e9-4726-a5be-fca90e38aaf6"),
                    ..Player::default()
                };
                barrier.wait();
                let completion = wait(server, server.ensure_customer(&player, &Call::default()));
                let Answer::Customer(customer) = completion.answer() else {
                    panic!("{:?}: {:?}", completion.status(), completion.message())
                };
                customer.id.to_string()
            })
        };
        let players: Vec<_> = servers.iter().map(join).collect();
        players.into_iter().map(|player| player.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // One looked, and created.
    let numbers: Vec<_> = servers.iter().map(Client::stats).collect();
    assert_eq!(sandbox.requests() - before, 2, "{numbers:?}");
}

#[test]
fn a_redis_that_is_killed_and_comes_back_fails_no_request() {
    let Some(mut redis) = Redis::start("network.killed", &[]) else { return };
    let sandbox = Sandbox::start();
    let servers = servers(&sandbox, &redis, 4);
    for server in &servers {
        lines(server);
    }
    let over = AtomicBool::new(false);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let play = |(number, server)| {
            let over = &over;
            scope.spawn(move || {
                // Each asks what none has asked before; `look` fails the test when it is not answered.
                let mut asked = 0;
                while !over.load(Ordering::SeqCst) {
                    asked += 1;
                    assert_eq!(look(server, &format!("player{number}x{asked}")).0, None);
                }
                asked
            })
        };
        let players: Vec<_> = servers.iter().enumerate().map(play).collect();
        let all = |is_up| servers.iter().all(|server| server.stats().network_up == is_up);
        redis.kill();
        until("all servers notice", || all(false));
        redis.restart();
        until("all servers are back", || all(true));
        over.store(true, Ordering::SeqCst);
        players.into_iter().map(|player| player.join().unwrap()).collect()
    });
    assert!(counts.iter().all(|asked| *asked > 0), "{counts:?}");
    for server in &servers {
        let mut said = Vec::new();
        until("it is said that the network answers again", || {
            said.extend(lines(server));
            said.len() >= 2
        });
        let beginnings = ["the network of servers does not answer: ", "the network of servers answers, "];
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said.iter().zip(beginnings).all(|(line, begins)| line.starts_with(begins)), "{said:?}");
    }
}

//! What the flight recorder tells of requests: the lines that `docs/operations.md` describes, over real sockets.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use paynow_bridge::{Call, Client, LookupKey, Player, Priority, Status};
use serde_json::Value;
use support::{FOREVER, Sandbox, until};

const NOTCH: LookupKey<'_> = LookupKey::MinecraftJavaName("Notch");

fn dump(client: &Client) -> Vec<Value> {
    let text = client.dump().unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
        .collect()
}

fn answered(client: &Client) -> Status {
    client.next(FOREVER).unwrap().unwrap().status()
}

fn number(line: &Value, name: &str) -> u64 {
    line[name].as_u64().unwrap_or_else(|| panic!("no {name}: {line}"))
}

#[test]
fn the_first_line_says_what_the_client_was_made_with() {
    let sandbox = Sandbox::start();
    let client = sandbox
        .builder()
        .deadline(Duration::from_secs(7))
        .rate_limit(12.5, 3)
        .proxy("")
        .user_agent("a secret of the host's")
        .build()
        .unwrap();
    let lines = dump(&client);
    let head = &lines[0];
    assert_eq!((lines.len(), number(head, "paynow_dump")), (1, 1));
    assert_eq!((number(head, "found"), number(head, "kept")), (0, 0));
    assert_eq!(head["version"], env!("CARGO_PKG_VERSION"));
    assert!(number(head, "unix_ms") > 1_600_000_000_000);
    let settings = &head["settings"];
    assert_eq!(settings["store_id"], sandbox.store_id.as_str());
    assert_eq!(settings["api_key"], true);
    assert_eq!(settings["deadline_ms"], 7_000);
    assert_eq!((&settings["rate_per_second"], &settings["rate_burst"]), (&12.5.into(), &3.into()));
    assert_eq!(head["numbers"]["submitted"], 0);
    let text = client.dump().unwrap();
    for secret in [sandbox.api_key.as_str(), "a secret of the host's", sandbox.base.as_str()] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn each_request_tells_how_it_went() {
    let sandbox = Sandbox::start();
    let client = sandbox
        .builder()
        .cache_ttl(Duration::from_secs(60))
        .retry_base(Duration::from_millis(1))
        .build()
        .unwrap();
    sandbox.respond(503, "{}");
    let background = Call { priority: Priority::Background, ..Call::default() };
    client.lookup_customer(NOTCH, &background).unwrap();
    assert_eq!(answered(&client), Status::Ok);
    client.lookup_customer(NOTCH, &Call::default()).unwrap();
    assert_eq!(answered(&client), Status::Ok);
    let player = Player { name: Some("Somebody_New"), ..Player::default() };
    client.ensure_customer(&player, &Call::default()).unwrap();
    assert_eq!(answered(&client), Status::Ok);
    sandbox.faults(r#"{"hang":true}"#);
    client.lookup_customer(LookupKey::MinecraftJavaName("jeb_"), &Call::default()).unwrap();
    let second = client.lookup_customer(LookupKey::MinecraftJavaName("jeb_"), &Call::default()).unwrap();
    let joined = until("the second joins", || {
        let lines = dump(&client);
        let last = lines.last()?.clone();
        (last["way"] == "joined").then_some(last)
    });
    assert_eq!((number(&joined, "n"), number(&joined, "joined")), (5, 4));
    assert!(joined.get("end").is_none(), "it is open: {joined}");
    assert!(client.cancel(second));
    assert_eq!(answered(&client), Status::Cancelled);
    let withdrawn = until("the library has heard of it", || {
        let last = dump(&client).last()?.clone();
        last.get("end").is_some().then_some(last)
    });
    assert_eq!(withdrawn["end"], "host");
    sandbox.faults("{}");
    until("the fourth ends", || client.next(FOREVER).unwrap());

    let lines = dump(&client);
    let [head, first, second, third, fourth, _] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((number(head, "found"), number(head, "kept")), (5, 5));

    assert_eq!(first["operation"], "lookup_customer");
    assert_eq!((&first["priority"], &second["priority"]), (&"background".into(), &"interactive".into()));
    assert_eq!(
        (&first["way"], &first["end"], &first["status"]),
        (&"asked".into(), &"library".into(), &"ok".into())
    );
    assert_eq!((number(first, "tried"), number(first, "http")), (2, 200));
    assert_eq!(number(first, "deadline_us"), 10_000_000);
    let attempts = first["attempts"].as_array().unwrap();
    let statuses: Vec<_> = attempts.iter().map(|one| (&one["status"], number(one, "http"))).collect();
    assert_eq!(statuses, [(&"server".into(), 503), (&"ok".into(), 200)]);
    let times = [
        number(first, "found_us"),
        number(&attempts[0], "began_us"),
        number(&attempts[0], "ended_us"),
        number(&attempts[1], "began_us"),
        number(&attempts[1], "ended_us"),
        number(first, "ended_us"),
    ];
    assert!(times.is_sorted(), "{times:?}");

    assert_eq!((&second["way"], &second["source"]), (&"at_once".into(), &"cache".into()));
    assert_eq!(first["question"], second["question"], "they ask the same");
    assert_ne!(first["question"], fourth["question"]);
    assert!(number(first, "submitted_us") <= number(second, "submitted_us"));
    assert!(number(second, "submitted_us") <= number(head, "now_us"));

    let steps: Vec<_> =
        third["attempts"].as_array().unwrap().iter().map(|one| one["operation"].as_str().unwrap()).collect();
    assert_eq!(
        (third["operation"].as_str(), &steps[..]),
        (Some("ensure_customer"), &["lookup_customer", "create_customer"][..])
    );

    let text = client.dump().unwrap();
    for told in [sandbox.api_key.as_str(), "Somebody_New", "Notch", "jeb_", "421621336637440000"] {
        assert!(!text.contains(told), "{told}");
    }
}

#[test]
fn when_the_host_collects_is_noticed() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    client.lookup_customer(NOTCH, &Call::default()).unwrap();
    // A host that ticks.
    until("it is collected", || {
        client.poll(0, Duration::ZERO, |_| ()).unwrap();
        dump(&client).get(1)?.get("collected_us").map(|_| ())
    });
    let line = dump(&client).remove(1);
    assert!(number(&line, "ended_us") <= number(&line, "collected_us"), "{line}");
    // One that waits.
    client.get_customer("421621336637440000", &Call::default()).unwrap();
    assert_eq!(answered(&client), Status::Ok);
    until("its waiting is noticed", || {
        assert!(client.next(Duration::from_millis(20)).unwrap().is_none());
        dump(&client).get(2)?.get("collected_us").map(|_| ())
    });
}

#[test]
fn a_client_without_a_recorder_tells_nothing_of_requests() {
    let sandbox = Sandbox::start();
    let client = sandbox.builder().flight_recorder(false).build().unwrap();
    client.lookup_customer(NOTCH, &Call::default()).unwrap();
    assert_eq!(answered(&client), Status::Ok);
    let lines = dump(&client);
    assert_eq!((lines.len(), &lines[0]["settings"]["flight_recorder"]), (1, &false.into()));
}

/// Every member a line has.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                if name != "settings" && name != "numbers" {
                    members(value, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| members(value, found)),
        _ => {}
    }
}

#[test]
fn every_member_is_explained_to_operators() {
    let sandbox = Sandbox::start();
    let client = sandbox.builder().cache_ttl(Duration::from_secs(60)).build().unwrap();
    for _ in 0..2 {
        client.lookup_customer(NOTCH, &Call::default()).unwrap();
        assert_eq!(answered(&client), Status::Ok);
    }
    let mut found = BTreeSet::new();
    dump(&client).iter().for_each(|line| members(line, &mut found));
    assert!(found.len() > 20, "{found:?}");
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let section = &guide[guide.find("## Flight recorder").unwrap()..guide.find("## Log lines").unwrap()];
    for name in found {
        assert!(section.contains(&format!("`{name}`")), "docs/operations.md does not explain {name}");
    }
}

//! Dumps of the flight recorder: explained, and replayed against the sandbox.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use paynow_bridge::{Call, LookupKey, Status};
use serde_json::{Value, json};

use super::Pnb;
use super::screen::on_a_terminal;
use super::support::{FOREVER, Sandbox};
use super::tools::signal;

/// What a client wrote down that asked three times: PayNow after a failure, its memory, and for a player that is not known.
pub fn of_a_client(sandbox: &Sandbox) -> String {
    let client = sandbox
        .builder()
        .cache_ttl(Duration::from_secs(60))
        .retry_base(Duration::from_millis(1))
        .build()
        .unwrap();
    sandbox.respond(503, "{}");
    for name in ["Notch", "Notch", "Nemo"] {
        client.lookup_customer(LookupKey::MinecraftJavaName(name), &Call::default()).unwrap();
        assert_eq!(client.next(FOREVER).unwrap().unwrap().status(), Status::Ok);
    }
    client.dump().unwrap()
}

/// A dump with this in its first line, and these requests.
fn dump(head: &Value, requests: &[Value]) -> String {
    let mut first = json!({
        "paynow_dump": 1, "version": "0.1.0", "os": "linux", "arch": "x86_64", "unix_ms": 1_790_000_000_000_u64,
        "now_us": 60_000_000, "found": requests.len(), "kept": requests.len(), "settings": {}, "numbers": {},
    });
    for (name, value) in head.as_object().unwrap() {
        first[name] = value.clone();
    }
    std::iter::once(&first).chain(requests).map(|line| format!("{line}\n")).collect()
}

/// A request that PayNow answered, with this on top.
fn request(n: u64, operation: &str, question: &str, http: u16, more: &Value) -> Value {
    let mut line = json!({
        "n": n, "operation": operation, "priority": "interactive", "question": question, "submitted_us": n * 1_000,
        "deadline_us": 30_000_000, "found_us": 50, "way": "asked", "tried": 1,
        "attempts": [{"operation": operation, "began_us": 100, "ended_us": 40_000, "status": "ok", "sent": "answered", "http": http}],
        "end": "library", "status": "ok", "source": "network", "sent": "answered", "http": http, "ended_us": 40_100,
        "collected_us": 45_000,
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

#[test]
fn what_a_client_wrote_down_is_explained() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("dump.jsonl", &of_a_client(pnb.sandbox()));
    let said = pnb.say(&format!("explain {}", file.display())).done();
    assert!(
        said.starts_with(concat!("paynow-bridge ", env!("CARGO_PKG_VERSION"), " on "))
            && said.contains("3 of 3 requests"),
        "{said}"
    );
    let line = |n: u32| said.lines().find(|line| line.starts_with(&format!("     {n}  "))).unwrap();
    assert!(line(1).contains("503 server in ") && line(1).contains("ok from PayNow after"), "{said}");
    assert!(line(2).contains("ok from memory after"), "{said}");
    assert!(line(3).contains("404 in ") && line(3).contains('█'), "{said}");

    let report = pnb.json(&format!("explain {}", file.display()));
    assert_eq!((&report["found"], &report["read"], &report["unreadable"]), (&3.into(), &3.into(), &0.into()));
    let first = &report["requests"][0];
    let attempts: Vec<_> = first["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["kind"] == "attempt")
        .map(|step| (step["status"].clone(), step["http"].clone()))
        .collect();
    assert_eq!(attempts, [(json!("server"), json!(503)), (json!("ok"), json!(200))]);
    assert_eq!(
        (&first["decided_by"], &report["requests"][1]["decided_by"]),
        (&json!("paynow"), &json!("memory"))
    );
    let groups = &report["summary"];
    assert_eq!(
        (&groups[0]["requests"], &groups[0]["at_once"], &groups[0]["attempts"]),
        (&3.into(), &1.into(), &3.into())
    );
    // From a pipe it is the same.
    let mut child = pnb
        .command()
        .args(["explain", "-", "--json", "--last", "1"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(&file).unwrap()).unwrap();
    let piped: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(
        (&piped["requests"][0], piped["requests"].as_array().unwrap().len()),
        (&report["requests"][2], 1)
    );
    assert_eq!(piped["summary"], report["summary"], "it is about all of them");
}

#[test]
fn a_dump_of_this_version_stays_readable() {
    let pnb = Pnb::alone();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dump.jsonl");
    let report = pnb.json(&format!("explain {file}"));
    assert_eq!(
        (&report["read"], &report["unreadable"], &report["is_cut"]),
        (&3.into(), &0.into(), &false.into())
    );
    let decided: Vec<_> =
        report["requests"].as_array().unwrap().iter().map(|one| &one["decided_by"]).collect();
    assert_eq!(decided, ["paynow", "memory", "paynow"]);
}

#[test]
fn what_is_odd_is_named_with_what_to_do() {
    let pnb = Pnb::alone();
    let late = json!({"collected_us": 2_000_000});
    let limited = json!({"status": "rate_limited", "http": 429, "attempts": [{"began_us": 1, "ended_us": 2, "status": "rate_limited", "http": 429}]});
    let mut requests: Vec<_> =
        (1..=4).map(|n| request(n, "get_customer", &n.to_string(), 200, &late)).collect();
    requests.push(request(5, "lookup_customer", "5", 429, &limited));
    let head = json!({"settings": {"cache_ttl_ms": 0}, "numbers": {"circuit_open": 1, "rate_limited": 1}});
    let file = pnb.file("odd.jsonl", &dump(&head, &requests));
    let report = pnb.json(&format!("explain {}", file.display()));
    let kinds: Vec<_> =
        report["odd"].as_array().unwrap().iter().map(|odd| odd["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["circuit_open", "rate_limited", "rare_polling"]);
    assert_eq!(report["odd"][2]["requests"], json!([1, 2, 3, 4]));
    let said = pnb.say(&format!("explain {}", file.display())).done();
    assert!(
        said.contains("rare polling: the host collected 4 of 5 answers")
            && said.contains("→ The host polls rarely"),
        "{said}"
    );
    assert!(said.contains("(#1 #2 #3 #4)"), "{said}");

    let drawn = |more: &str| -> Vec<u64> {
        let report = pnb.json(&format!("explain {} {more}", file.display()));
        report["requests"].as_array().unwrap().iter().map(|one| one["n"].as_u64().unwrap()).collect()
    };
    assert_eq!(drawn("--last 2"), [4, 5]);
    assert_eq!(drawn("--last 0"), [0; 0]);
    assert_eq!(drawn("--failed"), [5]);
    assert_eq!(drawn("--operation get_customer --last 1"), [4]);
}

#[test]
fn it_draws_with_what_the_terminal_has() {
    let pnb = Pnb::alone();
    let failed = json!({"status": "server", "http": 503});
    let file = pnb.file(
        "dump.jsonl",
        &dump(&json!({"numbers": {"circuit_open": 1}}), &[request(1, "get_customer", "1", 503, &failed)]),
    );
    let line = format!("explain {}", file.display());
    let ascii = pnb.say(&format!("{line} --ascii")).done();
    assert!(ascii.is_ascii() && ascii.contains("|##") && ascii.contains(" -> "), "{ascii}");
    for (variable, is_ascii) in [
        (None, true),
        (Some(("LANG", "C")), true),
        (Some(("LANG", "C.UTF-8")), false),
        (Some(("LC_ALL", "en_GB.utf8")), false),
    ] {
        let shown = on_a_terminal(&pnb, &line, variable);
        assert_eq!(shown.is_ascii(), is_ascii, "{variable:?}: {shown}");
        assert!(shown.contains(if is_ascii { "|##" } else { "│██" }), "{shown}");
    }
}

#[test]
fn a_hostile_dump_steers_nothing() {
    let pnb = Pnb::alone();
    let name = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m";
    let most = u64::MAX;
    let attempts: Vec<_> = (0..200)
        .map(|_| json!({"operation": name, "began_us": most, "ended_us": 0, "status": name}))
        .collect();
    let more = json!({
        "n": most, "submitted_us": most, "found_us": most, "deadline_us": most, "ended_us": most, "collected_us": 0, "tried": most,
        "status": name, "source": name, "sent": name, "joined": most, "attempts": attempts,
        "network": {"asked": most, "said": name, "said_us": most},
    });
    let head = json!({"version": name, "os": name, "arch": name, "unix_ms": most, "now_us": most, "settings": {name: name}});
    let mut text = dump(&head, &[request(1, name, name, 200, &more)]);
    text.push_str("not a line\n[]\n{\"n\":1,\"op");
    let file = pnb.file("hostile.jsonl", &text);
    let line = format!("explain {}", file.display());
    let said = pnb.say(&line).done();
    let is_safe = |character: char| !matches!(character, '\0'..='\t' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202e}');
    assert!(said.chars().all(is_safe) && said.contains("owned"), "{said:?}");
    assert!(said.contains("2 lines could not be read") && said.contains("in the middle of a line"), "{said}");
    let report = pnb.json(&line);
    assert_eq!((&report["unreadable"], &report["is_cut"]), (&2.into(), &true.into()));
    assert_eq!(report["requests"][0]["operation"], name, "programs get it as it is");

    for (name, text) in [("empty", ""), ("log", "[12:00:00] hello\n"), ("other.json", "{\"a\":1}\n")] {
        let said = pnb.say(&format!("explain {}", pnb.file(name, text).display())).ended(2);
        assert!(said.contains("is not a dump of paynow-bridge"), "{said}");
    }
    let later = pnb.file("later.jsonl", "{\"paynow_dump\":2}\n");
    assert!(pnb.say(&format!("explain {}", later.display())).ended(2).contains("dump of version 2"));
    assert_eq!(pnb.say(&format!("explain {}", pnb.path("missing").display())).code, Some(8));
    let large = pnb.path("large");
    File::create(&large).unwrap().set_len(64 * 1024 * 1024 * 1024).unwrap();
    assert!(pnb.say(&format!("explain {}", large.display())).ended(2).contains("larger than any dump"));
}

/// One of each operation, as PayNow answered it, and some questions twice.
fn one_of_each() -> Vec<Value> {
    let step = |operation: &str, http: u16| json!({"operation": operation, "began_us": 100, "ended_us": 200, "status": "ok", "http": http});
    let ensured =
        json!({"tried": 2, "attempts": [step("lookup_customer", 404), step("create_customer", 200)]});
    let conflict = json!({"status": "conflict", "attempts": [{"operation": "create_customer", "began_us": 1, "ended_us": 2, "status": "conflict", "http": 409}]});
    let token =
        json!({"tried": 2, "attempts": [step("lookup_customer", 200), step("create_customer_token", 200)]});
    let refused = json!({"status": "unauthorized", "attempts": [{"operation": "get_current_customer", "began_us": 1, "ended_us": 2, "status": "unauthorized", "http": 401}]});
    let none = json!({});
    let each: [(&str, &str, u16, &Value); 20] = [
        ("lookup_customer", "a", 200, &none),
        ("lookup_customer", "b", 404, &none),
        ("lookup_customer", "a", 200, &none),
        ("lookup_customer", "a", 200, &none),
        ("get_customer", "a", 200, &none),
        ("get_customer", "c", 404, &none),
        ("list_customers", "d", 200, &none),
        ("create_customer", "e", 200, &none),
        ("create_customer", "f", 409, &conflict),
        ("update_customer", "g", 200, &none),
        ("bulk_create_customers", "h", 200, &none),
        ("create_customer_token", "i", 200, &none),
        ("invalidate_customer_tokens", "j", 204, &none),
        ("authenticate_customer", "k", 200, &none),
        ("get_current_customer", "l", 200, &none),
        ("get_current_customer", "m", 401, &refused),
        ("lookup_giftcard", "n", 200, &none),
        ("request", "p", 200, &none),
        ("ensure_customer", "q", 200, &ensured),
        ("token_for", "r", 200, &token),
    ];
    each.iter()
        .zip(1..)
        .map(|((operation, question, http, more), n)| request(n, operation, question, *http, more))
        .collect()
}

#[test]
fn every_operation_is_replayed_with_invented_players() {
    let pnb = Pnb::with_sandbox();
    let mut requests = one_of_each();
    requests.push(request(21, "of_a_later_version", "s", 200, &json!({})));
    let head = json!({"settings": {"cache_ttl_ms": 60_000, "cache_negative_ttl_ms": 60_000, "network": true, "max_attempts": 1}});
    let file = pnb.file("dump.jsonl", &dump(&head, &requests));
    pnb.say("sandbox plan --latency-ms 1").done();
    let plan = pnb.json("sandbox plan");
    // A key of the owner's is not what is sent: the sandbox would refuse it.
    let mut command = pnb.command();
    command
        .env("PAYNOW_API_KEY", "pnapi_of_the_owner")
        .env("PAYNOW_STORE_ID", "5")
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    let ran: super::Ran = command.args(["replay", file.to_str().unwrap(), "--json"]).output().unwrap().into();
    let report: Value = serde_json::from_str(&ran.done()).unwrap();
    assert_eq!((&report["played"], &report["left_out"]), (&20.into(), &1.into()));
    let otherwise: Vec<_> = report["different"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["then"]["outcome"] != one["now"]["outcome"])
        .collect();
    assert!(otherwise.is_empty(), "{otherwise:#?}");
    assert_eq!(pnb.json("sandbox plan"), plan, "what it is to do wrong is as it was");

    let log = pnb.json("sandbox log --limit 1000");
    let targets: Vec<_> =
        log.as_array().unwrap().iter().map(|entry| entry["target"].as_str().unwrap()).collect();
    let looked_up: Vec<_> =
        targets.iter().filter(|target| target.contains("lookup?minecraft_java_name=R")).collect();
    // Two questions, and what ensure_customer and token_for look up; a question that is repeated goes out once.
    assert_eq!((looked_up.len(), looked_up.iter().collect::<BTreeSet<_>>().len()), (4, 4), "{targets:#?}");
    let said = pnb.run(["replay", file.to_str().unwrap(), "--speed", "1000"]).done();
    assert!(
        said.contains("20 requests were played against http://127.0.0.1:")
            && said.contains("1 were left out"),
        "{said}"
    );
}

#[test]
fn what_goes_otherwise_is_shown() {
    let pnb = Pnb::with_sandbox();
    let settings = json!({"settings": {"max_attempts": 1, "cache_ttl_ms": 0}});
    let requests: Vec<_> =
        (1..=50).map(|n| request(n, "lookup_customer", &n.to_string(), 200, &json!({}))).collect();
    let file = pnb.file("dump.jsonl", &dump(&settings, &requests));
    pnb.say("sandbox plan --fail lookup_customer=403").done();
    let said = pnb.run(["replay", file.to_str().unwrap(), "--speed", "100"]).done();
    assert!(said.contains("50 went otherwise:") && said.contains("... and 10 more"), "{said}");
    assert!(
        said.contains("ok from PayNow after 40 ms, 1 attempt")
            && said.contains("forbidden from PayNow after"),
        "{said}"
    );
    // What did not end by itself then is played and not compared.
    let open = json!({"end": null, "status": null, "ended_us": null, "collected_us": null});
    let file = pnb.file("open.jsonl", &dump(&settings, &[request(1, "lookup_customer", "1", 200, &open)]));
    let report = pnb.json(&format!("replay {}", file.display()));
    assert_eq!(
        (&report["played"], &report["different"], &report["then"]),
        (&1.into(), &json!([]), &json!([]))
    );
}

#[test]
fn ctrl_c_ends_a_replay_and_leaves_the_plan() {
    let pnb = Pnb::with_sandbox();
    let late = json!({"submitted_us": 3_600_000_000_u64});
    let requests =
        [request(1, "lookup_customer", "1", 200, &json!({})), request(2, "lookup_customer", "2", 200, &late)];
    let file = pnb.file("dump.jsonl", &dump(&json!({}), &requests));
    pnb.say("sandbox plan --latency-ms 2").done();
    let mut child = pnb.command();
    child.args(["replay", file.to_str().unwrap()]).stderr(std::process::Stdio::piped());
    let child = child.spawn().unwrap();
    super::until("the first is played", || {
        pnb.sandbox().admin("GET", "stats", "")["by_operation"]["lookup_customer"] == 1
    });
    signal("INT", child.id());
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert!(ran.ended(130).contains("Interrupted after 1 of 2 requests. With a higher --speed"));
    assert_eq!(pnb.json("sandbox plan")["latency_ms"], 2);
}

#[test]
fn only_a_sandbox_on_this_machine_is_replayed_to() {
    let pnb = Pnb::alone();
    let file = pnb.file("dump.jsonl", &dump(&json!({}), &one_of_each()));
    let file = file.display();
    for at in [
        "https://api.paynow.gg",
        "http://192.0.2.1:8787",
        "http://127.0.0.1@api.paynow.gg",
        "http://localhost.evil.example",
    ] {
        assert!(
            pnb.say(&format!("replay {file} --at {at}")).ended(2).contains("the real API is never asked"),
            "{at}"
        );
        let mut command = pnb.command();
        command.env("PAYNOW_API_BASE", at).args(["replay", &file.to_string()]);
        let ran: super::Ran = command.output().unwrap().into();
        assert!(ran.ended(2).contains("the real API is never asked"), "{at}");
    }
    for speed in ["0", "-1", "nan", "inf", "100000"] {
        assert_eq!(
            pnb.say(&format!("replay {file} --at http://127.0.0.1:1 --speed={speed}")).code,
            Some(2),
            "{speed}"
        );
    }
    assert_eq!(pnb.say(&format!("replay {file} --at http://127.0.0.1:1")).code, Some(6));
    let empty = pnb.file("empty.jsonl", &dump(&json!({}), &[]));
    assert!(pnb.say(&format!("replay {}", empty.display())).ended(2).contains("holds no requests"));

    // Something else that listens on this machine gets to see no credential.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", other.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut asked = Vec::new();
        let mut some = [0; 4096];
        while !asked.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut some).unwrap();
            assert_ne!(count, 0);
            asked.extend_from_slice(&some[..count]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").unwrap();
        String::from_utf8(asked).unwrap().to_lowercase()
    });
    assert!(pnb.say(&format!("replay {file} --at {base}")).ended(6).contains("is not the sandbox"));
    let asked = served.join().unwrap();
    assert!(asked.starts_with("get /_sandbox/stats ") && !asked.contains("authorization"), "{asked}");
}

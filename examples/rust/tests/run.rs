//! The examples, run against a sandbox each.

#[path = "../../../tests/support/mod.rs"]
mod support;

use std::process::Command;

use support::Sandbox;

fn run(program: &str, sandbox: &Sandbox) -> Vec<String> {
    let output = Command::new(program)
        .env("PAYNOW_STORE_ID", &sandbox.store_id)
        .env("PAYNOW_API_KEY", &sandbox.api_key)
        .env("PAYNOW_API_BASE", &sandbox.base)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn lookup() {
    assert_eq!(run(env!("CARGO_BIN_EXE_lookup"), &Sandbox::start()), ["Notch is 421621336637440000"]);
}

#[test]
fn lookup_says_what_went_wrong() {
    let sandbox = Sandbox::start();
    sandbox.faults(r#"{"rules":[{"respond":{"status":403,"body":"{\"code\":\"forbidden\",\"message\":\"not allowed\"}"}}]}"#);
    assert_eq!(run(env!("CARGO_BIN_EXE_lookup"), &sandbox), ["lookup_customer: HTTP 403: not allowed"]);
}

#[test]
fn store() {
    let sandbox = Sandbox::start();
    let said = run(env!("CARGO_BIN_EXE_store"), &sandbox);
    assert_eq!(said.len(), 4, "{said:#?}");
    assert!(said[..2].contains(&"player 1 is customer 421621336637440000".to_owned()), "{said:#?}");
    assert!(said[..2].contains(&"player 2 is new to the store".to_owned()), "{said:#?}");
    assert_eq!(said[2], "player 1: a store link for customer 421621336637440000");
    // A machine that stands still for long enough between the two lets the answer win.
    assert!(said[3] == "player 2 left first" || said[3].starts_with("player 2: a store link"), "{said:#?}");
}

#[test]
fn import() {
    let said = run(env!("CARGO_BIN_EXE_import"), &Sandbox::start());
    assert_eq!(said, ["450 created, 0 failed, 0 unknown", "450 more customers than before"]);
}

//! What a terminal gets to see: colours where they are wanted, and nothing that others put into names.

use std::process::Command;

use serde_json::{Value, json};

use super::{Pnb, Ran};

/// Runs it on a terminal.
pub fn on_a_terminal(pnb: &Pnb, line: &str, variable: Option<(&str, &str)>) -> String {
    let program = format!("{} {line}", env!("CARGO_BIN_EXE_pnb"));
    let mut command = Command::new("script");
    command
        .args(["-qec", &program, "/dev/null"])
        .env_clear()
        .env("TERM", "xterm")
        .env("PATH", "/usr/bin:/bin");
    command.envs(
        pnb.command().get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
    );
    command.envs(variable);
    let ran: Ran = command.output().unwrap().into();
    ran.out
}

#[test]
fn colours_are_for_terminals() {
    let pnb = Pnb::with_sandbox();
    assert!(!pnb.say("doctor").done().contains('\u{1b}'));
    assert!(pnb.say("doctor --color always").done().contains('\u{1b}'));
    assert!(on_a_terminal(&pnb, "doctor", None).contains("\u{1b}[1m\u{1b}[32mok"));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = on_a_terminal(&pnb, "doctor", Some(variable));
        assert!(!shown.contains('\u{1b}') && shown.contains("clock"), "{variable:?}: {shown:?}");
    }
    assert!(!on_a_terminal(&pnb, "doctor --color never", None).contains('\u{1b}'));
    assert!(!on_a_terminal(&pnb, "doctor --json", None).contains('\u{1b}'));
}

#[test]
fn what_others_wrote_steers_no_terminal() {
    let pnb = Pnb::with_sandbox();
    let name = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}live";
    // The API takes no such name; a hostile one gives it out all the same.
    let customer = json!({"id": "5", "name": name, "metadata": {name: "x\r\ny"}, "minecraft_uuid": name});
    let refusal = json!({"code": "x", "message": name, "errors": [{"path": name, "message": name}]});
    let rule = |operation: &str, status: u16, body: Value| json!({"operation": operation, "respond": {"status": status, "body": body.to_string()}});
    let rules = [
        rule("lookup_customer", 200, customer.clone()),
        rule("list_customers", 200, json!([customer])),
        rule("get_customer", 400, refusal),
    ];
    pnb.sandbox().faults(&json!({ "rules": rules }).to_string());
    for line in [
        "lookup --steam-id 76561198000000009",
        "lookup --steam-id 76561198000000009 --json",
        "customers list",
        "customers export",
        "request GET /v1/stores/{store_id}/customers",
        "request GET /v1/stores/{store_id}/customers --json",
        "get 7",
        "get 7 --json",
    ] {
        let ran = pnb.say(line);
        for text in [&ran.out, &ran.err] {
            let is_safe = |character: char| !matches!(character, '\0'..='\t' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202e}');
            assert!(text.chars().all(is_safe), "{line}: {text:?}");
        }
        assert!(ran.out.contains("owned") || ran.err.contains("owned"), "{line}: {ran:#?}");
    }
    assert_eq!(pnb.json("lookup --steam-id 76561198000000009")["name"], name, "programs get it as it is");
}

#[test]
fn a_bar_is_for_terminals() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.path("all.jsonl");
    let ran = pnb.say(&format!("customers export --output {}", file.display()));
    assert_eq!(ran.err, "");
    let shown = on_a_terminal(&pnb, &format!("customers export --force --output {}", file.display()), None);
    assert!(shown.contains("24 customers are in"), "{shown:?}");
}

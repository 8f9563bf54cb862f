//! Credentials: where they are taken from, and that they are printed nowhere.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Pnb, Ran};

fn with_input(mut command: Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_key_among_the_arguments_is_refused_with_the_reason() {
    let pnb = Pnb::with_sandbox();
    for line in [
        "doctor --api-key pnapi_x1y",
        "doctor --api-key=pnapi_x1y",
        "get pnapi_x1y",
        "get 1 --api-key-env pnapi_x1y",
        "get 1 --api-key-file pnapi_x1y --json",
        "giftcard CODE --token pnct_x1y",
        "giftcard CODE --token-env pnct_x1y",
        "nonsense pnapi_x1y",
    ] {
        let ran = pnb.say(line);
        assert!(
            !ran.err.contains("x1y") && ran.err.contains("every user of this machine can read it there"),
            "{line}"
        );
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}");
    }
    assert_eq!(pnb.sandbox().requests(), 0);
    let ran = pnb.say("get 1 --proxy http://user:pnpw_x1y@proxy.example:3128");
    assert!(!ran.err.contains("x1y"));
    assert!(ran.ended(2).contains("HTTPS_PROXY instead"));
}

#[test]
fn keys_and_tokens_come_from_standard_input() {
    let pnb = Pnb::with_sandbox();
    let key = pnb.sandbox().api_key.clone();
    let command = |line: &str| {
        let mut command = pnb.command();
        command.env_remove("PAYNOW_API_KEY").args(line.split(' '));
        command
    };
    with_input(command("get 421621336637440000 --api-key-stdin"), &format!("{key}\n")).done();
    assert!(
        with_input(command("get 421621336637440000 --api-key-stdin"), "\n").ended(2).contains("it is empty")
    );
    let file = pnb.path("all.jsonl");
    let line = format!("customers export --api-key-stdin --output {}", file.display());
    with_input(command(&line), &key).done();
    let token = pnb.json("tokens mint 421621336637440000 --reveal")["token"].as_str().unwrap().to_owned();
    with_input(command("giftcard GIFT-2500-ALEX --token-stdin"), &token).done();
    let mut in_variable = command("giftcard GIFT-2500-ALEX");
    Ran::from(in_variable.env("PAYNOW_CUSTOMER_TOKEN", &token).output().unwrap()).done();
    let said = Ran::from(command("giftcard GIFT-2500-ALEX").output().unwrap()).ended(2);
    assert!(said.contains("PAYNOW_CUSTOMER_TOKEN"), "{said}");
}

#[test]
fn no_failure_shows_the_key_that_was_used() {
    let pnb = Pnb::with_sandbox();
    for key in ["pnapi_secret_of_mine", "a-key-of-another-shape"] {
        pnb.sandbox().faults(&format!(
            r#"{{"rules":[{{"respond":{{"status":400,"body":"{{\"message\":\"not {key}\"}}"}}}}]}}"#
        ));
        for line in [
            "get 1",
            "get 1 --json",
            "doctor",
            "doctor --json",
            "get 1 --api-key-env a-key-of-another-shape",
            "doctor --api-key-env a-key-of-another-shape",
        ] {
            let ran: Ran =
                pnb.command().env("PAYNOW_API_KEY", key).args(line.split(' ')).output().unwrap().into();
            assert!(!ran.out.contains(key) && !ran.err.contains(key), "{line}: {ran:#?}");
            assert_ne!(ran.code, Some(0), "{line}");
        }
    }
}

#[test]
fn the_bundle_for_support_is_shown_first_and_holds_no_secret() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.path("bundle.json");
    let key = pnb.file("the.key", &pnb.sandbox().api_key);
    let line = format!("doctor --api-key-file {} --bundle {}", key.display(), file.display());
    let ran = pnb.say(&line);
    assert!(ran.err.contains("This is what goes into") && ran.err.contains("--yes writes"), "{}", ran.err);
    assert!(ran.code == Some(2) && !file.exists());

    let mut command = pnb.command();
    command.env("HTTPS_PROXY", "http://user:pnpw_secret@127.0.0.1:9").args(line.split(' ')).arg("--yes");
    let ran = Ran::from(command.output().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(ran.err.contains(&text), "what is written is what was shown");
    assert_eq!(super::mode(&file), 0o600);
    ran.done();
    for secret in ["pnapi_s", "pnpw_", pnb.path("").to_str().unwrap().trim_end_matches('/')] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(bundle["variables"].as_array().unwrap().contains(&"HTTPS_PROXY".into()));
    assert!(bundle["findings"].as_array().unwrap().len() > 5);
    assert!(bundle["log"].is_array());
    assert!(pnb.say(&format!("{line} --yes")).ended(2).contains("exists already"));
}

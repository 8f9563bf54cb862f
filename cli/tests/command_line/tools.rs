//! The sandbox, the contract, completions and manual pages.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::{Pnb, Ran};

/// Sends a signal to a process that the test started.
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn the_sandbox_is_told_what_to_do_wrong() {
    let pnb = Pnb::with_sandbox();
    let base = pnb.sandbox().base.clone();
    assert_eq!(pnb.say("sandbox start").done(), format!("It runs already, at {base}. Its page is {base}/\n"));
    assert_eq!(pnb.json("sandbox start")["page"], format!("{base}/"));
    assert!(pnb.say("sandbox status").done().contains(&format!("{base}/\n")));
    pnb.say("sandbox plan --fail lookup_customer=403 --times 1").done();
    assert_eq!(pnb.say("lookup --java-name Notch").code, Some(4));
    assert_eq!(pnb.say("lookup --java-name Notch").code, Some(0));
    let plan = pnb.json(
        "sandbox plan --latency-ms 1 --jitter-ms 2 --rate 5/1000 --retry-after 3 --fail *=reset --fail get_customer=delay:7 \
         --fail create_customer=half --fail other=close --fail list_customers=hang --after-effect",
    );
    assert_eq!((&plan["latency_ms"], &plan["jitter_ms"]), (&1.into(), &2.into()));
    assert_eq!(plan["rate_limit"], serde_json::json!({"requests": 5, "per_ms": 1000, "retry_after": "3"}));
    let actions: Vec<_> =
        plan["rules"].as_array().unwrap().iter().map(|rule| rule["after_effect"].clone()).collect();
    assert_eq!(actions, vec![serde_json::json!(true); 5]);
    assert_eq!(pnb.json("sandbox plan"), plan);
    assert_eq!(pnb.json("sandbox plan --clear")["rules"], serde_json::json!([]));
    let file = pnb.file("plan.json", r#"{"hang":true}"#);
    assert_eq!(pnb.json(&format!("sandbox plan {}", file.display()))["hang"], true);
    assert!(
        pnb.say(&format!("sandbox plan {}", pnb.file("p.json", "[").display())).ended(2).contains("refused")
    );
    pnb.say("sandbox plan --clear").done();

    let log = pnb.json("sandbox log --limit 2");
    assert_eq!(log.as_array().unwrap().len(), 2);
    assert!(pnb.say("sandbox log").done().contains("lookup?minecraft_java_name=Notch"));
    assert_eq!(pnb.json("sandbox status")["requests"], 2);
    assert!(pnb.say("sandbox status").done().contains("lookup_customer"));
    pnb.say("create --name New").done();
    assert_eq!(pnb.json("sandbox status")["customers"], 25);
    assert!(pnb.say("sandbox reset").done().contains("as it was"));
    assert_eq!(pnb.json("sandbox status")["customers"], 24);
    for bad in ["--fail x", "--fail x=y", "--rate 5", "--times 1"] {
        assert_eq!(pnb.say(&format!("sandbox plan {bad}")).code, Some(2), "{bad}");
    }
    assert_eq!(pnb.say("sandbox status --at http://127.0.0.1:1").code, Some(6));
}

#[test]
fn the_sandbox_is_started_where_it_does_not_run() {
    let pnb = Pnb::alone();
    // Known to the other tests: built or named.
    let program = super::support::binary();
    let mut command = pnb.command();
    command.env("PAYNOW_SANDBOX_BIN", program);
    let ready = pnb.path("ready.json");
    command
        .args(["sandbox", "start", "--", "--listen", "127.0.0.1:0", "--exit-with-stdin", "--ready-file"])
        .arg(&ready);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("pretend PayNow"), "{first}");
    super::until("it is ready", || ready.exists());
    let said: serde_json::Value = serde_json::from_str(&fs::read_to_string(&ready).unwrap()).unwrap();
    let status = format!("sandbox status --at {}", said["base"].as_str().unwrap());
    assert_eq!(pnb.json(&status)["customers"], 24);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let mut command = pnb.command();
    command.env("PATH", pnb.path("empty")).env("PAYNOW_SANDBOX_BIN", pnb.path("missing"));
    // Beside the program there may be one, in a folder of builds.
    let beside = std::path::Path::new(env!("CARGO_BIN_EXE_pnb")).with_file_name("paynow-sandbox");
    if !beside.exists() {
        let ran: Ran =
            command.args(["sandbox", "start", "--at", "http://127.0.0.1:1"]).output().unwrap().into();
        assert!(ran.ended(8).contains("cargo build --release -p paynow-sandbox"));
    }
}

#[test]
fn the_contract_is_compared() {
    let pnb = Pnb::alone();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/contract/tests");
    let (management, storefront) = (format!("{folder}/management.json"), format!("{folder}/storefront.json"));
    let said = pnb.run(["contract", &management, &storefront]).done();
    assert!(said.starts_with("11 operations were compared: they fit the documents."), "{said}");
    let report = pnb.run(["contract", &management, "--json"]).json();
    assert_eq!((&report["fits"], report["compared"].as_array().unwrap().len()), (&true.into(), 8));

    let text = fs::read_to_string(&management)
        .unwrap()
        .replace("\"/v1/stores/{storeId}/customers/lookup\"", "\"/gone\"");
    let changed = pnb.file("changed.json", &text);
    let ran = pnb.run(["contract", changed.to_str().unwrap(), "--json"]);
    if fs::read_to_string(&management).unwrap() != text {
        assert_eq!((ran.code, &ran.json()["fits"]), (Some(1), &false.into()));
        assert_eq!(ran.json()["findings"][0]["kind"], "gone");
    } else {
        panic!("the document has no such path");
    }
    assert_eq!(pnb.run(["contract", pnb.file("x.json", "[]").to_str().unwrap()]).code, Some(2));
    assert_eq!(pnb.run(["contract", pnb.path("missing").to_str().unwrap()]).code, Some(8));
}

#[test]
fn completions_and_manual_pages() {
    let pnb = Pnb::alone();
    for (shell, sign) in [
        ("bash", "complete -F _pnb"),
        ("zsh", "#compdef pnb"),
        ("fish", "complete -c pnb"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = pnb.say(&format!("completions {shell}")).done();
        assert!(script.contains(sign) && script.contains("doctor"), "{shell}");
    }
    // The one shell that is surely there can read its script.
    let script = pnb.file("pnb.bash", &pnb.say("completions bash").done());
    assert!(Command::new("bash").arg("-n").arg(&script).status().unwrap().success());

    let page = pnb.say("man").done();
    assert!(
        page.contains(".TH pnb 1") && page.contains(".SH EXTRA") && page.contains("pnb\\-doctor"),
        "{page}"
    );
    let folder = pnb.path("man1");
    pnb.run(["man", "--output", folder.to_str().unwrap()]).done();
    let export = fs::read_to_string(folder.join("pnb-customers-export.1")).unwrap();
    assert!(export.contains("customers.csv"), "with its examples");
    assert!(fs::read_dir(&folder).unwrap().count() > 20);
}

#[test]
fn help_teaches_by_example() {
    let pnb = Pnb::alone();
    let help = pnb.say("--help").done();
    assert!(help.contains("Examples:") && help.contains("Exit codes:") && help.contains("pnb sandbox start"));
    for command in [
        "doctor",
        "lookup",
        "get",
        "ensure",
        "create",
        "update",
        "customers list",
        "customers export",
        "tokens mint",
        "tokens revoke",
        "giftcard",
        "auth",
        "request",
        "watch",
        "explain",
        "replay",
        "profiles",
        "sandbox",
        "contract",
        "completions",
        "man",
    ] {
        let help = pnb.say(&format!("{command} --help")).done();
        assert!(help.contains("Example"), "{command}");
    }
    assert!(pnb.say("--version").done().starts_with("pnb 0."));
    assert_eq!(pnb.say("").code, Some(2));
    assert_eq!(pnb.say("doctr").code, Some(2));
}

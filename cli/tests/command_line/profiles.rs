//! Profiles, and which setting wins.

use std::fs;

use super::{Pnb, Ran, mode, set_mode};

#[test]
fn profiles_are_kept_for_their_owner_alone() {
    let mut pnb = Pnb::with_sandbox();
    let sandbox = pnb.sandbox.take().unwrap();
    let key = pnb.file("key", &format!("{}\n", sandbox.api_key));
    let store = &sandbox.store_id;
    let add = format!(
        "profiles add main --store-id {store} --api-key-file {} --api-base {}",
        key.display(),
        sandbox.base
    );
    let file = pnb.path("config/pnb/profiles.json");
    assert!(pnb.say(&add).done().contains(file.to_str().unwrap()));
    assert_eq!(mode(&file), 0o600);
    assert!(!fs::read_to_string(&file).unwrap().contains(&sandbox.api_key));

    assert_eq!(pnb.say("get 421621336637440000").code, Some(2), "it is not the default");
    assert_eq!(pnb.json("get 421621336637440000 --profile main")["metadata"]["rank"], "founder");
    assert!(pnb.say(&format!("{add} --default")).ended(2).contains("--replace"));
    pnb.say(&format!("{add} --default --replace")).done();
    assert_eq!(pnb.json("get 421621336637440000")["metadata"]["rank"], "founder");
    let mut named = pnb.command();
    let ran: Ran = named.args(["get", "1"]).env("PAYNOW_PROFILE", "other").output().unwrap().into();
    assert!(ran.ended(2).contains("there is no profile other"));

    let line = format!(
        "{add} --replace --network-addresses localhost:1 --network-password-env WORD --network-database 3"
    );
    let network = pnb.json(&line)["network"].clone();
    assert_eq!(
        network,
        serde_json::json!({"addresses": "localhost:1", "password_env": "WORD", "database": 3})
    );
    assert_eq!(pnb.say(&format!("{add} --replace --network-tls")).code, Some(2));
    pnb.say(&format!("{add} --default --replace")).done();

    let list = pnb.json("profiles list");
    assert_eq!(
        (&list[0]["name"], &list[0]["default"], &list[0]["store_id"]),
        (&"main".into(), &true.into(), &store.as_str().into())
    );
    let shown = pnb.say("profiles list").done();
    assert!(shown.contains("main") && shown.contains("default") && shown.contains("file "), "{shown}");
    assert_eq!(pnb.json("profiles show main")["api_key_file"], key.to_str().unwrap());
    assert!(pnb.say("profiles show main").done().contains(store.as_str()));

    set_mode(&file, 0o640);
    assert!(pnb.say("get 421621336637440000").ended(2).contains("chmod 600"));
    set_mode(&file, 0o600);
    set_mode(&key, 0o644);
    assert!(pnb.say("get 421621336637440000").ended(2).contains("api_key_file"), "others can read the key");
    set_mode(&key, 0o600);
    assert_eq!(pnb.json("profiles remove main")["removed"], true);
    assert_eq!(pnb.json("profiles list"), serde_json::json!([]));
    assert_eq!(pnb.say("profiles remove main").code, Some(2));
    assert!(pnb.say("profiles list").done().contains("There are no profiles"));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_profile() {
    let pnb = Pnb::with_sandbox();
    let sandbox = pnb.sandbox();
    let right = pnb.file("right", &sandbox.api_key);
    let wrong = pnb.file("wrong", "pnapi_wrong");
    let base = "http://127.0.0.1:1";
    let add = format!(
        "profiles add main --store-id 1 --api-key-file {} --api-base {base} --default",
        wrong.display()
    );
    pnb.say(&add).done();
    // All of it is in the environment, which wins.
    pnb.say("get 421621336637440000").done();
    assert_eq!(pnb.say(&format!("get 421621336637440000 --api-key-file {}", wrong.display())).code, Some(4));
    assert_eq!(pnb.say(&format!("get 421621336637440000 --api-base {base}")).code, Some(6));
    assert_eq!(pnb.say("get 421621336637440000 --store-id 2").code, Some(4));
    let without = |name: &str| -> Ran {
        pnb.command().env_remove(name).args(["get", "421621336637440000"]).output().unwrap().into()
    };
    assert_eq!(without("PAYNOW_API_KEY").code, Some(4), "the profile's key");
    assert_eq!(without("PAYNOW_API_BASE").code, Some(6), "the profile's address");
    assert_eq!(without("PAYNOW_STORE_ID").code, Some(4), "the profile's store");
    let mut command = pnb.command();
    command
        .env_remove("PAYNOW_API_KEY")
        .env("PAYNOW_API_KEY_FILE", &right)
        .args(["get", "421621336637440000"]);
    Ran::from(command.output().unwrap()).done();
    let mut command = pnb.command();
    command.env_remove("PAYNOW_API_KEY").env("MY_KEY", &sandbox.api_key);
    command.args(["get", "421621336637440000", "--api-key-env", "MY_KEY"]);
    Ran::from(command.output().unwrap()).done();
}

#[test]
fn a_profile_file_that_was_spoilt_is_named_without_its_content() {
    let pnb = Pnb::alone();
    fs::create_dir_all(pnb.path("config/pnb")).unwrap();
    for text in
        ["{", r#"{"profiles":{"a":{"api_key":"pnapi_secret"}}}"#, r#"{"profiles":{"a":{"store_id":7}}}"#]
    {
        pnb.file("config/pnb/profiles.json", text);
        let said = pnb.say("profiles list").ended(2);
        assert!(said.contains("is not a profile file: line 1") && !said.contains("pnapi"), "{said}");
    }
}

#[test]
fn what_is_secret_gets_into_no_profile() {
    let pnb = Pnb::alone();
    for (line, why) in [
        ("profiles add a --api-key-stdin", "does not hold the key itself"),
        ("profiles add a --api-key-env my-key", "if you typed the key itself"),
        ("profiles add a --proxy http://user:word@proxy.example:3128", "proxy's password"),
        ("profiles add a", "nothing to keep"),
        ("profiles add a/b --store-id 1", "letters, digits"),
    ] {
        assert!(pnb.say(line).ended(2).contains(why), "{line}");
    }
    assert!(!pnb.path("config").exists());
}

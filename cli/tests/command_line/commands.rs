//! Each command that asks PayNow, for people and for programs, and how each can end.

use super::Pnb;

const NOTCH: &str = "421621336637440000";
const NOTCH_UUID: &str = "069a79f4-44e9-4726-a5be-fca90e38aaf5";

#[test]
fn lookup_by_each_of_the_seven_keys() {
    let pnb = Pnb::with_sandbox();
    let line = "lookup --uuid 069a79f444e94726a5befca90e38aaf5";
    let shown = pnb.say(line).done();
    assert!(shown.contains(NOTCH) && shown.contains("founder") && shown.contains("java"), "{shown}");
    for (key, id) in [
        (NOTCH, NOTCH),
        ("--uuid 069a79f4-44e9-4726-a5be-fca90e38aaf5", NOTCH),
        ("--java-name Notch", NOTCH),
        ("--name Notch", NOTCH),
        ("--steam-id 76561198012345678", "424710168903683004"),
        ("--xuid 2535432196048835", "433322870177794185"),
        ("--bedrock-name PixelPia", "433322870177794185"),
    ] {
        assert_eq!(pnb.json(&format!("lookup {key}"))["id"], id, "{key}");
        assert_eq!(pnb.json(&format!("get {key}"))["id"], id, "{key}");
    }
}

#[test]
fn a_customer_has_one_shape() {
    let customer = Pnb::with_sandbox().json("get 440116992540673366");
    let fields: Vec<&str> = customer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "created_at",
            "id",
            "metadata",
            "minecraft",
            "minecraft_platform",
            "minecraft_uuid",
            "name",
            "profile",
            "steam",
            "steam_id",
            "store_id",
            "updated_at",
            "xbox_xuid"
        ]
    );
    assert_eq!(customer["steam_id"], "76561198087654321");
    assert_eq!(customer["minecraft_platform"], "java");
    assert_eq!(customer["metadata"].as_object().unwrap().len(), 3);
}

#[test]
fn an_unknown_customer_has_a_code_of_its_own() {
    let pnb = Pnb::with_sandbox();
    assert_eq!(
        pnb.say("lookup --java-name Nemo").ended(3),
        "pnb: There is no such customer in this store.\n"
    );
    assert_eq!(pnb.say("get 7").ended(3), "pnb: There is no such customer in this store.\n");
    let ran = pnb.say("update --java-name Nemo --set name=x --json");
    assert_eq!((ran.error()["kind"].as_str(), ran.code, ran.out.as_str()), (Some("absent"), Some(3), ""));
}

#[test]
fn ensure_creates_what_is_not_there() {
    let pnb = Pnb::with_sandbox();
    assert_eq!(pnb.json("ensure --name Notch")["id"], NOTCH);
    let made = pnb.json("ensure --name .Newcomer --uuid 00000000-0000-0000-0009-01f0e7b1c2d3");
    assert_eq!(made["minecraft_platform"], "bedrock");
    assert_eq!(made["xbox_xuid"], u64::from_str_radix("000901f0e7b1c2d3", 16).unwrap().to_string());
    assert_eq!(
        pnb.json("ensure --xuid 2535449212273363")["id"],
        pnb.json("lookup --xuid 2535449212273363")["id"]
    );
    assert!(pnb.say("ensure --name Somebody").done().contains("Somebody"));
}

#[test]
fn create_and_update() {
    let pnb = Pnb::with_sandbox();
    let made = pnb.json("create --steam-id 76561198000000001 --name Gordon --meta rank=vip --meta a=b=c");
    assert_eq!(made["metadata"], serde_json::json!({"rank": "vip", "a": "b=c"}));
    let id = made["id"].as_str().unwrap();

    // The sandbox replaces metadata; what was there stays all the same.
    let changed = pnb.json("update --steam-id 76561198000000001 --set name=Freeman --meta rank=admin");
    assert_eq!((changed["id"].as_str(), changed["name"].as_str()), (Some(id), Some("Freeman")));
    assert_eq!(changed["metadata"], serde_json::json!({"rank": "admin", "a": "b=c"}));
    let emptied = pnb.json(&format!("update {id} --unset name --no-meta"));
    assert!(emptied["name"].is_null());
    assert_eq!(emptied["metadata"], serde_json::json!({}));

    let ran = pnb.say("create --steam-id 76561198000000001 --json");
    assert_eq!((ran.error()["kind"].as_str(), ran.code), (Some("conflict"), Some(5)));
    assert!(pnb.say(&format!("update {id}")).ended(2).contains("nothing is to be changed"));
    assert!(pnb.say(&format!("update {id} --set nome=x")).ended(2).contains("nome: is not a field"));
    assert!(pnb.say(&format!("update {id} --set name=x --unset name")).ended(2).contains("more than once"));
    assert!(pnb.say("create --steam-id abc").ended(2).contains("steam_id"));
}

#[test]
fn customers_are_listed_page_by_page() {
    let pnb = Pnb::with_sandbox();
    let shown = pnb.say("customers list").done();
    assert_eq!(
        shown.lines().filter(|line| line.contains("2025-") || line.contains("2026-")).count(),
        24,
        "{shown}"
    );
    let first = pnb.json("customers list --limit 10");
    assert_eq!(first["customers"].as_array().unwrap().len(), 10);
    let next = first["next"].as_str().unwrap();
    assert_eq!(first["customers"][9]["id"], next);
    let rest = pnb.json(&format!("customers list --after {next}"));
    assert_eq!((rest["customers"].as_array().unwrap().len(), &rest["next"]), (14, &serde_json::Value::Null));
    let newest = pnb.json("customers list --limit 1 --newest-first");
    assert_eq!(newest["customers"][0]["id"], rest["customers"][13]["id"]);
    let ran = pnb.say("customers list --limit 10");
    assert_eq!(ran.err, format!("There are more: --after {next} goes on.\n"));
    assert_eq!(pnb.say("customers list --search nothing-like-this").done(), "There are no customers.\n");
}

#[test]
fn a_token_is_shown_only_when_asked_for() {
    let pnb = Pnb::with_sandbox();
    assert!(pnb.say("tokens mint --java-name Notch").ended(2).contains("--reveal|--output"));
    assert_eq!(pnb.sandbox().admin("GET", "stats", "")["tokens_live"], 0, "none was minted in vain");

    let shown = pnb.say("tokens mint --java-name Notch --reveal").done();
    assert!(shown.starts_with("pnct_") && shown.lines().count() == 1);
    let file = pnb.path("token");
    let said = pnb.run(["tokens", "mint", NOTCH, "--output", file.to_str().unwrap()]).done();
    assert!(!said.contains("pnct_") && said.contains("token"), "{said}");
    assert_eq!(super::mode(&file), 0o600);
    assert!(
        pnb.run(["tokens", "mint", NOTCH, "--output", file.to_str().unwrap()])
            .ended(2)
            .contains("exists already")
    );
    let json = pnb.json(&format!("tokens mint {NOTCH} --reveal"));
    assert!(json["token"].as_str().unwrap().starts_with("pnct_") && json["customer_id"] == NOTCH);

    let token = ["--token-file", file.to_str().unwrap(), "--json"];
    let current = pnb.run(["get", "--current"].iter().chain(&token));
    assert_eq!(current.json()["minecraft_uuid"], NOTCH_UUID);
    let card = pnb.run(["giftcard", "GIFT-1275-MIRA"].iter().chain(&token)).json();
    assert_eq!((&card["balance"], &card["starting_balance"]), (&1275.into(), &2000.into()));
    let shown = pnb.run(["giftcard", "SUMMER 24/ÄÖ", "--token-file", file.to_str().unwrap()]).done();
    assert!(shown.contains("1000") && shown.contains("2030-09-01"), "{shown}");
    assert_eq!(pnb.run(["giftcard", "GIFT-NO"].iter().chain(&token)).error()["kind"], "absent");

    assert_eq!(pnb.json("tokens revoke --java-name Notch")["revoked"], true);
    assert_eq!(pnb.sandbox().admin("GET", "stats", "")["tokens_live"], 0);
    let ran = pnb.run(["giftcard", "GIFT-1275-MIRA"].iter().chain(&token));
    assert_eq!((ran.error()["kind"].as_str(), ran.code), (Some("unauthorized"), Some(4)));
    assert!(pnb.say(&format!("tokens revoke {NOTCH}")).done().contains("All tokens"));
}

#[test]
fn auth_on_each_platform() {
    let pnb = Pnb::with_sandbox();
    for account in [
        "steam 76561198012345678",
        "minecraft Notch",
        "paynow-name Notch",
        "paynow Notch",
        "minecraft-java-name Notch",
        "minecraft-bedrock-name PixelPia",
        "xbox-xuid 2535432196048835",
        "minecraft-uuid 069a79f4-44e9-4726-a5be-fca90e38aaf5",
    ] {
        let minted = pnb.json(&format!("auth {account} --ip 203.0.113.7 --country DE --reveal"));
        assert!(minted["token"].as_str().unwrap().starts_with("pnct_"), "{account}");
    }
    assert!(pnb.say("auth steam 76561198012345678 --ip nowhere --reveal").ended(2).contains("customer_ip"));
}

#[test]
fn request_reaches_what_has_no_command() {
    let pnb = Pnb::with_sandbox();
    let path = "/v1/stores/{store_id}/customers/lookup?minecraft_java_name=Notch";
    assert!(pnb.run(["request", "get", path]).done().contains("\"id\": \"421621336637440000\""));
    let json = pnb.run(["request", "GET", path, "--json"]).json();
    assert_eq!(json["metadata"]["rank"], "founder");
    let tokens = format!("/v1/stores/{{store_id}}/customers/{NOTCH}/tokens");
    assert_eq!(pnb.run(["request", "POST", &tokens, "--json"]).done(), "{\"token\":\"…\"}\n");
    assert!(pnb.run(["request", "POST", &tokens, "--json", "--reveal"]).done().contains("pnct_"));
    let body = pnb.file("body.json", r#"{"name":"Markus"}"#);
    let customer = format!("/v1/stores/{{store_id}}/customers/{NOTCH}");
    pnb.run(["request", "PATCH", &customer, "--data-file", body.to_str().unwrap()]).done();
    assert_eq!(pnb.json(&format!("get {NOTCH}"))["name"], "Markus");
    let ran = pnb.run(["request", "POST", "/v1/nothing", "--data", "{}", "--json"]);
    assert_eq!((ran.error()["kind"].as_str(), ran.code), (Some("not_found"), Some(5)));
    assert_eq!(pnb.run(["request", "DELETE", &tokens]).done(), "");
    assert_eq!(pnb.run(["request", "GET", path, "--as", "anyone", "--json"]).error()["kind"], "unauthorized");
    assert_eq!(pnb.run(["request", "BREW", path]).code, Some(2));
}

#[test]
fn each_way_to_fail_has_its_code() {
    let pnb = Pnb::with_sandbox();
    let line = "lookup --java-name Notch --json";
    for (status, kind, code) in [
        (400, "api", 5),
        (401, "unauthorized", 4),
        (403, "forbidden", 4),
        (429, "rate_limited", 6),
        (503, "server", 6),
    ] {
        let body = r#"{\"code\":\"a-code\",\"message\":\"because\",\"trace_id\":\"t-1\"}"#;
        pnb.sandbox()
            .faults(&format!(r#"{{"rules":[{{"respond":{{"status":{status},"body":"{body}"}}}}]}}"#));
        let ran = pnb.say(line);
        let error = ran.error();
        assert_eq!((error["kind"].as_str(), ran.code), (Some(kind), Some(code)), "{status}");
        assert_eq!(error["request"]["http_status"], status);
        assert_eq!(error["request"]["trace_id"], "t-1");
        assert_eq!(error["request"]["operation"], "lookup_customer");
        assert!(error["message"].as_str().unwrap().contains("because"), "{error}");
    }
    // A change whose answer is lost may have been made.
    pnb.sandbox().faults(r#"{"rules":[{"operation":"create_customer","after_effect":true,"reset":true}]}"#);
    let ran = pnb.say("create --name Twice --json");
    assert_eq!((ran.error()["request"]["sent"].as_str(), ran.code), (Some("maybe"), Some(7)));
    assert!(pnb.say("create --name Twice").ended(7).contains("look before you try again"));

    let nowhere = ["--api-base", "http://127.0.0.1:1"];
    let ran = pnb.run(["lookup", "--java-name", "Notch", "--json"].iter().chain(&nowhere));
    assert_eq!((ran.error()["kind"].as_str(), ran.code), (Some("connect"), Some(6)));
    assert_eq!(pnb.say("get 1 --deadline 0").code, Some(2));
    assert_eq!(pnb.say("get 1 --store-id x").code, Some(2));
    assert_eq!(Pnb::alone().say("get 1").code, Some(2));
}

#[test]
fn an_interrupted_change_is_awaited_and_what_became_of_it_is_said() {
    let pnb = Pnb::with_sandbox();
    pnb.sandbox().faults(r#"{"rules":[{"operation":"create_customer","after_effect":true,"hang":true}]}"#);
    let mut command = pnb.command();
    command.args(["create", "--name", "Held", "--deadline", "2"]);
    let child =
        command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    super::until("the request is out", || pnb.sandbox().requests() == 1);
    super::tools::signal("INT", child.id());
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert!(ran.ended(7).contains("may have been done"));

    // Reading is given up at once, long before its deadline.
    pnb.sandbox().faults(r#"{"hang":true}"#);
    let mut command = pnb.command();
    command.args(["get", NOTCH, "--deadline", "3600"]).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    super::until("the request is out", || pnb.sandbox().requests() == 2);
    super::tools::signal("INT", child.id());
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.ended(130), "pnb: Interrupted. Nothing was changed.\n");
}

#[test]
fn a_second_interruption_ends_at_once() {
    let pnb = Pnb::with_sandbox();
    pnb.sandbox().faults(r#"{"rules":[{"operation":"create_customer","hang":true}]}"#);
    for name in ["INT", "TERM", "HUP"] {
        let mut command = pnb.command();
        command.args(["create", "--name", "Held", "--deadline", "3600"]).stderr(std::process::Stdio::piped());
        let before = pnb.sandbox().requests();
        let mut child = command.spawn().unwrap();
        super::until("the request is out", || pnb.sandbox().requests() > before);
        // Two that come before the first was taken are one.
        super::until("it ends", || {
            super::tools::signal(name, child.id());
            child.try_wait().unwrap().is_some()
        });
        let ran: super::Ran = child.wait_with_output().unwrap().into();
        assert_eq!(
            ran.ended(130),
            "Ended at once: what was under way may have been done or not.\n",
            "{name}"
        );
    }
}

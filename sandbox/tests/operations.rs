//! The eleven operations, answered as the contract has them.

mod common;

use common::{NOTCH_ID, NOTCH_UUID, Request, Server, check};
use paynow_sandbox::{Config, STORE_ID};
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|customer| customer["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn list_customers() {
    let server = Server::start();
    let newest_first = server.send(&server.store("GET", "")).json();
    for customer in newest_first.as_array().unwrap() {
        check("CustomerDto", customer);
        assert_eq!(customer["store_id"], STORE_ID);
    }
    let mut all = ids(&newest_first);
    assert_eq!(all.len(), 24);
    let rising = server.send(&server.store("GET", "?asc=true&limit=100")).json();
    all.reverse();
    assert_eq!(ids(&rising), all);
    assert_eq!(all[0], NOTCH_ID);

    let page = |query: String| ids(&server.send(&server.store("GET", &query)).json());
    assert_eq!(page(format!("?asc=true&limit=3&after={}", all[4])), all[5..8]);
    assert_eq!(page(format!("?asc=true&limit=3&before={}", all[4])), all[1..4]);
    let mut falling = page(format!("?asc=false&limit=3&after={}", all[4]));
    falling.reverse();
    assert_eq!(falling, all[1..4]);
    assert_eq!(page("?search=MIRA".into()).len(), 1);
    assert_eq!(page("?search=%E6%98%A5".into()).len(), 1);
    assert_eq!(page("?search=no-customer-has-this-name".into()).len(), 0);

    // Newer than the documents in `contract-schemas.json`.
    let named = |limit: &str| {
        page(format!("?asc=true{limit}&customer_id={}&customer_id=1&customer_id={}", all[7], all[2]))
    };
    assert_eq!(named(""), [all[2].clone(), all[7].clone()]);
    assert_eq!(named("&limit=1"), [all[2].clone()]);
    assert_eq!(server.send(&server.store("GET", "?customer_id=x")).status, 400);
}

#[test]
fn create_customer() {
    let server = Server::start();
    let body = json!({
        "steam_id": "76561198333333333",
        "minecraft_uuid": "11111111-2222-4333-8444-555555555555",
        "minecraft_platform": "java",
        "xbox_xuid": "2535400000000009",
        "name": "Züri 🧀",
        "metadata": {"rank": "vip"}
    });
    let reply = server.send(&server.store("POST", "").json(&body));
    assert_eq!(reply.status, 200);
    let made = reply.json();
    check("CustomerDto", &made);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["updated_at"], Value::Null);
    assert_eq!(made["steam"]["id"], "76561198333333333");
    assert_eq!(made["steam"]["name"], "Steam3333");
    assert_eq!(made["minecraft"]["id"], body["minecraft_uuid"]);
    assert_eq!(made["profile"]["platform"], "minecraft");

    let again = server.send(&server.store("POST", "").json(&body));
    assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
    let unknown = json!({"minecraft_uuid": "deadbeef-2222-4333-8444-555555555555"});
    let reply = server.send(&server.store("POST", "").json(&unknown));
    assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));
    assert_eq!(server.customers(), 25);
}

#[test]
fn create_customer_accepts_every_documented_media_type() {
    let server = Server::start();
    for (at, media) in
        ["application/json; charset=utf-8", "text/json", "application/problem+json"].iter().enumerate()
    {
        let request = server
            .store("POST", "")
            .header("content-type", media)
            .body(format!(r#"{{"steam_id":7656119844444444{at}}}"#));
        let made = server.send(&request).json();
        assert_eq!(made["steam_id"], format!("7656119844444444{at}"));
    }
}

#[test]
fn get_customer() {
    let server = Server::start();
    let notch = server.send(&server.store("GET", &format!("/{NOTCH_ID}"))).json();
    check("CustomerDto", &notch);
    assert_eq!(notch["id"], NOTCH_ID);
    assert_eq!(notch["minecraft_uuid"], NOTCH_UUID);
    assert_eq!(notch["minecraft"]["name"], "Notch");
    assert_eq!(notch["minecraft_platform"], "java");
    assert_eq!(notch["name"], "Notch");
    assert_eq!(notch["xbox_xuid"], Value::Null);
    assert_eq!(notch["created_at"], "2025-05-01T09:15:02.000Z");
    assert_eq!(notch["updated_at"], "2025-11-02T18:04:11.000Z");
    assert_eq!(notch["metadata"]["rank"], "founder");
    for absent in ["steam_id", "steam"] {
        assert!(notch.get(absent).is_none(), "{absent}");
    }
    let reply = server.send(&server.store("GET", "/411486491630379999"));
    assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));
}

#[test]
fn update_customer() {
    let server = Server::start();
    let patch = |body: Value| {
        let request = server.store("PATCH", &format!("/{NOTCH_ID}")).json(&body);
        server.send(&request)
    };
    let changed = patch(json!({"name": null, "metadata": {"rank": "retired"}})).json();
    check("CustomerDto", &changed);
    assert_eq!(changed["name"], Value::Null);
    assert_eq!(changed["minecraft_uuid"], NOTCH_UUID);
    assert_eq!(changed["metadata"], json!({"rank": "retired"}));
    assert_ne!(changed["updated_at"], "2025-11-02T18:04:11.000Z");

    let changed = patch(json!({"minecraft_uuid": null, "steam_id": "76561198333333333"})).json();
    check("CustomerDto", &changed);
    assert_eq!(changed["minecraft_uuid"], Value::Null);
    assert!(changed.get("minecraft").is_none());
    assert_eq!(changed["steam"]["id"], "76561198333333333");
    assert_eq!(changed["metadata"], json!({"rank": "retired"}));
    assert_eq!(patch(json!({"metadata": null})).json()["metadata"], json!({}));

    let jeb = json!({"minecraft_uuid": "853c80ef-3c37-49fd-aa49-938b674adae6"});
    assert_eq!(patch(jeb).status, 409);
    let unknown = server.store("PATCH", "/411486491630379999").json(&json!({}));
    assert_eq!(server.send(&unknown).status, 404);
}

#[test]
fn tokens_are_minted_used_and_revoked() {
    let server = Server::start();
    let reply = server.send(&server.store("POST", &format!("/{NOTCH_ID}/tokens")));
    assert_eq!(reply.status, 200);
    check("CustomerTokenResponseDto", &reply.json());
    let first = reply.json()["token"].as_str().unwrap().to_owned();
    let second = server.token();
    assert_ne!(first, second);

    let me = |token: &str| {
        let request =
            Request::new("GET", "/v1/store/customer").header("authorization", &format!("Customer {token}"));
        server.send(&request)
    };
    let current = me(&first);
    assert_eq!(current.status, 200);
    check("CustomerDto", &current.json());
    assert_eq!(current.json()["id"], NOTCH_ID);

    let gone = server.send(&server.store("DELETE", &format!("/{NOTCH_ID}/tokens")));
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(me(&first).status, 401);
    assert_eq!(me(&second).status, 401);
    for method in ["POST", "DELETE"] {
        let unknown = server.store(method, "/411486491630379999/tokens");
        assert_eq!(server.send(&unknown).status, 404);
    }
    // An empty body that is announced is still no body.
    let request = server.store("POST", &format!("/{NOTCH_ID}/tokens")).body("");
    assert_eq!(server.send(&request).status, 200);
}

#[test]
fn lookup_customer_by_every_key() {
    let server = Server::start();
    let find = |query: &str| server.send(&server.store("GET", &format!("/lookup?{query}")));
    for (query, field, value) in [
        (format!("id={NOTCH_ID}"), "id", NOTCH_ID),
        ("steam_id=76561198012345678".into(), "steam_id", "76561198012345678"),
        (format!("minecraft_uuid={NOTCH_UUID}"), "id", NOTCH_ID),
        ("minecraft_uuid=00000000-0000-0000-0009-01f64f65c7c3".into(), "xbox_xuid", "2535432196048835"),
        ("xbox_xuid=2535432196048835".into(), "minecraft_uuid", "00000000-0000-0000-0009-01f64f65c7c3"),
        ("minecraft_java_name=nOtCh".into(), "id", NOTCH_ID),
        ("minecraft_java_name=offline_olga".into(), "minecraft_platform", "java"),
        ("minecraft_bedrock_name=sir%20dig%20a%20lot".into(), "xbox_xuid", "2535411223344556"),
        ("name=Gr%C3%BCnes+B%C3%A4umchen".into(), "name", "Grünes Bäumchen"),
    ] {
        let reply = find(&query);
        assert_eq!(reply.status, 200, "{query}");
        check("CustomerDto", &reply.json());
        assert_eq!(reply.json()[field], value, "{query}");
    }
    for unknown in [
        "id=411486491630379999",
        "steam_id=76561190000000000",
        "minecraft_uuid=11111111-2222-4333-8444-555555555555",
        "xbox_xuid=1",
        "minecraft_java_name=PixelPia",
        "minecraft_bedrock_name=Notch",
        "name=notch",
        "name=jeb_",
    ] {
        let reply = find(unknown);
        assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));
    }
}

#[test]
fn the_kinds_of_player_differ_as_the_contract_says() {
    let server = Server::start();
    let find = |query: &str| server.send(&server.store("GET", &format!("/lookup?{query}"))).json();
    let bedrock = find("xbox_xuid=2535432196048835");
    assert_eq!(bedrock["minecraft"]["id"], "2535432196048835");
    assert_eq!(bedrock["minecraft_platform"], "bedrock");
    let offline = find("minecraft_java_name=Offline_Olga");
    assert_eq!(offline["minecraft"]["id"], "Offline_Olga");
    assert_eq!(offline["minecraft_uuid"], Value::Null);
    let linked = find("steam_id=76561198087654321");
    assert_eq!(linked["xbox_xuid"], "2533274790395904");
    assert_eq!(linked["minecraft"]["id"], linked["minecraft_uuid"]);
    assert_eq!(linked["minecraft_platform"], "java");
    let bare = find("minecraft_java_name=LapisLou");
    assert!(bare["profile"].get("avatar_url").is_none());
    let private = find("steam_id=76561198099999994");
    assert_eq!(private["profile"]["avatar_url"], Value::Null);
}

#[test]
fn bulk_create_customers() {
    let server = Server::start();
    let items: Vec<Value> = (0..200).map(|n| json!({"xbox_xuid": format!("25354000000{n:05}")})).collect();
    let reply = server.send(&server.store("POST", "/bulk").json(&json!(items)));
    assert_eq!(reply.status, 200);
    let made = reply.json();
    assert_eq!(made.as_array().unwrap().len(), 200);
    for (made, asked) in made.as_array().unwrap().iter().zip(&items) {
        check("CustomerDto", made);
        assert_eq!(made["xbox_xuid"], asked["xbox_xuid"]);
    }
    // All or nothing.
    let mixed = json!([{"name": "New"}, {"minecraft_uuid": NOTCH_UUID}]);
    let reply = server.send(&server.store("POST", "/bulk").json(&mixed));
    assert_eq!(reply.status, 409);
    assert_eq!(reply.json()["errors"][0]["path"], "[1].minecraft_uuid");
    assert_eq!(server.customers(), 224);
}

#[test]
fn authenticate_customer_on_every_platform() {
    let server = Server::start();
    let log_in = |platform: &str, id: &str| {
        server.send(&Request::login().json(&json!({"platform": platform, "id": id})))
    };
    let mut expected = 24;
    for (platform, id, is_new) in [
        ("minecraft_uuid", NOTCH_UUID, false),
        ("minecraft", "notch", false),
        ("minecraft", ".PixelPia", false),
        ("minecraft_java_name", "jeb_", false),
        ("minecraft_bedrock_name", "PixelPia", false),
        ("xbox_xuid", "2535432196048835", false),
        ("steam", "76561198012345678", false),
        ("paynow_name", "Console Gift", false),
        ("paynow", NOTCH_ID, false),
        ("paynow", "Console Gift", false),
        ("minecraft_uuid", "11111111-2222-4333-8444-555555555555", true),
        ("minecraft_java_name", "Fresh_Fred", true),
        ("minecraft_bedrock_name", "Fresh Freda", true),
        ("xbox_xuid", "2535400000000009", true),
        ("steam", "76561198333333333", true),
        ("paynow_name", "Someone", true),
    ] {
        let reply = log_in(platform, id);
        assert_eq!(reply.status, 200, "{platform} {id}");
        check("AuthenticateStorefrontCustomerResponseDto", &reply.json());
        expected += u64::from(is_new);
        assert_eq!(server.customers(), expected, "{platform} {id}");
        let token = reply.json()["customer_token"].as_str().unwrap().to_owned();
        let request =
            Request::new("GET", "/v1/store/customer").header("authorization", &format!("Customer {token}"));
        let current = server.send(&request);
        assert_eq!(current.status, 200);
        check("CustomerDto", &current.json());
    }
    assert_eq!(log_in("paynow", "411486491630379999").status, 404);
    assert_eq!(log_in("minecraft_uuid", "deadbeef-2222-4333-8444-555555555555").status, 404);
    server.faults(&json!({"trust_steam": false}));
    let reply = log_in("steam", "76561198012345678");
    assert_eq!(reply.status, 403);
    assert_eq!(reply.code(), "platform-not-trusted");
}

#[test]
fn authenticate_customer_takes_ipv6_and_a_country() {
    let server = Server::start();
    let request = Request::login()
        .without("x-paynow-customer-ip")
        .header("x-paynow-customer-ip", "2001:db8::7")
        .header("x-paynow-customer-countrycode", "DE")
        .json(&json!({"platform": "minecraft", "id": "Notch"}));
    assert_eq!(server.send(&request).status, 200);
}

#[test]
fn lookup_giftcard() {
    let server = Server::start();
    let token = server.token();
    let card = |code: &str| {
        let path = format!("/v1/store/customer/giftcards/lookup/{code}");
        let request = Request::new("GET", &path).header("authorization", &format!("Customer {token}"));
        server.send(&request)
    };
    let alex = card("GIFT-2500-ALEX");
    check("StorefrontGiftCardDto", &alex.json());
    assert_eq!(
        alex.json(),
        json!({"code": "GIFT-2500-ALEX", "balance": 2500, "starting_balance": 5000, "expires_at": null})
    );
    for (path, code, balance) in [
        ("GIFT-1275-MIRA", "GIFT-1275-MIRA", 1275),
        ("GIFT-FULL-1000", "GIFT-FULL-1000", 1000),
        ("GIFT-USED-0000", "GIFT-USED-0000", 0),
        ("GIFT-OLD-2023", "GIFT-OLD-2023", 1500),
        ("SUMMER%2024%2F%C3%84%C3%96", "SUMMER 24/ÄÖ", 1000),
        ("GIFT-MAX-INT32", "GIFT-MAX-INT32", i32::MAX),
    ] {
        let card = card(path).json();
        check("StorefrontGiftCardDto", &card);
        assert_eq!(card["code"], code);
        assert_eq!(card["balance"], balance);
    }
    assert_eq!(card("GIFT-OLD-2023").json()["expires_at"], "2023-12-31T23:59:59.000Z");
    let unknown = card("NO-SUCH-CARD");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not-found"));
    assert_eq!(card("gift-2500-alex").status, 404);
}

#[test]
fn a_seed_makes_everything_repeat() {
    let run = || {
        let server = Server::with(Config { seed: Some(42), ..Config::default() });
        let made = server.send(&server.store("POST", "").json(&json!({"name": "Repeat"}))).json();
        let again = server.token();
        (made, again)
    };
    assert_eq!(run(), run());
}

#[test]
fn the_readme_lists_what_is_in_the_store() {
    let readme = include_str!("../README.md");
    let server = Server::start();
    let all = server.send(&server.store("GET", "?limit=100")).json();
    for customer in all.as_array().unwrap() {
        let start = format!("| `{}` |", customer["id"].as_str().unwrap());
        let line = readme.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no line for {customer}"));
        let metadata = customer["metadata"].as_object().unwrap();
        let texts = ["steam_id", "name"]
            .iter()
            .filter_map(|field| customer[field].as_str())
            .chain(metadata.keys().map(String::as_str));
        for text in texts {
            assert!(line.contains(text), "{text} is not in {line}");
        }
    }
    let lines = |start: &str| readme.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(lines("| `4"), all.as_array().unwrap().len());
    let token = server.token();
    for line in readme.lines().filter(|line| line.starts_with("| `GIFT-")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let path = format!("/v1/store/customer/giftcards/lookup/{}", cells[1].trim_matches('`'));
        let request = Request::new("GET", &path).header("authorization", &format!("Customer {token}"));
        let card = server.send(&request).json();
        let shown = format!("{} / {}", card["balance"], card["starting_balance"]);
        assert_eq!(cells[2], shown, "{line}");
    }
}

#[test]
fn connections_are_kept_alive() {
    let server = Server::start();
    let mut connection = server.connect();
    for _ in 0..3 {
        connection.write(&server.store("GET", &format!("/{NOTCH_ID}"))).unwrap();
        assert_eq!(connection.read().unwrap().status, 200);
    }
    let stats = server.admin("GET", "stats", "").json();
    assert_eq!(stats["connections_total"], 1);
    assert_eq!(stats["connections_open"], 1);
    assert_eq!(stats["requests"], 3);
    assert_eq!(stats["by_operation"]["get_customer"], 3);
}

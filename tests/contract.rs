//! Every operation through the Rust face, over real sockets: what is sent, and every field of what comes back.

mod support;

use std::time::Duration;

use paynow_bridge::{
    Answer, Authentication, AuthenticationPlatform, Call, CustomerFields, Field, ListCustomers, LookupKey,
    MinecraftPlatform, OperationId, Player, Priority, RawAuth, RawRequest, Sent, Source, Status,
};
use support::{FOREVER, Sandbox, wait};

const NOTCH: &str = "421621336637440000";
const NOTCH_UUID: &str = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
const MIRA: &str = "440116992540673366";

fn plain() -> Call {
    Call::default()
}

#[test]
fn lookup_by_every_key_and_every_field_of_a_customer() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    for (key, sent, found) in [
        (LookupKey::Id(NOTCH), "id=421621336637440000", NOTCH),
        (LookupKey::SteamId("76561198087654321"), "steam_id=76561198087654321", MIRA),
        (
            LookupKey::MinecraftUuid("069A79F444E94726A5BEFCA90E38AAF5"),
            &format!("minecraft_uuid={NOTCH_UUID}"),
            NOTCH,
        ),
        (
            LookupKey::MinecraftUuidBits(0x069a79f4_44e9_4726_a5be_fca90e38aaf5),
            &format!("minecraft_uuid={NOTCH_UUID}"),
            NOTCH,
        ),
        (LookupKey::XboxXuid("2533274790395904"), "xbox_xuid=2533274790395904", MIRA),
        (
            LookupKey::MinecraftJavaName("Offline_Olga"),
            "minecraft_java_name=Offline_Olga",
            "435420340944897912",
        ),
        (
            LookupKey::MinecraftBedrockName("Sir Dig A Lot"),
            "minecraft_bedrock_name=Sir%20Dig%20A%20Lot",
            "443822190362625093",
        ),
        (LookupKey::Name("Grünes Bäumchen"), "name=Gr%C3%BCnes%20B%C3%A4umchen", "444946272223232820"),
    ] {
        let completion = wait(&client, client.lookup_customer(key, &plain()));
        assert_eq!(completion.customer().unwrap().id, found, "{key:?}");
        let request = sandbox.last_request();
        assert_eq!(request["method"], "GET");
        assert_eq!(request["target"], format!("/v1/stores/{}/customers/lookup?{sent}", sandbox.store_id));
        assert_eq!(request["authorization"], "APIKey");
        assert!(request["user_agent"].as_str().unwrap().starts_with("paynow-bridge/"));
    }

    let completion = wait(&client, client.lookup_customer(LookupKey::Id(MIRA), &plain()));
    assert_eq!(completion.operation(), OperationId::LookupCustomer);
    assert_eq!((completion.status(), completion.http_status()), (Status::Ok, 200));
    assert_eq!((completion.sent(), completion.attempts()), (Sent::Answered, 1));
    assert_eq!((completion.message(), completion.error(), completion.retry_after()), (None, None, None));
    let customer = completion.customer().unwrap();
    assert_eq!(customer.id, MIRA);
    assert_eq!(customer.store_id.as_deref(), Some(sandbox.store_id.as_str()));
    assert_eq!(customer.steam_id.as_deref(), Some("76561198087654321"));
    assert_eq!(customer.minecraft_uuid.as_deref(), Some("d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264"));
    assert_eq!(customer.xbox_xuid.as_deref(), Some("2533274790395904"));
    assert_eq!(customer.minecraft_platform, Some(MinecraftPlatform::Java));
    assert_eq!(customer.name.as_deref(), Some("Mira"));
    let steam = customer.steam.as_ref().unwrap();
    assert_eq!((steam.id.as_deref(), steam.name.as_deref()), (Some("76561198087654321"), Some("mira.plays")));
    assert!(steam.avatar_url.as_ref().unwrap().starts_with("https://"));
    let minecraft = customer.minecraft.as_ref().unwrap();
    assert_eq!(minecraft.name.as_deref(), Some("MiraMines"));
    assert_eq!(minecraft.id.as_deref(), Some("d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264"));
    assert!(minecraft.avatar_url.is_some());
    let profile = customer.profile.as_ref().unwrap();
    assert!(profile.id.is_some() && profile.platform.is_some() && profile.name.is_some());
    assert_eq!(customer.created_at.as_ref().unwrap().unix_milliseconds, Some(1_750_500_610_000));
    assert_eq!(customer.updated_at.as_ref().unwrap().unix_milliseconds, Some(1_768_393_805_000));
    let metadata: Vec<_> = customer.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        metadata,
        [("discord_id", "80351110224678912"), ("note", "linked all three accounts ✓"), ("rank", "mvp")]
    );
}

#[test]
fn an_unknown_customer_is_an_answer_but_a_wrong_address_is_an_error() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let completion = wait(&client, client.lookup_customer(LookupKey::Name("no such player"), &plain()));
    assert_eq!(
        (completion.status(), completion.answer(), completion.http_status()),
        (Status::Ok, &Answer::Absent, 404)
    );
    assert!(completion.error().unwrap().trace_id.is_some());
    drop(completion);
    let completion = wait(&client, client.get_customer("1", &plain()));
    assert_eq!((completion.status(), completion.answer()), (Status::Ok, &Answer::Absent));
    drop(completion);
    sandbox.respond(404, "<html>nginx</html>");
    let completion = wait(&client, client.lookup_customer(LookupKey::Name("no such player"), &plain()));
    assert_eq!((completion.status(), completion.answer()), (Status::InvalidResponse, &Answer::Nothing));
    assert!(completion.message().unwrap().contains("API base"));
}

#[test]
fn list_create_get_update() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();

    let query = ListCustomers {
        limit: Some(2),
        after: Some(NOTCH),
        before: None,
        ascending: Some(true),
        search: Some("e"),
        customer_ids: None,
    };
    let completion = wait(&client, client.list_customers(&query, &plain()));
    assert_eq!(completion.customers().len(), 2);
    assert!(completion.customers()[0].id.as_str() > NOTCH);
    assert_eq!(
        sandbox.last_request()["target"],
        format!("/v1/stores/{}/customers?limit=2&after={NOTCH}&asc=true&search=e", sandbox.store_id)
    );
    drop(completion);
    let query = ListCustomers { before: Some(NOTCH), ascending: Some(false), ..ListCustomers::default() };
    drop(wait(&client, client.list_customers(&query, &plain())));
    assert_eq!(
        sandbox.last_request()["target"],
        format!("/v1/stores/{}/customers?before={NOTCH}&asc=false", sandbox.store_id)
    );

    let fields = CustomerFields {
        steam_id: Field::Value("76561198123456789"),
        minecraft_uuid: Field::Value("11111111222243338444555555555555"),
        minecraft_platform: Field::Value(MinecraftPlatform::Java.as_str()),
        xbox_xuid: Field::Value("2535400000000001"),
        name: Field::Value("Zoë \"Z\""),
        metadata: Field::Value(&[("rank", "vip"), ("note", "a\nb")]),
    };
    let completion = wait(&client, client.create_customer(&fields, &plain()));
    let customer = completion.customer().unwrap();
    let id = customer.id.to_string();
    assert_eq!(customer.minecraft_uuid.as_deref(), Some("11111111-2222-4333-8444-555555555555"));
    assert_eq!(customer.name.as_deref(), Some("Zoë \"Z\""));
    assert_eq!(customer.metadata[0].1, "a\nb");
    let request = sandbox.last_request();
    assert_eq!((&request["method"], &request["content_type"]), (&"POST".into(), &"application/json".into()));
    drop(completion);
    let completion = wait(&client, client.create_customer(&fields, &plain()));
    assert_eq!((completion.status(), completion.http_status()), (Status::Conflict, 409));
    drop(completion);

    let change = CustomerFields {
        name: Field::Null,
        xbox_xuid: Field::Null,
        metadata: Field::Value(&[]),
        ..CustomerFields::default()
    };
    let completion = wait(&client, client.update_customer(&id, &change, &plain()));
    let customer = completion.customer().unwrap();
    assert_eq!((customer.name.as_ref(), customer.xbox_xuid.as_ref()), (None, None));
    assert_eq!(customer.steam_id.as_deref(), Some("76561198123456789"), "what is absent stays");
    assert!(customer.metadata.is_empty());
    assert_eq!(sandbox.last_request()["method"], "PATCH");
    drop(completion);

    let completion = wait(&client, client.get_customer(&id, &plain()));
    assert_eq!(completion.customer().unwrap().id, id.as_str());
    assert_eq!(sandbox.last_request()["target"], format!("/v1/stores/{}/customers/{id}", sandbox.store_id));
}

#[test]
fn a_list_can_be_narrowed_to_the_customers_that_are_named() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let named = |ids: &[&str], limit| {
        let query = ListCustomers {
            customer_ids: Some(ids),
            limit,
            ascending: Some(true),
            ..ListCustomers::default()
        };
        client.list_customers(&query, &plain())
    };
    // As many as are named are asked for, and what does not exist is left out.
    let completion = wait(&client, named(&[MIRA, "1", NOTCH], None));
    let found: Vec<_> = completion.customers().iter().map(|customer| customer.id.as_str()).collect();
    assert_eq!(found, [NOTCH, MIRA]);
    assert_eq!(
        sandbox.last_request()["target"],
        format!(
            "/v1/stores/{}/customers?limit=3&asc=true&customer_id={MIRA}&customer_id=1&customer_id={NOTCH}",
            sandbox.store_id
        )
    );
    drop(completion);
    assert_eq!(wait(&client, named(&[MIRA, NOTCH], Some(1))).customers().len(), 1);
    assert_eq!(wait(&client, named(&[MIRA; 100], None)).customers().len(), 1);

    let asked = sandbox.requests();
    for (ids, words) in [
        (&[][..], "customer_ids must not be empty"),
        (&[MIRA; 101], "customer_ids must not be more than 100"),
        (&[MIRA, "x"], "customer_ids[1] must be a PayNow id: decimal digits of a 64-bit number"),
        (&["0"], "customer_ids[0] must be a PayNow id: decimal digits of a 64-bit number"),
    ] {
        let refused = named(ids, None).unwrap_err();
        assert_eq!(refused.to_string(), words);
    }
    assert_eq!(sandbox.requests(), asked);
}

#[test]
fn a_hundred_customers_come_through_whatever_else_each_of_them_holds() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    // For two months every customer carried the whole store.
    let store = format!(r#"{{"name":"x","pages":[{}]}}"#, vec![r#"{"title":"a page"}"#; 440].join(","));
    let customers: Vec<_> = (1..=100)
        .map(|id| {
            format!(r#"{{"id":"{id}","name":"player {id}","store":{store},"metadata":{{"rank":"vip"}}}}"#)
        })
        .collect();
    let body = format!("[{}]", customers.join(","));
    // It fits into the limit for an answer that applies by default.
    assert!((800_000..1_000_000).contains(&body.len()), "{}", body.len());
    let answer = serde_json::json!({"rules": [{"respond": {"status": 200, "body": body}}]});
    sandbox.faults(&answer.to_string());
    let completion = wait(&client, client.list_customers(&ListCustomers::default(), &plain()));
    assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
    assert_eq!(completion.customers().len(), 100);
    assert_eq!(completion.customers()[99].metadata[0].1.as_str(), "vip");
    // What is not understood is kept as part of the body alone, and once.
    let (held, of_customers) = (client.stats().held_bytes, 100 * 1_000);
    assert!(held < (completion.body().len() + of_customers) as u64, "{held} bytes are held");
}

#[test]
fn bulk() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let names: Vec<String> = (0..200).map(|number| format!("bulk {number}")).collect();
    let customers: Vec<CustomerFields<'_>> = names
        .iter()
        .map(|name| CustomerFields { name: Field::Value(name), ..CustomerFields::default() })
        .collect();
    let completion = wait(&client, client.bulk_create_customers(&customers, &plain()));
    assert_eq!(completion.customers().len(), 200);
    assert_eq!(completion.customers()[199].name.as_deref(), Some("bulk 199"));
    assert_eq!(sandbox.last_request()["target"], format!("/v1/stores/{}/customers/bulk", sandbox.store_id));
    let too_many = vec![CustomerFields::default(); 201];
    client.bulk_create_customers(&too_many, &plain()).unwrap_err();
    client.bulk_create_customers(&[], &plain()).unwrap_err();
}

#[test]
fn tokens_are_minted_used_and_revoked() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let completion = wait(&client, client.create_customer_token(NOTCH, &plain()));
    let token = completion.token().unwrap().expose().to_string();
    assert!(!format!("{completion:?}").contains(&token), "Debug shows no token");
    drop(completion);

    let completion = wait(&client, client.get_current_customer(&token, &plain()));
    assert_eq!(completion.customer().unwrap().id, NOTCH);
    assert_eq!(sandbox.last_request()["authorization"], "Customer");
    drop(completion);

    let completion = wait(&client, client.lookup_giftcard(&token, "SUMMER 24/ÄÖ", &plain()));
    let card = completion.giftcard().unwrap();
    assert_eq!((card.code.as_str(), card.balance, card.starting_balance), ("SUMMER 24/ÄÖ", 1_000, 1_000));
    assert!(card.expires_at.as_ref().unwrap().unix_milliseconds.is_some());
    drop(completion);
    let completion = wait(&client, client.lookup_giftcard(&token, "GIFT-2500-ALEX", &plain()));
    assert_eq!(completion.giftcard().unwrap().expires_at, None);
    drop(completion);
    let completion = wait(&client, client.lookup_giftcard(&token, "NO-SUCH-CARD", &plain()));
    assert_eq!(completion.answer(), &Answer::Absent);
    drop(completion);

    let completion = wait(&client, client.invalidate_customer_tokens(NOTCH, &plain()));
    assert_eq!(
        (completion.status(), completion.http_status(), completion.answer()),
        (Status::Ok, 204, &Answer::Nothing)
    );
    drop(completion);
    let completion = wait(&client, client.get_current_customer(&token, &plain()));
    assert_eq!(completion.status(), Status::Unauthorized);
    assert!(!completion.message().unwrap().contains(&token));
}

#[test]
fn authentication_on_all_eight_platforms() {
    use AuthenticationPlatform as P;
    let sandbox = Sandbox::start();
    // Without a key: the storefront needs none.
    let client = paynow_bridge::Client::builder(&sandbox.store_id).api_base(&sandbox.base).build().unwrap();
    for (platform, word, id) in [
        (P::Steam, "steam", "76561198012345678"),
        (P::Minecraft, "minecraft", "jeb_"),
        (P::PaynowName, "paynow_name", "Mira"),
        (P::Paynow, "paynow", NOTCH),
        (P::MinecraftJavaName, "minecraft_java_name", "Notch"),
        (P::MinecraftBedrockName, "minecraft_bedrock_name", "PixelPia"),
        (P::XboxXuid, "xbox_xuid", "2535432196048835"),
        (P::MinecraftUuid, "minecraft_uuid", NOTCH_UUID),
    ] {
        let authentication =
            Authentication { platform, id, customer_ip: "2001:db8::7", customer_countrycode: Some("DE") };
        let completion = wait(&client, client.authenticate_customer(&authentication, &plain()));
        assert!(completion.token().is_some(), "{platform:?}: {completion:?}");
        let request = sandbox.last_request();
        assert_eq!(request["authorization"], "none");
        assert_eq!(request["store_id_header"], sandbox.store_id.as_str());
        assert_eq!(request["customer_ip"], "2001:db8::7");
        assert_eq!(request["customer_country"], "DE");
        let body = request["body"].to_string();
        assert!(body.contains(word) && body.contains(id), "{body}");
    }
    let refused = client.lookup_customer(LookupKey::Id(NOTCH), &plain());
    assert_eq!(refused, Err(paynow_bridge::SubmitError::NoApiKey));
}

#[test]
fn any_other_operation_goes_through_request() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let request = RawRequest {
        method: "GET",
        path: "/v1/stores/{store_id}/customers?limit=1",
        json: None,
        auth: RawAuth::ApiKey,
    };
    let completion = wait(&client, client.request(&request, &plain()));
    assert_eq!(completion.answer(), &Answer::Json);
    assert!(completion.body().starts_with("[{"));
    drop(completion);
    let request = RawRequest { method: "POST", path: "/v1/unknown", json: Some("{}"), auth: RawAuth::None };
    let completion = wait(&client, client.request(&request, &plain()));
    assert_eq!(completion.status(), Status::NotFound);
}

#[test]
fn errors_arrive_whole() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    sandbox.respond(
        400,
        r#"{"status":400,"code":"bad-request","message":"no","trace_id":"t-1","errors":[
            {"code":"a","message":"m","path":"steam_id","validation":"v"},{"code":"b","message":"n","path":["items",3],"validation":"w"}]}"#,
    );
    let completion = wait(&client, client.create_customer(&CustomerFields::default(), &plain()));
    assert_eq!(completion.status(), Status::Api);
    let error = completion.error().unwrap();
    assert_eq!(error.code.as_deref(), Some("bad-request"));
    assert_eq!(error.trace_id.as_deref(), Some("t-1"));
    assert_eq!(error.errors[0].path, ["steam_id"]);
    assert_eq!(error.errors[1].joined_path, "items.3");
}

#[test]
fn a_connection_closed_while_idle_costs_a_read_nothing() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    sandbox.faults(r#"{"rules":[{"times":1,"close_after":true}]}"#);
    drop(wait(&client, client.get_customer(NOTCH, &plain())));
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!(completion.status(), Status::Ok);
}

#[test]
fn transport_failures_are_told_apart() {
    let sandbox = Sandbox::start();
    let client = sandbox.builder().max_response_bytes(1_000).max_attempts(1).build().unwrap();
    sandbox.faults(r#"{"rules":[{"times":1,"reset_mid_body":true}]}"#);
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!((completion.status(), completion.http_status()), (Status::Transport, 200));
    drop(completion);
    sandbox.faults(r#"{"rules":[{"times":1,"respond":{"status":200,"body":"x","repeat":1000000}}]}"#);
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!(completion.status(), Status::ResponseTooLarge);
    drop(completion);
    sandbox.faults(
        r#"{"rules":[{"times":1,"respond":{"status":302,"headers":{"location":"http://127.0.0.1:9/"}}}]}"#,
    );
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!((completion.status(), completion.http_status()), (Status::InvalidResponse, 302));
    drop(completion);

    // A port without a listener: one that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = sandbox.builder().api_base(format!("http://{free}")).build().unwrap();
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!((completion.status(), completion.sent()), (Status::Connect, Sent::Never));
    assert!(completion.message().unwrap().contains(&free.to_string()));
}

#[test]
fn a_hung_server_is_left_at_the_deadline_and_forgotten() {
    let sandbox = Sandbox::start();
    // With the circuit, the last ones might not be sent any more.
    let client = sandbox.builder().circuit_threshold(0).build().unwrap();
    sandbox.faults(r#"{"hang":true}"#);
    let short = Call { deadline: Some(Duration::from_millis(50)), priority: Priority::Background, tag: 5 };
    for _ in 0..100 {
        client.get_customer(NOTCH, &short).unwrap();
    }
    for _ in 0..100 {
        let completion = client.next(FOREVER).unwrap().unwrap();
        assert_eq!((completion.status(), completion.tag()), (Status::Timeout, 5));
    }
    sandbox.admin("DELETE", "faults", "");
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!(completion.status(), Status::Ok);
}

#[test]
fn a_player_becomes_a_customer_once_and_two_servers_agree() {
    let sandbox = Sandbox::start();
    let player = Player {
        minecraft_uuid: Some("00000000-0000-0000-0009-01f700000001"),
        name: Some(".Newcomer"),
        ..Player::default()
    };
    let servers: Vec<_> = (0..4).map(|_| sandbox.client()).collect();
    for server in &servers {
        server.ensure_customer(&player, &plain()).unwrap();
    }
    let mut ids = Vec::new();
    for server in &servers {
        let completion = server.next(FOREVER).unwrap().unwrap();
        assert_eq!(completion.operation(), OperationId::EnsureCustomer);
        let customer = completion.customer().unwrap_or_else(|| panic!("{completion:?}"));
        assert_eq!(customer.xbox_xuid.as_deref(), Some("2535435158945793"));
        assert_eq!(customer.minecraft_platform, Some(MinecraftPlatform::Bedrock));
        ids.push(customer.id.to_string());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one customer for all servers");
    assert_eq!(sandbox.admin("GET", "stats", "")["creates_effective"], 1);
}

#[test]
fn losing_the_race_to_create_is_not_a_failure() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    // Another server creates the customer between our lookup and our create; ours is refused with 409.
    sandbox.faults(
        r#"{"rules":[{"operation":"lookup_customer","times":1,"respond":{"status":404,
            "body":"{\"status\":404,\"code\":\"not-found\",\"message\":\"none\"}"}}]}"#,
    );
    let player = Player { minecraft_uuid: Some(NOTCH_UUID), ..Player::default() };
    let completion = wait(&client, client.ensure_customer(&player, &plain()));
    assert_eq!(completion.customer().unwrap().id, NOTCH);
    assert_eq!(completion.attempts(), 3);
}

#[test]
fn a_token_for_a_player_in_one_call() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    let player = Player { minecraft_uuid: Some(NOTCH_UUID), name: Some("Notch"), ..Player::default() };
    let completion = wait(&client, client.token_for(&player, &plain()));
    assert_eq!(completion.customer().unwrap().id, NOTCH);
    let token = completion.token().unwrap().expose().to_string();
    assert!(!format!("{completion:?}").contains(&token));
    drop(completion);
    let completion = wait(&client, client.get_current_customer(&token, &plain()));
    assert_eq!(completion.customer().unwrap().id, NOTCH);
    drop(completion);
    let completion = wait(&client, client.lookup_player(&player, &plain()));
    assert_eq!(completion.customer().unwrap().id, NOTCH);
}

#[test]
fn the_key_is_rotated_on_a_live_client() {
    let sandbox = Sandbox::start();
    let client = sandbox.builder().api_key("pnapi_old_key").build().unwrap();
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!(completion.status(), Status::Unauthorized);
    drop(completion);
    assert_eq!(client.set_api_key("a b").unwrap_err().argument(), "api_key");
    client.set_api_key(sandbox.api_key.as_str()).unwrap();
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!(completion.status(), Status::Ok);
}

#[test]
fn peeking_needs_no_network() {
    let sandbox = Sandbox::start();
    let client = sandbox.builder().cache_ttl(FOREVER).build().unwrap();
    let key = LookupKey::MinecraftJavaName("Notch");
    assert!(client.peek(key).unwrap().is_none());
    drop(wait(&client, client.lookup_customer(key, &plain())));
    let asked = sandbox.requests();
    let seen = client.peek(key).unwrap().unwrap();
    assert_eq!((seen.customer().unwrap().id.as_str(), seen.source()), (NOTCH, Source::Cache));
    let player = Player { name: Some("Notch"), ..Player::default() };
    assert_eq!(client.peek_player(&player).unwrap().unwrap().customer().unwrap().id, NOTCH);
    assert_eq!(client.peek(LookupKey::Id("x")).unwrap_err().to_string().split(' ').next(), Some("id"));
    assert_eq!(sandbox.requests(), asked);
}

#[test]
fn a_429_is_waited_out_and_slows_the_client_down() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    sandbox.faults(
        r#"{"rules":[{"times":1,"respond":{"status":429,"headers":{"retry-after":"1"},"body":"{}"}}]}"#,
    );
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!((completion.status(), completion.attempts()), (Status::Ok, 2));
    assert_eq!(client.stats().rate_limited, 1);
    drop(completion);
    // A wait that would end past the deadline is not begun.
    sandbox.faults(
        r#"{"rules":[{"times":1,"respond":{"status":429,"headers":{"retry-after":"86400"},"body":"{}"}}]}"#,
    );
    let completion = wait(&client, client.get_customer(NOTCH, &plain()));
    assert_eq!((completion.status(), completion.attempts()), (Status::RateLimited, 1));
    assert_eq!(completion.retry_after(), Some(Duration::from_secs(300)));
}

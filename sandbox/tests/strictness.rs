//! What a client may not do.

mod common;

use common::{NOTCH_ID, NOTCH_UUID, Request, Server};
use paynow_sandbox::{API_KEY, STORE_ID};
use serde_json::{Value, json};

#[test]
fn management_credentials() {
    let server = Server::start();
    let path = format!("/v1/stores/{STORE_ID}/customers");
    let with = |value: &str| {
        let request = Request::new("GET", &path).header("authorization", value);
        server.send(&request)
    };
    for bad in [
        "",
        API_KEY,
        "APIKey",
        "APIKey wrong",
        &format!("apikey {API_KEY}"),
        &format!("APIKey APIKey {API_KEY}"),
        &format!("Customer {API_KEY}"),
    ] {
        assert_eq!(with(bad).status, 401, "{bad}");
    }
    let bearer = with(&format!("Bearer {API_KEY}"));
    assert_eq!(bearer.status, 401);
    assert!(bearer.json()["message"].as_str().unwrap().contains("APIKey"));
    assert_eq!(server.send(&Request::new("GET", &path)).status, 401);
    let twice = server.store("GET", "").header("authorization", &format!("APIKey {API_KEY}"));
    assert_eq!(server.send(&twice).status, 400);

    for (store, status) in
        [("411486491630370817", 403), ("1", 403), ("abc", 400), ("0411486491630370816", 400)]
    {
        let request = Request::new("GET", &format!("/v1/stores/{store}/customers"))
            .header("authorization", &format!("APIKey {API_KEY}"));
        assert_eq!(server.send(&request).status, status, "{store}");
    }
}

#[test]
fn customer_credentials() {
    let server = Server::start();
    let token = server.token();
    for path in ["/v1/store/customer", "/v1/store/customer/giftcards/lookup/GIFT-2500-ALEX"] {
        let with = |value: &str| {
            let request = Request::new("GET", path).header("authorization", value);
            server.send(&request).status
        };
        assert_eq!(with(&format!("Customer {token}")), 200);
        assert_eq!(with(&format!("APIKey {API_KEY}")), 401);
        assert_eq!(with(&format!("Bearer {token}")), 401);
        assert_eq!(with(&format!("Customer {token}x")), 401);
        assert_eq!(with("Customer "), 401);
        assert_eq!(with(&token), 401);
        assert_eq!(server.send(&Request::new("GET", path)).status, 401);
    }
}

#[test]
fn login_headers() {
    let server = Server::start();
    let body = json!({"platform": "minecraft", "id": "Notch"});
    let status = |request: Request| server.send(&request.json(&body)).status;
    assert_eq!(status(Request::login()), 200);
    for value in ["", "APIKey x", &format!("APIKey {API_KEY}")] {
        assert_eq!(status(Request::login().header("authorization", value)), 400);
    }
    for name in ["x-paynow-store-id", "x-paynow-customer-ip"] {
        assert_eq!(status(Request::login().without(name)), 400);
    }
    let replaced = |name: &str, value: &str| status(Request::login().without(name).header(name, value));
    for bad in ["411486491630370817", "abc", "1.0", ""] {
        assert_eq!(replaced("x-paynow-store-id", bad), 400, "{bad}");
    }
    for bad in ["203.0.113.7:25565", "[2001:db8::7]", "localhost", "", "/203.0.113.7", "fe80::1%eth0"] {
        assert_eq!(replaced("x-paynow-customer-ip", bad), 400, "{bad}");
    }
    for bad in ["de", "en-US", "DEU", "D", "", "D1"] {
        let request = Request::login().header("x-paynow-customer-countrycode", bad);
        assert_eq!(status(request), 400, "{bad}");
    }
    assert_eq!(status(Request::login().header("x-paynow-customer-ip", "203.0.113.8")), 400);
}

#[test]
fn login_bodies() {
    let server = Server::start();
    for bad in [
        json!({}),
        json!([]),
        json!({"platform": "minecraft"}),
        json!({"id": "Notch"}),
        json!({"platform": "invalid", "id": "Notch"}),
        json!({"platform": "xbox", "id": "1"}),
        json!({"platform": "MINECRAFT", "id": "Notch"}),
        json!({"platform": "minecraft", "id": ""}),
        json!({"platform": "minecraft", "id": 1}),
        json!({"platform": "minecraft", "id": null}),
        json!({"platform": "minecraft", "id": "Notch", "ip": "203.0.113.7"}),
        json!({"platform": "minecraft_uuid", "id": "069a79f444e94726a5befca90e38aaf5"}),
        json!({"platform": "steam", "id": "STEAM_0:1:26039975"}),
        json!({"platform": "xbox_xuid", "id": "PixelPia"}),
    ] {
        let reply = server.send(&Request::login().json(&bad));
        assert_eq!(reply.status, 400, "{bad}");
        assert!(reply.json()["errors"].is_array());
    }
    // The contract lists it, and no customer can come from it.
    let invalid = server.send(&Request::login().json(&json!({"platform": "invalid", "id": "Notch"})));
    let error = &invalid.json()["errors"][0];
    assert_eq!((&error["path"], &error["validation"]), (&json!("platform"), &json!("enum")));
    assert_eq!(server.customers(), 24);
}

#[test]
fn queries() {
    let server = Server::start();
    for bad in [
        "?limit=0",
        "?limit=101",
        "?limit=-1",
        "?limit=+5",
        "?limit=05",
        "?limit=ten",
        "?limit=",
        "?limit=5&limit=5",
        "?after=abc",
        "?before=0",
        "?after=1.5",
        "?after=421621336637440000&before=421621336637440000",
        "?asc=1",
        "?asc=True",
        "?asc",
        "?order=asc",
        "?search=%ff",
        "?search=%",
        "?search=[a]",
        "?search=a|b",
        "/lookup?name={a}",
        "/lookup?minecraft_java_name=a^b",
        "/lookup",
        "/lookup?",
        "/lookup?name=a&steam_id=76561198012345678",
        "/lookup?name=a&name=a",
        "/lookup?nick=a",
        "/lookup?name=",
        "/lookup?id=abc",
        "/lookup?steam_id=1",
        "/lookup?steam_id=STEAM_0",
        "/lookup?minecraft_uuid=069a79f444e94726a5befca90e38aaf5",
        "/lookup?minecraft_uuid=069A79F4-44E9-4726-A5BE-FCA90E38AAF5",
        "/lookup?minecraft_uuid=Notch",
        "/lookup?xbox_xuid=.PixelPia",
        "/421621336637440000?expand=true",
        "/abc",
        "/0421621336637440000",
        "/99999999999999999999",
    ] {
        assert_eq!(server.send(&server.store("GET", bad)).status, 400, "{bad}");
    }
    let token = server.token();
    let request =
        Request::new("GET", "/v1/store/customer?x=1").header("authorization", &format!("Customer {token}"));
    assert_eq!(server.send(&request).status, 400);
}

#[test]
fn customer_bodies() {
    let server = Server::start();
    let create = |body: &Value| server.send(&server.store("POST", "").json(body));
    for (bad, path, validation) in [
        (json!({}), "", "minProperties"),
        (json!({"name": null}), "", "minProperties"),
        (json!([]), "", "type"),
        (json!({"name": ""}), "name", "format"),
        (json!({"name": 1}), "name", "type"),
        (json!({"nickname": "x", "name": "x"}), "nickname", "additionalProperties"),
        (json!({"steam_id": null}), "steam_id", "type"),
        (json!({"steam_id": 7.5}), "steam_id", "type"),
        (json!({"steam_id": "123"}), "steam_id", "format"),
        (json!({"steam_id": 123}), "steam_id", "format"),
        (json!({"minecraft_uuid": "069a79f444e94726a5befca90e38aaf5"}), "minecraft_uuid", "format"),
        (json!({"minecraft_uuid": NOTCH_UUID.to_uppercase()}), "minecraft_uuid", "format"),
        (json!({"minecraft_uuid": 5}), "minecraft_uuid", "type"),
        (json!({"xbox_xuid": 2535432196048835u64}), "xbox_xuid", "type"),
        (json!({"xbox_xuid": "9x"}), "xbox_xuid", "format"),
        (json!({"name": "a", "minecraft_platform": "Java"}), "minecraft_platform", "enum"),
        (json!({"name": "a", "minecraft_platform": null}), "minecraft_platform", "type"),
        (json!({"name": "a", "metadata": "x"}), "metadata", "type"),
        (json!({"name": "a", "metadata": {"k": 1}}), "metadata.k", "type"),
        (json!({"name": "a", "metadata": {"k": null}}), "metadata.k", "type"),
    ] {
        let reply = create(&bad);
        assert_eq!(reply.status, 400, "{bad}");
        let error = &reply.json()["errors"][0];
        assert_eq!(error["path"], path, "{bad}");
        assert_eq!(error["validation"], validation, "{bad}");
    }
    // Several mistakes are reported together.
    let reply = create(&json!({"steam_id": "x", "xbox_xuid": "y"}));
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 2);

    for (bad, code) in [
        (json!([]), "validation-error"),
        (json!({"name": "a"}), "validation-error"),
        (json!([{"name": "a"}, {}]), "validation-error"),
        (json!(vec![json!({"name": "a"}); 201]), "too_many_items"),
    ] {
        let reply = server.send(&server.store("POST", "/bulk").json(&bad));
        assert_eq!((reply.status, reply.code().as_str()), (400, code));
    }
    assert_eq!(server.customers(), 24);
}

#[test]
fn bytes_that_are_not_the_json_they_claim_to_be() {
    let server = Server::start();
    let create = |media: Option<&str>, body: &[u8]| {
        let mut request = server.store("POST", "").body(body);
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        server.send(&request).status
    };
    let good = br#"{"name":"a"}"#;
    for media in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=utf-16"),
        Some("*/*"),
    ] {
        assert_eq!(create(media, good), 415, "{media:?}");
    }
    for body in [
        &b""[..],
        b"{",
        b"{\"name\":\"a\"} x",
        b"{\"name\":\"\xff\"}",
        b"\xef\xbb\xbf{\"name\":\"a\"}",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        b"{'name':'a'}",
    ] {
        assert_eq!(create(Some("application/json"), body), 400, "{body:?}");
    }
    assert_eq!(server.customers(), 24);
}

#[test]
fn a_host_is_required() {
    let server = Server::start();
    let get = || server.store("GET", &format!("/{NOTCH_ID}"));
    assert_eq!(server.send(&get().without("host")).status, 400);
    assert_eq!(server.send(&get().header("host", "localhost")).status, 400);
}

#[test]
fn bodies_where_there_are_none() {
    let server = Server::start();
    let token = server.token();
    let customer = format!("Customer {token}");
    for request in [
        server.store("GET", ""),
        server.store("GET", &format!("/{NOTCH_ID}")),
        server.store("GET", &format!("/lookup?id={NOTCH_ID}")),
        server.store("POST", &format!("/{NOTCH_ID}/tokens")),
        server.store("DELETE", &format!("/{NOTCH_ID}/tokens")),
    ] {
        assert_eq!(server.send(&request.json(&json!({}))).status, 400);
    }
    for path in ["/v1/store/customer", "/v1/store/customer/giftcards/lookup/GIFT-2500-ALEX"] {
        let request = Request::new("GET", path).header("authorization", &customer);
        assert_eq!(server.send(&request.json(&json!({}))).status, 400);
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_connection_lives_on() {
    let server = Server::start();
    let mut connection = server.connect();
    let huge = json!({"name": "x".repeat(1024 * 1024)});
    connection.write(&server.store("POST", "").json(&huge)).unwrap();
    assert_eq!(connection.read().unwrap().status, 413);
    connection.write(&server.store("GET", &format!("/{NOTCH_ID}"))).unwrap();
    assert_eq!(connection.read().unwrap().status, 200);
}

#[test]
fn paths_and_methods() {
    let server = Server::start();
    for path in [
        "//",
        "/index.html",
        "/v1",
        "/v1/stores",
        "/v2/store/customer",
        "/v1/store/customer/",
        "/v1/store/customer/giftcards/lookup/",
        "/v1/store/customer/giftcards/lookup/a/b",
        "//v1/store/customer",
        "/_sandbox/nothing",
    ] {
        let reply = server.send(&Request::new("GET", path));
        assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));
    }
    assert_eq!(server.send(&server.store("GET", "/")).status, 404);
    for (method, rest, allow) in [
        ("PUT", "", "GET, POST"),
        ("DELETE", "", "GET, POST"),
        ("POST", "/lookup", "GET"),
        ("GET", "/bulk", "POST"),
        ("PUT", "/421621336637440000", "GET, PATCH"),
        ("POST", "/421621336637440000", "GET, PATCH"),
        ("GET", "/421621336637440000/tokens", "POST, DELETE"),
    ] {
        let reply = server.send(&server.store(method, rest));
        assert_eq!(reply.status, 405, "{method} {rest}");
        assert_eq!(reply.header("allow"), Some(allow));
    }
    for (method, path) in [
        ("GET", "/v1/store/customer/auth"),
        ("POST", "/v1/store/customer"),
        ("POST", "/v1/store/customer/giftcards/lookup/x"),
    ] {
        assert_eq!(server.send(&Request::new(method, path)).status, 405);
    }
    let broken = Request::new("GET", "/v1/store/customer/giftcards/lookup/%zz");
    assert_eq!(server.send(&broken).status, 400);
}

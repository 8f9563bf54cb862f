//! Answers whose fields are not of the shape the contract gives them.

use paynow_bridge::{Customer, MinecraftPlatform, Status};

use super::row::{Ask, Expect, Kind, LOOKUP, Row, customer, ok, refused, respond};

pub fn rows() -> Vec<Row> {
    let mut rows = customers();
    rows.extend(dates());
    rows.extend(gift_cards());
    rows.extend(tokens());
    rows.extend(documents());
    rows
}

/// A lookup that is answered with this, and what the host sees of the customer.
fn seen(name: &'static str, body: String, look: impl Fn(&Customer) + Send + Sync + 'static) -> Row {
    let expect = ok(Kind::Customer).sees(move |completion| look(completion.customer().unwrap()));
    Row::sandbox(name, respond(200, &body)).ask(LOOKUP, expect)
}

fn invalid() -> Expect {
    refused(Status::InvalidResponse, 200)
}

fn customers() -> Vec<Row> {
    vec![
        seen(
            "id a number above 2^53",
            r#"{"id":9007199254740993,"store_id":411486491630370816}"#.into(),
            |c| {
                assert_eq!(c.id, "9007199254740993");
                assert_eq!(c.store_id.as_deref(), Some("411486491630370816"));
            },
        ),
        seen("steam_id a number", customer(r#""steam_id":76561198012345679"#), |c| {
            assert_eq!(c.steam_id.as_deref(), Some("76561198012345679"));
        }),
        Row::sandbox("id empty", respond(200, r#"{"id":""}"#)).ask(LOOKUP, invalid().says(&["\"id\""])),
        Row::sandbox("id null", respond(200, r#"{"id":null}"#)).ask(LOOKUP, invalid().says(&["\"id\""])),
        Row::sandbox("id a fraction", respond(200, r#"{"id":4.2e17}"#))
            .ask(LOOKUP, invalid().says(&["\"id\""])),
        Row::sandbox("id a list", respond(200, r#"{"id":["1"]}"#)).ask(LOOKUP, invalid().says(&["\"id\""])),
        Row::sandbox("id true", respond(200, r#"{"id":true}"#)).ask(LOOKUP, invalid().says(&["\"id\""])),
        Row::sandbox("id a word", respond(200, r#"{"id":"../tokens"}"#))
            .ask(LOOKUP, invalid().says(&["\"id\""])),
        seen("steam_id true", customer(r#""steam_id":true,"xbox_xuid":2.5e15"#), |c| {
            assert_eq!((&c.steam_id, &c.xbox_xuid), (&None, &None));
        }),
        seen(
            "metadata with half a surrogate pair as a key",
            r#"{"id":"7","metadata":{"\ud800":"x","rank":"vip"},"name":"a\udc00"}"#.into(),
            |c| {
                assert_eq!(metadata(c), [("rank", "vip"), ("\u{fffd}", "x")]);
                assert_eq!(c.name.as_deref(), Some("a\u{fffd}"));
            },
        ),
        seen("metadata null", r#"{"id":"7","metadata":null}"#.into(), |c| assert!(c.metadata.is_empty())),
        seen(
            "metadata with numbers",
            r#"{"id":"7","metadata":{"a":12345678901234567890,"b":1.50}}"#.into(),
            |c| {
                assert_eq!(metadata(c), [("a", "12345678901234567890"), ("b", "1.50")]);
            },
        ),
        seen("metadata nested", r#"{"id":"7","metadata":{"a":{"b":["c"]},"d":null,"e":"f"}}"#.into(), |c| {
            assert_eq!(metadata(c), [("a", r#"{"b":["c"]}"#), ("e", "f")]);
        }),
        seen("an unknown field", customer(r#""store":{"id":[1,{"x":null}]},"vip":true"#), |c| {
            assert_eq!(c.id, "77");
        }),
        seen("an unknown enum value", customer(r#""minecraft_platform":"education""#), |c| {
            assert_eq!(c.minecraft_platform, Some(MinecraftPlatform::Unknown));
        }),
        seen("an enum value of another type", customer(r#""minecraft_platform":3"#), |c| {
            assert_eq!(c.minecraft_platform, Some(MinecraftPlatform::Unknown));
        }),
        seen("minecraft.id a name", customer(r#""minecraft":{"id":"Offline_Olga","name":null}"#), |c| {
            let profile = c.minecraft.as_ref().unwrap();
            assert_eq!((profile.id.as_deref(), &profile.name), (Some("Offline_Olga"), &None));
        }),
        seen("minecraft.id an XUID", customer(r#""minecraft":{"id":2535432196048835}"#), |c| {
            assert_eq!(c.minecraft.as_ref().unwrap().id.as_deref(), Some("2535432196048835"));
        }),
        seen(
            "UUID without dashes",
            customer(r#""minecraft_uuid":"069a79f444e94726a5befca90e38aaf5""#),
            |c| {
                assert_eq!(c.minecraft_uuid.as_deref(), Some("069a79f444e94726a5befca90e38aaf5"));
            },
        ),
        seen(
            "UUID in upper case",
            customer(r#""minecraft_uuid":"069A79F4-44E9-4726-A5BE-FCA90E38AAF5""#),
            |c| {
                assert_eq!(c.minecraft_uuid.as_deref(), Some("069A79F4-44E9-4726-A5BE-FCA90E38AAF5"));
            },
        ),
        seen("profile null", customer(r#""profile":null,"steam":null,"minecraft":null"#), |c| {
            assert_eq!((&c.profile, &c.steam, &c.minecraft), (&None, &None, &None));
        }),
        seen("profile absent", customer(""), |c| {
            assert_eq!((&c.profile, &c.steam, &c.minecraft), (&None, &None, &None));
        }),
        seen("profile a string", customer(r#""profile":"Notch","steam":[],"minecraft":{}"#), |c| {
            assert_eq!((&c.profile, &c.steam), (&None, &None));
            assert_eq!(c.minecraft.as_ref().unwrap().id, None);
        }),
        // The host can tell; the library cannot know which stores belong together.
        seen("a customer of another store", r#"{"id":"7","store_id":"999999999999999999"}"#.into(), |c| {
            assert_eq!(c.store_id.as_deref(), Some("999999999999999999"));
        }),
        seen(
            "a name with formatting codes",
            customer(r#""name":"\u00a7c\u00a7lAdmin\r\n\u0000\u202etxt""#),
            |c| {
                assert_eq!(c.name.as_deref(), Some("§c§lAdmin\r\n\0\u{202e}txt"));
            },
        ),
        seen("a name of 10,000 characters", customer(&format!(r#""name":"{}""#, "ä".repeat(10_000))), |c| {
            assert_eq!(c.name.as_ref().unwrap().chars().count(), 10_000);
        }),
        seen("a name of emoji", customer(r#""name":"🔥\ud83d\udd25👩‍👧""#), |c| {
            assert_eq!(c.name.as_deref(), Some("🔥🔥👩‍👧"));
        }),
        // Half a surrogate pair is not a character: the name is lost, the customer is not.
        seen("a name that is half a character", customer(r#""name":"\ud83d""#), |c| {
            assert_eq!((c.id.as_str(), &c.name), ("77", &Some("\u{fffd}".into())));
        }),
    ]
}

fn metadata(customer: &Customer) -> Vec<(&str, &str)> {
    customer.metadata.iter().map(|(key, value)| (&**key, &**value)).collect()
}

fn dates() -> Vec<Row> {
    let dated = |name, date: &'static str, milliseconds: Option<i64>| {
        seen(name, format!(r#"{{"id":"7","created_at":"{date}"}}"#), move |c| {
            let created = c.created_at.as_ref().unwrap();
            assert_eq!((&*created.text, created.unix_milliseconds), (date, milliseconds));
        })
    };
    vec![
        dated("a date with 7 digits", "2024-01-02T03:04:05.1234567Z", Some(1_704_164_645_123)),
        dated("a date without a fraction", "2024-01-02T03:04:05Z", Some(1_704_164_645_000)),
        dated("a date at +02:00", "2024-01-02T05:04:05+02:00", Some(1_704_164_645_000)),
        dated("an invalid date", "2024-02-30T25:00:00Z", None),
        dated("a date that is none", "yesterday", None),
        seen("no date", r#"{"id":"7","updated_at":null}"#.into(), |c| {
            assert_eq!((&c.created_at, &c.updated_at), (&None, &None));
        }),
    ]
}

fn gift_cards() -> Vec<Row> {
    let card = |name, balance: &'static str, expect: Expect| {
        let body =
            format!(r#"{{"code":"G-1","balance":{balance},"starting_balance":5000,"expires_at":null}}"#);
        Row::sandbox(name, respond(200, &body)).ask(Ask::GiftCard, expect)
    };
    let worth = |balance: i64| {
        ok(Kind::GiftCard).sees(move |completion| {
            let card = completion.giftcard().unwrap();
            assert_eq!((card.balance, card.starting_balance, &card.expires_at), (balance, 5_000, &None));
        })
    };
    let refused = || invalid().says(&["\"balance\""]);
    vec![
        card("a balance above int32", "2147483648", worth(2_147_483_648)),
        card("the largest balance there is", "9223372036854775807", worth(i64::MAX)),
        card("a negative balance", "-250", worth(-250)),
        // Money is refused rather than rounded.
        card("a balance of 12.5", "12.5", refused()),
        card("a balance of 1e3", "1e3", refused()),
        card("a balance above int64", "9223372036854775808", refused()),
        card("a balance of null", "null", refused()),
    ]
}

fn tokens() -> Vec<Row> {
    let unusable = |name, ask, body: &str, field: &'static str| {
        Row::sandbox(name, respond(200, body)).ask(
            ask,
            invalid().says(&[field]).sees(|completion| {
                assert!(
                    !completion.message().unwrap().contains("pnct_evil"),
                    "no part of an answer with a token"
                );
            }),
        )
    };
    vec![
        // An id goes into the path of the next request.
        Row::sandbox("token_for a customer whose id is a path", respond(200, r#"{"id":"../../admin"}"#))
            .ask(Ask::TokenFor("2535432196048835"), invalid().says(&["customer"])),
        Row::sandbox(
            "token_for, and the token is empty",
            super::row::plan(serde_json::json!({
                "operation": "create_customer_token", "respond": {"status": 200, "body": r#"{"token":""}"#}
            })),
        )
        .ask(Ask::TokenFor("2535432196048835"), invalid().attempts(2).says(&["\"token\" is"])),
        unusable("an empty token", Ask::Mint, r#"{"token":""}"#, "\"token\" is"),
        unusable(
            "a token with CR and LF",
            Ask::Mint,
            r#"{"token":"pnct_evil\r\nx-evil: 1"}"#,
            "\"token\" is",
        ),
        unusable("a token with a space", Ask::Mint, r#"{"token":"pnct_evil 1"}"#, "\"token\" is"),
        unusable("a token that is a number", Ask::Mint, r#"{"token":12}"#, "\"token\" is"),
        unusable(
            "token instead of customer_token",
            Ask::Authenticate,
            r#"{"token":"pnct_evil"}"#,
            "\"customer_token\"",
        ),
        unusable(
            "customer_token instead of token",
            Ask::Mint,
            r#"{"customer_token":"pnct_evil"}"#,
            "\"token\" is",
        ),
    ]
}

fn documents() -> Vec<Row> {
    let deep = |levels: usize| format!(r#"{{"id":"7","x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let object = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    vec![
        // Which of two is meant cannot be known, so neither is taken.
        Row::sandbox("a key twice", respond(200, r#"{"id":"7","id":"8"}"#)).ask(LOOKUP, invalid()),
        seen("an unknown key twice", customer(r#""x":1,"x":2"#), |c| assert_eq!(c.id, "77")),
        Row::sandbox("JSON 10,000 levels deep", respond(200, &deep(10_000)))
            .ask(LOOKUP, invalid().says(&["nested too deep"])),
        Row::sandbox("objects 10,000 levels deep", respond(200, &object))
            .ask(Ask::Request, invalid().says(&["nested too deep"])),
        Row::sandbox("a list 10,000 levels deep", respond(200, &"[".repeat(10_000)))
            .ask(super::row::LIST, invalid().says(&["nested too deep"])),
        seen("JSON 100 levels deep", deep(100), |c| assert_eq!(c.id, "7")),
        Row::sandbox("two documents in one", respond(200, &format!("{0}{0}", customer(""))))
            .ask(LOOKUP, invalid().says(&["not valid JSON"])),
        Row::sandbox("truncated JSON", respond(200, r#"{"id":"7","name":"Not"#))
            .ask(LOOKUP, invalid().says(&["not valid JSON", "line 1"])),
        Row::sandbox("a list that ends in mid-item", respond(200, r#"[{"id":"7"},{"id":"8""#))
            .ask(super::row::LIST, invalid().says(&["not valid JSON"])),
        Row::sandbox("NaN", respond(200, r#"{"id":NaN}"#)).ask(LOOKUP, invalid().says(&["not valid JSON"])),
    ]
}

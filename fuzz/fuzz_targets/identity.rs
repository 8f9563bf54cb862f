//! Whatever a host knows of a player becomes one clean question, or is refused.
//!
//! Input: which rules and members there are; then the prefix, Steam id, XUID, UUID and name, each ended by a zero byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paynow_bridge::{Player, fuzzing};

fuzz_target!(|data: &[u8]| {
    let [flags, rest @ ..] = data else { return };
    let texts: Vec<String> =
        rest.splitn(5, |byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    let member =
        |index: usize| texts.get(index).map(String::as_str).filter(|_| flags & 1 << (index - 1) != 0);
    let player = Player {
        steam_id: member(1),
        xbox_xuid: member(2),
        minecraft_uuid: member(3),
        name: member(4),
        ..Player::default()
    };
    let prefix = texts.first().map_or("", String::as_str);
    let Ok((key, lookup, create)) = fuzzing::identify(&player, prefix, flags & 16 != 0, flags & 32 != 0)
    else {
        return;
    };
    assert_eq!(key, lookup, "looked up the same whatever comes after");
    assert!(lookup.bytes().all(|byte| byte.is_ascii_graphic()), "{lookup:?}");
    let query = lookup.strip_prefix("/v1/stores/1/customers/lookup?").expect("nothing else is asked");
    let (name, value) = query.split_once('=').expect("a parameter has a value");
    assert!(
        ["steam_id", "minecraft_uuid", "xbox_xuid", "minecraft_java_name", "minecraft_bedrock_name"]
            .contains(&name)
    );
    assert!(!value.is_empty() && !value.contains(['&', '=', '?', '#', '/', ' ']), "{value:?}");
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&create).expect("what is created is JSON");
    assert!(!fields.is_empty());
    for value in fields.values() {
        assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{fields:?}");
    }
});

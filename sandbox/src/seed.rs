//! The store as a newcomer finds it: about two dozen players of every kind, and some gift cards.

use std::collections::BTreeMap;

use crate::customer::{Avatar, Customer, Platform, floodgate_uuid};
use crate::flake;
use crate::store::GiftCard;
use crate::time::utc;

/// One seeded customer, in the order of the columns that differ between kinds of player.
struct Row {
    created: u64,
    /// SteamID64 and the name there.
    steam: Option<(&'static str, &'static str)>,
    /// Java UUID and the name there.
    java: Option<(&'static str, &'static str)>,
    /// XUID and gamertag.
    xbox: Option<(&'static str, &'static str)>,
    /// An offline-mode player, who is only a name.
    offline: Option<&'static str>,
    name: Option<&'static str>,
    avatar: Avatar,
    updated: Option<u64>,
    metadata: &'static [(&'static str, &'static str)],
}

const fn row(created: u64) -> Row {
    Row {
        created,
        steam: None,
        java: None,
        xbox: None,
        offline: None,
        name: None,
        avatar: Avatar::Url,
        updated: None,
        metadata: &[],
    }
}

const fn java(created: u64, uuid: &'static str, name: &'static str) -> Row {
    let mut row = row(created);
    row.java = Some((uuid, name));
    row
}

const fn bedrock(created: u64, xuid: &'static str, gamertag: &'static str) -> Row {
    let mut row = row(created);
    row.xbox = Some((xuid, gamertag));
    row
}

const fn steam(created: u64, id: &'static str, name: &'static str) -> Row {
    let mut row = row(created);
    row.steam = Some((id, name));
    row
}

const fn offline(created: u64, name: &'static str) -> Row {
    let mut row = row(created);
    row.offline = Some(name);
    row
}

const fn named(created: u64, name: &'static str) -> Row {
    let mut row = row(created);
    row.name = Some(name);
    row.avatar = Avatar::Null;
    row
}

static ROWS: &[Row] = &[
    Row {
        name: Some("Notch"),
        metadata: &[("rank", "founder"), ("discord_id", "175928847299117063")],
        updated: Some(utc(2025, 11, 2, 18, 4, 11)),
        ..java(utc(2025, 5, 1, 9, 15, 2), "069a79f4-44e9-4726-a5be-fca90e38aaf5", "Notch")
    },
    Row {
        metadata: &[("rank", "admin")],
        ..java(utc(2025, 5, 1, 9, 15, 40), "853c80ef-3c37-49fd-aa49-938b674adae6", "jeb_")
    },
    java(utc(2025, 5, 3, 17, 22, 9), "c06f8906-4c8a-4911-9c29-ea1dbd1aab82", "MHF_Steve"),
    Row {
        name: Some("Alex"),
        metadata: &[("rank", "vip")],
        ..java(utc(2025, 5, 4, 20, 1, 33), "6ab43178-89fd-4905-97f6-0f67d9d76fd9", "MHF_Alex")
    },
    steam(utc(2025, 5, 9, 21, 48, 57), "76561198012345678", "GordonF"),
    Row {
        metadata: &[("discord_id", "302050872383242240")],
        ..java(utc(2025, 5, 17, 14, 30, 0), "3f1c2a9e-7b54-4d0a-9c31-5e8f2b7a6d10", "RedstoneRita")
    },
    Row { avatar: Avatar::Null, ..steam(utc(2025, 5, 23, 23, 59, 59), "76561198099999994", "quietcorner") },
    bedrock(utc(2025, 6, 2, 16, 12, 45), "2535432196048835", "PixelPia"),
    offline(utc(2025, 6, 8, 11, 7, 21), "Offline_Olga"),
    Row {
        updated: Some(utc(2025, 6, 20, 8, 0, 0)),
        ..java(utc(2025, 6, 15, 19, 45, 12), "9b2d7e41-0c6f-4a85-b3e9-d417f8a2c650", "CreeperCarl")
    },
    Row {
        steam: Some(("76561198087654321", "mira.plays")),
        xbox: Some(("2533274790395904", "MiraMines")),
        name: Some("Mira"),
        metadata: &[
            ("rank", "mvp"),
            ("discord_id", "80351110224678912"),
            ("note", "linked all three accounts \u{2713}"),
        ],
        updated: Some(utc(2026, 1, 14, 12, 30, 5)),
        ..java(utc(2025, 6, 21, 10, 10, 10), "d4e8a1b7-52c3-4f96-8a0d-7c19e3b5f264", "MiraMines")
    },
    bedrock(utc(2025, 7, 1, 15, 33, 18), "2535411223344556", "Sir Dig A Lot"),
    named(utc(2025, 7, 4, 18, 0, 0), "Gr\u{fc}nes B\u{e4}umchen"),
    java(utc(2025, 7, 12, 22, 41, 6), "51a0c7f2-e93d-4b68-a5f1-08d26e9b3c74", "EnderEve"),
    Row {
        metadata: &[("rank", "vip")],
        ..steam(utc(2025, 7, 19, 13, 5, 27), "76561198100000001", "breadcrumb")
    },
    offline(utc(2025, 8, 2, 9, 9, 9), "BlockBert"),
    Row {
        avatar: Avatar::Absent,
        ..java(utc(2025, 8, 11, 17, 17, 17), "e7f30b58-1d4a-4c92-9e6b-a3528cf0d719", "LapisLou")
    },
    bedrock(utc(2025, 8, 30, 20, 20, 2), "2535465544332211", "\u{6625}\u{306e}\u{5c71}"),
    java(utc(2025, 9, 5, 6, 52, 44), "0ac5d9e6-83b7-4e12-b7f4-2d61c0a89e35", "xX_Wither_Xx"),
    steam(utc(2025, 9, 14, 19, 36, 51), "76561198200000002", "\u{1f525}Ember\u{1f525}"),
    Row {
        metadata: &[("rank", "builder"), ("locale", "pt-BR")],
        updated: Some(utc(2025, 10, 3, 3, 3, 3)),
        ..java(utc(2025, 9, 28, 12, 0, 0), "a86e14c3-f207-4d5b-8b9c-61e7d03f5a92", "QuartzQuim")
    },
    named(utc(2025, 10, 10, 10, 10, 10), "Console Gift"),
    offline(utc(2025, 10, 31, 23, 58, 1), "Pumpkin_Pete"),
    java(utc(2025, 11, 20, 8, 14, 36), "7d92f6b0-4ea8-4137-a6c5-f0b81e3d29c7", "NewbieNed"),
];

/// The seeded customers, oldest first.
pub fn customers() -> Vec<Customer> {
    ROWS.iter()
        .enumerate()
        .map(|(at, row)| {
            // The low bits differ between rows, as they do in real ids.
            let mut customer = Customer {
                id: flake::first_of(row.created) + (at as u64 * 7919) % 4096,
                name: row.name.map(str::to_owned),
                avatar: row.avatar,
                updated_ms: row.updated,
                metadata: row
                    .metadata
                    .iter()
                    .map(|(key, value)| (key.to_string(), value.to_string()))
                    .collect::<BTreeMap<_, _>>(),
                ..Customer::blank()
            };
            if let Some((id, name)) = row.steam {
                customer.steam_id = Some(id.to_owned());
                customer.steam_name = Some(name.to_owned());
            }
            if let Some((xuid, gamertag)) = row.xbox {
                customer.xbox_xuid = Some(xuid.to_owned());
                customer.minecraft_uuid = floodgate_uuid(xuid);
                customer.minecraft_name = Some(gamertag.to_owned());
                customer.platform = Some(Platform::Bedrock);
            }
            // Last, because a linked player carries the Java UUID.
            if let Some((uuid, name)) = row.java {
                customer.minecraft_uuid = Some(uuid.to_owned());
                customer.minecraft_name = Some(name.to_owned());
                customer.platform = Some(Platform::Java);
            }
            if let Some(name) = row.offline {
                customer.minecraft_name = Some(name.to_owned());
                customer.platform = Some(Platform::Java);
            }
            customer
        })
        .collect()
}

/// The seeded gift cards: full, partly used, used up, expired, awkward to encode, as large as the
/// contract allows.
pub fn gift_cards() -> Vec<GiftCard> {
    vec![
        GiftCard::new("GIFT-2500-ALEX", 2_500, 5_000, None),
        GiftCard::new("GIFT-1275-MIRA", 1_275, 2_000, Some(utc(2031, 1, 1, 0, 0, 0))),
        GiftCard::new("GIFT-FULL-1000", 1_000, 1_000, Some(utc(2032, 2, 29, 12, 0, 0))),
        GiftCard::new("GIFT-USED-0000", 0, 1_000, None),
        GiftCard::new("GIFT-OLD-2023", 1_500, 1_500, Some(utc(2023, 12, 31, 23, 59, 59))),
        GiftCard::new("SUMMER 24/\u{c4}\u{d6}", 1_000, 1_000, Some(utc(2030, 9, 1, 0, 0, 0))),
        GiftCard::new("GIFT-MAX-INT32", i32::MAX, i32::MAX, None),
    ]
}

/// The name Minecraft would give for a UUID that is known here.
pub fn java_name(uuid: &str) -> Option<&'static str> {
    ROWS.iter().filter_map(|row| row.java).find_map(|(id, name)| (id == uuid).then_some(name))
}

/// The gamertag Xbox would give for an XUID that is known here.
pub fn bedrock_name(xuid: &str) -> Option<&'static str> {
    ROWS.iter().filter_map(|row| row.xbox).find_map(|(id, name)| (id == xuid).then_some(name))
}

/// The name Steam would give.
pub fn steam_name(id: &str) -> String {
    ROWS.iter()
        .filter_map(|row| row.steam)
        .find_map(|(known, name)| (known == id).then(|| name.to_owned()))
        .unwrap_or_else(|| format!("Steam{}", &id[id.len().saturating_sub(4)..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::{is_steam_id, is_uuid, is_xuid};

    #[test]
    fn the_seed_obeys_the_rules_it_is_served_by() {
        let all = customers();
        assert_eq!(all.len(), 24);
        assert!(all.is_sorted_by(|a, b| a.id < b.id));
        for customer in &all {
            assert!(customer.steam_id.as_deref().is_none_or(is_steam_id));
            assert!(customer.minecraft_uuid.as_deref().is_none_or(is_uuid));
            assert!(customer.xbox_xuid.as_deref().is_none_or(is_xuid));
            assert!(customer.updated_ms.is_none_or(|at| at > flake::created_ms(customer.id)));
        }
    }
}

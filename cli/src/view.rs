//! Customers and gift cards as they are shown: one shape for programs, rows for people.

use std::collections::BTreeMap;

use paynow_bridge::{Customer, GiftCard, PlatformProfile, Profile, Text};
use serde::Serialize;

/// A customer for programs. Every field is always there.
#[derive(Serialize)]
pub struct CustomerView<'a> {
    id: &'a str,
    store_id: Option<&'a str>,
    name: Option<&'a str>,
    steam_id: Option<&'a str>,
    minecraft_uuid: Option<&'a str>,
    minecraft_platform: Option<&'static str>,
    xbox_xuid: Option<&'a str>,
    profile: Option<ProfileView<'a>>,
    minecraft: Option<ProfileView<'a>>,
    steam: Option<ProfileView<'a>>,
    created_at: Option<&'a str>,
    updated_at: Option<&'a str>,
    metadata: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct ProfileView<'a> {
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    name: Option<&'a str>,
    avatar_url: Option<&'a str>,
}

/// A gift card for programs.
#[derive(Serialize)]
pub struct GiftCardView<'a> {
    code: &'a str,
    balance: i64,
    starting_balance: i64,
    expires_at: Option<&'a str>,
}

fn text(text: &Option<Text>) -> Option<&str> {
    text.as_deref()
}

impl<'a> CustomerView<'a> {
    pub fn new(customer: &'a Customer) -> Self {
        Self {
            id: &customer.id,
            store_id: text(&customer.store_id),
            name: text(&customer.name),
            steam_id: text(&customer.steam_id),
            minecraft_uuid: text(&customer.minecraft_uuid),
            minecraft_platform: customer.minecraft_platform.map(|platform| platform.as_str()),
            xbox_xuid: text(&customer.xbox_xuid),
            profile: customer.profile.as_ref().map(ProfileView::of_any),
            minecraft: customer.minecraft.as_ref().map(ProfileView::of_platform),
            steam: customer.steam.as_ref().map(ProfileView::of_platform),
            created_at: customer.created_at.as_ref().map(|date| &*date.text),
            updated_at: customer.updated_at.as_ref().map(|date| &*date.text),
            metadata: metadata(customer),
        }
    }
}

impl<'a> ProfileView<'a> {
    fn of_any(profile: &'a Profile) -> Self {
        Self {
            id: text(&profile.id),
            platform: text(&profile.platform),
            name: text(&profile.name),
            avatar_url: text(&profile.avatar_url),
        }
    }

    fn of_platform(profile: &'a PlatformProfile) -> Self {
        Self {
            id: text(&profile.id),
            platform: None,
            name: text(&profile.name),
            avatar_url: text(&profile.avatar_url),
        }
    }
}

impl<'a> GiftCardView<'a> {
    pub fn new(card: &'a GiftCard) -> Self {
        Self {
            code: &card.code,
            balance: card.balance,
            starting_balance: card.starting_balance,
            expires_at: card.expires_at.as_ref().map(|date| &*date.text),
        }
    }
}

fn metadata(customer: &Customer) -> BTreeMap<&str, &str> {
    customer.metadata.iter().map(|(key, value)| (&**key, &**value)).collect()
}

/// What people know a customer by.
pub fn display_name(customer: &Customer) -> &str {
    let profiles = [&customer.minecraft, &customer.steam].into_iter().flatten().map(|profile| &profile.name);
    let names = [&customer.name].into_iter().chain(customer.profile.as_ref().map(|profile| &profile.name));
    names.chain(profiles).find_map(|name| name.as_deref()).unwrap_or_default()
}

/// A customer for people: what is known, one below the other.
pub fn customer_rows(customer: &Customer) -> Vec<(&'static str, String)> {
    let date = |date: &Option<paynow_bridge::Date>| date.as_ref().map(|date| date.text.to_string());
    let owned = |text: &Option<Text>| text.as_ref().map(ToString::to_string);
    let mut rows = vec![("id", customer.id.to_string()), ("known as", display_name(customer).to_owned())];
    let known = [
        ("name", owned(&customer.name)),
        ("Steam id", owned(&customer.steam_id)),
        ("Minecraft UUID", owned(&customer.minecraft_uuid)),
        ("edition", customer.minecraft_platform.map(|platform| platform.as_str().to_owned())),
        ("Xbox XUID", owned(&customer.xbox_xuid)),
        ("created", date(&customer.created_at)),
        ("changed", date(&customer.updated_at)),
    ];
    rows.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    rows.extend(customer.metadata.iter().map(|(key, value)| ("metadata", format!("{key} = {value}"))));
    rows
}

/// The columns of a table and of a CSV file.
pub const COLUMNS: [&str; 10] = [
    "id",
    "known_as",
    "name",
    "steam_id",
    "minecraft_uuid",
    "minecraft_platform",
    "xbox_xuid",
    "created_at",
    "updated_at",
    "metadata",
];

/// A customer as a row of [`COLUMNS`]; metadata is JSON, and nothing when there is nothing in it.
pub fn customer_row(customer: &Customer) -> [String; COLUMNS.len()] {
    let owned = |text: &Option<Text>| text.as_deref().unwrap_or_default().to_owned();
    let date = |date: &Option<paynow_bridge::Date>| {
        date.as_ref().map(|date| date.text.to_string()).unwrap_or_default()
    };
    let metadata = metadata(customer);
    [
        customer.id.to_string(),
        display_name(customer).to_owned(),
        owned(&customer.name),
        owned(&customer.steam_id),
        owned(&customer.minecraft_uuid),
        customer.minecraft_platform.map_or("", |platform| platform.as_str()).to_owned(),
        owned(&customer.xbox_xuid),
        date(&customer.created_at),
        date(&customer.updated_at),
        if metadata.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&metadata).unwrap_or_default()
        },
    ]
}

//! A customer and the profiles attached to it.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::wire::{self, Field};
use super::{HeapBytes, Malformed, Text};

/// A customer of a store (`CustomerDto`).
///
/// The contract requires `id`, `store_id`, `created_at` and `metadata`; only an answer without `id` is
/// refused, because nothing can be done with it. Everything else may be missing or null.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer {
    /// PayNow's id of the customer: a 64-bit number kept as text.
    pub id: Text,
    /// The store the customer belongs to.
    pub store_id: Option<Text>,
    /// The profile the store shows for the customer.
    pub profile: Option<Profile>,
    /// SteamID64, kept as text.
    pub steam_id: Option<Text>,
    /// The linked Steam profile.
    pub steam: Option<PlatformProfile>,
    /// Minecraft UUID as the server spelled it. Unset in offline-mode stores; derived from the XUID for Geyser players.
    pub minecraft_uuid: Option<Text>,
    /// The linked Minecraft profile. Its `id` is a UUID, a name (offline-mode store) or an XUID (Geyser): never parse it blindly.
    pub minecraft: Option<PlatformProfile>,
    /// Xbox XUID, kept as text.
    pub xbox_xuid: Option<Text>,
    /// Which edition the Minecraft account belongs to.
    pub minecraft_platform: Option<MinecraftPlatform>,
    /// Display name set on the customer itself; profile names are not copied here.
    pub name: Option<Text>,
    /// When the customer was created.
    pub created_at: Option<Date>,
    /// When the customer was last changed.
    pub updated_at: Option<Date>,
    /// Data the store attached, in key order.
    pub metadata: Vec<(Text, Text)>,
}

/// A profile of any platform (`GenericProfileDto`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Identifier on the platform.
    pub id: Option<Text>,
    /// Name of the platform.
    pub platform: Option<Text>,
    /// Display name on the platform.
    pub name: Option<Text>,
    /// Address of the avatar picture.
    pub avatar_url: Option<Text>,
}

/// A Steam or Minecraft profile (`SteamProfileDto`, `MinecraftProfileDto`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformProfile {
    /// Identifier on the platform.
    pub id: Option<Text>,
    /// Display name on the platform.
    pub name: Option<Text>,
    /// Address of the avatar picture.
    pub avatar_url: Option<Text>,
}

/// Edition of a Minecraft account (`CustomerMinecraftPlatform`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MinecraftPlatform {
    /// `unknown`, and every value newer than this library.
    Unknown,
    /// Java Edition.
    Java,
    /// Bedrock Edition.
    Bedrock,
}

impl MinecraftPlatform {
    /// The word the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Java => "java",
            Self::Bedrock => "bedrock",
        }
    }

    fn from_wire(word: &str) -> Self {
        match word {
            "java" => Self::Java,
            "bedrock" => Self::Bedrock,
            _ => Self::Unknown,
        }
    }
}

/// A date as the server wrote it, and as a number where it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// The server's own spelling (RFC 3339 by contract).
    pub text: Text,
    /// Milliseconds since the Unix epoch; `None` when the text is not RFC 3339.
    pub unix_milliseconds: Option<i64>,
}

impl Date {
    pub(super) fn read(field: Field<'_>) -> Option<Self> {
        let text = wire::text(field)?;
        Some(Self { unix_milliseconds: wire::unix_milliseconds(&text), text })
    }
}

#[derive(Deserialize)]
pub(super) struct CustomerWire<'a> {
    #[serde(borrow)]
    id: Field<'a>,
    #[serde(borrow)]
    store_id: Field<'a>,
    #[serde(borrow)]
    profile: Field<'a>,
    #[serde(borrow)]
    steam_id: Field<'a>,
    #[serde(borrow)]
    steam: Field<'a>,
    #[serde(borrow)]
    minecraft_uuid: Field<'a>,
    #[serde(borrow)]
    minecraft: Field<'a>,
    #[serde(borrow)]
    xbox_xuid: Field<'a>,
    #[serde(borrow)]
    minecraft_platform: Field<'a>,
    #[serde(borrow)]
    name: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    updated_at: Field<'a>,
    #[serde(borrow)]
    metadata: Field<'a>,
}

#[derive(Deserialize)]
pub(super) struct ProfileWire<'a> {
    #[serde(borrow)]
    id: Field<'a>,
    #[serde(borrow)]
    platform: Field<'a>,
    #[serde(borrow)]
    name: Field<'a>,
    #[serde(borrow)]
    avatar_url: Field<'a>,
}

impl Customer {
    /// Reads one customer from the body of an answer.
    pub(crate) fn read(json: &str) -> Result<Self, Malformed> {
        let wire: CustomerWire<'_> = super::object_of(json, "a customer")?;
        Self::from_wire(&wire)
    }

    /// Reads a list of customers from the body of an answer.
    pub(crate) fn read_list(json: &str) -> Result<Vec<Self>, Malformed> {
        let wire: Vec<CustomerWire<'_>> = super::array_of(json, "a list of customers")?;
        // Collecting into a Result does not know how many come, and leaves room for up to twice as many.
        let mut customers = Vec::with_capacity(wire.len());
        for wire in &wire {
            customers.push(Self::from_wire(wire)?);
        }
        Ok(customers)
    }

    fn from_wire(wire: &CustomerWire<'_>) -> Result<Self, Malformed> {
        let id = wire::id(wire.id).ok_or(Malformed::Missing("id", "a customer"))?;
        Ok(Self {
            id,
            store_id: wire::foreign_id(wire.store_id),
            profile: wire::object::<ProfileWire<'_>>(wire.profile).map(|profile| Profile {
                id: wire::text(profile.id),
                platform: wire::text(profile.platform),
                name: wire::text(profile.name),
                avatar_url: wire::text(profile.avatar_url),
            }),
            steam_id: wire::foreign_id(wire.steam_id),
            steam: PlatformProfile::read(wire.steam),
            minecraft_uuid: wire::text(wire.minecraft_uuid),
            minecraft: PlatformProfile::read(wire.minecraft),
            xbox_xuid: wire::foreign_id(wire.xbox_xuid),
            minecraft_platform: wire::text(wire.minecraft_platform)
                .map(|word| MinecraftPlatform::from_wire(&word)),
            name: wire::text(wire.name),
            created_at: Date::read(wire.created_at),
            updated_at: Date::read(wire.updated_at),
            metadata: read_metadata(wire.metadata),
        })
    }
}

impl PlatformProfile {
    fn read(field: Field<'_>) -> Option<Self> {
        let profile: ProfileWire<'_> = wire::object(field)?;
        Some(Self {
            id: wire::text(profile.id),
            name: wire::text(profile.name),
            avatar_url: wire::text(profile.avatar_url),
        })
    }
}

impl HeapBytes for Customer {
    fn heap_bytes(&self) -> usize {
        let Self {
            id,
            store_id,
            profile,
            steam_id,
            steam,
            minecraft_uuid,
            minecraft,
            xbox_xuid,
            minecraft_platform: _,
            name,
            created_at,
            updated_at,
            metadata,
        } = self;
        let texts = [store_id, steam_id, minecraft_uuid, xbox_xuid, name];
        id.heap_bytes()
            + texts.into_iter().map(HeapBytes::heap_bytes).sum::<usize>()
            + profile.heap_bytes()
            + steam.heap_bytes()
            + minecraft.heap_bytes()
            + created_at.heap_bytes()
            + updated_at.heap_bytes()
            + metadata.heap_bytes()
    }
}

impl HeapBytes for Profile {
    fn heap_bytes(&self) -> usize {
        let Self { id, platform, name, avatar_url } = self;
        id.heap_bytes() + platform.heap_bytes() + name.heap_bytes() + avatar_url.heap_bytes()
    }
}

impl HeapBytes for PlatformProfile {
    fn heap_bytes(&self) -> usize {
        let Self { id, name, avatar_url } = self;
        id.heap_bytes() + name.heap_bytes() + avatar_url.heap_bytes()
    }
}

impl HeapBytes for Date {
    fn heap_bytes(&self) -> usize {
        let Self { text, unix_milliseconds: _ } = self;
        text.heap_bytes()
    }
}

fn read_metadata(field: Field<'_>) -> Vec<(Text, Text)> {
    let entries = wire::object::<BTreeMap<String, &serde_json::value::RawValue>>(field).unwrap_or_default();
    let mut metadata = Vec::with_capacity(entries.len());
    metadata.extend(
        entries.into_iter().filter_map(|(key, value)| Some((Text::from(key), wire::text(Some(value))?))),
    );
    metadata.shrink_to_fit();
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{
        "id":"411486491630370817","store_id":"411486491630370816",
        "profile":{"id":"p1","platform":"minecraft","name":"Notch","avatar_url":null},
        "steam_id":76561198012345678,
        "steam":{"id":"76561198012345678","name":"gabe","avatar_url":"https://a/s.png"},
        "minecraft_uuid":"069a79f4-44e9-4726-a5be-fca90e38aaf5",
        "minecraft":{"id":"069a79f444e94726a5befca90e38aaf5","name":"Notch","avatar_url":"https://a/m.png"},
        "xbox_xuid":"2535432196048835","minecraft_platform":"java","name":"Markus",
        "created_at":"2024-01-02T03:04:05.1234567Z","updated_at":"2024-01-02T05:04:05+02:00",
        "metadata":{"rank":"vip","n":12345678901234567890,"gone":null},"store":{"new":"field"}}"#;

    #[test]
    fn reads_every_field() {
        let customer = Customer::read(FULL).unwrap();
        assert_eq!(customer.id, "411486491630370817");
        assert_eq!(customer.store_id.unwrap(), "411486491630370816");
        let profile = customer.profile.unwrap();
        assert_eq!(profile.id.unwrap(), "p1");
        assert_eq!(profile.platform.unwrap(), "minecraft");
        assert_eq!(profile.name.unwrap(), "Notch");
        assert_eq!(profile.avatar_url, None);
        assert_eq!(customer.steam_id.unwrap(), "76561198012345678");
        let steam = customer.steam.unwrap();
        assert_eq!(steam.id.unwrap(), "76561198012345678");
        assert_eq!(steam.name.unwrap(), "gabe");
        assert_eq!(steam.avatar_url.unwrap(), "https://a/s.png");
        assert_eq!(customer.minecraft_uuid.unwrap(), "069a79f4-44e9-4726-a5be-fca90e38aaf5");
        let minecraft = customer.minecraft.unwrap();
        assert_eq!(minecraft.id.unwrap(), "069a79f444e94726a5befca90e38aaf5");
        assert_eq!(minecraft.name.unwrap(), "Notch");
        assert_eq!(minecraft.avatar_url.unwrap(), "https://a/m.png");
        assert_eq!(customer.xbox_xuid.unwrap(), "2535432196048835");
        assert_eq!(customer.minecraft_platform, Some(MinecraftPlatform::Java));
        assert_eq!(customer.name.unwrap(), "Markus");
        assert_eq!(customer.created_at.unwrap().unix_milliseconds, Some(1_704_164_645_123));
        assert_eq!(customer.updated_at.unwrap().unix_milliseconds, Some(1_704_164_645_000));
        let metadata: Vec<_> = customer.metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(metadata, [("n", "12345678901234567890"), ("rank", "vip")]);
    }

    #[test]
    fn nulls_and_absences_are_the_same() {
        let customer = Customer::read(
            r#"{"id":1,"profile":null,"steam":[],"minecraft_platform":"pocket","metadata":null,"created_at":"soon"}"#,
        )
        .unwrap();
        assert_eq!(customer.id, "1");
        assert_eq!(customer.profile, None);
        assert_eq!(customer.steam, None);
        assert_eq!(customer.minecraft_platform, Some(MinecraftPlatform::Unknown));
        assert!(customer.metadata.is_empty());
        assert_eq!(customer.created_at.unwrap().unix_milliseconds, None);
    }

    #[test]
    fn refuses_what_is_not_a_customer() {
        for json in ["null", "{}", "[]", "12", "", "{\"id\":null}", "{\"id\":\"\"}", "{\"id\":\"1\""] {
            assert!(Customer::read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn reads_lists() {
        assert_eq!(Customer::read_list("[]").unwrap().len(), 0);
        assert_eq!(Customer::read_list(&format!("[{FULL},{FULL}]")).unwrap().len(), 2);
        assert!(Customer::read_list(FULL).is_err());
        assert!(Customer::read_list("[{}]").is_err());
        assert!(Customer::read_list("[null]").is_err());
    }

    #[test]
    fn deep_nesting_is_refused_without_overflowing_the_stack() {
        let deep = format!("{{\"id\":\"1\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(Customer::read(&deep).is_err());
    }
}

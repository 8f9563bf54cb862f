//! A customer, and how it looks on the wire.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::auth::STORE_ID;
use crate::flake;
use crate::time::rfc3339;

/// `CustomerMinecraftPlatform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Not known.
    Unknown,
    /// Java Edition.
    Java,
    /// Bedrock Edition, through Geyser.
    Bedrock,
}

/// How the picture of a profile is given; the contract allows all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Avatar {
    /// A URL.
    Url,
    /// `null`.
    Null,
    /// No such field.
    Absent,
}

/// What the store knows of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Flake id.
    pub id: u64,
    /// SteamID64.
    pub steam_id: Option<String>,
    /// Name on Steam.
    pub steam_name: Option<String>,
    /// Dashed lower-case UUID.
    pub minecraft_uuid: Option<String>,
    /// Decimal XUID.
    pub xbox_xuid: Option<String>,
    /// Edition.
    pub platform: Option<Platform>,
    /// Name in Minecraft, which is not the explicit name.
    pub minecraft_name: Option<String>,
    /// The explicit display name.
    pub name: Option<String>,
    /// Picture of the generic profile.
    pub avatar: Avatar,
    /// Last change, milliseconds since 1970.
    pub updated_ms: Option<u64>,
    /// Free-form data.
    pub metadata: BTreeMap<String, String>,
}

/// The UUID Floodgate derives from an XUID: the high 64 bits are zero, the low ones are the XUID.
pub fn floodgate_uuid(xuid: &str) -> Option<String> {
    let number: u64 = xuid.parse().ok()?;
    Some(format!("00000000-0000-0000-{:04x}-{:012x}", number >> 48, number & 0xffff_ffff_ffff))
}

/// The inverse of [`floodgate_uuid`]; none for every other UUID.
pub fn floodgate_xuid(uuid: &str) -> Option<String> {
    let low = uuid.strip_prefix("00000000-0000-0000-")?;
    u64::from_str_radix(&low.replace('-', ""), 16).ok().map(|number| number.to_string())
}

#[derive(Serialize)]
struct CustomerDto<'a> {
    id: String,
    store_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<GenericProfileDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steam_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steam: Option<PlatformProfileDto<'a>>,
    minecraft_uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minecraft: Option<PlatformProfileDto<'a>>,
    xbox_xuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minecraft_platform: Option<Platform>,
    name: Option<&'a str>,
    created_at: String,
    updated_at: Option<String>,
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct GenericProfileDto<'a> {
    id: &'a str,
    platform: &'static str,
    name: &'a str,
    // Two layers, because absent and null are different things.
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<Option<String>>,
}

#[derive(Serialize, Clone)]
struct PlatformProfileDto<'a> {
    id: &'a str,
    name: &'a str,
    avatar_url: String,
}

impl Customer {
    /// A customer of whom nothing is known yet.
    pub fn blank() -> Self {
        Self {
            id: 0,
            steam_id: None,
            steam_name: None,
            minecraft_uuid: None,
            xbox_xuid: None,
            platform: None,
            minecraft_name: None,
            name: None,
            avatar: Avatar::Url,
            updated_ms: None,
            metadata: BTreeMap::new(),
        }
    }

    /// `minecraft.id`: a UUID, an XUID or a name, depending on the kind of player.
    pub fn minecraft_id(&self) -> Option<&str> {
        let uuid = self.minecraft_uuid.as_deref();
        match (uuid, self.xbox_xuid.as_deref()) {
            (Some(uuid), None) => Some(uuid),
            (Some(uuid), Some(_)) if floodgate_xuid(uuid).is_none() => Some(uuid),
            (Some(_), Some(xuid)) => Some(xuid),
            (None, Some(xuid)) if self.platform == Some(Platform::Bedrock) => Some(xuid),
            (None, _) => self.minecraft_name.as_deref(),
        }
    }

    /// The names a search looks through.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name, &self.minecraft_name, &self.steam_name].into_iter().filter_map(|name| name.as_deref())
    }

    /// The `CustomerDto`.
    pub fn dto(&self) -> impl Serialize + '_ {
        let minecraft = match (self.minecraft_id(), self.minecraft_name.as_deref()) {
            (Some(id), Some(name)) => {
                Some(PlatformProfileDto { id, name, avatar_url: avatar_url("minecraft", id) })
            }
            _ => None,
        };
        let steam = match (self.steam_id.as_deref(), self.steam_name.as_deref()) {
            (Some(id), Some(name)) => {
                Some(PlatformProfileDto { id, name, avatar_url: avatar_url("steam", id) })
            }
            _ => None,
        };
        CustomerDto {
            id: self.id.to_string(),
            store_id: STORE_ID,
            profile: self.profile(minecraft.as_ref(), steam.as_ref()),
            steam_id: self.steam_id.as_deref(),
            steam,
            minecraft_uuid: self.minecraft_uuid.as_deref(),
            minecraft,
            xbox_xuid: self.xbox_xuid.as_deref(),
            minecraft_platform: self.platform,
            name: self.name.as_deref(),
            created_at: rfc3339(flake::created_ms(self.id)),
            updated_at: self.updated_ms.map(rfc3339),
            metadata: &self.metadata,
        }
    }

    fn profile<'a>(
        &'a self,
        minecraft: Option<&PlatformProfileDto<'a>>,
        steam: Option<&PlatformProfileDto<'a>>,
    ) -> Option<GenericProfileDto<'a>> {
        let (id, platform, name) = if let Some(known) = minecraft {
            (known.id, "minecraft", known.name)
        } else if let Some(known) = steam {
            (known.id, "steam", known.name)
        } else {
            let name = self.name.as_deref()?;
            (name, "paynow_name", name)
        };
        let avatar_url = match self.avatar {
            Avatar::Absent => None,
            Avatar::Url if platform != "paynow_name" => Some(Some(avatar_url(platform, id))),
            _ => Some(None),
        };
        Some(GenericProfileDto { id, platform, name, avatar_url })
    }
}

// A reserved domain, so that no demo ever fetches a stranger's picture. Offline players are known by
// name only, and a name may hold anything.
fn avatar_url(platform: &str, id: &str) -> String {
    let mut url = format!("https://avatars.sandbox.example/{platform}/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte as char);
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url.push_str(".png");
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floodgate_ids_go_both_ways() {
        let uuid = "00000000-0000-0000-0009-01f64f65c7c3";
        assert_eq!(floodgate_uuid("2535432196048835").as_deref(), Some(uuid));
        assert_eq!(floodgate_xuid(uuid).as_deref(), Some("2535432196048835"));
        assert_eq!(floodgate_xuid("069a79f4-44e9-4726-a5be-fca90e38aaf5"), None);
    }

    #[test]
    fn minecraft_id_follows_the_kind_of_player() {
        let mut player = Customer::blank();
        assert_eq!(player.minecraft_id(), None);
        player.minecraft_name = Some("Offline_Olga".into());
        assert_eq!(player.minecraft_id(), Some("Offline_Olga"));
        player.xbox_xuid = Some("2535432196048835".into());
        player.platform = Some(Platform::Bedrock);
        assert_eq!(player.minecraft_id(), Some("2535432196048835"));
        player.minecraft_uuid = floodgate_uuid("2535432196048835");
        assert_eq!(player.minecraft_id(), Some("2535432196048835"));
        player.minecraft_uuid = Some("069a79f4-44e9-4726-a5be-fca90e38aaf5".into());
        assert_eq!(player.minecraft_id(), player.minecraft_uuid.as_deref());
    }

    #[test]
    fn absent_and_null_are_told_apart() {
        let mut named = Customer::blank();
        named.name = Some("Ä".into());
        let dto = serde_json::to_value(named.dto()).unwrap();
        assert_eq!(dto["profile"]["avatar_url"], serde_json::Value::Null);
        assert_eq!(dto["updated_at"], serde_json::Value::Null);
        assert_eq!(dto["minecraft_uuid"], serde_json::Value::Null);
        for absent in ["steam_id", "steam", "minecraft", "minecraft_platform"] {
            assert!(dto.get(absent).is_none(), "{absent}");
        }
        named.avatar = Avatar::Absent;
        let dto = serde_json::to_value(named.dto()).unwrap();
        assert!(dto["profile"].get("avatar_url").is_none());
    }
}

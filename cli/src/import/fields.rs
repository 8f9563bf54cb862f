//! What a player becomes a customer with: what the library's own `ensure_customer` would send, and metadata.

use std::collections::BTreeMap;

use paynow_bridge::{CustomerFields, Field, MinecraftPlatform, PlayerKey};

use super::source::Record;

/// The texts of a new customer.
pub struct Fields<'a> {
    steam_id: Option<String>,
    minecraft_uuid: Option<String>,
    minecraft_platform: Option<MinecraftPlatform>,
    xbox_xuid: Option<String>,
    name: Option<&'a str>,
    metadata: Vec<(&'a str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Of a player with this key. What is attached to all goes before what the file says.
    pub fn new(key: PlayerKey<'a>, record: &'a Record, tags: &'a BTreeMap<String, String>) -> Self {
        let own = record.metadata.iter().filter(|(key, _)| !tags.contains_key(*key));
        let metadata = own.chain(tags).map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut fields = Self {
            steam_id: None,
            minecraft_uuid: None,
            minecraft_platform: None,
            xbox_xuid: None,
            name: None,
            metadata,
        };
        match key {
            PlayerKey::SteamId(id) => fields.steam_id = Some(id.to_string()),
            PlayerKey::XboxXuid(xuid) => {
                fields.xbox_xuid = Some(xuid.to_string());
                fields.minecraft_platform = Some(MinecraftPlatform::Bedrock);
            }
            PlayerKey::MinecraftUuid(uuid) => {
                fields.minecraft_uuid = Some(format!("{uuid:032x}"));
                fields.minecraft_platform = Some(MinecraftPlatform::Java);
            }
            PlayerKey::MinecraftJavaName(name) => {
                fields.name = Some(name);
                fields.minecraft_platform = Some(MinecraftPlatform::Java);
            }
            PlayerKey::MinecraftBedrockName(gamertag) => {
                fields.name = Some(gamertag);
                fields.minecraft_platform = Some(MinecraftPlatform::Bedrock);
            }
            _ => {}
        }
        fields
    }

    /// As the library takes them.
    pub fn borrowed(&self) -> CustomerFields<'_> {
        fn field(text: Option<&str>) -> Field<&str> {
            text.map_or(Field::Absent, Field::Value)
        }
        CustomerFields {
            steam_id: field(self.steam_id.as_deref()),
            minecraft_uuid: field(self.minecraft_uuid.as_deref()),
            minecraft_platform: field(self.minecraft_platform.map(MinecraftPlatform::as_str)),
            xbox_xuid: field(self.xbox_xuid.as_deref()),
            name: field(self.name),
            metadata: if self.metadata.is_empty() { Field::Absent } else { Field::Value(&self.metadata) },
        }
    }
}

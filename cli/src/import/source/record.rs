//! One player of a file, as the file says it.

use std::collections::BTreeMap;
use std::fmt;

use paynow_bridge::Player;
use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};

/// Longest metadata key, and longest value, that the library sends.
const LONGEST_KEY: usize = 256;
const LONGEST_VALUE: usize = 64 * 1024;

/// What a column of a table or a field of an object means: the API's own names, and those that the games' files use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    SteamId,
    XboxXuid,
    MinecraftUuid,
    JavaName,
    BedrockName,
    Platform,
    Name,
    /// What `pnb customers export` shows a customer as.
    KnownAs,
    /// A profile, whose name is the player's.
    Minecraft,
    /// UUID that Floodgate made for a player; a linked one has a Java UUID as well, and is known by that.
    BedrockId,
    Metadata,
}

impl Column {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "steam_id" | "steamid" => Self::SteamId,
            "xbox_xuid" | "xuid" => Self::XboxXuid,
            "minecraft_uuid" | "uuid" | "javauniqueid" => Self::MinecraftUuid,
            "minecraft_java_name" => Self::JavaName,
            "minecraft_bedrock_name" => Self::BedrockName,
            "minecraft_platform" => Self::Platform,
            "name" | "username" | "javausername" => Self::Name,
            "known_as" => Self::KnownAs,
            "minecraft" => Self::Minecraft,
            "bedrockid" => Self::BedrockId,
            "metadata" => Self::Metadata,
            _ => return None,
        })
    }

    /// Whether a player can be told by it.
    pub fn is_key(self) -> bool {
        !matches!(self, Self::Platform | Self::KnownAs | Self::Minecraft | Self::Metadata)
    }
}

/// One player of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub steam_id: Option<String>,
    pub xbox_xuid: Option<String>,
    pub minecraft_uuid: Option<String>,
    pub name: Option<String>,
    java_name: Option<String>,
    bedrock_name: Option<String>,
    known_as: Option<String>,
    bedrock_id: Option<String>,
    platform: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl Record {
    /// What a server knows of a player.
    pub fn of_server(uuid: String, name: Option<String>) -> Self {
        Self { minecraft_uuid: Some(uuid), name, ..Self::default() }
    }

    /// Takes a text; an empty one says nothing.
    pub fn set(&mut self, column: Column, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let place = match column {
            Column::SteamId => &mut self.steam_id,
            Column::XboxXuid => &mut self.xbox_xuid,
            Column::MinecraftUuid => &mut self.minecraft_uuid,
            Column::JavaName => &mut self.java_name,
            Column::BedrockName => &mut self.bedrock_name,
            Column::Platform => &mut self.platform,
            Column::Name => &mut self.name,
            Column::KnownAs | Column::Minecraft => &mut self.known_as,
            Column::BedrockId => &mut self.bedrock_id,
            Column::Metadata => {
                self.metadata = serde_json::from_str(text)
                    .map_err(|_| "metadata must be a JSON object of texts".to_owned())?;
                return Ok(());
            }
        };
        *place = Some(text.to_owned());
        Ok(())
    }

    /// Puts the names where the library looks for them: the name in the game, with the server's prefix if it is a Bedrock
    /// player's.
    pub fn settled(mut self, bedrock_prefix: &str) -> Result<Self, String> {
        if self.minecraft_uuid.is_none() {
            self.minecraft_uuid = self.bedrock_id.take();
        }
        let gamertag = |name: String| {
            if bedrock_prefix.is_empty() {
                return Err("a Bedrock player cannot be told by name where names have no prefix".to_owned());
            }
            Ok(if name.starts_with(bedrock_prefix) { name } else { format!("{bedrock_prefix}{name}") })
        };
        let has_account =
            self.steam_id.is_some() || self.xbox_xuid.is_some() || self.minecraft_uuid.is_some();
        if let Some(name) = self.java_name.take() {
            self.name = Some(name);
        } else if let Some(name) = self.bedrock_name.take() {
            self.name = Some(gamertag(name)?);
        } else {
            self.name = self.name.take().or(self.known_as.take());
            if !has_account && self.platform.as_deref() == Some("bedrock") {
                self.name = self.name.take().map(gamertag).transpose()?;
            }
        }
        for (key, value) in &self.metadata {
            check_metadata(key, value)?;
        }
        Ok(self)
    }

    /// As the library takes it.
    pub fn player(&self) -> Player<'_> {
        Player {
            steam_id: self.steam_id.as_deref(),
            xbox_xuid: self.xbox_xuid.as_deref(),
            minecraft_uuid: self.minecraft_uuid.as_deref(),
            name: self.name.as_deref(),
        }
    }

    /// About how many bytes it is sent as.
    pub fn size(&self) -> usize {
        let texts = [&self.steam_id, &self.xbox_xuid, &self.minecraft_uuid, &self.name];
        let metadata = self.metadata.iter().map(|(key, value)| key.len() + value.len());
        texts.into_iter().flatten().map(String::len).chain(metadata).sum()
    }
}

/// Whether the library would send it.
pub fn check_metadata(key: &str, value: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        return Err("metadata must have keys of 1 to 256 bytes without control characters".to_owned());
    }
    if value.len() > LONGEST_VALUE || value.contains('\0') {
        return Err("metadata must have values of at most 64 KiB without NUL".to_owned());
    }
    Ok(())
}

/// A text, or a whole number in place of one.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Word;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Word, E> {
                Ok(Word(String::new()))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with what is known of a player")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut record = Record::default();
                while let Some(key) = map.next_key::<String>()? {
                    match Column::of(&key) {
                        Some(Column::Metadata) => {
                            record.metadata =
                                map.next_value::<Option<BTreeMap<String, String>>>()?.unwrap_or_default();
                        }
                        Some(Column::Minecraft) => {
                            let profile = map.next_value::<Option<Named>>()?;
                            record.known_as = profile.and_then(|profile| profile.name).or(record.known_as);
                        }
                        Some(column) => {
                            let word = map.next_value::<Word>()?;
                            record.set(column, &word.0).map_err(de::Error::custom)?;
                        }
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(record)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(json: &str) -> Result<(Option<String>, Option<String>), String> {
        let record: Record = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let record = record.settled(".")?;
        Ok((record.minecraft_uuid, record.name))
    }

    fn named(name: &str) -> Result<(Option<String>, Option<String>), String> {
        Ok((None, Some(name.to_owned())))
    }

    #[test]
    fn names_say_of_which_edition_they_are() {
        assert_eq!(settled(r#"{"name":"Olga"}"#), named("Olga"));
        assert_eq!(settled(r#"{"minecraft_bedrock_name":"Sir"}"#), named(".Sir"));
        assert_eq!(settled(r#"{"name":"Sir","minecraft_platform":"bedrock"}"#), named(".Sir"));
        assert_eq!(settled(r#"{"name":".Sir","minecraft_platform":"bedrock"}"#), named(".Sir"));
        assert_eq!(settled(r#"{"minecraft_java_name":"Olga","name":"x"}"#), named("Olga"));
        assert_eq!(settled(r#"{"name":null,"minecraft":{"id":"x","name":"Olga"},"a":[{}]}"#), named("Olga"));
        let record: Record = serde_json::from_str(r#"{"minecraft_bedrock_name":"Sir"}"#).unwrap();
        assert!(record.settled("").is_err());
    }

    #[test]
    fn a_linked_player_is_known_by_the_java_account() {
        let linked = r#"{"bedrockId":"00000000-0000-0000-0009-01f64f65c7c3","javaUniqueId":"069a79f4-44e9-4726-a5be-fca90e38aaf5","javaUsername":"Notch"}"#;
        assert_eq!(settled(linked).unwrap().0.unwrap(), "069a79f4-44e9-4726-a5be-fca90e38aaf5");
        let alone = r#"{"bedrockId":"00000000-0000-0000-0009-01f64f65c7c3"}"#;
        assert_eq!(settled(alone).unwrap().0.unwrap(), "00000000-0000-0000-0009-01f64f65c7c3");
    }

    #[test]
    fn other_than_text_is_refused() {
        for json in [
            "[]",
            "7",
            r#"{"name":{}}"#,
            r#"{"name":1.5}"#,
            r#"{"metadata":{"a":1}}"#,
            r#"{"metadata":{"a\n":"1"}}"#,
            r#"{"name":"x""#,
        ] {
            assert!(settled(json).is_err(), "{json}");
        }
        let record: Record = serde_json::from_str(r#"{"steam_id":76561198012345678}"#).unwrap();
        assert_eq!(record.steam_id.as_deref(), Some("76561198012345678"));
    }
}

//! Which key a player is known by.
//!
//! Contract: a host hands over what it has; the strongest key wins. Steam, then XUID, then UUID, then name. A UUID
//! whose high half is zero is Floodgate's: its low half is the XUID. A UUID of version 3 is made from the name by a
//! server in offline mode, so PayNow does not know it: the name is the key. A name with the server's Bedrock prefix is
//! a gamertag. (PayNow's documents; Floodgate's and Geyser's documentation for the prefix.)

use crate::operations::{Arguments, InvalidArgument, Parameter, parse_uuid};

/// What a host knows of a player.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Player<'a> {
    /// SteamID64.
    pub steam_id: Option<&'a str>,
    /// Xbox XUID in decimal digits.
    pub xbox_xuid: Option<&'a str>,
    /// Minecraft UUID as the server knows it: of a Java account, made by Floodgate, or made from the name.
    pub minecraft_uuid: Option<&'a str>,
    /// Name in the game, with the Bedrock prefix if the server adds one.
    pub name: Option<&'a str>,
}

/// What PayNow knows a player by: the strongest of the keys, in a form that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlayerKey<'a> {
    /// SteamID64.
    SteamId(u64),
    /// Xbox XUID, given as such or in a Floodgate UUID.
    XboxXuid(u64),
    /// UUID of a Java account.
    MinecraftUuid(u128),
    /// Name of a Java player without an account that PayNow knows.
    MinecraftJavaName(&'a str),
    /// Gamertag of a Bedrock player, spelled as it is sent.
    MinecraftBedrockName(&'a str),
}

/// How a server names its players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamingRules {
    /// What the server puts before the names of Bedrock players; empty: nothing.
    pub(crate) bedrock_prefix: String,
    /// Whether PayNow wants the prefix too. Documented nowhere.
    pub(crate) send_bedrock_prefix: bool,
    /// Whether players with a UUID of version 3 are looked up by name.
    pub(crate) offline_by_name: bool,
}

impl Default for NamingRules {
    fn default() -> Self {
        Self { bedrock_prefix: ".".to_owned(), send_bedrock_prefix: false, offline_by_name: true }
    }
}

/// The key a player is looked up by, checked as when it is sent.
pub(crate) fn key<'a>(player: &Player<'a>, rules: &NamingRules) -> Result<PlayerKey<'a>, InvalidArgument> {
    let identity = identify(player, rules)?;
    let mut arguments = Arguments::new();
    identity.write_key(&mut arguments)?;
    identity.write_fields(&mut arguments)?;
    // What was written is a number.
    let number = |text: &str| text.parse().unwrap_or_default();
    Ok(match identity {
        Identity::Steam(id) => PlayerKey::SteamId(number(id)),
        Identity::Xuid(xuid) => PlayerKey::XboxXuid(number(xuid)),
        Identity::XuidBits(xuid) => PlayerKey::XboxXuid(xuid),
        Identity::Java(uuid) => PlayerKey::MinecraftUuid(uuid),
        Identity::JavaName(name) => PlayerKey::MinecraftJavaName(name),
        Identity::BedrockName(name) => PlayerKey::MinecraftBedrockName(name),
    })
}

/// Writes the key a player is looked up by, and only that.
pub(crate) fn write_key(
    player: &Player<'_>,
    rules: &NamingRules,
    arguments: &mut Arguments,
) -> Result<(), InvalidArgument> {
    identify(player, rules)?.write_key(arguments)
}

/// Writes the key, and behind it the fields a customer is created with.
pub(crate) fn write_key_and_fields(
    player: &Player<'_>,
    rules: &NamingRules,
    arguments: &mut Arguments,
) -> Result<(), InvalidArgument> {
    let identity = identify(player, rules)?;
    identity.write_key(arguments)?;
    identity.write_fields(arguments)
}

enum Identity<'a> {
    Steam(&'a str),
    Xuid(&'a str),
    /// From a Floodgate UUID.
    XuidBits(u64),
    Java(u128),
    JavaName(&'a str),
    BedrockName(&'a str),
}

fn identify<'a>(player: &Player<'a>, rules: &NamingRules) -> Result<Identity<'a>, InvalidArgument> {
    if let Some(id) = player.steam_id {
        return Ok(Identity::Steam(id));
    }
    if let Some(xuid) = player.xbox_xuid {
        return Ok(Identity::Xuid(xuid));
    }
    if let Some(text) = player.minecraft_uuid {
        let uuid = parse_uuid(text).ok_or(InvalidArgument::new(
            "minecraft_uuid",
            "must be a UUID: 32 hexadecimal digits, with or without dashes",
        ))?;
        let (high, low) = ((uuid >> 64) as u64, uuid as u64);
        return match (high, low) {
            (0, 0) => {
                Err(InvalidArgument::new("minecraft_uuid", "is the nil UUID, which belongs to no player"))
            }
            (0, xuid) => Ok(Identity::XuidBits(xuid)),
            _ if rules.offline_by_name && is_made_from_a_name(uuid) => match player.name {
                Some(name) => Ok(by_name(name, rules)),
                None => Err(InvalidArgument::new(
                    "name",
                    "is required with a UUID made in offline mode, which PayNow does not know",
                )),
            },
            _ => Ok(Identity::Java(uuid)),
        };
    }
    match player.name {
        Some(name) => Ok(by_name(name, rules)),
        None => Err(InvalidArgument::new("player", "needs a steam_id, xbox_xuid, minecraft_uuid or name")),
    }
}

/// Whether a player without stronger keys is known by this UUID, whatever the name: it is neither nil nor Floodgate's, nor made
/// from the name.
pub(crate) fn is_known_by(uuid: u128, rules: &NamingRules) -> bool {
    uuid >> 64 != 0 && !(rules.offline_by_name && is_made_from_a_name(uuid))
}

fn is_made_from_a_name(uuid: u128) -> bool {
    (uuid >> 76) & 0xf == 3
}

fn by_name<'a>(name: &'a str, rules: &NamingRules) -> Identity<'a> {
    let prefix = rules.bedrock_prefix.as_str();
    match name.strip_prefix(prefix).filter(|rest| !prefix.is_empty() && !rest.is_empty()) {
        Some(_) if rules.send_bedrock_prefix => Identity::BedrockName(name),
        Some(gamertag) => Identity::BedrockName(gamertag),
        None => Identity::JavaName(name),
    }
}

impl Identity<'_> {
    fn write_key(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        match *self {
            Self::Steam(id) => arguments.text(Parameter::SteamId, id),
            Self::Xuid(xuid) => arguments.text(Parameter::XboxXuid, xuid),
            Self::XuidBits(xuid) => arguments.number(Parameter::XboxXuid, xuid),
            Self::Java(uuid) => arguments.uuid(Parameter::MinecraftUuid, uuid),
            Self::JavaName(name) => arguments.text(Parameter::MinecraftJavaName, name),
            Self::BedrockName(name) => arguments.text(Parameter::MinecraftBedrockName, name),
        }
    }

    fn write_fields(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        let edition = match *self {
            Self::Steam(id) => {
                arguments.text(Parameter::SteamId, id)?;
                return Ok(());
            }
            Self::Xuid(xuid) => {
                arguments.text(Parameter::XboxXuid, xuid)?;
                "bedrock"
            }
            Self::XuidBits(xuid) => {
                arguments.number(Parameter::XboxXuid, xuid)?;
                "bedrock"
            }
            Self::Java(uuid) => {
                arguments.uuid(Parameter::MinecraftUuid, uuid)?;
                "java"
            }
            // A name is all there is of them: the one they are looked up by, or they would be created again.
            Self::JavaName(name) => {
                arguments.text(Parameter::Name, name)?;
                "java"
            }
            Self::BedrockName(gamertag) => {
                arguments.text(Parameter::Name, gamertag)?;
                "bedrock"
            }
        };
        arguments.text(Parameter::MinecraftPlatform, edition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{CREATE_CUSTOMER, Flow, Goal, encode};

    fn known_as(player: &Player<'_>, rules: &NamingRules) -> Result<(String, String), InvalidArgument> {
        let mut arguments = Arguments::new();
        write_key_and_fields(player, rules, &mut arguments)?;
        let (_, lookup) = Flow::begin(Goal::Customer, &arguments, "1").unwrap();
        let mut fields = Arguments::new();
        identify(player, rules)?.write_fields(&mut fields)?;
        let create = encode(&CREATE_CUSTOMER, &fields, "1").unwrap();
        let body = String::from_utf8(create.body.unwrap().to_vec()).unwrap();
        Ok((lookup.target.split_once('?').unwrap().1.to_owned(), body))
    }

    #[test]
    fn a_uuid_that_needs_no_name_is_told_alike() {
        let java = 0x069a_79f4_44e9_4726_a5be_fca9_0e38_aaf5_u128;
        let offline = 0x069a_79f4_44e9_3726_a5be_fca9_0e38_aaf5;
        for offline_by_name in [true, false] {
            let rules = NamingRules { offline_by_name, ..NamingRules::default() };
            for uuid in [0, 0x0009_0000_0123_4567, java, offline] {
                let text = format!("{uuid:032x}");
                let player = Player { minecraft_uuid: Some(&text), name: Some("Notch"), ..Player::default() };
                let by_uuid = matches!(identify(&player, &rules), Ok(Identity::Java(known)) if known == uuid);
                assert_eq!(is_known_by(uuid, &rules), by_uuid, "{text}");
            }
        }
    }

    fn assert_known_as(player: &Player<'_>, rules: &NamingRules, key: &str, fields: &str) {
        assert_eq!(known_as(player, rules), Ok((key.to_owned(), fields.to_owned())), "{player:?}");
    }

    #[test]
    fn every_kind_of_player() {
        let rules = NamingRules::default();
        let player = Player::default();
        assert_known_as(
            &Player { steam_id: Some("76561198012345678"), name: Some("Gordon"), ..player },
            &rules,
            "steam_id=76561198012345678",
            r#"{"steam_id":"76561198012345678"}"#,
        );
        assert_known_as(
            &Player {
                minecraft_uuid: Some("069A79F444E94726A5BEFCA90E38AAF5"),
                name: Some("Notch"),
                ..player
            },
            &rules,
            "minecraft_uuid=069a79f4-44e9-4726-a5be-fca90e38aaf5",
            r#"{"minecraft_uuid":"069a79f4-44e9-4726-a5be-fca90e38aaf5","minecraft_platform":"java"}"#,
        );
        let bedrock = r#"{"xbox_xuid":"2535432196048835","minecraft_platform":"bedrock"}"#;
        assert_known_as(
            &Player {
                minecraft_uuid: Some("00000000-0000-0000-0009-01f64f65c7c3"),
                name: Some(".PixelPia"),
                ..player
            },
            &rules,
            "xbox_xuid=2535432196048835",
            bedrock,
        );
        assert_known_as(
            &Player {
                xbox_xuid: Some("2535432196048835"),
                minecraft_uuid: Some("069a79f444e94726a5befca90e38aaf5"),
                ..player
            },
            &rules,
            "xbox_xuid=2535432196048835",
            bedrock,
        );
        assert_known_as(
            &Player {
                minecraft_uuid: Some("b50ad385-829d-3141-a216-7e7d7539ba7f"),
                name: Some("Notch"),
                ..player
            },
            &rules,
            "minecraft_java_name=Notch",
            r#"{"name":"Notch","minecraft_platform":"java"}"#,
        );
        assert_known_as(
            &Player { name: Some(".Sir_Dig"), ..player },
            &rules,
            "minecraft_bedrock_name=Sir_Dig",
            r#"{"name":"Sir_Dig","minecraft_platform":"bedrock"}"#,
        );
        assert_known_as(
            &Player { name: Some("Olga"), ..player },
            &rules,
            "minecraft_java_name=Olga",
            r#"{"name":"Olga","minecraft_platform":"java"}"#,
        );
    }

    #[test]
    fn a_key_can_be_compared() {
        let rules = NamingRules::default();
        let player = Player::default();
        let known_by = |player: Player<'static>| key(&player, &rules);
        let xuid = Ok(PlayerKey::XboxXuid(2_535_432_196_048_835));
        assert_eq!(known_by(Player { xbox_xuid: Some("2535432196048835"), ..player }), xuid);
        let floodgate = Some("00000000-0000-0000-0009-01F64F65C7C3");
        assert_eq!(known_by(Player { minecraft_uuid: floodgate, ..player }), xuid);
        let uuid = Some("069A79F444E94726A5BEFCA90E38AAF5");
        assert_eq!(
            known_by(Player { minecraft_uuid: uuid, name: Some("Notch"), ..player }),
            Ok(PlayerKey::MinecraftUuid(0x069a_79f4_44e9_4726_a5be_fca9_0e38_aaf5))
        );
        let steam = Player { steam_id: Some("76561198012345678"), minecraft_uuid: uuid, ..player };
        assert_eq!(known_by(steam), Ok(PlayerKey::SteamId(76_561_198_012_345_678)));
        assert_eq!(
            known_by(Player { name: Some("Olga"), ..player }),
            Ok(PlayerKey::MinecraftJavaName("Olga"))
        );
        assert_eq!(
            known_by(Player { name: Some(".Sir_Dig"), ..player }),
            Ok(PlayerKey::MinecraftBedrockName("Sir_Dig"))
        );
        let refused = |player| known_by(player).unwrap_err().argument();
        assert_eq!(refused(player), "player");
        assert_eq!(refused(Player { name: Some("a\u{7}"), ..player }), "minecraft_java_name");
        assert_eq!(refused(Player { xbox_xuid: Some("0"), ..player }), "xbox_xuid");
    }

    #[test]
    fn the_servers_own_rules() {
        let dotted = Player { name: Some(".Sir"), ..Player::default() };
        let key = |rules: &NamingRules| known_as(&dotted, rules).unwrap().0;
        let rules = NamingRules::default();
        assert_eq!(
            key(&NamingRules { send_bedrock_prefix: true, ..rules.clone() }),
            "minecraft_bedrock_name=.Sir"
        );
        assert_eq!(
            key(&NamingRules { bedrock_prefix: String::new(), ..rules.clone() }),
            "minecraft_java_name=.Sir"
        );
        assert_eq!(
            key(&NamingRules { bedrock_prefix: "*".into(), ..rules.clone() }),
            "minecraft_java_name=.Sir"
        );
        let offline = Player { minecraft_uuid: Some("b50ad385-829d-3141-a216-7e7d7539ba7f"), ..dotted };
        let by_uuid = NamingRules { offline_by_name: false, ..rules };
        assert!(known_as(&offline, &by_uuid).unwrap().0.starts_with("minecraft_uuid="));
    }

    #[test]
    fn the_nil_uuid_is_refused() {
        let rules = NamingRules::default();
        let refused = |player: &Player<'_>| known_as(player, &rules).unwrap_err().argument();
        assert_eq!(refused(&Player::default()), "player");
        let with_uuid = |uuid| Player { minecraft_uuid: Some(uuid), ..Player::default() };
        assert_eq!(refused(&with_uuid("Notch")), "minecraft_uuid");
        assert_eq!(refused(&with_uuid("00000000-0000-0000-0000-000000000000")), "minecraft_uuid");
        assert_eq!(refused(&with_uuid("b50ad385-829d-3141-a216-7e7d7539ba7f")), "name");
        assert_eq!(refused(&Player { steam_id: Some("STEAM_0:1"), ..Player::default() }), "steam_id");
        assert_eq!(refused(&Player { name: Some("a\nb"), ..Player::default() }), "minecraft_java_name");
    }
}

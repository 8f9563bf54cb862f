//! What the operations are asked with.

use std::fmt;
use std::time::Duration;

use crate::operations::{self, Arguments, InvalidArgument, PAGE_LIMIT, Parameter};
use crate::runtime::{Key, Priority};

/// Names a submitted request until its completion is freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub(crate) Key);

/// How one request differs from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Call {
    /// From submission to completion, retries and queueing included, at most 24 h; `None` is the client's default.
    pub deadline: Option<Duration>,
    /// Who goes first when workers are scarce.
    pub priority: Priority,
    /// Anything the host wants to cancel together with others: a player, a plugin.
    pub tag: u64,
}

/// A field that can be left out, set to null, or set to a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not mentioned: an update leaves it as it is.
    #[default]
    Absent,
    /// Explicitly null: an update removes it.
    Null,
    /// Set.
    Value(T),
}

/// Which customers, and in what order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListCustomers<'a> {
    /// 1 to 100 customers; `None` is the API's default.
    pub limit: Option<u32>,
    /// Only customers after the one with this id.
    pub after: Option<&'a str>,
    /// Only customers before the one with this id.
    pub before: Option<&'a str>,
    /// Oldest first (true) or newest first (false); `None` is the API's default.
    pub ascending: Option<bool>,
    /// Text to search for.
    pub search: Option<&'a str>,
    /// Only the customers with these ids, 1 to 100. Those that do not exist are left out of the answer. Without a
    /// `limit` as many are asked for as there are ids.
    pub customer_ids: Option<&'a [&'a str]>,
}

impl ListCustomers<'_> {
    pub(crate) fn write(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        self.write_with(self.customer_ids.map(|ids| ids.iter().copied().map(Ok)), arguments)
    }

    /// [`ListCustomers::write`] with ids that a face reads one by one, in place of its own.
    pub(crate) fn write_with<'i>(
        &self,
        customer_ids: Option<impl ExactSizeIterator<Item = Result<&'i str, InvalidArgument>>>,
        arguments: &mut Arguments,
    ) -> Result<(), InvalidArgument> {
        let count = customer_ids.as_ref().map(ExactSizeIterator::len);
        let refuse = |problem| Err(InvalidArgument::new(Parameter::CustomerIds.name(), problem));
        match count {
            // "Customers of this empty list" must not become "all customers".
            Some(0) => return refuse("must not be empty"),
            Some(count) if count > PAGE_LIMIT => return refuse("must not be more than 100"),
            _ => {}
        }
        // How many the API sends by itself is documented nowhere: it may be fewer than were named.
        if let Some(limit) = self.limit.or(count.map(|count| count as u32)) {
            arguments.number(Parameter::Limit, limit.into())?;
        }
        arguments.optional(Parameter::After, self.after)?;
        arguments.optional(Parameter::Before, self.before)?;
        if let Some(ascending) = self.ascending {
            arguments.text(Parameter::Ascending, if ascending { "true" } else { "false" })?;
        }
        arguments.optional(Parameter::Search, self.search)?;
        for (index, id) in customer_ids.into_iter().flatten().enumerate() {
            id.and_then(|id| arguments.text(Parameter::CustomerIds, id))
                .map_err(|error| error.in_element(index))?;
        }
        Ok(())
    }
}

/// The one thing a customer is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupKey<'a> {
    /// PayNow's id of the customer.
    Id(&'a str),
    /// SteamID64.
    SteamId(&'a str),
    /// Minecraft UUID as text, with or without dashes. Misses in offline-mode stores.
    MinecraftUuid(&'a str),
    /// Minecraft UUID as a number.
    MinecraftUuidBits(u128),
    /// Xbox XUID: right for Bedrock players, whose names have prefixes.
    XboxXuid(&'a str),
    /// Name of a Java (or offline-mode) player.
    MinecraftJavaName(&'a str),
    /// Gamertag of a Bedrock player, without the server's prefix.
    MinecraftBedrockName(&'a str),
    /// Name set on the customer itself; profile names are not matched.
    Name(&'a str),
}

impl LookupKey<'_> {
    pub(crate) fn write(self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        match self {
            Self::Id(id) => arguments.text(Parameter::LookupId, id),
            Self::SteamId(id) => arguments.text(Parameter::SteamId, id),
            Self::MinecraftUuid(uuid) => arguments.text(Parameter::MinecraftUuid, uuid),
            Self::MinecraftUuidBits(uuid) => arguments.uuid(Parameter::MinecraftUuid, uuid),
            Self::XboxXuid(xuid) => arguments.text(Parameter::XboxXuid, xuid),
            Self::MinecraftJavaName(name) => arguments.text(Parameter::MinecraftJavaName, name),
            Self::MinecraftBedrockName(name) => arguments.text(Parameter::MinecraftBedrockName, name),
            Self::Name(name) => arguments.text(Parameter::Name, name),
        }
    }
}

/// What a customer is created with or changed to (`UpsertCustomerRequestDto`).
///
/// `steam_id` and `minecraft_platform` cannot be null; that is refused when the request is submitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomerFields<'a> {
    /// SteamID64.
    pub steam_id: Field<&'a str>,
    /// Minecraft UUID, with or without dashes.
    pub minecraft_uuid: Field<&'a str>,
    /// `unknown`, `java` or `bedrock`: see [`MinecraftPlatform::as_str`](crate::MinecraftPlatform::as_str).
    pub minecraft_platform: Field<&'a str>,
    /// Xbox XUID.
    pub xbox_xuid: Field<&'a str>,
    /// Display name of the customer.
    pub name: Field<&'a str>,
    /// Data to attach, text to text.
    pub metadata: Field<&'a [(&'a str, &'a str)]>,
}

impl CustomerFields<'_> {
    pub(crate) fn write(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        let metadata = match self.metadata {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(entries) => Field::Value(entries.iter().copied().map(Ok)),
        };
        self.write_with(metadata, arguments)
    }

    /// [`CustomerFields::write`] with metadata that a face reads entry by entry, in place of its own.
    pub(crate) fn write_with<'m>(
        &self,
        metadata: Field<impl Iterator<Item = Result<(&'m str, &'m str), InvalidArgument>>>,
        arguments: &mut Arguments,
    ) -> Result<(), InvalidArgument> {
        for (parameter, field) in [
            (Parameter::SteamId, self.steam_id),
            (Parameter::MinecraftUuid, self.minecraft_uuid),
            (Parameter::MinecraftPlatform, self.minecraft_platform),
            (Parameter::XboxXuid, self.xbox_xuid),
            (Parameter::Name, self.name),
        ] {
            match field {
                Field::Absent => {}
                Field::Null => arguments.null(parameter)?,
                Field::Value(value) => arguments.text(parameter, value)?,
            }
        }
        match metadata {
            Field::Absent => Ok(()),
            Field::Null => arguments.null(Parameter::Metadata),
            Field::Value(entries) => arguments.metadata(entries),
        }
    }
}

/// A platform a player can be authenticated by. The API's `invalid` is not a platform and is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthenticationPlatform {
    /// SteamID64; PayNow does not accept it at face value.
    Steam,
    /// A name; Bedrock players are told apart by the store's own prefix setting.
    Minecraft,
    /// Name of a PayNow customer.
    PaynowName,
    /// The same under its other spelling.
    Paynow,
    /// Name of a Java player.
    MinecraftJavaName,
    /// Gamertag of a Bedrock player.
    MinecraftBedrockName,
    /// Xbox XUID.
    XboxXuid,
    /// Minecraft UUID.
    MinecraftUuid,
}

impl AuthenticationPlatform {
    /// In the order of the words of the API.
    pub(crate) const ALL: [Self; 8] = [
        Self::Steam,
        Self::Minecraft,
        Self::PaynowName,
        Self::Paynow,
        Self::MinecraftJavaName,
        Self::MinecraftBedrockName,
        Self::XboxXuid,
        Self::MinecraftUuid,
    ];

    /// The word the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        operations::PLATFORMS[self as usize]
    }
}

/// Who wants to be authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication<'a> {
    /// Where the account is.
    pub platform: AuthenticationPlatform,
    /// Which account: what the platform calls it.
    pub id: &'a str,
    /// The player's IPv4 or IPv6 address, without port or brackets.
    pub customer_ip: &'a str,
    /// The player's country, two capital letters (ISO 3166-1 alpha-2).
    pub customer_countrycode: Option<&'a str>,
}

impl Authentication<'_> {
    pub(crate) fn write(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        arguments.text(Parameter::Platform, self.platform.as_str())?;
        arguments.text(Parameter::AccountId, self.id)?;
        arguments.text(Parameter::CustomerIp, self.customer_ip)?;
        arguments.optional(Parameter::CustomerCountryCode, self.customer_countrycode)
    }
}

/// The credentials of a [`RawRequest`]. `Debug` shows no token.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawAuth<'a> {
    /// Not at all.
    None,
    /// With the client's API key.
    ApiKey,
    /// With this customer token.
    Customer(&'a str),
}

impl fmt::Debug for RawAuth<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::ApiKey => "ApiKey",
            Self::Customer(_) => "Customer(…)",
        })
    }
}

/// Any operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRequest<'a> {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'a str,
    /// Path and query, percent-encoded; `{store_id}` is replaced by the client's. Segments `.` and `..` are refused, also
    /// percent-encoded.
    pub path: &'a str,
    /// A JSON document to send.
    pub json: Option<&'a str>,
    /// Who sends it.
    pub auth: RawAuth<'a>,
}

impl RawRequest<'_> {
    pub(crate) fn write(&self, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        arguments.text(Parameter::Method, self.method)?;
        arguments.text(Parameter::Path, self.path)?;
        let auth = match self.auth {
            RawAuth::None => "none",
            RawAuth::ApiKey => "api_key",
            RawAuth::Customer(_) => "customer",
        };
        arguments.text(Parameter::Auth, auth)?;
        if let RawAuth::Customer(token) = self.auth {
            arguments.text(Parameter::CustomerToken, token)?;
        }
        arguments.optional(Parameter::Json, self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_token() {
        let request =
            RawRequest { method: "GET", path: "/", json: None, auth: RawAuth::Customer("pnct_secret") };
        assert!(!format!("{request:?}").contains("pnct"));
    }

    #[test]
    fn platforms_are_spelled_as_the_api_does() {
        for (platform, word) in [
            (AuthenticationPlatform::Steam, "steam"),
            (AuthenticationPlatform::Minecraft, "minecraft"),
            (AuthenticationPlatform::PaynowName, "paynow_name"),
            (AuthenticationPlatform::Paynow, "paynow"),
            (AuthenticationPlatform::MinecraftJavaName, "minecraft_java_name"),
            (AuthenticationPlatform::MinecraftBedrockName, "minecraft_bedrock_name"),
            (AuthenticationPlatform::XboxXuid, "xbox_xuid"),
            (AuthenticationPlatform::MinecraftUuid, "minecraft_uuid"),
        ] {
            assert_eq!(platform.as_str(), word);
            assert_eq!(AuthenticationPlatform::ALL[platform as usize], platform);
        }
        assert_eq!(AuthenticationPlatform::ALL.map(AuthenticationPlatform::as_str), operations::PLATFORMS);
    }
}

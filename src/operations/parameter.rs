//! The parameters operations take, and what counts as a valid value of each.
//!
//! Values are checked and brought to their canonical spelling when a request is submitted, so that a
//! wrong one is reported to its caller at once, by name, and nothing is sent.

use std::fmt;
use std::net::IpAddr;

/// Every input an operation of this library can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Parameter {
    CustomerId,
    CustomerIds,
    Limit,
    After,
    Before,
    Ascending,
    Search,
    LookupId,
    SteamId,
    MinecraftUuid,
    XboxXuid,
    MinecraftJavaName,
    MinecraftBedrockName,
    Name,
    MinecraftPlatform,
    Metadata,
    Platform,
    AccountId,
    CustomerIp,
    CustomerCountryCode,
    CustomerToken,
    GiftCardCode,
    Method,
    Path,
    Auth,
    Json,
}

/// All parameters, at the position of their discriminant.
const ALL: [Parameter; 26] = [
    Parameter::CustomerId,
    Parameter::CustomerIds,
    Parameter::Limit,
    Parameter::After,
    Parameter::Before,
    Parameter::Ascending,
    Parameter::Search,
    Parameter::LookupId,
    Parameter::SteamId,
    Parameter::MinecraftUuid,
    Parameter::XboxXuid,
    Parameter::MinecraftJavaName,
    Parameter::MinecraftBedrockName,
    Parameter::Name,
    Parameter::MinecraftPlatform,
    Parameter::Metadata,
    Parameter::Platform,
    Parameter::AccountId,
    Parameter::CustomerIp,
    Parameter::CustomerCountryCode,
    Parameter::CustomerToken,
    Parameter::GiftCardCode,
    Parameter::Method,
    Parameter::Path,
    Parameter::Auth,
    Parameter::Json,
];

/// What kind of value a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    FlakeId,
    UnsignedId,
    Uuid,
    Name,
    Limit,
    Flag,
    MinecraftPlatform,
    Platform,
    Ip,
    Country,
    Token,
    Code,
    Metadata,
    Method,
    Path,
    Auth,
    Json,
}

/// The platforms a customer can be authenticated by, as the API spells them (`invalid` is never sent).
pub(crate) const PLATFORMS: [&str; 8] = [
    "steam",
    "minecraft",
    "paynow_name",
    "paynow",
    "minecraft_java_name",
    "minecraft_bedrock_name",
    "xbox_xuid",
    "minecraft_uuid",
];

/// The editions of Minecraft, as the API spells them.
pub(super) const MINECRAFT_PLATFORMS: [&str; 3] = ["unknown", "java", "bedrock"];

/// The methods [`crate::operations::REQUEST`] may use.
pub(crate) const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The authentications [`crate::operations::REQUEST`] may use.
pub(crate) const AUTHS: [&str; 3] = ["none", "api_key", "customer"];

/// How many customers a list may be asked for.
pub(super) const LIMITS: std::ops::RangeInclusive<u32> = 1..=super::PAGE_LIMIT as u32;
/// Longest name, search text or gift-card code accepted, in bytes.
const MAX_NAME: usize = 256;
/// Longest customer token accepted, in bytes.
const MAX_TOKEN: usize = 4096;
/// Longest path (with query) accepted by `request`, in bytes.
const MAX_PATH: usize = 4096;
/// Longest metadata value accepted, in bytes.
const MAX_METADATA_VALUE: usize = 64 * 1024;
/// Longest JSON body accepted by `request`, in bytes.
const MAX_JSON: usize = 1024 * 1024;

impl Parameter {
    pub(super) fn from_index(index: u8) -> Option<Self> {
        ALL.get(usize::from(index)).copied()
    }

    /// The name errors and the faces use for the parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CustomerId => "customer_id",
            Self::CustomerIds => "customer_ids",
            Self::Limit => "limit",
            Self::After => "after",
            Self::Before => "before",
            Self::Ascending => "asc",
            Self::Search => "search",
            Self::LookupId | Self::AccountId => "id",
            Self::SteamId => "steam_id",
            Self::MinecraftUuid => "minecraft_uuid",
            Self::XboxXuid => "xbox_xuid",
            Self::MinecraftJavaName => "minecraft_java_name",
            Self::MinecraftBedrockName => "minecraft_bedrock_name",
            Self::Name => "name",
            Self::MinecraftPlatform => "minecraft_platform",
            Self::Metadata => "metadata",
            Self::Platform => "platform",
            Self::CustomerIp => "customer_ip",
            Self::CustomerCountryCode => "customer_countrycode",
            Self::CustomerToken => "customer_token",
            Self::GiftCardCode => "code",
            Self::Method => "method",
            Self::Path => "path",
            Self::Auth => "auth",
            Self::Json => "json",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::CustomerId | Self::CustomerIds | Self::After | Self::Before | Self::LookupId => {
                Kind::FlakeId
            }
            Self::SteamId | Self::XboxXuid => Kind::UnsignedId,
            Self::MinecraftUuid => Kind::Uuid,
            Self::Search
            | Self::MinecraftJavaName
            | Self::MinecraftBedrockName
            | Self::Name
            | Self::AccountId => Kind::Name,
            Self::Limit => Kind::Limit,
            Self::Ascending => Kind::Flag,
            Self::MinecraftPlatform => Kind::MinecraftPlatform,
            Self::Platform => Kind::Platform,
            Self::CustomerIp => Kind::Ip,
            Self::CustomerCountryCode => Kind::Country,
            Self::CustomerToken => Kind::Token,
            Self::GiftCardCode => Kind::Code,
            Self::Metadata => Kind::Metadata,
            Self::Method => Kind::Method,
            Self::Path => Kind::Path,
            Self::Auth => Kind::Auth,
            Self::Json => Kind::Json,
        }
    }

    /// The type of the value in PayNow's documents, and the words it is limited to.
    pub(super) fn json_type(self) -> (&'static str, &'static [&'static str]) {
        match self.kind() {
            Kind::Limit => ("integer", &[]),
            Kind::Flag => ("boolean", &[]),
            Kind::Metadata => ("object", &[]),
            Kind::MinecraftPlatform => ("string", &MINECRAFT_PLATFORMS),
            Kind::Platform => ("string", &PLATFORMS),
            _ => ("string", &[]),
        }
    }

    /// The bit that stands for the parameter in a set of parameters.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// Checks `value` and hands its canonical spelling to `accept`.
    pub(super) fn canonical<R>(
        self,
        value: &str,
        accept: impl FnOnce(&str) -> R,
    ) -> Result<R, InvalidArgument> {
        let refuse = |problem| InvalidArgument::new(self.name(), problem);
        match self.kind() {
            Kind::FlakeId => digits(value, i64::MAX as u64)
                .map(accept)
                .ok_or_else(|| refuse("must be a PayNow id: decimal digits of a 64-bit number")),
            Kind::UnsignedId => digits(value, u64::MAX)
                .map(accept)
                .ok_or_else(|| refuse("must be decimal digits of a 64-bit number")),
            Kind::Uuid if canonical_uuid(value.as_bytes()).is_some() => Ok(accept(value)),
            Kind::Uuid => {
                let uuid = parse_uuid(value)
                    .ok_or_else(|| refuse("must be a UUID: 32 hexadecimal digits, with or without dashes"))?;
                let spelled = spell_uuid(uuid);
                Ok(accept(std::str::from_utf8(&spelled).expect("digits and dashes are ASCII")))
            }
            Kind::Name | Kind::Code => {
                single_line(value, MAX_NAME).map_err(refuse)?;
                if self.kind() == Kind::Code && (value == "." || value == "..") {
                    return Err(refuse("must not be a relative path"));
                }
                Ok(accept(value))
            }
            Kind::Limit => match value.parse::<u32>() {
                Ok(number) if LIMITS.contains(&number) => Ok(accept(value)),
                _ => Err(refuse("must be between 1 and 100")),
            },
            Kind::Flag => {
                one_of(value, &["true", "false"]).map(accept).ok_or_else(|| refuse("must be true or false"))
            }
            Kind::MinecraftPlatform => one_of(value, &MINECRAFT_PLATFORMS)
                .map(accept)
                .ok_or_else(|| refuse("must be unknown, java or bedrock")),
            Kind::Platform => one_of(value, &PLATFORMS)
                .map(accept)
                .ok_or_else(|| refuse("must be one of the eight platforms of the API")),
            Kind::Ip => value
                .parse::<IpAddr>()
                .map(|_| accept(value))
                .map_err(|_| refuse("must be an IPv4 or IPv6 address without port or brackets")),
            Kind::Country => {
                if value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    Ok(accept(value))
                } else {
                    Err(refuse("must be two capital letters (ISO 3166-1 alpha-2), such as DE"))
                }
            }
            Kind::Token => {
                let token = credential(value, "Customer", MAX_TOKEN).map_err(refuse)?;
                Ok(accept(token))
            }
            Kind::Metadata => Err(refuse("is a set of entries")),
            Kind::Method => one_of(value, &METHODS)
                .map(accept)
                .ok_or_else(|| refuse("must be GET, POST, PUT, PATCH or DELETE")),
            Kind::Auth => {
                one_of(value, &AUTHS).map(accept).ok_or_else(|| refuse("must be none, API key or customer"))
            }
            Kind::Path => {
                api_path(value).map_err(refuse)?;
                Ok(accept(value))
            }
            Kind::Json => {
                if value.len() > MAX_JSON {
                    return Err(refuse("must not be longer than 1 MiB"));
                }
                if !super::json::is_valid(value) {
                    return Err(refuse("must be valid JSON, nested at most 127 levels deep"));
                }
                Ok(accept(value))
            }
        }
    }
}

/// Checks one entry of a customer's metadata.
pub(super) fn check_metadata(key: &str, value: &str) -> Result<(), InvalidArgument> {
    let refuse = |problem| InvalidArgument::new(Parameter::Metadata.name(), problem);
    single_line(key, MAX_NAME)
        .map_err(|_| refuse("must have keys of 1 to 256 bytes without control characters"))?;
    if value.len() > MAX_METADATA_VALUE || value.contains('\0') {
        return Err(refuse("must have values of at most 64 KiB without NUL"));
    }
    Ok(())
}

/// Checks a credential that will stand in a header: visible ASCII only. A scheme pasted along with it
/// (`APIKey xyz`) is understood and taken off.
pub(crate) fn credential<'a>(value: &'a str, scheme: &str, longest: usize) -> Result<&'a str, &'static str> {
    let value = match value.split_at_checked(scheme.len()) {
        Some((head, tail)) if head.eq_ignore_ascii_case(scheme) && tail.starts_with(' ') => {
            tail.trim_start_matches(' ')
        }
        _ => value,
    };
    if value.is_empty() {
        Err("must not be empty")
    } else if value.len() > longest {
        Err("is too long")
    } else if value.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(value)
    } else {
        Err("must be visible ASCII without spaces or line breaks")
    }
}

/// `value` when it is a decimal number from 1 to `largest` without sign, spaces or leading zeros.
pub(crate) fn digits(value: &str, largest: u64) -> Option<&str> {
    let well_formed = (1..=20).contains(&value.len())
        && !value.starts_with('0')
        && value.bytes().all(|byte| byte.is_ascii_digit());
    (well_formed && value.parse::<u64>().is_ok_and(|number| number <= largest)).then_some(value)
}

fn one_of<'a>(value: &'a str, words: &[&str]) -> Option<&'a str> {
    words.contains(&value).then_some(value)
}

fn single_line(value: &str, longest: usize) -> Result<(), &'static str> {
    if value.is_empty() {
        Err("must not be empty")
    } else if value.len() > longest {
        Err("must not be longer than 256 bytes")
    } else if value.chars().any(char::is_control) {
        Err("must not hold control characters")
    } else {
        Ok(())
    }
}

fn api_path(path: &str) -> Result<(), &'static str> {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    if path.len() > MAX_PATH {
        return Err("is too long");
    }
    if !route.starts_with('/') || route.starts_with("//") {
        return Err("must start with one slash");
    }
    // `{store_id}` is the one placeholder; braces mean nothing else in an address.
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    let is_plain = |text: &str| text.bytes().all(allowed);
    if !route.split("{store_id}").all(is_plain) || !is_plain(query) {
        return Err("must be percent-encoded: visible ASCII without \"#<>\\^`{|}");
    }
    if has_relative_segment(percent_encoding::percent_decode_str(route)) {
        return Err("must not hold relative segments (. and .., also percent-encoded)");
    }
    Ok(())
}

/// Whether a path holds `.` or `..` between slashes, where backslashes count as slashes: servers, and proxies in
/// front of them, read both, and a percent-encoded one as the byte it stands for. Decoded once: what is encoded twice is a name.
fn has_relative_segment(path: impl Iterator<Item = u8>) -> bool {
    // How many dots the segment has; `None` when anything else is in it.
    let mut dots = Some(0);
    for byte in path.chain([b'/']) {
        match byte {
            b'/' | b'\\' if matches!(dots, Some(1 | 2)) => return true,
            b'/' | b'\\' => dots = Some(0),
            b'.' => dots = dots.map(|dots| dots + 1),
            _ => dots = None,
        }
    }
    false
}

/// A UUID that is spelled as it is sent already. Most are, and this is on the submitting path: eight digits at
/// a time take a fifth of the instructions of a loop.
pub(super) fn canonical_uuid(text: &[u8]) -> Option<&[u8; 36]> {
    let uuid = text.try_into().ok()?;
    is_canonical(uuid).then_some(uuid)
}

/// By itself: in the middle of submitting, its numbers would push others out of the registers.
#[inline(never)]
fn is_canonical(uuid: &[u8; 36]) -> bool {
    let four = |at: usize| u32::from_le_bytes([uuid[at], uuid[at + 1], uuid[at + 2], uuid[at + 3]]);
    let eight = |low: usize, high: usize| u64::from(four(high)) << 32 | u64::from(four(low));
    let digits = [eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32)];
    let dashes = uuid[8] == b'-' && uuid[13] == b'-' && uuid[18] == b'-' && uuid[23] == b'-';
    // One after the other: all at once, they would be compiled to vectors, whose constants lie in four cold cache lines.
    dashes && digits.iter().all(|eight| not_lower_hex(*eight) == 0)
}

/// 0 if all of eight bytes are hexadecimal digits in lower case.
fn not_lower_hex(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // The high bit of each byte says whether it is at least so much. That of a byte beyond ASCII is not looked at first:
    // taken off, it does not carry into the next one.
    let ascii = bytes & !HIGH;
    let at_least = |least: u8| ascii + u64::from(0x80 - least) * EACH;
    let is_digit = at_least(b'0') & !at_least(b'9' + 1);
    let is_letter = at_least(b'a') & !at_least(b'f' + 1);
    (!(is_digit | is_letter) | bytes) & HIGH
}

/// Reads a UUID with or without dashes, in either case.
pub(crate) fn parse_uuid(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    let dashed = match bytes.len() {
        36 => true,
        32 => false,
        _ => return None,
    };
    let mut value = 0_u128;
    for (position, &byte) in bytes.iter().enumerate() {
        if dashed && matches!(position, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = (byte as char).to_digit(16)?;
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}

/// Spells a UUID the way PayNow's examples do: dashed, lower case.
pub(crate) fn spell_uuid(uuid: u128) -> [u8; 36] {
    let eight = |shift: u32| lower_hex((uuid >> shift) as u32).to_be_bytes();
    let digits = [eight(96), eight(64), eight(32), eight(0)];
    let mut spelled = [b'-'; 36];
    spelled[..8].copy_from_slice(&digits[0]);
    spelled[9..13].copy_from_slice(&digits[1][..4]);
    spelled[14..18].copy_from_slice(&digits[1][4..]);
    spelled[19..23].copy_from_slice(&digits[2][..4]);
    spelled[24..28].copy_from_slice(&digits[2][4..]);
    spelled[28..].copy_from_slice(&digits[3]);
    spelled
}

/// The eight digits of a number, the highest in the highest byte; all at once, a UUID is spelled on the submitting path.
fn lower_hex(number: u32) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Each step halves the pieces and moves their upper halves up, until every digit has a byte.
    let pairs = u64::from(number);
    let pairs = (pairs << 16 | pairs) & 0x0000_ffff_0000_ffff;
    let pairs = (pairs << 8 | pairs) & 0x00ff_00ff_00ff_00ff;
    let digits = (pairs << 4 | pairs) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in the byte of each digit above 9.
    let letters = (digits + 6 * EACH) >> 4 & EACH;
    digits + u64::from(b'0') * EACH + letters * u64::from(b'a' - b'0' - 10)
}

/// An argument that cannot be used. Names the argument; never repeats its value, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidArgument {
    argument: &'static str,
    item: Option<u32>,
    element: Option<u32>,
    problem: &'static str,
}

const NO_MEMORY: &str = "takes more memory than there is";

impl InvalidArgument {
    #[cold] // keeps every place that refuses out of the way of those that go on
    pub(crate) const fn new(argument: &'static str, problem: &'static str) -> Self {
        Self { argument, item: None, element: None, problem }
    }

    /// There was no memory to take this argument. It is not the argument's fault.
    pub(crate) const fn without_memory(argument: &'static str) -> Self {
        Self::new(argument, NO_MEMORY)
    }

    pub(crate) fn is_without_memory(&self) -> bool {
        self.problem == NO_MEMORY
    }

    pub(crate) const fn in_item(self, item: usize) -> Self {
        Self { item: Some(item as u32), ..self }
    }

    /// The same about an item of a list of which so many items come before the ones it was counted among.
    pub(crate) fn behind_items(self, before: usize) -> Self {
        Self { item: self.item.map(|item| before as u32 + item), ..self }
    }

    /// The same about one element of an argument that is a list.
    pub(crate) const fn in_element(self, element: usize) -> Self {
        Self { element: Some(element as u32), ..self }
    }

    /// The same error, about an argument with another name.
    pub(crate) const fn of(self, argument: &'static str) -> Self {
        Self { argument, ..self }
    }

    /// The name of the argument, as the documentation of the operation spells it.
    #[must_use]
    pub fn argument(&self) -> &'static str {
        self.argument
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(item) = self.item {
            write!(formatter, "customers[{item}].")?;
        }
        formatter.write_str(self.argument)?;
        if let Some(element) = self.element {
            write!(formatter, "[{element}]")?;
        }
        write!(formatter, " {}", self.problem)
    }
}

impl std::error::Error for InvalidArgument {}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(parameter: Parameter, value: &str) -> Option<String> {
        parameter.canonical(value, str::to_owned).ok()
    }

    #[test]
    fn every_parameter_is_at_its_index() {
        for (index, parameter) in ALL.iter().enumerate() {
            assert_eq!(*parameter as usize, index);
        }
    }

    #[test]
    fn ids() {
        for good in ["1", "411486491630370816", "9223372036854775807"] {
            assert_eq!(accepts(Parameter::CustomerId, good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "0",
            "01",
            "-1",
            "+1",
            "1 ",
            "9223372036854775808",
            "99999999999999999999",
            "12a",
            "١",
            "1.0",
        ] {
            assert_eq!(accepts(Parameter::CustomerId, bad), None, "{bad}");
        }
        assert!(accepts(Parameter::SteamId, "18446744073709551615").is_some());
        assert!(accepts(Parameter::SteamId, "18446744073709551616").is_none());
        assert!(accepts(Parameter::XboxXuid, "2535432196048835").is_some());
        assert!(accepts(Parameter::SteamId, "STEAM_0:1:1").is_none());
    }

    #[test]
    fn a_canonical_uuid_has_digits_and_dashes_where_they_belong() {
        let canonical = *b"069a79f4-44e9-4726-a5be-fca90e38aaf5";
        assert_eq!(canonical_uuid(&canonical), Some(&canonical));
        for position in 0..canonical.len() {
            for byte in 0..=u8::MAX {
                let mut spelled = canonical;
                spelled[position] = byte;
                let is_dash = matches!(position, 8 | 13 | 18 | 23);
                let right = if is_dash { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') };
                assert_eq!(canonical_uuid(&spelled).is_some(), right, "{byte:#x} at {position}");
            }
        }
        assert_eq!(canonical_uuid(&canonical[..35]), None);
    }

    #[test]
    fn a_uuid_is_spelled_with_every_digit_everywhere() {
        for digit in 0..16_u128 {
            for position in 0..32 {
                let uuid = 0x1234_5678_9abc_def0_0fed_cba9_8765_4321 ^ digit << (4 * position);
                let all = format!("{uuid:032x}");
                let dashed = [&all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..]].join("-");
                assert_eq!(spell_uuid(uuid), dashed.as_bytes(), "{digit} at {position}");
            }
        }
    }

    #[test]
    fn uuids_are_sent_dashed_in_lower_case() {
        let canonical = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
        for spelled in [canonical, "069A79F4-44E9-4726-A5BE-FCA90E38AAF5", "069a79f444e94726a5befca90e38aaf5"]
        {
            assert_eq!(accepts(Parameter::MinecraftUuid, spelled).as_deref(), Some(canonical));
        }
        for bad in [
            "",
            "069a79f4",
            "069a79f4-44e9-4726-a5be-fca90e38aaf",
            "069a79f4-44e9-4726-a5be-fca90e38aaf5a",
            "069a79f444e9-4726-a5be-fca90e38aaf5-",
            "g69a79f4-44e9-4726-a5be-fca90e38aaf5",
            "{069a79f4-44e9-4726-a5be-fca90e38aaf5}",
        ] {
            assert_eq!(accepts(Parameter::MinecraftUuid, bad), None, "{bad}");
        }
    }

    #[test]
    fn header_values() {
        assert!(accepts(Parameter::CustomerIp, "203.0.113.7").is_some());
        assert!(accepts(Parameter::CustomerIp, "2001:db8::1").is_some());
        for bad in
            ["203.0.113.7:25565", "[2001:db8::1]", "localhost", "", "203.0.113.7\r\nx: y", "fe80::1%eth0"]
        {
            assert!(accepts(Parameter::CustomerIp, bad).is_none(), "{bad}");
        }
        assert!(accepts(Parameter::CustomerCountryCode, "DE").is_some());
        for bad in ["de", "en-US", "D", "DEU", "D1", "", "D\n"] {
            assert!(accepts(Parameter::CustomerCountryCode, bad).is_none(), "{bad}");
        }
        assert_eq!(accepts(Parameter::CustomerToken, "abc.def").as_deref(), Some("abc.def"));
        assert_eq!(accepts(Parameter::CustomerToken, "Customer abc").as_deref(), Some("abc"));
        for bad in ["", "a b", "a\r\nb", "ä", "Customer ", "a\0b"] {
            assert!(accepts(Parameter::CustomerToken, bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn names_and_codes() {
        assert!(accepts(Parameter::Name, "§6Ünï 🎮").is_some());
        assert!(accepts(Parameter::Name, "a\nb").is_none());
        assert!(accepts(Parameter::Name, &"x".repeat(257)).is_none());
        assert!(accepts(Parameter::GiftCardCode, "SUMMER 24/ÄÖ").is_some());
        assert!(
            accepts(Parameter::GiftCardCode, "../%2e%2e").is_some(),
            "its slashes and percent signs are encoded"
        );
        for bad in ["", ".", "..", "a\tb"] {
            assert!(accepts(Parameter::GiftCardCode, bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn raw_paths() {
        for good in [
            "/v1/stores/{store_id}/products?limit=5&x=%20",
            "/",
            "/a/b.c",
            "/a/...",
            "/a/..b/.c",
            "/a/%2e%2e%2e",
            // The name `%2e%2e`, encoded.
            "/a/%252e%252e/b",
            "/a%2Fb",
            "/a?x=../..&y=%2e%2e",
            "/100%",
        ] {
            assert!(accepts(Parameter::Path, good).is_some(), "{good}");
        }
        for bad in [
            "",
            "v1",
            "//evil.example/x",
            "/a b",
            "/a\r\n",
            "/../x",
            "/a/./b",
            "/a/..",
            "/%2e%2e/x",
            "/%2E%2E/x",
            "/%2E./x",
            "/.%2e/x",
            "/a/%2e",
            "/a/%2e/b?c",
            "/a%2f..",
            "/a%2F%2e%2e%2Fb",
            "/a/..%5cb",
            "/a%5C..%5Cb",
            "/a\\..\\b",
            "/a#b",
            "/{other}",
            "/ä",
            "/a?b={c}",
            "https://x/",
        ] {
            assert!(accepts(Parameter::Path, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn raw_bodies_must_be_json() {
        assert!(accepts(Parameter::Json, r#"{"a":[1,2]}"#).is_some());
        for bad in ["", "{", "{'a':1}", "nul"] {
            assert!(accepts(Parameter::Json, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn errors_name_the_argument_and_never_the_value() {
        let error = Parameter::CustomerToken.canonical("secret token", |_| ()).unwrap_err().in_item(3);
        let text = error.to_string();
        assert!(text.starts_with("customers[3].customer_token "), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

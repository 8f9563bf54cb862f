//! Request bodies and values, checked exactly as the contract writes them.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::StatusCode;
use serde_json::Value;

use crate::auth::single;
use crate::customer::Platform;
use crate::error::{ApiError, FieldError};
use crate::json;

/// The most customers one bulk call may create.
pub const BULK_MAX: usize = 200;

/// A field of an update: the three states the contract tells apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not in the body: leave as it is.
    #[default]
    Absent,
    /// `null`: clear.
    Null,
    /// A value: set.
    Set(T),
}

impl<T> Patch<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }
}

/// A checked `UpsertCustomerRequestDto`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upsert {
    /// SteamID64, digits.
    pub steam_id: Option<String>,
    /// Dashed lower-case UUID.
    pub minecraft_uuid: Patch<String>,
    /// Edition.
    pub minecraft_platform: Option<Platform>,
    /// Decimal XUID.
    pub xbox_xuid: Patch<String>,
    /// Display name.
    pub name: Patch<String>,
    /// Free-form data.
    pub metadata: Patch<BTreeMap<String, String>>,
}

/// A checked `AuthenticateStorefrontCustomerRequestDto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// SteamID64.
    Steam(String),
    /// A Minecraft name; Bedrock names carry the store's prefix.
    Minecraft(String),
    /// An explicit customer name.
    PayNowName(String),
    /// A customer id, or an explicit name.
    PayNow(String),
    /// A Java name.
    JavaName(String),
    /// A Bedrock name, without prefix.
    BedrockName(String),
    /// An XUID.
    Xuid(String),
    /// A Minecraft UUID.
    Uuid(String),
}

/// Dashed, lower case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// 17 decimal digits, as SteamID64 has them.
pub fn is_steam_id(text: &str) -> bool {
    text.len() == 17 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0')
}

/// Decimal digits within 64 bits.
pub fn is_xuid(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0')
        && text.parse::<u64>().is_ok()
}

/// A name that says something.
pub fn is_name(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Checks the media type and parses the body.
pub fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    let media = single(headers, "content-type")?.unwrap_or("");
    if !is_json_media_type(media) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body must be application/json, text/json or application/*+json, in UTF-8",
        ));
    }
    json::parse(body).map_err(|why| ApiError::bad_request(format!("The body is not valid JSON: {why}")))
}

/// Refuses a body where the contract has none.
pub fn no_body(body: &[u8]) -> Result<(), ApiError> {
    if body.is_empty() { Ok(()) } else { Err(ApiError::bad_request("This call takes no body")) }
}

fn is_json_media_type(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or("").to_ascii_lowercase();
    let json = media == "application/json"
        || media == "text/json"
        || media
            .strip_prefix("application/")
            .and_then(|sub| sub.strip_suffix("+json"))
            .is_some_and(|name| !name.is_empty());
    json && parts.all(|parameter| {
        let parameter = parameter.to_ascii_lowercase();
        parameter == "charset=utf-8" || parameter == "charset=\"utf-8\""
    })
}

/// A body of create or update.
pub fn upsert(value: &Value) -> Result<Upsert, ApiError> {
    let mut errors = Vec::new();
    let upsert = upsert_at(value, "", &mut errors);
    finish(upsert, errors)
}

/// A body of create: at least one thing must be known of a customer.
pub fn create(value: &Value) -> Result<Upsert, ApiError> {
    let mut errors = Vec::new();
    let upsert = upsert_at(value, "", &mut errors);
    require_identity(&upsert, "", &mut errors);
    finish(upsert, errors)
}

/// A body of bulk create.
pub fn bulk(value: &Value) -> Result<Vec<Upsert>, ApiError> {
    let Value::Array(items) = value else {
        return Err(ApiError::invalid(vec![wrong_type("", "an array")]));
    };
    if items.is_empty() {
        return Err(ApiError::invalid(vec![FieldError {
            code: "too_few_items",
            message: "Send at least one customer".to_owned(),
            path: String::new(),
            validation: "minItems",
        }]));
    }
    if items.len() > BULK_MAX {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "too_many_items",
            format!("{} customers in one call; {BULK_MAX} are allowed", items.len()),
        )
        .with_errors(vec![FieldError {
            code: "too_many_items",
            message: format!("At most {BULK_MAX} items"),
            path: String::new(),
            validation: "maxItems",
        }]));
    }
    let mut errors = Vec::new();
    let upserts = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let path = format!("[{at}]");
            let upsert = upsert_at(item, &path, &mut errors);
            require_identity(&upsert, &path, &mut errors);
            upsert
        })
        .collect();
    finish(upserts, errors)
}

/// A body of the storefront's authentication.
pub fn login(value: &Value) -> Result<Login, ApiError> {
    let mut errors = Vec::new();
    let Value::Object(fields) = value else {
        return Err(ApiError::invalid(vec![wrong_type("", "an object")]));
    };
    for name in fields.keys() {
        if name != "platform" && name != "id" {
            errors.push(unknown_field("", name));
        }
    }
    let mut text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(_) => {
            errors.push(wrong_type(name, "a string"));
            String::new()
        }
        None => {
            errors.push(FieldError {
                code: "required",
                message: format!("The field {name} is required"),
                path: name.to_owned(),
                validation: "required",
            });
            String::new()
        }
    };
    let (platform, id) = (text("platform"), text("id"));
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    let format = |what: &str| {
        ApiError::invalid(vec![wrong_format(
            "id",
            &format!("for the platform {platform} the id must be {what}"),
        )])
    };
    let steam = || "17 decimal digits, as a SteamID64 has them";
    match platform.as_str() {
        "steam" if is_steam_id(&id) => Ok(Login::Steam(id)),
        "steam" => Err(format(steam())),
        "xbox_xuid" if is_xuid(&id) => Ok(Login::Xuid(id)),
        "xbox_xuid" => Err(format("an XUID in decimal digits")),
        "minecraft_uuid" if is_uuid(&id) => Ok(Login::Uuid(id)),
        "minecraft_uuid" => Err(format("a UUID with dashes, in lower case")),
        "minecraft" | "paynow_name" | "paynow" | "minecraft_java_name" | "minecraft_bedrock_name"
            if !is_name(&id) =>
        {
            Err(format("a name"))
        }
        "minecraft" => Ok(Login::Minecraft(id)),
        "paynow_name" => Ok(Login::PayNowName(id)),
        "paynow" => Ok(Login::PayNow(id)),
        "minecraft_java_name" => Ok(Login::JavaName(id)),
        "minecraft_bedrock_name" => Ok(Login::BedrockName(id)),
        _ => Err(ApiError::invalid(vec![FieldError {
            code: "invalid_enum",
            message: format!("{platform:?} is not a platform a customer can come from"),
            path: "platform".to_owned(),
            validation: "enum",
        }])),
    }
}

fn upsert_at(value: &Value, path: &str, errors: &mut Vec<FieldError>) -> Upsert {
    let mut upsert = Upsert::default();
    let Value::Object(fields) = value else {
        errors.push(wrong_type(path, "an object"));
        return upsert;
    };
    for (name, value) in fields {
        let at = join(path, name);
        match name.as_str() {
            "steam_id" => upsert.steam_id = steam_id(value, &at, errors),
            "minecraft_uuid" => {
                upsert.minecraft_uuid =
                    text(value, &at, errors, is_uuid, "a UUID with dashes, in lower case");
            }
            "minecraft_platform" => upsert.minecraft_platform = platform(value, &at, errors),
            "xbox_xuid" => {
                upsert.xbox_xuid = text(value, &at, errors, is_xuid, "an XUID in decimal digits");
            }
            "name" => upsert.name = text(value, &at, errors, is_name, "a name that is not blank"),
            "metadata" => upsert.metadata = metadata(value, &at, errors),
            _ => errors.push(unknown_field(path, name)),
        }
    }
    upsert
}

fn steam_id(value: &Value, path: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        // "Accepts string or numeric format."
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => {
            errors.push(wrong_type(path, "a string (a whole number is accepted)"));
            return None;
        }
    };
    if is_steam_id(&text) {
        return Some(text);
    }
    errors.push(wrong_format(path, &format!("{path} must be 17 decimal digits, as a SteamID64 has them")));
    None
}

fn text(
    value: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
    valid: fn(&str) -> bool,
    what: &str,
) -> Patch<String> {
    match value {
        Value::Null => return Patch::Null,
        Value::String(text) if valid(text) => return Patch::Set(text.clone()),
        Value::String(_) => {
            errors.push(wrong_format(path, &format!("{path} must be {what}")));
        }
        _ => errors.push(wrong_type(path, "a string or null")),
    }
    Patch::Absent
}

fn platform(value: &Value, path: &str, errors: &mut Vec<FieldError>) -> Option<Platform> {
    match value {
        Value::String(text) => match text.as_str() {
            "unknown" => return Some(Platform::Unknown),
            "java" => return Some(Platform::Java),
            "bedrock" => return Some(Platform::Bedrock),
            _ => errors.push(FieldError {
                code: "invalid_enum",
                message: format!("{path} must be one of unknown, java, bedrock"),
                path: path.to_owned(),
                validation: "enum",
            }),
        },
        _ => errors.push(wrong_type(path, "a string")),
    }
    None
}

fn metadata(value: &Value, path: &str, errors: &mut Vec<FieldError>) -> Patch<BTreeMap<String, String>> {
    let Value::Object(entries) = value else {
        if !value.is_null() {
            errors.push(wrong_type(path, "an object or null"));
        }
        return Patch::Null;
    };
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        match value {
            Value::String(text) => {
                map.insert(key.clone(), text.clone());
            }
            _ => errors.push(wrong_type(&join(path, key), "a string")),
        }
    }
    Patch::Set(map)
}

fn require_identity(upsert: &Upsert, path: &str, errors: &mut Vec<FieldError>) {
    // A field that is there but wrong has been reported already.
    let known = upsert.steam_id.is_some()
        || upsert.minecraft_uuid.value().is_some()
        || upsert.xbox_xuid.value().is_some()
        || upsert.name.value().is_some();
    if !known && !errors.iter().any(|error| error.path.starts_with(path)) {
        errors.push(FieldError {
            code: "required",
            message: "A customer needs at least one of steam_id, minecraft_uuid, xbox_xuid, name".to_owned(),
            path: path.to_owned(),
            validation: "minProperties",
        });
    }
}

fn finish<T>(value: T, errors: Vec<FieldError>) -> Result<T, ApiError> {
    if errors.is_empty() { Ok(value) } else { Err(ApiError::invalid(errors)) }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn unknown_field(path: &str, name: &str) -> FieldError {
    FieldError {
        code: "unknown_field",
        message: format!("There is no field {name:?} here"),
        path: join(path, name),
        validation: "additionalProperties",
    }
}

fn wrong_type(path: &str, expected: &str) -> FieldError {
    let what = if path.is_empty() { "The body" } else { path };
    FieldError {
        code: "invalid_type",
        message: format!("{what} must be {expected}"),
        path: path.to_owned(),
        validation: "type",
    }
}

/// A value in the wrong format.
pub fn wrong_format(path: &str, message: &str) -> FieldError {
    FieldError {
        code: "invalid_format",
        message: message.to_owned(),
        path: path.to_owned(),
        validation: "format",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn media_types() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "text/json",
            "application/vnd.api+json;charset=\"utf-8\"",
        ] {
            assert!(is_json_media_type(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=iso-8859-1",
            "application/json; version=1",
            "application/+json",
            "application/jsonx",
        ] {
            assert!(!is_json_media_type(bad), "{bad}");
        }
    }

    #[test]
    fn identities() {
        assert!(is_uuid("069a79f4-44e9-4726-a5be-fca90e38aaf5"));
        assert!(!is_uuid("069a79f444e94726a5befca90e38aaf5"));
        assert!(!is_uuid("069A79F4-44e9-4726-a5be-fca90e38aaf5"));
        assert!(is_steam_id("76561198012345678"));
        assert!(!is_steam_id("7656119801234567"));
        assert!(!is_steam_id("STEAM_0:1:26039975"));
        assert!(is_xuid("2535432196048835"));
        assert!(is_xuid("18446744073709551615"));
        assert!(!is_xuid("18446744073709551616"));
        assert!(!is_xuid("-1") && !is_xuid("") && !is_xuid("0901f64f65c7c3"));
    }

    #[test]
    fn three_states() {
        let body = json!({"minecraft_uuid": null, "name": "Olga", "metadata": {"rank": "vip"}});
        let upsert = upsert(&body).unwrap();
        assert_eq!(upsert.minecraft_uuid, Patch::Null);
        assert_eq!(upsert.name, Patch::Set("Olga".into()));
        assert_eq!(upsert.xbox_xuid, Patch::Absent);
        assert_eq!(upsert.metadata.value().unwrap()["rank"], "vip");
    }

    #[test]
    fn steam_ids_come_as_text_or_number() {
        for id in [json!("76561198012345678"), json!(76561198012345678u64)] {
            let upsert = upsert(&json!({ "steam_id": id })).unwrap();
            assert_eq!(upsert.steam_id.as_deref(), Some("76561198012345678"));
        }
        for bad in [json!(7.6e16), json!(null), json!(true), json!(-1), json!("x")] {
            assert!(upsert(&json!({ "steam_id": bad })).is_err());
        }
    }

    #[test]
    fn what_a_create_refuses() {
        for bad in [
            json!({}),
            json!([]),
            json!(null),
            json!({"name": null}),
            json!({"name": " "}),
            json!({"name": 5}),
            json!({"name": "a", "extra": 1}),
            json!({"name": "a", "metadata": {"n": 1}}),
            json!({"name": "a", "metadata": []}),
            json!({"name": "a", "minecraft_platform": null}),
            json!({"name": "a", "minecraft_platform": "Java"}),
            json!({"minecraft_platform": "java"}),
        ] {
            assert!(create(&bad).is_err(), "{bad}");
        }
        assert!(create(&json!({"name": "a", "metadata": null})).is_ok());
    }

    #[test]
    fn bulk_names_the_item() {
        let answer = bulk(&json!([{"name": "a"}, {"steam_id": "1"}, {}])).unwrap_err();
        let body = answer.into_answer("t").body;
        let body: Value = serde_json::from_slice(&body).unwrap();
        let paths: Vec<_> =
            body["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["[1].steam_id", "[2]"]);
        assert!(bulk(&json!([])).is_err());
        assert!(bulk(&json!({"name": "a"})).is_err());
        assert!(bulk(&json!(vec![json!({"name": "a"}); 200])).is_ok());
        assert!(bulk(&json!(vec![json!({"name": "a"}); 201])).is_err());
    }

    #[test]
    fn logins() {
        let ok = |platform: &str, id: &str| login(&json!({"platform": platform, "id": id}));
        assert_eq!(
            ok("minecraft_uuid", "069a79f4-44e9-4726-a5be-fca90e38aaf5").unwrap(),
            Login::Uuid("069a79f4-44e9-4726-a5be-fca90e38aaf5".into())
        );
        assert!(ok("minecraft_uuid", "069a79f444e94726a5befca90e38aaf5").is_err());
        assert!(ok("invalid", "x").is_err());
        assert!(ok("Steam", "76561198012345678").is_err());
        assert!(ok("minecraft", "").is_err());
        assert!(login(&json!({"platform": "minecraft"})).is_err());
        assert!(login(&json!({"platform": "minecraft", "id": 5})).is_err());
        assert!(login(&json!({"platform": "minecraft", "id": "a", "ip": "::1"})).is_err());
    }
}

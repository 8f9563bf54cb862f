//! From an HTTP answer to what it means.

use std::fmt;

use crate::model::{
    ApiError, Customer, GiftCard, HeapBytes, Malformed, Text, Token, check_depth, read_token,
};

use super::status::Status;
use super::{Expected, Operation};
use crate::room::{NoMemory, TryClone};

/// What a completed request brought.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing: the request failed, or succeeds without saying anything.
    Nothing,
    /// There is no such customer or gift card.
    Absent,
    /// A customer.
    Customer(Box<Customer>),
    /// Customers, in the server's order.
    Customers(Vec<Customer>),
    /// A customer token.
    Token(Token),
    /// A customer, and a token of theirs.
    TokenFor(Box<Customer>, Token),
    /// A gift card.
    GiftCard(GiftCard),
    /// Whatever JSON a `request` was answered with: see the body.
    Json,
}

impl TryClone for Answer {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        Ok(match self {
            Self::Nothing => Self::Nothing,
            Self::Absent => Self::Absent,
            Self::Customer(customer) => Self::Customer(customer.try_clone()?),
            Self::Customers(customers) => Self::Customers(customers.try_clone()?),
            Self::Token(token) => Self::Token(token.try_clone()?),
            Self::TokenFor(customer, token) => Self::TokenFor(customer.try_clone()?, token.try_clone()?),
            Self::GiftCard(card) => Self::GiftCard(card.try_clone()?),
            Self::Json => Self::Json,
        })
    }
}

impl HeapBytes for Answer {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Nothing | Self::Absent | Self::Json => 0,
            Self::Customer(customer) => customer.heap_bytes(),
            Self::Customers(customers) => customers.heap_bytes(),
            Self::Token(token) => token.heap_bytes(),
            Self::TokenFor(customer, token) => customer.heap_bytes() + token.heap_bytes(),
            Self::GiftCard(card) => card.heap_bytes(),
        }
    }
}

/// What an HTTP answer means.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) status: Status,
    pub(crate) answer: Answer,
    pub(crate) error: Option<Box<ApiError>>,
    /// In words, when the status is not Ok.
    pub(crate) message: Option<Text>,
}

impl Decoded {
    /// Answered, with nothing in it.
    pub(crate) fn ok() -> Self {
        Self { status: Status::Ok, answer: Answer::Nothing, error: None, message: None }
    }

    /// There is no memory for the request, or for its answer.
    pub(crate) fn no_memory(operation: &Operation) -> Self {
        let message = Text::from(format!("{}: {NoMemory}", operation.name));
        Self { status: Status::Resources, message: Some(message), ..Self::ok() }
    }
}

/// Reads the answer to `operation`.
///
/// Only JSON of PayNow's shape is PayNow's word. What a proxy, a firewall or a CDN says in its place decides nothing
/// about credentials, nor about what exists: whatever its status, it is an answer that should not have come.
pub(crate) fn decode(operation: &Operation, http_status: u16, content_type: &str, body: &[u8]) -> Decoded {
    read(operation, http_status, content_type, body).unwrap_or_else(|NoMemory| Decoded::no_memory(operation))
}

fn read(
    operation: &Operation,
    http_status: u16,
    content_type: &str,
    body: &[u8],
) -> Result<Decoded, NoMemory> {
    let text = std::str::from_utf8(body).map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
    if (200..300).contains(&http_status) {
        return match text {
            Ok(text) => read_success(operation, http_status, text),
            Err(_) => invalid(operation, format_args!("expected JSON, but the body is not UTF-8")),
        };
    }
    let error = text.map_or(Ok(None), ApiError::read)?;
    if http_status == 404 && operation.absent_on_404 && error.is_some() {
        return Ok(Decoded {
            status: Status::Ok,
            answer: Answer::Absent,
            error: error.map(Box::new),
            message: None,
        });
    }
    let length = if text.is_ok_and(|text| text.trim().is_empty()) { 0 } else { body.len() };
    refusal(operation, http_status, content_type, length, error)
}

fn read_success(operation: &Operation, http_status: u16, body: &str) -> Result<Decoded, NoMemory> {
    let answer = match operation.expected {
        Expected::Nothing if body.trim().is_empty() => Ok(Answer::Nothing),
        // Whatever JSON a server adds to "done" does not undo it. A page does: it is unknown which server says "done" there.
        Expected::Nothing => read_any(body).map(|_| Answer::Nothing),
        Expected::AnyJson if body.trim().is_empty() => Ok(Answer::Nothing),
        Expected::AnyJson => read_any(body),
        _ if body.trim().is_empty() => {
            return invalid(operation, format_args!("the answer (HTTP {http_status}) has no body"));
        }
        Expected::Customer => Customer::read(body).map(|customer| Answer::Customer(Box::new(customer))),
        Expected::Customers => Customer::read_list(body).map(Answer::Customers),
        Expected::Token(field) => read_token(body, field).map(Answer::Token),
        Expected::GiftCard => GiftCard::read(body).map(Answer::GiftCard),
    };
    match answer {
        Ok(answer) => Ok(Decoded { status: Status::Ok, answer, error: None, message: None }),
        Err(Malformed::NoMemory) => Err(NoMemory),
        Err(malformed @ Malformed::NotJson(..)) => invalid(
            operation,
            format_args!("{malformed}; {INTERMEDIARY} may have answered in PayNow's place"),
        ),
        Err(malformed) => invalid(operation, format_args!("{malformed}")),
    }
}

/// What may be between this machine and PayNow.
const INTERMEDIARY: &str = "a proxy, firewall or CDN on the way to PayNow";

fn read_any(body: &str) -> Result<Answer, Malformed> {
    check_depth(body, "JSON")?;
    serde_json::from_str::<serde::de::IgnoredAny>(body)
        .map(|_| Answer::Json)
        .map_err(|error| Malformed::NotJson("JSON", error.line(), error.column()))
}

fn invalid(operation: &Operation, problem: fmt::Arguments<'_>) -> Result<Decoded, NoMemory> {
    Ok(Decoded {
        status: Status::InvalidResponse,
        answer: Answer::Nothing,
        error: None,
        message: Some(Text::format(format_args!("{}: {problem}", operation.name))?),
    })
}

fn refusal(
    operation: &Operation,
    http_status: u16,
    content_type: &str,
    length: usize,
    error: Option<ApiError>,
) -> Result<Decoded, NoMemory> {
    let is_paynow = error.is_some();
    let status = match http_status {
        // Without a body it may be either's; the credentials are what can be checked.
        401 if is_paynow || length == 0 => Status::Unauthorized,
        403 if is_paynow || length == 0 => Status::Forbidden,
        404 if is_paynow => Status::NotFound,
        401 | 403 | 404 => Status::InvalidResponse,
        // PayNow is not a proxy.
        407 => Status::InvalidResponse,
        409 => Status::Conflict,
        429 => Status::RateLimited,
        400..500 => Status::Api,
        500..600 => Status::Server,
        _ => Status::InvalidResponse,
    };
    let name = operation.name;
    let message = match error.as_ref().and_then(|error| error.message.as_ref()) {
        Some(message) => Text::format(format_args!("{name}: HTTP {http_status}: {message}"))?,
        None if is_paynow => Text::format(format_args!("{name}: HTTP {http_status}, without a message"))?,
        None => {
            let body = if length == 0 {
                "without a body".to_owned()
            } else {
                let kind = describe_media(content_type);
                format!("and the body ({kind}, {length} bytes) is not a PayNow error")
            };
            let advice = match http_status {
                304 => "; nothing was asked for that could be unmodified".to_owned(),
                300..=399 => "; redirects are not followed, check the API base address".to_owned(),
                401 if length == 0 => {
                    format!(
                        "; PayNow does not accept the API key or customer token, or {INTERMEDIARY} refuses the request"
                    )
                }
                403 if length == 0 => format!(
                    "; PayNow does not allow this with the API key or customer token, or {INTERMEDIARY} refuses the request"
                ),
                404 => format!(
                    "; check the API base address: {INTERMEDIARY}, or another server, answered in its place"
                ),
                401 | 403 | 407 => format!("; {INTERMEDIARY} answered in its place"),
                _ => String::new(),
            };
            Text::format(format_args!("{name}: HTTP {http_status}, {body}{advice}"))?
        }
    };
    Ok(Decoded { status, answer: Answer::Nothing, error: error.map(Box::new), message: Some(message) })
}

/// The media type, or the encoding, if it is short and harmless enough to repeat in a message.
fn describe_media(content_type: &str) -> &str {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let harmless = kind.len() <= 64 && kind.bytes().all(|byte| byte.is_ascii_graphic());
    if kind.is_empty() || !harmless { "no usable type" } else { kind }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use crate::room::counting::each_refused;

    const NOT_FOUND: &[u8] =
        br#"{"status":404,"code":"not-found","message":"no such customer","trace_id":"t"}"#;

    fn status(operation: &Operation, http_status: u16, body: &str) -> Status {
        decode(operation, http_status, "application/json", body.as_bytes()).status
    }

    #[test]
    fn not_found_is_an_answer_only_as_a_paynow_error() {
        for operation in [&LOOKUP_CUSTOMER, &GET_CUSTOMER, &LOOKUP_GIFTCARD] {
            let decoded = decode(operation, 404, "application/json", NOT_FOUND);
            assert_eq!((decoded.status, decoded.answer), (Status::Ok, Answer::Absent));
            let decoded = decode(operation, 404, "text/html", b"<html>nginx</html>");
            assert_eq!((decoded.status, decoded.answer), (Status::InvalidResponse, Answer::Nothing));
            assert!(decoded.message.unwrap().contains("check the API base address"));
        }
        assert_eq!(decode(&CREATE_CUSTOMER, 404, "", NOT_FOUND).status, Status::NotFound);
        assert_eq!(decode(&CREATE_CUSTOMER_TOKEN, 404, "", NOT_FOUND).status, Status::NotFound);
    }

    /// A customer with a lot in every field, some of it escaped.
    fn large_customer(id: u32) -> String {
        let long = "x".repeat(800);
        let escaped = format!("\\u00e4\\\"{long}");
        let profile =
            format!(r#"{{"id":"{long}","platform":"{escaped}","name":"{escaped}","avatar_url":"{long}"}}"#);
        let metadata: Vec<String> = (0..6)
            .map(|key| format!(r#""{key}{long}":"{escaped}","other {key}":{{"a":"{long}"}}"#))
            .collect();
        format!(
            r#"{{"id":"{id}","store_id":"{long}","profile":{profile},"steam_id":"{escaped}","steam":{profile},
                "minecraft_uuid":"{escaped}","minecraft":{profile},"xbox_xuid":"{long}","minecraft_platform":"{long}",
                "name":"{escaped}","created_at":"{long}","updated_at":"{escaped}","metadata":{{{}}},"new":["{escaped}"]}}"#,
            metadata.join(",")
        )
    }

    fn large_error() -> String {
        let long = "\\n".repeat(800);
        let entry = format!(
            r#"{{"code":"{long}","message":"{long}","path":["{long}",1,"{long}"],"validation":"{long}"}},
               {{"code":"{long}","path":"{long}"}},"no object""#
        );
        let errors = [entry.as_str(); 4].join(",");
        format!(
            r#"{{"status":422,"code":"{long}","message":"{long}","trace_id":"{long}","errors":[{errors}]}}"#
        )
    }

    #[test]
    fn an_answer_there_is_no_memory_for_is_the_requests_own_error() {
        /// The largest of the boxes whose size is fixed.
        const FIXED: usize = 768;
        assert!(size_of::<Customer>() < FIXED && size_of::<ApiError>() < FIXED);
        let customers: Vec<String> = (1..4).map(large_customer).collect();
        let long = "y".repeat(2_000);
        let cases: [(&Operation, u16, String, usize); 7] = [
            (&GET_CUSTOMER, 200, large_customer(1), 60),
            (&LIST_CUSTOMERS, 200, format!("[{}]", customers.join(",")), 180),
            (&GET_CUSTOMER, 422, large_error(), 50),
            (&GET_CUSTOMER, 404, large_error(), 50),
            (&CREATE_CUSTOMER_TOKEN, 200, format!(r#"{{"token":"{long}"}}"#), 1),
            (
                &LOOKUP_GIFTCARD,
                200,
                format!(r#"{{"code":"{long}","balance":1,"starting_balance":2,"expires_at":"{long}"}}"#),
                2,
            ),
            (&GET_CUSTOMER, 502, long.clone(), 0),
        ];
        for (operation, http_status, body, at_least) in cases {
            let whole = decode(operation, http_status, "application/json", body.as_bytes());
            assert_ne!(whole.status, Status::Resources);
            let refused = each_refused(FIXED, || {
                let decoded = decode(operation, http_status, "application/json", body.as_bytes());
                if decoded.status == Status::Resources {
                    assert!(decoded.message.unwrap().contains("no memory"));
                    return Err(decoded.status);
                }
                assert_eq!((&decoded.answer, &decoded.error), (&whole.answer, &whole.error));
                Ok((decoded.answer.try_clone(), decoded.error.try_clone()))
                    .and_then(|(answer, error)| Ok((answer?, error?)))
                    .map_err(|NoMemory| Status::Resources)
            });
            assert!(refused >= at_least, "{}, HTTP {http_status}: {refused}", operation.name);
        }
    }

    #[test]
    fn statuses_follow_http_and_not_the_body() {
        for (http, expected) in [
            (400, Status::Api),
            (401, Status::Unauthorized),
            (403, Status::Forbidden),
            (409, Status::Conflict),
            (413, Status::Api),
            (422, Status::Api),
            (429, Status::RateLimited),
            (500, Status::Server),
            (503, Status::Server),
            (302, Status::InvalidResponse),
        ] {
            assert_eq!(
                status(&LOOKUP_CUSTOMER, http, r#"{"status":404,"code":"x","message":"y"}"#),
                expected
            );
            assert_eq!(status(&LOOKUP_CUSTOMER, http, ""), expected);
        }
    }

    #[test]
    fn an_intermediarys_answer_is_not_paynows() {
        for http in [401, 403, 404, 407] {
            for (media, body) in [
                ("text/html", "<h1>Attention required</h1>"),
                ("text/plain", "no"),
                ("application/json", r#"{"a":1}"#),
            ] {
                let decoded = decode(&LOOKUP_CUSTOMER, http, media, body.as_bytes());
                assert_eq!(
                    (decoded.status, decoded.answer),
                    (Status::InvalidResponse, Answer::Nothing),
                    "{http}"
                );
                let message = decoded.message.unwrap();
                assert!(message.contains("proxy, firewall or CDN") && message.contains(media), "{message}");
            }
        }
        let decoded = decode(&LOOKUP_CUSTOMER, 200, "text/html", b"<html>Log in to the network</html>");
        assert_eq!(decoded.status, Status::InvalidResponse);
        assert!(decoded.message.unwrap().contains("proxy, firewall or CDN"));
        // Without a body both are possible, and both are named.
        for (http, expected) in [(401, Status::Unauthorized), (403, Status::Forbidden)] {
            for body in ["", " \r\n"] {
                let decoded = decode(&LOOKUP_CUSTOMER, http, "", body.as_bytes());
                assert_eq!(decoded.status, expected);
                let message = decoded.message.unwrap();
                assert!(
                    message.contains("API key") && message.contains("proxy, firewall or CDN"),
                    "{message}"
                );
            }
        }
        let decoded = decode(&LOOKUP_CUSTOMER, 407, "", b"");
        assert_eq!(decoded.status, Status::InvalidResponse);
        let decoded = decode(&LOOKUP_CUSTOMER, 304, "", b"");
        assert!(!decoded.message.unwrap().contains("redirect"));
    }

    #[test]
    fn one_odd_key_loses_nothing_else() {
        let body = r#"{"id":"1","\ud800":1,"name":"a\udc00b","metadata":{"rank":"vip","\udfff":"x","c":"\ud83d\ude00"}}"#;
        let decoded = decode(&LOOKUP_CUSTOMER, 200, "", body.as_bytes());
        let Answer::Customer(customer) = decoded.answer else { panic!("{:?}", decoded.message) };
        assert_eq!(customer.name.as_deref(), Some("a\u{fffd}b"));
        let metadata: Vec<_> =
            customer.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(metadata, [("c", "\u{1f600}"), ("rank", "vip"), ("\u{fffd}", "x")]);
        let decoded =
            decode(&CREATE_CUSTOMER, 400, "", br#"{"status":400,"message":"bad name \ud800","\udc00":{}}"#);
        assert!(decoded.message.unwrap().contains("bad name \u{fffd}"));
        assert_eq!(decoded.error.unwrap().status, Some(400));
    }

    #[test]
    fn wrong_shapes_are_invalid_responses() {
        for body in ["", "null", "{}", "[]", "<html>", r#"{"status":400,"code":"x","message":"y"}"#] {
            assert_eq!(status(&LOOKUP_CUSTOMER, 200, body), Status::InvalidResponse, "{body}");
            assert_eq!(status(&CREATE_CUSTOMER_TOKEN, 200, body), Status::InvalidResponse, "{body}");
            assert_eq!(status(&LOOKUP_GIFTCARD, 200, body), Status::InvalidResponse, "{body}");
        }
        for id in
            ["4.2e17", r#"["1"]"#, "true", "-1", r#""a""#, r#""1.0""#, r#""+1""#, r#""99999999999999999999""#]
        {
            let body = format!(r#"{{"id":{id}}}"#);
            assert_eq!(status(&LOOKUP_CUSTOMER, 200, &body), Status::InvalidResponse, "{body}");
        }
        assert_eq!(status(&LOOKUP_CUSTOMER, 200, r#"{"id":411486491630370817}"#), Status::Ok);
        assert_eq!(status(&LIST_CUSTOMERS, 200, "{}"), Status::InvalidResponse);
        assert_eq!(status(&LOOKUP_CUSTOMER, 204, ""), Status::InvalidResponse);
        assert_eq!(decode(&LOOKUP_CUSTOMER, 200, "", b"\xff\xfe").status, Status::InvalidResponse);
    }

    #[test]
    fn created_and_deleted_variants_are_fine() {
        assert_eq!(status(&CREATE_CUSTOMER, 201, r#"{"id":"1"}"#), Status::Ok);
        assert_eq!(status(&INVALIDATE_CUSTOMER_TOKENS, 204, ""), Status::Ok);
        assert_eq!(status(&INVALIDATE_CUSTOMER_TOKENS, 200, r#"{"gone":true}"#), Status::Ok);
        // A page that says 200 to everything has revoked no token.
        for page in ["<html>Log in to the network</html>", "gone"] {
            assert_eq!(status(&INVALIDATE_CUSTOMER_TOKENS, 200, page), Status::InvalidResponse);
        }
        assert_eq!(status(&REQUEST, 204, ""), Status::Ok);
        assert_eq!(status(&REQUEST, 200, "[1]"), Status::Ok);
        assert_eq!(status(&REQUEST, 200, "oops"), Status::InvalidResponse);
        assert_eq!(status(&LOOKUP_CUSTOMER, 200, "\u{feff}{\"id\":\"1\"}"), Status::Ok);
    }

    #[test]
    fn messages_never_repeat_an_unknown_body() {
        let decoded = decode(&CREATE_CUSTOMER_TOKEN, 200, "", br#"{"tok":"pnct_secret"}"#);
        assert!(!decoded.message.unwrap().contains("pnct"));
        let decoded = decode(&CREATE_CUSTOMER_TOKEN, 500, "text/plain", b"pnct_secret");
        assert!(!decoded.message.unwrap().contains("pnct"));
    }
}

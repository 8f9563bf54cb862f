//! From an HTTP answer to what it means.

use crate::model::{
    ApiError, Customer, GiftCard, HeapBytes, Malformed, Text, Token, check_depth, read_token,
};

use super::{Expected, Operation};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Answered. [`Answer::Absent`] when what was looked for does not exist.
    Ok,
    /// Not answered by its deadline.
    Timeout,
    /// Cancelled by the host.
    Cancelled,
    /// The client was shut down first.
    Shutdown,
    /// The name of the API's host could not be resolved.
    Resolve,
    /// No connection to the API could be made.
    Connect,
    /// The TLS handshake failed: certificate, name, or protocol.
    Tls,
    /// The connection broke before the answer was complete.
    Transport,
    /// The answer is larger than the client accepts.
    ResponseTooLarge,
    /// The answer is not what the contract says.
    InvalidResponse,
    /// 401: the API key or customer token is not valid.
    Unauthorized,
    /// 403: the credential does not allow this.
    Forbidden,
    /// 404 where that does not simply mean "there is none".
    NotFound,
    /// 409: it exists already, or changed meanwhile.
    Conflict,
    /// 429: too many requests.
    RateLimited,
    /// Any other 4xx.
    Api,
    /// 5xx.
    Server,
    /// Not asked: the API has not answered for a while, and is asked again soon.
    Unavailable,
    /// A fault of this library, contained.
    Internal,
}

impl Status {
    /// What it means, in a sentence; `None` for [`Status::Ok`].
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        Some(match self {
            Self::Ok => return None,
            Self::Timeout => "not answered by its deadline",
            Self::Cancelled => "cancelled by the host",
            Self::Shutdown => "the client was shut down first",
            Self::Resolve => "the name of the API's host could not be resolved",
            Self::Connect => "no connection to the API could be made",
            Self::Tls => "the TLS handshake with the API failed",
            Self::Transport => "the connection broke before the answer was complete",
            Self::ResponseTooLarge => "the answer is larger than the client accepts",
            Self::InvalidResponse => "the answer is not what the contract says",
            Self::Unauthorized => "the API key or customer token is not valid",
            Self::Forbidden => "the credential does not allow this",
            Self::NotFound => "what the request is about does not exist",
            Self::Conflict => "it exists already, or was changed meanwhile",
            Self::RateLimited => "too many requests were made",
            Self::Api => "the API refused the request",
            Self::Server => "the API failed",
            Self::Unavailable => "not asked: PayNow has not answered for a while, and is asked again soon",
            Self::Internal => "a fault inside paynow-bridge was contained; please report it",
        })
    }
}

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
}

/// Reads the answer to `operation`.
pub(crate) fn decode(operation: &Operation, http_status: u16, content_type: &str, body: &[u8]) -> Decoded {
    let text = std::str::from_utf8(body).map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
    if (200..300).contains(&http_status) {
        return match text {
            Ok(text) => read_success(operation, http_status, text),
            Err(_) => invalid(operation, "expected JSON, but the body is not UTF-8"),
        };
    }
    let error = text.ok().and_then(ApiError::read);
    if http_status == 404 && operation.absent_on_404 && error.is_some() {
        return Decoded {
            status: Status::Ok,
            answer: Answer::Absent,
            error: error.map(Box::new),
            message: None,
        };
    }
    refusal(operation, http_status, content_type, body.len(), error)
}

fn read_success(operation: &Operation, http_status: u16, body: &str) -> Decoded {
    let answer = match operation.expected {
        // Whatever a server adds to "done" does not undo it.
        Expected::Nothing => Ok(Answer::Nothing),
        Expected::AnyJson if body.trim().is_empty() => Ok(Answer::Nothing),
        Expected::AnyJson => read_any(body),
        _ if body.trim().is_empty() => {
            return invalid(operation, &format!("the answer (HTTP {http_status}) has no body"));
        }
        Expected::Customer => Customer::read(body).map(|customer| Answer::Customer(Box::new(customer))),
        Expected::Customers => Customer::read_list(body).map(Answer::Customers),
        Expected::Token(field) => read_token(body, field).map(Answer::Token),
        Expected::GiftCard => GiftCard::read(body).map(Answer::GiftCard),
    };
    match answer {
        Ok(answer) => Decoded { status: Status::Ok, answer, error: None, message: None },
        Err(malformed) => invalid(operation, &malformed.to_string()),
    }
}

fn read_any(body: &str) -> Result<Answer, Malformed> {
    check_depth(body, "JSON")?;
    serde_json::from_str::<serde::de::IgnoredAny>(body)
        .map(|_| Answer::Json)
        .map_err(|error| Malformed::NotJson("JSON", error.line(), error.column()))
}

fn invalid(operation: &Operation, problem: &str) -> Decoded {
    Decoded {
        status: Status::InvalidResponse,
        answer: Answer::Nothing,
        error: None,
        message: Some(Text::from(format!("{}: {problem}", operation.name))),
    }
}

fn refusal(
    operation: &Operation,
    http_status: u16,
    content_type: &str,
    length: usize,
    error: Option<ApiError>,
) -> Decoded {
    let status = match http_status {
        401 => Status::Unauthorized,
        403 => Status::Forbidden,
        404 if error.is_some() => Status::NotFound,
        404 => Status::InvalidResponse,
        409 => Status::Conflict,
        429 => Status::RateLimited,
        400..500 => Status::Api,
        500..600 => Status::Server,
        _ => Status::InvalidResponse,
    };
    let name = operation.name;
    let message = match error.as_ref().and_then(|error| error.message.as_ref()) {
        Some(message) => Text::from(format!("{name}: HTTP {http_status}: {message}")),
        None if error.is_some() => Text::from(format!("{name}: HTTP {http_status}, without a message")),
        None => {
            let kind = describe_media(content_type);
            let advice = match http_status {
                300..400 => "; redirects are not followed, check the API base address",
                404 => "; check the API base address",
                _ => "",
            };
            Text::from(format!(
                "{name}: HTTP {http_status}, and the body ({kind}, {length} bytes) is no PayNow error{advice}"
            ))
        }
    };
    Decoded { status, answer: Answer::Nothing, error: error.map(Box::new), message: Some(message) }
}

/// The media type, if it is short and harmless enough to repeat in a message.
fn describe_media(content_type: &str) -> &str {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let harmless = kind.len() <= 64 && kind.bytes().all(|byte| byte.is_ascii_graphic());
    if kind.is_empty() || !harmless { "no usable type" } else { kind }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

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
    fn wrong_shapes_are_invalid_responses() {
        for body in ["", "null", "{}", "[]", "<html>", r#"{"status":400,"code":"x","message":"y"}"#] {
            assert_eq!(status(&LOOKUP_CUSTOMER, 200, body), Status::InvalidResponse, "{body}");
            assert_eq!(status(&CREATE_CUSTOMER_TOKEN, 200, body), Status::InvalidResponse, "{body}");
            assert_eq!(status(&LOOKUP_GIFTCARD, 200, body), Status::InvalidResponse, "{body}");
        }
        assert_eq!(status(&LIST_CUSTOMERS, 200, "{}"), Status::InvalidResponse);
        assert_eq!(status(&LOOKUP_CUSTOMER, 204, ""), Status::InvalidResponse);
        assert_eq!(decode(&LOOKUP_CUSTOMER, 200, "", b"\xff\xfe").status, Status::InvalidResponse);
    }

    #[test]
    fn created_and_deleted_variants_are_fine() {
        assert_eq!(status(&CREATE_CUSTOMER, 201, r#"{"id":"1"}"#), Status::Ok);
        assert_eq!(status(&INVALIDATE_CUSTOMER_TOKENS, 204, ""), Status::Ok);
        assert_eq!(status(&INVALIDATE_CUSTOMER_TOKENS, 200, "gone"), Status::Ok);
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

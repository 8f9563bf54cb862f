//! Whatever a server answers is read as one consistent outcome.
//!
//! Input: the operation, the HTTP status, the length of the content type, the content type, the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paynow_bridge::{Answer, Customer, OperationId, Status, fuzzing};

const STATUSES: [u16; 16] = [200, 201, 204, 299, 100, 301, 400, 401, 403, 404, 409, 418, 429, 500, 501, 503];

fn check(customer: &Customer) {
    assert!(!customer.id.is_empty());
    for date in [&customer.created_at, &customer.updated_at].into_iter().flatten() {
        assert!(date.unix_milliseconds.is_none_or(|number| number != i64::MIN), "{date:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    let [number, status, length, rest @ ..] = data else { return };
    let Some(operation) = OperationId::from_number(u32::from(number % 14) + 1) else { return };
    let status = STATUSES[usize::from(status % 16)];
    let (content_type, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let content_type = String::from_utf8_lossy(content_type);
    let outcome = fuzzing::decode(operation, status, &content_type, body);
    assert_eq!(outcome.status == Status::Ok, outcome.message.is_none(), "words exactly for failures");
    if outcome.status != Status::Ok {
        assert_eq!(outcome.answer, Answer::Nothing, "a failure holds no answer");
    }
    let message = outcome.message.as_ref().map_or("", |text| text.as_str());
    assert!(message.len() < 8_192, "a message is a sentence, not a body");
    let debug = format!("{:?}", outcome.answer);
    match &outcome.answer {
        Answer::Absent => {
            assert!(status == 404 && outcome.has_error, "only PayNow says that it does not exist")
        }
        Answer::Customer(customer) => check(customer),
        Answer::Customers(customers) => customers.iter().for_each(check),
        Answer::Token(token) => {
            assert!(token.expose().as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            assert_eq!(debug, "Token(Token(…))", "a token is not printed");
        }
        Answer::Json => {
            assert!(serde_json::from_slice::<serde_json::Value>(strip_bom(body)).is_ok() || deep(body))
        }
        _ => {}
    }
});

fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// What the checking parser refuses though it is JSON: numbers too large for it, lone surrogates.
fn deep(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(strip_bom(body)).is_err_and(|error| {
        let text = error.to_string();
        text.contains("number out of range") || text.contains("surrogate") || text.contains("hex escape")
    })
}

//! What an exchange brought, read: an outcome, in words that may go into a log.

use super::in_flight::InFlight;
use crate::model::{Secret, Text};
use crate::operations::{self, Authorization, Decoded};
use crate::runtime::mailbox::{Outcome, one_line};
use crate::transport::Exchange;

/// Turns what the network brought into an outcome. `api_key` is the key in use now, which may not be the one that was sent.
pub(super) fn read(
    flight: &InFlight,
    exchange: Exchange,
    api_key: impl FnOnce() -> Option<Secret>,
) -> Outcome {
    let operation = flight.operation;
    let (mut decoded, http_status, wait, body) = match exchange.result {
        Ok(answer) => {
            let decoded = operations::decode(operation, answer.status, &answer.content_type, &answer.body);
            let wait = answer.retry_after;
            let body = std::str::from_utf8(&answer.body).unwrap_or_default();
            (decoded, answer.status, wait, Text::from(body))
        }
        Err(error) => {
            let message = Some(Text::from(format!("{}: {}", operation.name, error.message)));
            let decoded = Decoded { status: error.status, message, ..Decoded::ok() };
            (decoded, error.http_status, None, Text::from(""))
        }
    };
    // An answer without words of the server's has none to clean.
    if decoded.message.is_some() || decoded.error.is_some() {
        let token = match &flight.request.authorization {
            Authorization::Customer(token) => Some(token.clone()),
            Authorization::ApiKey | Authorization::None => None,
        };
        let secrets: Vec<Secret> = token.into_iter().chain(exchange.credential).chain(api_key()).collect();
        clean(&secrets, &mut decoded);
    }
    Outcome {
        sent: exchange.sent,
        attempts: 1,
        retry_after: wait,
        ..Outcome::answered(decoded, http_status, body)
    }
}

/// Turns a server's words into what may go into a log: one line, without our credentials.
fn clean(secrets: &[Secret], decoded: &mut Decoded) {
    if let Some(error) = &mut decoded.error {
        error.map_texts(|text| {
            let clean = redact(text, secrets);
            if *text != *clean {
                *text = Text::from(clean);
            }
        });
    }
    if let Some(message) = &mut decoded.message {
        *message = Text::from(one_line(&redact(message, secrets)));
    }
}

/// A server may repeat what it was sent: credentials are taken out of its words, ours wherever they stand and
/// any text after the name of a scheme.
fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut text = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "…"));
    for scheme in ["APIKey ", "Customer ", "Bearer "] {
        let mut from = 0;
        while let Some(start) = text[from..].find(scheme).map(|at| from + at + scheme.len()) {
            let length = text[start..].find(|c: char| !(c.is_ascii_graphic())).unwrap_or(text.len() - start);
            if looks_secret(&text[start..start + length]) {
                text.replace_range(start..start + length, "…");
            }
            from = start;
        }
    }
    text
}

/// Neither a word ("Customer not found") nor an id.
fn looks_secret(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_words() {
        let secrets = [Secret::new("s3cret".to_owned())];
        let clean = |text| redact(text, &secrets);
        assert_eq!(clean("key s3cret, again s3cret"), "key …, again …");
        assert_eq!(clean("got Customer pnct_0123456789abcdef."), "got Customer …");
        assert_eq!(clean("APIKey pnapi_0123456789abcdef and APIKey x"), "APIKey … and APIKey x");
        for harmless in
            ["Customer not found", "Customer 411486491630370817 is gone", "Customer authentication required"]
        {
            assert_eq!(clean(harmless), harmless);
        }
    }
}

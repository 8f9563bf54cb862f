//! What an exchange brought, read: an outcome, in words that may go into a log.

use super::in_flight::InFlight;
use crate::model::{Secret, Text};
use crate::operations::{self, Authorization, Decoded};
use crate::room::NoMemory;
use crate::runtime::mailbox::{Outcome, one_line};
use crate::transport::Exchange;

/// Turns what the network brought into an outcome. `api_key` is the key in use now, which may not be the one that was sent.
pub(super) fn read(
    flight: &InFlight,
    exchange: Exchange,
    api_key: impl FnOnce() -> Option<Secret>,
) -> Outcome {
    let operation = flight.operation;
    let (sent, credential) = (exchange.sent, exchange.credential);
    let (decoded, http_status, wait, body) = match exchange.result {
        Ok(answer) => {
            let decoded = operations::decode(operation, answer.status, &answer.content_type, &answer.body);
            let body = Text::copy_of(std::str::from_utf8(&answer.body).unwrap_or_default());
            (decoded, answer.status, answer.retry_after, body)
        }
        Err(error) => {
            let message = Some(Text::from(format!("{}: {}", operation.name, error.message)));
            let decoded = Decoded { status: error.status, message, ..Decoded::ok() };
            (decoded, error.http_status, None, Ok(Text::from("")))
        }
    };
    let answered = cleaned(flight, decoded, credential, api_key)
        .and_then(|decoded| Ok(Outcome::answered(decoded, http_status, body?)))
        .unwrap_or_else(|NoMemory| Outcome { http_status, ..Outcome::no_memory(operation) });
    Outcome { sent, attempts: 1, retry_after: wait, ..answered }
}

/// What was answered, with nothing in its words that may not stand in a log.
fn cleaned(
    flight: &InFlight,
    mut decoded: Decoded,
    credential: Option<Secret>,
    api_key: impl FnOnce() -> Option<Secret>,
) -> Result<Decoded, NoMemory> {
    // An answer without words of the server's has none to clean.
    if decoded.message.is_some() || decoded.error.is_some() {
        let token = match &flight.request.authorization {
            Authorization::Customer(token) => Some(token.clone()),
            Authorization::ApiKey | Authorization::None => None,
        };
        let secrets: Vec<Secret> = token.into_iter().chain(credential).chain(api_key()).collect();
        clean(&secrets, &mut decoded)?;
    }
    Ok(decoded)
}

/// Turns a server's words into what may go into a log: one line, without our credentials.
fn clean(secrets: &[Secret], decoded: &mut Decoded) -> Result<(), NoMemory> {
    if let Some(error) = &mut decoded.error {
        error.map_texts(|text| {
            if let Some(clean) = redact(text, secrets)? {
                *text = Text::copy_of(&clean)?;
            }
            Ok(())
        })?;
    }
    if let Some(message) = &mut decoded.message {
        let clean = redact(message, secrets)?;
        *message = Text::copy_of(&one_line(clean.as_deref().unwrap_or(message))?)?;
    }
    Ok(())
}

/// A server may repeat what it was sent: credentials are taken out of its words, ours wherever they stand and
/// any text after the name of a scheme. `None` when there are none.
fn redact(text: &str, secrets: &[Secret]) -> Result<Option<String>, NoMemory> {
    let mut clean = None;
    for secret in secrets {
        let words = clean.as_deref().unwrap_or(text);
        if words.contains(secret.expose()) {
            clean = Some(replace_all(words, secret.expose())?);
        }
    }
    for scheme in ["APIKey ", "Customer ", "Bearer "] {
        let cleaner = without_secrets_of(clean.as_deref().unwrap_or(text), scheme)?;
        clean = cleaner.or(clean);
    }
    Ok(clean)
}

/// The text without what looks like a secret behind the name of a scheme. `None` when there is nothing of the kind.
fn without_secrets_of(text: &str, scheme: &str) -> Result<Option<String>, NoMemory> {
    let mut clean = None;
    let (mut from, mut copied) = (0, 0);
    while let Some(start) = text[from..].find(scheme).map(|at| from + at + scheme.len()) {
        let length = text[start..].find(|c: char| !c.is_ascii_graphic()).unwrap_or(text.len() - start);
        if looks_secret(&text[start..start + length]) {
            let clean = clean.get_or_insert_with(String::new);
            append(clean, &text[copied..start])?;
            append(clean, MARK)?;
            copied = start + length;
        }
        from = start;
    }
    if let Some(clean) = &mut clean {
        append(clean, &text[copied..])?;
    }
    Ok(clean)
}

fn append(text: &mut String, more: &str) -> Result<(), NoMemory> {
    text.try_reserve(more.len())?;
    text.push_str(more);
    Ok(())
}

/// What stands in the place of a credential.
const MARK: &str = "…";

fn replace_all(text: &str, secret: &str) -> Result<String, NoMemory> {
    let mut clean = String::new();
    for (index, part) in text.split(secret).enumerate() {
        append(&mut clean, if index == 0 { "" } else { MARK })?;
        append(&mut clean, part)?;
    }
    Ok(clean)
}

/// Neither a word ("Customer not found") nor an id.
fn looks_secret(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ApiError;
    use crate::room::counting::each_refused;

    #[test]
    fn words_there_is_no_memory_for_are_not_kept() {
        let secrets = [Secret::new("s3cret".to_owned())];
        let words =
            "say s3cret, APIKey pnapi_0123456789abcdef\n and Customer pnct_0123456789abcdef ".repeat(90);
        let refused = each_refused(1_000, || {
            let error =
                Some(Box::new(ApiError { message: Some(Text::copy_of(&words)?), ..ApiError::default() }));
            let mut decoded = Decoded { error, message: Some(Text::copy_of(&words)?), ..Decoded::ok() };
            clean(&secrets, &mut decoded)?;
            let message = decoded.message.unwrap();
            assert!(message.starts_with("say …, APIKey …\\n and Customer … say …"), "{message}");
            let kept = decoded.error.and_then(|error| error.message).unwrap();
            assert!(!kept.contains("0123"), "{kept}");
            Ok::<_, NoMemory>(())
        });
        assert!(refused >= 10, "{refused}");
    }

    #[test]
    fn credentials_are_taken_out_of_words() {
        let secrets = [Secret::new("s3cret".to_owned())];
        let clean = |text: &str| redact(text, &secrets).unwrap().unwrap_or_else(|| text.to_owned());
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

//! Percent-decoding and query strings.

use crate::error::{ApiError, FieldError};

/// Decodes `%XX`. Refuses broken escapes, bytes that should have been escaped, and anything that is
/// not UTF-8 afterwards.
pub fn percent_decode(text: &str, plus_is_space: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let pair = bytes.get(at + 1..at + 3)?;
                let high = (pair[0] as char).to_digit(16)?;
                let low = (pair[1] as char).to_digit(16)?;
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            b'+' if plus_is_space => out.push(b' '),
            byte if may_stand_alone(byte) => out.push(byte),
            _ => return None,
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

/// What RFC 3986 allows in a path segment or a query without escaping it. Path segments have been
/// split off before, so a slash can only be part of a query.
fn may_stand_alone(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte)
}

/// The parameters of a query string, each known, and each given once unless it is a list.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string in which only `known` names may occur.
    pub fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        Self::parse_with_lists(text, known, &[])
    }

    /// Reads a query string in which only `known` names may occur, and those of `lists` several times.
    pub fn parse_with_lists(text: Option<&str>, known: &[&str], lists: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut errors = Vec::new();
        for piece in text.unwrap_or("").split('&').filter(|p| !p.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let (Some(name), Some(value)) = (percent_decode(name, true), percent_decode(value, true)) else {
                return Err(ApiError::bad_request(format!(
                    "The query parameter {piece:?} is not percent-encoded UTF-8"
                )));
            };
            if lists.contains(&name.as_str()) {
                pairs.push((name, value));
            } else if !known.contains(&name.as_str()) {
                errors.push(FieldError {
                    code: "unknown_parameter",
                    message: format!("There is no query parameter {name:?} here"),
                    path: name,
                    validation: "additionalProperties",
                });
            } else if pairs.iter().any(|(seen, _)| *seen == name) {
                errors.push(FieldError {
                    code: "repeated_parameter",
                    message: format!("The query parameter {name:?} is given more than once"),
                    path: name,
                    validation: "maxItems",
                });
            } else {
                pairs.push((name, value));
            }
        }
        if errors.is_empty() { Ok(Self(pairs)) } else { Err(ApiError::invalid(errors)) }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The values of a list, in the order they were given.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All parameters in the order they were given.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding() {
        assert_eq!(percent_decode("SUMMER%2024%2F%C3%84%c3%96", false).as_deref(), Some("SUMMER 24/ÄÖ"));
        assert_eq!(percent_decode("a+b", false).as_deref(), Some("a+b"));
        assert_eq!(percent_decode("a+b", true).as_deref(), Some("a b"));
        for bad in [
            "%", "%2", "%zz", "%ff", "ä", "a b", "%+1", "[a]", "a|b", "a^b", "{a}", "a\\b", "a\"b", "<a>",
            "`a`",
        ] {
            assert_eq!(percent_decode(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn queries() {
        let query = Query::parse(Some("name=.A%20B&asc=true"), &["name", "asc"]).unwrap();
        assert_eq!(query.get("name"), Some(".A B"));
        assert_eq!(query.get("asc"), Some("true"));
        assert_eq!(query.get("limit"), None);
        assert!(Query::parse(Some("x=1"), &["name"]).is_err());
        assert!(Query::parse(Some("name=1&name=1"), &["name"]).is_err());
        assert!(Query::parse(Some("name=%f0"), &["name"]).is_err());
        let list = Query::parse_with_lists(Some("id=1&name=a&id=2"), &["name"], &["id"]).unwrap();
        assert_eq!(list.all("id").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(list.all("name").count() + list.all("other").count(), 1);
        assert!(Query::parse_with_lists(Some("name=a&name=b"), &["name"], &["id"]).is_err());
        assert!(Query::parse(None, &[]).unwrap().pairs().is_empty());
    }
}

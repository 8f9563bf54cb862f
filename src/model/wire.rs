//! Tolerant readers for what arrives from the network.
//!
//! PayNow's documents call every id a string, but clients have seen numbers; fields documented as
//! strings have been null. So each field is first taken as the JSON text it is ([`RawValue`]) and only
//! then read: no number passes through a float, no digit is lost, no surprise in one field loses the rest.

use serde_json::value::RawValue;

use super::Text;

/// A field exactly as it stood in the document.
pub(super) type Field<'a> = Option<&'a RawValue>;

/// Text of a field: a string as it is, any other scalar as its JSON spelling, `null` and absent as `None`.
///
/// Objects and arrays are spelled out too: losing what metadata held would be worse than showing it as JSON.
pub(super) fn text(field: Field<'_>) -> Option<Text> {
    let raw = field?.get().trim();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw).ok().map(Text::from),
        b'n' => None,
        _ => Some(Text::from(raw)),
    }
}

/// An id: the digits of a 64-bit number, as a string or as a number that is written like one. Anything else is not an
/// id, and `None`.
pub(super) fn id(field: Field<'_>) -> Option<Text> {
    text(field).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()) && id.parse::<u64>().is_ok())
}

/// An id of another platform: a string as it is, of everything else only what is an id.
pub(super) fn foreign_id(field: Field<'_>) -> Option<Text> {
    strict_text(field).or_else(|| id(field))
}

/// Like [`text`], but a string only: what should be text and is an object or a number is treated as absent.
pub(super) fn strict_text(field: Field<'_>) -> Option<Text> {
    let raw = field?.get().trim();
    raw.starts_with('"').then(|| text(field)).flatten()
}

/// A whole number, from a JSON number or a string of digits. Fractions and overflow are `None`.
pub(super) fn integer(field: Field<'_>) -> Option<i64> {
    text(field)?.as_str().parse().ok()
}

/// An object of a field, read into `T`; anything else is `None`.
pub(super) fn object<'a, T: serde::Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    let raw = field?.get();
    raw.trim_start().starts_with('{').then(|| serde_json::from_str(raw).ok()).flatten()
}

/// Milliseconds since the Unix epoch of an RFC 3339 date; `None` when it is not one.
pub(super) fn unix_milliseconds(date: &str) -> Option<i64> {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    let nanoseconds = OffsetDateTime::parse(date.trim(), &Rfc3339).ok()?.unix_timestamp_nanos();
    i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn text_keeps_every_digit_of_a_number() {
        for digits in ["76561198012345678", "9223372036854775807", "123456789012345678901234567890"] {
            assert_eq!(text(Some(&raw(digits))).unwrap(), digits);
        }
    }

    #[test]
    fn text_reads_strings_nulls_and_absence() {
        assert_eq!(text(Some(&raw(r#""\u00a76Not\"ch""#))).unwrap(), "§6Not\"ch");
        assert_eq!(text(Some(&raw("null"))), None);
        assert_eq!(text(None), None);
        assert_eq!(text(Some(&raw("true"))).unwrap(), "true");
        assert_eq!(text(Some(&raw(r#"{"a":1}"#))).unwrap(), r#"{"a":1}"#);
    }

    #[test]
    fn ids_are_digits() {
        for (json, digits) in [
            ("1", "1"),
            (r#""411486491630370817""#, "411486491630370817"),
            ("76561198012345678", "76561198012345678"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(id(Some(&raw(json))).unwrap(), digits);
        }
        for json in [
            "4.2e17",
            "1.0",
            "-1",
            "true",
            "null",
            r#"["1"]"#,
            r#"{"id":1}"#,
            r#""""#,
            r#"" 1""#,
            r#""x""#,
            "18446744073709551616",
        ] {
            assert_eq!(id(Some(&raw(json))), None, "{json}");
        }
        assert_eq!(foreign_id(Some(&raw(r#""STEAM_0:1:2""#))).unwrap(), "STEAM_0:1:2");
        assert_eq!(foreign_id(Some(&raw("76561198012345678"))).unwrap(), "76561198012345678");
        for json in ["7.6e16", "true", "[1]"] {
            assert_eq!(foreign_id(Some(&raw(json))), None, "{json}");
        }
    }

    #[test]
    fn strict_text_refuses_other_types() {
        assert_eq!(strict_text(Some(&raw("12"))), None);
        assert_eq!(strict_text(Some(&raw(r#""12""#))).unwrap(), "12");
    }

    #[test]
    fn integer_refuses_fractions_and_overflow() {
        assert_eq!(integer(Some(&raw("2500"))), Some(2500));
        assert_eq!(integer(Some(&raw("\"-7\""))), Some(-7));
        assert_eq!(integer(Some(&raw("5000000000"))), Some(5_000_000_000));
        assert_eq!(integer(Some(&raw("12.5"))), None);
        assert_eq!(integer(Some(&raw("99999999999999999999"))), None);
    }

    #[test]
    fn dates_with_any_fraction_and_offset() {
        assert_eq!(unix_milliseconds("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(unix_milliseconds("1970-01-01T00:00:00.1234567Z"), Some(123));
        assert_eq!(unix_milliseconds("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(unix_milliseconds("yesterday"), None);
        assert_eq!(unix_milliseconds("2024-02-30T00:00:00Z"), None);
    }
}

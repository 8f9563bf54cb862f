//! Tolerant readers for what arrives from the network.
//!
//! PayNow's documents call every id a string, but clients have seen numbers; fields documented as
//! strings have been null. So each field is first taken as the JSON text it is ([`RawValue`]) and only
//! then read: no number passes through a float, no digit is lost, no surprise in one field loses the rest.

use std::fmt;
use std::marker::PhantomData;
use std::str::Chars;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Text;
use crate::room::{self, NoMemory};

/// A field exactly as it stood in the document.
pub(super) type Field<'a> = Option<&'a RawValue>;

/// Text of a field: a string as it is, any other scalar as its JSON spelling, `null` and absent as `None`.
///
/// Objects and arrays are spelled out too: losing what metadata held would be worse than showing it as JSON.
pub(super) fn text(field: Field<'_>) -> Result<Option<Text>, NoMemory> {
    let Some(raw) = field.map(|field| field.get().trim()) else { return Ok(None) };
    match string(raw) {
        Some(inside) if inside.contains('\\') => Text::of_chars(Unescaped(inside.chars())).map(Some),
        Some(inside) => Text::copy_of(inside).map(Some),
        None if raw.starts_with('n') => Ok(None),
        None => Text::copy_of(raw).map(Some),
    }
}

/// What stands between the quotes of a JSON string, escapes and all.
fn string(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// The characters of a JSON string. Halves of surrogate pairs, which JSON can spell (`"\ud800"`) and UTF-8 cannot,
/// become the replacement character: one of them must not cost the whole document.
///
/// A parser would do the same into a buffer of its own, which cannot be refused.
#[derive(Clone)]
struct Unescaped<'a>(Chars<'a>);

impl Unescaped<'_> {
    /// The four hexadecimal digits that come next.
    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.as_str().split_at_checked(4)?;
        self.0 = rest.chars();
        u32::from_str_radix(digits, 16).ok()
    }

    fn unicode(&mut self) -> char {
        let unit = self.unit().unwrap_or_default();
        if let 0xd800..=0xdbff = unit
            && let Some(rest) = self.0.as_str().strip_prefix("\\u")
        {
            let mut pair = Self(rest.chars());
            if let Some(low @ 0xdc00..=0xdfff) = pair.unit() {
                self.0 = pair.0.as_str().chars();
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let character = self.0.next()?;
        if character != '\\' {
            return Some(character);
        }
        Some(match self.0.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode(),
            other => other,
        })
    }
}

/// Whether a key of an object is this one, however it is spelled.
pub(super) fn is_named(key: &RawValue, name: &str) -> bool {
    string(key.get().trim()).is_some_and(|key| {
        if key.contains('\\') { Unescaped(key.chars()).eq(name.chars()) } else { key == name }
    })
}

/// An id: the digits of a 64-bit number, as a string or as a number that is written like one. Anything else is not an
/// id, and `None`.
pub(super) fn id(field: Field<'_>) -> Result<Option<Text>, NoMemory> {
    let is_id = |id: &Text| id.bytes().all(|byte| byte.is_ascii_digit()) && id.parse::<u64>().is_ok();
    Ok(text(field)?.filter(is_id))
}

/// An id of another platform: a string as it is, of everything else only what is an id.
pub(super) fn foreign_id(field: Field<'_>) -> Result<Option<Text>, NoMemory> {
    match strict_text(field)? {
        Some(id) => Ok(Some(id)),
        None => id(field),
    }
}

/// Like [`text`], but a string only: what should be text and is an object or a number is treated as absent.
pub(super) fn strict_text(field: Field<'_>) -> Result<Option<Text>, NoMemory> {
    text(field.filter(|field| field.get().trim_start().starts_with('"')))
}

/// A whole number, from a JSON number or a string of digits. Fractions and overflow are `None`.
pub(super) fn integer(field: Field<'_>) -> Result<Option<i64>, NoMemory> {
    Ok(text(field)?.and_then(|text| text.parse().ok()))
}

/// An object of a field, read into `T`; anything else is `None`.
pub(super) fn object<'a, T: Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    let raw = field?.get();
    raw.trim_start().starts_with('{').then(|| serde_json::from_str(raw).ok()).flatten()
}

/// Declares what of an object is read: its fields, each as it stood there. Keys are compared, not copied.
macro_rules! wire_object {
    ($name:ident { $($field:ident),* $(,)? }) => {
        pub(super) struct $name<'a> {
            $($field: $crate::model::wire::Field<'a>,)*
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = Self { $($field: None),* };
                $crate::model::wire::each_member(deserializer, &[$(stringify!($field)),*], |key, value| {
                    $(if $crate::model::wire::is_named(key, stringify!($field)) {
                        let value = (value.get().trim() != "null").then_some(value);
                        return std::mem::replace(&mut fields.$field, value).is_none();
                    })*
                    true
                })?;
                Ok(fields)
            }
        }
    };
}
pub(super) use wire_object;

/// Reads an object member by member: those with the names that are wanted, and all others. `take` says whether to go on:
/// a field that comes twice spoils the answer.
pub(super) fn each_member<'de, D: Deserializer<'de>>(
    deserializer: D,
    names: &'static [&'static str],
    take: impl FnMut(&'de RawValue, &'de RawValue) -> bool,
) -> Result<(), D::Error> {
    struct Members<F>(F);

    impl<'de, F: FnMut(&'de RawValue, &'de RawValue) -> bool> Visitor<'de> for Members<F> {
        type Value = ();

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
            while let Some((key, value)) = members.next_entry()? {
                if !(self.0)(key, value) {
                    return Err(de::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    deserializer.deserialize_struct("object", names, Members(take))
}

/// Reads an array item by item. `take` says whether to go on.
pub(super) fn each_item<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    take: impl FnMut(T) -> bool,
) -> Result<(), D::Error> {
    struct Items<T, F>(F, PhantomData<T>);

    impl<'de, T: Deserialize<'de>, F: FnMut(T) -> bool> Visitor<'de> for Items<T, F> {
        type Value = ();

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element()? {
                if !(self.0)(item) {
                    return Err(de::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    deserializer.deserialize_seq(Items(take, PhantomData))
}

/// What `read` makes of the items of an array; nothing of what is not an array. Items it makes nothing of are left out.
pub(super) fn list<'a, R>(
    raw: &'a str,
    mut read: impl FnMut(&'a RawValue) -> Result<Option<R>, NoMemory>,
) -> Result<Vec<R>, NoMemory> {
    let mut items = Vec::new();
    let mut failure = None;
    let read_all = each_item(&mut serde_json::Deserializer::from_str(raw), |item| {
        let taken = read(item).and_then(|item| item.map_or(Ok(()), |item| room::push(&mut items, item)));
        failure = taken.err();
        failure.is_none()
    });
    match failure {
        Some(failure) => Err(failure),
        None if read_all.is_err() => Ok(Vec::new()),
        None => room::exact(items),
    }
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
            assert_eq!(text(Some(&raw(digits))).unwrap().unwrap(), digits);
        }
    }

    #[test]
    fn text_reads_strings_nulls_and_absence() {
        assert_eq!(text(Some(&raw(r#""\u00a76Not\"ch""#))).unwrap().unwrap(), "§6Not\"ch");
        assert_eq!(text(Some(&raw("null"))).unwrap(), None);
        assert_eq!(text(None).unwrap(), None);
        assert_eq!(text(Some(&raw("true"))).unwrap().unwrap(), "true");
        assert_eq!(text(Some(&raw(r#"{"a":1}"#))).unwrap().unwrap(), r#"{"a":1}"#);
    }

    #[test]
    fn ids_are_digits() {
        for (json, digits) in [
            ("1", "1"),
            (r#""411486491630370817""#, "411486491630370817"),
            ("76561198012345678", "76561198012345678"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(id(Some(&raw(json))).unwrap().unwrap(), digits);
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
            assert_eq!(id(Some(&raw(json))).unwrap(), None, "{json}");
        }
        assert_eq!(foreign_id(Some(&raw(r#""STEAM_0:1:2""#))).unwrap().unwrap(), "STEAM_0:1:2");
        assert_eq!(foreign_id(Some(&raw("76561198012345678"))).unwrap().unwrap(), "76561198012345678");
        for json in ["7.6e16", "true", "[1]"] {
            assert_eq!(foreign_id(Some(&raw(json))).unwrap(), None, "{json}");
        }
    }

    #[test]
    fn strings_are_read_as_a_parser_reads_them() {
        let pieces = [
            "a",
            "ä",
            "🎮",
            "\\n",
            "\\\"",
            "\\\\",
            "\\/",
            "\\b\\f\\r\\t",
            "\\u00e4",
            "\\ud83d\\ude00",
            "\\u0000",
            "u1234",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..5_000 {
            let inside: String =
                (0..random.usize(..12)).map(|_| pieces[random.usize(..pieces.len())]).collect();
            let json = format!("\"{inside}\"");
            let parsed: String = serde_json::from_str(&json).unwrap();
            assert_eq!(text(Some(&raw(&json))).unwrap().unwrap(), parsed.as_str(), "{json}");
            assert!(is_named(&raw(&json), &parsed), "{json}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_costs_one_character() {
        for (json, read) in [
            (r#""a\ud800b""#, "a\u{fffd}b"),
            (r#""\udc00""#, "\u{fffd}"),
            (r#""\ud800\ud800\udc00""#, "\u{fffd}\u{10000}"),
            (r#""\ud800\n""#, "\u{fffd}\n"),
            (r#""\ud800\u0041""#, "\u{fffd}A"),
            (r#""\ud800""#, "\u{fffd}"),
        ] {
            assert_eq!(text(Some(&raw(json))).unwrap().unwrap(), read, "{json}");
        }
    }

    #[test]
    fn strict_text_refuses_other_types() {
        assert_eq!(strict_text(Some(&raw("12"))).unwrap(), None);
        assert_eq!(strict_text(Some(&raw(r#""12""#))).unwrap().unwrap(), "12");
    }

    #[test]
    fn integer_refuses_fractions_and_overflow() {
        assert_eq!(integer(Some(&raw("2500"))).unwrap(), Some(2500));
        assert_eq!(integer(Some(&raw("\"-7\""))).unwrap(), Some(-7));
        assert_eq!(integer(Some(&raw("5000000000"))).unwrap(), Some(5_000_000_000));
        assert_eq!(integer(Some(&raw("12.5"))).unwrap(), None);
        assert_eq!(integer(Some(&raw("99999999999999999999"))).unwrap(), None);
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

//! What is read of the API's answers, as data: `tools/contract` compares it with the documents PayNow publishes.

/// What a field of an answer is read as.
#[derive(Debug, Clone, Copy)]
pub enum Reads {
    /// A string.
    Text,
    /// A string, one of these. Others are read as the first.
    Word(&'static [&'static str]),
    /// A string that is a date of RFC 3339.
    Date,
    /// A whole number.
    Integer,
    /// An object whose values are strings.
    Texts,
    /// An object with these fields.
    Object(&'static [Field]),
    /// An array of such objects.
    List(&'static [Field]),
}

/// A field of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it is read as.
    pub reads: Reads,
    /// Whether an answer without it is refused.
    pub needed: bool,
}

const fn optional(name: &'static str, reads: Reads) -> Field {
    Field { name, reads, needed: false }
}

const fn needed(name: &'static str, reads: Reads) -> Field {
    Field { name, reads, needed: true }
}

/// A customer.
pub(crate) static CUSTOMER: [Field; 13] = [
    needed("id", Reads::Text),
    optional("store_id", Reads::Text),
    optional("profile", Reads::Object(&PROFILE)),
    optional("steam_id", Reads::Text),
    optional("steam", Reads::Object(&PLATFORM_PROFILE)),
    optional("minecraft_uuid", Reads::Text),
    optional("minecraft", Reads::Object(&PLATFORM_PROFILE)),
    optional("xbox_xuid", Reads::Text),
    optional("minecraft_platform", Reads::Word(&["unknown", "java", "bedrock"])),
    optional("name", Reads::Text),
    optional("created_at", Reads::Date),
    optional("updated_at", Reads::Date),
    optional("metadata", Reads::Texts),
];

static PROFILE: [Field; 4] = [
    optional("id", Reads::Text),
    optional("platform", Reads::Text),
    optional("name", Reads::Text),
    optional("avatar_url", Reads::Text),
];

static PLATFORM_PROFILE: [Field; 3] =
    [optional("id", Reads::Text), optional("name", Reads::Text), optional("avatar_url", Reads::Text)];

/// A gift card.
pub(crate) static GIFT_CARD: [Field; 4] = [
    needed("code", Reads::Text),
    needed("balance", Reads::Integer),
    needed("starting_balance", Reads::Integer),
    optional("expires_at", Reads::Date),
];

/// A customer token from the management API, and one from the storefront's.
pub(crate) static TOKEN: [Field; 1] = [needed("token", Reads::Text)];
pub(crate) static CUSTOMER_TOKEN: [Field; 1] = [needed("customer_token", Reads::Text)];

/// A PayNowError.
pub(crate) static ERROR: [Field; 5] = [
    optional("status", Reads::Integer),
    optional("code", Reads::Text),
    optional("message", Reads::Text),
    optional("trace_id", Reads::Text),
    optional("errors", Reads::List(&VALIDATION_ERROR)),
];

static VALIDATION_ERROR: [Field; 4] = [
    optional("code", Reads::Text),
    optional("message", Reads::Text),
    optional("path", Reads::Text),
    optional("validation", Reads::Text),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::api_error::{ApiErrorWire, ValidationErrorWire};
    use crate::model::customer::{CustomerWire, ProfileWire};
    use crate::model::giftcard::GiftCardWire;
    use crate::model::{ApiError, Customer, GiftCard, read_token};
    use serde::Deserialize;
    use serde::de::value::Error;
    use serde::de::{Deserializer, Visitor};
    use serde_json::{Map, Value, json};

    /// Asks a struct for the names of its fields, and gives it nothing.
    struct Names<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(serde::de::Error::custom("only names"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            names: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            *self.0 = names;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    fn names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
        let mut names: &'static [&'static str] = &[];
        assert!(T::deserialize(Names(&mut names)).is_err());
        names
    }

    /// What `read` says of answers must be what `fields` says of it: each field is read as what it is, is needed or not,
    /// and none is left out.
    fn agree<T: PartialEq + std::fmt::Debug>(
        fields: &[Field],
        declared: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) {
        let names: Vec<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names, declared, "the fields are others than those the wire struct has");
        let whole = example(fields);
        let read = |value: &Map<String, Value>| read(&Value::Object(value.clone()).to_string());
        let all = read(&whole).expect("the example is refused");
        for field in fields {
            let mut without = whole.clone();
            without.remove(field.name);
            assert_eq!(read(&without).is_none(), field.needed, "{}", field.name);
            assert_ne!(read(&without).as_ref(), Some(&all), "{} is not read", field.name);
            let (Reads::Object(inner) | Reads::List(inner)) = field.reads else { continue };
            for part in inner {
                let mut without = whole.clone();
                let place = match &mut without[field.name] {
                    Value::Array(items) => items[0].as_object_mut(),
                    other => other.as_object_mut(),
                };
                place.unwrap().remove(part.name);
                assert_ne!(read(&without).as_ref(), Some(&all), "{}.{} is not read", field.name, part.name);
            }
        }
    }

    fn example(fields: &[Field]) -> Map<String, Value> {
        fields.iter().map(|field| (field.name.to_owned(), value(field))).collect()
    }

    fn value(field: &Field) -> Value {
        match field.reads {
            // Digits are text, and where an id is wanted they are an id.
            Reads::Text => json!("411486491630370817"),
            Reads::Word(words) => json!(words[1]),
            Reads::Date => json!("2024-01-02T03:04:05Z"),
            Reads::Integer => json!(7),
            Reads::Texts => json!({"a": "b"}),
            Reads::Object(inner) => Value::Object(example(inner)),
            Reads::List(inner) => json!([example(inner)]),
        }
    }

    #[test]
    fn what_is_declared_to_be_read_is_read() {
        agree(&CUSTOMER, names::<CustomerWire<'_>>(), |json| Customer::read(json).ok());
        agree(&GIFT_CARD, names::<GiftCardWire<'_>>(), |json| GiftCard::read(json).ok());
        agree(&ERROR, names::<ApiErrorWire<'_>>(), ApiError::read);
        assert_eq!(names::<ProfileWire<'_>>(), PROFILE.map(|field| field.name));
        assert_eq!(names::<ValidationErrorWire<'_>>(), VALIDATION_ERROR.map(|field| field.name));
        agree(&TOKEN, &["token"], |json| read_token(json, "token").ok());
        agree(&CUSTOMER_TOKEN, &["customer_token"], |json| read_token(json, "customer_token").ok());
    }
}

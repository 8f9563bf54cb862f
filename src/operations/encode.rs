//! From arguments to an HTTP request.

use std::{fmt, io};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::arguments::{Arguments, Entry};
use super::parameter::Parameter;
use super::{Auth, Body, Declared, MethodSource, Operation, Place};
use crate::room::NoMemory;

/// How a request is authorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    None,
    ApiKey,
    /// `Customer` and a token.
    Customer(crate::model::Secret),
}

/// A request, independent of the HTTP client that sends it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HttpRequest {
    pub(crate) method: &'static str,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    pub(crate) authorization: Authorization,
    /// Further headers; the values are checked to hold no control character.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// A JSON document.
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

/// Without the body, the headers and the query: credentials may stand in them.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next();
        let mut request = formatter.debug_struct("HttpRequest");
        request.field("method", &self.method).field("path", &path).finish_non_exhaustive()
    }
}

/// Makes the request that `operation` is with these arguments.
pub(crate) fn encode(
    operation: &Operation,
    arguments: &Arguments,
    store_id: &str,
) -> Result<HttpRequest, NoMemory> {
    let mut headers = Vec::new();
    if operation.auth == Auth::StoreHeader {
        headers.push(("x-paynow-store-id", store_id.to_owned()));
    }
    for (declared, value) in placed(operation.parameters, arguments, Place::Header) {
        headers.push((declared.wire, value.to_owned()));
    }
    Ok(HttpRequest {
        method: method(operation, arguments),
        target: target(operation, arguments, store_id)?,
        authorization: authorization(operation, arguments),
        headers,
        body: body(operation, arguments)?,
    })
}

/// What is written to: a text, or a count of what the text will take, so that it is allocated once and leaves no copies
/// behind as it grows.
trait Sink {
    fn put(&mut self, text: &str);
}

struct Count(usize);

impl Sink for Count {
    fn put(&mut self, text: &str) {
        self.0 += text.len();
    }
}

impl Sink for String {
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// The text of something that can be written to each kind of sink.
trait Writing {
    fn write(&self, sink: &mut impl Sink);

    fn text(&self) -> Result<String, NoMemory> {
        let mut count = Count(0);
        self.write(&mut count);
        let mut text = String::new();
        text.try_reserve_exact(count.0)?;
        self.write(&mut text);
        Ok(text)
    }
}

struct Target<'a> {
    operation: &'a Operation,
    arguments: &'a Arguments,
    store_id: &'a str,
}

/// Path and query of the request.
pub(crate) fn target(
    operation: &Operation,
    arguments: &Arguments,
    store_id: &str,
) -> Result<String, NoMemory> {
    Target { operation, arguments, store_id }.text()
}

impl Writing for Target<'_> {
    fn write(&self, target: &mut impl Sink) {
        let Self { operation, arguments, store_id } = self;
        let template = match operation.method {
            MethodSource::Fixed(_) => operation.path,
            MethodSource::Argument => arguments.value(Parameter::Path).unwrap_or("/"),
        };
        write_path(target, template, operation, arguments, store_id);
        let mut separator = "?";
        for (declared, value) in placed(operation.parameters, arguments, Place::Query) {
            target.put(separator);
            separator = "&";
            target.put(declared.wire);
            target.put("=");
            percent_encode(target, value);
        }
    }
}

/// The values that go to one place, in the order they were given.
fn placed<'a>(
    operation: &'static [Declared],
    arguments: &'a Arguments,
    place: Place,
) -> impl Iterator<Item = (&'static Declared, &'a str)> {
    arguments.entries().filter_map(move |entry| {
        let Entry::Value(parameter, value) = entry else {
            return None;
        };
        let declared = operation.iter().find(|declared| declared.parameter == parameter)?;
        (declared.place == place).then_some((declared, value))
    })
}

fn declared(operation: &Operation, parameter: Parameter) -> Option<&'static Declared> {
    operation.parameters.iter().find(|declared| declared.parameter == parameter)
}

fn method(operation: &Operation, arguments: &Arguments) -> &'static str {
    match operation.method {
        MethodSource::Fixed(method) => method,
        MethodSource::Argument => {
            let wanted = arguments.value(Parameter::Method);
            super::METHODS.into_iter().find(|method| Some(*method) == wanted).unwrap_or("GET")
        }
    }
}

fn authorization(operation: &Operation, arguments: &Arguments) -> Authorization {
    let customer = || {
        let token = arguments.value(Parameter::CustomerToken).unwrap_or_default();
        Authorization::Customer(crate::model::Secret::new(token.to_owned()))
    };
    match operation.auth {
        Auth::ApiKey => Authorization::ApiKey,
        Auth::Customer => customer(),
        Auth::StoreHeader => Authorization::None,
        Auth::Argument => match arguments.value(Parameter::Auth) {
            Some("api_key") => Authorization::ApiKey,
            Some("customer") => customer(),
            _ => Authorization::None,
        },
    }
}

fn write_path(
    target: &mut impl Sink,
    template: &str,
    operation: &Operation,
    arguments: &Arguments,
    store_id: &str,
) {
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let end = rest[start..].find('}').map_or(rest.len(), |length| start + length + 1);
        target.put(&rest[..start]);
        match &rest[start..end] {
            "{store_id}" => target.put(store_id),
            placeholder => {
                let value = operation
                    .parameters
                    .iter()
                    .find(|declared| declared.wire == placeholder)
                    .and_then(|declared| arguments.value(declared.parameter))
                    .unwrap_or_default();
                percent_encode(target, value);
            }
        }
        rest = &rest[end..];
    }
    target.put(rest);
}

/// Everything but RFC 3986's unreserved characters: right in a path segment and in a query value.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn percent_encode(target: &mut impl Sink, value: &str) {
    utf8_percent_encode(value, RESERVED).for_each(|part| target.put(part));
}

fn body(operation: &Operation, arguments: &Arguments) -> Result<Option<Zeroizing<Vec<u8>>>, NoMemory> {
    let is_given = match operation.body {
        Body::None => false,
        Body::Argument => arguments.value(Parameter::Json).is_some(),
        Body::Object | Body::Array => true,
    };
    is_given
        .then(|| Document { operation, arguments }.text().map(|json| Zeroizing::new(json.into_bytes())))
        .transpose()
}

/// The JSON of a body.
struct Document<'a> {
    operation: &'a Operation,
    arguments: &'a Arguments,
}

impl Writing for Document<'_> {
    fn write(&self, json: &mut impl Sink) {
        let Self { operation, arguments } = self;
        match operation.body {
            Body::None => {}
            Body::Argument => json.put(arguments.value(Parameter::Json).unwrap_or_default()),
            Body::Object => {
                let mut object = ObjectWriter::open(json);
                for entry in arguments.entries() {
                    object.entry(operation, entry);
                }
                object.close();
            }
            Body::Array => {
                let mut before = "[";
                let mut entries = arguments.entries().peekable();
                while entries.next_if_eq(&Entry::Item).is_some() {
                    json.put(before);
                    before = ",";
                    let mut object = ObjectWriter::open(json);
                    while let Some(field) = entries.next_if(|next| *next != Entry::Item) {
                        object.entry(operation, field);
                    }
                    object.close();
                }
                json.put(if before == "[" { "[]" } else { "]" });
            }
        }
    }
}

/// Writes one JSON object field by field, in the order the arguments were given.
struct ObjectWriter<'a, S> {
    json: &'a mut S,
    empty: bool,
    in_metadata: bool,
    metadata_empty: bool,
}

impl<'a, S: Sink> ObjectWriter<'a, S> {
    fn open(json: &'a mut S) -> Self {
        json.put("{");
        Self { json, empty: true, in_metadata: false, metadata_empty: true }
    }

    fn entry(&mut self, operation: &Operation, entry: Entry<'_>) {
        match entry {
            Entry::Value(parameter, value) => {
                if self.key(operation, parameter) {
                    write_string(self.json, value);
                }
            }
            Entry::Null(parameter) => {
                if self.key(operation, parameter) {
                    self.json.put("null");
                }
            }
            Entry::MetadataStart => {
                if self.key(operation, Parameter::Metadata) {
                    self.json.put("{");
                    self.in_metadata = true;
                    self.metadata_empty = true;
                }
            }
            Entry::Metadata(key, value) => {
                if !std::mem::replace(&mut self.metadata_empty, false) {
                    self.json.put(",");
                }
                write_string(self.json, key);
                self.json.put(":");
                write_string(self.json, value);
            }
            Entry::Item => {}
        }
    }

    fn key(&mut self, operation: &Operation, parameter: Parameter) -> bool {
        self.end_metadata();
        let Some(declared) = declared(operation, parameter).filter(|declared| declared.place == Place::Field)
        else {
            return false;
        };
        if !std::mem::replace(&mut self.empty, false) {
            self.json.put(",");
        }
        write_string(self.json, declared.wire);
        self.json.put(":");
        true
    }

    fn end_metadata(&mut self) {
        if std::mem::replace(&mut self.in_metadata, false) {
            self.json.put("}");
        }
    }

    fn close(mut self) {
        self.end_metadata();
        self.json.put("}");
    }
}

fn write_string(json: &mut impl Sink, text: &str) {
    /// The writer hands over texts: whole characters, and escapes.
    struct Texts<'a, S>(&'a mut S);

    impl<S: Sink> io::Write for Texts<'_, S> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.put(std::str::from_utf8(bytes).map_err(io::Error::other)?);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    serde_json::to_writer(Texts(json), text).expect("writing text to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use crate::room::counting::each_refused;

    const STORE: &str = "411486491630370816";

    fn body_text(request: &HttpRequest) -> &str {
        std::str::from_utf8(request.body.as_ref().expect("a body")).unwrap()
    }

    #[test]
    fn a_request_there_is_no_memory_for_is_refused() {
        let long = "ä\u{1}\"".repeat(500);
        let mut bulk = Arguments::new();
        for _ in 0..BULK_LIMIT {
            bulk.item().unwrap();
            bulk.metadata([Ok(("a", &*long)), Ok(("b", "c"))]).unwrap();
        }
        assert_eq!(each_refused(1_000, || encode(&BULK_CREATE_CUSTOMERS, &bulk, STORE)), 1, "the body");
        let mut search = Arguments::new();
        search.text(Parameter::Search, &"ä".repeat(128)).unwrap();
        assert_eq!(each_refused(200, || encode(&LIST_CUSTOMERS, &search, STORE)), 1, "the target");
    }

    #[test]
    fn list_with_every_parameter() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::Limit, "100").unwrap();
        arguments.text(Parameter::After, "12").unwrap();
        arguments.text(Parameter::Ascending, "true").unwrap();
        arguments.text(Parameter::Search, "a b&c=ä").unwrap();
        let request = encode(&LIST_CUSTOMERS, &arguments, STORE).unwrap();
        assert_eq!(request.method, "GET");
        assert_eq!(
            request.target,
            "/v1/stores/411486491630370816/customers?limit=100&after=12&asc=true&search=a%20b%26c%3D%C3%A4"
        );
        assert_eq!(request.authorization, Authorization::ApiKey);
        assert_eq!(request.body, None);
        assert!(request.headers.is_empty());
    }

    #[test]
    fn update_tells_absent_null_and_value_apart() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::CustomerId, "77").unwrap();
        arguments.null(Parameter::Name).unwrap();
        arguments.text(Parameter::SteamId, "76561198012345678").unwrap();
        arguments.metadata([Ok(("k\"", "v\n")), Ok(("b", "2"))]).unwrap();
        arguments.text(Parameter::MinecraftPlatform, "java").unwrap();
        let request = encode(&UPDATE_CUSTOMER, &arguments, STORE).unwrap();
        assert_eq!(request.method, "PATCH");
        assert_eq!(request.target, "/v1/stores/411486491630370816/customers/77");
        assert_eq!(
            body_text(&request),
            r#"{"name":null,"steam_id":"76561198012345678","metadata":{"k\"":"v\n","b":"2"},"minecraft_platform":"java"}"#
        );
    }

    #[test]
    fn empty_and_null_metadata_differ() {
        let mut arguments = Arguments::new();
        arguments.metadata([]).unwrap();
        assert_eq!(body_text(&encode(&CREATE_CUSTOMER, &arguments, STORE).unwrap()), r#"{"metadata":{}}"#);
        let mut arguments = Arguments::new();
        arguments.null(Parameter::Metadata).unwrap();
        assert_eq!(body_text(&encode(&CREATE_CUSTOMER, &arguments, STORE).unwrap()), r#"{"metadata":null}"#);
        assert_eq!(body_text(&encode(&CREATE_CUSTOMER, &Arguments::new(), STORE).unwrap()), "{}");
    }

    #[test]
    fn bulk_is_an_array() {
        let mut arguments = Arguments::new();
        arguments.item().unwrap();
        arguments.text(Parameter::Name, "a").unwrap();
        arguments.metadata([Ok(("x", "y"))]).unwrap();
        arguments.item().unwrap();
        arguments.item().unwrap();
        arguments.text(Parameter::XboxXuid, "5").unwrap();
        let request = encode(&BULK_CREATE_CUSTOMERS, &arguments, STORE).unwrap();
        assert_eq!(body_text(&request), r#"[{"name":"a","metadata":{"x":"y"}},{},{"xbox_xuid":"5"}]"#);
        assert_eq!(request.target, "/v1/stores/411486491630370816/customers/bulk");
    }

    #[test]
    fn authentication_has_headers_and_no_authorization() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::Platform, "minecraft_uuid").unwrap();
        arguments.text(Parameter::AccountId, "069a79f4-44e9-4726-a5be-fca90e38aaf5").unwrap();
        arguments.text(Parameter::CustomerIp, "2001:db8::1").unwrap();
        arguments.text(Parameter::CustomerCountryCode, "DE").unwrap();
        let request = encode(&AUTHENTICATE_CUSTOMER, &arguments, STORE).unwrap();
        assert_eq!(request.target, "/v1/store/customer/auth");
        assert_eq!(request.authorization, Authorization::None);
        assert_eq!(
            request.headers,
            [
                ("x-paynow-store-id", STORE.to_owned()),
                ("x-paynow-customer-ip", "2001:db8::1".to_owned()),
                ("x-paynow-customer-countrycode", "DE".to_owned()),
            ]
        );
        assert_eq!(
            body_text(&request),
            r#"{"platform":"minecraft_uuid","id":"069a79f4-44e9-4726-a5be-fca90e38aaf5"}"#
        );
    }

    #[test]
    fn gift_card_codes_are_percent_encoded() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::CustomerToken, "tok").unwrap();
        arguments.text(Parameter::GiftCardCode, "SUMMER 24/ÄÖ?#").unwrap();
        let request = encode(&LOOKUP_GIFTCARD, &arguments, STORE).unwrap();
        assert_eq!(request.target, "/v1/store/customer/giftcards/lookup/SUMMER%2024%2F%C3%84%C3%96%3F%23");
        assert!(matches!(&request.authorization, Authorization::Customer(token) if token.expose() == "tok"));
        assert!(!format!("{request:?}").contains("tok\""));
    }

    #[test]
    fn raw_requests_fill_in_the_store() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::Method, "POST").unwrap();
        arguments.text(Parameter::Path, "/v1/stores/{store_id}/checkouts?x=1").unwrap();
        arguments.text(Parameter::Auth, "api_key").unwrap();
        arguments.text(Parameter::Json, r#"{"a":1}"#).unwrap();
        let request = encode(&REQUEST, &arguments, STORE).unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/v1/stores/411486491630370816/checkouts?x=1");
        assert_eq!(request.authorization, Authorization::ApiKey);
        assert_eq!(body_text(&request), r#"{"a":1}"#);
    }
}

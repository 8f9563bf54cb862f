//! The operations as they are declared, for `tools/contract`, which compares them with the documents PayNow publishes.
//! Not part of what the library promises.

use super::parameter::{LIMITS, Parameter};
use super::{Auth, BULK_LIMIT, Body, Expected, MethodSource, OperationId, Place as Placed};
use crate::model::reads::{CUSTOMER, CUSTOMER_TOKEN, ERROR, GIFT_CARD, TOKEN};
pub use crate::model::reads::{Field, Reads};

/// The credentials an operation is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// `Authorization: APIKey …`
    ApiKey,
    /// `Authorization: Customer …`
    Customer,
    /// None.
    None,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// Into the body, as a field of its object or objects.
    Field,
}

/// One parameter of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it goes.
    pub place: Place,
    /// Its JSON type.
    pub json_type: &'static str,
    /// The words it is limited to; empty when it is not.
    pub words: &'static [&'static str],
    /// The smallest and largest number it may be.
    pub range: Option<(u32, u32)>,
    /// Whether every request has it.
    pub always: bool,
    /// Whether it can be null.
    pub nullable: bool,
}

/// What a request has as its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// None.
    Nothing,
    /// An object of the fields.
    Object,
    /// So many such objects at most.
    Objects(usize),
}

/// What a successful answer is read as.
#[derive(Debug, Clone, Copy)]
pub enum Success {
    /// Nothing of it is read.
    Nothing,
    /// An object.
    Object(&'static [Field]),
    /// An array of such objects.
    Objects(&'static [Field]),
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name in every language.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with placeholders in braces.
    pub path: &'static str,
    /// What it is sent with.
    pub credentials: Credentials,
    /// What it can be given, and what is always sent along.
    pub parameters: Vec<Declared>,
    /// What the fields become.
    pub body: RequestBody,
    /// What is read when it succeeds.
    pub success: Success,
    /// What is read when it is refused.
    pub error: &'static [Field],
}

/// Words of the API that are never sent, on purpose.
pub const NEVER_SENT: [&str; 1] = ["invalid"];

/// Parameters that PayNow's first documents do not have, each with its operation: a document without one may just be older.
pub const NEWER: [(&str, &str); 1] = [("list_customers", "customer_id")];

/// Every operation with a path of its own, in the order of their numbers.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for operation in OperationId::ALL.iter().map(|id| id.operation()) {
        let MethodSource::Fixed(method) = operation.method else { continue };
        if operation.goal.is_some() {
            continue;
        }
        let mut parameters = Vec::new();
        if operation.path.contains("{store_id}") {
            parameters.push(store_id("{store_id}", Place::Path));
        }
        if operation.auth == Auth::StoreHeader {
            parameters.push(store_id("x-paynow-store-id", Place::Header));
        }
        for declared in operation.parameters {
            let place = match declared.place {
                Placed::Path => Place::Path,
                Placed::Query => Place::Query,
                Placed::Header => Place::Header,
                Placed::Field => Place::Field,
                Placed::Control => continue,
            };
            let (json_type, words) = declared.parameter.json_type();
            parameters.push(Declared {
                name: declared.wire,
                place,
                json_type,
                words,
                range: (declared.parameter == Parameter::Limit).then(|| (*LIMITS.start(), *LIMITS.end())),
                always: operation.required.contains(&declared.parameter),
                nullable: declared.nullable,
            });
        }
        operations.push(Operation {
            name: operation.name,
            method,
            path: operation.path,
            credentials: match operation.auth {
                Auth::ApiKey => Credentials::ApiKey,
                Auth::Customer => Credentials::Customer,
                Auth::StoreHeader | Auth::Argument => Credentials::None,
            },
            parameters,
            body: match operation.body {
                Body::Object => RequestBody::Object,
                Body::Array => RequestBody::Objects(BULK_LIMIT),
                Body::None | Body::Argument => RequestBody::Nothing,
            },
            success: match operation.expected {
                Expected::Customer => Success::Object(&CUSTOMER),
                Expected::Customers => Success::Objects(&CUSTOMER),
                Expected::Token("token") => Success::Object(&TOKEN),
                Expected::Token(_) => Success::Object(&CUSTOMER_TOKEN),
                Expected::GiftCard => Success::Object(&GIFT_CARD),
                Expected::Nothing | Expected::AnyJson => Success::Nothing,
            },
            error: &ERROR,
        });
    }
    operations
}

/// The store's id, which the client sends along.
fn store_id(name: &'static str, place: Place) -> Declared {
    Declared { name, place, json_type: "string", words: &[], range: None, always: true, nullable: false }
}

//! The operations of the API, each declared once, as data.
//!
//! Validating, encoding, decoding, authorising, retrying and remembering read these declarations and know no operation by
//! name. The faces do not: each has a function for each operation, written by hand, and a test (`src/tables.rs`) that names
//! what is missing. CONTRIBUTING.md lists the places. Fields, places and statuses come from PayNow's Management and
//! Storefront documents.

mod arguments;
pub mod declared;
mod decode;
mod encode;
mod flow;
mod json;
mod parameter;
mod sent;
mod status;

pub(crate) use arguments::{Arguments, Entry};
pub use decode::Answer;
pub(crate) use decode::{Decoded, decode};
pub(crate) use encode::{Authorization, HttpRequest, encode, target};
pub(crate) use flow::{Flow, Goal, Next};
pub use parameter::InvalidArgument;
pub(crate) use parameter::{
    AUTHS, METHODS, PLATFORMS, Parameter, credential, digits, parse_uuid, spell_uuid,
};
pub use sent::Sent;
pub(crate) use status::Refusal;
pub use status::Status;
use status::numbered;

/// Longest list of customers one bulk request may create.
pub const BULK_LIMIT: usize = 200;

/// Most customers a page of a list holds, and most ids a list can be narrowed to: more would not come in one answer.
pub const PAGE_LIMIT: usize = 100;

numbered! {
    /// Which operation a completion belongs to. The numbers are the ones of the C face; they are never reused.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum OperationId {
        /// `GET /v1/stores/{store_id}/customers`
        ListCustomers = 1,
        /// `POST /v1/stores/{store_id}/customers`
        CreateCustomer = 2,
        /// `GET /v1/stores/{store_id}/customers/{customer_id}`
        GetCustomer = 3,
        /// `PATCH /v1/stores/{store_id}/customers/{customer_id}`
        UpdateCustomer = 4,
        /// `POST /v1/stores/{store_id}/customers/{customer_id}/tokens`
        CreateCustomerToken = 5,
        /// `DELETE /v1/stores/{store_id}/customers/{customer_id}/tokens`
        InvalidateCustomerTokens = 6,
        /// `GET /v1/stores/{store_id}/customers/lookup`
        LookupCustomer = 7,
        /// `POST /v1/stores/{store_id}/customers/bulk`
        BulkCreateCustomers = 8,
        /// `POST /v1/store/customer/auth`
        AuthenticateCustomer = 9,
        /// `GET /v1/store/customer`
        GetCurrentCustomer = 10,
        /// `GET /v1/store/customer/giftcards/lookup/{code}`
        LookupGiftcard = 11,
        /// Any other operation of the API.
        Request = 12,
        /// Look up, create the unknown, look up again when another server was first.
        EnsureCustomer = 13,
        /// The same, and a token of the customer's.
        TokenFor = 14,
    }
}

/// Where the method of a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodSource {
    Fixed(&'static str),
    Argument,
}

/// The credentials a request is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// `Authorization: APIKey …`
    ApiKey,
    /// `Authorization: Customer …`, from the argument `customer_token`.
    Customer,
    /// No Authorization; `x-paynow-store-id` says which store is meant.
    StoreHeader,
    /// What the argument `auth` says.
    Argument,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Field,
    /// Not sent as such: it steers how the request is made.
    Control,
}

/// How the body is made of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Object,
    Array,
    /// The argument `json`, as it is.
    Argument,
}

/// What a successful answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Customer,
    Customers,
    /// A token, under this name.
    Token(&'static str),
    GiftCard,
    Nothing,
    AnyJson,
}

/// What a request may change at the API, and so what remembered answers are no longer true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// There are customers who were not.
    CreatesCustomers,
    /// The one the argument `customer_id` names is another.
    ChangesCustomer,
    /// Unless it is a GET.
    Unknown,
}

/// One parameter of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) parameter: Parameter,
    pub(crate) place: Place,
    /// Its name on the wire.
    pub(crate) wire: &'static str,
    nullable: bool,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) name: &'static str,
    pub(crate) method: MethodSource,
    pub(crate) path: &'static str,
    pub(crate) auth: Auth,
    pub(crate) parameters: &'static [Declared],
    /// Parameters that must be given.
    required: &'static [Parameter],
    /// Whether exactly one of the query parameters must be given.
    exactly_one: bool,
    pub(crate) body: Body,
    pub(crate) expected: Expected,
    /// Whether a 404 that is a PayNowError means "no such customer" (or card): an answer, not an error.
    pub(crate) absent_on_404: bool,
    /// Whether sending it twice does no more than sending it once.
    pub(crate) repeatable: bool,
    /// Whether the answer may be remembered.
    pub(crate) cacheable: bool,
    pub(crate) effect: Effect,
    /// Made of several requests, which end with this.
    pub(crate) goal: Option<Goal>,
}

const fn at(parameter: Parameter, place: Place, wire: &'static str) -> Declared {
    Declared { parameter, place, wire, nullable: false }
}

const fn nullable(parameter: Parameter, wire: &'static str) -> Declared {
    Declared { parameter, place: Place::Field, wire, nullable: true }
}

const CUSTOMER_ID: Declared = at(Parameter::CustomerId, Place::Path, "{customer_id}");
const CUSTOMER_TOKEN: Declared = at(Parameter::CustomerToken, Place::Control, "");

/// What most operations have in common.
const PLAIN: Operation = Operation {
    id: OperationId::Request,
    name: "",
    method: MethodSource::Fixed(""),
    path: "",
    auth: Auth::ApiKey,
    parameters: &[],
    required: &[],
    exactly_one: false,
    body: Body::None,
    expected: Expected::Nothing,
    absent_on_404: false,
    repeatable: false,
    cacheable: false,
    effect: Effect::None,
    goal: None,
};

/// The fields of `UpsertCustomerRequestDto`.
const CUSTOMER_FIELDS: [Declared; 6] = [
    at(Parameter::SteamId, Place::Field, "steam_id"),
    nullable(Parameter::MinecraftUuid, "minecraft_uuid"),
    at(Parameter::MinecraftPlatform, Place::Field, "minecraft_platform"),
    nullable(Parameter::XboxXuid, "xbox_xuid"),
    nullable(Parameter::Name, "name"),
    nullable(Parameter::Metadata, "metadata"),
];

pub(crate) static LIST_CUSTOMERS: Operation = Operation {
    id: OperationId::ListCustomers,
    name: "list_customers",
    method: MethodSource::Fixed("GET"),
    path: "/v1/stores/{store_id}/customers",
    parameters: &[
        at(Parameter::Limit, Place::Query, "limit"),
        at(Parameter::After, Place::Query, "after"),
        at(Parameter::Before, Place::Query, "before"),
        at(Parameter::Ascending, Place::Query, "asc"),
        at(Parameter::Search, Place::Query, "search"),
        // Given once for each id. Newer than the rest: PayNow's document of August 2026 has it.
        at(Parameter::CustomerIds, Place::Query, "customer_id"),
    ],
    expected: Expected::Customers,
    repeatable: true,
    ..PLAIN
};

pub(crate) static CREATE_CUSTOMER: Operation = Operation {
    id: OperationId::CreateCustomer,
    name: "create_customer",
    method: MethodSource::Fixed("POST"),
    path: "/v1/stores/{store_id}/customers",
    parameters: &CUSTOMER_FIELDS,
    body: Body::Object,
    expected: Expected::Customer,
    effect: Effect::CreatesCustomers,
    ..PLAIN
};

pub(crate) static GET_CUSTOMER: Operation = Operation {
    id: OperationId::GetCustomer,
    name: "get_customer",
    method: MethodSource::Fixed("GET"),
    path: "/v1/stores/{store_id}/customers/{customer_id}",
    parameters: &[CUSTOMER_ID],
    required: &[Parameter::CustomerId],
    expected: Expected::Customer,
    absent_on_404: true,
    repeatable: true,
    cacheable: true,
    ..PLAIN
};

pub(crate) static UPDATE_CUSTOMER: Operation = Operation {
    id: OperationId::UpdateCustomer,
    name: "update_customer",
    method: MethodSource::Fixed("PATCH"),
    path: "/v1/stores/{store_id}/customers/{customer_id}",
    parameters: &[
        CUSTOMER_ID,
        CUSTOMER_FIELDS[0],
        CUSTOMER_FIELDS[1],
        CUSTOMER_FIELDS[2],
        CUSTOMER_FIELDS[3],
        CUSTOMER_FIELDS[4],
        CUSTOMER_FIELDS[5],
    ],
    required: &[Parameter::CustomerId],
    body: Body::Object,
    expected: Expected::Customer,
    effect: Effect::ChangesCustomer,
    ..PLAIN
};

pub(crate) static CREATE_CUSTOMER_TOKEN: Operation = Operation {
    id: OperationId::CreateCustomerToken,
    name: "create_customer_token",
    method: MethodSource::Fixed("POST"),
    path: "/v1/stores/{store_id}/customers/{customer_id}/tokens",
    parameters: &[CUSTOMER_ID],
    required: &[Parameter::CustomerId],
    expected: Expected::Token("token"),
    ..PLAIN
};

pub(crate) static INVALIDATE_CUSTOMER_TOKENS: Operation = Operation {
    id: OperationId::InvalidateCustomerTokens,
    name: "invalidate_customer_tokens",
    method: MethodSource::Fixed("DELETE"),
    path: "/v1/stores/{store_id}/customers/{customer_id}/tokens",
    parameters: &[CUSTOMER_ID],
    required: &[Parameter::CustomerId],
    expected: Expected::Nothing,
    repeatable: true,
    ..PLAIN
};

pub(crate) static LOOKUP_CUSTOMER: Operation = Operation {
    id: OperationId::LookupCustomer,
    name: "lookup_customer",
    method: MethodSource::Fixed("GET"),
    path: "/v1/stores/{store_id}/customers/lookup",
    parameters: &[
        at(Parameter::LookupId, Place::Query, "id"),
        at(Parameter::SteamId, Place::Query, "steam_id"),
        at(Parameter::MinecraftUuid, Place::Query, "minecraft_uuid"),
        at(Parameter::XboxXuid, Place::Query, "xbox_xuid"),
        at(Parameter::MinecraftJavaName, Place::Query, "minecraft_java_name"),
        at(Parameter::MinecraftBedrockName, Place::Query, "minecraft_bedrock_name"),
        at(Parameter::Name, Place::Query, "name"),
    ],
    exactly_one: true,
    expected: Expected::Customer,
    absent_on_404: true,
    repeatable: true,
    cacheable: true,
    ..PLAIN
};

pub(crate) static BULK_CREATE_CUSTOMERS: Operation = Operation {
    id: OperationId::BulkCreateCustomers,
    name: "bulk_create_customers",
    method: MethodSource::Fixed("POST"),
    path: "/v1/stores/{store_id}/customers/bulk",
    parameters: &CUSTOMER_FIELDS,
    body: Body::Array,
    expected: Expected::Customers,
    effect: Effect::CreatesCustomers,
    ..PLAIN
};

pub(crate) static AUTHENTICATE_CUSTOMER: Operation = Operation {
    id: OperationId::AuthenticateCustomer,
    name: "authenticate_customer",
    method: MethodSource::Fixed("POST"),
    path: "/v1/store/customer/auth",
    auth: Auth::StoreHeader,
    parameters: &[
        at(Parameter::Platform, Place::Field, "platform"),
        at(Parameter::AccountId, Place::Field, "id"),
        at(Parameter::CustomerIp, Place::Header, "x-paynow-customer-ip"),
        at(Parameter::CustomerCountryCode, Place::Header, "x-paynow-customer-countrycode"),
    ],
    // The document requires the address whenever the caller is not the customer's browser: here, always.
    required: &[Parameter::Platform, Parameter::AccountId, Parameter::CustomerIp],
    body: Body::Object,
    expected: Expected::Token("customer_token"),
    effect: Effect::CreatesCustomers,
    ..PLAIN
};

pub(crate) static GET_CURRENT_CUSTOMER: Operation = Operation {
    id: OperationId::GetCurrentCustomer,
    name: "get_current_customer",
    method: MethodSource::Fixed("GET"),
    path: "/v1/store/customer",
    auth: Auth::Customer,
    parameters: &[CUSTOMER_TOKEN],
    required: &[Parameter::CustomerToken],
    expected: Expected::Customer,
    repeatable: true,
    ..PLAIN
};

pub(crate) static LOOKUP_GIFTCARD: Operation = Operation {
    id: OperationId::LookupGiftcard,
    name: "lookup_giftcard",
    method: MethodSource::Fixed("GET"),
    path: "/v1/store/customer/giftcards/lookup/{code}",
    auth: Auth::Customer,
    parameters: &[CUSTOMER_TOKEN, at(Parameter::GiftCardCode, Place::Path, "{code}")],
    required: &[Parameter::CustomerToken, Parameter::GiftCardCode],
    expected: Expected::GiftCard,
    absent_on_404: true,
    repeatable: true,
    ..PLAIN
};

pub(crate) static REQUEST: Operation = Operation {
    id: OperationId::Request,
    name: "request",
    method: MethodSource::Argument,
    auth: Auth::Argument,
    parameters: &[
        at(Parameter::Method, Place::Control, ""),
        at(Parameter::Path, Place::Control, ""),
        at(Parameter::Auth, Place::Control, ""),
        CUSTOMER_TOKEN,
        at(Parameter::Json, Place::Control, ""),
    ],
    required: &[Parameter::Method, Parameter::Path, Parameter::Auth],
    body: Body::Argument,
    expected: Expected::AnyJson,
    effect: Effect::Unknown,
    ..PLAIN
};

pub(crate) static ENSURE_CUSTOMER: Operation = Operation {
    id: OperationId::EnsureCustomer,
    name: "ensure_customer",
    method: MethodSource::Fixed(""),
    expected: Expected::Customer,
    cacheable: true,
    goal: Some(Goal::Customer),
    ..PLAIN
};

pub(crate) static TOKEN_FOR: Operation = Operation {
    id: OperationId::TokenFor,
    name: "token_for",
    method: MethodSource::Fixed(""),
    expected: Expected::Token("token"),
    goal: Some(Goal::Token),
    ..PLAIN
};

impl OperationId {
    pub(crate) fn operation(self) -> &'static Operation {
        match self {
            Self::ListCustomers => &LIST_CUSTOMERS,
            Self::CreateCustomer => &CREATE_CUSTOMER,
            Self::GetCustomer => &GET_CUSTOMER,
            Self::UpdateCustomer => &UPDATE_CUSTOMER,
            Self::CreateCustomerToken => &CREATE_CUSTOMER_TOKEN,
            Self::InvalidateCustomerTokens => &INVALIDATE_CUSTOMER_TOKENS,
            Self::LookupCustomer => &LOOKUP_CUSTOMER,
            Self::BulkCreateCustomers => &BULK_CREATE_CUSTOMERS,
            Self::AuthenticateCustomer => &AUTHENTICATE_CUSTOMER,
            Self::GetCurrentCustomer => &GET_CURRENT_CUSTOMER,
            Self::LookupGiftcard => &LOOKUP_GIFTCARD,
            Self::Request => &REQUEST,
            Self::EnsureCustomer => &ENSURE_CUSTOMER,
            Self::TokenFor => &TOKEN_FOR,
        }
    }

    /// The operation with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| *id as u32 == number)
    }

    /// The operation's name: the same word in Rust, C and Java.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.operation().name
    }
}

impl Operation {
    /// Checks what only all arguments together can tell: nothing required is missing, no more than one
    /// key was given, the list is neither empty nor too long, no null stands where none is allowed.
    #[inline(always)] // of a known operation next to nothing is left of it
    pub(crate) fn check(&self, arguments: &Arguments) -> Result<(), InvalidArgument> {
        let seen = arguments.seen();
        for parameter in self.required {
            if seen & parameter.bit() == 0 {
                return Err(InvalidArgument::new(parameter.name(), "is required"));
            }
        }
        if self.exactly_one && seen.count_ones() != 1 {
            return Err(InvalidArgument::new(
                "key",
                "must be exactly one of id, steam_id, minecraft_uuid, xbox_xuid, minecraft_java_name, \
                 minecraft_bedrock_name, name",
            ));
        }
        match self.body {
            Body::Array => check_bulk(arguments.items() as usize)?,
            Body::Argument => check_raw(arguments)?,
            Body::None | Body::Object => {}
        }
        if arguments.has_nulls() { self.check_nulls(arguments) } else { Ok(()) }
    }

    #[inline(never)]
    fn check_nulls(&self, arguments: &Arguments) -> Result<(), InvalidArgument> {
        let mut item = None;
        for entry in arguments.entries() {
            match entry {
                Entry::Item => item = Some(item.map_or(0, |index: usize| index + 1)),
                Entry::Null(parameter) if !self.allows_null(parameter) => {
                    let error = InvalidArgument::new(parameter.name(), "cannot be null");
                    return Err(item.map_or(error, |index| error.in_item(index)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn allows_null(&self, parameter: Parameter) -> bool {
        self.parameters.iter().any(|declared| declared.parameter == parameter && declared.nullable)
    }

    /// Whether sending these arguments twice does no more than sending them once.
    pub(crate) fn is_repeatable(&self, arguments: &Arguments) -> bool {
        match self.method {
            MethodSource::Fixed(_) => self.repeatable,
            MethodSource::Argument => arguments.value(Parameter::Method) == Some("GET"),
        }
    }

    /// What the request may change.
    pub(crate) fn effect_of(&self, arguments: &Arguments) -> Effect {
        match self.effect {
            Effect::Unknown if arguments.value(Parameter::Method) == Some("GET") => Effect::None,
            effect => effect,
        }
    }

    /// Whether the request needs the client's API key.
    pub(crate) fn needs_api_key(&self, arguments: &Arguments) -> bool {
        match self.auth {
            Auth::ApiKey => true,
            Auth::Argument => arguments.value(Parameter::Auth) == Some("api_key"),
            Auth::Customer | Auth::StoreHeader => false,
        }
    }
}

/// Refuses a bulk of so many customers: for faces, before they read any of them.
pub(crate) fn check_bulk(customers: usize) -> Result<(), InvalidArgument> {
    match customers {
        0 => Err(InvalidArgument::new("customers", "must not be empty")),
        1..=BULK_LIMIT => Ok(()),
        _ => Err(InvalidArgument::new("customers", "must not be more than 200")),
    }
}

#[inline(never)]
fn check_raw(arguments: &Arguments) -> Result<(), InvalidArgument> {
    let needs_token = arguments.value(Parameter::Auth) == Some("customer");
    let has_token = arguments.seen() & Parameter::CustomerToken.bit() != 0;
    match (needs_token, has_token) {
        (true, false) => {
            Err(InvalidArgument::new("customer_token", "is required with customer authentication"))
        }
        (false, true) => {
            Err(InvalidArgument::new("customer_token", "is only used with customer authentication"))
        }
        _ if arguments.value(Parameter::Method) == Some("GET")
            && arguments.seen() & Parameter::Json.bit() != 0 =>
        {
            Err(InvalidArgument::new("json", "must be absent with GET"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_number() {
        for id in OperationId::ALL {
            assert_eq!(id.operation().id, *id);
            assert_eq!(OperationId::from_number(*id as u32), Some(*id));
        }
        assert_eq!(OperationId::from_number(0), None);
        let beyond = OperationId::ALL.iter().map(|id| *id as u32).max().unwrap() + 1;
        assert_eq!(OperationId::from_number(beyond), None);
    }

    #[test]
    fn every_placeholder_of_a_path_is_declared_and_required() {
        for operation in OperationId::ALL.iter().map(|id| id.operation()) {
            for declared in operation.parameters {
                if declared.place == Place::Path {
                    assert!(operation.path.contains(declared.wire), "{}", operation.name);
                    assert!(operation.required.contains(&declared.parameter), "{}", operation.name);
                }
            }
            let placeholders = operation.path.matches('{').count();
            let declared = operation.parameters.iter().filter(|d| d.place == Place::Path).count();
            let store = usize::from(operation.path.contains("{store_id}"));
            assert_eq!(placeholders, declared + store, "{}", operation.name);
        }
    }

    #[test]
    fn lookup_takes_exactly_one_key() {
        let mut arguments = Arguments::new();
        assert_eq!(LOOKUP_CUSTOMER.check(&arguments).unwrap_err().argument(), "key");
        arguments.text(Parameter::Name, "a").unwrap();
        LOOKUP_CUSTOMER.check(&arguments).unwrap();
        arguments.text(Parameter::SteamId, "1").unwrap();
        assert_eq!(LOOKUP_CUSTOMER.check(&arguments).unwrap_err().argument(), "key");
    }

    #[test]
    fn bulk_takes_1_to_200_items() {
        let mut arguments = Arguments::new();
        assert_eq!(BULK_CREATE_CUSTOMERS.check(&arguments).unwrap_err().argument(), "customers");
        for _ in 0..200 {
            arguments.item().unwrap();
        }
        BULK_CREATE_CUSTOMERS.check(&arguments).unwrap();
        arguments.item().unwrap();
        assert_eq!(BULK_CREATE_CUSTOMERS.check(&arguments).unwrap_err().argument(), "customers");
    }

    #[test]
    fn null_only_where_the_contract_allows_it() {
        for (parameter, allowed) in [
            (Parameter::MinecraftUuid, true),
            (Parameter::XboxXuid, true),
            (Parameter::Name, true),
            (Parameter::Metadata, true),
            (Parameter::SteamId, false),
            (Parameter::MinecraftPlatform, false),
        ] {
            let mut arguments = Arguments::new();
            arguments.text(Parameter::CustomerId, "1").unwrap();
            arguments.null(parameter).unwrap();
            assert_eq!(UPDATE_CUSTOMER.check(&arguments).is_ok(), allowed, "{parameter:?}");
        }
    }

    #[test]
    fn required_arguments_are_named() {
        assert_eq!(AUTHENTICATE_CUSTOMER.check(&Arguments::new()).unwrap_err().argument(), "platform");
        assert_eq!(GET_CURRENT_CUSTOMER.check(&Arguments::new()).unwrap_err().argument(), "customer_token");
    }

    #[test]
    fn raw_requests_match_token_and_authentication() {
        let raw = |method: &str, auth: &str, token: bool, json: bool| {
            let mut arguments = Arguments::new();
            arguments.text(Parameter::Method, method).unwrap();
            arguments.text(Parameter::Path, "/v1/x").unwrap();
            arguments.text(Parameter::Auth, auth).unwrap();
            if token {
                arguments.text(Parameter::CustomerToken, "t").unwrap();
            }
            if json {
                arguments.text(Parameter::Json, "{}").unwrap();
            }
            REQUEST.check(&arguments)
        };
        assert!(raw("POST", "customer", true, true).is_ok());
        assert_eq!(raw("POST", "customer", false, true).unwrap_err().argument(), "customer_token");
        assert_eq!(raw("GET", "api_key", true, false).unwrap_err().argument(), "customer_token");
        assert_eq!(raw("GET", "none", false, true).unwrap_err().argument(), "json");
    }
}

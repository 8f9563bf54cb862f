//! The eleven operations: check, do, answer.

use hyper::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::answer::Answer;
use crate::auth::{self, STORE_ID};
use crate::error::{ApiError, FieldError};
use crate::flake;
use crate::query::Query;
use crate::routes::{Operation, Route};
use crate::store::{Key, Page, Refusal, Store};
use crate::validate::{self, Login, wrong_format};

/// How many customers a list holds when the request does not say.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// A parameter of `list_customers` that the documents this sandbox is made from do not have: newer than those, from
/// PayNow's OpenAPI document of August 2026. An array without a style, so it is given once for each id.
const NEWER_CUSTOMER_ID: &str = "customer_id";

/// A request that has been read as a whole.
pub struct Call<'a> {
    /// Where it goes.
    pub route: &'a Route,
    /// The query string.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
    /// Whether Steam ids are believed when a customer authenticates with one.
    pub trust_steam: bool,
}

#[derive(Serialize)]
struct MintedToken<'a> {
    token: &'a str,
}

#[derive(Serialize)]
struct CustomerToken<'a> {
    customer_token: &'a str,
}

/// Does what the request asks and says how it went.
pub fn perform(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    if let Some(asked) = &call.route.store {
        auth::management(call.headers)?;
        if flake::parse(asked).is_none() {
            return Err(bad_id("storeId"));
        }
        if asked != STORE_ID {
            return Err(ApiError::forbidden("This API key does not belong to that store"));
        }
    }
    match call.route.operation {
        Operation::ListCustomers => list(store, call),
        Operation::CreateCustomer => create(store, call),
        Operation::GetCustomer => get(store, call),
        Operation::UpdateCustomer => update(store, call),
        Operation::CreateCustomerToken => mint(store, call),
        Operation::InvalidateCustomerTokens => revoke(store, call),
        Operation::LookupCustomer => lookup(store, call),
        Operation::BulkCreateCustomers => bulk(store, call),
        Operation::AuthenticateCustomer => authenticate(store, call),
        Operation::GetCurrentCustomer => current(store, call),
        Operation::LookupGiftcard => gift_card(store, call),
        Operation::Other => Err(ApiError::not_found("There is nothing at this path")),
    }
}

fn list(store: &Store, call: &Call) -> Result<Answer, ApiError> {
    let known = ["limit", "after", "before", "asc", "search"];
    let query = Query::parse_with_lists(call.query, &known, &[NEWER_CUSTOMER_ID])?;
    validate::no_body(call.body)?;
    let mut errors = Vec::new();
    let mut id = |name: &str| {
        let text = query.get(name)?;
        let id = flake::parse(text);
        if id.is_none() {
            errors.push(wrong_format(name, &format!("{name} must be a flake id")));
        }
        id
    };
    let (after, before) = (id("after"), id("before"));
    let mut ids = Vec::new();
    for text in query.all(NEWER_CUSTOMER_ID) {
        match flake::parse(text) {
            Some(id) => ids.push(id),
            None => errors.push(wrong_format(NEWER_CUSTOMER_ID, "customer_id must be a flake id")),
        }
    }
    let limit = match query.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse::<usize>() {
            Ok(n) if (1..=MAX_LIMIT).contains(&n) && n.to_string() == text => n,
            _ => {
                errors.push(FieldError {
                    code: "out_of_range",
                    message: format!("limit must be a whole number from 1 to {MAX_LIMIT}"),
                    path: "limit".to_owned(),
                    validation: "range",
                });
                DEFAULT_LIMIT
            }
        },
    };
    let asc = match query.get("asc") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            errors.push(wrong_format("asc", "asc must be true or false"));
            false
        }
    };
    if query.get("after").is_some() && query.get("before").is_some() {
        errors.push(wrong_format("before", "after and before cannot be used together"));
    }
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    let page = Page {
        limit,
        after,
        before,
        asc,
        search: query.get("search").filter(|text| !text.is_empty()).map(str::to_lowercase),
        ids: query.all(NEWER_CUSTOMER_ID).next().map(|_| ids),
    };
    let items: Vec<_> = store.list(&page).into_iter().map(|c| c.dto()).collect();
    Ok(Answer::json(StatusCode::OK, &items))
}

fn create(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    let upsert = validate::create(&validate::json_body(call.headers, call.body)?)?;
    let made = store.create(&upsert).map_err(|why| refused(why, ""))?;
    Ok(Answer::json(StatusCode::OK, &made.dto()))
}

fn get(store: &Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    validate::no_body(call.body)?;
    let known = store.get(customer_id(call)?).ok_or_else(|| refused(Refusal::Unknown, ""))?;
    Ok(Answer::json(StatusCode::OK, &known.dto()))
}

fn update(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    let id = customer_id(call)?;
    let upsert = validate::upsert(&validate::json_body(call.headers, call.body)?)?;
    let changed = store.update(id, &upsert).map_err(|why| refused(why, ""))?;
    Ok(Answer::json(StatusCode::OK, &changed.dto()))
}

fn mint(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    validate::no_body(call.body)?;
    let token = store.mint(customer_id(call)?).map_err(|why| refused(why, ""))?;
    Ok(Answer::json(StatusCode::OK, &MintedToken { token: &token }))
}

fn revoke(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    validate::no_body(call.body)?;
    store.revoke(customer_id(call)?).map_err(|why| refused(why, ""))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn lookup(store: &Store, call: &Call) -> Result<Answer, ApiError> {
    const KEYS: [&str; 7] = [
        "id",
        "steam_id",
        "minecraft_uuid",
        "xbox_xuid",
        "minecraft_java_name",
        "minecraft_bedrock_name",
        "name",
    ];
    let query = Query::parse(call.query, &KEYS)?;
    validate::no_body(call.body)?;
    let [(name, value)] = query.pairs() else {
        return Err(ApiError::bad_request(format!(
            "Look up by exactly one of {}; {} were given",
            KEYS.join(", "),
            query.pairs().len()
        )));
    };
    let wrong = |what: &str| ApiError::invalid(vec![wrong_format(name, &format!("{name} must be {what}"))]);
    let text = value.clone();
    let key = match name.as_str() {
        "id" => Key::Id(flake::parse(value).ok_or_else(|| wrong("a flake id"))?),
        "steam_id" if validate::is_steam_id(value) => Key::Steam(text),
        "steam_id" => return Err(wrong("17 decimal digits, as a SteamID64 has them")),
        "minecraft_uuid" if validate::is_uuid(value) => Key::Uuid(text),
        "minecraft_uuid" => return Err(wrong("a UUID with dashes, in lower case")),
        "xbox_xuid" if validate::is_xuid(value) => Key::Xuid(text),
        "xbox_xuid" => return Err(wrong("an XUID in decimal digits")),
        _ if !validate::is_name(value) => return Err(wrong("a name that is not blank")),
        "minecraft_java_name" => Key::JavaName(text),
        "minecraft_bedrock_name" => Key::BedrockName(text),
        _ => Key::Name(text),
    };
    let found = store.find(&key).ok_or_else(|| refused(Refusal::Unknown, ""))?;
    Ok(Answer::json(StatusCode::OK, &found.dto()))
}

fn bulk(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    Query::parse(call.query, &[])?;
    let upserts = validate::bulk(&validate::json_body(call.headers, call.body)?)?;
    match store.bulk_create(&upserts) {
        Ok(made) => {
            let items: Vec<_> = made.into_iter().map(|c| c.dto()).collect();
            Ok(Answer::json(StatusCode::OK, &items))
        }
        Err(refusals) => Err(bulk_refused(refusals)),
    }
}

fn authenticate(store: &mut Store, call: &Call) -> Result<Answer, ApiError> {
    auth::storefront_login(call.headers)?;
    Query::parse(call.query, &[])?;
    let login = validate::login(&validate::json_body(call.headers, call.body)?)?;
    if matches!(login, Login::Steam(_)) && !call.trust_steam {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "platform-not-trusted",
            "Steam ids are not accepted at face value",
        ));
    }
    let id = store.log_in(&login).map_err(|why| refused(why, ""))?;
    let token = store.mint(id).map_err(|why| refused(why, ""))?;
    Ok(Answer::json(StatusCode::OK, &CustomerToken { customer_token: &token }))
}

fn current(store: &Store, call: &Call) -> Result<Answer, ApiError> {
    let token = auth::customer_token(call.headers)?;
    let holder = store.holder(token).ok_or_else(dead_token)?;
    Query::parse(call.query, &[])?;
    validate::no_body(call.body)?;
    Ok(Answer::json(StatusCode::OK, &holder.dto()))
}

fn gift_card(store: &Store, call: &Call) -> Result<Answer, ApiError> {
    let token = auth::customer_token(call.headers)?;
    store.holder(token).ok_or_else(dead_token)?;
    Query::parse(call.query, &[])?;
    validate::no_body(call.body)?;
    let code = call.route.item.as_deref().unwrap_or("");
    let card =
        store.gift_card(code).ok_or_else(|| ApiError::not_found("There is no gift card with this code"))?;
    Ok(Answer::json(StatusCode::OK, card))
}

fn customer_id(call: &Call) -> Result<u64, ApiError> {
    call.route.item.as_deref().and_then(flake::parse).ok_or_else(|| bad_id("customerId"))
}

fn bad_id(name: &str) -> ApiError {
    ApiError::invalid(vec![wrong_format(name, &format!("{name} must be a flake id"))])
}

fn dead_token() -> ApiError {
    ApiError::unauthorized("The customer token is not known, or it was revoked")
}

fn refused(why: Refusal, path: &str) -> ApiError {
    match why {
        Refusal::Unknown => ApiError::not_found("There is no such customer"),
        Refusal::NoAccount => ApiError::not_found("There is no such account at the platform"),
        Refusal::Taken { field, by } => ApiError::conflict(vec![taken(field, by, path)]),
    }
}

fn bulk_refused(refusals: Vec<(usize, Refusal)>) -> ApiError {
    let mut conflicts = Vec::new();
    for (at, why) in refusals {
        let path = format!("[{at}]");
        match why {
            Refusal::Taken { field, by } => conflicts.push(taken(field, by, &path)),
            other => {
                return refused(other, "").with_errors(vec![FieldError {
                    code: "not_found",
                    message: "There is no such account at the platform".to_owned(),
                    path,
                    validation: "exists",
                }]);
            }
        }
    }
    ApiError::conflict(conflicts)
}

fn taken(field: &str, by: u64, path: &str) -> FieldError {
    let message = if by == 0 {
        format!("{field} occurs twice in this request")
    } else {
        format!("Customer {by} already has this {field}")
    };
    let path = if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    FieldError { code: "conflict", message, path, validation: "unique" }
}

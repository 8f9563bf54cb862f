//! Which operation a request is for.

use hyper::Method;

use crate::error::ApiError;
use crate::query::percent_decode;

/// The eleven operations, and everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs)]
pub enum Operation {
    ListCustomers,
    CreateCustomer,
    GetCustomer,
    UpdateCustomer,
    CreateCustomerToken,
    InvalidateCustomerTokens,
    LookupCustomer,
    BulkCreateCustomers,
    AuthenticateCustomer,
    GetCurrentCustomer,
    LookupGiftcard,
    Other,
}

impl Operation {
    /// The names, in the order of the variants.
    pub const NAMES: [&'static str; 12] = [
        "list_customers",
        "create_customer",
        "get_customer",
        "update_customer",
        "create_customer_token",
        "invalidate_customer_tokens",
        "lookup_customer",
        "bulk_create_customers",
        "authenticate_customer",
        "get_current_customer",
        "lookup_giftcard",
        "other",
    ];

    /// The name used in fault rules, logs and statistics.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// An operation and what its path says.
#[derive(Debug)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// `{storeId}`, for management calls.
    pub store: Option<String>,
    /// `{customerId}` or `{code}`.
    pub item: Option<String>,
}

/// Finds the route; the error is the answer to give when no route fits.
pub fn find(method: &Method, path: &str) -> Result<Route, ApiError> {
    let mut segments = Vec::with_capacity(8);
    for raw in path.split('/').skip(1) {
        // Decoded only after splitting, so that an escaped slash stays inside its segment.
        match percent_decode(raw, false) {
            Some(segment) => segments.push(segment),
            None => {
                return Err(ApiError::bad_request(format!(
                    "The path segment {raw:?} is not percent-encoded UTF-8"
                )));
            }
        }
    }
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    use Operation::*;
    let (operation, store, item) = match parts.as_slice() {
        ["v1", "stores", store, "customers"] => {
            let operation = match *method {
                Method::GET => ListCustomers,
                Method::POST => CreateCustomer,
                _ => return Err(ApiError::method_not_allowed("GET, POST")),
            };
            (operation, Some(*store), None)
        }
        ["v1", "stores", store, "customers", "lookup"] => {
            (only(method, Method::GET, LookupCustomer)?, Some(*store), None)
        }
        ["v1", "stores", store, "customers", "bulk"] => {
            (only(method, Method::POST, BulkCreateCustomers)?, Some(*store), None)
        }
        ["v1", "stores", store, "customers", id] if !id.is_empty() => {
            let operation = match *method {
                Method::GET => GetCustomer,
                Method::PATCH => UpdateCustomer,
                _ => return Err(ApiError::method_not_allowed("GET, PATCH")),
            };
            (operation, Some(*store), Some(*id))
        }
        ["v1", "stores", store, "customers", id, "tokens"] => {
            let operation = match *method {
                Method::POST => CreateCustomerToken,
                Method::DELETE => InvalidateCustomerTokens,
                _ => return Err(ApiError::method_not_allowed("POST, DELETE")),
            };
            (operation, Some(*store), Some(*id))
        }
        ["v1", "store", "customer", "auth"] => {
            (only(method, Method::POST, AuthenticateCustomer)?, None, None)
        }
        ["v1", "store", "customer"] => (only(method, Method::GET, GetCurrentCustomer)?, None, None),
        ["v1", "store", "customer", "giftcards", "lookup", code] if !code.is_empty() => {
            (only(method, Method::GET, LookupGiftcard)?, None, Some(*code))
        }
        _ => return Err(ApiError::not_found("There is nothing at this path")),
    };
    Ok(Route { operation, store: store.map(str::to_owned), item: item.map(str::to_owned) })
}

/// The target as it may be shown on a console: gift card codes are money.
pub fn masked(target: &str) -> String {
    const GIFT_CARD: &str = "/v1/store/customer/giftcards/lookup/";
    if target.starts_with(GIFT_CARD) { format!("{GIFT_CARD}***") } else { target.to_owned() }
}

fn only(method: &Method, allowed: Method, operation: Operation) -> Result<Operation, ApiError> {
    if *method == allowed {
        return Ok(operation);
    }
    Err(ApiError::method_not_allowed(match allowed {
        Method::POST => "POST",
        _ => "GET",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_slash_stays_in_the_code() {
        let path = "/v1/store/customer/giftcards/lookup/SUMMER%2024%2F%C3%84%C3%96";
        let route = find(&Method::GET, path).unwrap();
        assert_eq!(route.operation, Operation::LookupGiftcard);
        assert_eq!(route.item.as_deref(), Some("SUMMER 24/ÄÖ"));
        assert!(find(&Method::GET, "/v1/store/customer/giftcards/lookup/a/b").is_err());
        assert!(find(&Method::GET, "/v1/store/customer/giftcards/lookup/").is_err());
    }

    #[test]
    fn names_match_variants() {
        assert_eq!(Operation::ListCustomers.name(), "list_customers");
        assert_eq!(Operation::LookupGiftcard.name(), "lookup_giftcard");
        assert_eq!(Operation::Other.name(), "other");
    }

    #[test]
    fn codes_are_masked() {
        assert_eq!(
            masked("/v1/store/customer/giftcards/lookup/GIFT-2500-ALEX"),
            "/v1/store/customer/giftcards/lookup/***"
        );
        assert_eq!(masked("/v1/store/customer"), "/v1/store/customer");
    }
}

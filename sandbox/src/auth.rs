//! Who may ask, and the headers that say so.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use crate::error::{ApiError, FieldError};
use crate::flake;

/// The only store there is.
pub const STORE_ID: &str = "411486491630370816";
/// The only API key that is accepted.
pub const API_KEY: &str = "pnapi_sandbox_4f8a1c2e9b7d";

/// Checks `Authorization: APIKey …`.
pub fn management(headers: &HeaderMap) -> Result<(), ApiError> {
    match authorization(headers)? {
        None => Err(ApiError::unauthorized("Send the header `Authorization: APIKey <your key>`")),
        Some(value) if value.strip_prefix("APIKey ") == Some(API_KEY) => Ok(()),
        Some(value) => Err(ApiError::unauthorized(match scheme(value) {
            "APIKey" => "The API key is not known".to_owned(),
            "Bearer" => {
                "The scheme is `APIKey`, not `Bearer`: send `Authorization: APIKey <your key>`".to_owned()
            }
            "Customer" => "This is a management call: it takes an API key, not a customer token".to_owned(),
            _ => "The Authorization header must read `APIKey <your key>`".to_owned(),
        })),
    }
}

/// The token in `Authorization: Customer …`, not yet looked up.
pub fn customer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    match authorization(headers)? {
        None => Err(ApiError::unauthorized("Send the header `Authorization: Customer <token>`")),
        Some(value) => match value.strip_prefix("Customer ") {
            Some(token) if !token.is_empty() => Ok(token),
            _ => Err(ApiError::unauthorized(match scheme(value) {
                "Bearer" => "The scheme is `Customer`, not `Bearer`: send `Authorization: Customer <token>`",
                "APIKey" => {
                    "This is a storefront call: it takes a customer token, never an API key \
                     (management calls take APIKey)"
                }
                _ => "The Authorization header must read `Customer <token>`",
            })),
        },
    }
}

/// Checks the headers of the one call that is made without credentials.
pub fn storefront_login(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(AUTHORIZATION) {
        return Err(ApiError::bad_request("Authenticating a customer takes no Authorization header"));
    }
    let mut errors = Vec::new();
    match single(headers, "x-paynow-store-id")? {
        None => errors.push(header_error(
            "x-paynow-store-id",
            "required",
            "The header x-paynow-store-id is required",
        )),
        Some(id) if flake::parse(id).is_none() => errors.push(header_error(
            "x-paynow-store-id",
            "format",
            "The header x-paynow-store-id must be a flake id",
        )),
        Some(id) if id != STORE_ID => {
            errors.push(header_error("x-paynow-store-id", "format", "There is no such store"))
        }
        Some(_) => {}
    }
    match single(headers, "x-paynow-customer-ip")? {
        None => errors.push(header_error(
            "x-paynow-customer-ip",
            "required",
            "The header x-paynow-customer-ip is required, because this is not the customer's browser",
        )),
        Some(ip) if ip.parse::<IpAddr>().is_err() => errors.push(header_error(
            "x-paynow-customer-ip",
            "format",
            "The header x-paynow-customer-ip must be an IPv4 or IPv6 address without port or brackets",
        )),
        Some(_) => {}
    }
    if let Some(country) = single(headers, "x-paynow-customer-countrycode")? {
        let matches = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !matches {
            errors.push(header_error(
                "x-paynow-customer-countrycode",
                "pattern",
                "The header x-paynow-customer-countrycode must match ^[A-Z]{2}$",
            ));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}

/// What may be logged of an Authorization header: its scheme and nothing else.
pub fn loggable_scheme(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return "none".to_owned();
    };
    // Without a space the whole value may be a secret without its scheme.
    match value.to_str() {
        Ok(text) if text.contains(' ') => scheme(text).to_owned(),
        _ => "malformed".to_owned(),
    }
}

/// A header that may be given once only.
pub fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ApiError::bad_request(format!("The header {name} is given more than once")));
    }
    first
        .to_str()
        .map(Some)
        .map_err(|_| ApiError::bad_request(format!("The header {name} holds more than plain ASCII")))
}

fn authorization(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    single(headers, "authorization")
}

fn scheme(value: &str) -> &str {
    value.split(' ').next().unwrap_or("")
}

fn header_error(name: &str, validation: &'static str, message: &str) -> FieldError {
    FieldError { code: "invalid_header", message: message.to_owned(), path: name.to_owned(), validation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_the_exact_key_passes() {
        let good = "APIKey pnapi_sandbox_4f8a1c2e9b7d";
        assert!(management(&headers(&[("authorization", good)])).is_ok());
        for bad in [
            "",
            "pnapi_sandbox_4f8a1c2e9b7d",
            "apikey pnapi_sandbox_4f8a1c2e9b7d",
            "APIKey  pnapi_sandbox_4f8a1c2e9b7d",
            "APIKey APIKey pnapi_sandbox_4f8a1c2e9b7d",
            "Bearer pnapi_sandbox_4f8a1c2e9b7d",
            "Customer x",
        ] {
            assert!(management(&headers(&[("authorization", bad)])).is_err(), "{bad}");
        }
        assert!(management(&headers(&[])).is_err());
        assert!(management(&headers(&[("authorization", good), ("authorization", good)])).is_err());
    }

    #[test]
    fn logs_never_hold_a_secret() {
        let shown = |value| loggable_scheme(&headers(&[("authorization", value)]));
        assert_eq!(shown("APIKey secret"), "APIKey");
        assert_eq!(shown("secret-without-scheme"), "malformed");
        assert_eq!(loggable_scheme(&headers(&[])), "none");
    }

    #[test]
    fn addresses_are_literal() {
        let login =
            |ip| storefront_login(&headers(&[("x-paynow-store-id", STORE_ID), ("x-paynow-customer-ip", ip)]));
        for good in ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"] {
            assert!(login(good).is_ok(), "{good}");
        }
        for bad in
            ["203.0.113.7:25565", "[2001:db8::7]", "localhost", "", "1.2.3", "fe80::1%eth0", "/203.0.113.7"]
        {
            assert!(login(bad).is_err(), "{bad}");
        }
    }
}

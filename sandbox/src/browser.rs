//! Keeps web pages out. A browser on this machine reaches loopback too, and any page it shows may make it send
//! requests here.
//!
//! Three things tell a page's request from a program's: a name of the page's own in `Host` (its DNS answers with a
//! loopback address), an `Origin`, or a `Sec-Fetch-Site` that names a page. None of the routes answers with a CORS
//! header, so a browser that has to ask first is told no.
//!
//! The sandbox has a page of its own. What it uses is open to requests of the very origin it was loaded from, which is
//! scheme, name and port: not to another server on this machine. The API is open to no page at all.

use std::net::IpAddr;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use crate::auth::single;
use crate::error::ApiError;

/// Whose requests a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Those of programs.
    Programs,
    /// Those of the sandbox's own page too.
    OwnPage,
}

/// Refuses what a web page may have sent. `names` are hosts that are this sandbox, besides loopback addresses and
/// `localhost`.
pub fn check(head: &Parts, names: &[String], openness: Openness) -> Result<(), ApiError> {
    let host = single(&head.headers, HOST.as_str())?;
    if let Some(host) = host {
        expect_this_host(host.parse().ok().as_ref(), names)?;
    }
    // A target with an address of its own overrules the header.
    if let Some(authority) = head.uri.authority() {
        expect_this_host(Some(authority), names)?;
    }
    if let Some(origin) = single(&head.headers, ORIGIN.as_str())? {
        // There is no TLS here, so the page's scheme is always this one.
        let is_own = origin.strip_prefix("http://").zip(host).is_some_and(|(origin, host)| origin == host);
        if openness != Openness::OwnPage || !is_own {
            return Err(ApiError::forbidden("Requests of web pages, which have an Origin, are not answered"));
        }
    }
    // `none` is what a person has typed into the address bar.
    match (single(&head.headers, "sec-fetch-site")?, openness) {
        (None | Some("none"), _) | (Some("same-origin"), Openness::OwnPage) => Ok(()),
        _ => Err(ApiError::forbidden("Requests of web pages, with Sec-Fetch-Site, are not answered")),
    }
}

/// Refuses a change that a page can ask for without the browser asking first: a POST that could be a form's.
pub fn check_change(head: &Parts) -> Result<(), ApiError> {
    // The first three change nothing, and a browser asks before it sends one of the others.
    if matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE) {
        return Ok(());
    }
    let content_type = single(&head.headers, CONTENT_TYPE.as_str())?.unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "A POST here needs Content-Type: application/json, which no form of a web page has",
    ))
}

fn expect_this_host(host: Option<&Authority>, names: &[String]) -> Result<(), ApiError> {
    let host = host.map(Authority::host).unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host);
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_loopback = literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_named = || {
        let known = |known: &str| known.eq_ignore_ascii_case(name);
        known("localhost") || names.iter().any(|name| known(name))
    };
    if is_loopback || is_named() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "The Host is neither localhost nor a loopback address; start the sandbox with --host NAME to give it a name",
    ))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let names = ["api.test".to_owned()];
        let check = |head: &Parts| {
            let answers =
                [Openness::Programs, Openness::OwnPage].map(|openness| check(head, &names, openness).is_ok());
            assert_eq!(answers[0], answers[1], "{head:?}");
            answers[0]
        };
        let allowed = |host: &str| check(&head("GET", "/", &[("host", host)]));
        for good in [
            "127.0.0.1",
            "127.0.0.1:8787",
            "127.1.2.3:1",
            "localhost",
            "LOCALHOST:80",
            "localhost.",
            "[::1]",
            "[::1]:8787",
            "api.test:8787",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8787",
            "192.0.2.1",
            "0.0.0.0",
            "[2001:db8::1]:8787",
            "api.test.evil.example",
            "localhost@evil.example",
            "evil.example#localhost",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
        let absolute = |target| check(&head("GET", target, &[("host", "localhost")]));
        assert!(absolute("http://127.0.0.1:8787/v1"));
        assert!(!absolute("http://evil.example/v1"));
    }

    #[test]
    fn pages_are_told_by_what_only_browsers_send() {
        let allowed = |name, value| {
            let head = head("GET", "/", &[("host", "localhost"), (name, value)]);
            check(&head, &[], Openness::Programs).is_ok()
        };
        for origin in ["https://evil.example", "null", "http://localhost:8787", ""] {
            assert!(!allowed("origin", origin), "{origin}");
        }
        for site in ["cross-site", "same-site", "same-origin", "anything"] {
            assert!(!allowed("sec-fetch-site", site), "{site}");
        }
        assert!(allowed("sec-fetch-site", "none"), "typed by a person");
        assert!(allowed("sec-fetch-mode", "cors"), "Node.js sends it");
    }

    #[test]
    fn only_the_very_origin_of_the_page_is_its_own() {
        let allowed = |host: Option<&str>, name, value| {
            let mut headers: Vec<_> = host.map(|host| ("host", host)).into_iter().collect();
            headers.push((name, value));
            check(&head("GET", "/", &headers), &["api.test".to_owned()], Openness::OwnPage).is_ok()
        };
        let port = Some("localhost:8787");
        assert!(allowed(port, "origin", "http://localhost:8787"));
        assert!(allowed(Some("[::1]:8787"), "origin", "http://[::1]:8787"));
        assert!(allowed(Some("api.test"), "origin", "http://api.test"));
        for other in [
            "http://localhost:3000",
            "http://localhost",
            "http://127.0.0.1:8787",
            "https://localhost:8787",
            "http://evil.example:8787",
            "http://localhost:8787.evil.example",
            "localhost:8787",
            "null",
            "",
        ] {
            assert!(!allowed(port, "origin", other), "{other}");
        }
        assert!(!allowed(None, "origin", "http://localhost:8787"), "without a Host there is no own origin");
        assert!(
            !allowed(Some("evil.example"), "origin", "http://evil.example"),
            "its name stands for this machine"
        );
        assert!(allowed(port, "sec-fetch-site", "same-origin") && allowed(port, "sec-fetch-site", "none"));
        for site in ["cross-site", "same-site", "anything"] {
            assert!(!allowed(port, "sec-fetch-site", site), "{site}");
        }
        let twice = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")];
        assert!(check(&head("GET", "/", &twice), &[], Openness::OwnPage).is_err());
    }

    #[test]
    fn a_form_changes_nothing() {
        let allowed = |method, content_type: Option<&str>| {
            let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
            check_change(&head(method, "/", &headers)).is_ok()
        };
        for form in
            ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/jsonp"]
        {
            assert!(!allowed("POST", Some(form)), "{form}");
        }
        assert!(!allowed("POST", None));
        assert!(allowed("POST", Some("application/json")));
        assert!(allowed("POST", Some("Application/JSON; charset=utf-8")));
        for method in ["GET", "PUT", "DELETE"] {
            assert!(allowed(method, None), "{method}");
        }
    }
}

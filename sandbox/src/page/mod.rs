//! The sandbox's own page: what it holds and what it is to do wrong, live.
//!
//! Three files that are part of the program. The page asks the routes that steer the sandbox, as any program does.

use hyper::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::answer::Answer;

/// No script but the file, no address but this server's, and no page around this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The answer to a request for a part of the page.
pub fn find(head: &Parts) -> Option<Answer> {
    let (content_type, text) = match head.uri.path() {
        // To others it is a path that the API does not have.
        "/" if wants_html(head) => ("text/html; charset=utf-8", include_str!("index.html")),
        "/_sandbox/page.css" => ("text/css; charset=utf-8", include_str!("style.css")),
        "/_sandbox/page.js" => ("text/javascript; charset=utf-8", include_str!("script.js")),
        _ => return None,
    };
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let answer = Answer { body: text.into(), ..Answer::empty(StatusCode::OK) };
    Some(
        answer
            .with(CONTENT_TYPE, content_type)
            .with(CONTENT_SECURITY_POLICY, POLICY)
            .with(X_CONTENT_TYPE_OPTIONS, "nosniff")
            .with(X_FRAME_OPTIONS, "DENY")
            .with(REFERRER_POLICY, "no-referrer")
            .with(CACHE_CONTROL, "no-store")
            .with(HeaderName::from_static("cross-origin-opener-policy"), "same-origin")
            .with(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    )
}

/// Whether a browser asks for something to show.
fn wants_html(head: &Parts) -> bool {
    head.headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_without_inline_script_and_puts_values_in_as_text() {
        let page = include_str!("index.html");
        assert_eq!(page.matches("<script").count(), 1);
        assert!(page.contains("<script src=\"/_sandbox/page.js\" defer></script>"));
        let has_handler = page.split_whitespace().any(|word| word.starts_with("on") && word.contains('='));
        assert!(!page.contains(" style=") && !has_handler && !page.contains("javascript:"));
        let script = include_str!("script.js");
        for dangerous in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "setAttribute(\"on",
        ] {
            assert!(!script.contains(dangerous), "{dangerous}");
        }
        assert!(script.contains("textContent"));
    }
}

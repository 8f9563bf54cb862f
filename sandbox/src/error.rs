//! The contract's `PayNowError`.

use hyper::StatusCode;
use hyper::header::{ALLOW, HeaderName};
use serde::Serialize;

use crate::answer::Answer;

/// One entry of `errors[]`: which field was wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A code a program can act on.
    pub code: &'static str,
    /// What is wrong, for a person.
    pub message: String,
    /// Where, for instance `[3].steam_id`.
    pub path: String,
    /// The rule that failed, in the vocabulary of JSON Schema.
    pub validation: &'static str,
}

/// A refusal on its way to becoming an answer.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    errors: Option<Vec<FieldError>>,
    header: Option<(HeaderName, &'static str)>,
}

#[derive(Serialize)]
struct PayNowError<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    trace_id: &'a str,
    errors: Option<&'a [FieldError]>,
}

impl ApiError {
    /// Any refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), errors: None, header: None }
    }

    /// 400 for a request that is malformed as a whole.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// 400 with the fields that are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let message = match errors.as_slice() {
            [only] => only.message.clone(),
            many => format!("{} fields of the request are not valid", many.len()),
        };
        Self { errors: Some(errors), ..Self::new(StatusCode::BAD_REQUEST, "validation-error", message) }
    }

    /// 401.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// 405, naming the methods that would have worked.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            header: Some((ALLOW, allow)),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                format!("This path answers {allow} only"),
            )
        }
    }

    /// 409, with the fields that are taken.
    pub fn conflict(errors: Vec<FieldError>) -> Self {
        let message = match errors.as_slice() {
            [only] => only.message.clone(),
            many => format!("{} customers exist already; nothing was created", many.len()),
        };
        Self { errors: Some(errors), ..Self::new(StatusCode::CONFLICT, "conflict", message) }
    }

    /// Attaches the fields that were at fault.
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = Some(errors);
        self
    }

    /// The JSON answer.
    pub fn into_answer(self, trace_id: &str) -> Answer {
        let body = PayNowError {
            status: self.status.as_u16(),
            code: self.code,
            message: &self.message,
            trace_id,
            errors: self.errors.as_deref(),
        };
        let answer = Answer::json(self.status, &body);
        match self.header {
            Some((name, value)) => answer.with(name, value),
            None => answer,
        }
    }
}

//! What the API says when it refuses.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{self, Field};
use super::{HeapBytes, Text};

/// `PayNowError`, whole.
///
/// "In catastrophic cases fields may be missing": each of them may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The status *inside* the body; branch on the HTTP status of the completion instead.
    pub status: Option<i64>,
    /// PayNow's word for the error. No list exists and spelling is inconsistent: carry it, do not branch on it.
    pub code: Option<Text>,
    /// For a human.
    pub message: Option<Text>,
    /// For PayNow's support.
    pub trace_id: Option<Text>,
    /// What is wrong with the input, one entry each. Entries that say nothing are left out.
    pub errors: Vec<ValidationError>,
}

/// One thing that is wrong with the input (`ValidationError`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// PayNow's word for it.
    pub code: Option<Text>,
    /// For a human.
    pub message: Option<Text>,
    /// Where in the input, one segment an element. The contract says string, the documentation array:
    /// a string arrives here as one segment.
    pub path: Vec<Text>,
    /// The segments of `path` joined with `.`.
    pub joined_path: Text,
    /// The check that failed.
    pub validation: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct ApiErrorWire<'a> {
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow)]
    code: Field<'a>,
    #[serde(borrow)]
    message: Field<'a>,
    #[serde(borrow)]
    trace_id: Field<'a>,
    #[serde(borrow)]
    errors: Field<'a>,
}

#[derive(Deserialize)]
pub(super) struct ValidationErrorWire<'a> {
    #[serde(borrow)]
    code: Field<'a>,
    #[serde(borrow)]
    message: Field<'a>,
    #[serde(borrow)]
    path: Field<'a>,
    #[serde(borrow)]
    validation: Field<'a>,
}

impl ApiError {
    /// Changes every text in it.
    pub(crate) fn map_texts(&mut self, change: impl Fn(&mut Text)) {
        let own = [&mut self.code, &mut self.message, &mut self.trace_id];
        own.into_iter().flatten().for_each(&change);
        for error in &mut self.errors {
            let own = [&mut error.code, &mut error.message, &mut error.validation];
            own.into_iter().flatten().for_each(&change);
            error.path.iter_mut().for_each(&change);
            change(&mut error.joined_path);
        }
    }

    /// Reads the body of a refusal; `None` when it is not a `PayNowError` at all.
    ///
    /// A JSON object counts when it holds at least one of the three fields the contract requires. That
    /// is what tells "no such customer" from an HTML 404 of a mistyped address.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let wire: ApiErrorWire<'_> = super::object_of(json, "an error").ok()?;
        let error = Self {
            status: wire::integer(wire.status),
            code: wire::text(wire.code),
            message: wire::text(wire.message),
            trace_id: wire::text(wire.trace_id),
            errors: read_errors(wire.errors),
        };
        (error.status.is_some() || error.code.is_some() || error.message.is_some()).then_some(error)
    }
}

impl HeapBytes for ApiError {
    fn heap_bytes(&self) -> usize {
        let Self { status: _, code, message, trace_id, errors } = self;
        code.heap_bytes() + message.heap_bytes() + trace_id.heap_bytes() + errors.heap_bytes()
    }
}

impl HeapBytes for ValidationError {
    fn heap_bytes(&self) -> usize {
        let Self { code, message, path, joined_path, validation } = self;
        code.heap_bytes()
            + message.heap_bytes()
            + path.heap_bytes()
            + joined_path.heap_bytes()
            + validation.heap_bytes()
    }
}

fn read_errors(field: Field<'_>) -> Vec<ValidationError> {
    let Some(raw) = field else { return Vec::new() };
    let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let mut errors: Vec<ValidationError> = entries
        .into_iter()
        .filter_map(|entry| wire::object::<ValidationErrorWire<'_>>(Some(entry)))
        .map(|entry| {
            let path = read_path(entry.path);
            let joined: Vec<&str> = path.iter().map(Text::as_str).collect();
            ValidationError {
                code: wire::text(entry.code),
                message: wire::text(entry.message),
                joined_path: Text::from(joined.join(".")),
                path,
                validation: wire::text(entry.validation),
            }
        })
        .collect();
    errors.shrink_to_fit();
    errors
}

fn read_path(field: Field<'_>) -> Vec<Text> {
    let Some(raw) = field else { return Vec::new() };
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(segments) => {
            let mut path: Vec<Text> =
                segments.into_iter().filter_map(|segment| wire::text(Some(segment))).collect();
            path.shrink_to_fit();
            path
        }
        Err(_) => wire::strict_text(field).map_or_else(Vec::new, |segment| vec![segment]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_whole_with_both_kinds_of_path() {
        let error = ApiError::read(
            r#"{"status":400,"code":"bad-request","message":"no","trace_id":"t-1","errors":[
                {"code":"c","message":"m","path":"steam_id","validation":"format"},
                {"code":"c2","message":"m2","path":["items",3,"name"],"validation":"length"}]}"#,
        )
        .unwrap();
        assert_eq!(error.status, Some(400));
        assert_eq!(error.code.unwrap(), "bad-request");
        assert_eq!(error.message.unwrap(), "no");
        assert_eq!(error.trace_id.unwrap(), "t-1");
        assert_eq!(error.errors.len(), 2);
        assert_eq!(error.errors[0].path, ["steam_id"]);
        assert_eq!(error.errors[0].code.as_deref(), Some("c"));
        assert_eq!(error.errors[0].message.as_deref(), Some("m"));
        assert_eq!(error.errors[0].validation.as_deref(), Some("format"));
        assert_eq!(error.errors[1].path, ["items", "3", "name"]);
        assert_eq!(error.errors[1].joined_path, "items.3.name");
    }

    #[test]
    fn missing_parts_are_tolerated() {
        let error = ApiError::read(r#"{"code":null,"message":5,"errors":null}"#).unwrap();
        assert_eq!(error.code, None);
        assert_eq!(error.message.unwrap(), "5");
        assert!(error.errors.is_empty());
    }

    #[test]
    fn anything_else_is_not_an_error_document() {
        for body in ["", "<html>404</html>", "null", "[]", "{}", r#"{"hello":"world"}"#, r#""not-found""#] {
            assert_eq!(ApiError::read(body), None, "{body}");
        }
    }
}

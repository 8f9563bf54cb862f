//! What the API says when it refuses.

use super::wire::{self, Field, wire_object};
use super::{HeapBytes, Text};
use crate::room::{self, NoMemory, try_clone};

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

wire_object!(ApiErrorWire { status, code, message, trace_id, errors });

wire_object!(ValidationErrorWire { code, message, path, validation });

try_clone!(ApiError { status, code, message, trace_id, errors });
try_clone!(ValidationError { code, message, path, joined_path, validation });

impl ApiError {
    /// Changes every text in it, up to the first that cannot be changed.
    pub(crate) fn map_texts(
        &mut self,
        change: impl Fn(&mut Text) -> Result<(), NoMemory>,
    ) -> Result<(), NoMemory> {
        let own = [&mut self.code, &mut self.message, &mut self.trace_id];
        own.into_iter().flatten().try_for_each(&change)?;
        for error in &mut self.errors {
            let own = [&mut error.code, &mut error.message, &mut error.validation];
            own.into_iter().flatten().try_for_each(&change)?;
            error.path.iter_mut().try_for_each(&change)?;
            change(&mut error.joined_path)?;
        }
        Ok(())
    }

    /// Reads the body of a refusal; `None` when it is not a `PayNowError` at all.
    ///
    /// A JSON object counts when it holds at least one of the three fields the contract requires. That
    /// is what tells "no such customer" from an HTML 404 of a mistyped address.
    pub(crate) fn read(json: &str) -> Result<Option<Self>, NoMemory> {
        let Ok(wire) = super::object_of::<ApiErrorWire<'_>>(json, "an error") else { return Ok(None) };
        let error = Self {
            status: wire::integer(wire.status)?,
            code: wire::text(wire.code)?,
            message: wire::text(wire.message)?,
            trace_id: wire::text(wire.trace_id)?,
            errors: read_errors(wire.errors)?,
        };
        let is_one = error.status.is_some() || error.code.is_some() || error.message.is_some();
        Ok(is_one.then_some(error))
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

fn read_errors(field: Field<'_>) -> Result<Vec<ValidationError>, NoMemory> {
    let Some(raw) = field else { return Ok(Vec::new()) };
    wire::list(raw.get(), |entry| {
        let Some(entry) = wire::object::<ValidationErrorWire<'_>>(Some(entry)) else { return Ok(None) };
        let path = read_path(entry.path)?;
        Ok(Some(ValidationError {
            code: wire::text(entry.code)?,
            message: wire::text(entry.message)?,
            joined_path: Text::of_chars(joined(&path))?,
            path,
            validation: wire::text(entry.validation)?,
        }))
    })
}

fn joined(path: &[Text]) -> impl Iterator<Item = char> + Clone + '_ {
    path.iter().enumerate().flat_map(|(index, segment)| {
        let dot = if index == 0 { None } else { Some('.') };
        dot.into_iter().chain(segment.chars())
    })
}

fn read_path(field: Field<'_>) -> Result<Vec<Text>, NoMemory> {
    let Some(raw) = field else { return Ok(Vec::new()) };
    if raw.get().trim_start().starts_with('[') {
        return wire::list(raw.get(), |segment| wire::text(Some(segment)));
    }
    let segment = wire::strict_text(field)?;
    room::collect(segment.into_iter())
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
        .unwrap()
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
        let error = ApiError::read(r#"{"code":null,"message":5,"errors":null}"#).unwrap().unwrap();
        assert_eq!(error.code, None);
        assert_eq!(error.message.unwrap(), "5");
        assert!(error.errors.is_empty());
    }

    #[test]
    fn anything_else_is_not_an_error_document() {
        for body in ["", "<html>404</html>", "null", "[]", "{}", r#"{"hello":"world"}"#, r#""not-found""#] {
            assert_eq!(ApiError::read(body), Ok(None), "{body}");
        }
    }
}

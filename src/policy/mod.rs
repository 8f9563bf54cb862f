//! Rules about when and how often to ask the API.

pub(crate) mod retry_after;

//! Doors for the fuzz targets (`fuzz/`) to what no host reaches directly. Only there with `--cfg fuzzing`.

use std::time::Duration;

use crate::client::Player;
use crate::model::Text;
use crate::operations::{
    self, Answer, Arguments, Decoded, Flow, Goal, InvalidArgument, LOOKUP_CUSTOMER, Next, OperationId, Sent,
    Status,
};
use crate::policy::identity::{NamingRules, write_key, write_key_and_fields};
use crate::transport;

/// How an answer was read.
#[derive(Debug)]
pub struct Outcome {
    /// How the request ended.
    pub status: Status,
    /// What it brought.
    pub answer: Answer,
    /// Whether the body was a PayNowError.
    pub has_error: bool,
    /// In words, for a failure.
    pub message: Option<Text>,
}

/// Reads an HTTP answer to an operation.
#[must_use]
pub fn decode(operation: OperationId, http_status: u16, content_type: &str, body: &[u8]) -> Outcome {
    let Decoded { status, answer, error, message } =
        operations::decode(operation.operation(), http_status, content_type, body);
    Outcome { status, answer, has_error: error.is_some(), message }
}

/// Reads a `Retry-After` header of an answer without a `Date`.
#[must_use]
pub fn retry_after(value: &str) -> Option<Duration> {
    transport::retry_after(value, None)
}

/// What is asked about a player: where a lookup goes, where it goes when the customer is to be created if need be, and
/// the body of that creation.
pub fn identify(
    player: &Player<'_>,
    bedrock_prefix: &str,
    send_bedrock_prefix: bool,
    offline_by_name: bool,
) -> Result<(String, String, Vec<u8>), InvalidArgument> {
    let rules =
        NamingRules { bedrock_prefix: bedrock_prefix.to_owned(), send_bedrock_prefix, offline_by_name };
    let mut key = Arguments::new();
    write_key(player, &rules, &mut key)?;
    let key = operations::encode(&LOOKUP_CUSTOMER, &key, "1");
    let mut arguments = Arguments::new();
    write_key_and_fields(player, &rules, &mut arguments)?;
    let (mut flow, lookup) = Flow::begin(Goal::Customer, &arguments, "1");
    let absent = Decoded { answer: Answer::Absent, ..Decoded::ok() };
    let body = match flow.advance(absent, Sent::Answered) {
        Next::Send(_, create) => create.body.map(|body| body.to_vec()),
        _ => None,
    };
    Ok((key.target.to_string(), lookup.target.to_string(), body.unwrap_or_default()))
}

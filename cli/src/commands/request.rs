//! `pnb request`: any operation of the API.

use std::path::PathBuf;

use paynow_bridge::{RawAuth, RawRequest};
use serde_json::Value;

use super::Context;
use crate::exit::Failure;
use crate::input::text_of;
use crate::output::clean_json;
use crate::settings::TokenSource;

/// Ask any operation of the API
///
/// Prints the body of the answer. Values of fields that hold a credential are shown as … unless --reveal is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb request GET '/v1/stores/{store_id}/customers?limit=3'
  pnb request PATCH /v1/stores/{store_id}/customers/421621336637440000 --data '{\"name\":\"Markus\"}'
  pnb request GET /v1/store/customer --as customer --token-file token.txt

{store_id} is replaced. Only a GET is repeated when it fails.")]
pub struct Args {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD", value_parser = ["GET", "POST", "PUT", "PATCH", "DELETE"], ignore_case = true)]
    method: String,
    /// Path and query, percent-encoded
    #[arg(value_name = "PATH")]
    path: String,
    /// A JSON document to send
    #[arg(long, value_name = "JSON", conflicts_with = "data_file")]
    data: Option<String>,
    /// A file with the JSON document to send; - is standard input
    #[arg(long, value_name = "FILE")]
    data_file: Option<PathBuf>,
    /// Who asks
    #[arg(long = "as", value_enum, default_value_t, value_name = "WHO")]
    who: Who,
    #[command(flatten)]
    token: TokenSource,
    /// Print credentials in the answer, too
    #[arg(long)]
    reveal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Who {
    /// The owner of the API key
    #[default]
    Key,
    /// The owner of a customer token
    Customer,
    /// Without credentials
    Anyone,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let method = args.method.to_ascii_uppercase();
    let body = match (&args.data, &args.data_file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(path)) => Some(text_of(path)?),
        (None, None) => None,
    };
    if args.who != Who::Customer && args.token.is_given() {
        return Err(Failure::usage("a token is for --as customer"));
    }
    let token = if args.who == Who::Customer { Some(args.token.read()?) } else { None };
    let request = RawRequest {
        method: &method,
        path: &args.path,
        json: body.as_deref(),
        auth: match (args.who, &token) {
            (Who::Key, _) => RawAuth::ApiKey,
            (_, Some(token)) => RawAuth::Customer(token.expose()),
            _ => RawAuth::None,
        },
    };
    let session = context.session()?;
    let answer = if method == "GET" {
        session.read(|client, call| client.request(&request, call), |done| done.body().to_owned())?
    } else {
        session.change(|client, call| client.request(&request, call), |done| done.body().to_owned())?
    };
    print(&answer, args.reveal, context)
}

fn print(body: &str, reveal: bool, context: &Context) -> Result<(), Failure> {
    if body.trim().is_empty() {
        return if context.output.is_json() { context.output.json(&Value::Null) } else { Ok(()) };
    }
    let Ok(mut value) = serde_json::from_str::<Value>(body) else {
        return if context.output.is_json() { context.output.json(&body) } else { context.output.line(body) };
    };
    let is_masked = !reveal && mask(&mut value);
    if context.output.is_json() {
        // As it came, with its order and its numbers, where nothing had to be taken out.
        let document = if is_masked { value.to_string() } else { body.trim().to_owned() };
        return context.output.raw(&format!("{}\n", clean_json(&document)));
    }
    let document = serde_json::to_string_pretty(&value).unwrap_or_default();
    context.output.raw(&format!("{}\n", clean_json(&document)))
}

/// Takes out the texts of fields that are called like a credential, and says whether there were any.
fn mask(value: &mut Value) -> bool {
    mask_within(value, false)
}

fn mask_within(value: &mut Value, is_secret: bool) -> bool {
    const SECRETS: [&str; 5] = ["token", "secret", "password", "api_key", "apikey"];
    match value {
        Value::String(text) if is_secret && !text.is_empty() => {
            *value = Value::from("…");
            true
        }
        Value::Object(members) => members.iter_mut().fold(false, |any, (name, member)| {
            let name = name.to_ascii_lowercase();
            let is_secret = is_secret || SECRETS.iter().any(|word| name.contains(word));
            mask_within(member, is_secret) | any
        }),
        Value::Array(items) => items.iter_mut().fold(false, |any, item| mask_within(item, is_secret) | any),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_taken_out_wherever_they_are() {
        let mut answer =
            json!({"token": "a", "list": [{"Api_Key": "b", "name": "c"}], "tokens": ["d", 1], "x": null});
        assert!(mask(&mut answer));
        let expected =
            json!({"token": "…", "list": [{"Api_Key": "…", "name": "c"}], "tokens": ["…", 1], "x": null});
        assert_eq!(answer, expected);
        assert!(!mask(&mut json!({"name": "token", "token": ""})));
    }
}

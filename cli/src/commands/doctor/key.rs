//! The API key: whether it belongs to the store, and what it may do, as far as that can be tried without changing anything.

use std::time::Instant;

use paynow_bridge::{ListCustomers, Status};
use serde_json::json;

use super::finding::Finding;
use super::way::{milliseconds, ms};
use crate::exit::{Ended, Failure};
use crate::output::Mark;
use crate::session::Session;

/// No id PayNow gives out: its ids hold the time of their making.
const NO_CUSTOMER: &str = "1";

/// What may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Yes,
    No,
    Unknown,
}

impl May {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

pub fn look(session: &Session, store_id: &str, found: &mut Vec<Finding>) -> Result<(), Failure> {
    let query = ListCustomers { limit: Some(1), ..ListCustomers::default() };
    let begin = Instant::now();
    let listed = session.read(
        |client, call| client.list_customers(&query, call),
        |done| {
            done.customers().first().and_then(|customer| customer.store_id.as_ref().map(ToString::to_string))
        },
    );
    let took = begin.elapsed();
    let list = match listed {
        Ok(store) => {
            found.push(match store {
                Some(other) if other != store_id => Finding::bad(
                    "key",
                    format!("it is accepted, and shows customers of store {other}"),
                    "Use the id of the store that the key was made for.",
                ),
                _ => Finding::ok(
                    "key",
                    format!("accepted for store {store_id}; an answer took {}", milliseconds(took)),
                )
                .with("answer_ms", ms(took)),
            });
            May::Yes
        }
        Err(Failure::Request(ended)) => {
            found.push(refused(&ended, store_id));
            match ended.status() {
                Status::Forbidden => May::No,
                // Without a valid key, or without an answer, nothing more can be seen.
                _ => return Ok(()),
            }
        }
        Err(other) => return Err(other),
    };
    let (look_up, is_absent) = match session.get(NO_CUSTOMER) {
        Ok(customer) => (May::Yes, customer.is_none()),
        Err(Failure::Request(ended)) if ended.status() == Status::Forbidden => (May::No, false),
        Err(Failure::Request(_)) => (May::Unknown, false),
        Err(other) => return Err(other),
    };
    // The tokens of a customer that surely does not exist: there is nothing to revoke.
    let tokens = if is_absent {
        match session.change(|client, call| client.invalidate_customer_tokens(NO_CUSTOMER, call), |_| ()) {
            Err(Failure::Request(ended)) if ended.status() == Status::Forbidden => May::No,
            // Whether PayNow looks at the customer or at the permission first is documented nowhere.
            Ok(()) | Err(Failure::Request(_)) => May::Unknown,
            Err(other) => return Err(other),
        }
    } else {
        May::Unknown
    };
    found.push(permissions(list, look_up, tokens));
    Ok(())
}

fn refused(ended: &Ended, store_id: &str) -> Finding {
    let text = ended.message().to_owned();
    match ended.status() {
        Status::Unauthorized => Finding::bad(
            "key",
            text,
            "The key is mistyped, was reset, or was deleted: make one in PayNow's dashboard under Integrations, API Keys.",
        ),
        Status::Forbidden => Finding::bad(
            "key",
            text,
            format!(
                "The key is known. Either it belongs to another store than {store_id}, or its role lacks the permissions for \
                 customers."
            ),
        ),
        Status::NotFound => Finding::bad("key", text, format!("Check the store's id: {store_id}.")),
        _ => Finding::unknown(
            "key",
            format!("could not be tried: {text}"),
            "See above for how far requests come.",
        ),
    }
    .with("status", ended.status().as_str())
}

fn permissions(list: May, look_up: May, tokens: May) -> Finding {
    let all = [
        ("list customers", "list_customers", list),
        ("look them up", "look_up_customers", look_up),
        ("create and change them", "create_and_update_customers", May::Unknown),
        ("mint and revoke tokens", "customer_update", tokens),
    ];
    let words = |wanted: May| {
        let names: Vec<_> = all.iter().filter(|(_, _, may)| *may == wanted).map(|(name, ..)| *name).collect();
        names.join(", ")
    };
    let mut parts = Vec::new();
    for (may, word) in [(May::Yes, "may"), (May::No, "may not")] {
        if !words(may).is_empty() {
            parts.push(format!("{word}: {}", words(may)));
        }
    }
    parts.push(format!("unknown, because trying would change something: {}", words(May::Unknown)));
    let text = parts.join("\n");
    let finding = if all.iter().any(|(_, _, may)| *may == May::No) {
        Finding::bad(
            "permissions",
            text,
            "Give the key's role the permissions for customers, and customer_update for tokens, in PayNow's dashboard.",
        )
    } else {
        Finding { mark: Mark::Unknown, ..Finding::ok("permissions", text) }
    };
    let details: serde_json::Map<_, _> =
        all.iter().map(|(_, name, may)| ((*name).to_owned(), json!(may.word()))).collect();
    finding.with("may", details)
}

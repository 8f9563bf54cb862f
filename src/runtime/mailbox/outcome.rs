//! How a request ended, and everything that is known about it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pile::Piled;
use crate::model::heap::{HeapBytes, shared_block};
use crate::model::{ApiError, Text};
use crate::operations::{Answer, Decoded, Operation, Sent, Status};
use crate::room::{NoMemory, TryClone};
use crate::sync::{AtomicU32, Cell, Ordering};

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The API, asked for this request.
    Network,
    /// The API, asked for another request that wanted to know the same.
    Shared,
    /// This client's memory.
    Cache,
    /// This client's memory, because the API could not be asked: it may have changed meanwhile.
    StaleCache,
    /// Another server of the network, which asked the API lately.
    OtherServer,
}

/// What is known of a request that ended. Small; what is large hangs on [`Outcome::reply`].
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) source: Source,
    pub(crate) sent: Sent,
    pub(crate) attempts: u32,
    pub(crate) http_status: u16,
    /// From acceptance until a worker took it, or until it ended without one.
    pub(crate) queued: Duration,
    /// From the first worker's start until the answer was complete, waits between attempts included.
    pub(crate) network: Duration,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) decided: Instant,
    pub(crate) reply: Option<Box<Reply>>,
}

/// What an answer holds. Shared by all requests that ask the same, and by the cache.
pub(crate) struct Content {
    pub(crate) answer: Answer,
    pub(crate) error: Option<Box<ApiError>>,
    pub(crate) message: Option<Text>,
    /// The body as it came; empty when there was none or it was not UTF-8.
    pub(crate) body: zeroize::Zeroizing<Text>,
    pub(crate) http_status: u16,
    /// Bytes it takes, counted once: adding them up walks through all of it.
    bytes: usize,
    /// How many completions hold it.
    holders: AtomicU32,
}

/// Without the body: a token may stand in it.
impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answer, error, message, body: _, http_status, bytes: _, holders: _ } = self;
        let mut content = formatter.debug_struct("Content");
        content.field("answer", answer).field("error", error).field("message", message);
        content.field("http_status", http_status).finish_non_exhaustive()
    }
}

/// One request's hold on what was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    content: Arc<Content>,
    below: Cell<*mut Reply>,
}

impl std::ops::Deref for Reply {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

// SAFETY: `below` is touched by a pile alone, which owns the reply by then.
unsafe impl Send for Reply {}
// SAFETY: a shared reply is only read, and `below` not at all.
unsafe impl Sync for Reply {}

impl Content {
    fn new(decoded: Decoded, http_status: u16, body: Text) -> Self {
        let Decoded { status: _, answer, error, message } = decoded;
        let body = zeroize::Zeroizing::new(body);
        let holders = AtomicU32::new(0);
        let mut content = Self { answer, error, message, body, http_status, bytes: 0, holders };
        content.bytes = content.measure();
        content
    }

    /// Bytes that freeing it gives back to the allocator, itself included.
    fn measure(&self) -> usize {
        let Self { answer, error, message, body, http_status: _, bytes: _, holders: _ } = self;
        shared_block(size_of::<Self>())
            + answer.heap_bytes()
            + error.heap_bytes()
            + message.heap_bytes()
            + body.heap_bytes()
    }

    pub(in crate::runtime) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes one more completion that holds it. True for the first.
    pub(super) fn hold(&self) -> bool {
        self.holders.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Notes one completion less that holds it. True for the last.
    pub(super) fn let_go(&self) -> bool {
        self.holders.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

impl Reply {
    fn new(content: Arc<Content>) -> Box<Self> {
        Box::new(Self { content, below: Cell::new(std::ptr::null_mut()) })
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }
}

impl Piled for Reply {
    fn below(&self) -> &Cell<*mut Self> {
        &self.below
    }
}

impl Outcome {
    /// The end of a request without an answer.
    pub(in crate::runtime) fn without_answer(status: Status) -> Self {
        Self {
            status,
            source: Source::Network,
            sent: Sent::Never,
            attempts: 0,
            http_status: 0,
            queued: Duration::ZERO,
            network: Duration::ZERO,
            retry_after: None,
            decided: Instant::now(),
            reply: None,
        }
    }

    /// The end of a request that was answered, or failed on the way.
    pub(in crate::runtime) fn answered(decoded: Decoded, http_status: u16, body: Text) -> Self {
        let status = decoded.status;
        let content = Arc::new(Content::new(decoded, http_status, body));
        Self { http_status, reply: Some(Reply::new(content)), ..Self::without_answer(status) }
    }

    /// One for the tests of a face.
    #[cfg(test)]
    pub(crate) fn of(status: Status, answer: Answer) -> Self {
        Self::answered(Decoded { status, answer, error: None, message: None }, 0, Text::from(""))
    }

    /// The end of a request there is no memory for, or for its answer.
    pub(in crate::runtime) fn no_memory(operation: &Operation) -> Self {
        Self::answered(Decoded::no_memory(operation), 0, Text::from(""))
    }

    /// The end of a request whose answer was known.
    pub(in crate::runtime) fn remembered(content: Arc<Content>, source: Source) -> Self {
        Self {
            status: Status::Ok,
            source,
            http_status: content.http_status,
            reply: Some(Reply::new(content)),
            ..Self::without_answer(Status::Ok)
        }
    }

    /// The same for another request that wanted to know the same.
    pub(in crate::runtime) fn shared(&self) -> Self {
        Self {
            source: if self.source == Source::Network { Source::Shared } else { self.source },
            reply: self.reply.as_ref().map(|reply| Reply::new(Arc::clone(&reply.content))),
            ..*self
        }
    }

    /// What was answered, to be kept.
    pub(in crate::runtime) fn content(&self) -> Option<&Arc<Content>> {
        self.reply.as_ref().map(|reply| &reply.content)
    }

    /// Adds what is known of a request that was decided by something other than a worker's answer. One a
    /// worker had taken may have reached the server.
    pub(in crate::runtime) fn ended_without_worker(&mut self, accepted: Instant, taken: bool) {
        let lived = self.decided.saturating_duration_since(accepted);
        if taken {
            self.sent = Sent::Maybe;
            self.attempts = 1;
            self.network = lived;
        } else {
            self.queued = lived;
        }
    }
}

impl Outcome {
    /// The same at the end of more attempts: `last` is the outcome of the last one.
    pub(in crate::runtime) fn again(self, last: &Self) -> Self {
        Self { attempts: last.attempts, queued: last.queued, network: last.network, ..self }
    }

    /// What a flow wants to know of it.
    pub(in crate::runtime) fn to_decoded(&self) -> Result<Option<Decoded>, NoMemory> {
        let Some(content) = self.content() else { return Ok(None) };
        Ok(Some(Decoded {
            status: self.status,
            answer: content.answer.try_clone()?,
            error: content.error.try_clone()?,
            message: content.message.try_clone()?,
        }))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::operations::{
        self, CREATE_CUSTOMER_TOKEN, GET_CUSTOMER, LIST_CUSTOMERS, LOOKUP_CUSTOMER, LOOKUP_GIFTCARD,
        Operation, REQUEST,
    };
    use crate::room::counting::held_by;

    fn customer(number: usize) -> String {
        let metadata: Vec<String> =
            (0..number % 9).map(|key| format!(r#""key{key}":"value {key} of {number}""#)).collect();
        format!(
            r#"{{"id":"41148649163037{number:04}","store_id":"411486491630370816",
            "profile":{{"id":"p{number}","platform":"minecraft","name":"Notch{number}","avatar_url":null}},
            "steam_id":"76561198012345678","steam":{{"id":"76561198012345678","name":"gabe","avatar_url":"https://a/s.png"}},
            "minecraft_uuid":"069a79f4-44e9-4726-a5be-fca90e38aaf5",
            "minecraft":{{"id":"069a79f444e94726a5befca90e38aaf5","name":"Notch","avatar_url":"https://a/m.png"}},
            "xbox_xuid":"2535432196048835","minecraft_platform":"java","name":"Markus",
            "created_at":"2024-01-02T03:04:05.1234567Z","updated_at":"2024-01-02T05:04:05+02:00",
            "metadata":{{{}}},"unknown":{{"a":[{{"b":[1,2,3]}}]}}}}"#,
            metadata.join(",")
        )
    }

    fn list_of(count: usize, item: impl Fn(usize) -> String) -> String {
        format!("[{}]", (0..count).map(item).collect::<Vec<_>>().join(","))
    }

    fn refusal(errors: &str) -> String {
        format!(
            r#"{{"status":400,"code":"bad-request","message":"no","trace_id":"00-4bf92f3577b34da6","errors":{errors}}}"#
        )
    }

    /// The bytes counted for an answer, and the bytes the allocator spent on it.
    fn counted_and_held(operation: &Operation, http_status: u16, body: &str) -> (usize, usize) {
        let (outcome, held) = held_by(|| {
            let decoded = operations::decode(operation, http_status, "application/json", body.as_bytes());
            Outcome::answered(decoded, http_status, Text::from(body))
        });
        let reply = outcome.reply.expect("answered");
        // The reply's own box is not the content's.
        (reply.content.bytes(), held - crate::model::heap::block(size_of::<Reply>()))
    }

    #[test]
    fn bytes_are_those_of_the_allocator() {
        let deep = format!(r#"{{"id":"1","metadata":{{"a":{}{}}}}}"#, "[".repeat(60), "]".repeat(60));
        let wide = format!(
            r#"{{"id":"1","metadata":{{{}}}}}"#,
            (0..5_000).map(|key| format!(r#""{key}":{{"x":[{key},null]}}"#)).collect::<Vec<_>>().join(",")
        );
        let path = |number| {
            format!(
                r#"{{"code":"c","message":"too long","path":["items",{number},"name"],"validation":"length"}}"#
            )
        };
        for (name, operation, http_status, body) in [
            ("a page", &LIST_CUSTOMERS, 200, list_of(100, customer)),
            ("a page of bare ids", &LIST_CUSTOMERS, 200, list_of(100, |id| format!(r#"{{"id":{id}}}"#))),
            ("a megabyte of bare ids", &LIST_CUSTOMERS, 200, list_of(90_000, |id| format!(r#"{{"id":{id}}}"#))),
            ("a page of metadata", &LIST_CUSTOMERS, 200, list_of(100, |id| wide.replacen(r#""1""#, &id.to_string(), 1))),
            ("an empty page", &LIST_CUSTOMERS, 200, "[]".to_owned()),
            ("one customer", &GET_CUSTOMER, 200, customer(8)),
            ("a bare customer", &GET_CUSTOMER, 200, r#"{"id":"1"}"#.to_owned()),
            ("deep metadata", &GET_CUSTOMER, 200, deep),
            ("wide metadata", &GET_CUSTOMER, 200, wide.clone()),
            ("metadata of nulls", &GET_CUSTOMER, 200, format!(r#"{{"id":"1","metadata":{{{}"z":1}}}}"#, (0..500).map(|key| format!(r#""{key}":null,"#)).collect::<String>())),
            ("an unknown customer", &LOOKUP_CUSTOMER, 404, refusal("null")),
            ("validation errors", &GET_CUSTOMER, 400, refusal(&list_of(2_000, path))),
            ("short validation errors", &GET_CUSTOMER, 400, refusal(&list_of(50_000, |_| r#"{"code":1}"#.to_owned()))),
            ("empty validation errors", &GET_CUSTOMER, 400, refusal(&list_of(50_000, |_| "{}".to_owned()))),
            ("a long path", &GET_CUSTOMER, 400, refusal(&format!(r#"[{{"path":{}}}]"#, list_of(9_000, |number| number.to_string())))),
            ("a token", &CREATE_CUSTOMER_TOKEN, 200, format!(r#"{{"token":"pnct_{}"}}"#, "x".repeat(700))),
            ("a gift card", &LOOKUP_GIFTCARD, 200, r#"{"code":"ABCD-EFGH-IJKL-MNOP","balance":1,"starting_balance":2,"expires_at":"2030-01-01T00:00:00Z"}"#.to_owned()),
            ("any JSON", &REQUEST, 200, list_of(1_000, customer)),
            ("no JSON", &GET_CUSTOMER, 502, "<html>".repeat(100)),
        ] {
            let (counted, held) = counted_and_held(operation, http_status, &body);
            let length = body.len();
            assert!(
                counted.abs_diff(held) * 5 <= held,
                "{name}: {counted} bytes counted, {held} held, {length} on the wire"
            );
        }
    }
}

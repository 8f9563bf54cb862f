//! What a request brought, as Rust programs see it.

use std::mem::ManuallyDrop;
use std::time::Duration;

use super::RequestId;
use crate::model::{ApiError, Customer, GiftCard, Token};
use crate::operations::{Answer, OperationId, Sent, Status};
use crate::runtime::{Key, Reading, Runtime, Source};

/// A finished request. Freed when it is dropped: the memory goes back to a thread of the library.
pub struct Completion<'c> {
    runtime: &'c Runtime,
    key: Key,
    /// Ends before the completion is freed.
    reading: ManuallyDrop<Reading<'c>>,
}

impl<'c> Completion<'c> {
    pub(super) fn open(runtime: &'c Runtime, key: Key) -> Option<Self> {
        Some(Self { runtime, key, reading: ManuallyDrop::new(runtime.read(key).ok()?) })
    }

    /// Which request it was.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(self.key)
    }

    /// Which operation it was.
    #[must_use]
    pub fn operation(&self) -> OperationId {
        self.reading.header().operation.id
    }

    /// The tag its call had.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.reading.header().tag
    }

    /// How it ended.
    #[must_use]
    pub fn status(&self) -> Status {
        self.reading.outcome().status
    }

    /// What it brought.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        self.reading.outcome().reply.as_ref().map_or(&Answer::Nothing, |reply| &reply.answer)
    }

    /// The customer, if it brought one.
    #[must_use]
    pub fn customer(&self) -> Option<&Customer> {
        match self.answer() {
            Answer::Customer(customer) | Answer::TokenFor(customer, _) => Some(customer),
            _ => None,
        }
    }

    /// The customers, if it brought a list; empty otherwise.
    #[must_use]
    pub fn customers(&self) -> &[Customer] {
        match self.answer() {
            Answer::Customers(customers) => customers,
            _ => &[],
        }
    }

    /// The token, if it brought one.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        match self.answer() {
            Answer::Token(token) | Answer::TokenFor(_, token) => Some(token),
            _ => None,
        }
    }

    /// The gift card, if it brought one.
    #[must_use]
    pub fn giftcard(&self) -> Option<&GiftCard> {
        match self.answer() {
            Answer::GiftCard(card) => Some(card),
            _ => None,
        }
    }

    /// PayNow's own words, when it refused, or said that the customer or card does not exist.
    #[must_use]
    pub fn error(&self) -> Option<&ApiError> {
        self.reading.outcome().reply.as_ref()?.error.as_deref()
    }

    /// What happened, in a sentence for a log, when the status is not [`Status::Ok`]. Holds no secret.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let outcome = self.reading.outcome();
        match outcome.reply.as_ref().and_then(|reply| reply.message.as_deref()) {
            Some(message) => Some(message),
            None => outcome.status.explanation(),
        }
    }

    /// The body as it came, if it was UTF-8. May hold a token: not for a log.
    #[must_use]
    pub fn body(&self) -> &str {
        self.reading.outcome().reply.as_ref().map_or("", |reply| reply.body.as_str())
    }

    /// The HTTP status; 0 when no answer came.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.reading.outcome().http_status
    }

    /// Whether the request reached the server.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.reading.outcome().sent
    }

    /// How often it was sent or begun to be sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.reading.outcome().attempts
    }

    /// Where the answer comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.reading.outcome().source
    }

    /// When the server wants to be asked again, at most 5 minutes.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.reading.outcome().retry_after
    }

    /// How long it waited for a worker.
    #[must_use]
    pub fn queued(&self) -> Duration {
        self.reading.outcome().queued
    }

    /// How long a worker was at it. When it ended without an answer after a worker had begun, its whole life.
    #[must_use]
    pub fn network(&self) -> Duration {
        self.reading.outcome().network
    }

    /// How long ago it finished.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.reading.outcome().decided.elapsed()
    }
}

impl Drop for Completion<'_> {
    fn drop(&mut self) {
        // SAFETY: nothing uses the reading after this; it is dropped once, here.
        unsafe { ManuallyDrop::drop(&mut self.reading) };
        // Only this value could free it, so it is still there.
        let _ = self.runtime.release(self.key);
    }
}

impl std::fmt::Debug for Completion<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Completion")
            .field("operation", &self.operation())
            .field("status", &self.status())
            .field("http_status", &self.http_status())
            .field("answer", self.answer())
            .finish_non_exhaustive()
    }
}

//! The client: the face Rust programs use, and the core every other face calls.

mod bulk;
mod completion;
mod config;
mod dump;
mod inputs;
mod metrics;
mod network;
mod pages;
mod pieces;
mod route;

pub use completion::Completion;
pub use config::{BuildError, ClientBuilder};
pub use inputs::{
    Authentication, AuthenticationPlatform, Call, CustomerFields, Field, ListCustomers, LookupKey, RawAuth,
    RawRequest, RequestId,
};
pub use network::NetworkConfig;
pub use route::{ProxyRoute, Route};

use std::fmt;
use std::time::{Duration, Instant};

use crate::model::Secret;
use crate::operations::{self, Arguments, InvalidArgument, Operation, Parameter};
use crate::policy::identity::{self, NamingRules};
pub use crate::policy::identity::{Player, PlayerKey};
use crate::runtime::{
    Attachment, Key, LogLine, NoCompletion, Occupied, Peeked, Reading, Runtime, Stats, Submission,
    SubmitError, Turn,
};
pub use bulk::{Bulk, BulkOutcome};
pub(crate) use bulk::{Identity, outcomes, piece_length};
pub use pages::Pages;
pub(crate) use pieces::{PieceUnderWay, Pieces};

/// A connection of one game server to one PayNow store.
///
/// Every operation takes a [`Call`] (deadline, priority, tag) and returns a [`RequestId`]; what it brought comes with the
/// [`Completion`] of that id. All methods can be called from any thread. Those that submit, cancel or ask for numbers never wait,
/// make no system call and wake no thread; [`Client::poll`] and [`Client::next`] hand out completions to one
/// thread at a time. Dropping the client ends its threads (bounded by 5 s, ordinarily within
/// milliseconds); completions that were not collected are lost then, so a host that wants them calls
/// [`Client::shutdown`] and polls once more before.
#[derive(Debug)]
#[repr(C)] // what every submission needs comes first
pub struct Client {
    runtime: Runtime,
    default_deadline: Duration,
    naming: NamingRules,
}

/// Why nothing can be collected now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollectError {
    /// Another thread is collecting.
    Busy,
    /// This thread is collecting already: it is inside a callback.
    Reentrant,
    /// This process is a fork of the one that made the client: its threads are not here.
    Forked,
}

impl CollectError {
    /// What it means, in a sentence.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Busy => "another thread is collecting completions of this client at this moment",
            Self::Reentrant => "completions cannot be collected from inside a callback that delivers one",
            Self::Forked => SubmitError::Forked.explanation(),
        }
    }
}

impl std::fmt::Display for CollectError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.explanation())
    }
}

impl std::error::Error for CollectError {}

impl From<Occupied> for CollectError {
    fn from(occupied: Occupied) -> Self {
        match occupied {
            Occupied::Busy => Self::Busy,
            Occupied::Reentrant => Self::Reentrant,
        }
    }
}

impl Client {
    /// Begins to make a client for the store with this id: the digits that PayNow's dashboard shows.
    pub fn builder(store_id: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(store_id.into())
    }

    /// `GET /v1/stores/{store_id}/customers`: one page of the store's customers.
    pub fn list_customers(&self, query: &ListCustomers<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::LIST_CUSTOMERS, call, |arguments| query.write(arguments))
    }

    /// `POST /v1/stores/{store_id}/customers`: a new customer. Not repeatable: one that may have been sent
    /// and was not answered can exist.
    pub fn create_customer(
        &self,
        fields: &CustomerFields<'_>,
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::CREATE_CUSTOMER, call, |arguments| fields.write(arguments))
    }

    /// `GET /v1/stores/{store_id}/customers/{customer_id}`: one customer;
    /// [`Answer::Absent`](crate::Answer::Absent) when the customer does not exist.
    pub fn get_customer(&self, customer_id: &str, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::GET_CUSTOMER, call, |arguments| {
            arguments.text(Parameter::CustomerId, customer_id)
        })
    }

    /// `PATCH /v1/stores/{store_id}/customers/{customer_id}`: changes the fields that are not
    /// [`Field::Absent`]. Whether metadata is merged or replaced is PayNow's to say; its documents do not.
    pub fn update_customer(
        &self,
        customer_id: &str,
        fields: &CustomerFields<'_>,
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::UPDATE_CUSTOMER, call, |arguments| {
            arguments.text(Parameter::CustomerId, customer_id)?;
            fields.write(arguments)
        })
    }

    /// `POST …/customers/{customer_id}/tokens`: mints a token the customer is known by in the storefront. It does not
    /// expire by default. The API key needs the permission `customer_update`.
    pub fn create_customer_token(&self, customer_id: &str, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::CREATE_CUSTOMER_TOKEN, call, |arguments| {
            arguments.text(Parameter::CustomerId, customer_id)
        })
    }

    /// `DELETE …/customers/{customer_id}/tokens`: revokes *all* tokens of the customer. The API key needs the permission
    /// `customer_update`.
    pub fn invalidate_customer_tokens(
        &self,
        customer_id: &str,
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::INVALIDATE_CUSTOMER_TOKENS, call, |arguments| {
            arguments.text(Parameter::CustomerId, customer_id)
        })
    }

    /// `GET …/customers/lookup`: the customer with this key; [`Answer::Absent`](crate::Answer::Absent) when
    /// the customer does not exist.
    pub fn lookup_customer(&self, key: LookupKey<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::LOOKUP_CUSTOMER, call, |arguments| key.write(arguments))
    }

    /// `POST …/customers/bulk`: 1 to 200 new customers at once.
    pub fn bulk_create_customers(
        &self,
        customers: &[CustomerFields<'_>],
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::BULK_CREATE_CUSTOMERS, call, |arguments| {
            customers.iter().try_for_each(|fields| {
                arguments.item()?;
                fields.write(arguments)
            })
        })
    }

    /// `POST /v1/store/customer/auth`: a token for the owner of a platform account, who becomes a customer.
    pub fn authenticate_customer(
        &self,
        authentication: &Authentication<'_>,
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::AUTHENTICATE_CUSTOMER, call, |arguments| authentication.write(arguments))
    }

    /// `GET /v1/store/customer`: the customer a token belongs to.
    pub fn get_current_customer(&self, customer_token: &str, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::GET_CURRENT_CUSTOMER, call, |arguments| {
            arguments.text(Parameter::CustomerToken, customer_token)
        })
    }

    /// `GET /v1/store/customer/giftcards/lookup/{code}`: a gift card, asked for by a customer;
    /// [`Answer::Absent`](crate::Answer::Absent) when the card does not exist. Hosts guard this against guessing.
    pub fn lookup_giftcard(
        &self,
        customer_token: &str,
        code: &str,
        call: &Call,
    ) -> Result<RequestId, SubmitError> {
        self.submit(&operations::LOOKUP_GIFTCARD, call, |arguments| {
            arguments.text(Parameter::CustomerToken, customer_token)?;
            arguments.text(Parameter::GiftCardCode, code)
        })
    }

    /// Any other operation of the API, under the same promise as the named ones. Only a `GET` is repeated. What it was
    /// answered with is [`Completion::body`].
    pub fn request(&self, request: &RawRequest<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::REQUEST, call, |arguments| request.write(arguments))
    }

    /// Looks a player up by the strongest key the host knows.
    pub fn lookup_player(&self, player: &Player<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::LOOKUP_CUSTOMER, call, |arguments| self.write_player_key(player, arguments))
    }

    /// What a player is known by, by the same rules as when it is looked up. Asks nothing: for hosts that compare players
    /// with customers they have listed.
    ///
    /// # Errors
    /// Nothing the host knows of the player is a key, or the strongest key is none.
    pub fn player_key<'a>(&self, player: &Player<'a>) -> Result<PlayerKey<'a>, InvalidArgument> {
        identity::key(player, &self.naming)
    }

    /// The player's customer, created if need be: looks up, creates the unknown, and looks up again when another
    /// server was first. Calls for the same player share one answer.
    pub fn ensure_customer(&self, player: &Player<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::ENSURE_CUSTOMER, call, |arguments| self.write_player(player, arguments))
    }

    /// [`Client::ensure_customer`], and a token of theirs: the completion holds both. Tokens do not expire by default; the
    /// API key needs the permission `customer_update`.
    ///
    /// ```no_run
    /// # use paynow_bridge::{Answer, Call, Client, Player};
    /// # fn store(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let player = Player { name: Some("Notch"), ..Player::default() };
    /// let request = client.token_for(&player, &Call { tag: 7, ..Call::default() })?;
    /// // In a later tick:
    /// client.poll(0, std::time::Duration::ZERO, |completion| {
    ///     if completion.id() == request
    ///         && let Answer::TokenFor(customer, token) = completion.answer()
    ///     {
    ///         println!("a link for customer {}", customer.id);
    ///         let _token = token.expose(); // into the link, never into a log
    ///     }
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn token_for(&self, player: &Player<'_>, call: &Call) -> Result<RequestId, SubmitError> {
        self.submit(&operations::TOKEN_FOR, call, |arguments| self.write_player(player, arguments))
    }

    /// What is remembered of a lookup, without asking the API: for placeholders and permission checks on the tick
    /// thread. `None` when nothing fresh is remembered (or the place is being written to at this very moment).
    /// Never waits; takes well under a microsecond.
    pub fn peek(&self, key: LookupKey<'_>) -> Result<Option<Completion<'_>>, SubmitError> {
        let found = self.peek_key(|arguments| key.write(arguments))?;
        Ok(found.and_then(|key| Completion::open(&self.runtime, key)))
    }

    /// [`Client::peek`] for a player.
    pub fn peek_player(&self, player: &Player<'_>) -> Result<Option<Completion<'_>>, SubmitError> {
        let found = self.peek_key(|arguments| self.write_player_key(player, arguments))?;
        Ok(found.and_then(|key| Completion::open(&self.runtime, key)))
    }

    pub(crate) fn peek_key(
        &self,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Option<Key>, SubmitError> {
        self.runtime.peek(&operations::LOOKUP_CUSTOMER, fill)
    }

    /// The same for a host that has seen the answer with this number, which is 0 for none.
    #[cfg(feature = "jni")]
    pub(crate) fn peek_for_other(
        &self,
        seen: u64,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Peeked, SubmitError> {
        self.runtime.peek_for_other(&operations::LOOKUP_CUSTOMER, seen, fill)
    }

    /// Whether a player without stronger keys is known by this UUID, whatever the name.
    pub(crate) fn is_known_by(&self, uuid: u128) -> bool {
        identity::is_known_by(uuid, &self.naming)
    }

    pub(crate) fn write_player_key(
        &self,
        player: &Player<'_>,
        arguments: &mut Arguments,
    ) -> Result<(), InvalidArgument> {
        identity::write_key(player, &self.naming, arguments)
    }

    pub(crate) fn write_player(
        &self,
        player: &Player<'_>,
        arguments: &mut Arguments,
    ) -> Result<(), InvalidArgument> {
        identity::write_key_and_fields(player, &self.naming, arguments)
    }

    /// Uses another API key from here on, for requests that have not been sent yet. What is remembered stays. A client
    /// that was built without a key has one from here on.
    ///
    /// # Errors
    /// The key is empty, too long, or not visible ASCII.
    pub fn set_api_key(&self, key: impl Into<String>) -> Result<(), InvalidArgument> {
        self.runtime.set_api_key(config::api_key(&Secret::new(key.into()))?);
        Ok(())
    }

    fn submit(
        &self,
        operation: &'static Operation,
        call: &Call,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<RequestId, SubmitError> {
        self.submit_attached(operation, || (*call, Attachment::NONE), fill)
    }

    /// Submits, with what a face wants to find again with the completion. `call` is asked last.
    #[inline(always)] // see Mailbox::submit
    pub(crate) fn submit_attached(
        &self,
        operation: &'static Operation,
        call: impl FnOnce() -> (Call, Attachment),
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<RequestId, SubmitError> {
        let submission = || {
            let (call, attachment) = call();
            Submission {
                deadline: call.deadline.unwrap_or(self.default_deadline).min(config::LONGEST_DEADLINE),
                priority: call.priority,
                tag: call.tag,
                attachment,
            }
        };
        self.runtime.submit(operation, fill, submission).map(RequestId)
    }

    /// Cancels a request. True when that decided how it ended: its completion says
    /// [`Status::Cancelled`](crate::Status::Cancelled). False when it had ended already.
    pub fn cancel(&self, request: RequestId) -> bool {
        self.runtime.cancel(request.0)
    }

    /// Cancels every request with this tag that has not ended, and says how many that were.
    pub fn cancel_all(&self, tag: u64) -> u32 {
        self.runtime.cancel_all(tag)
    }

    /// Hands finished requests to `deliver`, on this thread, and frees each when `deliver` returns.
    ///
    /// Delivers what was finished when it was called, at most `limit` (0: no limit), and stops early once
    /// `budget` is used up (zero: no budget), though not before the first. Says how many it delivered.
    /// `deliver` may submit and cancel, but not poll. When it panics, the completion is freed, the panic goes on to the
    /// caller, and the client stays usable.
    ///
    /// # Errors
    /// [`CollectError::Busy`] while another thread collects, [`CollectError::Reentrant`] inside `deliver`,
    /// [`CollectError::Forked`] in a child process.
    pub fn poll(
        &self,
        limit: usize,
        budget: Duration,
        mut deliver: impl FnMut(&Completion<'_>),
    ) -> Result<usize, CollectError> {
        self.poll_keys(
            limit,
            budget,
            || {},
            |key| {
                if let Some(completion) = Completion::open(&self.runtime, key) {
                    deliver(&completion);
                }
            },
        )
    }

    /// [`Client::poll`] by key: `deliver` frees what it gets. `begin` runs first, when it is this thread's turn.
    pub(crate) fn poll_keys(
        &self,
        limit: usize,
        budget: Duration,
        begin: impl FnOnce(),
        mut deliver: impl FnMut(Key),
    ) -> Result<usize, CollectError> {
        self.check_fork()?;
        let turn = self.runtime.consumer().enter()?;
        turn.note_poll();
        begin();
        let waiting = self.runtime.gather();
        if waiting == 0 {
            return Ok(0);
        }
        let limit = if limit == 0 { waiting } else { limit.min(waiting) };
        let started = (!budget.is_zero() && limit > 1).then(Instant::now);
        let mut delivered = 0;
        while delivered < limit {
            let Some(key) = self.runtime.collect() else { break };
            deliver(key);
            delivered += 1;
            if started.is_some_and(|started| started.elapsed() >= budget) {
                break;
            }
        }
        Ok(delivered)
    }

    /// Says that a tick of the host begins, for a host that has its completions collected by a thread that waits in
    /// [`Client::next`], and submits in its ticks. From when a host polls, the client learns when to look for what it submits;
    /// from such a host it learns it here. Once a tick, on any thread; never waits.
    pub fn tick(&self) {
        self.runtime.consumer().note_tick();
    }

    /// Whether a tick was noted that the engine has not asked for.
    #[cfg(all(test, feature = "jni"))]
    pub(crate) fn has_ticked(&self) -> bool {
        self.runtime.consumer().has_polls()
    }

    /// The next finished request, waiting for one up to `timeout` (zero never waits). `None` when none finished in
    /// that time, or when the client is shut down and everything was handed out.
    ///
    /// # Errors
    /// As [`Client::poll`].
    pub fn next(&self, timeout: Duration) -> Result<Option<Completion<'_>>, CollectError> {
        let mut found = None;
        self.next_keys(timeout, 1, || {}, |key| found = Some(key))?;
        Ok(found.and_then(|key| Completion::open(&self.runtime, key)))
    }

    /// [`Client::next`] by key, up to `limit` of them; the receiver of a key frees it.
    pub(crate) fn next_keys(
        &self,
        timeout: Duration,
        limit: usize,
        begin: impl Fn(),
        mut take: impl FnMut(Key),
    ) -> Result<usize, CollectError> {
        self.check_fork()?;
        let turn = self.runtime.consumer().enter()?;
        if timeout.is_zero() {
            turn.note_poll();
        }
        begin();
        if self.runtime.gather() == 0 && !timeout.is_zero() {
            self.runtime.wait_for_completions(timeout);
            begin();
            self.runtime.gather();
        }
        let mut taken = 0;
        while taken < limit {
            let Some(key) = self.runtime.collect() else { break };
            take(key);
            taken += 1;
        }
        Ok(taken)
    }

    /// Takes the turn to collect, for several steps.
    pub(crate) fn take_turn(&self) -> Result<Turn<'_>, CollectError> {
        self.check_fork()?;
        Ok(self.runtime.consumer().enter()?)
    }

    /// The next finished request. Only for the thread that has the turn.
    pub(crate) fn collect(&self) -> Option<Key> {
        self.runtime.gather();
        self.runtime.collect()
    }

    fn check_fork(&self) -> Result<(), CollectError> {
        if self.is_forked() { Err(CollectError::Forked) } else { Ok(()) }
    }

    /// Hands the library's own log lines to `sink`, on this thread. The library logs nowhere by itself, and keeps no
    /// lines unless [`ClientBuilder::log_level`] asked for them; 256 at most wait. Any thread.
    pub fn deliver_log(&self, sink: impl FnMut(&LogLine)) {
        self.runtime.deliver_log(sink);
    }

    /// What the client has done and is doing. Never waits.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.runtime.stats()
    }

    /// What is known about the client as [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text, for
    /// Prometheus and its like: [`Client::stats`] in base units, how it stands with the rate, and histograms of how long
    /// answers took and requests waited, by operation and outcome. Ends in `# EOF`. Its content type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    ///
    /// Any thread. Takes no lock, but writes some 10 KB of text, which a tick has no time for.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = self.write_metrics(&mut text);
        text
    }

    /// [`Client::metrics`], to where the caller wants it.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_metrics(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let page = metrics::Page {
            store_id: self.runtime.store_id(),
            stats: self.stats(),
            metrics: self.runtime.metrics(),
        };
        page.write(out)
    }

    /// What the client was made with, and how each of the last 1,024 requests went, as lines of JSON: for a look at what went
    /// wrong. Holds no key, no token, and nothing of what was asked. What the lines say is in `docs/operations.md`.
    ///
    /// Any thread that has time: it waits for a lock of the library's threads and writes up to 700 KB.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn dump(&self) -> Result<String, SubmitError> {
        let (settings, recorded) = self.runtime.recorded()?;
        dump::write(settings, &self.stats(), &recorded)
    }

    /// Accepts nothing more and ends every request that has not ended with
    /// [`Status::Shutdown`](crate::Status::Shutdown). Their completions can still be collected.
    pub fn shutdown(&self) {
        self.runtime.close();
    }

    /// Whether this process is a fork of the one that made the client: then nothing works here.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.runtime.is_forked()
    }

    /// Whether this thread is collecting, that is, runs inside a callback.
    pub(crate) fn is_collecting_here(&self) -> bool {
        self.runtime.consumer().is_mine()
    }

    pub(crate) fn exists(&self, key: Key) -> bool {
        self.runtime.exists(key)
    }

    pub(crate) fn read(&self, key: Key) -> Result<Reading<'_>, NoCompletion> {
        self.runtime.read(key)
    }

    pub(crate) fn release(&self, key: Key) -> Result<Attachment, NoCompletion> {
        self.runtime.release(key)
    }

    pub(crate) fn note_discarded(&self) {
        self.runtime.note_discarded();
    }

    /// Completions that were handed out and not freed.
    pub(crate) fn unfreed(&self) -> impl Iterator<Item = Key> + '_ {
        self.runtime.unfreed()
    }

    /// Ends the threads, in bounded time.
    pub(crate) fn stop(&self) {
        self.runtime.stop();
    }

    pub(crate) fn next_generation(&self) -> u32 {
        self.runtime.next_generation()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A fork's copy has no threads to end.
        if !self.is_forked() {
            self.runtime.stop();
        }
    }
}

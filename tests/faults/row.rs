//! What a row of the table is: who misbehaves and how, what is asked, and what the host must see.

use std::time::Duration;

use paynow_bridge::{
    Answer, Authentication, AuthenticationPlatform, Call, Client, ClientBuilder, Completion, CustomerFields,
    Field, ListCustomers, LookupKey, OperationId, Player, RawAuth, RawRequest, RequestId, Sent, Source,
    Status, SubmitError,
};
use serde_json::{Value, json};

use super::neighbour::{Peer, Script};
use super::runner::Scene;

pub const NOTCH: &str = "421621336637440000";
pub const JEB: &str = "421621496020995823";
pub const STORE: &str = "411486491630370816";
/// The tag of every call, to be found again in its completion.
pub const TAG: u64 = 0x7461_67aa;
/// A token for answers in which it is not checked.
pub const TOKEN: &str = "pnct_0123456789abcdef";

/// One line of "answers a hostile or broken server gives", and what becomes of it.
pub struct Row {
    pub name: &'static str,
    pub server: Server,
    pub settings: Vec<fn(ClientBuilder) -> ClientBuilder>,
    pub acts: Vec<Act>,
    pub reached: Reached,
    /// How many customers are created in the sandbox.
    pub creates: u64,
    /// Whether the client's memory is watched.
    pub frugal: bool,
}

/// How many requests reach the server in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// As many as the completions have attempts.
    Attempts,
    AtMostAttempts,
    Exactly(u64),
}

/// Who answers.
pub enum Server {
    /// The sandbox, by its fault plan. `ELSEWHERE` in a plan is another host, which must never hear anything.
    Sandbox,
    /// A raw neighbour, reached by plain http or by https; its port is added.
    Neighbour(&'static str, Script),
    /// A raw neighbour that is a proxy on the way to this address.
    Proxy(&'static str, Script),
    /// None: an address without a listener.
    Unreachable(fn() -> String),
}

/// What happens in a row, one after the other.
pub enum Act {
    /// Another plan for the sandbox.
    Plan(Box<dyn Fn() -> Value + Send + Sync>),
    /// A call, and how it must end.
    Ask(Asked),
    /// What the words above cannot say. It accounts for its calls itself.
    Play(Box<dyn Fn(&Scene<'_>) + Send + Sync>),
}

pub struct Asked {
    pub ask: Ask,
    pub deadline: Duration,
    pub meanwhile: Meanwhile,
    pub expect: Expect,
}

/// What the host does once the server has the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    Nothing,
    /// The player left.
    Cancel,
    /// Everything with the tag ends.
    CancelAll,
    /// The plugin is disabled.
    Shutdown,
}

/// A call of the public face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    List {
        limit: Option<u32>,
        after: Option<&'static str>,
    },
    Create(&'static str),
    Get(&'static str),
    Update,
    Mint,
    Revoke,
    /// By the name of a Java player.
    Lookup(&'static str),
    /// By XUID, as [`Ask::Ensure`] looks up first.
    LookupXuid(&'static str),
    Bulk(&'static [&'static str]),
    Authenticate,
    /// Who the last token that was minted belongs to.
    Current,
    GiftCard,
    /// By XUID.
    Ensure(&'static str),
    TokenFor(&'static str),
    Request,
}

/// The usual one.
pub const LOOKUP: Ask = Ask::Lookup("Notch");
pub const CREATE: Ask = Ask::Create("newcomer");
pub const LIST: Ask = Ask::List { limit: None, after: None };

impl Ask {
    pub fn operation(self) -> OperationId {
        match self {
            Self::List { .. } => OperationId::ListCustomers,
            Self::Create(_) => OperationId::CreateCustomer,
            Self::Get(_) => OperationId::GetCustomer,
            Self::Update => OperationId::UpdateCustomer,
            Self::Mint => OperationId::CreateCustomerToken,
            Self::Revoke => OperationId::InvalidateCustomerTokens,
            Self::Lookup(_) | Self::LookupXuid(_) => OperationId::LookupCustomer,
            Self::Bulk(_) => OperationId::BulkCreateCustomers,
            Self::Authenticate => OperationId::AuthenticateCustomer,
            Self::Current => OperationId::GetCurrentCustomer,
            Self::GiftCard => OperationId::LookupGiftcard,
            Self::Ensure(_) => OperationId::EnsureCustomer,
            Self::TokenFor(_) => OperationId::TokenFor,
            Self::Request => OperationId::Request,
        }
    }

    pub fn submit(self, client: &Client, token: &str, call: &Call) -> Result<RequestId, SubmitError> {
        let named = |name| CustomerFields { name: Field::Value(name), ..CustomerFields::default() };
        let player = |xuid| Player { xbox_xuid: Some(xuid), ..Player::default() };
        match self {
            Self::List { limit, after } => {
                client.list_customers(&ListCustomers { limit, after, ..ListCustomers::default() }, call)
            }
            Self::Create(name) => client.create_customer(&named(name), call),
            Self::Get(id) => client.get_customer(id, call),
            Self::Update => client.update_customer(NOTCH, &named("changed"), call),
            Self::Mint => client.create_customer_token(NOTCH, call),
            Self::Revoke => client.invalidate_customer_tokens(NOTCH, call),
            Self::Lookup(name) => client.lookup_customer(LookupKey::MinecraftJavaName(name), call),
            Self::LookupXuid(xuid) => client.lookup_customer(LookupKey::XboxXuid(xuid), call),
            Self::Bulk(names) => {
                let customers: Vec<_> = names.iter().copied().map(named).collect();
                client.bulk_create_customers(&customers, call)
            }
            Self::Authenticate => client.authenticate_customer(
                &Authentication {
                    platform: AuthenticationPlatform::MinecraftJavaName,
                    id: "Notch",
                    customer_ip: "192.0.2.7",
                    customer_countrycode: None,
                },
                call,
            ),
            Self::Current => client.get_current_customer(token, call),
            Self::GiftCard => client.lookup_giftcard(token, "GIFT-2500-ALEX", call),
            Self::Ensure(xuid) => client.ensure_customer(&player(xuid), call),
            Self::TokenFor(xuid) => client.token_for(&player(xuid), call),
            Self::Request => client.request(
                &RawRequest { method: "GET", path: "/v1/anything", json: None, auth: RawAuth::ApiKey },
                call,
            ),
        }
    }
}

/// What kind of answer the host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Nothing,
    Absent,
    Customer,
    Customers(usize),
    Token,
    TokenFor,
    GiftCard,
    Json,
}

impl Kind {
    pub fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Nothing => Self::Nothing,
            Answer::Absent => Self::Absent,
            Answer::Customer(_) => Self::Customer,
            Answer::Customers(customers) => Self::Customers(customers.len()),
            Answer::Token(_) => Self::Token,
            Answer::TokenFor(..) => Self::TokenFor,
            Answer::GiftCard(_) => Self::GiftCard,
            Answer::Json => Self::Json,
            other => panic!("an answer this suite does not know: {other:?}"),
        }
    }
}

/// How a call must end.
pub struct Expect {
    pub status: Status,
    pub http: u16,
    pub source: Source,
    pub sent: Sent,
    pub attempts: u32,
    pub answer: Kind,
    pub words: Vec<&'static str>,
    pub checks: Vec<Check>,
}

/// Looks closer at a completion; panics when it is not as it should be.
pub type Check = Box<dyn Fn(&Completion<'_>) + Send + Sync>;

/// Answered with HTTP 200, at the first attempt.
pub fn ok(answer: Kind) -> Expect {
    Expect { answer, ..refused(Status::Ok, 200) }
}

/// Answered with this HTTP status, which means this.
pub fn refused(status: Status, http: u16) -> Expect {
    Expect {
        status,
        http,
        source: Source::Network,
        sent: Sent::Answered,
        attempts: 1,
        answer: Kind::Nothing,
        words: Vec::new(),
        checks: Vec::new(),
    }
}

/// Not answered, and whether the server acted on it is unknown.
pub fn broken(status: Status) -> Expect {
    Expect { sent: Sent::Maybe, ..refused(status, 0) }
}

/// Not answered, because nothing was ever sent.
pub fn never_sent(status: Status) -> Expect {
    Expect { sent: Sent::Never, ..refused(status, 0) }
}

impl Expect {
    pub fn http(mut self, http: u16) -> Self {
        self.http = http;
        self
    }

    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    pub fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// The message for the log has these words in it.
    pub fn says(mut self, words: &[&'static str]) -> Self {
        self.words.extend(words);
        self
    }

    pub fn sees(mut self, check: impl Fn(&Completion<'_>) + Send + Sync + 'static) -> Self {
        self.checks.push(Box::new(check));
        self
    }
}

impl Row {
    fn new(name: &'static str, server: Server) -> Self {
        Self {
            name,
            server,
            settings: Vec::new(),
            acts: Vec::new(),
            reached: Reached::Attempts,
            creates: 0,
            frugal: false,
        }
    }

    /// A row the sandbox produces.
    pub fn sandbox(name: &'static str, plan: Value) -> Self {
        Self::new(name, Server::Sandbox).plan(plan)
    }

    /// A row a raw neighbour produces.
    pub fn raw(name: &'static str, script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::new(name, Server::Neighbour("http://127.0.0.1", std::sync::Arc::new(script)))
    }

    /// A row a raw neighbour produces that is asked by https.
    pub fn secure(name: &'static str, script: Script) -> Self {
        Self::new(name, Server::Neighbour("https://localhost", script))
            .with(|b| b.ca_file(super::tls::ca_file()))
    }

    /// A row whose server is reached through a proxy, if the proxy lets one.
    pub fn proxy(name: &'static str, base: &'static str, script: Script) -> Self {
        Self::new(name, Server::Proxy(base, script)).with(|b| b.ca_file(super::tls::ca_file()))
    }

    /// A row without a server at the address.
    pub fn unreachable(name: &'static str, address: fn() -> String) -> Self {
        Self::new(name, Server::Unreachable(address)).reached(0)
    }

    /// The neighbour is asked under this address.
    pub fn called(mut self, base: &'static str) -> Self {
        if let Server::Neighbour(name, _) = &mut self.server {
            *name = base;
        }
        self
    }

    pub fn with(mut self, setting: fn(ClientBuilder) -> ClientBuilder) -> Self {
        self.settings.push(setting);
        self
    }

    pub fn plan(self, plan: Value) -> Self {
        self.plan_made(move || plan.clone())
    }

    /// A plan that is made when it is needed.
    pub fn plan_made(mut self, plan: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        self.acts.push(Act::Plan(Box::new(plan)));
        self
    }

    /// A call with a deadline nothing on a healthy way comes near.
    pub fn ask(self, ask: Ask, expect: Expect) -> Self {
        self.ask_within(Duration::from_secs(60), ask, expect)
    }

    pub fn ask_within(self, deadline: Duration, ask: Ask, expect: Expect) -> Self {
        self.act(Asked { ask, deadline, meanwhile: Meanwhile::Nothing, expect })
    }

    pub fn ask_and(self, meanwhile: Meanwhile, ask: Ask, expect: Expect) -> Self {
        self.act(Asked { ask, deadline: Duration::from_secs(60), meanwhile, expect })
    }

    fn act(mut self, asked: Asked) -> Self {
        self.acts.push(Act::Ask(asked));
        self
    }

    pub fn play(mut self, play: impl Fn(&Scene<'_>) + Send + Sync + 'static) -> Self {
        self.acts.push(Act::Play(Box::new(play)));
        self
    }

    pub fn reached(mut self, requests: u64) -> Self {
        self.reached = Reached::Exactly(requests);
        self
    }

    /// Fewer requests may reach the server than there are attempts: some are given up on their way.
    pub fn reached_at_most(mut self) -> Self {
        self.reached = Reached::AtMostAttempts;
        self
    }

    pub fn creates(mut self, customers: u64) -> Self {
        self.creates = customers;
        self
    }

    pub fn frugal(mut self) -> Self {
        self.frugal = true;
        self
    }
}

/// A plan that answers everything with this.
pub fn respond(status: u16, body: &str) -> Value {
    plan(json!({"respond": {"status": status, "body": body}}))
}

/// A plan that answers everything with this, headers included.
pub fn respond_with(status: u16, headers: Value, body: &str) -> Value {
    plan(json!({"respond": {"status": status, "headers": headers, "body": body}}))
}

/// A plan of one rule.
pub fn plan(rule: Value) -> Value {
    json!({"rules": [rule]})
}

/// A plan of one rule, for the first request only.
pub fn once(mut rule: Value) -> Value {
    rule["times"] = 1.into();
    plan(rule)
}

/// No faults.
pub fn healthy() -> Value {
    json!({})
}

/// The body of a `PayNowError`.
pub fn error(status: u16, code: &str) -> String {
    format!(r#"{{"status":{status},"code":"{code}","message":"the server's words","trace_id":"t-1"}}"#)
}

/// A customer as JSON, with these fields besides the required ones.
pub fn customer(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        r#"{{"id":"77","store_id":"{STORE}","created_at":"2024-01-02T03:04:05Z","metadata":{{}}{comma}{fields}}}"#
    )
}

//! How a client is made.

use std::env::VarError;
use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Client;
use super::network::NetworkConfig;
use crate::model::Secret;
use crate::network;
use crate::network::settings::UnusableOptions;
use crate::network::tier::{self, TierSettings};
use crate::operations::{self, InvalidArgument};
use crate::policy::breaker::BreakerPolicy;
use crate::policy::cache::CachePolicy;
use crate::policy::identity::NamingRules;
use crate::policy::rate::RatePolicy;
use crate::policy::retry::RetryPolicy;
use crate::runtime::{self, LogLevel, Runtime, StartError};
use crate::transport::{
    ApiBase, HttpSettings, HttpTransport, Proxy, belongs_to_us_alone, read_certificates, read_small_file,
};

/// Until when a request may take, unless its call says otherwise.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_MAX_OUTSTANDING: u32 = 10_000;
const DEFAULT_MAX_WORKERS: u32 = 64;
const DEFAULT_WARM_CONNECTIONS: u32 = 1;
const DEFAULT_MAX_RESPONSE_BYTES: u64 = 1024 * 1024;
const DEFAULT_MAX_HELD_BYTES: u64 = 64 * 1024 * 1024;

/// Most workers a client may be given: beyond that threads stop being cheap.
const MOST_WORKERS: u32 = 1_024;
/// Longest deadline accepted; what takes longer than a day is not worth waiting for.
pub(super) const LONGEST_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_KEY: usize = 1_024;
const LONGEST_USER_AGENT: usize = 256;

// The addresses are secrets until they are read: one with a password in it is printed nowhere.
/// Makes a [`Client`]. Every setting has a sensible default; only the store id is always needed.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `build`"]
pub struct ClientBuilder {
    store_id: String,
    api_key: Option<Secret>,
    api_key_env: Option<String>,
    api_key_file: Option<PathBuf>,
    api_base: Secret,
    proxy: Option<Secret>,
    ca_file: Option<PathBuf>,
    user_agent: Option<String>,
    deadline: Duration,
    connect_timeout: Duration,
    max_outstanding: u32,
    max_workers: u32,
    warm_connections: u32,
    max_response_bytes: u64,
    max_held_bytes: u64,
    log_level: Option<LogLevel>,
    flight_recorder: bool,
    retry: RetryPolicy,
    breaker: BreakerPolicy,
    rate: RatePolicy,
    cache: CachePolicy,
    naming: NamingRules,
    network: Option<NetworkConfig>,
    first_generation: u32,
}

impl ClientBuilder {
    pub(super) fn new(store_id: String) -> Self {
        Self {
            store_id,
            api_key: None,
            api_key_env: None,
            api_key_file: None,
            api_base: Secret::new(ApiBase::DEFAULT.to_owned()),
            proxy: None,
            ca_file: None,
            user_agent: None,
            deadline: DEFAULT_DEADLINE,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            max_outstanding: DEFAULT_MAX_OUTSTANDING,
            max_workers: DEFAULT_MAX_WORKERS,
            warm_connections: DEFAULT_WARM_CONNECTIONS,
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            max_held_bytes: DEFAULT_MAX_HELD_BYTES,
            log_level: None,
            flight_recorder: true,
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            rate: RatePolicy::default(),
            cache: CachePolicy::default(),
            naming: NamingRules::default(),
            network: None,
            first_generation: 1,
        }
    }

    /// The key of the Management API. Without one only the Storefront operations work. A key pasted with
    /// its scheme (`APIKey …`) is understood.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(Secret::new(key.into()));
        self
    }

    /// Reads the key from this environment variable.
    pub fn api_key_env(mut self, variable: impl Into<String>) -> Self {
        self.api_key_env = Some(variable.into());
        self
    }

    /// Reads the key from this file, which must be readable by its owner alone (mode 0600).
    pub fn api_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.api_key_file = Some(path.into());
        self
    }

    /// Goes through this proxy (`http://proxy.example:3128`), whatever the environment says; empty goes through none.
    /// By default `HTTPS_PROXY` and `NO_PROXY` decide.
    pub fn proxy(mut self, address: impl Into<String>) -> Self {
        self.proxy = Some(Secret::new(address.into()));
        self
    }

    /// Trusts the certificates in this PEM file too, besides the system's and the bundled ones.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Where the API is, `https://api.paynow.gg` by default. Plain http is for loopback addresses only.
    pub fn api_base(mut self, base: impl Into<String>) -> Self {
        self.api_base = Secret::new(base.into());
        self
    }

    /// The product the host wants to be known as, put before this library's own name in `User-Agent`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Until when a request may take, from submission to completion: 10 s by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long one attempt to connect may take: 3 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How many requests may be outstanding, that is, submitted and their completion not freed: 10,000 by default.
    pub fn max_outstanding(mut self, requests: u32) -> Self {
        self.max_outstanding = requests;
        self
    }

    /// How many worker threads there may be: 64 by default. Only as many run as there is work for,
    /// and beside an API that answers within a millisecond only as many as do any good. There are never more
    /// connections than workers: each does one exchange at a time, and takes an idle connection before it opens one.
    pub fn max_workers(mut self, threads: u32) -> Self {
        self.max_workers = threads;
        self
    }

    /// How many connections are held ready, so that a request finds one with its name resolved and its handshakes done: 1
    /// by default; 0 opens each with the request that needs it. They are opened in the background from [`build`] on and
    /// again when the server closes them, as long as the host collects and until an hour after its last request. At most
    /// [`max_workers`].
    ///
    /// [`build`]: Self::build
    /// [`max_workers`]: Self::max_workers
    pub fn warm_connections(mut self, connections: u32) -> Self {
        self.warm_connections = connections;
        self
    }

    /// The largest answer accepted, in bytes: 1 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// How many bytes of answers may wait for the host before no new request is sent: 64 MiB by default.
    pub fn max_held_bytes(mut self, bytes: u64) -> Self {
        self.max_held_bytes = bytes;
        self
    }

    /// Keeps log lines up to this level for [`Client::deliver_log`]; none are kept by default.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Whether the client notes how each of the last 1,024 requests went, for [`Client::dump`]; it does by default. That takes
    /// 256 KiB at most, and nothing of the threads that submit and collect. Of what was asked nothing is kept.
    pub fn flight_recorder(mut self, on: bool) -> Self {
        self.flight_recorder = on;
        self
    }

    /// How often a request is sent at most, the first time included: 3 by default. 1 never repeats.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.retry.max_attempts = attempts;
        self
    }

    /// The longest wait before the first repetition, doubling with each: 200 ms by default. Waits are drawn at
    /// random up to that, and are never longer than 5 s unless the server asks for it.
    pub fn retry_base(mut self, base: Duration) -> Self {
        self.retry.base = base;
        self
    }

    /// After how many failures in a row requests fail at once: 20 by default; 0 never.
    pub fn circuit_threshold(mut self, failures: u32) -> Self {
        self.breaker.threshold = failures;
        self
    }

    /// How many requests a second may be sent, and how many at once after a quiet time: 0 is as many as in a second. No
    /// limit by default but what 429s teach.
    pub fn rate_limit(mut self, per_second: f64, burst: u32) -> Self {
        let burst = if burst == 0 { per_second } else { f64::from(burst) };
        self.rate = RatePolicy { per_second, burst };
        self
    }

    /// How long the answer to a lookup or get is remembered: 5 minutes by default; zero remembers nothing.
    pub fn cache_ttl(mut self, ttl: Duration) -> Self {
        self.cache.ttl = ttl;
        self
    }

    /// How long "no such customer" is remembered: 30 s by default.
    pub fn cache_negative_ttl(mut self, ttl: Duration) -> Self {
        self.cache.negative_ttl = ttl;
        self
    }

    /// How old an answer may be to stand in for a failure of the API: 1 h by default.
    pub fn cache_stale(mut self, age: Duration) -> Self {
        self.cache.stale = age;
        self
    }

    /// How many bytes of answers are remembered: 16 MiB by default.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache.max_bytes = bytes;
        self
    }

    /// Joins the other servers of the store, over a Redis or Valkey: none by default. Needs an API key, which says who belongs
    /// together; [`rate_limit`](Self::rate_limit) is then what all of them may ask.
    pub fn network(mut self, network: NetworkConfig) -> Self {
        self.network = Some(network);
        self
    }

    /// Changes what was said about the network, for faces that say it piece by piece.
    pub(crate) fn change_network(mut self, change: &dyn Fn(NetworkConfig) -> NetworkConfig) -> Self {
        self.network = Some(change(self.network.take().unwrap_or_else(NetworkConfig::unset)));
        self
    }

    /// What the server puts before the names of Bedrock players: `.` by default, empty for nothing. A [`Player`]
    /// known only by a name that begins with it is looked up as a gamertag.
    ///
    /// [`Player`]: crate::Player
    pub fn bedrock_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.naming.bedrock_prefix = prefix.into();
        self
    }

    /// Whether PayNow is asked with the Bedrock prefix (documented nowhere): false by default.
    pub fn send_bedrock_prefix(mut self, send: bool) -> Self {
        self.naming.send_bedrock_prefix = send;
        self
    }

    /// Whether a [`Player`](crate::Player) with a UUID made in offline mode (version 3) is looked up by that and not by
    /// name: false by default.
    pub fn offline_players_by_uuid(mut self, by_uuid: bool) -> Self {
        self.naming.offline_by_name = !by_uuid;
        self
    }

    /// The same the other way round: other faces cannot spell it so.
    #[deprecated(note = "use `offline_players_by_uuid`, which means the opposite")]
    pub fn offline_players_by_name(self, by_name: bool) -> Self {
        self.offline_players_by_uuid(!by_name)
    }

    /// Where the ids of the client begin, so that they differ from those of an earlier one.
    pub(crate) fn first_generation(mut self, generation: u32) -> Self {
        self.first_generation = generation;
        self
    }

    /// Starts the client, and waits for nothing of the network: its threads open connections in the background.
    pub fn build(self) -> Result<Client, BuildError> {
        let refuse = |argument, problem| Err(BuildError::from(InvalidArgument::new(argument, problem)));
        let Some(store_id) = operations::digits(&self.store_id, i64::MAX as u64) else {
            return refuse("store_id", "must be a PayNow id: decimal digits of a 64-bit number");
        };
        let api_key = self.read_api_key()?;
        let (base, proxy) = self.base_and_proxy()?;
        let extra_roots = match self.ca_file.as_deref() {
            Some(path) => read_certificates(path, "ca_file")
                .map_err(|problem| BuildError::Source { problem, place: path.display().to_string() })?,
            None => Vec::new(),
        };
        if self.deadline.is_zero() || self.deadline > LONGEST_DEADLINE {
            return refuse("deadline", "must be between 1 ms and 24 h");
        }
        if self.connect_timeout.is_zero() || self.connect_timeout > LONGEST_DEADLINE {
            return refuse("connect_timeout", "must be between 1 ms and 24 h");
        }
        if !(1..=runtime::MAX_SLOTS).contains(&self.max_outstanding) {
            return refuse("max_outstanding", "must be between 1 and 1048576");
        }
        if !(1..=MOST_WORKERS).contains(&self.max_workers) {
            return refuse("max_workers", "must be between 1 and 1024");
        }
        if self.warm_connections > self.max_workers {
            return refuse("warm_connections", "must not be more than max_workers");
        }
        if self.max_response_bytes == 0 {
            return refuse("max_response_bytes", "must not be 0");
        }
        if self.max_held_bytes == 0 {
            return refuse("max_held_bytes", "must not be 0");
        }
        if !(1..=100).contains(&self.retry.max_attempts) {
            return refuse("max_attempts", "must be between 1 and 100");
        }
        if !(self.rate.per_second >= 0.0 && self.rate.per_second.is_finite()) {
            return refuse("rate_limit", "must be a number of requests a second");
        }
        let network = self.checked_network(store_id, api_key.as_ref())?;
        let user_agent = match &self.user_agent {
            Some(product) if !is_product(product) => {
                return refuse("user_agent", "must be 1 to 256 bytes of visible ASCII and spaces");
            }
            Some(product) => format!("{product} {OWN_USER_AGENT}"),
            None => OWN_USER_AGENT.to_owned(),
        };
        let told = self.redacted(store_id);
        let settings = runtime::Settings {
            store_id: store_id.to_owned(),
            told,
            has_api_key: api_key.is_some(),
            max_outstanding: self.max_outstanding,
            max_workers: self.max_workers,
            warm_connections: self.warm_connections,
            max_held_bytes: usize::try_from(self.max_held_bytes).unwrap_or(usize::MAX),
            log_level: self.log_level,
            flight_recorder: self.flight_recorder,
            retry: self.retry,
            breaker: self.breaker,
            rate: self.rate,
            cache: self.cache,
            network,
            first_generation: self.first_generation,
        };
        let transport = HttpTransport::new(HttpSettings {
            base,
            api_key,
            user_agent,
            connect_timeout: self.connect_timeout,
            max_response_bytes: self.max_response_bytes,
            proxy,
            extra_roots,
        });
        Ok(Client {
            runtime: Runtime::start(settings, Box::new(transport))?,
            default_deadline: self.deadline,
            naming: self.naming,
        })
    }
}

impl ClientBuilder {
    /// The settings as JSON, for a dump. What is or may hold a credential, or the name of a file or a machine, is not in it:
    /// only whether it was given.
    fn redacted(&self, store_id: &str) -> Box<str> {
        let Self {
            store_id: _,
            api_key,
            api_key_env,
            api_key_file,
            api_base,
            proxy,
            ca_file,
            user_agent,
            deadline,
            connect_timeout,
            max_outstanding,
            max_workers,
            warm_connections,
            max_response_bytes,
            max_held_bytes,
            log_level,
            flight_recorder,
            retry,
            breaker,
            rate,
            cache,
            naming: NamingRules { bedrock_prefix, send_bedrock_prefix, offline_by_name },
            network,
            first_generation: _,
        } = self;
        let given = [
            ("api_key", api_key.is_some()),
            ("api_key_env", api_key_env.is_some()),
            ("api_key_file", api_key_file.is_some()),
            ("api_base", api_base.expose() != ApiBase::DEFAULT),
            ("proxy", proxy.is_some()),
            ("ca_file", ca_file.is_some()),
            ("user_agent", user_agent.is_some()),
            ("bedrock_prefix", !bedrock_prefix.is_empty()),
            ("send_bedrock_prefix", *send_bedrock_prefix),
            ("offline_players_by_uuid", !offline_by_name),
            ("flight_recorder", *flight_recorder),
            ("network", network.is_some()),
        ];
        let milliseconds = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let numbers = [
            ("deadline_ms", milliseconds(deadline)),
            ("connect_timeout_ms", milliseconds(connect_timeout)),
            ("max_outstanding", u64::from(*max_outstanding)),
            ("max_workers", u64::from(*max_workers)),
            ("warm_connections", u64::from(*warm_connections)),
            ("max_response_bytes", *max_response_bytes),
            ("max_held_bytes", *max_held_bytes),
            ("log_level", log_level.map_or(0, |level| level as u64)),
            ("max_attempts", u64::from(retry.max_attempts)),
            ("retry_base_ms", milliseconds(&retry.base)),
            ("circuit_threshold", u64::from(breaker.threshold)),
            ("cache_ttl_ms", milliseconds(&cache.ttl)),
            ("cache_negative_ttl_ms", milliseconds(&cache.negative_ttl)),
            ("cache_stale_ms", milliseconds(&cache.stale)),
            ("cache_bytes", cache.max_bytes),
        ];
        let mut told = format!("{{\"store_id\":\"{store_id}\"");
        // Writing to a text does not fail.
        for (name, given) in given {
            let _ = write!(told, ",\"{name}\":{given}");
        }
        for (name, number) in numbers {
            let _ = write!(told, ",\"{name}\":{number}");
        }
        let _ = write!(told, ",\"rate_per_second\":{},\"rate_burst\":{}}}", rate.per_second, rate.burst);
        told.into()
    }

    pub(super) fn base_and_proxy(&self) -> Result<(ApiBase, Option<Proxy>), InvalidArgument> {
        let base = ApiBase::parse(self.api_base.expose())?;
        let proxy = match self.proxy.as_ref().map(Secret::expose) {
            Some("") => None,
            Some(address) => Some(Proxy::parse(address)?),
            None => Proxy::from_environment(&base, |name| std::env::var_os(name))?,
        };
        Ok((base, proxy))
    }

    /// What starts the network, when there is one.
    fn checked_network(
        &self,
        store_id: &str,
        api_key: Option<&Secret>,
    ) -> Result<Option<network::Start>, BuildError> {
        let Some(NetworkConfig(options)) = &self.network else { return Ok(None) };
        let settings = options.check().map_err(|UnusableOptions { problem, place }| match place {
            Some(place) => BuildError::Source { problem, place },
            None => problem.into(),
        })?;
        let Some(api_key) = api_key else {
            let problem = "needs an API key, which says what servers belong together";
            return Err(InvalidArgument::new("network", problem).into());
        };
        let tier = TierSettings {
            store_id: store_id.to_owned(),
            api_key: api_key.clone(),
            rate: self.rate,
            cache: self.cache,
        };
        Ok(Some(Box::new(move |forget| tier::start(settings, &tier, forget))))
    }

    fn read_api_key(&self) -> Result<Option<Secret>, BuildError> {
        let given = [self.api_key.is_some(), self.api_key_env.is_some(), self.api_key_file.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            let problem = "must be given in one way only: itself, a variable or a file";
            return Err(InvalidArgument::new("api_key", problem).into());
        }
        let (found, place) = if let Some(name) = &self.api_key_env {
            let problem = match std::env::var(name) {
                Ok(value) => Ok(Secret::new(value)),
                Err(VarError::NotPresent) => Err("names an environment variable that is not set"),
                Err(VarError::NotUnicode(_)) => Err("names an environment variable that is not UTF-8 text"),
            };
            (problem.map_err(|problem| InvalidArgument::new("api_key_env", problem)), variable_to_show(name))
        } else if let Some(path) = &self.api_key_file {
            (read_key_file(path), path_to_show(path))
        } else {
            return Ok(self.api_key.as_ref().map(api_key).transpose()?);
        };
        // A key read from a file often ends in a line break.
        found
            .and_then(|found| api_key(&Secret::new(found.expose().trim().to_owned())))
            .map(Some)
            .map_err(|problem| BuildError::Source { problem, place })
    }
}

/// The name, unless it might be the key itself, given in the wrong place: no key is in capitals.
fn variable_to_show(name: &str) -> String {
    let is_name = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_name { name } else { "a name that is not shown, because it could be the key itself" }.to_owned()
}

/// The path, unless it might be the key itself: no key has a slash or a dot.
fn path_to_show(path: &Path) -> String {
    let shown = path.display().to_string();
    let is_path = shown.contains(['/', '\\', '.']) && !shown.contains(char::is_control);
    if is_path { shown } else { "a path that is not shown, because it could be the key itself".to_owned() }
}

/// Longest file that is taken for a key.
const LONGEST_KEY_FILE: u64 = 16 * 1024;

fn read_key_file(path: &Path) -> Result<Secret, InvalidArgument> {
    let refuse = |problem| InvalidArgument::new("api_key_file", problem);
    let bytes = read_small_file(path, LONGEST_KEY_FILE, belongs_to_us_alone).map_err(refuse)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8 text"))?;
    Ok(Secret::new(text.to_owned()))
}

/// Checks a key of the Management API.
pub(super) fn api_key(key: &Secret) -> Result<Secret, InvalidArgument> {
    operations::credential(key.expose(), "APIKey", LONGEST_KEY)
        .map(|key| Secret::new(key.to_owned()))
        .map_err(|problem| InvalidArgument::new("api_key", problem))
}

const OWN_USER_AGENT: &str = concat!("paynow-bridge/", env!("CARGO_PKG_VERSION"));

fn is_product(text: &str) -> bool {
    (1..=LONGEST_USER_AGENT).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Why a client could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be used.
    InvalidArgument(InvalidArgument),
    /// What an environment variable or a file holds cannot be used, or it is not there.
    Source {
        /// Which setting named it, and what is wrong.
        problem: InvalidArgument,
        /// The variable or the file. Says so instead when what was given could be the key itself.
        place: String,
    },
    /// The operating system starts no thread.
    Thread(io::Error),
    /// There is no memory for as much as the settings ask for: `max_outstanding` and `cache_bytes` take most.
    Memory,
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(argument) => argument.fmt(formatter),
            Self::Source { problem, place } => write!(formatter, "{problem} ({place})"),
            Self::Thread(error) => write!(formatter, "no thread can be started: {error}"),
            Self::Memory => formatter.write_str(
                "there is no memory for as much as the settings ask for: lower max_outstanding or cache_bytes",
            ),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<StartError> for BuildError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Memory(_) => Self::Memory,
            StartError::Thread(error) => Self::Thread(error),
        }
    }
}

impl From<InvalidArgument> for BuildError {
    fn from(argument: InvalidArgument) -> Self {
        Self::InvalidArgument(argument)
    }
}

#[cfg(test)]
impl ClientBuilder {
    /// What a setting is, for the tests that every face sets the one it names.
    pub(crate) fn given(&self, setting: &str) -> String {
        let text = |text: Option<&str>| text.unwrap_or("nothing").to_owned();
        match setting {
            "store_id" => self.store_id.clone(),
            "api_key" => text(self.api_key.as_ref().map(Secret::expose)),
            "api_key_env" => text(self.api_key_env.as_deref()),
            "api_key_file" => text(self.api_key_file.as_deref().and_then(Path::to_str)),
            "api_base" => self.api_base.expose().to_owned(),
            "proxy" => text(self.proxy.as_ref().map(Secret::expose)),
            "ca_file" => text(self.ca_file.as_deref().and_then(Path::to_str)),
            "user_agent" => text(self.user_agent.as_deref()),
            "bedrock_prefix" => self.naming.bedrock_prefix.clone(),
            "deadline" => self.deadline.as_millis().to_string(),
            "connect_timeout" => self.connect_timeout.as_millis().to_string(),
            "max_outstanding" => self.max_outstanding.to_string(),
            "max_workers" => self.max_workers.to_string(),
            "warm_connections" => self.warm_connections.to_string(),
            "max_response_bytes" => self.max_response_bytes.to_string(),
            "max_held_bytes" => self.max_held_bytes.to_string(),
            "max_attempts" => self.retry.max_attempts.to_string(),
            "retry_base" => self.retry.base.as_millis().to_string(),
            "circuit_threshold" => self.breaker.threshold.to_string(),
            "cache_ttl" => self.cache.ttl.as_millis().to_string(),
            "cache_negative_ttl" => self.cache.negative_ttl.as_millis().to_string(),
            "cache_stale" => self.cache.stale.as_millis().to_string(),
            "cache_bytes" => self.cache.max_bytes.to_string(),
            "send_bedrock_prefix" => u8::from(self.naming.send_bedrock_prefix).to_string(),
            "offline_players_by_uuid" => u8::from(!self.naming.offline_by_name).to_string(),
            "log_level" => self.log_level.map_or(0, |level| level as u8).to_string(),
            "flight_recorder" => u8::from(self.flight_recorder).to_string(),
            "rate_per_second" => self.rate.per_second.to_string(),
            "rate_burst" => self.rate.burst.to_string(),
            _ => match &self.network {
                Some(network) => network.given(setting),
                None => panic!("there is no setting {setting}, and no network"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(deprecated, reason = "it is what is tested")]
    fn the_old_name_means_the_opposite() {
        assert_eq!(builder().offline_players_by_name(false).given("offline_players_by_uuid"), "1");
        assert_eq!(builder().offline_players_by_name(true).given("offline_players_by_uuid"), "0");
        assert_eq!(builder().given("offline_players_by_uuid"), "0");
    }

    #[test]
    fn without_a_burst_a_second_is_one() {
        assert_eq!(builder().rate_limit(2.5, 0).given("rate_burst"), "2.5");
        assert_eq!(builder().rate_limit(2.5, 7).given("rate_burst"), "7");
    }

    fn builder() -> ClientBuilder {
        Client::builder("411486491630370816").api_base("http://127.0.0.1:9")
    }

    fn refused(builder: ClientBuilder) -> &'static str {
        match builder.build() {
            Err(BuildError::InvalidArgument(problem) | BuildError::Source { problem, .. }) => {
                problem.argument()
            }
            other => panic!("expected a refusal, not {other:?}"),
        }
    }

    #[test]
    fn bad_settings_are_named() {
        assert_eq!(refused(Client::builder("my-store")), "store_id");
        for key in ["", "a b", "APIKey ", "a\r\nb", "ä"] {
            assert_eq!(refused(builder().api_key(key)), "api_key", "{key:?}");
        }
        assert_eq!(refused(builder().api_base("http://api.paynow.gg")), "api_base");
        assert_eq!(refused(builder().deadline(Duration::ZERO)), "deadline");
        assert_eq!(refused(builder().connect_timeout(Duration::MAX)), "connect_timeout");
        assert_eq!(refused(builder().max_outstanding(0)), "max_outstanding");
        assert_eq!(refused(builder().max_outstanding(runtime::MAX_SLOTS + 1)), "max_outstanding");
        assert_eq!(refused(builder().max_workers(0)), "max_workers");
        assert_eq!(refused(builder().max_workers(2).warm_connections(3)), "warm_connections");
        assert_eq!(refused(builder().max_response_bytes(0)), "max_response_bytes");
        assert_eq!(refused(builder().max_held_bytes(0)), "max_held_bytes");
        assert_eq!(refused(builder().user_agent("a\r\nb: c")), "user_agent");
    }

    #[test]
    #[cfg(unix)]
    fn a_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("paynow-bridge-key-{}", std::process::id()));
        let content = std::cell::Cell::new("APIKey pn_from_file\n");
        let with_mode = |mode| {
            std::fs::write(&path, content.get()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let builder = builder().api_key_file(&path);
            let built = builder.read_api_key();
            std::fs::remove_file(&path).unwrap();
            built
        };
        assert_eq!(with_mode(0o600).unwrap().unwrap().expose(), "pn_from_file");
        content.set("no key");
        let refused_place = with_mode(0o600).unwrap_err().to_string();
        assert!(refused_place.starts_with("api_key ") && refused_place.contains(path.to_str().unwrap()));
        for mode in [0o644, 0o640, 0o604, 0o660] {
            let refused = with_mode(mode).unwrap_err();
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
        assert_eq!(refused(builder().api_key_file("/nowhere/at/all")), "api_key_file");
        assert_eq!(refused(builder().api_key("a").api_key_env("B")), "api_key");
        assert_eq!(refused(builder().api_key_env("PAYNOW_BRIDGE_NEVER_SET")), "api_key_env");
        assert_eq!(refused(builder().ca_file("/nowhere/at/all")), "ca_file");
        for (builder, place) in [
            (builder().api_key_env("PAYNOW_BRIDGE_NEVER_SET"), "that is not set (PAYNOW_BRIDGE_NEVER_SET)"),
            (builder().api_key_file("/nowhere/at/all"), "(/nowhere/at/all)"),
            (builder().ca_file("/nowhere/at/all"), "(/nowhere/at/all)"),
            // A key where its place should be.
            (builder().api_key_env("pnapi_v1_Secret"), "(a name that is not shown"),
            (builder().api_key_env("APIKey X"), "(a name that is not shown"),
            (builder().api_key_file("pnapi_v1_Secret"), "(a path that is not shown"),
        ] {
            let error = builder.build().unwrap_err().to_string();
            assert!(error.contains(place) && !error.contains("Secret"), "{error}");
        }
        assert_eq!(refused(builder().proxy("socks5://x")), "proxy");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_a_regular_file_is_refused_without_waiting() {
        let directory = std::env::temp_dir().join(format!("paynow-bridge-files-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let pipe = directory.join("pipe");
        let made = std::process::Command::new("mkfifo").arg("-m").arg("600").arg(&pipe).status().unwrap();
        assert!(made.success());
        let link_to_pipe = directory.join("link to a pipe");
        std::os::unix::fs::symlink(&pipe, &link_to_pipe).unwrap();
        let devices = [Path::new("/dev/null"), Path::new("/dev/zero")];
        for path in [pipe.as_path(), &directory, &link_to_pipe].into_iter().chain(devices) {
            for builder in [builder().api_key_file(path), builder().ca_file(path)] {
                let error = builder.build().unwrap_err().to_string();
                assert!(error.contains("not a regular file"), "{error}");
            }
        }
        let nowhere = directory.join("link to nowhere");
        std::os::unix::fs::symlink(directory.join("nothing"), &nowhere).unwrap();
        let circle = directory.join("circle");
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        for (path, problem) in [(nowhere, "does not exist"), (circle, "cannot be opened")] {
            for builder in [builder().api_key_file(&path), builder().ca_file(&path)] {
                let error = builder.build().unwrap_err().to_string();
                assert!(error.contains(problem), "{error}");
            }
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_as_good_as_what_it_leads_to() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = std::env::temp_dir().join(format!("paynow-bridge-links-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (file, link) = (directory.join("key"), directory.join("link"));
        std::fs::write(&file, "pn_from_file").unwrap();
        symlink(&file, &link).unwrap();
        let with_mode = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            builder().api_key_file(&link).read_api_key()
        };
        assert_eq!(with_mode(0o600).unwrap().unwrap().expose(), "pn_from_file");
        assert!(
            with_mode(0o644).unwrap_err().to_string().contains("chmod 600"),
            "the link's own mode means nothing"
        );
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn certificates_that_every_user_can_exchange_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let path = std::env::temp_dir().join(format!("paynow-bridge-ca-{}", std::process::id()));
        std::fs::write(&path, certificate.pem()).unwrap();
        let with_mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read_certificates(&path, "ca_file")
        };
        for mode in [0o600, 0o644, 0o664, 0o440] {
            assert_eq!(with_mode(mode).unwrap().len(), 1, "{mode:o}");
        }
        for mode in [0o666, 0o602] {
            assert!(with_mode(mode).unwrap_err().to_string().contains("chmod o-w"), "{mode:o}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_file_without_a_key_or_a_certificate_is_refused() {
        use std::os::unix::fs::OpenOptionsExt;
        let path = std::env::temp_dir().join(format!("paynow-bridge-unusable-{}", std::process::id()));
        let with_content = |bytes: &[u8], length: u64| {
            let _ = std::fs::remove_file(&path);
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
            file.set_len(length).unwrap();
            let key = builder().api_key_file(&path).read_api_key().unwrap_err().to_string();
            (key, read_certificates(&path, "ca_file").unwrap_err().to_string())
        };
        let (key, ca) = with_content(b"", 0);
        assert!(key.contains("must not be empty") && ca.contains("holds no certificate"), "{key}, {ca}");
        let (key, ca) = with_content(b"\xff\xfep\0n\0", 6);
        assert!(key.contains("not UTF-8") && ca.contains("holds no certificate"), "{key}, {ca}");
        let (key, ca) = with_content(b"", 17 << 20);
        assert!(key.contains("too long") && ca.contains("too long"), "{key}, {ca}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_byte_order_mark_is_passed_over() {
        use std::os::unix::fs::OpenOptionsExt;
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let path = std::env::temp_dir().join(format!("paynow-bridge-bom-{}", std::process::id()));
        let with_content = |text: &str| {
            let _ = std::fs::remove_file(&path);
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            std::io::Write::write_all(&mut file, format!("\u{feff}{text}").as_bytes()).unwrap();
        };
        with_content("pn_from_file\r\n");
        assert_eq!(builder().api_key_file(&path).read_api_key().unwrap().unwrap().expose(), "pn_from_file");
        with_content(&certificate.pem());
        assert_eq!(read_certificates(&path, "ca_file").unwrap().len(), 1);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_pasted_scheme_is_understood() {
        builder().api_key("APIKey pn_key").build().unwrap();
    }

    #[test]
    fn debug_shows_no_key() {
        let builder = builder().api_key("pn_very_secret").proxy("http://user:very-hidden@127.0.0.1:1");
        let with_user = Client::builder("1").api_base("https://user:very@api.paynow.gg");
        assert!(!format!("{with_user:?}").contains("very"));
        assert!(!format!("{builder:?}").contains("very"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("very"));
    }
}

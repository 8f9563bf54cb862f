//! Which store, with which key, by which way: flags, before the environment, before the profile.

mod profiles;

use std::env;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paynow_bridge::{Client, ClientBuilder, NetworkConfig, Secret};

pub use profiles::{
    NetworkFlags, NetworkProfile, Profile, Profiles, absolute, create_private, path as profiles_path,
    write_private,
};

use crate::exit::Failure;

/// Longest key or token that is read.
const LONGEST_SECRET: u64 = 16 * 1024;

/// The flags that all commands have.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// The profile to use (see `pnb profiles`) [env: PAYNOW_PROFILE]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub profile: Option<String>,
    /// The store's id, as PayNow's dashboard shows it [env: PAYNOW_STORE_ID]
    #[arg(long, global = true, value_name = "ID", help_heading = "Connection")]
    pub store_id: Option<String>,
    /// Read the API key from this file, which only you may read [env: PAYNOW_API_KEY_FILE]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub api_key_file: Option<PathBuf>,
    /// Read the API key from this environment variable [default: PAYNOW_API_KEY]
    #[arg(
        long,
        global = true,
        value_name = "VARIABLE",
        help_heading = "Connection",
        conflicts_with = "api_key_file"
    )]
    pub api_key_env: Option<String>,
    /// Read the API key from standard input
    #[arg(
        long,
        global = true,
        help_heading = "Connection",
        conflicts_with_all = ["api_key_file", "api_key_env"]
    )]
    pub api_key_stdin: bool,
    /// Where the API is [env: PAYNOW_API_BASE] [default: https://api.paynow.gg]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub api_base: Option<String>,
    /// Go through this proxy, or through none if it is empty [env: PAYNOW_PROXY] [default: HTTPS_PROXY and NO_PROXY]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub proxy: Option<String>,
    /// Trust the authorities in this PEM file too [env: PAYNOW_CA_FILE]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub ca_file: Option<PathBuf>,
    /// How long one request may take, in seconds [env: PAYNOW_DEADLINE] [default: 10]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = "Connection")]
    pub deadline: Option<f64>,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    Profile(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => formatter.write_str(name),
            Self::Variable(name) => formatter.write_str(name),
            Self::Profile(name) => write!(formatter, "profile {name}"),
        }
    }
}

/// A setting, and where it comes from.
#[derive(Debug, Clone)]
pub struct Set<T> {
    pub value: T,
    pub origin: Origin,
}

/// Where the API key is.
#[derive(Debug, Clone)]
pub enum Key {
    File(PathBuf),
    Variable(String),
    Given(Secret),
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What could be the key itself, given in the wrong place, is not shown.
            Self::File(path) if !path.to_string_lossy().contains(['/', '\\', '.']) => {
                formatter.write_str("a file that is not shown")
            }
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Variable(name) if !is_variable_name(name) => {
                formatter.write_str("a variable that is not shown")
            }
            Self::Variable(name) => write!(formatter, "variable {name}"),
            Self::Given(_) => formatter.write_str("standard input"),
        }
    }
}

/// What all of them come to.
#[derive(Debug)]
pub struct Settings {
    pub store_id: Option<Set<String>>,
    pub key: Option<Set<Key>>,
    pub api_base: Option<Set<String>>,
    proxy: Option<Set<Secret>>,
    pub ca_file: Option<Set<PathBuf>>,
    deadline: Option<Set<Duration>>,
    pub network: Option<Set<NetworkProfile>>,
}

impl Settings {
    /// Reads the environment and the profile, as far as the flags leave something open. Commands that ask nothing do not
    /// come here, so that a wrong setting does not keep them from working.
    pub fn resolve(flags: &Flags) -> Result<Self, Failure> {
        let chosen =
            flags.profile.clone().map(Ok).or_else(|| variable("PAYNOW_PROFILE").transpose()).transpose()?;
        let profile = Profiles::read()?.chosen(chosen.as_deref())?;
        let (name, profile) =
            profile.map_or((String::new(), Profile::default()), |(name, profile)| (name, profile));
        let kept = || Origin::Profile(name.clone());

        let key = if flags.api_key_stdin {
            Some(Set {
                value: Key::Given(secret_from_stdin("the API key")?),
                origin: Origin::Flag("--api-key-stdin"),
            })
        } else if let Some(path) = &flags.api_key_file {
            Some(Set { value: Key::File(path.clone()), origin: Origin::Flag("--api-key-file") })
        } else if let Some(name) = &flags.api_key_env {
            Some(Set { value: Key::Variable(name.clone()), origin: Origin::Flag("--api-key-env") })
        } else if is_set("PAYNOW_API_KEY") {
            let value = Key::Variable("PAYNOW_API_KEY".to_owned());
            Some(Set { value, origin: Origin::Variable("PAYNOW_API_KEY") })
        } else if let Some(path) = variable("PAYNOW_API_KEY_FILE")? {
            Some(Set { value: Key::File(path.into()), origin: Origin::Variable("PAYNOW_API_KEY_FILE") })
        } else if let Some(path) = &profile.api_key_file {
            Some(Set { value: Key::File(path.clone()), origin: kept() })
        } else {
            profile.api_key_env.clone().map(|name| Set { value: Key::Variable(name), origin: kept() })
        };
        if let Some(proxy) = flags.proxy.as_deref().filter(|proxy| proxy.contains('@')) {
            let _ = proxy;
            return Err(Failure::usage(
                "--proxy: a user name or password in an argument can be read by every user of this machine; set \
                 PAYNOW_PROXY or HTTPS_PROXY instead",
            ));
        }
        let deadline = match flags.deadline {
            Some(seconds) => {
                Some(Set { value: seconds_of(seconds, "--deadline")?, origin: Origin::Flag("--deadline") })
            }
            None => variable("PAYNOW_DEADLINE")?
                .map(|text| {
                    let seconds = text
                        .trim()
                        .parse()
                        .map_err(|_| Failure::usage("PAYNOW_DEADLINE: must be a number of seconds"))?;
                    let value = seconds_of(seconds, "PAYNOW_DEADLINE")?;
                    Ok::<_, Failure>(Set { value, origin: Origin::Variable("PAYNOW_DEADLINE") })
                })
                .transpose()?,
        };
        let network = match NetworkProfile::from_environment()? {
            Some(value) => Some(Set { value, origin: Origin::Variable("PAYNOW_NETWORK_ADDRESSES") }),
            None => profile.network.map(|value| Set { value, origin: kept() }),
        };
        Ok(Self {
            store_id: first(&flags.store_id, "--store-id", "PAYNOW_STORE_ID", profile.store_id, kept)?,
            key,
            api_base: first(&flags.api_base, "--api-base", "PAYNOW_API_BASE", profile.api_base, kept)?,
            proxy: first(&flags.proxy, "--proxy", "PAYNOW_PROXY", profile.proxy, kept)?
                .map(|Set { value, origin }| Set { value: Secret::new(value), origin }),
            ca_file: first(&flags.ca_file, "--ca-file", "PAYNOW_CA_FILE", profile.ca_file, kept)?,
            deadline,
            network,
        })
    }

    /// Begins to make a client.
    pub fn builder(&self) -> Result<ClientBuilder, Failure> {
        let Some(store_id) = &self.store_id else {
            return Err(Failure::usage(
                "no store is named: give --store-id, set PAYNOW_STORE_ID, or keep it in a profile (`pnb profiles add`)",
            ));
        };
        let mut builder = Client::builder(store_id.value.as_str())
            .user_agent(concat!("pnb/", env!("CARGO_PKG_VERSION")))
            .max_outstanding(64)
            .max_workers(4);
        builder = match self.key.as_ref().map(|key| &key.value) {
            Some(Key::File(path)) => builder.api_key_file(path),
            Some(Key::Variable(name)) => builder.api_key_env(name),
            Some(Key::Given(key)) => builder.api_key(key.expose()),
            None => builder,
        };
        if let Some(base) = &self.api_base {
            builder = builder.api_base(base.value.as_str());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.value.expose());
        }
        if let Some(file) = &self.ca_file {
            builder = builder.ca_file(&file.value);
        }
        if let Some(deadline) = &self.deadline {
            builder = builder.deadline(deadline.value);
        }
        Ok(builder)
    }

    /// How long one request may take, if that was said.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline.as_ref().map(|set| set.value)
    }

    /// With the network that flags name, before any other.
    pub fn with_network(mut self, flags: &NetworkFlags) -> Result<Self, Failure> {
        if let Some(value) = flags.given()? {
            self.network = Some(Set { value, origin: Origin::Flag("--network-addresses") });
        }
        Ok(self)
    }

    /// The network of servers, where one is set up.
    pub fn network(&self) -> Option<NetworkConfig> {
        self.network.as_ref().map(|network| network.value.config())
    }
}

/// What a text setting can be made of.
trait FromText: Clone {
    fn from_text(text: String) -> Self;
}

impl FromText for String {
    fn from_text(text: String) -> Self {
        text
    }
}

impl FromText for PathBuf {
    fn from_text(text: String) -> Self {
        text.into()
    }
}

fn first<T: FromText>(
    flag: &Option<T>,
    flag_name: &'static str,
    variable_name: &'static str,
    profile: Option<T>,
    kept: impl FnOnce() -> Origin,
) -> Result<Option<Set<T>>, Failure> {
    if let Some(value) = flag {
        return Ok(Some(Set { value: value.clone(), origin: Origin::Flag(flag_name) }));
    }
    if let Some(text) = variable(variable_name)? {
        return Ok(Some(Set { value: T::from_text(text), origin: Origin::Variable(variable_name) }));
    }
    Ok(profile.map(|value| Set { value, origin: kept() }))
}

/// Whether it is a name, and not a key in the place of one: no key is in capitals.
pub fn is_variable_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// An environment variable that is not empty.
pub fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::Usage(format!("{name}: is not UTF-8 text"))),
    }
}

fn seconds_of(seconds: f64, setting: &str) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Failure::Usage(format!("{setting}: must be a number of seconds")))
}

fn secret_from_stdin(what: &str) -> Result<Secret, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST_SECRET).read_to_string(&mut text);
    let secret = Secret::new(text);
    read.map_err(|error| Failure::Machine(format!("standard input: {error}")))?;
    let trimmed = secret.expose().trim();
    if trimmed.is_empty() {
        return Err(Failure::Usage(format!("standard input: {what} was to come from it, and it is empty")));
    }
    Ok(Secret::new(trimmed.to_owned()))
}

/// Where a customer token comes from: never an argument.
#[derive(Debug, Clone, clap::Args)]
#[group(multiple = false)]
pub struct TokenSource {
    /// Read the customer token from this file
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Read the customer token from this environment variable [default: PAYNOW_CUSTOMER_TOKEN]
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
    /// Read the customer token from standard input
    #[arg(long)]
    token_stdin: bool,
}

impl TokenSource {
    /// Whether one was named.
    pub fn is_given(&self) -> bool {
        self.token_stdin || self.token_file.is_some() || self.token_env.is_some()
    }

    pub fn read(&self) -> Result<Secret, Failure> {
        if self.token_stdin {
            return secret_from_stdin("the customer token");
        }
        if let Some(path) = &self.token_file {
            return secret_file(path);
        }
        let name = self.token_env.as_deref().unwrap_or("PAYNOW_CUSTOMER_TOKEN");
        match variable(name) {
            Ok(Some(token)) => Ok(Secret::new(token.trim().to_owned())),
            // The name could be the token itself, given in the wrong place.
            _ if self.token_env.is_some() => {
                Err(Failure::usage("--token-env: names an environment variable that is not set"))
            }
            _ => Err(Failure::usage(
                "a customer token is needed: name a file with --token-file, a variable with --token-env, use \
                 --token-stdin, or set PAYNOW_CUSTOMER_TOKEN",
            )),
        }
    }
}

fn secret_file(path: &Path) -> Result<Secret, Failure> {
    let refuse = |problem: String| Failure::Usage(format!("--token-file: {problem}"));
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST_SECRET).read_to_string(&mut text));
    let secret = Secret::new(text);
    read.map_err(|error| refuse(error.to_string()))?;
    match secret.expose().trim() {
        "" => Err(refuse("is empty".to_owned())),
        token => Ok(Secret::new(token.to_owned())),
    }
}

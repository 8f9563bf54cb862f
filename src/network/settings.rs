//! What a host says about the network, checked.

use std::env::VarError;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};

use crate::model::Secret;
use crate::operations::InvalidArgument;
use crate::transport::{belongs_to_us_alone, read_certificates, read_small_file};

/// How long a caller waits for the tier, when the host does not say.
pub(crate) const USUAL_TIMEOUT: Duration = Duration::from_millis(100);

/// What a host says, as it says it.
#[derive(Clone, Default)]
pub(crate) struct NetworkOptions {
    /// Where Redis is, as `host` or `host:port`; with `sentinel_name` where the Sentinels are. The first that can be used
    /// is; in a cluster any node leads to the right one.
    pub(crate) addresses: Vec<String>,
    pub(crate) tls: bool,
    /// A PEM file of authorities to trust besides the system's and the bundled ones. Means TLS.
    pub(crate) ca_file: Option<PathBuf>,
    /// The name to find in the certificate, where it is another than the address. Means TLS.
    pub(crate) server_name: Option<String>,
    /// Redis's `default` when there is a password and no user.
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) password_env: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) database: u32,
    /// The name the Sentinels know the master by.
    pub(crate) sentinel_name: Option<String>,
    /// Tells the networks of a store apart that share a Redis.
    pub(crate) network_id: Option<String>,
    /// 100 ms when it is zero.
    pub(crate) timeout: Duration,
}

/// What Redis listens to, when a host names no port.
const REDIS_PORT: u16 = 6379;
/// The same of a Sentinel.
const SENTINEL_PORT: u16 = 26379;
pub(crate) const MOST_ADDRESSES: usize = 64;
const LONGEST_NAME: usize = 256;
const LONGEST_ID: usize = 64;
const LONGEST_PASSWORD: usize = 4096;
const LONGEST_PASSWORD_FILE: u64 = 16 * 1024;
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);

impl NetworkOptions {
    /// Checks them, and reads the file or the variable they name. On the thread that makes the client.
    pub(crate) fn check(&self) -> Result<NetworkSettings, UnusableOptions> {
        let sentinel_name = self.checked_name(&self.sentinel_name, "network.sentinel_name")?;
        let usual_port = if sentinel_name.is_some() { SENTINEL_PORT } else { REDIS_PORT };
        if self.addresses.is_empty() {
            return refuse("network.addresses", "must name at least one address");
        }
        if self.addresses.len() > MOST_ADDRESSES {
            return refuse("network.addresses", "must not be more than 64");
        }
        let parse = |text: &String| Address::parse(text, usual_port);
        let addresses = self.addresses.iter().map(parse).collect::<Result<_, _>>();
        let addresses = addresses.or_else(|problem| refuse("network.addresses", problem))?;
        let user = self.checked_name(&self.user, "network.user")?;
        if user.as_ref().is_some_and(|user| user.contains(' ')) {
            return refuse("network.user", "must not hold spaces");
        }
        let network_id = self.network_id.clone().unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if network_id.len() > LONGEST_ID || !network_id.bytes().all(is_plain) {
            return refuse(
                "network.network_id",
                "must be at most 64 letters, digits, dots, hyphens or underscores",
            );
        }
        if self.timeout > LONGEST_TIMEOUT {
            return refuse("network.timeout", "must not be more than 10 s");
        }
        let timeout = if self.timeout.is_zero() { USUAL_TIMEOUT } else { self.timeout };
        Ok(NetworkSettings {
            link: LinkSettings {
                addresses,
                tls: self.checked_tls()?,
                user,
                password: self.read_password()?,
                database: self.database,
                sentinel_name,
                timeout,
                probe: Vec::new(),
                channels: Vec::new(),
            },
            network_id,
            timeout,
        })
    }

    /// An empty name is as good as none: a configuration file has it where nothing is filled in.
    fn checked_name(
        &self,
        name: &Option<String>,
        setting: &'static str,
    ) -> Result<Option<String>, UnusableOptions> {
        match name.as_deref() {
            None | Some("") => Ok(None),
            Some(name) if name.len() > LONGEST_NAME => refuse(setting, "must not be longer than 256 bytes"),
            Some(name) if name.chars().any(char::is_control) => {
                refuse(setting, "must not hold control characters")
            }
            Some(name) => Ok(Some(name.to_owned())),
        }
    }

    fn checked_tls(&self) -> Result<Option<TlsOptions>, UnusableOptions> {
        let server_name = self.checked_name(&self.server_name, "network.server_name")?;
        if server_name.as_ref().is_some_and(|name| ServerName::try_from(name.as_str()).is_err()) {
            return refuse(
                "network.server_name",
                "must be a name or an address as it stands in a certificate",
            );
        }
        let extra_roots = match &self.ca_file {
            Some(path) => read_certificates(path, "network.ca_file")
                .map_err(|problem| UnusableOptions { problem, place: Some(path.display().to_string()) })?,
            None => Vec::new(),
        };
        let is_wanted = self.tls || self.ca_file.is_some() || server_name.is_some();
        Ok(is_wanted.then_some(TlsOptions { extra_roots, server_name }))
    }

    fn read_password(&self) -> Result<Option<Secret>, UnusableOptions> {
        let given = [self.password.is_some(), self.password_env.is_some(), self.password_file.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return refuse("network.password", "must be given in one way only: itself, a variable or a file");
        }
        if let Some(name) = &self.password_env {
            let setting = "network.password_env";
            // A name that is not set could be the password itself, and is not shown.
            let refuse_shown = |problem| Err(unusable(setting, problem, name));
            return match std::env::var(name).map(Secret::new) {
                Err(VarError::NotPresent) => refuse(setting, "names an environment variable that is not set"),
                Err(VarError::NotUnicode(_)) => {
                    refuse_shown("names an environment variable that is not UTF-8 text")
                }
                Ok(password) => match checked_password(password.expose()) {
                    Ok(password) => Ok(Some(password)),
                    Err(problem) => refuse_shown(problem),
                },
            };
        }
        if let Some(path) = &self.password_file {
            let setting = "network.password_file";
            return read_password_file(path).map(Some).map_err(|problem| {
                // A path that leads to no file could be the password itself, and is not shown.
                if path.exists() {
                    unusable(setting, problem, &path.display().to_string())
                } else {
                    UnusableOptions { problem: InvalidArgument::new(setting, problem), place: None }
                }
            });
        }
        match self.password.as_ref().map(|password| checked_password(password.expose())) {
            Some(Err(problem)) => refuse("network.password", problem),
            Some(Ok(password)) => Ok(Some(password)),
            None => Ok(None),
        }
    }
}

fn refuse<T>(setting: &'static str, problem: &'static str) -> Result<T, UnusableOptions> {
    Err(UnusableOptions { problem: InvalidArgument::new(setting, problem), place: None })
}

fn unusable(setting: &'static str, problem: &'static str, place: &str) -> UnusableOptions {
    UnusableOptions { problem: InvalidArgument::new(setting, problem), place: Some(place.to_owned()) }
}

fn read_password_file(path: &Path) -> Result<Secret, &'static str> {
    let bytes = read_small_file(path, LONGEST_PASSWORD_FILE, belongs_to_us_alone)?;
    checked_password(std::str::from_utf8(&bytes).map_err(|_| "is not UTF-8 text")?)
}

/// What is read from a file or a variable often ends in a line break.
fn checked_password(text: &str) -> Result<Secret, &'static str> {
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        Err("must not be empty")
    } else if password.len() > LONGEST_PASSWORD {
        Err("must not be longer than 4096 bytes")
    } else if password.chars().any(char::is_control) {
        Err("must be one line without control characters")
    } else {
        Ok(Secret::new(password.to_owned()))
    }
}

/// Why the options cannot be used.
#[derive(Debug)]
pub(crate) struct UnusableOptions {
    pub(crate) problem: InvalidArgument,
    /// The variable or the file that was named, where it is about what is in one.
    pub(crate) place: Option<String>,
}

/// What a host says, checked, and with all it names read.
pub(crate) struct NetworkSettings {
    /// Complete except for `probe` and `channels`, which are for the tier to set.
    pub(crate) link: LinkSettings,
    /// Empty when there is no id.
    pub(crate) network_id: String,
    pub(crate) timeout: Duration,
}

/// What the link needs.
#[derive(Clone)]
pub(crate) struct LinkSettings {
    pub(crate) addresses: Vec<Address>,
    pub(crate) tls: Option<TlsOptions>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) sentinel_name: Option<String>,
    pub(crate) timeout: Duration,
    /// A key of the store: where it is in a cluster the link goes, and it is up when this key can be read.
    pub(crate) probe: Vec<u8>,
    /// What is listened to.
    pub(crate) channels: Vec<Vec<u8>>,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Reads `host`, `host:port`, `[::1]` or `[::1]:port`.
    pub(crate) fn parse(text: &str, usual_port: u16) -> Result<Self, &'static str> {
        const BAD_HOST: &str =
            "must be host or host:port, an IPv6 address in brackets: redis.example:6379, [::1]:6379";
        if text.contains("://") || text.contains('@') {
            return Err(
                "must be host:port alone: TLS, user, password and database have settings of their own",
            );
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or(BAD_HOST)?;
                host.parse::<Ipv6Addr>().map_err(|_| BAD_HOST)?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(BAD_HOST)?) };
                (host, port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_name = (1..=LONGEST_NAME).contains(&host.len()) && host.bytes().all(is_plain);
        if !is_name && !text.starts_with('[') {
            return Err(BAD_HOST);
        }
        let port = match port {
            Some(digits) => Self::port(digits).ok_or("must have a port between 1 and 65535, or none")?,
            None => usual_port,
        };
        Ok(Self { host: host.to_owned(), port })
    }

    /// Reads a place as the servers write it, where an IPv6 address has no brackets.
    pub(crate) fn from_server(host: &[u8], port: &[u8]) -> Option<Self> {
        let host = std::str::from_utf8(host).ok()?;
        let is_address = host.parse::<IpAddr>().is_ok();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_name = (1..=LONGEST_NAME).contains(&host.len()) && host.bytes().all(is_plain);
        let port = Self::port(std::str::from_utf8(port).ok()?)?;
        (is_address || is_name).then(|| Self { host: host.to_owned(), port })
    }

    fn port(digits: &str) -> Option<u16> {
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|port| all_digits && *port != 0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// TLS to the servers.
#[derive(Clone)]
pub(crate) struct TlsOptions {
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
    pub(crate) server_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> NetworkOptions {
        NetworkOptions { addresses: vec!["redis.example".to_owned()], ..NetworkOptions::default() }
    }

    fn refused(options: &NetworkOptions) -> (String, Option<String>) {
        match options.check() {
            Ok(_) => panic!("they were not refused"),
            Err(unusable) => (unusable.problem.to_string(), unusable.place),
        }
    }

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let mut given = options();
        given.addresses =
            ["a.example", "b:7000", "10.0.0.1:1", "[::1]", "[fd00::2]:65535"].map(str::to_owned).to_vec();
        let settings = given.check().unwrap_or_else(|_| panic!("they are good"));
        let shown: Vec<String> = settings.link.addresses.iter().map(Address::to_string).collect();
        assert_eq!(shown, ["a.example:6379", "b:7000", "10.0.0.1:1", "[::1]:6379", "[fd00::2]:65535"]);
        assert!(settings.link.tls.is_none() && settings.link.password.is_none());
        assert_eq!((settings.timeout, settings.link.timeout), (USUAL_TIMEOUT, USUAL_TIMEOUT));
        given.sentinel_name = Some("store".to_owned());
        let settings = given.check().unwrap_or_else(|_| panic!("they are good"));
        assert_eq!(settings.link.addresses[0].port, 26379);
    }

    #[test]
    fn every_refusal_names_its_member() {
        let with = |change: &dyn Fn(&mut NetworkOptions)| {
            let mut given = options();
            change(&mut given);
            refused(&given).0
        };
        for bad in [
            "",
            ":1",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a b",
            "a/b",
            "::1",
            "[::1",
            "[a]",
            "[::1]1",
            "redis://a",
            "u:p@a",
            "a:1:2",
            "a\r\nb",
        ] {
            let problem = with(&|given| given.addresses.push(bad.to_owned()));
            assert!(problem.starts_with("network.addresses must "), "{bad:?}: {problem}");
        }
        type Change = (&'static str, &'static dyn Fn(&mut NetworkOptions));
        let changes: [Change; 17] = [
            ("addresses", &|given| given.addresses.clear()),
            ("addresses", &|given| given.addresses = vec!["a".to_owned(); 65]),
            ("sentinel_name", &|given| given.sentinel_name = Some("a\nb".to_owned())),
            ("sentinel_name", &|given| given.sentinel_name = Some("a".repeat(257))),
            ("user", &|given| given.user = Some("a b".to_owned())),
            ("user", &|given| given.user = Some("a\0".to_owned())),
            ("server_name", &|given| given.server_name = Some("not a name".to_owned())),
            ("network_id", &|given| given.network_id = Some("a}b".to_owned())),
            ("network_id", &|given| given.network_id = Some("a".repeat(65))),
            ("timeout", &|given| given.timeout = Duration::from_secs(11)),
            ("ca_file", &|given| given.ca_file = Some("/nowhere/at/all".into())),
            ("password", &|given| given.password = Some(Secret::new("\n".to_owned()))),
            ("password", &|given| given.password = Some(Secret::new("a".repeat(4097)))),
            ("password", &|given| given.password = Some(Secret::new("pnpw_a\nb".to_owned()))),
            ("password", &|given| {
                given.password = Some(Secret::new("pnpw_a".to_owned()));
                given.password_env = Some("A".to_owned());
            }),
            ("password_env", &|given| given.password_env = Some("PAYNOW_BRIDGE_NEVER_SET".to_owned())),
            ("password_file", &|given| given.password_file = Some("/nowhere/at/all".into())),
        ];
        for (setting, change) in changes {
            let problem = with(change);
            assert!(problem.starts_with(&format!("network.{setting} ")), "{setting}: {problem}");
            assert!(!problem.contains("pnpw_"), "{problem}");
        }
    }

    #[test]
    fn a_certificate_authority_or_a_name_means_tls() {
        let mut given = options();
        given.server_name = Some("redis.example".to_owned());
        let tls = given.check().unwrap_or_else(|_| panic!("they are good")).link.tls.unwrap();
        assert_eq!((tls.server_name.as_deref(), tls.extra_roots.len()), (Some("redis.example"), 0));
        let mut given = options();
        given.tls = true;
        assert!(given.check().is_ok_and(|settings| settings.link.tls.is_some()));
        let empty = NetworkOptions {
            server_name: Some(String::new()),
            user: Some(String::new()),
            sentinel_name: Some(String::new()),
            ..options()
        };
        let link = empty.check().unwrap_or_else(|_| panic!("they are good")).link;
        assert!(link.tls.is_none() && link.user.is_none() && link.sentinel_name.is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_password_is_read_from_our_own_file_alone() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("paynow-bridge-network-{}", std::process::id()));
        let with = |content: &str, mode| {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            NetworkOptions { password_file: Some(path.clone()), ..options() }.check()
        };
        let password = |settings: NetworkSettings| settings.link.password.unwrap().expose().to_owned();
        assert!(with("pnpw_of a file \r\n", 0o600).is_ok_and(|found| password(found) == "pnpw_of a file "));
        for (content, mode, problem) in
            [("pnpw_a", 0o644, "chmod 600"), ("\n", 0o600, "empty"), ("pnpw_a\nb", 0o600, "one line")]
        {
            let Err(unusable) = with(content, mode) else { panic!("it was not refused") };
            let text = unusable.problem.to_string();
            assert!(text.starts_with("network.password_file ") && text.contains(problem), "{text}");
            assert_eq!(unusable.place.as_deref(), path.to_str());
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_could_be_the_password_is_not_shown() {
        let by_variable = NetworkOptions { password_env: Some("pnpw_HIDDEN".to_owned()), ..options() };
        let by_file = NetworkOptions { password_file: Some("/pnpw_hidden/x".into()), ..options() };
        for given in [by_variable, by_file] {
            let (problem, place) = refused(&given);
            assert!(!problem.contains("pnpw_") && place.is_none(), "{problem}");
        }
        // Set in every environment, and one line.
        let set = NetworkOptions { password_env: Some("PATH".to_owned()), ..options() };
        assert!(set.check().is_ok_and(|settings| settings.link.password.is_some()));
    }

    #[test]
    fn what_a_server_calls_a_place_is_checked() {
        let read = |host: &str, port: &str| {
            Address::from_server(host.as_bytes(), port.as_bytes()).map(|address| address.to_string())
        };
        assert_eq!(read("10.1.2.3", "6380").as_deref(), Some("10.1.2.3:6380"));
        assert_eq!(read("fd00::7", "6380").as_deref(), Some("[fd00::7]:6380"));
        assert_eq!(read("node-1.example", "1").as_deref(), Some("node-1.example:1"));
        for (host, port) in
            [("", "1"), ("?", "1"), ("a b", "1"), ("a", "0"), ("a", ""), ("a", "-1"), ("a", "70000")]
        {
            assert_eq!(read(host, port), None, "{host:?} {port:?}");
        }
        assert_eq!(Address::from_server(b"\xff", b"1"), None);
    }
}

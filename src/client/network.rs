//! What a host says about the network of servers.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Secret;
use crate::network::settings::{MOST_ADDRESSES, NetworkOptions};

/// A Redis (6.2 or newer) or Valkey (7.2 or newer) that all servers of a store share: what one of them knows the others need not
/// ask, a question is asked once, and [`rate_limit`] is what they may ask together. While it does not answer, each server
/// works alone, at its share of the rate.
///
/// ```no_run
/// use paynow_bridge::{Client, NetworkConfig};
///
/// let network = NetworkConfig::new("redis.example:6379").password_env("REDIS_PASSWORD");
/// let client = Client::builder("411486491630370816")
///     .api_key_env("PAYNOW_API_KEY")
///     .rate_limit(50.0, 50)
///     .network(network)
///     .build()?;
/// # Ok::<(), paynow_bridge::BuildError>(())
/// ```
///
/// `Debug` shows nothing of it: an address may hold a password that was put in the wrong place.
///
/// [`rate_limit`]: crate::ClientBuilder::rate_limit
#[derive(Clone)]
#[must_use = "it does nothing before it is given to a builder"]
pub struct NetworkConfig(pub(super) NetworkOptions);

impl NetworkConfig {
    /// At this address: `host`, `host:port`, or `[::1]:port`. Several stand with commas between, and the first that can be used is
    /// used. In a cluster any node leads to the right one. With [`sentinel`](Self::sentinel) they are those of the Sentinels.
    pub fn new(addresses: impl AsRef<str>) -> Self {
        Self::unset().addresses(addresses)
    }

    /// Without an address, which must be given before it can be used.
    pub(crate) fn unset() -> Self {
        Self(NetworkOptions::default())
    }

    pub(crate) fn addresses(mut self, addresses: impl AsRef<str>) -> Self {
        let addresses = addresses.as_ref();
        let given = if addresses.trim().is_empty() { None } else { Some(addresses) };
        // More than can be used is refused, however many there are.
        let several = given.into_iter().flat_map(|all| all.split(',')).take(MOST_ADDRESSES + 1);
        self.0.addresses = several.map(|one| one.trim().to_owned()).collect();
        self
    }

    /// Whether the connection is encrypted: no by default. [`ca_file`](Self::ca_file) and
    /// [`server_name`](Self::server_name) mean yes.
    pub fn tls(mut self, tls: bool) -> Self {
        self.0.tls = tls;
        self
    }

    /// A PEM file of authorities to trust besides the system's and the bundled ones.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.ca_file = Some(path.into());
        self
    }

    /// The name to find in the certificate, where it is another than that of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.0.server_name = Some(name.into());
        self
    }

    /// The user to log in as: Redis's `default` when there is only a password.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.0.user = Some(name.into());
        self
    }

    /// The password. It is wiped when it is dropped, and printed nowhere.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.0.password = Some(Secret::new(password.into()));
        self
    }

    /// Reads the password from this environment variable.
    pub fn password_env(mut self, variable: impl Into<String>) -> Self {
        self.0.password_env = Some(variable.into());
        self
    }

    /// Reads the password from this file, which must be readable by its owner alone (mode 0600).
    pub fn password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.password_file = Some(path.into());
        self
    }

    /// The number of the database: 0 by default.
    pub fn database(mut self, number: u32) -> Self {
        self.0.database = number;
        self
    }

    /// The name by which the Sentinels know the master. The addresses are the Sentinels'.
    pub fn sentinel(mut self, name: impl Into<String>) -> Self {
        self.0.sentinel_name = Some(name.into());
        self
    }

    /// Tells networks apart that share a store and a Redis: a test server's from the others', say. At most 64 letters, digits,
    /// dots, hyphens or underscores; none by default.
    pub fn network_id(mut self, id: impl Into<String>) -> Self {
        self.0.network_id = Some(id.into());
        self
    }

    /// How long a request waits for the network at most before it goes on without: 100 ms by default, 10 s at most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }
}

impl fmt::Debug for NetworkConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NetworkConfig").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl NetworkConfig {
    /// What a setting is, for the tests that every face sets the one it names.
    pub(super) fn given(&self, setting: &str) -> String {
        let NetworkOptions {
            addresses,
            tls,
            ca_file,
            server_name,
            user,
            password,
            password_env,
            password_file,
            database,
            sentinel_name,
            network_id,
            timeout,
        } = &self.0;
        let text = |text: Option<&str>| text.unwrap_or("nothing").to_owned();
        let path = |path: &Option<PathBuf>| text(path.as_deref().and_then(std::path::Path::to_str));
        match setting {
            "network_addresses" => addresses.join(","),
            "network_tls" => u8::from(*tls).to_string(),
            "network_ca_file" => path(ca_file),
            "network_server_name" => text(server_name.as_deref()),
            "network_user" => text(user.as_deref()),
            "network_password" => text(password.as_ref().map(Secret::expose)),
            "network_password_env" => text(password_env.as_deref()),
            "network_password_file" => path(password_file),
            "network_database" => database.to_string(),
            "network_sentinel_name" => text(sentinel_name.as_deref()),
            "network_id" => text(network_id.as_deref()),
            "network_timeout" => timeout.as_millis().to_string(),
            _ => panic!("there is no setting {setting}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_addresses_stand_with_commas_between() {
        let addresses = |text: &str| NetworkConfig::new(text).0.addresses;
        assert_eq!(addresses("a, b:7000,[::1]:1"), ["a", "b:7000", "[::1]:1"]);
        assert_eq!(addresses(" "), [""; 0]);
        assert_eq!(addresses("a,"), ["a", ""], "which is refused, not passed over");
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let config = NetworkConfig::new("pnpw_a@b").password("pnpw_c").password_env("pnpw_d");
        assert!(!format!("{config:?}").contains("pnpw_"));
    }
}

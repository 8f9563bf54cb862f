//! The way a client would take, for programs that look at it step by step.

use super::ClientBuilder;
use super::config::BuildError;
use crate::model::Secret;
use crate::transport::{ApiBase, Proxy};

/// Where a client connects to, read from the same settings by the same rules. Nothing is asked or opened for it.
///
/// ```no_run
/// use paynow_bridge::Client;
///
/// let route = Client::builder("411486491630370816").route()?;
/// match &route.proxy {
///     Some(proxy) => println!("{} through {}:{}", route.host, proxy.host, proxy.port),
///     None => println!("{}:{}", route.host, route.port),
/// }
/// # Ok::<(), paynow_bridge::BuildError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// Name or address of the API's host, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken with it.
    pub encrypted: bool,
    /// The proxy on the way, if there is one.
    pub proxy: Option<ProxyRoute>,
}

/// The proxy on a [`Route`]. `Debug` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyRoute {
    /// Name or address of its host, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What named it: `proxy`, or the environment variable.
    pub setting: &'static str,
    /// What follows `Basic` in the header `Proxy-Authorization`, where a user name was given.
    pub credentials: Option<Secret>,
}

impl ClientBuilder {
    /// The way a client with these settings would take.
    ///
    /// # Errors
    /// The API's address or the proxy's cannot be used.
    pub fn route(&self) -> Result<Route, BuildError> {
        let (base, proxy) = self.base_and_proxy()?;
        Ok(route(&base, proxy))
    }
}

fn route(base: &ApiBase, proxy: Option<Proxy>) -> Route {
    let proxy = proxy.map(|proxy| {
        let (host, port, setting, credentials) = proxy.into_parts();
        ProxyRoute { host, port, setting, credentials }
    });
    Route { host: base.host().to_owned(), port: base.port(), encrypted: base.uses_tls(), proxy }
}

#[cfg(test)]
mod tests {
    use crate::client::{BuildError, Client};

    #[test]
    fn it_is_the_way_that_the_settings_say() {
        let route = Client::builder("1").proxy("").route().unwrap();
        assert_eq!((route.host.as_str(), route.port, route.encrypted), ("api.paynow.gg", 443, true));
        assert_eq!(route.proxy, None);

        let builder = Client::builder("1").api_base("http://[::1]:8787").proxy("user:pnpw_x@p.example:3129");
        let route = builder.route().unwrap();
        assert_eq!((route.host.as_str(), route.port, route.encrypted), ("::1", 8787, false));
        let shown = format!("{route:?}");
        let proxy = route.proxy.unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port, proxy.setting), ("p.example", 3129, "proxy"));
        assert_eq!(proxy.credentials.unwrap().expose(), "dXNlcjpwbnB3X3g=");
        assert!(!shown.contains("pnpw_") && !shown.contains("dXNlcjp"), "{shown}");
    }

    #[test]
    fn what_no_client_could_use_is_refused() {
        for builder in [Client::builder("1").api_base("ftp://x"), Client::builder("1").proxy("ftp://x")] {
            assert!(matches!(builder.route(), Err(BuildError::InvalidArgument(_))));
        }
    }
}

//! Where the API is.

use std::net::IpAddr;

use ureq::http::Uri;

use crate::operations::InvalidArgument;

/// The address of the API, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiBase {
    origin: String,
    host: String,
    port: u16,
    tls: bool,
}

impl ApiBase {
    /// PayNow's own address. No document names it; every public client uses it.
    pub(crate) const DEFAULT: &'static str = "https://api.paynow.gg";

    /// Reads an address such as `https://api.paynow.gg` or `http://127.0.0.1:8787`.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidArgument> {
        let refuse = |problem| InvalidArgument::new("api_base", problem);
        let uri: Uri =
            text.parse().map_err(|_| refuse("must be an address such as https://api.paynow.gg"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("must start with https://")),
        };
        if uri.path() != "/" && !uri.path().is_empty() || uri.query().is_some() || text.contains('#') {
            return Err(refuse("must not hold a path or a query"));
        }
        let authority = uri.authority().ok_or_else(|| refuse("must name a host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("must not hold a user name"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refuse("must name a host"));
        }
        let written_port = authority.as_str().rsplit(']').next().is_some_and(|rest| rest.contains(':'));
        if written_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(refuse("must have a port between 1 and 65535, or none"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if tls => 443,
            None => 80,
        };
        let base =
            Self { origin: format!("{}://{authority}", if tls { "https" } else { "http" }), host, port, tls };
        if !tls && !base.is_loopback() {
            return Err(refuse("must use https: plain http is for loopback addresses only"));
        }
        Ok(base)
    }

    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.address().is_some_and(|address| address.is_loopback())
    }

    /// Scheme and authority, ready for a target to be appended.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn uses_tls(&self) -> bool {
        self.tls
    }

    /// The host, when it is an address and not a name.
    fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::ApiBase;

    #[test]
    fn accepts_https_and_loopback_http() {
        let base = ApiBase::parse("https://api.paynow.gg").unwrap();
        assert_eq!((base.host(), base.port(), base.uses_tls()), ("api.paynow.gg", 443, true));
        assert_eq!(base.origin(), "https://api.paynow.gg");
        let base = ApiBase::parse("http://127.0.0.1:8787/").unwrap();
        assert_eq!((base.host(), base.port(), base.uses_tls()), ("127.0.0.1", 8787, false));
        let base = ApiBase::parse("http://[::1]:9").unwrap();
        assert_eq!((base.host(), base.port()), ("::1", 9));
        assert_eq!(base.origin(), "http://[::1]:9");
        assert!(ApiBase::parse("http://localhost:1").is_ok());
        assert!(ApiBase::parse("http://127.8.9.10").is_ok());
    }

    #[test]
    fn refuses_everything_else() {
        for bad in [
            "",
            "api.paynow.gg",
            "ftp://api.paynow.gg",
            "http://api.paynow.gg",
            "http://10.0.0.1",
            "http://127.0.0.1.evil.example",
            "https://user:pw@api.paynow.gg",
            "https://api.paynow.gg/v1",
            "https://api.paynow.gg?x=1",
            "https://",
            "https://api.paynow.gg:0",
            "https://api.paynow.gg:99999",
            "https://api.paynow.gg:",
            "https://a b",
            "https://a\r\nb",
            "https://a#x",
            "http://localhost.evil.example",
        ] {
            assert!(ApiBase::parse(bad).is_err(), "{bad:?}");
        }
    }
}

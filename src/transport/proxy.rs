//! Through a proxy: an HTTP CONNECT tunnel, the TLS inside it is the API's.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use socket2::Socket;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::base::ApiBase;
use crate::model::Secret;
use crate::operations::InvalidArgument;

/// Longest answer to CONNECT that is read.
const MAX_ANSWER: usize = 8 * 1024;

/// A proxy to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands behind `Basic`.
    credentials: Option<Secret>,
}

impl Proxy {
    /// Reads an address such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidArgument> {
        let refuse = |problem| InvalidArgument::new("proxy", problem);
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = with_scheme
            .parse()
            .map_err(|_| refuse("must be an address such as http://proxy.example:3128"))?;
        if uri.scheme_str() != Some("http") {
            return Err(refuse(
                "must start with http://: it is the way to the proxy, TLS with the API goes through it",
            ));
        }
        let authority = uri.authority().ok_or_else(|| refuse("must name a host"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refuse("must name a host"));
        }
        let credentials = authority.as_str().rsplit_once('@').map(|(credentials, _)| {
            let plain = Zeroizing::new(percent_decode(credentials));
            Secret::new(base64(&plain))
        });
        Ok(Self { host, port: authority.port_u16().unwrap_or(3128), credentials })
    }

    /// The proxy the environment names for this address: `HTTPS_PROXY` or `https_proxy`, unless `NO_PROXY` or
    /// `no_proxy` lists the host. Plain http goes to loopback only, and there never through a proxy.
    pub(crate) fn from_environment(
        base: &ApiBase,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, InvalidArgument> {
        let either = |upper: &str, lower: &str| variable(upper).or_else(|| variable(lower));
        let Some(address) = either("HTTPS_PROXY", "https_proxy").filter(|address| !address.trim().is_empty())
        else {
            return Ok(None);
        };
        let exceptions = either("NO_PROXY", "no_proxy").unwrap_or_default();
        if !base.uses_tls() || is_excepted(base.host(), &exceptions) {
            return Ok(None);
        }
        Self::parse(address.trim()).map(Some)
    }

    /// Asks the proxy, over a fresh connection to it, for a tunnel to the API.
    pub(super) fn open_tunnel(&self, mut socket: &Socket, host: &str, port: u16) -> io::Result<()> {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n"));
        if let Some(credentials) = &self.credentials {
            request.push_str("proxy-authorization: Basic ");
            request.push_str(credentials.expose());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        socket.write_all(request.as_bytes())?;
        // Byte by byte: what follows the head belongs to TLS.
        let mut answer = Vec::with_capacity(256);
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match socket.read(&mut byte) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the proxy closed the connection",
                    ));
                }
                Ok(_) => answer.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if answer.len() > MAX_ANSWER {
                return Err(io::Error::other("the proxy's answer does not end"));
            }
        }
        let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match status {
            [b'2', _, _] => Ok(()),
            b"407" => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the proxy wants other credentials (407)",
            )),
            [_, _, _] if status.iter().all(u8::is_ascii_digit) => Err(io::Error::other(format!(
                "the proxy refused the tunnel ({})",
                String::from_utf8_lossy(status)
            ))),
            _ => Err(io::Error::other("the proxy does not speak HTTP")),
        }
    }
}

/// Whether a comma-separated list names the host: itself, a domain it lies in, its address, or `*`.
fn is_excepted(host: &str, list: &str) -> bool {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.trim_start_matches("*.").trim_start_matches('.');
        if entry == "*" || entry.eq_ignore_ascii_case(host) {
            return true;
        }
        let is_address = host.parse::<IpAddr>().is_ok();
        let (host, entry) = (host.to_ascii_lowercase(), entry.to_ascii_lowercase());
        !is_address && host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.'))
    })
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| std::str::from_utf8(tail.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            text.push(if digit <= group.len() {
                DIGITS[(bits >> (18 - 6 * digit)) as usize & 63] as char
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let proxy = Proxy::parse("http://user:p%40ss@proxy.example:8080").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 8080));
        assert_eq!(proxy.credentials.as_ref().unwrap().expose(), "dXNlcjpwQHNz");
        assert!(!format!("{proxy:?}").contains("dXNl"));
        let proxy = Proxy::parse("proxy.example").unwrap();
        assert_eq!((proxy.port, proxy.credentials), (3128, None));
        assert_eq!(Proxy::parse("http://[::1]:1").unwrap().host, "::1");
        for bad in ["", "socks5://proxy", "https://proxy:1", "http://", "http://a b"] {
            assert!(Proxy::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_environment_names_one_and_its_exceptions() {
        let found = |base: &str, exceptions: &'static str| {
            let variable = |name: &str| match name {
                "https_proxy" => Some("http://proxy:1".to_owned()),
                "NO_PROXY" => Some(exceptions.to_owned()),
                _ => None,
            };
            Proxy::from_environment(&ApiBase::parse(base).unwrap(), variable).unwrap().is_some()
        };
        let base = "https://api.paynow.gg";
        assert!(found(base, ""));
        assert!(found(base, "example.org, now.gg, 10.0.0.1"));
        for exceptions in ["*", "api.paynow.gg", "PayNow.gg", ".paynow.gg", "*.paynow.gg", "a, paynow.gg ,b"]
        {
            assert!(!found(base, exceptions), "{exceptions}");
        }
        assert!(!found("http://127.0.0.1:9", ""), "loopback");
        assert!(found("https://10.1.2.3", "2.3"), "an address lies in no domain");
        let none = Proxy::from_environment(&ApiBase::parse(base).unwrap(), |_| None);
        assert_eq!(none, Ok(None));
    }

    #[test]
    fn base64_of_every_length() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}

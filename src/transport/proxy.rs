//! Through a proxy: an HTTP CONNECT tunnel, the TLS inside it is the API's.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use socket2::Socket;
use zeroize::Zeroizing;

use super::base::ApiBase;
use crate::model::Secret;
use crate::operations::InvalidArgument;

/// Longest answer to CONNECT that is read, interim answers included.
const MAX_ANSWER: usize = 8 * 1024;
const MAX_HEADERS: usize = 64;
const DEFAULT_PORT: u16 = 3128;

/// A proxy to go through. Printing it shows where it is and where it was set, not the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// What follows `Basic`.
    credentials: Option<Secret>,
    /// The setting or the environment variable it was read from.
    setting: &'static str,
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, setting, .. } = self;
        let from = if *setting == SETTING { "" } else { " from " };
        let variable = if *setting == SETTING { "" } else { setting };
        if host.contains(':') {
            write!(formatter, "the proxy [{host}]:{port}{from}{variable}")
        } else {
            write!(formatter, "the proxy {host}:{port}{from}{variable}")
        }
    }
}

const SETTING: &str = "proxy";

impl Proxy {
    /// Reads an address such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidArgument> {
        Self::read(text, SETTING)
    }

    /// An address is read whole, or refused: a part that was passed over would be another host, or no password.
    fn read(text: &str, setting: &'static str) -> Result<Self, InvalidArgument> {
        let refuse = |problem| InvalidArgument::new(setting, problem);
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => {
                return Err(refuse(
                    "must start with http://: that is the way to the proxy, and TLS with the API goes through it",
                ));
            }
            None => text,
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        if userinfo.is_some_and(|text| text.contains('@')) || authority.contains(['/', '\\', '?', '#']) {
            return Err(refuse(
                "must not hold a path; in a user name or password, write @ as %40, # as %23, / as %2F, ? as %3F and % \
                 as %25",
            ));
        }
        if !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("must be visible ASCII, anything else percent-encoded"));
        }
        let (host, port) = read_place(place).map_err(refuse)?;
        let credentials = userinfo.map(basic).transpose().map_err(refuse)?.flatten();
        Ok(Self { host, port, credentials, setting })
    }

    /// The proxy the environment names for this address: `HTTPS_PROXY` or `https_proxy`, unless `NO_PROXY` or
    /// `no_proxy` lists the host. Plain http goes to loopback only, and there never through a proxy.
    pub(crate) fn from_environment(
        base: &ApiBase,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, InvalidArgument> {
        let one_of = |names: [&'static str; 2]| {
            let mut set = names.into_iter().filter_map(|name| Some((name, variable(name)?)));
            let Some((name, value)) = set.find(|(_, value)| !value.to_string_lossy().trim().is_empty())
            else {
                return Ok(None);
            };
            match value.into_string() {
                Ok(value) => Ok(Some((name, Zeroizing::new(value)))),
                Err(_) => Err(InvalidArgument::new(name, "must be UTF-8")),
            }
        };
        if !base.uses_tls() {
            return Ok(None);
        }
        let Some((name, address)) = one_of(["HTTPS_PROXY", "https_proxy"])? else { return Ok(None) };
        let exceptions = one_of(["NO_PROXY", "no_proxy"])?;
        if exceptions.is_some_and(|(_, list)| is_excepted(base.host(), base.port(), &list)) {
            return Ok(None);
        }
        Self::read(address.trim(), name).map(Some)
    }

    /// Host, port, the setting it was read from, and what follows `Basic`.
    pub(crate) fn into_parts(self) -> (String, u16, &'static str, Option<Secret>) {
        (self.host, self.port, self.setting, self.credentials)
    }

    /// Asks the proxy, over a fresh connection to it, for a tunnel to the API.
    pub(super) fn open_tunnel(&self, mut socket: &Socket, host: &str, port: u16) -> io::Result<()> {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut request = Zeroizing::new(Vec::with_capacity(1024));
        write!(request, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n")?;
        if let Some(credentials) = &self.credentials {
            write!(request, "proxy-authorization: Basic {}\r\n", credentials.expose())?;
        }
        request.extend(b"\r\n");
        socket.write_all(&request)?;
        let mut allowance = MAX_ANSWER;
        loop {
            match read_status(socket, &mut allowance)? {
                100 | 102..=199 => {}
                200..=299 => return Ok(()),
                407 if self.credentials.is_none() => {
                    return Err(io::Error::other("it wants a user name and a password (407)"));
                }
                407 => return Err(io::Error::other("it does not accept the user name and password (407)")),
                status => return Err(io::Error::other(format!("it refused the tunnel ({status})"))),
            }
        }
    }
}

/// Reads the head of one answer and not a byte more: what follows belongs to TLS.
fn read_status(mut socket: impl Read, allowance: &mut usize) -> io::Result<u16> {
    let mut head = Vec::with_capacity(256);
    loop {
        let mut byte = [0];
        match socket.read(&mut byte) {
            Ok(0) => return Err(io::Error::other("it closed the connection")),
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        *allowance = allowance.checked_sub(1).ok_or_else(|| io::Error::other("its answer does not end"))?;
        if byte == [b'\n'] {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut response = httparse::Response::new(&mut headers);
            match response.parse(&head) {
                Ok(httparse::Status::Partial) => {}
                Ok(httparse::Status::Complete(_)) => return Ok(response.code.unwrap_or_default()),
                Err(error) => return Err(io::Error::other(format!("it does not speak HTTP: {error}"))),
            }
        }
    }
}

/// Host and port.
fn read_place(place: &str) -> Result<(String, u16), &'static str> {
    const BAD_HOST: &str =
        "must name a host, an IPv6 address in brackets: http://proxy.example:3128, http://[::1]:3128";
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or(BAD_HOST)?;
            host.parse::<Ipv6Addr>().map_err(|_| BAD_HOST)?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(BAD_HOST)?) };
            (host, port)
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !(place.starts_with('[') || host.bytes().all(is_plain)) {
        return Err(BAD_HOST);
    }
    let port =
        port.map_or(Some(DEFAULT_PORT), read_port).ok_or("must have a port between 1 and 65535, or none")?;
    Ok((host.to_owned(), port))
}

fn read_port(digits: &str) -> Option<u16> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| all_digits && *port != 0)
}

/// What follows `Basic`, made of a user name and, after a colon, a password. Nothing means no credentials.
fn basic(userinfo: &str) -> Result<Option<Secret>, &'static str> {
    if userinfo.is_empty() {
        return Ok(None);
    }
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let (user, password) = (percent_decode(user)?, percent_decode(password)?);
    if user.contains(&b':') {
        return Err("must not hold a colon in its user name");
    }
    // A user without a password has an empty one (RFC 7617).
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    plain.extend_from_slice(&user);
    plain.push(b':');
    plain.extend_from_slice(&password);
    if plain.iter().any(u8::is_ascii_control) {
        return Err("must not hold a control character");
    }
    Ok(Some(Secret::new(STANDARD.encode(&*plain))))
}

fn percent_decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut escapes = text.split('%');
    // What comes before the first one.
    escapes.next();
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !escapes.all(is_escape) {
        return Err(
            "must hold % only before two hexadecimal digits: in a user name or password, write % as %25",
        );
    }
    Ok(Zeroizing::new(percent_encoding::percent_decode_str(text).collect()))
}

/// Whether a list, separated by commas or blanks, names the host: itself, a domain it lies in, its address, a network
/// its address lies in, each with or without a port, or `*`.
fn is_excepted(host: &str, port: u16, list: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (name, only_port) = split_port(entry);
        if only_port.is_some_and(|only| read_port(only) != Some(port)) {
            return false;
        }
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match (address, name.parse::<IpAddr>(), name.parse::<IpNet>()) {
            (Some(address), Ok(listed), _) => address == listed.to_canonical(),
            (Some(address), _, Ok(network)) => network.contains(&address),
            // An address lies in no domain, and a name in no network.
            (Some(_), ..) | (None, Ok(_), _) | (None, _, Ok(_)) => false,
            (None, Err(_), Err(_)) => {
                let name = name.strip_prefix('*').unwrap_or(name);
                let name = name.strip_prefix('.').unwrap_or(name);
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                !name.is_empty()
                    && host.strip_suffix(&name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
        }
    })
}

/// An entry without its port, and the port. A bare IPv6 address has none.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, port, and user name with password.
    fn read(text: &str) -> (String, u16, Option<String>) {
        let proxy = Proxy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let plain = proxy
            .credentials
            .map(|credentials| String::from_utf8(STANDARD.decode(credentials.expose()).unwrap()).unwrap());
        (proxy.host, proxy.port, plain)
    }

    #[test]
    fn addresses_are_read_whole() {
        let place = |host: &str, port| (host.to_owned(), port, None);
        let with = |host: &str, port, plain: &str| (host.to_owned(), port, Some(plain.to_owned()));
        assert_eq!(read("proxy.example"), place("proxy.example", 3128));
        assert_eq!(read("HTTP://proxy.example:8080/"), place("proxy.example", 8080));
        assert_eq!(read("10.0.0.1:1"), place("10.0.0.1", 1));
        assert_eq!(read("http://[::1]:1"), place("::1", 1));
        assert_eq!(read("[2001:db8::7]"), place("2001:db8::7", 3128));
        assert_eq!(read("http://user:p%40ss@proxy.example:8080"), with("proxy.example", 8080, "user:p@ss"));
        // RFC 7617: the colon is there without a password too.
        assert_eq!(read("http://user@p"), with("p", 3128, "user:"));
        assert_eq!(read("http://user:@p"), with("p", 3128, "user:"));
        assert_eq!(read("u:a:b%23%2F%25%3f+c@[::1]:9"), with("::1", 9, "u:a:b#/%?+c"));
        assert_eq!(read("http://@p"), place("p", 3128));
        assert_eq!(read("http://us%C3%A9r:x@p"), with("p", 3128, "usér:x"));
    }

    #[test]
    fn what_cannot_be_read_whole_is_refused() {
        for (bad, word) in [
            ("", "host"),
            ("http://", "host"),
            ("http://:3128", "host"),
            ("socks5://proxy", "http://"),
            ("https://proxy:1", "http://"),
            ("http://a b", "visible ASCII"),
            ("http://prox\u{f6}", "visible ASCII"),
            ("http://proxy:99999", "port"),
            ("http://proxy:0", "port"),
            ("http://proxy:", "port"),
            ("http://proxy:+80", "port"),
            ("http://proxy:8o80", "port"),
            ("http://::1:80", "brackets"),
            ("http://[::1", "brackets"),
            ("http://[::1]80", "brackets"),
            ("http://[proxy]:80", "brackets"),
            ("http://proxy/path", "path"),
            ("http://user:12#4@proxy:80", "%23"),
            ("http://user:p@ss@proxy:80", "%40"),
            ("http://user:p/ss@proxy:80", "%2F"),
            ("http://user:p?ss@proxy:80", "%3F"),
            ("http://user:100%@proxy:80", "%25"),
            ("http://user:a%zz@proxy:80", "%25"),
            ("http://us%3Aer:x@proxy:80", "colon"),
            ("http://user:a%0d%0ab@proxy:80", "control"),
        ] {
            let error = Proxy::parse(bad).expect_err(bad);
            assert!(error.argument() == "proxy" && error.to_string().contains(word), "{bad}: {error}");
            assert!(!error.to_string().contains("12#4"), "a password is not repeated");
        }
    }

    #[test]
    fn printing_shows_where_it_is_and_where_it_was_set() {
        let proxy = Proxy::parse("http://user:very-secret@proxy:1").unwrap();
        let encoded = proxy.credentials.clone().unwrap();
        assert_eq!(proxy.to_string(), "the proxy proxy:1");
        for printed in [format!("{proxy:?}"), proxy.to_string()] {
            assert!(!printed.contains("very-secret") && !printed.contains(encoded.expose()), "{printed}");
        }
        assert_eq!(
            Proxy::read("[::1]:1", "https_proxy").unwrap().to_string(),
            "the proxy [::1]:1 from https_proxy"
        );
    }

    fn environment(base: &str, set: &[(&str, &str)]) -> Result<Option<Proxy>, InvalidArgument> {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        Proxy::from_environment(&ApiBase::parse(base).unwrap(), variable)
    }

    const BASE: &str = "https://api.paynow.gg";

    #[test]
    fn the_environment_names_one() {
        let named = |set: &[(&str, &str)]| environment(BASE, set).unwrap().map(|proxy| proxy.to_string());
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[("https_proxy", "http://p:1")]).unwrap(), "the proxy p:1 from https_proxy");
        assert_eq!(
            named(&[("HTTPS_PROXY", " http://q:2 "), ("https_proxy", "p:1")]).unwrap(),
            "the proxy q:2 from HTTPS_PROXY"
        );
        // Set to nothing is not set.
        assert_eq!(
            named(&[("HTTPS_PROXY", " "), ("https_proxy", "p:1")]).unwrap(),
            "the proxy p:1 from https_proxy"
        );
        assert_eq!(named(&[("HTTPS_PROXY", "")]), None);
        let refused = environment(BASE, &[("HTTPS_PROXY", "http://p:99999")]).unwrap_err();
        assert_eq!(refused.argument(), "HTTPS_PROXY");
    }

    #[test]
    #[cfg(unix)]
    fn a_variable_that_is_not_text_is_not_passed_over() {
        use std::os::unix::ffi::OsStringExt;
        let variable =
            |name: &str| (name == "https_proxy").then(|| OsString::from_vec(b"http://\xff".to_vec()));
        let refused = Proxy::from_environment(&ApiBase::parse(BASE).unwrap(), variable).unwrap_err();
        assert_eq!(refused.argument(), "https_proxy");
    }

    #[test]
    fn exceptions() {
        let excepted = |base: &str, list: &str| {
            let set = [("HTTPS_PROXY", "p:1"), ("no_proxy", list)];
            environment(base, &set).unwrap().is_none()
        };
        for list in [
            "*",
            "api.paynow.gg",
            "PayNow.gg",
            ".paynow.gg",
            "*.paynow.gg",
            "paynow.gg.",
            "a, paynow.gg ,b",
            "a paynow.gg",
            "a\tpaynow.gg\nb",
            "paynow.gg:443",
            ".gg:443,x",
        ] {
            assert!(excepted(BASE, list), "{list:?}");
        }
        for list in [
            "",
            ",",
            "example.org, now.gg, 10.0.0.1",
            "paynow.gg:80",
            "paynow.gg:x",
            ".",
            "10.0.0.0/8",
            "gg/8",
        ] {
            assert!(!excepted(BASE, list), "{list:?}");
        }
        assert!(excepted("https://api.paynow.gg.", "paynow.gg"));
        for list in [
            "10.1.2.3",
            "10.0.0.0/8",
            "10.1.2.3:443",
            "10.0.0.0/8:443",
            "::ffff:10.1.2.3",
            "192.168.0.0/16 10.1.2.3/32",
        ] {
            assert!(excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["2.3", ".3", "10.1.2.4", "10.1.2.0/30:80", "11.0.0.0/8", "::/0"] {
            assert!(!excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["::1", "[::1]", "[::1]:443", "::/64", "0:0:0:0:0:0:0:1"] {
            assert!(excepted("https://[::1]", list), "{list}");
        }
        for list in ["[::1]:80", "::2", "1"] {
            assert!(!excepted("https://[::1]", list), "{list}");
        }
        assert!(environment("http://127.0.0.1:9", &[("HTTPS_PROXY", "p:1")]).unwrap().is_none(), "loopback");
    }

    #[test]
    fn answers_to_connect() {
        let status = |answer: &str| {
            let mut rest = answer.as_bytes();
            let mut allowance = MAX_ANSWER;
            let read = read_status(&mut rest, &mut allowance).map_err(|error| error.to_string());
            (read, rest.len())
        };
        for answer in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.1 200\r\n\r\n",
            "HTTP/1.0 200 \r\nvia: x\r\n\r\n",
            "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200\nvia: x\n\n",
        ] {
            assert_eq!(status(answer), (Ok(200), 0), "{answer:?}");
            assert_eq!(
                status(&format!("{answer}\x16\x03")),
                (Ok(200), 2),
                "what follows is TLS's: {answer:?}"
            );
        }
        assert_eq!(status("HTTP/1.1 407 x\r\n\r\n").0, Ok(407));
        assert!(status("HTTP/1.1 x\r\n\r\n").0.unwrap_err().contains("does not speak HTTP"));
        assert!(status("SSH-2.0-OpenSSH_9.6\r\n").0.unwrap_err().contains("does not speak HTTP"));
        assert!(status("HTTP/1.1 200 OK\r\n").0.unwrap_err().contains("closed"));
        assert!(status(&"x".repeat(MAX_ANSWER + 1)).0.unwrap_err().contains("does not end"));
    }
}

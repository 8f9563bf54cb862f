//! The way to the API: name, proxy, connections, TLS, who answers, and the clock.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant, SystemTime};

use paynow_bridge::Route;
use serde_json::Value;

use super::certificate::Recorder;
use super::finding::Finding;
use super::probe::{self, Answer, Probe, Step, Target};
use crate::interrupt;
use crate::output::Mark;
use crate::settings::Settings;

/// Dates of answers are cut to seconds, and networks take their time.
const TOLERATED: Duration = Duration::from_secs(30);
/// Beyond this TLS begins to fail.
const FAR_OFF: Duration = Duration::from_secs(300);
/// A certificate that ends sooner was forgotten by someone.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const SLOW: Duration = Duration::from_secs(1);

/// Looks at all of it. What answered is handed back.
pub fn look(route: &Route, settings: &Settings, store_id: &str, found: &mut Vec<Finding>) -> Option<Answer> {
    found.push(proxy(route));
    let (host, port) = match &route.proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (route.host.as_str(), route.port),
    };
    let addresses = name(host, port, route.proxy.is_some(), found)?;
    let tls_settings = || {
        let recorder = Recorder::new(settings.ca_file.as_ref().map(|set| set.value.as_path()))?;
        let config = recorder.config()?;
        Ok::<_, String>((recorder, config))
    };
    let secure = match route.encrypted.then(tls_settings).transpose() {
        Ok(secure) => secure,
        Err(problem) => {
            let advice = "Check the file that --ca-file, PAYNOW_CA_FILE or the profile names.";
            found.push(Finding::bad("tls", problem, advice));
            return None;
        }
    };
    // What cannot be an id gets into no request.
    let is_id = !store_id.is_empty() && store_id.bytes().all(|byte| byte.is_ascii_digit());
    let path = format!("/v1/stores/{}/customers?limit=1", if is_id { store_id } else { "0" });
    let target = Target { route, path: &path, tls: secure.as_ref().map(|(_, config)| config) };
    let mut probes = Vec::new();
    for (area, of_family) in
        [("ipv4", SocketAddr::is_ipv4 as fn(&SocketAddr) -> bool), ("ipv6", SocketAddr::is_ipv6)]
    {
        if interrupt::was_asked() {
            return None;
        }
        let probe = addresses
            .iter()
            .find(|address| of_family(address))
            .map(|address| (*address, probe::run(*address, &target)));
        probes.push((area, probe));
    }
    let one_works = probes.iter().flat_map(|(_, probe)| probe).any(|(_, probe)| probe.connect.is_some());
    for (area, probe) in &probes {
        found.push(connection(area, probe.as_ref(), one_works, route));
    }
    let probes: Vec<Probe> = probes.into_iter().filter_map(|(_, probe)| Some(probe?.1)).collect();
    if let Some((recorder, _)) = secure {
        found.extend(tls(&recorder, &probes));
    }
    let answer = probes.into_iter().find_map(|probe| probe.answer)?;
    found.push(who(&answer, route));
    found.push(clock(&answer, SystemTime::now()));
    Some(answer)
}

fn proxy(route: &Route) -> Finding {
    match &route.proxy {
        None => Finding::ok("proxy", "none"),
        Some(proxy) => {
            let place = format!("{}:{}", proxy.host, proxy.port);
            let login = if proxy.credentials.is_some() { ", with a user name" } else { "" };
            Finding::ok("proxy", format!("{place}, from {}{login}", proxy.setting)).with("address", place)
        }
    }
}

/// The addresses of the name.
fn name(host: &str, port: u16, is_proxy: bool, found: &mut Vec<Finding>) -> Option<Vec<SocketAddr>> {
    let whose = if is_proxy { "the proxy's name " } else { "" };
    let begin = Instant::now();
    let resolved = (host, port).to_socket_addrs();
    let took = begin.elapsed();
    match resolved.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => {
            let count = |of: fn(&SocketAddr) -> bool| addresses.iter().filter(|address| of(address)).count();
            let (four, six) = (count(SocketAddr::is_ipv4), count(SocketAddr::is_ipv6));
            let text = if host.parse::<std::net::IpAddr>().is_ok() {
                format!("{host} is an address, not a name")
            } else {
                format!("{whose}{host} has {four} IPv4 and {six} IPv6 addresses, {}", milliseconds(took))
            };
            let all: Vec<Value> = addresses.iter().map(|address| address.ip().to_string().into()).collect();
            let finding = if took > SLOW {
                Finding::warning(
                    "name",
                    text,
                    "The name server is slow: look at /etc/resolv.conf, or ask your host.",
                )
            } else {
                Finding::ok("name", text)
            };
            found.push(finding.with("addresses", all).with("resolve_ms", ms(took)));
            Some(addresses)
        }
        result => {
            let problem = result.err().map_or("it has no address".to_owned(), |error| error.to_string());
            let text = format!("{whose}{host} cannot be resolved: {problem}");
            let advice = "Check the name server of this machine, and the spelling of the address.";
            found.push(Finding::bad("name", text, advice));
            None
        }
    }
}

fn connection(
    area: &'static str,
    probe: Option<&(SocketAddr, Probe)>,
    one_works: bool,
    route: &Route,
) -> Finding {
    let whom = if route.proxy.is_some() { "the proxy" } else { "it" };
    let Some((address, probe)) = probe else {
        return Finding::ok(area, format!("{whom} has no address of this kind"));
    };
    let steps = [
        ("connected", "connect_ms", probe.connect),
        ("tunnel", "tunnel_ms", probe.tunnel),
        ("TLS", "tls_ms", probe.tls),
        ("first byte", "first_byte_ms", probe.first_byte),
    ];
    let times: Vec<_> = steps
        .iter()
        .filter_map(|(name, _, time)| Some(format!("{name} {}", milliseconds((*time)?))))
        .collect();
    let place = if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() };
    let text = [place].into_iter().chain(times).collect::<Vec<_>>().join(", ");
    let finding = match &probe.problem {
        None if steps.iter().filter_map(|(_, _, time)| *time).any(|time| time > SLOW) => Finding::warning(
            area,
            text,
            "A step took more than a second: the way is long, or packets are lost. Deadlines must allow for it.",
        ),
        None => Finding::ok(area, text),
        // Hosts without IPv6 are many, and the client takes the other way.
        Some((Step::Connect, problem)) if one_works => Finding::warning(
            area,
            format!("{text}: not connected: {problem}"),
            "The client goes the other way, which works. Where this kind of address never works, have your host fix it.",
        ),
        Some((Step::Connect, problem)) => Finding::bad(
            area,
            format!("{text}: not connected: {problem}"),
            "A firewall, or no route: ask your host to let this machine reach it.",
        ),
        Some((Step::Tunnel, problem)) => Finding::bad(
            area,
            format!("{text}: the proxy: {problem}"),
            "Check the proxy's address, user name and password, and whether it lets api.paynow.gg through.",
        ),
        Some((Step::Tls, problem)) => Finding::bad(
            area,
            format!("{text}: TLS failed: {problem}"),
            "See tls below for who signed; a proxy or firewall that opens TLS needs its authority in --ca-file.",
        ),
        Some((Step::Answer, problem)) => Finding::bad(
            area,
            format!("{text}: not answered: {problem}"),
            "Something between here and PayNow lets connections through and no answers, or PayNow is away.",
        ),
    };
    let finding = finding.with("address", address.ip().to_string());
    steps.iter().fold(finding, |finding, (_, name, time)| match time {
        Some(time) => finding.with(name, ms(*time)),
        None => finding,
    })
}

fn tls(recorder: &Recorder, probes: &[Probe]) -> Option<Finding> {
    let shown = recorder.shown()?;
    let protocol = probes.iter().find_map(|probe| probe.protocol.clone());
    let failed = probes.iter().find_map(|probe| match &probe.problem {
        Some((Step::Tls, problem)) => Some(problem),
        _ => None,
    });
    let text = format!(
        "{}certificate of {}, signed by {}, until {}",
        protocol.as_ref().map(|protocol| format!("{protocol}, ")).unwrap_or_default(),
        shown.subject,
        shown.issuer,
        shown.until_text
    );
    let left = shown.until.duration_since(SystemTime::now());
    let finding = match (failed, left) {
        (Some(problem), _) if protocol.is_none() => Finding::bad(
            "tls",
            format!("{text}: not trusted: {problem}"),
            "Is the signer a proxy, a firewall or a virus scanner? Then name its authority with --ca-file. If it is a public \
             one, install ca-certificates and check the clock.",
        ),
        (_, Ok(left)) if left > SOON => Finding::ok("tls", text),
        (_, left) => Finding::warning(
            "tls",
            format!("{text}, which is in {} days", left.unwrap_or_default().as_secs() / 86_400),
            "Nothing, if PayNow is the owner: it is renewed in time. A proxy's certificate is for its owner to renew.",
        ),
    };
    Some(finding.with("issuer", shown.issuer).with("subject", shown.subject).with("until", shown.until_text))
}

/// Whether it was PayNow that answered.
fn who(answer: &Answer, route: &Route) -> Finding {
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let is_paynow = said["message"].is_string() && (said["code"].is_string() || said["trace_id"].is_string());
    let software = answer.header("server").unwrap_or("an unnamed server");
    let via = answer.header("via").map(|via| format!(", via {via}")).unwrap_or_default();
    let host = &route.host;
    let finding = if is_paynow {
        Finding::ok("answer", format!("PayNow's API answers ({}), through {software}{via}", answer.status))
    } else {
        let kind = answer.header("content-type").unwrap_or("no type");
        Finding::bad(
            "answer",
            format!(
                "something else answers in place of {host}: status {}, {software}{via}, {kind}",
                answer.status
            ),
            "A proxy, a firewall, a captive portal or a CDN answers. Look at HTTPS_PROXY and at --api-base.",
        )
    };
    finding
        .with("status", answer.status)
        .with("server", answer.header("server"))
        .with("via", answer.header("via"))
}

fn clock(answer: &Answer, now: SystemTime) -> Finding {
    let Some(theirs) = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Finding::unknown(
            "clock",
            "the answer has no date to compare with",
            "Compare the clock of this machine with another one.",
        );
    };
    let (ahead, off) = match now.duration_since(theirs) {
        Ok(ahead) => (true, ahead),
        Err(behind) => (false, behind.duration()),
    };
    let seconds = off.as_secs();
    let direction = if ahead { "ahead" } else { "behind" };
    let finding = if off <= TOLERATED {
        Finding::ok("clock", "right")
    } else {
        let mark = if off > FAR_OFF { Mark::Bad } else { Mark::Warning };
        Finding {
            mark,
            ..Finding::warning(
                "clock",
                format!("{seconds} s {direction}"),
                "Set it, best by NTP: TLS and tokens depend on it.",
            )
        }
    };
    let signed = i64::try_from(seconds).unwrap_or(i64::MAX);
    finding.with("ahead_s", if ahead { signed } else { -signed })
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

pub fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::probe::tests_support::answer;

    #[test]
    fn a_clock_is_compared_with_the_answer() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (off, mark, ahead) in
            [(0, Mark::Ok, 0), (29, Mark::Ok, 29), (-31, Mark::Warning, -31), (301, Mark::Bad, 301)]
        {
            let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs((1_700_000_000 - off) as u64);
            let date = httpdate::fmt_http_date(theirs);
            let finding = clock(&answer(401, &[("Date", &date)], ""), now);
            assert_eq!((finding.mark, finding.details["ahead_s"].as_i64()), (mark, Some(ahead)), "{off}");
        }
        assert_eq!(clock(&answer(401, &[], ""), now).mark, Mark::Unknown);
    }

    #[test]
    fn another_than_paynow_is_named() {
        let route = paynow_bridge::Client::builder("1").proxy("").route().unwrap();
        let paynow = answer(
            401,
            &[("server", "cloudflare")],
            r#"{"status":401,"code":"unauthorized","message":"no"}"#,
        );
        assert_eq!(who(&paynow, &route).mark, Mark::Ok);
        let portal =
            answer(200, &[("server", "portal"), ("content-type", "text/html")], "<html>log in</html>");
        let finding = who(&portal, &route);
        assert_eq!(finding.mark, Mark::Bad);
        assert!(finding.text.contains("portal") && finding.text.contains("text/html"), "{}", finding.text);
    }
}

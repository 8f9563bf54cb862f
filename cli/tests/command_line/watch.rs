//! `pnb watch`, at a server that counts.

use super::Pnb;
use super::secure::{PlainServer, answer};

const TEXT: &str = "# TYPE paynow_requests counter\npaynow_requests_total{operation=\"lookup_customer\"} 12\n\
# TYPE paynow_wait_seconds histogram\npaynow_wait_seconds_bucket{le=\"0.1\"} 5\npaynow_wait_seconds_bucket{le=\"+Inf\"} 10\n\
paynow_wait_seconds_count 10\npaynow_wait_seconds_sum 1.5\n# TYPE paynow_open gauge\npaynow_open{x=\"\u{1b}[2J\"} 1\n# EOF\n";

fn metrics(_head: &str) -> String {
    answer("200 OK", "", TEXT)
}

#[test]
fn the_numbers_of_a_server() {
    let pnb = Pnb::alone();
    let url = format!("http://127.0.0.1:{}/metrics", PlainServer::start(metrics).port);
    let shown = pnb.say(&format!("watch {url} --once")).done();
    assert!(
        shown.contains("paynow_requests_total") && shown.contains("operation=lookup_customer"),
        "{shown}"
    );
    assert!(shown.contains("0.15") && !shown.contains('\u{1b}'), "{shown}");

    let ran = pnb.say(&format!("watch {url} --count 2 --interval 0.01 --json --match wait"));
    let looks: Vec<serde_json::Value> =
        ran.done().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(looks.len(), 2);
    let wait = &looks[1]["metrics"][0];
    assert_eq!((&wait["name"], &wait["type"]), (&"paynow_wait_seconds".into(), &"histogram".into()));
    assert_eq!((&wait["value"], &wait["mean"], &wait["p50"]), (&10.0.into(), &0.15.into(), &0.1.into()));
    assert_eq!(wait["per_second"], 0.0);
    assert!(looks[0]["metrics"][0]["per_second"].is_null());
    assert!(pnb.say(&format!("watch {url} --once --match nothing")).done().contains("has no such metrics"));
}

#[test]
fn a_server_that_is_not_there() {
    let pnb = Pnb::alone();
    assert_eq!(pnb.say("watch http://127.0.0.1:1/metrics --json").error()["kind"], "unreachable");
    fn missing(_head: &str) -> String {
        answer("404 Not Found", "", "")
    }
    let url = format!("http://127.0.0.1:{}/x", PlainServer::start(missing).port);
    assert!(pnb.say(&format!("watch {url}")).ended(6).contains("status 404"));
    assert_eq!(pnb.say("watch ftp://x").code, Some(2));
    assert_eq!(pnb.say(&format!("watch {url} --interval 0")).code, Some(2));
}

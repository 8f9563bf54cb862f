//! With a network of servers that says what a test wants.

use super::*;
use crate::model::Secret;
use crate::network::{
    Ask, Claim, Forget, Known, KnownAnswer, Network, NetworkState, News, Settled, SettledAnswer, Verdict,
    Written,
};

type Answer = Box<dyn Fn(&Ask<'_>) -> Verdict + Send + Sync>;

type Gate = Arc<(Mutex<bool>, Condvar)>;

/// What the engine told and asked, in words.
struct FakeNetwork {
    answer: Answer,
    heard: Mutex<Vec<String>>,
    news: Mutex<Vec<News>>,
    forget: Box<dyn Forget>,
    /// What closing sets and tells.
    when_closed: Mutex<Option<Gate>>,
}

impl FakeNetwork {
    fn hear(&self, words: String) {
        self.heard.lock().unwrap().push(words);
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn held(claim: Option<Claim>) -> String {
    claim.map_or("nothing".to_owned(), |claim| claim.fence.to_string())
}

impl Network for FakeNetwork {
    fn consult(&self, ask: &Ask<'_>) -> Verdict {
        let question = ask.question.unwrap_or("a place");
        let (exist, known) =
            (if ask.must_exist { ", created" } else { "" }, if ask.only_known { ", known" } else { "" });
        self.hear(format!("asked {question}{exist}{known}, holding {}", held(ask.claim)));
        (self.answer)(ask)
    }

    fn settle(&self, settled: &Settled<'_>) {
        let answer = match settled.answer {
            SettledAnswer::Customer { id, body } => {
                format!("customer {id} {}", String::from_utf8_lossy(body))
            }
            SettledAnswer::Absent => "absent".to_owned(),
            SettledAnswer::Other => "other".to_owned(),
            SettledAnswer::Failed => "failed".to_owned(),
        };
        let written = match settled.written {
            Written::Nothing => String::new(),
            Written::Created => ", created".to_owned(),
            Written::Customer(id) => format!(", wrote {id}"),
            Written::Anything => ", wrote anything".to_owned(),
        };
        let limited = settled.rate_limited.map_or(String::new(), |wait| format!(", limited {wait:?}"));
        let keeps = if settled.keeps_claim { "keeping" } else { "ending" };
        assert!(settled.asked_at_age < PATIENCE);
        let question = settled.question.unwrap_or("no question");
        self.hear(format!("{question}: {answer}{written}{limited}, {keeps} {}", held(settled.claim)));
    }

    fn give_up(&self, claim: Claim) {
        self.hear(format!("gave up {}", claim.fence));
    }

    fn state(&self) -> NetworkState {
        NetworkState {
            up: true,
            servers: 3,
            connections: 4,
            commands: 5,
            round_trip: Duration::from_micros(6),
            unopened: 7,
        }
    }

    fn news(&self) -> Option<News> {
        self.news.lock().unwrap().pop()
    }

    fn set_api_key(&self, key: Secret) {
        self.hear(format!("key {}", key.expose()));
    }

    fn close(&self) {
        self.hear("closed".to_owned());
        if let Some(closed) = &*self.when_closed.lock().unwrap() {
            *closed.0.lock().unwrap() = true;
            closed.1.notify_all();
        }
    }
}

struct Joined {
    host: Host,
    network: Arc<FakeNetwork>,
}

impl Joined {
    fn new(answer: impl Fn(&Ask<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        Self::with(|_| {}, answer)
    }

    fn with(
        change: impl FnOnce(&mut Settings),
        answer: impl Fn(&Ask<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let made = Arc::new(Mutex::new(None));
        let host = Host::new(|settings| {
            change(settings);
            let made = Arc::clone(&made);
            settings.network = Some(Box::new(move |forget| {
                let network = Arc::new(FakeNetwork {
                    answer: Box::new(answer),
                    heard: Mutex::default(),
                    news: Mutex::default(),
                    forget,
                    when_closed: Mutex::default(),
                });
                *made.lock().unwrap() = Some(Arc::clone(&network));
                Ok(network as Arc<dyn Network>)
            }));
        });
        let network = made.lock().unwrap().take().unwrap();
        Self { host, network }
    }

    /// Asks for one thing, and says how it ended and where the answer came from.
    fn ends(&self, operation: &'static Operation, values: &[(Parameter, &str)]) -> (Status, Source) {
        self.host.ask(operation, values);
        self.host.one(|outcome| (outcome.status, outcome.source))
    }

    /// What the network heard, once it has heard so much: it is told after the request has its answer.
    fn heard(&self, count: usize) -> Vec<String> {
        self.host.wait_until("the network hears it", || self.network.heard.lock().unwrap().len() >= count);
        self.network.heard()
    }
}

fn claim(fence: u64) -> Claim {
    Claim { name: [0; 32], fence, stamp: 0 }
}

fn go(fence: u64) -> Verdict {
    Verdict::Go { after: Duration::ZERO, claim: Some(claim(fence)) }
}

fn place(ask: &Ask<'_>) -> Verdict {
    Verdict::Go { after: Duration::ZERO, claim: ask.claim }
}

fn known(body: &str) -> Verdict {
    let answer = KnownAnswer::Customer(Zeroizing::new(body.as_bytes().to_vec()));
    Verdict::Known(Known { answer, age: Duration::from_millis(1) })
}

const NOTCH: &[(Parameter, &str)] = &[(Parameter::Name, "Notch")];
const NOTCH_OR_NEW: &[(Parameter, &str)] = &[(Parameter::Name, "Notch"), (Parameter::Name, "Notch")];
const LOOK: &str = "/v1/stores/1/customers/lookup?name=Notch";
const CREATE: &str = "/v1/stores/1/customers";
const MINT: &str = "/v1/stores/1/customers/77/tokens";

#[test]
fn what_another_server_knows_is_not_asked_again() {
    let joined = Joined::new(|_| known(r#"{"id":"77","name":"Notch"}"#));
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::OtherServer));
    assert_eq!(joined.heard(1), [format!("asked {LOOK}, holding nothing")]);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Cache));
    // Its body is as good as one that came from PayNow.
    joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    let body = joined.host.one(|outcome| outcome.content().unwrap().body.to_string());
    assert_eq!(body, r#"{"id":"77","name":"Notch"}"#);
    assert_eq!((joined.host.world.exchanges(), joined.network.heard().len()), (0, 0));
    assert_eq!(joined.host.runtime.stats().network_hits, 1);
}

#[test]
fn none_is_an_answer_too() {
    let absent = || Verdict::Known(Known { answer: KnownAnswer::Absent, age: Duration::ZERO });
    let joined = Joined::new(move |_| absent());
    joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    joined.host.one(|outcome| {
        assert_eq!(
            (outcome.status, outcome.source, outcome.http_status),
            (Status::Ok, Source::OtherServer, 404)
        );
        assert!(matches!(outcome.content().unwrap().answer, crate::operations::Answer::Absent));
    });
}

#[test]
fn whom_another_server_knows_is_not_looked_up_for_a_token() {
    let joined = Joined::new(|ask| match ask.question {
        Some(_) => known(r#"{"id":"77","name":"Notch"}"#),
        None => place(ask),
    });
    joined.host.world.say(MINT, &[(200, r#"{"token":"pnct_of_77"}"#)]);
    assert_eq!(joined.ends(&TOKEN_FOR, NOTCH_OR_NEW), (Status::Ok, Source::Network));
    let expected = [
        format!("asked {LOOK}, created, holding nothing"),
        "asked a place, holding nothing".to_owned(),
        // A token concerns no other server.
        "no question: other, ending nothing".to_owned(),
    ];
    assert_eq!(joined.heard(3), expected);
    assert_eq!(joined.host.world.exchanges(), 1);
}

#[test]
fn who_asks_for_all_creates_and_keeps_the_claim_until_there_is_an_answer() {
    let joined = Joined::new(|ask| if ask.claim.is_some() { place(ask) } else { go(5) });
    let world = &joined.host.world;
    world.say(LOOK, &[(404, r#"{"status":404,"code":"not-found"}"#)]);
    world.say(CREATE, &[(201, r#"{"id":"77"}"#)]);
    assert_eq!(joined.ends(&ENSURE_CUSTOMER, NOTCH_OR_NEW), (Status::Ok, Source::Network));
    let expected = [
        format!("asked {LOOK}, created, holding nothing"),
        format!("{LOOK}: absent, keeping 5"),
        "asked a place, holding 5".to_owned(),
        format!(r#"{LOOK}: customer 77 {{"id":"77"}}, created, ending 5"#),
    ];
    assert_eq!(joined.heard(4), expected);
}

#[test]
fn a_write_is_told_to_the_others() {
    let joined = Joined::new(place);
    joined.host.world.say("/v1/stores/1/customers/77", &[(200, r#"{"id":"77","name":"new"}"#)]);
    let values = [(Parameter::CustomerId, "77"), (Parameter::Name, "new")];
    assert_eq!(joined.ends(&UPDATE_CUSTOMER, &values).0, Status::Ok);
    let heard = joined.heard(2);
    assert_eq!(heard[1], r#"no question: customer 77 {"id":"77","name":"new"}, wrote 77, ending nothing"#);
    joined.host.world.say("/else", &[(200, "null")]);
    let values = [(Parameter::Method, "POST"), (Parameter::Path, "/else"), (Parameter::Auth, "api_key")];
    assert_eq!(joined.ends(&REQUEST, &values).0, Status::Ok);
    assert_eq!(joined.heard(2)[1], "no question: other, wrote anything, ending nothing");
}

#[test]
fn who_waits_for_another_server_asks_again() {
    let asked = AtomicU32::new(0);
    let joined = Joined::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Verdict::Again(Duration::from_millis(1)),
        _ => known(r#"{"id":"77"}"#),
    });
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::OtherServer));
    assert_eq!((joined.heard(3).len(), joined.host.world.exchanges()), (3, 0));
    assert_eq!(joined.host.runtime.stats().network_waits, 2);
}

#[test]
fn a_place_later_is_waited_for_and_one_too_late_refused_at_once() {
    let joined = Joined::new(|ask| {
        if ask.left > Duration::from_secs(60) {
            Verdict::Go { after: Duration::from_millis(2), claim: None }
        } else {
            Verdict::Refused { retry_after: Duration::from_secs(7) }
        }
    });
    joined.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Network));
    let values = [(Parameter::Name, "Other")];
    joined.host.ask_within(&LOOKUP_CUSTOMER, &values, Duration::from_secs(59));
    joined.host.one(|outcome| {
        assert_eq!((outcome.status, outcome.sent), (Status::RateLimited, Sent::Never));
        assert_eq!(outcome.retry_after, Some(Duration::from_secs(7)));
    });
    assert_eq!(joined.host.world.exchanges(), 1);
    assert_eq!(joined.host.runtime.stats().network_refused, 1);
}

#[test]
fn a_refusal_of_paynows_slows_all_and_the_repetition_has_a_place_of_its_own() {
    let joined = Joined::with(
        |settings| settings.retry.base = Duration::from_millis(1),
        |ask| {
            if ask.claim.is_some() { place(ask) } else { go(9) }
        },
    );
    joined.host.world.say(LOOK, &[(429, "{}"), (200, r#"{"id":"77"}"#)]);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).0, Status::Ok);
    let heard = joined.heard(4);
    assert_eq!(heard[1], format!("{LOOK}: failed, limited None, keeping 9"));
    assert_eq!(heard[2], format!("asked {LOOK}, holding 9"));
    assert_eq!(heard[3], format!(r#"{LOOK}: customer 77 {{"id":"77"}}, ending 9"#));
}

#[test]
fn alone_the_local_rules_hold() {
    let joined = Joined::with(
        |settings| settings.rate = RatePolicy { per_second: 1e-9, burst: 4.0 },
        |_| Verdict::Alone { share: Some(0.25) },
    );
    joined.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
    joined.host.ask_within(&LOOKUP_CUSTOMER, NOTCH, Duration::from_secs(600));
    // Its share is next to nothing, and the first is not at once.
    joined.host.one(|outcome| assert_eq!(outcome.status, Status::RateLimited));
    assert_eq!((joined.host.world.exchanges(), joined.host.runtime.stats().network_alone), (0, 1));
    let free = Joined::new(|_| Verdict::Alone { share: None });
    free.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
    assert_eq!(free.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Network));
}

#[test]
fn an_answer_that_cannot_be_used_is_asked_for() {
    for body in ["", "{", "null", r#"{"name":"no id"}"#, "[]"] {
        let joined = Joined::new(move |ask| if ask.question.is_some() { known(body) } else { place(ask) });
        joined.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
        assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Network), "{body}");
    }
}

#[test]
fn an_answer_from_before_an_own_write_is_asked_for() {
    let old = || {
        Verdict::Known(Known {
            answer: KnownAnswer::Customer(Zeroizing::new(br#"{"id":"77","name":"old"}"#.to_vec())),
            age: Duration::from_secs(5),
        })
    };
    let joined = Joined::new(move |ask| if ask.question.is_some() { old() } else { place(ask) });
    let world = &joined.host.world;
    world.say(LOOK, &[(200, r#"{"id":"77","name":"new"}"#)]);
    world.say("/v1/stores/1/customers/77", &[(200, r#"{"id":"77","name":"new"}"#)]);
    let values = [(Parameter::CustomerId, "77"), (Parameter::Name, "new")];
    assert_eq!(joined.ends(&UPDATE_CUSTOMER, &values).0, Status::Ok);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Network));
}

#[test]
fn what_another_server_changes_is_forgotten_here() {
    let joined = Joined::new(place);
    joined.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Network);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Cache);
    joined.network.forget.customer("78");
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Cache, "that was another");
    joined.network.forget.customer("77");
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Network);
    joined.network.forget.anything();
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Network);
    joined.host.world.say(LOOK, &[(404, r#"{"status":404,"code":"not-found"}"#)]);
    joined.network.forget.anything();
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Network);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Cache);
    joined.network.forget.created();
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).1, Source::Network);
}

#[test]
fn while_the_circuit_is_open_only_what_is_known_is_asked_for() {
    let is_known = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let knows = Arc::clone(&is_known);
    let joined = Joined::with(
        |settings| settings.breaker.threshold = 1,
        move |ask| match ask.only_known {
            true if knows.load(Ordering::SeqCst) => known(r#"{"id":"77"}"#),
            true => Verdict::Refused { retry_after: Duration::ZERO },
            false => place(ask),
        },
    );
    joined.host.world.say("/down", &[(0, "")]);
    joined.host.submit("/down", FOREVER);
    joined.host.one(|outcome| assert_eq!(outcome.status, Status::Connect));
    assert!(joined.host.runtime.stats().circuit_open);
    joined.network.heard();
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH).0, Status::Unavailable);
    assert_eq!(joined.heard(1), [format!("asked {LOOK}, known, holding nothing")]);
    is_known.store(true, Ordering::SeqCst);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::OtherServer));
}

#[test]
fn while_the_circuit_is_open_an_old_answer_stands_in() {
    let joined = Joined::with(
        |settings| {
            settings.breaker.threshold = 1;
            settings.cache.ttl = Duration::from_secs(1);
        },
        |ask| match (ask.question, known(r#"{"id":"77"}"#)) {
            (Some(_), Verdict::Known(known)) => {
                Verdict::Known(Known { age: Duration::from_secs(60), ..known })
            }
            _ => place(ask),
        },
    );
    joined.host.world.say("/v1/stores/1/customers/lookup?name=Other", &[(200, r#"{"id":"78"}"#)]);
    let other = joined.ends(&LOOKUP_CUSTOMER, &[(Parameter::Name, "Other")]);
    assert_eq!(other, (Status::Ok, Source::Network), "it is too old otherwise");
    joined.host.world.say("/down", &[(0, "")]);
    joined.host.submit("/down", FOREVER);
    joined.host.one(|outcome| assert_eq!(outcome.status, Status::Connect));
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::StaleCache));
    assert_eq!(joined.host.runtime.stats().cache_stale, 1);
}

#[test]
fn work_that_is_cancelled_gives_its_claim_back() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let opened = Arc::clone(&gate);
    let joined = Joined::new(move |_| {
        let open = opened.0.lock().unwrap();
        drop(opened.1.wait_while(open, |open| !*open).unwrap());
        Verdict::Go { after: FOREVER, claim: Some(claim(3)) }
    });
    // One while the network is asked, one while its place is waited for.
    let asked = joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    joined.host.wait_until("it is asked about", || !joined.network.heard.lock().unwrap().is_empty());
    assert!(joined.host.runtime.cancel(asked));
    joined.host.collect(1);
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    joined.host.wait_until("it is given up", || {
        joined.network.heard.lock().unwrap().iter().any(|words| words == "gave up 3")
    });
    joined.network.heard();
    let waits = joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    joined.host.wait_until("it is asked about", || !joined.network.heard.lock().unwrap().is_empty());
    assert!(joined.host.runtime.cancel(waits));
    joined.host.collect(1);
    assert_eq!(joined.heard(2)[1], "gave up 3");
    assert_eq!(joined.host.world.exchanges(), 0);
}

#[test]
fn a_network_that_hangs_does_not_hold_up_the_end_of_the_client() {
    let closed = Arc::new((Mutex::new(false), Condvar::new()));
    let has_returned = Arc::<AtomicU32>::default();
    let (of_network, returns) = (Arc::clone(&closed), Arc::clone(&has_returned));
    let joined = Joined::new(move |_| {
        let is_closed = of_network.0.lock().unwrap();
        drop(of_network.1.wait_while(is_closed, |is_closed| !*is_closed).unwrap());
        returns.store(1, Ordering::SeqCst);
        Verdict::Alone { share: None }
    });
    *joined.network.when_closed.lock().unwrap() = Some(closed);
    joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    joined.host.wait_until("it is asked about", || !joined.network.heard.lock().unwrap().is_empty());
    let Joined { host, network } = joined;
    drop(host);
    assert_eq!(has_returned.load(Ordering::SeqCst), 1, "its worker was left behind");
    assert_eq!(network.heard().iter().filter(|words| *words == "closed").count(), 2);
}

#[test]
fn a_panic_in_the_network_ends_no_request() {
    let joined = Joined::new(|_| panic!("a panic a test wants"));
    joined.host.world.say(LOOK, &[(200, r#"{"id":"77"}"#)]);
    assert_eq!(joined.ends(&LOOKUP_CUSTOMER, NOTCH), (Status::Ok, Source::Network));
    let mut lines = Vec::new();
    joined.host.runtime.deliver_log(|line| lines.push(line.text.to_string()));
    assert_eq!(lines.iter().filter(|line| line.ends_with("the network of servers")).count(), 1, "{lines:?}");
}

#[test]
fn the_host_hears_of_it_and_it_of_the_host() {
    let joined = Joined::new(|_| go(1));
    let stats = joined.host.runtime.stats();
    assert_eq!(
        (stats.network_up, stats.network_servers, stats.network_connections, stats.network_commands),
        (true, 3, 4, 5)
    );
    assert_eq!(stats.network_round_trip_us, 6);
    joined.host.runtime.set_api_key(Secret::new("another".to_owned()));
    let mut lines = Vec::new();
    for (news, line) in [
        (News::Down("refused".to_owned()), "the network of servers does not answer: refused"),
        (News::Up("after 2.0 s".to_owned()), "the network of servers answers, after 2.0 s"),
    ] {
        joined.network.news.lock().unwrap().push(news);
        let give_up = Instant::now() + PATIENCE;
        lines.clear();
        while lines.is_empty() {
            assert!(Instant::now() < give_up, "never said: {line}");
            joined.host.runtime.deliver_log(|line| lines.push(line.text.to_string()));
            std::thread::yield_now();
        }
        assert_eq!(lines, [line]);
    }
    let Joined { host, network } = joined;
    drop(host);
    let heard = network.heard();
    assert_eq!(heard.first().map(String::as_str), Some("key another"));
    assert_eq!(heard.last().map(String::as_str), Some("closed"));
}

#[test]
fn what_work_holds_when_the_client_ends_is_given_up() {
    let joined = Joined::new(|_| Verdict::Go { after: FOREVER, claim: Some(claim(8)) });
    joined.host.ask(&LOOKUP_CUSTOMER, NOTCH);
    joined.heard(1);
    joined.host.wait_until("it has its place", || joined.host.runtime.stats().workers_busy == 0);
    let Joined { host, network } = joined;
    drop(host);
    assert_eq!(network.heard(), ["gave up 8", "closed"]);
}

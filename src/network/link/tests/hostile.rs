//! What no good server does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};

use super::fake::Fake;
use super::*;
use crate::model::Secret;
use crate::room::counting::refusing;

/// Answers everything as usual, and what the test asks with this.
fn answering(with: &'static str) -> Fake {
    Fake::start(move |peer, command| {
        match &*command[0] {
            b"GET" => peer.write(with.as_bytes()),
            _ => peer.usual(command),
        }
        true
    })
}

fn usual() -> Fake {
    answering("_\r\n")
}

const GET: &[&[u8]] = &[b"GET", b"k"];

#[test]
fn many_callers_share_one_connection_and_each_gets_its_own_reply() {
    let fake = usual();
    let tested = Tested::up(settings(&[fake.port]));
    let together = Barrier::new(16);
    std::thread::scope(|scope| {
        for caller in 0..16 {
            let (tested, together) = (&tested, &together);
            scope.spawn(move || {
                together.wait();
                for round in 0..50 {
                    let (one, other) = (format!("{caller}.{round}"), format!("{caller}/{round}"));
                    let commands =
                        Commands::new().add(&[b"ECHO", one.as_bytes()]).add(&[b"ECHO", other.as_bytes()]);
                    let replies = tested.link.call(&commands, FOREVER).unwrap();
                    assert_eq!(replies, [bulk(&one), bulk(&other)]);
                }
            });
        }
    });
    assert_eq!(fake.accepted(), 1);
    let state = tested.link.state();
    assert_eq!((state.is_up, state.connections), (true, 1));
}

#[test]
fn what_comes_without_being_asked_for_is_told_between_replies() {
    let fake = answering(
        ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\np1\r\n+yes\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\np2\r\n>2\r\n$10\r\n\
         invalidate\r\n*0\r\n",
    );
    let tested = Tested::up(settings(&[fake.port]));
    assert_eq!(tested.ask(GET), simple("yes"));
    assert_eq!(tested.next(), Told::Push(b"c".to_vec(), b"p1".to_vec()));
    assert_eq!(tested.next(), Told::Push(b"c".to_vec(), b"p2".to_vec()));
    assert_eq!(tested.ask(GET), simple("yes"));
}

#[test]
fn replies_to_what_is_handed_over_come_to_the_events() {
    let fake = usual();
    let tested = Tested::up(settings(&[fake.port]));
    tested.link.ask(&Commands::new().add(&[b"ECHO", b"a"]).add(&[b"ECHO", b"b"]), 7).unwrap();
    assert_eq!(tested.next(), Told::Answered(7, Ok(vec![bulk("a"), bulk("b")])));
    assert_eq!(tested.link.call(&Commands::new(), FOREVER), Ok(vec![]));
    tested.link.ask(&Commands::new(), 8).unwrap();
}

static SCRIPT: Script = Script::new(&["return ", "7"]);

#[test]
fn a_script_that_is_not_known_is_sent_whole_and_once() {
    for (knows, whole) in [(b"EVALSHA", 0), (b"EVAL   ", 1), (b"neither", 1)] {
        let asked = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let heard = Arc::clone(&asked);
        let fake = Fake::start(move |peer, command| {
            if command[0].starts_with(b"EVAL") {
                heard.lock().unwrap().push(command[..2].join(&b' '));
                let is_known = command[0] == knows.trim_ascii();
                peer.write(if is_known { b":7\r\n" } else { b"-NOSCRIPT No matching script.\r\n" });
            } else {
                peer.usual(command);
            }
            true
        });
        let tested = Tested::up(settings(&[fake.port]));
        tested.link.ask(&Commands::script(&SCRIPT, &[b"1", b"key"]), 5).unwrap();
        let Told::Answered(5, Ok(replies)) = tested.next() else { panic!("it has no answer") };
        match replies[0].error() {
            Some(error) => assert_eq!((error.kind, knows), (ReplyErrorKind::NoScript, b"neither")),
            None => assert_eq!(replies, [Reply::Integer(7)]),
        }
        // What a caller waits for is the caller's to repeat.
        let replies = tested.link.call(&Commands::script(&SCRIPT, &[b"0"]), FOREVER).unwrap();
        assert_eq!(replies[0].error().is_some(), knows != b"EVALSHA");
        let name = format!("EVALSHA {}", std::str::from_utf8(&SCRIPT.hash).unwrap());
        let mut expected = vec![name.clone().into_bytes()];
        expected.extend(vec![b"EVAL return 7".to_vec(); whole]);
        expected.push(name.into_bytes());
        assert_eq!(*asked.lock().unwrap(), expected);
    }
}

#[test]
fn scripts_that_may_have_to_be_sent_again_are_bounded() {
    // Takes everything and answers nothing.
    let fake = Fake::start(|peer, command| {
        if command[0] != b"EVALSHA" {
            peer.usual(command);
        }
        true
    });
    let mut settings = settings(&[fake.port]);
    settings.timeout = FOREVER;
    let tested = Tested::up(settings);
    let value = vec![b'a'; 1_000_000];
    let commands = Commands::script(&SCRIPT, &[b"0", &value]);
    let refused = (0..10).find_map(|number| Some((number, tested.link.ask(&commands, 1).err()?)));
    let (number, error) = refused.unwrap();
    assert_eq!((number, error.kind), (4, LinkErrorKind::TooMuch));
    fake.cut_all();
    for _ in 0..number {
        let told = tested.next();
        assert!(
            matches!(&told, Told::Answered(1, Err(error)) if error.kind == LinkErrorKind::Lost),
            "{told:?}"
        );
    }
    tested.until_up();
    tested.link.ask(&commands, 2).unwrap();
}

/// What a test has its link's events do.
struct FromWithin {
    link: Arc<OnceLock<Link>>,
    tells: Sender<Result<Vec<Reply>, LinkError>>,
}

impl LinkEvents for FromWithin {
    fn up(&self) {}

    fn down(&self, _: &str) {}

    fn push(&self, _: &[u8], _: &[u8]) {
        let link = self.link.get().unwrap();
        let _ = self.tells.send(link.call(&Commands::new().add(GET), FOREVER));
        link.ask(&Commands::new().add(GET), 1).unwrap();
    }

    fn tick(&self) {}

    fn answered(&self, _: u32, answer: Result<Vec<Reply>, LinkError>) {
        let _ = self.tells.send(answer);
    }
}

#[test]
fn its_own_thread_may_hand_over_and_is_told_that_it_cannot_wait() {
    let fake = usual();
    let (tells, told) = channel();
    let link = Arc::<OnceLock<Link>>::default();
    let events = FromWithin { link: Arc::clone(&link), tells };
    let started = Link::start(settings(&[fake.port]), Box::new(events)).unwrap();
    assert!(link.set(started).is_ok());
    let started = link.get().unwrap();
    while !started.state().is_up {
        std::thread::yield_now();
    }
    fake.send_to_all(b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n");
    assert_eq!(told.recv_timeout(FOREVER).unwrap().unwrap_err().kind, LinkErrorKind::Down);
    assert_eq!(told.recv_timeout(FOREVER).unwrap(), Ok(vec![Reply::Null]));
    started.close();
}

/// Events that panic when something is published.
struct Panicking(Teller);

impl LinkEvents for Panicking {
    fn up(&self) {
        self.0.up();
    }

    fn down(&self, why: &str) {
        self.0.down(why);
    }

    fn push(&self, _: &[u8], _: &[u8]) {
        panic!("a panic a test wants");
    }

    fn tick(&self) {}
}

#[test]
fn a_panic_ends_the_connection_it_happened_on_and_no_more() {
    let fake = usual();
    let (teller, told) = channel();
    let link = Link::start(settings(&[fake.port]), Box::new(Panicking(Teller(teller)))).unwrap();
    let tested = Tested { link, told };
    tested.until_up();
    fake.send_to_all(b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n");
    assert_eq!(tested.next_is_down(), "a fault of the library");
    tested.until_up();
    assert_eq!(tested.ask(&[b"ECHO", b"again"]), bulk("again"));
}

#[test]
fn a_silent_server_keeps_no_caller_longer_than_its_timeout_and_is_left() {
    // Silent from the first question on, except on later connections.
    let asked = AtomicBool::new(false);
    let fake = Fake::start(move |peer, command| {
        let is_question = &*command[0] == b"GET";
        if peer.number == 0 && (is_question || asked.load(Ordering::SeqCst)) {
            asked.store(true, Ordering::SeqCst);
        } else if is_question {
            peer.write(b"+back\r\n");
        } else {
            peer.usual(command);
        }
        true
    });
    let tested = Tested::up(LinkSettings { timeout: Duration::from_millis(300), ..settings(&[fake.port]) });
    let first = tested.link.call(&Commands::new().add(GET), Duration::from_millis(300)).unwrap_err();
    assert_eq!(first.kind, LinkErrorKind::TimedOut);
    // The next do not wait at all, as long as it is so.
    assert_eq!(tested.try_ask(GET).unwrap_err().kind, LinkErrorKind::Slow);
    // What no caller waits for is sent nevertheless.
    assert_eq!(tested.link.ask(&Commands::new().add(GET), 1), Ok(()));
    assert!(!tested.link.state().is_up);
    let why = tested.next_is_down();
    assert!(why.contains("longer than 300 ms"), "{why}");
    tested.until_up();
    assert_eq!(tested.ask(GET), simple("back"));
}

#[test]
fn a_server_that_hangs_keeps_nothing_longer_than_the_first_that_waits_for_it() {
    let asked = Arc::<AtomicBool>::default();
    let of_fake = Arc::clone(&asked);
    let fake = Fake::start(move |peer, command| {
        if &*command[0] == b"GET" {
            of_fake.store(true, Ordering::SeqCst);
        }
        if !of_fake.load(Ordering::SeqCst) {
            peer.usual(command);
        }
        true
    });
    let tested = Tested::up(LinkSettings { timeout: Duration::from_millis(300), ..settings(&[fake.port]) });
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| tested.link.call(&Commands::new().add(GET), FOREVER));
        while !asked.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let almost = Duration::from_millis(290);
        assert_eq!(tested.link.call(&Commands::new().add(GET), almost), Err(wire::TIMED_OUT));
        assert_eq!(tested.try_ask(GET), Err(wire::SLOW));
        assert_eq!(patient.join().unwrap(), Err(wire::TIMED_OUT));
    });
}

#[test]
fn what_is_lost_is_told_at_once_and_replaced() {
    for half in ["", "$10\r\nhalf", "*2\r\n+one\r\n", "%1\r\n"] {
        let fake = Fake::start(move |peer, command| {
            if &*command[0] == b"GET" && peer.number == 0 {
                peer.write(half.as_bytes());
                return false;
            }
            peer.usual(command);
            true
        });
        let tested = Tested::up(settings(&[fake.port]));
        let batch = Commands::new().add(&[b"ECHO", b"a"]).add(GET).add(&[b"ECHO", b"b"]);
        assert_eq!(tested.link.call(&batch, FOREVER).unwrap_err().kind, LinkErrorKind::Lost, "{half}");
        tested.until_up();
        assert_eq!(tested.ask(&[b"ECHO", b"c"]), bulk("c"));
        assert_eq!(tested.link.state().connections, 2);
    }
}

#[test]
fn what_waits_when_it_is_lost_is_told_to_the_events_too() {
    let fake = Fake::start(|peer, command| {
        if &*command[0] == b"GET" {
            return false;
        }
        peer.usual(command);
        true
    });
    let tested = Tested::up(settings(&[fake.port]));
    tested.link.ask(&Commands::new().add(GET), 3).unwrap();
    let Told::Answered(3, Err(error)) = tested.next() else { panic!("it is told that it is lost") };
    assert_eq!(error.kind, LinkErrorKind::Lost);
}

#[test]
fn replies_beyond_all_bounds_end_the_connection() {
    for bad in [
        "$1048577\r\n",
        "$99999999999999999999\r\n",
        "*16385\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        "$-2\r\n",
        "\r\n",
        "+one\r\n+two\r\n",
    ] {
        let fake = Fake::start(move |peer, command| {
            match &*command[0] {
                b"GET" if peer.number == 0 => peer.write(bad.as_bytes()),
                _ => peer.usual(command),
            }
            true
        });
        let tested = Tested::up(settings(&[fake.port]));
        match tested.try_ask(GET) {
            // The reply came, and then one too many.
            Ok(reply) => assert_eq!((bad, reply), ("+one\r\n+two\r\n", simple("one"))),
            Err(error) => assert_eq!(error.kind, LinkErrorKind::Lost, "{bad:?}"),
        }
        tested.until_up();
        assert_eq!(tested.ask(&[b"ECHO", b"c"]), bulk("c"), "{bad:?}");
    }
}

#[test]
fn replies_that_are_too_large_together_end_the_connection() {
    let large = format!("$900000\r\n{}\r\n", "a".repeat(900_000));
    let fake = Fake::start(move |peer, command| {
        match &*command[0] {
            b"GET" => peer.write(large.as_bytes()),
            _ => peer.usual(command),
        }
        true
    });
    let tested = Tested::up(settings(&[fake.port]));
    assert!(matches!(tested.ask(GET), Reply::Bulk(value) if value.len() == 900_000));
    let error = tested.link.call(&Commands::new().add(GET).add(GET).add(GET), FOREVER).unwrap_err();
    assert_eq!(error.kind, LinkErrorKind::Lost);
}

#[test]
fn replies_of_another_type_are_handed_over_as_they_are() {
    let fake = answering("%1\r\n#t\r\n*2\r\n,1.5\r\n_\r\n");
    let tested = Tested::up(settings(&[fake.port]));
    let expected = Reply::Map(vec![(Reply::Bool(true), Reply::Array(vec![Reply::Double(1.5), Reply::Null]))]);
    assert_eq!(tested.ask(GET), expected);
}

#[test]
fn a_batch_the_server_does_not_read_is_bounded() {
    // Reads nothing after the greeting.
    let hold = Arc::new(Mutex::new(()));
    let held = hold.lock().unwrap();
    let of_fake = Arc::clone(&hold);
    let fake = Fake::start(move |peer, command| {
        if &*command[0] == b"SET" {
            drop(of_fake.lock());
        }
        peer.usual(command);
        true
    });
    let tested = Tested::up(settings(&[fake.port]));
    let value = vec![b'a'; 900_000];
    let large = Commands::new().add(&[b"SET", b"k", &value]);
    let short = Duration::from_millis(1);
    let mut refused = None;
    for _ in 0..100 {
        match tested.link.call(&large, short) {
            Err(error) if error.kind == LinkErrorKind::TimedOut => {}
            other => {
                refused = Some(other.unwrap_err().kind);
                break;
            }
        }
    }
    // Of these two, whichever comes first.
    assert!(matches!(refused, Some(LinkErrorKind::TooMuch | LinkErrorKind::Down)), "{refused:?}");
    let too_large = Commands::new().add(&[b"SET", b"k", &[b'a'; 1024 * 1024]]);
    drop(held);
    tested_again(&tested);
    assert_eq!(tested.link.call(&too_large, FOREVER).unwrap_err().kind, LinkErrorKind::TooMuch);
    tested_again(&tested);
}

/// It answers, whatever happened.
fn tested_again(tested: &Tested) {
    while tested.try_ask(&[b"ECHO", b"again"]) != Ok(bulk("again")) {
        std::thread::yield_now();
    }
}

#[test]
fn a_large_batch_goes_out_whole_behind_another() {
    let fake = usual();
    let tested = Tested::up(settings(&[fake.port]));
    let value = vec![b'a'; 1_000_000];
    for _ in 0..3 {
        tested.link.ask(&Commands::new().add(&[b"SET", b"k", &value]), 1).unwrap();
        assert_eq!(tested.ask(&[b"ECHO", b"c"]), bulk("c"));
    }
}

#[test]
fn more_than_is_allowed_at_once_is_refused() {
    let fake = Fake::start(|peer, command| {
        if &*command[0] != b"GET" {
            peer.usual(command);
        }
        true
    });
    let tested = Tested::up(settings(&[fake.port]));
    let get = Commands::new().add(GET);
    let first = (0..2_000).find_map(|_| tested.link.ask(&get, 1).err()).unwrap();
    assert_eq!(first.kind, LinkErrorKind::TooMuch);
}

#[test]
fn what_finds_no_memory_is_not_sent() {
    let fake = usual();
    let tested = Tested::up(settings(&[fake.port]));
    let value = vec![b'a'; 200_000];
    let commands = Commands::new().add(&[b"SET", b"k", &value]);
    let (sent, was_refused) = refusing(0, 100_000, || tested.link.ask(&commands, 1));
    assert!(was_refused);
    assert_eq!(sent.unwrap_err().kind, LinkErrorKind::NoMemory);
    let (made, was_refused) = refusing(0, 100_000, || Commands::new().add(&[b"SET", b"k", &value]));
    assert!(was_refused);
    assert_eq!(tested.link.call(&made, FOREVER).unwrap_err().kind, LinkErrorKind::NoMemory);
    assert_eq!(tested.ask(&[b"ECHO", b"c"]), bulk("c"));
}

#[test]
fn a_server_that_is_too_slow_is_not_used_until_it_is_quick_again() {
    let slow = Arc::new(AtomicBool::new(false));
    let of_fake = Arc::clone(&slow);
    let fake = Fake::start(move |peer, command| {
        if of_fake.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(800));
        }
        peer.usual(command);
        true
    });
    let tested = Tested::up(LinkSettings { timeout: Duration::from_millis(300), ..settings(&[fake.port]) });
    let accepted = fake.accepted();
    slow.store(true, Ordering::SeqCst);
    assert_eq!(
        tested.link.call(&Commands::new().add(GET), Duration::from_millis(300)).unwrap_err(),
        wire::TIMED_OUT
    );
    let why = tested.next_is_down();
    assert!(why.contains("longer than 300 ms"), "{why}");
    assert_eq!(tested.try_ask(GET).unwrap_err(), wire::SLOW);
    assert_eq!(tested.link.state().why, why);
    slow.store(false, Ordering::SeqCst);
    tested.until_up();
    tested_again(&tested);
    assert_eq!(fake.accepted(), accepted, "it was waited for");
}

#[test]
fn a_server_that_is_too_slow_from_the_start_is_not_used() {
    let fake = Fake::start(move |peer, command| {
        if peer.number == 0 && &*command[0] == b"EXISTS" {
            std::thread::sleep(Duration::from_millis(400));
        }
        peer.usual(command);
        true
    });
    let mut settings = settings(&[fake.port]);
    settings.timeout = Duration::from_millis(300);
    let tested = Tested::start(settings);
    let why = tested.next_is_down();
    assert!(why.contains("longer than 300 ms"), "{why}");
    tested.until_up();
}

#[test]
fn a_server_that_hangs_while_it_is_greeted_is_left() {
    let fake = Fake::start(|peer, command| {
        if peer.number > 0 {
            peer.usual(command);
        }
        true
    });
    let tested = Tested::start(settings(&[fake.port]));
    assert_eq!(tested.next_is_down(), format!("127.0.0.1:{}: it does not answer", fake.port));
    assert_eq!(tested.next(), Told::Up);
}

#[test]
fn closing_does_not_wait_for_a_server_that_hangs() {
    // Greets, and is silent; is silent from the start; is not there.
    let greets = Fake::start(|peer, command| {
        if &*command[0] != b"GET" {
            peer.usual(command);
        }
        true
    });
    let tested = Tested::up(settings(&[greets.port]));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| tested.try_ask(GET));
        while !tested.link.shared.wire().is_waiting() {
            std::thread::yield_now();
        }
        tested.link.close();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind, LinkErrorKind::Closed);
    });
    assert_eq!(tested.try_ask(GET).unwrap_err().kind, LinkErrorKind::Closed);
    assert!(tested.link.thread.lock().unwrap().is_none());
    tested.link.close();

    let silent = Fake::start(|_, _| true);
    let tested = Tested::start(settings(&[silent.port]));
    while silent.accepted() == 0 {
        std::thread::yield_now();
    }
    tested.link.close();
    assert!(!tested.link.state().is_up);

    let gone = Tested::start(settings(&[1]));
    gone.next_is_down();
    gone.link.close();
    assert_eq!(gone.try_ask(GET).unwrap_err().kind, LinkErrorKind::Closed);
    assert!(gone.told.try_recv().is_err(), "the events are gone with the thread");
}

#[test]
fn the_words_of_a_server_that_knows_no_greeting_are_not_repeated() {
    let fake = Fake::start(|peer, command| {
        let words: Vec<_> = command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        peer.write(
            format!("-ERR unknown command, with args beginning with: {}\r\n", words.join(", ")).as_bytes(),
        );
        true
    });
    let mut settings = settings(&[fake.port]);
    settings.password = Some(Secret::new("pnpw_of_the_link".to_owned()));
    let tested = Tested::start(settings);
    let why = tested.next_is_down();
    assert!(why.contains("Redis 6.2") && !why.contains("pnpw_"), "{why}");
    assert!(!tested.link.state().why.contains("pnpw_"));
}

#[test]
fn what_greets_in_another_way_is_refused() {
    for (greeting, problem) in [
        ("*0\r\n", "does not speak RESP3"),
        ("+OK\r\n", "does not speak RESP3"),
        ("HTTP/1.1 400 Bad Request\r\n", "does not speak RESP3"),
        ("$2000000\r\n", "too large"),
        ("-DENIED Redis is running in protected mode\r\n", "protected-mode"),
        ("-ERR max number of clients reached\r\n", "maxclients"),
        ("-NOPROTO unsupported protocol version\r\n", "RESP3"),
        ("%2\r\n+server\r\n+redis\r\n+version\r\n+6.0.9\r\n", "too old"),
        ("%1\r\n+mode\r\n+sentinel\r\n", "Sentinel"),
    ] {
        let fake = Fake::start(move |peer, _| {
            peer.write(greeting.as_bytes());
            true
        });
        let tested = Tested::start(settings(&[fake.port]));
        let why = tested.next_is_down();
        assert!(why.contains(problem), "{why}");
    }
}

#[test]
fn what_refuses_to_be_listened_to_is_refused() {
    let fake = Fake::start(|peer, command| {
        match &*command[0] {
            b"SUBSCRIBE" => peer.write(b"-NOPERM No permissions to access a channel\r\n"),
            _ => peer.usual(command),
        }
        true
    });
    let tested = Tested::start(settings(&[fake.port]));
    let why = tested.next_is_down();
    assert!(why.contains("NOPERM"), "{why}");
}

#[test]
fn a_cluster_that_points_in_a_circle_is_not_followed_forever() {
    let ports = Arc::new(OnceLock::<[u16; 2]>::new());
    let pointing = |to: usize| {
        let ports = Arc::clone(&ports);
        Fake::start(move |peer, command| {
            match &*command[0] {
                b"EXISTS" => {
                    let port = ports.get().unwrap()[to];
                    peer.write(format!("-MOVED 1 127.0.0.1:{port}\r\n").as_bytes());
                }
                _ => peer.usual(command),
            }
            true
        })
    };
    let (one, other) = (pointing(1), pointing(0));
    ports.set([one.port, other.port]).unwrap();
    let tested = Tested::start(settings(&[one.port]));
    let why = tested.next_is_down();
    assert!(why.contains("points on"), "{why}");
}

#[test]
fn the_store_is_followed_when_it_moves() {
    let new_owner = usual();
    let port = new_owner.port;
    let old = Fake::start(move |peer, command| {
        match &*command[0] {
            b"GET" => peer.write(format!("-MOVED 1 :{port}\r\n").as_bytes()),
            _ => peer.usual(command),
        }
        true
    });
    let tested = Tested::up(settings(&[old.port]));
    assert_eq!(tested.error_kind(GET), Some(ReplyErrorKind::Moved));
    tested.until_up();
    assert_eq!(tested.ask(GET), Reply::Null);
    assert_eq!((new_owner.accepted(), old.accepted()), (1, 1));
}

#[test]
fn a_master_is_preferred_to_a_replica_and_looked_for_when_it_becomes_one() {
    let is_replica = Arc::new(AtomicBool::new(true));
    let with_role = |swap: bool| {
        let is_replica = Arc::clone(&is_replica);
        Fake::start(move |peer, command| {
            let replica = is_replica.load(Ordering::SeqCst) != swap;
            match &*command[0] {
                b"SET" if replica => {
                    peer.write(b"-READONLY You can't write against a read only replica.\r\n")
                }
                _ => peer.answer(command, if replica { "replica" } else { "master" }),
            }
            true
        })
    };
    let (first, second) = (with_role(false), with_role(true));
    let tested = Tested::up(settings(&[first.port, second.port]));
    assert_eq!(tested.ask(&[b"SET", b"k", b"v"]), simple("OK"));
    assert_eq!((first.accepted(), second.accepted()), (1, 1));
    is_replica.store(false, Ordering::SeqCst);
    assert_eq!(tested.error_kind(&[b"SET", b"k", b"v"]), Some(ReplyErrorKind::ReadOnly));
    tested.until_up();
    assert_eq!(tested.ask(&[b"SET", b"k", b"v"]), simple("OK"));
    // For want of a master a replica is as good as it gets, and stays so.
    let alone = Fake::start(|peer, command| {
        match &*command[0] {
            b"SET" => peer.write(b"-READONLY\r\n"),
            _ => peer.answer(command, "replica"),
        }
        true
    });
    let tested = Tested::up(settings(&[1, alone.port]));
    assert_eq!(tested.error_kind(&[b"SET", b"k", b"v"]), Some(ReplyErrorKind::ReadOnly));
    assert_eq!(tested.ask(GET), simple("OK"));
    assert_eq!(tested.link.state().connections, 1);
}

#[test]
fn what_a_sentinel_may_answer_is_not_trusted() {
    for (answer, problem) in [
        ("*-1\r\n", "knows no master"),
        ("_\r\n", "knows no master"),
        ("*2\r\n$1\r\n?\r\n$1\r\n0\r\n", "names no address"),
        ("*1\r\n$1\r\na\r\n", "names no address"),
        ("+OK\r\n", "names no address"),
        ("-ERR unknown\r\n", "does not do what is asked"),
        ("-NOAUTH Authentication required.\r\n", "NOAUTH"),
    ] {
        let sentinel = Fake::start(move |peer, _| {
            peer.write(answer.as_bytes());
            true
        });
        let mut settings = settings(&[sentinel.port]);
        settings.sentinel_name = Some("store".to_owned());
        let tested = Tested::start(settings);
        let why = tested.next_is_down();
        assert!(why.contains(problem), "{why}");
    }
}

#[test]
fn the_first_sentinel_that_knows_is_believed_if_the_master_is_one() {
    let role = Arc::new(Mutex::new("replica"));
    let of_fake = Arc::clone(&role);
    let server = Fake::start(move |peer, command| {
        let role = *of_fake.lock().unwrap();
        peer.answer(command, role);
        true
    });
    let port = server.port.to_string();
    let sentinel = Fake::start(move |peer, command| {
        assert_eq!(command, [&b"SENTINEL"[..], b"GET-MASTER-ADDR-BY-NAME", b"store"]);
        peer.write(format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len()).as_bytes());
        true
    });
    let mut settings = settings(&[1, sentinel.port]);
    settings.sentinel_name = Some("store".to_owned());
    let tested = Tested::start(settings);
    let why = tested.next_is_down();
    assert!(why.contains("is not the master"), "{why}");
    *role.lock().unwrap() = "master";
    assert_eq!(tested.next(), Told::Up);
}

/// Whatever is sent back, each call ends, and a good server is used again afterwards.
#[test]
fn noise_is_survived() {
    let noisy = Arc::new(AtomicBool::new(true));
    let of_fake = Arc::clone(&noisy);
    let fake = Fake::start(move |peer, command| {
        let mut random = fastrand::Rng::with_seed(peer.number as u64);
        if &*command[0] == b"GET" && of_fake.load(Ordering::SeqCst) {
            let marks = b"+-:$*_#,(=%~>|!\r\n0123456789abc";
            let noise: Vec<u8> =
                (0..random.usize(1..200)).map(|_| marks[random.usize(..marks.len())]).collect();
            peer.write(b"+");
            peer.write(&noise);
            // Most noise is not complete.
            return false;
        }
        peer.usual(command);
        true
    });
    let tested = Tested::up(settings(&[fake.port]));
    let mut ended = 0;
    while fake.accepted() < 12 {
        ended += u32::from(tested.try_ask(GET).is_err());
        std::thread::yield_now();
    }
    assert!(ended > 0);
    noisy.store(false, Ordering::SeqCst);
    tested_again(&tested);
}

#[test]
fn a_connection_that_is_cut_is_replaced_without_a_word() {
    let fake = usual();
    let tested = Tested::up(settings(&[fake.port]));
    // Long enough to have been good.
    while tested.told.recv_timeout(FOREVER).unwrap() != Told::Tick {}
    fake.cut_all();
    assert_eq!(tested.next(), Told::Up);
    assert_eq!(tested.ask(&[b"ECHO", b"c"]), bulk("c"));
}

//! The rules that must hold for all servers at once. They run in Redis: one script is one step for everyone.

use crate::network::link::Script;

/// Without comments: see `build.rs`.
macro_rules! lua {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".lua"))
    };
}

static CONSULT: Script = Script::new(&[BASE, BUDGET, lua!("consult")]);
static SETTLE: Script = Script::new(&[BASE, BUDGET, lua!("settle")]);
static BEAT: Script = Script::new(&[BASE, lua!("beat")]);
static FREE: Script = Script::new(&[lua!("free")]);

const BASE: &str = lua!("base");
const BUDGET: &str = lua!("budget");

pub(super) struct Scripts {
    pub(super) consult: &'static Script,
    pub(super) settle: &'static Script,
    pub(super) beat: &'static Script,
    pub(super) free: &'static Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self { consult: &CONSULT, settle: &SETTLE, beat: &BEAT, free: &FREE }
    }
}

/// Where a search for leaks finds what lives as long as the tests.
#[cfg(all(test, unix, not(loom)))]
static CHANGED: std::sync::Mutex<Vec<&'static Script>> = std::sync::Mutex::new(Vec::new());

#[cfg(all(test, unix, not(loom)))]
impl Scripts {
    /// The same scripts, which are told the time: in microseconds, under a key. Leases do not run out by themselves.
    pub(super) fn with_clock(clock: &str) -> Self {
        let own = Self::new();
        let change = |script: &Script| -> &'static Script {
            let text = script.text();
            let told = text.replace("redis.call('TIME')", &format!("{{0, redis.call('GET', '{clock}')}}"));
            assert_ne!(told, text);
            let told = told.replace("LEASE = 3000", "LEASE = 3600000");
            let pieces: &[&str] = Box::leak(Box::new([&*Box::leak(told.into_boxed_str())]));
            let script: &Script = Box::leak(Box::new(Script::new(pieces)));
            CHANGED.lock().unwrap().push(script);
            script
        };
        Self {
            consult: change(own.consult),
            settle: change(own.settle),
            beat: change(own.beat),
            free: own.free,
        }
    }
}

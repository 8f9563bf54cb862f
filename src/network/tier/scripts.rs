//! The rules that must hold for all servers at once. They run in Redis: one script is one step for everyone.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A script, and what Redis calls it.
pub(super) struct Script {
    pub(super) text: &'static str,
    pub(super) hash: [u8; 40],
}

impl Script {
    fn new(text: &'static str) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hash = [0; 40];
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        for (pair, byte) in hash.chunks_exact_mut(2).zip(digest.as_ref()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self { text, hash }
    }
}

pub(super) struct Scripts {
    pub(super) consult: Script,
    pub(super) settle: &'static str,
    pub(super) beat: &'static str,
    pub(super) free: &'static str,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            consult: Script::new(concat!(
                include_str!("scripts/base.lua"),
                include_str!("scripts/budget.lua"),
                include_str!("scripts/consult.lua")
            )),
            settle: concat!(
                include_str!("scripts/base.lua"),
                include_str!("scripts/budget.lua"),
                include_str!("scripts/settle.lua")
            ),
            beat: concat!(include_str!("scripts/base.lua"), include_str!("scripts/beat.lua")),
            free: include_str!("scripts/free.lua"),
        }
    }
}

#[cfg(all(test, unix, not(loom)))]
impl Scripts {
    /// The same scripts, which are told the time: in microseconds, under a key. Leases do not run out by themselves.
    pub(super) fn with_clock(clock: &str) -> Self {
        let own = Self::new();
        let change = |text: &'static str| -> &'static str {
            let told = text.replace("redis.call('TIME')", &format!("{{0, redis.call('GET', '{clock}')}}"));
            assert_ne!(told, text);
            let told = told.replace("LEASE = 3000", "LEASE = 3600000");
            Box::leak(told.into_boxed_str())
        };
        Self {
            consult: Script::new(change(own.consult.text)),
            settle: change(own.settle),
            beat: change(own.beat),
            free: own.free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn redis_names_a_script_by_its_hash() {
        assert_eq!(&Script::new("return 1").hash, b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }
}

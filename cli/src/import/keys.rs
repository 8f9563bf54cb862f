//! The players of a file, as numbers.
//!
//! Contract: 25 bytes a player, however long its name: the first 128 bits of a SHA-256 in a sorted list, what became of it,
//! and one number. Two that are the same by the library's rules are one.

use paynow_bridge::PlayerKey;
use ring::digest::{SHA256, digest};

/// What a player is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u128);

impl Key {
    pub fn of(key: PlayerKey<'_>) -> Self {
        match key {
            PlayerKey::SteamId(id) => Self::hashed(b's', &id.to_le_bytes()),
            PlayerKey::XboxXuid(xuid) => Self::hashed(b'x', &xuid.to_le_bytes()),
            PlayerKey::MinecraftUuid(uuid) => Self::hashed(b'u', &uuid.to_le_bytes()),
            PlayerKey::MinecraftJavaName(name) => Self::hashed(b'j', name.to_lowercase().as_bytes()),
            // Floodgate writes `_` where a gamertag has a space.
            PlayerKey::MinecraftBedrockName(name) => {
                Self::hashed(b'b', name.to_lowercase().replace(' ', "_").as_bytes())
            }
            // A kind of key that came later: as the library shows it.
            other => Self::hashed(b'?', format!("{other:?}").as_bytes()),
        }
    }

    fn hashed(kind: u8, bytes: &[u8]) -> Self {
        let mut all = Vec::with_capacity(bytes.len() + 1);
        all.push(kind);
        all.extend_from_slice(bytes);
        let hash = digest(&SHA256, &all);
        Self(hash.as_ref().iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte)))
    }
}

/// What kind of key, for people.
pub fn kind(key: PlayerKey<'_>) -> &'static str {
    match key {
        PlayerKey::SteamId(_) => "steam_id",
        PlayerKey::XboxXuid(_) => "xbox_xuid",
        PlayerKey::MinecraftUuid(_) => "minecraft_uuid",
        PlayerKey::MinecraftJavaName(_) => "minecraft_java_name",
        PlayerKey::MinecraftBedrockName(_) => "minecraft_bedrock_name",
        _ => "other",
    }
}

/// What became of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Nothing yet.
    Wanted,
    /// Was a customer already.
    Existed,
    /// Created by this import.
    Created,
    /// May have been created.
    Open,
    /// PayNow does not want it.
    Refused,
}

/// That a player was met in this reading of the file.
const MET: u8 = 0x80;

/// All players of a file.
#[derive(Default)]
pub struct Keys {
    keys: Vec<Key>,
    states: Vec<u8>,
    /// The customer's id; of one that was refused, the number of the reason.
    numbers: Vec<u64>,
}

impl Keys {
    pub fn add(&mut self, key: Key) {
        self.keys.push(key);
    }

    /// After the last was added; says how many were there twice.
    pub fn settle(&mut self) -> usize {
        let all = self.keys.len();
        self.keys.sort_unstable();
        self.keys.dedup();
        self.keys.shrink_to_fit();
        self.states = vec![State::Wanted as u8; self.keys.len()];
        self.numbers = vec![0; self.keys.len()];
        all - self.keys.len()
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn find(&self, key: Key) -> Option<usize> {
        self.keys.binary_search(&key).ok()
    }

    pub fn key(&self, place: usize) -> Key {
        self.keys[place]
    }

    pub fn state(&self, place: usize) -> State {
        match self.states[place] & !MET {
            1 => State::Existed,
            2 => State::Created,
            3 => State::Open,
            4 => State::Refused,
            _ => State::Wanted,
        }
    }

    pub fn number(&self, place: usize) -> u64 {
        self.numbers[place]
    }

    pub fn set(&mut self, place: usize, state: State, number: u64) {
        self.states[place] = self.states[place] & MET | state as u8;
        self.numbers[place] = number;
    }

    pub fn count(&self, state: State) -> usize {
        self.states.iter().filter(|each| **each & !MET == state as u8).count()
    }

    /// Whether it is met for the first time since [`Keys::forget_met`].
    pub fn meet(&mut self, place: usize) -> bool {
        let was_met = self.states[place] & MET != 0;
        self.states[place] |= MET;
        !was_met
    }

    pub fn forget_met(&mut self) {
        for state in &mut self.states {
            *state &= !MET;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_are_one() {
        let mut keys = Keys::default();
        for key in [
            PlayerKey::MinecraftJavaName("Olga"),
            PlayerKey::MinecraftJavaName("olga"),
            PlayerKey::MinecraftBedrockName("Olga"),
            PlayerKey::MinecraftBedrockName("Sir Dig"),
            PlayerKey::MinecraftBedrockName("Sir_Dig"),
            PlayerKey::SteamId(7),
            PlayerKey::XboxXuid(7),
            PlayerKey::MinecraftUuid(7),
        ] {
            keys.add(Key::of(key));
        }
        assert_eq!((keys.settle(), keys.len()), (2, 6));
        let place = keys.find(Key::of(PlayerKey::SteamId(7))).unwrap();
        assert_eq!(keys.state(place), State::Wanted);
        assert!(keys.meet(place) && !keys.meet(place));
        keys.set(place, State::Created, 42);
        assert!(!keys.meet(place), "what became of it does not say that it was not met");
        assert_eq!(
            (keys.state(place), keys.number(place), keys.count(State::Created)),
            (State::Created, 42, 1)
        );
        keys.forget_met();
        assert!(keys.meet(place));
        assert_eq!(keys.find(Key::of(PlayerKey::SteamId(8))), None);
    }
}

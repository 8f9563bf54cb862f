//! The state: customers, tokens, gift cards.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::Serialize;

use crate::customer::{Avatar, Customer, Platform, floodgate_uuid, floodgate_xuid};
use crate::flake::{self, Flakes};
use crate::rng::Rng;
use crate::seed;
use crate::time::{Clock, rfc3339};
use crate::validate::{Login, Patch, Upsert};

/// Minecraft UUIDs that begin so belong to no account: creating them answers 404.
pub const UNKNOWN_PREFIX: &str = "deadbeef";
/// The prefix by which the platform `minecraft` tells Bedrock names apart.
pub const BEDROCK_PREFIX: char = '.';
// A benchmark that mints for hours must not eat the machine; no real player holds that many.
const TOKENS_PER_CUSTOMER: usize = 1_000;

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such customer.
    Unknown,
    /// Another customer has this identity.
    Taken {
        /// The field that collides.
        field: &'static str,
        /// The customer that has it.
        by: u64,
    },
    /// The platform knows no such account.
    NoAccount,
}

/// A gift card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GiftCard {
    /// What the customer types.
    pub code: String,
    /// What is left, in the smallest unit of the store's currency.
    pub balance: i32,
    /// What it began with.
    pub starting_balance: i32,
    /// RFC 3339.
    pub expires_at: Option<String>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// How many at most.
    pub limit: usize,
    /// Items that follow this id in the chosen order.
    pub after: Option<u64>,
    /// Items that precede this id in the chosen order.
    pub before: Option<u64>,
    /// Oldest first.
    pub asc: bool,
    /// Only customers whose names contain this, in lower case.
    pub search: Option<String>,
    /// Only customers with these ids.
    pub ids: Option<Vec<u64>>,
}

/// A way to find one customer.
#[derive(Debug, Clone)]
pub enum Key {
    /// Flake id.
    Id(u64),
    /// SteamID64.
    Steam(String),
    /// Minecraft UUID.
    Uuid(String),
    /// XUID.
    Xuid(String),
    /// Java name, any case.
    JavaName(String),
    /// Bedrock name, any case.
    BedrockName(String),
    /// Explicit name, exactly.
    Name(String),
}

/// Everything that a reset puts back.
#[derive(Debug)]
pub struct Store {
    customers: BTreeMap<u64, Customer>,
    by_steam: HashMap<String, u64>,
    by_uuid: HashMap<String, u64>,
    by_xuid: HashMap<String, u64>,
    by_java_name: HashMap<String, BTreeSet<u64>>,
    by_bedrock_name: HashMap<String, BTreeSet<u64>>,
    by_name: HashMap<String, BTreeSet<u64>>,
    tokens: HashMap<String, u64>,
    tokens_of: HashMap<u64, VecDeque<String>>,
    gift_cards: BTreeMap<String, GiftCard>,
    flakes: Flakes,
    clock: Clock,
    rng: Rng,
    created: u64,
}

impl Store {
    /// The seeded state. `seed` makes ids, dates and tokens repeat; without it they are fresh.
    pub fn seeded(seed: Option<u64>) -> Self {
        let clock = Clock::new(seed.is_some());
        let mut store = Self {
            customers: BTreeMap::new(),
            by_steam: HashMap::new(),
            by_uuid: HashMap::new(),
            by_xuid: HashMap::new(),
            by_java_name: HashMap::new(),
            by_bedrock_name: HashMap::new(),
            by_name: HashMap::new(),
            tokens: HashMap::new(),
            tokens_of: HashMap::new(),
            gift_cards: seed::gift_cards().into_iter().map(|card| (card.code.clone(), card)).collect(),
            flakes: Flakes::default(),
            clock,
            rng: Rng::new(seed.unwrap_or_else(crate::time::system_ms)),
            created: 0,
        };
        for customer in seed::customers() {
            store.insert(customer);
        }
        store
    }

    /// A customer by id.
    pub fn get(&self, id: u64) -> Option<&Customer> {
        self.customers.get(&id)
    }

    /// A customer by any key; the oldest where a name is shared.
    pub fn find(&self, key: &Key) -> Option<&Customer> {
        let first = |index: &HashMap<String, BTreeSet<u64>>, name: &str| {
            index.get(name).and_then(|ids| ids.first().copied())
        };
        let id = match key {
            Key::Id(id) => Some(*id),
            Key::Steam(id) => self.by_steam.get(id).copied(),
            Key::Uuid(uuid) => self.by_uuid.get(uuid).copied(),
            Key::Xuid(xuid) => self.by_xuid.get(xuid).copied(),
            Key::JavaName(name) => first(&self.by_java_name, &name.to_lowercase()),
            Key::BedrockName(name) => first(&self.by_bedrock_name, &name.to_lowercase()),
            Key::Name(name) => first(&self.by_name, name),
        }?;
        self.customers.get(&id)
    }

    /// A page of customers.
    pub fn list(&self, page: &Page) -> Vec<&Customer> {
        let wanted = |customer: &&Customer| {
            let is_named = page.ids.as_ref().is_none_or(|ids| ids.contains(&customer.id));
            let is_found =
                |needle: &String| customer.names().any(|name| name.to_lowercase().contains(needle));
            is_named && page.search.as_ref().is_none_or(is_found)
        };
        // `after` in ascending order and `before` in descending order both mean greater ids.
        let (above, below) = if page.asc { (page.after, page.before) } else { (page.before, page.after) };
        let low = above.map_or(0, |id| id + 1);
        let high = below.unwrap_or(u64::MAX);
        if low >= high {
            return Vec::new();
        }
        let range = self.customers.range(low..high).map(|(_, c)| c);
        // A page before a cursor is the one that touches it, so it is cut from that end.
        let rising_cut = page.asc != page.before.is_some();
        let mut items: Vec<_> = if rising_cut {
            range.filter(wanted).take(page.limit).collect()
        } else {
            range.rev().filter(wanted).take(page.limit).collect()
        };
        if rising_cut != page.asc {
            items.reverse();
        }
        items
    }

    /// Creates one customer.
    pub fn create(&mut self, upsert: &Upsert) -> Result<&Customer, Refusal> {
        let draft = draft(upsert)?;
        self.check_free(&draft, None)?;
        let id = self.admit(draft);
        Ok(&self.customers[&id])
    }

    /// Creates all of them or, if any is refused, none.
    pub fn bulk_create(&mut self, upserts: &[Upsert]) -> Result<Vec<&Customer>, Vec<(usize, Refusal)>> {
        let mut drafts: Vec<Customer> = Vec::with_capacity(upserts.len());
        let mut refusals = Vec::new();
        let mut seen: HashMap<(&'static str, String), ()> = HashMap::new();
        for (at, upsert) in upserts.iter().enumerate() {
            let outcome = draft(upsert).and_then(|draft| {
                self.check_free(&draft, None)?;
                for (field, value) in identities(&draft) {
                    if seen.insert((field, value.to_owned()), ()).is_some() {
                        return Err(Refusal::Taken { field, by: 0 });
                    }
                }
                Ok(draft)
            });
            match outcome {
                Ok(draft) => drafts.push(draft),
                Err(refusal) => refusals.push((at, refusal)),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let ids: Vec<u64> = drafts.into_iter().map(|draft| self.admit(draft)).collect();
        Ok(ids.iter().map(|id| &self.customers[id]).collect())
    }

    /// Changes a customer: absent fields stay, null ones are cleared.
    pub fn update(&mut self, id: u64, upsert: &Upsert) -> Result<&Customer, Refusal> {
        let old = self.customers.get(&id).ok_or(Refusal::Unknown)?;
        let mut new = old.clone();
        apply(&mut new, upsert)?;
        self.check_free(&new, Some(id))?;
        new.updated_ms = Some(self.clock.now_ms());
        self.remove(id);
        self.insert(new);
        Ok(&self.customers[&id])
    }

    /// Mints a token.
    pub fn mint(&mut self, id: u64) -> Result<String, Refusal> {
        if !self.customers.contains_key(&id) {
            return Err(Refusal::Unknown);
        }
        let token = format!("pnct_{}", self.rng.word(55));
        self.tokens.insert(token.clone(), id);
        let held = self.tokens_of.entry(id).or_default();
        held.push_back(token.clone());
        if held.len() > TOKENS_PER_CUSTOMER
            && let Some(oldest) = held.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        Ok(token)
    }

    /// Tokens that would be accepted, by customer, the newest of each first.
    pub fn tokens(&self, limit: usize) -> impl Iterator<Item = (u64, &str)> {
        let mut holders: Vec<_> = self.tokens_of.iter().collect();
        holders.sort_unstable_by_key(|(id, _)| **id);
        holders
            .into_iter()
            .flat_map(|(id, held)| held.iter().rev().map(|token| (*id, token.as_str())))
            .take(limit)
    }

    /// Revokes every token of a customer.
    pub fn revoke(&mut self, id: u64) -> Result<(), Refusal> {
        if !self.customers.contains_key(&id) {
            return Err(Refusal::Unknown);
        }
        for token in self.tokens_of.remove(&id).into_iter().flatten() {
            self.tokens.remove(&token);
        }
        Ok(())
    }

    /// Whose token this is, while it is live.
    pub fn holder(&self, token: &str) -> Option<&Customer> {
        self.tokens.get(token).and_then(|id| self.get(*id))
    }

    /// Finds the customer behind a platform account, or creates it.
    pub fn log_in(&mut self, login: &Login) -> Result<u64, Refusal> {
        let (key, upsert) = match login {
            Login::Steam(id) => {
                (Key::Steam(id.clone()), Upsert { steam_id: Some(id.clone()), ..Upsert::default() })
            }
            Login::Uuid(uuid) => (
                Key::Uuid(uuid.clone()),
                Upsert { minecraft_uuid: Patch::Set(uuid.clone()), ..Upsert::default() },
            ),
            Login::Xuid(xuid) => (
                Key::Xuid(xuid.clone()),
                Upsert {
                    xbox_xuid: Patch::Set(xuid.clone()),
                    minecraft_platform: Some(Platform::Bedrock),
                    ..Upsert::default()
                },
            ),
            Login::PayNowName(name) => by_name(name),
            Login::PayNow(id) => match flake::parse(id) {
                Some(id) => {
                    let known = self.get(id).ok_or(Refusal::Unknown)?;
                    return Ok(known.id);
                }
                // PayNow documents `paynow` as another spelling of `paynow_name`.
                None => by_name(id),
            },
            Login::JavaName(name) => by_minecraft_name(name, Platform::Java),
            Login::BedrockName(name) => by_minecraft_name(name, Platform::Bedrock),
            Login::Minecraft(name) => match name.strip_prefix(BEDROCK_PREFIX) {
                Some(rest) if !rest.is_empty() => by_minecraft_name(rest, Platform::Bedrock),
                _ => by_minecraft_name(name, Platform::Java),
            },
        };
        if let Some(known) = self.find(&key) {
            return Ok(known.id);
        }
        let mut draft = draft(&upsert)?;
        if let Key::JavaName(_) | Key::BedrockName(_) = key {
            // The name belongs to the platform; it was not set explicitly.
            draft.name = None;
        }
        self.check_free(&draft, None)?;
        Ok(self.admit(draft))
    }

    /// A gift card by its exact code.
    pub fn gift_card(&self, code: &str) -> Option<&GiftCard> {
        self.gift_cards.get(code)
    }

    /// Customers there are.
    pub fn customer_count(&self) -> usize {
        self.customers.len()
    }

    /// Tokens that would be accepted.
    pub fn live_tokens(&self) -> usize {
        self.tokens.len()
    }

    /// Customers created since the last reset, however the answer fared.
    pub fn created(&self) -> u64 {
        self.created
    }

    fn admit(&mut self, mut draft: Customer) -> u64 {
        let id = self.flakes.next(self.clock.now_ms());
        draft.id = id;
        self.insert(draft);
        self.created += 1;
        id
    }

    fn check_free(&self, draft: &Customer, itself: Option<u64>) -> Result<(), Refusal> {
        for (field, value) in identities(draft) {
            let index = match field {
                "steam_id" => &self.by_steam,
                "minecraft_uuid" => &self.by_uuid,
                _ => &self.by_xuid,
            };
            if let Some(by) = index.get(value).copied()
                && Some(by) != itself
            {
                return Err(Refusal::Taken { field, by });
            }
        }
        Ok(())
    }

    fn insert(&mut self, customer: Customer) {
        let id = customer.id;
        for (field, value) in identities(&customer) {
            match field {
                "steam_id" => &mut self.by_steam,
                "minecraft_uuid" => &mut self.by_uuid,
                _ => &mut self.by_xuid,
            }
            .insert(value.to_owned(), id);
        }
        if let Some(index) = self.name_index(customer.platform)
            && let Some(name) = &customer.minecraft_name
        {
            index.entry(name.to_lowercase()).or_default().insert(id);
        }
        if let Some(name) = &customer.name {
            self.by_name.entry(name.clone()).or_default().insert(id);
        }
        self.customers.insert(id, customer);
    }

    fn remove(&mut self, id: u64) {
        let Some(customer) = self.customers.remove(&id) else {
            return;
        };
        for (field, value) in identities(&customer) {
            match field {
                "steam_id" => &mut self.by_steam,
                "minecraft_uuid" => &mut self.by_uuid,
                _ => &mut self.by_xuid,
            }
            .remove(value);
        }
        if let Some(index) = self.name_index(customer.platform)
            && let Some(name) = &customer.minecraft_name
        {
            forget(index, &name.to_lowercase(), id);
        }
        if let Some(name) = &customer.name {
            forget(&mut self.by_name, name, id);
        }
    }

    fn name_index(&mut self, platform: Option<Platform>) -> Option<&mut HashMap<String, BTreeSet<u64>>> {
        match platform? {
            Platform::Java => Some(&mut self.by_java_name),
            Platform::Bedrock => Some(&mut self.by_bedrock_name),
            Platform::Unknown => None,
        }
    }
}

impl GiftCard {
    /// A card; `expires_ms` in milliseconds since 1970.
    pub fn new(code: &str, balance: i32, starting_balance: i32, expires_ms: Option<u64>) -> Self {
        Self { code: code.to_owned(), balance, starting_balance, expires_at: expires_ms.map(rfc3339) }
    }
}

fn forget(index: &mut HashMap<String, BTreeSet<u64>>, name: &str, id: u64) {
    if let Some(ids) = index.get_mut(name) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(name);
        }
    }
}

fn identities(customer: &Customer) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("steam_id", &customer.steam_id),
        ("minecraft_uuid", &customer.minecraft_uuid),
        ("xbox_xuid", &customer.xbox_xuid),
    ]
    .into_iter()
    .filter_map(|(field, value)| value.as_deref().map(|value| (field, value)))
}

fn by_name(name: &str) -> (Key, Upsert) {
    (Key::Name(name.to_owned()), Upsert { name: Patch::Set(name.to_owned()), ..Upsert::default() })
}

fn by_minecraft_name(name: &str, platform: Platform) -> (Key, Upsert) {
    let key = match platform {
        Platform::Bedrock => Key::BedrockName(name.to_owned()),
        _ => Key::JavaName(name.to_owned()),
    };
    let upsert =
        Upsert { name: Patch::Set(name.to_owned()), minecraft_platform: Some(platform), ..Upsert::default() };
    (key, upsert)
}

/// What a new customer would look like. Fills in what a platform would tell the store.
fn draft(upsert: &Upsert) -> Result<Customer, Refusal> {
    let mut draft = Customer::blank();
    apply(&mut draft, upsert)?;
    if upsert.minecraft_platform.is_none() {
        draft.platform = match (&draft.minecraft_uuid, &draft.xbox_xuid) {
            (Some(uuid), _) if floodgate_xuid(uuid).is_some() => Some(Platform::Bedrock),
            (Some(_), _) => Some(Platform::Java),
            (None, Some(_)) => Some(Platform::Bedrock),
            (None, None) => None,
        };
    }
    // Geyser derives one id from the other, so a store that is given one knows both; an explicit
    // null stays null.
    if let (Some(xuid), Patch::Absent) = (&draft.xbox_xuid, &upsert.minecraft_uuid)
        && draft.platform == Some(Platform::Bedrock)
    {
        draft.minecraft_uuid = floodgate_uuid(xuid);
    }
    if let (Some(uuid), Patch::Absent) = (&draft.minecraft_uuid, &upsert.xbox_xuid) {
        draft.xbox_xuid = floodgate_xuid(uuid);
    }
    draft.minecraft_name = minecraft_name(&draft);
    if draft.minecraft_name.is_none() && draft.steam_id.is_none() {
        draft.avatar = Avatar::Null;
    }
    Ok(draft)
}

fn apply(customer: &mut Customer, upsert: &Upsert) -> Result<(), Refusal> {
    if let Some(uuid) = upsert.minecraft_uuid.value()
        && uuid.starts_with(UNKNOWN_PREFIX)
    {
        return Err(Refusal::NoAccount);
    }
    if let Some(id) = &upsert.steam_id {
        customer.steam_name = Some(seed::steam_name(id));
        customer.steam_id = Some(id.clone());
    }
    let before = (customer.minecraft_uuid.clone(), customer.xbox_xuid.clone());
    set(&mut customer.minecraft_uuid, &upsert.minecraft_uuid);
    set(&mut customer.xbox_xuid, &upsert.xbox_xuid);
    set(&mut customer.name, &upsert.name);
    if let Some(platform) = upsert.minecraft_platform {
        customer.platform = Some(platform);
    }
    if before != (customer.minecraft_uuid.clone(), customer.xbox_xuid.clone()) {
        // Another account has another name, and no account has none.
        customer.minecraft_name = minecraft_name(customer);
    }
    match &upsert.metadata {
        Patch::Absent => {}
        Patch::Null => customer.metadata.clear(),
        Patch::Set(map) => customer.metadata.clone_from(map),
    }
    Ok(())
}

fn set(field: &mut Option<String>, patch: &Patch<String>) {
    match patch {
        Patch::Absent => {}
        Patch::Null => *field = None,
        Patch::Set(value) => *field = Some(value.clone()),
    }
}

/// The name the platform would give, or a plausible one.
fn minecraft_name(customer: &Customer) -> Option<String> {
    let given = || {
        let name = customer.name.as_deref()?;
        let plausible = (3..=16).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b' ');
        plausible.then(|| name.to_owned())
    };
    if let Some(uuid) = &customer.minecraft_uuid
        && floodgate_xuid(uuid).is_none()
    {
        let known = seed::java_name(uuid).map(str::to_owned);
        return known.or_else(given).or_else(|| Some(format!("Player{}", &uuid[32..])));
    }
    let xuid =
        customer.xbox_xuid.clone().or_else(|| customer.minecraft_uuid.as_deref().and_then(floodgate_xuid));
    match (xuid, customer.platform) {
        // An Xbox account that was linked to a Java player has no Bedrock profile.
        (Some(_), Some(Platform::Java)) => None,
        (Some(xuid), _) => seed::bedrock_name(&xuid)
            .map(str::to_owned)
            .or_else(given)
            .or_else(|| Some(format!("Player{}", &xuid[xuid.len().saturating_sub(4)..]))),
        // An offline-mode player is the name, whatever it looks like.
        (None, Some(Platform::Java | Platform::Bedrock)) => customer.name.clone(),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        Store::seeded(Some(1))
    }

    fn uuid(text: &str) -> Upsert {
        Upsert { minecraft_uuid: Patch::Set(text.to_owned()), ..Upsert::default() }
    }

    fn ids(items: &[&Customer]) -> Vec<u64> {
        items.iter().map(|c| c.id).collect()
    }

    #[test]
    fn pages_meet_without_gap_or_overlap_in_both_orders() {
        let store = store();
        for asc in [true, false] {
            let all = ids(&store.list(&Page { limit: 100, asc, ..Page::default() }));
            assert_eq!(all.len(), store.customer_count());
            assert!(all.is_sorted_by(|a, b| if asc { a < b } else { a > b }));

            let mut walked: Vec<u64> = Vec::new();
            loop {
                let page = ids(&store.list(&Page {
                    limit: 7,
                    asc,
                    after: walked.last().copied(),
                    ..Page::default()
                }));
                walked.extend(&page);
                if page.len() < 7 {
                    break;
                }
            }
            assert_eq!(walked, all);

            let back = ids(&store.list(&Page { limit: 3, asc, before: Some(all[10]), ..Page::default() }));
            assert_eq!(back, all[7..10]);
        }
    }

    #[test]
    fn search_ignores_case_and_looks_at_every_name() {
        let store = store();
        let found = store.list(&Page { limit: 100, search: Some("notch".into()), ..Page::default() });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].minecraft_name.as_deref(), Some("Notch"));
    }

    #[test]
    fn a_created_customer_is_found_by_what_is_known() {
        let mut store = store();
        let id = store.create(&uuid("11111111-2222-4333-8444-555555556789")).unwrap().id;
        let found = store.find(&Key::Uuid("11111111-2222-4333-8444-555555556789".into())).unwrap();
        assert_eq!(found.id, id);
        assert_eq!(found.minecraft_name.as_deref(), Some("Player6789"));
        assert_eq!(found.platform, Some(Platform::Java));
        assert_eq!(store.find(&Key::JavaName("player6789".into())).unwrap().id, id);
        assert_eq!(store.created(), 1);
    }

    #[test]
    fn geyser_ids_come_in_pairs() {
        let mut store = store();
        let xuid = Upsert { xbox_xuid: Patch::Set("2535400000000001".into()), ..Upsert::default() };
        let made = store.create(&xuid).unwrap().clone();
        assert_eq!(made.platform, Some(Platform::Bedrock));
        let derived = made.minecraft_uuid.unwrap();
        assert_eq!(floodgate_xuid(&derived).as_deref(), Some("2535400000000001"));
        assert!(matches!(store.create(&uuid(&derived)), Err(Refusal::Taken { .. })));
    }

    #[test]
    fn identities_are_unique_and_unknown_accounts_are_refused() {
        let mut store = store();
        let notch = "069a79f4-44e9-4726-a5be-fca90e38aaf5";
        assert!(matches!(store.create(&uuid(notch)), Err(Refusal::Taken { field: "minecraft_uuid", .. })));
        assert_eq!(
            store.create(&uuid("deadbeef-0000-4000-8000-000000000000")).err(),
            Some(Refusal::NoAccount)
        );
    }

    #[test]
    fn bulk_is_all_or_nothing() {
        let mut store = store();
        let before = store.customer_count();
        let fresh = uuid("11111111-2222-4333-8444-555555555555");
        let taken = uuid("069a79f4-44e9-4726-a5be-fca90e38aaf5");
        let refused = store.bulk_create(&[fresh.clone(), taken, fresh.clone()]).unwrap_err();
        assert_eq!(refused.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(store.customer_count(), before);
        assert_eq!(store.bulk_create(&[fresh]).unwrap().len(), 1);
    }

    #[test]
    fn updates_leave_clear_and_set() {
        let mut store = store();
        let notch = store.find(&Key::JavaName("notch".into())).unwrap().clone();
        let changed = store
            .update(
                notch.id,
                &Upsert {
                    minecraft_uuid: Patch::Null,
                    name: Patch::Set("Markus".into()),
                    metadata: Patch::Set(BTreeMap::from([("a".into(), "b".into())])),
                    ..Upsert::default()
                },
            )
            .unwrap()
            .clone();
        assert_eq!(changed.minecraft_uuid, None);
        assert_eq!(changed.name.as_deref(), Some("Markus"));
        assert_eq!(changed.metadata.len(), 1);
        assert!(changed.updated_ms.is_some());
        assert!(store.find(&Key::Uuid(notch.minecraft_uuid.unwrap())).is_none());
        assert_eq!(store.find(&Key::Name("Markus".into())).unwrap().id, notch.id);
        assert!(store.find(&Key::Name("markus".into())).is_none());
        assert_eq!(store.update(5, &Upsert::default()).err(), Some(Refusal::Unknown));
    }

    #[test]
    fn tokens_live_until_revoked_and_repeat_with_the_seed() {
        let (mut one, mut two) = (store(), store());
        let id = one.find(&Key::JavaName("notch".into())).unwrap().id;
        let token = one.mint(id).unwrap();
        assert_eq!(token, two.mint(id).unwrap());
        assert_eq!(token.len(), 60);
        assert_eq!(one.holder(&token).unwrap().id, id);
        let other = one.mint(id).unwrap();
        one.revoke(id).unwrap();
        assert!(one.holder(&token).is_none() && one.holder(&other).is_none());
        assert_eq!(one.live_tokens(), 0);
    }

    #[test]
    fn logging_in_finds_before_it_creates() {
        let mut store = store();
        let before = store.customer_count();
        let notch = store.find(&Key::JavaName("notch".into())).unwrap().id;
        for known in [
            Login::Minecraft("NOTCH".into()),
            Login::JavaName("Notch".into()),
            Login::Uuid("069a79f4-44e9-4726-a5be-fca90e38aaf5".into()),
            Login::PayNow(notch.to_string()),
        ] {
            assert_eq!(store.log_in(&known), Ok(notch));
        }
        assert_eq!(store.customer_count(), before);
        let made = store.log_in(&Login::Minecraft(".New Friend".into())).unwrap();
        let made = store.get(made).unwrap();
        assert_eq!(made.platform, Some(Platform::Bedrock));
        assert_eq!(made.minecraft_id(), Some("New Friend"));
        assert_eq!(made.name, None);
        assert_eq!(store.log_in(&Login::PayNow("77".into())), Err(Refusal::Unknown));
    }
}

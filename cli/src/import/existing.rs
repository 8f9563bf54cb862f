//! Which players are customers already: all pages of the store are listed, and no player is looked up.

use paynow_bridge::{Call, Customer, MinecraftPlatform, PAGE_LIMIT, Pages, PlayerKey};

use super::journal::Journal;
use super::keys::{Key, Keys, State};
use super::progress::Progress;
use crate::exit::Failure;
use crate::session::Session;

/// What a customer is known by.
#[derive(Default)]
struct Known<'a> {
    steam_id: Option<&'a str>,
    xbox_xuid: Option<&'a str>,
    minecraft_uuid: Option<&'a str>,
    platform: Option<MinecraftPlatform>,
    /// Name of the Minecraft profile.
    profile: Option<&'a str>,
    /// Name of the customer itself.
    own: Option<&'a str>,
}

impl<'a> Known<'a> {
    fn of(customer: &'a Customer) -> Self {
        Self {
            steam_id: customer.steam_id.as_deref(),
            xbox_xuid: customer.xbox_xuid.as_deref(),
            minecraft_uuid: customer.minecraft_uuid.as_deref(),
            platform: customer.minecraft_platform,
            profile: customer.minecraft.as_ref().and_then(|profile| profile.name.as_deref()),
            own: customer.name.as_deref(),
        }
    }
}

/// Everything a customer can be found by.
fn keys_of(known: &Known<'_>) -> impl Iterator<Item = Key> + use<> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    let uuid = known.minecraft_uuid.and_then(|text| {
        let digits = text.replace('-', "");
        (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
    });
    let steam_id = number(known.steam_id).map(PlayerKey::SteamId);
    let xuid = number(known.xbox_xuid).map(PlayerKey::XboxXuid);
    let account = uuid.map(|uuid| match ((uuid >> 64) as u64, uuid as u64) {
        // Floodgate's: an XUID in the place of a UUID.
        (0, xuid) => PlayerKey::XboxXuid(xuid),
        _ => PlayerKey::MinecraftUuid(uuid),
    });
    // A customer that was created with nothing but a name and an edition is known by that.
    let has_account = steam_id.is_some() || xuid.is_some() || account.is_some();
    let own = known.own.filter(|_| !has_account);
    let name = match (known.platform, known.profile.or(own)) {
        (Some(MinecraftPlatform::Bedrock), Some(name)) => Some(PlayerKey::MinecraftBedrockName(name)),
        (Some(MinecraftPlatform::Java), Some(name)) => Some(PlayerKey::MinecraftJavaName(name)),
        _ => known.profile.map(PlayerKey::MinecraftJavaName),
    };
    [steam_id, xuid, account, name].map(|key| key.map(Key::of)).into_iter().flatten()
}

/// The id as a number.
pub fn id_of(customer: &Customer) -> u64 {
    customer.id.parse().unwrap_or_default()
}

/// Goes through all customers of the store, until each player is found.
pub fn find(
    session: &Session,
    call: &Call,
    keys: &mut Keys,
    mut journal: Option<&mut Journal>,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let mut missing = keys.count(State::Wanted) + keys.count(State::Open);
    let mut pages = Pages::new(PAGE_LIMIT as u32, true, None);
    while missing > 0
        && let Some(query) = pages.query()
    {
        let found = session
            .read(|client, _| client.list_customers(&query, call), |done| done.customers().to_vec())?;
        let mut created = Vec::new();
        let fresh = pages.accept(&found);
        for customer in fresh {
            for key in keys_of(&Known::of(customer)) {
                let Some(place) = keys.find(key) else { continue };
                let state = match keys.state(place) {
                    State::Wanted => State::Existed,
                    // An earlier run asked for it and did not hear of the answer.
                    State::Open => {
                        created.push((key, id_of(customer)));
                        State::Created
                    }
                    _ => continue,
                };
                keys.set(place, state, id_of(customer));
                missing -= 1;
            }
        }
        progress.add(fresh.len() as u64);
        if let Some(journal) = &mut journal {
            journal.found(created.into_iter())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(known: Known<'_>) -> Vec<Key> {
        keys_of(&known).collect()
    }

    #[test]
    fn a_customer_is_found_by_whatever_it_has() {
        let known = Known {
            steam_id: Some("7"),
            minecraft_uuid: Some("069A79F444E94726A5BEFCA90E38AAF5"),
            platform: Some(MinecraftPlatform::Java),
            profile: Some("Notch"),
            own: Some("Markus"),
            ..Known::default()
        };
        let expected = [
            PlayerKey::SteamId(7),
            PlayerKey::MinecraftUuid(0x069a_79f4_44e9_4726_a5be_fca9_0e38_aaf5),
            PlayerKey::MinecraftJavaName("notch"),
        ];
        assert_eq!(keys(known), expected.map(Key::of));
        let floodgate =
            Known { minecraft_uuid: Some("00000000-0000-0000-0009-01f64f65c7c3"), ..Known::default() };
        assert_eq!(keys(floodgate), [Key::of(PlayerKey::XboxXuid(2_535_432_196_048_835))]);
    }

    #[test]
    fn a_name_counts_where_it_is_what_the_player_is_known_by() {
        let named =
            |platform, steam_id| Known { platform, steam_id, own: Some("Sir Dig"), ..Known::default() };
        let gamertag = Key::of(PlayerKey::MinecraftBedrockName("Sir_Dig"));
        assert_eq!(keys(named(Some(MinecraftPlatform::Bedrock), None)), [gamertag]);
        assert_eq!(keys(named(None, None)), []);
        let steam = [Key::of(PlayerKey::SteamId(7))];
        assert_eq!(keys(named(Some(MinecraftPlatform::Java), Some("7"))), steam);
    }
}

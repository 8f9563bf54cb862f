//! `pnb ensure`: a player's customer, created if need be.

use paynow_bridge::Player;

use super::Context;
use super::key;
use crate::exit::Failure;
use crate::session::Session;

/// Find a player's customer, and create it if it does not exist
///
/// Give what the game server knows; the strongest key is used, by the same rules as in the plugins: Steam id, XUID, UUID (a
/// Floodgate UUID is an XUID, an offline-mode UUID is not a key), name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb ensure --uuid 00000000-0000-0000-0009-01f1a2b3c4d5
  pnb ensure --uuid 069a79f4-44e9-4726-a5be-fca90e38aaf5 --name Notch
  pnb ensure --name .PixelPia")]
#[command(group(clap::ArgGroup::new("known").required(true).multiple(true)))]
#[group(skip)]
pub struct Args {
    /// SteamID64
    #[arg(long, value_name = "ID", group = "known")]
    steam_id: Option<String>,
    /// Xbox XUID, of a Bedrock player
    #[arg(long, value_name = "XUID", group = "known")]
    xuid: Option<String>,
    /// Minecraft UUID as the server knows it
    #[arg(long, value_name = "UUID", group = "known")]
    uuid: Option<String>,
    /// Name in the game, with the Bedrock prefix if the server adds one
    #[arg(long, value_name = "NAME", group = "known")]
    name: Option<String>,
    /// What the server puts before the names of Bedrock players; empty for nothing
    #[arg(long, value_name = "TEXT", default_value = ".")]
    bedrock_prefix: String,
    /// Look players of an offline-mode server up by their UUIDs, not by their names
    #[arg(long)]
    offline_by_uuid: bool,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let builder = context
        .settings()?
        .builder()?
        .bedrock_prefix(args.bedrock_prefix)
        .offline_players_by_uuid(args.offline_by_uuid);
    let session = Session::open(builder)?;
    let player = Player {
        steam_id: args.steam_id.as_deref(),
        xbox_xuid: args.xuid.as_deref(),
        minecraft_uuid: args.uuid.as_deref(),
        name: args.name.as_deref(),
    };
    let customer = session
        .change(|client, call| client.ensure_customer(&player, call), |done| done.customer().cloned())?
        .ok_or_else(key::absent)?;
    key::print(context.output, &customer)
}

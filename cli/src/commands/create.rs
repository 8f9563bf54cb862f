//! `pnb create`: a new customer.

use paynow_bridge::{CustomerFields, Field};

use super::Context;
use super::key;
use super::update::{Pair, pairs};
use crate::exit::Failure;

/// Create a customer
///
/// `pnb ensure` is safer where the customer may exist: it looks first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb create --steam-id 76561198000000001 --name Gordon --meta rank=vip
  pnb create --name Olga --platform java")]
#[group(id = "fields", required = true, multiple = true)]
pub struct Args {
    /// SteamID64
    #[arg(long, value_name = "ID")]
    steam_id: Option<String>,
    /// Minecraft UUID, with or without dashes
    #[arg(long, value_name = "UUID")]
    uuid: Option<String>,
    /// Edition of the Minecraft account
    #[arg(long, value_name = "EDITION", value_parser = ["java", "bedrock", "unknown"])]
    platform: Option<String>,
    /// Xbox XUID, of a Bedrock player
    #[arg(long, value_name = "XUID")]
    xuid: Option<String>,
    /// Display name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Data to attach; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    meta: Vec<Pair>,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    fn field(text: &Option<String>) -> Field<&str> {
        text.as_deref().map_or(Field::Absent, Field::Value)
    }
    let metadata = pairs(&args.meta);
    let fields = CustomerFields {
        steam_id: field(&args.steam_id),
        minecraft_uuid: field(&args.uuid),
        minecraft_platform: field(&args.platform),
        xbox_xuid: field(&args.xuid),
        name: field(&args.name),
        metadata: if metadata.is_empty() { Field::Absent } else { Field::Value(&metadata) },
    };
    let session = context.session()?;
    let customer = session
        .change(|client, call| client.create_customer(&fields, call), |done| done.customer().cloned())?
        .ok_or_else(|| Failure::Machine("PayNow answered without a customer".to_owned()))?;
    key::print(context.output, &customer)
}

//! `pnb update`: changes of a customer.

use std::str::FromStr;

use paynow_bridge::{CustomerFields, Field};

use super::Context;
use super::key::{self, Key};
use crate::exit::Failure;

/// Change a customer, by id or any other key
///
/// Metadata that is given with --meta is added to what is there: PayNow does not document whether it merges or replaces, so all
/// of it is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb update 421621336637440000 --set name=Markus --meta rank=founder
  pnb update --steam-id 76561198012345678 --unset name")]
pub struct Args {
    #[command(flatten)]
    key: Key,
    /// A field and its new value: steam_id, minecraft_uuid, minecraft_platform, xbox_xuid, name
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<Pair>,
    /// A field to empty: minecraft_uuid, xbox_xuid, name
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
    /// Data to attach; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "no_meta")]
    meta: Vec<Pair>,
    /// Take all attached data away
    #[arg(long)]
    no_meta: bool,
}

/// `name=value`.
#[derive(Debug, Clone)]
pub struct Pair {
    name: String,
    value: String,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
        if name.is_empty() {
            return Err("must have a name before the =");
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

pub fn pairs(all: &[Pair]) -> Vec<(&str, &str)> {
    all.iter().map(|pair| (pair.name.as_str(), pair.value.as_str())).collect()
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut fields = CustomerFields::default();
    let named = args.set.iter().map(|pair| (pair.name.as_str(), Field::Value(pair.value.as_str())));
    for (name, value) in named.chain(args.unset.iter().map(|name| (name.as_str(), Field::Null))) {
        let field = match name {
            "steam_id" => &mut fields.steam_id,
            "minecraft_uuid" => &mut fields.minecraft_uuid,
            "minecraft_platform" => &mut fields.minecraft_platform,
            "xbox_xuid" => &mut fields.xbox_xuid,
            "name" => &mut fields.name,
            _ => {
                return Err(Failure::Usage(format!(
                    "{name}: is not a field that can be changed; there are steam_id, minecraft_uuid, minecraft_platform, \
                     xbox_xuid, name, and --meta"
                )));
            }
        };
        if *field != Field::Absent {
            return Err(Failure::Usage(format!("{name}: is given more than once")));
        }
        *field = value;
    }
    if fields == CustomerFields::default() && args.meta.is_empty() && !args.no_meta {
        return Err(Failure::usage("nothing is to be changed: give --set, --unset, --meta or --no-meta"));
    }

    let session = context.session()?;
    let mut entries = Vec::new();
    let id = if args.meta.is_empty() {
        args.key.find_id(&session)?
    } else {
        let customer = args.key.find(&session)?;
        entries.extend(customer.metadata.iter().map(|(key, value)| (key.to_string(), value.to_string())));
        for (name, value) in pairs(&args.meta) {
            entries.retain(|(key, _)| key != name);
            entries.push((name.to_owned(), value.to_owned()));
        }
        customer.id.to_string()
    };
    let entries: Vec<(&str, &str)> =
        entries.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    fields.metadata = match (args.no_meta, entries.is_empty()) {
        (true, _) => Field::Null,
        (false, true) => Field::Absent,
        (false, false) => Field::Value(&entries),
    };
    let customer = session
        .change(|client, call| client.update_customer(&id, &fields, call), |done| done.customer().cloned())?
        .ok_or_else(key::absent)?;
    key::print(context.output, &customer)
}

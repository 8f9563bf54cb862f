//! `pnb import`: the players of a file become customers.

use std::path::PathBuf;

use super::Context;
use super::update::{Pair, pairs};
use crate::exit::Failure;
use crate::import::{self, Format, Options, check_metadata};

/// Make customers of the players in a file
///
/// Those who are customers already are found by listing all of them, and are not created again. Give the same command again after
/// Ctrl-C, a failure or a crash: it goes on where it stopped. Beside the file it keeps a journal of what it did, and writes a
/// report of what became of each line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb import usercache.json --dry-run
  pnb import usercache.json --tag imported=2026-11
  pnb import plugins/Essentials/userdata
  pnb import players.csv --strict

Files: usercache.json, whitelist.json, ops.json, banned-players.json; a CSV table with a header or a JSON object a line, with the
columns steam_id, minecraft_uuid, xbox_xuid, minecraft_java_name, minecraft_bedrock_name, name, minecraft_platform, metadata; what
`pnb customers export` wrote; LuckPerms' /lp export; Essentials' userdata, usermap.bin or usermap.csv; Geyser's
saved-auth-chains.json; Floodgate's linked players as CSV. Packed with gzip or not.

Ends with 1 when lines could not be used, 5 when PayNow refused players, 7 when it is not known of some.")]
pub struct Args {
    /// The file, or Essentials' folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the file is, where it cannot be told by what is in it
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Data to attach to each new customer, by which they are found again; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    tag: Vec<Pair>,
    /// Do nothing at all if a line cannot be used
    #[arg(long)]
    strict: bool,
    /// Where the report goes, in place of beside the file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What the server puts before the names of Bedrock players; empty for nothing
    #[arg(long, value_name = "TEXT", default_value = ".")]
    bedrock_prefix: String,
    /// Know players of an offline-mode server by their UUIDs, not by their names
    #[arg(long)]
    offline_by_uuid: bool,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    for (key, value) in pairs(&args.tag) {
        check_metadata(key, value).map_err(|problem| Failure::Usage(format!("--tag: {problem}")))?;
    }
    let tags = pairs(&args.tag).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let options = Options {
        file: args.file,
        format: args.format,
        bedrock_prefix: args.bedrock_prefix,
        offline_by_uuid: args.offline_by_uuid,
        tags,
        strict: args.strict,
        dry_run: args.dry_run,
        report: args.report,
    };
    import::run(&options, context)
}

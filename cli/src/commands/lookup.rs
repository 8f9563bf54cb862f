//! `pnb lookup`: who is this?

use super::Context;
use super::key::{self, Key};
use crate::exit::Failure;

/// Look a customer up by any key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb lookup --java-name Notch
  pnb lookup --xuid 2535432196048835 --json
  pnb lookup --steam-id 76561198012345678 && echo 'is a customer'

Ends with 3 when there is no such customer.")]
pub struct Args {
    #[command(flatten)]
    key: Key,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let found = session.lookup(args.key.lookup_key()?)?;
    key::print(context.output, &found.ok_or_else(key::absent)?)
}

//! `pnb tokens`: customer tokens.

use serde::Serialize;

use super::Context;
use super::key::Key;
use super::reveal::Reveal;
use crate::exit::Failure;

/// Mint a token for a customer, or revoke all of a customer's tokens
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Mint a token: with it a browser is this customer. It does not expire by default
    #[command(after_help = "\
Examples:
  pnb tokens mint --java-name Notch --reveal
  pnb tokens mint 421621336637440000 --output token.txt

The key needs the permission customer_update.")]
    Mint {
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        reveal: Reveal,
    },
    /// Revoke all tokens of a customer
    #[command(after_help = "\
Example:
  pnb tokens revoke --java-name Notch

The key needs the permission customer_update.")]
    Revoke {
        #[command(flatten)]
        key: Key,
    },
}

#[derive(Serialize)]
struct Revoked<'a> {
    customer_id: &'a str,
    revoked: bool,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.what {
        What::Mint { key, reveal } => {
            reveal.check()?;
            let session = context.session()?;
            let id = key.find_id(&session)?;
            let token = session.change(
                |client, call| client.create_customer_token(&id, call),
                |done| done.token().cloned(),
            )?;
            let token =
                token.ok_or_else(|| Failure::Machine("PayNow answered without a token".to_owned()))?;
            reveal.hand_over(context, Some(&id), &token)
        }
        What::Revoke { key } => {
            let session = context.session()?;
            let id = key.find_id(&session)?;
            session.change(|client, call| client.invalidate_customer_tokens(&id, call), |_| ())?;
            if context.output.is_json() {
                return context.output.json(&Revoked { customer_id: &id, revoked: true });
            }
            context.output.line(&format!("All tokens of customer {id} are revoked."))
        }
    }
}

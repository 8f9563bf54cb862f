//! `pnb giftcard`: what is left on a card.

use super::Context;
use crate::exit::Failure;
use crate::settings::TokenSource;
use crate::view::GiftCardView;

/// Look a gift card up, as a customer
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  pnb giftcard GIFT-2500-ALEX --token-file token.txt

Amounts are in the smallest unit of the store's currency. Ends with 3 when there is no such card.")]
pub struct Args {
    /// The code on the card
    #[arg(value_name = "CODE")]
    code: String,
    #[command(flatten)]
    token: TokenSource,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let token = args.token.read()?;
    let session = context.session()?;
    let card = session
        .read(
            |client, call| client.lookup_giftcard(token.expose(), &args.code, call),
            |done| done.giftcard().cloned(),
        )?
        .ok_or_else(|| Failure::Absent("There is no such gift card in this store.".to_owned()))?;
    if context.output.is_json() {
        return context.output.json(&GiftCardView::new(&card));
    }
    let expires = card.expires_at.as_ref().map_or("never".to_owned(), |date| date.text.to_string());
    context.output.fields(&[
        ("code", card.code.to_string()),
        ("left", card.balance.to_string()),
        ("issued with", card.starting_balance.to_string()),
        ("expires", expires),
    ])
}

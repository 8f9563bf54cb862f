//! `pnb customers list`: some of them, on the screen.

use paynow_bridge::Pages;
use serde::Serialize;

use super::{PAGE, parse_id};
use crate::commands::Context;
use crate::exit::Failure;
use crate::view::{CustomerView, display_name};

/// Show customers, the oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb customers list
  pnb customers list --newest-first --limit 20
  pnb customers list --search mira --json

`pnb customers export` is for all of them.")]
pub struct Args {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// The newest first
    #[arg(long)]
    newest_first: bool,
    /// Only those that PayNow finds with this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Go on behind the customer with this id
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    after: Option<u64>,
}

#[derive(Serialize)]
struct Listed<'a> {
    customers: Vec<CustomerView<'a>>,
    /// Behind which customer to go on; none when these were the last.
    next: Option<String>,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    if args.limit == 0 {
        return Err(Failure::usage("--limit: must not be 0"));
    }
    let session = context.session()?;
    let page = PAGE.min(u32::try_from(args.limit).unwrap_or(PAGE));
    let mut pages = Pages::new(page, !args.newest_first, args.search.as_deref());
    if let Some(id) = args.after {
        pages = pages.after(id);
    }
    let mut customers = Vec::new();
    while customers.len() < args.limit {
        let Some(query) = pages.query() else { break };
        let found = session
            .read(|client, call| client.list_customers(&query, call), |done| done.customers().to_vec())?;
        customers.extend_from_slice(pages.accept(&found));
    }
    let is_more = customers.len() > args.limit || pages.query().is_some();
    customers.truncate(args.limit);
    let next = if is_more { customers.last().map(|customer| customer.id.to_string()) } else { None };
    let output = context.output;
    if output.is_json() {
        let customers = customers.iter().map(CustomerView::new).collect();
        return output.json(&Listed { customers, next });
    }
    let rows: Vec<_> = customers
        .iter()
        .map(|customer| {
            let uuid_or_xuid = [&customer.steam_id, &customer.minecraft_uuid, &customer.xbox_xuid]
                .into_iter()
                .find_map(|id| id.as_deref());
            vec![
                customer.id.to_string(),
                display_name(customer).to_owned(),
                customer
                    .minecraft_platform
                    .map_or(if customer.steam_id.is_some() { "steam" } else { "" }, |platform| {
                        platform.as_str()
                    })
                    .to_owned(),
                uuid_or_xuid.unwrap_or_default().to_owned(),
                customer.created_at.as_ref().map(|date| date.text.to_string()).unwrap_or_default(),
            ]
        })
        .collect();
    output.table(&["id", "known as", "platform", "account", "created"], &rows, "There are no customers.")?;
    if let Some(next) = next {
        output.note(&format!("There are more: --after {next} goes on."));
    }
    Ok(())
}

//! Creates many customers, then walks over all of them. A tool, not a game: it waits for each answer.

use std::env;
use std::error::Error;
use std::time::Duration;

use paynow_bridge::{
    Bulk, BulkOutcome, Call, Client, Completion, CustomerFields, Field, Pages, Priority, Status,
};

const CALL: Call = Call { deadline: None, priority: Priority::Background, tag: 0 };

/// The one request that is out.
fn answer(client: &Client) -> Result<Completion<'_>, Box<dyn Error>> {
    let completion = client.next(Duration::from_secs(60))?;
    Ok(completion.ok_or("no answer within a minute")?)
}

fn create(client: &Client, names: &[String]) -> Result<(), Box<dyn Error>> {
    let customers: Vec<_> = names
        .iter()
        .map(|name| CustomerFields { name: Field::Value(name), ..CustomerFields::default() })
        .collect();
    let mut bulk = Bulk::new(&customers);
    let (mut created, mut failed, mut unknown) = (0, 0, 0);
    while !bulk.piece().is_empty() {
        client.bulk_create_customers(bulk.piece(), &CALL)?;
        let completion = answer(client)?;
        for outcome in bulk.accept(completion.status(), completion.sent(), completion.customers()) {
            match outcome {
                BulkOutcome::Created(_) => created += 1,
                BulkOutcome::Failed(_) => failed += 1,
                BulkOutcome::Unknown => unknown += 1,
            }
        }
    }
    println!("{created} created, {failed} failed, {unknown} unknown");
    Ok(())
}

fn count(client: &Client) -> Result<usize, Box<dyn Error>> {
    let mut pages = Pages::new(100, true, None);
    let mut count = 0;
    while let Some(query) = pages.query() {
        client.list_customers(&query, &CALL)?;
        let completion = answer(client)?;
        if completion.status() != Status::Ok {
            return Err(completion.message().unwrap_or_default().into());
        }
        count += pages.accept(completion.customers()).len();
    }
    Ok(count)
}

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder(env::var("PAYNOW_STORE_ID")?)
        .api_key_env("PAYNOW_API_KEY")
        .api_base(env::var("PAYNOW_API_BASE")?)
        .build()?;
    let before = count(&client)?;
    let names: Vec<_> = (0..450).map(|number| format!("Imported {number}")).collect();
    create(&client, &names)?;
    println!("{} more customers than before", count(&client)? - before);
    Ok(())
}

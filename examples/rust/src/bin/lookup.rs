//! Looks a player up and prints who that is. `cargo run --release -p paynow-sandbox` prints the three variables to set.

use std::env;
use std::error::Error;
use std::thread;
use std::time::Duration;

use paynow_bridge::{Answer, Call, Client, LookupKey};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder(env::var("PAYNOW_STORE_ID")?)
        .api_key_env("PAYNOW_API_KEY")
        .api_base(env::var("PAYNOW_API_BASE")?)
        .build()?;
    client.lookup_customer(LookupKey::MinecraftJavaName("Notch"), &Call::default())?;
    let mut done = false;
    while !done {
        // The tick: what has finished is handed over here, for half a millisecond at most.
        client.poll(0, Duration::from_micros(500), |completion| {
            match completion.answer() {
                Answer::Customer(customer) => println!("Notch is {}", customer.id),
                Answer::Absent => println!("Notch is not a customer"),
                _ => println!("{}", completion.message().unwrap_or_default()),
            }
            done = true;
        })?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

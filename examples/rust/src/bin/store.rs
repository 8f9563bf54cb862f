//! A game server in miniature: players join, ask for the store, and leave.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::thread;
use std::time::Duration;

use paynow_bridge::{
    Answer, Call, Client, Completion, LogLevel, Player, Priority, RequestId, Status, SubmitError,
};

/// What a request was for. The library hands back ids and tags; what they mean is the host's to remember.
enum Wanted {
    WarmUp,
    StoreLink,
}

struct Store {
    client: Client,
    wanted: HashMap<RequestId, (u64, Wanted)>,
}

impl Store {
    fn open() -> Result<Self, Box<dyn Error>> {
        let client = Client::builder(env::var("PAYNOW_STORE_ID")?)
            .api_key_env("PAYNOW_API_KEY")
            .api_base(env::var("PAYNOW_API_BASE")?)
            .log_level(LogLevel::Info)
            .build()?;
        Ok(Self { client, wanted: HashMap::new() })
    }

    /// A player logs in: no player waits for the answer, so it is asked for in the background.
    fn player_joins(&mut self, id: u64, name: &str) -> Result<(), SubmitError> {
        let call = Call { tag: id, priority: Priority::Background, ..Call::default() };
        let player = Player { name: Some(name), ..Player::default() };
        let request = self.client.lookup_player(&player, &call)?;
        self.wanted.insert(request, (id, Wanted::WarmUp));
        Ok(())
    }

    /// `/store`: a customer, created if need be, and a token for the link.
    fn store_command(&mut self, id: u64, name: &str) -> Result<(), SubmitError> {
        let call = Call { tag: id, deadline: Some(Duration::from_secs(5)), ..Call::default() };
        let player = Player { name: Some(name), ..Player::default() };
        let request = self.client.token_for(&player, &call)?;
        self.wanted.insert(request, (id, Wanted::StoreLink));
        Ok(())
    }

    /// Everything that was asked for this player is cancelled; its completions come all the same.
    fn player_leaves(&self, id: u64) {
        self.client.cancel_all(id);
    }

    /// Once a tick.
    fn tick(&mut self) {
        let wanted = &mut self.wanted;
        let collected = self.client.poll(0, Duration::from_micros(500), |completion| {
            if let Some((player, wanted)) = wanted.remove(&completion.id()) {
                finished(player, &wanted, completion);
            }
        });
        if let Err(error) = collected {
            println!("[paynow] {error}");
        }
        self.client.deliver_log(|line| println!("[paynow] {:?}: {}", line.level, line.text));
    }

    /// Before the server stops: nothing is accepted any more, and every request that is still out completes.
    fn close(mut self) {
        self.client.shutdown();
        while !self.wanted.is_empty() {
            self.tick();
        }
    }
}

fn finished(player: u64, wanted: &Wanted, completion: &Completion<'_>) {
    match (wanted, completion.answer()) {
        (Wanted::WarmUp, Answer::Customer(customer)) => {
            println!("player {player} is customer {}", customer.id)
        }
        (Wanted::WarmUp, Answer::Absent) => println!("player {player} is new to the store"),
        // The token stands for the player: it goes into the link, and never into a log.
        (Wanted::StoreLink, Answer::TokenFor(customer, _token)) => {
            println!("player {player}: a store link for customer {}", customer.id);
        }
        _ if completion.status() == Status::Cancelled => println!("player {player} left first"),
        // A player learns that it did not work, the owner why.
        _ => println!(
            "player {player}: the store cannot be reached ({})",
            completion.message().unwrap_or_default()
        ),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut store = Store::open()?;
    store.player_joins(1, "Notch")?;
    store.player_joins(2, "Herobrine")?;
    while !store.wanted.is_empty() {
        store.tick();
        thread::sleep(Duration::from_millis(50));
    }
    store.store_command(1, "Notch")?;
    while !store.wanted.is_empty() {
        store.tick();
        thread::sleep(Duration::from_millis(50));
    }
    store.store_command(2, "Herobrine")?;
    store.player_leaves(2);
    store.close();
    Ok(())
}

//! Which customer is meant, for the commands that are about one.

use paynow_bridge::{Customer, LookupKey};

use crate::exit::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::view::{CustomerView, customer_rows};

/// One of the seven keys.
#[derive(Debug, clap::Args)]
#[group(id = "which", required = true, multiple = false)]
pub struct Key {
    /// PayNow's id of the customer
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// SteamID64
    #[arg(long, value_name = "ID")]
    steam_id: Option<String>,
    /// Minecraft UUID, with or without dashes
    #[arg(long, value_name = "UUID")]
    uuid: Option<String>,
    /// Xbox XUID, of a Bedrock player
    #[arg(long, value_name = "XUID")]
    xuid: Option<String>,
    /// Name of a Java or offline-mode player
    #[arg(long, value_name = "NAME")]
    java_name: Option<String>,
    /// Gamertag of a Bedrock player, without the server's prefix
    #[arg(long, value_name = "NAME")]
    bedrock_name: Option<String>,
    /// Name set on the customer itself
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Key {
    pub fn lookup_key(&self) -> Result<LookupKey<'_>, Failure> {
        let keys = [
            self.id.as_deref().map(LookupKey::Id),
            self.steam_id.as_deref().map(LookupKey::SteamId),
            self.uuid.as_deref().map(LookupKey::MinecraftUuid),
            self.xuid.as_deref().map(LookupKey::XboxXuid),
            self.java_name.as_deref().map(LookupKey::MinecraftJavaName),
            self.bedrock_name.as_deref().map(LookupKey::MinecraftBedrockName),
            self.name.as_deref().map(LookupKey::Name),
        ];
        keys.into_iter().flatten().next().ok_or_else(|| Failure::usage("no customer is named"))
    }

    /// The customer, by whatever key.
    pub fn find(&self, session: &Session) -> Result<Customer, Failure> {
        let found = match self.lookup_key()? {
            LookupKey::Id(id) => session.get(id)?,
            key => session.lookup(key)?,
        };
        found.ok_or_else(absent)
    }

    /// The customer's id: without asking, where it was given.
    pub fn find_id(&self, session: &Session) -> Result<String, Failure> {
        match &self.id {
            Some(id) => Ok(id.clone()),
            None => Ok(self.find(session)?.id.to_string()),
        }
    }
}

pub fn absent() -> Failure {
    Failure::Absent("There is no such customer in this store.".to_owned())
}

/// Prints one customer.
pub fn print(output: Output, customer: &Customer) -> Result<(), Failure> {
    if output.is_json() {
        output.json(&CustomerView::new(customer))
    } else {
        output.fields(&customer_rows(customer))
    }
}

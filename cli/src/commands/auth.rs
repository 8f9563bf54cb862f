//! `pnb auth`: a token for the owner of a platform account.

use paynow_bridge::{Authentication, AuthenticationPlatform};

use super::Context;
use super::reveal::Reveal;
use crate::exit::Failure;

/// Authenticate the owner of a platform account, who becomes a customer
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  pnb auth minecraft-java-name Notch --ip 203.0.113.7 --country DE --reveal

Needs no API key. Whether a Steam id alone is enough is a setting of the store.")]
pub struct Args {
    /// Where the account is
    #[arg(value_enum, value_name = "PLATFORM")]
    platform: Platform,
    /// Which account: what the platform calls it
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// The player's IPv4 or IPv6 address
    #[arg(long, value_name = "ADDRESS")]
    ip: String,
    /// The player's country, two capital letters
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    #[command(flatten)]
    reveal: Reveal,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Platform {
    Steam,
    Minecraft,
    PaynowName,
    Paynow,
    MinecraftJavaName,
    MinecraftBedrockName,
    XboxXuid,
    MinecraftUuid,
}

impl From<Platform> for AuthenticationPlatform {
    fn from(platform: Platform) -> Self {
        match platform {
            Platform::Steam => Self::Steam,
            Platform::Minecraft => Self::Minecraft,
            Platform::PaynowName => Self::PaynowName,
            Platform::Paynow => Self::Paynow,
            Platform::MinecraftJavaName => Self::MinecraftJavaName,
            Platform::MinecraftBedrockName => Self::MinecraftBedrockName,
            Platform::XboxXuid => Self::XboxXuid,
            Platform::MinecraftUuid => Self::MinecraftUuid,
        }
    }
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    args.reveal.check()?;
    let session = context.session()?;
    let authentication = Authentication {
        platform: args.platform.into(),
        id: &args.account,
        customer_ip: &args.ip,
        customer_countrycode: args.country.as_deref(),
    };
    let token = session.change(
        |client, call| client.authenticate_customer(&authentication, call),
        |done| done.token().cloned(),
    )?;
    let token = token.ok_or_else(|| Failure::Machine("PayNow answered without a token".to_owned()))?;
    args.reveal.hand_over(context, None, &token)
}

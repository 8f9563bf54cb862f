//! `pnb profiles`: settings under a name.

use serde::Serialize;

use super::Context;
use crate::exit::Failure;
use crate::settings::{NetworkFlags, Profile, Profiles, absolute, is_variable_name, profiles_path};

/// Keep settings under names
///
/// The file holds no key, only where the key is. It is for you alone (mode 0600).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb profiles add main --store-id 411486491630370816 --api-key-file ~/.paynow-key --default
  pnb profiles add test --store-id 411486491630370816 --api-key-env TEST_KEY --api-base http://127.0.0.1:8787
  pnb --profile test doctor")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show the names
    List,
    /// Keep the flags of this command under a name
    Add {
        /// Letters, digits, dots, hyphens, underscores
        #[arg(value_name = "NAME", value_parser = name)]
        name: String,
        /// Use it when no other profile is named
        #[arg(long)]
        default: bool,
        /// Change a profile that is there
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        network: Box<NetworkFlags>,
    },
    /// Forget a profile; the key is left where it is
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show what a profile says
    Show {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    default: bool,
    #[serde(flatten)]
    profile: &'a Profile,
}

fn name(text: &str) -> Result<String, &'static str> {
    let is_name = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, dots, hyphens or underscores")
    }
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let output = context.output;
    let mut profiles = Profiles::read()?;
    match args.what {
        What::List => {
            let is_default = |name: &String| profiles.default.as_ref() == Some(name);
            if output.is_json() {
                let all: Vec<_> = profiles
                    .profiles
                    .iter()
                    .map(|(name, profile)| Listed { name, default: is_default(name), profile })
                    .collect();
                return output.json(&all);
            }
            let rows: Vec<_> = profiles
                .profiles
                .iter()
                .map(|(name, profile)| {
                    vec![
                        name.clone(),
                        if is_default(name) { "default" } else { "" }.to_owned(),
                        profile.store_id.clone().unwrap_or_default(),
                        key_of(profile),
                        profile.api_base.clone().unwrap_or_default(),
                    ]
                })
                .collect();
            let empty = "There are no profiles; `pnb profiles add` makes one.";
            output.table(&["name", "", "store", "key", "API"], &rows, empty)
        }
        What::Add { name, default, replace, network } => {
            if profiles.profiles.contains_key(&name) && !replace {
                return Err(Failure::Usage(format!(
                    "there is a profile {name} already; --replace changes it"
                )));
            }
            profiles.profiles.insert(name.clone(), from_flags(context, &network)?);
            if default {
                profiles.default = Some(name.clone());
            }
            let path = profiles.write()?;
            shown(&name, &profiles, context, &format!("Profile {name} is in {}.", path.display()))
        }
        What::Remove { name } => {
            if profiles.profiles.remove(&name).is_none() {
                return Err(no_such(&name));
            }
            profiles.default = profiles.default.filter(|default| *default != name);
            profiles.write()?;
            if output.is_json() {
                return output.json(&serde_json::json!({ "name": name, "removed": true }));
            }
            output.line(&format!("Profile {name} is forgotten."))
        }
        What::Show { name } => {
            if !profiles.profiles.contains_key(&name) {
                return Err(no_such(&name));
            }
            let text = serde_json::to_string_pretty(&profiles.profiles[&name]).unwrap_or_default();
            shown(&name, &profiles, context, &format!("{text}\nin {}", profiles_path()?.display()))
        }
    }
}

fn no_such(name: &str) -> Failure {
    Failure::Usage(format!("there is no profile {name}; `pnb profiles list` shows them"))
}

fn shown(name: &str, profiles: &Profiles, context: &Context, text: &str) -> Result<(), Failure> {
    if context.output.is_json() {
        let profile = &profiles.profiles[name];
        return context.output.json(&Listed {
            name,
            default: profiles.default.as_deref() == Some(name),
            profile,
        });
    }
    context.output.line(text)
}

fn key_of(profile: &Profile) -> String {
    match (&profile.api_key_file, &profile.api_key_env) {
        (Some(path), _) => format!("file {}", path.display()),
        (None, Some(name)) => format!("variable {name}"),
        (None, None) => String::new(),
    }
}

/// What is kept: the flags, not the environment.
fn from_flags(context: &Context, network: &NetworkFlags) -> Result<Profile, Failure> {
    let flags = &context.flags;
    if flags.api_key_stdin {
        return Err(Failure::usage(
            "a profile does not hold the key itself: put it into a file (chmod 600) and name that with --api-key-file",
        ));
    }
    if flags.deadline.is_some() || flags.profile.is_some() {
        return Err(Failure::usage("--deadline and --profile are not kept in a profile"));
    }
    let profile = Profile {
        store_id: flags.store_id.clone(),
        api_key_file: flags.api_key_file.as_deref().map(absolute).transpose()?,
        api_key_env: flags.api_key_env.clone(),
        api_base: flags.api_base.clone(),
        proxy: flags.proxy.clone(),
        ca_file: flags.ca_file.as_deref().map(absolute).transpose()?,
        network: network.given()?,
    };
    if profile.proxy.as_deref().is_some_and(|proxy| proxy.contains('@')) {
        return Err(Failure::usage(
            "a profile does not hold a proxy's password: set PAYNOW_PROXY or HTTPS_PROXY",
        ));
    }
    if profile.api_key_env.as_deref().is_some_and(|name| !is_variable_name(name)) {
        return Err(Failure::usage(
            "--api-key-env: must be the name of a variable, in capitals; if you typed the key itself, make a new one",
        ));
    }
    if profile == Profile::default() {
        return Err(Failure::usage("there is nothing to keep: give --store-id, --api-key-file or others"));
    }
    Ok(profile)
}

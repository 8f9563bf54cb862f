//! The profile file: settings by name, with keys and passwords by reference only.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use paynow_bridge::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::variable;
use crate::exit::Failure;

/// Longest profile file that is read.
const LONGEST: u64 = 1024 * 1024;

/// Settings that are kept under a name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkProfile>,
}

/// The Redis or Valkey that the servers of the store share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkProfile {
    pub addresses: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentinel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The same as flags, of the commands that look at it or keep it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Network of servers")]
pub struct NetworkFlags {
    /// Where its Redis or Valkey is: host:port, or several with commas between [env: PAYNOW_NETWORK_ADDRESSES]
    #[arg(long, value_name = "ADDRESSES", hide_short_help = true)]
    network_addresses: Option<String>,
    /// Encrypt the connection
    #[arg(long, requires = "network_addresses", hide_short_help = true)]
    network_tls: bool,
    /// Trust the authorities in this PEM file too
    #[arg(long, value_name = "FILE", requires = "network_addresses", hide_short_help = true)]
    network_ca_file: Option<PathBuf>,
    /// The name in its certificate
    #[arg(long, value_name = "NAME", requires = "network_addresses", hide_short_help = true)]
    network_server_name: Option<String>,
    /// The user to log in as
    #[arg(long, value_name = "NAME", requires = "network_addresses", hide_short_help = true)]
    network_user: Option<String>,
    /// Read its password from this file
    #[arg(long, value_name = "FILE", requires = "network_addresses", hide_short_help = true)]
    network_password_file: Option<PathBuf>,
    /// Read its password from this environment variable
    #[arg(long, value_name = "VARIABLE", requires = "network_addresses", hide_short_help = true)]
    network_password_env: Option<String>,
    /// The number of the database
    #[arg(long, value_name = "N", requires = "network_addresses", hide_short_help = true)]
    network_database: Option<u32>,
    /// The name by which Sentinels, which the addresses are then, know the master
    #[arg(long, value_name = "NAME", requires = "network_addresses", hide_short_help = true)]
    network_sentinel: Option<String>,
    /// Tells networks apart that share a store and a Redis
    #[arg(long, value_name = "ID", requires = "network_addresses", hide_short_help = true)]
    network_id: Option<String>,
}

impl NetworkFlags {
    /// What was given, if anything was. Files are named whole, so that the folder does not matter later.
    pub fn given(&self) -> Result<Option<NetworkProfile>, Failure> {
        let Some(addresses) = self.network_addresses.clone() else { return Ok(None) };
        // What could be the password itself is not kept, and not shown.
        if self.network_password_env.as_deref().is_some_and(|name| !super::is_variable_name(name)) {
            return Err(Failure::usage(
                "--network-password-env: must be the name of a variable, in capitals",
            ));
        }
        let whole = |path: &Option<PathBuf>| path.as_deref().map(absolute).transpose();
        Ok(Some(NetworkProfile {
            addresses,
            tls: self.network_tls.then_some(true),
            ca_file: whole(&self.network_ca_file)?,
            server_name: self.network_server_name.clone(),
            user: self.network_user.clone(),
            password_file: whole(&self.network_password_file)?,
            password_env: self.network_password_env.clone(),
            database: self.network_database,
            sentinel: self.network_sentinel.clone(),
            id: self.network_id.clone(),
        }))
    }
}

/// A path that is right in every folder.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::file(path, &error))
}

/// All profiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// The one that is used when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// Where the file is: in the folder for settings of this system's kind.
pub fn path() -> Result<PathBuf, Failure> {
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::usage("there is no home folder to keep profiles in; set XDG_CONFIG_HOME or APPDATA")
    })?;
    Ok(base.config_dir().join("pnb").join("profiles.json"))
}

impl Profiles {
    /// Those that are kept; none where there is no file.
    pub fn read() -> Result<Self, Failure> {
        // Without a home there are no profiles, and nothing else needs one.
        let Ok(path) = path() else { return Ok(Self::default()) };
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file(&path, &error)),
        };
        let refuse = |problem: &str| Failure::Usage(format!("{}: {problem}", path.display()));
        let about = file.metadata().map_err(|error| Failure::file(&path, &error))?;
        if !is_ours_alone(&about) {
            return Err(refuse(
                "can be read or changed by other users, who could send your key elsewhere; run `chmod 600` on it",
            ));
        }
        if about.len() > LONGEST {
            return Err(refuse("is larger than 1 MiB"));
        }
        let text = io::read_to_string(file).map_err(|error| Failure::file(&path, &error))?;
        // The message names a place in the file, and may quote what stands there: a key in the wrong place, say.
        serde_json::from_str(&text).map_err(|error| {
            refuse(&format!("is not a profile file: line {}, column {}", error.line(), error.column()))
        })
    }

    /// Writes them, so that there is always a whole file that only its owner can read.
    pub fn write(&self) -> Result<PathBuf, Failure> {
        let path = path()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        write_private(&path, text.as_bytes()).map_err(|error| Failure::file(&path, &error))?;
        Ok(path)
    }

    /// The profile with this name, or the default one.
    pub fn chosen(mut self, name: Option<&str>) -> Result<Option<(String, Profile)>, Failure> {
        let Some(name) = name.map(str::to_owned).or(self.default.take()) else { return Ok(None) };
        match self.profiles.remove(&name) {
            Some(profile) => Ok(Some((name, profile))),
            None => {
                Err(Failure::Usage(format!("there is no profile {name}; `pnb profiles list` shows them")))
            }
        }
    }
}

/// Writes a file that only its owner can read: beside its place, and then moved there.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = create_private(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file that only its owner can read.
pub fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn is_ours_alone(about: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 == 0
}

/// On Windows the folder of a user's settings is closed to other users.
#[cfg(not(unix))]
fn is_ours_alone(_about: &fs::Metadata) -> bool {
    true
}

impl NetworkProfile {
    /// The one the environment names.
    pub(super) fn from_environment() -> Result<Option<Self>, Failure> {
        let Some(addresses) = variable("PAYNOW_NETWORK_ADDRESSES")? else { return Ok(None) };
        let tls = match variable("PAYNOW_NETWORK_TLS")?.as_deref() {
            None => None,
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            Some(_) => return Err(Failure::usage("PAYNOW_NETWORK_TLS: must be true or false")),
        };
        let database = variable("PAYNOW_NETWORK_DATABASE")?
            .map(|text| text.parse().map_err(|_| Failure::usage("PAYNOW_NETWORK_DATABASE: must be a number")))
            .transpose()?;
        let password = "PAYNOW_NETWORK_PASSWORD";
        Ok(Some(Self {
            addresses,
            tls,
            ca_file: variable("PAYNOW_NETWORK_CA_FILE")?.map(PathBuf::from),
            server_name: variable("PAYNOW_NETWORK_SERVER_NAME")?,
            user: variable("PAYNOW_NETWORK_USER")?,
            password_file: variable("PAYNOW_NETWORK_PASSWORD_FILE")?.map(PathBuf::from),
            password_env: super::is_set(password).then(|| password.to_owned()),
            database,
            sentinel: variable("PAYNOW_NETWORK_SENTINEL")?,
            id: variable("PAYNOW_NETWORK_ID")?,
        }))
    }

    pub(super) fn config(&self) -> NetworkConfig {
        let mut config = NetworkConfig::new(&self.addresses);
        if let Some(tls) = self.tls {
            config = config.tls(tls);
        }
        if let Some(file) = &self.ca_file {
            config = config.ca_file(file);
        }
        if let Some(name) = &self.server_name {
            config = config.server_name(name);
        }
        if let Some(user) = &self.user {
            config = config.user(user);
        }
        if let Some(file) = &self.password_file {
            config = config.password_file(file);
        }
        if let Some(variable) = &self.password_env {
            config = config.password_env(variable);
        }
        if let Some(database) = self.database {
            config = config.database(database);
        }
        if let Some(name) = &self.sentinel {
            config = config.sentinel(name);
        }
        if let Some(id) = &self.id {
            config = config.network_id(id);
        }
        config
    }
}

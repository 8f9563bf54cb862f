//! Reading the small files a client is configured with.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::local;
use super::whole::read_whole;

/// The bytes of a regular file, without a byte order mark. Never waits, whatever the path names: a pipe, a device and
/// a directory are refused. `check` may refuse the file for what is known about it.
pub(crate) fn read_small_file(
    path: &Path,
    longest: u64,
    check: impl FnOnce(&Metadata) -> Result<(), &'static str>,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    // Links are followed: what they lead to is what is examined, and read.
    let file = open(path).map_err(|error| why(&error, "cannot be opened"))?;
    let metadata = file.metadata().map_err(|error| why(&error, "cannot be examined"))?;
    if !metadata.is_file() {
        return Err("is not a regular file");
    }
    check(&metadata)?;
    // A byte more than allowed, to notice a file that has grown meanwhile.
    let expected = usize::try_from(metadata.len().min(longest)).unwrap_or(usize::MAX);
    let mut bytes =
        read_whole(file.take(longest + 1), expected).map_err(|error| why(&error, "cannot be read"))?;
    if bytes.len() as u64 > longest {
        return Err("is too long");
    }
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

/// What is wrong, without the path: this machine's lack, or the file's fault.
fn why(error: &io::Error, otherwise: &'static str) -> &'static str {
    match (local::lack(error), error.kind()) {
        (Some(lack), _) => lack.explanation(),
        (None, io::ErrorKind::NotFound) => "does not exist",
        (None, io::ErrorKind::PermissionDenied) => "cannot be read by the user this program runs as",
        _ => otherwise,
    }
}

/// Who can write a file of certificates can put one in that lets them stand between this machine and the API.
#[cfg(unix)]
pub(super) fn only_some_can_write(metadata: &Metadata) -> Result<(), &'static str> {
    use std::os::unix::fs::MetadataExt;

    if metadata.mode() & 0o002 != 0 {
        return Err("can be written by every user: take that away (chmod o-w)");
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn only_some_can_write(_: &Metadata) -> Result<(), &'static str> {
    Ok(())
}

/// Any user who can read a credential can use it, and any who can write its file can exchange it.
#[cfg(unix)]
pub(crate) fn belongs_to_us_alone(metadata: &std::fs::Metadata) -> Result<(), &'static str> {
    use std::os::unix::fs::MetadataExt;

    check_owner(metadata.uid(), rustix::process::geteuid().as_raw())?;
    if metadata.mode() & 0o077 != 0 {
        return Err("can be read by other users: make it readable by its owner alone (chmod 600)");
    }
    Ok(())
}

#[cfg(unix)]
fn check_owner(owner: u32, us: u32) -> Result<(), &'static str> {
    if owner == us || owner == 0 {
        return Ok(());
    }
    Err("belongs to another user: make the user this program runs as its owner (chown)")
}

#[cfg(not(unix))]
pub(crate) fn belongs_to_us_alone(_: &std::fs::Metadata) -> Result<(), &'static str> {
    Ok(())
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC)
        .open(path)?;
    if file.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(file);
    }
    // The host closed its standard streams: what it still reads from them is not this file.
    Ok(rustix::io::fcntl_dupfd_cloexec(&file, libc::STDERR_FILENO + 1)?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::check_owner;

    #[test]
    fn a_file_is_ours_or_the_systems() {
        assert!(check_owner(0, 1000).is_ok() && check_owner(1000, 1000).is_ok());
        assert!(check_owner(1001, 1000).unwrap_err().contains("chown"));
    }
}

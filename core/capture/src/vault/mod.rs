//! The vault: a folder of sealed photos, one file each, written so that a file that is there is whole.
//!
//! Knows files only; which of them should exist, the database says. Each sync in here is there because without it a
//! power cut could take a photo that was called saved: `tests/power_loss.rs` leaves them out one by one. What opening
//! the store repeats anyway (setting aside, deleting what the server has) is not synced.

mod file;
mod header;
mod vfs;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_protocol::{CaptureId, Sha256Digest};

use crate::error::{CaptureError, QuotaLimit};

pub(crate) use file::{Found, SealedWriter};
pub(crate) use header::{HEADER_LENGTH, VaultHeader};
pub use vfs::{RealDisk, Vfs};

const DATABASE: &str = "queue.sqlite";
const LOCK: &str = "capture.lock";
/// See [`crate::senders`].
const SENDERS: &str = "senders";
const VAULT: &str = "vault";
const UNFINISHED: &str = "tmp";
const QUARANTINE: &str = "quarantine";
const EXTENSION: &str = "sealed";

/// The folder of a store, and what is in it.
pub(crate) struct Vault {
    folder: PathBuf,
    vfs: Arc<dyn Vfs>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes the folder and its parts where they are absent, durably.
    pub(crate) fn open(folder: &Path, vfs: Arc<dyn Vfs>) -> Result<Self, CaptureError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| folder_error(&path, source)
        };
        let mut named_in = Vec::new();
        make_folder(&*vfs, folder, &mut named_in).map_err(failed(folder))?;
        let made_above = named_in.len();
        for part in [VAULT, UNFINISHED, QUARANTINE] {
            let path = folder.join(part);
            make_folder(&*vfs, &path, &mut named_in).map_err(failed(&path))?;
        }
        // Also where nothing was made now: an opening that was killed may not have come to this.
        vfs.sync_folder(folder).map_err(failed(folder))?;
        for parent in &named_in[..made_above] {
            vfs.sync_folder(parent).map_err(failed(parent))?;
        }
        if made_above == 0 {
            let parent = parent_of(folder);
            match vfs.sync_folder(&parent) {
                // A folder that was given to us in one that we may not read.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                result => result.map_err(failed(&parent))?,
            }
        }
        Ok(Self { folder: folder.to_owned(), vfs })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// Opens the file whose lock is the folder's lock.
    pub(crate) fn lock_file(&self) -> Result<File, CaptureError> {
        let path = self.folder.join(LOCK);
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        open.map_err(|source| folder_error(&path, source))
    }

    /// The folder that tells who is sending.
    pub(crate) fn senders(&self) -> PathBuf {
        self.folder.join(SENDERS)
    }

    /// Where the file of a capture is.
    pub(crate) fn path(&self, capture: CaptureId) -> PathBuf {
        self.folder.join(VAULT).join(format!("{capture}.{EXTENSION}"))
    }

    /// The capture whose file has this name.
    pub(crate) fn capture_at(path: &Path) -> Option<CaptureId> {
        file::named_after(path, EXTENSION)
    }

    /// Writes a file of the vault: into `tmp/`, synced, renamed, the folder synced. `seal` writes the sealed bytes and
    /// returns the header that describes them. When anything fails, nothing of it remains.
    pub(crate) fn write(
        &self,
        capture: CaptureId,
        seal: impl FnOnce(&mut SealedWriter<'_>) -> Result<VaultHeader, CaptureError>,
    ) -> Result<VaultHeader, CaptureError> {
        let unfinished = self.folder.join(UNFINISHED).join(capture.to_string());
        let result = file::write_whole(&*self.vfs, &unfinished, seal).and_then(|header| {
            let path = self.path(capture);
            self.vfs.rename(&unfinished, &path).map_err(write_error)?;
            self.vfs.sync_folder(&self.folder.join(VAULT)).map_err(write_error).inspect_err(|_| {
                // Not known to be durable, so not saved. Should it stay after all, the next opening adopts it.
                let _ = self.vfs.remove(&path);
            })?;
            Ok(header)
        });
        if result.is_err() {
            // Best effort: what remains in tmp/ is removed by the next opening.
            let _ = self.vfs.remove(&unfinished);
        }
        result
    }

    /// Deletes the file of a capture; absent is fine. After a power cut it may be back, and the next opening deletes it
    /// again.
    pub(crate) fn remove(&self, capture: CaptureId) -> Result<(), CaptureError> {
        let path = self.path(capture);
        match self.vfs.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(folder_error(&path, error)),
            _ => Ok(()),
        }
    }

    /// Makes a file of the vault durable that was not written by [`Self::write`] as a whole.
    pub(crate) fn make_durable(&self, path: &Path) -> io::Result<()> {
        self.vfs.sync(&self.vfs.open(path)?, path)
    }

    /// Makes the names of the vault's files durable.
    pub(crate) fn sync_names(&self) -> Result<(), CaptureError> {
        let path = self.folder.join(VAULT);
        self.vfs.sync_folder(&path).map_err(|source| folder_error(&path, source))
    }

    /// Every file of the vault, in the order of their names. What operating systems hide in folders is passed over.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, CaptureError> {
        self.list(VAULT)
    }

    /// What was never finished. Only under the folder's lock nobody writes it.
    pub(crate) fn unfinished(&self) -> Result<Vec<PathBuf>, CaptureError> {
        self.list(UNFINISHED)
    }

    /// Removes what was never finished.
    pub(crate) fn remove_unfinished(&self, path: &Path) -> io::Result<()> {
        self.vfs.remove(path)
    }

    /// Moves a file or folder of the vault to `quarantine/`, and says where it is then.
    pub(crate) fn quarantine(&self, path: &Path) -> Result<PathBuf, CaptureError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let to = free_name(&self.folder.join(QUARANTINE), |n| match n {
            0 => name.clone(),
            n => format!("{name}.{n}"),
        });
        self.rename(path, &to)?;
        Ok(to)
    }

    /// Deletes the files that were set aside. What somebody put there as a folder is theirs.
    pub(crate) fn empty_quarantine(&self) -> Result<(), CaptureError> {
        for path in self.list(QUARANTINE)? {
            if self.vfs.file_length(&path).map_err(|source| folder_error(&path, source))?.is_some() {
                self.vfs.remove(&path).map_err(|source| folder_error(&path, source))?;
            }
        }
        Ok(())
    }

    /// Gives a file of the vault the name that its header wants.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), CaptureError> {
        self.vfs.rename(from, to).map_err(|source| folder_error(from, source))
    }

    /// Reads a file's header, and checks its length against it.
    pub(crate) fn inspect(&self, path: &Path) -> io::Result<Found> {
        file::inspect(&*self.vfs, path)
    }

    /// Opens a file of the vault where its sealed bytes begin.
    pub(crate) fn open_sealed(&self, path: &Path) -> io::Result<File> {
        file::open_sealed(&*self.vfs, path)
    }

    /// Whether the sealed bytes of a file are those of the digest.
    pub(crate) fn has_digest(&self, path: &Path, length: u64, sha256: Sha256Digest) -> io::Result<bool> {
        file::has_digest(&*self.vfs, path, length, sha256)
    }

    /// Moves a damaged database aside, with its journal, and says where it is then.
    pub(crate) fn set_database_aside(&self) -> Result<PathBuf, CaptureError> {
        let to = free_name(&self.folder, |n| format!("{DATABASE}.corrupt-{}", n + 1));
        for suffix in ["-wal", "-shm", ""] {
            let with = |path: &Path| {
                let mut path = path.as_os_str().to_owned();
                path.push(suffix);
                PathBuf::from(path)
            };
            let from = with(&self.database());
            match fs::rename(&from, with(&to)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(folder_error(&from, error));
                }
                _ => {}
            }
        }
        // An old journal that came back beside a new database would be replayed into it.
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| folder_error(&self.folder, source))?;
        Ok(to)
    }

    /// Whether the vault has room for `more` bytes of one more capture, when it has `used` bytes of `captures`.
    pub(crate) fn check_disk_share(&self, used: u64, more: u64, percent: u8) -> Result<(), CaptureError> {
        let free = self.vfs.free_bytes(&self.folder).map_err(|source| folder_error(&self.folder, source))?;
        let limit = (u128::from(used) + u128::from(free)) * u128::from(percent) / 100;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        if used + more > limit {
            return Err(CaptureError::Quota(QuotaLimit::DiskShare { used: used + more, limit }));
        }
        Ok(())
    }

    fn list(&self, part: &str) -> Result<Vec<PathBuf>, CaptureError> {
        let folder = self.folder.join(part);
        let mut names = self.vfs.list(&folder).map_err(|source| folder_error(&folder, source))?;
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.sort();
        Ok(names.into_iter().map(|name| folder.join(name)).collect())
    }
}

/// Makes a folder and those above it that are absent, and notes in which folders a new name stands.
fn make_folder(vfs: &dyn Vfs, path: &Path, named_in: &mut Vec<PathBuf>) -> io::Result<()> {
    match vfs.create_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.parent().is_some() => {
            make_folder(vfs, &parent_of(path), named_in)?;
            vfs.create_folder(path)?;
        }
        result => result?,
    }
    named_in.push(parent_of(path));
    Ok(())
}

/// The folder that a name stands in.
fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        // A relative path of one part, or the root.
        _ => PathBuf::from(if path.is_absolute() { "/" } else { "." }),
    }
}

/// The first name that nothing has.
pub(crate) fn free_name(folder: &Path, name: impl Fn(u32) -> String) -> PathBuf {
    let mut n = 0;
    loop {
        let path = folder.join(name(n));
        if fs::symlink_metadata(&path).is_err() {
            return path;
        }
        n += 1;
    }
}

pub(crate) fn folder_error(path: &Path, source: io::Error) -> CaptureError {
    CaptureError::Folder { path: path.to_owned(), source }
}

/// Tells a full disk from every other reason why a photo could not be written.
pub(crate) fn write_error(error: io::Error) -> CaptureError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            CaptureError::DiskFull(error)
        }
        _ => CaptureError::Write(error),
    }
}

//! The vault: a folder of sealed photos, one file each, written so that a file that is there is whole.
//!
//! Knows files only; which of them should exist, the database says.

mod header;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clearshot_protocol::{CaptureId, DigestWriter, Sha256Digest};

use crate::error::{CaptureError, QuotaLimit};

pub(crate) use header::{HEADER_LENGTH, HeaderError, VaultHeader};

const DATABASE: &str = "queue.sqlite";
const LOCK: &str = "capture.lock";
/// See [`crate::senders`].
const SENDERS_LOCK: &str = "senders.lock";
const VAULT: &str = "vault";
const UNFINISHED: &str = "tmp";
const QUARANTINE: &str = "quarantine";
const EXTENSION: &str = "sealed";

/// Bytes gathered before they are written: one chunk of the age format and its tag fit.
const WRITE_BUFFER: usize = 128 * 1024;

/// The folder of a store, and what is in it.
#[derive(Debug)]
pub(crate) struct Vault {
    folder: PathBuf,
}

/// What a file of the vault turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// A header, and as many bytes behind it as it says.
    Whole(VaultHeader),
    /// Written by a later version.
    Newer,
    /// Anything else.
    Damaged,
}

impl Vault {
    /// Makes the folder and its parts where they are absent.
    pub(crate) fn open(folder: &Path) -> Result<Self, CaptureError> {
        let vault = Self { folder: folder.to_owned() };
        for part in [VAULT, UNFINISHED, QUARANTINE] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|source| folder_error(&path, source))?;
        }
        sync_folder(folder).map_err(|source| folder_error(folder, source))?;
        Ok(vault)
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
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        open.map_err(|source| folder_error(&path, source))
    }

    /// The file that tells who is sending.
    pub(crate) fn senders_lock(&self) -> PathBuf {
        self.folder.join(SENDERS_LOCK)
    }

    /// Where the file of a capture is.
    pub(crate) fn path(&self, capture: CaptureId) -> PathBuf {
        self.folder.join(VAULT).join(format!("{capture}.{EXTENSION}"))
    }

    /// Writes a file of the vault: into `tmp/`, synced, renamed, the folder synced. `seal` writes the sealed bytes and
    /// returns the header that describes them. When anything fails, nothing of it remains.
    pub(crate) fn write(
        &self,
        capture: CaptureId,
        seal: impl FnOnce(&mut BufWriter<&File>) -> Result<VaultHeader, CaptureError>,
    ) -> Result<VaultHeader, CaptureError> {
        let unfinished = self.folder.join(UNFINISHED).join(capture.to_string());
        let result = write_whole(&unfinished, seal).and_then(|header| {
            let path = self.path(capture);
            fs::rename(&unfinished, &path).map_err(write_error)?;
            sync_folder(&self.folder.join(VAULT)).map_err(write_error).inspect_err(|_| {
                // Not known to be durable, so not saved. Should it stay after all, the next opening adopts it.
                let _ = fs::remove_file(&path);
            })?;
            Ok(header)
        });
        if result.is_err() {
            // Best effort: what remains in tmp/ is removed by the next opening.
            let _ = fs::remove_file(&unfinished);
        }
        result
    }

    /// Deletes the file of a capture; absent is fine.
    pub(crate) fn remove(&self, capture: CaptureId) -> Result<(), CaptureError> {
        let path = self.path(capture);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(folder_error(&path, error)),
            _ => sync_folder(&self.folder.join(VAULT)).map_err(|source| folder_error(&path, source)),
        }
    }

    /// Every file of the vault, in the order of their names. What operating systems hide in folders is passed over.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, CaptureError> {
        list(&self.folder.join(VAULT))
    }

    /// Removes what was never finished, and says how much it was. Only under the folder's lock, when nobody writes.
    pub(crate) fn remove_unfinished(&self) -> Result<u32, CaptureError> {
        let files = list(&self.folder.join(UNFINISHED))?;
        for path in &files {
            fs::remove_file(path).map_err(|source| folder_error(path, source))?;
        }
        Ok(files.len() as u32)
    }

    /// Moves a file or folder of the vault to `quarantine/`, and says where it is then.
    pub(crate) fn quarantine(&self, path: &Path) -> Result<PathBuf, CaptureError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let to = free_name(&self.folder.join(QUARANTINE), |n| match n {
            0 => name.clone(),
            n => format!("{name}.{n}"),
        });
        Self::rename(path, &to)?;
        Ok(to)
    }

    /// Gives a file of the vault the name that its header wants.
    pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), CaptureError> {
        fs::rename(from, to).map_err(|source| folder_error(from, source))?;
        for folder in [from.parent(), to.parent()].into_iter().flatten() {
            sync_folder(folder).map_err(|source| folder_error(folder, source))?;
        }
        Ok(())
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
        sync_folder(&self.folder).map_err(|source| folder_error(&self.folder, source))?;
        Ok(to)
    }

    /// Whether the vault has room for `more` bytes of one more capture, when it has `used` bytes of `captures`.
    pub(crate) fn check_disk_share(&self, used: u64, more: u64, percent: u8) -> Result<(), CaptureError> {
        let disk = rustix::fs::statvfs(&self.folder)
            .map_err(|error| folder_error(&self.folder, io::Error::from(error)))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let limit = (u128::from(used) + u128::from(free)) * u128::from(percent) / 100;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        if used + more > limit {
            return Err(CaptureError::Quota(QuotaLimit::DiskShare { used: used + more, limit }));
        }
        Ok(())
    }
}

/// Reads a file's header, and checks its length against it.
pub(crate) fn inspect(path: &Path) -> Result<Found, CaptureError> {
    let failed = |source| folder_error(path, source);
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let mut bytes = [0; HEADER_LENGTH];
    if !metadata.is_file() || metadata.len() < HEADER_LENGTH as u64 {
        return Ok(Found::Damaged);
    }
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(failed)?;
    Ok(match VaultHeader::from_bytes(&bytes) {
        Ok(header) if metadata.len() - HEADER_LENGTH as u64 == header.length => Found::Whole(header),
        Ok(_) | Err(HeaderError::Damaged) => Found::Damaged,
        Err(HeaderError::Newer) => Found::Newer,
    })
}

/// Opens a file of the vault where its sealed bytes begin.
pub(crate) fn open_sealed(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(HEADER_LENGTH as u64))?;
    Ok(file)
}

/// Whether the sealed bytes of a file are those of the digest.
pub(crate) fn has_digest(path: &Path, length: u64, sha256: Sha256Digest) -> io::Result<bool> {
    let mut hasher = DigestWriter::new(io::sink());
    io::copy(&mut open_sealed(path)?, &mut hasher)?;
    let (_, read, digest) = hasher.finish();
    Ok(read == length && digest == sha256)
}

fn write_whole(
    path: &Path,
    seal: impl FnOnce(&mut BufWriter<&File>) -> Result<VaultHeader, CaptureError>,
) -> Result<VaultHeader, CaptureError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(write_error)?;
    let mut writer = BufWriter::with_capacity(WRITE_BUFFER, &file);
    // The header holds the digest of what follows it: room first, the content when it is known.
    writer.write_all(&[0; HEADER_LENGTH]).map_err(write_error)?;
    let header = seal(&mut writer)?;
    writer.seek(SeekFrom::Start(0)).map_err(write_error)?;
    writer.write_all(&header.to_bytes()).map_err(write_error)?;
    writer.flush().map_err(write_error)?;
    drop(writer);
    // On Apple's systems the standard library does this by F_FULLFSYNC.
    file.sync_all().map_err(write_error)?;
    Ok(header)
}

/// A folder's names are durable once the folder is synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The first name that nothing has.
fn free_name(folder: &Path, name: impl Fn(u32) -> String) -> PathBuf {
    let mut n = 0;
    loop {
        let path = folder.join(name(n));
        if fs::symlink_metadata(&path).is_err() {
            return path;
        }
        n += 1;
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let failed = |source| folder_error(folder, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn folder_error(path: &Path, source: io::Error) -> CaptureError {
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

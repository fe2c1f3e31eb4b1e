//! The data folder: its layout, and the few file operations that must be durable.
//!
//! Not responsible for what the files mean: keys are [`crate::keys`], spool and evidence [`crate::uploads`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clearshot_protocol::CaptureId;

use crate::error::ServerError;

/// Only the service's own user may read the data folder.
const FOLDER_MODE: u32 = 0o700;
/// Only the service's own user may read its files.
const FILE_MODE: u32 = 0o600;

/// Where everything lies.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// Makes the folders that are absent.
    pub(crate) fn open(path: &Path) -> Result<Self, ServerError> {
        let folder = Self(path.to_owned());
        for part in [folder.0.clone(), folder.keys(), folder.spool(), folder.evidence()] {
            make_folder(&part).map_err(ServerError::disk(part))?;
        }
        for shard in 0..=u8::MAX {
            let part = folder.evidence().join(format!("{shard:02x}"));
            make_folder(&part).map_err(ServerError::disk(part))?;
        }
        sync_folder(&folder.evidence()).map_err(ServerError::disk(folder.evidence()))?;
        sync_folder(&folder.0).map_err(ServerError::disk(&folder.0))?;
        Ok(folder)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("clearshot.sqlite")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Unfinished uploads, one file each.
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// Sealed photos. 256 folders, so that a million photos are 4,000 files a folder.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.0.join("evidence")
    }

    /// The sealed photo of a capture. Sharded by the id's last byte, which is random; its first ones are the time.
    pub(crate) fn evidence_file(&self, capture: CaptureId) -> PathBuf {
        let shard = capture.as_bytes()[15];
        self.evidence().join(format!("{shard:02x}")).join(format!("{capture}.age"))
    }

    /// Holds the folder for this process until the file is dropped, whatever kills the process.
    pub(crate) fn lock(&self) -> Result<File, ServerError> {
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(ServerError::disk(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(ServerError::DataInUse(self.0.clone())),
            Err(fs::TryLockError::Error(source)) => Err(ServerError::Disk { path, source }),
        }
    }
}

/// Makes a folder that only this user may enter. One that exists already keeps its mode: it may be somebody's home.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

/// Makes the names in a folder durable: a file that was created, renamed or removed there.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes a file that may be gone already.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a file that only this user may read; an existing one is an error.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(path)
}

/// Reads the file, or makes it durably with `content` when it is absent. Of two processes that make it at the same
/// time, one wins and both read the same.
pub(crate) fn read_or_create(path: &Path, content: &[u8]) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    // What a killed process left under this name is no key.
    let _ = fs::remove_file(&draft);
    let mut file = create_private(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    // A link, not a rename: it does not replace what another process made in the meantime.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => sync_folder(folder)?,
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        assert_eq!(read_or_create(&path, b"first").unwrap(), b"first");
        assert_eq!(read_or_create(&path, b"second").unwrap(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_holder_of_the_folder_is_told_so() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let held = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(ServerError::DataInUse(_))));
        drop(held);
        folder.lock().unwrap();
    }
}

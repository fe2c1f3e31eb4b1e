//! The data folder: its layout, and the few file operations that must be durable.
//!
//! Not responsible for what the files mean: keys are [`crate::keys`], spool and evidence [`crate::uploads`]; nor for
//! asking the system: that is [`crate::vfs`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_protocol::CaptureId;

use crate::error::ServerError;
use crate::vfs::{FILE_MODE, FileReader, RealDisk, Vfs, remove_if_there};

/// Where everything lies, and the disk that it lies on.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    path: PathBuf,
    vfs: Arc<dyn Vfs>,
}

impl DataFolder {
    /// Opens the folder on the machine's disk.
    pub(crate) fn open(path: &Path) -> Result<Self, ServerError> {
        Self::open_on(Arc::new(RealDisk), path)
    }

    /// Makes the folders that are absent, and their names durable.
    pub(crate) fn open_on(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Self, ServerError> {
        let folder = Self { path: path.to_owned(), vfs };
        let mut named_in = Vec::new();
        folder.make(path, &mut named_in)?;
        let made_above = named_in.len();
        for part in [folder.keys(), folder.spool(), folder.evidence()] {
            folder.make(&part, &mut named_in)?;
        }
        for shard in 0..=u8::MAX {
            folder.make(&folder.shard(shard), &mut named_in)?;
        }
        // Also where nothing was made now: a start that was killed may not have come to this.
        for part in [folder.evidence(), folder.path.clone()].iter().chain(&named_in[..made_above]) {
            folder.vfs.sync_folder(part).map_err(ServerError::disk(part))?;
        }
        if made_above == 0 {
            let parent = parent_of(path);
            match folder.vfs.sync_folder(&parent) {
                // A folder that was given to us in one that we may not read.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                result => result.map_err(ServerError::disk(parent))?,
            }
        }
        Ok(folder)
    }

    /// The disk.
    pub(crate) fn vfs(&self) -> &Arc<dyn Vfs> {
        &self.vfs
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("clearshot.sqlite")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// Unfinished uploads, one file each.
    pub(crate) fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    /// Sealed photos. 256 folders, so that a million photos are 4,000 files a folder.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.path.join("evidence")
    }

    /// The sealed photo of a capture. Sharded by the id's last byte, which is random; its first ones are the time.
    pub(crate) fn evidence_file(&self, capture: CaptureId) -> PathBuf {
        self.shard(capture.as_bytes()[15]).join(format!("{capture}.age"))
    }

    /// Opens the sealed photo of a capture for reading.
    pub(crate) fn open_evidence(&self, capture: CaptureId) -> io::Result<FileReader> {
        FileReader::open(self.vfs.clone(), self.evidence_file(capture))
    }

    /// Holds the folder for this process until the file is dropped, whatever kills the process.
    pub(crate) fn lock(&self) -> Result<File, ServerError> {
        let path = self.path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(ServerError::disk(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(ServerError::DataInUse(self.path.clone())),
            Err(fs::TryLockError::Error(source)) => Err(ServerError::Disk { path, source }),
        }
    }

    fn shard(&self, shard: u8) -> PathBuf {
        self.evidence().join(format!("{shard:02x}"))
    }

    fn make(&self, path: &Path, named_in: &mut Vec<PathBuf>) -> Result<(), ServerError> {
        make_folder(&*self.vfs, path, named_in).map_err(ServerError::disk(path))
    }
}

/// Makes a folder that only this user may enter and those above it that are absent, and notes in which folders a new
/// name stands. One that exists already keeps its mode: it may be somebody's home.
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
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Reads the file, or makes it durably with `content` when it is absent. Of two processes that make it at the same
/// time, one wins and both read the same.
pub(crate) fn read_or_create(vfs: &Arc<dyn Vfs>, path: &Path, content: &[u8]) -> io::Result<Vec<u8>> {
    match read(vfs, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    // What a killed process left under this name is no key.
    remove_if_there(&**vfs, &draft)?;
    let file = vfs.create_new(&draft)?;
    vfs.write_at(&file, &draft, content, 0)?;
    vfs.sync(&file, &draft)?;
    // A link, not a rename: it does not replace what another process made in the meantime.
    let linked = vfs.link(&draft, path);
    vfs.remove(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => vfs.sync_folder(&parent_of(path))?,
    }
    read(vfs, path)
}

fn read(vfs: &Arc<dyn Vfs>, path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    FileReader::open(vfs.clone(), path.to_owned())?.read_to_end(&mut content)?;
    Ok(content)
}

/// Makes the database's file, which only this user may read; an existing one is an error. All else that happens to it
/// is SQLite's.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    RealDisk.create_new(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let disk: Arc<dyn Vfs> = Arc::new(RealDisk);
        assert_eq!(read_or_create(&disk, &path, b"first").unwrap(), b"first");
        assert_eq!(read_or_create(&disk, &path, b"second").unwrap(), b"first");
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

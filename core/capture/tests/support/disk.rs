//! The phone's vault on a simulated disk: each call of the vault is one of that disk's, and then the real disk's.
//!
//! Nothing of ours happens to the vault during a transaction, so each state in which the database can be found at a crash
//! between two changes is one of the two that were noted around it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_capture::{CaptureStore, RealDisk, RepairReport, Vfs};
use clearshot_protocol::{CaptureId, Sha256Digest};

use super::{Phone, at};

/// This capture with this digest is saved, or was found again.
pub type Promise = (CaptureId, Sha256Digest);

pub type Change = clearshot_simulated_disk::Change<Promise>;
pub type Crash = clearshot_simulated_disk::Crash<Promise>;
pub type Entry = clearshot_simulated_disk::Entry<Promise>;

/// The queue's folder, below the disk's root.
const QUEUE: &str = "shop/queue";

/// The disk. The queue's folder is not there in the beginning, nor the one above it.
#[derive(Debug)]
pub struct Disk(clearshot_simulated_disk::Disk<Promise>);

impl Disk {
    pub fn new() -> Arc<Self> {
        let root = tempfile::tempdir().unwrap();
        let disk = clearshot_simulated_disk::Disk::new(root, QUEUE, &["queue.sqlite", "queue.sqlite-wal"]);
        disk.stage("open");
        Arc::new(Self(disk))
    }

    pub fn folder(&self) -> PathBuf {
        self.root().join(QUEUE)
    }

    pub fn open_store(
        self: &Arc<Self>,
        phone: &Phone,
    ) -> Result<(CaptureStore, RepairReport), clearshot_capture::CaptureError> {
        let disk = Arc::clone(self);
        CaptureStore::open_on(disk, self.folder(), phone.keys.clone(), phone.config.clone(), at(0))
    }

    /// Makes a file as some other program does: without syncing it.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let file = self.create_new(path).unwrap();
        self.write_at(&file, path, bytes, 0).unwrap();
    }
}

impl Deref for Disk {
    type Target = clearshot_simulated_disk::Disk<Promise>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Vfs for Disk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.create_folder(path)?;
        RealDisk.create_folder(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.0.create_new(path)?;
        RealDisk.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.look("open", path)?;
        RealDisk.open(path)
    }

    fn read_at(&self, file: &File, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.look("read", path)?;
        RealDisk.read_at(file, path, bytes, offset)
    }

    fn write_at(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write(path, bytes, offset)?;
        RealDisk.write_at(file, path, bytes, offset)
    }

    fn sync(&self, _file: &File, path: &Path) -> io::Result<()> {
        self.0.sync(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)?;
        RealDisk.remove(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.look("list", path)?;
        RealDisk.list(path)
    }

    fn file_length(&self, path: &Path) -> io::Result<Option<u64>> {
        self.look("look at", path)?;
        RealDisk.file_length(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.look("measure", path)?;
        RealDisk.free_bytes(path)
    }
}

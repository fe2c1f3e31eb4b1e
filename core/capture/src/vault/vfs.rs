//! What the vault asks of a disk: a small trait, so that a simulated disk can stand in.
//!
//! Every call that makes or changes a file of the vault goes through it, each one a system call that may fail, and that
//! a power cut may undo until what it changed was synced. **Outside of it** are the database, whose file operations are
//! SQLite's (and moving its files aside when they are damaged), and the lock files, whose content means nothing after a
//! restart.

use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// A disk, as the vault uses it. [`RealDisk`] is the one that phones have.
pub trait Vfs: Debug + Send + Sync {
    /// Makes a folder in one that exists.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that must not exist, for writing.
    fn create_new(&self, path: &Path) -> io::Result<File>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<File>;

    /// Reads some bytes of an opened file from `offset`; 0 at its end.
    fn read_at(&self, file: &File, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all the bytes to an opened file from `offset`.
    fn write_at(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes a file's content durable. Its name is durable once its folder is.
    fn sync(&self, file: &File, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a file or folder another name, on the same disk. What had that name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Bytes of a regular file; `None` for anything else. Links are not followed.
    fn file_length(&self, path: &Path) -> io::Result<Option<u64>>;

    /// Bytes that are free for this program on the disk of a folder.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// The disk of the device: every call is the system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Vfs for RealDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn read_at(&self, file: &File, _path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match file.read_at(bytes, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_at(&self, file: &File, _path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File, _path: &Path) -> io::Result<()> {
        // On Apple's systems the standard library does this by F_FULLFSYNC.
        file.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn file_length(&self, path: &Path) -> io::Result<Option<u64>> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(metadata.is_file().then_some(metadata.len()))
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(path)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

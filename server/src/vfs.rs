//! What the server asks of a disk: a small trait, so that a simulated disk can stand in.
//!
//! Every call that makes, changes or reads a file of the spool, the evidence or the keys goes through it, each one a
//! system call that may fail, and that a power cut may undo until what it changed was synced. **Outside of it** are the
//! database, whose file operations are SQLite's, and the lock file, whose content means nothing.
//!
//! The calls wait for the disk: callers are on a blocking thread, or the server has not begun to listen.

use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, IoSlice, Read};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

/// Only the service's own user may read the data folder.
const FOLDER_MODE: u32 = 0o700;
/// Only the service's own user may read its files.
pub(crate) const FILE_MODE: u32 = 0o600;

/// The most pieces that the system takes at a time (`IOV_MAX`).
const PIECES_PER_CALL: usize = 1024;

/// A disk, as the server uses it. [`RealDisk`] is the one that servers have.
pub trait Vfs: Debug + Send + Sync {
    /// Makes a folder in one that exists.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that must not exist, for reading and writing.
    fn create_new(&self, path: &Path) -> io::Result<File>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<File>;

    /// Opens a file for reading and writing.
    fn open_to_write(&self, path: &Path) -> io::Result<File>;

    /// Reads some bytes of an opened file from `offset`; 0 at its end.
    fn read_at(&self, file: &File, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all the bytes to an opened file from `offset`.
    fn write_at(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Writes all these bytes from `offset` on, one piece behind the other.
    fn write_pieces_at(&self, file: &File, path: &Path, pieces: &[Bytes], offset: u64) -> io::Result<()> {
        let mut at = offset;
        for piece in pieces {
            self.write_at(file, path, piece, at)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Cuts an opened file off behind so many bytes.
    fn set_length(&self, file: &File, path: &Path, length: u64) -> io::Result<()>;

    /// Makes a file's content and length durable. Its name is durable once its folder is.
    fn sync(&self, file: &File, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a file a second name, on the same disk, which must be free.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name from a file, and the file away with its last one.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Bytes of a file.
    fn file_length(&self, path: &Path) -> io::Result<u64>;
}

/// The disk of the machine: every call is the system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Vfs for RealDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(FOLDER_MODE).create(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
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

    fn write_pieces_at(&self, file: &File, _path: &Path, pieces: &[Bytes], offset: u64) -> io::Result<()> {
        let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let (mut rest, mut at) = (&mut slices[..], offset);
        // Empty ones at the front would be written for ever.
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let these = &rest[..rest.len().min(PIECES_PER_CALL)];
            match rustix::io::pwritev(file, these, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn set_length(&self, file: &File, _path: &Path, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &File, _path: &Path) -> io::Result<()> {
        // `fdatasync`: the length counts as data.
        file.sync_data()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn file_length(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }
}

/// Reads a file from its beginning, one block after the other.
#[derive(Debug)]
pub(crate) struct FileReader {
    vfs: Arc<dyn Vfs>,
    file: File,
    path: PathBuf,
    at: u64,
}

impl FileReader {
    pub(crate) fn open(vfs: Arc<dyn Vfs>, path: PathBuf) -> io::Result<Self> {
        Ok(Self { file: vfs.open(&path)?, vfs, path, at: 0 })
    }
}

impl Read for FileReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.vfs.read_at(&self.file, &self.path, bytes, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Whether a file is there.
pub(crate) fn exists(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    match vfs.file_length(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|_| true),
    }
}

/// Removes a file that may be gone already. Whether it was there.
pub(crate) fn remove_if_there(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    match vfs.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|()| true),
    }
}

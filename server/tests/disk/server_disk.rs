//! The server's files on a simulated disk: each call of the server is one of that disk's, and then the real disk's.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_server::{RealDisk, Vfs};
use clearshot_simulated_disk::Trouble;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::harness::Sealed;

/// What a client was told.
#[derive(Debug, Clone)]
pub(crate) enum Promise {
    /// The upload at this place has so many of the photo's bytes.
    Offset { place: String, photo: Arc<Sealed>, offset: usize },
    /// All bytes of the photo are there, and it is evidence.
    Received(Arc<Sealed>),
    /// The client has asked for the end of the upload at this place, and was not told yet.
    MayBeGone(String),
    /// The upload at this place is over.
    Gone(String),
    /// What was said before holds no more: it is a week ago.
    Nothing,
    /// Photos are to be sealed to this key.
    Key(String),
}

pub(crate) type Change = clearshot_simulated_disk::Change<Promise>;
pub(crate) type Crash = clearshot_simulated_disk::Crash<Promise>;
pub(crate) type Entry = clearshot_simulated_disk::Entry<Promise>;

/// The data folder, below the disk's root.
pub(crate) const DATA: &str = "shop/data";

/// The disk. The data folder is not there in the beginning, nor the one above it.
#[derive(Debug)]
pub(crate) struct ServerDisk {
    disk: clearshot_simulated_disk::Disk<Promise>,
    died: watch::Sender<bool>,
    held: watch::Sender<Held>,
}

/// Whether the disk takes its time with the names of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    No,
    /// The next call that gives or takes one waits.
    Ordered,
    /// One does.
    Waiting,
}

/// In memory where there is such a place: what is synced there need not be durable.
pub(crate) fn quick_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl ServerDisk {
    pub(crate) fn new() -> Arc<Self> {
        let database = &["clearshot.sqlite", "clearshot.sqlite-wal"];
        let disk = clearshot_simulated_disk::Disk::new(quick_folder(), DATA, database);
        Arc::new(Self { disk, died: watch::channel(false).0, held: watch::channel(Held::No).0 })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root().join(DATA)
    }

    /// Ends when the process is dead: a call was made that [`Trouble::Dead`] forbids.
    pub(crate) async fn died(&self) {
        self.died.subscribe().wait_for(|died| *died).await.unwrap();
    }

    /// The next call that gives or takes a name of evidence waits until it is let go.
    pub(crate) fn hold(&self) {
        self.held.send_replace(Held::Ordered);
    }

    /// Ends when a call waits.
    pub(crate) async fn is_holding(&self) {
        self.held.subscribe().wait_for(|held| *held == Held::Waiting).await.unwrap();
    }

    pub(crate) fn let_go(&self) {
        self.held.send_replace(Held::No);
    }

    fn wait_while_held(&self, path: &Path) {
        let ordered = |held: &mut Held| std::mem::replace(held, Held::Waiting) == Held::Ordered;
        if *self.held.borrow() == Held::Ordered
            && self.is_read_by_others(path)
            && self.held.send_if_modified(ordered)
        {
            let mut held = self.held.subscribe();
            Handle::current().block_on(held.wait_for(|held| *held == Held::No)).unwrap();
        }
    }

    /// Another process.
    pub(crate) fn revive(&self) {
        self.order(Trouble::None);
        self.died.send_replace(false);
    }

    /// Of a process that is dead nothing happens any more, so its call never returns.
    fn alive(&self, called: io::Result<()>) -> io::Result<()> {
        if matches!(&called, Err(error) if error.kind() == io::ErrorKind::Other) {
            self.died.send_replace(true);
            loop {
                std::thread::park();
            }
        }
        called
    }

    /// What the re-check and agents read is none of a client's calls: when it happens is nobody's choice.
    fn is_read_by_others(&self, path: &Path) -> bool {
        path.starts_with(self.data().join("evidence"))
    }
}

impl Deref for ServerDisk {
    type Target = clearshot_simulated_disk::Disk<Promise>;

    fn deref(&self) -> &Self::Target {
        &self.disk
    }
}

impl Vfs for ServerDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.alive(self.disk.create_folder(path))?;
        RealDisk.create_folder(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.alive(self.disk.create_new(path))?;
        RealDisk.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        if !self.is_read_by_others(path) {
            self.alive(self.look("open", path))?;
        }
        RealDisk.open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<File> {
        self.alive(self.look("open to write", path))?;
        RealDisk.open_to_write(path)
    }

    fn read_at(&self, file: &File, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        if !self.is_read_by_others(path) {
            self.alive(self.look("read", path))?;
        }
        RealDisk.read_at(file, path, bytes, offset)
    }

    fn write_at(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
        let called = self.alive(self.write(path, bytes, offset));
        // A full disk takes what there is room for.
        let taken = if called.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        RealDisk.write_at(file, path, taken, offset)?;
        called
    }

    fn set_length(&self, file: &File, path: &Path, length: u64) -> io::Result<()> {
        self.alive(self.disk.set_length(path, length))?;
        RealDisk.set_length(file, path, length)
    }

    fn sync(&self, _file: &File, path: &Path) -> io::Result<()> {
        self.alive(self.disk.sync(path))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.alive(self.disk.sync_folder(path))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.wait_while_held(to);
        self.alive(self.disk.link(from, to))?;
        RealDisk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.wait_while_held(path);
        self.alive(self.disk.remove(path))?;
        RealDisk.remove(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.alive(self.look("list", path))?;
        RealDisk.list(path)
    }

    fn file_length(&self, path: &Path) -> io::Result<u64> {
        if !self.is_read_by_others(path) {
            self.alive(self.look("look at", path))?;
        }
        RealDisk.file_length(path)
    }
}

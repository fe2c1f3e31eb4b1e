//! A disk that writes down every call that changes something, fails on order, and can stop as a killed process does.
//!
//! It hands every call on to the real disk, so that the store runs as it always does, with its real database beside the
//! vault. Before each change it notes what the database's files hold. Nothing of ours happens to the vault during a
//! transaction, so each state in which the database can be found at a crash between two changes is one of the two that
//! were noted around it; that a commit is durable once SQLite says so is SQLite's promise (WAL, `synchronous=FULL`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use clearshot_capture::{CaptureStore, RealDisk, RepairReport, Vfs};
use clearshot_protocol::{CaptureId, Sha256Digest};

use super::{Phone, at};

/// Something that changed the disk, or was promised to the shopper. Paths are relative to the disk's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    CreateFolder(PathBuf),
    Create(PathBuf, Node),
    Write(Node, u64, Vec<u8>),
    Sync(Node, PathBuf),
    SyncFolder(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    /// This capture with this digest is saved, or was found again.
    Promise(CaptureId, Sha256Digest),
}

/// A file, whatever its name is.
pub type Node = usize;

/// The files of the database: names and content.
pub type Snapshot = Arc<BTreeMap<String, Vec<u8>>>;

#[derive(Debug, Clone)]
pub struct Entry {
    pub change: Change,
    /// What was being done.
    pub stage: &'static str,
    /// The database just before.
    pub database: Snapshot,
}

/// What a call answers, and to which it happens.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    None,
    /// The call with this number fails, and all others work.
    FailOnce(usize, i32),
    /// From the change with this number on, nothing is done any more.
    Dead(usize),
}

#[derive(Debug)]
struct State {
    log: Vec<Entry>,
    names: BTreeMap<PathBuf, Node>,
    nodes: usize,
    stage: &'static str,
    trouble: Trouble,
    /// Calls, and changes, since the trouble was ordered.
    calls: usize,
    changes: usize,
    /// The calls that were made since, by name.
    called: Vec<String>,
    last: Snapshot,
}

/// The disk. Its root is there from the beginning, the queue's folder is `shop/queue` below it.
#[derive(Debug)]
pub struct Disk {
    pub root: tempfile::TempDir,
    state: Mutex<State>,
}

impl Disk {
    pub fn new() -> Arc<Self> {
        let state = State {
            log: Vec::new(),
            names: BTreeMap::new(),
            nodes: 0,
            stage: "open",
            trouble: Trouble::None,
            calls: 0,
            changes: 0,
            called: Vec::new(),
            last: Snapshot::default(),
        };
        Arc::new(Self { root: tempfile::tempdir().unwrap(), state: Mutex::new(state) })
    }

    pub fn folder(&self) -> PathBuf {
        self.root.path().join("shop/queue")
    }

    pub fn open_store(
        self: &Arc<Self>,
        phone: &Phone,
    ) -> Result<(CaptureStore, RepairReport), clearshot_capture::CaptureError> {
        let disk = Arc::clone(self);
        CaptureStore::open_on(disk, self.folder(), phone.keys.clone(), phone.config.clone(), at(0))
    }

    /// What the following changes belong to.
    pub fn stage(&self, stage: &'static str) {
        self.state().stage = stage;
    }

    pub fn order(&self, trouble: Trouble) {
        let mut state = self.state();
        (state.trouble, state.calls, state.changes) = (trouble, 0, 0);
        state.called.clear();
    }

    /// The names of the calls since the trouble was ordered.
    pub fn called(&self) -> Vec<String> {
        self.state().called.clone()
    }

    pub fn changes(&self) -> usize {
        self.state().changes
    }

    /// Notes what the shopper was told.
    pub fn promise(&self, capture: CaptureId, sha256: Sha256Digest) {
        self.note(Change::Promise(capture, sha256));
    }

    /// Everything that happened, and what the database holds now.
    pub fn log(&self) -> (Vec<Entry>, Snapshot) {
        let snapshot = self.snapshot(&mut self.state());
        (self.state().log.clone(), snapshot)
    }

    /// Makes a file as some other program does: without syncing it.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let file = self.create_new(path).unwrap();
        self.write_at(&file, path, bytes, 0).unwrap();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root.path()).unwrap().to_owned()
    }

    /// Whether the call is done, or what it answers instead.
    fn call(&self, name: &str, path: &Path, changes: bool) -> io::Result<()> {
        let mut state = self.state();
        let (call, change) = (state.calls, state.changes);
        state.calls += 1;
        state.changes += usize::from(changes);
        let name = format!("{name} {}", self.relative(path).display());
        state.called.push(name);
        match state.trouble {
            Trouble::FailOnce(number, code) if number == call => Err(io::Error::from_raw_os_error(code)),
            Trouble::Dead(number) if change >= number => Err(io::Error::other("the process is dead")),
            _ => Ok(()),
        }
    }

    /// Notes a change, before it is made.
    fn note(&self, change: Change) {
        let mut state = self.state();
        let (stage, database) = (state.stage, self.snapshot(&mut state));
        state.log.push(Entry { change, stage, database });
    }

    fn snapshot(&self, state: &mut State) -> Snapshot {
        let files: BTreeMap<_, _> = ["queue.sqlite", "queue.sqlite-wal"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::fs::read(self.folder().join(name)).ok()?)))
            .collect();
        if *state.last != files {
            state.last = Arc::new(files);
        }
        Arc::clone(&state.last)
    }

    /// The file with this name; one that came from elsewhere is durable.
    fn node(&self, path: &Path) -> Node {
        let path = self.relative(path);
        *self.state().names.get(&path).unwrap_or_else(|| panic!("{} is not of this disk", path.display()))
    }
}

impl Vfs for Disk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call("make", path, true)?;
        if !path.exists() {
            self.note(Change::CreateFolder(self.relative(path)));
        }
        RealDisk.create_folder(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.call("create", path, true)?;
        let node = {
            let mut state = self.state();
            let node = state.nodes;
            state.nodes += 1;
            state.names.insert(self.relative(path), node);
            node
        };
        self.note(Change::Create(self.relative(path), node));
        RealDisk.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.call("open", path, false)?;
        RealDisk.open(path)
    }

    fn read_at(&self, file: &File, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call("read", path, false)?;
        RealDisk.read_at(file, path, bytes, offset)
    }

    fn write_at(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.call("write", path, true)?;
        self.note(Change::Write(self.node(path), offset, bytes.to_vec()));
        RealDisk.write_at(file, path, bytes, offset)
    }

    /// Does not ask the real disk: what would be lost is played through from what was noted.
    fn sync(&self, _file: &File, path: &Path) -> io::Result<()> {
        self.call("sync", path, true)?;
        self.note(Change::Sync(self.node(path), self.relative(path)));
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call("sync folder", path, true)?;
        self.note(Change::SyncFolder(self.relative(path)));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename", from, true)?;
        let (from_name, to_name) = (self.relative(from), self.relative(to));
        if from.exists() {
            self.note(Change::Rename(from_name.clone(), to_name.clone()));
            let mut state = self.state();
            if let Some(node) = state.names.remove(&from_name) {
                state.names.insert(to_name, node);
            }
        }
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call("remove", path, true)?;
        if path.exists() {
            self.note(Change::Remove(self.relative(path)));
            self.state().names.remove(&self.relative(path));
        }
        RealDisk.remove(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.call("list", path, false)?;
        RealDisk.list(path)
    }

    fn file_length(&self, path: &Path) -> io::Result<Option<u64>> {
        self.call("look at", path, false)?;
        RealDisk.file_length(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.call("measure", path, false)?;
        RealDisk.free_bytes(path)
    }
}

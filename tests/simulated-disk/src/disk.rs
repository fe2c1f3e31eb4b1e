//! The disk: what was done to it, and what it refuses to do.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// Something that changed the disk, or was promised to somebody. Paths are relative to the disk's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<P> {
    /// A folder was made.
    CreateFolder(PathBuf),
    /// A file was made.
    Create(PathBuf, Node),
    /// Bytes were written from an offset on.
    Write(Node, u64, Vec<u8>),
    /// A file was cut off behind so many bytes.
    SetLength(Node, u64),
    /// A file's content was synced, by this name.
    Sync(Node, PathBuf),
    /// A file's content was to be synced, and was not.
    FailedSync(Node),
    /// The names in a folder were synced.
    SyncFolder(PathBuf),
    /// The names in a folder were to be synced, and were not.
    FailedSyncFolder(PathBuf),
    /// A file or folder got another name.
    Rename(PathBuf, PathBuf),
    /// A file got one more name.
    Link(PathBuf, PathBuf),
    /// A name was taken away.
    Remove(PathBuf),
    /// This was promised.
    Promise(P),
}

/// A file, whatever its names are.
pub type Node = usize;

/// The files of the database: names and content.
pub type Snapshot = Arc<BTreeMap<String, Vec<u8>>>;

/// A change, and what was around it.
#[derive(Debug, Clone)]
pub struct Entry<P> {
    /// What was changed.
    pub change: Change<P>,
    /// What was being done.
    pub stage: &'static str,
    /// The database just before.
    pub database: Snapshot,
}

/// Everything that happened.
#[derive(Debug, Clone)]
pub struct Log<P> {
    /// In the order in which it did.
    pub entries: Vec<Entry<P>>,
    /// What the database held in the end, and the folder that it is in.
    pub(crate) last: Snapshot,
    pub(crate) database_folder: PathBuf,
}

/// What a call answers, and to which it happens.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// Every call works.
    None,
    /// The call with this number fails with this code of the system, and all others work.
    FailOnce(usize, i32),
    /// The first call whose name begins so fails with this code of the system, and all others work.
    FailFirst(&'static str, i32),
    /// From the change with this number on, nothing is done any more.
    Dead(usize),
}

#[derive(Debug)]
struct State<P> {
    entries: Vec<Entry<P>>,
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

/// A disk whose root is there from the beginning. Each call is asked before it is done on the real folder: an error is
/// the call's answer, and nothing is to be done.
#[derive(Debug)]
pub struct Disk<P> {
    root: tempfile::TempDir,
    database_folder: PathBuf,
    database: &'static [&'static str],
    state: Mutex<State<P>>,
}

impl<P: Clone> Disk<P> {
    /// An empty disk in the folder `root`. The database's files will be in `database_folder`, relative to it.
    pub fn new(root: tempfile::TempDir, database_folder: &str, database: &'static [&'static str]) -> Self {
        let state = State {
            entries: Vec::new(),
            names: BTreeMap::new(),
            nodes: 0,
            stage: "",
            trouble: Trouble::None,
            calls: 0,
            changes: 0,
            called: Vec::new(),
            last: Snapshot::default(),
        };
        Self { root, database_folder: database_folder.into(), database, state: Mutex::new(state) }
    }

    /// The real folder.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// What the following changes belong to.
    pub fn stage(&self, stage: &'static str) {
        self.state().stage = stage;
    }

    /// Says what happens to the following calls, and counts them anew.
    pub fn order(&self, trouble: Trouble) {
        let mut state = self.state();
        (state.trouble, state.calls, state.changes) = (trouble, 0, 0);
        state.called.clear();
    }

    /// The names of the calls since the trouble was ordered.
    pub fn called(&self) -> Vec<String> {
        self.state().called.clone()
    }

    /// How many changes were asked for since the trouble was ordered.
    pub fn changes(&self) -> usize {
        self.state().changes
    }

    /// Notes what somebody was told.
    pub fn promise(&self, promise: P) {
        self.note(Change::Promise(promise));
    }

    /// Everything that happened, and what the database holds now.
    pub fn log(&self) -> Log<P> {
        let mut state = self.state();
        let last = self.snapshot(&mut state);
        Log { entries: state.entries.clone(), last, database_folder: self.database_folder.clone() }
    }

    /// A folder is made; nothing happens where there is one.
    pub fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call("make", path, true)?;
        if !path.exists() {
            self.note(Change::CreateFolder(self.relative(path)));
        }
        Ok(())
    }

    /// A new file is made; nothing happens where there is one.
    pub fn create_new(&self, path: &Path) -> io::Result<()> {
        self.call("create", path, true)?;
        if path.exists() {
            return Ok(());
        }
        let node = {
            let mut state = self.state();
            let node = state.nodes;
            state.nodes += 1;
            state.names.insert(self.relative(path), node);
            node
        };
        self.note(Change::Create(self.relative(path), node));
        Ok(())
    }

    /// Bytes are written.
    pub fn write(&self, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.call("write", path, true)?;
        self.note(Change::Write(self.node(path), offset, bytes.to_vec()));
        Ok(())
    }

    /// A file is cut off.
    pub fn set_length(&self, path: &Path, length: u64) -> io::Result<()> {
        self.call("cut", path, true)?;
        self.note(Change::SetLength(self.node(path), length));
        Ok(())
    }

    /// A file's content is made durable. The real disk need not be asked: what would be lost is played through from
    /// what was noted.
    pub fn sync(&self, path: &Path) -> io::Result<()> {
        let called = self.call("sync", path, true);
        let node = self.node(path);
        self.note_sync(called, Change::Sync(node, self.relative(path)), Change::FailedSync(node))
    }

    /// The names in a folder are made durable. The real disk need not be asked.
    pub fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let called = self.call("sync folder", path, true);
        let folder = self.relative(path);
        self.note_sync(called, Change::SyncFolder(folder.clone()), Change::FailedSyncFolder(folder))
    }

    /// A file or folder gets another name; nothing happens where it is not there.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename", from, true)?;
        if from.exists() {
            let (from, to) = (self.relative(from), self.relative(to));
            self.note(Change::Rename(from.clone(), to.clone()));
            let mut state = self.state();
            if let Some(node) = state.names.remove(&from) {
                state.names.insert(to, node);
            }
        }
        Ok(())
    }

    /// A file gets one more name; nothing happens where it is not there, or the name is taken.
    pub fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("link", from, true)?;
        if from.exists() && !to.exists() {
            let node = self.node(from);
            let (from, to) = (self.relative(from), self.relative(to));
            self.note(Change::Link(from, to.clone()));
            self.state().names.insert(to, node);
        }
        Ok(())
    }

    /// A name is taken away; nothing happens where there is none.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.call("remove", path, true)?;
        if path.exists() {
            self.note(Change::Remove(self.relative(path)));
            self.state().names.remove(&self.relative(path));
        }
        Ok(())
    }

    /// Something is looked at; `name` says how.
    pub fn look(&self, name: &str, path: &Path) -> io::Result<()> {
        self.call(name, path, false)
    }

    fn state(&self) -> MutexGuard<'_, State<P>> {
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
        state.called.push(name.clone());
        match state.trouble {
            Trouble::FailFirst(beginning, code) if name.starts_with(beginning) => {
                state.trouble = Trouble::None;
                Err(io::Error::from_raw_os_error(code))
            }
            Trouble::FailOnce(number, code) if number == call => Err(io::Error::from_raw_os_error(code)),
            Trouble::Dead(number) if change >= number => Err(io::Error::other("the process is dead")),
            _ => Ok(()),
        }
    }

    fn note_sync(&self, called: io::Result<()>, done: Change<P>, failed: Change<P>) -> io::Result<()> {
        match &called {
            Ok(()) => self.note(done),
            // Of a process that is dead nothing happens.
            Err(_) if matches!(self.state().trouble, Trouble::Dead(_)) => {}
            Err(_) => self.note(failed),
        }
        called
    }

    /// Notes a change, before it is made.
    fn note(&self, change: Change<P>) {
        let mut state = self.state();
        let (stage, database) = (state.stage, self.snapshot(&mut state));
        state.entries.push(Entry { change, stage, database });
    }

    fn snapshot(&self, state: &mut State<P>) -> Snapshot {
        let folder = self.root.path().join(&self.database_folder);
        let files: BTreeMap<_, _> = self
            .database
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::fs::read(folder.join(name)).ok()?)))
            .collect();
        if *state.last != files {
            state.last = Arc::new(files);
        }
        Arc::clone(&state.last)
    }

    /// The file with this name.
    fn node(&self, path: &Path) -> Node {
        let path = self.relative(path);
        *self.state().names.get(&path).unwrap_or_else(|| panic!("{} is not of this disk", path.display()))
    }
}

//! What a power cut can leave of a disk's changes.
//!
//! The rules, on purpose harder than most file systems: the content of a file is durable as it was at its last sync;
//! what was written since may be missing, there by half, or garbage. A name is durable once its folder was synced;
//! names that were made, moved or removed since are there or not, each by itself, in any combination. Renaming within a
//! folder is one change; renaming across folders may also leave both names.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clearshot_protocol::{CaptureId, Sha256Digest};

use super::disk::{Change, Entry, Node, Snapshot};

/// Files and folders (`None`), by their path below the root.
pub type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What is found after the power is back.
#[derive(Debug, Clone)]
pub struct Crash {
    /// When it happened, and how each pending change turned out.
    pub what: String,
    /// What is on the disk.
    pub disk: Files,
    /// What had been promised by then.
    pub promises: Vec<(CaptureId, Sha256Digest)>,
}

impl Crash {
    /// Lays the files out in a folder.
    pub fn write_to(&self, root: &Path) {
        for (path, content) in &self.disk {
            let path = root.join(path);
            match content {
                None => std::fs::create_dir(path).unwrap(),
                Some(bytes) => std::fs::File::create(path).unwrap().write_all(bytes).unwrap(),
            }
        }
    }
}

/// Goes through every state in which the disk can be found when the power goes after any of the changes from `from` on,
/// until `violates` says what is wrong with one. Syncs for which `left_out` says so are taken for not done. Answers what
/// was wrong, and how many states were looked at.
pub fn find_crash(
    (log, last): &(Vec<Entry>, Snapshot),
    from: usize,
    left_out: impl Fn(&Entry) -> bool,
    mut violates: impl FnMut(&Crash) -> Option<String>,
) -> (Option<String>, usize) {
    let mut model = Model::default();
    let mut seen = BTreeSet::new();
    for after in 0..=log.len() {
        if after > 0 && !left_out(&log[after - 1]) {
            model.apply(&log[after - 1].change);
        }
        if after < from {
            continue;
        }
        let promises = promises(&log[..after]);
        let then = log.get(after).map_or(last, |entry| &entry.database);
        let before = after.checked_sub(1).map_or(then, |index| &log[index].database);
        for (what, disk) in model.remains() {
            for database in [before, then] {
                let crash = Crash {
                    what: format!("after change {after}, {what}"),
                    disk: with_database(&disk, database),
                    promises: promises.clone(),
                };
                let mut hasher = DefaultHasher::new();
                (&crash.disk, crash.promises.len()).hash(&mut hasher);
                if !seen.insert(hasher.finish()) {
                    continue;
                }
                if let Some(wrong) = violates(&crash) {
                    return (Some(format!("{}: {wrong}", crash.what)), seen.len());
                }
            }
        }
    }
    (None, seen.len())
}

fn promises(log: &[Entry]) -> Vec<(CaptureId, Sha256Digest)> {
    let promises = log.iter().filter_map(|entry| match entry.change {
        Change::Promise(capture, sha256) => Some((capture, sha256)),
        _ => None,
    });
    promises.collect()
}

/// SQLite syncs the folder that its files are in; that the folder itself is there is ours to see to.
fn with_database(disk: &Files, database: &Snapshot) -> Files {
    let mut disk = disk.clone();
    let folder = PathBuf::from("shop/queue");
    if disk.contains_key(&folder) {
        disk.extend(database.iter().map(|(name, bytes)| (folder.join(name), Some(bytes.clone()))));
    }
    disk
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Folder,
    File(Node),
}

#[derive(Debug, Clone)]
enum Pending {
    Add(PathBuf, Named),
    Remove(PathBuf),
    Move(PathBuf, PathBuf, Named),
}

/// How a change of names turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Undone,
    Done,
    BothNames,
}

#[derive(Debug, Clone, Default)]
struct Model {
    /// Content as it was written, and as it was at the last sync.
    files: BTreeMap<Node, (Vec<u8>, Vec<u8>)>,
    /// Names as programs see them, and as they are on the disk.
    names: BTreeMap<PathBuf, Named>,
    durable: BTreeMap<PathBuf, Named>,
    pending: Vec<Pending>,
}

impl Model {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::CreateFolder(path) => self.add(path, Named::Folder),
            Change::Create(path, node) => {
                self.files.insert(*node, (Vec::new(), Vec::new()));
                self.add(path, Named::File(*node));
            }
            Change::Write(node, offset, bytes) => {
                let written = &mut self.files.get_mut(node).unwrap().0;
                let end = *offset as usize + bytes.len();
                written.resize(written.len().max(end), 0);
                written[*offset as usize..end].copy_from_slice(bytes);
            }
            Change::Sync(node, _) => {
                let (written, synced) = self.files.get_mut(node).unwrap();
                synced.clone_from(written);
            }
            Change::SyncFolder(folder) => self.sync_folder(folder),
            Change::Rename(from, to) => {
                let named = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), named);
                self.pending.push(Pending::Move(from.clone(), to.clone(), named));
            }
            Change::Remove(path) => {
                self.names.remove(path);
                self.pending.push(Pending::Remove(path.clone()));
            }
            Change::Promise(..) => {}
        }
    }

    fn add(&mut self, path: &Path, named: Named) {
        self.names.insert(path.to_owned(), named);
        self.pending.push(Pending::Add(path.to_owned(), named));
    }

    fn sync_folder(&mut self, folder: &Path) {
        let is_in = |path: &Path| path.parent() == Some(folder);
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Add(ref path, _) | Pending::Remove(ref path) if is_in(path) => {
                    settle(&mut self.durable, &pending, Way::Done);
                }
                Pending::Move(ref from, _, _) if is_in(from) => {
                    settle(&mut self.durable, &pending, Way::Done);
                }
                Pending::Move(from, to, named) if is_in(&to) => {
                    self.durable.insert(to, named);
                    self.pending.push(Pending::Remove(from));
                }
                other => self.pending.push(other),
            }
        }
    }

    /// Every state that the disk can be in when the power goes now.
    fn remains(&self) -> Vec<(String, Files)> {
        let mut outcomes = BTreeMap::from([(self.durable.clone(), String::new())]);
        for pending in &self.pending {
            let ways: &[Way] = match pending {
                Pending::Move(from, to, _) if from.parent() != to.parent() => {
                    &[Way::Undone, Way::Done, Way::BothNames]
                }
                _ => &[Way::Undone, Way::Done],
            };
            let before = std::mem::take(&mut outcomes);
            for (names, what) in before {
                for way in ways {
                    let mut names = names.clone();
                    settle(&mut names, pending, *way);
                    outcomes.entry(names).or_insert_with(|| format!("{what} {way:?}"));
                }
            }
        }
        let mut remains = Vec::new();
        for (names, what) in outcomes {
            for (content, tear) in TEARS {
                remains.push((format!("names{what}, content {content}"), self.content(&names, tear)));
            }
        }
        remains
    }

    /// What can be reached from the root, with its content.
    fn content(&self, names: &BTreeMap<PathBuf, Named>, tear: Tear) -> Files {
        let mut disk = BTreeMap::from([(PathBuf::new(), None)]);
        for (path, named) in names {
            // A folder sorts before what is in it.
            if path.parent().is_some_and(|parent| disk.contains_key(parent)) {
                let content = match named {
                    Named::Folder => None,
                    Named::File(node) => {
                        let (written, synced) = &self.files[node];
                        Some(if written == synced { written.clone() } else { tear(written, synced) })
                    }
                };
                disk.insert(path.clone(), content);
            }
        }
        disk.remove(Path::new(""));
        disk
    }
}

fn settle(names: &mut BTreeMap<PathBuf, Named>, pending: &Pending, way: Way) {
    if way == Way::Undone {
        return;
    }
    match pending {
        Pending::Add(path, named) => {
            names.insert(path.clone(), *named);
        }
        Pending::Remove(path) => {
            names.remove(path);
        }
        Pending::Move(from, to, named) => {
            if way == Way::Done {
                names.remove(from);
            }
            names.insert(to.clone(), *named);
        }
    }
}

/// What is found of a file, of what was written to it and what of that was synced.
type Tear = fn(&[u8], &[u8]) -> Vec<u8>;

const TEARS: [(&str, Tear); 5] = [
    ("as written", |written, _| written.to_vec()),
    ("as synced", |_, synced| synced.to_vec()),
    ("cut in half", |written, _| written[..written.len() / 2].to_vec()),
    ("ending in zeros", |written, _| with_tail(written, 0)),
    ("ending in garbage", |written, _| with_tail(written, 0xa5)),
];

fn with_tail(written: &[u8], byte: u8) -> Vec<u8> {
    let mut bytes = written.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(byte);
    bytes
}

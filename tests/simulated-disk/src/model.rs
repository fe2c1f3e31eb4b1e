//! What a power cut can leave of a disk's changes.
//!
//! The rules, on purpose harder than most file systems: the content of a file is durable as it was at its last sync;
//! what was written since may be missing, there by half, zeros or garbage. A name is durable once its folder was synced;
//! names that were made, moved or removed since are there or not, each by itself, in any combination. Renaming within a
//! folder is one change; renaming across folders may also leave both names. A sync that failed has lost what it was
//! asked for: a later one does not bring it to the disk, unless it is done again. Nobody knows whether it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::disk::{Change, Node};

/// Files and folders (`None`), by their path below the root.
pub(crate) type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Changes of names that are not durable yet are tried in all combinations up to so many, which are 256 states. Of
/// more, as when the folders of a store are made, none, all, all but one, and only one of them.
const COMBINED: usize = 8;

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

/// A file's content as it was written, and as it was at the last sync; so many of its first bytes have not been touched
/// since.
#[derive(Debug, Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
    untouched: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    files: BTreeMap<Node, Content>,
    /// Names as programs see them, and as they are on the disk.
    names: BTreeMap<PathBuf, Named>,
    durable: BTreeMap<PathBuf, Named>,
    pending: Vec<Pending>,
    /// Those whose sync has failed, by their number in `pending`: they are there or not, whatever is synced later.
    lost: BTreeSet<usize>,
}

impl Model {
    pub(crate) fn apply<P>(&mut self, change: &Change<P>) {
        match change {
            Change::CreateFolder(path) => self.add(path, Named::Folder),
            Change::Create(path, node) => {
                self.files.insert(*node, Content::default());
                self.add(path, Named::File(*node));
            }
            Change::Write(node, offset, bytes) => self.content(*node).write(*offset as usize, bytes),
            Change::SetLength(node, length) => self.content(*node).set_length(*length as usize),
            Change::Sync(node, _) => self.content(*node).sync(),
            Change::FailedSync(node) => self.content(*node).lose(),
            Change::SyncFolder(folder) => self.sync_folder(folder),
            Change::FailedSyncFolder(folder) => {
                let lost = (0..self.pending.len()).filter(|number| self.pending[*number].is_in(folder));
                self.lost.extend(lost.collect::<Vec<_>>());
            }
            Change::Rename(from, to) => {
                let named = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), named);
                self.pending.push(Pending::Move(from.clone(), to.clone(), named));
            }
            Change::Link(from, to) => {
                let named = self.names[from];
                self.add(to, named);
            }
            Change::Remove(path) => {
                self.names.remove(path);
                self.pending.push(Pending::Remove(path.clone()));
            }
            Change::Promise(_) => {}
        }
    }

    fn content(&mut self, node: Node) -> &mut Content {
        self.files.get_mut(&node).unwrap()
    }

    fn add(&mut self, path: &Path, named: Named) {
        self.names.insert(path.to_owned(), named);
        self.pending.push(Pending::Add(path.to_owned(), named));
    }

    fn sync_folder(&mut self, folder: &Path) {
        let all = std::mem::take(&mut self.pending);
        let lost = std::mem::take(&mut self.lost);
        for (number, pending) in all.into_iter().enumerate() {
            match pending {
                pending if lost.contains(&number) => {
                    self.lost.insert(self.pending.len());
                    self.pending.push(pending);
                }
                Pending::Move(from, to, named) if !is_in(&from, folder) && is_in(&to, folder) => {
                    self.durable.insert(to, named);
                    self.pending.push(Pending::Remove(from));
                }
                pending if pending.is_in(folder) => {
                    settle(&mut self.durable, &pending, Way::Done);
                    self.forget_lost(&pending);
                }
                other => self.pending.push(other),
            }
        }
    }

    /// What has become of a name's earlier changes says nothing any more: a later one of it is durable.
    fn forget_lost(&mut self, settled: &Pending) {
        let said = |number: &usize| self.pending[*number].path() == settled.path();
        let Some(number) = self.lost.iter().copied().find(said) else { return };
        self.pending.remove(number);
        self.lost.remove(&number);
        self.lost = self.lost.iter().map(|lost| lost - usize::from(*lost > number)).collect();
        self.forget_lost(settled);
    }

    /// Every state that the disk can be in when the power goes now.
    pub(crate) fn remains(&self) -> Vec<(String, Files)> {
        let (mut seen, mut outcomes) = (BTreeSet::new(), Vec::new());
        for ways in self.ways() {
            let (mut names, mut what) = (self.durable.clone(), String::new());
            for (pending, way) in self.pending.iter().zip(ways) {
                settle(&mut names, pending, way);
                if self.pending.len() <= COMBINED {
                    what = format!("{what} {way:?}");
                }
            }
            if seen.insert(names.clone()) {
                outcomes.push((names, what));
            }
        }
        let mut remains = Vec::new();
        for (names, what) in outcomes {
            for (content, tear) in TEARS {
                remains.push((format!("names{what}, content {content}"), self.files(&names, tear)));
            }
        }
        remains
    }

    /// How all pending changes of names can have turned out.
    fn ways(&self) -> Vec<Vec<Way>> {
        let count = self.pending.len();
        if count > COMBINED {
            let of = |one, others| {
                (0..count).map(move |at| {
                    let mut ways = vec![others; count];
                    ways[at] = one;
                    ways
                })
            };
            return [vec![Way::Undone; count], vec![Way::Done; count]]
                .into_iter()
                .chain(of(Way::Undone, Way::Done))
                .chain(of(Way::Done, Way::Undone))
                .collect();
        }
        let mut all = vec![Vec::new()];
        for pending in &self.pending {
            let ways: &[Way] = match pending {
                Pending::Move(from, to, _) if from.parent() != to.parent() => {
                    &[Way::Undone, Way::Done, Way::BothNames]
                }
                _ => &[Way::Undone, Way::Done],
            };
            all = all
                .iter()
                .flat_map(|so_far| ways.iter().map(|way| [&so_far[..], &[*way]].concat()))
                .collect();
        }
        all
    }

    /// What can be reached from the root, with its content.
    fn files(&self, names: &BTreeMap<PathBuf, Named>, tear: Tear) -> Files {
        let mut disk = BTreeMap::from([(PathBuf::new(), None)]);
        for (path, named) in names {
            // A folder sorts before what is in it.
            if path.parent().is_some_and(|parent| disk.contains_key(parent)) {
                let content = match named {
                    Named::Folder => None,
                    Named::File(node) => Some(self.files[node].after(tear)),
                };
                disk.insert(path.clone(), content);
            }
        }
        disk.remove(Path::new(""));
        disk
    }
}

impl Content {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        self.untouched = self.untouched.min(offset);
        self.written.resize(self.written.len().max(end), 0);
        self.written[offset..end].copy_from_slice(bytes);
    }

    fn set_length(&mut self, length: usize) {
        self.untouched = self.untouched.min(length);
        self.written.resize(length, 0);
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.written);
        self.untouched = self.written.len();
    }

    /// Programs may still read what was written, from memory: the disk never gets it.
    fn lose(&mut self) {
        let untouched = self.untouched;
        self.written[untouched..].fill(GARBAGE);
    }

    fn after(&self, tear: Tear) -> Vec<u8> {
        if self.written == self.synced && self.untouched == self.written.len() {
            self.written.clone()
        } else {
            tear(self)
        }
    }
}

impl Pending {
    /// Whether it becomes durable with the names in this folder.
    fn is_in(&self, folder: &Path) -> bool {
        is_in(self.path(), folder)
    }

    /// The name that it is about.
    fn path(&self) -> &Path {
        match self {
            Self::Add(path, _) | Self::Remove(path) | Self::Move(path, _, _) => path,
        }
    }
}

fn is_in(path: &Path, folder: &Path) -> bool {
    path.parent() == Some(folder)
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

/// What is found of a file that was changed since its last sync.
type Tear = fn(&Content) -> Vec<u8>;

const GARBAGE: u8 = 0xa5;

const TEARS: [(&str, Tear); 5] = [
    ("as written", |content| content.written.clone()),
    ("as synced", |content| content.synced.clone()),
    ("cut in half", |content| content.written[..middle(content)].to_vec()),
    ("ending in zeros", |content| with_tail(content, 0)),
    ("ending in garbage", |content| with_tail(content, GARBAGE)),
];

/// The middle of what was touched since the last sync.
fn middle(content: &Content) -> usize {
    usize::midpoint(content.untouched, content.written.len())
}

fn with_tail(content: &Content, byte: u8) -> Vec<u8> {
    let mut bytes = content.written.clone();
    bytes[middle(content)..].fill(byte);
    bytes
}

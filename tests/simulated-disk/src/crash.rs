//! Every disk that a power cut can leave, one after the other.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;

use crate::disk::{Change, Entry, Log, Snapshot};
use crate::model::{Files, Model};

/// What is found after the power is back.
#[derive(Debug, Clone)]
pub struct Crash<P> {
    /// When it happened, and how each pending change turned out.
    pub what: String,
    /// What had been promised by then.
    pub promises: Vec<P>,
    disk: Files,
}

impl<P> Crash<P> {
    /// Lays the files out in a folder.
    ///
    /// # Panics
    ///
    /// When the folder is not empty or cannot be written to.
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
pub fn find_crash<P: Clone>(
    log: &Log<P>,
    from: usize,
    left_out: impl Fn(&Entry<P>) -> bool,
    mut violates: impl FnMut(&Crash<P>) -> Option<String>,
) -> (Option<String>, usize) {
    let mut model = Model::default();
    let mut seen = BTreeSet::new();
    for after in 0..=log.entries.len() {
        if after > 0 && !left_out(&log.entries[after - 1]) {
            model.apply(&log.entries[after - 1].change);
        }
        if after < from {
            continue;
        }
        let promises = promises(&log.entries[..after]);
        let then = log.entries.get(after).map_or(&log.last, |entry| &entry.database);
        let before = after.checked_sub(1).map_or(then, |index| &log.entries[index].database);
        for (what, disk) in model.remains() {
            for database in [before, then] {
                let crash = Crash {
                    what: format!("after change {after}, {what}"),
                    disk: with_database(&disk, &log.database_folder, database),
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

fn promises<P: Clone>(entries: &[Entry<P>]) -> Vec<P> {
    let promises = entries.iter().filter_map(|entry| match &entry.change {
        Change::Promise(promise) => Some(promise.clone()),
        _ => None,
    });
    promises.collect()
}

/// SQLite syncs the folder that its files are in; that the folder itself is there is for others to see to.
fn with_database(disk: &Files, folder: &Path, database: &Snapshot) -> Files {
    let mut disk = disk.clone();
    if disk.contains_key(folder) {
        disk.extend(database.iter().map(|(name, bytes)| (folder.join(name), Some(bytes.clone()))));
    }
    disk
}

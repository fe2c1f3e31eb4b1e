//! The power goes: at every change of the disk while photos are kept, adopted, deleted and set aside, with every
//! outcome of what was not synced yet. What was called saved is whole afterwards, once.
//!
//! The vault's files are on a simulated disk (`tests/simulated-disk`), the database is SQLite's own, in each
//! of the committed states that can be found at that moment. That a committed transaction survives is SQLite's promise
//! and not tested here; the last test proves of each sync of ours that a photo could be lost without it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use clearshot_capture::{CaptureState, CaptureStore, Keep, RepairReport, Vfs as _};
use clearshot_protocol::Sha256Digest;
use clearshot_simulated_disk::{Trouble, find_crash};
use support::disk::{Change, Crash, Disk, Entry};
use support::*;

const DAY: i64 = 24 * 60 * 60;

/// A disk to which things were done, and the change from which on the power may go.
struct Scenario {
    phone: Phone,
    disk: Arc<Disk>,
    from: usize,
}

impl Scenario {
    /// A store with a session, on a disk that was empty.
    fn begin() -> (Self, CaptureStore) {
        let scenario = Self { phone: Phone::new(), disk: Disk::new(), from: 0 };
        let (store, _) = scenario.disk.open_store(&scenario.phone).unwrap();
        session(&store);
        (scenario, store)
    }

    /// Keeps a photo of the session's first shot, and promises it.
    fn keep(&self, store: &CaptureStore, second: i64) -> clearshot_capture::SavedCapture {
        self.disk.stage("keep");
        let saved = keep(store, first_shot(store), second);
        self.disk.promise((saved.id, saved.sha256));
        saved
    }

    /// Opens the store once more, and promises what it says that it has mended.
    fn open_again(&self) -> (CaptureStore, RepairReport) {
        self.disk.stage("open");
        let (store, report) = self.disk.open_store(&self.phone).unwrap();
        for capture in report.adopted.iter().chain(&report.found) {
            self.disk.promise((*capture, store.entry(*capture).unwrap().sha256));
        }
        (store, report)
    }

    fn first_violation(&self, left_out: impl Fn(&Entry) -> bool) -> (Option<String>, usize) {
        find_crash(&self.disk.log(), self.from, left_out, |crash| violation(&self.phone, crash).err())
    }
}

fn first_shot(store: &CaptureStore) -> clearshot_protocol::ShotId {
    store.sessions().unwrap()[0].items[0].shots[0].id
}

/// In memory where there is such a place: what is synced while the rest is looked at need not be durable.
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What is wrong after this crash, if anything is.
fn violation(phone: &Phone, crash: &Crash) -> Result<(), String> {
    let root = quick_folder();
    crash.write_to(root.path());
    let folder = root.path().join("shop/queue");
    if let Ok(database) = rusqlite::Connection::open(folder.join("queue.sqlite")) {
        let _ = database.execute_batch("DROP TRIGGER IF EXISTS refuse");
    }
    let open = || {
        CaptureStore::open(&folder, phone.keys.clone(), phone.config.clone(), at(0))
            .map_err(|error| format!("it does not open: {error:?}"))
    };
    let (store, _) = open()?;
    let queue = store.queue().unwrap();
    for (capture, sha256) in &crash.promises {
        let entries: Vec<_> = queue.iter().filter(|entry| entry.capture == *capture).collect();
        let [entry] = entries[..] else { return Err(format!("{capture} is there {} times", entries.len())) };
        let safe = entry.state == CaptureState::Accepted
            || (entry.on_device && entry.state != CaptureState::Lost && entry.sha256 == *sha256);
        if !safe {
            return Err(format!("{capture} is {}", entry.state));
        }
    }
    let mut places = HashSet::new();
    let here: Vec<_> = queue.iter().filter(|entry| entry.on_device).collect();
    for entry in &here {
        let bytes = std::fs::read(folder.join("vault").join(format!("{}.sealed", entry.capture)));
        let bytes = bytes.map_err(|error| format!("{} has no file: {error}", entry.capture))?;
        let start = bytes.len().saturating_sub(entry.length as usize);
        if Sha256Digest::of(&bytes[start..]) != entry.sha256 {
            return Err(format!("{} counts as whole and is not", entry.capture));
        }
        let manifest = store.manifest(entry.capture).map_err(|error| error.to_string())?;
        if !places.insert((manifest.session, manifest.chain.sequence)) {
            return Err(format!("{} has another one's place in the chain", entry.capture));
        }
    }
    let files = std::fs::read_dir(folder.join("vault")).unwrap().count();
    if files != here.len() {
        return Err(format!("{files} files for {} photos", here.len()));
    }
    drop(store);
    let (_, report) = open()?;
    if report.is_clean() { Ok(()) } else { Err(format!("the second opening mends again: {report:?}")) }
}

/// Two photos, one after the other, in a folder that was not there.
fn keeping() -> Scenario {
    let (scenario, store) = Scenario::begin();
    scenario.keep(&store, 1);
    scenario.keep(&store, 2);
    scenario
}

/// Killed after so many changes of a second photo, whose row is refused in the end; opened again, and a third photo
/// taken. `None` when there are not so many.
fn killed_after(changes: usize) -> Option<Scenario> {
    let (mut scenario, store) = Scenario::begin();
    scenario.keep(&store, 1);
    // So that a death between the photo's file and its row is among them.
    let database = rusqlite::Connection::open(scenario.disk.folder().join("queue.sqlite")).unwrap();
    database
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON captures BEGIN SELECT raise(ABORT, 'killed'); END",
        )
        .unwrap();
    scenario.disk.stage("refuse");
    scenario.disk.order(Trouble::Dead(changes));
    let photo = good_photo(2);
    store.keep(&capture(first_shot(&store), &photo, Keep::AsGood, 2), at(2)).unwrap_err();
    let all_done = scenario.disk.changes() < changes;
    scenario.disk.order(Trouble::None);
    database.execute_batch("DROP TRIGGER refuse").unwrap();
    drop((database, store));
    if all_done {
        return None;
    }
    scenario.from = scenario.disk.log().entries.len();
    let (store, _) = scenario.open_again();
    scenario.keep(&store, 3);
    Some(scenario)
}

/// A photo whose file was taken away, and put back by a program that syncs nothing.
fn put_back() -> Scenario {
    let (mut scenario, store) = Scenario::begin();
    scenario.disk.stage("keep");
    let id = keep(&store, first_shot(&store), 1).id;
    drop(store);
    let path = scenario.disk.folder().join("vault").join(format!("{id}.sealed"));
    let bytes = std::fs::read(&path).unwrap();
    scenario.disk.remove(&path).unwrap();
    assert_eq!(scenario.open_again().1.lost, [id]);
    scenario.disk.put(&path, &bytes);
    scenario.from = scenario.disk.log().entries.len();
    assert_eq!(scenario.open_again().1.found, [id]);
    scenario
}

/// Two of three photos were accepted, and are deleted after the grace.
fn sweeping() -> Scenario {
    let (mut scenario, store) = Scenario::begin();
    scenario.keep(&store, 1);
    scenario.keep(&store, 2);
    let done = send_all(&store, 10);
    scenario.keep(&store, 3);
    scenario.from = scenario.disk.log().entries.len();
    scenario.disk.stage("sweep");
    assert_eq!(store.sweep(at(done + DAY)).unwrap().photos, 2);
    scenario
}

/// A damaged file with a whole copy beside it, a renamed one, a file that is nobody's, and a photo never finished.
fn setting_aside() -> Scenario {
    let (mut scenario, store) = Scenario::begin();
    let [damaged, renamed] = [1, 2].map(|second| scenario.keep(&store, second).id);
    drop(store);
    let disk = &scenario.disk;
    let vault = disk.folder().join("vault");
    let path = vault.join(format!("{damaged}.sealed"));
    let mut bytes = std::fs::read(&path).unwrap();
    disk.put(&vault.join("a copy"), &bytes);
    bytes[5_000] ^= 1;
    disk.remove(&path).unwrap();
    disk.put(&path, &bytes);
    disk.rename(&vault.join(format!("{renamed}.sealed")), &vault.join("renamed")).unwrap();
    disk.put(&vault.join("holiday.jpg"), b"hello");
    disk.put(&disk.folder().join("tmp/half"), b"half");
    let made = ["vault/a copy", "vault/holiday.jpg", &format!("vault/{damaged}.sealed"), "tmp/half"];
    for path in made.map(|name| disk.folder().join(name)) {
        disk.sync(&disk.open(&path).unwrap(), &path).unwrap();
    }
    for part in ["vault", "tmp"] {
        disk.sync_folder(&disk.folder().join(part)).unwrap();
    }
    scenario.from = scenario.disk.log().entries.len();
    let report = scenario.open_again().1;
    assert_eq!((report.quarantined.len(), report.unfinished_removed, report.lost.len()), (2, 1, 0));
    scenario
}

fn survives(scenario: &Scenario) -> usize {
    let (violation, states) = scenario.first_violation(|_| false);
    assert_eq!(violation, None);
    println!("{states} states of the disk");
    states
}

#[test]
fn what_was_called_saved_survives_a_power_cut_at_any_change_while_photos_are_kept() {
    let states = survives(&keeping());
    assert!(states > 50, "{states} states");
}

#[test]
fn what_was_adopted_after_a_kill_at_any_change_survives_the_power_cut_that_follows() {
    let scenarios: Vec<_> = (0..).map_while(killed_after).collect();
    assert!(scenarios.len() > 5, "{} changes", scenarios.len());
    let states: usize = scenarios.iter().map(survives).sum();
    assert!(states > 200, "{states} states");
}

#[test]
fn a_photo_that_was_put_back_and_found_survives_a_power_cut() {
    survives(&put_back());
}

#[test]
fn deleting_what_was_accepted_takes_nothing_else_whenever_the_power_goes() {
    survives(&sweeping());
}

#[test]
fn setting_aside_takes_no_photo_that_is_whole_whenever_the_power_goes() {
    survives(&setting_aside());
}

/// What a sync of ours is for.
fn purpose(entry: &Entry) -> Option<&'static str> {
    let queue = Path::new("shop/queue");
    match &entry.change {
        Change::Sync(_, path) if path.starts_with(queue.join("tmp")) => Some("content of a photo"),
        Change::Sync(..) => Some("content of a photo that came otherwise"),
        Change::SyncFolder(path) if path == queue => Some("names of the queue's folders"),
        Change::SyncFolder(path) if queue.starts_with(path) => Some("name of the queue's folder"),
        Change::SyncFolder(_) if entry.stage != "open" => Some("name of a photo"),
        Change::SyncFolder(_) => Some("name of a photo that was not finished"),
        _ => None,
    }
}

#[test]
fn without_any_one_of_the_syncs_a_photo_that_was_called_saved_can_be_lost() {
    let mut scenarios = vec![keeping(), put_back()];
    scenarios.extend((0..).map_while(killed_after));
    let mut purposes: Vec<_> = scenarios
        .iter()
        .flat_map(|scenario| scenario.disk.log().entries)
        .filter_map(|entry| purpose(&entry))
        .collect();
    purposes.sort_unstable();
    purposes.dedup();
    let all = [
        "content of a photo",
        "content of a photo that came otherwise",
        "name of a photo",
        "name of a photo that was not finished",
        "name of the queue's folder",
        "names of the queue's folders",
    ];
    assert_eq!(purposes, all);
    for left_out in all {
        let violation = scenarios
            .iter()
            .find_map(|scenario| scenario.first_violation(|entry| purpose(entry) == Some(left_out)).0);
        assert!(violation.is_some(), "nothing is lost without syncing the {left_out}");
    }
}

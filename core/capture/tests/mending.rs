//! What several stores on one folder must see of each other, and which of two copies is the photo.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;

use clearshot_capture::{CaptureStore, Counters, Keep};
use clearshot_protocol::CaptureId;
use clearshot_simulated_disk::Trouble;
use support::disk::Disk;
use support::*;

fn ids(store: &CaptureStore) -> Vec<CaptureId> {
    store.queue().unwrap().into_iter().map(|entry| entry.capture).collect()
}

/// Changes a byte of the sealed photo, which its header does not show.
fn damage(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[3_000] ^= 1;
    fs::File::create(path).unwrap().write_all(&bytes).unwrap();
}

#[test]
fn a_store_goes_on_with_the_database_that_another_store_has_rebuilt() {
    let (phone, [first, second]) = phone_with_two();
    let open_before = phone.store();
    fs::File::create(database(&phone)).unwrap().write_all(&b"garbage".repeat(1_000)).unwrap();
    let (other, report) = phone.open();
    assert!(report.damaged_database.is_some());

    let slot = open_before.sessions().unwrap()[0].items[0].shots[0].id;
    let third = keep(&open_before, slot, 3);
    assert_eq!(third.sequence, 2);
    let fourth = keep(&other, slot, 4);
    assert_eq!(fourth.supersedes, Some(third.id), "one sees what the other keeps");
    assert_eq!(ids(&open_before), [first, second, third.id, fourth.id]);
    assert_eq!(ids(&other), ids(&open_before));
    assert_ne!(step(&open_before, 10).capture, step(&other, 10).capture);
}

#[test]
fn a_store_whose_database_was_deleted_rebuilds_it_and_goes_on() {
    let (phone, both) = phone_with_two();
    let store = phone.store();
    for name in ["queue.sqlite", "queue.sqlite-wal", "queue.sqlite-shm"] {
        let _ = fs::remove_file(phone.folder.path().join(name));
    }
    assert_eq!(ids(&store), both);
    let third = keep(&store, store.sessions().unwrap()[0].items[0].shots[0].id, 3);
    assert_eq!(third.sequence, 2);
    drop(store);
    assert_eq!(ids(&phone.store()), [both[0], both[1], third.id], "nothing is left to mend");
}

#[test]
fn a_photo_whose_writer_died_before_its_row_keeps_its_place_in_the_chain() {
    let (phone, disk) = (Phone::new(), Disk::new());
    let (dying, _) = disk.open_store(&phone).unwrap();
    let slot = shot(&session(&dying), 0);
    keep(&dying, slot, 1);
    let open =
        || CaptureStore::open(disk.folder(), phone.keys.clone(), phone.config.clone(), at(0)).unwrap().0;
    let other = open();

    let connection = rusqlite::Connection::open(disk.folder().join("queue.sqlite")).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON captures BEGIN SELECT raise(ABORT, 'killed'); END";
    connection.execute_batch(refuse).unwrap();
    let photo = good_photo(2);
    disk.order(Trouble::None);
    dying.keep(&capture(slot, &photo, Keep::AsGood, 2), at(2)).unwrap_err();
    let written = disk.changes() - 1;
    disk.order(Trouble::Dead(written));
    dying.keep(&capture(slot, &photo, Keep::AsGood, 2), at(2)).unwrap_err();
    drop(dying);
    connection.execute_batch("DROP TRIGGER refuse").unwrap();

    let third = keep(&other, slot, 3);
    assert_eq!(third.sequence, 2, "the photo of the one that died has place 1");
    let queue = other.queue().unwrap();
    let places: BTreeSet<_> =
        queue.iter().map(|entry| other.manifest(entry.capture).unwrap().chain.sequence).collect();
    assert_eq!((queue.len(), places), (3, BTreeSet::from([0, 1, 2])));
    assert_eq!(third.supersedes, Some(queue[1].capture));
}

#[test]
fn of_a_damaged_file_and_a_whole_copy_of_it_the_copy_is_the_photo() {
    let (phone, both) = phone_with_two();
    let path = phone.vault_file(both[0]);
    for copy in ["0 copy", "a copy of the photo.sealed"] {
        fs::copy(&path, path.with_file_name(copy)).unwrap();
        damage(&path);
        let (store, report) = phone.open();
        assert_eq!((report.quarantined.len(), report.duplicates.len(), report.lost.len()), (1, 0, 0));
        assert!(store.open_photo(both[0]).is_ok());
        assert_eq!(store.counters().unwrap(), Counters { captured: 2, queued: 2, ..Counters::default() });
    }
}

#[test]
fn of_a_whole_file_and_a_damaged_copy_of_it_the_file_stays() {
    let (phone, both) = phone_with_two();
    let copy = phone.folder.path().join("vault/copy");
    fs::copy(phone.vault_file(both[0]), &copy).unwrap();
    damage(&copy);
    let (store, report) = phone.open();
    assert_eq!((report.quarantined.len(), report.duplicates.len(), report.lost.len()), (0, 1, 0));
    assert!(store.open_photo(both[0]).is_ok());
}

#[test]
fn what_cannot_be_removed_or_moved_keeps_no_store_from_opening() {
    let (phone, both) = phone_with_two();
    let stuck = phone.folder.path().join("tmp/folder");
    fs::create_dir(&stuck).unwrap();
    let (store, report) = phone.open();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((store.unreadable_files(), ids(&store)), (vec![stuck], both.to_vec()));
}

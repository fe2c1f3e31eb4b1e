//! What a crash, a disk or a person may leave behind, and what opening the store makes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clearshot_capture::{CaptureState, CaptureStore, Conditions, Counters, Keep, Plan, StoreKeys};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{CaptureId, Sha256Digest};
use support::*;

fn change_byte(path: &std::path::Path, offset: u64) {
    let byte = fs::read(path).unwrap()[offset as usize];
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&[byte ^ 1]).unwrap();
}

#[test]
fn without_its_database_the_queue_is_rebuilt_from_the_vault_alone() {
    let (phone, ids) = phone_with_two();
    let before = phone.store().queue().unwrap();
    fs::remove_file(database(&phone)).unwrap();
    let (store, report) = phone.open();
    assert_eq!(report.adopted, ids);
    assert_eq!(store.queue().unwrap(), before, "row by row as it was");
    let item = store.sessions().unwrap().remove(0).items.remove(0);
    assert_eq!((item.sku.as_deref(), item.title, item.reason), (Some(SKU), None, None));
    let next = keep(&store, item.shots[0].id, 3);
    assert_eq!((next.sequence, next.supersedes), (2, Some(ids[0])), "the chain goes on");
    drop(store);
    phone.store();
}

#[test]
fn a_database_that_is_garbage_is_moved_aside_and_rebuilt() {
    for (garbage, name) in [(b"garbage".repeat(1_000), "corrupt-1"), (vec![0xff; 4_096], "corrupt-2")] {
        let (phone, ids) = phone_with_two();
        if name == "corrupt-2" {
            fs::copy(database(&phone), phone.folder.path().join("queue.sqlite.corrupt-1")).unwrap();
        }
        fs::File::create(database(&phone)).unwrap().write_all(&garbage).unwrap();
        let (store, report) = phone.open();
        let aside = report.damaged_database.unwrap();
        assert!(aside.to_string_lossy().ends_with(name), "{}", aside.display());
        assert_eq!(fs::read(aside).unwrap(), garbage, "nothing is deleted");
        assert_eq!(report.adopted, ids);
        assert_eq!(store.counters().unwrap().queued, 2);
    }
}

#[test]
fn a_database_with_damaged_pages_is_found_when_opening() {
    let (phone, ids) = phone_with_two();
    let mut bytes = fs::read(database(&phone)).unwrap();
    bytes[4_096..].fill(0xa5); // every page but the first
    fs::File::create(database(&phone)).unwrap().write_all(&bytes).unwrap();
    let (_, report) = phone.open();
    assert!(report.damaged_database.is_some());
    assert_eq!(report.adopted, ids);
}

#[test]
fn a_database_of_a_later_version_is_refused_and_nothing_is_touched() {
    let (phone, _) = phone_with_two();
    let connection = rusqlite::Connection::open(database(&phone)).unwrap();
    connection.pragma_update(None, "user_version", 1_000).unwrap();
    drop(connection);
    let before = fs::read(database(&phone)).unwrap();
    let error =
        CaptureStore::open(phone.folder.path(), phone.keys.clone(), phone.config.clone(), at(0)).unwrap_err();
    assert_eq!(error.code(), "newer_database");
    assert_eq!(fs::read(database(&phone)).unwrap(), before);
    assert_eq!(phone.count("vault"), 2);
}

#[test]
fn a_truncated_file_and_one_with_a_damaged_header_are_set_aside_and_their_captures_lost() {
    let (phone, ids) = phone_with_two();
    let length = fs::metadata(phone.vault_file(ids[0])).unwrap().len();
    fs::OpenOptions::new().write(true).open(phone.vault_file(ids[0])).unwrap().set_len(length - 1).unwrap();
    change_byte(&phone.vault_file(ids[1]), 20);
    let (store, report) = phone.open();
    assert_eq!((report.lost.as_slice(), report.quarantined.len()), (ids.as_slice(), 2));
    assert_eq!(phone.count("quarantine"), 2, "kept for a person to look at");
    let entry = store.entry(ids[0]).unwrap();
    assert_eq!((entry.state, entry.advice.is_some()), (CaptureState::Lost, true));
    assert_eq!(store.counters().unwrap(), Counters { captured: 2, lost: 2, ..Counters::default() });
    drop(store);
    phone.store();
}

#[test]
fn an_edited_photo_is_found_before_its_first_byte_is_sent() {
    let (phone, ids) = phone_with_two();
    change_byte(&phone.vault_file(ids[0]), 3_000);
    let store = phone.store();
    assert_eq!(step(&store, 10).capture, ids[1], "the neighbour goes on");
    assert_eq!(store.entry(ids[0]).unwrap().state, CaptureState::Lost);
    assert_eq!((phone.count("quarantine"), phone.count("vault")), (1, 1));
}

#[test]
fn an_edited_photo_without_a_row_is_not_adopted() {
    let (phone, ids) = phone_with_two();
    change_byte(&phone.vault_file(ids[0]), 3_000);
    fs::remove_file(database(&phone)).unwrap();
    let (_, report) = phone.open();
    assert_eq!((report.adopted, report.quarantined.len()), (vec![ids[1]], 1));
}

#[test]
fn a_deleted_photo_is_lost_and_found_when_it_is_put_back() {
    let (phone, ids) = phone_with_two();
    let elsewhere = phone.folder.path().join("elsewhere");
    fs::rename(phone.vault_file(ids[0]), &elsewhere).unwrap();
    let (store, report) = phone.open();
    assert_eq!(report.lost, [ids[0]]);
    assert!(matches!(store.open_photo(ids[0]), Err(error) if error.code() == "no_photo"));
    drop(store);
    fs::rename(&elsewhere, phone.vault_file(ids[0])).unwrap();
    let (store, report) = phone.open();
    assert_eq!(report.found, [ids[0]]);
    assert_eq!(store.counters().unwrap().queued, 2);
    assert_eq!(step(&store, 10).capture, ids[0]);
}

#[test]
fn a_photo_that_vanishes_while_it_is_sent_is_lost_and_its_neighbour_goes_on() {
    let (phone, ids) = phone_with_two();
    let store = phone.store();
    let leased = step(&store, 10);
    fs::remove_file(phone.vault_file(leased.capture)).unwrap();
    assert_eq!(store.sealed_file(leased.capture).unwrap_err().code(), "no_photo");
    assert_eq!(store.entry(ids[0]).unwrap().state, CaptureState::Lost);
    assert_eq!(step(&store, 11).capture, ids[1]);
}

#[test]
fn a_copy_under_a_second_name_is_set_aside_and_a_renamed_file_gets_its_name_back() {
    let (phone, ids) = phone_with_two();
    let vault = phone.folder.path().join("vault");
    fs::copy(phone.vault_file(ids[0]), vault.join("copy of photo.sealed")).unwrap();
    fs::rename(phone.vault_file(ids[1]), vault.join("renamed")).unwrap();
    let (store, report) = phone.open();
    assert_eq!((report.duplicates.len(), report.lost.len(), report.adopted.len()), (1, 0, 0));
    assert!(phone.vault_file(ids[1]).exists());
    assert_eq!(store.counters().unwrap(), Counters { captured: 2, queued: 2, ..Counters::default() });
}

#[test]
fn what_is_nobodys_is_set_aside_and_what_was_never_finished_is_removed() {
    let (phone, _) = phone_with_two();
    fs::File::create(phone.folder.path().join("vault/holiday.jpg")).unwrap().write_all(b"hi").unwrap();
    fs::create_dir(phone.folder.path().join("vault/folder")).unwrap();
    fs::File::create(phone.folder.path().join("tmp/0198c5a0")).unwrap().write_all(b"half").unwrap();
    let (_, report) = phone.open();
    assert_eq!((report.quarantined.len(), report.unfinished_removed), (2, 1));
    assert_eq!((phone.count("quarantine"), phone.count("tmp"), phone.count("vault")), (2, 0, 2));
    phone.store();
}

#[test]
fn photos_of_another_device_key_are_adopted_by_their_header_and_can_be_sent() {
    let (mut phone, ids) = phone_with_two();
    fs::remove_file(database(&phone)).unwrap();
    phone.keys.device = Identity::generate();
    let (store, report) = phone.open();
    assert_eq!(report.adopted, ids);
    assert_eq!(store.entry(ids[0]).unwrap().verdict, None);
    send_all(&store, 10);
    assert_eq!(store.counters().unwrap().accepted, 2);
}

#[test]
fn a_photo_is_deleted_only_after_accepted_and_the_grace_and_a_cut_off_sweep_is_finished() {
    let (phone, ids) = phone_with_two();
    let store = phone.store();
    assert_eq!(store.sweep(at(1_000_000)).unwrap().photos, 0, "nothing is accepted yet");
    let done = send_all(&store, 10);
    let day = 24 * 60 * 60;
    assert_eq!(store.sweep(at(done + day - 10)).unwrap().photos, 0, "within the grace");
    let copy = phone.folder.path().join("copy");
    fs::copy(phone.vault_file(ids[0]), &copy).unwrap();
    let swept = store.sweep(at(done + day)).unwrap();
    let bytes = store.queue().unwrap().iter().map(|entry| entry.length).sum::<u64>();
    assert_eq!((swept.photos, swept.bytes, phone.count("vault")), (2, bytes, 0));
    assert_eq!(store.counters().unwrap(), Counters { captured: 2, accepted: 2, ..Counters::default() });
    drop(store);

    fs::rename(&copy, phone.vault_file(ids[0])).unwrap(); // as if deleting it had been cut off
    let store = phone.store();
    assert_eq!(phone.count("vault"), 0);
    assert_eq!(store.counters().unwrap().accepted, 2);
    assert!(matches!(store.next(Conditions::UNMETERED, at(0)).unwrap(), Plan::Done));
}

const CHILD_FOLDER: &str = "CLEARSHOT_TEST_KILLED";

/// The child keeps one photo after the other and prints each id once it is saved; the parent kills it at a moment that
/// differs each time, and opens the folder.
#[test]
fn killed_at_any_moment_every_saved_photo_is_there_once() {
    let name = "killed_at_any_moment_every_saved_photo_is_there_once";
    if let Ok(folder) = std::env::var(CHILD_FOLDER) {
        let device = std::env::var("CLEARSHOT_TEST_DEVICE").unwrap().parse().unwrap();
        let keys = StoreKeys { device, service: Identity::generate().recipient() };
        let (store, _) = CaptureStore::open(folder, keys, Phone::new().config, at(0)).unwrap();
        let session = store.sessions().unwrap().remove(0);
        let photo = good_photo(1);
        for second in 0.. {
            let saved = store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, second), at(second));
            println!("saved {}", saved.unwrap().id);
        }
    }
    let phone = Phone::new();
    session(&phone.store());
    let mut saved = Vec::new();
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD_FOLDER, phone.folder.path())
            .env("CLEARSHOT_TEST_DEVICE", phone.keys.device.to_secret_text().as_str())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let id = |line: String| line.split_once("saved ").map(|(_, id)| id.parse::<CaptureId>().unwrap());
        let first = lines.by_ref().find_map(id).expect("the child keeps photos");
        saved.push(first);
        let killed_at = Instant::now() + Duration::from_micros(round * 1_300);
        while Instant::now() < killed_at {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        saved.extend(lines.filter_map(id));

        let (store, report) = phone.open();
        assert!(report.lost.is_empty() && report.quarantined.is_empty(), "{report:?}");
        let queue = store.queue().unwrap();
        for id in &saved {
            assert_eq!(queue.iter().filter(|entry| entry.capture == *id).count(), 1);
        }
        assert_eq!((phone.count("vault"), phone.count("tmp")), (queue.len(), 0));
        for entry in queue {
            let bytes = fs::read(phone.vault_file(entry.capture)).unwrap();
            assert_eq!(Sha256Digest::of(&bytes[bytes.len() - entry.length as usize..]), entry.sha256);
        }
        drop(store);
        phone.store();
    }
}

//! A full disk and a disk that errs, at every single call: a typed error, no false "saved", and the next photo works.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::sync::Arc;

use clearshot_capture::{
    CaptureError, CaptureState, CaptureStore, Conditions, Counters, Keep, Plan, RealDisk, Vfs as _,
};
use clearshot_simulated_disk::Trouble;
use support::disk::Disk;
use support::*;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn begin() -> (Phone, Arc<Disk>, CaptureStore) {
    let (phone, disk) = (Phone::new(), Disk::new());
    let (store, _) = disk.open_store(&phone).unwrap();
    session(&store);
    (phone, disk, store)
}

fn keep_next(store: &CaptureStore, seed: i64) -> Result<clearshot_capture::SavedCapture, CaptureError> {
    let shot = store.sessions().unwrap()[0].items[0].shots[0].id;
    store.keep(&capture(shot, &good_photo(1), Keep::AsGood, seed), at(seed))
}

fn count(disk: &Disk, part: &str) -> usize {
    RealDisk.list(&disk.folder().join(part)).unwrap().len()
}

/// Runs something that asks the disk once without trouble, and says how many calls it made.
fn calls(disk: &Disk, run: impl FnOnce()) -> usize {
    disk.order(Trouble::None);
    run();
    disk.called().len()
}

#[test]
fn a_call_that_fails_while_a_photo_is_kept_is_a_typed_error_and_nothing_is_saved() {
    let (phone, disk, store) = begin();
    let all = calls(&disk, || drop(keep_next(&store, 1).unwrap()));
    assert!(all >= 7, "{:?}", disk.called());
    let mut saved = 1;
    for code in [ENOSPC, EIO] {
        for number in 0..all {
            disk.order(Trouble::FailOnce(number, code));
            let error = keep_next(&store, 2).unwrap_err();
            let called = disk.called();
            let what = format!("{}: {error:?}", called[number]);
            let expected = match code {
                _ if called[number].starts_with("measure") => "folder",
                ENOSPC => "disk_full",
                _ => "write",
            };
            assert_eq!(error.code(), expected, "{what}");
            for failed in called.iter().filter(|call| call.starts_with("sync")) {
                let times = called.iter().filter(|call| *call == failed).count();
                assert_eq!(times, 1, "a sync that failed is not tried again: {what}");
            }
            assert_eq!(store.counters().unwrap().captured, saved, "{what}");
            assert_eq!((count(&disk, "vault") as u64, count(&disk, "tmp")), (saved, 0), "{what}");

            disk.order(Trouble::None);
            let next = keep_next(&store, 3).unwrap();
            assert_eq!(u64::from(next.sequence), saved, "the chain goes on: {what}");
            saved += 1;
        }
    }
    drop(store);
    let (store, report) = disk.open_store(&phone).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(store.counters().unwrap(), Counters { captured: saved, queued: saved, ..Counters::default() });
}

#[test]
fn a_call_that_fails_while_the_store_is_opened_loses_nothing() {
    for rebuilt in [false, true] {
        let (phone, disk, store) = begin();
        let ids = [1, 2].map(|second| keep_next(&store, second).unwrap().id);
        drop(store);
        let prepare = || {
            disk.order(Trouble::None);
            disk.put(&disk.folder().join("tmp/half"), b"half");
            if rebuilt {
                std::fs::remove_file(disk.folder().join("queue.sqlite")).unwrap();
            }
        };
        prepare();
        let all = calls(&disk, || drop(disk.open_store(&phone).unwrap()));
        for code in [ENOSPC, EIO] {
            for number in 0..all {
                prepare();
                disk.order(Trouble::FailOnce(number, code));
                let opened = disk.open_store(&phone).map(drop);
                let what = disk.called()[number].clone();
                if let Err(error) = &opened {
                    assert_eq!(error.code(), "folder", "{what}: {error:?}");
                    assert!(!what.contains(".sealed"), "one photo keeps the store from opening: {what}");
                }
                disk.order(Trouble::None);
                let (store, report) = disk.open_store(&phone).unwrap();
                assert!(report.lost.is_empty() && report.quarantined.is_empty(), "{what}: {report:?}");
                for id in ids {
                    assert_eq!(store.entry(id).unwrap().state, CaptureState::Queued, "{what}");
                    assert!(store.open_photo(id).is_ok(), "{what}");
                }
                assert_eq!(store.counters().unwrap().captured, 2, "{what}");
            }
        }
    }
}

#[test]
fn a_photo_whose_header_the_disk_does_not_give_stays_where_it_is_and_is_sent_when_it_does() {
    let (phone, disk, store) = begin();
    let ids = [1, 2].map(|second| keep_next(&store, second).unwrap().id);
    drop(store);
    calls(&disk, || drop(disk.open_store(&phone).unwrap()));
    let number = disk.called().iter().position(|call| call.starts_with("read")).unwrap();
    disk.order(Trouble::FailOnce(number, EIO));
    let (store, report) = disk.open_store(&phone).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let unreadable = disk.folder().join("vault").join(format!("{}.sealed", ids[0]));
    assert_eq!(store.unreadable_files(), [unreadable]);
    assert_eq!(store.counters().unwrap().queued, 2, "not lost");
    send_all(&store, 10);
    assert_eq!(store.counters().unwrap().accepted, 2);
}

#[test]
fn a_call_that_fails_while_a_photo_is_looked_at_before_sending_costs_a_try_and_no_photo() {
    let (_phone, disk, store) = begin();
    let id = keep_next(&store, 1).unwrap().id;
    let all = calls(&disk, || {
        let plan = store.next(Conditions::UNMETERED, at(10)).unwrap();
        let Plan::Upload(step) = plan else { panic!("{plan:?}") };
        store.report(step.lease, &clearshot_capture::Outcome::Cancelled, at(10)).unwrap();
    });
    for (number, hour) in (0..all).zip(1..) {
        disk.order(Trouble::FailOnce(number, EIO));
        store.next(Conditions::UNMETERED, at(3_600 * hour)).unwrap();
        let entry = store.entry(id).unwrap();
        assert_eq!((entry.state, entry.attempts), (CaptureState::Queued, number as u32 + 1));
    }
}

#[test]
fn a_photo_that_cannot_be_deleted_keeps_no_other_from_it_and_is_deleted_by_the_next_opening() {
    let (phone, disk, store) = begin();
    for second in 1..=3 {
        keep_next(&store, second).unwrap();
    }
    let done = send_all(&store, 10);
    disk.order(Trouble::FailOnce(0, EIO));
    let error = store.sweep(at(done + 24 * 3_600)).unwrap_err();
    assert_eq!((error.code(), count(&disk, "vault")), ("folder", 1));
    drop(store);
    let (store, report) = disk.open_store(&phone).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((count(&disk, "vault"), store.counters().unwrap().accepted), (0, 3));
}

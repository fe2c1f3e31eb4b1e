//! What is forgotten of returns that are long over, and what never is.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use clearshot_capture::{CaptureState, CaptureStore, Counters, Outcome};
use clearshot_protocol::CaptureId;
use support::*;

const DAY: i64 = 24 * 60 * 60;

/// The default retention, in days.
const RETENTION: i64 = 90;

/// A store with two photos that were accepted, and deleted on day 1.
fn settled() -> (Phone, CaptureStore, [CaptureId; 2]) {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let ids = [(0, 1), (1, 2)].map(|(place, second)| keep(&store, shot(&session, place), second).id);
    send_all(&store, 10);
    sweep_daily(&store, 0, 2);
    assert!(store.queue().unwrap().iter().all(|entry| !entry.on_device));
    (phone, store, ids)
}

/// Sweeps once a day from one day to another.
fn sweep_daily(store: &CaptureStore, from: i64, to: i64) {
    for day in from..=to {
        store.sweep(at(day * DAY + 100)).unwrap();
    }
}

fn refused(status: u16) -> Outcome {
    Outcome::Refused { status, code: "no".to_owned(), detail: String::new(), retry_after: None }
}

fn is_forgotten(store: &CaptureStore) -> bool {
    let forgotten = store.sessions().unwrap().is_empty();
    assert_eq!(forgotten, store.queue().unwrap().is_empty());
    assert_eq!(forgotten, store.counters().unwrap() == Counters::default());
    forgotten
}

#[test]
fn a_session_is_forgotten_when_all_its_photos_were_accepted_and_deleted_long_ago() {
    let (_phone, store, _) = settled();
    sweep_daily(&store, 3, RETENTION);
    assert_eq!(store.counters().unwrap(), Counters { captured: 2, accepted: 2, ..Counters::default() });
    sweep_daily(&store, 1 + RETENTION, 1 + RETENTION);
    assert!(is_forgotten(&store));
}

#[test]
fn opening_the_queue_forgets_as_well() {
    let (phone, store, ids) = settled();
    sweep_daily(&store, 3, RETENTION);
    drop(store);
    let now = at((RETENTION + 3) * DAY);
    let open =
        || CaptureStore::open(phone.folder.path(), phone.keys.clone(), phone.config.clone(), now).unwrap();
    let (store, report) = open();
    assert!(report.is_clean());
    assert!(is_forgotten(&store));
    assert_eq!(store.entry(ids[0]).unwrap_err().code(), "unknown_capture");
}

#[test]
fn a_queue_that_cannot_forget_opens_all_the_same() {
    let (phone, store, ids) = settled();
    drop(store);
    // As a full disk does to the first statement that changes anything.
    let database = rusqlite::Connection::open(phone.folder.path().join("queue.sqlite")).unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE OF age ON planner BEGIN SELECT RAISE(ABORT, 'full'); END";
    database.execute_batch(full).unwrap();
    let now = at((RETENTION + 3) * DAY);
    let open = CaptureStore::open(phone.folder.path(), phone.keys.clone(), phone.config.clone(), now);
    let store = open.unwrap().0;
    assert_eq!(store.entry(ids[0]).unwrap().state, CaptureState::Accepted);
    assert_eq!(store.sweep(now).unwrap_err().code(), "database", "a sweep says that it failed");
}

#[test]
fn a_clock_that_jumps_years_ahead_makes_nothing_old() {
    let (_phone, store, _) = settled();
    for year in [1, 5, 11] {
        store.sweep(at(year * 365 * DAY)).unwrap();
        store.sweep(at(3 * DAY)).unwrap();
    }
    assert!(!is_forgotten(&store));
    sweep_daily(&store, 4, RETENTION);
    assert!(is_forgotten(&store), "it goes on with what it had believed");
}

#[test]
fn what_is_not_accepted_or_given_up_is_never_forgotten_nor_what_is_beside_it() {
    for state in [CaptureState::Queued, CaptureState::Stalled, CaptureState::Rejected, CaptureState::Lost] {
        let (phone, mut store, _) = settled();
        let left = keep(&store, shot(&store.sessions().unwrap()[0], 2), 3 * DAY).id;
        match state {
            CaptureState::Stalled => {
                store.report(step(&store, 3 * DAY).lease, &refused(418), at(3 * DAY)).unwrap();
            }
            CaptureState::Rejected => {
                store.report(step(&store, 3 * DAY).lease, &refused(422), at(3 * DAY)).unwrap();
            }
            CaptureState::Lost => {
                drop(store);
                std::fs::remove_file(phone.vault_file(left)).unwrap();
                store = phone.open().0;
            }
            _ => {}
        }
        assert_eq!(store.entry(left).unwrap().state, state);
        sweep_daily(&store, 3, 3 * RETENTION);
        assert_eq!(store.counters().unwrap().captured, 3, "{state}");
        assert_eq!(store.entry(left).unwrap().on_device, state != CaptureState::Lost);
    }
}

#[test]
fn a_rejected_photo_that_was_discarded_is_forgotten_with_its_session() {
    let (_phone, store, _) = settled();
    let rejected = keep(&store, shot(&store.sessions().unwrap()[0], 2), 3 * DAY).id;
    store.report(step(&store, 3 * DAY).lease, &refused(422), at(3 * DAY)).unwrap();
    store.discard(rejected).unwrap();
    sweep_daily(&store, 4, 4 + RETENTION - 1);
    assert!(!is_forgotten(&store));
    sweep_daily(&store, 4 + RETENTION, 4 + RETENTION);
    assert!(is_forgotten(&store));
}

#[test]
fn a_photo_that_is_taken_after_all_begins_the_time_anew_and_goes_on_in_the_chain() {
    let (_phone, store, _) = settled();
    sweep_daily(&store, 3, 80);
    let late = keep(&store, shot(&store.sessions().unwrap()[0], 2), 80 * DAY + 200);
    assert_eq!(late.sequence, 2);
    send_all(&store, 80 * DAY + 200);
    sweep_daily(&store, 81, 80 + RETENTION);
    assert!(!is_forgotten(&store));
    sweep_daily(&store, 81 + RETENTION, 83 + RETENTION);
    assert!(is_forgotten(&store));
}

#[test]
fn a_session_that_is_asked_for_one_more_photo_is_not_forgotten_meanwhile() {
    let (_phone, store, _) = settled();
    sweep_daily(&store, 3, 80);
    let session = store.sessions().unwrap().remove(0);
    let role = clearshot_protocol::api::ShotRole::Defect;
    store.add_shot(session.id, session.items[0].id, role, at(80 * DAY)).unwrap();
    sweep_daily(&store, 81, 80 + RETENTION);
    assert!(!is_forgotten(&store));
}

#[test]
fn a_session_without_photos_is_forgotten_as_any_other() {
    let phone = Phone::new();
    let store = phone.store();
    session(&store);
    sweep_daily(&store, 0, RETENTION - 1);
    assert_eq!(store.sessions().unwrap().len(), 1);
    sweep_daily(&store, RETENTION, RETENTION + 1);
    assert!(is_forgotten(&store));
}

#[test]
fn a_photo_whose_file_is_still_there_keeps_its_row_and_is_never_sent_again() {
    let phone = Phone::new();
    let store = phone.store();
    let id = keep(&store, shot(&session(&store), 0), 0).id;
    send_all(&store, 10);
    let copy = phone.folder.path().join("copy");
    std::fs::copy(phone.vault_file(id), &copy).unwrap();
    sweep_daily(&store, 0, 3);
    std::fs::rename(&copy, phone.vault_file(id)).unwrap(); // as if deleting it had failed
    sweep_daily(&store, 4, 2 * RETENTION);
    assert_eq!(store.counters().unwrap().accepted, 1);
    drop(store);
    let store = phone.store();
    assert_eq!(phone.count("vault"), 0);
    assert!(is_forgotten(&store), "deleting it was finished first");
}

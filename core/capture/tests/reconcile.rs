//! What the phone makes of the server's word on what it has.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use clearshot_capture::{CaptureState, CaptureStore, Outcome, UploadRequest};
use clearshot_protocol::CaptureId;
use clearshot_protocol::api::Rejection;
use clearshot_protocol::reconcile::{HeldState, ReconcileAnswer, ReconciledCapture};
use support::*;

fn with_captures(count: i64) -> (Phone, CaptureStore, Vec<CaptureId>) {
    let phone = Phone::new();
    let store = phone.store();
    let slot = shot(&session(&store), 0);
    let ids = (0..count).map(|second| keep(&store, slot, second).id).collect();
    (phone, store, ids)
}

fn says(capture: CaptureId, state: HeldState) -> ReconcileAnswer {
    let location = (state == HeldState::Uploading).then(|| "/v1/uploads/9".to_owned());
    let rejection = matches!(state, HeldState::Rejected | HeldState::Quarantined)
        .then(|| Rejection { code: "cannot_open".to_owned(), detail: "No.".to_owned() });
    let offset = location.as_ref().map(|_| 10);
    ReconcileAnswer { captures: vec![ReconciledCapture { id: capture, state, offset, location, rejection }] }
}

fn cut() -> Outcome {
    Outcome::NetworkFault { detail: "cut".to_owned() }
}

/// One capture whose creation was cut off.
fn cut_off() -> (Phone, CaptureStore, CaptureId) {
    let (phone, store, ids) = with_captures(1);
    store.report(step(&store, 10).lease, &cut(), at(10)).unwrap();
    (phone, store, ids[0])
}

#[test]
fn the_server_is_asked_after_what_it_may_know_and_once_an_hour() {
    let (_phone, store, ids) = with_captures(2);
    assert_eq!(store.reconcile_request(at(1)).unwrap(), None, "nothing was sent yet");
    store.report(step(&store, 10).lease, &cut(), at(10)).unwrap();
    let request = store.reconcile_request(at(11)).unwrap().unwrap();
    assert_eq!(request.captures.iter().map(|held| held.id).collect::<Vec<_>>(), [ids[0]]);
    assert_eq!(request.captures[0].sha256, store.entry(ids[0]).unwrap().sha256);

    store.reconciled(&ReconcileAnswer { captures: Vec::new() }, at(11)).unwrap();
    assert_eq!(store.reconcile_request(at(3_610)).unwrap(), None);
    assert!(store.reconcile_request(at(3_611)).unwrap().is_some());
}

#[test]
fn after_three_failures_it_is_asked_at_once_and_what_is_being_sent_is_left_alone() {
    let (_phone, store, id) = cut_off();
    store.reconciled(&ReconcileAnswer { captures: Vec::new() }, at(10)).unwrap();
    for second in [100, 200] {
        assert_eq!(store.reconcile_request(at(second)).unwrap(), None);
        store.report(step(&store, second).lease, &cut(), at(second)).unwrap();
    }
    assert!(store.reconcile_request(at(201)).unwrap().is_some());
    let leased = step(&store, 500);
    assert_eq!(store.reconcile_request(at(501)).unwrap(), None);
    assert_eq!(store.reconciled(&says(id, HeldState::Accepted), at(501)).unwrap(), 0);
    assert!(store.report(leased.lease, &cut(), at(502)).unwrap().is_some(), "the lease is still good");
}

#[test]
fn what_the_server_says_of_a_photo_whose_answer_was_lost_is_taken_over() {
    for (held, state) in [
        (HeldState::Absent, CaptureState::Queued),
        (HeldState::Uploading, CaptureState::Uploading),
        (HeldState::Received, CaptureState::Uploaded),
        (HeldState::Quarantined, CaptureState::Uploaded),
        (HeldState::Accepted, CaptureState::Accepted),
        (HeldState::Superseded, CaptureState::Accepted),
        (HeldState::Rejected, CaptureState::Rejected),
        (HeldState::Conflict, CaptureState::Stalled),
    ] {
        let (phone, store, id) = cut_off();
        store.reconciled(&says(id, held), at(20)).unwrap();
        assert_eq!(store.entry(id).unwrap().state, state, "{held:?}");
        assert_eq!(phone.count("vault"), 1, "nothing is deleted before the grace is over");
        if held == HeldState::Uploading {
            let request = step(&store, 20).request;
            assert_eq!(request, UploadRequest::AskOffset { location: "/v1/uploads/9".to_owned() });
        }
    }
}

#[test]
fn a_server_that_came_back_from_a_backup_gets_again_what_the_grace_has_kept() {
    for held in [HeldState::Absent, HeldState::Uploading] {
        let (_phone, store, ids) = with_captures(2);
        let done = send_all(&store, 10);
        let request = store.reconcile_request(at(done)).unwrap().unwrap();
        assert_eq!(request.captures.len(), 2, "both are still here");
        assert_eq!(store.reconciled(&says(ids[0], held), at(done)).unwrap(), 1);
        assert_ne!(store.entry(ids[0]).unwrap().state, CaptureState::Accepted);
        let swept = store.sweep(at(done + 24 * 3_600)).unwrap();
        assert_eq!(swept.photos, 1, "the other one");
        send_all(&store, done + 24 * 3_600);
        assert_eq!(store.counters().unwrap().accepted, 2);
    }
}

#[test]
fn a_photo_that_is_gone_here_and_accepted_there_is_not_lost() {
    let (phone, store, id) = cut_off();
    drop(store);
    std::fs::remove_file(phone.vault_file(id)).unwrap();
    let (store, report) = phone.open();
    assert_eq!(report.lost, [id]);
    for (held, state) in [
        (HeldState::Absent, CaptureState::Lost),
        (HeldState::Uploading, CaptureState::Lost),
        (HeldState::Rejected, CaptureState::Lost),
        (HeldState::Accepted, CaptureState::Accepted),
    ] {
        store.reconciled(&says(id, held), at(20)).unwrap();
        assert_eq!(store.entry(id).unwrap().state, state, "{held:?}");
    }
}

#[test]
fn what_was_accepted_is_not_begun_anew_when_its_photo_is_deleted_already() {
    let (_phone, store, ids) = with_captures(1);
    let done = send_all(&store, 10);
    store.sweep(at(done + 24 * 3_600)).unwrap();
    let later = at(done + 24 * 3_600 + 1);
    assert_eq!(store.reconcile_request(later).unwrap(), None);
    assert_eq!(store.reconciled(&says(ids[0], HeldState::Absent), later).unwrap(), 0);
    assert_eq!(store.counters().unwrap().accepted, 1);
}

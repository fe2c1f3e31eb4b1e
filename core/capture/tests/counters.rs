//! Counters, discarding, and the size of the next photo.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::time::Duration;

use clearshot_analysis::{Policy, StillLimits, StillScratch};
use clearshot_capture::{
    CaptureState, CaptureStore, Conditions, Counters, Keep, Outcome, Plan, UploadRequest,
};
use clearshot_protocol::CaptureId;
use clearshot_protocol::api::{EvidenceStatus, Rejection, ShotRole};
use proptest::prelude::*;
use support::*;

fn with_captures(count: i64) -> (Phone, CaptureStore, Vec<CaptureId>) {
    let phone = Phone::new();
    let store = phone.store();
    let slot = shot(&session(&store), 0);
    let photo = good_photo(1);
    let keep = |second| store.keep(&capture(slot, &photo, Keep::AsGood, second), at(second)).unwrap().id;
    let ids = (0..count).map(keep).collect();
    (phone, store, ids)
}

fn refused(status: u16) -> Outcome {
    Outcome::Refused { status, code: format!("code-{status}"), detail: "Why.".to_owned(), retry_after: None }
}

/// One capture that the server has rejected.
fn rejected() -> (Phone, CaptureStore, CaptureId) {
    let (phone, store, ids) = with_captures(1);
    store.report(step(&store, 10).lease, &refused(422), at(10)).unwrap();
    (phone, store, ids[0])
}

#[test]
fn a_rejected_photo_can_be_discarded_and_then_takes_no_room_while_its_reason_stays() {
    let (mut phone, store, id) = rejected();
    let length = store.entry(id).unwrap().length;
    drop(store);
    phone.config.max_captures = 1;
    let store = phone.store();
    let slot = shot(&store.sessions().unwrap()[0], 1);
    let photo = good_photo(7);
    let full = store.keep(&capture(slot, &photo, Keep::AsGood, 20), at(20)).unwrap_err();
    assert_eq!(full.code(), "quota_captures");

    assert_eq!(store.discard(id).unwrap(), length);
    assert_eq!(store.discard(id).unwrap(), 0, "once");
    assert_eq!(phone.count("vault"), 0);
    store.keep(&capture(slot, &photo, Keep::AsGood, 21), at(21)).unwrap();
    let entry = store.entry(id).unwrap();
    assert_eq!((entry.state, entry.error.as_deref()), (CaptureState::Rejected, Some("code-422")));
    assert!(!entry.on_device);
    assert_eq!(store.retry(id, at(22)).unwrap_err().code(), "no_photo");
}

#[test]
fn discarding_that_was_cut_off_is_finished_by_the_next_opening() {
    let (phone, store, id) = rejected();
    let copy = phone.folder.path().join("copy");
    std::fs::copy(phone.vault_file(id), &copy).unwrap();
    store.discard(id).unwrap();
    drop(store);
    std::fs::rename(&copy, phone.vault_file(id)).unwrap();
    let store = phone.store();
    assert_eq!(phone.count("vault"), 0);
    assert_eq!(store.entry(id).unwrap().state, CaptureState::Rejected);
}

#[test]
fn a_rejected_photo_that_was_away_and_is_back_is_not_taken_for_discarded() {
    let (phone, store, ids) = with_captures(1);
    let create = step(&store, 10);
    let sha256 = store.entry(ids[0]).unwrap().sha256;
    store.report(create.lease, &honest(&create, sha256), at(10)).unwrap();
    drop(store);
    let away = phone.folder.path().join("away");
    std::fs::rename(phone.vault_file(ids[0]), &away).unwrap();
    let (store, _) = phone.open();
    let rejection = Some(Rejection { code: "not_an_image".to_owned(), detail: "No.".to_owned() });
    let word = Outcome::Evidence { status: EvidenceStatus::Rejected, sha256, rejection };
    store.report(step(&store, 11).lease, &word, at(11)).unwrap();
    drop(store);
    std::fs::rename(&away, phone.vault_file(ids[0])).unwrap();
    let (store, report) = phone.open();
    assert_eq!(report.found, ids);
    assert!(store.open_photo(ids[0]).is_ok());
}

#[test]
fn only_what_the_server_has_rejected_can_be_discarded() {
    let (phone, store, ids) = with_captures(1);
    assert_eq!(store.discard(ids[0]).unwrap_err().code(), "wrong_state");
    store.report(step(&store, 10).lease, &refused(418), at(10)).unwrap();
    assert_eq!(store.entry(ids[0]).unwrap().state, CaptureState::Stalled);
    assert_eq!(store.discard(ids[0]).unwrap_err().code(), "wrong_state");
    store.retry(ids[0], at(11)).unwrap();
    send_all(&store, 12);
    assert_eq!(store.discard(ids[0]).unwrap_err().code(), "wrong_state", "the grace is for that");
    assert_eq!(phone.count("vault"), 1);
}

#[test]
fn a_slow_upload_makes_the_next_photo_smaller_also_for_the_next_program() {
    let (phone, store, _) = with_captures(0);
    assert_eq!(store.next_derivative().unwrap().long_side, 2_560);
    store.note_upload_time(Duration::from_secs(16)).unwrap();
    store.note_upload_time(Duration::from_secs(16)).unwrap();
    drop(store);
    let store = phone.store();
    assert_eq!(store.next_derivative().unwrap().long_side, 1_600);
    let jpeg = picture(1, 2_000, 1_500, 240);
    let mut scratch = StillScratch::default();
    let (limits, policy) = (StillLimits::default(), Policy::default());
    let photo = store.judge(&jpeg, ShotRole::Other, &limits, &policy, &mut scratch);
    assert_eq!(photo.unwrap().photo().width, 1_600);
}

#[test]
fn three_photos_travel_at_a_time_on_wifi_and_two_on_a_metered_network() {
    let metered = Conditions { metered: true, ..Conditions::UNMETERED };
    assert_eq!((Conditions::UNMETERED.parallelism(), metered.parallelism()), (3, 2));
}

/// Something that changes where captures stand.
#[derive(Debug, Clone)]
enum Event {
    Keep,
    Answer(Outcome),
    Nothing,
    FileGone(prop::sample::Index),
    Discard(prop::sample::Index),
    Retry,
    Sweep,
    Reopen,
}

fn event() -> impl Strategy<Value = Event> {
    let rejection = Some(Rejection { code: "not_an_image".to_owned(), detail: "No.".to_owned() });
    let digest = clearshot_protocol::Sha256Digest::of(b"replaced below");
    let outcomes = vec![
        refused(401),
        refused(404),
        refused(413),
        refused(418),
        refused(460),
        refused(500),
        Outcome::NetworkFault { detail: "cut".to_owned() },
        Outcome::Evidence { status: EvidenceStatus::Rejected, sha256: digest, rejection },
    ];
    prop_oneof![
        2 => Just(Event::Keep),
        4 => Just(Event::Answer(Outcome::Cancelled)), // an honest answer, see below
        4 => prop::sample::select(outcomes).prop_map(Event::Answer),
        1 => Just(Event::Nothing),
        1 => any::<prop::sample::Index>().prop_map(Event::FileGone),
        2 => any::<prop::sample::Index>().prop_map(Event::Discard),
        1 => Just(Event::Retry),
        1 => Just(Event::Sweep),
        1 => Just(Event::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_the_counters_add_up_to_what_was_captured(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let (phone, mut store, _) = with_captures(2);
        let photo = good_photo(1);
        let mut captured = 2_u64;
        for (second, event) in (100..).step_by(700).zip(events) {
            let queue = store.queue().unwrap();
            match event {
                Event::Keep => {
                    let slot = shot(&store.sessions().unwrap()[0], 0);
                    store.keep(&capture(slot, &photo, Keep::AsGood, second), at(second)).unwrap();
                    captured += 1;
                }
                Event::Answer(outcome) => {
                    store.token_renewed();
                    if let Plan::Upload(step) = store.next(Conditions::UNMETERED, at(second)).unwrap() {
                        let sha256 = store.entry(step.capture).unwrap().sha256;
                        let outcome = match outcome {
                            Outcome::Cancelled => honest(&step, sha256),
                            Outcome::Evidence { .. } if step.request != UploadRequest::Confirm => {
                                honest(&step, sha256)
                            }
                            Outcome::Evidence { status, rejection, .. } => {
                                Outcome::Evidence { status, sha256, rejection }
                            }
                            other => other,
                        };
                        store.report(step.lease, &outcome, at(second)).unwrap();
                    }
                }
                Event::Nothing => drop(store.next(Conditions::UNMETERED, at(second)).unwrap()),
                Event::FileGone(index) => {
                    let _ = std::fs::remove_file(phone.vault_file(index.get(&queue).capture));
                }
                Event::Discard(index) => drop(store.discard(index.get(&queue).capture)),
                Event::Retry => drop(store.retry_stalled(at(second)).unwrap()),
                Event::Sweep => drop(store.sweep(at(second)).unwrap()),
                Event::Reopen => {
                    drop(store);
                    store = phone.open().0;
                }
            }
            let Counters { captured: all, queued, uploading, uploaded, accepted, rejected, stalled, lost } =
                store.counters().unwrap();
            prop_assert_eq!(all, captured);
            prop_assert_eq!(queued + uploading + uploaded + accepted + rejected + stalled + lost, all);
            for entry in store.queue().unwrap() {
                prop_assert_eq!(entry.state == CaptureState::Lost && entry.on_device, false);
                let gone = [CaptureState::Accepted, CaptureState::Rejected, CaptureState::Uploaded, CaptureState::Lost];
                prop_assert!(entry.on_device || gone.contains(&entry.state), "{:?}", entry);
            }
        }
    }
}

//! The planner on a real queue: order, leases, back-off, refusals, and random faults.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::HashMap;

use clearshot_capture::{
    CaptureState, CaptureStore, Conditions, Counters, Keep, Outcome, Plan, StoreConfig, UploadRequest,
    WaitReason,
};
use clearshot_protocol::api::{EvidenceStatus, Rejection};
use clearshot_protocol::{CaptureId, Sha256Digest};
use proptest::prelude::*;
use support::*;

fn with_captures(count: usize) -> (Phone, CaptureStore, Vec<CaptureId>) {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let ids = (0_i64..).zip(0..count).map(|(n, place)| keep(&store, shot(&session, place), n).id).collect();
    (phone, store, ids)
}

/// One capture of which the server has every byte, and has not yet said whether it accepts it.
fn with_one_uploaded() -> (Phone, CaptureStore, CaptureId, Sha256Digest) {
    let (phone, store, ids) = with_captures(1);
    let create = step(&store, 10);
    let sha256 = store.entry(ids[0]).unwrap().sha256;
    store.report(create.lease, &honest(&create, sha256), at(10)).unwrap();
    (phone, store, ids[0], sha256)
}

fn network_fault() -> Outcome {
    Outcome::NetworkFault { detail: "connection reset".to_owned() }
}

fn refused(status: u16) -> Outcome {
    Outcome::Refused { status, code: format!("code-{status}"), detail: "Why.".to_owned(), retry_after: None }
}

#[test]
fn a_photo_goes_from_queued_to_accepted_step_by_step() {
    let (_phone, store, ids) = with_captures(1);
    let create = step(&store, 10);
    let UploadRequest::Create { metadata, body } = &create.request else { panic!("{create:?}") };
    let entry = store.entry(ids[0]).unwrap();
    assert_eq!((metadata.capture, metadata.sha256, *body), (ids[0], entry.sha256, entry.length));
    assert_eq!(entry.state, CaptureState::Uploading);
    let state = store.report(create.lease, &honest(&create, entry.sha256), at(10)).unwrap();
    assert_eq!(state, Some(CaptureState::Uploaded));
    let wait = store.next(Conditions::UNMETERED, at(10)).unwrap();
    assert!(matches!(wait, Plan::Wait { reason: WaitReason::Verifying, until: Some(_) }), "{wait:?}");
    let confirm = step(&store, 11);
    assert_eq!(confirm.request, UploadRequest::Confirm);
    let state = store.report(confirm.lease, &honest(&confirm, entry.sha256), at(11)).unwrap();
    assert_eq!(state, Some(CaptureState::Accepted));
    assert_eq!(store.next(Conditions::OFFLINE, at(12)).unwrap(), Plan::Done);
}

#[test]
fn a_lease_that_ended_goes_to_somebody_else_and_its_report_is_ignored() {
    let (_phone, store, _) = with_captures(1);
    let first = step(&store, 10);
    assert!(matches!(
        store.next(Conditions::UNMETERED, at(609)).unwrap(),
        Plan::Wait { reason: WaitReason::Leased, .. }
    ));
    let second = step(&store, 610);
    assert_ne!(first.lease, second.lease);
    assert_eq!(store.report(first.lease, &refused(422), at(611)).unwrap(), None);
    assert_eq!(store.entry(first.capture).unwrap().state, CaptureState::Uploading);
}

#[test]
fn a_report_is_taken_once() {
    let (_phone, store, _) = with_captures(1);
    let step = step(&store, 10);
    assert!(store.report(step.lease, &network_fault(), at(10)).unwrap().is_some());
    assert!(store.report(step.lease, &network_fault(), at(10)).unwrap().is_none());
    assert_eq!(store.entry(step.capture).unwrap().attempts, 1);
}

#[test]
fn the_lease_of_a_process_that_died_is_free_again_and_that_of_a_living_one_is_not() {
    let (phone, dying, ids) = with_captures(1);
    let leased = step(&dying, 10);
    let other = phone.store();
    let plan = other.next(Conditions::UNMETERED, at(11)).unwrap();
    assert!(matches!(plan, Plan::Wait { reason: WaitReason::Leased, .. }), "{plan:?}");
    drop((dying, other));
    let heir = phone.store();
    let again = step(&heir, 12);
    assert_eq!((again.capture, leased.capture), (ids[0], ids[0]));
    assert_eq!(heir.report(leased.lease, &network_fault(), at(13)).unwrap(), None, "the old lease is over");
}

#[test]
fn back_off_survives_the_process_and_so_do_leases_of_the_platform() {
    let (mut phone, store, ids) = with_captures(2);
    drop(store);
    phone.config.steps_end_with_process = false;
    let store = phone.store();
    let failing = step(&store, 10);
    store.report(failing.lease, &network_fault(), at(10)).unwrap();
    let leased = step(&store, 10);
    assert_eq!((failing.capture, leased.capture), (ids[0], ids[1]), "the neighbour goes on");
    drop(store);
    let store = phone.store();
    let plan = store.next(Conditions::UNMETERED, at(10)).unwrap();
    assert!(matches!(plan, Plan::Wait { reason: WaitReason::BackOff, until: Some(_) }), "{plan:?}");
    let entry = store.entry(ids[0]).unwrap();
    assert_eq!((entry.attempts, entry.error.as_deref()), (1, Some("network")));
    assert!(entry.next_at.unwrap() > at(10));
}

#[test]
fn a_photo_that_the_disk_does_not_give_counts_a_try_and_its_neighbours_go_on() {
    let (phone, store, ids) = with_captures(2);
    let file = phone.vault_file(ids[0]);
    std::fs::rename(&file, file.with_extension("away")).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(step(&store, 10).capture, ids[1]);
    let entry = store.entry(ids[0]).unwrap();
    assert_eq!((entry.attempts, entry.on_device), (1, true));

    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(file.with_extension("away"), &file).unwrap();
    assert_eq!(step(&store, 100).capture, ids[0]);
}

#[test]
fn a_photo_that_the_server_has_whole_is_not_lost_when_its_file_is() {
    let (phone, store, id, _) = with_one_uploaded();
    drop(store);
    std::fs::remove_file(phone.vault_file(id)).unwrap();
    let store = phone.store();
    assert_eq!(store.entry(id).unwrap().state, CaptureState::Uploaded);
    send_all(&store, 20);
    assert_eq!(store.entry(id).unwrap().state, CaptureState::Accepted);
}

#[test]
fn evidence_that_was_set_aside_before_its_retake_came_is_not_taken_for_accepted() {
    let (_phone, store, _, sha256) = with_one_uploaded();
    let confirm = step(&store, 11);
    let rejection = Some(Rejection { code: "cannot_open".to_owned(), detail: "Set aside.".to_owned() });
    let word = Outcome::Evidence { status: EvidenceStatus::Superseded, sha256, rejection };
    assert_eq!(store.report(confirm.lease, &word, at(11)).unwrap(), Some(CaptureState::Rejected));
}

#[test]
fn a_photo_that_a_person_looks_at_says_so_and_is_asked_about_an_hour_later() {
    let (_phone, store, id, sha256) = with_one_uploaded();
    let rejection = Some(Rejection { code: "manifest_mismatch".to_owned(), detail: "Odd.".to_owned() });
    let word = Outcome::Evidence { status: EvidenceStatus::Quarantined, sha256, rejection };
    store.report(step(&store, 11).lease, &word, at(11)).unwrap();
    let entry = store.entry(id).unwrap();
    assert_eq!((entry.state, entry.error.as_deref()), (CaptureState::Uploaded, Some("quarantined")));
    assert_eq!(entry.status, "Sent; a person will look at it. Odd.");
    let wait = Plan::Wait { until: Some(at(3_611)), reason: WaitReason::Verifying };
    assert_eq!(store.next(Conditions::UNMETERED, at(12)).unwrap(), wait);
}

#[test]
fn a_paused_store_holds_no_lock_however_often_it_is_asked() {
    let (phone, store, ids) = with_captures(1);
    step(&store, 10);
    store.pause().unwrap();
    assert_eq!(store.next(Conditions::UNMETERED, at(11)).unwrap_err().code(), "paused");
    assert_eq!(step(&phone.store(), 12).capture, ids[0], "the paused store's lease is free");
}

#[test]
fn a_rejected_photo_keeps_its_reason_and_its_neighbours_go_on() {
    let (_phone, store, ids) = with_captures(2);
    let first = step(&store, 10);
    store.report(first.lease, &refused(422), at(10)).unwrap();
    send_all(&store, 11);
    let rejected = store.entry(ids[0]).unwrap();
    assert_eq!((rejected.state, rejected.error.as_deref()), (CaptureState::Rejected, Some("code-422")));
    assert_eq!(rejected.status, "The shop cannot use it. Why.");
    let counters = store.counters().unwrap();
    assert_eq!(counters, Counters { captured: 2, accepted: 1, rejected: 1, ..Counters::default() });
}

#[test]
fn of_forty_photos_with_a_poisoned_one_in_the_middle_thirty_nine_arrive_in_order() {
    let phone = Phone::new();
    let store = phone.store();
    let slot = shot(&session(&store), 0);
    let photo = good_photo(1);
    let keep = |n| store.keep(&capture(slot, &photo, Keep::AsGood, n), at(n)).unwrap().id;
    let mut ids: Vec<_> = (0..40).map(keep).collect();
    let mut arrived = Vec::new();
    let mut second = 100;
    loop {
        match store.next(Conditions::UNMETERED, at(second)).unwrap() {
            Plan::Upload(step) if step.capture == ids[20] => {
                store.report(step.lease, &refused(422), at(second)).unwrap();
            }
            Plan::Upload(step) => {
                if matches!(step.request, UploadRequest::Create { .. }) {
                    arrived.push(step.capture);
                }
                let sha256 = store.entry(step.capture).unwrap().sha256;
                store.report(step.lease, &honest(&step, sha256), at(second)).unwrap();
            }
            Plan::Wait { .. } => second += 1,
            Plan::Done => break,
        }
    }
    let poisoned = ids.remove(20);
    assert_eq!(arrived, ids);
    assert_eq!(store.entry(poisoned).unwrap().state, CaptureState::Rejected);
    let counters = Counters { captured: 40, accepted: 39, rejected: 1, ..Counters::default() };
    assert_eq!(store.counters().unwrap(), counters);
}

#[test]
fn a_refused_token_pauses_everything_until_it_is_renewed() {
    let (_phone, store, ids) = with_captures(2);
    let first = step(&store, 10);
    store.report(first.lease, &refused(401), at(10)).unwrap();
    let paused = Plan::Wait { until: None, reason: WaitReason::Unauthorised };
    assert_eq!(store.next(Conditions::UNMETERED, at(1_000)).unwrap(), paused);
    store.token_renewed();
    assert_eq!(step(&store, 1_001).capture, ids[0]);
}

#[test]
fn a_stalled_photo_is_visible_and_can_be_tried_again() {
    let (_phone, store, ids) = with_captures(1);
    let mut second = 10;
    for _ in 0..12 {
        let step = loop {
            match store.next(Conditions::UNMETERED, at(second)).unwrap() {
                Plan::Upload(step) => break step,
                Plan::Wait { .. } => second += 1,
                Plan::Done => panic!("stalled too early"),
            }
        };
        store.report(step.lease, &network_fault(), at(second)).unwrap();
    }
    assert_eq!(store.next(Conditions::UNMETERED, at(second)).unwrap(), Plan::Done);
    let entry = store.entry(ids[0]).unwrap();
    assert_eq!((entry.state, entry.on_device), (CaptureState::Stalled, true));
    assert_eq!(entry.advice.as_deref(), Some("Check the connection, then try again."));
    store.retry(ids[0], at(second)).unwrap();
    send_all(&store, second);
    assert_eq!(store.counters().unwrap().accepted, 1);
    assert_eq!(store.retry(ids[0], at(second)).unwrap_err().code(), "wrong_state");
}

#[test]
fn a_busy_server_is_left_alone_by_the_whole_queue() {
    let (_phone, store, _) = with_captures(2);
    let first = step(&store, 10);
    let busy = Outcome::Refused {
        status: 503,
        code: "busy".to_owned(),
        detail: String::new(),
        retry_after: Some(std::time::Duration::from_secs(30)),
    };
    store.report(first.lease, &busy, at(10)).unwrap();
    let wait = Plan::Wait { until: Some(at(40)), reason: WaitReason::BackOff };
    assert_eq!(store.next(Conditions::UNMETERED, at(11)).unwrap(), wait);
    step(&store, 40);
}

/// What the network and the server do with one step.
#[derive(Debug, Clone)]
enum Fate {
    Honest,
    Cut,
    Killed,
    Status(u16),
    Evidence(EvidenceStatus),
    Offset(u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Honest),
        2 => Just(Fate::Cut),
        1 => Just(Fate::Killed),
        2 => proptest::sample::select(vec![401, 404, 409, 410, 413, 418, 429, 460, 500, 503]).prop_map(Fate::Status),
        1 => proptest::sample::select(EvidenceStatus::ALL).prop_map(Fate::Evidence),
        2 => (0..20_000_u64).prop_map(Fate::Offset),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_no_capture_is_leased_twice_or_lost_offsets_only_grow_and_it_ends(
        fates in proptest::collection::vec(fate(), 0..60),
    ) {
        let (_phone, store, ids) = with_captures(2);
        let mut fates = fates.into_iter();
        let mut live = HashMap::new();
        let mut offsets: HashMap<CaptureId, u64> = HashMap::new();
        let mut second = 10;
        let mut ended = false;
        for _ in 0..2_000 {
            let step = match store.next(Conditions::UNMETERED, at(second)).unwrap() {
                Plan::Upload(step) => step,
                Plan::Wait { until: Some(until), .. } => {
                    prop_assert!(until > at(second), "it would be asked again at once");
                    second = until.as_second() - at(0).as_second() + 1;
                    continue;
                }
                Plan::Wait { until: None, reason } => {
                    prop_assert_eq!(reason, WaitReason::Unauthorised);
                    store.token_renewed();
                    continue;
                }
                Plan::Done => {
                    ended = true;
                    break;
                }
            };
            live.retain(|_, until| *until > at(second));
            prop_assert!(live.insert(step.capture, step.leased_until).is_none(), "leased twice");
            let entry = store.entry(step.capture).unwrap();
            let outcome = match fates.next().unwrap_or(Fate::Honest) {
                Fate::Killed => continue,
                Fate::Honest => honest(&step, entry.sha256),
                Fate::Cut => network_fault(),
                Fate::Status(status) => refused(status),
                Fate::Evidence(status) => Outcome::Evidence { status, sha256: entry.sha256, rejection: None },
                Fate::Offset(offset) => Outcome::Offset { offset },
            };
            store.report(step.lease, &outcome, at(second)).unwrap().expect("the lease is live");
            live.remove(&step.capture);
            let after = store.entry(step.capture).unwrap();
            let grown = offsets.insert(step.capture, after.offset).is_none_or(|before| after.offset >= before);
            prop_assert!(grown || after.offset == 0, "shrank to {} without being forgotten", after.offset);
        }
        prop_assert!(ended, "it must end: {:?}", store.queue().unwrap());
        let counters = store.counters().unwrap();
        prop_assert_eq!(counters.captured, ids.len() as u64);
        prop_assert_eq!(counters.accepted + counters.rejected + counters.stalled, counters.captured);
        prop_assert_eq!(counters.lost, 0);
        prop_assert!(ids.iter().all(|id| store.open_photo(*id).is_ok()));
    }
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let config = StoreConfig::default();
    assert_eq!((config.max_vault_bytes, config.max_captures), (2 << 30, 1_000));
    assert_eq!((config.lease.as_secs(), config.grace.as_secs()), (600, 86_400));
    assert_eq!((config.min_back_off.as_secs(), config.max_back_off.as_secs()), (1, 300));
    assert_eq!((config.stall_tries, config.stall_after.as_secs()), (12, 86_400));
}

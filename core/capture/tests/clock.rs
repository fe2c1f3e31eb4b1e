//! A clock that is set back and ahead, by a day and by years: nothing is trapped, nothing is leased twice, nothing is
//! deleted too late.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::time::Duration;

use clearshot_capture::{CaptureState, CaptureStore, Conditions, MeteredPolicy, Outcome, Plan, WaitReason};
use clearshot_protocol::{CaptureId, Timestamp};
use support::*;

const DAY: i64 = 24 * 60 * 60;

/// Seconds from the tests' beginning (2027-01-15) to 2038-01-19T03:14:08Z, where 32 bits of seconds end.
const END_OF_32_BITS: i64 = (1 << 31) - 1_800_000_000;

fn with_capture() -> (Phone, CaptureStore, CaptureId) {
    let phone = Phone::new();
    let store = phone.store();
    let id = keep(&store, shot(&session(&store), 0), 0).id;
    (phone, store, id)
}

fn cut() -> Outcome {
    Outcome::NetworkFault { detail: "cut".to_owned() }
}

fn busy(seconds: u64) -> Outcome {
    let retry_after = Some(Duration::from_secs(seconds));
    Outcome::Refused { status: 503, code: "busy".to_owned(), detail: String::new(), retry_after }
}

/// How long the queue wants to wait at `second`, if it does.
fn wait(store: &CaptureStore, second: i64) -> Option<i64> {
    match store.next(Conditions::UNMETERED, at(second)).unwrap() {
        Plan::Wait { until: Some(until), .. } => Some(until.duration_since(at(second)).as_secs()),
        Plan::Upload(_) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_the_clock_was_set_back_no_wait_is_longer_than_a_back_off() {
    for ahead in [3_600, DAY, 30 * DAY, END_OF_32_BITS] {
        for outcome in [cut(), busy(60), busy(20 * 3_600)] {
            let (_phone, store, id) = with_capture();
            let failing = step(&store, ahead);
            store.report(failing.lease, &outcome, at(ahead)).unwrap();
            assert!(wait(&store, 10).is_none_or(|seconds| seconds <= 300), "{ahead} s ahead, {outcome:?}");
            send_all(&store, 10);
            assert_eq!(store.entry(id).unwrap().state, CaptureState::Accepted);
        }
    }
}

#[test]
fn what_a_server_asks_for_after_the_clock_was_set_back_is_obeyed_again() {
    let (_phone, store, _) = with_capture();
    store.report(step(&store, END_OF_32_BITS).lease, &busy(60), at(END_OF_32_BITS)).unwrap();
    wait(&store, 10);
    store.report(step(&store, 400).lease, &busy(1_200), at(400)).unwrap();
    assert_eq!(wait(&store, 401), Some(1_199));
}

#[test]
fn a_lease_of_a_clock_that_ran_ahead_is_held_for_one_more_lease_and_not_for_a_day() {
    let (_phone, store, id) = with_capture();
    let leased = step(&store, DAY);
    let plan = store.next(Conditions::UNMETERED, at(10)).unwrap();
    assert_eq!(plan, Plan::Wait { until: Some(at(610)), reason: WaitReason::Leased });
    // Its owner is alive and reports, by the clock that was set back.
    assert!(store.report(leased.lease, &cut(), at(20)).unwrap().is_some());
    assert_eq!(store.entry(id).unwrap().attempts, 1);
}

#[test]
fn a_lease_is_not_given_twice_for_a_clock_that_is_corrected_by_seconds() {
    let (_phone, store, _) = with_capture();
    step(&store, 100);
    for second in [99, 40, 101] {
        let plan = store.next(Conditions::UNMETERED, at(second)).unwrap();
        assert!(matches!(plan, Plan::Wait { reason: WaitReason::Leased, .. }), "{plan:?}");
    }
}

#[test]
fn a_photo_that_was_accepted_while_the_clock_was_ahead_is_deleted_a_grace_later_and_not_in_years() {
    for ahead in [DAY, END_OF_32_BITS] {
        let (_phone, store, _) = with_capture();
        send_all(&store, ahead);
        assert_eq!(store.sweep(at(10)).unwrap().photos, 0, "the grace begins now");
        assert_eq!(store.sweep(at(DAY - 10)).unwrap().photos, 0);
        assert_eq!(store.sweep(at(DAY + 10)).unwrap().photos, 1);
    }
}

#[test]
fn a_photo_that_was_taken_while_the_clock_was_ahead_waits_for_wifi_as_long_as_any_other() {
    let (_phone, store, id) = with_capture();
    let slot = shot(&store.sessions().unwrap()[0], 1);
    let ahead = keep(&store, slot, 30 * DAY).id;
    for capture in [id, ahead] {
        store.set_metered(capture, MeteredPolicy::UnmeteredThenAny).unwrap();
    }
    let metered = Conditions { metered: true, ..Conditions::UNMETERED };
    let plan = store.next(metered, at(60)).unwrap();
    assert!(matches!(plan, Plan::Wait { reason: WaitReason::Metered, .. }), "{plan:?}");
    assert!(matches!(store.next(metered, at(60 + 2 * 3_600)).unwrap(), Plan::Upload(_)));
    assert!(matches!(store.next(metered, at(60 + 2 * 3_600)).unwrap(), Plan::Upload(_)), "both of them");
}

#[test]
fn a_clock_that_jumps_a_day_ahead_between_two_failures_stalls_nothing() {
    let (_phone, store, id) = with_capture();
    store.report(step(&store, 10).lease, &cut(), at(10)).unwrap();
    store.report(step(&store, 10 + DAY).lease, &cut(), at(10 + DAY)).unwrap();
    assert_eq!(store.entry(id).unwrap().state, CaptureState::Queued);
}

#[test]
fn summer_time_and_the_end_of_32_bits_are_moments_like_any_other() {
    let moments = ["2026-03-29T00:59:58Z", "2026-10-25T00:59:58Z", "2038-01-19T03:14:06Z"];
    for start in moments.map(|text| text.parse::<Timestamp>().unwrap()) {
        let second = start.as_second() - at(0).as_second();
        let phone = Phone::new();
        let store = phone.store();
        let id = keep(&store, shot(&session(&store), 0), second).id;
        store.report(step(&store, second).lease, &busy(7), at(second)).unwrap();
        assert_eq!(wait(&store, second + 1), Some(6), "{start}");
        drop(store);
        let store = phone.store();
        assert_eq!(wait(&store, second + 6), Some(1), "{start}");
        send_all(&store, second + 7);
        let entry = store.entry(id).unwrap();
        assert_eq!((entry.state, entry.taken_at), (CaptureState::Accepted, start));
    }
}

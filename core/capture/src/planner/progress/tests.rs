use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId};
use proptest::prelude::*;

use super::*;

const LENGTH: u64 = 20 * 1024 * 1024;

/// In seconds.
const DAY: i64 = 24 * 60 * 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn digest() -> Sha256Digest {
    Sha256Digest::of(b"sealed")
}

fn fresh() -> Progress {
    Progress {
        state: CaptureState::Queued,
        location: None,
        offset: 0,
        high_water: 0,
        offset_known: false,
        created_before: false,
        attempts: 0,
        failing_since: None,
        next_at: None,
        polls: 0,
        uploaded_at: None,
        accepted_at: None,
        mismatches: 0,
        fault: None,
    }
}

/// An upload of `length` bytes, driven by outcomes.
struct Driver {
    progress: Progress,
    length: u64,
    config: StoreConfig,
    now: Timestamp,
    random: f64,
}

impl Driver {
    fn new(length: u64) -> Self {
        Self { progress: fresh(), length, config: StoreConfig::default(), now: at(0), random: 0.5 }
    }

    fn begin(&mut self) -> (StepKind, UploadRequest) {
        let return_id = ReturnId::mint(at(0));
        let metadata = UploadMetadata {
            capture: CaptureId::mint(at(0)),
            return_id,
            item: ReturnItemId::of(return_id, "MUG-350"),
            sha256: digest(),
        };
        self.progress.begin(metadata, self.length)
    }

    fn request(&mut self) -> UploadRequest {
        self.begin().1
    }

    fn answer(&mut self, outcome: &Outcome) -> Effect {
        let step = self.begin().0;
        self.apply(step, outcome)
    }

    fn apply(&mut self, step: StepKind, outcome: &Outcome) -> Effect {
        let situation = Situation {
            now: self.now,
            length: self.length,
            sha256: digest(),
            random: self.random,
            config: &self.config,
        };
        self.progress.apply(step, outcome, &situation)
    }

    fn uploaded(length: u64) -> Self {
        let mut driver = Self::new(length);
        driver.answer(&created(length));
        assert_eq!(driver.progress.state, CaptureState::Uploaded);
        driver
    }
}

fn created(offset: u64) -> Outcome {
    Outcome::Created { location: "/v1/uploads/1".to_owned(), offset }
}

fn refused(status: u16) -> Outcome {
    Outcome::Refused { status, code: format!("code-{status}"), detail: "why".to_owned(), retry_after: None }
}

fn evidence(status: EvidenceStatus) -> Outcome {
    Outcome::Evidence { status, sha256: digest(), rejection: None }
}

fn fault() -> Outcome {
    Outcome::NetworkFault { detail: "cut".to_owned() }
}

#[test]
fn a_photo_of_up_to_8_mib_goes_out_in_one_request_and_a_larger_one_in_pieces_of_5() {
    let body = |length| match Driver::new(length).request() {
        UploadRequest::Create { body, .. } => body,
        other => panic!("{other:?}"),
    };
    assert_eq!((body(CREATION_BODY_LIMIT), body(CREATION_BODY_LIMIT + 1)), (CREATION_BODY_LIMIT, 0));

    let mut driver = Driver::new(LENGTH);
    driver.answer(&created(0));
    let mut pieces = Vec::new();
    while driver.progress.state == CaptureState::Uploading {
        let UploadRequest::Append { offset, body, .. } = driver.request() else { panic!() };
        pieces.push(body);
        driver.apply(StepKind::Append, &Outcome::Offset { offset: offset + body });
    }
    assert_eq!(pieces, [PATCH_CHUNK; 4]);
    assert_eq!(driver.progress.state, CaptureState::Uploaded);
}

#[test]
fn a_creation_that_was_cut_is_repeated_without_bytes_and_goes_on_where_the_server_is() {
    let mut driver = Driver::new(1_000);
    driver.answer(&fault());
    assert_eq!(driver.progress.state, CaptureState::Queued);
    assert!(matches!(driver.request(), UploadRequest::Create { body: 0, .. }));
    driver.apply(StepKind::Create, &created(400));
    assert!(matches!(driver.request(), UploadRequest::Append { offset: 400, body: 600, .. }));
}

#[test]
fn after_a_cut_append_a_cancelled_one_and_a_409_the_offset_is_asked_for() {
    for outcome in [fault(), Outcome::Cancelled, refused(409), refused(500)] {
        let mut driver = Driver::new(LENGTH);
        driver.answer(&created(10));
        driver.answer(&outcome);
        assert!(matches!(driver.request(), UploadRequest::AskOffset { .. }), "{outcome:?}");
        driver.apply(StepKind::AskOffset, &Outcome::Offset { offset: 500 });
        assert!(matches!(driver.request(), UploadRequest::Append { offset: 500, .. }));
    }
}

#[test]
fn an_append_of_which_nothing_is_heard_is_followed_by_asking() {
    let mut driver = Driver::new(LENGTH);
    driver.answer(&created(10));
    driver.begin();
    assert!(matches!(driver.request(), UploadRequest::AskOffset { .. }));
}

#[test]
fn being_cancelled_costs_no_attempt() {
    let mut driver = Driver::new(LENGTH);
    driver.answer(&Outcome::Cancelled);
    assert_eq!((driver.progress.attempts, driver.progress.next_at), (0, None));
    assert_eq!(driver.progress.state, CaptureState::Queued);
}

#[test]
fn the_back_off_doubles_within_its_bounds_and_progress_ends_it() {
    let mut driver = Driver::new(LENGTH);
    for (random, expected) in [(0.0, [1, 1, 1, 1]), (1.0, [2, 4, 8, 16])] {
        driver.progress = fresh();
        driver.random = random;
        for seconds in expected {
            driver.answer(&fault());
            assert_eq!(driver.progress.next_at, Some(at(seconds)));
        }
    }
    driver.progress.attempts = 10;
    driver.answer(&fault());
    assert_eq!(driver.progress.next_at, Some(at(300)), "five minutes at most");
    driver.answer(&created(1));
    assert_eq!((driver.progress.attempts, driver.progress.failing_since), (0, None));
}

#[test]
fn only_growth_resets_the_attempts() {
    let mut driver = Driver::new(LENGTH);
    driver.answer(&created(100));
    driver.answer(&fault());
    driver.answer(&Outcome::Offset { offset: 100 });
    assert_eq!(driver.progress.attempts, 1, "asking is no progress");
    driver.answer(&Outcome::Offset { offset: 100 });
    assert_eq!(driver.progress.attempts, 2, "an append that moved nothing is a failed try");
    driver.answer(&Outcome::Offset { offset: 101 });
    assert_eq!(driver.progress.attempts, 0);
    driver.answer(&refused(404));
    driver.answer(&created(50));
    assert_eq!(driver.progress.attempts, 1, "sending the same bytes again is no progress");
}

#[test]
fn twelve_failed_tries_or_a_day_of_them_stall_and_retrying_begins_anew() {
    let mut driver = Driver::new(LENGTH);
    for _ in 0..11 {
        driver.answer(&fault());
        assert_eq!(driver.progress.state, CaptureState::Queued);
    }
    driver.answer(&fault());
    assert_eq!(driver.progress.state, CaptureState::Stalled);
    assert_eq!(driver.progress.fault.as_ref().unwrap().code, "network");
    driver.progress.retry();
    assert_eq!((driver.progress.state, driver.progress.attempts), (CaptureState::Queued, 0));

    driver.answer(&fault());
    driver.now = at(9 + DAY);
    driver.answer(&fault());
    assert_eq!(driver.progress.state, CaptureState::Queued, "two tries, and a clock that may have jumped");
    driver.answer(&fault());
    assert_eq!(driver.progress.state, CaptureState::Stalled);
}

#[test]
fn retry_after_is_obeyed_and_quietens_the_whole_queue_where_it_means_the_server() {
    for (status, quiet) in [(429, true), (503, true), (500, false)] {
        let mut driver = Driver::new(LENGTH);
        let retry_after = Some(Duration::from_secs(90));
        let outcome = Outcome::Refused { status, code: String::new(), detail: String::new(), retry_after };
        let effect = driver.answer(&outcome);
        assert_eq!(driver.progress.next_at, Some(at(90)));
        assert_eq!(effect, if quiet { Effect::Quiet(at(90)) } else { Effect::None });
    }
}

#[test]
fn a_refused_token_pauses_the_queue_and_costs_no_attempt() {
    for status in [401, 403] {
        let mut driver = Driver::new(LENGTH);
        assert_eq!(driver.answer(&refused(status)), Effect::Unauthorised);
        assert_eq!((driver.progress.state, driver.progress.attempts), (CaptureState::Queued, 0));
    }
}

#[test]
fn an_upload_that_the_server_forgot_is_created_again_from_nothing() {
    for status in [404, 410] {
        let mut driver = Driver::new(LENGTH);
        driver.answer(&created(10));
        driver.answer(&refused(status));
        assert_eq!((driver.progress.state, driver.progress.offset), (CaptureState::Queued, 0));
        assert!(matches!(driver.request(), UploadRequest::Create { body: 0, .. }));
    }
    let mut driver = Driver::uploaded(1_000);
    driver.answer(&refused(404));
    assert!(matches!(driver.request(), UploadRequest::Create { .. }));
}

#[test]
fn what_the_server_cannot_take_is_rejected_with_its_reason_and_the_unexplained_stalls() {
    for status in [413, 415, 422] {
        let mut driver = Driver::new(LENGTH);
        driver.answer(&refused(status));
        assert_eq!(driver.progress.state, CaptureState::Rejected);
        assert_eq!(driver.progress.fault.unwrap().code, format!("code-{status}"));
    }
    for status in [400, 405, 412, 418] {
        let mut driver = Driver::new(LENGTH);
        driver.answer(&refused(status));
        assert_eq!(driver.progress.state, CaptureState::Stalled);
    }
    let mut driver = Driver::new(LENGTH);
    driver.answer(&refused(404));
    assert_eq!(driver.progress.state, CaptureState::Stalled, "the return itself is unknown");
}

#[test]
fn asking_for_the_servers_word_becomes_slower_and_ends_after_a_day() {
    let mut driver = Driver::uploaded(1_000);
    assert_eq!(driver.progress.next_at, Some(later(at(0), Duration::from_millis(300))));
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        driver.answer(&evidence(EvidenceStatus::Verifying));
        assert_eq!(driver.progress.next_at, Some(at(seconds)));
    }
    assert_eq!(driver.progress.attempts, 0);
    driver.answer(&evidence(EvidenceStatus::Received));
    driver.now = at(DAY);
    driver.answer(&evidence(EvidenceStatus::Verifying));
    assert_eq!(driver.progress.state, CaptureState::Stalled);
}

#[test]
fn a_clock_that_jumps_a_day_ahead_after_the_last_byte_stalls_nothing() {
    let mut driver = Driver::uploaded(1_000);
    driver.now = at(DAY);
    driver.answer(&evidence(EvidenceStatus::Verifying));
    assert_eq!(driver.progress.state, CaptureState::Uploaded);
}

#[test]
fn what_a_person_looks_at_first_is_asked_about_every_hour_and_never_stalls() {
    let mut driver = Driver::uploaded(1_000);
    for hour in 0..24 * 30 {
        driver.now = at(hour * 3_600);
        driver.answer(&evidence(EvidenceStatus::Quarantined));
        assert_eq!(driver.progress.state, CaptureState::Uploaded);
        assert_eq!(driver.progress.next_at, Some(at((hour + 1) * 3_600)));
    }
    driver.answer(&evidence(EvidenceStatus::Verifying));
    assert_eq!(driver.progress.state, CaptureState::Uploaded, "the check that follows has its own day");
    driver.answer(&evidence(EvidenceStatus::Accepted));
    assert_eq!(driver.progress.state, CaptureState::Accepted);
}

#[test]
fn bytes_that_were_damaged_on_their_way_are_sent_again_from_nothing_and_rejected_the_third_time() {
    let rejection = Some(Rejection { code: "digest_mismatch".to_owned(), detail: "why".to_owned() });
    let said_later = Outcome::Evidence { status: EvidenceStatus::Rejected, sha256: digest(), rejection };
    for (length, said) in [(1_000, refused(460)), (LENGTH, refused(460)), (1_000, said_later)] {
        let mut driver = Driver::new(length);
        for tries in 1..=3 {
            assert_eq!(driver.progress.offset, 0);
            let later = matches!(said, Outcome::Evidence { .. });
            driver.answer(&created(if later { length } else { 0 }));
            let refusing = driver.begin().0;
            driver.apply(refusing, &said);
            let expected = if tries < 3 { CaptureState::Queued } else { CaptureState::Rejected };
            assert_eq!(driver.progress.state, expected, "after {tries}");
            assert_eq!(driver.progress.next_at.is_some(), tries < 3);
        }
        driver.progress.retry();
        driver.answer(&created(length));
        driver.answer(&evidence(EvidenceStatus::Accepted));
        assert_eq!(driver.progress.state, CaptureState::Accepted);
    }
}

#[test]
fn a_server_that_keeps_refusing_the_creation_for_its_digest_is_asked_three_times() {
    let mut driver = Driver::new(1_000);
    for _ in 0..2 {
        driver.answer(&refused(460));
        assert!(matches!(driver.request(), UploadRequest::Create { body: 0, .. }));
    }
    driver.answer(&refused(460));
    assert_eq!(driver.progress.state, CaptureState::Rejected);
    assert_eq!(driver.progress.fault.unwrap().code, "code-460");
}

#[test]
fn accepted_counts_only_with_the_same_digest() {
    let mut driver = Driver::uploaded(1_000);
    let other = Outcome::Evidence {
        status: EvidenceStatus::Accepted,
        sha256: Sha256Digest::of(b"other"),
        rejection: None,
    };
    driver.answer(&other);
    assert_eq!((driver.progress.state, driver.progress.accepted_at), (CaptureState::Stalled, None));

    let mut driver = Driver::uploaded(1_000);
    driver.answer(&evidence(EvidenceStatus::Accepted));
    assert_eq!((driver.progress.state, driver.progress.accepted_at), (CaptureState::Accepted, Some(at(0))));
}

#[test]
fn evidence_that_the_server_rejects_keeps_its_reason_and_a_retry_creates_it_again() {
    let mut driver = Driver::uploaded(1_000);
    let rejection = Some(Rejection { code: "not_an_image".to_owned(), detail: "No.".to_owned() });
    driver.answer(&Outcome::Evidence { status: EvidenceStatus::Rejected, sha256: digest(), rejection });
    assert_eq!(driver.progress.state, CaptureState::Rejected);
    assert_eq!(driver.progress.fault.as_ref().unwrap().code, "not_an_image");
    driver.progress.retry();
    assert!(matches!(driver.request(), UploadRequest::Create { .. }));
}

#[test]
fn evidence_that_is_still_arriving_sends_the_phone_back_to_asking_the_offset() {
    let mut driver = Driver::uploaded(1_000);
    driver.answer(&evidence(EvidenceStatus::Uploading));
    assert!(matches!(driver.request(), UploadRequest::AskOffset { .. }));
}

#[test]
fn a_server_that_goes_back_or_claims_too_much_is_not_believed() {
    for offset in [9, LENGTH + 1] {
        let mut driver = Driver::new(LENGTH);
        driver.answer(&created(10));
        driver.answer(&Outcome::Offset { offset });
        assert_eq!(driver.progress.attempts, 1);
        assert!(matches!(driver.request(), UploadRequest::Create { .. }));
    }
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let offset = 0..=LENGTH + 2;
    prop_oneof![
        offset.clone().prop_map(created),
        offset.prop_map(|offset| Outcome::Offset { offset }),
        proptest::sample::select(EvidenceStatus::ALL).prop_map(evidence),
        proptest::sample::select(vec![400, 401, 404, 409, 410, 413, 422, 429, 460, 500, 503])
            .prop_map(refused),
        Just(fault()),
        Just(Outcome::Cancelled),
    ]
}

proptest! {
    #[test]
    fn whatever_is_answered_the_offset_only_grows_until_it_is_forgotten_and_what_is_asked_for_exists(
        outcomes in proptest::collection::vec((any_outcome(), 0..400_i64), 1..200),
    ) {
        let mut driver = Driver::new(LENGTH);
        for (outcome, seconds) in outcomes {
            driver.now = later(driver.now, Duration::from_secs(seconds.unsigned_abs()));
            if !matches!(driver.progress.state, CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded) {
                driver.progress.retry();
            }
            let before = driver.progress.clone();
            let (step, request) = driver.begin();
            if let UploadRequest::Append { offset, body, .. } = request {
                prop_assert!(body > 0 && offset + body <= LENGTH);
            }
            driver.apply(step, &outcome);
            let after = &driver.progress;
            prop_assert!(after.offset >= before.offset || after.location.is_none() || before.location.is_none());
            prop_assert!(after.offset <= LENGTH);
            prop_assert!(after.state != CaptureState::Uploaded || after.offset == LENGTH);
            prop_assert!(after.attempts <= driver.config.stall_tries);
            prop_assert!(after.state != CaptureState::Lost);
            if after.state == CaptureState::Accepted {
                let taken = [EvidenceStatus::Accepted, EvidenceStatus::Superseded].map(evidence);
                prop_assert!(taken.contains(&outcome));
            }
        }
    }

    #[test]
    fn whatever_goes_wrong_without_end_a_capture_stalls_in_a_bounded_number_of_steps(
        outcomes in proptest::collection::vec(any_outcome(), 1..8),
    ) {
        let mut driver = Driver::new(LENGTH);
        let ends = |state| !matches!(state, CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded);
        let patient = |outcome: &Outcome| matches!(outcome, Outcome::Cancelled | Outcome::Refused { status: 401, .. });
        prop_assume!(!outcomes.iter().all(patient)); // somebody outside repeats these; they are no tries
        for outcome in outcomes.iter().filter(|outcome| !patient(outcome)).cycle().take(5_000) {
            if ends(driver.progress.state) {
                return Ok(());
            }
            let wait = driver.progress.next_at.unwrap_or(driver.now).max(driver.now);
            driver.now = wait;
            driver.answer(outcome);
        }
        prop_assert!(ends(driver.progress.state), "{:?}", driver.progress);
    }
}

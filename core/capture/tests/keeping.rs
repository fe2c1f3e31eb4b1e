//! From the shutter to "saved": shots, asks, overrides, supersession, quotas, and what stands on the disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::process::Command;

use clearshot_analysis::{Reason, Verdict};
use clearshot_capture::{AskPolicy, CaptureError, CaptureState, CaptureStore, Counters, Keep, QuotaLimit};
use clearshot_protocol::api::{ReturnReason, ShotRole};
use clearshot_protocol::envelope::open_envelope;
use clearshot_protocol::manifest::Stroke;
use clearshot_protocol::seal::Identity;
use support::*;

#[test]
fn a_kept_photo_is_in_the_vault_and_in_the_queue_of_whoever_opens_the_folder_next() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let photo = good_photo(1);
    let mut new = capture(shot(&session, 0), &photo, Keep::AsGood, 3);
    new.annotation = vec![Stroke { points: vec![(0.5, 0.5), (0.75, 0.25)], width: 0.01 }];
    let saved = store.keep(&new, at(4)).unwrap();
    std::mem::forget(store); // as after a kill: nothing is closed

    let again = phone.store();
    let entry = again.entry(saved.id).unwrap();
    assert_eq!((entry.state, entry.taken_at, entry.length), (CaptureState::Queued, at(3), saved.length));
    assert_eq!((entry.sku.as_deref(), entry.role), (Some(SKU), ShotRole::Overview));
    assert_eq!(again.open_photo(saved.id).unwrap(), photo.photo().bytes);
    assert_eq!(again.open_thumbnail(saved.id).unwrap(), photo.thumbnail().bytes);
    let manifest = again.manifest(saved.id).unwrap();
    assert_eq!((manifest.item.sku.as_str(), manifest.monotonic_millis), (SKU, 3_000));
    assert_eq!(manifest.annotation, new.annotation);
    assert_eq!(phone.count("tmp"), 0);
}

#[test]
fn a_drawing_that_no_manifest_can_hold_is_refused_and_nothing_of_it_remains() {
    let phone = Phone::new();
    let store = phone.store();
    let photo = good_photo(1);
    let mut new = capture(shot(&session(&store), 0), &photo, Keep::AsGood, 3);
    let line = |points, width| vec![Stroke { points, width }];
    let bad = [
        line(vec![(f32::NAN, 0.5)], 0.01),
        line(vec![(0.5, f32::INFINITY)], 0.01),
        line(vec![(0.5, 0.5)], f32::NAN),
        line(vec![(0.5, 0.5); 10_001], 0.01),
        vec![Stroke { points: Vec::new(), width: 0.01 }; 10_001],
    ];
    for annotation in bad {
        new.annotation = annotation;
        assert!(matches!(store.keep(&new, at(4)), Err(CaptureError::BadAnnotation(_))));
    }
    assert_eq!((phone.count("vault"), phone.count("tmp")), (0, 0));

    new.annotation = line(vec![(0.123_456_78, 0.876_543_2); 10_000], 0.01);
    let saved = store.keep(&new, at(4)).unwrap();
    assert_eq!(store.manifest(saved.id).unwrap().annotation, new.annotation);
}

#[test]
fn the_service_can_open_what_it_is_sent() {
    let phone = Phone::new();
    let store = phone.store();
    let saved = keep(&store, shot(&session(&store), 0), 1);
    let sealed = store.sealed_file(saved.id).unwrap();
    assert_eq!(sealed.file.metadata().unwrap().len(), sealed.start + sealed.length);
    let manifest = open_envelope(&phone.service, sealed.file).unwrap().manifest;
    assert_eq!((manifest.capture, manifest.item.sku.as_str()), (saved.id, SKU));
}

#[test]
fn an_item_gets_the_shots_of_its_reason_and_every_defect_its_overview() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let item = &session.items[0];
    let roles: Vec<_> = item.shots.iter().map(|shot| shot.role).collect();
    assert_eq!(roles, [ShotRole::Overview, ShotRole::Defect, ShotRole::Packaging, ShotRole::Label]);
    store.add_shot(session.id, item.id, ShotRole::Defect, at(1)).unwrap();
    let session = store.session(session.id).unwrap();
    let overview = shot(&session, 0);
    let linked: Vec<_> = session.items[0].shots.iter().map(|shot| shot.overview == Some(overview)).collect();
    assert_eq!(linked, [false, true, false, false, true]);
}

#[test]
fn an_item_that_is_added_again_keeps_its_shots_and_takes_the_new_labels() {
    let phone = Phone::new();
    let store = phone.store();
    let before = session(&store);
    let mut again = item(SKU, ReturnReason::Defective);
    again.title = "Mug".to_owned();
    store.add_item(before.id, &again, at(1)).unwrap();
    let after = store.session_of_return(before.return_id).unwrap().unwrap();
    assert_eq!(after.items[0].shots, before.items[0].shots);
    assert_eq!(after.items[0].title.as_deref(), Some("Mug"));
    assert_eq!(after.items.len(), 1);
    let empty = item("", ReturnReason::Damaged);
    assert!(matches!(store.add_item(before.id, &empty, at(1)), Err(CaptureError::BadItem(_))));
}

#[test]
fn after_two_asks_the_shopper_wins_and_it_is_recorded() {
    let phone = Phone::new();
    let store = phone.store();
    let shot = shot(&session(&store), 1);
    let dark = dark_photo(1);
    for asks in 1..=2 {
        let refused = store.keep(&capture(shot, &dark, Keep::AsGood, asks), at(asks)).unwrap_err();
        assert!(matches!(refused, CaptureError::AskFirst { .. }), "{refused}");
        let state = store.record_ask(shot, &dark, at(asks)).unwrap();
        assert_eq!(i64::from(state.asks), asks);
    }
    drop(store);
    let store = phone.store(); // asks survive the app
    let saved = store.keep(&capture(shot, &dark, Keep::AsGood, 9), at(9)).unwrap();
    let kept_anyway = saved.kept_anyway.unwrap();
    assert_eq!((kept_anyway.asks, kept_anyway.reasons.contains(&"too_dark".to_owned())), (2, true));
    assert_eq!(store.manifest(saved.id).unwrap().kept_anyway, Some(kept_anyway.clone()));
    assert_eq!(store.entry(saved.id).unwrap().kept_anyway, Some(kept_anyway));
    let refused = store.keep(&capture(shot, &dark, Keep::AsGood, 10), at(10)).unwrap_err();
    assert!(matches!(refused, CaptureError::AskFirst { asks: 0, .. }), "a kept photo begins the count anew");
}

#[test]
fn a_good_photo_that_is_taken_again_counts_no_ask() {
    let phone = Phone::new();
    let store = phone.store();
    let shot = shot(&session(&store), 0);
    assert_eq!(store.record_ask(shot, &good_photo(1), at(1)).unwrap().asks, 0);
}

#[test]
fn insisting_helps_at_once_when_soft_and_only_after_the_asks_when_hard() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let dark = dark_photo(1);
    let soft = store.keep(&capture(shot(&session, 0), &dark, Keep::Override, 1), at(1)).unwrap();
    assert_eq!(soft.kept_anyway.unwrap().asks, 0);

    let hard = shot(&session, 1);
    store.set_ask_policy(hard, AskPolicy::Hard).unwrap();
    let other = dark_photo(2);
    let insist = |second| store.keep(&capture(hard, &other, Keep::Override, second), at(second));
    assert!(matches!(insist(2), Err(CaptureError::AskFirst { .. })));
    assert!(!store.record_ask(hard, &other, at(2)).unwrap().may_override);
    assert!(store.record_ask(hard, &other, at(3)).unwrap().may_override);
    assert_eq!(insist(4).unwrap().kept_anyway.unwrap().asks, 2);

    let warn = shot(&session, 2);
    store.set_ask_policy(warn, AskPolicy::Warn).unwrap();
    let kept = store.keep(&capture(warn, &dark_photo(3), Keep::AsGood, 5), at(5)).unwrap();
    assert_eq!(kept.kept_anyway.unwrap().asks, 0);
}

#[test]
fn a_retake_supersedes_and_the_chain_links_every_capture_to_the_one_before() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let first = keep(&store, shot(&session, 0), 1);
    let second = keep(&store, shot(&session, 1), 2);
    let retake = keep(&store, shot(&session, 0), 3);
    assert_eq!((first.supersedes, second.supersedes, retake.supersedes), (None, None, Some(first.id)));
    assert_eq!(store.entry(first.id).unwrap().superseded_by, Some(retake.id));
    assert_eq!(store.session(session.id).unwrap().items[0].shots[0].current, Some(retake.id));
    let mut previous = None;
    for (sequence, saved) in [&first, &second, &retake].into_iter().enumerate() {
        let file = store.sealed_file(saved.id).unwrap().file;
        let envelope = open_envelope(&phone.keys.device, file).unwrap();
        assert_eq!(envelope.manifest.chain.sequence as usize, sequence);
        assert_eq!(envelope.manifest.chain.previous, previous);
        previous = Some(envelope.manifest_sha256);
    }
    assert_eq!(phone.count("vault"), 3, "nothing is overwritten");
}

#[test]
fn a_photo_that_another_shot_has_is_reported_as_a_duplicate_and_its_own_retake_is_not() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let first = keep(&store, shot(&session, 0), 1);
    let mut same = good_photo(2);
    let own = store.assess(shot(&session, 0), &mut same).unwrap();
    assert_eq!((own.duplicate_of, own.verdict), (None, Verdict::Good));

    let unasked = store.keep(&capture(shot(&session, 1), &same, Keep::AsGood, 2), at(2)).unwrap_err();
    assert!(matches!(unasked, CaptureError::AskFirst { .. }), "found without being asked for");
    let other = store.assess(shot(&session, 1), &mut same).unwrap();
    assert_eq!((other.duplicate_of, other.verdict), (Some(first.id), Verdict::Retake));
    assert_eq!(other.reasons, [Reason::Duplicate]);
    let kept = store.keep(&capture(shot(&session, 1), &same, Keep::Override, 3), at(3)).unwrap();
    assert_eq!(store.manifest(kept.id).unwrap().analysis.reasons, ["duplicate"]);
    let mut different = good_photo(77);
    assert_eq!(store.assess(shot(&session, 2), &mut different).unwrap().duplicate_of, None);
}

#[test]
fn a_full_queue_refuses_the_next_photo_names_the_limit_and_evicts_nothing() {
    let mut phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let saved = keep(&store, shot(&session, 0), 1);
    drop(store);
    let refusal = |phone: &Phone| {
        let store = phone.store();
        let error = store
            .keep(&capture(shot(&session, 1), &good_photo(5), Keep::AsGood, 2), at(2))
            .expect_err("it is full");
        assert_eq!((phone.count("vault"), phone.count("tmp")), (1, 0));
        assert_eq!(store.counters().unwrap(), Counters { captured: 1, queued: 1, ..Counters::default() });
        error
    };
    let roomy = phone.config.clone();
    phone.config.max_vault_bytes = saved.length + 1_000;
    assert!(matches!(refusal(&phone), CaptureError::Quota(QuotaLimit::Bytes { .. })));
    phone.config = roomy.clone();
    phone.config.max_captures = 1;
    let full = refusal(&phone);
    assert_eq!(full.to_string(), "save the photo: 2 photos wait, of 1 allowed");
    assert_eq!(full.code(), "quota_captures");
    phone.config = roomy;
    phone.config.max_disk_share_percent = 0;
    assert!(matches!(refusal(&phone), CaptureError::Quota(QuotaLimit::DiskShare { .. })));
}

#[test]
fn a_folder_that_cannot_be_made_is_a_typed_error() {
    let phone = Phone::new();
    let file = phone.folder.path().join("file");
    std::fs::File::create(&file).unwrap();
    let folder = file.join("queue");
    let error = CaptureStore::open(&folder, phone.keys.clone(), phone.config.clone(), at(0)).unwrap_err();
    assert_eq!(error.code(), "folder");
    assert!(error.to_string().contains("queue"), "{error}");
}

const CHILD_FOLDER: &str = "CLEARSHOT_TEST_FULL_DISK";

/// The system refuses files beyond 200 KiB to the child, as a full disk would, in the middle of a larger photo. The
/// database stays below that.
#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_photo_is_a_typed_error_and_leaves_nothing() {
    if let Ok(folder) = std::env::var(CHILD_FOLDER) {
        let service = Identity::generate().recipient();
        let device = std::env::var("CLEARSHOT_TEST_DEVICE").unwrap().parse().unwrap();
        let keys = clearshot_capture::StoreKeys { device, service };
        let (store, _) = CaptureStore::open(folder, keys, Phone::new().config, at(0)).unwrap();
        let session = store.sessions().unwrap().remove(0);
        let large = judge(&picture(3, 2_000, 1_500, 240));
        assert!(large.photo().bytes.len() > 250_000, "{}", large.photo().bytes.len());
        let error = store.keep(&capture(shot(&session, 0), &large, Keep::Override, 1), at(1)).unwrap_err();
        assert!(matches!(error, CaptureError::DiskFull(_)), "{error:?}");
        assert_eq!(error.code(), "disk_full");
        return;
    }
    let phone = Phone::new();
    session(&phone.store());
    let name = "a_disk_that_fills_up_in_the_middle_of_a_photo_is_a_typed_error_and_leaves_nothing";
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD_FOLDER, phone.folder.path())
        .env("CLEARSHOT_TEST_DEVICE", phone.keys.device.to_secret_text().as_str())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((phone.count("vault"), phone.count("tmp")), (0, 0));
    assert_eq!(phone.store().counters().unwrap(), Counters::default());
}

#[test]
fn a_row_that_is_refused_takes_its_file_back_so_that_nothing_is_half_saved() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let other = rusqlite::Connection::open(phone.folder.path().join("queue.sqlite")).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON captures BEGIN SELECT raise(ABORT, 'no'); END";
    other.execute_batch(refuse).unwrap();
    let photo = good_photo(1);
    let error = store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 1), at(1)).unwrap_err();
    assert_eq!(error.code(), "database");
    assert_eq!((phone.count("vault"), phone.count("tmp")), (0, 0));
    other.execute_batch("DROP TRIGGER refuse").unwrap();
    let saved = store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 2), at(2)).unwrap();
    assert_eq!(saved.sequence, 0, "the chain knows nothing of the one that was refused");
}

#[test]
fn paused_the_database_is_closed_and_every_call_says_so_until_resumed() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    store.pause().unwrap();
    assert!(!phone.folder.path().join("queue.sqlite-wal").exists(), "closing wrote the journal back");
    let photo = good_photo(1);
    let refused = store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 1), at(1)).unwrap_err();
    assert_eq!(refused.code(), "paused");
    assert!(matches!(store.queue(), Err(CaptureError::Paused)));
    assert_eq!((phone.count("vault"), phone.count("tmp")), (0, 0));
    store.pause().unwrap();
    store.resume().unwrap();
    store.resume().unwrap();
    store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 1), at(1)).unwrap();
}

#[test]
fn no_sku_no_title_and_no_pixels_stand_in_clear_in_any_file() {
    let phone = Phone::new();
    let store = phone.store();
    let photo = good_photo(1);
    let session = session(&store);
    let saved = store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 1), at(1)).unwrap();
    let leased = step(&store, 2);
    let words = clearshot_capture::Outcome::Refused {
        status: 422,
        code: "unknown-item".to_owned(),
        detail: format!("the return has no {SKU}"),
        retry_after: None,
    };
    store.report(leased.lease, &words, at(2)).unwrap();
    assert!(store.entry(saved.id).unwrap().status.contains(SKU), "the shopper reads it");

    let jpeg = &photo.photo().bytes;
    let secrets: [&[u8]; 5] =
        [SKU.as_bytes(), TITLE.as_bytes(), &jpeg[..16], &jpeg[jpeg.len() / 2..][..16], b"damaged"];
    let mut files = 0;
    for folder in [phone.folder.path().to_owned(), phone.folder.path().join("vault")] {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            files += 1;
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "{} in {}", String::from_utf8_lossy(secret), path.display());
            }
        }
    }
    assert!(files >= 3, "database, journal and photo were looked at");
}

#[test]
fn with_another_device_key_the_queue_goes_on_and_only_the_labels_are_unknown() {
    let mut phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let saved = keep(&store, shot(&session, 0), 1);
    drop(store);
    phone.keys.device = Identity::generate();
    let store = phone.store();
    assert_eq!(store.entry(saved.id).unwrap().sku, None);
    assert!(matches!(store.open_photo(saved.id), Err(CaptureError::Envelope(_))));
    let photo = good_photo(9);
    let error = store.keep(&capture(shot(&session, 1), &photo, Keep::AsGood, 2), at(2)).unwrap_err();
    assert_eq!(error.code(), "label_unreadable");
    send_all(&store, 10);
    assert_eq!(store.counters().unwrap().accepted, 1);
}

#[test]
fn a_retake_after_the_clock_was_set_back_replaces_the_photo_before_it() {
    let phone = Phone::new();
    let store = phone.store();
    let slot = shot(&session(&store), 0);
    let first = keep(&store, slot, 7_200);
    let second = keep(&store, slot, 3_600);
    let third = keep(&store, slot, 3_700);
    assert_eq!((second.supersedes, third.supersedes), (Some(first.id), Some(second.id)));
    assert_eq!(session(&store).items[0].shots[0].current, None, "another session");
    let current =
        store.sessions().unwrap().into_iter().flat_map(|session| session.items).flat_map(|item| item.shots);
    assert_eq!(current.filter_map(|shot| shot.current).collect::<Vec<_>>(), [third.id]);
}

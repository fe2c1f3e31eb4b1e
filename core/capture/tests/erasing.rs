//! Deleting photos at the shopper's wish.

mod support;

use clearshot_capture::{
    CaptureError, CaptureState, Conditions, Keep, MeteredPolicy, NewCapture, Plan, WaitReason,
};
use clearshot_protocol::SessionId;
use support::{Phone, at, capture, good_photo, session, shot};

#[test]
fn nothing_of_a_deleted_session_is_left_and_its_neighbour_stays() {
    let phone = Phone::new();
    let store = phone.store();
    let (mine, other) = (session(&store), session(&store));
    let photo = good_photo(1);
    let gone = store.keep(&capture(shot(&mine, 0), &photo, Keep::Override, 1), at(1)).unwrap();
    let stays = store.keep(&capture(shot(&other, 0), &photo, Keep::Override, 2), at(2)).unwrap();

    let deleted = store.delete_photos(Some(mine.id)).unwrap();
    assert_eq!((deleted.photos, deleted.bytes), (1, gone.length));
    assert!(!phone.vault_file(gone.id).exists() && phone.vault_file(stays.id).exists());
    assert!(matches!(store.session(mine.id), Err(CaptureError::UnknownSession(_))));
    assert_eq!(store.queue().unwrap().len(), 1);
    drop(store);
    assert_eq!(phone.store().queue().unwrap().len(), 1, "the next opening brings nothing back");
}

#[test]
fn deleting_everything_takes_what_is_being_sent_and_what_was_set_aside() {
    let phone = Phone::new();
    let store = phone.store();
    let mine = session(&store);
    let photo = good_photo(1);
    store.keep(&capture(shot(&mine, 0), &photo, Keep::Override, 1), at(1)).unwrap();
    std::fs::File::create(phone.folder.path().join("quarantine/old.sealed")).unwrap();
    let Plan::Upload(step) = store.next(Conditions::UNMETERED, at(2)).unwrap() else { panic!("a step") };

    store.delete_photos(None).unwrap();
    assert_eq!((phone.count("vault"), phone.count("quarantine")), (0, 0));
    assert_eq!(store.counters().unwrap().captured, 0);
    let outcome = clearshot_capture::Outcome::Cancelled;
    assert_eq!(store.report(step.lease, &outcome, at(3)).unwrap(), None);
    assert_eq!(store.next(Conditions::UNMETERED, at(4)).unwrap(), Plan::Done);
}

#[test]
fn a_session_that_is_unknown_is_an_error_and_nothing_goes() {
    let phone = Phone::new();
    let store = phone.store();
    let kept = session(&store);
    store.keep(&capture(shot(&kept, 0), &good_photo(1), Keep::Override, 1), at(1)).unwrap();
    let refused = store.delete_photos(Some(SessionId::mint(at(5)))).unwrap_err();
    assert_eq!(refused.code(), "unknown_session");
    assert_eq!(phone.count("vault"), 1);
}

#[test]
fn a_file_that_does_not_go_is_an_error_and_its_photo_is_not_sent() {
    let phone = Phone::new();
    let store = phone.store();
    let mine = session(&store);
    let kept = store.keep(&capture(shot(&mine, 0), &good_photo(1), Keep::Override, 1), at(1)).unwrap();
    // A folder in its place cannot be removed as a file.
    std::fs::remove_file(phone.vault_file(kept.id)).unwrap();
    std::fs::create_dir(phone.vault_file(kept.id)).unwrap();
    assert_eq!(store.delete_photos(None).unwrap_err().code(), "folder");
    assert_eq!(store.next(Conditions::UNMETERED, at(2)).unwrap(), Plan::Done);
    assert_eq!(store.entry(kept.id).unwrap().state, CaptureState::Lost);

    std::fs::remove_dir(phone.vault_file(kept.id)).unwrap();
    store.delete_photos(None).unwrap();
    assert_eq!(store.counters().unwrap().captured, 0);
}

#[test]
fn a_photo_may_use_other_networks_than_its_item_says() {
    let phone = Phone::new();
    let store = phone.store();
    let mine = session(&store);
    let photo = good_photo(1);
    let new = NewCapture {
        metered: Some(MeteredPolicy::Unmetered),
        ..capture(shot(&mine, 0), &photo, Keep::Override, 1)
    };
    let kept = store.keep(&new, at(1)).unwrap();
    assert_eq!(store.entry(kept.id).unwrap().metered, MeteredPolicy::Unmetered);
    let metered = Conditions { online: true, metered: true };
    let waits = Plan::Wait { until: None, reason: WaitReason::Metered };
    assert_eq!(store.next(metered, at(2)).unwrap(), waits);
}

//! The store through the facade: what is saved stays, and every refusal has its code.

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use clearshot_ffi::{
    CaptureState, CaptureStore, Choice, ErrorCode, KeepRequest, NetworkPolicy, PixelFormat, PixelLayout,
    StoreSetup, Stroke, StrokePoint, Verdict,
};
use support::{BLURRED, FRAME, MUG, Phone, code, item, keep, keep_request, now};

#[test]
fn a_kept_photo_is_there_after_the_store_was_left_without_a_word() {
    let phone = Phone::new();
    let store = phone.open();
    let shots = phone.shots(&store);
    let stroke = Stroke { points: vec![StrokePoint { x: 0.25, y: 0.5 }], width: 0.01 };
    let request =
        KeepRequest { annotation: vec![stroke], network: Some(NetworkPolicy::Unmetered), ..keep_request() };
    let pending = store.assess(shots[0].clone(), MUG).unwrap();
    let review = pending.review().unwrap();
    assert_eq!((review.report.verdict, review.asks.asks_left), (Verdict::Good, 2));
    assert!(pending.thumbnail().unwrap().starts_with(&[0xff, 0xd8]));
    let saved = store.keep(Arc::clone(&pending), request, now()).unwrap();
    assert_eq!(code(pending.photo()), Some(ErrorCode::Closed), "what was kept is closed");
    // As a process that dies leaves it: nothing is closed, nothing dropped.
    std::mem::forget(store);

    let store = phone.open();
    let entry = store.entry(saved.id.clone()).unwrap();
    assert_eq!((entry.state, entry.choices), (CaptureState::Queued, vec![Choice::ConnectToWifi]));
    assert_eq!((entry.sha256, entry.network), (saved.sha256, NetworkPolicy::Unmetered));
    assert!(store.photo(saved.id.clone()).unwrap().starts_with(&[0xff, 0xd8]));
    assert!(!store.thumbnail(saved.id.clone()).unwrap().is_empty());
    let manifest: serde_json::Value = serde_json::from_str(&store.manifest(saved.id).unwrap()).unwrap();
    assert_eq!(manifest["annotation"][0]["points"][0][0], serde_json::json!(0.25));
    assert_eq!(store.counters().unwrap().captured, 1);
}

#[test]
fn a_bad_photo_is_asked_about_twice_and_then_kept() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[1].clone();
    let polite = KeepRequest { insist: false, ..keep_request() };
    for asks in 1..=2 {
        let pending = store.assess(shot.clone(), BLURRED).unwrap();
        assert_eq!(code(store.keep(Arc::clone(&pending), polite.clone(), now())), Some(ErrorCode::AskFirst));
        assert_eq!(store.ask_again(pending, now()).unwrap().asks, asks);
    }
    let pending = store.assess(shot, BLURRED).unwrap();
    assert!(store.keep(pending, polite, now()).unwrap().kept_anyway);
}

#[test]
fn pixels_that_the_platform_decoded_are_judged_like_a_file() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[0].clone();
    let (width, height) = (640_u32, 480_u32);
    let layout =
        PixelLayout { width, height, row_stride: width * 4 + 16, format: PixelFormat::Rgba, orientation: 6 };
    let pixels = vec![90; (layout.row_stride * height) as usize];
    let review = store.assess_pixels(shot.clone(), layout, &pixels).unwrap().review().unwrap();
    assert_eq!((review.report.width, review.report.height), (height, width), "turned upright");
    let short = store.assess_pixels(shot, layout, &pixels[..1_000]);
    assert_eq!(code(short), Some(ErrorCode::UnsupportedPhoto));
}

#[test]
fn a_closed_store_and_everything_of_it_say_so() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[0].clone();
    let pending = store.assess(shot.clone(), MUG).unwrap();
    store.close().unwrap();
    store.close().unwrap();
    let closed = Some(ErrorCode::Closed);
    assert_eq!(code(store.queue()), closed);
    assert_eq!(code(store.resume()), closed);
    assert_eq!(code(store.keep(pending, keep_request(), now())), closed);
    assert_eq!(code(store.assess(shot, MUG)), closed);
}

#[test]
fn a_paused_store_refuses_and_goes_on_after_it() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[0].clone();
    store.pause().unwrap();
    assert_eq!(code(store.queue()), Some(ErrorCode::Paused));
    store.resume().unwrap();
    keep(&store, &shot, MUG);
}

#[test]
fn two_stores_on_one_folder_see_the_same_queue_and_keep_one_chain() {
    let phone = Phone::new();
    let (one, two) = (phone.open(), phone.open());
    let shots = phone.shots(&one);
    let first = keep(&one, &shots[0], MUG);
    let second = keep(&two, &shots[1], FRAME);
    assert_eq!((first.sequence, second.sequence), (0, 1));
    assert_eq!(one.queue().unwrap(), two.queue().unwrap());
}

#[test]
fn a_key_store_that_fails_is_a_typed_error_and_nothing_is_lost() {
    let phone = Phone::new();
    phone.keys.locked.store(true, Ordering::SeqCst);
    assert_eq!(code(phone.try_open(phone.setup())), Some(ErrorCode::KeyStore));
    phone.keys.locked.store(false, Ordering::SeqCst);
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    drop(store);
    phone.keys.wrong.store(true, Ordering::SeqCst);
    assert_eq!(code(phone.try_open(phone.setup())), Some(ErrorCode::KeyStore));
    phone.keys.wrong.store(false, Ordering::SeqCst);
    assert!(!phone.open().photo(saved.id).unwrap().is_empty());
}

#[test]
fn a_key_that_is_lost_is_replaced_and_older_photos_are_still_to_be_sent() {
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    drop(store);
    phone.keys.lost.store(true, Ordering::SeqCst);
    let store = phone.open();
    assert!(store.repaired().unwrap().device_key_replaced);
    assert_eq!(code(store.photo(saved.id.clone())), Some(ErrorCode::Sealing));
    let entry = store.entry(saved.id).unwrap();
    assert_eq!((entry.state, entry.on_device), (CaptureState::Queued, true));
}

#[test]
fn what_does_not_fit_is_refused_and_what_waits_stays() {
    let phone = Phone::new();
    let store = phone.try_open(StoreSetup { max_photos: Some(1), ..phone.setup() }).unwrap();
    let shots = phone.shots(&store);
    keep(&store, &shots[0], MUG);
    let pending = store.assess(shots[1].clone(), FRAME).unwrap();
    assert_eq!(code(store.keep(Arc::clone(&pending), keep_request(), now())), Some(ErrorCode::Quota));
    assert!(pending.photo().is_ok(), "after an error the photo can be kept again");
    assert_eq!(store.counters().unwrap().captured, 1);
}

#[test]
fn arguments_that_are_none_have_their_code() {
    let phone = Phone::new();
    let store = phone.open();
    let invalid = Some(ErrorCode::InvalidArgument);
    assert_eq!(code(store.session("no id".to_owned())), invalid);
    assert_eq!(code(store.open_session(phone.return_id.clone(), vec![item()], i64::MAX)), invalid);
    let mut nameless = item();
    nameless.sku.clear();
    assert_eq!(code(store.open_session(phone.return_id.clone(), vec![nameless], now())), invalid);
    let unknown = phone.return_id.clone();
    assert_eq!(code(store.assess(unknown.clone(), MUG)), Some(ErrorCode::NotFound));
    assert_eq!(code(store.entry(unknown)), Some(ErrorCode::NotFound));
    let shot = phone.shots(&store)[0].clone();
    assert_eq!(code(store.assess(shot.clone(), b"")), Some(ErrorCode::DamagedPhoto));
    assert_eq!(code(store.assess(shot, b"GIF89a nothing")), Some(ErrorCode::UnsupportedPhoto));
    let foreign = StoreSetup { service_recipient: "age1nonsense".to_owned(), ..phone.setup() };
    assert_eq!(code(phone.try_open(foreign)), Some(ErrorCode::InvalidConfig));
}

#[test]
fn a_folder_that_cannot_be_one_is_an_error_without_its_path() {
    let phone = Phone::new();
    let file = phone.path().join("secret-name");
    std::fs::File::create(&file).unwrap();
    let setup = StoreSetup { folder: file.to_str().unwrap().to_owned(), ..phone.setup() };
    let error = phone.try_open(setup).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Storage);
    assert!(!error.to_string().contains("secret-name"), "{error}");
}

#[test]
fn the_shopper_can_delete_everything() {
    let phone = Phone::new();
    let store: Arc<CaptureStore> = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let deleted = store.delete_photos(None).unwrap();
    assert_eq!((deleted.photos, deleted.bytes), (1, saved.length));
    assert!(store.sessions().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(phone.path().join("vault")).unwrap().count(), 0);
}

//! What no app would hand over on purpose: each is refused with its code, never by a panic, and nothing is lost by it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::{Arc, Barrier};

use clearshot_ffi::{
    Cancellation, CaptureError, CaptureStore, DeviceKeyStore, ErrorCode, ForeignError, FrameAnalyzer,
    FrameContext, FrameLayout, Gravity, HttpHeader, KeepRequest, LogLevel, LogSink, LumaRange,
    NetworkFailure, NextTransfer, PixelFormat, PixelLayout, Region, ShotRole, StoreSetup, Stroke,
    StrokePoint, SyncEnd, TokenProvider, TransferBody, TransferResult, UploadPlanner, UploadRunner,
};
use support::{MUG, Phone, Shop, Tokens, WIFI, code, item, keep, keep_request, now, server_at};

/// The last millisecond that is taken as a time, in the year 6429.
const LAST: i64 = (1 << 47) - 1;

/// Longer than anything takes here; nothing waits for it when all is well.
const PATIENCE: u64 = 60_000;

fn is_no_panic<T>(result: Result<T, CaptureError>) {
    assert_ne!(code(result), Some(ErrorCode::Panic));
}

#[test]
fn ids_that_are_none_are_refused_and_not_repeated_at_length() {
    let phone = Phone::new();
    let store = phone.open();
    let long = "7".repeat(1 << 20);
    for text in ["", " ", "\0", "../../etc/passwd", "Grüße", long.as_str()] {
        let id = || text.to_owned();
        let refusals = [
            store.session(id()).err(),
            store.entry(id()).err(),
            store.photo(id()).err(),
            store.discard(id()).err(),
            store.delete_photos(Some(id())).err(),
            store.assess(id(), MUG).err(),
            store.open_session(id(), vec![item()], now()).err(),
        ];
        for refusal in refusals {
            let refusal = refusal.unwrap();
            assert_eq!(refusal.code(), ErrorCode::InvalidArgument);
            assert!(refusal.to_string().len() < 300, "{} bytes", refusal.to_string().len());
        }
    }
}

#[test]
fn labels_that_are_too_long_are_refused() {
    let phone = Phone::new();
    let store = phone.open();
    let mut long_sku = item();
    long_sku.sku = "x".repeat(1 << 20);
    let mut long_title = item();
    long_title.title = "x".repeat(1 << 20);
    for bad in [long_sku, long_title] {
        let refused = store.open_session(phone.return_id.clone(), vec![item(), bad], now());
        assert_eq!(code(refused), Some(ErrorCode::InvalidArgument));
    }
    assert!(store.sessions().unwrap().is_empty(), "nothing of it was kept");
}

#[test]
fn times_before_1970_or_after_6429_are_refused_and_those_between_are_no_trouble() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[0].clone();
    let planner =
        UploadPlanner::new(Arc::clone(&store), server_at("https://shop.example"), Tokens::always("t"))
            .unwrap();
    let pending = store.assess(shot, MUG).unwrap();
    for time in [i64::MIN, -1, LAST + 1, i64::MAX] {
        let refusals = [
            code(store.open_session(phone.return_id.clone(), vec![item()], time)),
            code(store.keep(Arc::clone(&pending), keep_request(), time)),
            code(store.keep(Arc::clone(&pending), KeepRequest { taken_at: time, ..keep_request() }, now())),
            code(store.sweep(time)),
            code(planner.next(WIFI, time)),
        ];
        assert_eq!(refusals, [Some(ErrorCode::InvalidArgument); 5], "{time}");
    }
    let request = KeepRequest { taken_at: LAST, monotonic_millis: u64::MAX, ..keep_request() };
    let saved = store.keep(pending, request, 0).unwrap();
    assert_eq!(store.entry(saved.id.clone()).unwrap().taken_at, LAST);
    for time in [0, LAST, 0] {
        for _ in 0..4 {
            let NextTransfer::Perform { transfer } = planner.next(WIFI, time).unwrap() else { break };
            let failure = TransferResult::NoAnswer { failure: NetworkFailure::Other };
            is_no_panic(planner.report(transfer.ticket, failure, time));
        }
        is_no_panic(store.sweep(time));
        is_no_panic(store.retry_stalled(time));
    }
    assert!(store.entry(saved.id).unwrap().on_device);
}

#[test]
fn folders_that_are_none_are_refused() {
    let phone = Phone::new();
    for folder in ["", "a\0b", "/proc/no/such"] {
        let refused = phone.try_open(StoreSetup { folder: folder.to_owned(), ..phone.setup() });
        assert_eq!(code(refused), Some(ErrorCode::Storage), "{folder:?}");
    }
}

#[test]
fn limits_of_nothing_and_of_everything_are_limits() {
    let phone = Phone::new();
    let nothing = phone.try_open(StoreSetup { max_bytes: Some(0), ..phone.setup() }).unwrap();
    let shot = phone.shots(&nothing)[0].clone();
    let pending = nothing.assess(shot.clone(), MUG).unwrap();
    assert_eq!(code(nothing.keep(pending, keep_request(), now())), Some(ErrorCode::Quota));
    let everything = StoreSetup { max_bytes: Some(u64::MAX), max_photos: Some(u64::MAX), ..phone.setup() };
    keep(&phone.try_open(everything).unwrap(), &shot, MUG);
}

#[test]
fn a_drawing_with_numbers_that_are_none_is_refused_and_the_photo_can_still_be_kept() {
    let phone = Phone::new();
    let store = phone.open();
    let pending = store.assess(phone.shots(&store)[0].clone(), MUG).unwrap();
    let drawn = |x, width| vec![Stroke { points: vec![StrokePoint { x, y: 0.5 }], width }];
    for annotation in [drawn(f32::NAN, 0.1), drawn(f32::INFINITY, 0.1), drawn(0.5, f32::NAN)] {
        let refused = store.keep(Arc::clone(&pending), KeepRequest { annotation, ..keep_request() }, now());
        assert_eq!(code(refused), Some(ErrorCode::InvalidArgument));
    }
    let saved = store.keep(pending, keep_request(), now()).unwrap();
    assert!(store.manifest(saved.id).is_ok());
}

#[test]
fn pixels_that_do_not_fit_their_description_are_refused() {
    let phone = Phone::new();
    let store = phone.open();
    let shot = phone.shots(&store)[0].clone();
    let layout =
        PixelLayout { width: 640, height: 480, row_stride: 2_560, format: PixelFormat::Rgba, orientation: 1 };
    let pixels = vec![90; 2_560 * 480];
    let bad = [
        PixelLayout { width: 0, ..layout },
        PixelLayout { height: 0, ..layout },
        PixelLayout { row_stride: 2_559, ..layout },
        PixelLayout { row_stride: 2_561, ..layout },
        PixelLayout { height: 481, ..layout },
        PixelLayout { row_stride: u32::MAX, ..layout },
        PixelLayout { width: u32::MAX, height: u32::MAX, row_stride: u32::MAX, ..layout },
    ];
    for layout in bad {
        let refused = code(store.assess_pixels(shot.clone(), layout, &pixels)).unwrap();
        assert!(
            matches!(refused, ErrorCode::UnsupportedPhoto | ErrorCode::InvalidArgument),
            "{refused:?} for {layout:?}"
        );
    }
    store.assess_pixels(shot, PixelLayout { orientation: 255, ..layout }, &pixels).unwrap();
}

#[test]
fn sensors_that_report_no_numbers_leave_a_report_of_numbers() {
    let luma: Vec<u8> = (0..64 * 48).map(|index| (index * 7 % 251) as u8).collect();
    let layout = FrameLayout {
        width: 64,
        height: 48,
        row_stride: 64,
        pixel_stride: 1,
        range: LumaRange::Limited,
        rotation_degrees: 270,
    };
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, f64::MAX, f64::MIN_POSITIVE] {
        let analyzer = FrameAnalyzer::new(None, None).unwrap();
        analyzer.begin_shot(ShotRole::Defect, 0, 0).unwrap();
        for frame in 0..3 {
            let context = FrameContext {
                taken_ns: frame * 66_000_000,
                exposure_time_s: Some(odd),
                iso: Some(odd),
                aperture: Some(odd),
                gyro_rate: Some(odd),
                gravity: Some(Gravity { x: odd, y: odd, z: odd }),
                focus: None,
                min_focus_m: Some(odd),
                torch: Some(true),
                region: Some(Region { x: odd, y: odd, width: odd, height: odd }),
                thermal: None,
            };
            match analyzer.analyze(layout, &luma, context) {
                Ok(look) => {
                    let report = look.report;
                    let numbers = [report.sharpness.score, report.exposure.mean, report.framing.fill];
                    assert!(numbers.iter().all(|number| number.is_finite()), "{odd}: {numbers:?}");
                }
                Err(error) => assert_eq!(error.code(), ErrorCode::InvalidFrame, "{odd}: {error}"),
            }
        }
    }
}

#[test]
fn answers_that_no_server_gives_are_faults_of_the_network() {
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let planner =
        UploadPlanner::new(Arc::clone(&store), server_at("https://shop.example"), Tokens::always("t"))
            .unwrap();
    let mut time = now();
    for status in [0, 1, 99, 1_000, u16::MAX] {
        let NextTransfer::Perform { transfer } = planner.next(WIFI, time).unwrap() else {
            panic!("no transfer");
        };
        let headers = vec![
            HttpHeader { name: "\0".to_owned(), value: "\r\n".to_owned() },
            HttpHeader { name: "Upload-Offset".to_owned(), value: "9".repeat(1 << 20) },
        ];
        let answer = TransferResult::Answer { status, headers, body: vec![b'x'; 1 << 20] };
        planner.report(transfer.ticket, answer, time).unwrap();
        let entry = store.entry(saved.id.clone()).unwrap();
        assert_eq!((entry.offset, entry.on_device), (0, true), "{status}");
        time = entry.next_at.unwrap_or(time) + 1;
    }
    for ticket in ["", "\0", "{}", &"[".repeat(1 << 20)] {
        let refused = planner.report(ticket.to_owned(), TransferResult::Cancelled, time);
        assert!(matches!(code(refused), None | Some(ErrorCode::InvalidArgument)));
    }
}

#[test]
fn a_body_is_not_written_over_the_photo_that_it_is_read_from() {
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let planner =
        UploadPlanner::new(Arc::clone(&store), server_at("https://shop.example"), Tokens::always("t"))
            .unwrap();
    let NextTransfer::Perform { transfer } = planner.next(WIFI, now()).unwrap() else {
        panic!("no transfer")
    };
    let TransferBody::File { path, .. } = transfer.body else { panic!("{:?}", transfer.body) };
    for place in [path, "a\0b".to_owned(), String::new()] {
        assert_eq!(
            code(planner.write_body(transfer.ticket.clone(), place.clone())),
            Some(ErrorCode::InvalidArgument),
            "{place:?}"
        );
    }
    assert!(!store.photo(saved.id).unwrap().is_empty());
}

#[test]
fn two_threads_that_close_at_once_both_succeed_and_one_photo_is_kept_once() {
    let phone = Phone::new();
    let store = phone.open();
    let pending = store.assess(phone.shots(&store)[0].clone(), MUG).unwrap();
    let analyzer = FrameAnalyzer::new(None, None).unwrap();
    let at_once = |threads: usize, act: &(dyn Fn() -> Option<ErrorCode> + Sync)| {
        let barrier = Barrier::new(threads);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        act()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        })
    };
    let mut kept = at_once(3, &|| code(store.keep(Arc::clone(&pending), keep_request(), now())));
    kept.sort_by_key(Option::is_some);
    assert_eq!(kept, [None, Some(ErrorCode::Closed), Some(ErrorCode::Closed)]);
    assert_eq!(store.counters().unwrap().captured, 1);
    assert_eq!(at_once(3, &|| code(pending.close())), [None; 3]);
    assert_eq!(at_once(3, &|| code(analyzer.close())), [None; 3]);
    assert_eq!(at_once(3, &|| code(store.close())), [None; 3]);
    assert_eq!(phone.open().counters().unwrap().captured, 1);
}

#[test]
fn all_the_time_in_the_world_is_a_time() {
    let phone = Phone::new();
    let runner =
        UploadRunner::new(phone.open(), server_at("http://127.0.0.1:9"), Tokens::always("t"), None).unwrap();
    let report = runner.sync_for(u64::MAX, WIFI, Cancellation::new().unwrap()).unwrap();
    assert_eq!(report.end, SyncEnd::Done);
    is_no_panic(runner.sync_for(0, WIFI, Cancellation::new().unwrap()));
}

/// An object of the app whose every call panics.
struct Panics;

impl DeviceKeyStore for Panics {
    fn wrap(&self, _: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        panic!("the key of Jane")
    }

    fn unwrap(&self, _: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        panic!("the key of Jane")
    }
}

impl TokenProvider for Panics {
    fn token(&self, _: bool) -> Result<String, ForeignError> {
        panic!("the token of Jane")
    }
}

impl LogSink for Panics {
    fn log(&self, _: LogLevel, _: String) -> Result<(), ForeignError> {
        panic!("the log of Jane")
    }
}

#[test]
fn a_key_store_that_panics_is_one_that_failed() {
    let phone = Phone::new();
    let error = CaptureStore::open(phone.setup(), Arc::new(Panics), None, now()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::KeyStore);
    assert!(!error.to_string().contains("Jane"), "{error}");
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    drop(store);
    let error = CaptureStore::open(phone.setup(), Arc::new(Panics), None, now()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::KeyStore);
    assert!(!phone.open().photo(saved.id).unwrap().is_empty(), "its key was not replaced");
}

#[test]
fn a_token_provider_that_panics_costs_a_try() {
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let runner =
        UploadRunner::new(Arc::clone(&store), server_at("http://127.0.0.1:9"), Arc::new(Panics), None)
            .unwrap();
    let report = runner.sync_for(400, WIFI, Cancellation::new().unwrap()).unwrap();
    assert!(report.failures > 0, "{report:?}");
    let planner =
        UploadPlanner::new(Arc::clone(&store), server_at("https://shop.example"), Arc::new(Panics)).unwrap();
    is_no_panic(planner.next(WIFI, now()));
    let entry = store.entry(saved.id).unwrap();
    assert!(entry.on_device && entry.attempts > 0 && !entry.status.contains("Jane"), "{entry:?}");
}

#[test]
fn a_log_that_panics_stops_nothing() {
    let shop = Shop::open();
    let phone = shop.phone();
    let store = phone.open();
    keep(&store, &phone.shots(&store)[0], MUG);
    let sink: Arc<dyn LogSink> = Arc::new(Panics);
    let runner =
        UploadRunner::new(Arc::clone(&store), shop.setup(), Tokens::always(&shop.token), Some(sink)).unwrap();
    let report = runner.sync_for(PATIENCE, WIFI, Cancellation::new().unwrap()).unwrap();
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 1));
}

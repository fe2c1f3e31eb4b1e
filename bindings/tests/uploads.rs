//! Uploads through the facade, against the real server and against one that never answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clearshot_ffi::{
    Cancellation, CaptureState, Choice, Conditions, ErrorCode, ForeignError, LogSink, NextTransfer, SyncEnd,
    Transfer, TransferBody, TransferResult, UploadPlanner, UploadRunner, WaitReason,
};
use support::{FRAME, Log, MUG, Phone, Shop, Tokens, WIFI, code, keep, now, server_at};

/// Longer than anything takes here; nothing waits for it when all is well.
const PATIENCE: u64 = 60_000;

/// Long enough to come to a wait.
const SHORT: u64 = 400;

#[test]
fn what_was_kept_before_a_kill_is_sent_after_it() {
    let shop = Shop::open();
    let phone = shop.phone();
    let store = phone.open();
    let shots = phone.shots(&store);
    let first = keep(&store, &shots[0], MUG);
    let second = keep(&store, &shots[1], FRAME);
    std::mem::forget(store);

    let store = phone.open();
    let runner = shop.runner(&store);
    let report = runner.sync_for(PATIENCE, WIFI, Cancellation::new().unwrap()).unwrap();
    assert_eq!((report.end, report.accepted, report.rejected), (SyncEnd::Done, 2, 0));
    assert_eq!(report.bytes_sent, first.length + second.length);
    for capture in [first.id, second.id] {
        assert_eq!(store.entry(capture).unwrap().state, CaptureState::Accepted);
    }
    let progress = runner.progress().unwrap();
    assert_eq!(
        (progress.running, progress.sent, progress.total),
        (false, report.bytes_sent, report.bytes_sent)
    );
    assert_eq!((progress.accepted, progress.photos.len()), (2, 0));
}

#[test]
fn the_platforms_own_transfers_bring_photos_to_the_server_as_well() {
    let shop = Shop::open();
    let phone = shop.phone();
    let mut setup = phone.setup();
    setup.platform_performs_transfers = true;
    let store = phone.try_open(setup).unwrap();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let planner = UploadPlanner::new(Arc::clone(&store), shop.setup(), Tokens::always(&shop.token)).unwrap();
    let mut time = now();
    loop {
        match planner.next(WIFI, time).unwrap() {
            NextTransfer::Perform { transfer } => {
                let (ticket, result) = (transfer.ticket.clone(), perform(&transfer));
                planner.report(ticket, result, time).unwrap();
            }
            NextTransfer::Wait { until, .. } => {
                time = until.unwrap();
                std::thread::yield_now();
            }
            NextTransfer::Done => break,
        }
    }
    assert_eq!(store.entry(saved.id).unwrap().state, CaptureState::Accepted);
}

/// Performs a transfer with another HTTP library, as a platform does.
fn perform(transfer: &Transfer) -> TransferResult {
    let body = match &transfer.body {
        TransferBody::Empty => Vec::new(),
        TransferBody::Bytes { bytes } => bytes.clone(),
        TransferBody::File { path, start, length } => {
            std::fs::read(path).unwrap()[*start as usize..(*start + *length) as usize].to_vec()
        }
    };
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .new_agent();
    let mut request = ureq::http::Request::builder().method(transfer.method.as_str()).uri(&transfer.url);
    for header in &transfer.headers {
        request = request.header(&header.name, &header.value);
    }
    let mut answer = if body.is_empty() && transfer.method != "POST" {
        agent.run(request.body(()).unwrap()).unwrap()
    } else {
        agent.run(request.body(body).unwrap()).unwrap()
    };
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| clearshot_ffi::HttpHeader {
            name: name.to_string(),
            value: value.to_str().unwrap().to_owned(),
        })
        .collect();
    let status = answer.status().as_u16();
    TransferResult::Answer { status, headers, body: answer.body_mut().read_to_vec().unwrap() }
}

#[test]
fn cancelling_in_the_middle_ends_promptly_and_loses_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let runner = UploadRunner::new(Arc::clone(&store), server_at(&url), Tokens::always("t1"), None).unwrap();
    let cancellation = Cancellation::new().unwrap();
    let syncing = {
        let (runner, cancellation) = (Arc::clone(&runner), Arc::clone(&cancellation));
        std::thread::spawn(move || runner.sync_for(PATIENCE, WIFI, cancellation))
    };
    // The request has begun: its first bytes are here.
    let (mut request, _) = silent.accept().unwrap();
    request.read_exact(&mut [0; 4]).unwrap();
    assert!(runner.progress().unwrap().running);
    assert_eq!(code(runner.sync_for(1, WIFI, Cancellation::new().unwrap())), Some(ErrorCode::InUse));
    cancellation.cancel().unwrap();
    let report = syncing.join().unwrap().unwrap();
    assert_eq!(report.end, SyncEnd::Cancelled);
    let entry = store.entry(saved.id).unwrap();
    assert_eq!((entry.attempts, entry.on_device), (0, true));
    assert!(!runner.progress().unwrap().running);

    // Cancelled before it began: it does nothing.
    let report = runner.sync_for(PATIENCE, WIFI, cancellation).unwrap();
    assert_eq!((report.end, report.steps), (SyncEnd::Cancelled, 0));
}

#[test]
fn the_time_ends_a_synchronisation_and_says_so() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let phone = Phone::new();
    let store = phone.open();
    keep(&store, &phone.shots(&store)[0], MUG);
    let runner = UploadRunner::new(Arc::clone(&store), server_at(&url), Tokens::always("t1"), None).unwrap();
    let report = runner.sync_for(SHORT, WIFI, Cancellation::new().unwrap()).unwrap();
    assert_eq!((report.end, report.failures), (SyncEnd::TimeUp, 0));
}

#[test]
fn closing_the_store_ends_a_synchronisation_with_its_code() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let phone = Phone::new();
    let store = phone.open();
    keep(&store, &phone.shots(&store)[0], MUG);
    let runner = UploadRunner::new(Arc::clone(&store), server_at(&url), Tokens::always("t1"), None).unwrap();
    let syncing = {
        let runner = Arc::clone(&runner);
        std::thread::spawn(move || runner.sync_for(PATIENCE, WIFI, Cancellation::new().unwrap()))
    };
    let (request, _) = silent.accept().unwrap();
    store.close().unwrap();
    drop(request);
    assert_eq!(code(syncing.join().unwrap()), Some(ErrorCode::Closed));
    assert_eq!(code(runner.sync_for(1, WIFI, Cancellation::new().unwrap())), Some(ErrorCode::Closed));
}

#[test]
fn offline_nothing_is_asked_for_and_the_photo_waits() {
    let phone = Phone::new();
    let store = phone.open();
    keep(&store, &phone.shots(&store)[0], MUG);
    let tokens = Tokens::answering(Ok("t1".to_owned()));
    let runner = UploadRunner::new(store, server_at("http://127.0.0.1:9"), tokens.clone(), None).unwrap();
    let offline = Conditions { online: false, metered: false };
    let report = runner.sync_for(SHORT, offline, Cancellation::new().unwrap()).unwrap();
    let SyncEnd::Waiting { waiting } = report.end else { panic!("{report:?}") };
    assert_eq!((waiting.reason, waiting.until), (WaitReason::Offline, None));
    assert_eq!(tokens.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn nobody_signed_in_pauses_the_queue() {
    let phone = Phone::new();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let tokens = Tokens::answering(Err(ForeignError::SignedOut));
    let runner =
        UploadRunner::new(Arc::clone(&store), server_at("http://127.0.0.1:9"), tokens, None).unwrap();
    let report = runner.sync_for(SHORT, WIFI, Cancellation::new().unwrap()).unwrap();
    let SyncEnd::Waiting { waiting } = report.end else { panic!("{report:?}") };
    assert_eq!(waiting.reason, WaitReason::Unauthorised);
    let entry = store.entry(saved.id).unwrap();
    assert_eq!((entry.choices, entry.attempts), (vec![Choice::SignIn], 0));
}

#[test]
fn a_token_provider_that_throws_costs_a_try_and_its_words_stay_where_they_are() {
    let unexpected = uniffi::UnexpectedUniFFICallbackError::new("NullPointerException: jane@shop");
    for error in [ForeignError::Unavailable { reason: "no way".to_owned() }, unexpected.into()] {
        let phone = Phone::new();
        let store = phone.open();
        let saved = keep(&store, &phone.shots(&store)[0], MUG);
        let tokens = Tokens::answering(Err(error));
        let runner =
            UploadRunner::new(Arc::clone(&store), server_at("http://127.0.0.1:9"), tokens, None).unwrap();
        let report = runner.sync_for(SHORT, WIFI, Cancellation::new().unwrap()).unwrap();
        assert!(report.failures > 0, "{report:?}");
        let entry = store.entry(saved.id).unwrap();
        assert_eq!((entry.state, entry.on_device), (CaptureState::Queued, true));
        assert!(entry.attempts > 0 && !entry.status.contains("jane"), "{entry:?}");
    }
}

#[test]
fn a_log_is_told_what_happens_and_its_failing_changes_nothing() {
    let shop = Shop::open();
    let phone = shop.phone();
    let store = phone.open();
    let saved = keep(&store, &phone.shots(&store)[0], MUG);
    let log = Arc::new(Log::default());
    let sink: Arc<dyn LogSink> = log.clone();
    let runner =
        UploadRunner::new(Arc::clone(&store), shop.setup(), Tokens::always(&shop.token), Some(sink)).unwrap();
    let report = runner.sync_for(PATIENCE, WIFI, Cancellation::new().unwrap()).unwrap();
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 1));
    let lines = log.0.lock().unwrap().join("\n");
    assert!(lines.contains(&saved.id) && !lines.contains(&shop.token), "{lines}");
}

#[test]
fn a_server_that_cannot_be_one_is_refused() {
    let phone = Phone::new();
    let store = phone.open();
    for url in ["", "ftp://shop.example", "http://shop.example"] {
        let refused = UploadRunner::new(Arc::clone(&store), server_at(url), Tokens::always("t"), None);
        assert_eq!(code(refused), Some(ErrorCode::InvalidServer), "{url}");
    }
    let planner = UploadPlanner::new(store, server_at("https://shop.example"), Tokens::always("t")).unwrap();
    let nonsense = planner.report("nonsense".to_owned(), TransferResult::Cancelled, now());
    assert_eq!(code(nonsense), Some(ErrorCode::InvalidArgument));
}

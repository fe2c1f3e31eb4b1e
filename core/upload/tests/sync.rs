//! The loop, with a real queue, against a server that remembers.

mod support;

use std::sync::Arc;
use std::time::Duration;

use clearshot_capture::{CaptureState, Conditions, WaitReason};
use clearshot_protocol::Sha256Digest;
use clearshot_upload::{Phase, PhotoProgress, ProgressEvent, SyncEnd, TokenError};
use futures_util::StreamExt as _;
use support::queue::{Phone, Tokens, drain, sync, uploader, uploader_with};
use support::tus::{Fault, Tus};
use support::{Server, problem, token};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const METERED: Conditions = Conditions { online: true, metered: true };

fn photos(events: &[ProgressEvent]) -> Vec<&PhotoProgress> {
    events
        .iter()
        .filter_map(|event| match event {
            ProgressEvent::Photo(photo) => Some(photo),
            _ => None,
        })
        .collect()
}

fn received(server: &Server) -> u64 {
    server.seen().iter().map(|seen| seen.received).sum()
}

#[tokio::test]
async fn every_photo_arrives_as_it_lies_in_the_vault_and_nothing_is_left() {
    let phone = Phone::with_photos(5);
    let tus = Tus::default();
    let server = tus.serve().await;
    let uploader = uploader(&server).with_parallelism(3);
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted, report.rejected, report.failures), (SyncEnd::Done, 5, 0, 0));
    assert_eq!((report.bytes_sent, report.bytes_resent), (phone.total_length(), 0));
    for entry in phone.store.queue().unwrap() {
        assert_eq!(entry.state, CaptureState::Accepted);
        let arrived = Sha256Digest::of(&tus.state().uploads[&entry.capture.to_string()]);
        assert_eq!(arrived, entry.sha256);
    }
    let again = sync(&uploader, &phone).await;
    assert_eq!((again.end, again.steps), (SyncEnd::Done, 0));
}

#[tokio::test]
async fn after_a_cut_only_the_rest_is_sent_and_progress_never_shrinks() {
    let phone = Phone::with_photos(1);
    let tus = Tus::with_faults(vec![("POST", Fault::Cut(60_000)), ("PATCH", Fault::Cut(20_000))]);
    let server = tus.serve().await;
    let uploader = uploader(&server);
    let mut events = uploader.events();
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted, report.failures), (SyncEnd::Done, 1, 2));
    let length = phone.total_length();
    assert!(length > 100_000, "{length} bytes are too few for this test");
    assert_eq!(received(&server), length, "no byte arrived twice");
    assert_eq!(report.bytes_sent - report.bytes_resent, length);

    let events = drain(&mut events);
    let photos = photos(&events);
    assert!(photos.is_sorted_by_key(|photo| photo.sent));
    assert!(photos.iter().all(|photo| photo.total == length && photo.sent <= length));
    assert_eq!(photos.iter().filter(|photo| matches!(photo.phase, Phase::Retrying { .. })).count(), 2);
    assert!(photos.iter().any(|photo| photo.phase == Phase::Verifying));
    assert_eq!(photos.last().map(|photo| (&photo.phase, photo.sent)), Some((&Phase::Accepted, length)));
    assert_eq!(events.last(), Some(&ProgressEvent::Ended(SyncEnd::Done)));
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_for_all_photos_and_each_request_repeated() {
    let phone = Phone::with_photos(4);
    let tus = Tus::default();
    tus.state().good_tokens = vec!["t2".to_owned()];
    let server = tus.serve().await;
    let tokens = Tokens::refreshing_to(Ok("t2"));
    let report = sync(&uploader_with(&server, tokens.clone()).with_parallelism(3), &phone).await;
    assert_eq!((report.end, report.accepted, report.failures), (SyncEnd::Done, 4, 0));
    assert_eq!(tokens.refreshed.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_pauses_the_queue_until_there_is_another() {
    let phone = Phone::with_photos(1);
    let tus = Tus::default();
    tus.state().good_tokens = vec!["t3".to_owned()];
    let server = tus.serve().await;
    let tokens = Tokens::refreshing_to(Ok("t2"));
    let waiting = SyncEnd::Waiting { until: None, reason: WaitReason::Unauthorised };
    let hasty = uploader_with(&server, tokens).with_patience(Duration::ZERO);
    assert_eq!(sync(&hasty, &phone).await.end, waiting);
    assert_eq!(server.seen().len(), 2, "one request and its repetition");
    assert_eq!(phone.store.entry(phone.captures[0]).unwrap().attempts, 0);

    let signed_in = uploader_with(&server, Arc::new(clearshot_upload::FixedToken(token("t3"))));
    phone.store.token_renewed();
    assert_eq!(sync(&signed_in, &phone).await.end, SyncEnd::Done);
}

#[tokio::test]
async fn without_anybody_signed_in_nothing_is_repeated_and_a_fresh_token_is_waited_for() {
    for (error, reason) in [
        (TokenError::SignedOut, WaitReason::Unauthorised),
        (TokenError::Unavailable("the shop cannot be reached".to_owned()), WaitReason::BackOff),
    ] {
        let phone = Phone::with_photos(1);
        let tus = Tus::default();
        tus.state().good_tokens = vec!["t3".to_owned()];
        let server = tus.serve().await;
        let uploader = uploader_with(&server, Tokens::refreshing_to(Err(error)));
        let report = sync(&uploader.with_patience(Duration::ZERO), &phone).await;
        assert!(
            matches!(report.end, SyncEnd::Waiting { reason: found, .. } if found == reason),
            "{report:?}"
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_rejected_photo_says_why_and_its_neighbours_go_on() {
    let phone = Phone::with_photos(3);
    let refusal = problem("415 Unsupported Media Type", "unsupported-media-type", "");
    let server = Tus::with_faults(vec![("POST", Fault::Answer(refusal))]).serve().await;
    let uploader = uploader(&server).with_parallelism(1);
    let mut events = uploader.events();
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted, report.rejected), (SyncEnd::Done, 2, 1));
    let rejected = Phase::Rejected {
        code: "unsupported-media-type".to_owned(),
        detail: "because of unsupported-media-type".to_owned(),
    };
    assert!(photos(&drain(&mut events)).iter().any(|photo| photo.phase == rejected));
}

#[tokio::test]
async fn an_upload_that_the_server_forgot_is_made_again_under_the_same_id() {
    let phone = Phone::with_photos(1);
    let gone = problem("404 Not Found", "unknown-upload", "Tus-Resumable: 1.0.0\r\n");
    let tus = Tus::with_faults(vec![("POST", Fault::Cut(50_000)), ("PATCH", Fault::Answer(gone))]);
    let server = tus.serve().await;
    assert_eq!(sync(&uploader(&server), &phone).await.end, SyncEnd::Done);
    let posts: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").collect();
    assert!(posts.len() >= 3);
    assert!(posts.iter().all(|post| post.header("idempotency-key") == phone.captures[0].to_string()));
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let phone = Phone::with_photos(2);
    let busy = problem("503 Service Unavailable", "busy", "Retry-After: 120\r\n");
    let server = Tus::with_faults(vec![("POST", Fault::Answer(busy))]).serve().await;
    let uploader = uploader(&server).with_parallelism(1);
    let begun = clearshot_protocol::Timestamp::now();
    let report = sync(&uploader, &phone).await;
    let SyncEnd::Waiting { until: Some(until), reason: WaitReason::BackOff } = report.end else {
        panic!("{report:?}")
    };
    let seconds = until.duration_since(begun).as_secs();
    assert!((119..=125).contains(&seconds), "{seconds} s");
}

#[tokio::test]
async fn cancelling_drops_the_request_and_costs_no_attempt() {
    let phone = Phone::with_photos(2);
    let server = Tus::with_faults(vec![("POST", Fault::Silence), ("POST", Fault::Silence)]).serve().await;
    let uploader = uploader(&server);
    let mut events = uploader.events();
    let cancel = CancellationToken::new();
    let (_keep, conditions) = watch::channel(Conditions::UNMETERED);
    let (report, ()) = tokio::join!(uploader.sync(Arc::clone(&phone.store), conditions, &cancel), async {
        while server.seen().len() < 2 {
            events.next().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        cancel.cancel();
    });
    let report = report.unwrap();
    assert_eq!((report.end, report.failures), (SyncEnd::Cancelled, 0));
    for capture in &phone.captures {
        assert_eq!(phone.store.entry(*capture).unwrap().attempts, 0);
    }
    // The leases were given back: the next one goes on at once.
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 2));
}

#[tokio::test]
async fn a_future_that_is_dropped_gives_its_photos_back_as_well() {
    let phone = Phone::with_photos(2);
    let server = Tus::with_faults(vec![("POST", Fault::Silence), ("POST", Fault::Silence)]).serve().await;
    let uploader = uploader(&server);
    let cancel = CancellationToken::new();
    let (_keep, conditions) = watch::channel(Conditions::UNMETERED);
    tokio::select! {
        _ = uploader.sync(Arc::clone(&phone.store), conditions, &cancel) => unreachable!("the server is silent"),
        () = async { while server.seen().len() < 2 { tokio::time::sleep(Duration::from_millis(2)).await } } => {}
    }
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 2));
    for capture in &phone.captures {
        assert_eq!(phone.store.entry(*capture).unwrap().attempts, 0);
    }
}

#[tokio::test]
async fn offline_nothing_is_tried_and_a_network_that_comes_wakes_the_loop() {
    let phone = Phone::with_photos(1);
    let server = Tus::default().serve().await;
    let uploader = uploader(&server).with_patience(Duration::ZERO);
    let (network, conditions) = watch::channel(Conditions::OFFLINE);
    let cancel = CancellationToken::new();
    let report = uploader.sync(Arc::clone(&phone.store), conditions.clone(), &cancel).await.unwrap();
    assert_eq!(report.end, SyncEnd::Waiting { until: None, reason: WaitReason::Offline });
    assert!(server.seen().is_empty());

    let mut events = uploader.events();
    let (report, ()) = tokio::join!(uploader.run(Arc::clone(&phone.store), conditions, &cancel), async {
        let offline = ProgressEvent::Waiting { until: None, reason: WaitReason::Offline };
        assert_eq!(events.next().await, Some(offline));
        network.send(Conditions::UNMETERED).unwrap();
        while phone.state(phone.captures[0]) != CaptureState::Accepted {
            events.next().await;
        }
        cancel.cancel();
    });
    assert_eq!(report.unwrap().accepted, 1);
}

#[tokio::test]
async fn a_network_that_goes_or_begins_to_cost_drops_what_is_under_way() {
    for worse in [Conditions::OFFLINE, METERED] {
        let phone = Phone::unmetered_only(1);
        let server = Tus::with_faults(vec![("POST", Fault::Silence)]).serve().await;
        let uploader = uploader(&server).with_patience(Duration::ZERO);
        let (network, conditions) = watch::channel(Conditions::UNMETERED);
        let cancel = CancellationToken::new();
        let (report, ()) =
            tokio::join!(uploader.sync(Arc::clone(&phone.store), conditions, &cancel), async {
                while server.seen().is_empty() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                network.send(worse).unwrap();
            });
        let reason = if worse.online { WaitReason::Metered } else { WaitReason::Offline };
        assert_eq!(report.unwrap().end, SyncEnd::Waiting { until: None, reason });
        assert_eq!(phone.store.entry(phone.captures[0]).unwrap().attempts, 0);
    }
}

#[tokio::test]
async fn a_running_uploader_is_woken_for_a_new_photo() {
    let mut phone = Phone::with_photos(0);
    let server = Tus::default().serve().await;
    let uploader = uploader(&server);
    let mut events = uploader.events();
    let (_keep, conditions) = watch::channel(Conditions::UNMETERED);
    let cancel = CancellationToken::new();
    let store = Arc::clone(&phone.store);
    let (report, ()) = tokio::join!(uploader.run(store, conditions, &cancel), async {
        assert_eq!(events.next().await, Some(ProgressEvent::Idle));
        let capture = phone.take_photo();
        uploader.wake();
        let accepted = async {
            while phone.state(capture) != CaptureState::Accepted {
                events.next().await;
            }
        };
        // Sooner than the loop would have looked by itself.
        tokio::time::timeout(Duration::from_secs(10), accepted).await.expect("nobody woke up");
        cancel.cancel();
    });
    assert_eq!(report.unwrap().end, SyncEnd::Cancelled);
}

#[tokio::test]
async fn a_photo_that_hangs_does_not_hold_its_neighbours_up_and_is_given_back_before_its_lease_ends() {
    let phone = Phone::with_lease(3, Duration::from_millis(1_500));
    let server = Tus::with_faults(vec![("POST", Fault::Silence)]).serve().await;
    let uploader = uploader(&server);
    let mut events = uploader.events();
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted, report.failures), (SyncEnd::Done, 3, 1));
    let events = drain(&mut events);
    let photos = photos(&events);
    let hung = photos
        .iter()
        .position(|photo| matches!(&photo.phase, Phase::Retrying { detail, .. } if detail.contains("lease")))
        .expect("the hanging request was reported");
    let accepted_before = photos[..hung].iter().filter(|photo| photo.phase == Phase::Accepted).count();
    assert_eq!(accepted_before, 2);
}

#[tokio::test]
async fn a_photo_that_vanished_is_reported_as_lost_and_the_others_go_on() {
    let phone = Phone::with_photos(2);
    let vault = phone.store.folder().join("vault").join(format!("{}.sealed", phone.captures[0]));
    std::fs::remove_file(vault).unwrap();
    let server = Tus::default().serve().await;
    let report = sync(&uploader(&server), &phone).await;
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 1));
    assert_eq!(phone.state(phone.captures[0]), CaptureState::Lost);
}

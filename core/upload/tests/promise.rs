//! What the promise rests on: how much travels at a time, and what happens when an answer is lost, a token ends half-way,
//! a hotel answers, or the server comes back from a backup.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use clearshot_capture::{CaptureState, Conditions};
use clearshot_protocol::Sha256Digest;
use clearshot_protocol::reconcile::RECONCILE_PATH;
use clearshot_upload::SyncEnd;
use support::queue::{Phone, Tokens, sync, uploader, uploader_with};
use support::tus::{Fault, Tus};
use support::{Server, http, problem};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

fn received(server: &Server) -> u64 {
    server.seen().iter().filter(|seen| seen.path != RECONCILE_PATH).map(|seen| seen.received).sum()
}

fn questions(server: &Server) -> usize {
    server.seen().iter().filter(|seen| seen.path == RECONCILE_PATH).count()
}

/// Every photo of the phone is at the server as it lies in the vault.
fn all_arrived(phone: &Phone, tus: &Tus) -> bool {
    phone.store.queue().unwrap().iter().all(|entry| {
        let arrived = Sha256Digest::of(&tus.state().uploads[&entry.capture.to_string()]);
        entry.state == CaptureState::Accepted && arrived == entry.sha256
    })
}

#[tokio::test]
async fn three_photos_travel_at_a_time_on_wifi_and_two_where_it_costs() {
    for (conditions, expected) in
        [(Conditions::UNMETERED, 3), (Conditions { metered: true, ..Conditions::UNMETERED }, 2)]
    {
        let phone = Phone::with_photos(5);
        let server = Tus::with_faults(vec![("POST", Fault::Silence); 5]).serve().await;
        let uploader = uploader(&server);
        let cancel = CancellationToken::new();
        let (_keep, conditions) = watch::channel(conditions);
        let (report, ()) =
            tokio::join!(uploader.sync(Arc::clone(&phone.store), conditions, &cancel), async {
                while server.seen().len() < expected {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                // Time enough for one more to begin, were there one.
                tokio::time::sleep(Duration::from_millis(100)).await;
                cancel.cancel();
            });
        assert_eq!(report.unwrap().end, SyncEnd::Cancelled);
        assert_eq!(server.seen().len(), expected);
    }
}

#[tokio::test]
async fn a_photo_whose_201_or_204_was_lost_is_not_sent_twice() {
    for lost in ["POST", "PATCH"] {
        let phone = Phone::with_photos(1);
        let length = phone.total_length();
        let tus = Tus::with_faults(match lost {
            "POST" => vec![("POST", Fault::Cut(length))],
            _ => vec![("POST", Fault::Cut(50_000)), ("PATCH", Fault::Cut(length - 50_000))],
        });
        let server = tus.serve().await;
        assert_eq!(sync(&uploader(&server), &phone).await.end, SyncEnd::Done);
        assert_eq!(received(&server), length, "no byte twice");
        assert!(all_arrived(&phone, &tus));
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_of_a_photo_is_refreshed_and_the_photo_goes_on_where_it_was() {
    let phone = Phone::with_photos(1);
    let tus = Tus::with_faults(vec![("POST", Fault::Cut(50_000))]);
    tus.state().good_after_a_cut = vec!["t2".to_owned()];
    let server = tus.serve().await;
    let tokens = Tokens::refreshing_to(Ok("t2"));
    let report = sync(&uploader_with(&server, tokens.clone()), &phone).await;
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 1));
    assert_eq!(tokens.refreshed.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(received(&server), phone.total_length(), "no byte twice");
    assert!(all_arrived(&phone, &tus));
}

#[tokio::test]
async fn a_hotels_page_in_the_place_of_every_kind_of_answer_costs_time_only() {
    let phone = Phone::with_photos(2);
    let page = http("200 OK", "Content-Type: text/html\r\n", "<html>Welcome to the hotel</html>");
    let faults = ["POST", "GET"].map(|method| (method, Fault::Answer(page.clone())));
    let tus = Tus::with_faults(faults.to_vec());
    let server = tus.serve().await;
    let report = sync(&uploader(&server), &phone).await;
    assert_eq!((report.end, report.accepted, report.rejected), (SyncEnd::Done, 2, 0));
    assert!(all_arrived(&phone, &tus));
}

#[tokio::test]
async fn bytes_that_were_changed_on_the_way_are_sent_again_and_the_photo_arrives() {
    let phone = Phone::with_photos(1);
    let mismatch = problem("460 Checksum Mismatch", "digest-mismatch", "Tus-Resumable: 1.0.0\r\n");
    let tus = Tus::with_faults(vec![("POST", Fault::Answer(mismatch))]);
    let server = tus.serve().await;
    let report = sync(&uploader(&server), &phone).await;
    assert_eq!((report.end, report.accepted, report.rejected), (SyncEnd::Done, 1, 0));
    assert!(all_arrived(&phone, &tus));
}

#[tokio::test]
async fn a_server_that_came_back_from_a_backup_is_given_again_what_it_has_lost() {
    let phone = Phone::with_photos(2);
    let tus = Tus::default();
    let server = tus.serve().await;
    let uploader = uploader(&server);
    assert_eq!(sync(&uploader, &phone).await.accepted, 2);
    assert_eq!(questions(&server), 0, "there was nothing to ask after");

    tus.state().uploads.remove(&phone.captures[0].to_string());
    let report = sync(&uploader, &phone).await;
    assert_eq!((report.end, report.accepted), (SyncEnd::Done, 1));
    assert!(all_arrived(&phone, &tus));
    sync(&uploader, &phone).await;
    assert_eq!(questions(&server), 1, "once an hour");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_question_is_asked_once_and_sent_to_all_the_same() {
    let mut phone = Phone::with_photos(1);
    let tus = Tus::default();
    let answering = tus.serve().await;
    assert_eq!(sync(&uploader(&answering), &phone).await.accepted, 1);

    let unknown = problem("404 Not Found", "not-found", "");
    let old = tus.clone();
    let server = Server::with(Arc::new(move |seen| match seen.path.as_str() {
        RECONCILE_PATH => support::reply(&unknown),
        _ => old.reply(seen),
    }))
    .await;
    for _ in 0..2 {
        phone.take_photo();
        let report = sync(&uploader(&server), &phone).await;
        assert_eq!((report.end, report.accepted, report.failures), (SyncEnd::Done, 1, 0));
    }
    assert_eq!(questions(&server), 1);
}

#[tokio::test]
async fn quick_uploads_make_the_next_photo_larger_again() {
    let phone = Phone::with_photos(3);
    phone.store.note_upload_time(Duration::from_mins(1)).unwrap();
    let small = phone.store.next_derivative().unwrap().long_side;
    let server = Tus::default().serve().await;
    sync(&uploader(&server), &phone).await;
    assert!(phone.store.next_derivative().unwrap().long_side > small);
}

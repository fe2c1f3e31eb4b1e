//! A client leaves while the disk takes its time with a name of evidence: nobody else comes to the upload before the disk
//! is done, and what was begun ends as if the client had waited.

use std::pin::pin;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};

use crate::harness::{header, offset};
use crate::scenarios::{LENGTH, NO_SWEEP, PART, Scenario, attachment};

/// Long enough for a server to see that a client has left, and to answer the next one if it could.
const WHILE_HELD: Duration = Duration::from_millis(500);

/// The client of this request leaves while the disk is busy with it. What the next who asks for the upload is told.
async fn leave(scenario: &Scenario, request: RequestBuilder, place: &str) -> reqwest::Response {
    scenario.disk.hold();
    let leaving = tokio::spawn(request.send());
    scenario.disk.is_holding().await;
    leaving.abort();
    let mut next = pin!(scenario.server.head(place));
    let early = tokio::time::timeout(WHILE_HELD, &mut next).await;
    scenario.disk.let_go();
    assert!(early.is_err(), "the next came to the upload while the disk was still busy for the one before");
    next.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_back_late_is_never_that_of_a_photo_that_was_received_meanwhile() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    let server = &scenario.server;
    let taking_back = server.tus(Method::DELETE, &place, &server.shopper());
    assert_eq!(leave(&scenario, taking_back, &place).await.status(), StatusCode::GONE);
    let again = scenario.create(&photo).await;
    scenario.send_rest(&again, &photo, 0).await;
    assert!(scenario.server.has_whole(photo.metadata.capture).await);
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_client_leaves_while_it_is_attached_is_received_and_checked() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create_unattached(&photo).await;
    scenario.send(&place, &photo, 0, LENGTH).await;
    let attaching = attachment(&scenario.server, &scenario.to, &place, &photo);
    let next = leave(&scenario, attaching, &place).await;
    assert_eq!((offset(&next), header(&next, "upload-expires")), (Some(LENGTH as u64), None));
    assert!(scenario.server.has_whole(photo.metadata.capture).await);
    scenario.server.checked(photo.metadata.capture).await;
    scenario.end().await;
}

//! What the server says it has of a phone's captures.

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::reconcile::{
    HeldCapture, HeldState, RECONCILE_LIMIT, ReconcileAnswer, ReconcileRequest,
};
use clearshot_server::Role;
use reqwest::Method;

use crate::harness::{Sealed, TestServer, capture, problem};

fn held(sealed: &Sealed) -> HeldCapture {
    HeldCapture { id: sealed.metadata.capture, sha256: sealed.metadata.sha256 }
}

async fn ask(server: &TestServer, token: &str, captures: Vec<HeldCapture>) -> ReconcileAnswer {
    let request = server.request(Method::POST, "/v1/reconcile", token).json(&ReconcileRequest { captures });
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn each_capture_is_answered_in_its_place_with_how_far_it_is() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let absent = Sealed::opaque(&to, 1000);
    let announced = Sealed::opaque(&to, 1001);
    let first = server.create(&announced).await;
    let uploading = Sealed::opaque(&to, 1002);
    let place = server.create(&uploading).await;
    server.patch(&place, 0, uploading.bytes[..400].to_vec()).send().await.unwrap();
    let accepted = capture(&server, &to);
    server.upload_and_check(&accepted).await;
    let rejected = Sealed::opaque(&to, 1003);
    server.upload_and_check(&rejected).await;
    let withdrawn = Sealed::opaque(&to, 1004);
    let gone = server.create(&withdrawn).await;
    server.tus(Method::DELETE, &gone, &server.shopper()).send().await.unwrap();
    let conflict = HeldCapture { sha256: Sha256Digest::of(b"another photo"), ..held(&accepted) };

    let asked = [&absent, &announced, &uploading, &accepted, &rejected, &withdrawn].map(held);
    let answer = ask(&server, &server.shopper(), [&asked[..], &[conflict]].concat()).await;
    let ids: Vec<_> = answer.captures.iter().map(|one| one.id).collect();
    assert_eq!(ids, [asked.map(|one| one.id).to_vec(), vec![conflict.id]].concat());
    let states: Vec<_> = answer.captures.iter().map(|one| one.state).collect();
    assert_eq!(
        states,
        [
            HeldState::Absent,
            HeldState::Uploading,
            HeldState::Uploading,
            HeldState::Accepted,
            HeldState::Rejected,
            HeldState::Absent,
            HeldState::Conflict,
        ]
    );
    assert_eq!((answer.captures[1].offset, answer.captures[1].location.as_deref()), (Some(0), Some(&*first)));
    assert_eq!(
        (answer.captures[2].offset, answer.captures[2].location.as_deref()),
        (Some(400), Some(&*place))
    );
    assert_eq!(answer.captures[4].rejection.as_ref().unwrap().code, "cannot_open");
}

#[tokio::test]
async fn what_somebody_else_sent_is_absent() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let sealed = capture(&server, &to);
    server.upload_and_check(&sealed).await;
    for (role, subject, state) in [
        (Role::Shopper, "eve", HeldState::Absent),
        (Role::Shopper, "ada", HeldState::Accepted),
        (Role::Service, "shop", HeldState::Accepted),
    ] {
        let answer = ask(&server, &server.mint(role, subject, None), vec![held(&sealed)]).await;
        assert_eq!(answer.captures[0].state, state, "{subject}");
    }
}

#[tokio::test]
async fn nothing_or_too_much_cannot_be_asked_for() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let one = held(&Sealed::opaque(&to, 10));
    for number in [0, RECONCILE_LIMIT + 1] {
        let request = ReconcileRequest { captures: vec![one; number] };
        let request = server.request(Method::POST, "/v1/reconcile", &server.shopper()).json(&request);
        assert_eq!(problem(request.send().await.unwrap()).await.code(), "invalid-field");
    }
    let most = ask(&server, &server.shopper(), vec![one; RECONCILE_LIMIT]).await;
    assert_eq!(most.captures.len(), RECONCILE_LIMIT);
}

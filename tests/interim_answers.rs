//! The IETF's draft names an upload in an interim answer (104), before its bytes have come. Many proxies pass no interim
//! answer on, and a network may lose it: the upload ends all the same, and is one upload.

use std::time::Instant;

use clearshot_protocol::Sha256Digest;

use crate::harness::http::PATIENCE;
use crate::harness::invariants::assert_offsets_never_decrease;
use crate::harness::{Dice, Fault, FaultProxy, Server, Wire};

const LENGTH: usize = 300_000;

fn bytes() -> Vec<u8> {
    let mut dice = Dice::new(104);
    (0..LENGTH).map(|_| dice.below(256) as u8).collect()
}

/// A creation with all its bytes, by the draft.
fn ask_creation(wire: &mut Wire, bytes: &[u8]) {
    let headers = [
        ("upload-complete", "?1".to_owned()),
        ("repr-digest", Sha256Digest::of(bytes).to_repr_digest()),
        ("idempotency-key", "one-photo".to_owned()),
        ("content-length", bytes.len().to_string()),
    ];
    wire.ask("POST", "/v1/uploads", &headers).unwrap();
}

#[test]
fn the_104_passes_an_honest_proxy_and_names_the_upload() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let proxy = FaultProxy::to(server.address);
    let mut wire = Wire::open_draft(proxy.address(), &server.token("shopper"));
    let bytes = bytes();
    ask_creation(&mut wire, &bytes);
    wire.send(&bytes).unwrap();
    let answer = wire.answer().unwrap();
    assert_eq!(answer.status(), 201);
    let interim = wire.interim.first().expect("an interim answer came");
    assert_eq!((interim.status(), interim.header("location")), (104, answer.head.header("location")));
}

#[test]
fn an_upload_whose_104_is_stripped_ends_as_an_ordinary_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let proxy = FaultProxy::to(server.address);
    proxy.inject("POST", Fault::StripInterim);
    let mut wire = Wire::open_draft(proxy.address(), &server.token("shopper"));
    let bytes = bytes();
    ask_creation(&mut wire, &bytes);
    wire.send(&bytes).unwrap();
    let answer = wire.answer().unwrap();
    assert_eq!((answer.status(), answer.offset()), (201, Some(LENGTH as u64)));
    assert!(wire.interim.is_empty() && proxy.struck() == 1);
}

#[test]
fn a_client_that_lost_its_104_and_its_connection_begins_again_under_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let proxy = FaultProxy::to(server.address);
    let token = server.token("shopper");
    let bytes = bytes();
    for sent in [0, 1, 100_000, LENGTH - 1] {
        proxy.inject("POST", Fault::StripInterim);
        let mut lost = Wire::open_draft(proxy.address(), &token);
        ask_creation(&mut lost, &bytes);
        lost.send(&bytes[..sent]).unwrap();
        // It knows no address, and the connection is gone.
    }
    let begun = Instant::now();
    let answer = loop {
        let mut wire = Wire::open_draft(proxy.address(), &token);
        ask_creation(&mut wire, &bytes);
        wire.send(&bytes).unwrap();
        let answer = wire.answer().unwrap();
        // 409: a lost connection's request reached the server after this one, and was the newest for a moment.
        if answer.status() != 409 {
            break answer;
        }
        assert!(begun.elapsed() < PATIENCE, "the lost connections block the upload");
    };
    assert_eq!((answer.status(), answer.offset()), (201, Some(LENGTH as u64)));
    assert_eq!(proxy.struck(), 4);
    assert_offsets_never_decrease(&proxy.acknowledged());

    let spool: Vec<_> = std::fs::read_dir(folder.path().join("spool")).unwrap().collect();
    assert_eq!(spool.len(), 1, "one photo is one upload");
    let kept = std::fs::read(spool[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(Sha256Digest::of(&kept), Sha256Digest::of(&bytes));
}

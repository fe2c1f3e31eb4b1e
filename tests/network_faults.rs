//! Networks at their worst between the real `clearshot sync` and the real `clearshot serve`: after each fault the phone
//! goes on by itself, and what it called saved is accepted, each photo once.
//!
//! `CLEARSHOT_RESET_ROUNDS=100` sends more photos through the network that resets; `CLEARSHOT_SEED` chooses others.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::harness::{Fault, FaultProxy, Place, Scene, Wire, number, small_photo};

/// The places at which a connection is lost: before the first byte, in and behind the head, around a block, and when all
/// but one byte is there.
const PLACES: [Place; 7] = [
    Place::Start(0),
    Place::Start(1),
    Place::EndOfHead,
    Place::Body(64 * 1024 - 1),
    Place::Body(64 * 1024),
    Place::Body(64 * 1024 + 1),
    Place::BeforeLastByte,
];

/// How long a phone that waits 3 s for an answer may take when two of them never come, on a machine that does much else;
/// less than any other limit of the phone and the server.
const PATIENCE: Duration = Duration::from_secs(25);

#[test]
fn a_request_that_is_cut_anywhere_is_gone_on_with() {
    let scene = Scene::with_photos(PLACES.len() as u64);
    assert!(scene.smallest() > 64 * 1024 + 1, "the photos are too small for the places");
    for place in PLACES {
        scene.proxy.inject("POST", Fault::Cut(place));
        scene.proxy.inject("PATCH", Fault::Cut(place));
    }
    scene.survives(PLACES.len() as u64 + 1);
}

#[test]
fn a_request_that_is_reset_anywhere_is_gone_on_with() {
    let scene = Scene::with_photos(PLACES.len() as u64);
    for place in PLACES {
        scene.proxy.inject("POST", Fault::Reset(place));
    }
    scene.survives(PLACES.len() as u64);
}

#[test]
fn an_answer_that_is_lost_or_cut_anywhere_changes_nothing() {
    let scene = Scene::with_photos(4);
    for kept in [0, 1, 40, 150] {
        // The answers to the creation (201), the last bytes (204), the offset (200) and the evidence (200).
        scene.proxy.inject("POST", Fault::CutAnswer(kept));
        scene.proxy.inject("GET", Fault::CutAnswer(kept));
        scene.proxy.inject("HEAD", Fault::CutAnswer(kept));
    }
    scene.survives(8);
}

#[test]
fn a_lost_204_is_asked_for_and_not_sent_again() {
    let scene = Scene::with_photos(2);
    for _ in 0..2 {
        scene.proxy.inject("POST", Fault::Cut(Place::Body(10_000)));
        scene.proxy.inject("PATCH", Fault::CutAnswer(0));
    }
    scene.survives(4);
    let patched = scene.proxy.acknowledged().iter().filter(|said| said.status == 204).count();
    assert_eq!(patched, 2, "each photo's missing bytes were sent once");
}

#[test]
fn a_creation_that_arrives_twice_at_once_makes_one_evidence() {
    let scene = Scene::with_photos(4);
    for _ in 0..4 {
        scene.proxy.inject("POST", Fault::Duplicate);
        scene.proxy.inject("PATCH", Fault::Duplicate);
    }
    scene.survives(4);
}

#[test]
fn three_of_ten_requests_are_reset_and_everything_arrives() {
    let (photos, seed) = (number("CLEARSHOT_RESET_ROUNDS", 10), number("CLEARSHOT_SEED", 1));
    let scene = Scene::with_photos(photos);
    scene.proxy.reset_percent(30, seed);
    scene.survives(photos / 4);
    println!("seed {seed}: {photos} photos, {} resets", scene.proxy.struck());
}

#[test]
fn a_half_open_connection_is_given_up_and_its_upload_taken_over() {
    let scene = Scene::with_photos(2);
    scene.proxy.inject("POST", Fault::Stall(Place::Body(50_000)));
    scene.proxy.inject("POST", Fault::Stall(Place::EndOfHead));
    let begun = Instant::now();
    scene.sync_with(&["--answer-timeout", "3"]);
    assert!(begun.elapsed() < PATIENCE, "it waited for longer than it was told");
    scene.survives(2);
}

#[test]
fn a_kilobyte_a_second_is_slow_and_no_fault() {
    let scene = Scene::with(&[small_photo(1)]);
    scene.proxy.inject("POST", Fault::Slow(1024));
    scene.survives(1);
    let requests = scene.proxy.acknowledged().len();
    assert_eq!(requests, 1, "it arrived with the first request");
}

#[test]
fn a_proxy_that_buffers_whole_bodies_is_no_fault() {
    let scene = Scene::with_photos(3);
    for _ in 0..3 {
        scene.proxy.inject("POST", Fault::Buffer);
    }
    scene.survives(3);
    assert_eq!(scene.proxy.acknowledged().len(), 3, "each photo arrived with its first request");
}

#[test]
fn a_page_to_sign_in_is_never_taken_for_the_servers_word() {
    let scene = Scene::with_photos(2);
    for method in ["POST", "POST", "POST", "GET", "GET", "HEAD"] {
        scene.proxy.inject(method, Fault::Portal);
    }
    scene.sync_for(0);
    scene.assert_nothing_lost();
    let (_, counters) = scene.phone.queue();
    assert_eq!(
        (&counters["captured"], &counters["rejected"], &counters["lost"]),
        (&2.into(), &0.into(), &0.into())
    );
    scene.survives(4);
}

#[test]
fn a_reset_is_a_reset_for_both_sides_and_a_cut_is_an_end() {
    for (fault, is_reset) in [(Fault::Reset(Place::EndOfHead), true), (Fault::Cut(Place::EndOfHead), false)] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = FaultProxy::to(server.local_addr().unwrap());
        proxy.inject("POST", fault);
        let mut phone = Wire::open(proxy.address(), "token");
        phone.ask("POST", "/", &[("content-length", "100".to_owned())]).unwrap();
        let (mut server, _) = server.accept().unwrap();
        let mut seen = Vec::new();
        let sides = [phone.socket.read(&mut [0]).map(|_| ()), server.read_to_end(&mut seen).map(|_| ())];
        assert!(seen.ends_with(b"\r\n\r\n"), "the head arrived");
        for side in sides {
            let kind = side.err().map(|error| error.kind());
            assert_eq!(kind, is_reset.then_some(std::io::ErrorKind::ConnectionReset));
        }
    }
}

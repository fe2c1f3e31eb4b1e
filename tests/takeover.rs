//! A phone changes from Wi-Fi to mobile data in the middle of a photo: the old connection hangs, the new one goes on at
//! once, and what the old one still says changes nothing.

use std::time::{Duration, Instant};

use clearshot_protocol::Sha256Digest;

use crate::harness::http::PATIENCE;
use crate::harness::{Dice, Server, Wire};

const ROUNDS: u64 = 9;
const LENGTH: usize = 400_000;
/// Bytes that arrive before the connection hangs.
const BEFORE: usize = 150_000;

/// What the median of the takeovers may take. The server aims at 100 ms; the rest is for a machine that does much else.
const LIMIT: Duration = Duration::from_millis(500);

/// How long the old connection's bytes get to arrive before the new one comes. What is still on its way counts as
/// overtaken, which is not what this measures.
const SETTLE: Duration = Duration::from_millis(300);

#[test]
fn a_stalled_upload_is_taken_over_at_once_and_the_old_socket_that_wakes_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let token = server.token("shopper");
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let mut dice = Dice::new(round);
        let bytes: Vec<u8> = (0..LENGTH).map(|_| dice.below(256) as u8).collect();
        let mut old = Wire::open(server.address, &token);
        let place = old.create(&bytes, &format!("takeover-{round}")).unwrap();
        old.ask_append(&place, 0, LENGTH).unwrap();
        old.send(&bytes[..BEFORE]).unwrap();
        std::thread::sleep(SETTLE);

        let begun = Instant::now();
        let mut new = Wire::open(server.address, &token);
        let offset = new.offset(&place).unwrap();
        assert_eq!(offset, BEFORE as u64, "all that had arrived is kept");
        new.ask_append(&place, offset, LENGTH - BEFORE).unwrap();
        new.send(&bytes[BEFORE..]).unwrap();
        let answer = new.answer().unwrap();
        took.push(begun.elapsed());
        assert_eq!((answer.status(), answer.offset()), (204, Some(LENGTH as u64)));

        // It wakes, and writes other bytes over what is there by now.
        old.socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let _ = old.send(&vec![0xEE; LENGTH - BEFORE]);
        if let Ok(told) = old.answer() {
            assert_eq!(told.status(), 409, "the old one is told that it was overtaken");
        }
        assert_eq!(new.offset(&place).unwrap(), LENGTH as u64);
        assert_eq!(digest_in_spool(folder.path(), &place), Sha256Digest::of(&bytes), "bytes were changed");
    }
    took.sort();
    let median = took[took.len() / 2];
    println!("takeover, HEAD and PATCH: median {median:?}, slowest {:?}", took[took.len() - 1]);
    assert!(median <= LIMIT, "{took:?}");
}

/// What the server has of an upload that is attached to nothing.
fn digest_in_spool(data: &std::path::Path, place: &str) -> Sha256Digest {
    let id = place.rsplit('/').next().unwrap();
    Sha256Digest::of(&std::fs::read(data.join("spool").join(id)).unwrap())
}

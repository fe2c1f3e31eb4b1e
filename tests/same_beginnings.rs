//! Pairs of photos that a client which tells uploads apart by name, size and first bytes would take for one: each
//! arrives as itself. `CLEARSHOT_PAIRS` chooses how many pairs of photos.

use std::path::PathBuf;
use std::time::Duration;

use clearshot_protocol::Sha256Digest;
use serde_json::Value;

use crate::harness::invariants::{assert_all_accepted_once, saved, sync_until_accepted};
use crate::harness::{Dice, Phone, Server, Wire, number, pair_with_the_same_beginning};

/// Items of the return; each gets its part of the pairs.
const SKUS: [&str; 5] = ["TWIN-1", "TWIN-2", "TWIN-3", "TWIN-4", "TWIN-5"];

const LIMIT: Duration = Duration::from_mins(10);

/// Bytes that two uploads of a pair have in common, and their length.
const EQUAL: usize = 64 * 1024;
const LENGTH: usize = 100_000;

#[test]
fn photos_with_the_same_name_size_and_beginning_arrive_as_themselves() {
    let pairs = number("CLEARSHOT_PAIRS", 100);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"));
    let return_id = server.open_return(&SKUS);
    let phone = Phone::at(&folder.path().join("phone"));
    let mut printed: Vec<Value> = Vec::new();
    for (at, sku) in SKUS.iter().enumerate() {
        let files: Vec<PathBuf> = (0..pairs)
            .filter(|pair| *pair % SKUS.len() as u64 == at as u64)
            .flat_map(|pair| {
                let two = pair_with_the_same_beginning(pair);
                ["first", "second"]
                    .into_iter()
                    .zip(two)
                    .map(move |(of, photo)| (pair, of, photo))
                    .collect::<Vec<_>>()
            })
            .map(|(pair, of, photo)| {
                let place = folder.path().join(pair.to_string()).join(of);
                std::fs::create_dir_all(&place).unwrap();
                let file = place.join("photo.jpg");
                std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), &photo).unwrap();
                file
            })
            .collect();
        let files: Vec<_> = files.iter().map(PathBuf::as_path).collect();
        printed.extend(phone.capture(&server.url(), &return_id, sku, "defect", &files));
    }
    let saved = saved(&printed);
    assert_eq!(saved.len() as u64, 2 * pairs);
    sync_until_accepted(&phone, &server.url(), &server.token("shopper"), LIMIT);
    assert_all_accepted_once(&phone, &server, &return_id, &saved);

    // The pixels, too: each photo is another one than its twin.
    let captures: Vec<_> = printed.iter().map(|line| line["capture"].as_str().unwrap()).collect();
    for twins in captures.chunks(2) {
        assert!(server.photo(twins[0]) != server.photo(twins[1]), "one of {twins:?} has become the other");
    }
    println!("{pairs} pairs of photos");
}

#[test]
fn a_hundred_pairs_of_uploads_with_the_same_beginning_and_length_are_two_hundred() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut wire = Wire::open(server.address, &server.token("shopper"));
    let mut sent = Vec::new();
    for pair in 0..100 {
        let mut dice = Dice::new(pair);
        let first: Vec<u8> = (0..LENGTH).map(|_| dice.below(256) as u8).collect();
        let mut second = first.clone();
        second[EQUAL..].reverse();
        for (of, bytes) in [("first", first), ("second", second)] {
            let headers = [
                ("upload-length", LENGTH.to_string()),
                ("upload-metadata", "filename cGhvdG8uanBn".to_owned()),
                ("repr-digest", Sha256Digest::of(&bytes).to_repr_digest()),
                ("idempotency-key", format!("{pair}-{of}")),
                ("content-type", "application/offset+octet-stream".to_owned()),
                ("content-length", LENGTH.to_string()),
            ];
            wire.ask("POST", "/v1/uploads", &headers).unwrap();
            wire.send(&bytes).unwrap();
            let answer = wire.answer().unwrap();
            assert_eq!((answer.status(), answer.offset()), (201, Some(LENGTH as u64)));
            sent.push((answer.head.header("location").unwrap().to_owned(), Sha256Digest::of(&bytes)));
        }
    }
    let mut places: Vec<_> = sent.iter().map(|(place, _)| place).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 200, "two uploads have one address");
    for (place, digest) in &sent {
        let id = place.rsplit('/').next().unwrap();
        let kept = std::fs::read(folder.path().join("spool").join(id)).unwrap();
        assert_eq!(Sha256Digest::of(&kept), *digest, "{place} has other bytes than were sent");
    }
}

//! The phone's sync and the server are killed (SIGKILL) again and again while photos are under way. At the end every
//! photo that was saved is accepted by the server with the same digest, exactly once.
//!
//! `CLEARSHOT_KILLS=1000` runs more rounds; `CLEARSHOT_SEED` chooses others.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Dice, Phone, Server, Uplink, detailed_photo};
use serde_json::Value;

const CAPTURES: u64 = 30;
const SKUS: [&str; 3] = ["KILL-MUG-1", "KILL-LAMP-2", "KILL-BOX-3"];

/// The longest a process lives before it is killed, in milliseconds: from before its first request to several photos in.
const LONGEST_LIFE: u64 = 400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn killing_phone_and_server_at_random_points_loses_and_doubles_nothing() {
    let (kills, seed) = (number("CLEARSHOT_KILLS", 100), number("CLEARSHOT_SEED", 1));
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let (data, photos) = (folder.path().join("server"), folder.path().join("photos"));
    let mut server = Server::start(&data);
    let token = server.token("shopper");
    let return_id = server.open_return(&SKUS);
    let uplink = Uplink::open();
    uplink.lead_to(server.address);

    let phone = Phone::at(&folder.path().join("phone"));
    let saved = capture_all(&phone, &uplink.url(), &return_id, &photos);
    assert_eq!(saved.len() as u64, CAPTURES);

    // So slow that the kills are spread over all the photos.
    let all_bytes: u64 = phone.queue().0.iter().map(|entry| entry["length"].as_u64().unwrap()).sum();
    let expected_uptime = kills * LONGEST_LIFE / 2;
    uplink.limit((all_bytes * 1000 / expected_uptime).max(1));

    let (mut of_phone, mut of_server) = (0, 0);
    while of_phone + of_server < kills {
        let mut sync = phone.sync(&uplink.url(), &token).spawn().unwrap();
        thread::sleep(Duration::from_millis(dice.below(LONGEST_LIFE)));
        if dice.below(2) == 0 {
            sync.kill().unwrap();
            of_phone += 1;
        } else {
            server.kill();
            of_server += 1;
            server = Server::start(&data);
            uplink.lead_to(server.address);
            // The phone that saw its server die goes on for a moment, then is killed as well: no clean end ever.
            thread::sleep(Duration::from_millis(dice.below(LONGEST_LIFE)));
            sync.kill().unwrap();
        }
        sync.wait().unwrap();
    }

    uplink.limit(u64::MAX);
    sync_to_the_end(&phone, &uplink.url(), &token);
    println!("seed {seed}: {of_phone} kills of the phone, {of_server} of the server, {CAPTURES} captures");
    assert_all_there_once(&phone, &server, &return_id, &saved);
}

/// Captures all the photos; the digest of each by its capture id.
fn capture_all(
    phone: &Phone,
    server: &str,
    return_id: &str,
    photos: &std::path::Path,
) -> BTreeMap<String, String> {
    std::fs::create_dir(photos).unwrap();
    let mut saved = BTreeMap::new();
    for (at, sku) in SKUS.iter().enumerate() {
        let paths: Vec<PathBuf> = (0..CAPTURES / SKUS.len() as u64)
            .map(|n| {
                let path = photos.join(format!("{sku}-{n}.jpg"));
                let photo = detailed_photo(at as u64 * 1000 + n);
                std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &photo).unwrap();
                path
            })
            .collect();
        let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
        for line in phone.capture(server, return_id, sku, "defect", &paths) {
            assert_eq!(line["saved"], true, "{line}");
            saved.insert(text(&line["capture"]), text(&line["sha256"]));
        }
    }
    saved
}

/// Syncs until everything is accepted; a killed server's back-offs and leases may keep parts waiting for a while.
fn sync_to_the_end(phone: &Phone, server: &str, token: &str) {
    let deadline = Instant::now() + Duration::from_mins(5);
    loop {
        let mut sync = phone.sync(server, token).spawn().unwrap();
        let ended = loop {
            if let Some(status) = sync.try_wait().unwrap() {
                break status.success();
            }
            assert!(Instant::now() < deadline, "sync still runs: {:?}", phone.queue());
            thread::sleep(Duration::from_millis(50));
        };
        let (_, counters) = phone.queue();
        if ended && counters["accepted"] == counters["captured"] {
            return;
        }
        assert!(Instant::now() < deadline, "{counters}");
        thread::sleep(Duration::from_millis(500));
    }
}

fn assert_all_there_once(phone: &Phone, server: &Server, return_id: &str, saved: &BTreeMap<String, String>) {
    let evidence = server.evidence(return_id);
    let accepted: BTreeMap<String, String> =
        evidence.iter().map(|view| (text(&view["id"]), text(&view["sha256"]))).collect();
    assert_eq!(evidence.len(), accepted.len(), "a capture is on the server twice");
    assert_eq!(&accepted, saved, "captures are lost or changed");
    assert!(evidence.iter().all(|view| view["status"] == "accepted"), "{evidence:?}");
    let (entries, counters) = phone.queue();
    assert_eq!(entries.len(), saved.len());
    assert_eq!(counters["lost"], 0);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

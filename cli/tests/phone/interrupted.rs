//! `clearshot sync` and Ctrl-C: whenever it comes, the program ends soon, nothing is lost, and nothing arrives twice.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::invariants::{
    Saved, assert_all_accepted_once, assert_nothing_lost, assert_offsets_never_decrease, sync_until_accepted,
    text,
};
use crate::harness::{Dice, FaultProxy};
use crate::scene::{Scene, json_lines};

const PHOTOS: u64 = 6;

/// How often Ctrl-C is pressed.
const ROUNDS: u64 = 16;

/// The latest that it is pressed, in milliseconds after the start: some come before the first request.
const LATEST: u64 = 500;

/// The rest needs no longer than this, back-offs included.
const LIMIT: Duration = Duration::from_mins(2);

/// A program that was told to stop ends within this time, also on a busy machine.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn ctrl_c_at_any_moment_loses_and_doubles_nothing() {
    let scene = Scene::new();
    let uplink = FaultProxy::to(scene.server.address);
    let token = scene.server.token("shopper");
    scene.capture(&[], 0..PHOTOS);
    let (entries, _) = scene.phone.queue();
    let saved: Saved =
        entries.iter().map(|entry| (text(&entry["capture"]), text(&entry["sha256"]))).collect();

    // So slow that the rounds are spread over the photos, of which three travel at a time; and by half, because the network
    // goes on for a while with what it has of a request that was dropped.
    let all_bytes: u64 = entries.iter().map(|entry| entry["length"].as_u64().unwrap()).sum();
    uplink.limit(all_bytes * 1000 / (ROUNDS * LATEST) / 6);
    let (mut dice, mut stopped, mut furthest) = (Dice::new(7), 0, 0);
    for round in 0..ROUNDS {
        let sync =
            scene.sync_to(&uplink.url(), &token, 60, &["--json"]).stdout(Stdio::piped()).spawn().unwrap();
        thread::sleep(Duration::from_millis(dice.below(LATEST)));
        interrupt(&sync);
        if round % 4 == 3 {
            // Somebody is impatient.
            interrupt(&sync);
        }
        let output = ended_soon(sync);
        stopped += u64::from(json_lines(&output).iter().any(|report| report["end"] == "cancelled"));
        assert_nothing_lost(&scene.phone, &scene.server, &scene.return_id, &saved);
        let (entries, _) = scene.phone.queue();
        let sent: u64 = entries.iter().map(|entry| entry["offset"].as_u64().unwrap()).sum();
        assert!(sent >= furthest, "round {round}: what the server has is forgotten");
        furthest = sent;
    }
    assert!(stopped > 0, "no round told a sync that was under way");
    assert_ne!(scene.phone.queue().1["accepted"], PHOTOS, "the last rounds had nothing to interrupt");

    uplink.limit(u64::MAX);
    sync_until_accepted(&scene.phone, &uplink.url(), &token, LIMIT);
    assert_all_accepted_once(&scene.phone, &scene.server, &scene.return_id, &saved);
    assert_offsets_never_decrease(&uplink.acknowledged());
}

/// Presses Ctrl-C. A program that has ended meanwhile does not hear it.
fn interrupt(sync: &Child) {
    let kill = format!("kill -INT {} 2>/dev/null", sync.id());
    Command::new("sh").args(["-c", &kill]).status().unwrap();
}

fn ended_soon(mut sync: Child) -> std::process::Output {
    let deadline = Instant::now() + SOON;
    while sync.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            sync.kill().unwrap();
            panic!("Ctrl-C did not end it");
        }
        thread::sleep(Duration::from_millis(5));
    }
    sync.wait_with_output().unwrap()
}

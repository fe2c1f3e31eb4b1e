//! One bit changes: on the way, on the phone's disk, on the server's disk before and after a restart. Nothing with a
//! changed bit is ever accepted; where the photo is whole it is sent again, and where it is not it is told.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::http::PATIENCE;
use crate::harness::{Fault, Place, Scene};

/// Changes one bit of a file.
fn flip(file: &PathBuf, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::io::Write::write_all(&mut fs::File::create(file).unwrap(), &bytes).unwrap();
}

/// The server accepted none of the captures that it is not sure of: each that is accepted has the phone's digest, and
/// its photo opens.
fn assert_accepted_are_whole(scene: &Scene) -> usize {
    let accepted: Vec<_> = scene
        .server
        .evidence(&scene.return_id)
        .into_iter()
        .filter(|view| view["status"] == "accepted")
        .collect();
    for view in &accepted {
        let capture = view["id"].as_str().unwrap();
        assert_eq!(view["sha256"].as_str(), scene.saved.get(capture).map(String::as_str));
        assert!(scene.server.photo(capture).starts_with(b"\xFF\xD8\xFF"), "the photo of {capture} opens");
    }
    accepted.len()
}

/// How often the server refused bytes for their digest.
fn refused(scene: &Scene) -> usize {
    scene.proxy.acknowledged().iter().filter(|said| said.status == 460).count()
}

#[test]
fn a_bit_that_changes_on_the_way_costs_another_try_and_the_photo_arrives() {
    let scene = Scene::with_photos(4);
    let last = scene.smallest() - 1;
    for at in [0, 5_000, last] {
        scene.proxy.inject("POST", Fault::Flip(at));
    }
    scene.survives(3);
    assert_eq!(refused(&scene), 3);
}

#[test]
fn a_bit_that_changes_in_the_part_after_a_cut_costs_another_try_and_the_photo_arrives() {
    let scene = Scene::with_photos(2);
    scene.proxy.inject("POST", Fault::Cut(Place::Body(50_000)));
    scene.proxy.inject("PATCH", Fault::Flip(777));
    scene.survives(2);
    assert_eq!(refused(&scene), 1);
}

#[test]
fn a_network_that_changes_a_bit_each_time_is_given_up_after_three_tries_and_the_neighbours_go_on() {
    let scene = Scene::with_photos(3);
    // Only what was refused before is sent by PATCH.
    scene.proxy.inject("POST", Fault::Flip(5_000));
    for _ in 0..10 {
        scene.proxy.inject("PATCH", Fault::Flip(777));
    }
    scene.sync_with(&["--patience", "60", "--parallel", "1"]);
    assert_eq!(refused(&scene), 3);
    scene.assert_nothing_lost();
    assert_eq!(assert_accepted_are_whole(&scene), 2);
    let (entries, counters) = scene.phone.queue();
    assert_eq!((&counters["accepted"], &counters["rejected"]), (&2.into(), &1.into()), "{counters}");
    let rejected = entries.iter().find(|entry| entry["state"] == "rejected").unwrap();
    assert_eq!((&rejected["error"], &rejected["on_device"]), (&"digest-mismatch".into(), &true.into()));
    assert!(rejected["advice"].as_str().unwrap().contains("another network"), "{rejected}");
    let evidence = scene.server.evidence(&scene.return_id);
    let evidence = evidence.iter().find(|view| view["id"] == rejected["capture"]).unwrap();
    assert_eq!(evidence["rejection"]["code"], "digest_mismatch");
    // It is over: nothing of it is sent any more.
    let asked = scene.proxy.acknowledged().len();
    scene.sync_for(5);
    assert_eq!(scene.proxy.acknowledged().len(), asked);
}

#[test]
fn a_bit_that_changes_in_the_vault_when_half_is_sent_ends_as_lost_and_the_neighbour_arrives() {
    let mut scene = Scene::with_photos(2);
    for _ in 0..2 {
        scene.proxy.inject("POST", Fault::Cut(Place::Body(100_000)));
    }
    scene.sync_for(0);
    wait_until_counted(&scene);
    let damaged = scene.saved.keys().next().unwrap().clone();
    let file = scene.phone.vault_file(&damaged);
    let last = fs::metadata(&file).unwrap().len() as usize - 1;
    flip(&file, last);
    scene.saved.remove(&damaged);
    scene.sync_for(20);
    scene.assert_nothing_lost();
    assert_eq!(assert_accepted_are_whole(&scene), 1);
    let (_, counters) = scene.phone.queue();
    assert_eq!((&counters["accepted"], &counters["lost"]), (&1.into(), &1.into()), "{counters}");
    assert!(refused(&scene) <= 1);
}

#[test]
fn a_bit_that_changes_in_the_vault_is_never_accepted_and_the_neighbours_are() {
    let mut scene = Scene::with_photos(4);
    let captures: Vec<String> = scene.saved.keys().cloned().collect();
    // In the routing header, at the beginning of the sealed bytes, and in their last byte.
    let last = fs::metadata(scene.phone.vault_file(&captures[2])).unwrap().len() as usize - 1;
    for (capture, at) in captures.iter().zip([120, 160, last]) {
        flip(&scene.phone.vault_file(capture), at);
        scene.saved.remove(capture);
    }
    scene.sync_for(5);
    scene.assert_nothing_lost();
    assert_eq!(assert_accepted_are_whole(&scene), 1);
    let (_, counters) = scene.phone.queue();
    assert_eq!(counters["accepted"], 1, "{counters}");
}

/// Half of a photo is on the server, then one bit of that half changes on its disk, and the phone goes on.
fn flipped_in_the_spool(at: usize, restart: bool) -> Scene {
    let mut scene = Scene::with_photos(2);
    for _ in 0..2 {
        scene.proxy.inject("POST", Fault::Cut(Place::Body(100_000)));
    }
    // Only what was sent before the cut; the next try is below.
    scene.sync_for(0);
    let spool = scene.server_data().join("spool");
    wait_until_counted(&scene);
    let halves: Vec<PathBuf> = fs::read_dir(&spool).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(halves.len(), 2);
    if restart {
        scene.server.kill();
    }
    flip(&halves[0], at);
    if restart {
        scene.restart_server();
    }
    scene
}

/// Waits until the server has counted the bytes of all photos that were cut.
fn wait_until_counted(scene: &Scene) {
    let begun = Instant::now();
    while scene.server.evidence(&scene.return_id).iter().filter(|view| view["status"] == "uploading").count()
        < 2
    {
        assert!(begun.elapsed() < PATIENCE, "the bytes were never counted");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_bit_that_changes_in_the_spool_is_never_accepted() {
    for at in [0, 20_000] {
        // The digest was computed while the bytes came, so that only the re-check sees it.
        let scene = flipped_in_the_spool(at, false);
        scene.sync_for(20);
        scene.assert_nothing_lost();
        assert_eq!(assert_accepted_are_whole(&scene), 1, "only the photo that nothing happened to arrives");
    }
}

#[test]
fn a_bit_that_changes_in_the_spool_while_the_server_is_down_costs_another_try() {
    let scene = flipped_in_the_spool(20_000, true);
    // The changed half is refused with the rest, and the photo is sent again from nothing.
    scene.survives(2);
    assert_eq!(refused(&scene), 1);
}

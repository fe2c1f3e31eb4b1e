//! The first thing that anybody runs.

use std::process::Stdio;

use crate::harness::{clearshot, run};

#[test]
fn the_demo_ends_with_every_photo_accepted_also_beside_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let other = clearshot(&["demo"]).stdout(Stdio::piped()).spawn().unwrap();
    let output = run(&["demo", "--keep", kept.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "kept anyway",
        "cut off",
        "resumed",
        "too_dark:",
        "evidence.accepted",
        "in_review",
        "photos are accepted",
    ] {
        assert!(text.contains(expected), "no \"{expected}\" in:\n{text}");
    }
    assert!(kept.join("phone/vault").is_dir() && kept.join("server/evidence").is_dir());
    assert!(other.wait_with_output().unwrap().status.success());

    let queue = run(&["queue", "--queue", kept.join("phone").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&queue.stdout).contains("MUG-STONE-350"), "the kept phone opens again");

    let again = run(&["demo", "--keep", kept.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("name a new folder"));
}

#[test]
fn the_demos_figures_come_as_json_alone() {
    let output = run(&["demo", "--json"]);
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(figures["status"], "in_review", "{figures}");
    assert_eq!(figures["photos_accepted"], figures["photos_kept"]);
    assert_eq!(figures["cable_was_cut"], true);
    assert!(figures["bytes_sent"].as_u64().unwrap() >= figures["bytes_sealed"].as_u64().unwrap());
}

#[test]
fn the_demo_takes_ones_own_photos_and_says_which_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    for (name, seed) in [("b.jpg", 1), ("a.jpg", 2), ("more/a.jpg", 3), ("more/b.jpg", 4), ("more/c.jpg", 5)]
    {
        std::io::Write::write_all(
            &mut std::fs::File::create(folder.path().join(name)).unwrap(),
            &crate::harness::detailed_photo(seed),
        )
        .unwrap();
    }
    std::fs::File::create(folder.path().join("c.jpg")).unwrap();
    let output = run(&["demo", "--photos", folder.path().to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("it is empty") && text.contains("All 5 photos are accepted"), "{text}");
    assert!(!text.contains("replaces the one before"), "equal names in two folders are two shots: {text}");
}

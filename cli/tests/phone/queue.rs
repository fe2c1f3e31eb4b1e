//! `clearshot queue`: every state, with its reason and what the shopper can do.

use std::fs;

use crate::scene::{Scene, json_lines, stderr, stdout};

/// A return that the server does not have.
const UNKNOWN_RETURN: &str = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77";

#[test]
fn every_state_has_its_reason_and_what_the_shopper_can_do() {
    let scene = Scene::new();
    let good = scene.capture(&[], 0..1).remove(0);
    assert_eq!((&scene.entry(&good)["state"], scene.choices(&good)), (&"queued".into(), vec!["wait".into()]));
    let rejected = scene.capture(&["--item", "NOT-OF-THIS-RETURN"], 1..2).remove(0);
    let stalled = scene.capture(&["--return", UNKNOWN_RETURN], 2..3).remove(0);
    let lost = scene.capture(&[], 3..4).remove(0);
    fs::remove_file(scene.queue_folder().join(format!("vault/{lost}.sealed"))).unwrap();
    let for_wifi = scene.capture(&["--network", "unmetered"], 4..5).remove(0);

    let synced = scene.sync(&["--metered"]);
    assert_eq!(synced.status.code(), Some(1), "not everything is there");
    assert!(stdout(&synced).contains("clearshot queue says why"), "{synced:?}");
    let expected: [(&str, &str, &[&str]); 5] = [
        (&good, "accepted", &[]),
        (&rejected, "rejected", &["ask_shop", "retry", "discard"]),
        (&stalled, "stalled", &["retry"]),
        (&lost, "lost", &["take_again"]),
        (&for_wifi, "queued", &["connect_to_wifi"]),
    ];
    for (capture, state, choices) in expected {
        let entry = scene.entry(capture);
        assert_eq!(
            (entry["state"].as_str(), scene.choices(capture)),
            (Some(state), choices.iter().map(|it| (*it).to_owned()).collect()),
            "{entry}"
        );
        assert!(entry["status"].as_str().unwrap().len() > 10, "{entry}");
        assert_eq!(entry["advice"].is_string(), !choices.is_empty(), "{entry}");
    }
    assert_eq!(scene.entry(&rejected)["error"], "unknown-item");
    assert_eq!(scene.entry(&stalled)["error"], "unknown-return");

    let shown = stdout(&scene.queue(&[]));
    assert!(
        shown.contains(
            "5 captured: 1 queued, 0 uploading, 0 uploaded, 1 accepted, 1 rejected, 1 stalled, 1 lost"
        ),
        "{shown}"
    );
    assert!(shown.contains("Take this photo again.") && shown.contains("Sync on WiFi"), "{shown}");
    assert!(
        shown.contains(&format!("clearshot queue discard {}", &rejected[rejected.len() - 8..])),
        "{shown}"
    );

    scene.sync(&[]);
    assert_eq!(scene.entry(&for_wifi)["state"], "accepted");
}

#[test]
fn without_a_server_it_waits_and_with_a_refused_token_it_wants_another() {
    let mut scene = Scene::new();
    let capture = scene.capture(&[], 0..1).remove(0);
    scene.sync_to(&scene.server.url(), "no.such.token", 1, &[]).output().unwrap();
    assert_eq!(scene.choices(&capture), ["sign_in"]);
    let token = scene.server.token("shopper");
    scene.server.kill();
    scene.sync_to(&scene.server.url(), &token, 1, &[]).output().unwrap();
    assert_eq!(scene.choices(&capture), ["wait", "connect"]);
    assert!(scene.entry(&capture)["next_at"].is_string());
}

#[test]
fn a_rejected_photo_is_discarded_only_after_a_yes_and_goes_on_saying_why() {
    let scene = Scene::new();
    let capture = scene.capture(&["--item", "NOT-OF-THIS-RETURN"], 0..1).remove(0);
    scene.sync(&[]);
    let end = &capture[capture.len() - 8..];
    let unasked = scene.queue(&["discard", end]);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(stderr(&unasked).contains("--yes"), "{}", stderr(&unasked));
    assert_eq!(scene.entry(&capture)["on_device"], true);

    let discarded = scene.queue(&["discard", end, "--yes"]);
    assert!(discarded.status.success() && stdout(&discarded).contains("kB are free again"), "{discarded:?}");
    let entry = scene.entry(&capture);
    assert_eq!((&entry["on_device"], &entry["error"]), (&false.into(), &"unknown-item".into()));
    assert_eq!(scene.choices(&capture), ["ask_shop"]);
    assert_eq!(fs::read_dir(scene.queue_folder().join("vault")).unwrap().count(), 0);
    let retried = scene.queue(&["retry", end, "--json"]);
    assert_eq!(json_lines(&retried)[0]["error"]["code"], "no_photo");
}

#[test]
fn what_is_not_rejected_cannot_be_discarded() {
    let scene = Scene::new();
    let capture = scene.capture(&[], 0..1).remove(0);
    let refused = scene.queue(&["discard", &capture, "--yes", "--json"]);
    let error = &json_lines(&refused)[0]["error"];
    assert_eq!((refused.status.code(), &error["code"]), (Some(1), &"wrong_state".into()), "{error}");
    let refused = scene.queue(&["discard", &capture]);
    assert!(stderr(&refused).contains("it is queued"), "{}", stderr(&refused));
    assert_eq!(scene.entry(&capture)["on_device"], true);
    let refused = scene.queue(&["retry", &capture, "--json"]);
    assert_eq!(json_lines(&refused)[0]["error"]["code"], "wrong_state");
}

#[test]
fn a_rejected_photo_is_tried_again_from_a_clean_slate() {
    let scene = Scene::new();
    let capture = scene.capture(&["--item", "NOT-OF-THIS-RETURN"], 0..1).remove(0);
    scene.sync(&[]);
    let retried = json_lines(&scene.queue(&["retry", &capture, "--json"]));
    assert_eq!((&retried[0]["state"], &retried[0]["error"]), (&"queued".into(), &().into()));
    scene.sync(&[]);
    assert_eq!(scene.entry(&capture)["state"], "rejected", "it was asked again");
}

#[test]
fn an_id_that_is_nobodys_or_several_is_refused() {
    let scene = Scene::new();
    scene.capture(&[], 0..2);
    let nobody = scene.queue(&["retry", "zzzz"]);
    assert!(stderr(&nobody).contains("ends in \"zzzz\""), "{}", stderr(&nobody));
    let unknown = scene.queue(&["retry", UNKNOWN_RETURN]);
    assert!(stderr(&unknown).contains("Choose one of the queue's captures."), "{}", stderr(&unknown));
    assert_eq!(scene.queue(&["retry", ""]).status.code(), Some(1));
}

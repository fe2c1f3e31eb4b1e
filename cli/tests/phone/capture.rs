//! `clearshot capture`: photos are kept as large as the network is good for.

use std::time::Duration;

use clearshot_analysis::{Still, StillLimits};
use clearshot_capture::{CaptureStore, StoreConfig, StoreKeys};
use clearshot_protocol::{CaptureId, Timestamp};

use crate::harness::clearshot;
use crate::scene::{SKU, Scene, stdout};

#[test]
fn after_slow_uploads_the_next_photo_is_kept_smaller() {
    let scene = Scene::new();
    let before = scene.capture(&[], 0..1).remove(0);
    let store = store(&scene);
    for _ in 0..3 {
        store.note_upload_time(Duration::from_secs(20)).unwrap();
    }
    let after = scene.capture(&[], 1..2).remove(0);
    assert_eq!([&before, &after].map(|capture| width(&store, capture)), [1_600, 1_280]);
}

#[test]
fn a_photo_that_is_kept_anyway_says_what_is_wrong_with_it() {
    let scene = Scene::new();
    scene.capture(&[], 0..1);
    let again =
        clearshot(&["capture", "--keep", "--shot", "defect", "--item", SKU, "--return", &scene.return_id])
            .arg("--queue")
            .arg(scene.queue_folder())
            .arg(scene.photo(0))
            .output()
            .unwrap();
    let said = stdout(&again);
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("retake") && lines[0].contains("kept anyway"), "{said}");
    assert!(lines[1].trim_start().starts_with("duplicate: "), "{said}");
}

/// The phone's store, as its app would open it.
fn store(scene: &Scene) -> CaptureStore {
    let read = |name| std::fs::read_to_string(scene.queue_folder().join(name)).unwrap();
    let service: serde_json::Value = serde_json::from_str(&read("service.json")).unwrap();
    let keys = StoreKeys {
        device: read("device.key").parse().unwrap(),
        service: service["recipient"].as_str().unwrap().parse().unwrap(),
    };
    CaptureStore::open(scene.queue_folder(), keys, StoreConfig::default(), Timestamp::now()).unwrap().0
}

fn width(store: &CaptureStore, capture: &str) -> u32 {
    let photo = store.open_photo(capture.parse::<CaptureId>().unwrap()).unwrap();
    Still::decode(&photo, &StillLimits::default()).unwrap().width()
}

//! What must hold after every fault; one checker for all fault tests.
//!
//! - I1: every capture that was called saved is on the phone, or accepted by the server with the same SHA-256.
//! - I2: no evidence is there twice.
//! - I3: an offset that the server acknowledged never decreases, unless it says 410 in between.
//! - I4: nothing goes on for ever.
//! - I5: every event is told at least once, and those of a return in their order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clearshot_protocol::Sha256Digest;
use serde_json::Value;

use super::fault_proxy::Acknowledged;
use super::{Phone, Server};

/// SHA-256 of each capture that was called saved, by its id.
pub(crate) type Saved = BTreeMap<String, String>;

/// Bytes of a vault file before the sealed ones (`core/capture/src/vault/header.rs`).
const VAULT_HEADER: usize = 160;

/// What happens to a capture that arrives, in its order.
const EVENTS_OF_A_CAPTURE: [&str; 3] = ["evidence.uploading", "evidence.received", "evidence.accepted"];

/// What happens before that when its bytes were damaged on the way, each time.
const EVENTS_OF_A_FAILED_UPLOAD: [&str; 2] = ["evidence.uploading", "evidence.upload_failed"];

/// Captures photos from memory, each from a file of its own; what the phone called saved.
pub(crate) fn capture_all(
    phone: &Phone,
    server: &str,
    return_id: &str,
    sku: &str,
    folder: &Path,
    photos: &[Vec<u8>],
) -> Saved {
    std::fs::create_dir_all(folder).unwrap();
    let paths: Vec<PathBuf> = photos
        .iter()
        .enumerate()
        .map(|(n, photo)| {
            let path = folder.join(format!("{sku}-{n}.jpg"));
            std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), photo).unwrap();
            path
        })
        .collect();
    let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
    saved(&phone.capture(server, return_id, sku, "defect", &paths))
}

/// What the phone called saved.
pub(crate) fn saved(printed: &[Value]) -> Saved {
    printed
        .iter()
        .map(|line| {
            assert_eq!(line["saved"], true, "{line}");
            (text(&line["capture"]), text(&line["sha256"]))
        })
        .collect()
}

/// Syncs again and again until everything is accepted (I4: within `limit`).
pub(crate) fn sync_until_accepted(phone: &Phone, server: &str, token: &str, limit: Duration) {
    let deadline = Instant::now() + limit;
    loop {
        let mut sync = phone.sync(server, token).spawn().unwrap();
        let ended = loop {
            if let Some(status) = sync.try_wait().unwrap() {
                break status.success();
            }
            assert!(Instant::now() < deadline, "sync still runs: {:?}", phone.queue());
            thread::sleep(Duration::from_millis(20));
        };
        let (_, counters) = phone.queue();
        if ended && counters["accepted"] == counters["captured"] {
            return;
        }
        assert!(Instant::now() < deadline, "{:?}", phone.queue());
        thread::sleep(Duration::from_millis(200));
    }
}

/// I1 at any moment: everything saved is on the phone with its digest, or accepted with the same.
pub(crate) fn assert_nothing_lost(phone: &Phone, server: &Server, return_id: &str, saved: &Saved) {
    let on_phone: Saved = saved
        .keys()
        .filter_map(|capture| Some((capture.clone(), digest_of(&phone.vault_file(capture))?)))
        .collect();
    let accepted: Saved = server
        .evidence(return_id)
        .iter()
        .filter(|view| view["status"] == "accepted")
        .map(|view| (text(&view["id"]), text(&view["sha256"])))
        .collect();
    for (capture, sha256) in saved {
        let there = on_phone.get(capture).or_else(|| accepted.get(capture));
        assert_eq!(there, Some(sha256), "capture {capture} is lost or changed");
        assert!(accepted.get(capture).is_none_or(|other| other == sha256), "another {capture} was accepted");
    }
}

/// I1 and I2 at the end: exactly what was saved is accepted, each once.
pub(crate) fn assert_all_accepted_once(phone: &Phone, server: &Server, return_id: &str, saved: &Saved) {
    let evidence = server.evidence(return_id);
    let accepted: Saved = evidence.iter().map(|view| (text(&view["id"]), text(&view["sha256"]))).collect();
    assert_eq!(evidence.len(), accepted.len(), "a capture is on the server twice");
    assert_eq!(&accepted, saved, "captures are lost or changed");
    assert!(evidence.iter().all(|view| view["status"] == "accepted"), "{evidence:?}");
    let (entries, counters) = phone.queue();
    assert_eq!(entries.len(), saved.len());
    assert_eq!(counters["lost"], 0);
}

/// I3. An answer is compared with those that were there before its request was sent; requests that overlap may be
/// answered in any order.
pub(crate) fn assert_offsets_never_decrease(said: &[Acknowledged]) {
    for later in said {
        let Some(offset) = later.offset else { continue };
        let before = said.iter().filter(|one| one.place == later.place && one.answered < later.asked);
        let gone = before.clone().filter(|one| one.status == 410).map(|one| one.answered).max().unwrap_or(0);
        let known = before.filter(|one| one.answered >= gone).filter_map(|one| one.offset).max().unwrap_or(0);
        assert!(offset >= known, "{} had {known} bytes and now has {offset}", later.place);
    }
}

/// I5 at the end, when all that was saved is accepted.
pub(crate) fn assert_events_told_in_order(server: &Server, return_id: &str, saved: &Saved) {
    let events = server.events(return_id);
    let ids: Vec<i64> = events.iter().map(|event| event["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "the events are not in their order: {ids:?}");
    assert_eq!(events.first().map(|event| text(&event["kind"])).as_deref(), Some("return.created"));
    for capture in saved.keys() {
        let mut kinds: Vec<_> = events
            .iter()
            .filter(|event| event["evidence_id"] == **capture)
            .map(|event| text(&event["kind"]))
            .collect();
        // At least once: the same again is allowed.
        kinds.dedup();
        while kinds.starts_with(&EVENTS_OF_A_FAILED_UPLOAD.map(str::to_owned)) {
            kinds.drain(..EVENTS_OF_A_FAILED_UPLOAD.len());
        }
        assert_eq!(kinds, EVENTS_OF_A_CAPTURE, "the events of {capture}");
    }
}

/// SHA-256 of the sealed bytes in a vault file; `None` where there is none.
fn digest_of(file: &Path) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    Some(Sha256Digest::of(bytes.get(VAULT_HEADER..)?).to_string())
}

/// The text of a JSON value.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, offset: Option<u64>, asked: u64, answered: u64) -> Acknowledged {
        Acknowledged { place: "/v1/uploads/one".to_owned(), status, offset, asked, answered }
    }

    #[test]
    #[should_panic(expected = "had 500 bytes and now has 400")]
    fn an_offset_that_decreases_is_noticed() {
        assert_offsets_never_decrease(&[said(201, Some(500), 0, 1), said(200, Some(400), 2, 3)]);
    }

    #[test]
    fn an_offset_may_begin_anew_after_410_and_requests_that_overlap_be_answered_in_any_order() {
        assert_offsets_never_decrease(&[
            said(201, Some(500), 0, 3),
            said(409, Some(400), 1, 4),
            said(410, None, 5, 6),
            said(201, Some(0), 7, 8),
        ]);
    }
}

//! Two programs capture into one session and send from one queue at the same time, as real processes: this test program
//! runs itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::{Child, Command};
use std::time::Duration;

use clearshot_capture::{CaptureStore, Conditions, Counters, Keep, Plan, StoreKeys};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{CaptureId, Timestamp};
use support::*;

const FOLDER: &str = "CLEARSHOT_TEST_TOGETHER";
const SIDE: &str = "CLEARSHOT_TEST_SIDE";
const DEVICE: &str = "CLEARSHOT_TEST_DEVICE";

/// Photos that each of the two takes.
const EACH: u64 = 10;

/// Both write a line of this file when they have taken a lease, and before they give it back.
const LOG: &str = "leases.log";

#[test]
fn two_programs_lease_nothing_twice_and_lose_no_row() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return capture_and_send(&folder, std::env::var(SIDE).unwrap().parse().unwrap());
    }
    let phone = Phone::new();
    session(&phone.store());
    let children: Vec<_> = (0..2).map(|side| run_child(&phone, side)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }

    let store = phone.store();
    let counters = store.counters().unwrap();
    let all = 2 * EACH;
    assert_eq!(counters, Counters { captured: all, accepted: all, ..Counters::default() });
    let places: BTreeSet<_> = store
        .queue()
        .unwrap()
        .iter()
        .map(|entry| u64::from(store.manifest(entry.capture).unwrap().chain.sequence))
        .collect();
    assert_eq!(places, (0..all).collect(), "the chain is a line");

    let log = std::fs::read_to_string(phone.folder.path().join(LOG)).unwrap();
    let mut holders: HashMap<&str, &str> = HashMap::new();
    let mut leases = HashSet::new();
    let mut sides = HashSet::new();
    for line in log.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [side, what, capture, lease] = words[..] else { panic!("{line}") };
        if what == "takes" {
            assert_eq!(holders.insert(capture, side), None, "leased twice: {line}");
            assert!(leases.insert(lease), "a lease has one number: {line}");
            sides.insert(side);
        } else {
            assert_eq!(holders.remove(capture), Some(side), "{line}");
        }
    }
    assert!(leases.len() as u64 >= 2 * all, "{} steps", leases.len());
    assert_eq!(sides.len(), 2, "both have sent");
}

fn run_child(phone: &Phone, side: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_programs_lease_nothing_twice_and_lose_no_row", "--nocapture"])
        .env(FOLDER, phone.folder.path())
        .env(SIDE, side.to_string())
        .env(DEVICE, phone.keys.device.to_secret_text().as_str())
        .spawn()
        .unwrap()
}

/// One of the two: keeps a photo, sends what there is to send, and so on; then sends until nothing is left.
fn capture_and_send(folder: &str, side: usize) {
    let device = std::env::var(DEVICE).unwrap().parse().unwrap();
    let keys = StoreKeys { device, service: Identity::generate().recipient() };
    let (store, _) = CaptureStore::open(folder, keys, Phone::new().config, Timestamp::now()).unwrap();
    let slot = shot(&store.sessions().unwrap()[0], side);
    let photo = good_photo(side as u64 + 1);
    let mut log =
        OpenOptions::new().append(true).create(true).open(std::path::Path::new(folder).join(LOG)).unwrap();
    let mut note = |what: &str, capture: CaptureId, lease: i64| {
        log.write_all(format!("{side} {what} {capture} {lease}\n").as_bytes()).unwrap();
    };
    let mut kept = 0_u32;
    loop {
        if u64::from(kept) < EACH {
            let second = i64::from(kept);
            store.keep(&capture(slot, &photo, Keep::AsGood, second), Timestamp::now()).unwrap();
            kept += 1;
        }
        match store.next(Conditions::UNMETERED, Timestamp::now()).unwrap() {
            Plan::Upload(step) => {
                note("takes", step.capture, step.lease.0);
                let sha256 = store.entry(step.capture).unwrap().sha256;
                note("gives", step.capture, step.lease.0);
                let state = store.report(step.lease, &honest(&step, sha256), Timestamp::now()).unwrap();
                assert!(state.is_some(), "the lease was taken away");
            }
            Plan::Wait { .. } => std::thread::sleep(Duration::from_millis(5)),
            Plan::Done if u64::from(kept) == EACH => break,
            Plan::Done => {}
        }
    }
}

//! Two programs capture into one session and send from one queue at the same time, as real processes: this test program
//! runs itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clearshot_capture::{CaptureStore, Conditions, Counters, Keep, Plan, StoreKeys, WaitReason};
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

#[test]
fn two_programs_together_have_no_more_steps_out_than_the_limit_and_a_dead_one_has_none() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return lease_and_wait(&folder);
    }
    let phone = Phone::new();
    let store = phone.store();
    let slot = shot(&session(&store), 0);
    let photo = good_photo(1);
    for second in 0..6 {
        store.keep(&capture(slot, &photo, Keep::AsGood, second), at(second)).unwrap();
    }
    let next = || store.next_within(3, Conditions::UNMETERED, at(10)).unwrap();
    assert!(matches!(next(), Plan::Upload(_)));

    let mut other =
        child("two_programs_together_have_no_more_steps_out_than_the_limit_and_a_dead_one_has_none", &phone)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let mut said = BufReader::new(other.stdout.take().unwrap()).lines().map(Result::unwrap);
    let steps_of_other = said.find_map(|line| line.split_once("has ").map(|(_, steps)| steps.to_owned()));
    assert_eq!(steps_of_other.as_deref(), Some("2"));
    assert_eq!(next(), Plan::Wait { until: None, reason: WaitReason::Leased });

    other.kill().unwrap();
    other.wait().unwrap();
    let mine: HashSet<_> = std::iter::from_fn(|| match next() {
        Plan::Upload(step) => Some(step.capture),
        _ => None,
    })
    .collect();
    assert_eq!(mine.len(), 2, "the dead one's steps are free at once, and no more than the limit are out");
    assert_eq!(std::fs::read_dir(phone.folder.path().join("senders")).unwrap().count(), 1);
}

/// A program that takes as many steps as it gets, and never ends.
fn lease_and_wait(folder: &str) {
    let store = open(folder);
    let steps = std::iter::from_fn(|| {
        matches!(store.next_within(3, Conditions::UNMETERED, at(10)).unwrap(), Plan::Upload(_)).then_some(())
    });
    println!("has {}", steps.count());
    let _ = std::io::stdin().read(&mut [0]);
}

fn run_child(phone: &Phone, side: usize) -> Child {
    child("two_programs_lease_nothing_twice_and_lose_no_row", phone)
        .env(SIDE, side.to_string())
        .spawn()
        .unwrap()
}

/// This program, as another one that runs a test with the phone's folder.
fn child(test: &str, phone: &Phone) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, phone.folder.path())
        .env(DEVICE, phone.keys.device.to_secret_text().as_str());
    command
}

/// The parent's store, in the child.
fn open(folder: &str) -> CaptureStore {
    let device = std::env::var(DEVICE).unwrap().parse().unwrap();
    let keys = StoreKeys { device, service: Identity::generate().recipient() };
    CaptureStore::open(folder, keys, Phone::new().config, Timestamp::now()).unwrap().0
}

/// One of the two: keeps a photo, sends what there is to send, and so on; then sends until nothing is left.
fn capture_and_send(folder: &str, side: usize) {
    let store = open(folder);
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

//! Several threads and several stores on one folder.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::collections::HashSet;
use std::sync::Barrier;

use clearshot_capture::{CaptureStore, Conditions, Keep, Plan};
use clearshot_protocol::envelope::open_envelope;
use support::*;

#[test]
fn two_stores_capture_into_one_session_while_others_open_the_folder_and_the_chain_stays_a_line() {
    const EACH: i64 = 6;
    let phone = Phone::new();
    let session = session(&phone.store());
    let start = Barrier::new(3);
    std::thread::scope(|scope| {
        for (side, first) in [(0, 100), (1, 200)] {
            let (phone, session, start) = (&phone, &session, &start);
            scope.spawn(move || {
                let store = phone.store();
                start.wait();
                for n in 0..EACH {
                    keep(&store, shot(session, side), first + n);
                }
            });
        }
        start.wait();
        for _ in 0..10 {
            // Never takes a photo that is being kept for a leftover, nor for one without a row.
            phone.store();
        }
    });
    let store = phone.store();
    assert_eq!(store.counters().unwrap().queued, 2 * EACH as u64);
    let mut links: Vec<_> = store
        .queue()
        .unwrap()
        .iter()
        .map(|entry| {
            open_envelope(&phone.keys.device, store.sealed_file(entry.capture).unwrap().file).unwrap()
        })
        .map(|envelope| (envelope.manifest.chain, envelope.manifest_sha256))
        .collect();
    links.sort_by_key(|(link, _)| link.sequence);
    let mut previous = None;
    for (sequence, (link, digest)) in links.into_iter().enumerate() {
        assert_eq!((link.sequence as usize, link.previous), (sequence, previous));
        previous = Some(digest);
    }
}

#[test]
fn two_stores_never_lease_the_same_capture() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let ids: HashSet<_> = (0..6).map(|n| keep(&store, shot(&session, n as usize % 4), n).id).collect();
    let stores = [store, phone.store()];
    let leased: Vec<_> = std::thread::scope(|scope| {
        let lease_all = |store: &CaptureStore| {
            let mut leased = Vec::new();
            while let Plan::Upload(step) = store.next(Conditions::UNMETERED, at(100)).unwrap() {
                leased.push(step.capture);
            }
            leased
        };
        let workers = stores.each_ref().map(|store| scope.spawn(move || lease_all(store)));
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(leased.len(), 6);
    assert_eq!(leased.into_iter().collect::<HashSet<_>>(), ids);
}

#[test]
fn pausing_waits_for_the_photo_that_is_being_kept() {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let photo = good_photo(1);
    let start = Barrier::new(2);
    let kept = std::thread::scope(|scope| {
        let keeping = scope.spawn(|| {
            start.wait();
            store.keep(&capture(shot(&session, 0), &photo, Keep::AsGood, 1), at(1))
        });
        start.wait();
        store.pause().unwrap();
        keeping.join().unwrap()
    });
    // Whichever came first: it is saved as a whole, or not at all.
    store.resume().unwrap();
    let saved = store.counters().unwrap().captured;
    assert_eq!((saved, phone.count("vault") as u64), (u64::from(kept.is_ok()), saved));
    assert!(kept.is_ok() || kept.unwrap_err().code() == "paused");
}

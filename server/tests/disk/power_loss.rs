//! The power goes: at every change of the server's disk, with every outcome of what was not synced yet. What was
//! acknowledged is there afterwards, and nothing stays that nobody wants.
//!
//! The server's files are on a simulated disk (`tests/simulated-disk`), the database is SQLite's own, in each of the
//! committed states that can be found at that moment. That a committed transaction survives is SQLite's promise and not
//! tested here; the last test proves of each sync of ours that something could be lost without it.

use std::collections::BTreeSet;
use std::path::Path;

use clearshot_simulated_disk::{Snapshot, Trouble};
use sqlx::Connection as _;
use tokio::runtime::Runtime;

use crate::after_a_cut::first_violation;
use crate::scenarios::{
    EIO, Ended, LENGTH, NO_SWEEP, PART, Scenario, attaching, killed_after, sending, sweeping, taking_back,
    taking_back_what_was_nearly_evidence,
};
use crate::server_disk::{Change, DATA, Entry, quick_folder};

fn run<T>(scenario: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(scenario)
}

fn survives(ended: &Ended) -> usize {
    let begun = std::time::Instant::now();
    let (violation, states) = first_violation(ended, |_| false);
    assert_eq!(violation, None);
    println!("{states} states of the disk in {:?}", begun.elapsed());
    states
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_change_while_photos_are_sent() {
    let states = survives(&run(sending()));
    assert!(states > 30, "{states} states");
}

#[test]
fn an_upload_that_is_attached_survives_a_power_cut_at_any_change() {
    survives(&run(attaching()));
}

#[test]
fn an_upload_that_was_taken_back_stays_so_whenever_the_power_goes() {
    survives(&run(taking_back()));
    survives(&run(taking_back_what_was_nearly_evidence()));
}

#[test]
fn what_is_swept_leaves_nothing_whenever_the_power_goes() {
    survives(&run(sweeping()));
}

#[test]
fn what_a_killed_server_left_survives_the_power_cut_that_follows() {
    let scenarios: Vec<_> = (0..).map_while(killed_after).collect();
    assert!(scenarios.len() > 6, "{} changes", scenarios.len());
    let states: usize = scenarios.iter().map(survives).sum();
    assert!(states > 100, "{states} states");
}

/// What a sync of ours is for.
fn purpose(entry: &Entry) -> Option<&'static str> {
    let data = Path::new(DATA);
    match &entry.change {
        Change::Sync(_, path) if path.starts_with(data.join("keys")) => Some("content of a key"),
        Change::Sync(..) => Some("bytes of an upload"),
        Change::SyncFolder(path) if *path == data.join("spool") => Some("name of an upload"),
        Change::SyncFolder(path) if *path == data.join("keys") => Some("name of a key"),
        Change::SyncFolder(path) if *path == data.join("evidence") => Some("names of the evidence's folders"),
        Change::SyncFolder(path) if path == data => Some("names of the data folder's parts"),
        Change::SyncFolder(path) if data.starts_with(path) => Some("name of the data folder"),
        Change::SyncFolder(_) => Some(match entry.stage {
            "start" => "name of a photo, at start",
            "sweep" => "removal of a photo",
            "take back" => "removal of a name that a photo nearly had",
            _ => "name of a photo",
        }),
        _ => None,
    }
}

/// What is synced by a first start; the power goes when all else is done.
const OF_A_FIRST_START: [&str; 5] = [
    "content of a key",
    "name of a key",
    "name of the data folder",
    "names of the data folder's parts",
    "names of the evidence's folders",
];

const WHILE_IT_RUNS: [&str; 6] = [
    "bytes of an upload",
    "name of a photo",
    "name of a photo, at start",
    "name of an upload",
    "removal of a name that a photo nearly had",
    "removal of a photo",
];

/// Something that is lost when the syncs of one purpose are left out.
fn lost_without(scenarios: &mut [Ended], left_out: &str) -> Option<String> {
    scenarios.iter_mut().find_map(|ended| {
        let is_left_out = |entry: &Entry| purpose(entry) == Some(left_out);
        // Before the first of them, nothing is another.
        let first = ended.log.entries.iter().position(is_left_out)?;
        let from = if OF_A_FIRST_START.contains(&left_out) { ended.log.entries.len() } else { first };
        ended.from = ended.from.max(from);
        first_violation(ended, is_left_out).0
    })
}

#[test]
fn without_any_one_of_the_syncs_something_that_was_acknowledged_can_be_lost() {
    let mut kinds = [run(sending()), run(sweeping()), run(taking_back_what_was_nearly_evidence())];
    let mut killed: Vec<_> = (0..).map_while(killed_after).collect();
    let starts = kinds.iter().chain(&killed).map(|ended| ended.from).collect::<Vec<_>>();
    let entries = kinds.iter().chain(&killed).flat_map(|ended| &ended.log.entries);
    let purposes: BTreeSet<_> = entries.filter_map(purpose).collect();
    assert_eq!(purposes, OF_A_FIRST_START.into_iter().chain(WHILE_IT_RUNS).collect());
    for left_out in purposes {
        for (ended, from) in kinds.iter_mut().chain(&mut killed).zip(&starts) {
            ended.from = *from;
        }
        let lost = match left_out {
            "name of a photo, at start" => lost_without(&mut killed, left_out),
            _ => lost_without(&mut kinds, left_out),
        };
        assert!(lost.is_some(), "nothing is lost without syncing the {left_out}");
        println!("without syncing the {left_out}: {}", lost.unwrap());
    }
}

/// The turn of an upload's last writer, as this database has it.
async fn generation(database: &Snapshot) -> i64 {
    let folder = quick_folder();
    for (name, bytes) in database.iter() {
        let mut file = std::fs::File::create(folder.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
    }
    let address = format!("sqlite://{}", folder.path().join("clearshot.sqlite").display());
    let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
    sqlx::query_scalar("SELECT generation FROM uploads").fetch_one(&mut connection).await.unwrap()
}

/// A commit that SQLite calls failed can be found in the database after a power cut, as long as no other has followed it.
/// Were the file cut before, evidence would have lost its end.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_a_failed_commit_may_have_made_evidence_are_cut_off_only_when_the_row_was_written_again() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    scenario.disk.order(Trouble::FailFirst("sync folder shop/data/evidence/", EIO));
    assert!(scenario.send(&place, &photo, PART, LENGTH).await.status().is_server_error());
    scenario.send_rest(&place, &photo, PART).await;
    let log = scenario.end().await.log;
    let at =
        |wanted: fn(&Change) -> bool| log.entries.iter().position(|entry| wanted(&entry.change)).unwrap();
    let linked =
        at(|change| matches!(change, Change::Link(_, path) if path.starts_with("shop/data/evidence")));
    let cut = at(|change| matches!(change, Change::SetLength(..)));
    assert!(linked < cut);
    let (before, after) = (&log.entries[linked].database, &log.entries[cut].database);
    assert!(generation(before).await < generation(after).await);
}

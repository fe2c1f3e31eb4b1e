//! A full disk and a disk that errs, at every single call: a typed problem, nothing acknowledged that is not there, and
//! the upload goes on when the disk is well again.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clearshot_simulated_disk::Trouble;
use reqwest::{Response, StatusCode};

use crate::after_a_cut::first_violation;
use crate::harness::{PATIENCE, Sealed, TestServer, files, header, offset, problem, settled};
use crate::scenarios::{DAY, EIO, ENOSPC, LENGTH, NO_SWEEP, PART, SWEEP, Scenario, start};

/// A problem of the disk's, as clients are told it.
async fn is_the_disks(response: Response, code: i32, what: &str) {
    let retry_after = header(&response, "retry-after");
    assert_eq!(offset(&response), None, "nothing is acknowledged: {what}");
    let problem = problem(response).await;
    match code {
        ENOSPC => {
            assert_eq!((problem.status, problem.code(), retry_after.is_some()), (507, "storage-full", true));
        }
        _ => assert_eq!((problem.status, problem.code()), (500, "internal"), "{what}"),
    }
}

/// The call that failed.
fn failed(scenario: &Scenario, number: usize) -> String {
    scenario.disk.called().get(number).cloned().unwrap_or_default()
}

/// What the server has of an upload, made sure that it is what was sent.
async fn kept(scenario: &Scenario, place: &str, photo: &Sealed, acknowledged: usize, what: &str) -> usize {
    let response = scenario.server.head(place).await;
    assert_eq!(response.status(), StatusCode::OK, "{what}");
    let kept = offset(&response).unwrap() as usize;
    assert!(kept >= acknowledged, "{acknowledged} bytes were acknowledged, {kept} are there: {what}");
    let spool = scenario.disk.data().join("spool").join(place.rsplit_once('/').unwrap().1);
    if kept < LENGTH {
        assert_eq!(std::fs::read(spool).unwrap()[..kept], photo.bytes[..kept], "{what}");
    }
    kept
}

async fn is_evidence_once(scenario: &Scenario, photo: &Sealed, what: &str) {
    let capture = photo.metadata.capture;
    assert!(scenario.server.has_whole(capture).await, "{what}");
    let all = files(&scenario.disk.data().join("evidence"));
    let bytes: Vec<_> = all
        .iter()
        .filter(|path| path.to_string_lossy().contains(&capture.to_string()))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(bytes == [photo.bytes.clone()], "{what}");
}

/// Sends a photo in two parts; whatever fails is told as the disk's problem, and done again.
async fn send_with_one_failure(scenario: &mut Scenario, number: usize, code: i32) -> String {
    let photo = scenario.photo();
    let mut failures = 0;
    let place = loop {
        let response = scenario.server.creation(&photo, &scenario.server.shopper()).send().await.unwrap();
        if response.status() == StatusCode::CREATED {
            break crate::harness::location(&response);
        }
        failures += 1;
        is_the_disks(response, code, &failed(scenario, number)).await;
    };
    let mut at = 0;
    while at < LENGTH {
        let to = if at < PART { PART } else { LENGTH };
        let response = scenario.send(&place, &photo, at, to).await;
        let what = failed(scenario, number);
        if response.status() == StatusCode::NO_CONTENT {
            at = to;
        } else {
            failures += 1;
            is_the_disks(response, code, &what).await;
        }
        at = kept(scenario, &place, &photo, at, &what).await;
    }
    let what = failed(scenario, number);
    assert!(failures <= 1, "{what}");
    assert!(
        failures == 1 || what.is_empty() || what.starts_with("remove shop/data/spool"),
        "an error was passed over: {what}"
    );
    is_evidence_once(scenario, &photo, &what).await;
    what
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_while_a_photo_is_sent_is_a_problem_and_the_photo_arrives_all_the_same() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let mut troubles = 0;
    for code in [ENOSPC, EIO] {
        for number in 0.. {
            scenario.disk.order(Trouble::FailOnce(number, code));
            if send_with_one_failure(&mut scenario, number, code).await.is_empty() {
                break;
            }
            troubles += 1;
        }
    }
    assert!(troubles > 20, "{troubles} calls failed");
    let evidence = files(&scenario.disk.data().join("evidence")).len();
    assert_eq!(evidence, scenario.photos.len(), "every photo once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_while_an_upload_is_attached_is_a_problem_and_it_is_attached_by_the_next() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    for code in [ENOSPC, EIO] {
        for number in 0.. {
            scenario.disk.order(Trouble::None);
            let photo = scenario.photo();
            let place = scenario.create_unattached(&photo).await;
            scenario.send(&place, &photo, 0, LENGTH).await;
            scenario.disk.order(Trouble::FailOnce(number, code));
            let response = scenario.attach(&place, &photo).await;
            let what = failed(&scenario, number);
            if response.status() != StatusCode::CREATED {
                is_the_disks(response, code, &what).await;
                assert!(!scenario.server.has_whole(photo.metadata.capture).await, "{what}");
                let again = scenario.attach(&place, &photo).await;
                assert_eq!(again.status(), StatusCode::CREATED, "{what}");
            }
            is_evidence_once(&scenario, &photo, &what).await;
            if what.is_empty() {
                assert!(number > 2, "{number} calls");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_failed_is_never_taken_for_done_when_the_next_one_works() {
    let mut syncs = 0;
    for number in 0.. {
        let mut scenario = Scenario::begin(NO_SWEEP).await;
        scenario.disk.order(Trouble::FailOnce(number, EIO));
        let what = send_with_one_failure(&mut scenario, number, EIO).await;
        if what.is_empty() {
            break;
        }
        if !what.starts_with("sync") {
            continue;
        }
        syncs += 1;
        let photo = scenario.photos[0].clone();
        scenario.disk.promise(crate::server_disk::Promise::Received(photo));
        let mut ended = scenario.end().await;
        // The power goes when all is said and done.
        ended.from = ended.log.entries.len();
        let violation = tokio::task::spawn_blocking(move || first_violation(&ended, |_| false).0);
        assert_eq!(violation.await.unwrap(), None, "{what}");
    }
    assert_eq!(syncs, 4, "of the upload's name, of its bytes twice, of the photo's name");
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(SWEEP).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_disk_did_not_remove_is_swept_later() {
    let mut scenario = Scenario::begin(SWEEP).await;
    let spool = scenario.disk.data().join("spool");
    // At its end, when it is taken back, and when it is abandoned.
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.disk.order(Trouble::FailFirst("remove shop/data/spool", EIO));
    scenario.send_rest(&place, &photo, 0).await;
    until("a photo's name in the spool stays", || files(&spool).is_empty()).await;
    is_evidence_once(&scenario, &photo, "swept").await;

    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.disk.order(Trouble::FailFirst("remove shop/data/spool", EIO));
    assert_eq!(scenario.terminate(&place).await, StatusCode::NO_CONTENT);
    until("what was taken back stays", || files(&spool).is_empty()).await;

    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    scenario.disk.order(Trouble::FailFirst("remove shop/data/spool", EIO));
    scenario.server.pass(8 * DAY);
    until("what was abandoned stays", || files(&spool).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_photo_that_the_disk_does_not_remove_keeps_no_other_from_being_removed() {
    let mut scenario = Scenario::begin(SWEEP).await;
    for _ in 0..3 {
        let photo = scenario.photo();
        let place = scenario.create(&photo).await;
        scenario.send_rest(&place, &photo, 0).await;
        assert!(settled(scenario.server.checked(photo.metadata.capture).await.status));
    }
    let evidence = scenario.disk.data().join("evidence");
    scenario.disk.order(Trouble::FailFirst("remove shop/data/evidence", EIO));
    scenario.server.pass(8 * DAY);
    until("rejected photos stay", || files(&evidence).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_photo_nearly_had_goes_with_its_upload_when_that_expires() {
    let mut scenario = Scenario::begin(SWEEP).await;
    let evidence = scenario.disk.data().join("evidence");
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.disk.order(Trouble::FailFirst("sync folder shop/data/evidence/", EIO));
    let response = scenario.send(&place, &photo, 0, LENGTH).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(files(&evidence).len(), 1, "nobody knows whether its name is durable");
    scenario.server.pass(8 * DAY);
    until("the name stays", || files(&evidence).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_at_start_loses_nothing() {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let [half, whole] = [scenario.photo(), scenario.photo()];
    let half_place = scenario.create(&half).await;
    scenario.send(&half_place, &half, 0, PART).await;
    let place = scenario.create(&whole).await;
    scenario.send_rest(&place, &whole, 0).await;
    let Scenario { disk, server, .. } = scenario;
    let stop = async |server: TestServer| {
        let TestServer { running, client, .. } = server;
        drop(client);
        running.shutdown().await.unwrap();
    };
    stop(server).await;
    disk.order(Trouble::None);
    stop(start(&disk, NO_SWEEP).await).await;
    let calls = disk.called();
    assert!(calls.len() > 260, "{calls:?}");
    // The folders of the evidence are 256 times the same.
    let numbers = (0..calls.len()).filter(|number| !calls[*number].starts_with("make shop/data/evidence/0"));
    let numbers: Vec<_> =
        numbers.filter(|number| !calls[*number].starts_with("make") || number % 64 == 0).collect();
    for number in numbers {
        disk.order(Trouble::FailOnce(number, EIO));
        let on = disk.clone();
        match tokio::spawn(async move { start(&on, NO_SWEEP).await }).await {
            Ok(server) => stop(server).await,
            Err(panic) => assert!(panic.to_string().contains("Disk {"), "{panic}"),
        }
        disk.order(Trouble::None);
        let server = start(&disk, NO_SWEEP).await;
        assert_eq!(offset(&server.head(&half_place).await), Some(PART as u64), "{}", calls[number]);
        assert!(server.has_whole(whole.metadata.capture).await, "{}", calls[number]);
        stop(server).await;
    }
}

/// A file system of its own, of so many bytes; unmounted when it is dropped.
struct SmallDisk(Arc<tempfile::TempDir>);

impl SmallDisk {
    fn mount(kilobytes: u32) -> Option<Self> {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let small = Self(folder);
        small.mount_with(&format!("size={kilobytes}k")).then_some(small)
    }

    fn mount_with(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0.path());
        mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_really_full_is_told_and_the_upload_goes_on_when_there_is_room() {
    let Some(small) = SmallDisk::mount(4096) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let server = TestServer::start_in(small.0.clone()).await;
    let to = server.open_return().await;
    let photo = Sealed::opaque(&to, 8 * 1024 * 1024);
    let place = server.create(&photo).await;
    let part = 1024 * 1024;
    let first = server.patch(&place, 0, photo.bytes[..part].to_vec()).send().await.unwrap();
    assert_eq!(offset(&first), Some(part as u64));
    let response = server.patch(&place, part, photo.bytes[part..].to_vec()).send().await.unwrap();
    is_the_disks(response, ENOSPC, "a full disk").await;
    assert_eq!(offset(&server.head(&place).await), Some(part as u64));
    let spool = std::fs::metadata(&server.spool()[0]).unwrap().len();
    assert_eq!(spool, part as u64, "what was not kept takes no room");

    assert!(small.mount_with("remount,size=32m"));
    let rest = server.patch(&place, part, photo.bytes[part..].to_vec()).send().await.unwrap();
    assert_eq!(rest.status(), StatusCode::NO_CONTENT);
    assert!(server.has_whole(photo.metadata.capture).await);
    let TestServer { running, client, .. } = server;
    drop(client);
    tokio::time::timeout(Duration::from_secs(30), running.shutdown()).await.unwrap().unwrap();
}

//! The power is back: a server is started on what is left, and is held to what the one before has said.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clearshot_protocol::Sha256Digest;
use clearshot_simulated_disk::find_crash;
use reqwest::{Method, Response, StatusCode};
use tokio::runtime::Runtime;

use crate::harness::{Sealed, TestServer, files, header, offset};
use crate::scenarios::{DAY, Ended, LENGTH, NO_SWEEP, SWEEP, attach};
use crate::server_disk::{Crash, DATA, Entry, Promise, quick_folder};

/// How long something that nobody wants may stay, once it is time to sweep it. Far more than a sweep takes.
const SWEPT_WITHIN: Duration = Duration::from_secs(2);

/// Looks at every disk that a cut can leave of this; what is wrong with one, and how many there were.
pub(crate) fn first_violation(ended: &Ended, left_out: impl Fn(&Entry) -> bool) -> (Option<String>, usize) {
    let runtime = Runtime::new().unwrap();
    find_crash(&ended.log, ended.from, left_out, |crash| {
        let found = runtime.block_on(async {
            goes_on(ended, crash).await?;
            leaves_nothing(crash).await
        });
        found.err()
    })
}

async fn start(crash: &Crash, sweep: Duration) -> Result<TestServer, String> {
    let root = Arc::new(quick_folder());
    crash.write_to(root.path());
    let starting = TestServer::start_with(root.clone(), move |config| {
        config.data = root.path().join(DATA);
        config.sweep_interval = sweep;
        config.recheck_workers = 1;
    });
    tokio::spawn(starting).await.map_err(|error| format!("it does not start: {error}"))
}

async fn end(server: TestServer) {
    let TestServer { running, client, .. } = server;
    drop(client);
    running.shutdown().await.unwrap();
}

/// What was promised holds, and every photo arrives in the end, once.
async fn goes_on(ended: &Ended, crash: &Crash) -> Result<(), String> {
    if crash.promises.iter().any(|promise| matches!(promise, Promise::Nothing)) {
        return Ok(());
    }
    let server = start(crash, NO_SWEEP).await?;
    let data = server.data().join(DATA);
    let mut places = BTreeMap::new();
    for promise in &crash.promises {
        match promise {
            Promise::Nothing => {}
            Promise::Key(key) if *key == server.running.recipient().to_string() => {}
            Promise::Key(_) => return Err("photos that were sealed before cannot be opened".to_owned()),
            Promise::Received(photo) => is_evidence(&server, &data, photo).await?,
            Promise::Offset { place, photo, offset } => {
                places.insert(place.clone(), Some((photo.clone(), *offset)));
            }
            Promise::MayBeGone(place) => {
                places.remove(place);
            }
            Promise::Gone(place) => {
                places.insert(place.clone(), None);
            }
        }
    }
    for (place, promised) in &places {
        if let Some((photo, promised)) = promised {
            has_kept(&server, &data, place, photo, *promised).await?;
            complete(&server, ended, place, photo).await?;
            continue;
        }
        let status = head(&server, place).await.status();
        if !matches!(status, StatusCode::GONE | StatusCode::NOT_FOUND) {
            return Err(format!("{place} was taken back and answers {status}"));
        }
    }
    for photo in &ended.photos {
        let status = server.upload(photo).await.status();
        if status != StatusCode::CREATED {
            return Err(format!("a photo cannot be sent again: {status}"));
        }
        is_evidence(&server, &data, photo).await?;
    }
    for file in files(&data.join("spool")) {
        let place = format!("/v1/uploads/{}", file.file_name().unwrap().to_string_lossy());
        // One that no client was told of expires.
        if header(&head(&server, &place).await, "upload-expires").is_none() {
            return Err(format!("nobody wants {}", file.display()));
        }
    }
    let evidence = files(&data.join("evidence"));
    if evidence.len() != ended.photos.len() {
        return Err(format!("{} photos, and there are {evidence:?}", ended.photos.len()));
    }
    end(server).await;
    Ok(())
}

/// Whether the upload has at least what was acknowledged, with the bytes that were sent.
async fn has_kept(
    server: &TestServer,
    data: &Path,
    place: &str,
    photo: &Sealed,
    promised: usize,
) -> Result<(), String> {
    let response = head(server, place).await;
    let kept = offset(&response).unwrap_or_default() as usize;
    if response.status() != StatusCode::OK || kept < promised {
        return Err(format!("{promised} bytes were acknowledged; {} {kept}", response.status()));
    }
    let upload = place.rsplit_once('/').unwrap().1;
    // Once it is evidence, its digest is looked at.
    if let Ok(bytes) = std::fs::read(data.join("spool").join(upload))
        && bytes.get(..kept) != Some(&photo.bytes[..kept])
    {
        return Err(format!("of {kept} acknowledged bytes some are not those that were sent"));
    }
    Ok(())
}

/// Sends what is missing, and says what it is.
async fn complete(server: &TestServer, ended: &Ended, place: &str, photo: &Sealed) -> Result<(), String> {
    let kept = offset(&head(server, place).await).unwrap_or_default() as usize;
    if kept < LENGTH {
        let response = server.patch(place, kept, photo.bytes[kept..].to_vec()).send().await.unwrap();
        if response.status() != StatusCode::NO_CONTENT || offset(&response) != Some(LENGTH as u64) {
            return Err(format!("it cannot go on from {kept}: {}", response.status()));
        }
    }
    let attached = attach(server, &ended.to, place, photo).await.status();
    if attached != StatusCode::CREATED {
        return Err(format!("a whole upload cannot be attached: {attached}"));
    }
    Ok(())
}

async fn is_evidence(server: &TestServer, data: &Path, photo: &Sealed) -> Result<(), String> {
    let capture = photo.metadata.capture;
    let found = server.get(&format!("/v1/evidence/{capture}"), &server.agent()).await.status();
    if found != StatusCode::OK || !server.has_whole(capture).await {
        return Err(format!("{capture} was received; {found}"));
    }
    let path = data.join(format!("evidence/{:02x}/{capture}.age", capture.as_bytes()[15]));
    let bytes = std::fs::read(path).map_err(|error| format!("{capture} has no file: {error}"))?;
    if Sha256Digest::of(&bytes) != photo.metadata.sha256 {
        return Err(format!("{capture} has other bytes"));
    }
    Ok(())
}

/// Nobody comes back: all uploads expire. As no photo of these tests is one, all evidence is rejected, and in the end
/// there is not one file.
async fn leaves_nothing(crash: &Crash) -> Result<(), String> {
    let server = start(crash, SWEEP).await?;
    let data = server.data().join(DATA);
    let begun = Instant::now();
    loop {
        let left = [files(&data.join("spool")), files(&data.join("evidence"))].concat();
        if left.is_empty() {
            end(server).await;
            return Ok(());
        }
        if begun.elapsed() > SWEPT_WITHIN {
            return Err(format!("nobody wants {left:?}"));
        }
        server.pass(8 * DAY);
        tokio::time::sleep(SWEEP).await;
    }
}

async fn head(server: &TestServer, place: &str) -> Response {
    server.tus(Method::HEAD, place, &server.shopper()).send().await.unwrap()
}

//! What clients do with a server on a simulated disk, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::api::ReturnView;
use clearshot_protocol::reconcile::AttachEvidenceRequest;
use clearshot_simulated_disk::{Log, Trouble};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::runtime::Runtime;

use crate::harness::{Sealed, TestServer, location, offset};
use crate::server_disk::{Promise, ServerDisk, quick_folder};

/// Bytes of a photo, and of its first part.
pub(crate) const LENGTH: usize = 1000;
pub(crate) const PART: usize = 400;

/// How the server behaves where no test says otherwise: nothing is swept that is not asked for.
pub(crate) const NO_SWEEP: Duration = Duration::from_hours(1);
pub(crate) const SWEEP: Duration = Duration::from_millis(5);

/// The disk erred.
pub(crate) const EIO: i32 = 5;
/// The disk is full.
pub(crate) const ENOSPC: i32 = 28;

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// A server on the disk, and a client that writes down what it was told.
pub(crate) struct Scenario {
    pub(crate) disk: Arc<ServerDisk>,
    pub(crate) server: TestServer,
    pub(crate) to: ReturnView,
    pub(crate) photos: Vec<Arc<Sealed>>,
    /// From this change on the power may go.
    pub(crate) from: usize,
}

/// What is left of a scenario once its server has ended.
pub(crate) struct Ended {
    pub(crate) log: Log<Promise>,
    pub(crate) to: ReturnView,
    /// All that the client means to send, and nobody sweeps.
    pub(crate) photos: Vec<Arc<Sealed>>,
    pub(crate) from: usize,
}

pub(crate) async fn start(disk: &Arc<ServerDisk>, sweep: Duration) -> TestServer {
    disk.stage("start");
    let (on, data) = (disk.clone(), disk.data());
    let server = TestServer::start_with(Arc::new(quick_folder()), |config| {
        config.data = data;
        config.disk = on;
        config.sweep_interval = sweep;
        config.recheck_workers = 1;
    })
    .await;
    disk.stage("send");
    server
}

/// A server sweeps once as soon as it runs, and when is nobody's choice: ends when it has looked into the spool of the
/// new disk, as the start did before it. What follows are the client's calls alone.
async fn first_sweep(disk: &ServerDisk) {
    let begun = std::time::Instant::now();
    let looked = || disk.called().iter().filter(|call| *call == "list shop/data/spool").count();
    while looked() < 2 {
        assert!(begun.elapsed() < crate::harness::PATIENCE, "{:?}", disk.called());
        tokio::time::sleep(SWEEP).await;
    }
}

impl Scenario {
    pub(crate) async fn begin(sweep: Duration) -> Self {
        let disk = ServerDisk::new();
        let server = start(&disk, sweep).await;
        first_sweep(&disk).await;
        let to = server.open_return().await;
        disk.promise(Promise::Key(server.running.recipient().to_string()));
        let from = disk.log().entries.len();
        Self { disk, server, to, photos: Vec::new(), from }
    }

    /// A photo that the client means to send.
    pub(crate) fn photo(&mut self) -> Arc<Sealed> {
        let photo = Arc::new(Sealed::opaque(&self.to, LENGTH));
        self.photos.push(photo.clone());
        photo
    }

    pub(crate) async fn create(&self, photo: &Arc<Sealed>) -> String {
        let response = self.server.creation(photo, &self.server.shopper()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let place = location(&response);
        self.promise_offset(&place, photo, 0);
        place
    }

    /// An upload that nobody has said anything of.
    pub(crate) async fn create_unattached(&self, photo: &Arc<Sealed>) -> String {
        let request = self.server.tus(Method::POST, "/v1/uploads", &self.server.shopper());
        let response = request.header("Upload-Length", LENGTH).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let place = location(&response);
        self.promise_offset(&place, photo, 0);
        place
    }

    /// Sends the bytes from one offset to another.
    pub(crate) async fn send(&self, place: &str, photo: &Arc<Sealed>, from: usize, to: usize) -> Response {
        let response = self.server.patch(place, from, photo.bytes[from..to].to_vec()).send().await.unwrap();
        if response.status() == StatusCode::NO_CONTENT {
            assert_eq!(offset(&response), Some(to as u64));
            self.promise_offset(place, photo, to);
        }
        response
    }

    /// Sends the rest of a photo that is attached: now it is evidence.
    pub(crate) async fn send_rest(&self, place: &str, photo: &Arc<Sealed>, from: usize) {
        assert_eq!(self.send(place, photo, from, LENGTH).await.status(), StatusCode::NO_CONTENT);
        self.disk.promise(Promise::Received(photo.clone()));
    }

    pub(crate) async fn attach(&self, place: &str, photo: &Arc<Sealed>) -> Response {
        attach(&self.server, &self.to, place, photo).await
    }

    pub(crate) async fn terminate(&self, place: &str) -> StatusCode {
        let request = self.server.tus(Method::DELETE, place, &self.server.shopper());
        self.disk.promise(Promise::MayBeGone(place.to_owned()));
        let status = request.send().await.unwrap().status();
        if status == StatusCode::NO_CONTENT {
            self.disk.promise(Promise::Gone(place.to_owned()));
        }
        status
    }

    pub(crate) async fn end(self) -> Ended {
        // Whatever happens after the last change of interest: the re-check, and the end of the server.
        let Self { disk, server, to, photos, from } = self;
        let TestServer { running, client, .. } = server;
        drop(client);
        running.shutdown().await.unwrap();
        Ended { log: disk.log(), to, photos, from }
    }

    fn promise_offset(&self, place: &str, photo: &Arc<Sealed>, offset: usize) {
        self.disk.promise(Promise::Offset { place: place.to_owned(), photo: photo.clone(), offset });
    }
}

pub(crate) async fn attach(server: &TestServer, to: &ReturnView, place: &str, photo: &Sealed) -> Response {
    attachment(server, to, place, photo).send().await.unwrap()
}

/// The request that attaches the upload at this place.
pub(crate) fn attachment(
    server: &TestServer,
    to: &ReturnView,
    place: &str,
    photo: &Sealed,
) -> RequestBuilder {
    let upload = place.rsplit_once('/').unwrap().1.parse().unwrap();
    let request = AttachEvidenceRequest {
        upload,
        capture: photo.metadata.capture,
        item: photo.metadata.item,
        sha256: Some(photo.metadata.sha256),
    };
    let path = format!("/v1/returns/{}/evidence", to.id);
    server.request(Method::POST, &path, &server.fresh_token()).json(&request)
}

/// A photo in two parts, and one with its creation.
pub(crate) async fn sending() -> Ended {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    scenario.send_rest(&place, &photo, PART).await;
    let photo = scenario.photo();
    assert_eq!(scenario.server.upload(&photo).await.status(), StatusCode::CREATED);
    scenario.disk.promise(Promise::Received(photo));
    scenario.end().await
}

/// An upload that is attached when it is whole, and one that is attached before.
pub(crate) async fn attaching() -> Ended {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    for whole in [true, false] {
        let photo = scenario.photo();
        let place = scenario.create_unattached(&photo).await;
        let before = if whole { LENGTH } else { PART };
        scenario.send(&place, &photo, 0, before).await;
        assert_eq!(scenario.attach(&place, &photo).await.status(), StatusCode::CREATED);
        if whole {
            scenario.disk.promise(Promise::Received(photo));
        } else {
            scenario.send_rest(&place, &photo, before).await;
        }
    }
    scenario.end().await
}

/// An upload is taken back, and its capture sent again.
pub(crate) async fn taking_back() -> Ended {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    assert_eq!(scenario.terminate(&place).await, StatusCode::NO_CONTENT);
    let again = scenario.create(&photo).await;
    scenario.send_rest(&again, &photo, 0).await;
    scenario.end().await
}

/// The disk fails when a photo has got its name, and its upload is taken back: the name must not stay.
pub(crate) async fn taking_back_what_was_nearly_evidence() -> Ended {
    let mut scenario = Scenario::begin(NO_SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.disk.order(Trouble::FailFirst("sync folder shop/data/evidence/", EIO));
    let failed = scenario.send(&place, &photo, 0, LENGTH).await;
    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    scenario.disk.stage("take back");
    assert_eq!(scenario.terminate(&place).await, StatusCode::NO_CONTENT);
    scenario.end().await
}

/// A photo that was rejected, and an upload that was abandoned, are swept.
pub(crate) async fn sweeping() -> Ended {
    let mut scenario = Scenario::begin(SWEEP).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send_rest(&place, &photo, 0).await;
    scenario.server.checked(photo.metadata.capture).await;
    let photo = scenario.photo();
    let place = scenario.create(&photo).await;
    scenario.send(&place, &photo, 0, PART).await;
    scenario.photos.clear();
    scenario.disk.promise(Promise::Nothing);
    scenario.from = scenario.disk.log().entries.len();
    scenario.disk.stage("sweep");
    scenario.server.pass(8 * DAY);
    let data = scenario.disk.data();
    let begun = std::time::Instant::now();
    while !["spool", "evidence"].iter().all(|part| crate::harness::files(&data.join(part)).is_empty()) {
        assert!(begun.elapsed() < crate::harness::PATIENCE);
        tokio::time::sleep(SWEEP).await;
    }
    scenario.end().await
}

/// Killed after so many changes of a photo that is sent in two parts; started again, and the photo sent to its end.
/// `None` when there are not so many changes.
pub(crate) fn killed_after(changes: usize) -> Option<Ended> {
    let doomed = Runtime::new().unwrap();
    let mut scenario = doomed.block_on(Scenario::begin(NO_SWEEP));
    let photo = scenario.photo();
    scenario.disk.order(Trouble::Dead(changes));
    let disk = scenario.disk.clone();
    let finished = doomed.block_on(async {
        let sending = async {
            let place = scenario.create(&photo).await;
            scenario.send(&place, &photo, 0, PART).await;
            scenario.send_rest(&place, &photo, PART).await;
        };
        tokio::select! {
            () = sending => true,
            () = disk.died() => false,
        }
    });
    let Scenario { server, to, photos, .. } = scenario;
    drop(server);
    doomed.shutdown_background();
    if finished {
        return None;
    }
    disk.revive();
    let from = disk.log().entries.len();
    let runtime = Runtime::new().unwrap();
    Some(runtime.block_on(async {
        let server = start(&disk, NO_SWEEP).await;
        let scenario = Scenario { disk, server, to, photos, from };
        let response = scenario.server.upload(&photo).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        scenario.disk.promise(Promise::Received(photo));
        scenario.end().await
    }))
}

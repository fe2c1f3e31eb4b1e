//! A server on a free port, in a fresh folder, and a phone that seals photos for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use clearshot_analysis::{DerivativeSpec, PixelFormat, PixelView, Policy, Still, StillLimits};
use clearshot_protocol::api::{
    CreateReturnItem, CreateReturnRequest, EventKind, EventView, EvidenceStatus, EvidenceView, Resolution,
    ReturnReason, ReturnView, ShotRole,
};
use clearshot_protocol::envelope::write_envelope;
use clearshot_protocol::manifest::{
    AnalysisRecord, ChainLink, MANIFEST_FORMAT, Manifest, ManifestItem, ManifestPhoto, ManifestShot,
    VerdictCode,
};
use clearshot_protocol::problem::Problem;
use clearshot_protocol::seal::Recipient;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId, Timestamp};
use clearshot_server::{Clock, Role, RunningServer, Server, ServerConfig, TokenRequest};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use tempfile::TempDir;

pub(crate) const SKU: &str = "MUG-350-BLUE";
pub(crate) const ORDER: &str = "ORDER-7731-X";
pub(crate) const TITLE: &str = "Stoneware mug, blue";

/// Long enough for a loaded machine; nothing waits for it when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct TestServer {
    pub(crate) running: RunningServer,
    pub(crate) client: Client,
    base: String,
    offset_seconds: Arc<AtomicI64>,
    pub(crate) folder: Arc<TempDir>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn start_in(folder: Arc<TempDir>) -> Self {
        Self::start_with(folder, |_| {}).await
    }

    pub(crate) async fn start_with(folder: Arc<TempDir>, change: impl FnOnce(&mut ServerConfig)) -> Self {
        // An error says that another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let offset_seconds = Arc::new(AtomicI64::new(0));
        let offset = offset_seconds.clone();
        let mut config = ServerConfig::new(folder.path(), ([127, 0, 0, 1], 0).into());
        config.clock = Clock::from_fn(move || {
            Timestamp::now() + Duration::from_secs(offset.load(Ordering::Relaxed) as u64)
        });
        change(&mut config);
        let running = Server::start(config).await.unwrap();
        let base = running.base_url().unwrap().as_str().trim_end_matches('/').to_owned();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { running, client, base, offset_seconds, folder }
    }

    /// Lets the server's clock jump.
    pub(crate) fn pass(&self, time: Duration) {
        self.offset_seconds.fetch_add(time.as_secs().cast_signed(), Ordering::Relaxed);
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.running.local_addr()
    }

    pub(crate) fn mint(&self, role: Role, subject: &str, return_id: Option<ReturnId>) -> String {
        let lifetime = Duration::from_hours(1);
        let request = TokenRequest { role, subject: subject.to_owned(), return_id, lifetime };
        self.running.tokens().mint(&request, Timestamp::now()).unwrap()
    }

    pub(crate) fn shopper(&self) -> String {
        self.mint(Role::Shopper, "ada", None)
    }

    /// The shopper's token as of the server's clock, after it has jumped.
    pub(crate) fn fresh_token(&self) -> String {
        let now = Timestamp::now() + Duration::from_secs(self.offset_seconds.load(Ordering::Relaxed) as u64);
        let lifetime = Duration::from_hours(1);
        let request =
            TokenRequest { role: Role::Shopper, subject: "ada".to_owned(), return_id: None, lifetime };
        self.running.tokens().mint(&request, now).unwrap()
    }

    pub(crate) fn agent(&self) -> String {
        self.mint(Role::Agent, "kim", None)
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(token)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path, token).send().await.unwrap()
    }

    pub(crate) async fn get_json<T: serde::de::DeserializeOwned>(&self, path: &str, token: &str) -> T {
        let response = self.get(path, token).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn open_return(&self) -> ReturnView {
        let response = self
            .request(Method::POST, "/v1/returns", &self.shopper())
            .json(&a_return())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    /// The creation of an upload, without a body.
    pub(crate) fn creation(&self, sealed: &Sealed, token: &str) -> RequestBuilder {
        self.tus(Method::POST, "/v1/uploads", token)
            .header("Upload-Length", sealed.bytes.len())
            .header("Upload-Metadata", sealed.metadata.to_header())
            .header("Idempotency-Key", sealed.metadata.capture.to_string())
    }

    pub(crate) fn tus(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.request(method, path, token).header("Tus-Resumable", "1.0.0")
    }

    pub(crate) fn patch(
        &self,
        location: &str,
        offset: usize,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        self.tus(Method::PATCH, location, &self.shopper())
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(body)
    }

    /// Creates an upload without bytes; its location.
    pub(crate) async fn create(&self, sealed: &Sealed) -> String {
        let response = self.creation(sealed, &self.shopper()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        location(&response)
    }

    /// All in one request.
    pub(crate) async fn upload(&self, sealed: &Sealed) -> Response {
        self.creation(sealed, &self.shopper())
            .header("Content-Type", "application/offset+octet-stream")
            .body(sealed.bytes.clone())
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn head(&self, location: &str) -> Response {
        self.tus(Method::HEAD, location, &self.shopper()).send().await.unwrap()
    }

    pub(crate) async fn evidence(&self, id: CaptureId) -> EvidenceView {
        self.get_json(&format!("/v1/evidence/{id}"), &self.agent()).await
    }

    /// Whether all bytes arrived with the declared digest, whatever the re-check says of them.
    pub(crate) async fn has_whole(&self, id: CaptureId) -> bool {
        let evidence = self.evidence(id).await;
        evidence.received_at.is_some() && evidence.rejection.is_none_or(|why| why.code != "digest_mismatch")
    }

    /// Uploads, waits for the re-check, and says how it went.
    pub(crate) async fn upload_and_check(&self, sealed: &Sealed) -> EvidenceView {
        let response = self.upload(sealed).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        self.checked(sealed.metadata.capture).await
    }

    /// What was told of a capture up to its last event of this kind, which is waited for.
    pub(crate) async fn told_until(&self, id: CaptureId, last: EventKind) -> Vec<EventKind> {
        let mut events = Events::open(self, &self.fresh_token(), 0).await;
        let mut told = Vec::new();
        while told.last() != Some(&last) {
            let event = events.next().await;
            if event.evidence_id == Some(id) {
                told.push(event.kind);
            }
        }
        told
    }

    /// Waits, by the stream of events, until the re-check is done.
    pub(crate) async fn checked(&self, id: CaptureId) -> EvidenceView {
        use EventKind::{EvidenceAccepted, EvidenceQuarantined, EvidenceRejected};
        let mut events = Events::open(self, &self.agent(), 0).await;
        loop {
            let event = events.next().await;
            if event.evidence_id == Some(id)
                && matches!(event.kind, EvidenceAccepted | EvidenceQuarantined | EvidenceRejected)
            {
                return self.evidence(id).await;
            }
        }
    }

    pub(crate) fn spool(&self) -> Vec<PathBuf> {
        files(&self.data().join("spool"))
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

pub(crate) fn location(response: &Response) -> String {
    header(response, "location").unwrap()
}

pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

pub(crate) fn offset(response: &Response) -> Option<u64> {
    header(response, "upload-offset").map(|offset| offset.parse().unwrap())
}

/// The problem, made sure that it is one in all respects.
pub(crate) async fn problem(response: Response) -> Problem {
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/problem+json"));
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    assert!(problem.detail.as_deref().is_some_and(|detail| detail.len() > 10), "{problem:?}");
    problem
}

pub(crate) fn a_return() -> CreateReturnRequest {
    CreateReturnRequest {
        order: ORDER.to_owned(),
        items: vec![
            CreateReturnItem {
                sku: SKU.to_owned(),
                title: TITLE.to_owned(),
                quantity: 1,
                reason: ReturnReason::Damaged,
                wanted: Resolution::Replacement,
            },
            CreateReturnItem {
                sku: "LAMP-2".to_owned(),
                title: "Desk lamp".to_owned(),
                quantity: 2,
                reason: ReturnReason::Defective,
                wanted: Resolution::Refund,
            },
        ],
    }
}

/// A sealed photo and what is said of it outside the seal.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) metadata: UploadMetadata,
    pub(crate) bytes: Vec<u8>,
}

impl Sealed {
    pub(crate) fn of(metadata: UploadMetadata, bytes: Vec<u8>) -> Self {
        Self { metadata: UploadMetadata { sha256: Sha256Digest::of(&bytes), ..metadata }, bytes }
    }

    /// The same with one bit changed on its way.
    pub(crate) fn damaged(&self) -> Self {
        let mut damaged = self.clone();
        let middle = damaged.bytes.len() / 2;
        damaged.bytes[middle] ^= 1;
        damaged
    }

    /// Bytes that are no capture, for tests that end before the re-check.
    pub(crate) fn opaque(to: &ReturnView, length: usize) -> Self {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + at / 251) as u8).collect();
        let metadata = UploadMetadata {
            capture: CaptureId::mint(Timestamp::now()),
            return_id: to.id,
            item: to.items[0].id,
            sha256: Sha256Digest::of(&bytes),
        };
        Self { metadata, bytes }
    }
}

/// A manifest for a photo of the first item.
pub(crate) fn manifest(to: &ReturnView, photo: &[u8], width: u32, height: u32) -> Manifest {
    let now = Timestamp::now();
    Manifest {
        format: MANIFEST_FORMAT,
        capture: CaptureId::mint(now),
        session: SessionId::mint(now),
        return_id: to.id,
        item: ManifestItem { id: ReturnItemId::of(to.id, SKU), sku: SKU.to_owned() },
        shot: ManifestShot { id: ShotId::mint(now), role: ShotRole::Defect, overview: None },
        supersedes: None,
        taken_at: now,
        monotonic_millis: 1200,
        photo: ManifestPhoto {
            media_type: "image/jpeg".to_owned(),
            width,
            height,
            length: photo.len() as u64,
            sha256: Sha256Digest::of(photo),
            perceptual_hash: "00".repeat(8),
        },
        analysis: AnalysisRecord {
            verdict: VerdictCode::Good,
            reasons: Vec::new(),
            policy_version: Policy::default().version,
            policy_hash: Policy::default().hash(),
            model_hash: None,
            model_version: None,
            report: serde_json::json!({ "sharpness": { "state": "sharp", "score": 0.81 } }),
        },
        kept_anyway: None,
        annotation: Vec::new(),
        chain: ChainLink { sequence: 0, previous: None },
    }
}

pub(crate) fn seal(to: &Recipient, manifest: &Manifest, thumbnail: &[u8], photo: &[u8]) -> Sealed {
    let (bytes, _) =
        write_envelope(std::slice::from_ref(to), manifest, thumbnail, photo, Vec::new()).unwrap();
    let metadata = UploadMetadata {
        capture: manifest.capture,
        return_id: manifest.return_id,
        item: manifest.item.id,
        sha256: Sha256Digest::of(&bytes),
    };
    Sealed { metadata, bytes }
}

/// A small picture with edges, as a JPEG, and its thumbnail.
pub(crate) fn picture() -> (Vec<u8>, Vec<u8>, u32, u32) {
    let (width, height) = (480_u32, 360_u32);
    let data: Vec<u8> = (0..width * height)
        .map(|at| {
            let (x, y) = (at % width, at / width);
            let checks = if (x / 24 + y / 24) % 2 == 0 { 70 } else { 185 };
            checks + (x * y % 13) as u8
        })
        .collect();
    let view =
        PixelView { data: &data, width, height, row_stride: width as usize, format: PixelFormat::Luma };
    let still = Still::from_pixels(&view, 1, &StillLimits::default()).unwrap();
    let photo = still.derivative(&DerivativeSpec::default()).unwrap().bytes;
    (photo, still.thumbnail().bytes, width, height)
}

/// A good capture of the first item.
pub(crate) fn capture(server: &TestServer, to: &ReturnView) -> Sealed {
    let (photo, thumbnail, width, height) = picture();
    seal(&server.running.recipient(), &manifest(to, &photo, width, height), &thumbnail, &photo)
}

/// A reader of `/v1/events`.
pub(crate) struct Events {
    response: Response,
    text: String,
}

impl Events {
    pub(crate) async fn open(server: &TestServer, token: &str, after: i64) -> Self {
        let request = server.request(Method::GET, "/v1/events", token).header("Last-Event-ID", after);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type").as_deref(), Some("text/event-stream"));
        Self { response, text: String::new() }
    }

    pub(crate) async fn next(&mut self) -> EventView {
        tokio::time::timeout(PATIENCE, self.read()).await.unwrap().unwrap()
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn read(&mut self) -> Option<EventView> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let data = block.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.text = rest.to_string();
                match data {
                    Some(data) => return Some(serde_json::from_str(&data).unwrap()),
                    None => continue, // keep-alive
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

pub(crate) fn settled(status: EvidenceStatus) -> bool {
    matches!(status, EvidenceStatus::Accepted | EvidenceStatus::Rejected | EvidenceStatus::Quarantined)
}

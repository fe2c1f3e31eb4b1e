//! A right that ends while a photo is on its way: a token that expires, a return that is cancelled. Nothing is lost,
//! nothing comes twice, the shopper is told what to do, and the neighbours go on.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use clearshot_capture::{CaptureStore, Conditions, StoreConfig, StoreKeys};
use clearshot_protocol::seal::{Identity, Recipient};
use clearshot_protocol::{ReturnId, Timestamp};
use clearshot_server::{Role, TokenIssuer, TokenRequest};
use clearshot_upload::{
    AccessToken, PlainHttp, ServerAddress, StepPerformer, SyncEnd, SyncReport, TokenError, TokenProvider,
    Transport, Uploader,
};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::harness::http::PATIENCE;
use crate::harness::invariants::{
    assert_all_accepted_once, assert_offsets_never_decrease, capture_all, text,
};
use crate::harness::{Fault, Place, Scene, detailed_photo};

const HOUR: Duration = Duration::from_hours(1);

/// How far the clocks of issuer and server may be apart (`server/src/token.rs`): a token is taken that much longer.
const LEEWAY: Duration = Duration::from_secs(5);

/// Long after a token of [`Shop::good_for`] four seconds has expired.
const SLOW_SECONDS: u64 = 9;

/// Whoever gives the shopper their tokens.
struct Shop<'a>(&'a Scene);

impl Shop<'_> {
    /// The shopper's token, which the server takes for so much longer.
    fn good_for(&self, time: Duration) -> String {
        let request = TokenRequest {
            role: Role::Shopper,
            subject: "tester".to_owned(),
            return_id: None,
            lifetime: HOUR,
        };
        let then = Timestamp::now() + time - LEEWAY - HOUR;
        TokenIssuer::open(&self.0.server_data()).unwrap().mint(&request, then).unwrap()
    }

    fn expired(&self) -> String {
        self.good_for(Duration::ZERO)
    }
}

/// An app that gets a fresh token when it is asked for one.
struct SignedIn {
    first: String,
    fresh: String,
    is_refreshed: AtomicBool,
    refreshed: AtomicU64,
}

#[async_trait]
impl TokenProvider for SignedIn {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        let refreshed = self.is_refreshed.load(Ordering::SeqCst);
        AccessToken::new(if refreshed { &self.fresh } else { &self.first })
    }

    async fn refresh(&self) -> Result<AccessToken, TokenError> {
        self.refreshed.fetch_add(1, Ordering::SeqCst);
        self.is_refreshed.store(true, Ordering::SeqCst);
        self.token().await
    }
}

/// One synchronisation of the scene's phone by an app that begins with this token and gets another one when it asks; how
/// it went, and how often it asked.
fn sync_signed_in(scene: &Scene, first: String) -> (SyncReport, u64) {
    let folder = scene.folder.path().join("phone");
    let device: Identity = fs::read_to_string(folder.join("device.key")).unwrap().parse().unwrap();
    let service: Value = serde_json::from_slice(&fs::read(folder.join("service.json")).unwrap()).unwrap();
    let service: Recipient = text(&service["recipient"]).parse().unwrap();
    let keys = StoreKeys { device, service };
    let (store, _) = CaptureStore::open(&folder, keys, StoreConfig::default(), Timestamp::now()).unwrap();
    let tokens = Arc::new(SignedIn {
        first,
        fresh: scene.server.token("shopper"),
        is_refreshed: AtomicBool::new(false),
        refreshed: AtomicU64::new(0),
    });
    let clock: clearshot_upload::Clock = Arc::new(Timestamp::now);
    let server = ServerAddress::parse(&scene.proxy.url(), PlainHttp::LoopbackOnly).unwrap();
    let performer = StepPerformer::new(server, &Transport::default(), Arc::clone(&clock)).unwrap();
    let uploader = Uploader::new(performer, Arc::clone(&tokens) as Arc<dyn TokenProvider>, clock);
    let (_network, conditions) = watch::channel(Conditions::UNMETERED);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cancel = CancellationToken::new();
    let report = runtime.block_on(uploader.sync(Arc::new(store), conditions, &cancel)).unwrap();
    (report, tokens.refreshed.load(Ordering::SeqCst))
}

/// A scene whose only photo is on the server in part.
fn with_half_sent() -> Scene {
    let scene = Scene::with_photos(1);
    scene.proxy.inject("POST", Fault::Cut(Place::Body(100_000)));
    scene.sync_for(0);
    let begun = Instant::now();
    while scene.server.evidence(&scene.return_id).iter().all(|view| view["status"] != "uploading") {
        assert!(begun.elapsed() < PATIENCE, "the bytes were never counted");
        thread::sleep(Duration::from_millis(50));
    }
    scene
}

/// Bytes of the only photo.
fn length(scene: &Scene) -> u64 {
    scene.smallest()
}

/// Everything arrived, once, and nothing went back.
fn assert_arrived(scene: &Scene) {
    assert_all_accepted_once(&scene.phone, &scene.server, &scene.return_id, &scene.saved);
    assert_offsets_never_decrease(&scene.proxy.acknowledged());
}

#[test]
fn a_token_that_expired_after_the_creation_is_refreshed_once_and_the_photo_goes_on_from_the_kept_offset() {
    let scene = with_half_sent();
    let (report, refreshed) = sync_signed_in(&scene, Shop(&scene).expired());
    assert_eq!((report.end, report.accepted, refreshed), (SyncEnd::Done, 1, 1));
    assert_eq!(report.bytes_sent, length(&scene) - kept(&scene));
    assert_arrived(&scene);
}

/// How many bytes the server said that it has when it was asked first after the cut.
fn kept(scene: &Scene) -> u64 {
    let kept = scene.proxy.acknowledged().iter().find_map(|said| said.offset).unwrap();
    assert!(kept > 0 && kept < length(scene));
    kept
}

#[test]
fn a_token_that_expires_while_the_body_is_sent_ends_with_its_request_and_nothing_is_sent_again() {
    let scene = Scene::with_photos(1);
    scene.proxy.limit(length(&scene) / SLOW_SECONDS);
    let (report, refreshed) = sync_signed_in(&scene, Shop(&scene).good_for(Duration::from_secs(4)));
    assert_eq!((report.end, report.accepted, refreshed), (SyncEnd::Done, 1, 1));
    let said = scene.proxy.acknowledged();
    assert_eq!((said[0].status, said[0].offset, said.len()), (201, Some(length(&scene)), 1));
    assert_arrived(&scene);
}

#[test]
fn without_a_new_token_the_queue_pauses_with_its_reason_and_a_later_one_goes_on_from_the_kept_offset() {
    let scene = with_half_sent();
    let mut sync = scene.phone.sync(&scene.proxy.url(), &Shop(&scene).expired());
    let paused = sync.args(["--patience", "5"]).stdout(Stdio::piped()).output().unwrap();
    assert_eq!(paused.status.code(), Some(1));
    let paused: Value = serde_json::from_slice(&paused.stdout).unwrap();
    assert_eq!((&paused["end"], &paused["bytes_sent"]), (&"waiting".into(), &0.into()), "{paused}");
    assert_eq!(paused["reason"], "waiting for a valid token");
    let entry = scene.phone.queue().0.remove(0);
    assert_eq!((&entry["error"], &entry["on_device"]), (&"token-expired".into(), &true.into()), "{entry}");
    assert_eq!(entry["choices"], serde_json::json!(["sign_in"]));
    assert!(text(&entry["status"]).contains("expired"), "{entry}");
    scene.assert_nothing_lost();

    let good = scene.server.token("shopper");
    let sent = scene.phone.sync(&scene.proxy.url(), &good).stdout(Stdio::piped()).output().unwrap();
    let sent: Value = serde_json::from_slice(&sent.stdout).unwrap();
    assert_eq!(
        (&sent["end"], sent["bytes_sent"].as_u64()),
        (&"done".into(), Some(length(&scene) - kept(&scene)))
    );
    assert_arrived(&scene);
}

/// What an agent or the shopper does to a return in the shop.
fn cancel(scene: &Scene, return_id: &str) {
    let database = rusqlite::Connection::open(scene.server_data().join("clearshot.sqlite")).unwrap();
    let id: ReturnId = return_id.parse().unwrap();
    let cancel = "UPDATE returns SET status = 'cancelled' WHERE id = ?";
    assert_eq!(database.execute(cancel, [&id.as_bytes()[..]]).unwrap(), 1);
}

/// The photo of the cancelled return is rejected on both sides with what to do, the one of the other return has arrived.
fn assert_only_the_neighbour_arrived(scene: &Scene, neighbours: &str) {
    scene.assert_nothing_lost();
    let (entries, counters) = scene.phone.queue();
    assert_eq!((&counters["accepted"], &counters["rejected"]), (&1.into(), &1.into()), "{counters}");
    let rejected = entries.iter().find(|entry| entry["return"] == *scene.return_id).unwrap();
    assert_eq!((&rejected["error"], &rejected["on_device"]), (&"return-closed".into(), &true.into()));
    assert_eq!(rejected["choices"][0], "ask_shop");
    assert!(text(&rejected["advice"]).contains("ask the shop"), "{rejected}");
    let evidence = scene.server.evidence(&scene.return_id);
    assert_eq!(
        (evidence.len(), &evidence[0]["rejection"]["code"]),
        (1, &"return_closed".into()),
        "{evidence:?}"
    );
    assert_eq!(scene.server.evidence(neighbours)[0]["status"], "accepted");
    let spool = fs::read_dir(scene.server_data().join("spool")).unwrap();
    assert_eq!(spool.count(), 0, "nothing is left in the spool");
    let kinds: Vec<_> = scene
        .server
        .events(&scene.return_id)
        .iter()
        .filter(|event| event["evidence_id"].is_string())
        .map(|event| text(&event["kind"]))
        .collect();
    assert_eq!(kinds, ["evidence.uploading", "evidence.rejected"]);
}

/// A photo for another return in the same queue; that return.
fn add_neighbour(scene: &Scene) -> String {
    const SKU: &str = "OTHER-RETURN-1";
    let other = scene.server.open_return(&[SKU]);
    let folder = scene.folder.path().join("neighbours");
    capture_all(&scene.phone, &scene.server.url(), &other, SKU, &folder, &[detailed_photo(7)]);
    other
}

#[test]
fn a_return_that_is_cancelled_between_two_requests_rejects_its_photo_and_the_neighbour_arrives() {
    let scene = with_half_sent();
    let neighbours = add_neighbour(&scene);
    cancel(&scene, &scene.return_id);
    scene.sync_for(20);
    assert_only_the_neighbour_arrived(&scene, &neighbours);
}

#[test]
fn a_return_that_is_cancelled_while_the_body_is_sent_rejects_its_photo_and_the_neighbour_arrives() {
    let scene = Scene::with_photos(1);
    let neighbours = add_neighbour(&scene);
    scene.proxy.limit(length(&scene) / 60);
    let mut sync = scene.phone.sync(&scene.proxy.url(), &scene.server.token("shopper")).spawn().unwrap();
    let begun = Instant::now();
    // Announced with the head of the request that carries its bytes.
    while scene.server.evidence(&scene.return_id).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "the photo was never announced");
        thread::sleep(Duration::from_millis(20));
    }
    cancel(&scene, &scene.return_id);
    scene.proxy.limit(u64::MAX);
    sync.wait().unwrap();
    assert_only_the_neighbour_arrived(&scene, &neighbours);
}

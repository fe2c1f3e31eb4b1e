//! A phone with a folder and a key store, and a real server in this process.
// Each test file uses its own part of it, and clippy does not see that this is test code.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clearshot_ffi::{
    AskPolicy, CaptureError, CaptureStore, Conditions, DeviceKeyStore, ErrorCode, ForeignError, KeepRequest,
    LogLevel, LogSink, NetworkPolicy, NewItem, ReturnReason, SavedCapture, ServerSetup, StoreSetup,
    TokenProvider, UploadRunner,
};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{ReturnId, Timestamp};
use clearshot_server::{Role, RunningServer, Server, ServerConfig, TokenRequest};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub const SKU: &str = "MUG-350";
pub const WIFI: Conditions = Conditions { online: true, metered: false };

/// A good photo of the demo.
pub const MUG: &[u8] = include_bytes!("../../../cli/photos/01-mug-overview.jpg");
/// Another one.
pub const FRAME: &[u8] = include_bytes!("../../../cli/photos/07-frame-overview.jpg");
/// A blurred one.
pub const BLURRED: &[u8] = include_bytes!("../../../cli/photos/02-mug-chip-motion.jpg");

pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

pub fn code<T>(result: Result<T, CaptureError>) -> Option<ErrorCode> {
    result.err().map(|error| error.code())
}

/// A key store that fails on order.
#[derive(Default)]
pub struct Keys {
    pub locked: AtomicBool,
    pub lost: AtomicBool,
    pub wrong: AtomicBool,
}

impl DeviceKeyStore for Keys {
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        if self.locked.load(Ordering::SeqCst) {
            return Err(ForeignError::Unavailable { reason: "the device is locked".to_owned() });
        }
        Ok(key.iter().map(|byte| byte ^ 0x5a).collect())
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        if self.lost.swap(false, Ordering::SeqCst) {
            return Err(ForeignError::KeyLost { reason: "it was wiped".to_owned() });
        }
        if self.wrong.load(Ordering::SeqCst) {
            return Ok(b"something else".to_vec());
        }
        self.wrap(wrapped)
    }
}

pub struct Phone {
    pub folder: TempDir,
    pub service: String,
    pub keys: Arc<Keys>,
    pub return_id: String,
}

impl Phone {
    /// A phone that sends nothing.
    pub fn new() -> Self {
        Self::of(&Identity::generate().recipient().to_string(), &ReturnId::mint(Timestamp::now()).to_string())
    }

    pub fn of(service: &str, return_id: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            service: service.to_owned(),
            keys: Arc::default(),
            return_id: return_id.to_owned(),
        }
    }

    pub fn setup(&self) -> StoreSetup {
        StoreSetup {
            folder: self.path().to_str().unwrap().to_owned(),
            service_recipient: self.service.clone(),
            config: None,
            max_bytes: None,
            max_photos: None,
            platform_performs_transfers: false,
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn try_open(&self, setup: StoreSetup) -> Result<Arc<CaptureStore>, CaptureError> {
        CaptureStore::open(setup, Arc::clone(&self.keys) as Arc<dyn DeviceKeyStore>, None, now())
    }

    pub fn open(&self) -> Arc<CaptureStore> {
        self.try_open(self.setup()).unwrap()
    }

    /// The shots of a session with one damaged item.
    pub fn shots(&self, store: &CaptureStore) -> Vec<String> {
        let session = store.open_session(self.return_id.clone(), vec![item()], now()).unwrap();
        store.session(session).unwrap().items[0].shots.iter().map(|shot| shot.id.clone()).collect()
    }
}

pub fn item() -> NewItem {
    NewItem {
        sku: SKU.to_owned(),
        title: "Mug".to_owned(),
        reason: ReturnReason::Damaged,
        network: NetworkPolicy::Any,
        ask_policy: AskPolicy::Soft,
    }
}

pub fn keep_request() -> KeepRequest {
    KeepRequest { insist: true, taken_at: now(), monotonic_millis: 0, annotation: Vec::new(), network: None }
}

pub fn keep(store: &CaptureStore, shot: &str, photo: &[u8]) -> SavedCapture {
    let pending = store.assess(shot.to_owned(), photo).unwrap();
    store.keep(pending, keep_request(), now()).unwrap()
}

/// The returns service with a shopper's open return, on a real socket.
pub struct Shop {
    runtime: Runtime,
    server: Option<RunningServer>,
    pub url: String,
    pub token: String,
    pub recipient: String,
    pub return_id: String,
    _folder: TempDir,
}

impl Shop {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = ServerConfig::new(folder.path(), ([127, 0, 0, 1], 0).into());
        let server = runtime.block_on(Server::start(config)).unwrap();
        let url = server.base_url().unwrap().as_str().trim_end_matches('/').to_owned();
        let request = TokenRequest {
            role: Role::Shopper,
            subject: "shopper".to_owned(),
            return_id: None,
            lifetime: Duration::from_hours(1),
        };
        let token = server.tokens().mint(&request, Timestamp::now()).unwrap();
        let body = serde_json::json!({
            "order": "ORDER-1",
            "items": [{ "sku": SKU, "title": "Mug", "quantity": 1, "reason": "damaged", "wanted": "refund" }],
        });
        let mut answer = ureq::post(format!("{url}/v1/returns"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Idempotency-Key", "ORDER-1")
            .send_json(&body)
            .unwrap();
        let opened: serde_json::Value = answer.body_mut().read_json().unwrap();
        let return_id = opened["id"].as_str().unwrap().to_owned();
        let recipient = server.recipient().to_string();
        Self { runtime, server: Some(server), url, token, recipient, return_id, _folder: folder }
    }

    pub fn phone(&self) -> Phone {
        Phone::of(&self.recipient, &self.return_id)
    }

    pub fn setup(&self) -> ServerSetup {
        server_at(&self.url)
    }

    pub fn runner(&self, store: &Arc<CaptureStore>) -> Arc<UploadRunner> {
        UploadRunner::new(Arc::clone(store), self.setup(), Tokens::always(&self.token), None).unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = self.runtime.block_on(server.shutdown());
        }
    }
}

pub fn server_at(url: &str) -> ServerSetup {
    ServerSetup { url: url.to_owned(), extra_root: None, allow_plain_http: false }
}

/// What the app says when it is asked for a token.
pub struct Tokens {
    pub token: Mutex<Result<String, ForeignError>>,
    pub asked: AtomicU64,
}

impl Tokens {
    pub fn always(token: &str) -> Arc<dyn TokenProvider> {
        Self::answering(Ok(token.to_owned()))
    }

    pub fn answering(token: Result<String, ForeignError>) -> Arc<Self> {
        Arc::new(Self { token: Mutex::new(token), asked: AtomicU64::new(0) })
    }
}

impl TokenProvider for Tokens {
    fn token(&self, _refresh: bool) -> Result<String, ForeignError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.token.lock().unwrap().clone()
    }
}

/// A log that keeps its lines, and fails.
#[derive(Default)]
pub struct Log(pub Mutex<Vec<String>>);

impl LogSink for Log {
    fn log(&self, _level: LogLevel, line: String) -> Result<(), ForeignError> {
        self.0.lock().unwrap().push(line);
        Err(ForeignError::Unavailable { reason: "the disk is full".to_owned() })
    }
}

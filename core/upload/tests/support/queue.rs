//! A real queue with photos in it, and an uploader for it.
// Each test file uses its own part of it, and clippy does not see that this is test code.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use clearshot_analysis::{Policy, StillLimits, StillScratch};
use clearshot_capture::{
    AskPolicy, CaptureStore, Conditions, JudgedPhoto, Keep, MeteredPolicy, NewCapture, NewItem, NewSession,
    StoreConfig, StoreKeys,
};
use clearshot_protocol::api::ReturnReason;
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{CaptureId, ReturnId, Timestamp};
use clearshot_upload::{AccessToken, ProgressEvent, SyncReport, TokenError, TokenProvider, Uploader};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Server, token};

pub struct Phone {
    pub store: Arc<CaptureStore>,
    pub captures: Vec<CaptureId>,
    session: clearshot_protocol::SessionId,
    _folder: TempDir,
}

impl Phone {
    /// With so many photos, of some 100 KB each.
    pub fn with_photos(count: usize) -> Self {
        Self::with_lease(count, StoreConfig::default().lease)
    }

    pub fn with_lease(count: usize, lease: Duration) -> Self {
        Self::build(count, lease, MeteredPolicy::Any)
    }

    pub fn unmetered_only(count: usize) -> Self {
        Self::build(count, StoreConfig::default().lease, MeteredPolicy::Unmetered)
    }

    fn build(count: usize, lease: Duration, metered: MeteredPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = StoreKeys { device: Identity::generate(), service: Identity::generate().recipient() };
        let quick = StoreConfig {
            min_back_off: Duration::from_millis(1),
            max_back_off: Duration::from_millis(400),
            lease,
            ..StoreConfig::default()
        };
        let now = Timestamp::now();
        let (store, _) = CaptureStore::open(folder.path(), keys, quick, now).unwrap();
        let item = NewItem {
            sku: "MUG-350".to_owned(),
            title: "Mug".to_owned(),
            reason: ReturnReason::Unwanted,
            metered,
            ask_policy: AskPolicy::Warn,
        };
        let new = NewSession { return_id: ReturnId::mint(now), items: vec![item] };
        let session = store.open_session(&new, now).unwrap();
        let mut phone = Self { store: Arc::new(store), captures: Vec::new(), session, _folder: folder };
        for _ in 0..count {
            phone.take_photo();
        }
        phone
    }

    pub fn take_photo(&mut self) -> CaptureId {
        let now = Timestamp::now();
        let item = self.store.session(self.session).unwrap().items[0].id;
        let role = clearshot_protocol::api::ShotRole::Defect;
        let shot = self.store.add_shot(self.session, item, role, now).unwrap();
        let png = noise(self.captures.len() as u32);
        let photo = JudgedPhoto::judge(
            &png,
            role,
            &StillLimits::default(),
            &Policy::default(),
            &mut StillScratch::default(),
        )
        .unwrap();
        let new = NewCapture {
            shot,
            photo: &photo,
            decision: Keep::Override,
            taken_at: now,
            monotonic_millis: 0,
            annotation: Vec::new(),
            metered: None,
        };
        let id = self.store.keep(&new, now).unwrap().id;
        self.captures.push(id);
        id
    }

    pub fn state(&self, capture: CaptureId) -> clearshot_capture::CaptureState {
        self.store.entry(capture).unwrap().state
    }

    pub fn total_length(&self) -> u64 {
        self.store.queue().unwrap().iter().map(|entry| entry.length).sum()
    }
}

/// A picture that does not compress, so that a small one makes a long upload.
fn noise(seed: u32) -> Vec<u8> {
    let mut word = 0x9E37_79B9_u32.wrapping_add(seed.wrapping_mul(77));
    let picture = image::GrayImage::from_fn(480, 360, |_, _| {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        image::Luma([(word >> 8) as u8])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Gives the first token until it is asked for a fresh one.
pub struct Tokens {
    pub refreshed: AtomicU64,
    pub fresh: Result<AccessToken, TokenError>,
}

impl Tokens {
    pub fn refreshing_to(fresh: Result<&str, TokenError>) -> Arc<Self> {
        Arc::new(Self { refreshed: AtomicU64::new(0), fresh: fresh.map(token) })
    }
}

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        if self.refreshed.load(Ordering::SeqCst) == 0 { Ok(token("t1")) } else { self.fresh.clone() }
    }

    async fn refresh(&self) -> Result<AccessToken, TokenError> {
        self.refreshed.fetch_add(1, Ordering::SeqCst);
        self.fresh.clone()
    }
}

pub fn uploader(server: &Server) -> Uploader {
    uploader_with(server, Tokens::refreshing_to(Ok("t2")))
}

pub fn uploader_with(server: &Server, tokens: Arc<dyn TokenProvider>) -> Uploader {
    Uploader::new(server.performer(), tokens, Arc::new(Timestamp::now)).with_patience(Duration::from_secs(5))
}

/// Synchronises on a network that costs nothing.
pub async fn sync(uploader: &Uploader, phone: &Phone) -> SyncReport {
    let (_keep, conditions) = watch::channel(Conditions::UNMETERED);
    uploader.sync(Arc::clone(&phone.store), conditions, &CancellationToken::new()).await.unwrap()
}

/// Everything that has happened so far.
pub fn drain(events: &mut (impl Stream<Item = ProgressEvent> + Unpin)) -> Vec<ProgressEvent> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

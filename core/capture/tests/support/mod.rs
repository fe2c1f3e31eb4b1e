//! A phone with a folder and keys, and photos to take with it. The photos are drawn and judged by the real analysis.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![allow(dead_code, unreachable_pub, reason = "every test file uses another part")]

pub mod disk;

use clearshot_analysis::{Policy, StillLimits, StillScratch, Verdict};
use clearshot_capture::{
    AskPolicy, CaptureStore, Conditions, JudgedPhoto, Keep, MeteredPolicy, NewCapture, NewItem, NewSession,
    Outcome, Plan, RepairReport, SavedCapture, SessionView, Step, StoreConfig, StoreKeys, UploadRequest,
};
use clearshot_protocol::api::{EvidenceStatus, ReturnReason, ShotRole};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{CaptureId, ReturnId, Sha256Digest, ShotId, Timestamp};

pub const SKU: &str = "MUG-350-TERRACOTTA";
pub const TITLE: &str = "Terracotta mug with handle";
pub const LOCATION: &str = "http://shop.example/v1/uploads/1";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub struct Phone {
    pub folder: tempfile::TempDir,
    pub keys: StoreKeys,
    pub service: Identity,
    pub config: StoreConfig,
}

impl Phone {
    pub fn new() -> Self {
        let service = Identity::generate();
        let keys = StoreKeys { device: Identity::generate(), service: service.recipient() };
        let config = StoreConfig { jitter_seed: Some(7), ..StoreConfig::default() };
        Self { folder: tempfile::tempdir().unwrap(), keys, service, config }
    }

    pub fn open(&self) -> (CaptureStore, RepairReport) {
        CaptureStore::open(self.folder.path(), self.keys.clone(), self.config.clone(), at(0)).unwrap()
    }

    /// Opens a store in which nothing had to be mended.
    pub fn store(&self) -> CaptureStore {
        let (store, report) = self.open();
        assert!(report.is_clean(), "{report:?}");
        store
    }

    pub fn vault_file(&self, capture: CaptureId) -> std::path::PathBuf {
        self.folder.path().join("vault").join(format!("{capture}.sealed"))
    }

    /// How many files are in a part of the folder.
    pub fn count(&self, part: &str) -> usize {
        std::fs::read_dir(self.folder.path().join(part)).unwrap().count()
    }
}

pub fn item(sku: &str, reason: ReturnReason) -> NewItem {
    NewItem {
        sku: sku.to_owned(),
        title: TITLE.to_owned(),
        reason,
        metered: MeteredPolicy::Any,
        ask_policy: AskPolicy::Soft,
    }
}

/// A session with one damaged item.
pub fn session(store: &CaptureStore) -> SessionView {
    let new = NewSession { return_id: ReturnId::mint(at(0)), items: vec![item(SKU, ReturnReason::Damaged)] };
    store.session(store.open_session(&new, at(0)).unwrap()).unwrap()
}

/// The shot of the first item at this place in its list.
pub fn shot(session: &SessionView, place: usize) -> ShotId {
    session.items[0].shots[place].id
}

/// Along each side of a picture.
const PATCHES: usize = 12;

/// Patches of many greys, another pattern for every seed: sharp, well lit.
pub fn picture(seed: u64, width: u16, height: u16, brightest: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let patches: Vec<[u64; 3]> =
        (0..PATCHES * PATCHES).map(|_| std::array::from_fn(|_| draw() % brightest)).collect();
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..usize::from(height) {
        for x in 0..usize::from(width) {
            let patch = y * PATCHES / usize::from(height) * PATCHES + x * PATCHES / usize::from(width);
            pixels.extend(patches[patch].map(|value| (value + draw() % 6) as u8));
        }
    }
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 92)
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    jpeg
}

pub fn judge(jpeg: &[u8]) -> JudgedPhoto {
    let (limits, policy, mut scratch) = (StillLimits::default(), Policy::default(), StillScratch::default());
    // The pictures are noise in patches: nothing is to be asked of their framing.
    JudgedPhoto::judge(jpeg, ShotRole::Other, &limits, &policy, &mut scratch).unwrap()
}

pub fn good_photo(seed: u64) -> JudgedPhoto {
    let photo = judge(&picture(seed, 480, 360, 240));
    assert_eq!(photo.verdict(), Verdict::Good, "{:?}", photo.report());
    photo
}

pub fn dark_photo(seed: u64) -> JudgedPhoto {
    let photo = judge(&picture(seed, 480, 360, 14));
    assert_eq!(photo.verdict(), Verdict::Retake, "{:?}", photo.report());
    photo
}

pub fn capture(shot: ShotId, photo: &JudgedPhoto, decision: Keep, second: i64) -> NewCapture<'_> {
    let monotonic_millis = second.unsigned_abs() * 1_000;
    NewCapture {
        shot,
        photo,
        decision,
        taken_at: at(second),
        monotonic_millis,
        annotation: Vec::new(),
        metered: None,
    }
}

/// Takes a good photo and keeps it.
pub fn keep(store: &CaptureStore, shot: ShotId, second: i64) -> SavedCapture {
    store
        .keep(&capture(shot, &good_photo(second.unsigned_abs() + 1), Keep::AsGood, second), at(second))
        .unwrap()
}

/// The step that is handed out now.
pub fn step(store: &CaptureStore, second: i64) -> Step {
    match store.next(Conditions::UNMETERED, at(second)).unwrap() {
        Plan::Upload(step) => step,
        other => panic!("{other:?}"),
    }
}

/// What a server without faults answers, which has other bytes of the photo than `sha256` when that is given.
pub fn honest(step: &Step, sha256: Sha256Digest) -> Outcome {
    match &step.request {
        UploadRequest::Create { body, .. } => {
            Outcome::Created { location: LOCATION.to_owned(), offset: *body }
        }
        UploadRequest::AskOffset { .. } => Outcome::Offset { offset: 0 },
        UploadRequest::Append { offset, body, .. } => Outcome::Offset { offset: offset + body },
        UploadRequest::Confirm => {
            Outcome::Evidence { status: EvidenceStatus::Accepted, sha256, rejection: None }
        }
    }
}

/// Sends everything to a server without faults; says when it was done, in seconds.
pub fn send_all(store: &CaptureStore, mut second: i64) -> i64 {
    loop {
        match store.next(Conditions::UNMETERED, at(second)).unwrap() {
            Plan::Upload(step) => {
                let sha256 = store.entry(step.capture).unwrap().sha256;
                store.report(step.lease, &honest(&step, sha256), at(second)).unwrap().unwrap();
            }
            Plan::Wait { until: Some(_), .. } => second += 1,
            Plan::Wait { until: None, reason } => panic!("{reason:?}"),
            Plan::Done => return second,
        }
    }
}

/// A phone with two captures, closed.
pub fn phone_with_two() -> (Phone, [CaptureId; 2]) {
    let phone = Phone::new();
    let store = phone.store();
    let session = session(&store);
    let ids = [keep(&store, shot(&session, 0), 1).id, keep(&store, shot(&session, 1), 2).id];
    (phone, ids)
}

/// The database of its queue.
pub fn database(phone: &Phone) -> std::path::PathBuf {
    phone.folder.path().join("queue.sqlite")
}

//! From a judged photo to "saved", against the least that a careful app could do by hand with the same bytes: write the
//! file, sync it, rename it, sync the folder, insert a row. Sealing is on our side only.
//!
//! `cargo bench -p clearshot-capture` prints p50 and p95 of both, measured alternately in one run, and their ratio.
//! Criterion's own report has no p95, so the percentiles come from a loop of our own; criterion then times the two again.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot be set up has no result")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use clearshot_analysis::{Policy, StillLimits, StillScratch};
use clearshot_capture::{
    AskPolicy, CaptureStore, JudgedPhoto, Keep, MeteredPolicy, NewCapture, NewItem, NewSession, StoreConfig,
    StoreKeys,
};
use clearshot_protocol::api::{ReturnReason, ShotRole};
use clearshot_protocol::seal::Identity;
use clearshot_protocol::{ReturnId, ShotId, Timestamp};
use criterion::{Criterion, criterion_group, criterion_main};

/// Enough that p95 has 10 samples above it.
const SAMPLES: usize = 200;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap_or_default()
}

/// A photo whose derivative has about 2 MB: noise of an amplitude that compresses to that.
fn photo() -> JudgedPhoto {
    let (width, height) = (2_560_u16, 1_920_u16);
    let mut state = 0x9e37_79b9_u32;
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (96 + (at / 3 / 64 % 40) as u32 + (state >> 26)) as u8
        })
        .collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .expect("the size is valid");
    let (limits, policy, mut scratch) = (StillLimits::default(), Policy::default(), StillScratch::default());
    JudgedPhoto::judge(&jpeg, ShotRole::Defect, &limits, &policy, &mut scratch).expect("the photo is valid")
}

struct Ours {
    store: CaptureStore,
    shot: ShotId,
    photo: JudgedPhoto,
}

impl Ours {
    fn new(folder: &Path) -> Self {
        let keys = StoreKeys { device: Identity::generate(), service: Identity::generate().recipient() };
        let config =
            StoreConfig { max_captures: 1_000_000, max_vault_bytes: u64::MAX, ..StoreConfig::default() };
        let (store, _) = CaptureStore::open(folder, keys, config, now()).expect("the folder is new");
        let item = NewItem {
            sku: "BENCH-1".to_owned(),
            title: "Bench".to_owned(),
            reason: ReturnReason::Damaged,
            metered: MeteredPolicy::Any,
            ask_policy: AskPolicy::Warn,
        };
        let session = NewSession { return_id: ReturnId::mint(now()), items: vec![item] };
        let session = store.open_session(&session, now()).expect("the session is valid");
        let shot = store.session(session).expect("it was just opened").items[0].shots[0].id;
        Self { store, shot, photo: photo() }
    }

    fn keep(&self) -> u64 {
        let new = NewCapture {
            shot: self.shot,
            photo: &self.photo,
            decision: Keep::AsGood,
            taken_at: now(),
            monotonic_millis: 0,
            annotation: Vec::new(),
            metered: None,
        };
        self.store.keep(&new, now()).expect("there is room").length
    }
}

struct ByHand {
    folder: std::path::PathBuf,
    database: rusqlite::Connection,
    bytes: Vec<u8>,
    count: u64,
}

impl ByHand {
    fn new(folder: &Path, length: u64) -> Self {
        let database = rusqlite::Connection::open(folder.join("by-hand.sqlite")).expect("the folder is new");
        database
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE photos (id INTEGER PRIMARY KEY, path TEXT NOT NULL, length INTEGER NOT NULL)",
            )
            .expect("the statements are valid");
        let bytes = (0..length).map(|at| (at * 31 % 251) as u8).collect();
        Self { folder: folder.to_owned(), database, bytes, count: 0 }
    }

    fn save(&mut self) -> std::io::Result<()> {
        self.count += 1;
        let (from, to) = (self.folder.join("by-hand.tmp"), self.folder.join(format!("{}.jpg", self.count)));
        let mut file = File::create(&from)?;
        file.write_all(&self.bytes)?;
        file.sync_all()?;
        fs::rename(&from, &to)?;
        File::open(&self.folder)?.sync_all()?;
        self.database
            .execute(
                "INSERT INTO photos (path, length) VALUES (?1, ?2)",
                rusqlite::params![to.to_string_lossy(), self.bytes.len()],
            )
            .map_err(std::io::Error::other)?;
        Ok(())
    }
}

fn percentile(samples: &mut [Duration], percent: usize) -> f64 {
    samples.sort();
    samples[(samples.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn shutter_to_durable(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours = Ours::new(&folder.path().join("queue"));
    let length = ours.keep();
    let hand_folder = folder.path().join("by-hand");
    fs::create_dir(&hand_folder).expect("the folder is new");
    let mut by_hand = ByHand::new(&hand_folder, length);

    let (mut kept, mut saved) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let start = Instant::now();
        ours.keep();
        kept.push(start.elapsed());
        let start = Instant::now();
        by_hand.save().expect("there is room");
        saved.push(start.elapsed());
    }
    println!("shutter to durable, {length} sealed bytes, {SAMPLES} samples each, taken alternately");
    for percent in [50, 95] {
        let (ours, theirs) = (percentile(&mut kept, percent), percentile(&mut saved, percent));
        println!("p{percent}: keep {ours:.2} ms, by hand {theirs:.2} ms, ratio {:.2}", ours / theirs);
    }

    let mut group = criterion.benchmark_group("shutter_to_durable");
    group.sample_size(20);
    group.bench_function("keep", |bencher| bencher.iter(|| ours.keep()));
    group.bench_function("by_hand", |bencher| bencher.iter(|| by_hand.save()));
    group.finish();
}

criterion_group!(benches, shutter_to_durable);
criterion_main!(benches);

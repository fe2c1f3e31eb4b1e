//! The shopper: takes the photos of the story one by one, without a network.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clearshot_analysis::{Policy, StillLimits, StillScratch};
use clearshot_capture::{
    AskPolicy, CaptureError, CaptureStore, JudgedPhoto, Keep, MeteredPolicy, NewCapture, NewItem, NewSession,
    SavedCapture, SessionView,
};
use clearshot_protocol::{ReturnId, ReturnItemId, SessionId, ShotId, Timestamp};

use super::photos::{Story, StoryPhoto};
use super::show;
use crate::output::Voice;

/// What taking the photos took.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Photos that the shutter took, retakes included.
    pub(super) photos: u64,
    /// Bytes that the camera wrote.
    pub(super) bytes: u64,
    /// Decoding, judging, and making derivative and thumbnail, for each photo.
    pub(super) judging: Vec<Duration>,
    /// From the shopper's decision to durable, for each photo that was kept.
    pub(super) keeping: Vec<Duration>,
}

/// What became of one photo.
pub(super) enum Fate {
    /// Durable.
    Saved(SavedCapture),
    /// The shopper was asked, and takes it again.
    TakenAgain,
}

/// Opens a session for the return's items and takes every photo of the story.
pub(super) fn take_photos(
    voice: Voice,
    store: &CaptureStore,
    return_id: ReturnId,
    story: &Story,
) -> anyhow::Result<Taken> {
    let session = open_session(store, return_id, story)?;
    let began = Instant::now();
    let mut shopper = Shopper {
        voice,
        store,
        session,
        return_id,
        shots: HashMap::new(),
        began,
        policy: Policy::default(),
        limits: StillLimits::default(),
        scratch: StillScratch::default(),
        taken: Taken::default(),
    };
    for (at, photo) in story.photos.iter().enumerate() {
        let has_retake =
            story.photos.get(at + 1).is_some_and(|next| next.retake_of.as_deref() == Some(&photo.name));
        shopper.take(photo, has_retake).with_context(|| format!("take {}", photo.name))?;
    }
    Ok(shopper.taken)
}

fn open_session(store: &CaptureStore, return_id: ReturnId, story: &Story) -> anyhow::Result<SessionId> {
    let items = story
        .items
        .iter()
        .map(|item| NewItem {
            sku: item.sku.clone(),
            title: item.title.clone(),
            reason: item.reason,
            metered: MeteredPolicy::Any,
            ask_policy: AskPolicy::Soft,
        })
        .collect();
    Ok(store.open_session(&NewSession { return_id, items }, Timestamp::now())?)
}

struct Shopper<'a> {
    voice: Voice,
    store: &'a CaptureStore,
    session: SessionId,
    return_id: ReturnId,
    /// The shot that each photo was taken for, by the photo's name.
    shots: HashMap<String, ShotId>,
    began: Instant,
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
    taken: Taken,
}

impl Shopper<'_> {
    fn take(&mut self, photo: &StoryPhoto, has_retake: bool) -> anyhow::Result<()> {
        let bytes = photo.read()?;
        let shot = self.shot_for(photo)?;
        self.shots.insert(photo.name.clone(), shot);
        self.taken.photos += 1;
        self.taken.bytes += bytes.len() as u64;

        let start = Instant::now();
        let judged = self.store.judge(&bytes, photo.role, &self.limits, &self.policy, &mut self.scratch);
        let mut judged = match judged {
            Err(CaptureError::Photo(error)) => return show::unreadable(self.voice, photo, error),
            other => other?,
        };
        let assessment = self.store.assess(shot, &mut judged)?;
        let judging = start.elapsed();
        self.taken.judging.push(judging);

        let start = Instant::now();
        let fate = self.decide(shot, &judged, has_retake)?;
        let keeping = start.elapsed();
        if let Fate::Saved(_) = fate {
            self.taken.keeping.push(keeping);
        }
        show::taken(self.voice, photo, &judged, &assessment, &fate, judging, keeping)
    }

    /// Keeps a good photo. Of one that analysis would retake, the shopper takes another where the story has one, and
    /// insists on it otherwise.
    fn decide(&self, shot: ShotId, photo: &JudgedPhoto, has_retake: bool) -> Result<Fate, CaptureError> {
        let now = Timestamp::now();
        let mut new = NewCapture {
            shot,
            photo,
            decision: Keep::AsGood,
            taken_at: now,
            monotonic_millis: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            annotation: Vec::new(),
            metered: None,
        };
        match self.store.keep(&new, now) {
            Err(CaptureError::AskFirst { .. }) => {}
            other => return other.map(Fate::Saved),
        }
        self.store.record_ask(shot, photo, now)?;
        if has_retake {
            return Ok(Fate::TakenAgain);
        }
        new.decision = Keep::Override;
        self.store.keep(&new, now).map(Fate::Saved)
    }

    /// A retake's shot is that of the photo it replaces. Otherwise the first of the role that no photo was taken for, or
    /// one more.
    fn shot_for(&self, photo: &StoryPhoto) -> anyhow::Result<ShotId> {
        if let Some(shot) = photo.retake_of.as_ref().and_then(|name| self.shots.get(name)) {
            return Ok(*shot);
        }
        let session: SessionView = self.store.session(self.session)?;
        let item_id = ReturnItemId::of(self.return_id, &photo.sku);
        let item = session.items.iter().find(|item| item.id == item_id).context("find the photo's item")?;
        let free = |id: &ShotId| !self.shots.values().any(|taken| taken == id);
        match item.shots.iter().find(|shot| shot.role == photo.role && free(&shot.id)) {
            Some(shot) => Ok(shot.id),
            None => Ok(self.store.add_shot(self.session, item_id, photo.role, Timestamp::now())?),
        }
    }
}

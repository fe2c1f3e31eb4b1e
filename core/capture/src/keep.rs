//! From a judged photo to a saved capture: duplicates, asks, overrides, and the commit order.

use clearshot_analysis::{PerceptualHash, Reason, StillReport, Verdict};
use clearshot_protocol::envelope::{EnvelopeError, write_envelope};
use clearshot_protocol::manifest::{
    AnalysisRecord, ChainLink, MANIFEST_FORMAT, Manifest, ManifestItem, ManifestPhoto, ManifestShot,
    Override, Stroke, VerdictCode,
};
use clearshot_protocol::seal::SealError;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::config::{AskPolicy, MeteredPolicy};
use crate::database::word;
use crate::error::{CaptureError, QuotaLimit};
use crate::folder_lock::FolderLock;
use crate::photo::{JudgedPhoto, ModelMark};
use crate::planner::clock;
use crate::row::CaptureRow;
use crate::store::CaptureStore;
use crate::vault::{VaultHeader, write_error};

/// Bytes that a sealed photo takes beyond photo and thumbnail: manifest (about 3 KB), headers, 16 bytes per 64 KiB.
const SEALING_ALLOWANCE: u64 = 64 * 1024;

/// Points that all strokes on a photo may have together. A minute of drawing at 120 points a second is 7,200; as text these
/// take a quarter of what a manifest may.
const MAX_POINTS: usize = 10_000;

/// How often a shopper is asked for another photo of one shot before their photo is kept as it is.
pub const ASKS: u8 = 2;

/// What to do with a photo that analysis would have retaken. Makes no difference for a good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The shopper goes on as if it were good. Refused ([`CaptureError::AskFirst`]) while the policy wants them asked.
    AsGood,
    /// The shopper insists on it. Refused only by [`crate::AskPolicy::Hard`] before the asks are used up.
    Override,
}

/// A photo to keep.
#[derive(Debug, Clone)]
pub struct NewCapture<'a> {
    /// The shot it was taken for. It supersedes the shot's current capture.
    pub shot: ShotId,
    /// The photo.
    pub photo: &'a JudgedPhoto,
    /// What the shopper decided, where analysis would have retaken it.
    pub decision: Keep,
    /// When the shutter was pressed.
    pub taken_at: Timestamp,
    /// The same moment in milliseconds of the phone's monotonic clock, since the session began.
    pub monotonic_millis: u64,
    /// What the shopper drew on it.
    pub annotation: Vec<Stroke>,
    /// Which networks it may use; `None`: as its item says.
    pub metered: Option<MeteredPolicy>,
}

/// A capture that is durable: sealed, synced and in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCapture {
    /// Its id.
    pub id: CaptureId,
    /// The capture that it replaces.
    pub supersedes: Option<CaptureId>,
    /// Its place in the session's hash chain, from 0.
    pub sequence: u32,
    /// Sealed bytes.
    pub length: u64,
    /// Digest of the sealed bytes.
    pub sha256: Sha256Digest,
    /// What was recorded, when analysis would have retaken it.
    pub kept_anyway: Option<Override>,
}

/// What is known of a photo before the shopper decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Good, or retake.
    pub verdict: Verdict,
    /// Why to retake, the one to tell first at the front.
    pub reasons: Vec<Reason>,
    /// The session's capture that shows the same.
    pub duplicate_of: Option<CaptureId>,
    /// Where asking stands.
    pub asks: AskState,
}

/// Where asking for another photo of a shot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskState {
    /// Asks made since the shot's last capture was kept.
    pub asks: u8,
    /// Asks left; at 0 [`Keep::AsGood`] keeps whatever analysis says.
    pub asks_left: u8,
    /// Whether [`Keep::Override`] would be accepted now.
    pub may_override: bool,
}

impl AskState {
    fn new(policy: AskPolicy, asks: u8) -> Self {
        let left = ASKS.saturating_sub(asks);
        match policy {
            AskPolicy::Warn => Self { asks, asks_left: 0, may_override: true },
            AskPolicy::Soft => Self { asks, asks_left: left, may_override: true },
            AskPolicy::Hard => Self { asks, asks_left: left, may_override: left == 0 },
        }
    }
}

/// What the database knows of a shot whose photo is to be kept.
struct ShotContext {
    shot: ManifestShot,
    session: SessionId,
    return_id: ReturnId,
    item: ReturnItemId,
    sku: Option<Vec<u8>>,
    metered: String,
    asks: AskState,
    current: Option<CaptureId>,
    chain: ChainLink,
    duplicate_of: Option<CaptureId>,
    vault_captures: u64,
    vault_bytes: u64,
}

impl CaptureStore {
    /// Looks whether the session holds this photo already, in another shot; if so, adds the reason `duplicate` to its
    /// report. Says what the shopper may do with it.
    pub fn assess(&self, shot: ShotId, photo: &mut JudgedPhoto) -> Result<Assessment, CaptureError> {
        let context = self.read(|connection| shot_context(connection, shot, photo.perceptual_hash()))?;
        if context.duplicate_of.is_some() {
            photo.mark_duplicate();
        }
        Ok(Assessment {
            verdict: photo.verdict(),
            reasons: photo.report().reasons.clone(),
            duplicate_of: context.duplicate_of,
            asks: context.asks,
        })
    }

    /// Counts that the shopper was asked for another photo of this shot, and takes one. A good photo counts nothing.
    pub fn record_ask(
        &self,
        shot: ShotId,
        photo: &JudgedPhoto,
        now: Timestamp,
    ) -> Result<AskState, CaptureError> {
        self.write(|transaction| {
            if photo.verdict() == Verdict::Retake {
                transaction.execute(
                    "UPDATE shots SET asks = min(asks + 1, 255), asked_at = ?2 WHERE id = ?1",
                    params![shot.as_bytes(), now.as_millisecond()],
                )?;
            }
            Ok(shot_context(transaction, shot, photo.perceptual_hash())?.asks)
        })
    }

    /// Seals a photo, makes it durable, and puts it into the queue: only when this returns is it saved.
    ///
    /// The order is: the sealed file into `tmp/`, synced, renamed into `vault/`, the folder synced, the row committed.
    pub fn keep(&self, new: &NewCapture<'_>, now: Timestamp) -> Result<SavedCapture, CaptureError> {
        check_annotation(&new.annotation)?;
        // The chain of a session is a line: one capture at a time, among all processes.
        let folder = self.lock_folder()?;
        let context =
            folder.read(|connection| shot_context(connection, new.shot, new.photo.perceptual_hash()))?;
        let mut report = new.photo.report().clone();
        if context.duplicate_of.is_some() {
            report.add_reason(Reason::Duplicate);
        }
        let kept_anyway = decide(&report, new.decision, context.asks)?;
        self.check_quota(&context, new.photo)?;

        let capture = CaptureId::mint(now);
        let manifest = self.manifest_of(new, capture, &context, &report, kept_anyway.clone())?;
        folder.begin_photo(capture)?;
        let recipients = [self.keys.device.recipient(), self.keys.service.clone()];
        let mut manifest_sha256 = None;
        let header = self.vault.write(capture, |out| {
            let photo = new.photo;
            let (_, sealed) =
                write_envelope(&recipients, &manifest, &photo.thumbnail().bytes, &photo.photo().bytes, out)
                    .map_err(envelope_error)?;
            manifest_sha256 = Some(sealed.manifest_sha256);
            Ok(VaultHeader {
                capture,
                session: context.session,
                return_id: context.return_id,
                item: context.item,
                shot: new.shot,
                saved_millis: now.as_millisecond(),
                length: sealed.length,
                sha256: sealed.sha256,
            })
        })?;
        let row = CaptureRow::of(&header, Some((&manifest, manifest_sha256)));
        let inserted = folder.write(|transaction| {
            clock::note(transaction, now)?;
            row.insert(transaction, new.metered.map_or(&context.metered, |policy| policy.as_str()))?;
            transaction.execute("UPDATE shots SET asks = 0 WHERE id = ?1", params![new.shot.as_bytes()])?;
            Ok(())
        });
        if let Err(error) = inserted {
            return Err(self.take_back(&folder, capture, error));
        }
        // Failing leaves a note that makes the next one look at the folder; the photo is saved all the same.
        let _ = folder.end_photo();
        Ok(SavedCapture {
            id: capture,
            supersedes: context.current,
            sequence: manifest.chain.sequence,
            length: header.length,
            sha256: header.sha256,
            kept_anyway,
        })
    }

    fn check_quota(&self, context: &ShotContext, photo: &JudgedPhoto) -> Result<(), CaptureError> {
        let more = (photo.photo().bytes.len() + photo.thumbnail().bytes.len()) as u64 + SEALING_ALLOWANCE;
        let used = context.vault_bytes + more;
        let (captures, config) = (context.vault_captures + 1, &self.config);
        if used > config.max_vault_bytes {
            return Err(CaptureError::Quota(QuotaLimit::Bytes { used, limit: config.max_vault_bytes }));
        }
        if captures > config.max_captures {
            let limit = config.max_captures;
            return Err(CaptureError::Quota(QuotaLimit::Captures { used: captures, limit }));
        }
        self.vault.check_disk_share(context.vault_bytes, more, config.max_disk_share_percent)
    }

    fn manifest_of(
        &self,
        new: &NewCapture<'_>,
        capture: CaptureId,
        context: &ShotContext,
        report: &StillReport,
        kept_anyway: Option<Override>,
    ) -> Result<Manifest, CaptureError> {
        let sku = self
            .open_label("items.sku", context.item, context.sku.as_deref())
            .ok_or(CaptureError::LabelUnreadable(context.item))?;
        let photo = new.photo.photo();
        Ok(Manifest {
            format: MANIFEST_FORMAT,
            capture,
            session: context.session,
            return_id: context.return_id,
            item: ManifestItem { id: context.item, sku },
            shot: context.shot.clone(),
            supersedes: context.current,
            taken_at: new.taken_at,
            monotonic_millis: new.monotonic_millis,
            photo: ManifestPhoto {
                media_type: "image/jpeg".to_owned(),
                width: photo.width,
                height: photo.height,
                length: photo.bytes.len() as u64,
                sha256: Sha256Digest::of(&photo.bytes),
                perceptual_hash: format!("{:016x}", new.photo.perceptual_hash().0),
            },
            analysis: record(report, new.photo.model())?,
            kept_anyway,
            annotation: new.annotation.clone(),
            chain: context.chain.clone(),
        })
    }

    /// Removes the file of a capture whose row was refused, so that nothing is half-saved. When it cannot be known
    /// whether the row was refused, the file stays: the next opening adopts it.
    fn take_back(&self, folder: &FolderLock<'_>, capture: CaptureId, error: CaptureError) -> CaptureError {
        let has_row = folder.read(|connection| {
            let mut statement = connection.prepare("SELECT 1 FROM captures WHERE id = ?1")?;
            Ok(statement.exists(params![capture.as_bytes()])?)
        });
        if let Ok(false) = has_row {
            // Best effort, for the same reason.
            let _ = self.vault.remove(capture);
        }
        error
    }
}

/// Numbers that are none have no text in a manifest: the server could not read it.
fn check_annotation(strokes: &[Stroke]) -> Result<(), CaptureError> {
    let points = || strokes.iter().flat_map(|stroke| &stroke.points);
    if strokes.len() > MAX_POINTS || points().count() > MAX_POINTS {
        return Err(CaptureError::BadAnnotation("it has more than 10000 points"));
    }
    let is_finite = points().all(|(x, y)| x.is_finite() && y.is_finite())
        && strokes.iter().all(|stroke| stroke.width.is_finite());
    if !is_finite {
        return Err(CaptureError::BadAnnotation("a point or a width of it is no number"));
    }
    Ok(())
}

/// What the shopper's decision means for a photo with this report.
fn decide(report: &StillReport, decision: Keep, ask: AskState) -> Result<Option<Override>, CaptureError> {
    if report.verdict == Verdict::Good {
        return Ok(None);
    }
    let allowed = match decision {
        Keep::AsGood => ask.asks_left == 0,
        Keep::Override => ask.may_override,
    };
    if !allowed {
        return Err(CaptureError::AskFirst { asks: ask.asks, reasons: report.reasons.clone() });
    }
    Ok(Some(Override { asks: ask.asks, reasons: codes(report) }))
}

fn codes(report: &StillReport) -> Vec<String> {
    report.reasons.iter().map(|reason| reason.code().to_owned()).collect()
}

fn record(report: &StillReport, model: Option<&ModelMark>) -> Result<AnalysisRecord, CaptureError> {
    Ok(AnalysisRecord {
        verdict: match report.verdict {
            Verdict::Good => VerdictCode::Good,
            Verdict::Retake => VerdictCode::Retake,
        },
        reasons: codes(report),
        policy_version: report.policy_version,
        policy_hash: report.policy_hash.clone(),
        model_hash: model.map(|model| model.sha256.clone()),
        model_version: model.map(|model| model.version),
        report: serde_json::to_value(report).map_err(EnvelopeError::from)?,
    })
}

/// A full disk must not hide behind the sealing that noticed it.
fn envelope_error(error: EnvelopeError) -> CaptureError {
    match error {
        EnvelopeError::Io(error) | EnvelopeError::Seal(SealError::Io(error)) => write_error(error),
        other => CaptureError::Envelope(other),
    }
}

fn shot_context(
    connection: &Connection,
    shot: ShotId,
    hash: PerceptualHash,
) -> Result<ShotContext, CaptureError> {
    // The newest by its place in the chain: ids sort by a clock that can be set back.
    let mut statement = connection.prepare_cached(
        "SELECT shots.session, shots.item, shots.role, shots.overview, shots.ask_policy, shots.asks,
         sessions.return_id, items.sku, items.metered,
         (SELECT captures.id FROM captures WHERE captures.shot = shots.id
          ORDER BY captures.sequence DESC, captures.id DESC LIMIT 1),
         (SELECT count(*) FROM captures WHERE on_device = 1),
         (SELECT coalesce(sum(length), 0) FROM captures WHERE on_device = 1)
         FROM shots JOIN sessions ON sessions.id = shots.session
         JOIN items ON items.session = shots.session AND items.id = shots.item WHERE shots.id = ?1",
    )?;
    let mut rows = statement.query(params![shot.as_bytes()])?;
    let row = rows.next()?.ok_or(CaptureError::UnknownShot(shot))?;
    let session = SessionId::from_bytes(row.get(0)?);
    Ok(ShotContext {
        shot: ManifestShot {
            id: shot,
            role: word(&row.get::<_, String>(2)?, "a shot's role")?,
            overview: row.get::<_, Option<[u8; 16]>>(3)?.map(ShotId::from_bytes),
        },
        session,
        return_id: ReturnId::from_bytes(row.get(6)?),
        item: ReturnItemId::from_bytes(row.get(1)?),
        sku: row.get(7)?,
        metered: row.get(8)?,
        asks: AskState::new(word(&row.get::<_, String>(4)?, "an ask policy")?, row.get(5)?),
        current: row.get::<_, Option<[u8; 16]>>(9)?.map(CaptureId::from_bytes),
        chain: chain_end(connection, session)?,
        duplicate_of: duplicate(connection, session, shot, hash)?,
        vault_captures: row.get(10)?,
        vault_bytes: row.get(11)?,
    })
}

/// The place that the session's next capture has in the chain.
fn chain_end(connection: &Connection, session: SessionId) -> Result<ChainLink, CaptureError> {
    let last: Option<(u32, [u8; 32])> = connection
        .prepare_cached(
            "SELECT captures.sequence, captures.manifest_sha256 FROM captures
             JOIN shots ON shots.id = captures.shot
             WHERE shots.session = ?1 AND captures.sequence NOT NULL ORDER BY captures.sequence DESC LIMIT 1",
        )?
        .query_row(params![session.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match last {
        None => ChainLink { sequence: 0, previous: None },
        Some((sequence, digest)) => {
            let sequence: u32 = sequence;
            let next = sequence.checked_add(1).ok_or(CaptureError::Row("the session's chain"))?;
            ChainLink { sequence: next, previous: Some(Sha256Digest::from_bytes(digest)) }
        }
    })
}

/// The session's capture of another shot that shows the same. A retake may look like what it replaces, and what was
/// replaced does not count.
fn duplicate(
    connection: &Connection,
    session: SessionId,
    shot: ShotId,
    hash: PerceptualHash,
) -> Result<Option<CaptureId>, CaptureError> {
    let mut statement = connection.prepare_cached(
        "SELECT captures.id, captures.perceptual_hash FROM captures JOIN shots ON shots.id = captures.shot
         WHERE shots.session = ?1 AND shots.id <> ?2 AND captures.perceptual_hash NOT NULL
         AND captures.id NOT IN (SELECT supersedes FROM captures WHERE supersedes NOT NULL)
         ORDER BY captures.id",
    )?;
    let mut rows = statement.query(params![session.as_bytes(), shot.as_bytes()])?;
    while let Some(row) = rows.next()? {
        if PerceptualHash(row.get::<_, i64>(1)?.cast_unsigned()).is_duplicate_of(hash) {
            return Ok(Some(CaptureId::from_bytes(row.get(0)?)));
        }
    }
    Ok(None)
}

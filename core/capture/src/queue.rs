//! What the queue shows of itself.

use clearshot_analysis::Verdict;
use clearshot_protocol::api::ShotRole;
use clearshot_protocol::manifest::Override;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::config::MeteredPolicy;
use crate::database::{time, word};
use crate::error::CaptureError;
use crate::folder_lock::FolderLock;
use crate::planner::Sealing;
use crate::store::CaptureStore;

/// Where a capture stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaptureState {
    /// Saved; nothing of it is known to have been sent.
    Queued,
    /// Partly sent.
    Uploading,
    /// The server has every byte, and has not yet accepted it.
    Uploaded,
    /// The server accepted it, with the same digest.
    Accepted,
    /// The server says that it cannot be evidence.
    Rejected,
    /// Sending has failed too often or for too long; [`CaptureStore::retry`] tries again.
    Stalled,
    /// Its photo is no longer whole on this phone.
    Lost,
}

crate::config::stored_words!(CaptureState, {
    Queued = "queued",
    Uploading = "uploading",
    Uploaded = "uploaded",
    Accepted = "accepted",
    Rejected = "rejected",
    Stalled = "stalled",
    Lost = "lost"
});

/// A capture, as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueEntry {
    /// The capture.
    pub capture: CaptureId,
    /// The sitting.
    pub session: SessionId,
    /// The return.
    pub return_id: ReturnId,
    /// The line of the return.
    pub item: ReturnItemId,
    /// The line's SKU, where it is known.
    pub sku: Option<String>,
    /// The slot.
    pub shot: ShotId,
    /// What the slot should show.
    pub role: ShotRole,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// What analysis said; absent where the sealed photo could not be opened when its row was rebuilt.
    pub verdict: Option<Verdict>,
    /// Codes of the reasons to retake.
    pub reasons: Vec<String>,
    /// The shopper kept it although analysis would have retaken it.
    pub kept_anyway: Option<Override>,
    /// The capture that it replaces.
    pub supersedes: Option<CaptureId>,
    /// The capture that replaces it.
    pub superseded_by: Option<CaptureId>,
    /// Where it stands.
    pub state: CaptureState,
    /// Bytes that the server is known to have.
    pub offset: u64,
    /// Sealed bytes, in all.
    pub length: u64,
    /// Digest of the sealed bytes.
    pub sha256: Sha256Digest,
    /// Failed tries since the last progress.
    pub attempts: u32,
    /// When it is tried again, if it waits.
    pub next_at: Option<Timestamp>,
    /// A stable code of what went wrong last, such as `network` or the server's.
    pub error: Option<String>,
    /// A sentence: where it stands and why.
    pub status: String,
    /// A sentence: what the shopper can do; absent where there is nothing to do.
    pub advice: Option<String>,
    /// Which networks it may use.
    pub metered: MeteredPolicy,
    /// Whether the photo is still on this phone.
    pub on_device: bool,
}

/// How many captures stand where. They always add up to [`Counters::captured`]. Those of sessions that were settled for
/// [`crate::StoreConfig::retention`] are no longer counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// All of them.
    pub captured: u64,
    /// [`CaptureState::Queued`].
    pub queued: u64,
    /// [`CaptureState::Uploading`].
    pub uploading: u64,
    /// [`CaptureState::Uploaded`].
    pub uploaded: u64,
    /// [`CaptureState::Accepted`].
    pub accepted: u64,
    /// [`CaptureState::Rejected`].
    pub rejected: u64,
    /// [`CaptureState::Stalled`].
    pub stalled: u64,
    /// [`CaptureState::Lost`].
    pub lost: u64,
}

impl QueueEntry {
    /// Whether another photo of the same could be accepted where this one was not. A return or an item that the shop does
    /// not know, and one that takes no more photos, would refuse it as well.
    pub fn another_photo_helps(&self) -> bool {
        match self.state {
            CaptureState::Rejected => self.error.as_deref().is_none_or(another_photo_helps),
            CaptureState::Lost => true,
            _ => false,
        }
    }
}

fn another_photo_helps(code: &str) -> bool {
    !matches!(
        code,
        "return-closed"
            | "return_closed"
            | "unknown-return"
            | "unknown-item"
            | "unsupported-media-type"
            | "http-415"
            | "invalid-field"
    )
}

impl CaptureStore {
    /// Every capture, in the order of taking them.
    pub fn queue(&self) -> Result<Vec<QueueEntry>, CaptureError> {
        self.read(|connection| self.entries(connection, None))
    }

    /// One capture.
    pub fn entry(&self, capture: CaptureId) -> Result<QueueEntry, CaptureError> {
        self.read(|connection| self.entries(connection, Some(capture)))?
            .pop()
            .ok_or(CaptureError::UnknownCapture(capture))
    }

    /// As [`Self::entry`], under the folder's lock.
    pub(crate) fn entry_locked(
        &self,
        folder: &FolderLock<'_>,
        capture: CaptureId,
    ) -> Result<QueueEntry, CaptureError> {
        folder
            .read(|connection| self.entries(connection, Some(capture)))?
            .pop()
            .ok_or(CaptureError::UnknownCapture(capture))
    }

    /// How many captures stand where.
    pub fn counters(&self) -> Result<Counters, CaptureError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT state, count(*) FROM captures GROUP BY state")?;
            let mut rows = statement.query([])?;
            let mut counters = Counters::default();
            while let Some(row) = rows.next()? {
                let count: u64 = row.get(1)?;
                counters.captured += count;
                *match word(&row.get::<_, String>(0)?, "a state")? {
                    CaptureState::Queued => &mut counters.queued,
                    CaptureState::Uploading => &mut counters.uploading,
                    CaptureState::Uploaded => &mut counters.uploaded,
                    CaptureState::Accepted => &mut counters.accepted,
                    CaptureState::Rejected => &mut counters.rejected,
                    CaptureState::Stalled => &mut counters.stalled,
                    CaptureState::Lost => &mut counters.lost,
                } += count;
            }
            Ok(counters)
        })
    }

    /// Changes which networks a capture may use.
    pub fn set_metered(&self, capture: CaptureId, policy: MeteredPolicy) -> Result<(), CaptureError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE captures SET metered = ?2 WHERE id = ?1",
                params![capture.as_bytes(), policy.as_str()],
            )?;
            if changed == 0 { Err(CaptureError::UnknownCapture(capture)) } else { Ok(()) }
        })
    }

    fn entries(
        &self,
        connection: &Connection,
        only: Option<CaptureId>,
    ) -> Result<Vec<QueueEntry>, CaptureError> {
        let mut statement = connection.prepare_cached(
            "SELECT captures.id, shots.session, sessions.return_id, shots.item, items.sku, shots.id, shots.role,
             captures.taken_at, captures.verdict, captures.reasons, captures.override_asks, captures.supersedes,
             (SELECT newer.id FROM captures newer WHERE newer.supersedes = captures.id LIMIT 1),
             captures.state, captures.server_offset, captures.length, captures.sha256, captures.attempts,
             captures.next_at, captures.error_code, captures.error_detail, captures.metered, captures.on_device
             FROM captures JOIN shots ON shots.id = captures.shot JOIN sessions ON sessions.id = shots.session
             JOIN items ON items.session = shots.session AND items.id = shots.item
             WHERE ?1 IS NULL OR captures.id = ?1 ORDER BY captures.taken_at, captures.id",
        )?;
        let mut rows = statement.query(params![only.as_ref().map(|id| *id.as_bytes())])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(self.entry_of(row)?);
        }
        Ok(entries)
    }

    fn entry_of(&self, row: &Row<'_>) -> Result<QueueEntry, CaptureError> {
        let capture = CaptureId::from_bytes(row.get(0)?);
        let item = ReturnItemId::from_bytes(row.get(3)?);
        let other = |column| -> Result<_, CaptureError> {
            Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(CaptureId::from_bytes))
        };
        let reasons: Vec<String> = match row.get::<_, Option<String>>(9)? {
            Some(json) => serde_json::from_str(&json).map_err(|_| CaptureError::Row("the reasons"))?,
            None => Vec::new(),
        };
        let asks: Option<u8> = row.get(10)?;
        let state: CaptureState = word(&row.get::<_, String>(13)?, "a state")?;
        let error: Option<String> = row.get(19)?;
        let detail = Sealing(&self.labels).open(capture, row.get::<_, Option<Vec<u8>>>(20)?.as_deref());
        Ok(QueueEntry {
            capture,
            session: SessionId::from_bytes(row.get(1)?),
            return_id: ReturnId::from_bytes(row.get(2)?),
            item,
            sku: self.open_label("items.sku", item, row.get::<_, Option<Vec<u8>>>(4)?.as_deref()),
            shot: ShotId::from_bytes(row.get(5)?),
            role: word(&row.get::<_, String>(6)?, "a shot's role")?,
            taken_at: time(row.get(7)?)?,
            verdict: match row.get::<_, Option<String>>(8)?.as_deref() {
                Some("good") => Some(Verdict::Good),
                Some(_) => Some(Verdict::Retake),
                None => None,
            },
            kept_anyway: asks.map(|asks| Override { asks, reasons: reasons.clone() }),
            reasons,
            supersedes: other(11)?,
            superseded_by: other(12)?,
            state,
            offset: row.get(14)?,
            length: row.get(15)?,
            sha256: Sha256Digest::from_bytes(row.get(16)?),
            attempts: row.get(17)?,
            next_at: row.get::<_, Option<i64>>(18)?.map(time).transpose()?,
            status: status(state, error.as_deref(), &detail),
            advice: advice(state, error.as_deref()).map(str::to_owned),
            error,
            metered: word(&row.get::<_, String>(21)?, "a metered policy")?,
            on_device: row.get(22)?,
        })
    }
}

/// Where a capture stands and why, in words.
fn status(state: CaptureState, error: Option<&str>, detail: &str) -> String {
    let stands = match (state, error) {
        (CaptureState::Queued, None) => "Saved on this phone; waits to be sent.",
        (CaptureState::Queued, Some(_)) => "Saved on this phone; the last try to send it failed.",
        (CaptureState::Uploading, None) => "Being sent.",
        (CaptureState::Uploading, Some(_)) => {
            "Partly sent; the last try failed and it goes on where it stopped."
        }
        (CaptureState::Uploaded, Some("quarantined")) => "Sent; a person will look at it.",
        (CaptureState::Uploaded, _) => "Sent; the shop is checking it.",
        (CaptureState::Accepted, _) => "Accepted by the shop.",
        (CaptureState::Rejected, _) => "The shop cannot use it.",
        (CaptureState::Stalled, _) => "Saved on this phone, but it could not be sent.",
        (CaptureState::Lost, _) => "No longer whole on this phone.",
    };
    match detail {
        "" => stands.to_owned(),
        detail => format!("{stands} {}", sentence(detail)),
    }
}

/// The server's words, and those of the system, come as sentences and as fragments.
fn sentence(detail: &str) -> String {
    let mut rest = detail.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if detail.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", rest.as_str())
}

/// What the shopper can do about it. The codes are those of problems (`clearshot_protocol::problem`), with hyphens, and
/// those of rejected evidence, with underscores.
fn advice(state: CaptureState, error: Option<&str>) -> Option<&'static str> {
    let code = error.unwrap_or_default();
    match (state, code) {
        (CaptureState::Rejected, "return-closed" | "return_closed") => {
            Some("This return takes no more photos: ask the shop.")
        }
        (CaptureState::Rejected, "unknown-return" | "unknown-item") => {
            Some("Scan the return's code again, or ask the shop whether this item belongs to it.")
        }
        (CaptureState::Rejected, "too-large" | "http-413") => {
            Some("Take this photo again with a lower resolution.")
        }
        (CaptureState::Rejected, "unsupported-media-type" | "http-415" | "invalid-field") => {
            Some("Update this app, then try again.")
        }
        (CaptureState::Rejected, "digest-mismatch" | "digest_mismatch") => Some(
            "Something on this network changes what is sent: take this photo again, and send it on another network.",
        ),
        (CaptureState::Stalled, "network") => Some("Check the connection, then try again."),
        (CaptureState::Stalled, "unknown-return") => Some(
            "Scan the return's code again, or ask the shop whether the return still exists; then try again.",
        ),
        (CaptureState::Stalled, "unsupported-version") => Some("Update this app, then try again."),
        (CaptureState::Stalled, _) => Some("Try again; if it happens again, ask the shop."),
        (CaptureState::Rejected | CaptureState::Lost, _) => Some("Take this photo again."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_photo_is_to_be_taken_again_only_where_another_one_can_help() {
        let rejected = |code| advice(CaptureState::Rejected, Some(code)).unwrap();
        for code in
            ["not_an_image", "cannot_open", "digest-mismatch", "digest_mismatch", "too-large", "http-413"]
        {
            assert!(rejected(code).to_lowercase().contains("take this photo again"), "{code}");
            assert!(another_photo_helps(code), "{code}");
        }
        for code in
            ["unknown-item", "unknown-return", "return-closed", "return_closed", "unsupported-media-type"]
        {
            assert!(!rejected(code).to_lowercase().contains("take this photo again"), "{code}");
            assert!(!another_photo_helps(code), "{code}");
        }
    }

    #[test]
    fn what_was_said_of_a_photo_reads_as_a_sentence_whoever_said_it() {
        let said = |detail| status(CaptureState::Stalled, Some("x"), detail);
        assert!(
            said("no such return (os error 1)").ends_with(" could not be sent. No such return (os error 1).")
        );
        assert!(said("It is a text.").ends_with(" could not be sent. It is a text."));
        assert!(said("").ends_with(" could not be sent."));
    }

    #[test]
    fn everything_that_has_ended_without_being_accepted_has_its_advice() {
        for state in [CaptureState::Rejected, CaptureState::Stalled, CaptureState::Lost] {
            assert!(advice(state, None).is_some() && advice(state, Some("of-a-later-server")).is_some());
        }
        assert_eq!(advice(CaptureState::Accepted, None), None);
    }
}

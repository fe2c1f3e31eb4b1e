//! The row of a capture, as it is first written: by keeping a photo, or by adopting its file.

use clearshot_protocol::manifest::{Manifest, VerdictCode};
use clearshot_protocol::{Sha256Digest, Timestamp};
use rusqlite::{Transaction, params};

use crate::error::CaptureError;
use crate::forget::note_unsettled;
use crate::vault::VaultHeader;

/// A capture's row before anything of it was sent.
pub(crate) struct CaptureRow<'a> {
    header: &'a VaultHeader,
    manifest: Option<(&'a Manifest, Option<Sha256Digest>)>,
}

impl<'a> CaptureRow<'a> {
    /// The row of a vault file; the manifest is absent where it cannot be opened.
    pub(crate) fn of(
        header: &'a VaultHeader,
        manifest: Option<(&'a Manifest, Option<Sha256Digest>)>,
    ) -> Self {
        Self { header, manifest }
    }

    /// Inserts it. A row that is there already stays as it is.
    pub(crate) fn insert(&self, transaction: &Transaction<'_>, metered: &str) -> Result<(), CaptureError> {
        let header = self.header;
        note_unsettled(transaction, header.session)?;
        let manifest = self.manifest.map(|(manifest, _)| manifest);
        let reasons = manifest.map(|manifest| serde_json::json!(manifest.analysis.reasons).to_string());
        let hash =
            manifest.and_then(|manifest| u64::from_str_radix(&manifest.photo.perceptual_hash, 16).ok());
        transaction
            .prepare_cached(
                "INSERT INTO captures (id, shot, taken_at, saved_at, supersedes, sequence, manifest_sha256, verdict,
                 reasons, override_asks, perceptual_hash, length, sha256, metered)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                header.capture.as_bytes(),
                header.shot.as_bytes(),
                manifest.map_or(header.saved_millis, |manifest| Timestamp::as_millisecond(manifest.taken_at)),
                header.saved_millis,
                manifest.and_then(|manifest| manifest.supersedes).as_ref().map(|id| *id.as_bytes()),
                manifest.map(|manifest| manifest.chain.sequence),
                self.manifest.and_then(|(_, digest)| digest).map(|digest| *digest.as_bytes()),
                manifest.map(|manifest| match manifest.analysis.verdict {
                    VerdictCode::Good => "good",
                    VerdictCode::Retake => "retake",
                }),
                reasons,
                manifest.and_then(|manifest| manifest.kept_anyway.as_ref()).map(|kept| kept.asks),
                hash.map(u64::cast_signed),
                header.length,
                header.sha256.as_bytes(),
                metered,
            ])?;
        Ok(())
    }
}

//! Judges one sealed photo. Bytes in, judgement out; no database, no clock.

use std::io::Read;

use clearshot_analysis::{
    ActivationMap, Aim, FrameContext, Policy, Reason, Still, StillLimits, StillReport, Verdict,
};
use clearshot_protocol::api::{CaptureView, Rejection};
use clearshot_protocol::envelope::{EnvelopeError, open_envelope};
use clearshot_protocol::manifest::{AnalysisRecord, Manifest, VerdictCode};
use clearshot_protocol::seal::{Identity, SealError};
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, Sha256Digest};

use super::model::{Model, Seen};
use crate::error::ServerError;

/// Reasons that only a relevance model finds: it is something else than the item.
pub(crate) const SEEN_BY_MODELS: [Reason; 3] = [Reason::Irrelevant, Reason::Person, Reason::Screen];

/// What the upload's metadata said that the bytes are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) capture: CaptureId,
    pub(super) return_id: ReturnId,
    pub(super) item: ReturnItemId,
}

/// What the re-check says.
#[derive(Debug)]
pub(super) enum Judgement {
    /// It is a photo of this capture.
    Accepted {
        capture: Box<CaptureView>,
        analysis: AnalysisRecord,
        /// Where the model saw its subject, when one ran.
        activation: Option<Box<ActivationMap>>,
    },
    /// It never can be.
    Rejected { rejection: Rejection, capture: Option<Box<CaptureView>> },
    /// Perhaps it is, and the fault is ours.
    Quarantined { rejection: Rejection, capture: Option<Box<CaptureView>> },
}

/// Opens the sealed bytes, compares the manifest with what was declared, and judges the photo. An error is the disk's:
/// the photo is to be judged again later.
pub(super) fn judge(
    identity: &Identity,
    model: &Model,
    sealed: impl Read,
    expected: &Expected,
) -> Result<Judgement, ServerError> {
    let envelope = match open_envelope(identity, sealed) {
        Ok(envelope) => envelope,
        Err(error) => return not_opened(error),
    };
    let manifest = envelope.manifest.clone();
    let capture = Box::new(view(&manifest));
    let photo = match envelope.read_photo() {
        Ok(photo) => photo,
        Err(error) => return not_opened(error),
    };
    if let Some(detail) = mismatch(&manifest, &photo, expected) {
        let rejection = Rejection { code: "manifest_mismatch".to_owned(), detail: detail.to_owned() };
        // What contradicts its own metadata is not shown as if it were this capture's.
        return Ok(Judgement::Rejected { rejection, capture: None });
    }
    match Still::decode(&photo, &StillLimits::default()) {
        Ok(still) => {
            let seen = model.look(&still);
            let aim = Aim::for_role(manifest.shot.role.as_str());
            let sighting = seen.as_ref().map(|seen| seen.sighting);
            let context = FrameContext { aim, sighting, ..FrameContext::default() };
            let report = still.report_in(&context, &Policy::default());
            let analysis = record(&report, seen.as_ref())?;
            let activation = sighting.map(|sighting| Box::new(sighting.map));
            Ok(Judgement::Accepted { capture, analysis, activation })
        }
        Err(error) => {
            let rejection = Rejection {
                code: "not_an_image".to_owned(),
                detail: format!("The photo cannot be decoded ({}). {}", error.code(), error.advice()),
            };
            Ok(Judgement::Rejected { rejection, capture: Some(capture) })
        }
    }
}

/// Whether phone and server judge the photo alike, as far as both can. That the session holds it already only the phone
/// knows; of what it is, only who ran a model.
pub(super) fn agree(device: &AnalysisRecord, server: &AnalysisRecord) -> bool {
    let both_ran_a_model = device.model_hash.is_some() && server.model_hash.is_some();
    let is_seen = |code: &str| SEEN_BY_MODELS.iter().any(|reason| reason.code() == code);
    let counts = |code: &str| code != Reason::Duplicate.code() && (both_ran_a_model || !is_seen(code));
    let verdict = |record: &AnalysisRecord| {
        let reasons = &record.reasons;
        if !reasons.is_empty() && !reasons.iter().any(|code| counts(code)) {
            VerdictCode::Good
        } else {
            record.verdict
        }
    };
    verdict(device) == verdict(server)
}

fn not_opened(error: EnvelopeError) -> Result<Judgement, ServerError> {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    let rejected = |detail: &str| Judgement::Rejected {
        rejection: Rejection { code: "cannot_open".to_owned(), detail: detail.to_owned() },
        capture: None,
    };
    let quarantined = |code: &str, detail: &str| Judgement::Quarantined {
        rejection: Rejection { code: code.to_owned(), detail: detail.to_owned() },
        capture: None,
    };
    match error {
        // Damage inside the sealed stream, which arrived as the phone declared it.
        EnvelopeError::Io(error) if matches!(error.kind(), InvalidData | UnexpectedEof) => {
            Ok(rejected("What was sealed is damaged or was cut short before it was sent."))
        }
        EnvelopeError::Io(error) | EnvelopeError::Seal(SealError::Io(error)) => Err(error.into()),
        EnvelopeError::Seal(SealError::NotARecipient) => Ok(quarantined(
            "cannot_open",
            "It is sealed to another key than this service's. Make sure that the service has its own key.",
        )),
        EnvelopeError::NewerFormat(_) => Ok(quarantined(
            "newer_format",
            "The phone's manifest is newer than this server. Update the server and check it again.",
        )),
        EnvelopeError::Seal(_) => Ok(rejected("The bytes are not sealed as a capture is.")),
        EnvelopeError::NotAnEnvelope | EnvelopeError::TooLong { .. } | EnvelopeError::Manifest(_) => {
            Ok(rejected("What was sealed is no capture: its parts cannot be read."))
        }
    }
}

/// In which way the manifest contradicts the upload or the photo.
fn mismatch(manifest: &Manifest, photo: &[u8], expected: &Expected) -> Option<&'static str> {
    if manifest.capture != expected.capture {
        Some("The sealed manifest names another capture than the upload did.")
    } else if manifest.return_id != expected.return_id {
        Some("The sealed manifest names another return than the upload did.")
    } else if manifest.item.id != expected.item
        || ReturnItemId::of(expected.return_id, &manifest.item.sku) != expected.item
    {
        Some("The sealed manifest names another item than the upload did.")
    } else if manifest.photo.length != photo.len() as u64 || manifest.photo.sha256 != Sha256Digest::of(photo)
    {
        Some("The sealed photo is not the one that its manifest describes.")
    } else {
        None
    }
}

fn view(manifest: &Manifest) -> CaptureView {
    CaptureView {
        session: manifest.session,
        shot: manifest.shot.id,
        role: manifest.shot.role,
        taken_at: manifest.taken_at,
        width: manifest.photo.width,
        height: manifest.photo.height,
        supersedes: manifest.supersedes,
        device_analysis: manifest.analysis.clone(),
        kept_anyway: manifest.kept_anyway.clone(),
    }
}

fn record(report: &StillReport, seen: Option<&Seen>) -> Result<AnalysisRecord, ServerError> {
    Ok(AnalysisRecord {
        verdict: match report.verdict {
            Verdict::Good => VerdictCode::Good,
            Verdict::Retake => VerdictCode::Retake,
        },
        reasons: report.reasons.iter().map(|reason| reason.code().to_owned()).collect(),
        policy_version: report.policy_version,
        policy_hash: report.policy_hash.clone(),
        model_hash: seen.map(|seen| seen.sha256.clone()),
        model_version: seen.map(|seen| seen.version),
        report: serde_json::to_value(report)
            .map_err(|error| ServerError::Column { column: "server_analysis", detail: error.to_string() })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_of(reasons: &[&str]) -> AnalysisRecord {
        AnalysisRecord {
            verdict: if reasons.is_empty() { VerdictCode::Good } else { VerdictCode::Retake },
            reasons: reasons.iter().map(ToString::to_string).collect(),
            policy_version: 1,
            policy_hash: String::new(),
            model_hash: None,
            model_version: None,
            report: serde_json::Value::Null,
        }
    }

    #[test]
    fn what_only_one_sides_model_saw_is_no_disagreement() {
        let (good, screen) = (record_of(&[]), record_of(&["screen"]));
        let ran =
            |record: &AnalysisRecord| AnalysisRecord { model_hash: Some("a".to_owned()), ..record.clone() };
        assert!(agree(&good, &ran(&screen)), "an older phone has no model");
        assert!(agree(&ran(&screen), &good), "nor has a server that was built without");
        assert!(!agree(&ran(&good), &ran(&screen)));
        assert!(!agree(&good, &ran(&record_of(&["screen", "too_dark"]))));
    }

    #[test]
    fn what_only_the_session_knows_is_no_disagreement() {
        let (good, dark) = (record_of(&[]), record_of(&["too_dark"]));
        assert!(agree(&record_of(&["duplicate"]), &good));
        assert!(agree(&record_of(&["too_dark", "duplicate"]), &dark));
        assert!(!agree(&record_of(&["duplicate"]), &dark));
        assert!(!agree(&dark, &good));
        assert!(agree(&good, &good));
    }
}

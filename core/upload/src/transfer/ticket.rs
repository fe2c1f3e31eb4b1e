//! What the answer of a transfer is understood by, as a text that outlives the process.

use clearshot_capture::{LeaseId, Step, UploadRequest};
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::UploadError;

/// What a transfer was for, and whether its token is a fresh one already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) errand: Errand,
    pub(super) renewed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Errand {
    /// A step of the queue.
    Step(Step),
    /// The question what the server has.
    Question,
}

/// The text's form. A later version reads what this one wrote: fields are only added.
#[derive(Serialize, Deserialize)]
struct TicketText {
    #[serde(default)]
    renewed: bool,
    step: Option<StepText>,
}

#[derive(Serialize, Deserialize)]
struct StepText {
    lease: i64,
    leased_until: Timestamp,
    capture: CaptureId,
    length: u64,
    request: RequestText,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum RequestText {
    Create { metadata: String, body: u64 },
    AskOffset { location: String },
    Append { location: String, offset: u64, body: u64 },
    Confirm,
}

impl Ticket {
    pub(super) fn to_text(&self) -> String {
        let step = match &self.errand {
            Errand::Question => None,
            Errand::Step(step) => Some(StepText {
                lease: step.lease.0,
                leased_until: step.leased_until,
                capture: step.capture,
                length: step.length,
                request: match step.request.clone() {
                    UploadRequest::Create { metadata, body } => {
                        RequestText::Create { metadata: metadata.to_header(), body }
                    }
                    UploadRequest::AskOffset { location } => RequestText::AskOffset { location },
                    UploadRequest::Append { location, offset, body } => {
                        RequestText::Append { location, offset, body }
                    }
                    UploadRequest::Confirm => RequestText::Confirm,
                },
            }),
        };
        // Texts and numbers only: writing them cannot fail.
        serde_json::to_string(&TicketText { renewed: self.renewed, step }).unwrap_or_default()
    }

    pub(super) fn parse(text: &str) -> Result<Self, UploadError> {
        let TicketText { renewed, step } = serde_json::from_str(text).map_err(|_| UploadError::Ticket)?;
        let Some(step) = step else { return Ok(Self { errand: Errand::Question, renewed }) };
        let request = match step.request {
            RequestText::Create { metadata, body } => {
                let metadata = UploadMetadata::from_header(&metadata).map_err(|_| UploadError::Ticket)?;
                UploadRequest::Create { metadata, body }
            }
            RequestText::AskOffset { location } => UploadRequest::AskOffset { location },
            RequestText::Append { location, offset, body } => {
                UploadRequest::Append { location, offset, body }
            }
            RequestText::Confirm => UploadRequest::Confirm,
        };
        let StepText { lease, leased_until, capture, length, .. } = step;
        let step = Step { lease: LeaseId(lease), leased_until, capture, length, request };
        Ok(Self { errand: Errand::Step(step), renewed })
    }
}

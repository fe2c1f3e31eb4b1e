//! The API's resources, as JSON says them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::manifest::{AnalysisRecord, Override};
use crate::relevance::RelevanceView;
use crate::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId};

/// Where evidence is read: `GET` this, a slash and the capture's id.
pub const EVIDENCE_PATH: &str = "/v1/evidence";

/// A word that is none of an enum's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read \"{text}\" as {what}: expected one of {expected}")]
pub struct WordError {
    /// What it should have been.
    pub what: &'static str,
    /// The text, cut to 64 characters.
    pub text: String,
    /// The words that are allowed.
    pub expected: String,
}

/// An enum whose variants are words on the wire: one list for serde, `as_str`, `FromStr`, `Display` and `ALL`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All the words, in their order.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| WordError {
                    what: $what,
                    text: text.chars().take(64).collect(),
                    expected: [$($word),*].join(", "),
                })
            }
        }
    };
}

words! {
    /// What a shot should show.
    ShotRole, "a shot's role", {
        /// The whole item.
        Overview = "overview",
        /// The defect, near.
        Defect = "defect",
        /// A label with text: shipping, care, energy.
        Label = "label",
        /// The parcel it came in.
        Packaging = "packaging",
        /// A serial number.
        Serial = "serial",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// Why an item comes back.
    ReturnReason, "a return reason", {
        /// It arrived broken.
        Damaged = "damaged",
        /// It does not work.
        Defective = "defective",
        /// It is another item than ordered.
        WrongItem = "wrong_item",
        /// Something is missing.
        MissingParts = "missing_parts",
        /// It is not what the shop described.
        NotAsDescribed = "not_as_described",
        /// The shopper changed their mind.
        Unwanted = "unwanted",
    }
}

words! {
    /// What the shopper wants.
    Resolution, "a resolution", {
        /// Money back.
        Refund = "refund",
        /// The same item again.
        Replacement = "replacement",
        /// The item mended.
        Repair = "repair",
        /// A voucher.
        StoreCredit = "store_credit",
    }
}

words! {
    /// Where a return stands.
    ReturnStatus, "a return's status", {
        /// Being put together by the shopper.
        Draft = "draft",
        /// Sent by the shopper; no evidence yet.
        Submitted = "submitted",
        /// Evidence has been announced, but not all of it is accepted.
        EvidencePending = "evidence_pending",
        /// All evidence is there: an agent, rule or system decides.
        InReview = "in_review",
        /// Granted.
        Approved = "approved",
        /// Refused.
        Declined = "declined",
        /// The agent asked for more photos.
        MoreEvidenceRequested = "more_evidence_requested",
        /// Done.
        Closed = "closed",
        /// Withdrawn by the shopper.
        Cancelled = "cancelled",
        /// Nobody did anything for too long.
        Expired = "expired",
    }
}

words! {
    /// Where one piece of evidence stands.
    EvidenceStatus, "an evidence's status", {
        /// The server knows that it will come.
        Announced = "announced",
        /// Bytes are arriving.
        Uploading = "uploading",
        /// All bytes are there and have the declared digest.
        Received = "received",
        /// The server is opening and re-checking it.
        Verifying = "verifying",
        /// Good evidence: the phone may delete its copy.
        Accepted = "accepted",
        /// Not usable as evidence, with a reason.
        Rejected = "rejected",
        /// Set aside for a person to look at.
        Quarantined = "quarantined",
        /// A retake has taken its place.
        Superseded = "superseded",
    }
}

words! {
    /// What has happened to a return.
    EventKind, "an event's kind", {
        /// The return was opened.
        ReturnCreated = "return.created",
        /// Its status changed.
        ReturnStatusChanged = "return.status_changed",
        /// The first bytes of a capture arrived.
        EvidenceUploading = "evidence.uploading",
        /// All bytes of a capture arrived, with the right digest.
        EvidenceReceived = "evidence.received",
        /// All bytes of a capture arrived and were not those that were declared: it waits to be sent again.
        EvidenceUploadFailed = "evidence.upload_failed",
        /// The re-check accepted it.
        EvidenceAccepted = "evidence.accepted",
        /// It cannot be evidence.
        EvidenceRejected = "evidence.rejected",
        /// It was set aside for a person.
        EvidenceQuarantined = "evidence.quarantined",
        /// A retake took its place.
        EvidenceSuperseded = "evidence.superseded",
    }
}

/// `POST /v1/returns`: opens a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateReturnRequest {
    /// The shop's order number, 1–128 characters.
    pub order: String,
    /// 1–100 lines, each with a SKU of its own.
    pub items: Vec<CreateReturnItem>,
}

/// One line of a return to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateReturnItem {
    /// Stock keeping unit, 1–64 characters, once a return.
    pub sku: String,
    /// What a person calls it, 1–256 characters.
    pub title: String,
    /// How many pieces come back, from 1.
    #[serde(default = "one")]
    pub quantity: u32,
    /// Why.
    pub reason: ReturnReason,
    /// What the shopper wants.
    pub wanted: Resolution,
}

fn one() -> u32 {
    1
}

/// A return, with its items and their evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnView {
    /// Its id.
    pub id: ReturnId,
    /// The shop's order number.
    pub order: String,
    /// Where it stands.
    pub status: ReturnStatus,
    /// When it was opened.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it last changed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// Its lines.
    pub items: Vec<ReturnItemView>,
}

/// A line of a return, with its evidence in the order of capturing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnItemView {
    /// Its id, derived from the return and the SKU.
    pub id: ReturnItemId,
    /// Stock keeping unit.
    pub sku: String,
    /// What a person calls it.
    pub title: String,
    /// How many pieces come back.
    pub quantity: u32,
    /// Why.
    pub reason: ReturnReason,
    /// What the shopper wants.
    pub wanted: Resolution,
    /// Its photos.
    pub evidence: Vec<EvidenceView>,
}

/// A photo that the server knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceView {
    /// The capture's id.
    pub id: CaptureId,
    /// The return.
    pub return_id: ReturnId,
    /// The line of the return.
    pub item_id: ReturnItemId,
    /// Where it stands.
    pub status: EvidenceStatus,
    /// Sealed bytes, in all.
    pub length: u64,
    /// Digest of the sealed bytes, as declared by the phone and verified by the server before `received`.
    pub sha256: Sha256Digest,
    /// Why it was rejected or quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// What the opened envelope says; absent until it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureView>,
    /// What the server's own analysis says; absent until the re-check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_analysis: Option<AnalysisRecord>,
    /// Whether phone and server came to the same verdict on the photo; absent until the re-check. What only one of them can
    /// know does not count: that the session holds the photo already (`duplicate`), and what a relevance model saw when the
    /// other ran none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<bool>,
    /// What the relevance models of phone and server saw, and whether they agree; absent when neither ran one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance: Option<RelevanceView>,
    /// The retake that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<CaptureId>,
    /// When its last byte was durable on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub received_at: Option<Timestamp>,
    /// When the re-check was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub checked_at: Option<Timestamp>,
}

/// What the envelope of a capture says, once the server has opened it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaptureView {
    /// The sitting.
    pub session: SessionId,
    /// The slot.
    pub shot: ShotId,
    /// What the slot should show.
    pub role: ShotRole,
    /// When it was taken, by the phone's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub taken_at: Timestamp,
    /// Upright width in pixels.
    pub width: u32,
    /// Upright height in pixels.
    pub height: u32,
    /// The capture that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<CaptureId>,
    /// What the phone's analysis said.
    pub device_analysis: AnalysisRecord,
    /// The shopper kept it although analysis would have retaken it.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub kept_anyway: Option<Override>,
}

/// Why evidence was rejected or quarantined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// A stable code, such as `cannot_open`, `manifest_mismatch`, `not_an_image`.
    pub code: String,
    /// A sentence for a person.
    pub detail: String,
}

/// Something that happened. Append-only; all notification reads from here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Its number: grows, without meaning a count. `Last-Event-ID` of the stream.
    pub id: i64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The return it happened to.
    pub return_id: ReturnId,
    /// The evidence it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<CaptureId>,
    /// More about it, such as `{"status": "in_review"}`; ids and codes only, nothing personal.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: serde_json::Value,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The page's entries.
    pub entries: Vec<T>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /v1/service`: what a phone needs to know before it captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceView {
    /// The service's public key (`age1…`), to which every photo is sealed.
    pub recipient: String,
    /// Sealed bytes of the largest upload.
    pub max_upload_length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_they_are_written() {
        for role in ShotRole::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(
            "back".parse::<ShotRole>().unwrap_err().to_string(),
            "read \"back\" as a shot's role: expected one of overview, defect, label, packaging, serial, other"
        );
    }

    #[test]
    fn a_return_to_open_refuses_fields_it_does_not_know() {
        let json = r#"{"order": "1", "items": [], "shopper": "x"}"#;
        assert!(serde_json::from_str::<CreateReturnRequest>(json).is_err());
    }
}

//! Uploads and evidence brought together: an upload that was sent without saying what it is, and the phone's question
//! what the server has of its captures.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::Rejection;
use crate::{CaptureId, ReturnItemId, Sha256Digest};

/// Where a phone asks what the server has.
pub const RECONCILE_PATH: &str = "/v1/reconcile";

/// The most captures of one question: about 70 KB of JSON.
pub const RECONCILE_LIMIT: usize = 500;

/// `POST /v1/returns/{id}/evidence`: says what an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttachEvidenceRequest {
    /// The upload: the last part of its address.
    pub upload: Uuid,
    /// The capture that was sealed in it.
    pub capture: CaptureId,
    /// The line of the return.
    pub item: ReturnItemId,
    /// SHA-256 of the sealed bytes. Needed where the upload is not complete and was created without it; otherwise
    /// compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
}

/// `POST /v1/reconcile`: what a phone has, and asks after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReconcileRequest {
    /// 1 to [`RECONCILE_LIMIT`] captures.
    pub captures: Vec<HeldCapture>,
}

/// A capture as the phone holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HeldCapture {
    /// Its id.
    pub id: CaptureId,
    /// SHA-256 of its sealed bytes.
    pub sha256: Sha256Digest,
}

/// The answer to [`ReconcileRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcileAnswer {
    /// One entry for each capture that was asked after, in the same order.
    pub captures: Vec<ReconciledCapture>,
}

/// What the server has of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciledCapture {
    /// The capture.
    pub id: CaptureId,
    /// How far it is.
    pub state: HeldState,
    /// While `uploading`: the bytes that are durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// While `uploading`: the address to go on at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// When `rejected` or `quarantined`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
}

/// How far the server is with a capture. Only `accepted` and `superseded` allow the phone to let go of its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// Nothing, or nothing that this token may see: it is to be created.
    Absent,
    /// Some of its bytes, or none yet: it goes on at `location`.
    Uploading,
    /// All bytes with this digest; the re-check is to come.
    Received,
    /// All bytes with this digest, and the re-check is content.
    Accepted,
    /// All bytes with this digest; it was accepted or quarantined, and a retake has taken its place.
    Superseded,
    /// It cannot be evidence; `rejection` says why.
    Rejected,
    /// All bytes with this digest; a person must look at it.
    Quarantined,
    /// The server knows this id with another digest. The phone keeps its copy, and sends it under a new id.
    Conflict,
}

//! The evidence manifest: what is known of a capture, sealed into the same envelope as the photo.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::ShotRole;
use crate::{CaptureId, ReturnId, ReturnItemId, SessionId, Sha256Digest, ShotId};

/// The manifest's format that this crate writes. Readers accept it and all before it.
pub const MANIFEST_FORMAT: u16 = 1;

/// Everything the phone knows of one capture. It is hashed as the exact bytes that were sealed, never re-serialised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`] of the writer.
    pub format: u16,
    /// The capture. Equal to the one in the upload's metadata, or the evidence is rejected.
    pub capture: CaptureId,
    /// The sitting in which it was taken.
    pub session: SessionId,
    /// The return it belongs to.
    pub return_id: ReturnId,
    /// The line of the return.
    pub item: ManifestItem,
    /// The slot it was taken for.
    pub shot: ManifestShot,
    /// The capture that this one replaces: a retake. The older stays; nothing is overwritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<CaptureId>,
    /// When the shutter was pressed, by the phone's wall clock, which the shopper can set.
    pub taken_at: Timestamp,
    /// The same moment on the phone's monotonic clock, in milliseconds since the session began: says in which order
    /// and at what distance the photos of a session were really taken.
    pub monotonic_millis: u64,
    /// The photo that is sealed beside the manifest.
    pub photo: ManifestPhoto,
    /// What the phone's analysis said.
    pub analysis: AnalysisRecord,
    /// The shopper kept a photo that analysis would have retaken.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub kept_anyway: Option<Override>,
    /// What the shopper drew on the photo. Vectors beside the pixels: the pixels stay as they were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotation: Vec<Stroke>,
    /// The place of this capture in its session's hash chain.
    pub chain: ChainLink,
}

/// The line of the return, as the shopper's app named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestItem {
    /// [`ReturnItemId::of`] the return and the SKU.
    pub id: ReturnItemId,
    /// Stock keeping unit, as the shop writes it.
    pub sku: String,
}

/// The slot that the photo was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestShot {
    /// The shot.
    pub id: ShotId,
    /// What it should show.
    pub role: ShotRole,
    /// For a defect: the overview shot of the same item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<ShotId>,
}

/// The sealed photo: upright, without metadata of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestPhoto {
    /// Always `image/jpeg` today.
    pub media_type: String,
    /// Upright width in pixels.
    pub width: u32,
    /// Upright height in pixels.
    pub height: u32,
    /// Bytes.
    pub length: u64,
    /// Digest of the photo's bytes.
    pub sha256: Sha256Digest,
    /// 64-bit perceptual hash, 16 hexadecimal digits.
    pub perceptual_hash: String,
}

/// What one analysis said of a photo: the phone's, or the server's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnalysisRecord {
    /// `good` or `retake`.
    pub verdict: VerdictCode,
    /// Codes of the reasons, such as `blurred`. Text, so that a code from a newer phone is kept.
    pub reasons: Vec<String>,
    /// Version of the thresholds that were applied.
    pub policy_version: u32,
    /// SHA-256 of those thresholds.
    pub policy_hash: String,
    /// SHA-256 of the relevance model, when one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_hash: Option<String>,
    /// The model's version, as its own metadata says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<u32>,
    /// The whole report, as the analysis wrote it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub report: serde_json::Value,
}

/// The verdict on a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictCode {
    /// Usable as evidence.
    Good,
    /// Another photo would serve better.
    Retake,
}

/// The shopper kept a photo that analysis would have retaken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Override {
    /// How often the shopper had been asked for another photo of this shot.
    pub asks: u8,
    /// The reasons that were set aside.
    pub reasons: Vec<String>,
}

/// One line that the shopper drew, in fractions of the upright photo's width and height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stroke {
    /// The points `(x, y)`, each 0–1 from the upper left.
    pub points: Vec<(f32, f32)>,
    /// Width as a fraction of the photo's longer side.
    pub width: f32,
}

/// A capture's place in the chain of its session: who removes or exchanges one breaks the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// 0 for the session's first capture, then one more each.
    pub sequence: u32,
    /// Digest of the previous capture's manifest bytes; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Sha256Digest>,
}

//! What analysis found, in the shape in which it travels: CLI, manifest, server and console read this JSON.
//!
//! Numbers are rounded to four decimals where they are made, so that two machines write the same text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::reason::{Reason, ReasonSet, Verdict};

/// How sharp the photo is where it has edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sharpness {
    /// The judgement.
    pub state: SharpnessState,
    /// 0 (mush) to 1 (crisp); grows with sharpness, comparable between photos.
    pub score: f64,
    /// What most likely blurred it; only when it is soft or blurred and the edges tell.
    pub cause: Option<BlurCause>,
}

/// The judgement on sharpness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharpnessState {
    /// Nothing to say.
    Sharp,
    /// Seen at full size; usable as evidence.
    Soft,
    /// A defect could not be judged: a reason to retake.
    Blurred,
    /// Too few edges to say anything, such as a plain black T-shirt.
    Unknown,
}

/// What blurred a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlurCause {
    /// Out of focus: all directions are equally soft.
    Defocus,
    /// Camera or item moved: one direction is softer.
    Motion,
}

/// How much light there is, in steps of an 8-bit full-range luma.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// The judgement.
    pub state: ExposureState,
    /// Mean luma, 0 to 255.
    pub mean: f64,
    /// Median luma, 0 to 255.
    pub p50: f64,
    /// Luma that 98 % of the pixels do not exceed, 0 to 255.
    pub p98: f64,
    /// Share of the pixels at the black end, 0 to 1.
    pub clipped_low: f64,
    /// Share of the pixels at the white end, 0 to 1.
    pub clipped_high: f64,
}

/// The judgement on light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureState {
    /// Enough light, and not too much.
    Good,
    /// Too little light.
    TooDark,
    /// Burnt out over a large, flat area.
    TooBright,
    /// The surroundings are far brighter than the subject.
    Backlit,
}

/// Sensor noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Standard deviation in luma steps, measured after reduction to VGA class.
    pub sigma: f64,
}

/// Reflections that hide the product.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Glare {
    /// Whether there is one worth a retake.
    pub present: bool,
    /// Share of the region (or frame) under glare, 0 to 1.
    pub area: f64,
}

/// Where the subject is. All positions are fractions of the upright frame, origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Framing {
    /// The box around the subject; none when nothing stands out.
    pub subject: Option<Region>,
    /// Share of the frame that the box covers, 0 to 1.
    pub fill: f64,
    /// Horizontal centre of the subject's edges, 0 (left) to 1 (right).
    pub centre_x: f64,
    /// Vertical centre of the subject's edges, 0 (top) to 1 (bottom).
    pub centre_y: f64,
}

/// A rectangle in fractions of the upright frame, origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Left edge, 0 to 1.
    pub x: f64,
    /// Top edge, 0 to 1.
    pub y: f64,
    /// Width, 0 to 1.
    pub width: f64,
    /// Height, 0 to 1.
    pub height: f64,
}

/// What the relevance model saw. This crate only carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    /// The most likely subject.
    pub subject: Subject,
    /// How sure the model is, 0 to 1.
    pub confidence: f64,
    /// The share of every subject the model knows; they add up to 1.
    pub scores: BTreeMap<Subject, f64>,
}

/// What a photo can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An item that somebody bought.
    Product,
    /// A person or a part of one.
    Person,
    /// A label, receipt or other paper with text.
    Document,
    /// A display that shows something.
    Screen,
    /// A room or landscape.
    Scene,
    /// An animal.
    Animal,
    /// A bare table, floor or wall.
    Surface,
}

/// Everything analysis says about a full-resolution photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StillReport {
    /// Good, or retake.
    pub verdict: Verdict,
    /// Why to retake; the one to tell first at the front; empty when good.
    pub reasons: Vec<Reason>,
    /// Upright width in pixels.
    pub width: u32,
    /// Upright height in pixels.
    pub height: u32,
    /// Focus and motion.
    pub sharpness: Sharpness,
    /// Light.
    pub exposure: Exposure,
    /// Sensor noise.
    pub noise: Noise,
    /// Reflections.
    pub glare: Glare,
    /// Where the subject is.
    pub framing: Framing,
    /// What the relevance model saw; null when no model ran.
    pub relevance: Option<Relevance>,
    /// Version of the policy that judged.
    pub policy_version: u32,
    /// SHA-256 of the policy's canonical JSON, in hex.
    pub policy_hash: String,
}

impl StillReport {
    /// Adds a reason found outside this crate (relevance, duplicate) and turns the verdict to retake.
    pub fn add_reason(&mut self, reason: Reason) {
        let reasons: ReasonSet = self.reasons.iter().copied().chain([reason]).collect();
        self.verdict = reasons.verdict();
        self.reasons = reasons.into();
    }
}

/// Everything analysis says about one preview frame. Lives on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrameReport {
    /// Good, or retake.
    pub verdict: Verdict,
    /// Why a photo of this frame would be asked for again.
    pub reasons: ReasonSet,
    /// Focus and motion.
    pub sharpness: Sharpness,
    /// Light.
    pub exposure: Exposure,
    /// Sensor noise.
    pub noise: Noise,
    /// Reflections.
    pub glare: Glare,
    /// Where the subject is.
    pub framing: Framing,
}

/// Rounds to four decimals; anything that is not a number becomes 0, so that no report ever carries one.
pub(crate) fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * 1e4).round() / 1e4 } else { 0.0 }
}

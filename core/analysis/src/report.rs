//! What analysis found, in the shape in which it travels: CLI, manifest, server and console read this JSON.
//!
//! Numbers are rounded to four decimals where they are made, so that two machines write the same text.

use serde::{Deserialize, Serialize};

use crate::hint::HintSet;
use crate::reason::{Reason, ReasonSet, Verdict};
use crate::scores::Relevance;

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
    /// Horizontal centre of the subject's edges or of the model's box, 0 (left) to 1 (right).
    pub centre_x: f64,
    /// Vertical centre of the subject's edges or of the model's box, 0 (top) to 1 (bottom).
    pub centre_y: f64,
    /// What told where the subject is.
    #[serde(default)]
    pub source: FramingSource,
    /// How far the centre is from the middle: 0 in the middle, 1 in a corner of the frame.
    #[serde(default)]
    pub offset: f64,
    /// Which sides of the frame the subject reaches.
    #[serde(default)]
    pub touches: Sides,
    /// By how many degrees the picture is turned from level, either way, 0 to 45. None without gravity, and when the
    /// camera looks so steeply up or down that there is no level.
    #[serde(default)]
    pub roll_deg: Option<f64>,
    /// Angle between the optical axis and the horizon in degrees: 0 (straight ahead) to 90 (straight up or down).
    /// None without gravity. Says nothing of the angle to the subject, whose own slant nobody knows.
    #[serde(default)]
    pub pitch_deg: Option<f64>,
}

/// What told where the subject is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FramingSource {
    /// The strength of the edges, which do not know what is the product.
    #[default]
    Edges,
    /// The relevance model.
    Map,
}

/// Sides of the upright frame.
#[allow(clippy::struct_excessive_bools, reason = "a rectangle has four sides, each reached or not")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sides {
    /// The left one.
    pub left: bool,
    /// The upper one.
    pub top: bool,
    /// The right one.
    pub right: bool,
    /// The lower one.
    pub bottom: bool,
}

impl Sides {
    /// How many sides, 0 to 4.
    pub fn count(self) -> usize {
        [self.left, self.top, self.right, self.bottom].into_iter().filter(|&side| side).count()
    }
}

/// Something in front of the lens, such as a finger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Lens {
    /// Whether it is surely covered: a reason to retake.
    pub blocked: bool,
    /// Share of the frame that is likely covered, 0 to 1; above 0 it is a hint. Less than the policy's least area is told
    /// as 0.
    pub covered: f64,
}

/// Signs that the picture was taken from a display.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Screen {
    /// Whether they are strong enough to be told.
    pub present: bool,
    /// Share of the frame with rainbow fringes, 0 to 1; 0 when the colours are not known.
    pub strength: f64,
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
    /// What covers the lens.
    #[serde(default)]
    pub lens: Lens,
    /// Signs of a display.
    #[serde(default)]
    pub screen: Screen,
    /// What the relevance model saw; null when no model ran.
    pub relevance: Option<Relevance>,
    /// Version of the policy that judged.
    pub policy_version: u32,
    /// SHA-256 of the policy's canonical JSON, in hex.
    pub policy_hash: String,
}

impl StillReport {
    /// Adds a reason found outside this crate (duplicate) and turns the verdict to retake.
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
    /// What covers the lens.
    #[serde(default)]
    pub lens: Lens,
    /// Signs of a display.
    #[serde(default)]
    pub screen: Screen,
    /// What the relevance model saw; null when it has not looked lately, or there is none.
    #[serde(default)]
    pub relevance: Option<Relevance>,
    /// Length of the streak that the phone's turning draws during the exposure, in pixels of a VGA frame; none when
    /// the gyroscope or the exposure time is not known.
    #[serde(default)]
    pub motion: Option<f64>,
    /// Whether the autofocus is still looking, or gave up.
    #[serde(default)]
    pub focusing: bool,
    /// Everything the shopper could be told of this frame.
    pub hints: HintSet,
    /// Whether the torch was on, as the camera said; none when it did not.
    #[serde(default)]
    pub torch: Option<bool>,
}

/// Rounds to four decimals; anything that is not a number becomes 0, so that no report ever carries one.
pub(crate) fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * 1e4).round() / 1e4 } else { 0.0 }
}

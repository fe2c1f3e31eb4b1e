//! What analysis says, as it crosses the border: reports on frames and photos. Fields, units and ranges are those of the
//! core's reports; numbers are rounded to four decimals there.

use clearshot_analysis as core;

use crate::hint::Hint;
use crate::mirror::mirrored;

/// Everything analysis says about one preview frame.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FrameReport {
    /// Good, or retake.
    pub verdict: Verdict,
    /// Why a photo of this frame would be asked for again; the one to tell first at the front.
    pub reasons: Vec<Reason>,
    /// Focus and motion.
    pub sharpness: Sharpness,
    /// Light.
    pub exposure: Exposure,
    /// Standard deviation of the sensor's noise in luma steps.
    pub noise_sigma: f64,
    /// Reflections.
    pub glare: Glare,
    /// Where the subject is.
    pub framing: Framing,
    /// What covers the lens.
    pub lens: Lens,
    /// Signs of a display.
    pub screen: Screen,
    /// What the relevance model saw; none when it has not looked lately, or there is no model.
    pub relevance: Option<Relevance>,
    /// Length of the streak that the phone's turning draws during the exposure, in pixels of a VGA frame; none when the
    /// gyroscope or the exposure time is not known.
    pub motion_px: Option<f64>,
    /// Whether the autofocus is still looking, or gave up.
    pub focusing: bool,
    /// Everything the shopper could be told of this frame, the most urgent at the front. What to show is the guidance's.
    pub hints: Vec<Hint>,
}

/// Everything analysis says about a full-resolution photo.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
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
    /// Standard deviation of the sensor's noise in luma steps.
    pub noise_sigma: f64,
    /// Reflections.
    pub glare: Glare,
    /// Where the subject is.
    pub framing: Framing,
    /// What covers the lens.
    pub lens: Lens,
    /// Signs of a display.
    pub screen: Screen,
    /// What the relevance model saw; none when no model ran.
    pub relevance: Option<Relevance>,
    /// Version of the policy that judged.
    pub policy_version: u32,
    /// SHA-256 of the policy's canonical JSON, in hex.
    pub policy_hash: String,
}

/// How sharp the picture is where it has edges.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Sharpness {
    /// The judgement.
    pub state: SharpnessState,
    /// 0 (mush) to 1 (crisp).
    pub score: f64,
    /// What most likely blurred it; only when it is soft or blurred and the edges tell.
    pub cause: Option<BlurCause>,
}

/// How much light there is, in steps of an 8-bit full-range luma.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
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

/// Reflections that hide the product.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Glare {
    /// Whether there is one worth a retake.
    pub present: bool,
    /// Share of the region (or frame) under glare, 0 to 1.
    pub area: f64,
}

/// Where the subject is. All positions are fractions of the upright picture, origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Framing {
    /// The box around the subject; none when nothing stands out.
    pub subject: Option<Region>,
    /// Share of the frame that the box covers, 0 to 1.
    pub fill: f64,
    /// Horizontal centre of the subject, 0 (left) to 1 (right).
    pub centre_x: f64,
    /// Vertical centre of the subject, 0 (top) to 1 (bottom).
    pub centre_y: f64,
    /// What told where the subject is.
    pub source: FramingSource,
    /// How far the centre is from the middle: 0 in the middle, 1 in a corner.
    pub offset: f64,
    /// Which sides of the frame the subject reaches.
    pub touches: Sides,
    /// By how many degrees the picture is turned from level, 0 to 45; none without gravity or a level.
    pub roll_deg: Option<f64>,
    /// Angle between the optical axis and the horizon in degrees, 0 to 90; none without gravity.
    pub pitch_deg: Option<f64>,
}

/// Sides of the upright picture.
#[allow(clippy::struct_excessive_bools, reason = "a rectangle has four sides, each reached or not")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
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

/// Something in front of the lens, such as a finger.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Lens {
    /// Whether it is surely covered: a reason to retake.
    pub blocked: bool,
    /// Share of the frame that is likely covered, 0 to 1.
    pub covered: f64,
}

/// Signs that the picture was taken from a display.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Screen {
    /// Whether they are strong enough to be told.
    pub present: bool,
    /// Share of the frame with rainbow fringes, 0 to 1; 0 when the colours are not known.
    pub strength: f64,
}

/// What the relevance model saw.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Relevance {
    /// The most likely subject.
    pub subject: Subject,
    /// How sure the model is of it, 0 to 1.
    pub confidence: f64,
    /// The share of every subject that the model knows; they add up to 1.
    pub shares: Vec<SubjectShare>,
}

/// How much of a picture is of a subject, as the model says it.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct SubjectShare {
    /// Of what.
    pub subject: Subject,
    /// How much, 0 to 1.
    pub share: f64,
}

/// Lamps that flicker: bands across the rows that come and go.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Flicker {
    /// Whether bands were seen in three of the last four pairs of frames.
    pub present: bool,
    /// Amplitude of the bands: 0.03 is three percent of the brightness.
    pub strength: f64,
    /// Bright bands per frame; none when there are none.
    pub bands: Option<f64>,
}

/// A rectangle in fractions of the upright picture, origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
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

mirrored! {
    /// What a photo is to show: by it framing and subject are judged.
    ShotRole = clearshot_protocol::api::ShotRole {
        /// The whole item.
        Overview,
        /// The defect, near: where the shopper tapped, else the middle.
        Defect,
        /// A label with text, straight on.
        Label,
        /// The parcel it came in, framed in any way.
        Packaging,
        /// A serial number, which may be on a screen.
        Serial,
        /// Anything else, framed in any way.
        Other,
    }
}

mirrored! {
    /// What analysis says of a frame or a photo.
    Verdict = core::Verdict {
        /// It can be used as evidence.
        Good,
        /// The shopper is asked for another one; the reasons say why.
        Retake,
    }
}

mirrored! {
    /// Why a photo should be taken again. Ordered by what the shopper should be told first.
    Reason = core::Reason {
        /// Something covers the lens.
        LensBlocked,
        /// Too little light reached the sensor.
        TooDark,
        /// The product is not what the photo shows.
        Irrelevant,
        /// The photo shows a person, not the product.
        Person,
        /// The photo was taken from a screen.
        Screen,
        /// The product leaves the frame.
        CutOff,
        /// The product fills too much of the frame.
        TooClose,
        /// The product fills too little of the frame.
        TooFar,
        /// The camera is held at an angle.
        Tilted,
        /// Large parts of the photo are burnt out.
        TooBright,
        /// The light comes from behind the product.
        Backlit,
        /// A reflection hides part of the product.
        Glare,
        /// A defect could not be judged, out of focus or moved.
        Blurred,
        /// The shopper already took this photo.
        Duplicate,
    }
}

mirrored! {
    /// The judgement on sharpness.
    SharpnessState = core::SharpnessState {
        /// Nothing to say.
        Sharp,
        /// Seen at full size; usable as evidence.
        Soft,
        /// A defect could not be judged: a reason to retake.
        Blurred,
        /// Too few edges to say anything, such as a plain black T-shirt.
        Unknown,
    }
}

mirrored! {
    /// What blurred a picture.
    BlurCause = core::BlurCause {
        /// Out of focus: all directions are equally soft.
        Defocus,
        /// Camera or item moved: one direction is softer.
        Motion,
    }
}

mirrored! {
    /// The judgement on light.
    ExposureState = core::ExposureState {
        /// Enough light, and not too much.
        Good,
        /// Too little light.
        TooDark,
        /// Burnt out over a large, flat area.
        TooBright,
        /// The surroundings are far brighter than the subject.
        Backlit,
    }
}

mirrored! {
    /// What told where the subject is.
    FramingSource = core::FramingSource {
        /// The strength of the edges, which do not know what is the product.
        Edges,
        /// The relevance model.
        Map,
    }
}

mirrored! {
    /// What a picture can be of.
    Subject = core::Subject {
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
}

impl From<core::FrameReport> for FrameReport {
    fn from(report: core::FrameReport) -> Self {
        Self {
            verdict: report.verdict.into(),
            reasons: report.reasons.iter().map(Into::into).collect(),
            sharpness: report.sharpness.into(),
            exposure: report.exposure.into(),
            noise_sigma: report.noise.sigma,
            glare: report.glare.into(),
            framing: report.framing.into(),
            lens: report.lens.into(),
            screen: report.screen.into(),
            relevance: report.relevance.map(Into::into),
            motion_px: report.motion,
            focusing: report.focusing,
            hints: report.hints.iter().map(Into::into).collect(),
        }
    }
}

impl From<&core::StillReport> for StillReport {
    fn from(report: &core::StillReport) -> Self {
        Self {
            verdict: report.verdict.into(),
            reasons: report.reasons.iter().copied().map(Into::into).collect(),
            width: report.width,
            height: report.height,
            sharpness: report.sharpness.into(),
            exposure: report.exposure.into(),
            noise_sigma: report.noise.sigma,
            glare: report.glare.into(),
            framing: report.framing.into(),
            lens: report.lens.into(),
            screen: report.screen.into(),
            relevance: report.relevance.map(Into::into),
            policy_version: report.policy_version,
            policy_hash: report.policy_hash.clone(),
        }
    }
}

impl From<core::Sharpness> for Sharpness {
    fn from(core::Sharpness { state, score, cause }: core::Sharpness) -> Self {
        Self { state: state.into(), score, cause: cause.map(Into::into) }
    }
}

impl From<core::Exposure> for Exposure {
    fn from(exposure: core::Exposure) -> Self {
        let core::Exposure { state, mean, p50, p98, clipped_low, clipped_high } = exposure;
        Self { state: state.into(), mean, p50, p98, clipped_low, clipped_high }
    }
}

impl From<core::Glare> for Glare {
    fn from(core::Glare { present, area }: core::Glare) -> Self {
        Self { present, area }
    }
}

impl From<core::Framing> for Framing {
    fn from(framing: core::Framing) -> Self {
        Self {
            subject: framing.subject.map(Into::into),
            fill: framing.fill,
            centre_x: framing.centre_x,
            centre_y: framing.centre_y,
            source: framing.source.into(),
            offset: framing.offset,
            touches: framing.touches.into(),
            roll_deg: framing.roll_deg,
            pitch_deg: framing.pitch_deg,
        }
    }
}

impl From<core::Sides> for Sides {
    fn from(core::Sides { left, top, right, bottom }: core::Sides) -> Self {
        Self { left, top, right, bottom }
    }
}

impl From<core::Lens> for Lens {
    fn from(core::Lens { blocked, covered }: core::Lens) -> Self {
        Self { blocked, covered }
    }
}

impl From<core::Screen> for Screen {
    fn from(core::Screen { present, strength }: core::Screen) -> Self {
        Self { present, strength }
    }
}

impl From<core::Relevance> for Relevance {
    fn from(core::Relevance { subject, confidence, scores }: core::Relevance) -> Self {
        let shares = scores.iter().map(|(subject, share)| SubjectShare { subject: subject.into(), share });
        Self { subject: subject.into(), confidence, shares: shares.collect() }
    }
}

impl From<core::Flicker> for Flicker {
    fn from(core::Flicker { present, strength, bands }: core::Flicker) -> Self {
        Self { present, strength, bands }
    }
}

impl From<core::Region> for Region {
    fn from(core::Region { x, y, width, height }: core::Region) -> Self {
        Self { x, y, width, height }
    }
}

impl From<Region> for core::Region {
    fn from(Region { x, y, width, height }: Region) -> Self {
        Self { x, y, width, height }
    }
}

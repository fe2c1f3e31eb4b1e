//! Framing: where the subject is, how much of the frame it fills, and whether that suits what the shot is to show.
//!
//! The relevance model knows the subject; edges only know what stands out. So what the model says may be a reason for
//! another photo, while edges are heard only when they are clear, and then for a hint. The model is asked first, and only
//! where it sees what the shot wants: the edge of a person is no fault of framing. All positions are fractions of the
//! upright frame.
//!
//! Not responsible for what the subject is, and for what is told first.

mod edges;
mod gravity;
mod map;
mod spot;

pub(crate) use edges::Spare;

use crate::frame::{Aim, FocusState, FrameContext, Rotation};
use crate::hint::{Hint, HintSet};
use crate::policy::Policy;
use crate::reason::{Reason, ReasonSet};
use crate::report::{BlurCause, Framing, FramingSource, Region, Sharpness, SharpnessState, Sides, rounded};
use crate::sensors;
use crate::sharpness::SharpnessEvidence;
use crate::sighting::ActivationMap;
use crate::tiles::Statistics;

/// Sides of the frame that a subject must reach to be too close rather than cut off: all but one.
const TOO_CLOSE_SIDES: usize = 3;
/// Share of a tapped region that must lie in the frame.
const SPOT_INSIDE: f64 = 0.9;

/// A subject in the upright frame.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Found {
    subject: Region,
    centre: (f64, f64),
    touches: Sides,
    /// Whether it is the subject beyond doubt.
    clear: bool,
}

/// What is wrong with the framing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// What the shopper could be told.
    pub(crate) hints: HintSet,
    /// What is worth another photo; all of it is among the hints as well.
    pub(crate) reasons: ReasonSet,
}

/// What the framing is judged by besides the tiles. The context is a believed one, see [`sensors::believed`].
pub(crate) struct Scene<'a> {
    pub(crate) context: &'a FrameContext,
    /// Where the model saw what the shot wants; none when it did not.
    pub(crate) map: Option<&'a ActivationMap>,
    /// The tapped region as the shopper gave it.
    pub(crate) tapped: Option<Region>,
    pub(crate) rotation: Rotation,
    pub(crate) evidence: &'a SharpnessEvidence,
    pub(crate) sharpness: &'a Sharpness,
    pub(crate) policy: &'a Policy,
}

/// Finds the subject and judges where it is.
pub(crate) fn find(statistics: &Statistics, scene: &Scene<'_>, spare: &mut Spare) -> (Framing, Faults) {
    let (found, source) = match scene.map.and_then(|map| map::find(map, scene.policy)) {
        Some(found) => (Some(found), FramingSource::Map),
        None => (edges::find(statistics, scene.rotation, spare), FramingSource::Edges),
    };
    let attitude = scene.context.gravity.map(gravity::attitude).unwrap_or_default();
    let (x, y) = found.map_or((0.5, 0.5), |found| found.centre);
    let framing = Framing {
        subject: found.map(|found| rounded_region(found.subject)),
        fill: rounded(found.map_or(0.0, |found| found.subject.width * found.subject.height)),
        centre_x: rounded(x),
        centre_y: rounded(y),
        source,
        offset: rounded((x - 0.5).hypot(y - 0.5) / 0.5f64.hypot(0.5)),
        touches: found.map(|found| found.touches).unwrap_or_default(),
        roll_deg: attitude.roll_deg.map(rounded),
        pitch_deg: attitude.pitch_deg.map(rounded),
    };
    let clear = found.is_some_and(|found| found.clear);
    (framing, scene.faults(&framing, clear, statistics))
}

fn rounded_region(region: Region) -> Region {
    Region {
        x: rounded(region.x),
        y: rounded(region.y),
        width: rounded(region.width),
        height: rounded(region.height),
    }
}

impl Scene<'_> {
    fn faults(&self, framing: &Framing, clear: bool, statistics: &Statistics) -> Faults {
        let mut faults = Faults::default();
        if matches!(self.context.aim, Aim::Any | Aim::Packaging | Aim::Other) {
            return faults;
        }
        let by_map = framing.source == FramingSource::Map;
        if self.is_empty(framing) {
            faults.hints.insert(Hint::NoSubject);
        } else if let Some(reason) = self.distance(framing, clear) {
            if let Some(hint) = Hint::for_reason(reason) {
                faults.hints.insert(hint);
            }
            if by_map {
                faults.reasons.insert(reason);
            }
        } else if self.is_off_centre(framing, clear) {
            faults.hints.insert(Hint::OffCentre);
        }
        if self.is_tilted(framing) {
            faults.hints.insert(Hint::Tilted);
            if by_map {
                faults.reasons.insert(Reason::Tilted);
            }
        }
        if self.context.aim == Aim::Defect {
            self.judge_spot(statistics, &mut faults.hints);
        }
        if self.is_closer_than_focus() {
            faults.hints.insert(Hint::TooClose);
        }
        faults
    }

    /// There is no edge at all: a plain black T-shirt still has its outline and folds.
    fn is_empty(&self, framing: &Framing) -> bool {
        framing.subject.is_none() && self.evidence.coverage <= self.policy.no_subject_coverage_to
    }

    /// Cut off, too close or too far, for a shot of a whole item or of a label. A defect lies on an item that leaves the
    /// frame on all sides, and so may the print of a label.
    fn distance(&self, framing: &Framing, clear: bool) -> Option<Reason> {
        let by_map = framing.source == FramingSource::Map;
        let sides = framing.touches.count();
        framing.subject?;
        let (aim, policy) = (self.context.aim, self.policy);
        let least = match (aim, by_map) {
            (Aim::Overview, true) => policy.overview_fill_from,
            (Aim::Label | Aim::Serial, true) => policy.label_fill_from,
            (Aim::Overview | Aim::Label | Aim::Serial, false) => policy.edges_fill_from,
            (Aim::Any | Aim::Defect | Aim::Packaging | Aim::Other, _) => return None,
        };
        if by_map && aim == Aim::Overview && sides >= TOO_CLOSE_SIDES {
            Some(Reason::TooClose)
        } else if by_map && (1..TOO_CLOSE_SIDES).contains(&sides) {
            Some(Reason::CutOff)
        } else if clear && framing.fill < least {
            Some(Reason::TooFar)
        } else {
            None
        }
    }

    fn is_off_centre(&self, framing: &Framing, clear: bool) -> bool {
        let policy = self.policy;
        let (from, fill_to) = match framing.source {
            FramingSource::Map => (policy.off_centre_from, 1.0),
            FramingSource::Edges => (policy.edges_off_centre_from, policy.edges_off_centre_fill_to),
        };
        let asked = self.context.aim == Aim::Overview || self.context.aim.is_print();
        asked && clear && framing.offset >= from && framing.fill <= fill_to
    }

    /// Print that runs uphill is hard to read; an item may lie as it likes.
    fn is_tilted(&self, framing: &Framing) -> bool {
        let roll = framing.roll_deg.filter(|_| self.context.aim.is_print());
        roll.is_some_and(|degrees| degrees >= self.policy.label_tilt_deg_from)
    }

    /// The tapped region: in the frame, large enough to show anything, and not softer than its surroundings.
    fn judge_spot(&self, statistics: &Statistics, hints: &mut HintSet) {
        let Some(tapped) = self.tapped.filter(|&region| sensors::is_area(region)) else { return };
        let overlap = |start: f64, len: f64| ((start + len).min(1.0) - start.max(0.0)).max(0.0);
        let area = tapped.width * tapped.height;
        let visible = overlap(tapped.x, tapped.width) * overlap(tapped.y, tapped.height);
        if visible < SPOT_INSIDE * area {
            hints.insert(Hint::CutOff);
        } else if area < self.policy.defect_area_from {
            hints.insert(Hint::TooFar);
        }
        let region = self.context.region.map(|region| self.rotation.as_delivered(region));
        if region.is_some_and(|region| spot::is_softer(statistics, region, self.evidence.sigma, self.policy))
        {
            hints.insert(Hint::Focusing);
        }
    }

    /// The autofocus finds nothing, the picture is out of focus, and the lens is one that cannot focus near by: most
    /// likely the subject is nearer than that. Asked for in close-ups only.
    fn is_closer_than_focus(&self) -> bool {
        let near = self.context.aim == Aim::Defect || self.context.aim.is_print();
        let lost = self.context.focus.is_some_and(FocusState::is_lost);
        let defocused = self.sharpness.state == SharpnessState::Blurred
            && self.sharpness.cause != Some(BlurCause::Motion);
        let far_sighted =
            self.context.min_focus_m.is_some_and(|metres| metres >= self.policy.min_focus_m_from);
        near && lost && defocused && far_sighted
    }
}

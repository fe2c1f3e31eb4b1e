//! From a plane to a report: reduces, gathers, and lets every judgement speak.
//!
//! Preview frames and stills take the same way from the reduced plane on, so they agree on the same scene.

use crate::findings::Findings;
use crate::flicker::RowProfile;
use crate::frame::{ChromaPlanes, FrameContext, FrameError, LumaPlane, LumaRange, Rotation, SamplePlane};
use crate::heat::HeatMap;
use crate::policy::Policy;
use crate::reduce::{Grey, Reducer, is_small};
use crate::report::{FrameReport, Region, rounded};
use crate::sharpness::SharpnessEvidence;
use crate::spare::room_for;
use crate::tiles::{Kernels, Statistics};
use crate::{framing, glare, lens, light, noise, relevance, screen, sensors, sharpness};

/// Buffers that analysis keeps from frame to frame. The first frame of a size, range and stride allocates; later ones do
/// not, whatever they show.
#[derive(Debug, Default)]
pub struct FrameScratch {
    reducer: Reducer,
    plane: Grey,
    statistics: Statistics,
    sigmas: Vec<f64>,
    sharpness: sharpness::Spare,
    glare: glare::Spare,
    framing: framing::Spare,
    lens: lens::Spare,
}

/// Judges one preview frame. Any plane that could be made is analysed, with any context: no error is known today.
pub fn analyse_frame(
    plane: &LumaPlane<'_>,
    context: &FrameContext,
    policy: &Policy,
    scratch: &mut FrameScratch,
) -> Result<FrameReport, FrameError> {
    let view = View {
        luma: plane.samples,
        chroma: plane.chroma,
        range: plane.range(),
        rotation: plane.rotation(),
        context,
    };
    let findings = view.analyse(policy, scratch);
    let reasons = findings.reasons();
    Ok(FrameReport {
        verdict: reasons.verdict(),
        reasons,
        sharpness: findings.sharpness,
        exposure: findings.exposure,
        noise: findings.noise,
        glare: findings.glare,
        framing: findings.framing,
        lens: findings.lens,
        screen: findings.screen,
        relevance: findings.relevance,
        motion: findings.motion,
        focusing: findings.is_focusing(),
        hints: findings.hints(policy),
        torch: context.torch,
    })
}

/// Judges an upright, full-range picture.
pub(crate) fn analyse_still(
    luma: SamplePlane<'_>,
    chroma: Option<ChromaPlanes<'_>>,
    context: &FrameContext,
    policy: &Policy,
) -> Findings {
    View { luma, chroma, range: LumaRange::Full, rotation: Rotation::None, context }
        .analyse(policy, &mut FrameScratch::default())
}

/// Only the measurements behind the sharpness score.
pub(crate) fn measure_still(luma: SamplePlane<'_>) -> SharpnessEvidence {
    let mut scratch = FrameScratch::default();
    scratch.gather(&luma, LumaRange::Full);
    scratch.measure(&FrameContext::default())
}

/// Where in an upright, full-range picture the findings come from.
pub(crate) fn map_still(
    luma: SamplePlane<'_>,
    chroma: Option<ChromaPlanes<'_>>,
    context: &FrameContext,
    policy: &Policy,
) -> HeatMap {
    let mut scratch = FrameScratch::default();
    scratch.gather(&luma, LumaRange::Full);
    let FrameScratch { statistics, sigmas, glare: spare, .. } = &mut scratch;
    let context = sensors::believed(context);
    glare::find(statistics, chroma.as_ref(), context.region, policy, spare);
    HeatMap::of(statistics, noise::sigma(statistics, context.iso, sigmas), spare.found())
}

/// What a frame and a still have in common.
struct View<'a> {
    luma: SamplePlane<'a>,
    chroma: Option<ChromaPlanes<'a>>,
    range: LumaRange,
    rotation: Rotation,
    context: &'a FrameContext,
}

impl View<'_> {
    fn analyse(&self, policy: &Policy, scratch: &mut FrameScratch) -> Findings {
        scratch.gather(&self.luma, self.range);
        let context = &sensors::believed(self.context);
        let region = context.region.map(|region| self.rotation.as_delivered(region));
        let evidence = scratch.measure(context);
        // Where the shopper tapped is judged by itself, as long as it has edges.
        let focus = region.and_then(|region| scratch.measure_in(region, evidence.sigma)).unwrap_or(evidence);
        let FrameScratch { statistics, glare: glare_spare, framing: framing_spare, lens: lens_spare, .. } =
            scratch;
        let chroma = self.chroma.as_ref();
        let exposure = light::judge(statistics, context, region, policy);
        let sharpness = sharpness::judge(&focus, context, policy);
        let sighting = context.sighting.as_ref();
        let doubt = sighting
            .map(|sighting| relevance::judge(sighting, context.aim, policy.relevance))
            .unwrap_or_default();
        let scene = framing::Scene {
            context,
            map: sighting
                .filter(|sighting| relevance::locates(sighting, context.aim, doubt))
                .map(|sighting| &sighting.map),
            tapped: self.context.region,
            rotation: self.rotation,
            evidence: &evidence,
            sharpness: &sharpness,
            policy,
        };
        let (framing, faults) = framing::find(statistics, &scene, framing_spare);
        Findings {
            sharpness,
            exposure,
            noise: noise::finding(evidence.sigma),
            glare: glare::find(statistics, chroma, region, policy, glare_spare),
            framing,
            faults,
            lens: lens::find(statistics, chroma, &exposure, &evidence, policy, lens_spare),
            screen: screen::find(chroma, policy),
            relevance: sighting.map(|sighting| sighting.relevance.rounded()),
            doubt,
            motion: sensors::streak_px(context).map(rounded),
            focus: context.focus,
        }
    }
}

impl FrameScratch {
    /// How bright the rows of the last frame were; what [`FlickerWatch`](crate::FlickerWatch) lives on. Of no frame
    /// yet, it has no rows.
    pub fn row_profile(&self) -> RowProfile {
        RowProfile::of(&self.statistics)
    }

    fn gather(&mut self, luma: &SamplePlane<'_>, range: LumaRange) {
        if luma.pixel_stride == 1 && range == LumaRange::Full && is_small(luma) {
            self.statistics.gather_samples(*luma, Kernels::best());
        } else {
            self.reducer.reduce(luma, range, &mut self.plane);
            self.statistics.gather_samples(self.plane.samples(), Kernels::best());
        }
        self.make_room();
    }

    /// Room for a frame that has more to find than any before.
    fn make_room(&mut self) {
        let tiles = self.statistics.tiles.len();
        room_for(&mut self.sigmas, tiles);
        self.sharpness.make_room(&self.statistics);
        self.glare.make_room(tiles);
        self.framing.make_room(&self.statistics);
        self.lens.make_room(tiles);
    }

    fn measure(&mut self, context: &FrameContext) -> SharpnessEvidence {
        let sigma = noise::sigma(&self.statistics, context.iso, &mut self.sigmas);
        sharpness::measure(&self.statistics, sigma, &mut self.sharpness)
    }

    fn measure_in(&mut self, region: Region, sigma: f64) -> Option<SharpnessEvidence> {
        sharpness::measure_region(&self.statistics, region, sigma, &mut self.sharpness)
    }
}

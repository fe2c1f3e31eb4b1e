//! From a plane to a report: reduces, gathers, and lets every judgement speak.
//!
//! Preview frames and stills take the same way from the reduced plane on, so they agree on the same scene.

use crate::frame::{ChromaPlanes, FrameContext, FrameError, LumaPlane, LumaRange, Rotation, SamplePlane};
use crate::policy::Policy;
use crate::reason::{Reason, ReasonSet};
use crate::reduce::{Grey, Reducer};
use crate::report::{Exposure, ExposureState, FrameReport, Framing, Glare, Noise, Sharpness, SharpnessState};
use crate::sharpness::SharpnessEvidence;
use crate::tiles::{Kernels, Statistics};
use crate::{framing, glare, light, noise, sharpness};

/// Buffers that analysis keeps from frame to frame. The first frame of a size allocates; later ones do not.
#[derive(Debug, Default)]
pub struct FrameScratch {
    reducer: Reducer,
    plane: Grey,
    statistics: Statistics,
    sigmas: Vec<f64>,
    sharpness: sharpness::Spare,
    glare: glare::Spare,
}

/// Judges one preview frame.
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
    })
}

/// Judges an upright, full-range picture.
pub(crate) fn analyse_still(
    luma: SamplePlane<'_>,
    chroma: Option<ChromaPlanes<'_>>,
    policy: &Policy,
) -> Findings {
    let context = FrameContext::default();
    View { luma, chroma, range: LumaRange::Full, rotation: Rotation::None, context: &context }
        .analyse(policy, &mut FrameScratch::default())
}

/// Only the measurements behind the sharpness score.
pub(crate) fn measure_still(luma: SamplePlane<'_>) -> SharpnessEvidence {
    let mut scratch = FrameScratch::default();
    scratch.gather(&luma, LumaRange::Full);
    scratch.measure()
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
        let evidence = scratch.measure();
        let statistics = &scratch.statistics;
        let region = self.context.region.map(|region| self.rotation.as_delivered(region));
        let (exposure, lens_blocked) = light::judge(statistics, &evidence, self.context, region, policy);
        Findings {
            sharpness: sharpness::judge(&evidence, self.context, policy),
            exposure,
            lens_blocked,
            noise: noise::finding(evidence.sigma),
            glare: glare::find(statistics, self.chroma.as_ref(), region, policy, &mut scratch.glare),
            framing: framing::find(statistics, self.rotation),
        }
    }
}

impl FrameScratch {
    fn gather(&mut self, luma: &SamplePlane<'_>, range: LumaRange) {
        self.reducer.reduce(luma, range, &mut self.plane);
        self.statistics.gather(&self.plane, Kernels::best());
    }

    fn measure(&mut self) -> SharpnessEvidence {
        let sigma = noise::sigma(&self.statistics, &mut self.sigmas);
        sharpness::measure(&self.statistics, sigma, &mut self.sharpness)
    }
}

/// What analysis found in one picture.
pub(crate) struct Findings {
    pub(crate) sharpness: Sharpness,
    pub(crate) exposure: Exposure,
    pub(crate) lens_blocked: bool,
    pub(crate) noise: Noise,
    pub(crate) glare: Glare,
    pub(crate) framing: Framing,
}

impl Findings {
    /// The findings that are worth another photo.
    pub(crate) fn reasons(&self) -> ReasonSet {
        let light = match self.exposure.state {
            ExposureState::Good => None,
            ExposureState::TooDark => Some(Reason::TooDark),
            ExposureState::TooBright => Some(Reason::TooBright),
            ExposureState::Backlit => Some(Reason::Backlit),
        };
        let blurred = self.sharpness.state == SharpnessState::Blurred;
        [
            light,
            self.lens_blocked.then_some(Reason::LensBlocked),
            self.glare.present.then_some(Reason::Glare),
            blurred.then_some(Reason::Blurred),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

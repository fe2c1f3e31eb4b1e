//! The live picture across the border: one call for each preview frame, no callback, no copy of a frame.
//!
//! Responsible for keeping the core's live view and the relevance model's watch together between frames, under one lock.
//! Not responsible for what they say.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clearshot_analysis::{Aim, Guide, LiveView, LumaPlane, SubjectModel};
use clearshot_capture::ASKS;
use clearshot_relevance::{Schedule, SubjectWatch};

use crate::config::Config;
use crate::error::{CaptureError, ErrorCode, guarded};
use crate::frame::{ChromaLayout, FrameContext, FrameLayout};
use crate::hint::Guidance;
use crate::model::ModelStore;
use crate::report::{Flicker, FrameReport, ShotRole};

/// Judges the frames of one camera's preview and guides the shopper through them.
///
/// Frames are borrowed for the length of a call. Calls from several threads wait for each other. Costs a few megabytes of
/// buffers from the first frame on, whatever the camera delivers.
#[derive(Debug, uniffi::Object)]
pub struct FrameAnalyzer {
    config: Config,
    model: Option<Arc<dyn SubjectModel>>,
    /// None once it was closed.
    live: Mutex<Option<Live>>,
}

/// Everything to know after a frame.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FrameLook {
    /// What analysis says about this frame.
    pub report: FrameReport,
    /// Whether the lamps flicker.
    pub flicker: Flicker,
    /// What to show.
    pub guidance: Guidance,
    /// How long the analysis of this frame took, in nanoseconds: the crossing of the border is not in it, the model is, if
    /// it looked at this frame.
    pub analysis_ns: u64,
}

/// What lives from frame to frame.
#[derive(Debug)]
struct Live {
    view: LiveView,
    watch: SubjectWatch,
    aim: Aim,
    /// How often another photo of this shot was asked for already.
    asks: u32,
}

#[uniffi::export]
impl FrameAnalyzer {
    /// Begins without a shot. `config` is the app's configuration as JSON, none for the shipped one; without `models`, nobody
    /// asks whether the picture is of the item at all.
    #[uniffi::constructor(default(config = None, models = None))]
    pub fn new(config: Option<String>, models: Option<Arc<ModelStore>>) -> Result<Arc<Self>, CaptureError> {
        guarded(|| {
            let config = Config::read(config.as_deref())?;
            let model = models.map(|models| models.model()).transpose()?;
            let live = Mutex::new(Some(Live::new(&config, model.as_ref())));
            Ok(Arc::new(Self { config, model, live }))
        })
    }

    /// Takes the next frame as luma alone. The bytes are read during the call only. After an error of the frame nothing has
    /// changed.
    pub fn analyze(
        &self,
        layout: FrameLayout,
        luma: &[u8],
        context: FrameContext,
    ) -> Result<FrameLook, CaptureError> {
        guarded(|| self.advance(&layout.plane(luma)?, &context))
    }

    /// Takes the next frame with its colours, which tell glare from white paint, a finger from a shadow and a screen from
    /// an item. `u` is the blue difference (Cb), `v` the red one (Cr).
    pub fn analyze_color(
        &self,
        layout: FrameLayout,
        luma: &[u8],
        chroma: ChromaLayout,
        u: &[u8],
        v: &[u8],
        context: FrameContext,
    ) -> Result<FrameLook, CaptureError> {
        guarded(|| self.advance(&layout.plane(luma)?.with_chroma(chroma.planes(u, v)?), &context))
    }

    /// The next shot begins, at a time of the frames' clock: the guide starts anew, and what the model saw is forgotten.
    /// `asks` says how often another photo of this shot was asked for already; when the asks are used up, the next photo is
    /// taken whatever it shows, and the guidance offers that from the first frame.
    pub fn begin_shot(&self, role: ShotRole, asks: u32, at_ns: u64) -> Result<(), CaptureError> {
        guarded(|| {
            let mut live = self.lock();
            let live = live.as_mut().ok_or_else(closed)?;
            live.view.guide().restart(Duration::from_nanos(at_ns));
            live.watch.forget();
            let role = clearshot_protocol::api::ShotRole::from(role);
            (live.aim, live.asks) = (Aim::for_role(role.as_str()), asks);
            Ok(())
        })
    }

    /// Begins as new, without a shot: another camera, or another clock.
    pub fn reset(&self) -> Result<(), CaptureError> {
        guarded(|| {
            let mut live = self.lock();
            let live = live.as_mut().ok_or_else(closed)?;
            *live = Live::new(&self.config, self.model.as_ref());
            Ok(())
        })
    }

    /// Gives the buffers back. Every later call but this one fails with the code `closed`.
    pub fn close(&self) -> Result<(), CaptureError> {
        guarded(|| {
            *self.lock() = None;
            Ok(())
        })
    }
}

impl FrameAnalyzer {
    fn advance(&self, plane: &LumaPlane<'_>, context: &FrameContext) -> Result<FrameLook, CaptureError> {
        let mut live = self.lock();
        live.as_mut().ok_or_else(closed)?.advance(plane, context, &self.config)
    }

    /// What a panic left half done is thrown away: the next call finds an analyser as new.
    fn lock(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(|poisoned| {
            let mut live = poisoned.into_inner();
            *live = live.take().map(|_| Live::new(&self.config, self.model.as_ref()));
            self.live.clear_poison();
            live
        })
    }
}

impl Live {
    fn new(config: &Config, model: Option<&Arc<dyn SubjectModel>>) -> Self {
        Self {
            view: LiveView::new(Guide::new(config.guide)),
            watch: SubjectWatch::new(model.cloned(), Schedule::default()),
            aim: Aim::Any,
            asks: 0,
        }
    }

    fn advance(
        &mut self,
        plane: &LumaPlane<'_>,
        context: &FrameContext,
        config: &Config,
    ) -> Result<FrameLook, CaptureError> {
        let (began, taken) = (Instant::now(), context.taken());
        let thermal = context.thermal.map(Into::into).unwrap_or_default();
        let sighting = self.watch.advance(plane, taken, thermal, || taken.saturating_add(began.elapsed()));
        let context = clearshot_analysis::FrameContext { sighting, ..context.in_shot(self.aim) };
        let look = self.view.advance(plane, &context, &config.policy, taken)?;
        let guidance = Guidance::from(look.guidance);
        let offer_override = guidance.offer_override || self.asks >= u32::from(ASKS);
        Ok(FrameLook {
            report: look.report.into(),
            flicker: look.flicker.into(),
            guidance: Guidance { offer_override, ..guidance },
            analysis_ns: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
        })
    }
}

fn closed() -> CaptureError {
    CaptureError::new(ErrorCode::Closed, "analyse a frame: the analyser was closed")
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    #[allow(clippy::unwrap_used, reason = "a test may panic")]
    fn a_panic_in_the_middle_of_a_frame_leaves_an_analyser_as_new() {
        let analyzer = FrameAnalyzer::new(None, None).unwrap();
        analyzer.begin_shot(ShotRole::Overview, 2, 0).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _live = analyzer.live.lock().unwrap();
            panic!("in the middle");
        }));
        assert!(panicked.is_err() && analyzer.live.is_poisoned());
        assert_eq!(analyzer.lock().as_ref().unwrap().asks, 0, "what the panic left half done is gone");
        assert!(!analyzer.live.is_poisoned());
        analyzer.begin_shot(ShotRole::Overview, 1, 0).unwrap();
        assert_eq!(analyzer.lock().as_ref().unwrap().asks, 1, "once, and not at every call from then on");
    }
}

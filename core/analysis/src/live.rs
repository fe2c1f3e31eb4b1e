//! The live picture: the one call that an app makes for every preview frame.
//!
//! Puts together what frames say one by one ([`analyse_frame`]), what they say together ([`FlickerWatch`]) and what the
//! shopper is told of it ([`Guide`]). Keeps the buffers, so that no frame allocates after the first.
//!
//! Not responsible for the relevance model: whoever runs it (`SubjectWatch` in `clearshot-relevance`) puts what it saw into
//! the context.

use std::time::Duration;

use crate::analyse::{FrameScratch, analyse_frame};
use crate::flicker::{Flicker, FlickerWatch};
use crate::frame::{FrameContext, FrameError, LumaPlane};
use crate::guide::{Guidance, Guide};
use crate::policy::Policy;
use crate::report::FrameReport;

/// Everything to know after a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// What analysis says about this frame.
    pub report: FrameReport,
    /// Whether the lamps flicker: bands that come and go are no fault of the shopper, and no change of the light.
    pub flicker: Flicker,
    /// What to show.
    pub guidance: Guidance,
}

/// A camera's preview, from frame to frame.
#[derive(Debug)]
pub struct LiveView {
    scratch: FrameScratch,
    flicker: FlickerWatch,
    guide: Guide,
}

impl LiveView {
    /// Begins with a guide of one's own settings.
    pub fn new(guide: Guide) -> Self {
        Self { scratch: FrameScratch::default(), flicker: FlickerWatch::default(), guide }
    }

    /// Takes the next frame. `now` is when it was taken, since any fixed moment. Fails as [`analyse_frame`] does, and then
    /// nothing has changed.
    pub fn advance(
        &mut self,
        plane: &LumaPlane<'_>,
        context: &FrameContext,
        policy: &Policy,
        now: Duration,
    ) -> Result<Look, FrameError> {
        let report = analyse_frame(plane, context, policy, &mut self.scratch)?;
        let flicker = self.flicker.advance(&self.scratch.row_profile(), now, policy);
        let guidance = self.guide.advance(&report, now);
        Ok(Look { report, flicker, guidance })
    }

    /// The guide, to tell it what happens besides frames.
    pub fn guide(&mut self) -> &mut Guide {
        &mut self.guide
    }
}

//! What the shopper is told and offered while they aim: hints and guidance.

use clearshot_analysis as core;

use crate::mirror::mirrored;

/// What to show and offer now.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Guidance {
    /// The one thing to tell the shopper; none at the start of a shot, while nothing is known.
    pub hint: Option<Hint>,
    /// When that was first shown, in nanoseconds of the frames' clock.
    pub since_ns: u64,
    /// How near the last seconds were to good: 0 (the most urgent fault all along) to 1. It is 1 exactly when the scene is
    /// good now, also while an earlier hint still has its time.
    pub progress: f64,
    /// What to do about the torch.
    pub torch: TorchAdvice,
    /// Whether a photo could be taken for the shopper now.
    pub auto_capture: bool,
    /// Whether to show an example picture: no progress for some seconds.
    pub show_example: bool,
    /// Whether to offer to take the photo as it is. Stays until the next shot.
    pub offer_override: bool,
}

mirrored! {
    /// The one thing to tell the shopper now. Ordered by urgency.
    Hint = core::Hint {
        /// Something covers the lens.
        LensBlocked,
        /// Too little light.
        TooDark,
        /// Nothing stands out.
        NoSubject,
        /// Something else than an item is in view.
        WrongSubject,
        /// A display is in view.
        Screen,
        /// The subject leaves the frame.
        CutOff,
        /// The subject fills too much of the frame, or lies closer than the lens can focus.
        TooClose,
        /// The subject fills too little of the frame.
        TooFar,
        /// The subject is far from the middle.
        OffCentre,
        /// The camera is held at an angle.
        Tilted,
        /// Large parts are burnt out.
        TooBright,
        /// The light comes from behind the subject.
        Backlit,
        /// A reflection hides part of the subject.
        Glare,
        /// The camera or the subject moves.
        Moving,
        /// Out of focus, or still looking for it.
        Focusing,
        /// Not quite sharp.
        Soft,
        /// Nothing to say: take the photo.
        Good,
    }
}

mirrored! {
    /// What to do about the torch.
    TorchAdvice = core::TorchAdvice {
        /// Leave it as it is.
        None,
        /// It is dark: offer to switch it on.
        Suggest,
        /// It made a reflection: offer to switch it off again.
        Withdraw,
    }
}

impl From<core::Guidance> for Guidance {
    fn from(guidance: core::Guidance) -> Self {
        Self {
            hint: guidance.hint.map(Into::into),
            since_ns: u64::try_from(guidance.since.as_nanos()).unwrap_or(u64::MAX),
            progress: guidance.progress,
            torch: guidance.torch.into(),
            auto_capture: guidance.auto_capture,
            show_example: guidance.show_example,
            offer_override: guidance.offer_override,
        }
    }
}

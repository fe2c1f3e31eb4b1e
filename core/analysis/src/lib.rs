//! Clearshot's judgement of photos: pixels in, verdicts out.
//!
//! Responsible for: preview frames ([`analyse_frame`]), full-resolution photos ([`Still`]), the reason codes
//! ([`Reason`]) and every threshold ([`Policy`]).
//!
//! Not responsible for: reading files, the clock, threads, running the relevance model (what it saw is judged), or what happens
//! to a photo that is to be retaken.

mod analyse;
mod best;
mod chroma;
mod findings;
mod flicker;
mod frame;
mod framing;
mod glare;
mod guide;
mod heat;
mod hint;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod lens;
mod light;
mod live;
mod noise;
mod policy;
mod reason;
mod reduce;
mod relevance;
mod report;
mod scores;
mod screen;
mod sensors;
mod sharpness;
mod sighting;
mod spare;
mod still;
mod tiles;

pub use analyse::{FrameScratch, analyse_frame};
pub use best::{BestOf, Rank, Ranked, choose};
pub use flicker::{Flicker, FlickerWatch, RowProfile};
pub use frame::{
    Aim, ChromaPlanes, FocusState, FrameContext, FrameError, LumaPlane, LumaRange, MAX_SIDE, Rotation,
    SamplePlane,
};
pub use guide::{Guidance, Guide, GuidePolicy, TorchAdvice};
pub use heat::{HeatCell, HeatMap};
pub use hint::{Hint, HintSet};
pub use live::{LiveView, Look};
pub use policy::{Policy, PolicyError};
pub use reason::{Reason, ReasonSet, UnknownReason, Verdict};
pub use relevance::{RelevanceLimits, RelevancePolicy};
pub use report::{
    BlurCause, Exposure, ExposureState, FrameReport, Framing, FramingSource, Glare, Lens, Noise, Region,
    Screen, Sharpness, SharpnessState, Sides, StillReport,
};
pub use scores::{Relevance, Scores, Subject};
pub use sharpness::SharpnessEvidence;
pub use sighting::{ActivationMap, MAX_MAP_CELLS, Sighting, SightingError, SubjectModel};
pub use still::{
    DUPLICATE_DISTANCE, DerivativeSpec, Format, Jpeg, MASTER_LONG_SIDE, PREVIEW_LONG_SIDE, PerceptualHash,
    PixelFormat, PixelView, Preview, RgbImage, Still, StillError, StillLimits, StillScratch,
    THUMBNAIL_LONG_SIDE,
};

//! Clearshot's judgement of photos: pixels in, verdicts out.
//!
//! Responsible for: preview frames ([`analyse_frame`]), full-resolution photos ([`Still`]), the reason codes
//! ([`Reason`]) and every threshold ([`Policy`]).
//!
//! Not responsible for: reading files, the clock, threads, what a product is (the relevance model), or what happens
//! to a photo that is to be retaken.

mod analyse;
mod frame;
mod framing;
mod glare;
mod light;
mod noise;
mod policy;
mod reason;
mod reduce;
mod report;
mod sharpness;
mod still;
mod tiles;

pub use analyse::{FrameScratch, analyse_frame};
pub use frame::{
    ChromaPlanes, FocusState, FrameContext, FrameError, LumaPlane, LumaRange, MAX_SIDE, Rotation,
};
pub use policy::{Policy, PolicyError};
pub use reason::{Reason, ReasonSet, UnknownReason, Verdict};
pub use report::{
    BlurCause, Exposure, ExposureState, FrameReport, Framing, Glare, Noise, Region, Relevance, Sharpness,
    SharpnessState, StillReport, Subject,
};
pub use sharpness::SharpnessEvidence;
pub use still::{
    DUPLICATE_DISTANCE, DerivativeSpec, Format, Jpeg, MASTER_LONG_SIDE, PerceptualHash, PixelFormat,
    PixelView, RgbImage, Still, StillError, StillLimits, StillScratch, THUMBNAIL_LONG_SIDE,
};

//! A photo that was decoded once, and everything that is derived from it before it is kept.

use clearshot_analysis::{
    DerivativeSpec, Jpeg, PerceptualHash, Policy, Reason, Still, StillError, StillLimits, StillReport,
    StillScratch, Verdict,
};

/// A judged photo, in memory only: the upload derivative, its thumbnail, the report and the perceptual hash.
#[derive(Debug, Clone)]
pub struct JudgedPhoto {
    report: StillReport,
    photo: Jpeg,
    thumbnail: Jpeg,
    hash: PerceptualHash,
}

impl JudgedPhoto {
    /// Decodes a JPEG or PNG once, judges it and derives what is kept of it.
    pub fn judge(
        bytes: &[u8],
        limits: &StillLimits,
        policy: &Policy,
        scratch: &mut StillScratch,
    ) -> Result<Self, StillError> {
        Self::from_still(&Still::decode_with(bytes, limits, scratch)?, policy)
    }

    /// Judges a photo that is decoded already (a platform's own decoder, for HEIC).
    pub fn from_still(still: &Still, policy: &Policy) -> Result<Self, StillError> {
        Ok(Self {
            report: still.report(policy),
            photo: still.derivative(&DerivativeSpec::default())?,
            thumbnail: still.thumbnail()?,
            hash: still.perceptual_hash(),
        })
    }

    /// What analysis says. Its width and height are the original's; the kept photo may be smaller.
    pub fn report(&self) -> &StillReport {
        &self.report
    }

    /// Good, or retake.
    pub fn verdict(&self) -> Verdict {
        self.report.verdict
    }

    /// The photo that is kept and sent: upright, without metadata.
    pub fn photo(&self) -> &Jpeg {
        &self.photo
    }

    /// Its thumbnail.
    pub fn thumbnail(&self) -> &Jpeg {
        &self.thumbnail
    }

    /// By which the same photo is found again.
    pub fn perceptual_hash(&self) -> PerceptualHash {
        self.hash
    }

    /// Notes that the session holds this photo already.
    pub(crate) fn mark_duplicate(&mut self) {
        self.report.add_reason(Reason::Duplicate);
    }
}

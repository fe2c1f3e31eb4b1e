//! A photo that was decoded once, and everything that is derived from it before it is kept.

use clearshot_analysis::{
    Aim, DerivativeSpec, FrameContext, Jpeg, PerceptualHash, Policy, Reason, Still, StillError, StillLimits,
    StillReport, StillScratch, Verdict,
};
use clearshot_protocol::api::ShotRole;

/// A judged photo, in memory only: the upload derivative, its thumbnail, the report and the perceptual hash.
#[derive(Debug, Clone)]
pub struct JudgedPhoto {
    report: StillReport,
    photo: Jpeg,
    thumbnail: Jpeg,
    hash: PerceptualHash,
}

impl JudgedPhoto {
    /// Decodes a JPEG or PNG once, judges it for a shot of this role and derives what is kept of it.
    pub fn judge(
        bytes: &[u8],
        role: ShotRole,
        limits: &StillLimits,
        policy: &Policy,
        scratch: &mut StillScratch,
    ) -> Result<Self, StillError> {
        Self::judge_for(bytes, role, &DerivativeSpec::default(), limits, policy, scratch)
    }

    /// As [`Self::judge`], with another derivative to keep and send ([`crate::CaptureStore::next_derivative`]).
    pub fn judge_for(
        bytes: &[u8],
        role: ShotRole,
        derivative: &DerivativeSpec,
        limits: &StillLimits,
        policy: &Policy,
        scratch: &mut StillScratch,
    ) -> Result<Self, StillError> {
        Self::from_still_for(&Still::decode_with(bytes, limits, scratch)?, role, derivative, policy)
    }

    /// Judges a photo that is decoded already (a platform's own decoder, for HEIC). The role is all that counts beside
    /// the pixels: it is in the manifest, so that the server comes to the same verdict.
    pub fn from_still(still: &Still, role: ShotRole, policy: &Policy) -> Result<Self, StillError> {
        Self::from_still_for(still, role, &DerivativeSpec::default(), policy)
    }

    /// As [`Self::from_still`], with another derivative to keep and send.
    pub fn from_still_for(
        still: &Still,
        role: ShotRole,
        derivative: &DerivativeSpec,
        policy: &Policy,
    ) -> Result<Self, StillError> {
        let context = FrameContext { aim: Aim::for_role(role.as_str()), ..FrameContext::default() };
        Ok(Self {
            report: still.report_in(&context, policy),
            photo: still.derivative(derivative)?,
            thumbnail: still.thumbnail(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_on_the_wire_has_the_aim_that_its_photo_is_judged_by() {
        for role in ShotRole::ALL {
            let aim = match role {
                ShotRole::Overview => Aim::Overview,
                ShotRole::Defect => Aim::Defect,
                ShotRole::Label | ShotRole::Serial => Aim::Label,
                ShotRole::Packaging | ShotRole::Other => Aim::Any,
            };
            assert_eq!(Aim::for_role(role.as_str()), aim, "{role}");
        }
    }
}

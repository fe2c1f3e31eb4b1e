//! A photo that was decoded once, and everything that is derived from it before it is kept.

use clearshot_analysis::{
    Aim, DerivativeSpec, FrameContext, Jpeg, PerceptualHash, Policy, Reason, Still, StillError, StillLimits,
    StillReport, StillScratch, SubjectModel, Verdict,
};
use clearshot_protocol::api::ShotRole;

use crate::error::CaptureError;
use crate::store::CaptureStore;

/// A judged photo, in memory only: the upload derivative, its thumbnail, the report and the perceptual hash.
#[derive(Debug, Clone)]
pub struct JudgedPhoto {
    report: StillReport,
    model: Option<ModelMark>,
    photo: Jpeg,
    thumbnail: Jpeg,
    hash: PerceptualHash,
}

/// Which relevance model took part in a judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMark {
    /// SHA-256 of the model, in hex.
    pub sha256: String,
    /// Its version.
    pub version: u32,
}

impl CaptureStore {
    /// Decodes a JPEG or PNG once, judges it for a shot of this role with the store's model
    /// ([`Self::with_model`]), and derives what is kept of it: as large as the network is good for
    /// ([`Self::next_derivative`]).
    pub fn judge(
        &self,
        bytes: &[u8],
        role: ShotRole,
        limits: &StillLimits,
        policy: &Policy,
        scratch: &mut StillScratch,
    ) -> Result<JudgedPhoto, CaptureError> {
        self.judge_still(&Still::decode_with(bytes, limits, scratch)?, role, policy)
    }

    /// As [`Self::judge`], of a photo that is decoded already (a platform's own decoder, for HEIC).
    pub fn judge_still(
        &self,
        still: &Still,
        role: ShotRole,
        policy: &Policy,
    ) -> Result<JudgedPhoto, CaptureError> {
        let derivative = self.next_derivative()?;
        Ok(JudgedPhoto::of(still, role, derivative, policy, self.model.as_deref())?)
    }
}

impl JudgedPhoto {
    /// Decodes a JPEG or PNG once, judges it for a shot of this role without a model or a store, and derives what is kept
    /// of it.
    pub fn judge(
        bytes: &[u8],
        role: ShotRole,
        limits: &StillLimits,
        policy: &Policy,
        scratch: &mut StillScratch,
    ) -> Result<Self, StillError> {
        let still = Still::decode_with(bytes, limits, scratch)?;
        Self::of(&still, role, DerivativeSpec::default(), policy, None)
    }

    /// The role and the model are all that count beside the pixels: both are in the manifest, so that the server comes to
    /// the same verdict. A model that fails is as good as none.
    fn of(
        still: &Still,
        role: ShotRole,
        derivative: DerivativeSpec,
        policy: &Policy,
        model: Option<&dyn SubjectModel>,
    ) -> Result<Self, StillError> {
        let seen = model.and_then(|model| Some((model, model.look(&still.plane()).ok()?)));
        let context = FrameContext {
            aim: Aim::for_role(role.as_str()),
            sighting: seen.map(|(_, sighting)| sighting),
            ..FrameContext::default()
        };
        Ok(Self {
            report: still.report_in(&context, policy),
            model: seen
                .map(|(model, _)| ModelMark { sha256: model.sha256().to_owned(), version: model.version() }),
            photo: still.derivative(&derivative)?,
            thumbnail: still.thumbnail(),
            hash: still.perceptual_hash(),
        })
    }

    /// What analysis says. Its width and height are the original's; the kept photo may be smaller.
    pub fn report(&self) -> &StillReport {
        &self.report
    }

    /// The relevance model that looked at it; none when none did, or it had no answer.
    pub fn model(&self) -> Option<&ModelMark> {
        self.model.as_ref()
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
                ShotRole::Label => Aim::Label,
                ShotRole::Serial => Aim::Serial,
                ShotRole::Packaging => Aim::Packaging,
                ShotRole::Other => Aim::Other,
            };
            assert_eq!(Aim::for_role(role.as_str()), aim, "{role}");
        }
    }
}

//! Asks the product, in the ways in which the product is asked.

use anyhow::Context as _;
use clearshot_analysis::{
    PixelFormat, PixelView, Policy, SharpnessEvidence, SharpnessState, Still, StillLimits, StillReport,
    Verdict,
};
use jpeg_encoder::{ColorType, Encoder};

use crate::peers::{self, GreyView};
use crate::photos::Picture;

/// What the product and its peers say of one grey picture.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) report: StillReport,
    pub(crate) evidence: SharpnessEvidence,
    pub(crate) peers: Peers,
}

/// The peers' numbers; all grow with sharpness but the mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peers {
    pub(crate) laplacian: f64,
    pub(crate) tenengrad: f64,
    /// One less the blur effect.
    pub(crate) effect: f64,
    pub(crate) mean: f64,
}

impl Judged {
    /// Judges a grey picture, compressed first when a quality is given.
    pub(crate) fn grey(
        data: &[u8],
        width: usize,
        height: usize,
        quality: Option<u8>,
    ) -> anyhow::Result<Self> {
        let still = match quality {
            None => still(data, width, height, PixelFormat::Luma)?,
            Some(quality) => {
                let file = compressed(data, width, height, ColorType::Luma, quality)?;
                Still::decode(&file, &StillLimits::default())?
            }
        };
        Ok(Self::still(&still))
    }

    pub(crate) fn still(still: &Still) -> Self {
        // The peers get what the product looks at: the picture at VGA class.
        let longest = still.width().max(still.height());
        let side = |side: u32| (side * longest.min(640) + longest / 2) / longest;
        let rgb = still.rgb(side(still.width()), side(still.height()));
        let (width, height) = (rgb.width as usize, rgb.height as usize);
        let luma = crate::plane::Plane::from_rgb(&rgb.data, width, height).to_bytes();
        let grey = GreyView { data: &luma, width, height };
        let peers = Peers {
            laplacian: peers::variance_of_laplacian(grey),
            tenengrad: peers::tenengrad(grey),
            effect: 1.0 - peers::blur_effect(grey),
            mean: peers::mean(grey),
        };
        Self { report: still.report(&Policy::default()), evidence: still.sharpness_evidence(), peers }
    }

    pub(crate) fn is_blurred(&self) -> bool {
        self.report.sharpness.state == SharpnessState::Blurred
    }

    /// Good, with sharpness seen: what nobody would ask to retake.
    pub(crate) fn is_accepted(&self) -> bool {
        self.report.verdict == Verdict::Good && self.report.sharpness.state != SharpnessState::Unknown
    }
}

/// A photo of these pixels.
pub(crate) fn still(data: &[u8], width: usize, height: usize, format: PixelFormat) -> anyhow::Result<Still> {
    let row_stride = data.len() / height;
    let view = PixelView { data, width: width as u32, height: height as u32, row_stride, format };
    Still::from_pixels(&view, 1, &StillLimits::default()).context("take the pixels")
}

/// The report on a coloured picture.
pub(crate) fn coloured(picture: &Picture) -> anyhow::Result<StillReport> {
    let still = still(&picture.data, picture.width, picture.height, PixelFormat::Rgb)?;
    Ok(still.report(&Policy::default()))
}

pub(crate) fn compressed(
    data: &[u8],
    width: usize,
    height: usize,
    colours: ColorType,
    quality: u8,
) -> anyhow::Result<Vec<u8>> {
    let mut file = Vec::new();
    Encoder::new(&mut file, quality).encode(data, width as u16, height as u16, colours)?;
    Ok(file)
}

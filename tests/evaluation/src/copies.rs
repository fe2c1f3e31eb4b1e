//! The same photo twice: whether its hash finds it again, and whether a still and a preview frame of it are judged alike.

use clearshot_analysis::{
    ChromaPlanes, FrameContext, FrameScratch, LumaPlane, MASTER_LONG_SIDE, PerceptualHash, PixelFormat,
    Policy, RgbImage, SharpnessState, Still, StillLimits, Verdict, analyse_frame,
};
use jpeg_encoder::ColorType;

use crate::judge::{compressed, still as photo_of};
use crate::photos::Photo;
use crate::work::for_all;

/// What is done to a copy.
pub(crate) const CHANGES: [&str; 3] =
    ["half the size, JPEG quality 60", "a sixth brighter", "a sixth darker"];

/// A photo's hash and those of its changed copies, in the order of [`CHANGES`].
pub(crate) struct Hashes {
    pub(crate) name: String,
    pub(crate) scene: String,
    pub(crate) original: PerceptualHash,
    pub(crate) copies: [PerceptualHash; CHANGES.len()],
}

pub(crate) fn hashes(photos: &[Photo]) -> anyhow::Result<Vec<Hashes>> {
    for_all(photos, |photo| {
        let still = photo.decode()?;
        let (width, height) = reduced_size(&still, 1_280);
        let copy = still.rgb(width / 2, height / 2);
        let (w, h) = (copy.width as usize, copy.height as usize);
        let file = compressed(&copy.data, w, h, ColorType::Rgb, 60)?;
        let small = Still::decode(&file, &StillLimits::default())?.perceptual_hash();
        let scaled = |factor: f64| {
            let data: Vec<u8> =
                copy.data.iter().map(|&value| (f64::from(value) * factor).round().min(255.0) as u8).collect();
            anyhow::Ok(photo_of(&data, w, h, PixelFormat::Rgb)?.perceptual_hash())
        };
        Ok(Hashes {
            name: photo.name.clone(),
            scene: photo.scene.clone(),
            original: still.perceptual_hash(),
            copies: [small, scaled(7.0 / 6.0)?, scaled(5.0 / 6.0)?],
        })
    })
}

/// How a preview frame is made from the photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) long_side: u32,
    /// Between the four nearest pixels, without looking at those in between: the sharpest a camera may scale.
    pub(crate) bilinear: bool,
}

pub(crate) const PREVIEWS: [Preview; 4] = [
    Preview { long_side: 640, bilinear: false },
    Preview { long_side: 640, bilinear: true },
    Preview { long_side: 1_280, bilinear: false },
    Preview { long_side: 1_280, bilinear: true },
];

/// What the still and one preview frame of it were called.
pub(crate) struct Pair {
    pub(crate) preview: Preview,
    pub(crate) still: (Verdict, SharpnessState),
    pub(crate) frame: (Verdict, SharpnessState),
}

/// Judges every photo as a still and as preview frames.
pub(crate) fn pairs(photos: &[Photo]) -> anyhow::Result<Vec<Pair>> {
    let policy = Policy::default();
    let pairs = for_all(photos, |photo| {
        let still = photo.decode()?;
        let report = still.report(&policy);
        let mut pairs = Vec::new();
        for preview in PREVIEWS {
            let picture = preview.of(&still);
            let frame = as_frame(&picture, &policy)?;
            let still = (report.verdict, report.sharpness.state);
            pairs.push(Pair { preview, still, frame });
        }
        Ok(pairs)
    })?;
    Ok(pairs.into_iter().flatten().collect())
}

impl Preview {
    fn of(self, still: &Still) -> RgbImage {
        let (width, height) = reduced_size(still, self.long_side);
        if !self.bilinear {
            return still.rgb(width, height);
        }
        let (full_width, full_height) = reduced_size(still, u32::MAX);
        bilinear(&still.rgb(full_width, full_height), width, height)
    }
}

/// The size with the photo's aspect, even, and no larger than asked.
fn reduced_size(still: &Still, long_side: u32) -> (u32, u32) {
    let longest = still.width().max(still.height());
    let wanted = longest.min(long_side).min(MASTER_LONG_SIDE);
    let side = |side: u32| (f64::from(side) * f64::from(wanted) / f64::from(longest)).round() as u32 & !1;
    (side(still.width()), side(still.height()))
}

fn bilinear(source: &RgbImage, width: u32, height: u32) -> RgbImage {
    let position = |at: u32, len: u32, source_len: u32| {
        let place = ((f64::from(at) + 0.5) * f64::from(source_len) / f64::from(len) - 0.5).max(0.0);
        let first = (place as u32).min(source_len - 1);
        (first, (first + 1).min(source_len - 1), place - f64::from(first))
    };
    let mut data = Vec::with_capacity(3 * (width * height) as usize);
    for y in 0..height {
        let (above, below, down) = position(y, height, source.height);
        for x in 0..width {
            let (left, right, across) = position(x, width, source.width);
            for channel in 0..3 {
                let at =
                    |x: u32, y: u32| f64::from(source.data[(3 * (y * source.width + x) + channel) as usize]);
                let upper = at(left, above) * (1.0 - across) + at(right, above) * across;
                let lower = at(left, below) * (1.0 - across) + at(right, below) * across;
                data.push((upper * (1.0 - down) + lower * down).round() as u8);
            }
        }
    }
    RgbImage { data, width, height }
}

/// As a camera hands frames over: full-range luma, chroma of half the size, interleaved.
fn as_frame(picture: &RgbImage, policy: &Policy) -> anyhow::Result<(Verdict, SharpnessState)> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let luma = crate::plane::Plane::from_rgb(&picture.data, width, height).to_bytes();
    let chroma = chroma(&picture.data, width, height);
    let (half_width, half_height) = (width / 2, height / 2);
    let planes = ChromaPlanes::new(&chroma, &chroma[1..], half_width, half_height, 2 * half_width, 2)?;
    let plane = LumaPlane::new(&luma, width, height, width, 1)?.with_chroma(planes);
    let report = analyse_frame(&plane, &FrameContext::default(), policy, &mut FrameScratch::default())?;
    Ok((report.verdict, report.sharpness.state))
}

/// BT.601 colour differences of 2×2 pixels, blue before red.
fn chroma(rgb: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut planes = Vec::with_capacity(width * height / 2);
    for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
        let mean = |channel: usize| {
            let at = |dx: usize, dy: usize| f64::from(rgb[3 * ((2 * y + dy) * width + 2 * x + dx) + channel]);
            (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4.0
        };
        let (red, green, blue) = (mean(0), mean(1), mean(2));
        planes.push((128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue).round().min(255.0) as u8);
        planes.push((128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue).round().min(255.0) as u8);
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_becomes_its_differences_blue_first() {
        assert_eq!(chroma(&[255, 0, 0].repeat(4), 2, 2), [85, 255]);
        assert_eq!(chroma(&[0, 0, 255].repeat(4), 2, 2), [255, 107]);
        assert_eq!(chroma(&[90; 12], 2, 2), [128, 128]);
    }

    #[test]
    fn between_four_pixels_only_the_nearest_count() {
        let columns = [0u8, 40, 80, 120, 160, 200, 240, 240];
        let data: Vec<u8> = columns.iter().flat_map(|&value| [value; 3]).collect();
        let picture = RgbImage { data, width: 8, height: 1 };
        // Each pixel of the half stands between two of the whole; a third of the size skips some.
        assert_eq!(
            bilinear(&picture, 4, 1).data.chunks(3).map(|pixel| pixel[0]).collect::<Vec<_>>(),
            [20, 100, 180, 240]
        );
        assert_eq!(
            bilinear(&picture, 2, 1).data.chunks(3).map(|pixel| pixel[0]).collect::<Vec<_>>(),
            [60, 220]
        );
    }
}

//! A photo at the size in which a camera hands over its preview: what the same scene would have been judged by before
//! the shutter.
//!
//! Not responsible for what else tells a preview from a photo: another pipeline's noise, sharpening and rolling shutter
//! are not imitated.

use super::Still;
use super::encode::scaled;
use crate::frame::{ChromaPlanes, LumaPlane};
use crate::reduce::{Grey, fit};

/// Longest side of a preview in pixels: 1280×960 and 1280×720 are what phones deliver to an analyser at a full rate.
pub const PREVIEW_LONG_SIDE: u32 = 1_280;

/// The planes of a preview: full range, upright, chroma (where there is colour) at half the size in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    luma: Grey,
    chroma: Option<[Grey; 2]>,
}

impl Preview {
    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.luma.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.luma.height
    }

    /// The planes, as a camera would lend them.
    pub fn plane(&self) -> LumaPlane<'_> {
        let chroma = self.chroma.as_ref().map(|[u, v]| ChromaPlanes { u: u.samples(), v: v.samples() });
        LumaPlane::upright(self.luma.samples(), chroma)
    }
}

impl Still {
    /// The photo reduced by area averaging to at most `long_side` pixels on its longer side (at least 1; never
    /// enlarged).
    pub fn preview(&self, long_side: u32) -> Preview {
        let luma = &self.master.luma;
        let (width, height) = fit(luma.width, luma.height, long_side.max(1) as usize);
        let chroma = self.master.chroma.as_ref().map(|planes| {
            planes.each_ref().map(|plane| {
                scaled(plane, width.div_ceil(2).min(plane.width), height.div_ceil(2).min(plane.height))
            })
        });
        Preview { luma: scaled(luma, width, height), chroma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::still::{PixelFormat, PixelView, StillLimits};

    /// Red on the left, white on the right.
    fn two_colours(width: u32, height: u32) -> Still {
        let row = (0..width).flat_map(|x| if 2 * x < width { [200, 20, 20] } else { [250, 250, 250] });
        let data: Vec<u8> = row.collect::<Vec<_>>().repeat(height as usize);
        let view = PixelView {
            data: &data,
            width,
            height,
            row_stride: 3 * width as usize,
            format: PixelFormat::Rgb,
        };
        Still::from_pixels(&view, 1, &StillLimits::default()).unwrap()
    }

    #[test]
    fn a_preview_keeps_the_shape_and_the_colours_of_the_photo() {
        let preview = two_colours(400, 301).preview(100);
        assert_eq!((preview.width(), preview.height()), (100, 75));
        let plane = preview.plane();
        let chroma = plane.chroma.unwrap();
        assert_eq!((chroma.u.width, chroma.u.height), (50, 38));
        assert!(chroma.v.row(19)[5] > 180, "red is red");
        assert_eq!(chroma.v.row(19)[45], 128, "white has no colour");
        assert!(plane.samples.row(37)[10] < 100 && plane.samples.row(37)[90] > 240);
    }

    #[test]
    fn a_preview_is_never_larger_than_the_photo_nor_empty() {
        let still = two_colours(40, 30);
        let large = still.preview(PREVIEW_LONG_SIDE);
        assert_eq!((large.width(), large.height()), (40, 30));
        let tiny = still.preview(0);
        assert_eq!((tiny.width(), tiny.height()), (1, 1));
        let chroma = tiny.plane().chroma.unwrap();
        assert_eq!((chroma.u.width, chroma.u.height), (1, 1));
    }
}

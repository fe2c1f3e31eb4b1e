//! A picture as the network takes it: red, green and blue as planes of 160 × 160 numbers from 0 to 1, the whole picture
//! upright in the middle of a grey square.
//!
//! The training side (`models/train`) prepares its pictures by the same formulas; fixtures that both read keep them equal.
//! Averaging comes first and colours second: what is averaged as luma and colour differences is, but for clipping, the
//! average of red, green and blue.

use clearshot_analysis::{LumaPlane, LumaRange, Region, Rotation, SamplePlane};

use crate::RelevanceError;
use crate::area::average;

/// Rows and columns of the network's input.
pub const SIDE: usize = 160;

/// Red, green, blue.
pub const CHANNELS: usize = 3;

/// Numbers of an input.
pub const INPUT_VALUES: usize = CHANNELS * PLANE;

const PLANE: usize = SIDE * SIDE;

/// What surrounds a picture that is not square: the middle of the range, which is like nothing and least far from
/// everything.
const PADDING: f32 = 0.5;

/// Neutral value of a colour difference.
const NEUTRAL: f32 = 128.0;

/// A prepared picture: 300 KiB, whatever the size of the original.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    values: Vec<f32>,
    letterbox: Letterbox,
}

impl Input {
    /// Prepares a preview frame or the planes of a photo, turned upright. A frame without colours is grey.
    pub fn of_frame(plane: &LumaPlane<'_>) -> Self {
        let delivered = Letterbox::new(plane.luma().width(), plane.luma().height());
        let reduced = |samples: SamplePlane<'_>| delivered.reduce(&samples);
        let luma = reduced(plane.luma());
        let colours = plane.colours().map(|colours| colours.map(reduced));
        let (stretch_luma, stretch_colour) = match plane.range() {
            LumaRange::Full => ((0.0, 1.0), 1.0),
            // ITU-R BT.601: luma from 16 to 235, colour differences from 16 to 240.
            LumaRange::Limited => ((16.0, 255.0 / 219.0), 255.0 / 224.0),
        };
        delivered.compose(plane.rotation(), |index| {
            let y = (luma[index] - stretch_luma.0) * stretch_luma.1;
            let [cb, cr] =
                colours.as_ref().map_or([0.0; 2], |[cb, cr]| [cb[index] - NEUTRAL, cr[index] - NEUTRAL]);
            rgb(y, cb * stretch_colour, cr * stretch_colour)
        })
    }

    /// Prepares upright pixels of red, green, blue: three planes of one size, or three views of interleaved pixels.
    /// Colours are taken as they are (sRGB), not as light.
    pub fn of_rgb(planes: &[SamplePlane<'_>; CHANNELS]) -> Self {
        let letterbox = Letterbox::new(planes[0].width(), planes[0].height());
        let reduced = planes.each_ref().map(|plane| letterbox.reduce(plane));
        letterbox.compose(Rotation::None, |index| reduced.each_ref().map(|channel| channel[index]))
    }

    /// Takes what a platform prepared by the same rules: [`INPUT_VALUES`] numbers from 0 to 1, red, green and blue one
    /// after the other, row by row, of an upright picture that had `width` × `height` pixels.
    pub fn from_values(values: Vec<f32>, width: usize, height: usize) -> Result<Self, RelevanceError> {
        if values.len() != INPUT_VALUES || width == 0 || height == 0 {
            return Err(RelevanceError::Shape {
                what: format!("an input for a picture of {width}×{height}"),
                found: vec![values.len()],
                expected: vec![CHANNELS, SIDE, SIDE],
            });
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(RelevanceError::NotFinite("the input".to_owned()));
        }
        Ok(Self { values, letterbox: Letterbox::new(width, height) })
    }

    /// The numbers: three planes of [`SIDE`] × [`SIDE`], red, green, blue.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Where the picture lies in the square.
    pub fn letterbox(&self) -> Letterbox {
        self.letterbox
    }
}

/// Where a picture lies in the square of the network, in pixels of the square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letterbox {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Letterbox {
    /// For a picture of at least one pixel. Its longer side fills the square, the shorter one is rounded half up and
    /// centred, towards the origin.
    fn new(width: usize, height: usize) -> Self {
        let longest = width.max(height);
        let fitted = |side: usize| ((2 * side * SIDE + longest) / (2 * longest)).max(1);
        let (width, height) = (fitted(width), fitted(height));
        Self { x: (SIDE - width) / 2, y: (SIDE - height) / 2, width, height }
    }

    /// Where the picture lies, in fractions of the square.
    pub fn region(self) -> Region {
        let fraction = |pixels: usize| pixels as f64 / SIDE as f64;
        Region {
            x: fraction(self.x),
            y: fraction(self.y),
            width: fraction(self.width),
            height: fraction(self.height),
        }
    }

    /// A plane at the size of the picture in the square.
    fn reduce(self, plane: &SamplePlane<'_>) -> Vec<f32> {
        let mut reduced = vec![0.0; self.width * self.height];
        average(plane, self.width, self.height, &mut reduced);
        reduced
    }

    /// Lays the picture into the square, turned. `pixel` gives red, green and blue (0 to 255) of a pixel of this
    /// letterbox's picture, which is the one before the turn.
    fn compose(self, rotation: Rotation, pixel: impl Fn(usize) -> [f32; CHANNELS]) -> Input {
        let letterbox = match rotation {
            Rotation::None | Rotation::Clockwise180 => self,
            Rotation::Clockwise90 | Rotation::Clockwise270 => {
                Self { x: self.y, y: self.x, width: self.height, height: self.width }
            }
        };
        let (last_x, last_y) = (self.width - 1, self.height - 1);
        let mut values = vec![PADDING; INPUT_VALUES];
        for y in 0..letterbox.height {
            for x in 0..letterbox.width {
                let (from_x, from_y) = match rotation {
                    Rotation::None => (x, y),
                    Rotation::Clockwise90 => (y, last_y - x),
                    Rotation::Clockwise180 => (last_x - x, last_y - y),
                    Rotation::Clockwise270 => (last_x - y, x),
                };
                let at = (letterbox.y + y) * SIDE + letterbox.x + x;
                for (channel, value) in pixel(from_y * self.width + from_x).into_iter().enumerate() {
                    values[channel * PLANE + at] = (value / 255.0).clamp(0.0, 1.0);
                }
            }
        }
        Input { values, letterbox }
    }
}

/// ITU-R BT.601, full range, as in JPEG (ITU-T T.871); colour differences from neutral.
fn rgb(y: f32, cb: f32, cr: f32) -> [f32; CHANNELS] {
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
}

#[cfg(test)]
mod tests {
    use clearshot_analysis::{ChromaPlanes, PixelFormat, PixelView, Still, StillLimits};
    use proptest::prelude::*;

    use super::*;

    fn at(input: &Input, x: usize, y: usize) -> [f32; CHANNELS] {
        [0, 1, 2].map(|channel| input.values()[channel * PLANE + y * SIDE + x])
    }

    fn of_interleaved(rgb: &[u8], width: usize, height: usize) -> Input {
        let planes =
            [0, 1, 2].map(|channel| SamplePlane::new(&rgb[channel..], width, height, 3 * width, 3).unwrap());
        Input::of_rgb(&planes)
    }

    #[test]
    fn the_picture_lies_in_the_middle_of_grey() {
        let input = of_interleaved(&[255, 0, 51].repeat(20), 10, 2);
        assert_eq!(input.letterbox(), Letterbox { x: 0, y: 64, width: 160, height: 32 });
        let is = |(x, y), expected: [f32; 3]| {
            at(&input, x, y).iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-6)
        };
        assert!(is((0, 63), [0.5; 3]) && is((159, 96), [0.5; 3]));
        assert!(is((0, 64), [1.0, 0.0, 0.2]) && is((159, 95), [1.0, 0.0, 0.2]));
    }

    #[test]
    fn sides_are_rounded_half_up_and_never_vanish() {
        let size = |width, height| {
            let Letterbox { x, y, width, height } = Letterbox::new(width, height);
            (x, y, width, height)
        };
        assert_eq!(size(1, 1), (0, 0, 160, 160));
        assert_eq!(size(65_535, 1), (0, 79, 160, 1));
        // 160 × 3 / 64 = 7.5.
        assert_eq!(size(64, 3), (0, 76, 160, 8));
        assert_eq!(size(4_032, 3_024), (0, 20, 160, 120));
        assert_eq!(size(3, 4), (20, 0, 120, 160));
    }

    #[test]
    fn a_frame_turned_by_the_sensor_is_laid_upright() {
        // Bright in the top left corner of the upright picture.
        let upright = |x: usize, y: usize| if x < 20 && y < 10 { 240 } else { 20 };
        let (width, height) = (60, 40);
        let expected: Vec<u8> = (0..width * height).map(|i| upright(i % width, i / width)).collect();
        let expected = Input::of_frame(&LumaPlane::new(&expected, width, height, width, 1).unwrap());
        for (degrees, (w, h)) in [(90, (40, 60)), (180, (60, 40)), (270, (40, 60))] {
            let delivered = |x: usize, y: usize| match degrees {
                90 => upright(h - 1 - y, x),
                180 => upright(w - 1 - x, h - 1 - y),
                _ => upright(y, w - 1 - x),
            };
            let data: Vec<u8> = (0..w * h).map(|i| delivered(i % w, i / w)).collect();
            let plane = LumaPlane::new(&data, w, h, w, 1).unwrap();
            let turned = Input::of_frame(&plane.with_rotation(Rotation::from_degrees(degrees).unwrap()));
            assert_eq!(turned.letterbox(), expected.letterbox());
            let largest = difference(&turned, &expected);
            assert!(largest < 1e-5, "{degrees}: {largest}");
        }
    }

    #[test]
    fn colours_of_a_camera_become_red_green_and_blue() {
        // Red by ITU-T T.871 is Y 76, Cb 85, Cr 255; by BT.601 video range Y 81, Cb 90, Cr 240.
        for (range, [y, cb, cr]) in [(LumaRange::Full, [76, 85, 255]), (LumaRange::Limited, [81, 90, 240])] {
            let (luma, pairs) = ([y; 16], [cb, cr].repeat(4));
            let chroma = ChromaPlanes::new(&pairs, &pairs[1..], 2, 2, 4, 2).unwrap();
            let plane = LumaPlane::new(&luma, 4, 4, 4, 1).unwrap().with_chroma(chroma).with_range(range);
            let [r, g, b] = at(&Input::of_frame(&plane), 80, 80);
            assert!(r > 0.99 && g < 0.01 && b < 0.01, "{range:?}: {r} {g} {b}");
        }
    }

    #[test]
    fn a_frame_without_colours_is_grey() {
        let plane = LumaPlane::new(&[51; 9], 3, 3, 3, 1).unwrap();
        assert!(at(&Input::of_frame(&plane), 80, 80).iter().all(|value| (value - 0.2).abs() < 1e-6));
    }

    #[test]
    fn what_a_platform_prepares_must_be_as_many_numbers() {
        let mut values = vec![0.25; INPUT_VALUES];
        assert!(Input::from_values(values.clone(), 640, 480).is_ok());
        assert_eq!(Input::from_values(values[1..].to_vec(), 640, 480).unwrap_err().code(), "model_shape");
        assert_eq!(Input::from_values(values.clone(), 0, 480).unwrap_err().code(), "model_shape");
        values[9] = f32::NAN;
        assert_eq!(Input::from_values(values, 640, 480).unwrap_err().code(), "not_finite");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_photo_is_prepared_as_its_pixels_are(
            (width, height) in (1u32..90, 1u32..90), colours in proptest::array::uniform2(any::<[u8; 3]>()),
        ) {
            // Two colours side by side, blurred by nothing: colour planes of a photo have half its size.
            let half = (width / 4 * 2) as usize;
            let row: Vec<u8> =
                (0..width as usize).flat_map(|x| colours[usize::from(x >= half)]).collect();
            let rgb = row.repeat(height as usize);
            let view = PixelView {
                data: &rgb, width, height, row_stride: 3 * width as usize, format: PixelFormat::Rgb,
            };
            let limits = StillLimits { min_side: 1, ..StillLimits::default() };
            let still = Still::from_pixels(&view, 1, &limits).unwrap();
            let exact = of_interleaved(&rgb, width as usize, height as usize);
            let photo = Input::of_frame(&still.plane());
            prop_assert_eq!(photo.letterbox(), exact.letterbox());
            let sum: f64 = photo.values().iter().zip(exact.values()).map(|(a, b)| f64::from((a - b).abs())).sum();
            let mean = sum / INPUT_VALUES as f64;
            prop_assert!(mean < 0.02, "{}", mean);
        }
    }

    fn difference(a: &Input, b: &Input) -> f32 {
        a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }
}

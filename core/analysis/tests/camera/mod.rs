//! A camera made of photos: a shaking hand, light that changes, focus that hunts, pans; the same on every run.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::Path;

use clearshot_analysis::{Still, StillLimits};

/// Width of a frame in pixels.
pub(crate) const WIDTH: usize = 640;
/// Height of a frame in pixels.
pub(crate) const HEIGHT: usize = 480;
/// Pixels of the photo per pixel of the frame, close to the 2 × 2 that each sample averages.
const SCALE: f32 = 1.8;
/// Size that photos are brought to. The rest around the frame, 64 × 48 pixels on each side, is room for the hand.
const PHOTO: (usize, usize) = (1_280, 960);
/// The last place with a neighbour to the right and below.
const LAST: (i32, i32) = (1_278, 958);
/// Standard deviation of the sensor's noise in luma steps.
const NOISE: f32 = 1.2;

/// A photo to point the camera at: luma, 1,280 × 960, each pixel averaged with its neighbours to the right and below.
pub(crate) struct Scene {
    luma: Vec<u8>,
}

impl Scene {
    /// Reads a JPEG; a portrait is cut to landscape by scaling, which no measurement minds.
    pub(crate) fn read(file: &Path) -> Self {
        let still = Still::decode(&std::fs::read(file).unwrap(), &StillLimits::default()).unwrap();
        let rgb = still.rgb(PHOTO.0 as u32, PHOTO.1 as u32);
        assert_eq!((rgb.width as usize, rgb.height as usize), PHOTO, "{} is too small", file.display());
        let luma = |pixel: &[u8]| {
            (299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2])) / 1_000
        };
        let sharp: Vec<u32> = rgb.data.chunks_exact(3).map(luma).collect();
        let at = |index: usize| sharp.get(index).or(sharp.last()).copied().unwrap_or(0);
        let averaged =
            |index| (at(index) + at(index + 1) + at(index + PHOTO.0) + at(index + PHOTO.0 + 1)) / 4;
        Self { luma: (0..sharp.len()).map(|index| averaged(index) as u8).collect() }
    }

    /// The sample at a place between pixels, in 1/256.
    fn bilinear(&self, x: i32, y: i32) -> u8 {
        let x = x.clamp(0, LAST.0 << 8);
        let y = y.clamp(0, LAST.1 << 8);
        let (fx, fy) = ((x & 255) as u32, (y & 255) as u32);
        let at = (y >> 8) as usize * PHOTO.0 + (x >> 8) as usize;
        let row = |at: usize| u32::from(self.luma[at]) * (256 - fx) + u32::from(self.luma[at + 1]) * fx;
        ((row(at) * (256 - fy) + row(at + PHOTO.0) * fy) >> 16) as u8
    }
}

/// What the hand, the lens and the light do while one frame is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct State {
    /// Light, in stops from a correct exposure.
    pub(crate) stops: f32,
    /// Standard deviation of the defocus, in pixels of the frame.
    pub(crate) defocus: f32,
    /// Length of the streak of a pan, in pixels of the frame.
    pub(crate) streak: usize,
}

impl State {
    /// Whether nobody could want more of a frame taken so: nothing of it shows at VGA.
    pub(crate) fn is_good(&self) -> bool {
        self.stops.abs() <= 0.5 && self.defocus <= 0.3 && self.streak <= 1
    }
}

/// Takes frames.
pub(crate) struct Camera {
    random: Random,
    noise: Vec<i8>,
    frame: Vec<u8>,
    spare: Vec<u8>,
    /// Where the hand is off its place, in pixels of the photo, and how fast it goes, per frame.
    hand: [(f32, f32); 2],
    turn: (f32, f32),
}

impl Camera {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let noise = (0..1 << 16).map(|_| (random.normal() * NOISE).round() as i8).collect();
        let blank = vec![0; WIDTH * HEIGHT];
        Self { random, noise, frame: blank.clone(), spare: blank, hand: [(0.0, 0.0); 2], turn: (0.0, 0.0) }
    }

    /// The next frame, a fifteenth of a second later; 640 × 480 luma.
    pub(crate) fn take(&mut self, scene: &Scene, state: State) -> &[u8] {
        self.shake();
        self.warp(scene);
        if state.defocus > 0.0 {
            self.defocus(state.defocus);
        }
        self.blur_rows(WIDTH, state.streak as f32);
        self.expose(state.stops);
        &self.frame
    }

    /// A hand: pushed at random, drawn back to where it wants to be, and slowed down.
    fn shake(&mut self) {
        let mut follow = |(at, speed): &mut (f32, f32), push: f32| {
            *speed = 0.8 * *speed - 0.02 * *at + push * self.random.normal();
            *at += *speed;
        };
        follow(&mut self.hand[0], 0.7);
        follow(&mut self.hand[1], 0.7);
        follow(&mut self.turn, 0.000_4);
    }

    fn warp(&mut self, scene: &Scene) {
        let (sin, cos) = (SCALE * 256.0 * self.turn.0.sin(), SCALE * 256.0 * self.turn.0.cos());
        let middle = |side: usize, off: f32| (side as f32 / 2.0 + off) * 256.0;
        let (cx, cy) = (middle(PHOTO.0, self.hand[0].0), middle(PHOTO.1, self.hand[1].0));
        for (row, line) in self.frame.chunks_exact_mut(WIDTH).enumerate() {
            let dy = row as f32 - HEIGHT as f32 / 2.0;
            for (column, pixel) in line.iter_mut().enumerate() {
                let dx = column as f32 - WIDTH as f32 / 2.0;
                let (x, y) = ((cx + cos * dx - sin * dy) as i32, (cy + sin * dx + cos * dy) as i32);
                *pixel = scene.bilinear(x, y);
            }
        }
    }

    /// Three box filters each way are nearly a Gaussian: their variances add up. One of width w has (w² − 1) / 12, and
    /// up to three pixels, where the outer two count in part, 1 − 1 / w.
    fn defocus(&mut self, sigma: f32) {
        let variance = sigma * sigma / 3.0;
        let width =
            if variance < 2.0 / 3.0 { 1.0 / (1.0 - variance) } else { (1.0 + 12.0 * variance).sqrt() };
        for side in [WIDTH, HEIGHT] {
            (0..3).for_each(|_| self.blur_rows(side, width));
            self.transpose(side);
        }
    }

    /// A box filter along rows of `len` pixels, `width` pixels wide; the outermost pixels count in part.
    fn blur_rows(&mut self, len: usize, width: f32) {
        if width <= 1.01 {
            return;
        }
        let reach = ((width - 1.0) / 2.0).floor();
        let part = ((width - 1.0) / 2.0 - reach) * 256.0;
        let last = len.cast_signed() - 1;
        let (reach, part, whole) = (reach as isize, part as u32, (width * 256.0) as u32);
        for (line, out) in self.frame.chunks_exact(len).zip(self.spare.chunks_exact_mut(len)) {
            let near = |at: isize| u32::from(line[at.clamp(0, last) as usize]);
            let mut sum: u32 = (-reach..=reach).map(near).sum();
            for (at, pixel) in (0..).zip(out) {
                let edges = near(at - reach - 1) + near(at + reach + 1);
                *pixel = ((sum * 256 + edges * part + whole / 2) / whole).min(255) as u8;
                sum = sum + near(at + reach + 1) - near(at - reach);
            }
        }
        std::mem::swap(&mut self.frame, &mut self.spare);
    }

    fn transpose(&mut self, width: usize) {
        let height = self.frame.len() / width;
        for (y, line) in self.frame.chunks_exact(width).enumerate() {
            for (x, &pixel) in line.iter().enumerate() {
                self.spare[x * height + y] = pixel;
            }
        }
        std::mem::swap(&mut self.frame, &mut self.spare);
    }

    /// More or less light, clipped as a sensor clips, and noise.
    fn expose(&mut self, stops: f32) {
        let curve: [i16; 256] = std::array::from_fn(|value| with_light(value as f32, stops) as i16);
        let offset = self.random.next() as usize;
        for (index, pixel) in self.frame.iter_mut().enumerate() {
            let noise = self.noise[(index + offset) & 0xFFFF];
            *pixel = (curve[usize::from(*pixel)] + i16::from(noise)).clamp(0, 255) as u8;
        }
    }
}

/// The sRGB value with so many stops more light.
fn with_light(value: f32, stops: f32) -> f32 {
    let encoded = value / 255.0;
    let linear = if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) };
    let light = (linear * stops.exp2()).min(1.0);
    let encoded = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (255.0 * encoded).round()
}

/// `SplitMix64` (Steele, Lea and Flood 2014): the same numbers on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to 1.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Nearly normal, mean 0, standard deviation 1: the sum of twelve.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }
}

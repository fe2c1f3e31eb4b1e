//! Sharp originals, blurred, photographed in worse light and compressed: every combination, each judged.

use crate::judge::Judged;
use crate::photos::{Half, Kind, Photo};
use crate::plane::{Plane, disc, gaussian, streak};
use crate::random::Random;
use crate::work::for_all;

/// What blurred a picture, in pixels of a frame whose long side is 640.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Blur {
    None,
    /// Standard deviation.
    Gauss(f64),
    /// Radius.
    Disc(f64),
    /// Length.
    Motion(f64),
}

/// The light and the sensor: luma is multiplied by the gain, then white noise is added, in luma steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Capture {
    pub(crate) gain: f32,
    pub(crate) noise: f32,
    /// Whether the phone then smooths the noise away and sharpens what is left, as many do.
    pub(crate) processed: bool,
}

/// One made picture and what was said of it.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) scene: String,
    pub(crate) half: Half,
    pub(crate) kind: Kind,
    pub(crate) blur: Blur,
    pub(crate) capture: Capture,
    pub(crate) quality: Option<u8>,
    pub(crate) judged: Judged,
}

pub(crate) const BLURS: [Blur; 12] = [
    Blur::None,
    Blur::Gauss(0.5),
    Blur::Gauss(1.0),
    Blur::Gauss(1.5),
    Blur::Gauss(2.0),
    Blur::Gauss(3.0),
    Blur::Disc(1.5),
    Blur::Disc(3.0),
    Blur::Disc(5.0),
    Blur::Motion(4.0),
    Blur::Motion(9.0),
    Blur::Motion(15.0),
];

/// From a bright table to a dim hallway, from base sensitivity to the highest. Chosen so that the variance of the
/// Laplacian, the method of most apps, finds it as hard as photos of a real evaluation (area .76 in all, .65 in low
/// light, .79 at σ 8).
const CAPTURES: [Capture; 6] = [
    Capture { gain: 1.0, noise: 0.7, processed: false },
    Capture { gain: 1.0, noise: 3.0, processed: false },
    Capture { gain: 1.0, noise: 8.0, processed: false },
    Capture { gain: 0.5, noise: 2.0, processed: false },
    Capture { gain: 0.25, noise: 3.0, processed: false },
    Capture { gain: 0.12, noise: 4.0, processed: false },
];

/// Further states, for fitting only: noise is no longer white and edges have halos.
const PROCESSED: [Capture; 2] =
    [Capture { gain: 1.0, noise: 3.0, processed: true }, Capture { gain: 0.5, noise: 4.0, processed: true }];
/// Smoothing against noise, standard deviation in pixels of the frame.
const SMOOTHING: f64 = 0.6;
/// Unsharp mask: its standard deviation in pixels of the frame, and how much of the difference is added.
const HALO: f64 = 1.0;
const SHARPENING: f32 = 0.8;

/// Gain up to which a picture counts as taken in low light.
pub(crate) const LOW_LIGHT_GAIN: f32 = 0.25;
/// Noise from which a picture counts as noisy, in luma steps.
pub(crate) const NOISY: f32 = 8.0;

/// Without compression, and as messengers compress.
const QUALITIES: [Option<u8>; 2] = [None, Some(60)];

impl Blur {
    /// Sharp: no blur that anybody sees. Blurred: a defect is hard to judge. None: in between, left out of figures
    /// that need a truth.
    pub(crate) fn truth(self) -> Option<bool> {
        match self {
            Self::None => Some(true),
            Self::Gauss(sigma) if sigma <= 0.5 => Some(true),
            Self::Gauss(sigma) => (sigma >= 1.5).then_some(false),
            Self::Disc(radius) => (radius >= 3.0).then_some(false),
            Self::Motion(length) => (length >= 9.0).then_some(false),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Gauss(sigma) => format!("gauss {sigma}"),
            Self::Disc(radius) => format!("disc {radius}"),
            Self::Motion(length) => format!("motion {length}"),
        }
    }

    fn apply(self, plane: &Plane, scale: f64, random: &mut Random) -> Plane {
        match self {
            Self::None => plane.clone(),
            Self::Gauss(sigma) => {
                let [across, down] = gaussian(sigma * scale);
                plane.convolve(&across).convolve(&down)
            }
            Self::Disc(radius) => plane.convolve(&disc(radius * scale)),
            Self::Motion(length) => {
                plane.convolve(&streak(length * scale, std::f64::consts::PI * random.uniform()))
            }
        }
    }
}

impl Capture {
    fn apply(self, plane: &Plane, random: &mut Random) -> Vec<u8> {
        let data = plane.data.iter().map(|value| value * self.gain + self.noise * random.normal()).collect();
        let noisy = Plane { data, ..*plane };
        if !self.processed {
            return noisy.to_bytes();
        }
        let [across, down] = gaussian(SMOOTHING);
        let mut smooth = noisy.convolve(&across).convolve(&down);
        let [across, down] = gaussian(HALO);
        let blurred = smooth.convolve(&across).convolve(&down);
        for (value, around) in smooth.data.iter_mut().zip(&blurred.data) {
            *value += SHARPENING * (*value - around);
        }
        smooth.to_bytes()
    }
}

impl Sample {
    pub(crate) fn is_low_light(&self) -> bool {
        self.capture.gain <= LOW_LIGHT_GAIN
    }

    pub(crate) fn is_noisy(&self) -> bool {
        self.capture.noise >= NOISY
    }
}

/// Makes and judges every combination of every original; with `processed`, further ones for fitting.
pub(crate) fn run(photos: &[&Photo], processed: bool) -> anyhow::Result<Vec<Sample>> {
    let captures = if processed { [&CAPTURES[..], &PROCESSED].concat() } else { CAPTURES.to_vec() };
    let work: Vec<(&Photo, Blur)> =
        photos.iter().flat_map(|&photo| BLURS.map(|blur| (photo, blur))).collect();
    let samples = for_all(&work, |&(photo, blur)| degraded(photo, blur, &captures))?;
    Ok(samples.into_iter().flatten().collect())
}

fn degraded(photo: &Photo, blur: Blur, captures: &[Capture]) -> anyhow::Result<Vec<Sample>> {
    let picture = photo.working_copy()?;
    let original = Plane::from_rgb(&picture.data, picture.width, picture.height);
    let scale = picture.scale();
    let mut random = Random::for_words(&[&photo.name, &blur.name()]);
    let frame = blur.apply(&original, scale as f64, &mut random).reduced(scale);
    let mut samples = Vec::new();
    for &capture in captures {
        let pixels = capture.apply(&frame, &mut random);
        for quality in QUALITIES {
            samples.push(Sample {
                name: photo.name.clone(),
                scene: photo.scene.clone(),
                half: photo.half(),
                kind: photo.kind,
                blur,
                capture,
                quality,
                judged: Judged::grey(&pixels, frame.width, frame.height, quality)?,
            });
        }
    }
    Ok(samples)
}

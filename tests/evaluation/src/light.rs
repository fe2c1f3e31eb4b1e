//! Exposure brackets: the same picture with more and less light, made where light adds up, not where sRGB bends it.

use clearshot_analysis::{PixelFormat, Policy, Reason};

use crate::judge::{coloured, still};
use crate::peers::{self, GreyView};
use crate::photos::{Half, Photo, Picture};
use crate::plane::Plane;
use crate::random::Random;
use crate::work::for_all;

/// Stops against the picture as it is.
pub(crate) const STOPS: [i32; 8] = [-4, -3, -2, -1, 0, 1, 2, 3];

/// Electrons of a white pixel at full exposure, at the size that is judged: a phone's pixel holds some 5,000, of which
/// half are used, and averaging adds up several.
const WHITE_ELECTRONS: f64 = 10_000.0;
/// Noise of reading a pixel, in electrons.
const READ_ELECTRONS: f64 = 8.0;

/// One picture of a bracket and what was said of its light.
pub(crate) struct Exposed {
    pub(crate) half: Half,
    pub(crate) stops: i32,
    /// Reasons that speak of light.
    pub(crate) reasons: Vec<Reason>,
    /// Mean luma, 0 to 255: what the peers look at.
    pub(crate) mean: f64,
}

pub(crate) fn run(photos: &[&Photo]) -> anyhow::Result<Vec<Exposed>> {
    let brackets = for_all(photos, |photo| {
        let picture = photo.working_copy()?.reduced();
        let mut random = Random::for_words(&[&photo.name, "bracket"]);
        STOPS.iter().map(|&stops| judged(photo, &expose(&picture, stops, &mut random), stops)).collect()
    })?;
    Ok(brackets.into_iter().flat_map(|bracket: Vec<Exposed>| bracket).collect())
}

fn judged(photo: &Photo, picture: &Picture, stops: i32) -> anyhow::Result<Exposed> {
    let report = coloured(picture)?;
    let luma = Plane::from_rgb(&picture.data, picture.width, picture.height).to_bytes();
    let mean = peers::mean(GreyView { data: &luma, width: picture.width, height: picture.height });
    let reasons = report.reasons.into_iter().filter(|&reason| speaks_of_light(reason)).collect();
    Ok(Exposed { half: photo.half(), stops, reasons, mean })
}

/// Whether a reason has to do with light.
fn speaks_of_light(reason: Reason) -> bool {
    matches!(reason, Reason::TooDark | Reason::TooBright | Reason::Backlit | Reason::Glare)
}

/// Linear light, times two per stop, with the noise of counting and reading electrons, clipped, back to sRGB.
fn expose(picture: &Picture, stops: i32, random: &mut Random) -> Picture {
    let gain = 2f64.powi(stops);
    let linear: Vec<f64> = (0..=255u8).map(|value| gain * to_linear(value)).collect();
    let data = picture.data.iter().map(|&value| {
        let electrons = linear[usize::from(value)] * WHITE_ELECTRONS;
        let noise = (electrons + READ_ELECTRONS * READ_ELECTRONS).sqrt() * f64::from(random.normal());
        to_srgb((electrons + noise) / WHITE_ELECTRONS)
    });
    Picture { data: data.collect(), ..*picture }
}

/// IEC 61966-2-1.
fn to_linear(value: u8) -> f64 {
    let encoded = f64::from(value) / 255.0;
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(linear: f64) -> u8 {
    let encoded =
        if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.min(1.0).powf(1.0 / 2.4) - 0.055 };
    (255.0 * encoded).round().clamp(0.0, 255.0) as u8
}

/// Areas of made reflections, share of the frame.
pub(crate) const SPOT_AREAS: [f64; 7] = [0.003, 0.006, 0.012, 0.025, 0.05, 0.1, 0.2];
/// Reflections made per picture and area.
const SPOTS: usize = 3;
/// Width of the soft edge, share of the radius.
const SOFT_EDGE: f64 = 0.15;
/// Mean luma under a reflection above which it lies on white and hides nothing; another place is tried.
const WHITE_BELOW: f64 = 200.0;
/// Places tried for a reflection.
const TRIES: usize = 20;

/// One made reflection and whether it was seen.
pub(crate) struct Spot {
    pub(crate) area: f64,
    /// Called glare when colours are known.
    pub(crate) seen: bool,
    /// Called glare on luma alone.
    pub(crate) seen_in_grey: bool,
}

/// Lays reflections of known area over the pictures.
pub(crate) fn spots(photos: &[&Photo]) -> anyhow::Result<Vec<Spot>> {
    let found = for_all(photos, |photo| {
        let picture = photo.working_copy()?.reduced();
        let mut random = Random::for_words(&[&photo.name, "spots"]);
        let mut spots = Vec::new();
        for area in SPOT_AREAS {
            for _ in 0..SPOTS {
                let Some(ellipse) = Ellipse::place(&picture, area, &mut random) else { continue };
                let lit = ellipse.lay_over(&picture);
                let grey = Plane::from_rgb(&lit.data, lit.width, lit.height).to_bytes();
                let in_grey = still(&grey, lit.width, lit.height, PixelFormat::Luma)?;
                spots.push(Spot {
                    area,
                    seen: coloured(&lit)?.glare.present,
                    seen_in_grey: in_grey.report(&Policy::default()).glare.present,
                });
            }
        }
        Ok(spots)
    })?;
    Ok(found.into_iter().flatten().collect())
}

struct Ellipse {
    x: f64,
    y: f64,
    radius_x: f64,
    radius_y: f64,
}

impl Ellipse {
    /// Somewhere inside the picture where it is not white already.
    fn place(picture: &Picture, area: f64, random: &mut Random) -> Option<Self> {
        let (width, height) = (picture.width as f64, picture.height as f64);
        (0..TRIES).find_map(|_| {
            let aspect = 2f64.powf(2.0 * random.uniform() - 1.0);
            let radius = (area * width * height / std::f64::consts::PI).sqrt();
            let (radius_x, radius_y) = (radius * aspect.sqrt(), radius / aspect.sqrt());
            let mut within = |radius: f64, len: f64| {
                let margin = radius * (1.0 + SOFT_EDGE);
                (len > 2.0 * margin).then(|| margin + (len - 2.0 * margin) * random.uniform())
            };
            let (x, y) = (within(radius_x, width)?, within(radius_y, height)?);
            let ellipse = Self { x, y, radius_x, radius_y };
            (ellipse.mean_under(picture) < WHITE_BELOW).then_some(ellipse)
        })
    }

    /// 0 outside, 1 inside, half on the outline.
    fn cover(&self, index: usize, width: usize) -> f64 {
        let (x, y) = ((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
        let distance = ((x - self.x) / self.radius_x).hypot((y - self.y) / self.radius_y);
        let depth = ((1.0 - distance) / (2.0 * SOFT_EDGE) + 0.5).clamp(0.0, 1.0);
        depth * depth * (3.0 - 2.0 * depth)
    }

    fn mean_under(&self, picture: &Picture) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (index, pixel) in picture.data.chunks_exact(3).enumerate() {
            let cover = self.cover(index, picture.width);
            sum += cover * pixel.iter().map(|&value| f64::from(value)).sum::<f64>() / 3.0;
            total += cover;
        }
        sum / total
    }

    fn lay_over(&self, picture: &Picture) -> Picture {
        let mut lit = picture.clone();
        for (index, pixel) in lit.data.chunks_exact_mut(3).enumerate() {
            let cover = self.cover(index, picture.width);
            for value in pixel {
                *value = (f64::from(*value) * (1.0 - cover) + 255.0 * cover).round() as u8;
            }
        }
        lit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(value: u8) -> Picture {
        Picture { width: 64, height: 48, data: vec![value; 3 * 64 * 48] }
    }

    fn mean(picture: &Picture) -> f64 {
        picture.data.iter().map(|&value| f64::from(value)).sum::<f64>() / picture.data.len() as f64
    }

    #[test]
    fn three_stops_less_leave_an_eighth_of_the_light() {
        let mut random = Random::for_words(&["light"]);
        let darker = expose(&grey(200), -3, &mut random);
        let expected = f64::from(to_srgb(to_linear(200) / 8.0));
        assert!((mean(&darker) - expected).abs() < 1.0, "{} {expected}", mean(&darker));
        assert!((mean(&expose(&grey(200), 3, &mut random)) - 255.0).abs() < 0.5);
    }

    #[test]
    fn a_reflection_covers_the_area_it_is_given() {
        let picture = grey(0);
        let ellipse = Ellipse::place(&picture, 0.1, &mut Random::for_words(&["spot"])).unwrap();
        assert!((mean(&ellipse.lay_over(&picture)) / 255.0 - 0.1).abs() < 0.005);
    }
}

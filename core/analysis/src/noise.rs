//! Sensor noise from the smoothest tiles.

use crate::report::{Noise, rounded};
use crate::tiles::{Statistics, Tile};

/// Share of the tiles that are smoother than the one that is believed: texture only ever adds to the estimate.
const PERCENTILE: f64 = 0.1;
/// Share of clipped pixels above which a tile says nothing: noise is cut off there.
const MAX_CLIPPED: f64 = 0.05;
/// √(π/2) / 6: mean of |mask| to σ (Immerkær 1996).
const MASK_TO_SIGMA: f64 = 0.208_885_7;
/// On pure noise the 10th-percentile tile reads so much of the true σ (own measurement on white Gaussian noise, test
/// `white_noise_is_measured_within_a_tenth`).
const PERCENTILE_BIAS: f64 = 0.80;
/// Most noise of a phone's camera at ISO 100, in luma steps of a preview frame: the smallest sensors, in the shadows,
/// where the tone curve is steepest. What reads higher is the texture of a cloth that has no smooth tile.
const MOST_AT_ISO_100: f64 = 3.0;

/// The standard deviation in luma steps; 0 when every tile is clipped. With the ISO number known, no more than a camera
/// has at it: shot noise grows with the root of the gain. `spare` is only a buffer.
pub(crate) fn sigma(statistics: &Statistics, iso: Option<f64>, spare: &mut Vec<f64>) -> f64 {
    let most = iso.map_or(f64::INFINITY, |iso| MOST_AT_ISO_100 * (iso / 100.0).sqrt());
    measured(statistics, spare).min(most)
}

fn measured(statistics: &Statistics, spare: &mut Vec<f64>) -> f64 {
    spare.clear();
    spare.extend(statistics.tiles.iter().filter_map(tile_sigma));
    if spare.is_empty() {
        return 0.0;
    }
    let index = (spare.len() as f64 * PERCENTILE) as usize;
    let (_, sigma, _) = spare.select_nth_unstable_by(index, f64::total_cmp);
    *sigma / PERCENTILE_BIAS
}

pub(crate) fn finding(sigma: f64) -> Noise {
    Noise { sigma: rounded(sigma) }
}

fn tile_sigma(tile: &Tile) -> Option<f64> {
    let clipped = f64::from(tile.clip_low + tile.clip_high) > MAX_CLIPPED * f64::from(tile.n);
    let enough = tile.noise_n >= 10;
    (enough && !clipped).then(|| MASK_TO_SIGMA * f64::from(tile.noise) / f64::from(tile.noise_n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Grey;
    use crate::tiles::Kernels;

    /// Mid-grey with Gaussian noise: the sum of twelve uniform numbers, from a linear congruential generator.
    fn noisy(deviation: f64) -> Grey {
        let mut state = 1u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1u32 << 24)
        };
        let mut plane = Grey::default();
        plane.resize(640, 480);
        for pixel in &mut plane.data {
            let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            *pixel = (128.0 + deviation * normal).round() as u8;
        }
        plane
    }

    fn sigma_of(plane: &Grey, iso: Option<f64>) -> f64 {
        let mut statistics = Statistics::default();
        statistics.gather(plane, Kernels::best());
        sigma(&statistics, iso, &mut Vec::new())
    }

    #[test]
    fn white_noise_is_measured_within_a_tenth() {
        for deviation in [2.0, 5.0, 10.0] {
            let measured = sigma_of(&noisy(deviation), None);
            assert!((measured / deviation - 1.0).abs() < 0.1, "{deviation}: {measured}");
        }
    }

    #[test]
    fn a_plane_that_is_clipped_everywhere_has_no_noise() {
        let mut plane = Grey::default();
        plane.resize(100, 100);
        assert!(sigma_of(&plane, None).abs() < 1e-9);
    }

    #[test]
    fn a_low_iso_number_says_that_texture_is_no_noise() {
        let textured = noisy(10.0);
        assert!((sigma_of(&textured, Some(100.0)) - MOST_AT_ISO_100).abs() < 1e-9);
        assert!((sigma_of(&textured, Some(6_400.0)) - sigma_of(&textured, None)).abs() < 1e-9);
    }
}

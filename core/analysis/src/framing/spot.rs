//! Focus where the shopper tapped: whether the lens focused on something else.

use crate::policy::Policy;
use crate::report::Region;
use crate::tiles::{Statistics, Tile};

/// Gradient energy per pixel, in luma steps squared, from which a tile has an edge to be judged by.
const EDGE_FLOOR: f64 = 64.0;
/// Gradient energy of white noise per pixel, in σ².
const GRADIENT_NOISE: f64 = 4.0;
/// Energy of the 8-neighbour Laplacian of white noise per pixel, in σ².
const LAPLACIAN_NOISE: f64 = 72.0;
/// A tile has an edge when its gradient energy is so many times its noise.
const OVER_NOISE: f64 = 9.0;
/// Tiles with an edge that both the region and its surroundings need to be compared.
const LEAST_TILES: usize = 6;

/// Whether the edges in the region (as delivered, not upright) have lost their detail, while those around it have it.
pub(super) fn is_softer(statistics: &Statistics, region: Region, sigma: f64, policy: &Policy) -> bool {
    let (mut inside, mut outside) = (Crispness::default(), Crispness::default());
    for (index, tile) in statistics.tiles.iter().enumerate() {
        let part = if statistics.is_in(index, region) { &mut inside } else { &mut outside };
        part.add(tile, sigma);
    }
    match (inside.value(), outside.value()) {
        (Some(inside), Some(outside)) => {
            inside < policy.spot_soft_below && inside < policy.spot_softer_than * outside
        }
        _ => false,
    }
}

/// Energy of the Laplacian over that of the gradient, on tiles with an edge and without their noise: 9 for a step, and
/// about 4.5 / w for a ramp of w pixels.
#[derive(Default)]
struct Crispness {
    laplacian: f64,
    gradient: f64,
    tiles: usize,
}

impl Crispness {
    fn add(&mut self, tile: &Tile, sigma: f64) {
        let n = f64::from(tile.n);
        let noise = sigma * sigma * n;
        let gradient = tile.gradient() as f64;
        if gradient > (EDGE_FLOOR * n).max(OVER_NOISE * GRADIENT_NOISE * noise) {
            self.gradient += gradient - GRADIENT_NOISE * noise;
            self.laplacian += (f64::from(tile.laplacian) - LAPLACIAN_NOISE * noise).max(0.0);
            self.tiles += 1;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.tiles >= LEAST_TILES).then(|| self.laplacian / self.gradient)
    }
}

//! Colour by tile, from a few samples: enough to tell skin from a wall and a reflection from paint.

use crate::frame::{ChromaPlanes, SamplePlane};
use crate::tiles::{Statistics, TILE};

/// Where a tile is looked at: its middle and half way to its corners.
const SPOTS: [(f64, f64); 5] = [(0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
/// A sample without colour.
const NEUTRAL: f64 = 128.0;

/// Mean blue and red difference (Cb, Cr) of a tile, in steps from neutral.
pub(crate) fn of_tile(statistics: &Statistics, index: usize, chroma: &ChromaPlanes<'_>) -> (f64, f64) {
    let (column, row) = (index % statistics.columns, index / statistics.columns);
    let mean = |plane: &SamplePlane<'_>| {
        let total: f64 = SPOTS
            .iter()
            .map(|(dx, dy)| {
                let x = (column as f64 + dx) * TILE as f64 / statistics.width as f64;
                let y = (row as f64 + dy) * TILE as f64 / statistics.height as f64;
                f64::from(sample(plane, x, y))
            })
            .sum();
        total / SPOTS.len() as f64 - NEUTRAL
    };
    (mean(&chroma.u), mean(&chroma.v))
}

/// The sample at a place in fractions of the plane.
fn sample(plane: &SamplePlane<'_>, x: f64, y: f64) -> u8 {
    let column = ((x * plane.width as f64) as usize).min(plane.width - 1);
    let row = ((y * plane.height as f64) as usize).min(plane.height - 1);
    plane.at(column, row)
}

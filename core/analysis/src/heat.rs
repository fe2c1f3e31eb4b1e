//! Where in a photo the findings come from, tile by tile: for people who look rather than read.
//!
//! Shows the measurements on which verdicts rest, not verdicts: a blurred background is as dark here as a blurred item.

use serde::{Deserialize, Serialize};

use crate::report::rounded;
use crate::sharpness;
use crate::tiles::{BLOCK, Statistics, TILE};

/// A photo's findings on a grid, row by row from the top left of the upright photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeatMap {
    /// Cells from left to right.
    pub columns: usize,
    /// Cells from top to bottom.
    pub rows: usize,
    /// Width of a cell as a fraction of the photo's. The last column may reach beyond the photo.
    pub cell_width: f64,
    /// Height of a cell as a fraction of the photo's. The last row may reach beyond the photo.
    pub cell_height: f64,
    /// The cells; `columns × rows` of them.
    pub cells: Vec<HeatCell>,
}

/// What was found in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeatCell {
    /// Mean luma, 0 to 255.
    pub luma: f64,
    /// Share of the gradient energy on edges that is lost when the photo is halved, noise removed: 0 where half the
    /// pixels would show as much (out of focus, moved), about 0.5 on a crisp edge, towards 1 in fine print. Told of
    /// the cell together with its neighbours, since a single weak edge may say anything. None where the cell has no
    /// edges to tell by.
    pub detail: Option<f64>,
    /// Share of the pixels at the black end, 0 to 1.
    pub clipped_low: f64,
    /// Share of the pixels at the white end, 0 to 1.
    pub clipped_high: f64,
    /// Whether a reflection that counts as glare lies on it.
    pub glare: bool,
}

impl HeatMap {
    /// `sigma` is the noise in luma steps; `glare` has the indices of the tiles under glare.
    pub(crate) fn of(statistics: &Statistics, sigma: f64, glare: &[usize]) -> Self {
        let detail = detail(statistics, sigma);
        let tiles = statistics.tiles.iter().zip(detail);
        let mut cells: Vec<_> = tiles
            .map(|(tile, detail)| {
                let share = |count: u32| rounded(f64::from(count) / f64::from(tile.n.max(1)));
                HeatCell {
                    luma: rounded(tile.mean()),
                    detail,
                    clipped_low: share(tile.clip_low),
                    clipped_high: share(tile.clip_high),
                    glare: false,
                }
            })
            .collect();
        for &index in glare {
            cells[index].glare = true;
        }
        Self {
            columns: statistics.columns,
            rows: statistics.rows,
            cell_width: TILE as f64 / statistics.width.max(1) as f64,
            cell_height: TILE as f64 / statistics.height.max(1) as f64,
            cells,
        }
    }
}

/// The detail of every tile.
fn detail(statistics: &Statistics, sigma: f64) -> Vec<Option<f64>> {
    let energies = edge_energies(statistics, sigma);
    let around = |index: usize| {
        let steps = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
        let tiles = steps.filter_map(|(dx, dy)| statistics.neighbour(index, dx, dy));
        tiles.fold((0.0, 0.0), |sum, tile| (sum.0 + energies[tile].0, sum.1 + energies[tile].1))
    };
    let lost = |index: usize| {
        let (fine, coarse): (f64, f64) = around(index);
        if fine > coarse { rounded(1.0 - coarse / fine) } else { 0.0 }
    };
    (0..energies.len()).map(|index| (energies[index].1 > 0.0).then(|| lost(index))).collect()
}

/// The gradient energy of every tile's edges, fine and coarse, noise removed. A block belongs to the tile that its middle
/// lies in.
fn edge_energies(statistics: &Statistics, sigma: f64) -> Vec<(f64, f64)> {
    let noise = sharpness::BlockNoise::of(sigma);
    let gate = noise.edge_gate();
    let mut energies = vec![(0.0, 0.0); statistics.tiles.len()];
    for block in statistics.inner_blocks() {
        let (fine, coarse) = (f64::from(statistics.fine[block]), f64::from(statistics.coarse[block]));
        if coarse > gate {
            let (x, y) = (block % statistics.block_columns, block / statistics.block_columns);
            let middle = |at: usize| (at * BLOCK + BLOCK / 2) / TILE;
            let (tile_fine, tile_coarse) = &mut energies[middle(y) * statistics.columns + middle(x)];
            *tile_fine += (fine - noise.fine).max(0.0);
            *tile_coarse += coarse - noise.coarse;
        }
    }
    energies
}

#[cfg(test)]
mod tests {
    use crate::{FrameContext, HeatMap, PixelFormat, PixelView, Policy, Region, Still, StillLimits};

    const WIDTH: usize = 320;
    const HEIGHT: usize = 240;

    fn map(luma: impl Fn(usize, usize) -> u8, context: &FrameContext) -> HeatMap {
        let data: Vec<u8> = (0..WIDTH * HEIGHT).map(|index| luma(index % WIDTH, index / WIDTH)).collect();
        let view = PixelView {
            data: &data,
            width: WIDTH as u32,
            height: HEIGHT as u32,
            row_stride: WIDTH,
            format: PixelFormat::Luma,
        };
        let still = Still::from_pixels(&view, 1, &StillLimits::default()).unwrap();
        still.heat_map(context, &Policy::default())
    }

    fn cell(map: &HeatMap, column: usize, row: usize) -> super::HeatCell {
        map.cells[row * map.columns + column]
    }

    #[test]
    fn cells_lie_on_the_photo_as_the_map_says() {
        let map = map(|x, y| if x >= 160 && y >= 120 { 200 } else { 20 }, &FrameContext::default());
        assert_eq!((map.columns, map.rows, map.cells.len()), (32, 24, 768));
        assert!((map.cell_width * map.columns as f64 - 1.0).abs() < 1e-9);
        assert!((map.cell_height * map.rows as f64 - 1.0).abs() < 1e-9);
        assert_eq!((cell(&map, 15, 12).luma, cell(&map, 16, 12).luma), (20.0, 200.0));
    }

    #[test]
    fn detail_is_high_on_crisp_edges_low_on_ramps_and_absent_where_nothing_is() {
        // Stripes of eight pixels on the left, a wave of the same contrast but six times as long on the right.
        let picture = |x: usize, y: usize| match (x, y) {
            (_, 0..80) => 128,
            (0..160, _) => 64 + 128 * (x / 8 % 2) as u8,
            _ => (128.0 + 64.0 * (x as f64 * std::f64::consts::TAU / 48.0).sin()) as u8,
        };
        let map = map(picture, &FrameContext::default());
        assert_eq!(cell(&map, 5, 3).detail, None);
        let (crisp, soft) = (cell(&map, 5, 15).detail.unwrap(), cell(&map, 25, 15).detail.unwrap());
        assert!(crisp > 0.4 && soft < 0.15, "{crisp} {soft}");
        assert!(map.cells.iter().filter_map(|cell| cell.detail).all(|detail| (0.0..=1.0).contains(&detail)));
    }

    #[test]
    fn the_iso_number_limits_the_noise_and_one_that_cannot_be_counts_as_none() {
        // Pixels that look like strong noise.
        let noise = |x: usize, y: usize| (100 + (x * 7_919 + y * 104_729 + x * y * 31) % 61) as u8;
        let map_at = |iso| map(noise, &FrameContext { iso, ..FrameContext::default() });
        let unknown = map_at(None);
        assert_ne!(map_at(Some(100.0)), unknown, "at ISO 100 it is no noise");
        assert_eq!(map_at(Some(0.0)), unknown);
        assert_eq!(map_at(Some(f64::NAN)), unknown);
    }

    #[test]
    fn what_is_clipped_and_what_glares_is_marked_where_it_is() {
        // A white blob of 40 × 40 pixels on grey, and a black corner.
        let blob = |x: usize, y: usize| (140..180).contains(&x) && (100..140).contains(&y);
        let picture = |x, y| if blob(x, y) { 255 } else { 110 * u8::from(x >= 30 || y >= 30) };
        let map_of = |region| map(picture, &FrameContext { region, ..FrameContext::default() });
        let whole = map_of(None);
        assert!(cell(&whole, 1, 1).clipped_low > 0.99);
        assert_eq!((cell(&whole, 15, 11).clipped_high, cell(&whole, 15, 11).glare), (1.0, true));
        assert_eq!(whole.cells.iter().filter(|cell| cell.glare).count(), 16);
        let elsewhere = map_of(Some(Region { x: 0.0, y: 0.5, width: 0.3, height: 0.5 }));
        assert!(elsewhere.cells.iter().all(|cell| !cell.glare), "only the region is asked");
    }
}

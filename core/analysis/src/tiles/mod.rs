//! One pass over a plane of VGA class: everything the judgements need, as exact integers per 10×10 tile.
//!
//! Responsible for sums only; what they mean is decided in [`crate::noise`], [`crate::sharpness`], [`crate::light`],
//! [`crate::glare`] and [`crate::framing`]. The arithmetic per row lives in leaf functions behind [`Kernels`]; the
//! scalar ones are the oracle that any vector twin must equal bit for bit.

mod scalar;

use crate::reduce::Grey;
use crate::report::Region;

/// Side of a tile in pixels: 64 × 48 tiles at VGA, fine enough for a tapped defect, coarse enough for statistics.
pub(crate) const TILE: usize = 10;
/// Side of a fine block in pixels: 2 × 2 pixels of the half plane, so that both scales see the same edges.
pub(crate) const BLOCK: usize = 4;
/// Luma at or below which a pixel counts as black: sensor noise keeps true black off 0.
pub(crate) const CLIP_LOW: u8 = 4;
/// Luma at or above which a pixel counts as burnt out: JPEG ringing and area averaging keep true white off 255.
pub(crate) const CLIP_HIGH: u8 = 251;
/// One row in so many is used for the noise estimate: a quarter of the cost, a twice wider spread per tile.
pub(crate) const NOISE_ROW_STEP: usize = 4;
/// Bins of the Laplacian histogram: |8c − Σ neighbours| is at most 8 × 255.
const LAPLACIAN_BINS: usize = 2_041;

/// The sums of one tile. Gradients and Laplacian leave out the outermost pixels of the plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tile {
    /// Pixels.
    pub(crate) n: u32,
    /// Σ luma.
    pub(crate) sum: u32,
    /// Σ luma².
    pub(crate) sum_sq: u32,
    /// Pixels at or below [`CLIP_LOW`].
    pub(crate) clip_low: u32,
    /// Pixels at or above [`CLIP_HIGH`].
    pub(crate) clip_high: u32,
    /// Σ gx², gx = right − left neighbour.
    pub(crate) gxx: u32,
    /// Σ gy², gy = lower − upper neighbour.
    pub(crate) gyy: u32,
    /// Σ gx·gy.
    pub(crate) gxy: i32,
    /// Σ of the squared 8-neighbour Laplacian.
    pub(crate) laplacian: u32,
    /// Pixels in the noise estimate.
    pub(crate) noise_n: u32,
    /// Σ |Immerkær's noise mask| over those pixels.
    pub(crate) noise: u32,
}

impl Tile {
    /// Mean luma; 0 for a tile without pixels.
    pub(crate) fn mean(&self) -> f64 {
        f64::from(self.sum) / f64::from(self.n.max(1))
    }

    /// Σ of the squared gradient length.
    pub(crate) fn gradient(&self) -> u64 {
        u64::from(self.gxx) + u64::from(self.gyy)
    }
}

/// Counts of |Laplacian| by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaplacianHistogram(pub(crate) Vec<u32>);

impl Default for LaplacianHistogram {
    fn default() -> Self {
        Self(vec![0; LAPLACIAN_BINS])
    }
}

impl LaplacianHistogram {
    /// Mean of the strongest `share` of the values; 0 when there are none.
    pub(crate) fn mean_of_top(&self, share: f64) -> f64 {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let wanted = ((total as f64 * share).ceil() as u64).min(total);
        let (mut taken, mut sum) = (0u64, 0u64);
        for (value, &count) in self.0.iter().enumerate().rev() {
            let take = u64::from(count).min(wanted - taken);
            taken += take;
            sum += take * value as u64;
            if taken == wanted {
                break;
            }
        }
        sum as f64 / taken.max(1) as f64
    }
}

/// The row functions of one instruction set. All slices of a call have the plane's width.
pub(crate) struct Kernels {
    /// Adds a row's luma to its tiles and to the histogram.
    pub(crate) luma: fn(row: &[u8], tiles: &mut [Tile], histogram: &mut [u32; 256]),
    /// Adds the inner pixels' gradients to the tiles and their energy to the blocks of [`BLOCK`]² pixels.
    pub(crate) gradients: fn(rows: [&[u8]; 3], tiles: &mut [Tile], blocks: &mut [u32]),
    /// Adds the inner pixels' gradient energy to blocks of half [`BLOCK`] pixels.
    pub(crate) half_gradients: fn(rows: [&[u8]; 3], blocks: &mut [u32]),
    /// Adds the inner pixels' Laplacian to the tiles and to the histogram.
    pub(crate) laplacian: fn(rows: [&[u8]; 3], tiles: &mut [Tile], histogram: &mut [u32]),
    /// Adds the inner pixels' Laplacian to the histogram.
    pub(crate) half_laplacian: fn(rows: [&[u8]; 3], histogram: &mut [u32]),
    /// Adds the inner pixels' noise response to the tiles.
    pub(crate) noise: fn(rows: [&[u8]; 3], tiles: &mut [Tile]),
    /// Averages 2×2 pixels, rounding half up.
    pub(crate) halve: fn(upper: &[u8], lower: &[u8], out: &mut [u8]),
}

impl Kernels {
    /// The fastest row functions this machine can run.
    pub(crate) fn best() -> &'static Self {
        &scalar::KERNELS
    }
}

/// Everything one pass found. Reused from frame to frame: buffers only grow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Size of the plane in pixels.
    pub(crate) width: usize,
    /// Size of the plane in pixels.
    pub(crate) height: usize,
    /// Tiles per row.
    pub(crate) columns: usize,
    /// Rows of tiles.
    pub(crate) rows: usize,
    /// The tiles, row by row.
    pub(crate) tiles: Vec<Tile>,
    /// Counts of luma values.
    pub(crate) histogram: Histogram,
    /// Blocks per row.
    pub(crate) block_columns: usize,
    /// Gradient energy of the plane per [`BLOCK`]² pixels.
    pub(crate) fine: Vec<u32>,
    /// Gradient energy of the half plane on the same blocks.
    pub(crate) coarse: Vec<u32>,
    /// |Laplacian| of the plane.
    pub(crate) laplacian: LaplacianHistogram,
    /// |Laplacian| of the half plane.
    pub(crate) half_laplacian: LaplacianHistogram,
    half: Grey,
}

/// Counts of luma values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Histogram(pub(crate) [u32; 256]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Histogram {
    /// The smallest luma that at least `share` of the pixels do not exceed; 0 when empty.
    pub(crate) fn percentile(&self, share: f64) -> u8 {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (value, &count) in self.0.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted && seen > 0 {
                return value as u8;
            }
        }
        0
    }
}

impl Statistics {
    /// Fills itself from a plane. The plane must be of VGA class: sums of a tile are 32 bits wide whatever its size.
    pub(crate) fn gather(&mut self, plane: &Grey, kernels: &Kernels) {
        self.reset(plane.width, plane.height);
        for y in 0..self.height {
            let tile_row = y / TILE * self.columns;
            let tiles = &mut self.tiles[tile_row..tile_row + self.columns];
            (kernels.luma)(plane.row(y), tiles, &mut self.histogram.0);
            if y == 0 || y + 1 == self.height {
                continue;
            }
            let rows = [plane.row(y - 1), plane.row(y), plane.row(y + 1)];
            let block_row = y / BLOCK * self.block_columns;
            let blocks = &mut self.fine[block_row..block_row + self.block_columns];
            (kernels.gradients)(rows, tiles, blocks);
            (kernels.laplacian)(rows, tiles, &mut self.laplacian.0);
            if y % NOISE_ROW_STEP == 1 {
                (kernels.noise)(rows, tiles);
            }
        }
        self.gather_half(plane, kernels);
    }

    fn gather_half(&mut self, plane: &Grey, kernels: &Kernels) {
        self.half.resize(plane.width / 2, plane.height / 2);
        for y in 0..self.half.height {
            (kernels.halve)(plane.row(2 * y), plane.row(2 * y + 1), self.half.row_mut(y));
        }
        for y in 1..self.half.height.saturating_sub(1) {
            let rows = [self.half.row(y - 1), self.half.row(y), self.half.row(y + 1)];
            let block_row = y / (BLOCK / 2) * self.block_columns;
            let blocks = &mut self.coarse[block_row..block_row + self.block_columns];
            (kernels.half_gradients)(rows, blocks);
            (kernels.half_laplacian)(rows, &mut self.half_laplacian.0);
        }
    }

    fn reset(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.columns = width.div_ceil(TILE);
        self.rows = height.div_ceil(TILE);
        self.block_columns = width.div_ceil(BLOCK);
        let blocks = self.block_columns * height.div_ceil(BLOCK);
        self.tiles.clear();
        self.tiles.resize(self.columns * self.rows, Tile::default());
        for energies in [&mut self.fine, &mut self.coarse] {
            energies.clear();
            energies.resize(blocks, 0);
        }
        self.histogram.0.fill(0);
        self.laplacian.0.fill(0);
        self.half_laplacian.0.fill(0);
    }

    /// The tiles whose middle lies in a region of the frame as delivered.
    pub(crate) fn tiles_in(&self, region: Region) -> impl Iterator<Item = &Tile> {
        let tiles = self.tiles.iter().enumerate();
        tiles.filter(move |&(index, _)| self.is_in(index, region)).map(|(_, tile)| tile)
    }

    /// Whether the middle of a tile lies in a region of the frame as delivered.
    pub(crate) fn is_in(&self, index: usize, region: Region) -> bool {
        let x = ((index % self.columns) as f64 + 0.5) * TILE as f64 / self.width as f64;
        let y = ((index / self.columns) as f64 + 0.5) * TILE as f64 / self.height as f64;
        let (dx, dy) = (x - region.x, y - region.y);
        (0.0..=region.width).contains(&dx) && (0.0..=region.height).contains(&dy)
    }

    /// The tile beside a tile; none beyond the edge of the frame.
    pub(crate) fn neighbour(&self, index: usize, dx: isize, dy: isize) -> Option<usize> {
        let x = (index % self.columns).checked_add_signed(dx).filter(|&x| x < self.columns)?;
        let y = (index / self.columns).checked_add_signed(dy).filter(|&y| y < self.rows)?;
        Some(y * self.columns + x)
    }

    /// Indices of the blocks whose pixels have all their neighbours, on both scales.
    pub(crate) fn inner_blocks(&self) -> impl Iterator<Item = usize> {
        let columns = self.width / BLOCK;
        let rows = self.height / BLOCK;
        let stride = self.block_columns;
        (1..rows.saturating_sub(1))
            .flat_map(move |y| (1..columns.saturating_sub(1)).map(move |x| y * stride + x))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A plane without symmetry, with black and white in it.
    fn plane(width: usize, height: usize) -> Grey {
        let mut plane = Grey::default();
        plane.resize(width, height);
        for (index, pixel) in plane.data.iter_mut().enumerate() {
            *pixel = (index * index / 7 % 256) as u8;
        }
        plane
    }

    fn gather(plane: &Grey) -> Statistics {
        let mut statistics = Statistics::default();
        statistics.gather(plane, Kernels::best());
        statistics
    }

    #[test]
    fn tiles_add_up_to_the_plane_at_any_size() {
        for (width, height) in [(1, 1), (2, 3), (10, 10), (37, 23), (64, 48), (101, 7)] {
            let plane = plane(width, height);
            let statistics = gather(&plane);
            let total =
                |part: fn(&Tile) -> u32| statistics.tiles.iter().map(|t| i64::from(part(t))).sum::<i64>();
            let at = |x: usize, y: usize| i64::from(plane.data[y * width + x]);
            assert_eq!(total(|tile| tile.n), i64::try_from(width * height).unwrap());
            assert_eq!(total(|tile| tile.sum), plane.data.iter().map(|&luma| i64::from(luma)).sum::<i64>());
            assert_eq!(
                total(|tile| tile.sum_sq),
                plane.data.iter().map(|&luma| i64::from(luma).pow(2)).sum::<i64>()
            );
            let (mut gxx, mut gyy, mut gxy, mut laplacian, mut noise) = (0, 0, 0, 0, 0);
            for y in 1..height.max(1) - 1 {
                for x in 1..width.max(1) - 1 {
                    let (gx, gy) = (at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1));
                    (gxx, gyy, gxy) = (gxx + gx * gx, gyy + gy * gy, gxy + gx * gy);
                    let mut ring = 0;
                    for (dx, dy) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)] {
                        ring += at(x + dx - 1, y + dy - 1);
                    }
                    laplacian += (8 * at(x, y) - ring).pow(2);
                    if y % NOISE_ROW_STEP == 1 {
                        let corners =
                            at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
                        let sides = at(x, y - 1) + at(x, y + 1) + at(x - 1, y) + at(x + 1, y);
                        noise += (corners - 2 * sides + 4 * at(x, y)).abs();
                    }
                }
            }
            assert_eq!(total(|tile| tile.gxx), gxx, "{width}×{height}");
            assert_eq!(total(|tile| tile.gyy), gyy);
            assert_eq!(statistics.tiles.iter().map(|tile| i64::from(tile.gxy)).sum::<i64>(), gxy);
            assert_eq!(total(|tile| tile.laplacian), laplacian);
            assert_eq!(total(|tile| tile.noise), noise);
            assert_eq!(statistics.fine.iter().map(|&energy| i64::from(energy)).sum::<i64>(), gxx + gyy);
        }
    }

    /// The plainest way to the statistics of the full plane, pixel by pixel.
    fn plainly(plane: &Grey) -> Statistics {
        let mut plain = Statistics::default();
        plain.reset(plane.width, plane.height);
        let at = |x: usize, y: usize| i32::from(plane.row(y)[x]);
        for (x, y) in (0..plane.height).flat_map(|y| (0..plane.width).map(move |x| (x, y))) {
            let tile = &mut plain.tiles[y / TILE * plain.columns + x / TILE];
            let luma = at(x, y) as u32;
            plain.histogram.0[luma as usize] += 1;
            tile.n += 1;
            tile.sum += luma;
            tile.sum_sq += luma * luma;
            tile.clip_low += u32::from(luma <= u32::from(CLIP_LOW));
            tile.clip_high += u32::from(luma >= u32::from(CLIP_HIGH));
            if x == 0 || y == 0 || x + 1 == plane.width || y + 1 == plane.height {
                continue;
            }
            let (gx, gy) = (at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1));
            tile.gxx += (gx * gx) as u32;
            tile.gyy += (gy * gy) as u32;
            tile.gxy += gx * gy;
            plain.fine[y / BLOCK * plain.block_columns + x / BLOCK] += (gx * gx + gy * gy) as u32;
            let sides = at(x, y - 1) + at(x, y + 1) + at(x - 1, y) + at(x + 1, y);
            let corners = at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
            let response = (8 * at(x, y) - sides - corners).unsigned_abs();
            tile.laplacian += response * response;
            plain.laplacian.0[response as usize] += 1;
            if y % NOISE_ROW_STEP == 1 {
                tile.noise += (corners - 2 * sides + 4 * at(x, y)).unsigned_abs();
                tile.noise_n += 1;
            }
        }
        plain
    }

    proptest! {
        #[test]
        fn every_tile_and_block_holds_exactly_its_pixels(
            (width, data) in (1usize..260, 1usize..24)
                .prop_flat_map(|(w, h)| (Just(w), proptest::collection::vec(any::<u8>(), w * h))),
        ) {
            let plane = Grey { width, height: data.len() / width, data };
            let (found, plain) = (gather(&plane), plainly(&plane));
            prop_assert_eq!(found.tiles, plain.tiles);
            prop_assert_eq!(found.fine, plain.fine);
            prop_assert_eq!(found.histogram, plain.histogram);
            prop_assert_eq!(found.laplacian, plain.laplacian);
        }
    }

    #[test]
    fn statistics_used_before_are_as_good_as_new() {
        let mut statistics = gather(&plane(80, 60));
        statistics.gather(&plane(37, 23), Kernels::best());
        assert_eq!(statistics, gather(&plane(37, 23)));
    }

    #[test]
    fn percentiles_and_the_strongest_share_are_exact() {
        let mut histogram = Histogram::default();
        histogram.0[10] = 98;
        histogram.0[200] = 2;
        assert_eq!(
            (histogram.percentile(0.5), histogram.percentile(0.98), histogram.percentile(0.99)),
            (10, 10, 200)
        );
        let mut laplacian = LaplacianHistogram::default();
        laplacian.0[5] = 98;
        laplacian.0[100] = 1;
        laplacian.0[300] = 1;
        assert!((laplacian.mean_of_top(0.02) - 200.0).abs() < 1e-9);
        assert!(LaplacianHistogram::default().mean_of_top(0.01).abs() < 1e-9);
    }
}

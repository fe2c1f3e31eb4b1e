//! One pass over a plane of VGA class: everything the judgements need, as exact integers per 10×10 tile.
//!
//! Responsible for sums only; what they mean is decided in [`crate::noise`], [`crate::sharpness`], [`crate::light`],
//! [`crate::glare`] and [`crate::framing`]. The arithmetic lives in leaf functions behind [`Kernels`]; the scalar ones
//! are the oracle that every vector twin equals bit for bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod counts;
mod kernels;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
mod scalar;
#[cfg(test)]
mod twins;

use crate::frame::SamplePlane;
use crate::reduce::Grey;
use crate::report::Region;
pub(crate) use counts::Histogram;
pub(crate) use kernels::Kernels;
use kernels::{HalfRow, SUMS, TileRow, inner, padded, sampled};

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
/// One row in so many is counted in the luma histogram, from the first: counting is the one thing here that cannot be
/// done for many pixels at once, and 38,000 pixels of VGA give percentiles as good as all of them.
pub(crate) const HISTOGRAM_ROW_STEP: usize = 8;
/// Side of a block on the half plane.
const HALF_BLOCK: usize = BLOCK / 2;

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
    /// Counts of luma values, one row in [`HISTOGRAM_ROW_STEP`].
    pub(crate) histogram: Histogram,
    /// Blocks per row.
    pub(crate) block_columns: usize,
    /// Gradient energy of the plane per [`BLOCK`]² pixels.
    pub(crate) fine: Vec<u32>,
    /// Gradient energy of the half plane on the same blocks.
    pub(crate) coarse: Vec<u32>,
    half: Grey,
    room: Room,
}

/// Room to work in, between the leaf functions. What is left in it means nothing: all are equal.
#[derive(Debug, Default)]
struct Room {
    tally: counts::Tally,
    pairs: Vec<[u32; SUMS]>,
}

impl PartialEq for Room {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Room {}

impl Statistics {
    /// Fills itself from a dense plane.
    #[cfg(test)]
    pub(crate) fn gather(&mut self, plane: &Grey, kernels: &Kernels) {
        self.gather_samples(plane.samples(), kernels);
    }

    /// Fills itself from a plane whose pixels are side by side. The plane must be of VGA class: sums of a tile are 32 bits
    /// wide whatever its size.
    pub(crate) fn gather_samples(&mut self, plane: SamplePlane<'_>, kernels: &Kernels) {
        debug_assert_eq!(plane.pixel_stride, 1);
        self.reset(plane.width, plane.height);
        for y in (0..plane.height).step_by(HISTOGRAM_ROW_STEP) {
            self.room.tally.add(plane.row(y));
        }
        self.room.tally.total_into(&mut self.histogram);
        for row in 0..self.rows {
            self.gather_tiles(plane, row, kernels);
        }
        self.gather_half(plane, kernels);
    }

    fn gather_tiles(&mut self, plane: SamplePlane<'_>, row: usize, kernels: &Kernels) {
        let rows = row * TILE..((row + 1) * TILE).min(plane.height);
        let tiles = &mut self.tiles[row * self.columns..(row + 1) * self.columns];
        (kernels.tile_row)(TileRow {
            plane,
            rows,
            tiles,
            fine: &mut self.fine,
            block_columns: self.block_columns,
            pairs: &mut self.room.pairs,
        });
    }

    fn gather_half(&mut self, plane: SamplePlane<'_>, kernels: &Kernels) {
        self.half.resize(plane.width / 2, plane.height / 2);
        for y in 0..self.half.height {
            kernels.halve(plane.row(2 * y), plane.row(2 * y + 1), self.half.row_mut(y));
        }
        let half = self.half.samples();
        for (row, coarse) in self.coarse.chunks_exact_mut(self.block_columns).enumerate() {
            let rows = inner(row * HALF_BLOCK..(row + 1) * HALF_BLOCK, half.height);
            if !rows.is_empty() && half.width > 0 {
                (kernels.half_row)(HalfRow { plane: half, rows, coarse });
            }
        }
    }

    fn reset(&mut self, width: usize, height: usize) {
        self.block_columns = width.div_ceil(BLOCK);
        let blocks = self.block_columns * height.div_ceil(BLOCK);
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            self.columns = width.div_ceil(TILE);
            self.rows = height.div_ceil(TILE);
            self.tiles.resize(self.columns * self.rows, Tile::default());
            for (index, tile) in self.tiles.iter_mut().enumerate() {
                let part = |index: usize, side: usize| index * TILE..((index + 1) * TILE).min(side);
                let (columns, rows) = (part(index % self.columns, width), part(index / self.columns, height));
                tile.n = (columns.len() * rows.len()) as u32;
                tile.noise_n = (inner(columns, width).len() * sampled(rows, height).count()) as u32;
            }
            self.room.pairs.resize(padded(width) / 2, [0; SUMS]);
            // Blocks at the edge that the half plane does not reach stay empty.
            self.coarse.clear();
            self.coarse.resize(blocks, 0);
        }
        self.fine.clear();
        self.fine.resize(blocks, 0);
        self.room.tally.clear();
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

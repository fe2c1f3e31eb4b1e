//! The leaf functions of the tile pass, one table per instruction set.
//!
//! A leaf works on a whole row of tiles or blocks, so that its accumulators stay in registers from row to row. All
//! tables give the same bits; [`super::scalar`] is the plain one that says which.

use std::ops::Range;

use super::{BLOCK, NOISE_ROW_STEP, TILE, Tile, scalar};
use crate::frame::SamplePlane;

/// Columns that a vector table works on at a time: the widest vector of any, in pixels.
pub(super) const LANES: usize = 32;

/// The leaf functions of one instruction set.
pub(crate) struct Kernels {
    /// Which instruction set it is, for tests and benchmarks.
    #[allow(dead_code, reason = "nobody else asks")]
    pub(crate) name: &'static str,
    /// Sums up a row of tiles.
    pub(super) tile_row: fn(TileRow<'_>),
    /// Averages 2×2 pixels, rounding half up: `out[x]` of `upper[2x..2x + 2]` and `lower[2x..2x + 2]`.
    pub(super) halve: fn(upper: &[u8], lower: &[u8], out: &mut [u8]),
    /// Sums up a row of blocks of the half plane.
    pub(super) half_row: fn(HalfRow<'_>),
}

impl Kernels {
    /// The fastest table that this machine can run.
    pub(crate) fn best() -> &'static Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernels) = super::avx2::kernels() {
            return kernels;
        }
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        return super::neon::kernels();
        #[allow(unreachable_code, reason = "arm64 always has NEON")]
        &scalar::KERNELS
    }

    /// Averages 2×2 pixels, rounding half up.
    pub(crate) fn halve(&self, upper: &[u8], lower: &[u8], out: &mut [u8]) {
        (self.halve)(upper, lower, out);
    }

    /// The plain table, which any machine can run.
    #[cfg(any(test, feature = "internals"))]
    pub(crate) fn scalar() -> &'static Self {
        &scalar::KERNELS
    }
}

/// One row of tiles: what to read and where to put what is found.
pub(super) struct TileRow<'a> {
    /// Pixels side by side (pixel stride 1).
    pub(super) plane: SamplePlane<'a>,
    /// The rows of the plane to sum up, at most [`TILE`], the first one a multiple of it.
    pub(super) rows: Range<usize>,
    /// The tiles of the row. All but [`Tile::n`] and [`Tile::noise_n`] is overwritten.
    pub(super) tiles: &'a mut [Tile],
    /// Gradient energy per block of the whole plane, `block_columns` a row; added to.
    pub(super) fine: &'a mut [u32],
    /// Blocks per row.
    pub(super) block_columns: usize,
    /// Sums of two neighbouring columns each, [`padded`] / 2 of them: room to work in.
    pub(super) pairs: &'a mut [[u32; SUMS]],
}

/// Sums of a pair of columns that the vector tables keep: Σ luma with the clipped pixels above it, Σ luma², Σgx², Σgy²,
/// Σgx·gy, Σ Laplacian², Σ |noise mask|, and nothing.
pub(super) const SUMS: usize = 8;
/// Clipped pixels are the black ones and, so many bits higher, the burnt-out ones: a tile has no more than 100 of each.
pub(super) const CLIP_SHIFT: u32 = 8;
/// So many bits above Σ luma are the clipped pixels: a tile has no more than 25,500 of luma.
pub(super) const LEVEL_SHIFT: u32 = 16;

impl Tile {
    /// Takes over the sums of its pairs of columns.
    #[inline]
    pub(super) fn take(&mut self, sums: [u32; SUMS]) {
        let [levels, sum_sq, gxx, gyy, gxy, laplacian, noise, _] = sums;
        (self.sum, self.sum_sq) = (levels & ((1 << LEVEL_SHIFT) - 1), sum_sq);
        let clip = levels >> LEVEL_SHIFT;
        (self.clip_low, self.clip_high) = (clip & ((1 << CLIP_SHIFT) - 1), clip >> CLIP_SHIFT);
        (self.gxx, self.gyy, self.gxy) = (gxx, gyy, gxy.cast_signed());
        (self.laplacian, self.noise) = (laplacian, noise);
    }
}

/// One row of blocks of the half plane.
pub(super) struct HalfRow<'a> {
    /// Pixels side by side (pixel stride 1).
    pub(super) plane: SamplePlane<'a>,
    /// The inner rows of the half plane that the blocks cover.
    pub(super) rows: Range<usize>,
    /// Gradient energy of the blocks; overwritten as far as the half plane reaches.
    pub(super) coarse: &'a mut [u32],
}

/// The rows among some that take part in the noise estimate: one in [`NOISE_ROW_STEP`]
/// of those that have both neighbours.
pub(super) fn sampled(rows: Range<usize>, height: usize) -> impl Iterator<Item = usize> {
    sampled_of(&inner(rows, height))
}

/// The same of rows that all have both neighbours.
#[inline]
pub(super) fn sampled_of(rows: &Range<usize>) -> impl Iterator<Item = usize> + use<> {
    // The next number that leaves a remainder of 1.
    let first = (rows.start + NOISE_ROW_STEP - 2) / NOISE_ROW_STEP * NOISE_ROW_STEP + 1;
    (first..rows.end).step_by(NOISE_ROW_STEP)
}

/// Those of some rows or columns that have both neighbours.
#[inline]
pub(super) fn inner(range: Range<usize>, len: usize) -> Range<usize> {
    let start = range.start.max(1);
    start..range.end.min(len.saturating_sub(1)).max(start)
}

/// The next multiple of [`LANES`].
#[inline]
pub(super) fn padded(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

/// Columns that a strip reads: its own and one on either side.
pub(super) const REACH: usize = LANES + 2;
/// Rows that a strip reads: a tile's and one on either side.
const ROWS: usize = TILE + 2;

/// [`LANES`] columns of a few rows, with a neighbour on every side: [`REACH`] bytes of each row.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    /// From the column to the left of the first pixel of the first row. Reaches to the last byte of the last row.
    pub(super) pixels: &'a [u8],
    pub(super) row_stride: usize,
    /// Row of the plane that the strip begins with.
    pub(super) first: usize,
    rows: usize,
}

impl<'a> Strip<'a> {
    /// The strip from column `x` on, if all its bytes are inside the buffer. At the left and right edge of the plane
    /// some of them belong to the row before or after: the [`Masks`] leave them out.
    #[inline]
    pub(super) fn borrowed(plane: &SamplePlane<'a>, rows: &Range<usize>, x: usize) -> Option<Self> {
        let (first, end) = around(rows, plane.height);
        let start = (first * plane.row_stride + x).checked_sub(1)?;
        Self::checked(plane.data.get(start..)?, plane.row_stride, first, end - first)
    }

    #[inline]
    fn checked(pixels: &'a [u8], row_stride: usize, first: usize, rows: usize) -> Option<Self> {
        let pixels = pixels.get(..(rows - 1) * row_stride + REACH)?;
        Some(Self { pixels, row_stride, first, rows })
    }

    /// Whether it has a row of the plane.
    #[inline]
    pub(super) fn has(&self, y: usize) -> bool {
        (self.first..self.first + self.rows).contains(&y)
    }

    /// Row `y` of the plane, from the column to the left of the strip to the one to its right.
    #[cfg(target_arch = "aarch64")]
    #[inline]
    pub(super) fn window(&self, y: usize) -> &'a [u8; REACH] {
        const NOTHING: &[u8; REACH] = &[0; REACH];
        self.pixels[(y - self.first) * self.row_stride..].first_chunk().unwrap_or(NOTHING)
    }
}

/// Some rows with one more on either side, as far as there are any.
#[inline]
fn around(rows: &Range<usize>, height: usize) -> (usize, usize) {
    (rows.start.saturating_sub(1), (rows.end + 1).min(height))
}

/// Which columns of a strip count.
pub(super) struct Masks {
    /// −1 for pixels, else 0.
    pub(super) there: [i8; LANES],
    /// −1 for pixels with a neighbour to the left and to the right, else 0.
    pub(super) inner: [i16; LANES],
}

impl Masks {
    /// Those of a strip that [`is_inside`], where nobody asks for them.
    pub(super) const NONE: Self = Self { there: [-1; LANES], inner: [-1; LANES] };

    /// Those of the strip from column `x` on in a plane so wide.
    #[inline]
    pub(super) fn at(x: usize, width: usize) -> Self {
        let mut masks =
            Self { there: first_lanes(&THERE, width - x), inner: first_lanes(&INNER, width - x - 1) };
        if x == 0 {
            masks.inner[0] = 0;
        }
        masks
    }
}

static THERE: [[i8; LANES]; 2] = [[-1; LANES], [0; LANES]];
static INNER: [[i16; LANES]; 2] = [[-1; LANES], [0; LANES]];

/// A mask with its first lanes set: a window on set lanes that are followed by others.
#[inline]
fn first_lanes<T: Copy + Default>(lanes: &[[T; LANES]; 2], count: usize) -> [T; LANES] {
    let start = LANES - count.min(LANES);
    lanes.as_flattened()[start..].first_chunk().copied().unwrap_or([T::default(); LANES])
}

/// A copy of a strip that cannot be borrowed: in a corner of the plane. What is no pixel is 0.
pub(super) struct Corner {
    pixels: [u8; REACH * ROWS],
    first: usize,
    rows: usize,
}

impl Corner {
    /// The strip from column `x` on, wherever it is.
    #[cold]
    pub(super) fn at(plane: &SamplePlane<'_>, rows: &Range<usize>, x: usize) -> Self {
        let (first, end) = around(rows, plane.height);
        let missing = usize::from(x == 0);
        let mut pixels = [0; REACH * ROWS];
        for (copy, y) in pixels.as_chunks_mut::<REACH>().0.iter_mut().zip(first..end) {
            let from = &plane.row(y)[x + missing - 1..];
            copy[missing..].iter_mut().zip(from).for_each(|(copy, &pixel)| *copy = pixel);
        }
        Self { pixels, first, rows: end - first }
    }

    pub(super) fn strip(&self) -> Strip<'_> {
        Strip { pixels: &self.pixels, row_stride: REACH, first: self.first, rows: self.rows }
    }
}

/// Whether the strip from column `x` on has all its columns and all their neighbours.
#[inline]
pub(super) fn is_inside(plane: &SamplePlane<'_>, x: usize) -> bool {
    x > 0 && x + LANES < plane.width
}

// A pair of columns belongs to one tile and one block.
const _: () = assert!(TILE.is_multiple_of(2) && BLOCK.is_multiple_of(2) && LANES.is_multiple_of(BLOCK));

//! The leaf functions in NEON: the same way as [`super::avx2`], with the 32 columns in four registers of eight.
//!
//! NEON multiplies and accumulates per column; columns are added up in pairs at the end of a strip.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is safe")]

use std::arch::aarch64::{
    int16x8_t, int32x4_t, uint32x4_t, vabsq_s16, vaddq_s16, vaddq_u32, vandq_s16, vcgeq_s16, vcleq_s16,
    vdupq_n_s16, vdupq_n_s32, vdupq_n_u32, vget_low_s16, vgetq_lane_u32, vld1_s8, vld1_u8, vld1q_s16,
    vld1q_u8, vmlal_high_s16, vmlal_s16, vmlaq_n_s16, vmlsq_n_s16, vmovl_s8, vmovl_u8, vmulq_n_s16,
    vorrq_u32, vpadalq_u8, vpaddlq_u8, vpaddlq_u16, vpaddq_s32, vpaddq_u32, vreinterpretq_s16_u16,
    vreinterpretq_u16_s16, vreinterpretq_u32_s32, vrshrn_n_u16, vshlq_n_s16, vshlq_n_u32, vst1_u8, vst1q_u32,
    vsubq_s16, vsubq_u32,
};
use std::ops::Range;

use super::kernels::{
    CLIP_SHIFT, Corner, HalfRow, Kernels, LANES, LEVEL_SHIFT, Masks, REACH, SUMS, Strip, TileRow, inner,
};
use super::scalar;
use super::{BLOCK, CLIP_HIGH, CLIP_LOW, NOISE_ROW_STEP, TILE};

/// The table. NEON is part of every arm64 target this is compiled for.
pub(super) fn kernels() -> &'static Kernels {
    &KERNELS
}

static KERNELS: Kernels = Kernels {
    name: "neon",
    // SAFETY (all three): the module is compiled only where the target has NEON.
    tile_row: |row| unsafe { tile_row(row) },
    halve: |upper, lower, out| unsafe { halve(upper, lower, out) },
    half_row: |row| unsafe { half_row(row) },
};

/// Columns in a register.
const EIGHT: usize = 8;
/// Pairs of columns in a register, and in a tile.
const PAIRS: usize = EIGHT / 2;
const TILE_PAIRS: usize = TILE / 2;

#[target_feature(enable = "neon")]
fn tile_row(row: TileRow<'_>) {
    let TileRow { plane, rows, tiles, fine, block_columns, pairs } = row;
    for (x, pairs) in (0..plane.width).step_by(LANES).zip(pairs.as_chunks_mut::<{ LANES / 2 }>().0) {
        let mut out = Out { fine, block_columns };
        let masks = Masks::at(x, plane.width);
        match Strip::borrowed(&plane, &rows, x) {
            Some(strip) => strip_sums(strip, &masks, x, &rows, plane.height, &mut out, pairs),
            None => {
                let corner = Corner::at(&plane, &rows, x);
                strip_sums(corner.strip(), &masks, x, &rows, plane.height, &mut out, pairs);
            }
        }
    }
    for (pairs, tile) in pairs.chunks(TILE_PAIRS).zip(tiles) {
        // Σgx·gy is signed.
        let add = |total: [u32; SUMS], pair: &[u32; SUMS]| {
            std::array::from_fn(|sum| total[sum].wrapping_add(pair[sum]))
        };
        tile.take(pairs.iter().fold([0; SUMS], add));
    }
}

/// Where the results of a row of tiles go that are not sums per tile.
struct Out<'a> {
    fine: &'a mut [u32],
    block_columns: usize,
}

/// All sums of the strip from column `x` on.
#[target_feature(enable = "neon")]
fn strip_sums(
    strip: Strip<'_>,
    masks: &Masks,
    x: usize,
    rows: &Range<usize>,
    height: usize,
    out: &mut Out<'_>,
    pairs: &mut [[u32; SUMS]],
) {
    let ys = inner(rows.clone(), height);
    for (at, pairs) in (0..LANES).step_by(EIGHT).zip(pairs.as_chunks_mut::<PAIRS>().0) {
        let [levels, sum_sq] = luma(strip, at, masks, rows);
        let [gxx, gyy, gxy, laplacian, noise] = gradients(strip, at, masks, x, ys.clone(), out);
        turn([levels, sum_sq, gxx, gyy, gxy, laplacian, noise, vdupq_n_u32(0)], pairs);
    }
}

/// Σ luma with the clipped pixels above it, and Σ luma².
#[target_feature(enable = "neon")]
fn luma(strip: Strip<'_>, at: usize, masks: &Masks, rows: &Range<usize>) -> [uint32x4_t; 2] {
    let (black, white) = (vdupq_n_s16(i16::from(CLIP_LOW)), vdupq_n_s16(i16::from(CLIP_HIGH)));
    let there = there(masks, at);
    let (mut sum, mut low, mut high) = (vdupq_n_s16(0), vdupq_n_s16(0), vdupq_n_s16(0));
    let mut sum_sq = Squares::zero();
    for y in rows.clone() {
        let pixels = vandq_s16(widen(strip.window(y), at + 1), there);
        let is_low = vandq_s16(vreinterpretq_s16_u16(vcleq_s16(pixels, black)), there);
        sum = vaddq_s16(sum, pixels);
        sum_sq = sum_sq.add(pixels, pixels);
        low = vsubq_s16(low, is_low);
        high = vsubq_s16(high, vreinterpretq_s16_u16(vcgeq_s16(pixels, white)));
    }
    // Ten rows of two columns fit 16 bits: 5,100 of luma, 20 black and 20 burnt-out pixels.
    let clip = pairs_of(vmlaq_n_s16(low, high, 1 << CLIP_SHIFT));
    [vorrq_u32(pairs_of(sum), vshlq_n_u32::<{ LEVEL_SHIFT.cast_signed() }>(clip)), sum_sq.pairs()]
}

/// A row as its gradients need it: luma, right − left neighbour, and the sum of the three.
#[derive(Clone, Copy)]
struct Row {
    centre: int16x8_t,
    difference: int16x8_t,
    sum: int16x8_t,
}

#[target_feature(enable = "neon")]
fn row_of(window: &[u8; REACH], at: usize) -> Row {
    let (left, centre, right) = (widen(window, at), widen(window, at + 1), widen(window, at + 2));
    let sum = vaddq_s16(vaddq_s16(left, right), centre);
    Row { centre, difference: vsubq_s16(right, left), sum }
}

/// Products of 16-bit columns, added up in 32 bits.
#[derive(Clone, Copy)]
struct Squares {
    low: int32x4_t,
    high: int32x4_t,
}

impl Squares {
    #[target_feature(enable = "neon")]
    fn zero() -> Self {
        Self { low: vdupq_n_s32(0), high: vdupq_n_s32(0) }
    }

    #[target_feature(enable = "neon")]
    fn add(self, a: int16x8_t, b: int16x8_t) -> Self {
        Self {
            low: vmlal_s16(self.low, vget_low_s16(a), vget_low_s16(b)),
            high: vmlal_high_s16(self.high, a, b),
        }
    }

    #[target_feature(enable = "neon")]
    fn pairs(self) -> uint32x4_t {
        vreinterpretq_u32_s32(vpaddq_s32(self.low, self.high))
    }
}

/// Σgx², Σgy², Σgx·gy, Σ Laplacian², Σ |noise mask|.
#[target_feature(enable = "neon")]
fn gradients(
    strip: Strip<'_>,
    at: usize,
    masks: &Masks,
    x: usize,
    ys: Range<usize>,
    out: &mut Out<'_>,
) -> [uint32x4_t; 5] {
    if ys.is_empty() {
        return [vdupq_n_u32(0); 5];
    }
    let inner = inner_mask(masks, at);
    let mut noise = vdupq_n_s16(0);
    let (mut gxx, mut gyy, mut gxy) = (Squares::zero(), Squares::zero(), Squares::zero());
    let mut laplacians = Squares::zero();
    let mut settled = vdupq_n_u32(0);
    let (mut above, mut row) = (row_of(strip.window(ys.start - 1), at), row_of(strip.window(ys.start), at));
    for y in ys.clone() {
        let below = row_of(strip.window(y + 1), at);
        let gx = vandq_s16(row.difference, inner);
        let gy = vandq_s16(vsubq_s16(below.centre, above.centre), inner);
        let laplacian = vandq_s16(laplacian_of(above, row, below), inner);
        gxx = gxx.add(gx, gx);
        gyy = gyy.add(gy, gy);
        gxy = gxy.add(gx, gy);
        laplacians = laplacians.add(laplacian, laplacian);
        if y % NOISE_ROW_STEP == 1 {
            // Three rows of at most 2,040 fit 16 bits.
            noise = vaddq_s16(noise, vabsq_s16(vandq_s16(noise_of(above, row, below), inner)));
        }
        if y % BLOCK == BLOCK - 1 || y + 1 == ys.end {
            let energy = vaddq_u32(gxx.pairs(), gyy.pairs());
            out.add_energy(y / BLOCK, (x + at) / BLOCK, vsubq_u32(energy, settled));
            settled = energy;
        }
        (above, row) = (row, below);
    }
    [gxx.pairs(), gyy.pairs(), gxy.pairs(), laplacians.pairs(), pairs_of(noise)]
}

/// Nine times the pixel less the sum of its window.
#[target_feature(enable = "neon")]
fn laplacian_of(above: Row, row: Row, below: Row) -> int16x8_t {
    let sum = vaddq_s16(vaddq_s16(above.sum, below.sum), row.sum);
    vsubq_s16(vmulq_n_s16(row.centre, 9), sum)
}

/// Immerkær's mask: [1 −2 1] of the row of [1 −2 1], where [1 −2 1] is the sum of three less three times the middle.
#[target_feature(enable = "neon")]
fn noise_of(above: Row, row: Row, below: Row) -> int16x8_t {
    let sums = vsubq_s16(vaddq_s16(above.sum, below.sum), vshlq_n_s16::<1>(row.sum));
    let centres = vsubq_s16(vaddq_s16(above.centre, below.centre), vshlq_n_s16::<1>(row.centre));
    vmlsq_n_s16(sums, centres, 3)
}

impl Out<'_> {
    /// Adds the energy of pairs of columns to a row of blocks, from a block on.
    #[target_feature(enable = "neon")]
    fn add_energy(&mut self, row: usize, first: usize, pairs: uint32x4_t) {
        let blocks = vpaddq_u32(pairs, pairs);
        let energies = [vgetq_lane_u32::<0>(blocks), vgetq_lane_u32::<1>(blocks)];
        let row = &mut self.fine[row * self.block_columns..][..self.block_columns];
        for (fine, energy) in row.iter_mut().skip(first).zip(energies) {
            *fine += energy;
        }
    }
}

/// Turns eight sums of four pairs into four pairs of eight sums.
#[target_feature(enable = "neon")]
fn turn(sums: [uint32x4_t; SUMS], pairs: &mut [[u32; SUMS]; PAIRS]) {
    let mut rows = [[0u32; PAIRS]; SUMS];
    for (row, sum) in rows.iter_mut().zip(sums) {
        // SAFETY: the array has the 16 bytes that are written.
        unsafe { vst1q_u32(row.as_mut_ptr(), sum) };
    }
    for (index, pair) in pairs.iter_mut().enumerate() {
        *pair = rows.map(|row| row[index]);
    }
}

#[target_feature(enable = "neon")]
fn half_row(row: HalfRow<'_>) {
    let HalfRow { plane, rows, coarse } = row;
    for x in (0..plane.width).step_by(LANES) {
        let coarse = &mut coarse[x / 2..];
        let masks = Masks::at(x, plane.width);
        match Strip::borrowed(&plane, &rows, x) {
            Some(strip) => half_strip(strip, &masks, &rows, coarse),
            None => half_strip(Corner::at(&plane, &rows, x).strip(), &masks, &rows, coarse),
        }
    }
}

/// Σ gx² + gy² in pairs of columns, each of which is a block.
#[target_feature(enable = "neon")]
fn half_strip(strip: Strip<'_>, masks: &Masks, rows: &Range<usize>, coarse: &mut [u32]) {
    for at in (0..LANES).step_by(EIGHT) {
        let inner = inner_mask(masks, at);
        let mut energies = Squares::zero();
        let (mut above, mut row) =
            (row_of(strip.window(rows.start - 1), at), row_of(strip.window(rows.start), at));
        for y in rows.clone() {
            let below = row_of(strip.window(y + 1), at);
            let gx = vandq_s16(row.difference, inner);
            let gy = vandq_s16(vsubq_s16(below.centre, above.centre), inner);
            energies = energies.add(gx, gx).add(gy, gy);
            (above, row) = (row, below);
        }
        let mut blocks = [0u32; PAIRS];
        // SAFETY: the array has the 16 bytes that are written.
        unsafe { vst1q_u32(blocks.as_mut_ptr(), energies.pairs()) };
        coarse.iter_mut().skip(at / 2).zip(blocks).for_each(|(coarse, block)| *coarse = block);
    }
}

#[target_feature(enable = "neon")]
fn halve(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    const STEP: usize = 8;
    let (uppers, lowers) = (upper.as_chunks::<{ 2 * STEP }>().0, lower.as_chunks::<{ 2 * STEP }>().0);
    let (outs, rest) = out.as_chunks_mut::<STEP>();
    for ((upper, lower), out) in uppers.iter().zip(lowers).zip(&mut *outs) {
        // SAFETY: the arrays have the 16 bytes that are read, and the 8 that are written.
        unsafe {
            let sum = vpaddlq_u8(vld1q_u8(upper.as_ptr()));
            let sum = vpadalq_u8(sum, vld1q_u8(lower.as_ptr()));
            vst1_u8(out.as_mut_ptr(), vrshrn_n_u16::<2>(sum));
        }
    }
    let done = 2 * STEP * outs.len();
    (scalar::KERNELS.halve)(&upper[done..], &lower[done..], rest);
}

/// Eight pixels of a window from `at` on, as 16-bit numbers.
#[target_feature(enable = "neon")]
fn widen(window: &[u8; REACH], at: usize) -> int16x8_t {
    let pixels = &window[at..at + EIGHT];
    // SAFETY: the slice has the 8 bytes that are read.
    vreinterpretq_s16_u16(vmovl_u8(unsafe { vld1_u8(pixels.as_ptr()) }))
}

/// The mask of eight pixels with neighbours.
#[target_feature(enable = "neon")]
fn inner_mask(masks: &Masks, at: usize) -> int16x8_t {
    let lanes = &masks.inner[at..at + EIGHT];
    // SAFETY: the slice has the 16 bytes that are read.
    unsafe { vld1q_s16(lanes.as_ptr()) }
}

/// The mask of eight pixels.
#[target_feature(enable = "neon")]
fn there(masks: &Masks, at: usize) -> int16x8_t {
    let lanes = &masks.there[at..at + EIGHT];
    // SAFETY: the slice has the 8 bytes that are read.
    vmovl_s8(unsafe { vld1_s8(lanes.as_ptr()) })
}

/// Sums of neighbouring columns, none of which is negative.
#[target_feature(enable = "neon")]
fn pairs_of(columns: int16x8_t) -> uint32x4_t {
    vpaddlq_u16(vreinterpretq_u16_s16(columns))
}

//! The leaf functions in AVX2: 32 columns at a time, from the top of a row of tiles to its bottom, with all sums in
//! registers.
//!
//! Lanes of 16 bits hold every difference exactly (the Laplacian is at most ±2,040). Squares are made and added in pairs
//! of neighbouring columns by one multiply-add; a pair never straddles tiles or blocks. Once per row of tiles the pairs
//! are turned around and added up to tiles.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is safe")]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_loadu_si128, _mm_storeu_si128, _mm256_abs_epi16, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_cvtepu8_epi16,
    _mm256_cvtepu16_epi32, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_max_epu8, _mm256_min_epu8, _mm256_mullo_epi16, _mm256_or_si256,
    _mm256_packus_epi16, _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_permutevar8x32_epi32,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setr_epi32, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_srli_epi16, _mm256_srli_epi64, _mm256_storeu_si256, _mm256_sub_epi8,
    _mm256_sub_epi16, _mm256_sub_epi32, _mm256_unpackhi_epi8, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi8, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};
use std::ops::Range;

use super::kernels::{
    CLIP_SHIFT, Corner, HalfRow, Kernels, LANES, LEVEL_SHIFT, Masks, SUMS, Strip, TileRow, inner, is_inside,
    sampled_of,
};
use super::scalar;
use super::{BLOCK, CLIP_HIGH, CLIP_LOW, TILE, Tile};

/// The table, on a machine that can run it.
pub(super) fn kernels() -> Option<&'static Kernels> {
    is_x86_feature_detected!("avx2").then_some(&KERNELS)
}

/// Only [`kernels`] hands it out.
static KERNELS: Kernels = Kernels {
    name: "avx2",
    // SAFETY (all three): whoever got the table is on a machine with AVX2.
    tile_row: |row| unsafe { tile_row(row) },
    halve: |upper, lower, out| unsafe { halve(upper, lower, out) },
    half_row: |row| unsafe { half_row(row) },
};

/// Columns in a register of 16-bit lanes: a strip fills two.
const WIDE: usize = 16;
const _: () = assert!(LANES == 2 * WIDE);
/// Pairs of columns in such a register.
const PAIRS: usize = WIDE / 2;
/// Pairs of columns in a tile.
const TILE_PAIRS: usize = TILE / 2;

#[target_feature(enable = "avx2")]
fn tile_row(row: TileRow<'_>) {
    let TileRow { plane, rows, tiles, fine, block_columns, pairs } = row;
    let ys = inner(rows.clone(), plane.height);
    for (x, pairs) in (0..plane.width).step_by(LANES).zip(pairs.as_chunks_mut::<{ 2 * PAIRS }>().0) {
        let mut out = Out { fine, block_columns };
        match Strip::borrowed(&plane, &rows, x) {
            Some(strip) if is_inside(&plane, x) => {
                strip_sums::<false>(strip, &Masks::NONE, x, &rows, &ys, &mut out, pairs);
            }
            Some(strip) => {
                strip_sums::<true>(strip, &Masks::at(x, plane.width), x, &rows, &ys, &mut out, pairs);
            }
            None => {
                let corner = Corner::at(&plane, &rows, x);
                let masks = Masks::at(x, plane.width);
                strip_sums::<true>(corner.strip(), &masks, x, &rows, &ys, &mut out, pairs);
            }
        }
    }
    fold(pairs, tiles);
}

/// Where the results of a row of tiles go that are not sums per tile.
struct Out<'a> {
    fine: &'a mut [u32],
    block_columns: usize,
}

/// All sums of the strip from column `x` on. The masks count at an edge only.
#[target_feature(enable = "avx2")]
#[inline]
fn strip_sums<const EDGE: bool>(
    strip: Strip<'_>,
    masks: &Masks,
    x: usize,
    rows: &Range<usize>,
    ys: &Range<usize>,
    out: &mut Out<'_>,
    pairs: &mut [[u32; SUMS]; 2 * PAIRS],
) {
    let luma = luma::<EDGE>(strip, masks, rows);
    for (half, (luma, pairs)) in luma.into_iter().zip(pairs.as_chunks_mut::<PAIRS>().0).enumerate() {
        let at = half * WIDE;
        let inner = load(&masks.inner[at..]);
        let [gxx, gyy, gxy, laplacian] = gradients::<EDGE>(strip, at, inner, x, ys, out);
        let noise = noise::<EDGE>(strip, at, inner, ys);
        let [levels, sum_sq] = luma;
        turn([levels, sum_sq, gxx, gyy, gxy, laplacian, noise, _mm256_setzero_si256()], pairs);
    }
}

/// Σ luma with the clipped pixels above it, and Σ luma²; of the left and of the right half of the strip.
#[target_feature(enable = "avx2")]
#[inline]
fn luma<const EDGE: bool>(strip: Strip<'_>, masks: &Masks, rows: &Range<usize>) -> [[__m256i; 2]; 2] {
    let (black, white) =
        (_mm256_set1_epi8(CLIP_LOW.cast_signed()), _mm256_set1_epi8(CLIP_HIGH.cast_signed()));
    let (ones, zero) = (_mm256_set1_epi8(1), _mm256_setzero_si256());
    let (mut sum, mut low, mut high) = (zero, zero, zero);
    // Squares of the columns 0–7 and 16–23, and of the others.
    let (mut first, mut second) = (zero, zero);
    for y in rows.clone() {
        let mut pixels = pixels(strip, y);
        let mut is_low = _mm256_cmpeq_epi8(_mm256_min_epu8(pixels, black), pixels);
        if EDGE {
            let there = load(&masks.there);
            (pixels, is_low) = (_mm256_and_si256(pixels, there), _mm256_and_si256(is_low, there));
        }
        low = _mm256_sub_epi8(low, is_low);
        high = _mm256_sub_epi8(high, _mm256_cmpeq_epi8(_mm256_max_epu8(pixels, white), pixels));
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(pixels, ones));
        let (some, others) = (_mm256_unpacklo_epi8(pixels, zero), _mm256_unpackhi_epi8(pixels, zero));
        first = _mm256_add_epi32(first, _mm256_madd_epi16(some, some));
        second = _mm256_add_epi32(second, _mm256_madd_epi16(others, others));
    }
    // Ten rows of two columns fit 16 bits: 5,100 of luma, 20 black and 20 burnt-out pixels.
    let clip = _mm256_add_epi16(
        _mm256_maddubs_epi16(low, ones),
        _mm256_slli_epi16::<{ CLIP_SHIFT.cast_signed() }>(_mm256_maddubs_epi16(high, ones)),
    );
    let left = levels(_mm256_castsi256_si128(sum), _mm256_castsi256_si128(clip));
    let right = levels(_mm256_extracti128_si256::<1>(sum), _mm256_extracti128_si256::<1>(clip));
    [
        [left, _mm256_permute2x128_si256::<0x20>(first, second)],
        [right, _mm256_permute2x128_si256::<0x31>(first, second)],
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn levels(sum: __m128i, clip: __m128i) -> __m256i {
    let clip = _mm256_slli_epi32::<{ LEVEL_SHIFT.cast_signed() }>(_mm256_cvtepu16_epi32(clip));
    _mm256_or_si256(_mm256_cvtepu16_epi32(sum), clip)
}

/// A row as its gradients need it: luma, right − left neighbour, and the sum of the three.
#[derive(Clone, Copy)]
struct Row {
    centre: __m256i,
    difference: __m256i,
    sum: __m256i,
}

/// Sums of gradients, and the rows that the next ones are made of.
#[derive(Clone, Copy)]
struct Gradients {
    gxx: __m256i,
    gyy: __m256i,
    gxy: __m256i,
    laplacian: __m256i,
    above: Row,
    row: Row,
}

/// Σgx², Σgy², Σgx·gy, Σ Laplacian² of one half of a strip.
#[target_feature(enable = "avx2")]
#[inline]
fn gradients<const EDGE: bool>(
    strip: Strip<'_>,
    at: usize,
    inner: __m256i,
    x: usize,
    ys: &Range<usize>,
    out: &mut Out<'_>,
) -> [__m256i; 4] {
    let zero = _mm256_setzero_si256();
    if ys.is_empty() {
        return [zero; 4];
    }
    let (above, row) = (row_of(strip, at, ys.start - 1), row_of(strip, at, ys.start));
    let mut sums = Gradients { gxx: zero, gyy: zero, gxy: zero, laplacian: zero, above, row };
    let mut y = ys.start;
    while y < ys.end {
        let end = (y / BLOCK * BLOCK + BLOCK).min(ys.end);
        let settled = _mm256_add_epi32(sums.gxx, sums.gyy);
        match end - y {
            4 => sums = advance::<4, EDGE>(&sums, strip, at, inner, y),
            2 => sums = advance::<2, EDGE>(&sums, strip, at, inner, y),
            _ => (y..end).for_each(|y| sums = advance::<1, EDGE>(&sums, strip, at, inner, y)),
        }
        let energy = _mm256_add_epi32(sums.gxx, sums.gyy);
        out.add_energy(y / BLOCK, (x + at) / BLOCK, _mm256_sub_epi32(energy, settled));
        y = end;
    }
    [sums.gxx, sums.gyy, sums.gxy, sums.laplacian]
}

/// Adds the gradients of `ROWS` rows from `y` on: a known number, so that no register is moved between them.
#[target_feature(enable = "avx2")]
#[inline]
fn advance<const ROWS: usize, const EDGE: bool>(
    sums: &Gradients,
    strip: Strip<'_>,
    at: usize,
    inner: __m256i,
    y: usize,
) -> Gradients {
    let Gradients { mut gxx, mut gyy, mut gxy, mut laplacian, mut above, mut row } = *sums;
    for y in y..y + ROWS {
        let below = row_of(strip, at, y + 1);
        let mut gx = row.difference;
        let mut gy = _mm256_sub_epi16(below.centre, above.centre);
        let mut response = laplacian_of(above, row, below);
        if EDGE {
            gx = _mm256_and_si256(gx, inner);
            gy = _mm256_and_si256(gy, inner);
            response = _mm256_and_si256(response, inner);
        }
        gxx = _mm256_add_epi32(gxx, _mm256_madd_epi16(gx, gx));
        gyy = _mm256_add_epi32(gyy, _mm256_madd_epi16(gy, gy));
        gxy = _mm256_add_epi32(gxy, _mm256_madd_epi16(gx, gy));
        laplacian = _mm256_add_epi32(laplacian, _mm256_madd_epi16(response, response));
        (above, row) = (row, below);
    }
    Gradients { gxx, gyy, gxy, laplacian, above, row }
}

/// Σ |noise mask| of one half of a strip, in the sampled rows.
#[target_feature(enable = "avx2")]
#[inline]
fn noise<const EDGE: bool>(strip: Strip<'_>, at: usize, inner: __m256i, ys: &Range<usize>) -> __m256i {
    let mut noise = _mm256_setzero_si256();
    for y in sampled_of(ys) {
        let (above, row, below) = (row_of(strip, at, y - 1), row_of(strip, at, y), row_of(strip, at, y + 1));
        let mut mask = noise_of(above, row, below);
        if EDGE {
            mask = _mm256_and_si256(mask, inner);
        }
        // Three rows of at most 2,040 fit 16 bits.
        noise = _mm256_add_epi16(noise, _mm256_abs_epi16(mask));
    }
    _mm256_madd_epi16(noise, _mm256_set1_epi16(1))
}

/// Nine times the pixel less the sum of its window.
#[target_feature(enable = "avx2")]
#[inline]
fn laplacian_of(above: Row, row: Row, below: Row) -> __m256i {
    let sum = _mm256_add_epi16(_mm256_add_epi16(above.sum, below.sum), row.sum);
    _mm256_sub_epi16(_mm256_mullo_epi16(row.centre, _mm256_set1_epi16(9)), sum)
}

/// Immerkær's mask: [1 −2 1] of the row of [1 −2 1], where [1 −2 1] is the sum of three less three times the middle.
#[target_feature(enable = "avx2")]
#[inline]
fn noise_of(above: Row, row: Row, below: Row) -> __m256i {
    let sums = _mm256_sub_epi16(_mm256_add_epi16(above.sum, below.sum), _mm256_slli_epi16::<1>(row.sum));
    let centres =
        _mm256_sub_epi16(_mm256_add_epi16(above.centre, below.centre), _mm256_slli_epi16::<1>(row.centre));
    _mm256_sub_epi16(sums, _mm256_mullo_epi16(centres, _mm256_set1_epi16(3)))
}

impl Out<'_> {
    /// Adds the energy of pairs of columns to a row of blocks, from a block on.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn add_energy(&mut self, row: usize, first: usize, pairs: __m256i) {
        let sums = _mm256_add_epi32(pairs, _mm256_srli_epi64::<32>(pairs));
        let blocks = _mm256_permutevar8x32_epi32(sums, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
        let row = &mut self.fine[row * self.block_columns..][..self.block_columns];
        if let Some(fine) = row.get_mut(first..first + WIDE / BLOCK) {
            // SAFETY: the slice has the 16 bytes that are read and written.
            unsafe {
                let at = fine.as_mut_ptr().cast();
                _mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), _mm256_castsi256_si128(blocks)));
            }
            return;
        }
        let mut energies = [0u32; PAIRS];
        store(&mut energies, blocks);
        for (fine, energy) in row.iter_mut().skip(first).zip(energies) {
            *fine += energy;
        }
    }
}

/// Turns eight sums of eight pairs into eight pairs of eight sums.
#[target_feature(enable = "avx2")]
#[inline]
fn turn(sums: [__m256i; SUMS], pairs: &mut [[u32; SUMS]; PAIRS]) {
    let [a, b, c, d, e, f, g, h] = sums;
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ef, gh) = (_mm256_unpacklo_epi32(e, f), _mm256_unpacklo_epi32(g, h));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    let (ef_high, gh_high) = (_mm256_unpackhi_epi32(e, f), _mm256_unpackhi_epi32(g, h));
    let columns = [
        (_mm256_unpacklo_epi64(ab, cd), _mm256_unpacklo_epi64(ef, gh)),
        (_mm256_unpackhi_epi64(ab, cd), _mm256_unpackhi_epi64(ef, gh)),
        (_mm256_unpacklo_epi64(ab_high, cd_high), _mm256_unpacklo_epi64(ef_high, gh_high)),
        (_mm256_unpackhi_epi64(ab_high, cd_high), _mm256_unpackhi_epi64(ef_high, gh_high)),
    ];
    for (index, (first, second)) in columns.into_iter().enumerate() {
        store(&mut pairs[index], _mm256_permute2x128_si256::<0x20>(first, second));
        store(&mut pairs[index + PAIRS / 2], _mm256_permute2x128_si256::<0x31>(first, second));
    }
}

/// Adds up the pairs of each tile.
#[target_feature(enable = "avx2")]
#[inline]
fn fold(pairs: &[[u32; SUMS]], tiles: &mut [Tile]) {
    for (pairs, tile) in pairs.chunks(TILE_PAIRS).zip(tiles) {
        let mut total = _mm256_setzero_si256();
        for pair in pairs {
            total = _mm256_add_epi32(total, load(pair));
        }
        let mut sums = [0u32; SUMS];
        store(&mut sums, total);
        tile.take(sums);
    }
}

#[target_feature(enable = "avx2")]
fn half_row(row: HalfRow<'_>) {
    let HalfRow { plane, rows, coarse } = row;
    for x in (0..plane.width).step_by(LANES) {
        let coarse = &mut coarse[x / 2..];
        match Strip::borrowed(&plane, &rows, x) {
            Some(strip) if is_inside(&plane, x) => {
                half_strip::<false>(strip, &Masks::NONE, &rows, coarse);
            }
            Some(strip) => half_strip::<true>(strip, &Masks::at(x, plane.width), &rows, coarse),
            None => {
                let corner = Corner::at(&plane, &rows, x);
                half_strip::<true>(corner.strip(), &Masks::at(x, plane.width), &rows, coarse);
            }
        }
    }
}

/// Σ gx² + gy² in pairs of columns, each of which is a block.
#[target_feature(enable = "avx2")]
#[inline]
fn half_strip<const EDGE: bool>(strip: Strip<'_>, masks: &Masks, rows: &Range<usize>, coarse: &mut [u32]) {
    for at in [0, WIDE] {
        let inner = load(&masks.inner[at..]);
        let mut energies = _mm256_setzero_si256();
        let (mut above, mut row) = (row_of(strip, at, rows.start - 1), row_of(strip, at, rows.start));
        for y in rows.clone() {
            let below = row_of(strip, at, y + 1);
            let (mut gx, mut gy) = (row.difference, _mm256_sub_epi16(below.centre, above.centre));
            if EDGE {
                gx = _mm256_and_si256(gx, inner);
                gy = _mm256_and_si256(gy, inner);
            }
            let energy = _mm256_add_epi32(_mm256_madd_epi16(gx, gx), _mm256_madd_epi16(gy, gy));
            energies = _mm256_add_epi32(energies, energy);
            (above, row) = (row, below);
        }
        if let Some(coarse) = coarse.get_mut(at / 2..at / 2 + PAIRS) {
            store(coarse, energies);
        } else {
            let mut blocks = [0u32; PAIRS];
            store(&mut blocks, energies);
            coarse.iter_mut().skip(at / 2).zip(blocks).for_each(|(coarse, block)| *coarse = block);
        }
    }
}

#[target_feature(enable = "avx2")]
fn halve(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let (uppers, lowers) = (upper.as_chunks::<{ 2 * LANES }>().0, lower.as_chunks::<{ 2 * LANES }>().0);
    let (outs, rest) = out.as_chunks_mut::<LANES>();
    for ((upper, lower), out) in uppers.iter().zip(lowers).zip(&mut *outs) {
        let (first, second) = (average(upper, lower), average(&upper[LANES..], &lower[LANES..]));
        // Packing works on the halves of the registers apart.
        let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(first, second));
        store(out, packed);
    }
    let done = 2 * LANES * outs.len();
    (scalar::KERNELS.halve)(&upper[done..], &lower[done..], rest);
}

/// Averages of 2×2 pixels, of the first 32 columns.
#[target_feature(enable = "avx2")]
#[inline]
fn average(upper: &[u8], lower: &[u8]) -> __m256i {
    let ones = _mm256_set1_epi8(1);
    let (upper, lower) = (_mm256_maddubs_epi16(load(upper), ones), _mm256_maddubs_epi16(load(lower), ones));
    _mm256_srli_epi16::<2>(_mm256_add_epi16(_mm256_add_epi16(upper, lower), _mm256_set1_epi16(2)))
}

/// One half of a row of a strip, from its column `at` on, with its neighbours.
#[target_feature(enable = "avx2")]
#[inline]
fn row_of(strip: Strip<'_>, at: usize, y: usize) -> Row {
    debug_assert!(at + WIDE <= LANES && strip.has(y));
    // SAFETY: the strip was checked to have REACH bytes of each of its rows, and this is one of them; of these bytes
    // the 18 from `at` on are read.
    let (left, centre, right) = unsafe {
        let left = strip.pixels.as_ptr().add((y - strip.first) * strip.row_stride + at);
        (widen(left), widen(left.add(1)), widen(left.add(2)))
    };
    let sum = _mm256_add_epi16(_mm256_add_epi16(left, right), centre);
    Row { centre, difference: _mm256_sub_epi16(right, left), sum }
}

/// A row of a strip.
#[target_feature(enable = "avx2")]
#[inline]
fn pixels(strip: Strip<'_>, y: usize) -> __m256i {
    debug_assert!(strip.has(y));
    // SAFETY: the strip was checked to have REACH bytes of each of its rows, and this is one of them; of these bytes
    // all but the first and the last are read.
    unsafe {
        let left = strip.pixels.as_ptr().add((y - strip.first) * strip.row_stride);
        _mm256_loadu_si256(left.add(1).cast())
    }
}

/// Sixteen pixels as 16-bit numbers.
///
/// # Safety
/// Sixteen bytes can be read.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn widen(pixels: *const u8) -> __m256i {
    // SAFETY: the caller's.
    unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(pixels.cast())) }
}

/// Loads a vector from the start of a slice.
#[target_feature(enable = "avx2")]
#[inline]
fn load<T: Lane>(lanes: &[T]) -> __m256i {
    let lanes = &lanes[..size_of::<__m256i>() / size_of::<T>()];
    // SAFETY: the slice has the 32 bytes that are read.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

/// Stores a vector at the start of a slice.
#[target_feature(enable = "avx2")]
#[inline]
fn store<T: Lane>(out: &mut [T], values: __m256i) {
    let out = &mut out[..size_of::<__m256i>() / size_of::<T>()];
    // SAFETY: the slice has the 32 bytes that are written, and any bits are a value of its type.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), values) };
}

/// Numbers of which any bits are a value.
trait Lane {}
impl Lane for i8 {}
impl Lane for u8 {}
impl Lane for i16 {}
impl Lane for u32 {}

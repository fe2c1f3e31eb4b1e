//! The row functions in plain Rust: the oracle for every vector twin.

use std::ops::Range;

use super::kernels::{HalfRow, Kernels, TileRow, inner};
use super::{BLOCK, CLIP_HIGH, CLIP_LOW, NOISE_ROW_STEP, TILE, Tile};

pub(super) static KERNELS: Kernels = Kernels { name: "scalar", tile_row, halve, half_row };

/// Pixels that are worked on at a time: whole tiles and whole blocks, and few enough to stay in the nearest cache. The
/// arithmetic fills an array without a branch, which compilers turn into vector code; only then it is summed up.
const SPAN: usize = 80;
const _: () = assert!(SPAN.is_multiple_of(TILE) && SPAN.is_multiple_of(BLOCK));

fn tile_row(row: TileRow<'_>) {
    let TileRow { plane, rows, tiles, fine, block_columns, .. } = row;
    for tile in &mut *tiles {
        *tile = Tile { n: tile.n, noise_n: tile.noise_n, ..Tile::default() };
    }
    let with_neighbours = inner(rows.clone(), plane.height);
    for y in rows {
        luma(plane.row(y), tiles);
        if !with_neighbours.contains(&y) {
            continue;
        }
        let around = [plane.row(y - 1), plane.row(y), plane.row(y + 1)];
        gradients(around, tiles, &mut fine[y / BLOCK * block_columns..][..block_columns]);
        laplacian(around, tiles);
        if y % NOISE_ROW_STEP == 1 {
            noise(around, tiles);
        }
    }
}

fn half_row(row: HalfRow<'_>) {
    let HalfRow { plane, rows, coarse } = row;
    coarse.fill(0);
    for y in rows {
        let around = [plane.row(y - 1), plane.row(y), plane.row(y + 1)];
        half_gradients(around, coarse);
    }
}

fn halve(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    for ((pair, below), half) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).zip(out) {
        let sum = u16::from(pair[0]) + u16::from(pair[1]) + u16::from(below[0]) + u16::from(below[1]);
        *half = ((sum + 2) / 4) as u8;
    }
}

fn luma(row: &[u8], tiles: &mut [Tile]) {
    for (pixels, tile) in row.chunks(TILE).zip(tiles) {
        for &pixel in pixels {
            let value = u32::from(pixel);
            tile.sum += value;
            tile.sum_sq += value * value;
            tile.clip_low += u32::from(pixel <= CLIP_LOW);
            tile.clip_high += u32::from(pixel >= CLIP_HIGH);
        }
    }
}

fn gradients(rows: [&[u8]; 3], tiles: &mut [Tile], blocks: &mut [u32]) {
    let spans = tiles.chunks_mut(SPAN / TILE).zip(blocks.chunks_mut(SPAN / BLOCK));
    for (index, (tiles, blocks)) in spans.enumerate() {
        let (mut gxx, mut gyy, mut gxy) = ([0u32; SPAN], [0u32; SPAN], [0i32; SPAN]);
        let inside = for_each_inner(rows, index * SPAN, |x, window| {
            let (gx, gy) = gradient(window);
            gxx[x] = (gx * gx) as u32;
            gyy[x] = (gy * gy) as u32;
            gxy[x] = gx * gy;
        });
        settle(&mut gxx, &inside);
        settle(&mut gyy, &inside);
        settle(&mut gxy, &inside);
        let sums =
            gxx.as_chunks::<TILE>().0.iter().zip(gyy.as_chunks::<TILE>().0).zip(gxy.as_chunks::<TILE>().0);
        for (tile, ((xx, yy), xy)) in tiles.iter_mut().zip(sums) {
            tile.gxx += xx.iter().sum::<u32>();
            tile.gyy += yy.iter().sum::<u32>();
            tile.gxy += xy.iter().sum::<i32>();
        }
        for (xx, yy) in gxx.iter_mut().zip(&gyy) {
            *xx += yy;
        }
        for (block, energy) in blocks.iter_mut().zip(gxx.as_chunks::<BLOCK>().0) {
            *block += energy.iter().sum::<u32>();
        }
    }
}

fn half_gradients(rows: [&[u8]; 3], blocks: &mut [u32]) {
    const SIDE: usize = BLOCK / 2;
    for (index, blocks) in blocks.chunks_mut(SPAN / SIDE).enumerate() {
        let mut energies = [0u32; SPAN];
        let inside = for_each_inner(rows, index * SPAN, |x, window| {
            let (gx, gy) = gradient(window);
            energies[x] = (gx * gx + gy * gy) as u32;
        });
        settle(&mut energies, &inside);
        for (block, energy) in blocks.iter_mut().zip(energies.as_chunks::<SIDE>().0) {
            *block += energy.iter().sum::<u32>();
        }
    }
}

fn laplacian(rows: [&[u8]; 3], tiles: &mut [Tile]) {
    for (index, tiles) in tiles.chunks_mut(SPAN / TILE).enumerate() {
        let mut responses = [0u16; SPAN];
        respond(rows, index * SPAN, &mut responses, laplacian_of);
        for (tile, responses) in tiles.iter_mut().zip(responses.as_chunks::<TILE>().0) {
            tile.laplacian +=
                responses.iter().map(|&response| u32::from(response) * u32::from(response)).sum::<u32>();
        }
    }
}

fn noise(rows: [&[u8]; 3], tiles: &mut [Tile]) {
    for (index, tiles) in tiles.chunks_mut(SPAN / TILE).enumerate() {
        let mut responses = [0u16; SPAN];
        respond(rows, index * SPAN, &mut responses, noise_of);
        for (tile, responses) in tiles.iter_mut().zip(responses.as_chunks::<TILE>().0) {
            tile.noise += responses.iter().map(|&response| u32::from(response)).sum::<u32>();
        }
    }
}

/// A pixel with its eight neighbours, row by row.
type Window = [[i16; 3]; 3];

/// Calls `take` for the pixels `start..start + SPAN` that have all their neighbours, counting from the first of them;
/// says where in the span they lie.
#[inline]
fn for_each_inner(rows: [&[u8]; 3], start: usize, mut take: impl FnMut(usize, Window)) -> Range<usize> {
    let before = usize::from(start == 0);
    let from = start + before - 1;
    let to = (start + SPAN + 1).min(rows[1].len());
    let len = to.saturating_sub(from + 2).min(SPAN);
    if len > 0 {
        // Slices of one known length each: no bound is checked in the loop.
        let [above, row, below] =
            rows.map(|row| [0, 1, 2].map(|shift| &row[from + shift..from + shift + len]));
        let columns = |row: [&[u8]; 3], x: usize| row.map(|column| i16::from(column[x]));
        for x in 0..len {
            take(x, [columns(above, x), columns(row, x), columns(below, x)]);
        }
    }
    before..before + len
}

/// Moves the values of the inner pixels to where these lie in the span.
#[inline]
fn settle<T: Copy + Default>(values: &mut [T; SPAN], inside: &Range<usize>) {
    if inside.start > 0 {
        values.copy_within(..inside.len(), inside.start);
        values[..inside.start].fill(T::default());
    }
}

/// Fills in the strength of a response around every inner pixel of a span.
#[inline]
fn respond(rows: [&[u8]; 3], start: usize, responses: &mut [u16; SPAN], response: impl Fn(Window) -> i16) {
    let inside = for_each_inner(rows, start, |x, window| responses[x] = response(window).unsigned_abs());
    settle(responses, &inside);
}

#[inline]
fn gradient([above, row, below]: Window) -> (i32, i32) {
    (i32::from(row[2] - row[0]), i32::from(below[1] - above[1]))
}

/// Nine times the pixel less the sum of the window: at most 8 × 255, whichever the sign.
#[inline]
fn laplacian_of(window: Window) -> i16 {
    9 * window[1][1] - window.iter().flatten().sum::<i16>()
}

/// Immerkær, "Fast noise variance estimation", CVIU 64 (1996): [1 −2 1; −2 4 −2; 1 −2 1].
#[inline]
fn noise_of(window: Window) -> i16 {
    let [above, row, below] = window.map(|row| row[0] - 2 * row[1] + row[2]);
    above - 2 * row + below
}

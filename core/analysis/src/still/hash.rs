//! The perceptual hash: signs of the lowest frequencies of the photo, seen at 32×32.
//!
//! Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), chapter 3.2.1: the DCT hash.

use super::PerceptualHash;
use super::encode::scaled;
use super::master::Master;
use crate::reduce::Grey;

/// Side of the picture that is transformed, in pixels.
const SIDE: usize = 32;
/// Frequencies per axis that are looked at: 64 of the lowest, without the mean, lie within the first 11.
const FREQUENCIES: usize = 11;
/// Bits of the hash.
const BITS: usize = 64;

pub(super) fn perceptual_hash(master: &Master) -> PerceptualHash {
    let luma = &master.luma;
    let small = scaled(luma, luma.width.min(SIDE), luma.height.min(SIDE));
    let spectrum = low_frequencies(&small);
    let mut lowest = Vec::with_capacity(BITS);
    // Diagonal by diagonal away from the mean; a whole number leaves no sign to rounding in a flat picture.
    for diagonal in 1..FREQUENCIES {
        for v in 0..=diagonal {
            lowest.push(spectrum[v][diagonal - v].round());
        }
    }
    lowest.truncate(BITS);
    let mut sorted = lowest.clone();
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[BITS / 2 - 1], sorted[BITS / 2]);
    let bits = lowest.iter().enumerate().filter(|&(_, &value)| value > median);
    PerceptualHash(bits.fold(0, |hash, (bit, _)| hash | 1 << bit))
}

/// The DCT-II of a small picture, lowest frequencies only; indexed by vertical, then horizontal frequency.
fn low_frequencies(small: &Grey) -> [[f64; FREQUENCIES]; FREQUENCIES] {
    let basis = |frequency: usize, at: usize, len: usize| {
        (std::f64::consts::PI * frequency as f64 * (at as f64 + 0.5) / len as f64).cos()
    };
    let mut spectrum = [[0.0; FREQUENCIES]; FREQUENCIES];
    for y in 0..small.height {
        let mut across = [0.0; FREQUENCIES];
        for (x, &luma) in small.row(y).iter().enumerate() {
            for (u, sum) in across.iter_mut().enumerate() {
                *sum += f64::from(luma) * basis(u, x, small.width);
            }
        }
        for (v, row) in spectrum.iter_mut().enumerate() {
            let down = basis(v, y, small.height);
            for (total, sum) in row.iter_mut().zip(across) {
                *total += sum * down;
            }
        }
    }
    spectrum
}

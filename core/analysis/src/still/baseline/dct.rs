//! The forward DCT and quantisation of a block.
//!
//! Arai, Agui and Nakajima, "A fast DCT-SQ scheme for images" (1988): its outputs are scaled, and the scale goes into the
//! quantiser. It works on eight columns of 16 bits at once, so that a row of a block fills a vector register of any
//! machine. With one bit of fraction it errs by less than a quantum at the finest step there is, and by nothing to speak
//! of at the steps of a photo. The quantiser multiplies single floats, which IEEE 754 rounds alike everywhere: every
//! machine writes the same file.

use super::BLOCK;
use super::lanes::{Lanes, Register};
use super::tables::ZIGZAG;

/// Scale of each output of one pass: cos(kπ/16) · √2, and 1 for the mean.
const SCALE: [f64; BLOCK] = [
    1.0,
    1.387_039_845_322_148,
    1.306_562_964_876_377,
    1.175_875_602_419_359,
    1.0,
    0.785_694_958_387_102,
    0.541_196_100_146_197,
    0.275_899_379_282_943,
];

/// Samples are doubled: more would overflow 16 bits at the steepest pattern.
const FRACTION: i16 = 2;

/// 1.5 × 2²³: added to a small float, it leaves the rounded number in the lowest bits of the sum.
const ROUND: f32 = 12_582_912.0;

/// Turns samples into quantised coefficients.
pub(super) struct Quantiser {
    /// What to multiply with, transposed.
    factors: [f32; 64],
}

impl Quantiser {
    /// `table` holds the steps in zigzag order.
    pub(super) fn new(table: &[u8; 64]) -> Self {
        let mut factors = [0.0; 64];
        for (&step, &position) in table.iter().zip(&ZIGZAG) {
            let (v, u) = (usize::from(position) / BLOCK, usize::from(position) % BLOCK);
            let scale = SCALE[u] * SCALE[v] * BLOCK as f64 * f64::from(FRACTION);
            factors[u * BLOCK + v] = (1.0 / (f64::from(step) * scale)) as f32;
        }
        Self { factors }
    }

    /// The coefficients, each within ±1,024, by horizontal, then vertical frequency (transposed). `row` gives the rows.
    #[inline(always)]
    pub(super) fn transform(&self, row: impl FnMut(usize) -> [i16; BLOCK]) -> [i16; 64] {
        let rows = std::array::from_fn(row).map(Register::load);
        // Columns, then rows, as the columns of the transpose.
        let spectrum = columns(Register::transpose(columns(rows))).map(Lanes::store);
        self.quantise(spectrum.as_flattened())
    }

    #[inline(never)]
    fn quantise(&self, spectrum: &[i16]) -> [i16; 64] {
        let mut quantised = [0; 64];
        for ((out, &value), &factor) in quantised.iter_mut().zip(spectrum).zip(&self.factors) {
            *out = (f32::from(value) * factor + ROUND).to_bits() as i16;
        }
        quantised
    }
}

/// A sample as the transform takes it.
#[inline(always)]
pub(super) fn centred(sample: u8) -> i16 {
    (i16::from(sample) - 128) * FRACTION
}

/// The one-dimensional transform of all eight columns at once.
#[inline(always)]
fn columns<L: Lanes>([a, b, c, d, e, f, g, h]: [L; BLOCK]) -> [L; BLOCK] {
    let (s0, s1, s2, s3) = (a.plus(h), b.plus(g), c.plus(f), d.plus(e));
    let (d0, d1, d2, d3) = (a.minus(h), b.minus(g), c.minus(f), d.minus(e));

    let (even0, even3, even1, even2) = (s0.plus(s3), s0.minus(s3), s1.plus(s2), s1.minus(s2));
    let turned = by_sqrt_half(even2.plus(even3));

    let (odd0, odd1, odd2) = (d3.plus(d2), d2.plus(d1), d1.plus(d0));
    // 0.382683, 0.541196 = 1 − 0.458804, and 1.306563.
    let z5 = fraction::<_, 12_540>(odd0.minus(odd2));
    let z2 = odd0.minus(fraction::<_, 15_034>(odd0)).plus(z5);
    let z4 = odd2.plus(fraction::<_, 10_045>(odd2)).plus(z5);
    let z3 = by_sqrt_half(odd1);
    let (z11, z13) = (d0.plus(z3), d0.minus(z3));

    [
        even0.plus(even1),
        z11.plus(z4),
        even3.plus(turned),
        z13.minus(z2),
        even0.minus(even1),
        z13.plus(z2),
        even3.minus(turned),
        z11.minus(z4),
    ]
}

/// Times `HALF / 32,768`, rounded to the nearest but for a tenth: rounded down, as processors do it, all columns would err
/// to the same side, and the second pass add that up.
#[inline(always)]
fn fraction<L: Lanes, const HALF: i16>(lanes: L) -> L {
    // What becomes a half by the multiplication.
    let half = const { ((1 << 14) + HALF / 2) / HALF };
    lanes.plus(L::load([half; BLOCK])).fraction::<HALF>()
}

/// Times 0.707107 = 1 − 0.292893.
#[inline(always)]
fn by_sqrt_half<L: Lanes>(lanes: L) -> L {
    lanes.minus(fraction::<_, 9_598>(lanes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T.81, A.3.3, word by word.
    fn exact(samples: &[[u8; BLOCK]; BLOCK], u: usize, v: usize) -> f64 {
        let cosine =
            |at: usize, k: usize| ((2 * at + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        let norm = |k: usize| if k == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let mut sum = 0.0;
        for (y, row) in samples.iter().enumerate() {
            for (x, &sample) in row.iter().enumerate() {
                sum += (f64::from(sample) - 128.0) * cosine(x, u) * cosine(y, v);
            }
        }
        sum * norm(u) * norm(v) / 4.0
    }

    #[test]
    fn the_steepest_patterns_come_out_right_and_nothing_overflows() {
        let finest = Quantiser::new(&[1; 64]);
        for v in 0..BLOCK {
            for u in 0..BLOCK {
                for inverted in [false, true] {
                    // Black and white wherever the pattern of this frequency is below and above its mean.
                    let bright = |x: usize, y: usize| {
                        let phase = |at: usize, k: usize| {
                            ((2 * at + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos()
                        };
                        (phase(x, u) * phase(y, v) > 0.0) != inverted
                    };
                    let samples: [[u8; BLOCK]; BLOCK] =
                        std::array::from_fn(|y| std::array::from_fn(|x| if bright(x, y) { 255 } else { 0 }));
                    let found = finest.transform(|row| samples[row].map(centred));
                    for (index, &coefficient) in found.iter().enumerate() {
                        let expected = exact(&samples, index / BLOCK, index % BLOCK);
                        let error = f64::from(coefficient) - expected;
                        assert!(
                            error.abs() < 1.5,
                            "pattern {u} {v}, coefficient {index}: {coefficient}, {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_coarser_step_divides() {
        let samples: [[u8; BLOCK]; BLOCK] =
            std::array::from_fn(|y| std::array::from_fn(|x| (31 * x + 5 * y) as u8));
        let [fine, coarse] =
            [1, 10].map(|step| Quantiser::new(&[step; 64]).transform(|row| samples[row].map(centred)));
        for (fine, coarse) in fine.iter().zip(coarse) {
            assert!((f64::from(*fine) / 10.0 - f64::from(coarse)).abs() <= 0.65, "{fine} {coarse}");
        }
    }
}

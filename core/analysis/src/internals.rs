//! What the benchmarks and fuzzers of this repository reach into. No API: it changes without notice, and only exists
//! with the feature `internals`.

use crate::frame::{LumaPlane, LumaRange};
use crate::reduce::{Grey, Reducer};
use crate::tiles::{Kernels, Statistics};

/// The tile pass alone, with its buffers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TilePass(Statistics);

impl TilePass {
    /// Which instruction set [`Self::run`] uses here.
    pub fn instruction_set() -> &'static str {
        Kernels::best().name
    }

    /// Gathers from a plane with a pixel stride of 1, with the fastest leaf functions.
    pub fn run(&mut self, plane: &LumaPlane<'_>) {
        self.0.gather_samples(plane.samples, Kernels::best());
    }

    /// The same with the scalar ones.
    pub fn run_scalar(&mut self, plane: &LumaPlane<'_>) {
        self.0.gather_samples(plane.samples, Kernels::scalar());
    }
}

/// The reduction to VGA class alone, with its buffers.
#[derive(Debug, Default)]
pub struct Reduction {
    reducer: Reducer,
    plane: Grey,
}

impl Reduction {
    /// Reduces a plane; says how many pixels the result has.
    pub fn run(&mut self, plane: &LumaPlane<'_>) -> usize {
        self.reducer.reduce(&plane.samples, LumaRange::Full, &mut self.plane);
        self.plane.data.len()
    }
}

/// A luma plane to measure on: a lit scene with edges, texture and a little noise; dense, row by row.
pub fn picture(width: usize, height: usize) -> Vec<u8> {
    let pixel = |index: usize| {
        let (x, y) = ((index % width) as f64 / width as f64, (index / width) as f64 / height as f64);
        let disc = if (x - 0.4).hypot(y - 0.6) < 0.25 { 60.0 } else { 0.0 };
        let stripe = if ((x * 26.0) as usize + (y * 12.0) as usize).is_multiple_of(3) { 40.0 } else { 0.0 };
        let grain = ((index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61) as f64;
        (60.0 + disc + stripe + 40.0 * x + grain) as u8
    };
    (0..width * height).map(pixel).collect()
}

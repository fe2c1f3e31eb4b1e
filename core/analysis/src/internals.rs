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

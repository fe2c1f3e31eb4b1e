//! Starts, kills and restarts the real `clearshot` program, puts faults between its parts, and checks what must hold.

pub(crate) mod fault_proxy;
pub(crate) mod http;
pub(crate) mod invariants;
mod photos;
mod program;
mod scene;

pub(crate) use fault_proxy::{Fault, FaultProxy, Place};
pub(crate) use http::Wire;
pub(crate) use photos::{detailed_photo, pair_with_the_same_beginning, small_photo};
pub(crate) use program::{Phone, Server, clearshot, run};
pub(crate) use scene::Scene;

/// A number from the environment: rounds of a long variant, a seed.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Numbers that look random and are the same in every run with the same seed (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins the sequence of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

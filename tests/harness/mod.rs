//! Starts, kills and restarts the real `clearshot` program.

mod network;
mod photos;
mod program;

pub(crate) use network::Uplink;
pub(crate) use photos::detailed_photo;
pub(crate) use program::{Phone, Server, clearshot, run};

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

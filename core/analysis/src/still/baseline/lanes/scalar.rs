//! The lanes as an array.

use super::Lanes;

/// Eight numbers.
#[derive(Clone, Copy)]
pub(in super::super) struct Register([i16; 8]);

impl Lanes for Register {
    fn load(numbers: [i16; 8]) -> Self {
        Self(numbers)
    }

    fn store(self) -> [i16; 8] {
        self.0
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_add(other.0[lane])))
    }

    fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_sub(other.0[lane])))
    }

    fn fraction<const HALF: i16>(self) -> Self {
        Self(self.0.map(|number| ((i32::from(number) * i32::from(HALF)) >> 15) as i16))
    }

    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        std::array::from_fn(|x| Self(std::array::from_fn(|y| rows[y].0[x])))
    }
}

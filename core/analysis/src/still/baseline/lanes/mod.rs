//! Eight numbers of 16 bits in one vector register: SSE2 and NEON, which every x86-64 and every 64-bit ARM processor has,
//! and an array for others, which is the oracle. All three give the same bits.
//!
//! Left to the compiler, the array is taken apart into single numbers more often than not, which takes twice as long.

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(any(target_arch = "aarch64", target_arch = "x86_64"))))]
mod scalar;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(target_arch = "aarch64")]
pub(super) use neon::Register;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
pub(super) use scalar::Register;
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::Register;

/// What the transform does with eight numbers. Sums wrap around.
pub(super) trait Lanes: Copy {
    fn load(numbers: [i16; 8]) -> Self;

    fn store(self) -> [i16; 8];

    fn plus(self, other: Self) -> Self;

    fn minus(self, other: Self) -> Self;

    /// Times `HALF / 32,768`, rounded down. `HALF` is below 16,384.
    fn fraction<const HALF: i16>(self) -> Self;

    /// Rows to columns.
    fn transpose(rows: [Self; 8]) -> [Self; 8];
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::scalar;
    use super::*;

    fn all<L: Lanes>(rows: &[[i16; 8]; 8]) -> [[[i16; 8]; 8]; 4] {
        let rows = rows.map(L::load);
        let pairs = || rows.into_iter().zip(rows.into_iter().rev());
        let collect = |lanes: Vec<L>| -> [[i16; 8]; 8] { std::array::from_fn(|row| lanes[row].store()) };
        [
            collect(pairs().map(|(a, b)| a.plus(b)).collect()),
            collect(pairs().map(|(a, b)| a.minus(b)).collect()),
            collect(rows.map(L::fraction::<15_034>).to_vec()),
            collect(L::transpose(rows).to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn a_register_computes_what_the_array_computes(rows in any::<[[i16; 8]; 8]>()) {
            prop_assert_eq!(all::<Register>(&rows), all::<scalar::Register>(&rows));
        }
    }

    #[test]
    fn the_array_computes_what_the_words_say() {
        let rows: [[i16; 8]; 8] =
            [0, 10, 20, 30, 40, 50, 60, 70].map(|row| [0, 1, 2, 3, 4, 5, 6, 7].map(|x| row + x));
        let [sum, difference, fraction, transposed] = all::<scalar::Register>(&rows);
        assert_eq!(sum[0][3], 3 + 73);
        assert_eq!(difference[0][3], 3 - 73);
        assert_eq!(fraction[7][7], 35); // 77 × 15,034 / 32,768
        assert_eq!(transposed[3][5], 53);
    }
}

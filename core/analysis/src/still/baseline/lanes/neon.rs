//! The lanes in a NEON register.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is safe")]

use core::arch::aarch64::{
    int16x8_t, vaddq_s16, vld1q_s16, vqdmulhq_n_s16, vreinterpretq_s16_s64, vreinterpretq_s32_s16,
    vreinterpretq_s64_s32, vst1q_s16, vsubq_s16, vzip1q_s16, vzip1q_s32, vzip1q_s64, vzip2q_s16, vzip2q_s32,
    vzip2q_s64,
};

use super::Lanes;

/// Eight numbers.
#[derive(Clone, Copy)]
pub(in super::super) struct Register(int16x8_t);

impl Lanes for Register {
    #[inline(always)]
    fn load(numbers: [i16; 8]) -> Self {
        // SAFETY: NEON is part of 64-bit ARM. An array of eight is what this load reads.
        Self(unsafe { vld1q_s16(numbers.as_ptr()) })
    }

    #[inline(always)]
    fn store(self) -> [i16; 8] {
        let mut numbers = [0i16; 8];
        // SAFETY: as for the load.
        unsafe { vst1q_s16(numbers.as_mut_ptr(), self.0) };
        numbers
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: NEON is part of 64-bit ARM; so are those below.
        Self(unsafe { vaddq_s16(self.0, other.0) })
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { vsubq_s16(self.0, other.0) })
    }

    #[inline(always)]
    fn fraction<const HALF: i16>(self) -> Self {
        // The instruction doubles the product. SAFETY: as above.
        Self(unsafe { vqdmulhq_n_s16(self.0, HALF) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [a, b, c, d, e, f, g, h] = rows.map(|row| row.0);
        // SAFETY: as above.
        unsafe {
            let (ab0, ab1) =
                (vreinterpretq_s32_s16(vzip1q_s16(a, b)), vreinterpretq_s32_s16(vzip2q_s16(a, b)));
            let (cd0, cd1) =
                (vreinterpretq_s32_s16(vzip1q_s16(c, d)), vreinterpretq_s32_s16(vzip2q_s16(c, d)));
            let (ef0, ef1) =
                (vreinterpretq_s32_s16(vzip1q_s16(e, f)), vreinterpretq_s32_s16(vzip2q_s16(e, f)));
            let (gh0, gh1) =
                (vreinterpretq_s32_s16(vzip1q_s16(g, h)), vreinterpretq_s32_s16(vzip2q_s16(g, h)));
            let (ad0, ad1) =
                (vreinterpretq_s64_s32(vzip1q_s32(ab0, cd0)), vreinterpretq_s64_s32(vzip2q_s32(ab0, cd0)));
            let (ad2, ad3) =
                (vreinterpretq_s64_s32(vzip1q_s32(ab1, cd1)), vreinterpretq_s64_s32(vzip2q_s32(ab1, cd1)));
            let (eh0, eh1) =
                (vreinterpretq_s64_s32(vzip1q_s32(ef0, gh0)), vreinterpretq_s64_s32(vzip2q_s32(ef0, gh0)));
            let (eh2, eh3) =
                (vreinterpretq_s64_s32(vzip1q_s32(ef1, gh1)), vreinterpretq_s64_s32(vzip2q_s32(ef1, gh1)));
            [
                vreinterpretq_s16_s64(vzip1q_s64(ad0, eh0)),
                vreinterpretq_s16_s64(vzip2q_s64(ad0, eh0)),
                vreinterpretq_s16_s64(vzip1q_s64(ad1, eh1)),
                vreinterpretq_s16_s64(vzip2q_s64(ad1, eh1)),
                vreinterpretq_s16_s64(vzip1q_s64(ad2, eh2)),
                vreinterpretq_s16_s64(vzip2q_s64(ad2, eh2)),
                vreinterpretq_s16_s64(vzip1q_s64(ad3, eh3)),
                vreinterpretq_s16_s64(vzip2q_s64(ad3, eh3)),
            ]
            .map(Self)
        }
    }
}

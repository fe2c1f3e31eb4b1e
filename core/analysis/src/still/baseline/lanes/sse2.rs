//! The lanes in an SSE2 register.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is safe")]

use core::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_loadu_si128, _mm_mulhi_epi16, _mm_set1_epi16, _mm_storeu_si128,
    _mm_sub_epi16, _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi16,
    _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

use super::Lanes;

/// Eight numbers.
#[derive(Clone, Copy)]
pub(in super::super) struct Register(__m128i);

impl Lanes for Register {
    #[inline(always)]
    fn load(numbers: [i16; 8]) -> Self {
        // SAFETY: SSE2 is part of x86-64. An array of eight is 16 bytes, and this load needs no alignment.
        Self(unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [i16; 8] {
        let mut numbers = [0i16; 8];
        // SAFETY: as for the load.
        unsafe { _mm_storeu_si128(numbers.as_mut_ptr().cast(), self.0) };
        numbers
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64; so are those below.
        Self(unsafe { _mm_add_epi16(self.0, other.0) })
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm_sub_epi16(self.0, other.0) })
    }

    #[inline(always)]
    fn fraction<const HALF: i16>(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm_mulhi_epi16(self.0, _mm_set1_epi16(2 * HALF)) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [a, b, c, d, e, f, g, h] = rows.map(|row| row.0);
        // SAFETY: as above.
        unsafe {
            let (ab0, ab1) = (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b));
            let (cd0, cd1) = (_mm_unpacklo_epi16(c, d), _mm_unpackhi_epi16(c, d));
            let (ef0, ef1) = (_mm_unpacklo_epi16(e, f), _mm_unpackhi_epi16(e, f));
            let (gh0, gh1) = (_mm_unpacklo_epi16(g, h), _mm_unpackhi_epi16(g, h));
            let (ad0, ad1) = (_mm_unpacklo_epi32(ab0, cd0), _mm_unpackhi_epi32(ab0, cd0));
            let (ad2, ad3) = (_mm_unpacklo_epi32(ab1, cd1), _mm_unpackhi_epi32(ab1, cd1));
            let (eh0, eh1) = (_mm_unpacklo_epi32(ef0, gh0), _mm_unpackhi_epi32(ef0, gh0));
            let (eh2, eh3) = (_mm_unpacklo_epi32(ef1, gh1), _mm_unpackhi_epi32(ef1, gh1));
            [
                _mm_unpacklo_epi64(ad0, eh0),
                _mm_unpackhi_epi64(ad0, eh0),
                _mm_unpacklo_epi64(ad1, eh1),
                _mm_unpackhi_epi64(ad1, eh1),
                _mm_unpacklo_epi64(ad2, eh2),
                _mm_unpackhi_epi64(ad2, eh2),
                _mm_unpacklo_epi64(ad3, eh3),
                _mm_unpackhi_epi64(ad3, eh3),
            ]
            .map(Self)
        }
    }
}

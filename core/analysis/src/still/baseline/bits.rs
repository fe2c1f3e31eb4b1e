//! Entropy-coded data: codes become bits, bits become bytes.

use super::tables::{Code, Coding, ZIGZAG};

/// Bits that are written at once.
const WORD: u32 = u64::BITS;

/// The symbols without a coefficient: sixteen zeros, and nothing but zeros to the end.
const SIXTEEN_ZEROS: usize = 0xF0;
const END_OF_BLOCK: usize = 0x00;

/// [`ZIGZAG`] in a block that lies transposed.
const TURNED_ZIGZAG: [u8; 64] = {
    let mut turned = [0; 64];
    let mut index = 0;
    while index < turned.len() {
        turned[index] = ZIGZAG[index] % 8 * 8 + ZIGZAG[index] / 8;
        index += 1;
    }
    turned
};

/// Where the coefficients of one row of a transposed block stand in the file: by row, then by which of them are there.
static FILE_ORDER: [[u64; 256]; 8] = {
    let mut order = [[0; 256]; 8];
    let mut index = 0;
    while index < TURNED_ZIGZAG.len() {
        let (row, column) = (TURNED_ZIGZAG[index] as usize / 8, TURNED_ZIGZAG[index] % 8);
        let mut there = 0;
        while there < 256 {
            if there >> column & 1 == 1 {
                order[row][there] |= 1 << index;
            }
            there += 1;
        }
        index += 1;
    }
    order
};

/// Appends bits to a file.
pub(super) struct BitWriter {
    file: Vec<u8>,
    pending: Pending,
}

/// Bits not yet written: the lowest `count`, at most [`WORD`]; those above are written already.
#[derive(Clone, Copy, Default)]
struct Pending {
    bits: u64,
    count: u32,
}

impl BitWriter {
    pub(super) fn new(file: Vec<u8>) -> Self {
        Self { file, pending: Pending::default() }
    }

    /// Writes quantised coefficients, transposed; gives the mean, which the next block refers to.
    #[inline]
    pub(super) fn write_block(&mut self, block: &[i16; 64], mean: i16, coding: &Coding) -> i16 {
        // A copy, so that it stays in registers.
        let mut pending = self.pending;
        let (size, bits) = magnitude(i32::from(block[0]) - i32::from(mean));
        pending.put(coding.dc.codes[size as usize & 0xFF], bits, &mut self.file);
        // One bit per coefficient in the order of the file, the mean's left out.
        let mut rest = in_file_order(nonzero(block)) & !1;
        let mut last = 0;
        while rest != 0 {
            let at = rest.trailing_zeros();
            rest &= rest - 1;
            let mut zeros = at - last - 1;
            while zeros > 15 {
                pending.put(coding.ac.codes[SIXTEEN_ZEROS], 0, &mut self.file);
                zeros -= 16;
            }
            let position = TURNED_ZIGZAG[at as usize & 63];
            let (size, bits) = magnitude(i32::from(block[usize::from(position & 63)]));
            pending.put(coding.ac.codes[(zeros << 4 | size) as usize & 0xFF], bits, &mut self.file);
            last = at;
        }
        if last < 63 {
            pending.put(coding.ac.codes[END_OF_BLOCK], 0, &mut self.file);
        }
        self.pending = pending;
        block[0]
    }

    /// The file; the last byte is filled with ones.
    pub(super) fn finish(self) -> Vec<u8> {
        let Self { mut file, pending: Pending { bits, count } } = self;
        let bytes = count.div_ceil(8);
        if bytes > 0 {
            let word = (bits << (WORD - count)) | (u64::MAX >> 1 >> (count - 1));
            write_stuffed(&word.to_be_bytes()[..bytes as usize], &mut file);
        }
        file
    }
}

impl Pending {
    /// Takes a code with, in the room that it keeps, a magnitude.
    #[inline(always)]
    fn put(&mut self, code: Code, magnitude: u32, file: &mut Vec<u8>) {
        let (bits, length) = (u64::from(code.bits() | magnitude), code.length());
        let count = self.count + length;
        if count <= WORD {
            self.bits = self.bits << length | bits;
            self.count = count;
        } else {
            let left = count - WORD;
            let word = self.bits << (length - left) | bits >> left;
            (self.bits, self.count) = (bits, left);
            if has_zero_byte(!word) {
                write_stuffed(&word.to_be_bytes(), file);
            } else {
                file.extend_from_slice(&word.to_be_bytes());
            }
        }
    }
}

/// A byte of ones is followed by a zero, so that it is no marker.
#[cold]
#[inline(never)]
fn write_stuffed(bytes: &[u8], file: &mut Vec<u8>) {
    for &byte in bytes {
        file.push(byte);
        if byte == 0xFF {
            file.push(0);
        }
    }
}

/// Mycroft's test.
#[inline(always)]
fn has_zero_byte(word: u64) -> bool {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
}

/// Number of bits of a difference or coefficient, and these bits: those of a negative one are its complement's.
#[inline(always)]
fn magnitude(value: i32) -> (u32, u32) {
    let sign = value >> 31;
    let size = 32 - value.unsigned_abs().leading_zeros();
    (size, (value + sign) as u32 & ((1 << size) - 1))
}

/// One bit for each coefficient that is not zero, the first one lowest.
#[inline(always)]
fn nonzero(block: &[i16; 64]) -> u64 {
    // Gathers the lowest bits of eight bytes in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags: [u8; 64] = block.map(|coefficient| u8::from(coefficient != 0));
    let (chunks, _) = flags.as_chunks::<8>();
    chunks
        .iter()
        .rev()
        .fold(0, |mask, &chunk| mask << 8 | u64::from_le_bytes(chunk).wrapping_mul(GATHER) >> 56)
}

/// Bits of a transposed block in the order of the file.
#[inline(always)]
fn in_file_order(flags: u64) -> u64 {
    let rows = FILE_ORDER.iter().zip(flags.to_le_bytes());
    rows.fold(0, |mask, (order, row)| mask | order[usize::from(row)])
}

#[cfg(test)]
mod tests {
    use super::super::tables::LUMA;
    use super::*;

    #[test]
    fn a_byte_of_ones_is_never_left_bare() {
        for length in 0..70 {
            let mut bits = BitWriter::new(Vec::new());
            for _ in 0..length {
                bits.pending.put(Code::new(0b1111, 4), 0, &mut bits.file);
            }
            let file = bits.finish();
            assert_eq!(file.len(), (length * 4usize).div_ceil(8) * 2, "{length}");
            assert!(file.chunks(2).all(|pair| pair == [0xFF, 0]), "{length}");
        }
    }

    #[test]
    fn magnitudes_are_those_of_the_standard() {
        // T.81, table F.1.
        assert_eq!(magnitude(0), (0, 0));
        assert_eq!(magnitude(1), (1, 1));
        assert_eq!(magnitude(-1), (1, 0));
        assert_eq!(magnitude(-3), (2, 0));
        assert_eq!(magnitude(-2), (2, 1));
        assert_eq!(magnitude(2047), (11, 2047));
        assert_eq!(magnitude(-2047), (11, 0));
    }

    #[test]
    fn every_coefficient_has_its_own_bit() {
        for index in 0..64 {
            let mut block = [0; 64];
            block[index] = -256;
            assert_eq!(nonzero(&block), 1 << index);
        }
    }

    #[test]
    fn the_largest_block_fits_the_codes() {
        let mut block = [1023; 64];
        block.iter_mut().step_by(2).for_each(|coefficient| *coefficient = -1023);
        let mut bits = BitWriter::new(Vec::new());
        assert_eq!(bits.write_block(&block, 1024, &LUMA), -1023);
        let file = bits.finish();
        let stuffed = file.windows(2).filter(|pair| *pair == [0xFF, 0]).count();
        // 9 + 11 bits for the mean, 63 coefficients of 16 + 10 bits, and no end of block.
        assert_eq!(file.len() - stuffed, (20usize + 63 * 26).div_ceil(8));
    }
}

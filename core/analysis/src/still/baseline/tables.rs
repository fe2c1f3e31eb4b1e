//! The tables of ITU-T T.81, Annex K, and the codes that come of them.

/// Where in a block, row by row, the coefficients stand in the order of the file (T.81, figure A.6).
#[rustfmt::skip]
pub(super) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10,
    17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34,
    27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46,
    53, 60, 61, 54, 47, 55, 62, 63,
];

/// How a kind of plane is coded.
pub(super) struct Coding {
    /// Steps of the coefficients at quality 50, row by row.
    steps: [u8; 64],
    pub(super) dc: HuffmanCode,
    pub(super) ac: HuffmanCode,
}

impl Coding {
    /// The steps at a quality of 1 to 100 as libjpeg scales them, in zigzag order.
    pub(super) fn quantisation(&self, quality: u8) -> [u8; 64] {
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        ZIGZAG.map(|position| {
            let step = u32::from(self.steps[usize::from(position)]);
            ((step * percent + 50) / 100).clamp(1, 255) as u8
        })
    }
}

/// A code and the room that stands behind it for a magnitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code(u32);

impl Code {
    /// Width of the field of the length; a code of 16 bits and a magnitude of 11 fit above it.
    const LENGTH_BITS: u32 = 5;

    /// `length` counts the code and the room, whose bits are zero; at most 27.
    pub(super) const fn new(bits: u32, length: u32) -> Self {
        Self(bits << Self::LENGTH_BITS | length)
    }

    pub(super) fn bits(self) -> u32 {
        self.0 >> Self::LENGTH_BITS
    }

    pub(super) fn length(self) -> u32 {
        self.0 & ((1 << Self::LENGTH_BITS) - 1)
    }
}

/// A Huffman code.
pub(super) struct HuffmanCode {
    /// How many codes there are of one bit, of two, and so on.
    pub(super) lengths: [u8; 16],
    /// What the codes stand for, the shortest first.
    pub(super) symbols: &'static [u8],
    /// The code of every symbol.
    pub(super) codes: [Code; 256],
}

impl HuffmanCode {
    /// T.81, annex C: codes of one length count on, and the first that is a bit longer is twice as large.
    const fn new(lengths: [u8; 16], symbols: &'static [u8]) -> Self {
        let mut codes = [Code(0); 256];
        let (mut code, mut next, mut length) = (0, 0, 1);
        while length <= lengths.len() {
            let mut left = lengths[length - 1];
            while left > 0 {
                let symbol = symbols[next] as usize;
                // The lower half of a symbol is the size of the magnitude that follows.
                let room = symbol as u32 & 15;
                codes[symbol] = Code::new(code << room, length as u32 + room);
                (code, next, left) = (code + 1, next + 1, left - 1);
            }
            (code, length) = (code << 1, length + 1);
        }
        Self { lengths, symbols, codes }
    }
}

/// Tables K.1, K.3 and K.5.
pub(super) static LUMA: Coding = Coding {
    steps: LUMA_STEPS,
    dc: HuffmanCode::new([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &DC_SYMBOLS),
    ac: HuffmanCode::new([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], &LUMA_AC_SYMBOLS),
};

/// Tables K.2, K.4 and K.6.
pub(super) static CHROMA: Coding = Coding {
    steps: CHROMA_STEPS,
    dc: HuffmanCode::new([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &DC_SYMBOLS),
    ac: HuffmanCode::new([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], &CHROMA_AC_SYMBOLS),
};

const DC_SYMBOLS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[rustfmt::skip]
const LUMA_STEPS: [u8; 64] = [
     16,  11,  10,  16,  24,  40,  51,  61,
     12,  12,  14,  19,  26,  58,  60,  55,
     14,  13,  16,  24,  40,  57,  69,  56,
     14,  17,  22,  29,  51,  87,  80,  62,
     18,  22,  37,  56,  68, 109, 103,  77,
     24,  35,  55,  64,  81, 104, 113,  92,
     49,  64,  78,  87, 103, 121, 120, 101,
     72,  92,  95,  98, 112, 100, 103,  99,
];

#[rustfmt::skip]
const LUMA_AC_SYMBOLS: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
    0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
    0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
    0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

#[rustfmt::skip]
const CHROMA_STEPS: [u8; 64] = [
     17,  18,  24,  47,  99,  99,  99,  99,
     18,  21,  26,  66,  99,  99,  99,  99,
     24,  26,  56,  99,  99,  99,  99,  99,
     47,  66,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
];

#[rustfmt::skip]
const CHROMA_AC_SYMBOLS: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
    0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
    0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
    0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
    0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

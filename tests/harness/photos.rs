//! Photos for tests, made here.

use super::Dice;

/// A JPEG of 1,600 × 1,200 pixels that analysis calls good: patches of every size and shade with sharp edges, well lit.
/// Different seeds give different pictures.
pub(crate) fn detailed_photo(seed: u64) -> Vec<u8> {
    patches(seed, (1600, 1200), 900, (180, 140))
}

/// A JPEG of some kilobytes, for networks of a kilobyte a second.
pub(crate) fn small_photo(seed: u64) -> Vec<u8> {
    patches(seed, (160, 120), 12, (40, 40))
}

/// So many patches of at most this size on grey.
fn patches(seed: u64, (full_width, full_height): (usize, usize), count: usize, most: (u64, u64)) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut pixels = vec![128_u8; full_width * full_height * 3];
    for _ in 0..count {
        let (width, height) = (8 + dice.below(most.0) as usize, 8 + dice.below(most.1) as usize);
        let left = dice.below((full_width - width) as u64) as usize;
        let top = dice.below((full_height - height) as u64) as usize;
        let colour: [u8; 3] = std::array::from_fn(|_| 40 + dice.below(170) as u8);
        for row in top..top + height {
            let row = row * full_width;
            for pixel in pixels[(row + left) * 3..(row + left + width) * 3].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
    to_jpeg(&pixels, full_width, full_height)
}

/// Two JPEGs of the same length whose first 64 KiB are equal: 512 × 512 pixels of noise, of which the second has other
/// pixels in its last rows.
pub(crate) fn pair_with_the_same_beginning(seed: u64) -> [Vec<u8>; 2] {
    const SIDE: usize = 512;
    let mut dice = Dice::new(seed);
    let mut pixels: Vec<u8> = (0..SIDE * SIDE * 3).map(|_| dice.below(256) as u8).collect();
    let mut first = to_jpeg(&pixels, SIDE, SIDE);
    let last_rows = pixels.len() - 16 * SIDE * 3;
    for pixel in &mut pixels[last_rows..] {
        *pixel = dice.below(256) as u8;
    }
    let mut second = to_jpeg(&pixels, SIDE, SIDE);
    // What stands behind the end of the picture is not looked at.
    let length = first.len().max(second.len());
    first.resize(length, 0);
    second.resize(length, 0);
    assert!(first[..64 * 1024] == second[..64 * 1024] && first != second);
    [first, second]
}

fn to_jpeg(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 88)
        .encode(pixels, width as u16, height as u16, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    jpeg
}

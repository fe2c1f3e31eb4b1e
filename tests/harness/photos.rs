//! Photos for tests, made here.

use super::Dice;

/// A JPEG of 1,600 × 1,200 pixels that analysis calls good: patches of every size and shade with sharp edges, well lit.
/// Different seeds give different pictures.
pub(crate) fn detailed_photo(seed: u64) -> Vec<u8> {
    const WIDTH: usize = 1600;
    const HEIGHT: usize = 1200;
    let mut dice = Dice::new(seed);
    let mut pixels = vec![128_u8; WIDTH * HEIGHT * 3];
    for _ in 0..900 {
        let (width, height) = (8 + dice.below(180) as usize, 8 + dice.below(140) as usize);
        let (left, top) =
            (dice.below((WIDTH - width) as u64) as usize, dice.below((HEIGHT - height) as u64) as usize);
        let colour: [u8; 3] = std::array::from_fn(|_| 40 + dice.below(170) as u8);
        for row in top..top + height {
            for pixel in
                pixels[(row * WIDTH + left) * 3..(row * WIDTH + left + width) * 3].chunks_exact_mut(3)
            {
                pixel.copy_from_slice(&colour);
            }
        }
    }
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 88)
        .encode(&pixels, WIDTH as u16, HEIGHT as u16, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    jpeg
}
